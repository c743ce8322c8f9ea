"""What an argument names: a file, standard input, or a matrix written out."""

import os
import re
from functools import partial
from io import BytesIO
from typing import BinaryIO

from upsamp.core.arguments import Array
from upsamp.core.memory import take_memory
from upsamp.core.text import encoding_of
from upsamp.errors import FileError, FormatError
from upsamp.io.formats import format_of_name, is_image_format
from upsamp.io.gzip_files import unpacked
from upsamp.io.matrices import no_text, parse_text, read_text
from upsamp.io.nested_lists import begins_nested
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.io.remote_paths import is_remote, read_remote
from upsamp.io.sniffing import format_of_content
from upsamp.io.streams import STANDARD_STREAM, check_length, is_open, open_input, state_of

# What a matrix is written with: signs, digits, and the words for numbers and for none.
INLINE = re.compile(
    r"""(?:[\s\[\](),;+\-.\de"\u2212]|(?<=[\d.])d|nan|inf|infinity|#?n/?a|null|none)*""",
    re.IGNORECASE,
)
# What begins as rows of numbers do is meant as a matrix, also with a wrong cell in it.
BEGUN_ROWS = re.compile(r"\s*[+\-\u2212]?\.?\d[^;/]*;")
# No image needs more bytes in its file for each of its pixels: four channels of 32 bits. And the
# bytes that it may have besides, as for a profile or a preview.
PIXEL_BYTES, SPARE_BYTES = 16, 2**26
# Bytes that are looked at together.
BLOCK = 2**16
NUMBER = re.compile(r"\d|nan|inf", re.IGNORECASE)


def looks_like_matrix(text: str) -> bool:
    """Tell whether text is written as a matrix is: of numbers, brackets and separators alone.

    >>> looks_like_matrix("1 2; 3 4"), looks_like_matrix("photo.png")
    (True, False)
    """
    return NUMBER.search(text) is not None and INLINE.fullmatch(text) is not None


def split_array_name(text: str) -> tuple[str, str] | None:
    """Return the file and the name of FILE.npz:NAME, whatever colons they have; None without one.

    What others have opened may be such a file: /dev/stdin:NAME. A file of the whole name is not
    looked for here.
    """
    for colon in re.finditer(":", text):
        path = text[: colon.start()]
        archive = format_of_name(path.lower().removesuffix(".gz")) == "npz"
        if is_open(path) or (archive and names_file(path)):
            return path, text[colon.end() :]
    return None


def read_source(text: str, options: ReadOptions) -> Picture | Array:
    """Read what `text` names: "-" is standard input, a file wins, and otherwise it is a matrix."""
    key = None
    if is_remote(text):
        data = read_remote(text, options.max_pixels * PIXEL_BYTES + SPARE_BYTES)
        take_memory(2 * len(data))  # frames are read out of a copy
        return read_stream(BytesIO(data), text, f"'{text}'", None, options)
    if text != STANDARD_STREAM and not names_file(text):
        archive = split_array_name(text)
        if archive is None:
            if looks_like_matrix(text) or begins_nested(text) or BEGUN_ROWS.match(text):
                return parse_text(text, "the matrix", options)
            shown = text if len(text) <= 80 else f"{text[:77]}..."
            raise FileError(
                f"There is no file '{shown}', and it is no matrix either. Give a file, '-' for "
                "standard input, or a matrix such as '1 2; 3 4'."
            )
        text, key = archive
    name = "standard input" if text == STANDARD_STREAM else f"'{text}'"
    with open_input(text) as stream:
        return read_stream(stream, text, name, key, options)


def read_matrix(text: str, what: str, *, vectors: bool = False) -> Array:
    """Read a matrix, where a picture would make no sense; `what` says what it is for.

    vectors: whether it may be an array of rank 1.
    """
    source = read_source(text, ReadOptions(integers=False, vectors=vectors))
    if isinstance(source, Picture):
        raise FileError(f"{what} must be numbers. Received: the image '{text}'.")
    return source


def read_stream(
    stream: BinaryIO, path: str, name: str, key: str | None, options: ReadOptions
) -> Picture | Array:
    """Read a stream by its first bytes; where those tell nothing, by its name's suffix."""
    kind = format_of_content(_head_of(stream), path, name)
    if kind == "gzip":
        with unpacked(stream, name) as inner:
            return _read_unpacked(inner, path, name, key, options)
    _check_key(kind, name, key)
    if is_image_format(kind):
        from upsamp.io.images import read_picture  # Pillow is loaded for an image alone

        reopen = None
        if not isinstance(stream, BytesIO):
            reopen = partial(open_input, path, known=state_of(stream.fileno()))
        picture = read_picture(stream, name, options, reopen)
        if options.plain:
            from upsamp.io.plain_pictures import as_plain  # few have a network

            return as_plain(picture, options.ends)
        return picture
    return _read_array(stream, kind, name, key, options)


def _head_of(stream: BinaryIO) -> bytes:
    head = stream.read(512)
    stream.seek(0)
    return head


def _check_key(kind: str, name: str, key: str | None) -> None:
    """Raise where an array is asked for by name of what is no archive of them."""
    if key is not None and kind != "npz":
        raise FormatError(
            f"{name} must be an .npz archive, to be asked for one of its arrays. Received: content "
            f"of the kind {kind}. Leave out the colon and what is after it."
        )


def _read_unpacked(
    stream: BinaryIO, path: str, name: str, key: str | None, options: ReadOptions
) -> Array:
    """Read the matrix that was packed by gzip."""
    inner = path[:-3] if path.lower().endswith(".gz") else STANDARD_STREAM
    kind = format_of_content(_head_of(stream), inner, name)
    if is_image_format(kind):
        raise FormatError(
            f"{name} must hold a matrix, packed by gzip once. Received: something else. "
            "Unpack it first."
        )
    _check_key(kind, name, key)
    return _read_array(stream, kind, name, key, options)


def _read_array(
    stream: BinaryIO, kind: str, name: str, key: str | None, options: ReadOptions
) -> Array:
    """Read the array of a file of that kind. key: which one of an archive."""
    if kind == "npy":
        from upsamp.io.npy_files import read_npy  # most inputs are images

        return read_npy(stream, name, vectors=options.vectors)
    if kind == "npz":
        from upsamp.io.npz_files import read_npz  # to read others needs no archives

        return read_npz(stream, name, key, vectors=options.vectors)
    check_length(stream, name)
    _check_text(stream, name)
    if not any(block.strip() for block in iter(partial(stream.read, BLOCK), b"")):
        raise FileError(f"{name} is empty. A matrix is written as '1 2; 3 4'.")
    stream.seek(0)
    return read_text(stream, name, options)


def _check_text(stream: BinaryIO, name: str) -> None:
    """Raise where a stream begins with what is no text: holes of a file, which may be endless."""
    head = _head_of(stream)
    if b"\0" in head and encoding_of(head) == "utf-8-sig":
        raise no_text(name)


def names_file(text: str) -> bool:
    """Tell whether there is a file of that name; what can be no name is none.

    What is in a folder that may not be looked into counts as there: to open it tells why not.
    """
    try:
        os.lstat(text)
    except PermissionError:
        return os.sep in text
    except (OSError, ValueError):
        return False
    return True
