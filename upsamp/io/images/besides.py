"""What a file has besides its pixels that Pillow passes over, to be kept by its kind, or told.

Sources: ITU-T T.800, "JPEG 2000 image coding system", annexes A and I; ISO 16684-3, "Extensible
metadata platform: Storage in files", for UUIDs; M. Mlakar, "GeoJP2"; Google, "WebP container
specification"; CompuServe, "Graphics Interchange Format, Version 89a"; ICC, "Embedding profiles in
GIF"; D. Szablewski, "The QOI image format"; Truevision, "TGA file format specification 2.0"; Adobe,
"Photoshop file formats specification"; Microsoft, "BITMAPV5HEADER"; AOM, "AV1 image file format".
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image

from upsamp.io.images.declared import avif_heads, boxes, codestream_of
from upsamp.io.images.frame_files import gif_blocks, gif_colours
from upsamp.io.metadata.colours import says_srgb, space_of_profile
from upsamp.io.metadata.tiff_tags import metadata_of_tiff
from upsamp.io.png.chunks import find_chunks

# How a JPEG 2000 in boxes begins.
BOXED = b"\0\0\0\x0cjP  "
# Boxes of a JP2 that tell how its pixels are coded, and what others hold; and those of any kind, by
# their UUIDs.
CODING = (b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"rreq", b"free")
BOX_WORDS = {b"asoc": "associated data, as GML", b"xml ": "XML"}
UUIDS: Mapping[bytes, str] = {
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): "xmp",
    b"JpgTiffExif->JP2": "exif",
    bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"): "iptc",
    bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03"): "geo",
}
# More of a box, a block or a header is not read.
LONGEST, HEAD = 2**26, 2**14
# Markers of a codestream: what is said, in words of one byte, and where the pixels begin.
COMMENT, TILE = 0xFF64, 0xFF90
RIFF = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ")
# How a GIF says how often it is played, has a profile, and XMP; the last ends with these bytes.
LOOPS, PROFILE, XMP = (b"NETSCAPE2.0", b"ANIMEXTS1.0"), b"ICCRGBG1012", b"XMP DataXMP"
XMP_END = b"\1\xff\xfe"
TEXT, APPLICATION = 1, 0xFF
FOOTER = b"TRUEVISION-XFILE.\0"
# Photoshop's resources, of which Pillow has those of others.
RESOLUTION, ASPECT, EXIF = 1005, 1064, 1058
# How a BMP says which bits are alpha, that colours are measured, that a profile is elsewhere, or in
# the file.
BIT_FIELDS, CALIBRATED, LINKED, EMBEDDED = 3, bytes(4), b"KNIL", b"DEBM"
NETPBM = re.compile(rb"P[1-7](?:\s|#[^\n]*\n)+(?:\d+(?:\s|#[^\n]*\n)+){2,3}")
REMARK = re.compile(rb"#[ \t]*([^\n]*)")
NO_NAME = "data of an unknown kind"
# The chunks of a PNG that tell of colours, by their names as metadata, and their lengths.
COLOUR_CHUNKS = {b"cICP": ("cicp", 4), b"mDCV": ("mdcv", 24), b"cLLI": ("clli", 8)}
# The box of an AVIF that tells its colours. The pixels are RGB, in numbers from 0 on, whatever the
# file had.
NCLX, RGB_IN_FULL = b"colrnclx", (0, 1)
# Bytes of a profile: its header, and more than any has.
SHORTEST_PROFILE, LONGEST_PROFILE = 132, 2**25

Found = dict[str, Any]


def besides(image: Image.Image, stream: BinaryIO) -> Found:
    """Return what a file has besides, as metadata by its kinds; "gone" has words for the rest.

    Of what is damaged that much is told. The stream stays where it is.
    """
    read = READERS.get(image.format or "")
    place = stream.tell()
    found: Found = {}
    if read is not None:
        try:
            found = read(image, stream)
        except (OSError, ValueError, IndexError, struct.error):
            found = {"gone": ["damaged metadata"]}
        stream.seek(place)
    return {key: one for key, one in found.items() if one}


def _word(prefix: str, name: bytes) -> str:
    """Return words for what a file names: letters and digits alone are shown."""
    shown = name.decode("latin-1").strip("\0 ")
    return f"{prefix} {shown}" if re.fullmatch(r"[\w. -]+", shown, re.ASCII) else NO_NAME


def _of_png(_image: Image.Image, stream: BinaryIO) -> Found:
    found: Found = {}
    for kind, start, length in find_chunks(stream):
        if kind == b"IDAT":
            break
        name, wanted = COLOUR_CHUNKS.get(kind, ("", 0))
        if name and length == wanted:
            stream.seek(start)
            found[name] = stream.read(length)
    return found


def _of_jpeg2000(image: Image.Image, stream: BinaryIO) -> Found:
    found: Found = {"icc_profile": _profile(stream, *_place_in_jp2(stream))}
    gone: list[str] = []
    stream.seek(0)
    is_boxed, past_pixels = stream.read(8) == BOXED, False
    for kind, start, stop in boxes(stream) if is_boxed else ():
        # Some writers leave what lay in their memory behind the pixels.
        if past_pixels and not (kind.isascii() and kind.decode().isprintable()):
            break
        past_pixels |= kind == b"jp2c"
        stream.seek(start)
        if kind == b"uuid":
            name = UUIDS.get(stream.read(16))
            content = stream.read(min(stop - stream.tell(), LONGEST))
            gone += [] if name else [NO_NAME]
            found |= {name: content} if name else {}
        elif kind not in CODING:
            gone.append(BOX_WORDS.get(kind) or _word("the box", kind))
    if "geo" in found:
        found["geo"] = metadata_of_tiff(BytesIO(found["geo"]))[0].get("geo")
        gone += [] if found["geo"] else ["a damaged georeference"]
    if "comment" not in image.info:  # which Pillow reads of the plainest files
        found["comment"] = b"\n".join(_remarks(stream))
    return found | {"gone": gone}


def _place_in_jp2(stream: BinaryIO) -> tuple[int, int]:
    """Return where a profile is in a JPEG 2000, behind its method, and its length; or 0."""
    stream.seek(0)
    head = stream.read(HEAD)
    box = head.find(b"colr\2")
    if not head.startswith(BOXED) or box < 4:
        return 0, 0
    return box + 7, int.from_bytes(head[box - 4 : box]) - 11


def _profile(stream: BinaryIO, start: int, length: int) -> bytes:
    """Return the profile that is there, if it is one; nothing otherwise."""
    if not SHORTEST_PROFILE <= length <= LONGEST_PROFILE:
        return b""
    stream.seek(start)
    profile = stream.read(length)
    known = len(profile) == length and space_of_profile(profile)
    return profile if known else b""


def _remarks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what is said in the main header of a codestream."""
    stream.seek(codestream_of(stream)[0] + 2)
    while len(head := stream.read(4)) == 4:
        marker, length = struct.unpack(">HH", head)
        if marker == TILE or length < 2:
            return
        content = stream.read(length - 2)
        if marker == COMMENT and content[:2] == b"\0\1":
            yield content[2:]


