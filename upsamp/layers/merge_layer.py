"""What the layers of several inputs have in common, such as Add and Concatenate."""

from collections.abc import Sequence

from upsamp.core.arguments import Array, normalize_array
from upsamp.errors import ShapeError
from upsamp.layers.layer import Layer, MaybeShape, Shape

__all__ = ["MergeLayer"]


class MergeLayer(Layer):
    """A layer that makes one array of several; a subclass gives `merged_shape` and `merge`.

    It is called with a list of arrays, and has no weights.
    """

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Give the output's shape, the batch included."""
        raise NotImplementedError(f"{type(self).__name__} must define `merged_shape`.")

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Compute the output for arrays of the layer's dtype and of checked shapes."""
        raise NotImplementedError(f"{type(self).__name__} must define `merge`.")

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Give the shape of the output."""
        with self.named():
            if not input_shapes:
                raise ShapeError("must have an input. Received: none.")
            shape = self.merged_shape(input_shapes)
        self.built = True
        return [shape]

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Merge the arrays."""
        return [self.merge([array.astype(self.dtype, copy=False) for array in inputs])]

    def __call__(self, x: object) -> Array:
        """Compute the output for a list of arrays."""
        if not isinstance(x, Sequence) or isinstance(x, str):
            with self.named():
                raise ShapeError(
                    f"must be called with a list of arrays. Received: {type(x).__name__}."
                )
        arrays = [normalize_array(part, "x", tuple(range(1, 33))) for part in x]
        self.connect([array.shape for array in arrays])
        return self.compute(arrays)[0]
