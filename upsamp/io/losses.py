"""What a format does not hold of a picture: converted or refused if pixels, told if not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.formats import ANY, DEEP_MODES, FORMATS, FRAME_FORMATS, IMAGE_FORMATS, MODES, Format
from upsamp.io.metadata.colours import OF_COLOURS, space_of_pixels, space_of_profile, telling
from upsamp.io.metadata.kinds import KINDS
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Frames, Picture, image_shape, picture_of_matrix, shown_frames
from upsamp.io.transparency import expanded, flattened
from upsamp.io.value_ranges import Spread

# The modes that become RGB where a format has no place for them.
CONVERTED = ("YCbCr", "LAB", "CMYK", "CMYK;16")

# Kinds that are in the pixels where a format does not hold them, or of which frames tell.
TOLD_OTHERWISE = ("transparency", "srgb", "duration", "plays", "default_image")


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
    deep = DEEP_MODES[0 if picture.pixels.ndim == 2 else 2] in record.modes
    if depth in ("uint8", "bool") or (deep and depth == "uint16"):
        rule = f"has no place for {picture.mode} pixels"
    elif deep:
        rule = f"holds 8 or 16 bits without a sign, and {depth} pixels would lose the rest"
    elif picture.pixels.ndim > 2:
        rule = f"is written with 8 bits a channel in colour, and {depth} pixels would lose the rest"
    else:
        rule = f"holds 8 bits a channel, and {depth} pixels would lose the rest"
    remedy = f"Use one of {', '.join(formats)}."
    if picture.colours in (*MODES, "I", "F") and depth not in ("uint8", "bool"):
        remedy += " Or use --range LOW HIGH."
    raise FormatError(f"{format_name.upper()} {rule}. {remedy}")


def check_sides(shape: tuple[int, ...], format_name: str) -> None:
    """Raise `FormatError` where a format holds no picture of this many rows and columns."""
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
    check_held(fitted(picture, format_name, options), format_name)
    if options.value_range == "auto" and frames > 1:
        raise FormatError(
            f"--range auto is found in one image. Received: {frames} frames. "
            "Use --range LOW HIGH, or --frame N."
        )


def _holds(record: Format, picture: Picture) -> bool:
    """Tell whether a format holds the pixels of a picture, were they opaque."""
    mode = picture.mode
    if record.opaque and mode in ("LA", "RGBA"):
        mode = mode.removesuffix("A")
    return record.modes == ANY or mode in record.modes


def fitted(picture: Picture, format_name: str, options: WriteOptions) -> Picture:
    """Return a frame in colours that a format has, with a profile of these or none.

    It is laid on the background of the options, if they have one, and turned to RGB where the
    format has no place for its colours; notes say what that changes.
    """
    record = FORMATS[format_name]
    if record.modes != ANY:
        picture = picture.without_extra()
    if options.background is not None:
        picture = flattened(picture, options.background)
    strange = picture.mode not in record.modes and record.modes != ANY
    is_clear = "transparency" in picture.metadata and "transparency" not in record.metadata
    if is_clear or (strange and picture.mode in ("1", "P")):
        picture = expanded(picture)
    if strange and picture.mode in CONVERTED:
        from upsamp.io.images.conversion import as_rgb  # few have such colours

        picture = as_rgb(picture)
    profile = picture.metadata.get("icc_profile")
    if not profile or "icc_profile" not in record.metadata:
        return picture
    own = space_of_profile(profile)
    written = space_of_pixels(picture.mode, grey=record.grey)
    if own in (None, written):
        return picture
    metadata = {key: one for key, one in picture.metadata.items() if key != "icc_profile"}
    note = (
        f"the colour profile is for {own} pixels, and {format_name.upper()} has these as "
        f"{written}, so it is left out"
    )
    return replace(picture, metadata=metadata, notes=(*picture.notes, note))


def fitted_stand_in(
    picture: Picture, format_name: str, options: WriteOptions, *, expand: bool = False
) -> Picture:
    """Return what `fitted` makes of a picture, with what stands in for the pixels.

    It is found out by one of them, so the notes are there, too, but no others. expand: whether
    single bits become bytes in any case.
    """
    pixel = replace(picture, pixels=picture.pixels[:1, :1], rest=None, notes=())
    made = fitted(expanded(pixel) if expand else pixel, format_name, options)
    shape = (*picture.pixels.shape[:2], *made.pixels.shape[2:])
    pixels = np.broadcast_to(made.pixels.ravel()[0], shape)
    return replace(made, pixels=pixels, rest=picture.rest)


def losses_of(
    result: Picture | Array, format_name: str, options: WriteOptions | None = None
) -> tuple[str, ...]:
    """Say what a result loses in that format, each in a line; nothing of a matrix.

    options: how it is written. What they leave out is not told. What only the encoder knows, as
    whether a palette is enough, `write_result` returns.
    """
    if not isinstance(result, Picture):
        return ()
    record = FORMATS[format_name]
    if record.kind != "image":  # numbers only were asked for
        return _losses_of_frames(result, record)
    options = options or WriteOptions()
    made = fitted_stand_in(result, format_name, options)
    losses = [*made.notes]
    if format_name == "tiff" and "compression" in result.coding:
        from upsamp.io.images.tiff import losses_of_compression  # of pictures alone

        losses += losses_of_compression(result)
    if result.extra and record.modes != ANY:
        losses.append(
            f"{result.extra} of {result.pixels.shape[2]} channels are neither colour nor alpha and "
            f"are left out, as {format_name.upper()} does not hold them; tiff and npy keep them"
        )
    losses += _losses_of_frames(result, record)
    held = (*record.metadata, *TOLD_OTHERWISE)
    told = telling(made.metadata)
    kinds = [
        key
        for key, kind in KINDS.items()
        if told.get(key) and key not in held and not (options.strip and kind.stripped)
    ]
    if kinds:
        words = _either([KINDS[key].words for key in kinds])
        losses.append(f"{format_name.upper()} does not hold {words}, so that is left out")
    return tuple(losses)


def losses_of_each(
    result: Picture | Array,
    format_name: str,
    options: WriteOptions,
    tell: Callable[[str], object],
) -> Picture | Array:
    """Tell what a result loses in that format, and of the frames that follow as they are written.

    Returns the result, whose frames tell of themselves what was not told of one before them.
    """
    losses = losses_of(result, format_name, options)
    for loss in losses:
        tell(loss)
    if not isinstance(result, Picture) or result.rest is None or not FORMATS[format_name].frames:
        return result
    rest, said = result.rest, {*losses, *result.notes}

    def read() -> Iterator[Picture]:
        for number, frame in enumerate(rest.read(), start=1):
            losses = losses_of(frame, format_name, options)
            for loss in (*frame.notes, *losses, *_losses_of_page(result, frame, format_name)):
                if loss not in said:
                    said.add(loss)
                    tell(f"frame {number}: {loss}")
            yield frame

    return replace(result, rest=Frames(rest.count, read))


def _losses_of_page(first: Picture, page: Picture, format_name: str) -> tuple[str, ...]:
    """Say what a format does not hold of a page, as it has metadata for all frames together."""
    record = FORMATS[format_name]
    if record.pages or not FORMATS["png" if page.format not in FORMATS else page.format].pages:
        return ()
    words = [
        KINDS[key].words
        for key in record.metadata
        if key not in TOLD_OTHERWISE
        and page.metadata.get(key) != first.metadata.get(key)
        and (key in page.metadata or key in OF_COLOURS)
    ]
    if not words:
        return ()
    return (f"{record.name.upper()} holds {_either(words)} of the first frame alone",)


def _losses_of_frames(result: Picture, record: Format) -> tuple[str, ...]:
    """Say which frames a format does not hold."""
    if result.rest is None:
        return ()
    hidden = result.metadata.get("default_image")
    loss = ""
    if not record.frames:
        what = "image that stands for" if hidden else "first of"
        loss = (
            f"only the {what} {shown_frames(result).count} frames is written, "
            f"as {record.name.upper()} holds one; {', '.join(FRAME_FORMATS)} hold all"
        )
    elif hidden and "default_image" not in record.metadata:
        loss = "the image for programs that know no animations is left out; --format png keeps it"
    return (loss,) if loss else ()


def _either(words: list[str]) -> str:
    """Return words as a list that ends in "or".

    >>> _either(["EXIF"]), _either(["EXIF", "XMP", "text"])
    ('EXIF', 'EXIF, XMP or text')
    """
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
