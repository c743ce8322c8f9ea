"""Writing an image file by Pillow, in a mode that the format has, with metadata that it takes."""

import struct
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from upsamp.errors import FormatError
from upsamp.io.formats import FORMATS
from upsamp.io.images.modes import image_of
from upsamp.io.images.pillow import load_format, pillow_at_work
from upsamp.io.metadata import exif
from upsamp.io.metadata.iptc import resources_of
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_same_size, duration_of, shown_frames

# What Pillow is told by the same names.
TAKEN = ("icc_profile", "dpi", "exif", "xmp", "iptc", "comment")
# What a JPEG holds of each kind of metadata, but for names before it; and its dots per inch.
LARGEST, MOST_DPI = 65_500, 2**16 - 1
# What a JPEG, a lossy WebP and an AVIF are saved with where nothing else is known.
QUALITY = 95
# A JPEG's own tables are used for the result if they are as fine as those of this quality.
FINE = 85

# How often an animation is played has 16 bits, and for how many milliseconds a frame is shown 24.
MOST_PLAYS, LONGEST = 2**16 - 1, 2**24 - 1
# The byte of the head that tells what there is in the file, and its bit for transparency.
FLAGS, ALPHA = 20, 0x10


def write_by_pillow(
    picture: Picture, format_name: str, stream: BinaryIO, name: str, options: WriteOptions
) -> list[str]:
    """Write the first frame of a picture, and say what of its metadata has no number there.

    Pillow would write to the file by its number, and take for whole what a full disk cut off.
    """
    buffer = BytesIO()
    load_format(format_name.upper())
    with pillow_at_work(name, "cannot be encoded"):
        image = image_of(picture)
        if FORMATS[format_name].opaque and picture.has_alpha:
            image = _opaque(image, format_name)
        image.save(buffer, format_name, **save_options(picture, format_name, options))
    if format_name == "jpeg" and picture.metadata.get("aspect"):
        _tell_aspect(buffer, picture.metadata["aspect"])
    stream.write(buffer.getbuffer())
    too_fine = format_name == "jpeg" and is_too_fine(picture.metadata)
    return ["JPEG holds no such fine resolution, so that is left out"] if too_fine else []


def _opaque(image: Image.Image, format_name: str) -> Image.Image:
    """Return an image without its alpha; raise `FormatError` where that is not full."""
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert(image.mode.removesuffix("A"))
    raise FormatError(
        f"{format_name.upper()} holds no transparency, which would be lost. "
        "Use png, webp or tiff, or `upsample --background COLOUR`."
    )


def _tell_aspect(jpeg: BytesIO, aspect: tuple[Any, Any]) -> None:
    """Say in the JFIF header how wide the pixels are for their height, as Pillow does not."""
    ratio = Fraction(float(aspect[0])) / Fraction(float(aspect[1]))
    across, down = ratio.limit_denominator(2**16 - 1).as_integer_ratio()
    if bytes(jpeg.getbuffer()[6:11]) == b"JFIF\0" and 0 < across < 2**16:
        jpeg.getbuffer()[13:18] = struct.pack(">BHH", 0, across, down)


def save_options(picture: Picture, format_name: str, options: WriteOptions) -> dict[str, Any]:
    """Return the arguments of Pillow's `save`."""
    held = set(TAKEN) & set(FORMATS[format_name].metadata)
    kept = {key: value for key, value in picture.metadata.items() if key in held}
    if "exif" in kept:
        kept["exif"] = exif.PREFIX + kept["exif"]  # which Pillow takes off where it does not belong
    if format_name == "jpeg":
        return _held_by_jpeg(kept) | _of_jpeg(picture, options)
    if format_name == "webp":
        return kept | _of_webp(picture, options)
    if format_name == "ico":
        # Pillow would make smaller images of the usual sizes.
        return {"sizes": [picture.pixels.shape[1::-1]]}
    if format_name == "avif":
        if "exif" in kept:
            kept["exif"] = WholeExif(kept["exif"])
        quality = options.quality if isinstance(options.quality, int) else QUALITY
        return kept | {"quality": quality, "subsampling": "4:4:4"}
    return kept


class WholeExif(Image.Exif):
    """A block of EXIF that Pillow writes as it is.

    Of bytes it makes a new block to take the orientation out, which damaged ones do not let it, and
    which moves what a camera's own notes point to.
    """

    def __init__(self, block: bytes) -> None:
        super().__init__()
        self._block = block
        turned = exif.orientation_of(block.removeprefix(exif.PREFIX))
        # It is looked for, taken out, and what is left written.
        self.update({ExifTags.Base.Orientation: turned, ExifTags.Base.Software: ""})

    def tobytes(self, offset: int = 8) -> bytes:  # noqa: ARG002 - the block has its own
        """Return the block."""
        return self._block


def is_too_fine(metadata: Mapping[str, Any]) -> bool:
    """Tell whether there are more dots per inch than a JPEG has numbers for.

    >>> is_too_fine({"dpi": (300, 70_000)}), is_too_fine({})
    (True, False)
    """
    return max(map(float, metadata.get("dpi", (0,)))) > MOST_DPI


