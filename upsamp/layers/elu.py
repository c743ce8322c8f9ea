"""ELU: negative values bent to a bound."""

from typing import Any

from upsamp.core.activation_functions import elu
from upsamp.core.arguments import Array
from upsamp.core.values import normalize_number
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer


class ELU(Layer):
    """Compute x where it is positive, alpha * (exp(x) - 1) elsewhere.

    >>> ELU(2.0)([[-10.0, 10.0]])
    array([[-1.9999092, 10.       ]], dtype=float32)
    """

    nature = Nature.EACH

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = normalize_number(alpha, "alpha")

    def call(self, x: Array) -> Array:
        """Apply the function."""
        return elu(x, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "alpha": self.alpha}
