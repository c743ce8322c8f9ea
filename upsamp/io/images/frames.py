"""How many pages a TIFF has, and where, found without decoding any of them.

Sources: Adobe, "TIFF Revision 6.0", section 2, and for BigTIFF the Library of Congress, "BigTIFF"
(fdd000328).
"""

import struct
from collections.abc import Generator, Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from upsamp.io.images.compressed import exactly
from upsamp.io.metadata.directory import HEADS

# A photo of several views (MPO) is a JPEG. What Pillow gives as frames of a PSD are its layers. A
# TIFF with an odd signature, which Pillow reads, is refused when its tags are looked at.
SINGLE = ("MPO", "PSD", "TIFF")
# Bits of what a page is of another one, what the numbers of pages that are read mean, and how many
# tags are looked at for that: they are in order.
REDUCED, MASK = 1, 4
PHOTOMETRICS = (-1, 0, 1, 2, 3, 4, 5, 6, 8)
FIRST_TAGS = 32
# Smaller copies of a page, each of half its size, and a mask of each.
MOST_COPIES = 64


def frame_count(image: Image.Image) -> int:
    """Return how many frames an opened image has that is no TIFF, GIF or PNG."""
    if image.format == "ICO":
        return len(icon_sizes(image))
    return 1 if image.format in SINGLE else getattr(image, "n_frames", 1)


def icon_sizes(image: Any) -> list[tuple[int, int]]:
    """Return the sizes that an icon holds, the largest first; none of another format."""
    if image.format != "ICO":
        return []
    return sorted(image.info["sizes"], key=lambda size: (size[0] * size[1], size), reverse=True)


def is_tiff(stream: BinaryIO) -> bool:
    """Tell whether a stream begins as a TIFF does."""
    stream.seek(0)
    return stream.read(4) in HEADS


class TiffForm(NamedTuple):
    """How a TIFF writes numbers, as `struct` names them, and how long its entries are.

    counts, places: the kinds of these numbers. entry: bytes of a tag in a page's directory. header:
    bytes before the place of the first page.
    """

    counts: str
    places: str
    entry: int
    header: int


class TiffPage(NamedTuple):
    """A page of a TIFF: where its directory is, and what the first of its tags say.

    subfile: bits that say what it is of another. photometric: what its numbers mean, -1 where it
    does not say.
    """

    place: int
    subfile: int
    size: tuple[int, int]
    photometric: int
    orientation: int

    @property
    def is_mask(self) -> bool:
        """Whether it says where another page is transparent."""
        return bool(self.subfile & MASK)


def tiff_pages(stream: BinaryIO, start: int = 0) -> Iterator[TiffPage]:
    """Yield each page of a TIFF, until one leads to another again.

    start: the place of the directory to begin with; the first without it.
    """
    form = _tiff_form(stream)
    stream.seek(form.header)
    seen = set()
    place = start or _number(stream, form.places)
    while place and place not in seen:
        seen.add(place)
        stream.seek(place)
        count = _number(stream, form.counts)
        entries = stream.read(min(count, FIRST_TAGS) * form.entry)
        stream.seek(place + struct.calcsize(form.counts) + count * form.entry)
        following = _number(stream, form.places)
        yield _page(place, entries, form)
        place = following


def _page(place: int, entries: bytes, form: TiffForm) -> TiffPage:
    """Return what the entries of a directory say, of tags that are one whole number."""
    values = {}
    order, value = form.places[0], form.entry - struct.calcsize(form.places)
    for start in range(0, len(entries) - form.entry + 1, form.entry):
        tag, kind = struct.unpack_from(order + "HH", entries, start)
        if kind in (3, 4):
            (values[tag],) = struct.unpack_from(order + "HI"[kind - 3], entries, start + value)
    size = values.get(256, 0), values.get(257, 0)
    return TiffPage(place, values.get(254, 0), size, values.get(262, -1), values.get(274, 1))


def tiff_frames(stream: BinaryIO) -> Generator[int, None, tuple[str, ...]]:
    """Yield the place of each page of a TIFF that is a picture of its own.

    Returns what is to be told of the others: smaller copies of a picture before them, and pages
    that cannot be read. Masks belong to the pictures of their size.
    """
    sizes, unknown, copies, last = set(), [], 0, (0, 0)
    for number, page in enumerate(tiff_pages(stream)):
        if page.subfile & REDUCED and page.size != last and max(page.size) <= max(last):
            copies += not page.is_mask
        elif page.photometric not in PHOTOMETRICS:
            unknown.append((number, page))
        elif not (page.is_mask and page.size in sizes):
            last = page.size
            sizes.add(last)
            yield page.place
    if not sizes:  # to read them says why not
        yield from (page.place for _, page in unknown)
        return ()
    told = [f"smaller copies of the picture are left out: {copies}"] if copies else []
    told += [
        f"page {number} is left out: its pixels, photometric {page.photometric}, are none that "
        "are known"
        for number, page in unknown
    ]
    return tuple(told)


def tiff_mask(stream: BinaryIO, place: int) -> TiffPage | None:
    """Return the page that says where the one at that place is transparent.

    It follows, possibly behind smaller copies of the picture.
    """
    pages = tiff_pages(stream, place)
    own = next(pages)
    for page in islice(pages, MOST_COPIES):
        if not page.subfile & (MASK | REDUCED) or own.is_mask:
            return None
        if page.is_mask and page.size == own.size:
            return page._replace(orientation=own.orientation)
    return None


def _tiff_form(stream: BinaryIO) -> TiffForm:
    stream.seek(0)
    head = stream.read(4)
    order = HEADS[head]
    if b"+" in head:
        return TiffForm(order + "Q", order + "Q", 20, 8)
    return TiffForm(order + "H", order + "I", 12, 4)


def _number(stream: BinaryIO, kind: str) -> int:
    return int(struct.unpack(kind, exactly(stream, struct.calcsize(kind)))[0])


class FirstPage:
    """A TIFF as if a page of it were the first, so that no other is read on the way to it."""

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
