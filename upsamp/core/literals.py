"""Values in Python's syntax tree that can be read without evaluating anything."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from upsamp.errors import ExpressionError

OPERATIONS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
# Sizes beyond this are no layer's; and a tower of powers would otherwise never end.
LARGEST = 2**63
DEEPEST = 100


def value_of(node: ast.expr, depth: int = 0) -> Any:
    """Return the value of a literal, a tuple or list of such, or whole-number arithmetic.

    Lists become tuples. Raises `ExpressionError` for anything else.

    >>> value_of(ast.parse("(2, 3 * 4)", mode="eval").body)
    (2, 12)
    """
    if depth > DEEPEST:
        raise ExpressionError("arguments must not be nested without end.")
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | None):
        if isinstance(node.value, int) and node.value > LARGEST:
            raise ExpressionError("a size must be below 2**63. Received: a larger number.")
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(value_of(element, depth + 1) for element in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number = value_of(node.operand, depth + 1)
        if isinstance(number, int | float):
            return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return _calculate(node, depth)
    raise ExpressionError(
        "arguments must be numbers, strings, True, False, None, tuples, lists or whole-number "
        f"arithmetic. Received: {_spelled(node)}."
    )


def _calculate(node: ast.BinOp, depth: int) -> int:
    left, right = value_of(node.left, depth + 1), value_of(node.right, depth + 1)
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
    """Return the code of an expression, as far as it can be written down."""
    try:
        return shorten(ast.unparse(node), 60)
    except (RecursionError, ValueError):
        return "code that is too long to show"


def excerpt(text: str) -> str:
    """Return text as it was received, quoted, on one line and not without end.

    >>> excerpt("Upsample(   2)")
    "'Upsample( 2)'"
    """
    return repr(shorten(text, 80))


def shorten(text: str, most: int = 300) -> str:
    """Return text on one line, its end left out where it is longer than `most`.

    >>> shorten("Upsample(2)", 8)
    'Upsam...'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
