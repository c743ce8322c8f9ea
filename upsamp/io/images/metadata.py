"""What an image file says besides its pixels: resolution, colour profile, EXIF."""

import struct
from contextlib import suppress
from typing import Any

from PIL import Image

__all__ = ["metadata_of"]

# Metadata that a file keeps, by Pillow's names.
KEPT = ("icc_profile", "dpi", "transparency")


def metadata_of(image: Image.Image) -> dict[str, Any]:
    """Give what the file says besides its pixels, as far as it makes sense."""
    metadata = {key: image.info[key] for key in KEPT if key in image.info}
    dpi = metadata.pop("dpi", ())
    with suppress(ZeroDivisionError, ValueError):  # of a resolution of 0/0, which says nothing
        if len(dpi) == 2 and all(1 < float(part) < 1e6 for part in dpi):
            metadata["dpi"] = dpi
    with suppress(ZeroDivisionError, ValueError, TypeError, struct.error):  # of damaged tags
        exif = image.getexif()
        if exif:
            metadata["exif"] = exif.tobytes()
    return metadata
