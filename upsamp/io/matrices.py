"""Matrices as text, JSON and NumPy files; what is written is read back without loss."""

import json
import re
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import available_memory, format_bytes
from upsamp.errors import FormatError
from upsamp.io.npy_files import NPY_DAMAGE, check_numbers, first_line, read_npy_head

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

__all__ = [
    "decimal",
    "format_matrix",
    "parse_matrix",
    "parse_text",
    "read_npy",
    "read_npz",
    "write_matrix",
]

INTEGER = re.compile(r"[+-]?\d+")
# Integers up to here are float64 values; larger ones are kept as integers, or digits would go.
EXACT = 2**53
# So many numbers are written as text at a time.
BLOCK = 2**16


# --- text


def parse_matrix(data: bytes, name: str) -> Array:
    """Return the matrix that bytes of text hold, in any text format; `name` is for errors."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise FormatError(
            f"{name} is neither an image nor text. Give an image, .npy, .npz, or text in UTF-8."
        ) from None
    return parse_text(text, name)


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
    stripped = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if stripped.startswith("["):
        return _parse_json(stripped, name)
    lines = list(enumerate(stripped.split("\n"), 1))
    lines = [(number, line) for number, line in lines if line.strip() and line.lstrip()[0] != "#"]
    kind = "line"
    if len(lines) == 1:
        kind = "row"
        lines = list(enumerate(lines[0][1].strip().rstrip(";").split(";"), 1))
    rows: list[tuple[int, list[int | float]]] = []
    for number, line in lines:
        tokens = _tokens(line.strip(" ").rstrip(";"))
        if tokens:
            rows.append((number, [_number(token, kind, number, name) for token in tokens]))
    if not rows:
        raise FormatError(f"{name} holds no numbers. A matrix is written as '1 2; 3 4'.")
    first, width = rows[0][0], len(rows[0][1])
    for number, row in rows:
        if len(row) != width:
            raise FormatError(
                f"The rows of a matrix must be equally long. Received: {name}, {kind} {number} has "
                f"{_count(len(row))} and {kind} {first} has {_count(width)}."
            )
    return _as_array([row for _, row in rows], name)


def _tokens(line: str) -> list[str]:
    for delimiter in (",", "\t"):
        if delimiter in line:
            return [token.strip() for token in line.split(delimiter)]
    return line.split()


def _count(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"


def _number(token: str, kind: str, line: int, name: str) -> int | float:
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
        f"A matrix must hold numbers. Received: {name}, {kind} {line} has {received} in place of "
        "a number. Leave headings out, or put # before them."
    )


def _integer(text: str) -> int | float:
    """Return an integer; a negative zero becomes a float, or its sign would go."""
    value = int(text)
    return value if value or not text.startswith("-") else -0.0


def _as_array(rows: list[Any], name: str) -> Array:
    """Return nested lists of numbers as float64, or as integers where float64 loses digits."""
    leaves = list(_leaves(rows))
    if any(type(leaf) is float for leaf in leaves):
        return np.array(rows, np.float64)
    low, high = min(leaves), max(leaves)
    if max(-low, high) <= EXACT:
        return np.array(rows, np.float64)
    for dtype in (np.int64, np.uint64):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return np.array(rows, dtype)
    raise FormatError(f"The integers of {name} must fit in 64 bits. Write them with a point.")


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


# --- NumPy files


def read_npy(stream: BinaryIO, name: str) -> Array:
    """Read one array of a .npy stream; nothing that it holds is ever run."""
    buffer = BytesIO(stream.read())
    read_npy_head(buffer, name)
    buffer.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of heads that Python 2 wrote
            array: Array = np.load(buffer, allow_pickle=False)
    except NPY_DAMAGE as error:
        raise FormatError(f"{name} is no valid .npy file: {first_line(error)}.") from error
    check_numbers(array.shape, array.dtype, name)
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="), copy=False)


def read_npz(stream: BinaryIO, name: str, key: str | None = None) -> Array:
    """Read one array of a .npz stream: `key`, or the only one."""
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(stream) as archive:
            member = _npz_member(archive, name, key)
            with archive.open(member) as content:
                return read_npy(BytesIO(content.read()), name)
    except FormatError:
        raise
    except (*NPY_DAMAGE, BadZipFile, zlib.error) as error:
        raise FormatError(f"{name} is no valid .npz file: {first_line(error)}.") from error


def _npz_member(archive: "ZipFile", name: str, key: str | None) -> "ZipInfo":
    """Return the member that holds the array `key`, or the only one, if memory can hold it."""
    members = {
        member.filename.removesuffix(".npy"): member
        for member in archive.infolist()
        if member.filename.endswith(".npy")
    }
    if key is None and len(members) == 1:
        key = next(iter(members))
    if key is None or key not in members:
        raise FormatError(
            f"{name} must be asked for one of its arrays, as in 'FILE.npz:NAME'. "
            f"It holds: {', '.join(members) or 'none'}."
        )
    size = members[key].file_size
    if size > available_memory():
        raise FormatError(f"{name} declares {format_bytes(size)}, more than memory has.")
    return members[key]