def _of_webp(_image: Image.Image, stream: BinaryIO) -> Found:
    others = [kind for kind in webp_chunks(stream) if kind not in RIFF]
    return {"gone": [_word("the chunk", kind) for kind in others]}


def webp_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the kinds of the chunks of a WebP in their order, those in its frames too."""
    end, place = stream.seek(0, 2), 12
    while place + 8 <= end:
        stream.seek(place)
        kind, size = struct.unpack("<4sI", stream.read(8))
        yield kind
        # A frame's own chunks come behind 16 bytes.
        place += 24 if kind == b"ANMF" else 8 + size + size % 2


def _of_gif(_image: Image.Image, stream: BinaryIO) -> Found:
    """Return what is before the first image."""
    stream.seek(10)
    flags, _, aspect = stream.read(3)
    stream.seek(3 * gif_colours(flags), 1)
    found: Found = {"aspect": (aspect + 15, 64)} if aspect else {}
    gone: list[str] = []
    while stream.read(1) == b"!":
        (label,) = stream.read(1)
        start = stream.tell() + 1
        parts = list(gif_blocks(stream))
        name = parts[0] if parts and label == APPLICATION else b""
        if name == XMP:  # which is no text in blocks, but ends as if it were
            size = stream.tell() - start
            stream.seek(start)
            found["xmp"] = stream.read(size)[len(XMP) :].rpartition(XMP_END)[0]
        elif name == PROFILE:
            found["icc_profile"] = b"".join(parts[1:])
        elif label == TEXT:
            gone.append("plain text of a GIF")
        elif name and name not in LOOPS:
            gone.append(_word("the extension", name))
    return found | {"gone": gone}


def _of_targa(image: Image.Image, stream: BinaryIO) -> Found:
    stream.seek(-26, 2)
    extension, _, footer = struct.unpack("<II18s", stream.read())
    has_more = footer == FOOTER and extension > 0
    gone = ["the extension area of a TGA"] if has_more else []
    return {"comment": image.info.get("id_section"), "gone": gone}


def _of_netpbm(_image: Image.Image, stream: BinaryIO) -> Found:
    stream.seek(0)
    header = NETPBM.match(stream.read(HEAD))
    return {"comment": b"\n".join(REMARK.findall(header[0])) if header else b""}


def _of_qoi(_image: Image.Image, stream: BinaryIO) -> Found:
    stream.seek(13)
    return {"gamma": 1.0} if stream.read(1) == b"\1" else {}  # all channels are linear


def _of_psd(image: Any, _stream: BinaryIO) -> Found:
    resources = {number: data for number, _, data in image.resources}
    found: Found = {"exif": resources.get(EXIF)}
    if len(resources.get(RESOLUTION, b"")) >= 16:
        across, down = struct.unpack_from(">I4xI", resources[RESOLUTION])
        found["dpi"] = across / 2**16, down / 2**16
    if len(resources.get(ASPECT, b"")) >= 12:
        (ratio,) = struct.unpack_from(">4xd", resources[ASPECT])
        found["aspect"] = (ratio, 1.0)
    return found


def _of_bmp(image: Image.Image, stream: BinaryIO) -> Found:
    stream.seek(14)
    head = stream.read(124)
    size, compression = struct.unpack_from("<I12xI", head)
    gone = []
    if size >= 56 and compression == BIT_FIELDS and any(head[52:56]) and image.mode == "RGB":
        gone.append("the alpha of a BMP of 16 bits a pixel")
    if size >= 108 and head[56:60] == CALIBRATED and any(head[60:108]):
        gone.append("the measured colours of a BMP")
    if size >= 124 and head[56:60] == LINKED:
        gone.append("a colour profile in another file")
    found: Found = {"gone": gone}
    if (size, len(head), head[56:60]) == (124, 124, EMBEDDED):
        start, length = struct.unpack_from("<II", head, 112)
        found["icc_profile"] = _profile(stream, 14 + start, length)  # counted from this header
    return found


def _of_cursor(_image: Image.Image, stream: BinaryIO) -> Found:
    stream.seek(10)
    return {"gone": ["the hotspot of a cursor"] if any(stream.read(4)) else []}


def _nclx(stream: BinaryIO) -> bytes:
    """Return primaries and transfer of an AVIF, as cICP, unless they are those of sRGB."""
    stream.seek(0)
    head = stream.read(HEAD)
    box = head.find(NCLX)
    if box < 0 or len(head) < box + 12:
        return b""
    numbers = struct.unpack_from(">HH", head, box + 8)
    if max(numbers) > 255 or says_srgb(bytes(numbers)):
        return b""
    return bytes((*numbers, *RGB_IN_FULL))


def _of_avif(image: Image.Image, stream: BinaryIO) -> Found:
    found: Found = {} if image.info.get("icc_profile") else {"cicp": _nclx(stream)}
    head = b"".join(avif_heads(stream))
    aspect, levels = head.find(b"pasp"), head.find(b"clli")
    if aspect >= 0:
        found["aspect"] = struct.unpack_from(">II", head, aspect + 4)
    if levels >= 0:  # in candelas, of which a PNG has ten-thousandths
        numbers = struct.unpack_from(">HH", head, levels + 4)
        found["clli"] = struct.pack(">II", *(10_000 * number for number in numbers))
    words = {b"tmap": "a gain map", b"clap": "the crop that an AVIF asks for"}
    return found | {"gone": [word for kind, word in words.items() if kind in head]}


READERS: Mapping[str, Callable[[Any, BinaryIO], Found]] = {
    "PNG": _of_png,
    "JPEG2000": _of_jpeg2000,
    "WEBP": _of_webp,
    "GIF": _of_gif,
    "TGA": _of_targa,
    "PPM": _of_netpbm,
    "QOI": _of_qoi,
    "PSD": _of_psd,
    "BMP": _of_bmp,
    "DIB": _of_bmp,
    "CUR": _of_cursor,
    "AVIF": _of_avif,
}
