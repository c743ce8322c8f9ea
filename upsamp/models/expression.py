"""Layers spelled as in Keras code, read from Python's syntax tree: nothing is ever evaluated."""

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from upsamp.errors import ExpressionError, UpsampError
from upsamp.layers import LAYERS, Layer

__all__ = ["parse_layer", "parse_layers", "parse_shape"]

OPERATIONS: Mapping[type[ast.operator], Callable[[int, int], int]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
        ast.Pow: operator.pow,
    }
)
# Sizes beyond this are no layer's; and a tower of powers would else never end.
LARGEST = 2**63
DEEPEST = 100


def parse_layer(text: str) -> Layer:
    """Give the layer that is spelled in `text`, as `Dense(128 * 5 * 5, input_dim=100)`.

    A path before the name, as in `keras.layers.Dense(...)`, is taken, and so is a line of a
    program, `model.add(Dense(...))`. Arguments are literals, tuples, lists, and whole-number
    arithmetic.

    >>> parse_layer("Dense(128 * 5 * 5, input_dim=100)").compute_output_shape((None, 100))
    (None, 3200)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd spellings that Python reads all the same
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise ExpressionError(
            "A layer must be spelled as in Keras code, such as UpSampling2D(size=(2, 2)). "
            f"Received: {_excerpt(text)} ({_shorten(reason)})."
        ) from error
    if isinstance(tree, ast.Tuple) and len(tree.elts) == 1:  # a line of a list ends in a comma
        tree = tree.elts[0]
    call = _inside_add(tree)
    name = _layer_name(call, text)
    if not isinstance(call, ast.Call):
        raise ExpressionError(
            f"A layer must be spelled with its arguments. Received: {_excerpt(text)}. "
            f"Write {name}(...)."
        )
    try:
        positional = [_value(argument) for argument in call.args]
        return LAYERS[name](*positional, **_named_values(call.keywords))
    except (TypeError, ValueError, OverflowError, UpsampError) as error:
        message = _shorten(str(error).replace(".__init__()", ""))
        raise ExpressionError(f"{_excerpt(text)}: {message}") from error


def parse_layers(text: str) -> list[Layer]:
    """Give the layers that are spelled one a line; blank lines and comments are passed over."""
    layers: list[Layer] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            layers.append(parse_layer(line))
        except ExpressionError as error:
            raise ExpressionError(f"Line {number}: {error}") from error
    return layers


def parse_shape(text: str) -> tuple[int, ...]:
    """Give the shape that is spelled in `text`: "100", "28,28,1", "(28, 28, 1)" or "28x28x1".

    >>> parse_shape("28x28x1")
    (28, 28, 1)
    """
    parts = text.strip().strip("()[]").replace("x", ",").replace("X", ",").rstrip(", ").split(",")
    try:
        shape = tuple(int(part) for part in parts)
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ExpressionError(
            "A shape must be positive integers, as in 28,28,1 without the batch. "
            f"Received: {_excerpt(text)}."
        )
    return shape


def _inside_add(tree: ast.expr) -> ast.expr:
    """Give what stands inside `model.add(...)`, or the expression itself."""
    if (
        isinstance(tree, ast.Call)
        and isinstance(tree.func, ast.Attribute)
        and _is_path(tree.func.value)
        and tree.func.attr == "add"
        and len(tree.args) == 1
        and not tree.keywords
    ):
        return tree.args[0]
    return tree


def _is_path(node: ast.expr) -> bool:
    """Tell whether an expression is plain names with points between them."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _layer_name(call: ast.expr, text: str) -> str:
    """Give the name of the layer's class, behind a path of plain names or none."""
    function = call.func if isinstance(call, ast.Call) else call
    if not isinstance(function, ast.Attribute | ast.Name) or not _is_path(function):
        raise ExpressionError(
            "A layer must be spelled as in Keras code, such as UpSampling2D(size=(2, 2)). "
            f"Received: {_excerpt(text)}."
        )
    name = function.attr if isinstance(function, ast.Attribute) else function.id
    if name == "Input":
        return "InputLayer"
    if name not in LAYERS:
        near = get_close_matches(name[:80], LAYERS, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(LAYERS)}."
        raise ExpressionError(
            f"A layer must be one that upsamp has. Received: {_shorten(name)}. {remedy}"
        )
    return name


def _named_values(keywords: list[ast.keyword]) -> dict[str, Any]:
    """Give the keyword arguments, each written out and once."""
    values: dict[str, Any] = {}
    for keyword in keywords:
        if keyword.arg is None:
            raise ExpressionError("arguments must be written out, without **.")
        if keyword.arg in values:
            raise ExpressionError(
                f"an argument must not be given more than once. Received: {keyword.arg} twice."
            )
        values[keyword.arg] = _value(keyword.value)
    return values


def _value(node: ast.expr, depth: int = 0) -> Any:
    """Give the value of a literal, a tuple or list of such, or whole-number arithmetic."""
    if depth > DEEPEST:
        raise ExpressionError("arguments must not be nested without end.")
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | None):
        if isinstance(node.value, int) and node.value > LARGEST:
            raise ExpressionError("a size must be below 2**63. Received: a larger number.")
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(_value(element, depth + 1) for element in node.elts)
    if isinstance(node, ast.List):
        return [_value(element, depth + 1) for element in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = _value(node.operand, depth + 1)
        if isinstance(number, int | float):
            return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return _calculate(node, depth)
    raise ExpressionError(
        "arguments must be numbers, strings, True, False, None, tuples, lists or whole-number "
        f"arithmetic. Received: {_spelled(node)}."
    )


def _calculate(node: ast.BinOp, depth: int) -> int:
    left, right = _value(node.left, depth + 1), _value(node.right, depth + 1)
    if type(left) is not int or type(right) is not int:
        raise ExpressionError(f"arithmetic must be on whole numbers. Received: {_spelled(node)}.")
    if isinstance(node.op, ast.Pow) and (right < 0 or right > 63):
        raise ExpressionError(f"an exponent must be from 0 to 63. Received: {right}.")
    try:
        result = OPERATIONS[type(node.op)](left, right)
    except ZeroDivisionError:
        raise ExpressionError(
            f"a division by zero has no value. Received: {_spelled(node)}."
        ) from None
    if abs(result) > LARGEST:
        raise ExpressionError(f"a size must be below 2**63. Received: {_spelled(node)}.")
    return result


def _spelled(node: ast.expr) -> str:
    """Give the code of an expression, as far as it can be written down."""
    try:
        return _shorten(ast.unparse(node), 60)
    except (RecursionError, ValueError):
        return "code that is too long to show"


def _excerpt(text: str) -> str:
    """Give the text as it was received, quoted, on one line and not without end."""
    return repr(_shorten(text, 80))


def _shorten(text: str, most: int = 300) -> str:
    """Give text on one line, cut where it goes on and on."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
