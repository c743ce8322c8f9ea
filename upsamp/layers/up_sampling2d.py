"""UpSampling2D: grow images by repeating or interpolating their rows and columns."""

from typing import Any

from upsamp.core.arguments import Array, PairLike, normalize_pair
from upsamp.core.geometry.reach import resampled_reach
from upsamp.core.upsampling.methods import method_of
from upsamp.core.upsampling.resample import upsample
from upsamp.layers.effect import Nature
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class UpSampling2D(ImageLayer):
    """Grow the rows and columns of images by whole factors; see `upsamp.upsample`.

    >>> UpSampling2D(size=(2, 3)).compute_output_shape((None, 2, 2, 1))
    (None, 4, 6, 1)
    """

    nature = Nature.NEW

    def __init__(
        self,
        size: PairLike = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.size = normalize_pair(size, "size")
        self.interpolation = method_of(interpolation).name

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape with its rows and columns multiplied."""
        return self.image_shape(input_shape, lambda axis, length: length * self.size[axis])

    def call(self, x: Array) -> Array:
        """Upsample the images."""
        return upsample(x, self.size, self.interpolation, self.data_format)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that the interpolation reads.

        >>> [positions.tolist() for positions in UpSampling2D(2).reach(0, 2)]
        [[0, 0, 1, 1], [0, 0, 1, 1]]
        """
        return resampled_reach(length, length * self.size[axis], self.interpolation)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "size": self.size, "interpolation": self.interpolation}
