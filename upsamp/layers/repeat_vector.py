"""RepeatVector: a vector as many rows."""

from typing import Any, ClassVar

import numpy as np

from upsamp.core.arguments import Array, normalize_count
from upsamp.layers.layer import Layer, Shape


class RepeatVector(Layer):
    """Repeat a vector n times: (N, C) becomes (N, n, C).

    >>> RepeatVector(2)([[1.0, 2.0]])
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    rank: ClassVar[int | None] = 2

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = normalize_count(n, "n")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with n rows."""
        self.check_rank(input_shape)
        return (input_shape[0], self.n, input_shape[1])

    def call(self, x: Array) -> Array:
        """Repeat the vectors."""
        return np.repeat(x[:, np.newaxis], self.n, axis=1)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: these are no images."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "n": self.n}
