"""How many frames or pages a file has, found without decoding any of them.

Sources: CompuServe, "Graphics Interchange Format, Version 89a" (1990); Adobe, "TIFF Revision 6.0",
section 2, and for BigTIFF the Library of Congress, "BigTIFF" (fdd000328).
"""

import struct
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from upsamp.io.images.compressed import CUT_OFF, exactly

__all__ = [
    "FirstPage",
    "frames_of",
    "gif_colours",
    "gif_frames",
    "is_tiff",
    "tiff_pages",
    "tiff_tags",
]

# A photo of several views (MPO) is a JPEG. What Pillow gives as frames of a PSD are its layers. A
# TIFF with an odd signature, which Pillow reads, is read as one page.
SINGLE = ("MPO", "PSD", "TIFF")
TIFF_HEADS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}


def frames_of(image: Image.Image, stream: BinaryIO) -> Generator[int, None, bool]:
    """Yield something for each frame of an opened image that is no TIFF.

    Returns whether the file ends as it should, as far as that is found.
    """
    if image.format == "GIF":
        return (yield from gif_frames(stream))
    yield from range(1 if image.format in SINGLE else getattr(image, "n_frames", 1))
    return True


def is_tiff(stream: BinaryIO) -> bool:
    """Tell whether a stream begins as a TIFF does."""
    stream.seek(0)
    return stream.read(4) in TIFF_HEADS


def gif_frames(stream: BinaryIO) -> Generator[int, None, bool]:
    """Yield the place of each image of a GIF, behind its comma; raise `OSError` where it is cut.

    Returns whether the GIF has its last byte, which some programs do not write.
    """
    stream.seek(10)
    stream.seek(2 + 3 * gif_colours(_byte(stream)), 1)
    is_whole = False  # whether what was read so far ends with an image, and perhaps zeros
    while (kind := stream.read(1)) != b";":
        if kind == b",":
            place = stream.tell()
            yield place
            stream.seek(place + 8)  # it may have been moved
            stream.seek(3 * gif_colours(_byte(stream)) + 1, 1)
        elif kind == b"!":
            stream.seek(1, 1)
        elif not kind:
            if is_whole:
                return False
            raise OSError(CUT_OFF)
        else:  # Pillow passes over what is neither
            is_whole = is_whole and kind == b"\0"
            continue
        while size := _byte(stream):
            stream.seek(size, 1)
        is_whole = kind == b","
    return True


def gif_colours(flags: int) -> int:
    """Return how many colours a table has that these flags tell of; each has 3 bytes."""
    return 2 << (flags & 7) if flags & 0x80 else 0


def _byte(stream: BinaryIO) -> int:
    return exactly(stream, 1)[0]


class TiffForm(NamedTuple):
    """How a TIFF writes numbers, as `struct` names them, and how long its entries are.

    counts, places: the kinds of these numbers. entry: bytes of a tag in a page's directory. header:
    bytes before the place of the first page.
    """

    counts: str
    places: str
    entry: int
    header: int


def tiff_pages(stream: BinaryIO) -> Iterator[int]:
    """Yield the place of the directory of each page of a TIFF, until one leads to another again."""
    form = _tiff_form(stream)
    stream.seek(form.header)
    seen = set()
    place = _number(stream, form.places)
    while place and place not in seen:
        seen.add(place)
        stream.seek(place)
        stream.seek(_number(stream, form.counts) * form.entry, 1)
        following = _number(stream, form.places)
        yield place
        place = following


def tiff_tags(stream: BinaryIO) -> Iterator[int]:
    """Yield the numbers of the tags of the first page."""
    form = _tiff_form(stream)
    stream.seek(form.header)
    stream.seek(_number(stream, form.places))
    for _ in range(_number(stream, form.counts)):
        yield _number(stream, form.places[0] + "H")
        stream.seek(form.entry - 2, 1)


def _tiff_form(stream: BinaryIO) -> TiffForm:
    stream.seek(0)
    head = stream.read(4)
    if head not in TIFF_HEADS:
        raise OSError("it is no TIFF")
    order = TIFF_HEADS[head]
    if b"+" in head:
        return TiffForm(order + "Q", order + "Q", 20, 8)
    return TiffForm(order + "H", order + "I", 12, 4)


def _number(stream: BinaryIO, kind: str) -> int:
    return int(struct.unpack(kind, exactly(stream, struct.calcsize(kind)))[0])


class FirstPage:
    """A TIFF as if a page of it were the first, so that no other has to be read on the way to it.

    What else a stream can do, the stream does.
    """

    def __init__(self, stream: BinaryIO, place: int) -> None:
        form = _tiff_form(stream)
        stream.seek(0)
        self._head = stream.read(form.header) + struct.pack(form.places, place)
        self._stream = stream
        stream.seek(0)

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does, with that page's place in the header."""
        place = self._stream.tell()
        data = self._stream.read(size)
        return self._head[place : place + len(data)] + data[max(0, len(self._head) - place) :]

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return how many bytes."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has by that name."""
        return getattr(self._stream, name)
