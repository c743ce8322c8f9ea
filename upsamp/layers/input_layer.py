"""InputLayer: where a model begins."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Layer, Shape, normalize_shape
from upsamp.layers.symbolic import SymbolicCall, SymbolicTensor, outputs_of

# What is put in besides floats: class labels, and indices into an Embedding.
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


class InputLayer(Layer):
    """Say the shape of a model's input, and pass the input on.

    shape: without the batch. batch_shape: with the batch, which may be None. batch_size: the
    batch, for `shape`. dtype: a float type, or an integer type for labels and indices.

    >>> InputLayer(shape=(28, 28, 1)).batch_input_shape
    (None, 28, 28, 1)
    """

    # Whether an array is sparse, ragged or may be left out has no meaning for its values.
    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = dict.fromkeys(
        ("sparse", "ragged", "optional"), (None, False)
    )

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        batch_shape: Sequence[int | None] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if shape is not None:
            batch_shape = (batch_size, *normalize_shape(shape, "shape"))
        if batch_shape is not None:
            options["batch_input_shape"] = normalize_shape(batch_shape, "batch_shape")
        integers = isinstance(dtype, str) and dtype in INTEGERS
        super().__init__(name=name, dtype=None if integers else dtype, **options)
        self.input_dtype = np.dtype(dtype) if integers else self.dtype
        if self.batch_input_shape is None:
            raise ArgumentError(
                "InputLayer must be given `shape` (without the batch) or `batch_shape`. "
                "Received: neither."
            )
        self._output: SymbolicTensor | None = None

    @property
    def output(self) -> SymbolicTensor:
        """The symbolic tensor of this input, the same at every time."""
        if self._output is None:
            call = SymbolicCall(self, ())
            self._output = outputs_of(call, [self.batch_input_shape], self.input_dtype)[0]
        return self._output

    def call(self, x: Array) -> Array:
        """Return the input."""
        return x

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Return the input in the dtype that was said."""
        return [inputs[0].astype(self.input_dtype, copy=False)]

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape, which must be the one that was said."""
        wanted = self.batch_input_shape or input_shape
        if len(wanted) != len(input_shape) or any(
            None not in (length, given) and length != given
            for length, given in zip(wanted, input_shape, strict=True)
        ):
            raise ShapeError(
                f"must have an input of shape {wanted}. Received: shape {input_shape}."
            )
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        integers = self.input_dtype.kind != "f"
        return {
            **super().get_config(),
            "dtype": self.input_dtype.name if integers else self.dtype_policy.name,
        }


def Input(  # noqa: N802 - Keras' name
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
) -> SymbolicTensor:
    """Return the symbolic output of a new `InputLayer`, which models are made of.

    It also is at the head of a `Sequential` model.

    >>> Input((28, 28, 1))
    <SymbolicTensor shape=(None, 28, 28, 1), dtype=float32>
    """
    return InputLayer(shape, batch_size, dtype, batch_shape, name).output
