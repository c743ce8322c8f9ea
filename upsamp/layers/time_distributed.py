"""TimeDistributed: a layer on each of the images, or vectors, of a sample."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.layers.layer import Layer, Shape
from upsamp.layers.shapes import product_of
from upsamp.layers.wrapper_layer import WrapperLayer


class TimeDistributed(WrapperLayer):
    """Compute `layer` for every step of its input, (N, steps, ...).

    >>> from upsamp.layers.dense import Dense
    >>> TimeDistributed(Dense(4)).compute_output_shape((None, 10, 3))
    (None, 10, 4)
    """

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(layer, **options)

    def create_weights(self, input_shape: Shape) -> None:
        """Build the layer, and share its weights."""
        self.layer.build(_of_step(input_shape))
        self._weights = self.layer.weights

    def check_rank(self, input_shape: Shape) -> None:
        """Raise `ShapeError` where there are no steps, or the layer takes no such input."""
        if len(input_shape) < 3:
            raise ShapeError(
                "must have an input (N, steps, ...), rank 3 at least. "
                f"Received: shape {input_shape}."
            )
        self.layer.check_rank(_of_step(input_shape))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape of the layer's output, with the steps."""
        self.check_rank(input_shape)
        found = self.layer.output_shape_for(_of_step(input_shape))
        return (input_shape[0], input_shape[1], *found[1:])

    def call(self, x: Array) -> Array:
        """Compute the layer for all steps as one batch."""
        self.layer.seed = self.seed
        (result,) = self.layer.compute([x.reshape(-1, *x.shape[2:])])
        return result.reshape(*x.shape[:2], *result.shape[1:])

    @property
    def training_effect(self) -> str:
        """What training changes: what it does of the layer."""
        return self.layer.training_effect

    def train(self, inputs: Sequence[Array], generator: np.random.Generator) -> list[Array]:
        """Compute the layer for all steps as one batch, as in training."""
        x = self.widened(inputs[0])
        (result,) = self.layer.train([x.reshape(-1, *x.shape[2:])], generator)
        return [self.rounded(result.reshape(*x.shape[:2], *result.shape[1:]))]

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count what the layer does, for each step."""
        one = self.layer.multiply_adds(_of_step(input_shape), _of_step(output_shape))
        return None if one is None else product_of((one, input_shape[1]))

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: the axes are others."""
        return None


def _of_step(shape: Shape) -> Shape:
    """Return the shape of one step, the batch included."""
    return (shape[0], *shape[2:])
