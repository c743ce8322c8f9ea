"""What the layers of several inputs have in common, such as Add and Concatenate."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array, normalize_array
from upsamp.core.layout import own
from upsamp.core.values import each
from upsamp.errors import ShapeError, UnknownLayerError
from upsamp.layers.layer import RANKS, Layer, MaybeShape, Shape
from upsamp.layers.symbolic import call_layer, symbols_of


class MergeLayer(Layer):
    """A layer that makes one array of several; a subclass gives `merged_shape` and `merge`.

    It is called with a list of arrays, and has no weights.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.output_shape: Shape | None = None

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the output's shape, the batch included."""
        raise UnknownLayerError(f"{self.type_name} must define `merged_shape`.")

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Compute the output for arrays of checked shapes, of the type that is computed in."""
        raise UnknownLayerError(f"{self.type_name} must define `merge`.")

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Return the shape of the output."""
        with self.named():
            if not input_shapes:
                raise ShapeError("must have an input. Received: none.")
            self.output_shape = self.merged_shape(input_shapes)
        self.built = True
        return [self.output_shape]

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Merge the arrays."""
        return [self.rounded(self.merge([self.widened(array) for array in inputs]))]

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape for one input only."""
        return self.merged_shape([input_shape])

    def call(self, x: Array) -> Array:
        """Merge one array only."""
        return self.merge([x])

    def merged_length(self, axis: int) -> int | None:
        """Return the rows (0) or columns (1) of the output, where they are known by now."""
        shape = self.output_shape
        return shape[axis + 1] if shape is not None and len(shape) == 4 else None

    def __call__(self, inputs: object, *, training: bool | None = None) -> Any:
        """Compute the output for a list of arrays, or of symbolic tensors."""
        with self.named():
            self.acts_in_training(training)
            symbols = symbols_of(inputs)
            if symbols is not None:
                return call_layer(self, symbols, training)
            if not isinstance(inputs, Sequence) or isinstance(inputs, str):
                raise ShapeError(
                    f"must be called with a list of arrays. Received: {type(inputs).__name__}."
                )
            parts = each(inputs, "inputs", "must be a list of arrays")
            arrays = [normalize_array(part, "inputs", RANKS) for part in parts]
        self.connect([array.shape for array in arrays])
        # What becomes of infinities is what the formulas say; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            return own(self.compute(arrays)[0], arrays[0])


def in_one_call(layer: type[MergeLayer]) -> Callable[..., Any]:
    """Return a function that makes a layer and calls it, as Keras has one for each merge.

    >>> from upsamp.layers import add
    >>> add([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[4., 3.]], dtype=float32)
    """

    def merge(inputs: object, **options: Any) -> Any:
        return layer(**options)(inputs)

    merge.__name__ = merge.__qualname__ = layer.__name__.lower()
    merge.__module__ = layer.__module__
    merge.__doc__ = (
        f"Return what {layer.__name__} makes of a list of arrays, or of symbolic tensors.\n\n"
        "    options: the arguments of the layer.\n    "
    )
    return merge
