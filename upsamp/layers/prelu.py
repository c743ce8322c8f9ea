"""PReLU: a slope for negative values that is learnt."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.activation_functions import relu
from upsamp.core.arguments import Array, normalize_count
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.errors import ShapeError
from upsamp.layers.layer import Layer, Shape, Weight


class PReLU(Layer):
    """Compute x where it is positive, alpha * x elsewhere.

    Weight alpha, of the shape of one sample. shared_axes: axes, counted with the batch as 0,
    along which alpha is one value, as (1, 2) for one a channel.

    >>> layer = PReLU(shared_axes=(1, 2))
    >>> layer.build((None, 7, 7, 3))
    >>> layer.weights[0].shape
    (1, 1, 3)
    """

    alpha: Weight

    def __init__(
        self,
        alpha_initializer: InitializerLike = "Zeros",
        shared_axes: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = normalize_initializer(alpha_initializer, "alpha_initializer")
        several = shared_axes if isinstance(shared_axes, Sequence) else (shared_axes,)
        self.shared_axes = (
            None
            if shared_axes is None
            else [normalize_count(axis, "shared_axes") for axis in several]
        )

    def create_weights(self, input_shape: Shape) -> None:
        """Size alpha by a sample, with 1 for the axes that share it."""
        shared = self.shared_axes or []
        if max(shared, default=0) >= len(input_shape):
            raise ShapeError(
                f"must have an input with axis {max(shared)}. Received: shape {input_shape}."
            )
        shape = [
            1 if axis in shared else self.check_axis(input_shape, axis)
            for axis in range(1, len(input_shape))
        ]
        self.add_weight("alpha", tuple(shape), self.alpha_initializer)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        if self.built:
            alpha = self._weights[0].shape
            fits = len(alpha) == len(input_shape) - 1 and all(
                own == 1 or length in (None, own)
                for own, length in zip(alpha, input_shape[1:], strict=True)
            )
            if not fits:
                raise ShapeError(
                    f"must have samples that fit its alpha of shape {alpha}. "
                    f"Received: shape {input_shape}."
                )
        return input_shape

    def call(self, x: Array) -> Array:
        """Apply the function."""
        result: Array = np.minimum(x, x.dtype.type(0))
        result *= self.weight("alpha")
        result += relu(x)
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "alpha_initializer": self.alpha_initializer,
            "shared_axes": self.shared_axes,
        }
