"""Pictures of any kind as grey or RGB of 8 or 16 bits, which is what a network takes."""

from dataclasses import replace

from upsamp.errors import FormatError
from upsamp.io.formats import DEEP_MODES, MODES
from upsamp.io.images.conversion import as_rgb
from upsamp.io.losses import CONVERTED
from upsamp.io.pictures import Picture
from upsamp.io.value_ranges import find_range


def as_plain(picture: Picture, ends: tuple[float, float] | None) -> Picture:
    """Return a picture in grey or RGB of 8 or 16 bits, as far as it can be.

    ends: the values of floats and of 32 bits that become black and white of 8 bits; None leaves
    them. Raises `FormatError` where some hold no data.
    """
    if picture.mode in CONVERTED:
        return picture.map(as_rgb)
    if ends is None or picture.mode in (*MODES, *DEEP_MODES):
        return picture
    spread = find_range(picture, ends)
    made = spread.picture(picture)
    if spread.nans:
        raise FormatError(
            "--model is for pictures whose pixels all hold data. "
            f"Received: {spread.nans:,} without. Use --interp."
        )
    shown = (
        f"{picture.mode} became pixels of 8 bits, black and white at {ends[0]:g} and {ends[1]:g}"
    )
    return replace(made, notes=(*made.notes, shown, *spread.notes))
