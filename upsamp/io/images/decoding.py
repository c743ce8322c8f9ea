"""An opened image as a picture: its pixels as they are meant, with what its file says, upright."""

from contextlib import nullcontext
from dataclasses import replace
from typing import BinaryIO

from PIL import Image

from upsamp.io.images.coding import coding_of
from upsamp.io.images.declared import Numbers
from upsamp.io.images.metadata import metadata_of, orientation_of, tell_orientation
from upsamp.io.images.modes import natural, pixels_of
from upsamp.io.images.orientation import OPPOSITE, upright
from upsamp.io.images.pillow import quiet_libraries
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.pictures import Picture

# Frames of an animation are shown in the place of each other, so they are of one mode: that which
# Pillow gives, if it is one of these.
UNCHANGING = ("L", "LA", "RGB", "RGBA", "I;16")


def decode(
    image: Image.Image,
    stream: BinaryIO,
    *,
    expand: bool,
    together: bool,
    numbers: Numbers | None,
) -> tuple[Picture, int | None]:
    """Return the frame that the image is at, as it lies in the file, and its orientation.

    together: whether its mode is to be that of all frames. numbers: what its header says.
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
    if together and image.mode not in UNCHANGING:
        image = image.convert("RGBA")
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