def _held_by_jpeg(kept: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that a JPEG has room for, as Pillow takes it."""
    for key in ("exif", "xmp", "iptc", "comment"):
        if len(kept.get(key, b"")) > LARGEST:
            raise FormatError(
                f"JPEG holds 64 KB of {key}, and {len(kept[key]):,} bytes would be lost. "
                "Use --strip, or png, webp or tiff."
            )
    if is_too_fine(kept):
        del kept["dpi"]
    iptc = kept.pop("iptc", None)
    if iptc:
        body = b"Photoshop 3.0\0" + resources_of(iptc)
        kept["extra"] = b"\xff\xed" + struct.pack(">H", 2 + len(body)) + body
    return kept


def _of_jpeg(picture: Picture, options: WriteOptions) -> dict[str, Any]:
    """Keep the tables and the subsampling of a JPEG, if that is wanted or good enough."""
    coding, quality = picture.coding, options.quality
    tables = coding.get("tables", {})
    sampling = coding.get("subsampling", -1)
    kept = {"subsampling": max(sampling, 0), "progressive": coding.get("progressive", False)}
    if tables and (quality == "keep" or (quality is None and _are_fine(tables))):
        return kept | {"qtables": tables}
    if isinstance(quality, int):
        return kept | {"quality": quality}
    return kept | {"quality": QUALITY, "subsampling": 0}


def _are_fine(tables: Mapping[int, list[int]]) -> bool:
    """Tell whether no step of quantisation is larger than those that `FINE` has at most."""
    return all(
        step <= limit
        for index, table in tables.items()
        for step, limit in zip(table, _tables_of(FINE)[min(index, 1)], strict=False)
    )


@cache
def _tables_of(quality: int) -> dict[int, list[int]]:
    """Return the tables that libjpeg makes for a quality."""
    stream = BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "jpeg", quality=quality)
    stream.seek(0)
    with Image.open(stream) as image:
        return dict(image.quantization)  # type: ignore[attr-defined] # a JPEG has them


def _of_webp(picture: Picture, options: WriteOptions) -> dict[str, Any]:
    """Lose nothing, unless a quality is given, or the source was such a file and had lost."""
    if isinstance(options.quality, int):
        return {"lossless": False, "quality": options.quality}
    if picture.coding.get("lossless", True):
        return {"lossless": True, "exact": True}
    return {"lossless": False, "quality": QUALITY}


def write_avif(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> None:
    """Write the first frame of a picture, and in its head the primaries and the transfer."""
    from upsamp.io.images.besides import HEAD, NCLX  # which most that is written needs not

    buffer = BytesIO()
    write_by_pillow(picture, "avif", buffer, name, options)
    data = buffer.getbuffer()
    box = bytes(data[:HEAD]).find(NCLX)
    if "cicp" in picture.metadata and box >= 0:
        struct.pack_into(">HH", data, box + len(NCLX), *picture.metadata["cicp"][:2])
    stream.write(data)


class FrameByFrame(Image.Image):
    """An image whose frames are those of a picture, each made when it is sought.

    Pillow's encoder of WebP seeks them in their order, and asks for a frame's duration after it.
    """

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.first = picture
        self.n_frames = shown_frames(picture).count
        self.durations: list[float] = []
        self.clear = False
        self._frames = shown_frames(picture).read()

    def tell(self) -> int:
        """Return the first frame, to which Pillow seeks back at the end."""
        return -1

    def seek(self, frame: int) -> None:
        """Take the next frame."""
        if frame < len(self.durations):
            return
        picture = next(self._frames)
        check_same_size(self.first, picture, "WebP")
        self.durations.append(min(duration_of(picture), LONGEST))
        made = image_of(picture)
        if picture.has_alpha:
            self.clear |= made.getchannel("A").getextrema() != (255, 255)
        self.im = made.im
        self._mode, self._size = made.mode, made.size


def write_webp(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> list[str]:
    """Write all frames of a picture; say whether there are as many in the file."""
    if picture.rest is None:
        return write_by_pillow(picture, "webp", stream, name, options)
    from upsamp.io.images.besides import webp_chunks  # few are animated

    buffer = BytesIO()
    load_format("WEBP")
    with pillow_at_work(name, "cannot be encoded"):
        frames = FrameByFrame(picture)
        frames.seek(0)
        frames.save(
            buffer,
            "webp",
            save_all=True,
            duration=frames.durations,
            loop=min(picture.metadata.get("plays", 0), MOST_PLAYS),
            **save_options(picture, "webp", options),
        )
    count = max(1, [*webp_chunks(buffer)].count(b"ANMF"))
    data = buffer.getbuffer()
    # The encoder cuts off what is clear around a frame. Where all is opaque then, it tells readers
    # of no transparency, and they show black in its place.
    if frames.clear and bytes(data[12:16]) == b"VP8X":
        data[FLAGS] |= ALPHA
    stream.write(data)
    # The encoder shows one frame for longer, where the next would change nothing that is seen.
    joined = f"{frames.n_frames} frames become {count}, as WebP joins those that look alike"
    return [joined] if count < frames.n_frames else []
