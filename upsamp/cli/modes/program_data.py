"""The data of a printed program: where it reads what a command was given, and what it leaves."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import click
import numpy as np

from upsamp.cli.render.tables import show_note
from upsamp.core.arguments import Array, DataFormat
from upsamp.core.layout import as_batch
from upsamp.io.formats import IMAGE_FORMATS, MODES, TEXT_FORMATS, format_of_name
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture, array_of
from upsamp.io.read import names_file, read_matrix, split_array_name
from upsamp.io.remote_paths import is_remote
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.translate.source import LARGEST, comment, written_array

# Integers up to here are float32's, too, in which the programs compute.
MAX_EXACT = 2**24
# Text of more numbers is not read a second time.
MAX_TEXT_NUMBERS = 10**6
UPSAMP = "import upsamp"


class Origin(NamedTuple):
    """Python source of an array, and the lines that import what it needs.

    The array has its own shape, or where it is `written` out none of its axes of one element.
    """

    text: str
    imports: tuple[str, ...] = ()
    written: bool = False


def origin_of(source: str | None, given: Picture | Array, options: ReadOptions) -> Origin:
    """Return how a program comes to what a command read from `source`.

    A file is read again, and what Pillow or NumPy alone read alike needs no upsamp; what was
    written in the command, and few numbers, are written out.
    """
    array = array_of(given)
    _tell_of_large(array)
    path = source if source is None else (split_array_name(source) or (source, ""))[0]
    is_file = path is not None and (is_remote(path) or names_file(path))
    streamed = path is not None and is_stream(path)
    if streamed and array.size > LARGEST:
        raise _read_once(array.size)
    small = array.size <= LARGEST and not isinstance(given, Picture)
    if not is_file or streamed or small:
        bare = array.squeeze()
        return Origin(written_array(bare, bare.shape), written=True)
    name = str(source)
    if isinstance(given, Picture):
        return _picture_origin(name, given, options)
    return next(_array_origins(name, array, options), _upsamp_origin(name))


def read_again(text: str, size: int) -> Array:
    """Return the numbers, `size` of them, that an option names, as they are there."""
    if is_stream(text):
        raise _read_once(size)
    return read_matrix(text, "A program", vectors=True)


def _read_once(size: int) -> click.UsageError:
    return click.UsageError(
        f"--code writes out {LARGEST} numbers that come through a pipe, and no program reads "
        f"them again. Received: {size:,}. Give a file."
    )


def _tell_of_large(array: Array) -> None:
    if array.dtype.kind in "iu" and array.size and array.dtype.itemsize > 2:
        largest = max(abs(int(array.min())), abs(int(array.max())))
        if largest > MAX_EXACT:
            show_note(f"programs compute in float32, which rounds numbers above {MAX_EXACT:,}")


def _picture_origin(name: str, given: Picture, options: ReadOptions) -> Origin:
    """Return how a picture is read: by Pillow, if that gives its pixels, or by upsamp."""
    text = None
    if options.frame is None and not is_remote(name):
        from upsamp.io.images.plain import pillow_source  # with Pillow

        text = pillow_source(name, given.pixels)
    if text is not None:
        turned = "ImageOps" in text
        return Origin(text, (f"from PIL import Image{', ImageOps' if turned else ''}",))
    more = "" if options.frame is None else f", frame={options.frame}"
    more += "" if options.orient else ", auto_orient=False"
    more += "" if options.depth is None else f", depth={options.depth}"
    return Origin(f"upsamp.read({name!r}{more}).pixels", (UPSAMP,))


def _upsamp_origin(name: str) -> Origin:
    return Origin(f"upsamp.read({name!r})", (UPSAMP,))


def _array_origins(name: str, array: Array, options: ReadOptions) -> Iterator[Origin]:
    """Yield how NumPy alone reads an array, as far as that gives the same."""
    archive, kind = split_array_name(name), format_of_name(name)
    if archive is not None and archive[0].lower().endswith(".npz"):
        yield Origin(f"np.load({archive[0]!r})[{archive[1]!r}]")
    if is_remote(name) or archive is not None:
        return
    if kind == "npy":
        yield Origin(f"np.load({name!r})")
    if kind == "npz":
        yield Origin(f"next(iter(np.load({name!r}).values()))")
    if kind not in TEXT_FORMATS or array.size > MAX_TEXT_NUMBERS:
        return
    read: Callable[..., Any] = np.loadtxt if options.missing != "nan" else np.genfromtxt
    for delimiter in (None, ",", ";", "\t"):
        try:
            found = partial(read, name, delimiter=delimiter)()
        except ValueError:
            continue
        if np.array_equal(np.reshape(found, (1, -1) if found.ndim < 2 else found.shape), array):
            separator = "" if delimiter is None else f", delimiter={delimiter!r}"
            reshape = "" if found.ndim == array.ndim else f".reshape{array.shape}"
            yield Origin(f"np.{read.__name__}({name!r}{separator}){reshape}")


def batch_source(origin: Origin, array: Array, layout: DataFormat) -> str:
    """Return the source of an array as (N, H, W, C)."""
    shape = as_batch(array, layout).shape
    if layout == "channels_first" and array.ndim > 2:
        text = f"{origin.text}.reshape{array.shape}" if origin.written else origin.text
        text = f"np.moveaxis({text}, {array.ndim - 3}, -1)"
        return text if array.ndim == 4 else f"{text}[np.newaxis]"
    return f"{origin.text}.reshape{shape}" if array.ndim < 4 or origin.written else origin.text


def rounding(dtype: np.dtype[Any]) -> list[str]:
    """Return the lines that round `y` to the type that a command gives, half to even."""
    if dtype.kind not in "iub":
        return [] if dtype.itemsize > 2 else [f"y = y.astype(np.{dtype.name})"]
    if dtype.kind == "b":
        return ["y = y > 0.5"]
    limits = np.iinfo(dtype)
    rounded = "np.rint(y)" if dtype.itemsize < 4 else "np.rint(y.astype(np.float64))"
    if dtype.itemsize < 8:
        rounded = f"np.clip({rounded}, {limits.min}, {limits.max})"
    return [f"y = {rounded}.astype(np.{dtype.name})"]


def _channels(given: Picture) -> int:
    return given.pixels.shape[2] if given.pixels.ndim == 3 else 1


def writing(
    output: str | None, given: Picture | Array, layout: DataFormat, channels: int
) -> Origin:
    """Return the lines that write `y`, (N, H, W, channels), to the file that the command names."""
    is_picture = isinstance(given, Picture)
    if output in (None, STANDARD_STREAM):
        told = "y is the result, (N, H, W, C); with -o FILE the program writes it."
        return Origin(comment(told) if is_picture else "")
    name, rank = str(output), 3 if is_picture else array_of(given).ndim
    made = "y" if rank == 4 else "y[0]"
    if channels == 1 and (is_picture or rank == 2):
        made = "y[0, :, :, 0]"
    elif layout == "channels_first":
        made = f"np.moveaxis({made}, -1, {rank - 3})"
    kind = format_of_name(name)
    if kind == "npy":
        return Origin(f"np.save({name!r}, {made})")
    if isinstance(given, Picture) and kind in IMAGE_FORMATS and channels == _channels(given):
        if kind == "png" and given.mode in MODES:
            return Origin(f"Image.fromarray({made}).save({name!r})", ("from PIL import Image",))
        made = f"upsamp.Picture({made}, {given.mode!r})"
    return Origin(f"upsamp.write({name!r}, {made}, overwrite=True)", (UPSAMP,))
