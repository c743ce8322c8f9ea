"""Operation: arithmetic between the layers of a model, such as x * 2 + y."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.activations import get_activation
from upsamp.core.arguments import Array
from upsamp.core.dtypes import compute_dtype
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Shape, snake_case
from upsamp.layers.merge_layer import MergeLayer

Function: TypeAlias = Callable[..., Any]


def _leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    return np.where(x > 0, x, x * x.dtype.type(negative_slope))


def _clip(x: Array, x_min: float, x_max: float) -> Array:
    return np.clip(x, x_min, x_max)


# The operations on two operands by Keras' class names; all others have one.
BINARY: Mapping[str, Function] = {
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Divide": np.true_divide,
    "TrueDivide": np.true_divide,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Power": np.power,
}
OPERATIONS: Mapping[str, Function] = {
    **BINARY,
    "Negative": np.negative,
    "Abs": np.abs,
    "Absolute": np.abs,
    "Square": np.square,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Clip": _clip,
    "Tanh": np.tanh,
    "Sigmoid": get_activation("sigmoid"),
    "Relu": get_activation("relu"),
    "LeakyRelu": _leaky_relu,
}
# The options of operations by Keras' names; TensorFlow's operators have them as more operands.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Clip": ("x_min", "x_max"),
    "LeakyRelu": ("negative_slope",),
}
LARGEST = sys.float_info.max


class Operation(MergeLayer):
    """An operation of Keras on each value of arrays of shapes that broadcast.

    function: its name in `OPERATIONS`. operands: what it is called with, in order: None for an
    input, or a number. options: its other arguments, which are numbers too.

    >>> Operation("Subtract", (1.0, None))([[[0.25, 1.0]]])
    array([[0.75, 0.  ]], dtype=float32)
    """

    def __init__(
        self,
        function: str,
        operands: Sequence[float | None] = (None, None),
        options: Mapping[str, float] | None = None,
        **layer_options: Any,
    ) -> None:
        super().__init__(**layer_options)
        if function not in OPERATIONS:
            raise ArgumentError(
                f"`function` must be one of {', '.join(OPERATIONS)}. Received: {spelled(function)}."
            )
        self.function = function
        self.automatic_name = snake_case(function)
        self.operands = tuple(operands)
        self.options = dict(options or {})
        self._check_operands()
        self._check_options()

    def _check_operands(self) -> None:
        """Raise where the operands are not what the operation takes."""
        if not all(one is None or is_number(one) for one in self.operands):
            raise ArgumentError(
                "`operands` must be numbers, or None for an input. "
                f"Received: operands={spelled(self.operands)}."
            )
        count = 2 if self.function in BINARY else 1
        more = len(self.operands) - count
        if not 0 <= more <= len(OPTIONS.get(self.function, ())) or None not in self.operands:
            raise ArgumentError(
                f"`operands` of {self.function} must be {count}, an input among them. "
                f"Received: operands={spelled(self.operands)}."
            )

    def _check_options(self) -> None:
        """Raise where the options are not those of the operation."""
        names = OPTIONS.get(self.function, ())
        wanted = names[len(self.operands) - 1 :] if names else ()
        known = set(self.options) <= set(wanted) and all(map(is_number, self.options.values()))
        if not known or (self.function == "Clip" and len(self.options) < len(wanted)):
            raise ArgumentError(
                f"`options` of {self.function} must be numbers: {', '.join(wanted) or 'none'}. "
                f"Received: options={spelled(self.options)}."
            )

    @property
    def type_name(self) -> str:
        """The name of the operation, as a summary shows it."""
        return self.function

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape that the inputs have together."""
        inputs = sum(one is None for one in self.operands)
        if len(input_shapes) != inputs:
            raise ShapeError(f"must have {inputs} inputs. Received: {len(input_shapes)}.")
        try:
            # An axis that is not known yet is marked by a length that none has.
            plain = [tuple(-1 if axis is None else axis for axis in one) for one in input_shapes]
            return tuple(map(_joint, *_same_rank(plain))) if len(plain) > 1 else input_shapes[0]
        except ValueError:
            raise ShapeError(
                f"must have inputs whose shapes broadcast. Received: {list(input_shapes)}."
            ) from None

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Compute the operation."""
        given = iter(inputs)
        # What becomes of infinities is what the formulas say; that is no cause for a warning.
        with np.errstate(all="ignore"):
            number = compute_dtype(self.dtype).type
            values = [next(given) if one is None else number(one) for one in self.operands]
            return self.apply(values)

    def apply(self, values: Sequence[Any]) -> Array:
        """Call the function with its options."""
        result: Array = OPERATIONS[self.function](*values, **self.options)
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "function": self.function,
            "operands": list(self.operands),
            "options": self.options,
        }


def is_number(value: object) -> bool:
    """Tell whether a value is a number that a float holds."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, float) or abs(value) <= LARGEST)
    )


def _same_rank(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return the shapes with axes of length 1 before them, so that all have one rank."""
    rank = max(map(len, shapes))
    return [(1,) * (rank - len(shape)) + shape for shape in shapes]


def _joint(*lengths: int) -> int | None:
    """Return the length that axes of these lengths have together; -1 is not known."""
    wide = {length for length in lengths if length != 1}
    known = wide - {-1}
    if len(known) > 1:
        raise ValueError
    if known:
        return known.pop()
    return None if wide else 1
