"""What a file's own header says of its numbers, compared with what Pillow hands over.

Sources: Adobe, "TIFF Revision 6.0"; ITU-T T.800, "JPEG 2000 image coding system", A.5.1 and I.5.3;
AOM, "AV1 Image File Format"; Silicon Graphics, "The SGI Image File Format"; Adobe, "Photoshop File
Formats"; Microsoft, "DDS_HEADER_DXT10".
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.extras import check_extra, has_extra
from upsamp.io.picture_options import ReadOptions
from upsamp.io.png.chunks import SIGNATURE


class Numbers(NamedTuple):
    """The numbers of a file, by its header.

    kind: "u", "i", "f" or "c", as NumPy names them. bits: of each. samples: of each pixel.
    maximum: the largest value of unsigned ones, where that is not what the bits can say. plain:
    whether they stand for themselves, so that another reader makes the same colours of them.
    apart: whether channels lie in planes that Pillow does not put together. swapped: whether Pillow
    hands over the bytes of each in the wrong order.
    """

    kind: str
    bits: int
    samples: int
    maximum: int = 0
    plain: bool = True
    apart: bool = False
    swapped: bool = False

    @property
    def full(self) -> int:
        """The value of white."""
        return self.maximum or 2**self.bits - 1

    def __str__(self) -> str:
        """Say it in words.

        >>> str(Numbers("u", 12, 3)), str(Numbers("f", 16, 1))
        ('12-bit colour', '16-bit floats')
        """
        words = {"f": "floats", "c": "complex numbers"}
        return f"{self.bits}-bit {words.get(self.kind, 'colour' if self.samples > 2 else 'grey')}"


class Route(NamedTuple):
    """How an image is read: by Pillow, or by another reader.

    numbers: as which ones its pixels are taken; None for those that Pillow hands over. notes: what
    is lost.
    """

    by_pillow: bool
    numbers: Numbers | None = None
    notes: tuple[str, ...] = ()


# What Pillow's modes hold, by their first letters: the kinds of numbers, and their bits.
ROOM: Mapping[str, tuple[str, int]] = {"I;16": ("ui", 16), "I": ("ui", 32), "F": ("f", 32)}
BYTES = ("ui", 8)
# The package that reads more than Pillow does; of a PPM, NumPy will do.
READERS: Mapping[str, str] = {
    "TIFF": "tifffile",
    "PNG": "imagecodecs",
    "JPEG2000": "imagecodecs",
    "AVIF": "imagecodecs",
    "PPM": "numpy",
}
SAMPLE_KINDS: Mapping[int, str] = {1: "u", 2: "i", 3: "f", 4: "u", 5: "c", 6: "c"}
# Raw modes of Pillow whose bytes are in one order whatever the machine's is.
SWAPPED = re.compile(r";(16|32)B[SF]*$")
# Modes that Pillow does not make of planes.
PLANES_APART = ("LA", "La", "RGBa")
PNG_SAMPLES: Mapping[int, int] = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_PALETTE = 3
# Boxes of AVIF that tell of images, and how much of a box is looked at.
CONTAINERS, MOST_BOX = (b"meta", b"moov"), 2**22
SIZ = b"\xff\x4f\xff\x51"
# Colour spaces of JPEG 2000 that need no conversion.
SRGB, GREY = 16, 17
DXGI_HALF_FLOATS = (94, 95, 96)  # BC6H


def route_of(image: Image.Image, numbers: Numbers | None, name: str, options: ReadOptions) -> Route:
    """Return how an opened image is read so that nothing is lost; raise where that cannot be.

    numbers: what its header says; None where that can be no more than Pillow reads.
    """
    if numbers is None:
        return Route(True)
    kinds, bits = ROOM.get(image.mode[:4], BYTES)
    is_cut = numbers.kind not in kinds or numbers.bits > bits
    left = max(0, numbers.samples - Image.getmodebands(image.mode))
    package = READERS.get(image.format or "") if numbers.plain else None
    if numbers.apart:
        check_extra("tifffile", f"{name} has planes of alpha, which Pillow does not read; it")
        return Route(False, numbers)
    if is_cut and options.depth != 8:
        _check_reader(package, numbers, bits, name)
        return Route(False, numbers)
    notes = []
    if is_cut:
        notes.append(f"{numbers} is read as {bits}-bit; its lower digits are lost")
    if left:
        if package == "tifffile" and not is_cut and has_extra(package):
            return Route(False, numbers)
        keeping = " (upsamp[deep] keeps them)" if package == "tifffile" and not is_cut else ""
        notes.append(f"channels that are neither colour nor alpha are left out: {left}{keeping}")
    return Route(True, None if is_cut else numbers, tuple(notes))


def _check_reader(package: str | None, numbers: Numbers, bits: int, name: str) -> None:
    """Raise where nothing reads what Pillow would cut to this many bits."""
    if package is None:
        raise FormatError(
            f"{name} holds {numbers}, which would be cut to {bits} bits. "
            "Use --depth 8 to accept that, or convert it to PNG or TIFF."
        )
    if package != "numpy":
        check_extra(
            package,
            f"{name} holds {numbers}, which Pillow would cut to {bits} bits; to keep it",
            "Or use --depth 8 to accept the loss.",
        )


def declared_by(image: Image.Image, stream: BinaryIO) -> Numbers | None:
    """Return what the header of an opened image says; None where Pillow reads all that may be."""
    read = HEADERS.get(image.format or "")
    if read is None:
        return None
    place = stream.tell()
    try:
        return read(image, stream)
    finally:
        stream.seek(place)


def _of_tiff(image: Any, _stream: BinaryIO) -> Numbers:
    tags = image.tag_v2
    kinds = {SAMPLE_KINDS.get(kind, "c") for kind in tags.get(339, (1,))}
    # Fewer bits than 8 are widened by Pillow itself.
    bits = max((8, *tags.get(258, (1,))))
    samples = int(tags.get(277, len(tags.get(258, (1,)))))
    apart = tags.get(284) == 2 and image.mode in PLANES_APART
    # What libtiff decodes is in this machine's order, and Pillow turns some of it around again.
    tile = image.tile[0] if image.tile else ("",)
    swapped = tile[0] == "libtiff" and SWAPPED.search(str(tile[-1][0])) is not None
    kind = kinds.pop() if len(kinds) == 1 else "c"
    return Numbers(kind, bits, samples, apart=apart, swapped=swapped)


def _of_png(_image: Image.Image, stream: BinaryIO, start: int = 0) -> Numbers:
    stream.seek(start + 24)
    bits, kind = stream.read(2)
    return Numbers("u", 8 if kind == PNG_PALETTE else max(8, bits), PNG_SAMPLES.get(kind, 1))


def _of_icon(image: Any, stream: BinaryIO) -> Numbers | None:
    entry = image.ico.entry[image.ico.getentryindex(image.size)]
    stream.seek(entry.offset)
    is_png = stream.read(len(SIGNATURE)) == SIGNATURE
    return _of_png(image, stream, entry.offset) if is_png else None


def _of_ppm(image: Any, _stream: BinaryIO) -> Numbers | None:
    """Of grey, Pillow makes 16 bits itself. Its decoder is told the largest value."""
    values = image.tile[0][-1] if image.tile else ()
    numbers = [value for value in values if isinstance(value, int)]
    largest = max(numbers, default=0) if isinstance(values, tuple) else 0
    if image.mode == "RGB" and largest > 255:
        return Numbers("u", 16, 3, largest)
    return Numbers("u", 16, 1) if image.mode == "I" else None


def _of_sgi(_image: Image.Image, stream: BinaryIO) -> Numbers:
    stream.seek(3)
    size, _, _, _, samples = struct.unpack(">BHHHH", stream.read(9))
    return Numbers("u", 8 * size, samples)


def _of_psd(_image: Image.Image, stream: BinaryIO) -> Numbers:
    stream.seek(12)
    (samples,) = struct.unpack(">H", stream.read(2))
    return Numbers("u", 8, samples, plain=False)


def _of_dds(image: Image.Image, stream: BinaryIO) -> Numbers | None:
    stream.seek(84)
    code, _, *masks = struct.unpack("<4sI4I", stream.read(24))
    if code == b"DX10":
        stream.seek(128)
        is_half = struct.unpack("<I", stream.read(4))[0] in DXGI_HALF_FLOATS
        return Numbers("f", 16, 3) if is_half else None
    # Without a code, masks say which bits each channel has.
    bits = max((8, *(mask.bit_count() for mask in masks)))
    return Numbers("u", bits, Image.getmodebands(image.mode)) if code == bytes(4) else None


def boxes(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box, where its content begins, and where it ends."""
    start, end = 0, stream.seek(0, 2)
    while start + 8 <= end:
        stream.seek(start)
        size, kind = struct.unpack(">I4s", stream.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", stream.read(8))
            head = 16
        size = size or end - start
        if size < head:
            return
        yield kind, start + head, min(end, start + size)
        start += size


def codestream_of(stream: BinaryIO) -> tuple[int, bytes]:
    """Return where the codestream of a JPEG 2000 begins, and the header of a JP2 before it."""
    stream.seek(0)
    header = b""
    if stream.read(4) == SIZ:
        return 0, header
    for kind, start, stop in boxes(stream):
        if kind == b"jp2c":
            return start, header
        if kind == b"jp2h":
            stream.seek(start)
            header = stream.read(min(stop - start, MOST_BOX))
    raise OSError("it has no codestream")


def _of_jpeg2000(_image: Image.Image, stream: BinaryIO) -> Numbers:
    start, header = codestream_of(stream)
    plain = _is_plain(header)
    stream.seek(start)
    codestream = stream.read(64)
    (samples,) = struct.unpack_from(">H", codestream, 40)
    parts = [codestream[place : place + 3] for place in range(42, 42 + 3 * samples, 3)]
    plain = plain and len(set(parts)) == 1 and parts[0][1:] == b"\1\1"
    signed = "i" if codestream[42] & 0x80 else "u"
    return Numbers(signed, max(part[0] & 0x7F for part in parts if part) + 1, samples, plain=plain)


def _is_plain(header: bytes) -> bool:
    """Tell whether the header of a JP2 leaves the colours as they are: no palette, no luma."""
    place = header.find(b"colr")
    if place < 0 or b"pclr" in header:
        return b"pclr" not in header
    method, space = struct.unpack_from(">BxxI", header, place + 4)
    return method != 1 or space in (SRGB, GREY)


def avif_heads(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the content of each box of an AVIF that tells of images."""
    for kind, start, stop in boxes(stream):
        if kind in CONTAINERS:
            stream.seek(start)
            yield stream.read(min(stop - start, MOST_BOX))


def _of_avif(image: Image.Image, stream: BinaryIO) -> Numbers:
    """Return the bits of the deepest of all images in the file, of which alpha may be one."""
    bits = 8
    for content in avif_heads(stream):
        place = content.find(b"av1C")
        while place >= 0:
            flags = content[place + 6]  # high_bitdepth, twelve_bit
            bits = max(bits, 8 + 2 * (flags >> 6 & 1) + 2 * (flags >> 5 & 1))
            place = content.find(b"av1C", place + 4)
    return Numbers("u", bits, Image.getmodebands(image.mode))


HEADERS: Mapping[str, Callable[[Any, BinaryIO], Numbers | None]] = {
    "TIFF": _of_tiff,
    "PNG": _of_png,
    "ICO": _of_icon,
    "PPM": _of_ppm,
    "SGI": _of_sgi,
    "PSD": _of_psd,
    "DDS": _of_dds,
    "JPEG2000": _of_jpeg2000,
    "AVIF": _of_avif,
}
