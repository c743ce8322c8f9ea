"""Matrices as text, JSON and NumPy files; what is written is read back without loss."""

import json
import re
from array import array as number_array
from collections.abc import Iterator
from io import BytesIO, StringIO, TextIOWrapper
from itertools import chain, islice
from typing import Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import WORKING, check_limit, memory_limit
from upsamp.errors import FormatError
from upsamp.io.streams import size_of

__all__ = ["decimal", "format_matrix", "no_text", "parse_text", "read_text", "write_matrix"]

INTEGER = re.compile(r"[+-]?\d+")
# Integers up to here are float64 values; larger ones are kept as integers, or digits would go.
EXACT = 2**53
# How many numbers are written as text at a time.
BLOCK = 2**16
# Bytes of text that are counted at a time, and the marks between numbers and lines in it.
COUNTED_BYTES = 2**16
PLAIN = bytes.maketrans(b",;[]\r", b"    \n")
# What parsing takes: bytes for each one of a line, and in JSON for each number and each list.
LINE_BYTES, JSON_NUMBER_BYTES, JSON_LIST_BYTES = 60, 64, 160


# --- text


def read_text(stream: BinaryIO, name: str) -> Array:
    """Return the matrix that a stream of text holds, as `parse_text` reads it.

    The stream can be searched. Its lines are read one after the other; JSON is held whole.
    """
    _check_room(stream, name)
    encoding = "utf-16" if stream.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    stream.seek(0)
    text = TextIOWrapper(stream, encoding)
    try:
        return _parse(text, name)
    except UnicodeDecodeError:
        raise no_text(name) from None
    finally:
        text.detach()


def no_text(name: str) -> FormatError:
    """Return the error for a file that is none of those that are read."""
    return FormatError(
        f"{name} is neither an image nor text. Give an image, .npy, .npz, or text in UTF-8."
    )


def parse_text(text: str, name: str) -> Array:
    """Return the matrix that is written as rows, or as the nested lists of JSON.

    Rows are lines, or in a single line stand between semicolons; numbers stand between commas,
    tabs or spaces. Lines that begin with # are passed over. The result is float64; integers that
    float64 does not hold stay integers.

    >>> parse_text("1 2; 3 4", "the matrix")
    array([[1., 2.],
           [3., 4.]])
    >>> parse_text("[[1, 2.5]]", "the matrix")
    array([[1. , 2.5]])
    """
    return _parse(StringIO(text, newline=None), name)


