"""Embedding: integers looked up in a table of vectors."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from upsamp.core.arguments import Array, normalize_array, normalize_count
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.core.values import normalize_flag
from upsamp.errors import ShapeError
from upsamp.layers.layer import RANKS, Layer, Shape, Weight
from upsamp.layers.options import LORA


class Embedding(Layer):
    """Row i of the embeddings, (input_dim, output_dim), for each integer i.

    Input (N, ...), of integers from 0 to input_dim - 1 (floats are cut to such), output
    (N, ..., output_dim). input_length: an option of Keras 2, kept and not needed.

    >>> layer = Embedding(3, 2)
    >>> layer.build((None,))
    >>> layer.set_weights([[[0, 1], [2, 3], [4, 5]]])
    >>> layer([2, 0])
    array([[4., 5.],
           [0., 1.]], dtype=float32)
    """

    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = {"weights": (None,), **LORA}

    embeddings: Weight

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: InitializerLike = "uniform",
        *,
        mask_zero: bool = False,
        input_length: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.input_dim = normalize_count(input_dim, "input_dim")
        self.output_dim = normalize_count(output_dim, "output_dim")
        self.embeddings_initializer = normalize_initializer(
            embeddings_initializer, "embeddings_initializer"
        )
        self.mask_zero = normalize_flag(mask_zero, "mask_zero")
        self.input_length = input_length

    def create_weights(self, input_shape: Shape) -> None:
        """Size the table, which the input's shape does not matter to."""
        shape = (self.input_dim, self.output_dim)
        self.add_weight("embeddings", shape, self.embeddings_initializer)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape with one more axis."""
        return (*input_shape, self.output_dim)

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Look up the integers, which a float type of the layer could not always hold."""
        with self.named():
            return [self.unchecked_call(inputs[0])]

    def take_input(self, x: object) -> Array:
        """Return the integers of `x`."""
        with self.named():
            return normalize_array(x, "inputs", RANKS)

    def call(self, x: Array) -> Array:
        """Look up the integers."""
        lowest, highest = x.min(), x.max()
        # A NaN is neither, and so is refused as well; what is cut to 0 is an index.
        if not (lowest > -1 and highest < self.input_dim):
            wrong = highest if lowest > -1 else lowest
            raise ShapeError(
                f"must look up integers from 0 to {self.input_dim - 1}, as its input_dim is "
                f"{self.input_dim}. Received: {wrong}."
            )
        result: Array = self.weight("embeddings")[x.astype(np.intp)]
        return result

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: its input is no image."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": self.embeddings_initializer,
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }
