"""What a format does not hold of a picture: refused where it is pixels, told where it is not."""

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.formats import ANY, FORMATS, FRAME_FORMATS, IMAGE_FORMATS, Format
from upsamp.io.metadata.kinds import KINDS
from upsamp.io.pictures import Picture, shown_frames

__all__ = ["check_held", "losses_of"]

# Kinds that are in the pixels where a format does not hold them, or of which frames tell.
TOLD_OTHERWISE = ("transparency", "srgb", "duration", "plays", "default_image")


def check_held(picture: Picture, format_name: str) -> Picture:
    """Return a picture whose pixels a format holds; raise `FormatError` where it does not.

    The pixels only need to have the shape and the type. Whether alpha is used is not looked at.
    """
    record = FORMATS[format_name]
    height, width = picture.pixels.shape[:2]
    if max(height, width) > (record.largest_side or max(height, width)):
        raise FormatError(
            f"{format_name.upper()} holds at most {record.largest_side:,} pixels a side. "
            f"Received: {width:,} x {height:,}. Use a smaller size, or --format png."
        )
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
    raise FormatError(f"{format_name.upper()} {rule}. Use one of {', '.join(formats)}.")


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
    hidden = result.rest is not None and result.metadata.get("default_image")
    if hidden and format_name in FRAME_FORMATS and format_name != "png":
        losses.append(
            "the image for programs that know no animations is left out; --format png keeps it"
        )
    if result.extra and format_name in IMAGE_FORMATS and format_name != "tiff":
        losses.append(
            f"{result.extra} of {result.pixels.shape[2]} channels are neither colour nor alpha and "
            f"are left out, as {format_name.upper()} does not hold them; tiff and npy keep them"
        )
    if result.rest is not None and format_name not in FRAME_FORMATS:
        what = "image that stands for" if hidden else "first of"
        losses.append(
            f"only the {what} {shown_frames(result).count} frames is written, "
            f"as {format_name.upper()} holds one; {', '.join(FRAME_FORMATS)} hold all"
        )
    if strip or format_name not in IMAGE_FORMATS:  # numbers alone were asked for
        return tuple(losses)
    held = (*FORMATS[format_name].metadata, *TOLD_OTHERWISE)
    kinds = [key for key in KINDS if result.metadata.get(key) and key not in held]
    if kinds:
        words = _either([KINDS[key].words for key in kinds])
        losses.append(f"{format_name.upper()} does not hold {words}, so that is left out")
    return tuple(losses)


def _either(words: list[str]) -> str:
    """Return words as a list that ends in "or".

    >>> _either(["EXIF"]), _either(["EXIF", "XMP", "text"])
    ('EXIF', 'EXIF, XMP or text')
    """
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