def _check_room(stream: BinaryIO, name: str) -> None:
    """Raise `MemoryLimitError` where what text holds does not fit in --max-memory."""
    if memory_limit() is None:
        return
    numbers = lists = lines = longest = length = 0
    while block := stream.read(COUNTED_BYTES):
        plain = block.translate(PLAIN)
        numbers += len(plain.split())
        lists += block.count(b"[")
        lines += plain.count(b"\n")
        first, *others = plain.split(b"\n")
        longest = max(longest, length + len(first), *map(len, others))
        length = len(others[-1]) if others else length + len(first)
    stream.seek(0)
    needed = 8 * numbers + LINE_BYTES * longest
    if lists:
        needed += 3 * size_of(stream) + JSON_NUMBER_BYTES * numbers + JSON_LIST_BYTES * lists
    # What is done with the numbers takes memory, too.
    rows = max(1, lists - 1, lines + bool(length))
    declared = np.broadcast_to(np.zeros(()), (rows, -(-numbers // rows)))
    check_limit(max(needed, 8 * numbers + WORKING), f"the numbers of {name}", declared)


def _parse(text: StringIO | TextIOWrapper, name: str) -> Array:
    """Return the matrix of a text that can be searched."""
    first = next((line for line in text if line.strip()), "")
    if first.lstrip().startswith("["):
        return _parse_json((first.lstrip() + text.read()).rstrip(), name)
    values = number_array("d")
    width, begin, whole = 0, "", True
    low: int | float = 0
    high: int | float = 0
    for place, words in _rows(text):
        row = [_number(word, place, name) for word in words]
        if not width:
            width, begin = len(row), place
        if len(row) != width:
            raise FormatError(
                f"The rows of a matrix must be equally long. Received: {name}, {place} has "
                f"{_count(len(row))} and {begin} has {_count(width)}."
            )
        whole = whole and all(type(number) is int for number in row)
        if whole:
            low, high = min(low, *row), max(high, *row)
        try:
            values.extend(row)
        except OverflowError:
            raise _too_long(name) from None
    if not width:
        raise FormatError(f"{name} holds no numbers. A matrix is written as '1 2; 3 4'.")
    dtype = _dtype_of(low, high, name) if whole else np.dtype(np.float64)
    if dtype == np.float64:
        return np.frombuffer(values, dtype).reshape(-1, width)
    del values  # floats have lost digits, so the integers are read again
    integers = (int(word) for _, words in _rows(text) for word in words)
    return np.fromiter(integers, dtype).reshape(-1, width)


def _rows(text: StringIO | TextIOWrapper) -> Iterator[tuple[str, list[str]]]:
    """Yield the words of each row, after where it stands, from the first row on."""
    lines = _lines(text)
    ahead = list(islice(lines, 2))
    kind = "line"
    if len(ahead) == 1:
        kind = "row"
        ahead = list(enumerate(ahead[0][1].strip().rstrip(";").split(";"), 1))
    for number, line in chain(ahead, lines):
        words = _tokens(line.strip(" ").rstrip(";"))
        if words:
            yield f"{kind} {number}", words


def _lines(text: StringIO | TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold something, each with its number, without blanks around them all."""
    text.seek(0)
    number = 0
    held: tuple[int, str] | None = None
    for line in text:
        number += bool(number or line.strip())
        if not line.strip() or line.lstrip()[0] == "#":
            continue
        if held:
            yield held
        held = number, line.lstrip() if number == 1 else line.rstrip("\n")
    if held:
        yield held[0], held[1].rstrip()


def _tokens(line: str) -> list[str]:
    for delimiter in (",", "\t"):
        if delimiter in line:
            return [token.strip() for token in line.split(delimiter)]
    return line.split()


def _count(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"


def _number(token: str, place: str, name: str) -> int | float:
    """Return the number that is written; a negative zero is a float, or its sign would go."""
    try:
        if INTEGER.fullmatch(token):
            return _integer(token)
        if "_" not in token:
            return float(token)
    except ValueError:
        pass
    shown = token if len(token) <= 40 else f"{token[:37]}..."
    received = f"'{shown}'" if token else "nothing"
    raise FormatError(
        f"A matrix must hold numbers. Received: {name}, {place} has {received} in place of "
        "a number. Leave headings out, or put # before them."
    )


def _integer(text: str) -> int | float:
    """Return an integer; a negative zero becomes a float, or its sign would go."""
    value = int(text)
    return value if value or not text.startswith("-") else -0.0


def _dtype_of(low: float, high: float, name: str) -> np.dtype[Any]:
    """Return the type of integers: float64 where it loses no digits."""
    if max(-low, high) <= EXACT:
        return np.dtype(np.float64)
    for dtype in (np.dtype(np.int64), np.dtype(np.uint64)):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return dtype
    raise _too_long(name)


def _too_long(name: str) -> FormatError:
    return FormatError(f"The integers of {name} must fit in 64 bits. Write them with a point.")


def _as_array(rows: list[Any], name: str) -> Array:
    """Return nested lists of numbers as float64, or as integers where float64 loses digits."""
    leaves = list(_leaves(rows))
    whole = all(type(leaf) is int for leaf in leaves)
    dtype = _dtype_of(min(leaves), max(leaves), name) if whole else np.dtype(np.float64)
    try:
        return np.array(rows, dtype)
    except OverflowError:
        raise _too_long(name) from None


def _leaves(nested: Any) -> Iterator[Any]:
    """Yield the numbers of nested lists, one after the other."""
    if not isinstance(nested, list):
        yield nested
        return
    for item in nested:
        yield from _leaves(item)


def _parse_json(text: str, name: str) -> Array:
    try:
        nested = json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise FormatError(
            f"{name} must be nested lists of numbers in JSON: {what}. Write [[1, 2], [3, 4]]."
        ) from error
    if nested and all(type(item) in (int, float) for item in nested):
        nested = [nested]
    _check_nested(nested, name, "")
    return _as_array(nested, name)


def _check_nested(nested: Any, name: str, place: str) -> tuple[int, ...]:
    """Return the shape of nested lists, and say where they are not rectangular."""
    if type(nested) in (int, float):
        return ()
    if not isinstance(nested, list) or not nested or place.count("[") >= 4:
        raise FormatError(
            f"{name} must be nested lists of numbers, four deep at the most. "
            f"Received: {json.dumps(nested)[:40]} at {place or 'the top'}."
        )
    shapes = [_check_nested(item, name, f"{place}[{index}]") for index, item in enumerate(nested)]
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise FormatError(
                f"The rows of a matrix must be equally long. Received: {name}, row {index + 1} has "
                f"shape {shape} and row 1 has shape {shapes[0]}, at {place or 'the top'}."
            )
    return (len(nested), *shapes[0])


def decimal(value: float) -> str:
    """Write a number in the shortest decimals that float64 reads back exactly.

    >>> decimal(1.0), decimal(0.1), decimal(-0.0), decimal(float("inf"))
    ('1', '0.1', '-0', 'inf')
    """
    text = repr(value)
    # A whole number that has no float beside it keeps its point, to be read as a float again.
    return text.removesuffix(".0") if abs(value) <= EXACT else text


def format_matrix(array: Array, format_name: str) -> bytes:
    """Return the bytes that `write_matrix` writes."""
    buffer = BytesIO()
    write_matrix(array, format_name, buffer)
    return buffer.getvalue()


def write_matrix(array: Array, format_name: str, stream: BinaryIO) -> None:
    """Write a matrix in one of the matrix formats; text a block of rows at a time.

    txt, csv and tsv hold rows, so rank 2; txt writes higher ranks as JSON, which is read back all
    the same. JSON has NaN and Infinity as Python writes them.
    """
    if format_name == "npy":
        _write_npy(array, stream)
    elif format_name == "npz":
        from upsamp.io.npz_files import write_npz_arrays  # few results are archives

        write_npz_arrays({"array": array}, stream, compressed=True)
    else:
        stream.writelines(block.encode() for block in _text_blocks(array, format_name))


def _write_npy(array: Array, stream: BinaryIO) -> None:
    """Write an array as numpy.save does, but through the stream, whose errors say why."""
    whole = np.ascontiguousarray(array)
    description = np.lib.format.header_data_from_array_1_0(whole)
    np.lib.format.write_array_header_1_0(stream, description)
    stream.write(whole.reshape(-1).view(np.uint8).data)


def _text_blocks(array: Array, format_name: str) -> Iterator[str]:
    """Yield the text of a matrix, some rows at a time."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise FormatError(
            f"Text must not lose digits, and {array.dtype} has more than are read back. "
            "Use -o FILE.npy."
        )
    nested = format_name == "json" or (format_name == "txt" and array.ndim != 2)
    if not nested and array.ndim != 2:
        raise FormatError(
            f"{format_name.upper()} must be given a matrix of rows. Received: shape {array.shape}. "
            "Use json or npy."
        )
    delimiter = {"txt": " ", "csv": ",", "tsv": "\t"}.get(format_name, "")
    write = decimal if array.dtype.kind == "f" else str
    rows = max(1, BLOCK // array[:1].size)
    for start in range(0, len(array), rows):
        block = array[start : start + rows]
        if array.dtype.kind in "bf":
            block = block.astype(np.float64 if array.dtype.kind == "f" else np.uint8)
        items = block.tolist()
        if nested:
            yield ("[" if start == 0 else ",\n ") + ",\n ".join(map(_json, items))
        else:
            yield "".join(f"{delimiter.join(map(write, row))}\n" for row in items)
    if nested:
        yield "]\n"


def _json(item: Any) -> str:
    if isinstance(item, list):
        return f"[{', '.join(_json(part) for part in item)}]"
    if isinstance(item, float):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(
            decimal(item), decimal(item)
        )
    return str(item)
