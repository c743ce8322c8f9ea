"""ReLU: negative values cut off."""

from typing import Any

from upsamp.core.activation_functions import rectify
from upsamp.core.arguments import Array
from upsamp.core.values import normalize_amount
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer


class ReLU(Layer):
    """Compute x above `threshold`, negative_slope * (x - threshold) up to it, at most `max_value`.

    >>> ReLU(max_value=6)([[-10.0, 3.0, 10.0]])
    array([[0., 3., 6.]], dtype=float32)
    """

    nature = Nature.EACH

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_value = None if max_value is None else normalize_amount(max_value, "max_value")
        self.negative_slope = normalize_amount(negative_slope, "negative_slope")
        self.threshold = normalize_amount(threshold, "threshold")

    def call(self, x: Array) -> Array:
        """Apply the function."""
        return rectify(x, self.max_value, self.negative_slope, self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
