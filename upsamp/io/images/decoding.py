"""An opened image as a picture: its pixels as they are meant, with what its file says, upright."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin

from upsamp.io.images.besides import webp_chunks
from upsamp.io.images.declared import Numbers
from upsamp.io.images.metadata import metadata_of, orientation_of, tell_orientation
from upsamp.io.images.modes import natural, pixels_of
from upsamp.io.images.pillow import quiet_libraries
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.metadata.scale import upright
from upsamp.io.pictures import Picture

# Those that are not undone by doing them again.
OPPOSITE = {6: 8, 8: 6}


def decode(
    image: Image.Image,
    stream: BinaryIO,
    *,
    expand: bool,
    numbers: Numbers | None,
) -> tuple[Picture, int | None]:
    """Return the frame that the image is at, as it lies in the file, and its orientation.

    numbers: what its header says.
    """
    # A TIFF says it in its tags, and Pillow takes it out while it decodes. The others are decoded
    # first: what is asked of a PNG may decode it, and what that raises is passed over here.
    tagged = tell_orientation(image) if image.format == "TIFF" else None
    with quiet_libraries() if image.format == "TIFF" else nullcontext():
        image.load()
    metadata = metadata_of(image, stream)
    orientation = orientation_of(image) if tagged is None else tagged
    format_name = (image.format or "png").lower().replace("mpo", "jpeg")
    coding = coding_of(image, stream)
    image = natural(image, expand=expand)
    pixels, mode = pixels_of(image, format_name, expand=expand, numbers=numbers)
    if mode == "YCbCr":
        from upsamp.io.images.conversion import declared_rgb  # few have such colours

        pixels, mode = declared_rgb(pixels, getattr(image, "tag_v2", {}))
    if "transparency" not in image.info:  # it became alpha
        metadata.pop("transparency", None)
    palette = bytes(image.getpalette() or ()) if mode == "P" else None
    return Picture(pixels, mode, format_name, palette, metadata, coding), orientation


def oriented(picture: Picture, orientation: int | None, *, orient: bool) -> Picture:
    """Turn a picture upright, or leave it; Pillow has turned the pixels of a TIFF already."""
    if picture.format == "tiff":
        turned = None if orient else OPPOSITE.get(orientation or 1, orientation)
    else:
        turned = orientation if orient else None
    picture = picture.with_pixels(upright(picture.pixels, turned))
    if not orient:
        return picture
    return replace(
        picture, metadata=upright_metadata(picture.metadata, orientation, picture.pixels.shape)
    )


def coding_of(image: Image.Image, stream: BinaryIO) -> dict[str, Any]:
    """Return how the pixels of an opened image are compressed in its file.

    JPEG: tables, subsampling, progressive. WebP: lossless. TIFF: compression, by Pillow's name.
    """
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        tables = {key: list(table) for key, table in image.quantization.items()}
        return {
            "tables": tables,
            "subsampling": JpegImagePlugin.get_sampling(image),
            "progressive": bool(image.info.get("progressive")),
        }
    if image.format == "WEBP":
        # Of an animation the first frame tells.
        pixels = (name for name in webp_chunks(stream) if name in (b"VP8 ", b"VP8L"))
        return {"lossless": next(pixels, None) == b"VP8L"}
    if image.format == "TIFF" and isinstance(image.info.get("compression"), str):
        return {"compression": image.info["compression"]}
    return {}
