"""LayerNormalization: each sample by its own mean and variance."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from upsamp.core.arguments import Array
from upsamp.core.axes import axes_within, normalize_axes
from upsamp.core.geometry.reach import mixed_reach
from upsamp.core.initializers import InitializerLike
from upsamp.core.normalization import normalize_moments
from upsamp.errors import ShapeError
from upsamp.layers.layer import Shape
from upsamp.layers.normalization_layer import NormalizationLayer


class LayerNormalization(NormalizationLayer):
    """Take off the mean and divide by the deviation along an axis, or along several.

    Weights gamma and beta, of the lengths of these axes.

    >>> LayerNormalization(epsilon=1e-9)([[1.0, 3.0]])
    array([[-1.,  1.]], dtype=float32)
    """

    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = {"rms_scaling": (False, None)}

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        **options: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **options)
        self.axis = normalize_axes(axis)

    def create_weights(self, input_shape: Shape) -> None:
        """Size the weights by the axes, sorted as they were given, as Keras does."""
        axes = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        self.add_moments_weights(tuple(self.check_axis(input_shape, axis) for axis in axes))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        axes = axes_within(self.axis, len(input_shape))
        for weight in self._weights:
            lengths = [input_shape[axis] for axis in axes]
            if None not in lengths and sorted(map(str, lengths)) != sorted(map(str, weight.shape)):
                raise ShapeError(
                    f"must have lengths {weight.shape} along axis {self.axis}, as it was built. "
                    f"Received: shape {input_shape}."
                )
        return input_shape

    def call(self, x: Array) -> Array:
        """Normalise."""
        axes = axes_within(self.axis, x.ndim)
        along = [length if axis in axes else 1 for axis, length in enumerate(x.shape)]
        scale, offset = (
            None if values is None else values.reshape(along)
            for values in (self.gamma_values(), self.beta_values())
        )
        return normalize_moments(x, axes, self.epsilon, scale, offset)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself, or all of an axis of (N, H, W, C) that is normalised."""
        return mixed_reach(axes_within(self.axis, 4), axis, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "axis": self.axis}
