"""Matrices as text, JSON and NumPy files; what is written is read back without loss."""

from collections.abc import Iterator
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import WORKING, check_limit, memory_limit
from upsamp.core.text import encoding_of
from upsamp.errors import FormatError
from upsamp.io.cells import EXACT
from upsamp.io.nested_lists import begins_nested, read_nested
from upsamp.io.npy_files import npy_head
from upsamp.io.picture_options import ReadOptions
from upsamp.io.streams import size_of
from upsamp.io.text_rows import read_rows

# How many numbers are written as text at a time.
BLOCK = 2**16
# Bytes of text that are counted at a time, and the marks between numbers and lines in it.
COUNTED_BYTES = 2**16
PLAIN = bytes.maketrans(b",;[]\r", b"    \n")
# How text is read that says nothing of it.
WHOLE = ReadOptions()
# What parsing takes: bytes for each one of a line, and in JSON for each number and each list.
LINE_BYTES, JSON_NUMBER_BYTES, JSON_LIST_BYTES = 60, 64, 160


# --- text


def read_text(stream: BinaryIO, name: str, options: ReadOptions = WHOLE) -> Array:
    """Return the matrix that a stream of text holds, as `parse_text` reads it.

    The stream can be searched. Its lines are read one after the other; lists are held whole.
    """
    _check_room(stream, name, options)
    encoding = encoding_of(stream.read(4))
    stream.seek(0)
    text = TextIOWrapper(stream, encoding)
    try:
        return _parse(text, name, options, inline=False)
    except UnicodeDecodeError:
        raise no_text(name) from None
    finally:
        text.detach()


def no_text(name: str) -> FormatError:
    """Return the error for a file that is none of those that are read."""
    return FormatError(
        f"{name} is neither an image nor text. Give an image, .npy, .npz, or text in UTF-8."
    )


def parse_text(text: str, name: str, options: ReadOptions = WHOLE) -> Array:
    """Return the matrix that is written as rows, or as nested lists in brackets.

    Rows are lines, or in a single line are between semicolons; numbers are between commas,
    tabs or blanks. A line that begins with "# " is a comment. The result is float64; integers that
    float64 does not hold stay integers, if the options want them.

    >>> parse_text("1 2; 3 4", "the matrix")
    array([[1., 2.],
           [3., 4.]])
    >>> parse_text("[[1, 2.5]]", "the matrix")
    array([[1. , 2.5]])
    """
    return _parse(StringIO(text.strip(" \n"), newline=None), name, options, inline=True)


def _check_room(stream: BinaryIO, name: str, options: ReadOptions) -> None:
    """Raise `MemoryLimitError` where what text holds does not fit in --max-memory."""
    if memory_limit() is None:
        return
    numbers = lists = lines = longest = length = 0
    while block := stream.read(COUNTED_BYTES):
        plain = block.translate(PLAIN)
        numbers += len(plain.split())
        if options.missing == "nan":  # empty cells are between these
            numbers += sum(map(block.count, (b",", b";", b"\t", b"\n")))
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


def _parse(
    text: StringIO | TextIOWrapper, name: str, options: ReadOptions, *, inline: bool
) -> Array:
    first = next((line for line in text if line.strip()), "")
    if begins_nested(first):
        text.seek(0)
        return read_nested(text.read(), name, options)
    return read_rows(text, name, options, inline=inline)


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
    stream.write(npy_head(whole.shape, whole.dtype))
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
