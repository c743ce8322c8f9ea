"""Symbolic tensors: outputs of layers that have a shape and no values, of which models are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from upsamp.core.values import ask, spelled
from upsamp.errors import ArgumentError
from upsamp.layers.shapes import MaybeShape, normalize_shape

if TYPE_CHECKING:
    from upsamp.layers import Layer

_places = count()


@dataclass(frozen=True, eq=False)
class SymbolicCall:
    """A layer called on symbolic tensors; an InputLayer is called on none.

    training: what the call says of it. honoured: whether a prediction goes by that; in Keras 3 it
    passes over it. place: of the call among all that were ever made, so that each comes after its
    inputs.
    """

    layer: "Layer"
    inputs: tuple["SymbolicTensor", ...]
    training: bool | None = None
    honoured: bool = False
    place: int = field(default_factory=lambda: next(_places))


class SymbolicTensor:
    """An output without values: what `Input` returns, and a layer that is called on one.

    shape: the batch included, with None for an axis of any length; it is None itself behind a
    layer that upsamp does not have. dtype: of the values that there will be. `upsamp.Model` makes
    a model of the tensors that it begins and ends with.

    >>> from upsamp.layers import Dense, Input
    >>> x = Input((4,))
    >>> Dense(3)(x) + 1
    <SymbolicTensor shape=(None, 3), dtype=float32>
    """

    # An array leaves arithmetic with it to the methods below; its axes are not iterated.
    __array_ufunc__ = None
    __iter__ = None

    def __init__(self, shape: Sequence[int | None], dtype: npt.DTypeLike = "float32") -> None:
        self.shape: MaybeShape = normalize_shape(shape, "shape")
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.origin: tuple[SymbolicCall, int] | None = None

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}>"

    def __array__(self, *_: object, **__: object) -> npt.NDArray[Any]:
        raise ArgumentError(
            f"A symbolic tensor must be given values first. Received: {self}. "
            "Make a Model(inputs, outputs) of it, and call that with arrays."
        )

    def __getitem__(self, items: Any) -> "SymbolicTensor":
        from upsamp.layers import GetItem  # a layer itself, which few models need

        part: SymbolicTensor = GetItem(items if isinstance(items, tuple) else (items,))(self)
        return part

    def __add__(self, other: object) -> "SymbolicTensor":
        return operate("Add", self, other)

    def __radd__(self, other: object) -> "SymbolicTensor":
        return operate("Add", other, self)

    def __sub__(self, other: object) -> "SymbolicTensor":
        return operate("Subtract", self, other)

    def __rsub__(self, other: object) -> "SymbolicTensor":
        return operate("Subtract", other, self)

    def __mul__(self, other: object) -> "SymbolicTensor":
        return operate("Multiply", self, other)

    def __rmul__(self, other: object) -> "SymbolicTensor":
        return operate("Multiply", other, self)

    def __truediv__(self, other: object) -> "SymbolicTensor":
        return operate("TrueDivide", self, other)

    def __rtruediv__(self, other: object) -> "SymbolicTensor":
        return operate("TrueDivide", other, self)

    def __pow__(self, other: object) -> "SymbolicTensor":
        return operate("Power", self, other)

    def __matmul__(self, other: object) -> "SymbolicTensor":
        return operate("Matmul", self, other)

    def __mod__(self, other: object) -> "SymbolicTensor":
        return operate("Mod", self, other)

    def __floordiv__(self, other: object) -> "SymbolicTensor":
        return operate("FloorDivide", self, other)

    def __gt__(self, other: object) -> "SymbolicTensor":
        return operate("Greater", self, other)

    def __ge__(self, other: object) -> "SymbolicTensor":
        return operate("GreaterEqual", self, other)

    def __lt__(self, other: object) -> "SymbolicTensor":
        return operate("Less", self, other)

    def __le__(self, other: object) -> "SymbolicTensor":
        return operate("LessEqual", self, other)

    def __neg__(self) -> "SymbolicTensor":
        return operate("Negative", self)

    def __abs__(self) -> "SymbolicTensor":
        return operate("Absolute", self)


def operate(function: str, *operands: object) -> SymbolicTensor:
    """Return the output of an operation on symbolic tensors and numbers."""
    from upsamp.layers import Operation  # a layer itself, which few models need

    given = [one for one in operands if isinstance(one, SymbolicTensor)]
    numbers: list[Any] = [None if isinstance(one, SymbolicTensor) else one for one in operands]
    result: SymbolicTensor = Operation(function, numbers)(given)
    return result


def symbols_of(inputs: object) -> list[SymbolicTensor] | None:
    """Return the symbolic tensors that a layer is called on; None where arrays are given.

    Raises `ArgumentError` where only some of the inputs are symbolic.
    """
    if isinstance(inputs, SymbolicTensor):
        return [inputs]
    parts = ask(lambda: list(inputs.values())) if isinstance(inputs, Mapping) else inputs
    if not isinstance(parts, list | tuple):
        return None
    symbols = [one for one in parts if isinstance(one, SymbolicTensor)]
    if symbols and len(symbols) < len(parts):
        other = next(one for one in parts if not isinstance(one, SymbolicTensor))
        raise ArgumentError(
            f"All inputs must be symbolic, or none. Received: {spelled(other)} beside {symbols[0]}."
        )
    return symbols or None


def call_layer(layer: "Layer", inputs: Sequence[SymbolicTensor], training: bool | None) -> Any:
    """Return what a layer gives for symbolic inputs: one symbolic tensor, or a list of several."""
    known = [one.shape for one in inputs if one.shape is not None]
    shapes = layer.connect(known) if len(known) == len(inputs) else [None]
    outputs = outputs_of(SymbolicCall(layer, tuple(inputs), training), shapes, layer.dtype)
    layer.nodes.append((tuple(inputs), outputs))
    return outputs if len(outputs) > 1 else outputs[0]


def outputs_of(
    call: SymbolicCall, shapes: Sequence[MaybeShape], dtype: npt.DTypeLike
) -> list[SymbolicTensor]:
    """Return the outputs of a call."""
    outputs = []
    for number, shape in enumerate(shapes):
        tensor = SymbolicTensor(shape or (), dtype)
        tensor.shape = shape
        tensor.origin = call, number
        outputs.append(tensor)
    return outputs


def input_of(tensor: SymbolicTensor) -> "Layer":
    """Return the InputLayer of a symbolic input; raise for what was computed from one."""
    if tensor.origin is None or tensor.origin[0].inputs:
        raise ArgumentError(
            f"A model must be made of layers, behind an Input or none. Received: {tensor}. "
            "Make a Model(inputs, outputs) of symbolic tensors."
        )
    return tensor.origin[0].layer
