"""Where a result goes: written in a format, to a file or to standard output."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import BinaryIO

from upsamp.core.arguments import Array
from upsamp.core.memory import check_limit, memory_limit
from upsamp.io.atomic import open_output
from upsamp.io.formats import FRAME_FORMATS, TEXT_FORMATS, is_image_format
from upsamp.io.matrices import write_matrix
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import PNG_MODES, Picture, array_of, picture_of_matrix, shown_frames
from upsamp.io.streams import STANDARD_STREAM

__all__ = ["encode_result", "encoding_bytes", "losses_of", "write_result"]

# What is written to a pipe as it is made; the others want a stream that can be searched.
STREAMED_FORMATS = (*TEXT_FORMATS, "png")
# Bytes that encoding takes besides the pixels, for each pixel and channel, or for each pixel of
# the formats whose encoders work in channels of their own; measured, with a margin.
ENCODER_BYTES: Mapping[str, int] = {
    "jpeg": 5,
    "bmp": 4,
    "ppm": 5,
    "tga": 4,
    "ico": 7,
    "jpeg2000": 18,
    "tiff": 4,
    "png": 4,
}
COLOUR_ENCODER_BYTES: Mapping[str, int] = {"webp": 40, "avif": 64, "gif": 44}
# The same for a number in text, how many numbers are written together (or a whole row), and what is
# packed at a time.
TEXT_NUMBER_BYTES, TEXT_BLOCK_NUMBERS, PACKED_BYTES = 150, 2**16, 2**25


def write_result(
    result: Picture | Array,
    format_name: str,
    name: str,
    options: WriteOptions | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write a result to the file `name`, or to standard output for "-".

    options: for an image.
    """
    encode = partial(_encode, result, format_name, options or WriteOptions())
    shown = "standard output" if name == STANDARD_STREAM else f"'{name}'"
    with open_output(name, overwrite=overwrite) as stream:
        if format_name in STREAMED_FORMATS or (name != STANDARD_STREAM and stream.seekable()):
            encode(stream, shown)
        else:  # a pipe or a device
            buffer = BytesIO()
            encode(buffer, shown)
            stream.write(buffer.getbuffer())


def encode_result(
    result: Picture | Array, format_name: str, name: str, options: WriteOptions
) -> bytes:
    """Return the bytes that the file `name` has when a result is written to it."""
    buffer = BytesIO()
    _encode(result, format_name, options, buffer, f"'{name}'")
    return buffer.getvalue()


def encoding_bytes(result: Picture | Array, format_name: str, *, whole: bool = False) -> int:
    """Return the bytes that are taken at the most to write a result, or one of its frames.

    result: may be one that only has the shape and the type. whole: whether the file is made in
    memory, as for a stream that cannot be searched.
    """
    array = array_of(result)
    file = 2 * array.nbytes if whole or not isinstance(result, Picture) else 0
    if not is_image_format(format_name) or format_name == "table":
        if format_name in ("table", *TEXT_FORMATS):
            return TEXT_NUMBER_BYTES * max(TEXT_BLOCK_NUMBERS, array[:1].size)
        return PACKED_BYTES + file
    frames = 2 if isinstance(result, Picture) and result.rest is not None else 1
    if format_name in COLOUR_ENCODER_BYTES:
        colour = array.ndim > 2 or frames > 1 or format_name != "gif"
        each = COLOUR_ENCODER_BYTES[format_name] if colour else ENCODER_BYTES["png"]
        return file + frames * each * math.prod(array.shape[:2])
    return file + frames * ENCODER_BYTES[format_name] * array.nbytes


def losses_of(result: Picture | Array, format_name: str) -> tuple[str, ...]:
    """Say what a result loses in that format."""
    losses = []
    if not isinstance(result, Picture):
        return ()
    if format_name == "gif":
        from upsamp.io.palettes import fits_palette, is_partly_clear  # no other counts colours

        if not fits_palette(result.pixels):
            losses.append("GIF holds 256 colours, so some are lost; use --format png to keep all")
        if result.has_alpha and is_partly_clear(result.pixels):
            losses.append(
                "GIF is clear or opaque and nothing between, so soft edges become hard; "
                "use --format png to keep them"
            )
    if format_name == "tiff" and "compression" in result.coding:
        from upsamp.io.images.tiff import kept_compression  # of pictures alone

        own = result.coding["compression"]
        if own not in (kept_compression(result), "tiff_deflate"):
            losses.append(
                f"the TIFF was compressed by {own}, which is not written for these pixels"
                f"{' without upsamp[deep]' if own == 'zstd' else ''}: it is written by Deflate, "
                "which loses nothing"
            )
    has_frames = result.rest is not None and format_name in FRAME_FORMATS
    if has_frames and result.metadata.get("default_image") and format_name != "png":
        losses.append(
            "the image for programs that know no animations is left out; --format png keeps it"
        )
    if result.rest is not None and format_name not in FRAME_FORMATS:
        what = "image that stands for" if result.metadata.get("default_image") else "first of"
        losses.append(
            f"only the {what} {shown_frames(result).count} frames is written, "
            f"as {format_name.upper()} holds one; {', '.join(FRAME_FORMATS)} hold all"
        )
    return tuple(losses)


def _checked(frame: Picture, format_name: str) -> Picture:
    """Return a frame for which --max-memory has room."""
    needed = frame.pixels.nbytes + encoding_bytes(frame, format_name)
    check_limit(needed, f"a frame of {frame.pixels.shape[1]:,} x {frame.pixels.shape[0]:,} pixels")
    return frame


def _encode(
    result: Picture | Array, format_name: str, options: WriteOptions, stream: BinaryIO, name: str
) -> None:
    """Write the result in that format: a picture's pixels, where the format is a matrix's."""
    if not is_image_format(format_name):
        pixels = array_of(result)
        write_matrix(pixels, format_name, stream)
        return
    from upsamp.io.metadata.keeping import with_true_metadata  # of pictures alone

    picture = result if isinstance(result, Picture) else picture_of_matrix(result)
    picture = picture.map(partial(with_true_metadata, strip=options.strip))
    if memory_limit() is not None and picture.rest is not None:
        picture = replace(
            picture, rest=picture.rest.map(partial(_checked, format_name=format_name))
        )
    if format_name == "png" and picture.mode in PNG_MODES:
        from upsamp.io.png import write_png  # to write text asks for no compressors and threads

        write_png(picture, stream, name, compression=options.compression)
    else:
        from upsamp.io.images import write_picture  # Pillow is loaded where nothing else will do

        write_picture(picture, format_name, stream, name, options)
