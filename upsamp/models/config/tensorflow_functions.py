"""Functions of TensorFlow in models of tf.keras (TFOpLambda), as the operations of Keras 3."""

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple


class Translation(NamedTuple):
    """A function of TensorFlow as an operation of Keras 3.

    operands: its arrays, by the names of the arguments behind the first. options: other arguments,
    with Keras' names. defaults: of Keras' options, where TensorFlow's are others or Keras has none.
    idle: arguments with the values at which they ask for nothing.
    """

    operation: str
    operands: tuple[str, ...] = ()
    options: Mapping[str, str] = {}
    defaults: Mapping[str, Any] = {}
    idle: Mapping[str, tuple[Any, ...]] = {}


def _one(operation: str) -> Translation:
    return Translation(operation)


def _two(operation: str) -> Translation:
    return Translation(operation, ("y",))


def _along(operation: str, axis: int | None, *more: str) -> Translation:
    """Return what works along an axis, with the default of TensorFlow."""
    return Translation(operation, (), {one: one for one in ("axis", *more)}, {"axis": axis})


PAD = Translation(
    "Pad",
    options={"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"},
    defaults={"mode": "constant"},
)
TRANSPOSE = Translation("Transpose", options={"perm": "axes"}, idle={"conjugate": (False,)})
SQUEEZE = _along("Squeeze", None)
FUNCTIONS: Mapping[str, Translation] = {
    "__operators__.add": _two("Add"),
    "math.add": _two("Add"),
    "math.subtract": _two("Subtract"),
    "math.multiply": _two("Multiply"),
    "math.truediv": _two("TrueDivide"),
    "math.divide": _two("TrueDivide"),
    "math.maximum": _two("Maximum"),
    "math.minimum": _two("Minimum"),
    "math.pow": _two("Power"),
    "math.floormod": _two("Mod"),
    "math.floordiv": _two("FloorDivide"),
    "compat.v1.floor_div": _two("FloorDivide"),
    "math.greater": _two("Greater"),
    "math.greater_equal": _two("GreaterEqual"),
    "math.less": _two("Less"),
    "math.less_equal": _two("LessEqual"),
    "where": Translation("Where", ("x", "y")),
    "linalg.matmul": Translation(
        "Matmul", ("b",), idle={"transpose_a": (False,), "transpose_b": (False,)}
    ),
    "math.tan": _one("Tan"),
    "math.atan": _one("Arctan"),
    "math.sinh": _one("Sinh"),
    "math.cosh": _one("Cosh"),
    "math.expm1": _one("Expm1"),
    "math.negative": _one("Negative"),
    "math.abs": _one("Abs"),
    "math.square": _one("Square"),
    "math.sqrt": _one("Sqrt"),
    "math.rsqrt": _one("Rsqrt"),
    "math.reciprocal": _one("Reciprocal"),
    "math.exp": _one("Exp"),
    "math.log": _one("Log"),
    "math.log1p": _one("Log1p"),
    "math.sin": _one("Sin"),
    "math.cos": _one("Cos"),
    "math.sign": _one("Sign"),
    "math.floor": _one("Floor"),
    "math.ceil": _one("Ceil"),
    "math.round": _one("Round"),
    "math.tanh": _one("Tanh"),
    "nn.tanh": _one("Tanh"),
    "math.sigmoid": _one("Sigmoid"),
    "nn.sigmoid": _one("Sigmoid"),
    "math.softplus": _one("Softplus"),
    "nn.softsign": _one("Softsign"),
    "nn.relu": _one("Relu"),
    "nn.relu6": _one("Relu6"),
    "nn.elu": _one("Elu"),
    "nn.selu": _one("Selu"),
    "nn.silu": Translation("Silu", idle={"beta": (1.0,)}),
    "nn.swish": Translation("Silu", idle={"beta": (1.0,)}),
    "nn.gelu": Translation(
        "Gelu", options={"approximate": "approximate"}, defaults={"approximate": False}
    ),
    "nn.leaky_relu": Translation("LeakyRelu", options={"alpha": "negative_slope"}),
    "nn.softmax": _along("Softmax", -1),
    "nn.log_softmax": _along("LogSoftmax", -1),
    "math.l2_normalize": Translation(
        "Normalize", options={"axis": "axis"}, idle={"epsilon": (1e-12,)}
    ),
    "math.reduce_mean": _along("Mean", None, "keepdims"),
    "math.reduce_sum": _along("Sum", None, "keepdims"),
    "math.reduce_max": _along("Max", None, "keepdims"),
    "math.reduce_min": _along("Min", None, "keepdims"),
    "math.reduce_variance": _along("Var", None, "keepdims"),
    "math.reduce_std": _along("Std", None, "keepdims"),
    "clip_by_value": Translation(
        "Clip", options={"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
    "cast": Translation("Cast", options={"dtype": "dtype"}),
    "identity": _one("StopGradient"),
    "stop_gradient": _one("StopGradient"),
    "reshape": Translation("Reshape", options={"shape": "newshape"}),
    "compat.v1.transpose": TRANSPOSE,
    "transpose": TRANSPOSE,
    "squeeze": SQUEEZE,
    "compat.v1.squeeze": SQUEEZE,
    "expand_dims": _along("ExpandDims", None),
    "pad": PAD,
    "compat.v1.pad": PAD,
    "tile": Translation("Tile", options={"multiples": "repeats"}),
    "repeat": Translation("Repeat", options={"repeats": "repeats", "axis": "axis"}),
    "reverse": Translation("Flip", options={"axis": "axis"}),
    "concat": _along("Concatenate", None),
    "stack": _along("Stack", 0),
    "unstack": _along("Unstack", 0, "num"),
    "split": Translation(
        "Split",
        options={"num_or_size_splits": "indices_or_sections", "axis": "axis", "num": "num"},
        defaults={"axis": 0},
    ),
    "nn.depth_to_space": Translation(
        "DepthToSpace", options={"block_size": "block_size"}, idle={"data_format": ("NHWC",)}
    ),
    "nn.space_to_depth": Translation(
        "SpaceToDepth", options={"block_size": "block_size"}, idle={"data_format": ("NHWC",)}
    ),
    "image.resize": Translation(
        "Resize",
        options={"size": "size", "method": "interpolation", "antialias": "antialias"},
        idle={"preserve_aspect_ratio": (False,)},
    ),
}


def _begins(value: Any) -> Any:
    """Return where the parts of an axis begin but the first, of lengths; a number of parts stays.

    >>> _begins([1, 2, 3]), _begins(4)
    ([1, 3], 4)
    """
    if not isinstance(value, list) or not all(isinstance(one, int) for one in value):
        return value
    return [*accumulate(value)][:-1]


CONVERTED: Mapping[str, Callable[[Any], Any]] = {"indices_or_sections": _begins}


def translate_call(
    function: str, named: Mapping[str, Any], is_array: Callable[[Any], bool]
) -> tuple[str, list[Any], dict[str, Any]] | None:
    """Return the operation of Keras, its further operands, and its options.

    function: as TensorFlow has it, "math.add". named: the arguments but for the first. is_array:
    tells of a value whether it stands for an output of a layer, which no option can be. None: this
    function, or one of its arguments, has no operation.

    >>> translate_call("math.reduce_mean", {"axis": [1, 2], "name": None}, lambda _: False)
    ('Mean', [], {'axis': [1, 2]})
    """
    known = FUNCTIONS.get(function)
    if known is None:
        return None
    options = dict(known.defaults)
    operands = [named[name] for name in known.operands if name in named]
    for name, value in named.items():
        if name in known.options and not is_array(value):
            own = known.options[name]
            options[own] = CONVERTED.get(own, lambda one: one)(value)
        elif name not in (*known.operands, "name") and not (
            name in known.idle and any(value == at for at in known.idle[name])
        ):
            return None
    options = {name: value for name, value in options.items() if name != "num" or value is not None}
    return known.operation, operands, options
