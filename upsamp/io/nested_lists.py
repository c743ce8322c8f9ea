"""Numbers in nested brackets: JSON, a list on each line, what NumPy prints, and MATLAB's rows."""

import json
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.cells import (
    EXACT,
    is_missing,
    no_number,
    not_exact,
    number_of,
    overflows,
    too_large,
    type_of_integers,
    whole_number,
)
from upsamp.io.picture_options import ReadOptions
from upsamp.io.text_rows import read_rows

# How deep lists may be in each other.
MAX_DEPTH = 4
# Integers from here on are more than the largest float64, or are rounded to infinity.
BEYOND_FLOATS = 2**1024 - 2**970
# What stands around the lists where a library prints an array to be read by Python.
CALL = re.compile(r"(?:(?:np|numpy|jnp|torch|tf)\.)?(?:array|Array|tensor)\(\s*(?=\[)")
CALL_END = re.compile(r"\s*(?:,\s*\w+=[\w.:'\"<>|=]+\s*)*,?\)\s*")
TOKEN = re.compile(r"[\[\],]|[^\s\[\],]+", re.ASCII)
# Where a row of MATLAB ends, and a line that ends without a comma.
ROW_END = re.compile(r";\s*|\s*\n\s*")
# After which marks a comma or a bracket leaves nothing between them.
EMPTY_AFTER: Mapping[str, tuple[str, ...]] = {",": ("", ",", "["), "]": (",",)}
OPEN_LINE = re.compile(r"[^,\s]\s*\n")


def begins_nested(line: str) -> bool:
    """Tell whether a text that begins with this line is of lists in brackets."""
    return line.lstrip().startswith("[") or CALL.match(line.lstrip()) is not None


def read_nested(text: str, name: str, options: ReadOptions) -> Array:
    """Return the array of nested lists of numbers, of rank 2 to 4; one list is one row."""
    body = _inside_call(text.strip()).removesuffix(";").rstrip()
    try:
        nested = json.loads(body, parse_int=_integer)
    except RecursionError as error:
        raise _no_json(name, "it cannot be read") from error
    except ValueError as error:
        inner = body[1:].removesuffix("]").strip()
        if "[" not in inner and "]" not in inner and (";" in inner or OPEN_LINE.search(inner)):
            return _read_matlab(inner, name, options)
        begin = text.index(body)
        nested = _Brackets(text, name, options, error).read(begin, begin + len(body))
    shape = _check_nested(nested, name, "", options)
    array = _as_array([nested] if len(shape) == 1 else nested, name, options)
    if array.dtype.kind == "f" and np.isinf(array).any():
        _check_reach(body, name)
    return array


def _inside_call(text: str) -> str:
    """Return what is printed within array(...)."""
    call = CALL.match(text)
    if call is None:
        return text
    end = text.rfind("]") + 1
    return text[call.end() : end] if CALL_END.fullmatch(text, end) else text


def _integer(text: str) -> int | float:
    """Return an integer; a negative zero becomes a float, or its sign would go."""
    return int(text) or (-0.0 if text.startswith("-") else 0)


def _no_json(name: str, what: str) -> FormatError:
    return FormatError(
        f"{name} must be nested lists of numbers in JSON: {what}. Write [[1, 2], [3, 4]]."
    )


def _check_reach(text: str, name: str) -> None:
    """Raise where digits became an infinity in JSON, which has a word for it."""

    def refuse(digits: str) -> float:
        if overflows(float(digits), digits):
            raise too_large(name, "a list", digits)
        return 0.0

    try:
        json.loads(text, parse_float=refuse)
    except json.JSONDecodeError:  # brackets of another kind, whose numbers were looked at
        return


def _read_matlab(inner: str, name: str, options: ReadOptions) -> Array:
    """Return the rows between one pair of brackets, which semicolons part."""
    if ";" not in inner:
        raise FormatError(
            f"{name} must tell rows from one long line. Received: lines in one pair of brackets. "
            "Put a semicolon between rows, or brackets around each."
        )
    return read_rows(StringIO(ROW_END.sub(";", inner)), name, options, inline=True)


