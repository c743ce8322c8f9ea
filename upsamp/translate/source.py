"""Pieces of Python source, from which the programs are put together."""

import ast
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from upsamp.core.arguments import Array, Pair, normalize_array, normalize_count
from upsamp.core.axes import MAX_AXES
from upsamp.core.values import as_list, normalize_text, spelled
from upsamp.errors import ArgumentError, ShapeError

WIDTH = 96
# An array of more elements than this is read from a file: nobody reads so many numbers.
LARGEST = 64


@dataclass(frozen=True)
class Data:
    """The arrays of a program, and what is done besides the computation.

    sources: of each array by its name. imports: the lines that import what they need besides NumPy.
    before: the lines that change the arrays first. after: those that change `y` last, an array
    (N, H, W, C) of float32 that may be read-only.
    """

    sources: Mapping[str, str]
    imports: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def array_source(array: Array, shape: Sequence[int], file: str = "x.npy") -> str:
    """Return the source of an array of real numbers in another shape of as many elements.

    An array of up to 64 elements is written out, exactly: its numbers, rounded to its dtype, are
    those of the array. A larger one is read from `file`, which is to be saved beside the program.

    >>> import numpy as np
    >>> print(array_source(np.array([[1.0, 2.0], [3.0, 4.0]]), (1, 2, 2, 1)))
    np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    """
    array = normalize_array(array, "array", tuple(range(33)))
    file = normalize_text(file, "file")
    lengths = as_list(shape, most=MAX_AXES) or []
    shape = tuple(normalize_count(length, "shape") for length in lengths)
    if math.prod(shape) != array.size:
        raise ShapeError(
            f"`shape` must have as many elements as the array, {array.size}. "
            f"Received: shape={shape}."
        )
    if array.size > LARGEST:
        return f"np.load({file!r}){_reshape(array, shape)}"
    return written_array(array, shape)


def _reshape(array: Array, shape: Sequence[int]) -> str:
    return "" if array.shape == tuple(shape) else f".reshape({', '.join(map(str, shape))})"


def written_array(array: Array, shape: Sequence[int]) -> str:
    """Return the source of an array that is written out, of any size; see `array_source`."""
    reshape = _reshape(array, shape)
    text = f"np.array({_numbers(array)})"
    if len(text) <= WIDTH - 30:  # which leaves room for what stands around it
        return text + reshape
    rows = text.replace("], [", "],\n    [").splitlines()
    lines = [
        textwrap.fill(
            row, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="    "
        )
        for row in rows
    ]
    return "\n".join(lines) + reshape


def _numbers(array: Array) -> str:
    if array.ndim:
        return f"[{', '.join(_numbers(part) for part in array)}]"
    # The shortest text that reads back as the same number of the array's own dtype.
    text = str(array[()])
    return text.replace("nan", "np.nan").replace("inf", "np.inf")


def comment(text: str) -> str:
    """Return a comment, on as many lines as it takes."""
    return textwrap.fill(
        text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def call(start: str, arguments: Iterable[str]) -> str:
    """Return a call: on one line or in an indented one if it fits, otherwise an argument a line.

    >>> call("y = resize", ["x", "size=(2, 3)"])
    'y = resize(x, size=(2, 3))'
    """
    return _enclose(f"{start}(", arguments, ")")


def listing(start: str, elements: Iterable[str]) -> str:
    """Return a list: on one line or in an indented one if it fits, otherwise an element a line.

    >>> listing("parts = ", ["x", "y"])
    'parts = [x, y]'
    """
    return _enclose(f"{start}[", elements, "]")


def _enclose(start: str, parts: Iterable[str], end: str) -> str:
    elements = list(parts)
    line = f"{start}{', '.join(elements)}{end}"
    if len(line) <= WIDTH:
        return line
    line = f"    {', '.join(elements)}"
    if len(line) <= WIDTH and "\n" not in line:
        return f"{start}\n{line}\n{end}"
    return "\n".join([start, *(textwrap.indent(f"{part},", "    ") for part in elements), end])


def pair(value: Pair) -> str:
    """Return (rows, columns) as users write it: one number where they are alike.

    >>> pair((2, 2)), pair((2, 3))
    ('2', '(2, 3)')
    """
    return str(value[0]) if value[0] == value[1] else str(value)


def write_program(title: str, imports: Iterable[str], data: Data, steps: Iterable[str]) -> str:
    """Return the text of a program that computes `y` from arrays of float32, and prints it.

    steps: the lines and blocks that compute `y`.

    Raises `ArgumentError` where the source of an array is no expression.
    """
    return "\n".join(
        [
            comment(title),
            *sorted({*imports, *data.imports}, key=lambda line: (line.startswith("from"), line)),
            "",
            *(_single(name, text) for name, text in data.sources.items()),
            *data.before,
            "",
            *steps,
            *data.after,
            "print(y)",
            "",
        ]
    )


def _single(name: str, text: str) -> str:
    """Return the line that makes an array of float32 from an expression."""
    text = normalize_text(text, name)
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArgumentError(
            f"`{name}` must be the source of an array, one Python expression such as "
            f"np.load('{name}.npy'). Received: {name}={spelled(text)}."
        ) from error
    if isinstance(tree, ast.Call):
        return f"{name} = {text}.astype(np.float32)"
    return call(f"{name} = np.asarray", [text, "np.float32"])
