"""SpectralNormalization, as it acts in a prediction: the layer that it wraps."""

from collections.abc import Sequence
from typing import Any

from upsamp.core.arguments import Array, normalize_count
from upsamp.errors import ArgumentError
from upsamp.layers.layer import Layer, Shape, Weight
from upsamp.layers.wrapper_layer import WrapperLayer

VECTOR = {"class_name": "TruncatedNormal", "config": {"mean": 0.0, "stddev": 0.02, "seed": None}}


class SpectralNormalization(WrapperLayer):
    """Stand for a layer whose kernel training divides by its largest singular value.

    The stored kernel is divided already. Weights, in Keras' order: the kernel of the layer,
    vector_u, which training goes on from, and what else the layer has.

    Source: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (arXiv
    1802.05957).

    >>> from upsamp.layers.dense import Dense
    >>> layer = SpectralNormalization(Dense(2))
    >>> layer.build((None, 3))
    >>> [weight.name for weight in layer.weights]
    ['kernel', 'vector_u', 'bias']
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **options: Any) -> None:
        super().__init__(layer, **options)
        self.power_iterations = normalize_count(power_iterations, "power_iterations")

    def create_weights(self, input_shape: Shape) -> None:
        """Build the layer, and share its weights."""
        self.layer.build(input_shape)
        kernels = [one for one in self.layer.weights if one.name in ("kernel", "embeddings")]
        if not kernels:
            raise ArgumentError(
                f"must wrap a layer with a kernel or embeddings. Received: {self.layer.type_name}."
            )
        kernel = kernels[0]
        self._weights = [kernel]
        self.add_weight("vector_u", (1, kernel.shape[-1]), VECTOR, trainable=False)
        self._weights += [one for one in self.layer.weights if one is not kernel]

    @property
    def weights(self) -> list[Weight]:
        """What is known of the weights; those of the layer are drawn from this one's seed."""
        self.layer.seed = self.seed
        return super().weights

    @property
    def weight_paths(self) -> list[str]:
        """Where Keras 3 keeps each of the weights; it keeps the kernel as vars/0 besides."""
        inner = self.layer.weights
        return [
            next((f"layer/vars/{i}" for i, own in enumerate(inner) if own is weight), "vars/1")
            for weight in self._weights
        ]

    def stored_weights(self) -> dict[str, Array]:
        """Return the values by where Keras 3 keeps them: the kernel in two places."""
        found = super().stored_weights()
        return {"vars/0": found[self.weight_paths[0]], **found}

    def check_rank(self, input_shape: Shape) -> None:
        """Raise `ShapeError` where the layer does."""
        self.layer.check_rank(input_shape)

    @property
    def training_effect(self) -> str:
        """What training changes: the kernel, at each call, which is left out here."""
        return "weights"

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Compute the layer."""
        self.layer.seed = self.seed
        return self.layer.compute(inputs)

    def call(self, x: Array) -> Array:
        """Compute the layer."""
        return self.compute([x])[0]

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count what the layer does."""
        return self.layer.multiply_adds(input_shape, output_shape)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the reach of the layer."""
        return self.layer.reach(axis, length)

    def overlap(self) -> str | None:
        """Tell the overlap of the layer."""
        return self.layer.overlap()

    def checkerboard(self) -> float | None:
        """Return what the layer tells of its kernel, of which a multiple is as uneven."""
        return self.layer.checkerboard()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again, the layer as its class and config."""
        return {**super().get_config(), "power_iterations": self.power_iterations}