class _Brackets:
    """Reads lists whose numbers are between blanks, as NumPy prints them, or between commas."""

    def __init__(self, text: str, name: str, options: ReadOptions, error: ValueError) -> None:
        self._text = text
        self._name = name
        self._options = options
        self._error = error  # why the text is no JSON
        self._parted: set[bool] = set()  # whether a comma stood between two numbers

    def read(self, begin: int, end: int) -> list[Any]:
        """Return the lists between two places of the text; several are one list of them."""
        top: list[Any] = []
        stack, last = [top], ""
        for token in TOKEN.finditer(self._text, begin, end):
            word = token[0]
            if last in EMPTY_AFTER.get(word, ()):
                raise self._refuse("", token, stack[-1])
            if word == "[":
                stack[-1].append([])
                stack.append(stack[-1][-1])
            elif word == "]":
                stack.pop()
            elif word != ",":
                stack[-1].append(self._number(token, last, stack[-1]))
                if len(stack) == 1:
                    raise self._no_json()
            if not 0 < len(stack) <= MAX_DEPTH + 1:
                raise self._no_json()
            last = word
        if len(stack) > 1 or last == ",":
            raise self._no_json()
        return top[0] if len(top) == 1 else top

    def _number(self, token: re.Match[str], last: str, before: list[Any]) -> int | float | None:
        """Return the number of a token. before: what is before it in its list."""
        word = token[0]
        self._parted |= {last == ","} if before else set()
        if len(self._parted) > 1:
            raise self._refuse(f"{last} {word}", token, before)
        whole, value = whole_number(word), number_of(word)
        if whole is not None or value is None:
            if whole is None and not is_missing(word, self._options.missing):
                raise self._refuse(word, token, before)
            return whole
        if overflows(value, word):
            raise too_large(self._name, self._place(token, before), word)
        return value

    def _place(self, token: re.Match[str], before: list[Any]) -> str:
        line = self._text.count("\n", 0, token.start()) + 1
        return f"line {line}, column {len(before) + 1}"

    def _refuse(self, cell: str, token: re.Match[str], before: list[Any]) -> FormatError:
        return no_number(self._name, self._place(token, before), cell, self._options.missing)

    def _no_json(self) -> FormatError:
        known = isinstance(self._error, json.JSONDecodeError)
        return _no_json(self._name, str(self._error) if known else "it cannot be read")


def _check_nested(nested: Any, name: str, place: str, options: ReadOptions) -> tuple[int, ...]:
    """Return the shape of nested lists, and say where they are not rectangular."""
    if type(nested) in (int, float) or (nested is None and options.missing == "nan"):
        return ()
    if not isinstance(nested, list) or not nested or place.count("[") >= MAX_DEPTH:
        hint = " Use --missing nan to read null as nan." if nested is None else ""
        raise FormatError(
            f"{name} must be nested lists of numbers, four deep at the most. "
            f"Received: {json.dumps(nested)[:40]} at {place or 'the top'}."
            f"{hint if options.missing else ''}"
        )
    shapes = [
        _check_nested(item, name, f"{place}[{index}]", options) for index, item in enumerate(nested)
    ]
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise FormatError(
                f"The rows of a matrix must be equally long. Received: {name}, row {index + 1} has "
                f"shape {shape} and row 1 has shape {shapes[0]}, at {place or 'the top'}."
            )
    return (len(nested), *shapes[0])


def _as_array(rows: list[Any], name: str, options: ReadOptions) -> Array:
    """Return nested lists of numbers as float64, or as integers where float64 loses digits."""
    leaves = list(_leaves(rows))
    whole = options.integers and all(type(leaf) is int for leaf in leaves)
    if whole:
        return np.array(rows, type_of_integers(min(leaves), max(leaves), name))
    for leaf in leaves:
        if type(leaf) is int and abs(leaf) > EXACT:
            if abs(leaf) >= BEYOND_FLOATS:
                raise too_large(name, _place_of(rows, leaf), str(leaf))
            if int(float(leaf)) != leaf:
                raise not_exact(name, _place_of(rows, leaf), str(leaf))
    return np.array(rows, np.float64)


def _leaves(nested: Any) -> Iterator[Any]:
    if not isinstance(nested, list):
        yield nested
        return
    for item in nested:
        yield from _leaves(item)


def _place_of(nested: Any, leaf: int) -> str:
    """Return where a leaf is first, as indices."""
    for index, item in enumerate(nested):
        if item is leaf:
            return f"[{index}]"
        if isinstance(item, list) and any(part is leaf for part in _leaves(item)):
            return f"[{index}]{_place_of(item, leaf)}"
    return ""
