"""What LayerNormalization and GroupNormalization have in common: a scale and an offset."""

from typing import Any, ClassVar

from upsamp.core.arguments import Array
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.core.values import normalize_flag, normalize_positive
from upsamp.layers.layer import Layer, Weight


class NormalizationLayer(Layer):
    """A layer that normalises by the moments of its input.

    Weights gamma (where `scale`) and beta (where `center`).
    """

    optional_weights: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    gamma: Weight | None
    beta: Weight | None

    def __init__(
        self,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.epsilon = normalize_positive(epsilon, "epsilon")
        self.center = normalize_flag(center, "center")
        self.scale = normalize_flag(scale, "scale")
        self.beta_initializer = normalize_initializer(beta_initializer, "beta_initializer")
        self.gamma_initializer = normalize_initializer(gamma_initializer, "gamma_initializer")

    def add_moments_weights(self, shape: tuple[int, ...]) -> None:
        """Say that there are gamma and beta, where they are wanted."""
        if self.scale:
            self.add_weight("gamma", shape, self.gamma_initializer)
        if self.center:
            self.add_weight("beta", shape, self.beta_initializer)

    def gamma_values(self) -> Array | None:
        """Return the scale, or None where there is none."""
        return self.weight("gamma") if self.scale else None

    def beta_values(self) -> Array | None:
        """Return the offset, or None where there is none."""
        return self.weight("beta") if self.center else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": self.beta_initializer,
            "gamma_initializer": self.gamma_initializer,
        }
