"""Which metadata goes into a new file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from upsamp.io.metadata import exif, xmp
from upsamp.io.pictures import Picture

__all__ = ["upright_metadata", "with_true_metadata"]

# What `--strip` drops. The colour profile stays: without it the colours would change.
STRIPPED = ("exif", "xmp", "dpi", "comment", "text")


def upright_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata in which no orientation stands any more, since the pixels were turned."""
    changed = dict(metadata)
    for name, module in (("exif", exif), ("xmp", xmp)):
        if name in changed:
            changed[name] = module.without_orientation(changed[name])
    return changed


def with_true_metadata(picture: Picture, *, strip: bool) -> Picture:
    """Return the picture with what its new file is to say: its own size, or nothing but colours."""
    height, width = picture.pixels.shape[:2]
    metadata = dict(picture.metadata)
    if strip:
        for name in STRIPPED:
            metadata.pop(name, None)
    if "exif" in metadata:
        metadata["exif"] = exif.with_size(metadata["exif"], width, height)
    if "xmp" in metadata:
        metadata["xmp"] = xmp.with_size(metadata["xmp"], width, height)
    return replace(picture, metadata=metadata)
