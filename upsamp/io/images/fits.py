"""FITS read by NumPy: numbers of all its kinds, scaled as the header says.

Source: IAU FITS Working Group, "Definition of the Flexible Image Transport System (FITS) 4.0".
"""

import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import FormatError
from upsamp.io.images.compressed import TOO_SHORT, exactly
from upsamp.io.images.memory import check_numbers
from upsamp.io.images.pillow import pillow_at_work
from upsamp.io.picture_options import ReadOptions, check_size
from upsamp.io.pictures import Picture, mode_of
from upsamp.io.streams import size_of

BLOCK, CARD, MOST_CARDS, MOST_UNITS, MOST_AXES = 2880, 80, 2**14, 100, 999
TYPES: Mapping[int, str] = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
# Integers that are scaled become floats that hold them.
SCALED: Mapping[str, str] = {"u1": "f4", "i2": "f4", "i4": "f8", "i8": "f8", "f4": "f4", "f8": "f8"}
# The cards that tell how the pixels are coded.
CODING = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|[PG]COUNT|BSCALE|BZERO|BLANK|TFIELDS|T(FORM|TYPE)\d|"
    r"Z(IMAGE|SIMPLE|TENSION|EXTEND|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|(NAME|VAL)\d|SCALE|ZERO|"
    r"BLANK|QUANTIZ|DITHER0|PCOUNT|GCOUNT)|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|EXTNAME"
)
WHOLE = re.compile(r"[-+]?\d{1,18}")
# Bytes that are scaled at a time.
STRIP = 2**20
REMEDY = "Write it with numpy.save('FILE.npy', astropy.io.fits.getdata(...))."
FAULT = "cannot be decoded"
# Where zlib is to read the form that gzip writes, with its checksum.
GZIP = 31


