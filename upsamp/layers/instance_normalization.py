"""InstanceNormalization of keras-contrib and of TensorFlow Addons: each channel by itself."""

from collections.abc import Mapping
from typing import Any, Self

from upsamp.core.arguments import Array
from upsamp.core.axes import axes_within, normalize_axis
from upsamp.core.geometry.reach import whole_reach
from upsamp.core.initializers import InitializerLike
from upsamp.core.normalization import normalize_instances
from upsamp.core.values import as_integer, normalize_mapping, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Shape
from upsamp.layers.normalization_layer import NormalizationLayer


class InstanceNormalization(NormalizationLayer):
    """Normalise each channel of each sample by its mean and deviation over all positions.

    axis: that of the channels; None for one mean of all values of a sample. groups: None as in
    keras-contrib, which adds epsilon to the deviation; -1 as TensorFlow Addons writes it, which
    adds it to the variance, as GroupNormalization does. Weights gamma and beta, one a channel.

    >>> InstanceNormalization(-1, epsilon=1e-9)([[[1.0, 10.0], [3.0, 20.0]]])
    array([[[-1., -1.],
            [ 1.,  1.]]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | None = None,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        groups: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **options)
        if groups is not None and as_integer(groups) != -1:
            raise ArgumentError(f"`groups` must be None or -1. Received: groups={spelled(groups)}.")
        self.groups = groups
        self.axis = None if axis is None else normalize_axis(axis)

    def create_weights(self, input_shape: Shape) -> None:
        """Size the weights by the channels."""
        length = 1 if self.axis is None else self.check_axis(input_shape, self.axis)
        self.add_moments_weights((length,))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        if self.axis is None:
            return input_shape
        (axis,) = axes_within(self.axis, len(input_shape))
        if axis == 0 or len(input_shape) < 3:
            raise ShapeError(
                "must have channels on an axis after the batch, and positions besides. "
                f"Received: shape {input_shape} for axis={self.axis}."
            )
        if self._weights and input_shape[axis] not in (None, *self._weights[0].shape):
            raise ShapeError(
                f"must have {self._weights[0].shape[0]} channels, as it was built. "
                f"Received: shape {input_shape}."
            )
        return input_shape

    def call(self, x: Array) -> Array:
        """Normalise."""
        axis = None if self.axis is None else axes_within(self.axis, x.ndim)[0]
        return normalize_instances(
            x,
            axis,
            self.epsilon,
            self.gamma_values(),
            self.beta_values(),
            to_deviation=self.groups is None,
        )

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return all positions for each, as the moments are of all."""
        return whole_reach(length, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        more = {} if self.groups is None else {"groups": self.groups}
        return {**super().get_config(), "axis": self.axis, **more}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what a file holds, which must be of keras-contrib or the Addons.

        Many classes have this name; those of other projects name their arguments otherwise.
        """
        arguments = normalize_mapping(config, "config")
        if not {"axis", "epsilon"} <= set(arguments):
            raise ArgumentError(
                "`config` must have axis and epsilon, as keras-contrib and TensorFlow Addons write "
                f"them. Received: {spelled(arguments)}."
            )
        return super().from_config(arguments)
