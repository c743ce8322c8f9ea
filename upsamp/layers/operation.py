"""Operation: arithmetic between the layers of a model, such as x * 2 + y, and other shapes."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.activations import get_activation
from upsamp.core.arguments import Array, normalize_choice, normalize_count
from upsamp.core.dtypes import compute_dtype
from upsamp.core.values import ask, check_size, normalize_flag, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import RANKS, MaybeShape, Shape, snake_case
from upsamp.layers.merge_layer import MergeLayer
from upsamp.layers.shape_operations import SHAPE_OPERATIONS, Check, shape_reach

Function: TypeAlias = Callable[..., Any]


def _leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    return np.where(x > 0, x, x * x.dtype.type(negative_slope))


def _clip(x: Array, x_min: float, x_max: float) -> Array:
    return np.clip(x, x_min, x_max)


GELU: Callable[[Array], Array] = get_activation("gelu")


def _gelu(x: Array, approximate: bool = True) -> Array:
    """Return GELU, or its form with tanh, which D. Hendrycks and K. Gimpel (1606.08415) give."""
    if not approximate:
        return GELU(x)
    inner = x + x.dtype.type(0.044715) * x * x * x
    result: Array = x * (1 + np.tanh(x.dtype.type(math.sqrt(2 / math.pi)) * inner)) / 2
    return result


def _cast(x: Array, dtype: str) -> Array:
    """Return values as a type holds them, in the type that is computed in."""
    if dtype.startswith(("float", "bool")):
        return x.astype(dtype).astype(x.dtype)
    whole: Array = np.trunc(x)
    return whole


def _number(value: Any, name: str) -> float:
    if not is_number(value):
        raise ArgumentError(f"`{name}` must be a number. Received: {name}={spelled(value)}.")
    number: float = value
    return number


def _decimals(value: Any, name: str) -> int:
    count = normalize_count(value, name, minimum=0)
    if count > MAX_DECIMALS:
        raise ArgumentError(f"`{name}` must be at most {MAX_DECIMALS}. Received: {name}={count}.")
    return count


def _dtype(value: Any, name: str) -> str:
    return normalize_choice(value, name, CAST_DTYPES)


# More than float64 has.
MAX_DECIMALS = 18
# Those that tf.cast and Keras' cast are given; whole numbers are cut off, and wrap in neither.
CAST_DTYPES = (
    *("float16", "float32", "float64", "bool"),
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
)
COMPARISONS: Mapping[str, Function] = {
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
}


def _comparison(function: Function) -> Function:
    return lambda x, y: function(x, y).astype(np.result_type(x, y))


# The operations on two operands by Keras' class names; what others take is in `OPERANDS`.
BINARY: Mapping[str, Function] = {
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Divide": np.true_divide,
    "TrueDivide": np.true_divide,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Power": np.power,
    "FloorDivide": np.floor_divide,
    "Mod": np.mod,
    # What is true is 1, and what is not is 0.
    **{name: _comparison(one) for name, one in COMPARISONS.items()},
}
OPERATIONS: Mapping[str, Function] = {
    **BINARY,
    "Where": lambda condition, x1, x2: np.where(condition != 0, x1, x2),
    "Tan": np.tan,
    "Arctan": np.arctan,
    "Sinh": np.sinh,
    "Cosh": np.cosh,
    "Expm1": np.expm1,
    "Log2": np.log2,
    "Log10": np.log10,
    "Negative": np.negative,
    "Abs": np.abs,
    "Absolute": np.abs,
    "Square": np.square,
    "Sqrt": np.sqrt,
    "Rsqrt": lambda x: 1 / np.sqrt(x),
    "Reciprocal": lambda x: 1 / x,
    "Exp": np.exp,
    "Log": np.log,
    "Log1p": np.log1p,
    "Sin": np.sin,
    "Cos": np.cos,
    "Sign": np.sign,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Clip": _clip,
    "Cast": _cast,
    "Tanh": np.tanh,
    "Sigmoid": get_activation("sigmoid"),
    "Relu": get_activation("relu"),
    "LeakyRelu": _leaky_relu,
    "Gelu": _gelu,
    **{name: one.compute for name, one in SHAPE_OPERATIONS.items()},
}
# The options of operations by Keras' names, each with its check. TensorFlow's operators have the
# numbers among them as more operands.
OPTIONS: Mapping[str, Mapping[str, Check]] = {
    "Clip": {"x_min": _number, "x_max": _number},
    "LeakyRelu": {"negative_slope": _number},
    "Gelu": {"approximate": normalize_flag},
    "Cast": {"dtype": _dtype},
    "Round": {"decimals": _decimals},
    **{name: one.options for name, one in SHAPE_OPERATIONS.items()},
}
REQUIRED: Mapping[str, frozenset[str]] = {
    "Clip": frozenset({"x_min", "x_max"}),
    "Cast": frozenset({"dtype"}),
    "Pad": frozenset({"pad_width"}),
    "Tile": frozenset({"repeats"}),
    "Repeat": frozenset({"repeats", "axis"}),
    "ExpandDims": frozenset({"axis"}),
    "Flip": frozenset({"axis"}),
    "Stack": frozenset({"axis"}),
    "Unstack": frozenset({"axis"}),
    "Split": frozenset({"indices_or_sections", "axis"}),
}
# How many operands there are, of what has not one.
OPERANDS: Mapping[str, int] = {**dict.fromkeys(BINARY, 2), "Where": 3, "Matmul": 2}
LARGEST = sys.float_info.max


class Operation(MergeLayer):
    """An operation of Keras: arithmetic on arrays of shapes that broadcast, or another shape.

    function: its name in `OPERATIONS`. operands: what it is called with, in order: None for an
    input, or a number, or an array of numbers as nested lists. options: its other arguments.

    >>> Operation("Subtract", (1.0, None))([[[0.25, 1.0]]])
    array([[0.75, 0.  ]], dtype=float32)
    >>> Operation("Mean", (None,), {"axis": -1}).connect([(None, 8, 8, 3)])
    [(None, 8, 8)]
    """

    def __init__(
        self,
        function: str,
        operands: Sequence[Any] = (None, None),
        options: Mapping[str, Any] | None = None,
        **layer_options: Any,
    ) -> None:
        super().__init__(**layer_options)
        if function not in OPERATIONS:
            raise ArgumentError(
                f"`function` must be one of {', '.join(OPERATIONS)}. Received: {spelled(function)}."
            )
        self.function = function
        self.automatic_name = snake_case(function)
        self.operands = tuple(map(self._operand, operands))
        self._check_operands()
        self.options = self._normalize_options(options or {})

    def _operand(self, value: Any) -> Any:
        """Return an operand: None for an input, a number, or an array of them as nested lists."""
        if value is None or is_number(value):
            return value
        check_size(value, "operands")
        array = None if isinstance(value, str | bool) else ask(lambda: np.asarray(value))
        if array is None or array.dtype.kind not in "iuf" or not (array.ndim and array.size):
            raise ArgumentError(
                "`operands` must be numbers, arrays of numbers, or None for an input. "
                f"Received: operands={spelled(value)}."
            )
        return array.tolist()

    def _check_operands(self) -> None:
        """Raise where the operands are not what the operation takes."""
        count = OPERANDS.get(self.function, 1)
        more = len(self.operands) - count
        if self.is_of_several:
            fits = bool(self.operands) and all(one is None for one in self.operands)
        else:
            fits = 0 <= more <= len(self._numbers_as_operands()) and None in self.operands
        if not fits:
            wanted = "inputs" if self.is_of_several else f"{count}"
            raise ArgumentError(
                f"`operands` of {self.function} must be {wanted}, an input among them. "
                f"Received: operands={spelled(self.operands)}."
            )

    def _numbers_as_operands(self) -> list[str]:
        """Return the options that may be behind the operands, as those of TensorFlow do."""
        return [name for name, check in OPTIONS.get(self.function, {}).items() if check is _number]

    def _normalize_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options in their normal form; raise where they are not the operation's."""
        count = OPERANDS.get(self.function, 1)
        given = self._numbers_as_operands()[: max(0, len(self.operands) - count)]
        checks = {k: v for k, v in OPTIONS.get(self.function, {}).items() if k not in given}
        missing = REQUIRED.get(self.function, frozenset()) - {*options, *given}
        if not set(options) <= set(checks) or missing:
            raise ArgumentError(
                f"`options` of {self.function} must be: {', '.join(checks) or 'none'}. "
                f"Received: options={spelled(dict(options))}."
            )
        return {name: checks[name](value, name) for name, value in options.items()}

    @property
    def is_of_several(self) -> bool:
        """Tell whether the operation is called with one list of arrays."""
        shaped = SHAPE_OPERATIONS.get(self.function)
        return shaped is not None and shaped.several

    @property
    def type_name(self) -> str:
        """The name of the operation, as a summary shows it."""
        return self.function

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Return the shapes of the outputs, of which most operations have one."""
        with self.named():
            shapes = self.merged_shapes(input_shapes)
        self.output_shape = shapes[0]
        self.built = True
        return [*shapes]

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the first output."""
        return self.merged_shapes(input_shapes)[0]

    def merged_shapes(self, input_shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of all outputs."""
        inputs = sum(one is None for one in self.operands)
        if len(input_shapes) != inputs:
            raise ShapeError(f"must have {inputs} inputs. Received: {len(input_shapes)}.")
        shaped = SHAPE_OPERATIONS.get(self.function)
        if shaped is not None:
            found = shaped.shape(*self._operand_shapes(input_shapes), **self.options)
            shapes: list[Shape] = found if isinstance(found, list) else [found]
        else:
            shapes = [self._joint_shape(input_shapes)]
        if len(shapes[0]) not in RANKS:
            raise ShapeError(f"must have an output of {RANKS[-1]} axes at most. Received: more.")
        return shapes

    def _operand_shapes(self, input_shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of all operands."""
        given = iter(input_shapes)
        return [next(given) if one is None else np.shape(one) for one in self.operands]

    def _joint_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape that inputs and arrays among the operands have together."""
        all_shapes = self._operand_shapes(input_shapes)
        try:
            # An axis that is not known yet is marked by a length that none has.
            plain = [tuple(-1 if axis is None else axis for axis in one) for one in all_shapes]
            return tuple(map(_joint, *_same_rank(plain))) if len(plain) > 1 else input_shapes[0]
        except ValueError:
            raise ShapeError(
                f"must have inputs whose shapes broadcast. Received: {all_shapes}."
            ) from None

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Compute all outputs."""
        found = self._results([self.widened(array) for array in inputs])
        return [self.rounded(one) for one in found]

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Compute the first output."""
        return self._results(inputs)[0]

    def _results(self, inputs: Sequence[Array]) -> list[Array]:
        """Compute all outputs, not yet rounded."""
        given = iter(inputs)
        # What becomes of infinities is what the formulas say; that is no cause for a warning.
        with np.errstate(all="ignore"):
            values = [
                next(given) if one is None else np.asarray(one, compute_dtype(self.dtype))
                for one in self.operands
            ]
            found = OPERATIONS[self.function](*values, **self.options)
        return found if isinstance(found, list) else [found]

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that each output reads, of operations on images that keep axes."""
        shaped = SHAPE_OPERATIONS.get(self.function)
        if shaped is None:
            return super().reach(axis, length)
        return shape_reach(shaped, self.options, axis, length)

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