class Unit(NamedTuple):
    """A header and its data: the cards, the lengths of the axes, and where the data begins."""

    cards: Mapping[str, str]
    axes: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """Bytes of the data."""
        if not self.axes:
            return 0
        count = _whole(self.cards.get("PCOUNT")) + math.prod(self.axes)
        bits = abs(_whole(self.cards.get("BITPIX")))
        return max(0, bits // 8 * count * _whole(self.cards.get("GCOUNT"), 1))

    @property
    def is_packed(self) -> bool:
        """Whether the data are a table of an image's compressed tiles."""
        return "ZIMAGE" in self.cards

    @property
    def is_image(self) -> bool:
        """Whether the data are the pixels of an image."""
        kind = self.cards.get("XTENSION", "'IMAGE").strip("' ")
        return (kind == "IMAGE" and math.prod(self.axes) > 0 and bool(self.axes)) or self.is_packed

    def image(self) -> tuple[int, tuple[int, ...]]:
        """Return the BITPIX and the lengths of the axes of the image."""
        if not self.is_packed:
            return _whole(self.cards.get("BITPIX")), self.axes
        return _whole(self.cards.get("ZBITPIX")), _axes(self.cards, "ZNAXIS")


def read_fits(stream: BinaryIO, name: str, options: ReadOptions) -> Picture:
    """Read the first image of a FITS.

    Its rows go from the bottom up. Unsigned integers are those that a zero of half their range
    tells; what is scaled otherwise becomes float32, and of 32 or 64 bits float64.
    """
    units = [unit for unit in _units(stream, name) if unit.is_image]
    if not units:
        raise FormatError(f"{name} {FAULT}: it is a FITS file without an image. {REMEDY}")
    bits, axes = units[0].image()
    width, height = (*axes, 1, 1)[:2]
    if math.prod(axes[2:]) != 1:
        shape = " x ".join(map(str, reversed(axes)))
        raise FormatError(f"{name} must hold one image. Received: a FITS cube of {shape}. {REMEDY}")
    check_size(width, height, name, options.max_pixels)
    if bits not in TYPES:
        raise FormatError(f"{name} {FAULT}: its BITPIX is none of {', '.join(map(str, TYPES))}.")
    with pillow_at_work(name, FAULT):
        pixels = _pixels(units[0], stream, name, np.dtype(TYPES[bits]), (height, width))
    notes = ["only the first image of several is read"] if len(units) > 1 else []
    if any(not CODING.fullmatch(key) for key in units[0].cards):
        notes.append("what the FITS header tells besides the pixels is left out")
    return Picture(pixels, mode_of(pixels), "fits", notes=tuple(notes))


def _units(stream: BinaryIO, name: str) -> Iterator[Unit]:
    """Yield the headers, as far as there are whole ones."""
    start, end = 0, size_of(stream)
    for _ in range(MOST_UNITS):
        stream.seek(min(start, end))
        cards = _cards(stream)
        if not cards:
            if start == 0:
                raise FormatError(f"{name} {FAULT}: its FITS header has no end.")
            return
        unit = Unit(cards, _axes(cards, "NAXIS"), stream.tell())
        yield unit
        start = unit.start + -(-unit.size // BLOCK) * BLOCK


def _cards(stream: BinaryIO) -> dict[str, str]:
    """Return the cards of a header, and go to its end; nothing where it has none."""
    cards: dict[str, str] = {}
    for number in range(MOST_CARDS):
        card = stream.read(CARD)
        key = card[:8].rstrip().decode("latin-1")
        if len(card) < CARD or (number == 0 and key not in ("SIMPLE", "XTENSION")):
            return {}
        if key == "END":
            stream.seek(-stream.tell() % BLOCK, 1)
            return cards
        if card[8:9] == b"=":
            cards.setdefault(key, card[9:].split(b"/")[0].strip().decode("latin-1"))
    return {}


def _axes(cards: Mapping[str, str], key: str) -> tuple[int, ...]:
    count = min(_whole(cards.get(key)), MOST_AXES)
    return tuple(_whole(cards.get(f"{key}{n}")) for n in range(1, count + 1))


def _whole(text: str | None, default: int = 0) -> int:
    return int(text) if text and WHOLE.fullmatch(text) else default


def _number(unit: Unit, key: str, default: float) -> float:
    text = unit.cards.get(key)
    value = default if text is None else float(text.upper().replace("D", "E"))
    if not math.isfinite(value):
        raise OSError(f"its {key} is no number")
    return value


def _pixels(
    unit: Unit, stream: BinaryIO, name: str, raw: np.dtype[Any], shape: tuple[int, int]
) -> Array:
    """Read the numbers, (H, W), in this machine's order, and scale them."""
    wanted, change = _scaling(raw, _number(unit, "BZERO", 0), _number(unit, "BSCALE", 1))
    count, line = math.prod(shape), shape[1] * raw.itemsize
    unpacked = 16 * count + size_of(stream) if unit.is_packed else 0
    check_numbers(shape, wanted, "fits", name, 4 * max(STRIP, line) + unpacked)
    check_memory(shape, wanted, f"The pixels of {name}")
    if unit.is_packed:
        stream = _unpacked(unit, stream, count, raw)
    else:
        stream.seek(unit.start)
    pixels = np.empty(shape, wanted)
    rows = max(1, STRIP // line)
    for bottom in range(shape[0], 0, -rows):
        data = exactly(stream, min(rows, bottom) * line)
        part = np.frombuffer(data, raw).reshape(-1, shape[1])
        with np.errstate(all="ignore"):  # floats that are scaled may become infinite
            pixels[bottom - len(part) : bottom] = change(part)[::-1]
    return pixels


def _unpacked(unit: Unit, stream: BinaryIO, count: int, raw: np.dtype[Any]) -> BinaryIO:
    """Return the numbers of an image whose rows are packed by gzip, as if they were not."""
    cards = unit.cards
    length, tiles = (*unit.axes, 0, 0)[:2]
    by_rows = cards.get("ZTILE1") in (None, cards.get("ZNAXIS1"))
    if cards.get("ZCMPTYPE", "").strip("' ") != "GZIP_1" or length != 8 or not by_rows:
        raise OSError(f"its numbers are packed in a way that is not read. {REMEDY}")
    stream.seek(unit.start)
    places = np.frombuffer(exactly(stream, length * tiles), ">i4").reshape(-1, 2)
    heap = unit.start + _whole(cards.get("THEAP"), length * tiles)
    parts, left = [], 4 * count
    for size, place in places.tolist():
        stream.seek(heap + place)
        member = zlib.decompressobj(GZIP)
        parts.append(member.decompress(exactly(stream, max(0, size)), left + 1))
        left -= len(parts[-1])
        if left < 0 or not member.eof:
            raise OSError(TOO_SHORT)
    data = b"".join(parts)
    if len(data) == raw.itemsize * count:
        return BytesIO(data)
    words = np.frombuffer(data, ">f4" if raw.kind == "f" else ">i4", count)
    return BytesIO(words.astype(raw).tobytes())


def _scaling(
    raw: np.dtype[Any], zero: float, scale: float
) -> tuple[np.dtype[Any], Callable[[Array], Array]]:
    """Return the type of numbers that are scaled, and what scales them."""
    native = raw.newbyteorder("=")
    if (zero, scale) == (0, 1):
        return native, lambda part: part
    half = 1 << (8 * raw.itemsize - 1)
    if raw.kind != "f" and (zero, scale) == (-half if raw.kind == "u" else half, 1):
        # The other of signed and unsigned ones, which differ in the highest bit.
        other = np.dtype(f"{'i' if raw.kind == 'u' else 'u'}{raw.itemsize}")
        bits = np.dtype(f"u{raw.itemsize}")
        return other, lambda part: (part.astype(native).view(bits) ^ bits.type(half)).view(other)
    return np.dtype(SCALED[native.str[1:]]), lambda part: part * scale + zero
