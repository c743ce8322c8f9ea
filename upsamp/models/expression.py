"""Layers spelled as in Keras code, read from Python's syntax tree: nothing is ever evaluated."""

import ast
import warnings
from typing import Any

from upsamp.core.activations import LAYER_ACTIVATIONS, activation_mapping
from upsamp.core.initializers import INITIALIZER_CLASSES, initializer_mapping
from upsamp.core.literals import excerpt, shorten, value_of
from upsamp.core.spelling import spelling_remedy
from upsamp.core.values import normalize_text
from upsamp.errors import ExpressionError, UpsampError
from upsamp.layers import LAYERS, Layer


def parse_layer(text: str) -> Layer:
    """Return the layer that is spelled in `text`, as `Dense(128 * 5 * 5, input_dim=100)`.

    A path before the name, as in `keras.layers.Dense(...)`, is taken, and so is a line of a
    program, `model.add(Dense(...))`. Arguments are literals, tuples, lists, whole-number
    arithmetic, and initializers and activations with such arguments of their own.

    >>> parse_layer("Dense(128 * 5 * 5, input_dim=100)").compute_output_shape((None, 100))
    (None, 3200)
    >>> parse_layer("Dense(8, activation=LeakyReLU(0.2))").get_config()["activation"]
    {'class_name': 'LeakyReLU', 'config': {'negative_slope': 0.2}}
    """
    text = normalize_text(text, "text")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd spellings that Python reads all the same
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise ExpressionError(
            "A layer must be spelled as in Keras code, such as UpSampling2D(size=(2, 2)). "
            f"Received: {excerpt(text)} ({shorten(reason)})."
        ) from error
    if isinstance(tree, ast.Tuple) and len(tree.elts) == 1:  # a line of a list ends in a comma
        tree = tree.elts[0]
    call = _inside_add(tree)
    name = _layer_name(call, text)
    if not isinstance(call, ast.Call):
        raise ExpressionError(
            f"A layer must be spelled with its arguments. Received: {excerpt(text)}. "
            f"Write {name}(...)."
        )
    try:
        positional = [_argument(argument) for argument in call.args]
        return LAYERS[name](*positional, **_named_values(call.keywords))
    except (TypeError, ValueError, OverflowError, UpsampError) as error:
        message = shorten(str(error).replace(".__init__()", ""))
        raise ExpressionError(f"{excerpt(text)}: {message}") from error


def parse_layers(text: str) -> list[Layer]:
    """Return the layers that are spelled one a line; blank lines and comments are passed over."""
    layers: list[Layer] = []
    for number, line in enumerate(normalize_text(text, "text").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            layers.append(parse_layer(line))
        except ExpressionError as error:
            raise ExpressionError(f"Line {number}: {error}") from error
    return layers


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the shape that is spelled in `text`: "100", "28,28,1", "(28, 28, 1)" or "28x28x1".

    >>> parse_shape("28x28x1")
    (28, 28, 1)
    """
    text = normalize_text(text, "text")
    parts = text.strip().strip("()[]").replace("x", ",").replace("X", ",").rstrip(", ").split(",")
    try:
        shape = tuple(int(part) for part in parts)
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ExpressionError(
            "A shape must be positive integers, as in 28,28,1 without the batch. "
            f"Received: {excerpt(text)}."
        )
    return shape


def _inside_add(tree: ast.expr) -> ast.expr:
    """Return what stands inside `model.add(...)`, or the expression itself."""
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
    """Return the name of the layer's class, behind a path of plain names or none."""
    function = call.func if isinstance(call, ast.Call) else call
    if not isinstance(function, ast.Attribute | ast.Name) or not _is_path(function):
        raise ExpressionError(
            "A layer must be spelled as in Keras code, such as UpSampling2D(size=(2, 2)). "
            f"Received: {excerpt(text)}."
        )
    name = function.attr if isinstance(function, ast.Attribute) else function.id
    if name == "Input":
        return "InputLayer"
    if name not in LAYERS:
        raise ExpressionError(
            "A layer must be one that upsamp has. "
            f"Received: {shorten(name)}. {spelling_remedy(name, LAYERS)}"
        )
    return name


def _named_values(keywords: list[ast.keyword]) -> dict[str, Any]:
    """Return the keyword arguments, each written out and once."""
    values: dict[str, Any] = {}
    for keyword in keywords:
        if keyword.arg is None:
            raise ExpressionError("arguments must be written out, without **.")
        if keyword.arg in values:
            raise ExpressionError(
                f"an argument must not be given more than once. Received: {keyword.arg} twice."
            )
        values[keyword.arg] = _argument(keyword.value)
    return values


def _argument(node: ast.expr) -> Any:
    """Return the value of an argument: a literal, or an activation, an initializer or a layer."""
    name = _called_name(node)
    if name is None or not isinstance(node, ast.Call):
        return value_of(node)
    makers = (activation_mapping, initializer_mapping, _inner_layer)
    if not any(name in kinds for kinds in (LAYER_ACTIVATIONS, INITIALIZER_CLASSES, LAYERS)):
        return value_of(node)
    positional = [_argument(argument) for argument in node.args]
    named = _named_values(node.keywords)
    return next(made for maker in makers if (made := maker(name, positional, named)) is not None)


def _called_name(node: ast.expr) -> str | None:
    """Return the name of what is called, behind a path of plain names or none."""
    if not isinstance(node, ast.Call) or not _is_path(node.func):
        return None
    return (
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    )


def _inner_layer(name: str, positional: list[Any], named: dict[str, Any]) -> Layer:
    """Return a layer inside of a layer, as SpectralNormalization has it."""
    return LAYERS[name](*positional, **named)
