"""LeakyReLU: negative values made small."""

from typing import Any

from upsamp.core.activation_functions import leaky_relu
from upsamp.core.arguments import Array
from upsamp.core.values import normalize_amount
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer


class LeakyReLU(Layer):
    """Compute x where it is positive, negative_slope * x elsewhere.

    alpha: the name that Keras 2 had for `negative_slope`.

    >>> LeakyReLU()([[-10.0, 10.0]])
    array([[-3., 10.]], dtype=float32)
    """

    nature = Nature.EACH

    def __init__(
        self, negative_slope: float = 0.3, alpha: float | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        slope = negative_slope if alpha is None else alpha
        self.negative_slope = normalize_amount(slope, "negative_slope")

    def call(self, x: Array) -> Array:
        """Apply the function."""
        return leaky_relu(x, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "negative_slope": self.negative_slope}
