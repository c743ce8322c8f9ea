"""What a format does not hold of a picture: refused where it is pixels, told where it is not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.formats import ANY, FORMATS, FRAME_FORMATS, IMAGE_FORMATS, Format
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import MODES, Picture, image_shape, picture_of_matrix
from upsamp.io.value_ranges import Spread

__all__ = ["check_held", "check_result_held", "check_sides", "losses_of", "with_held_colours"]

# How a note names each kind of metadata.
WORDS: Mapping[str, str] = {
    "icc_profile": "colour profile",
    "gamma": "gamma",
    "chromaticity": "primaries",
    "dpi": "resolution",
    "exif": "EXIF",
    "xmp": "XMP",
    "comment": "comment",
    "text": "text",
}


def check_held(picture: Picture, format_name: str) -> Picture:
    """Return a picture whose pixels a format holds; raise `FormatError` where it does not.

    The pixels only need to have the shape and the type. Whether alpha is used is not looked at.
    """
    record = FORMATS[format_name]
    check_sides(picture.pixels.shape, format_name)
    if _holds(record, picture):
        return picture
    depth = picture.pixels.dtype.name
    formats = [name for name in IMAGE_FORMATS if _holds(FORMATS[name], picture)]
    if depth in ("uint8", "bool"):
        rule = f"has no place for {picture.mode} pixels"
    elif picture.pixels.ndim > 2:
        rule = f"is written with 8 bits a channel in colour, and {depth} pixels would lose the rest"
    else:
        rule = f"holds 8 bits a channel, and {depth} pixels would lose the rest"
    remedy = f"Use one of {', '.join(formats)}."
    if picture.mode.partition(";")[0] in (*MODES, "I", "F") and depth not in ("uint8", "bool"):
        remedy += " Or use --range LOW HIGH."
    raise FormatError(f"{format_name.upper()} {rule}. {remedy}")


def check_sides(shape: tuple[int, ...], format_name: str) -> None:
    """Raise `FormatError` where a format holds no picture of so many rows and columns."""
    height, width = shape[:2]
    most = FORMATS[format_name].largest_side
    if most is not None and max(height, width) > most:
        raise FormatError(
            f"{format_name.upper()} holds at most {most:,} pixels a side. "
            f"Received: {width:,} x {height:,}. Use a smaller size, or --format png."
        )


def check_result_held(
    given: Picture | Array,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    format_name: str,
    options: WriteOptions,
) -> None:
    """Raise `FormatError` where a format does not hold a result, before it is computed.

    given: what it is made of. shape, dtype: those of the result.
    """
    if format_name not in IMAGE_FORMATS:
        return
    head: Picture | Array
    frames = 1
    if isinstance(given, Picture) and shape[2:] == given.pixels.shape[2:]:
        head = replace(given, pixels=np.zeros((1, 1, *shape[2:]), dtype), rest=None)
        frames = given.frame_count if format_name in FRAME_FORMATS else 1
    else:
        shape = image_shape(shape)
        head = np.zeros((1, 1, *shape[2:]), dtype)
    check_sides(shape, format_name)
    if isinstance(head, Picture) and not head.mode:
        return  # it was not read, and is asked for its size alone
    if options.value_range is not None:
        head = Spread(0, 1).picture(head)
    picture = head if isinstance(head, Picture) else picture_of_matrix(head)
    check_held(with_held_colours(picture, format_name), format_name)
    if options.value_range == "auto" and frames > 1:
        raise FormatError(
            f"--range auto is found in one image. Received: {frames} frames. "
            "Use --range LOW HIGH, or --frame N."
        )


def with_held_colours(picture: Picture, format_name: str) -> Picture:
    """Return a picture in RGB where a format has not the colours that it is in."""
    modes = FORMATS[format_name].modes
    if picture.mode != "YCbCr" or "YCbCr" in modes or modes == ANY:
        return picture
    from upsamp.io.images.canvas import as_rgb  # few have it

    return as_rgb(picture)


def _holds(record: Format, picture: Picture) -> bool:
    """Tell whether a format holds the pixels of a picture, were they opaque."""
    mode = picture.mode
    if record.opaque and mode in ("LA", "RGBA"):
        mode = mode.removesuffix("A")
    return record.modes == ANY or mode in record.modes


def losses_of(result: Picture | Array, format_name: str, *, strip: bool = False) -> tuple[str, ...]:
    """Say what a result loses in that format, each in a line; nothing of a matrix.

    strip: whether metadata is left out anyhow, as was asked.
    """
    if not isinstance(result, Picture):
        return ()
    losses = []
    if format_name == "gif":
        from upsamp.io.palettes import losses_of_palette  # no other counts colours

        losses += losses_of_palette(result)
    if format_name == "tiff" and "compression" in result.coding:
        from upsamp.io.images.tiff import losses_of_compression  # of pictures alone

        losses += losses_of_compression(result)
    if result.rest is not None and format_name not in FRAME_FORMATS:
        losses.append(
            f"only the first of {result.frame_count} frames is written, as {format_name.upper()} "
            f"holds one; {', '.join(FRAME_FORMATS)} hold all"
        )
    if strip or format_name not in IMAGE_FORMATS:  # numbers alone were asked for
        return tuple(losses)
    held = FORMATS[format_name].metadata
    dropped = [
        word for kind, word in WORDS.items() if result.metadata.get(kind) and kind not in held
    ]
    if dropped:
        losses.append(f"{format_name.upper()} holds no {_either(dropped)}, so that is left out")
    return tuple(losses)


def _either(words: list[str]) -> str:
    """Return words as a list that ends in "or".

    >>> _either(["EXIF"]), _either(["EXIF", "XMP", "text"])
    ('EXIF', 'EXIF, XMP or text')
    """
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
