"""How many pages a TIFF has, and where, found without decoding any of them.

Sources: Adobe, "TIFF Revision 6.0", section 2, and for BigTIFF the Library of Congress, "BigTIFF"
(fdd000328).
"""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from upsamp.io.images.compressed import exactly

__all__ = [
    "FirstPage",
    "frame_count",
    "is_tiff",
    "tiff_pages",
    "tiff_tags",
]

# A photo of several views (MPO) is a JPEG. What Pillow gives as frames of a PSD are its layers. A
# TIFF with an odd signature, which Pillow reads, is read as one page.
SINGLE = ("MPO", "PSD", "TIFF")
TIFF_HEADS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}


def frame_count(image: Image.Image) -> int:
    """Return how many frames an opened image has that is no TIFF, GIF or PNG."""
    return 1 if image.format in SINGLE else getattr(image, "n_frames", 1)


def is_tiff(stream: BinaryIO) -> bool:
    """Tell whether a stream begins as a TIFF does."""
    stream.seek(0)
    return stream.read(4) in TIFF_HEADS


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
