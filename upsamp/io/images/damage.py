"""Damage that Pillow passes over, found before it decodes the pixels."""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast

from PIL import Image

from upsamp.io.images.compressed import TOO_SHORT, inflated
from upsamp.io.images.damaged_frames import check_gif, check_icon, check_png
from upsamp.io.images.damaged_jpeg import check_jpeg, check_jpeg2000
from upsamp.io.images.damaged_tiff import check_tiff
from upsamp.io.streams import size_of

__all__ = ["check_image"]


# Where zlib is to read the form that gzip writes, with its checksum.
GZIP = 31
DDS_HEADER_BYTES = 128
MAX_FITS_HEADER = 2**20
# The numbers of FITS that Pillow hands over as they are: of big-endian bytes, up to 32 bits.
FITS_NUMBERS = ("L", "I;16B", "I;32B", "F;32BF")
# Formats of files in a file.
NESTED = ("ICO", "ICNS")


def check_image(image: Image.Image, stream: BinaryIO, name: str, max_pixels: int) -> None:
    """Raise `OSError` where an opened image is damaged in a way that Pillow misses.

    name, max_pixels: for the PNG files in an icon, and for memory. The stream is left where it was.
    """
    if image.format not in (*CHECKS, *NESTED, "GIF"):
        return
    place = stream.tell()
    stream.seek(0)
    if image.format in NESTED:
        check_icon(stream, name, max_pixels)
    elif image.format == "GIF":
        check_gif(stream, name)
    else:
        CHECKS[image.format](image, stream)
    stream.seek(place)


def _check_bitmap(image: Image.Image, stream: BinaryIO) -> None:
    """Raise `OSError` where runs reach beyond their row, which Pillow cuts.

    Source: Microsoft, "Bitmap Compression" (Windows GDI).
    """
    decoder, _, start, arguments = cast("Any", image).tile[0]
    if decoder != "bmp_rle":
        return
    stream.seek(start)
    data = stream.read()
    per_byte = 2 if arguments[1] else 1  # whether a byte holds two pixels
    column = row = place = 0
    while place + 2 <= len(data) and data[place : place + 2] != b"\0\1":
        count, value = data[place : place + 2]
        place += 2
        if count:
            column += count
        elif value == 0:
            column, row = 0, row + 1
        elif value == 2 and place + 2 <= len(data):
            column, row = column + data[place], row + data[place + 1]
            place += 2
        else:  # pixels as they are, and a byte more where their bytes are odd
            column += value
            place += (-(-value // per_byte) + 1) // 2 * 2
        if column > image.width or row > image.height:
            raise OSError("its pixels reach beyond their row")


def _check_pcx(height: int, data: bytes) -> None:
    """Raise `OSError` where 256 colours are to follow the pixels, and do not.

    Source: ZSoft, "PCX File Format Technical Reference Manual" (1991).
    """
    version, bits, planes, stride, palette = struct.unpack_from("<xBxB61xBHH", data)
    if (version, bits, planes) != (5, 8, 1) or palette == 2:
        return
    left, place = stride * height, 128
    while left > 0 and place < len(data):
        count = data[place] & 0x3F if data[place] >= 0xC0 else 1
        place += 2 if data[place] >= 0xC0 else 1
        left -= count
    if left > 0 or place > len(data) - 769 or data[-769] != 12:
        raise OSError("its palette is missing")


def _check_dds(image: Image.Image, stream: BinaryIO) -> None:
    """Raise `OSError` where there are fewer pixels than declared, which Pillow fills with black."""
    decoder, _, _, arguments = cast("Any", image).tile[0]
    if decoder == "dds_rgb":
        needed = DDS_HEADER_BYTES + image.width * image.height * arguments[0] // 8
        if size_of(stream) < needed:
            raise OSError("it has fewer pixels than it declares")


def _check_xpm(data: bytes) -> None:
    """Raise `OSError` where the rows have no end, as Pillow before version 12 does not."""
    if not data.rstrip().endswith((b"}", b"};")):
        raise OSError("its rows have no end")


def _is(text: bytes, number: int) -> bool:
    """Tell whether text says that number."""
    try:
        return float(text) == number
    except ValueError:
        return False


def _check_fits(image: Image.Image, stream: BinaryIO) -> None:
    """Raise `OSError` where compressed pixels are damaged, or more than there may be.

    It is raised, too, where Pillow ignores what the header says of the numbers.
    """
    decoder, _, start, how = cast("Any", image).tile[0]
    head = stream.read(min(start, MAX_FITS_HEADER))
    cards = {
        head[place : place + 8].strip(): head[place + 10 : place + 80].split(b"/")[0].strip()
        for place in range(0, len(head), 80)
    }
    scaled = not (_is(cards.get(b"BZERO", b"0"), 0) and _is(cards.get(b"BSCALE", b"1"), 1))
    # Older versions of Pillow take the bytes of its numbers in the order of this machine.
    mistaken = decoder == "raw" and how[0] not in FITS_NUMBERS
    if scaled or mistaken:
        raise OSError(
            "a FITS file of scaled numbers, of 64 bits, or for a newer Pillow is not read whole. "
            "Write it with numpy.save('FILE.npy', astropy.io.fits.getdata(...))"
        )
    if decoder != "fits_gzip":
        return
    stream.seek(start)
    data, left = stream.read(), 4 * image.width * image.height
    while left > 0:
        member = zlib.decompressobj(GZIP)
        left -= inflated(member, data, left)
        data = member.unused_data
        if not member.eof:
            raise OSError(TOO_SHORT)


CHECKS: Mapping[str, Callable[[Image.Image, BinaryIO], None]] = {
    "BMP": _check_bitmap,
    "DDS": _check_dds,
    "FITS": _check_fits,
    "JPEG": lambda _, stream: check_jpeg(stream.read()),
    "JPEG2000": lambda _, stream: check_jpeg2000(stream.read()),
    "MPO": lambda _, stream: check_jpeg(stream.read()),
    "PCX": lambda image, stream: _check_pcx(image.height, stream.read()),
    "PNG": lambda _, stream: check_png(stream),
    "TIFF": check_tiff,
    "XPM": lambda _, stream: _check_xpm(stream.read()),
}
