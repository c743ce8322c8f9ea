"""GroupNormalization: groups of channels by their mean and variance over all positions."""

from typing import Any

from upsamp.core.arguments import Array, normalize_count
from upsamp.core.axes import axes_within, normalize_axis
from upsamp.core.geometry.reach import whole_reach
from upsamp.core.initializers import InitializerLike
from upsamp.core.normalization import normalize_groups
from upsamp.core.values import as_integer
from upsamp.errors import ShapeError
from upsamp.layers.layer import Shape
from upsamp.layers.normalization_layer import NormalizationLayer


class GroupNormalization(NormalizationLayer):
    """Normalise each sample by the mean and variance of groups of its channels.

    groups: how many there are, a divisor of the channels; -1 for one a channel, which is instance
    normalisation. axis: that of the channels. Weights gamma and beta, one a channel.

    >>> layer = GroupNormalization(2, epsilon=1e-9)
    >>> layer([[1.0, 3.0, 10.0, 20.0]])
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        **options: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **options)
        self.groups = -1 if as_integer(groups) == -1 else normalize_count(groups, "groups")
        self.axis = normalize_axis(axis)

    def create_weights(self, input_shape: Shape) -> None:
        """Size the weights by the channels."""
        self.add_moments_weights((self.check_axis(input_shape, self.axis),))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        (axis,) = axes_within(self.axis, len(input_shape))
        channels = input_shape[axis]
        if axis == 0 or (channels is not None and channels % self.groups):
            raise ShapeError(
                "must have channels that its groups divide, on an axis after the batch. "
                f"Received: shape {input_shape} for groups={self.groups}, axis={self.axis}."
            )
        if self._weights and channels not in (None, *self._weights[0].shape):
            raise ShapeError(
                f"must have {self._weights[0].shape[0]} channels, as it was built. "
                f"Received: shape {input_shape}."
            )
        return input_shape

    def call(self, x: Array) -> Array:
        """Normalise."""
        (axis,) = axes_within(self.axis, x.ndim)
        groups = x.shape[axis] if self.groups == -1 else self.groups
        return normalize_groups(
            x, groups, axis, self.epsilon, self.gamma_values(), self.beta_values()
        )

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return all positions for each, as the moments are of all."""
        return whole_reach(length, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}
