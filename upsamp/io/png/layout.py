"""How a picture lies in a PNG file: its header, its rows of bytes, and the chunks beside them.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)"; for the name of XMP,
Adobe, "XMP Specification Part 3, Storage in Files", 1.1.5.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.metadata.iptc import resources_of
from upsamp.io.pictures import Picture

Chunk = tuple[bytes, bytes]

GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
# The modes of pictures, each with the colour type, channels and bits that a file says.
MODES: Mapping[str, tuple[int, int, int]] = {
    "1": (GREY, 1, 1),
    "L": (GREY, 1, 8),
    "I;16": (GREY, 1, 16),
    "P": (PALETTE, 1, 8),
    "LA": (GREY_ALPHA, 2, 8),
    "LA;16": (GREY_ALPHA, 2, 16),
    "RGB": (COLOUR, 3, 8),
    "RGB;16": (COLOUR, 3, 16),
    "RGBA": (COLOUR_ALPHA, 4, 8),
    "RGBA;16": (COLOUR_ALPHA, 4, 16),
}
DTYPES: Mapping[int, str] = {1: "bool", 8: "uint8", 16: "uint16"}
LARGEST_SIDE = 2**31 - 1

# Neither compressed nor in a language, with no other name in that.
PLAIN = b"\0\0\0\0\0"


@dataclass(frozen=True)
class Layout:
    """What the header of a file says, and what follows from it.

    entries: how many colours the palette has, 0 without one.
    """

    height: int
    width: int
    colour_type: int
    channels: int
    bits: int
    entries: int = 0

    @property
    def row_bytes(self) -> int:
        """How long a row is in the file, without the number of its filter."""
        return (self.width * self.channels * self.bits + 7) // 8

    @property
    def step(self) -> int:
        """How far bytes of neighbouring pixels lie apart, which filters ask for."""
        return max(1, self.channels * self.bits // 8)

    @property
    def filters_help(self) -> bool:
        """Whether neighbours are alike as numbers; those of palettes are but names."""
        return self.colour_type != PALETTE and self.bits >= 8

    @property
    def header(self) -> bytes:
        """The content of IHDR; the zeros: deflate, the five filters, not interlaced."""
        return struct.pack(
            ">IIBBBBB", self.width, self.height, self.bits, self.colour_type, 0, 0, 0
        )

    def pack_rows(self, pixels: Array) -> npt.NDArray[np.uint8]:
        """Return rows of pixels as the file has them: (rows, row_bytes)."""
        flat = pixels.reshape(len(pixels), self.width * self.channels)
        if self.bits == 16:
            return np.ascontiguousarray(flat, ">u2").view(np.uint8)
        if self.bits == 8:
            return flat
        if self.bits == 1:
            return np.packbits(flat.astype(np.bool_), axis=1)
        together = 8 // self.bits
        padded = np.zeros((len(flat), self.row_bytes * together), np.uint8)
        padded[:, : self.width] = flat
        packed = padded[:, ::together]
        for place in range(1, together):  # the first pixel is in the highest bits
            packed = packed << np.uint8(self.bits) | padded[:, place::together]
        return packed


def plan_layout(picture: Picture, name: str) -> Layout:
    """Decide how the picture lies in a file; raise `FormatError` where PNG has no place for it."""
    if picture.mode not in MODES:
        raise FormatError(
            f"{name} cannot be encoded: cannot write mode {picture.mode} as PNG. Use tiff."
        )
    colour_type, channels, bits = MODES[picture.mode]
    shape, dtype = picture.pixels.shape, picture.pixels.dtype.name
    if dtype != DTYPES[bits] or shape[2:] != ((channels,) if channels > 1 else ()):
        raise FormatError(
            f"{name} cannot be encoded: mode {picture.mode} holds {DTYPES[bits]} pixels in "
            f"{channels} channels. Received: shape {shape}, {dtype}."
        )
    height, width = shape[:2]
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise FormatError(
            f"{name} cannot be encoded: the sides of a PNG are 1 to {LARGEST_SIDE:,} pixels. "
            f"Received: {width:,} x {height:,}."
        )
    if colour_type != PALETTE:
        return Layout(height, width, colour_type, channels, bits)
    # A pixel beyond the palette is kept as it is, and the palette made as long.
    entries = max(len(_palette(picture)) // 3, _largest(picture.pixels) + 1)
    few = next(bits for bits in (1, 2, 4, 8) if entries <= 2**bits)
    return Layout(height, width, colour_type, channels, few, entries)


def _largest(pixels: Array) -> int:
    """Return the largest number; one that stands for a whole axis is looked at once."""
    once = tuple(slice(None, None if step else 1) for step in pixels.strides)
    return int(pixels[once].max())


def metadata_chunks(picture: Picture, layout: Layout, name: str) -> Iterator[Chunk]:
    """Yield the chunks between the header and the pixels, in the order that PNG wants."""
    metadata = picture.metadata
    profile = metadata.get("icc_profile")
    if profile:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)
    yield from colour_chunks(metadata)
    if layout.entries:
        yield b"PLTE", _palette(picture)[: 3 * layout.entries].ljust(3 * layout.entries, b"\0")
    if metadata.get("transparency") is not None:
        yield b"tRNS", _transparency(metadata["transparency"], layout, name)
    if metadata.get("dpi"):
        # In pixels a metre, rounded half up.
        across, down = (int(float(part) / 0.0254 + 0.5) for part in metadata["dpi"])
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    elif metadata.get("aspect"):
        ratio = Fraction(float(metadata["aspect"][0])) / Fraction(float(metadata["aspect"][1]))
        across, down = ratio.limit_denominator(2**15).as_integer_ratio()
        if 0 < across < 2**31:
            yield b"pHYs", struct.pack(">IIB", across, down, 0)
    if metadata.get("exif"):
        yield b"eXIf", bytes(metadata["exif"]).removeprefix(b"Exif\0\0")
    yield from text_chunks(metadata)


def _palette(picture: Picture) -> bytes:
    """Return the palette, red, green and blue in turns; without one the greys."""
    if picture.palette is None:
        return bytes(grey for grey in range(256) for _ in range(3))
    return picture.palette[: 3 * 256]


def _transparency(value: Any, layout: Layout, name: str) -> bytes:
    """Return what tRNS holds: the alpha of a palette's colours, or the one colour that is clear.

    value: as Pillow has it: bytes, a place in the palette, a grey, or red, green and blue.
    """
    if layout.entries and isinstance(value, bytes):
        return value[: layout.entries]
    samples = tuple(value) if isinstance(value, tuple | list) else (value,)
    alpha = layout.colour_type in (GREY_ALPHA, COLOUR_ALPHA)
    known = len(samples) == layout.channels and all(isinstance(s, int) for s in samples)
    if alpha or not known:
        raise FormatError(
            f"{name} cannot be encoded: its pixels have no transparent colour {value!r}."
        )
    if layout.entries:
        return (b"\xff" * int(samples[0]) + b"\0")[: layout.entries]
    # A reader looks at as many bits as the pixels have.
    return b"".join(struct.pack(">H", sample & (2**layout.bits - 1)) for sample in samples)


def colour_chunks(metadata: Mapping[str, Any]) -> Iterator[Chunk]:
    """Yield what the source said of its colours; gAMA and cHRM are in hundred thousandths."""
    for name, kind in (("cicp", b"cICP"), ("mdcv", b"mDCV"), ("clli", b"cLLI")):
        if metadata.get(name):
            yield kind, metadata[name]
    if metadata.get("gamma") is not None:
        yield b"gAMA", struct.pack(">I", _hundred_thousandths(metadata["gamma"]))
    if metadata.get("chromaticity") is not None:
        numbers = [_hundred_thousandths(part) for part in metadata["chromaticity"]]
        yield b"cHRM", struct.pack(f">{len(numbers)}I", *numbers)
    if metadata.get("srgb") is not None:
        yield b"sRGB", bytes([metadata["srgb"]])


def _hundred_thousandths(number: float) -> int:
    return min(max(round(number * 100_000), 0), 2**31 - 1)


def text_chunks(metadata: Mapping[str, Any]) -> Iterator[Chunk]:
    """Yield XMP, a comment, and texts by their names, 1 to 79 characters long."""
    if metadata.get("xmp"):
        yield b"iTXt", b"XML:com.adobe.xmp" + PLAIN + metadata["xmp"]
    if metadata.get("iptc"):  # as ImageMagick and ExifTool write it
        digits = resources_of(metadata["iptc"])
        text = f"\niptc\n{len(digits):8}\n{digits.hex()}\n"
        yield b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text.encode())
    texts = dict(metadata.get("text", {}))
    if metadata.get("comment"):
        texts.setdefault("Comment", metadata["comment"].decode("latin-1"))
    for name, text in texts.items():
        known = name.encode("latin-1", "replace")
        if not 1 <= len(known) <= 79 or b"\0" in known:
            continue
        try:
            yield b"tEXt", known + b"\0" + text.replace("\0", "").encode("latin-1")
        except UnicodeEncodeError:
            yield b"iTXt", known + PLAIN + text.encode()
