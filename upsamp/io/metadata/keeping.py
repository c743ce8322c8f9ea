"""Which metadata goes into a new file, and what it says there."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from upsamp.io.metadata import descriptions, exif, georeference, xmp
from upsamp.io.metadata.kinds import GONE, KINDS
from upsamp.io.metadata.scale import SAME, Scale, Turn
from upsamp.io.pictures import Picture

# Items of GDAL's that tell what the old pixels were like.
STATISTICS = re.compile(rb'<Item name="STATISTICS_[^<>]*>[^<]*</Item>\s*')


def upright_metadata(
    metadata: Mapping[str, Any], orientation: object, shape: tuple[int, ...]
) -> dict[str, Any]:
    """Return metadata in which no orientation stands any more, since the pixels were turned.

    shape: of the pixels that stand upright.
    """
    changed, turn = dict(metadata), None
    if isinstance(orientation, int) and 1 < orientation <= 8:
        turn = Turn(orientation, shape[1] - 1, shape[0] - 1)
        if turn.is_sideways:
            turn = Turn(orientation, turn.bottom, turn.right)
    for name, module in (("exif", exif), ("xmp", xmp)):
        if name in changed:
            changed[name] = module.without_orientation(changed[name], turn)
    if turn and turn.is_sideways:
        for name in ("aspect", "resolution"):
            if name in changed:
                across, down, *unit = changed[name]
                changed[name] = (down, across, *unit)
    if turn and changed.pop("geo", None):
        changed["gone"] = (*changed.get("gone", ()), "the georeference of a picture that is turned")
    return changed


def with_first_page(
    own: Mapping[str, Any], first: Mapping[str, Any], *, alone: bool
) -> dict[str, Any]:
    """Return the metadata of a page, with what the first page of its file says of them all.

    That is what programs of microscopes write there, and how large a pixel is. alone: whether the
    others are not read.
    """
    description = exif.description_of(first.get("exif", b""))
    if not descriptions.is_measured(description):
        return dict(own)
    kept = {key: one for key, one in own.items() if key not in ("dpi", "aspect", "resolution")}
    if "resolution" in first:
        kept["resolution"] = first["resolution"]
    if alone and not exif.description_of(own.get("exif", b"")):
        kept["exif"] = first["exif"]
    return kept


def counted(picture: Picture, pages: int | None = None) -> Picture:
    """Return a picture as it was read, whose metadata is counted in the pixels that it has now.

    What is no longer there, or of no known kind, is left out; its notes say so. pages: how many are
    read of its file, where it is the first.
    """
    metadata = {key: one for key, one in picture.metadata.items() if key in KINDS}
    gone = [*metadata.pop("gone", ())]
    if "xmp" in metadata and xmp.has_gone(metadata["xmp"]):
        metadata["xmp"] = xmp.without_gone(metadata["xmp"])
        gone.append("what XMP announces besides the picture, as a gain map")
    told = descriptions.pages_told(exif.description_of(metadata.get("exif", b"")))
    if pages and told not in (None, pages):
        gone.append(f"the OME-XML of {told} pages, of which {pages} are read")
    notes = (f"left out, as it belongs to the old file alone: {', '.join(gone)}",) if gone else ()
    height, width = picture.pixels.shape[:2]
    return replace(
        picture, metadata=metadata, counted=(height, width), notes=(*picture.notes, *notes)
    )


def with_true_metadata(picture: Picture, *, strip: bool) -> Picture:
    """Return the picture with what its new file is to say: its size, or nothing but colours."""
    pages = picture.frame_count
    return picture.map(partial(_with_true_metadata, strip=strip, pages=pages))


def _with_true_metadata(picture: Picture, *, strip: bool, pages: int) -> Picture:
    height, width = picture.pixels.shape[:2]
    before = picture.counted or (height, width)
    scale = Scale(Fraction(height, before[0]), Fraction(width, before[1]))
    metadata = {
        key: one
        for key, one in picture.metadata.items()
        if key in KINDS and KINDS[key].fate != GONE and not (strip and KINDS[key].stripped)
    }
    changes: Mapping[str, Callable[[Any], Any]] = {
        "exif": lambda block: exif.with_size(block, width, height, scale, pages),
        "xmp": lambda text: xmp.with_size(text, width, height, scale),
    }
    if scale != SAME:
        changes = {
            **changes,
            "geo": lambda tags: georeference.rescaled(tags, scale),
            "gdal": lambda text: STATISTICS.sub(b"", text),
            "resolution": lambda told: (
                told[0] * scale.columns,
                told[1] * scale.rows,
                *told[2:],
            ),
        }
    metadata |= {key: changes[key](metadata[key]) for key in changes.keys() & metadata.keys()}
    return replace(picture, metadata=metadata, counted=(height, width))
