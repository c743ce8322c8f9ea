"""The nodes of an ONNX graph while it is made: plain data, without the package onnx."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array
from upsamp.errors import UnknownLayerError
from upsamp.layers.layer import Layer, Shape
from upsamp.models.export.recorded_array import RecordedArray

# What ONNX Runtime computes in float32 only: in a graph of float64 these are between casts.
FLOAT32_ONLY = frozenset(
    {
        *("Atan", "AveragePool", "Conv", "ConvTranspose", "Cos", "Cosh", "Elu", "Erf", "LeakyRelu"),
        *("Resize", "Sinh", "Softplus", "Tan"),
    }
)
Operand: TypeAlias = str | float | Array


class Value(NamedTuple):
    """An array of the graph.

    shape: as the layers have it. axes: for each axis as it is stored, which axis of the layers it
    is: (0, 3, 1, 2) for images (N, H, W, C) that are stored (N, C, H, W).
    """

    name: str
    shape: Shape
    axes: tuple[int, ...]

    def stored(self, axes: Sequence[int]) -> list[int]:
        """Return where axes of the layers are stored."""
        return [self.axes.index(axis % len(self.axes)) for axis in axes]


@dataclass(frozen=True)
class Node:
    """One operator; an attribute is a number, text, a list of numbers, an array or a dtype.

    path: of the layer that it is for.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    path: str = ""


class Nodes:
    """Nodes and constants in the order in which they are added; equal ones are added once.

    dtype: the float type that the layer at hand computes in. prefix: how its nodes are called.
    recording: whether constants are kept with how they are computed from the weights; of different
    weights none are one constant then, though they may be equal.
    """

    def __init__(self, *, recording: bool = False) -> None:
        self.recording = recording
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.dtypes: dict[str, np.dtype[Any]] = {}
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self.prefix = ""
        self._known: dict[object, str] = {}

    def unique(self, name: str) -> str:
        """Return the name, with a number behind it where it is taken."""
        found, number = name, 0
        while found in self.dtypes:
            number += 1
            found = f"{name}_{number}"
        return found

    def add(
        self,
        operator: str,
        *operands: Operand,
        outputs: int = 1,
        dtype: npt.DTypeLike | None = None,
        **attributes: Any,
    ) -> str:
        """Add a node, and return the name of its first output.

        operands: names of arrays, "" for none, or numbers and arrays, which become constants.
        dtype: of the output, where it is not that of the first operand.
        """
        names = tuple(self._operand(one) for one in operands)
        given = self.dtypes[names[0]]
        if operator in FLOAT32_ONLY and given == np.float64:
            narrow = [self.cast(one, np.float32) if one else one for one in names]
            return self.cast(self.add(operator, *narrow, outputs=outputs, **attributes), given)
        key = (operator, names, repr(sorted(attributes.items())))
        if key not in self._known:
            results = []
            for _ in range(outputs):
                results.append(self.unique(f"{self.prefix}/{operator}"))
                self.dtypes[results[-1]] = given if dtype is None else np.dtype(dtype)
            self.nodes.append(Node(operator, names, tuple(results), attributes, self.prefix))
            self._known[key] = results[0]
        return self._known[key]

    def _operand(self, value: Operand) -> str:
        if isinstance(value, str):
            return value
        return self.constant(value if isinstance(value, np.ndarray) else self.dtype.type(value))

    def constant(self, value: npt.ArrayLike, name: str = "constant") -> str:
        """Return the name of a constant; what is kept in float16 is computed with in float32."""
        array, text = np.asarray(value), ""
        if self.recording and isinstance(value, RecordedArray):
            array, text = value, f"{value.text} {[*value.weights]}"
        key = (array.dtype.str, array.shape, sha256(array.tobytes()).digest(), text)
        if key not in self._known:
            own = self.unique(f"{self.prefix}/{name}")
            self.dtypes[own] = array.dtype
            self.constants[own] = array
            self._known[key] = own
        found = self._known[key]
        return self.cast(found, np.float32) if array.dtype == np.float16 else found

    def numbers(self, array: Array, name: str = "constant") -> str:
        """Return the name of a constant of floats, in the type that is computed in."""
        kept = array if array.dtype == np.float16 else array.astype(self.dtype)
        return self.constant(kept, name)

    def integers(self, *values: int) -> str:
        """Return the name of a constant list of integers: of axes, or of lengths."""
        return self.constant(np.array(values, np.int64))

    def ones(self, sides: str) -> str:
        """Return an array of ones, of the lengths in a list of integers."""
        one = np.ones(1, self.dtype)
        return self.add("ConstantOfShape", sides, dtype=self.dtype, value=one)

    def cast(self, name: str, dtype: npt.DTypeLike) -> str:
        """Return an array in another type."""
        wanted = np.dtype(dtype)
        if self.dtypes[name] == wanted:
            return name
        return self.add("Cast", name, dtype=wanted, to=wanted)

    # --- arrays as they are stored

    def arrange(self, value: Value, axes: Sequence[int]) -> str:
        """Return an array stored with its axes in that order."""
        if value.axes == tuple(axes):
            return value.name
        return self.add("Transpose", value.name, perm=value.stored(axes))

    def plain(self, value: Value) -> str:
        """Return an array stored as the layers have it."""
        return self.arrange(value, range(len(value.axes)))

    def along(self, value: Value, array: Array, name: str = "constant") -> str:
        """Return a constant of numbers that broadcast to an array of the layers."""
        full = array.reshape((1,) * (len(value.axes) - array.ndim) + array.shape)
        return self.numbers(full.transpose(value.axes), name)

    def length(self, name: str, axis: int) -> str:
        """Return the length of a stored axis, as a list of one integer."""
        return self.add("Shape", name, dtype=np.int64, start=axis, end=axis + 1)


def plain_value(name: str, shape: Shape) -> Value:
    """Return an array that is stored as the layers have it."""
    return Value(name, shape, tuple(range(len(shape))))


def refusal(layer: Layer, why: str) -> UnknownLayerError:
    """Return the error for a layer that is not written, or not so."""
    return UnknownLayerError(
        f"Every layer must have operators of ONNX. Received: '{layer.name}' "
        f"({layer.type_name}): {why}. Save the model as .keras."
    )
