"""Where a result goes: written in a format, to a file or to standard output."""

import math
from dataclasses import replace
from functools import partial
from importlib import import_module
from io import BytesIO
from shutil import copyfileobj
from typing import BinaryIO, NamedTuple

from upsamp.core.arguments import Array
from upsamp.core.memory import check_limit, memory_limit
from upsamp.io.atomic import already_exists, check_target, open_output
from upsamp.io.formats import FORMATS, TEXT_FORMATS, is_image_format
from upsamp.io.matrices import write_matrix
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, array_of, picture_of_matrix
from upsamp.io.remote_paths import check_remote, is_remote, remote_kind, write_remote
from upsamp.io.streams import STANDARD_STREAM

# Bytes that encoding takes for a number in text, how many numbers are written together (or a whole
# row), and what is packed at a time.
TEXT_NUMBER_BYTES, TEXT_BLOCK_NUMBERS, PACKED_BYTES = 150, 2**16, 2**25


class Destination(NamedTuple):
    """Where a result goes: a file, local or remote, or "-", and a format.

    options: how an image is written. overwrite: whether a file that is there is replaced.
    """

    name: str
    format: str
    options: WriteOptions = WriteOptions()
    overwrite: bool = False


def check_place(name: str, *, overwrite: bool) -> None:
    """Raise `FileError` where `name` cannot be written to, as far as that is known before."""
    if not is_remote(name):
        check_target(name, overwrite=overwrite)
        return
    check_remote(name)
    if not overwrite and remote_kind(name) == "file":
        raise already_exists(name)


def write_result(
    result: Picture | Array,
    format_name: str,
    name: str,
    options: WriteOptions | None = None,
    *,
    overwrite: bool = False,
) -> list[str]:
    """Write a result to the file `name`, local or remote, or to standard output for "-".

    options: for an image. Returns what was lost on the way, as far as only the encoder knows.
    """
    encode = partial(_encode, result, format_name, options or WriteOptions())
    if is_remote(name):
        data = BytesIO()
        losses = encode(data, f"'{name}'")
        write_remote(name, data.getvalue(), overwrite=overwrite)
        return losses
    shown = "standard output" if name == STANDARD_STREAM else f"'{name}'"
    with open_output(name, overwrite=overwrite) as stream:
        if FORMATS[format_name].streamed or (name != STANDARD_STREAM and stream.seekable()):
            losses = encode(stream, shown)
        else:  # a pipe or a device
            buffer = BytesIO()
            losses = encode(buffer, shown)
            stream.write(buffer.getbuffer())
    return losses


def copy_stream(stream: BinaryIO, name: str, *, overwrite: bool) -> None:
    """Copy bytes to the file `name`, local or remote, or to standard output for "-"."""
    if is_remote(name):
        write_remote(name, stream.read(), overwrite=overwrite)
        return
    with open_output(name, overwrite=overwrite) as result:
        copyfileobj(stream, result)


def encoding_bytes(
    result: Picture | Array,
    format_name: str,
    options: WriteOptions | None = None,
    *,
    whole: bool = False,
) -> int:
    """Return the bytes that are taken at the most to write a result, or one of its frames.

    result: may be one that only has the shape and the type. whole: whether the file is made in
    memory, as for a stream that cannot be searched.
    """
    array, converted = array_of(result), 0
    if isinstance(result, Picture) and is_image_format(format_name):
        from upsamp.io.losses import fitted_stand_in  # of pictures alone

        written = fitted_stand_in(result, format_name, options or WriteOptions())
        array = written.pixels
        converted = array.nbytes if written.mode != result.mode else 0  # beside the result
    file = converted + (2 * array.nbytes if whole or not isinstance(result, Picture) else 0)
    if not is_image_format(format_name) or format_name == "table":
        if format_name in ("table", *TEXT_FORMATS):
            return TEXT_NUMBER_BYTES * max(TEXT_BLOCK_NUMBERS, array[:1].size)
        return PACKED_BYTES + file
    frames = 2 if isinstance(result, Picture) and result.rest is not None else 1
    record = FORMATS[format_name]
    # A grey GIF of one frame is written as it is.
    if record.pixel_bytes and (array.ndim > 2 or frames > 1 or format_name != "gif"):
        return file + frames * record.pixel_bytes * math.prod(array.shape[:2])
    return file + frames * record.channel_bytes * array.nbytes


def _checked(frame: Picture, format_name: str) -> Picture:
    """Return a frame for which --max-memory has room."""
    needed = frame.pixels.nbytes + encoding_bytes(frame, format_name)
    check_limit(needed, f"a frame of {frame.pixels.shape[1]:,} x {frame.pixels.shape[0]:,} pixels")
    return frame


def _encode(
    result: Picture | Array, format_name: str, options: WriteOptions, stream: BinaryIO, name: str
) -> list[str]:
    """Write the result in that format: a picture's pixels, where the format is a matrix's."""
    if not is_image_format(format_name):
        pixels = array_of(result)
        write_matrix(pixels, format_name, stream)
        return []
    from upsamp.io.losses import check_held, fitted  # of pictures alone
    from upsamp.io.metadata.keeping import with_true_metadata

    record = FORMATS[format_name]
    picture = result if isinstance(result, Picture) else picture_of_matrix(result)
    picture = with_true_metadata(picture, strip=options.strip)
    picture = picture.map(partial(fitted, format_name=format_name, options=options))
    picture = picture.map(partial(check_held, format_name=format_name))
    if memory_limit() is not None and picture.rest is not None:
        picture = replace(
            picture, rest=picture.rest.map(partial(_checked, format_name=format_name))
        )
    if record.writer:
        module, function = record.writer.split(":")
        losses = getattr(import_module(module), function)(picture, stream, name, options)
        return losses or []
    from upsamp.io.images.writing import write_by_pillow  # where nothing else will do

    return write_by_pillow(picture, format_name, stream, name, options)
