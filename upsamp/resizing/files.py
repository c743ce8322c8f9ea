"""Files in Python: read, written and enlarged as the command does it."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from upsamp.core.arguments import (
    DATA_FORMATS,
    Array,
    DataFormat,
    normalize_array,
    normalize_choice,
    normalize_count,
)
from upsamp.core.memory import MemoryLimit
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import normalize_rule
from upsamp.core.values import (
    as_list,
    as_number,
    normalize_flag,
    normalize_path,
    normalize_text,
    spelled,
)
from upsamp.errors import ArgumentError, FileError, UpsampError
from upsamp.io.formats import IMAGE_FORMATS, LOSSY_FORMATS, NAMES, format_to_write
from upsamp.io.picture_options import (
    MAX_PIXELS,
    Background,
    Quality,
    ReadOptions,
    ValueRange,
    WriteOptions,
)
from upsamp.io.pictures import Picture, mode_of
from upsamp.io.read import names_file, read_source, split_array_name
from upsamp.io.remote_paths import is_remote, local_path
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.write import Destination, check_place
from upsamp.resizing.enlarging import Enlarging, Settings
from upsamp.resizing.file_to_file import Facts, check_reading, deliver
from upsamp.resizing.file_to_file import enlarge_file as enlarge_by_settings

if TYPE_CHECKING:
    from upsamp.resizing.network import Network

    Factor = int | Fraction

__all__ = ["enlarge_file", "read", "write"]

# What the options of the command are called here.
ARGUMENTS: Mapping[str, str] = {
    "--force": "overwrite=True",
    "--frame": "`frame`",
    "--no-auto-orient": "auto_orient=False",
    "--depth 8": "depth=8",
    "--linear": "`linear`",
    "--interp bilinear": "interpolation='bilinear'",
    "--interp": "`interpolation`",
    "--model": "`model`",
    "--tile": "`tile`",
    "--size": "`size`",
    "--keep-larger": "keep_larger=True",
    "`upsample --background COLOUR`": "`background`",
    "--range auto": "value_range='auto'",
    "--range LOW HIGH": "value_range=(low, high)",
    "--range 0 1": "value_range=(0, 1)",
    "--range": "`value_range`",
    "--to": "`output_shape`",
    "--format": "`format_name`",
    "--quality": "`quality`",
    "--compress": "`compression`",
    "--strip": "`strip`",
    "--max-pixels": "`max_pixels`",
    "--max-memory": "`max_memory`",
    "an option such as -o to name another": "another name",
    "-o": "a target such as",
}
# How many channels a mode has.
CHANNELS: Mapping[str, int] = {
    **dict.fromkeys(("1", "L", "P", "I", "F"), 1),
    "LA": 2,
    **dict.fromkeys(("RGB", "YCbCr", "LAB"), 3),
    "RGBA": 4,
    "CMYK": 4,
}
# Modes whose pixels are bytes, or of one bit.
BYTES = ("1", "L", "P", "YCbCr", "LAB")
MODE = re.compile(rf"({'|'.join(CHANNELS)})(?:\+(\d))?(?:;(?:\d+S?|F))?")
# No end of a range is larger, so that no difference is infinite.
MOST_VALUE = 1e305
OPTION = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ARGUMENTS))})(?![\w-])")


def read(
    path: str | PathLike[str],
    *,
    frame: int | None = None,
    auto_orient: bool = True,
    depth: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Picture | Array:
    """Read an image file as a `Picture`, or a file of numbers as an array.

    path: of any image that the command reads, or of .npy, .npz, .csv, .tsv, .txt or .json; local or
    remote, as s3://bucket/a.png. FILE.npz:NAME is one array of several. frame: which one of several
    is read alone, counted from 0. auto_orient: whether the pixels are turned as EXIF says. depth: 8
    accepts colour of 8 bits where no reader for more is installed. max_pixels: more are refused.

    Palettes, one-bit pixels and clear colours become channels: the pixels of a picture are
    (H, W) or (H, W, C), of the type that the file has. What the file lost in reading is a
    `UserWarning`, and is in `Picture.notes`.

    Raises `FileError`, `FormatError`, `MissingExtraError`, `MemoryLimitError` and `ArgumentError`.

    >>> import numpy as np, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> write(f"{folder.name}/a.png", np.array([[0, 255]], np.uint8))
    >>> picture = read(f"{folder.name}/a.png")
    >>> picture, picture.mode, picture.pixels
    (<Picture: 2x1 L, uint8, 1 frame>, 'L', array([[  0, 255]], dtype=uint8))
    >>> folder.cleanup()
    """
    options = _reading(frame, auto_orient, depth, max_pixels)
    name = _path(path, "path")
    with _as_arguments():
        given = read_source(_check_source(name), options)
        check_reading(given, options)
    for note in given.notes if isinstance(given, Picture) else ():
        _warn(note)
    return given


def write(
    path: str | PathLike[str],
    x: object,
    *,
    format_name: str | None = None,
    compression: int | None = None,
    quality: int | str | None = None,
    strip: bool = False,
    background: Any = None,
    value_range: Any = None,
    overwrite: bool = False,
) -> None:
    """Write a picture or an array to a file, wholly or not at all.

    path: local or remote. x: a `Picture`, with its frames and its metadata; or an array (H, W) or
    (H, W, C) with 1 to 4 channels, which an image holds where it has numbers from 0 to 255, or
    integers up to 65535; .npy and .json hold any. format_name: "png", "jpeg", "npy", ...; without
    it the suffix says it. compression: of PNG, 0 to 9. quality: of JPEG, WebP and AVIF, 1 to 100,
    or "keep" for that of the JPEG that was read. strip: whether EXIF, XMP, resolution and comments
    are left out. background: the colour that transparent pixels are laid on, by its name, as
    "#rrggbb", or as red, green and blue, 0 to 255. value_range: (low, high), the numbers that
    become black and white of an image of 8 bits, or "auto" for the least and the largest.
    overwrite: whether a file that is there is replaced.

    What the file does not hold is a `UserWarning`.

    Raises `FileError`, `FormatError`, `MissingExtraError`, `MemoryLimitError`, `ArgumentError`,
    `ShapeError` and `DtypeError`.

    >>> import numpy as np, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> write(f"{folder.name}/m.csv", [[1.5, 2], [3, 4]])
    >>> read(f"{folder.name}/m.csv")
    array([[1.5, 2. ],
           [3. , 4. ]])
    >>> folder.cleanup()
    """
    notes: list[str] = []
    result = _checked(x) if isinstance(x, Picture) else normalize_array(x, "x", (2, 3, 4))
    replaced = normalize_flag(overwrite, "overwrite")
    name = _path(path, "path")
    with _as_arguments():
        wanted, options = _writing(
            name, format_name, compression, quality, strip, background, value_range
        )
        check_place(name, overwrite=replaced)
        deliver(result, Destination(name, wanted, options, replaced), notes.append)
    for note in notes:
        _warn(note)


def enlarge_file(
    source: str | PathLike[str],
    target: str | PathLike[str],
    size: Any = (2, 2),
    interpolation: str = "nearest",
    *,
    output_shape: Any = None,
    keep_larger: bool = False,
    convention: str = "keras",
    align_corners: bool = False,
    linear: bool = False,
    data_format: str | None = None,
    format_name: str | None = None,
    frame: int | None = None,
    auto_orient: bool = True,
    depth: int | None = None,
    compression: int | None = None,
    quality: int | str | None = None,
    strip: bool = False,
    background: Any = None,
    value_range: Any = None,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    max_memory: int | None = None,
    model: Any = None,
) -> Facts:
    """Enlarge an image file, or a file of numbers, to another file: as `upsamp upsample` does.

    source, target: local or remote; what a file has besides pixels comes along, every frame too.
    size: the factor of the rows and of the columns, or one for both, each at least 1, as 1.5.
    output_shape: (rows, columns) of the result in the place of `size`; a side that is None keeps
    the shape. keep_larger: whether what is larger than `output_shape` is kept as it is, a file byte
    for byte, where that is an error otherwise. interpolation, convention, align_corners: see
    `upsamp.upsample`. linear: whether amounts of light are interpolated. data_format: of numbers,
    "channels_last" where it is None.
    max_memory: the bytes that may be taken; .npy is then read, and .npy, PNG and TIFF are written,
    strip by strip. model: an `upsamp.Network`, which makes the result in the place of
    `interpolation`, with its own scale; one that keeps the size is given the bicubic enlargement.
    One of one channel makes the luma of colours, and bicubic makes Cb, Cr and alpha. All else: see
    `read` and `write`.

    Returns the shapes `before` and `after`, in `notes` what was lost on the way, each of which is a
    `UserWarning`, too, and whether the size was `kept`.

    Raises as `read` and `write` do.

    >>> import numpy as np, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> small, large = f"{folder.name}/small.png", f"{folder.name}/large.png"
    >>> write(small, np.array([[0, 80]], np.uint8))
    >>> enlarge_file(small, large, size=(1, 4), interpolation="bilinear")
    Facts(before=(1, 2), after=(1, 8), notes=(), kept=False)
    >>> read(large).pixels
    array([[ 0,  0, 10, 30, 50, 70, 80, 80]], dtype=uint8)
    >>> from upsamp import Network, Sequential, layers
    >>> twice = Network(Sequential([layers.Input((None, None, 1)), layers.UpSampling2D(2)]))
    >>> enlarge_file(small, large, model=twice, overwrite=True)
    Facts(before=(1, 2), after=(2, 4), notes=(), kept=False)
    >>> folder.cleanup()
    """
    network = None if model is None else _network(model, size, output_shape)
    if network is not None:
        interpolation = "bicubic"
        size = size if network.keeps else network.scale
    method, rule, corners, _ = normalize_rule(
        interpolation, convention, align_corners=align_corners, alpha=False
    )
    names = _path(source, "source"), _path(target, "target")
    reading = _reading(frame, auto_orient, depth, max_pixels)
    layout = None
    if data_format is not None:
        layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    enlarging = Enlarging(
        _factors(size),
        _sides(output_shape),
        method,
        rule,
        corners,
        layout,
        normalize_flag(linear, "linear"),
        reading.max_pixels,
        normalize_flag(keep_larger, "keep_larger"),
        network,
    )
    if keep_larger and output_shape is None:
        raise ArgumentError("`keep_larger` goes with `output_shape`. Leave it out.")
    replaced = normalize_flag(overwrite, "overwrite")
    bound = None if max_memory is None else MemoryLimit(normalize_count(max_memory, "max_memory"))
    with _as_arguments():
        wanted, writing = _writing(
            names[1], format_name, compression, quality, strip, background, value_range
        )
        copied = METHODS[method].only_copies
        expand = not copied or wanted not in IMAGE_FORMATS or value_range is not None
        ends = None if network is None else network.value_range
        plain = network is not None
        reading = replace(reading, expand=expand, integers=copied, plain=plain, ends=ends)
        check_place(names[1], overwrite=replaced)
        settings = Settings(
            enlarging, reading, writing, wanted, replaced, max_memory=bound, matrices=True
        )
        facts = enlarge_by_settings(_check_source(names[0]), names[1], settings)
    facts = facts._replace(notes=tuple(map(_in_arguments, facts.notes)))
    for note in facts.notes:
        _warn(note)
    return facts


# --- arguments


def _path(value: object, name: str) -> str:
    """Return a path, which "-" is, too: there is no standard stream here."""
    path = local_path(normalize_path(value, name))
    return f"./{path}" if path == STANDARD_STREAM else path


def _check_source(path: str) -> str:
    """Return the path of a file that is there; what is none might be read as a matrix."""
    if is_remote(path) or names_file(path) or split_array_name(path):
        return path
    raise FileError(f"There is no file '{path}'. Give the path of one.")


def _checked(picture: Picture) -> Picture:
    """Return a picture, which a caller may have made, if its pixels are as its mode says."""
    pixels = normalize_array(picture.pixels, "pixels", (2, 3))
    mode = normalize_text(picture.mode, "mode")
    known = MODE.fullmatch(mode)
    extra = int(known[2] or 0) if known else 0
    found = pixels.shape[2] if pixels.ndim == 3 else 1
    is_sound = known is not None and CHANNELS[known[1]] + extra == found
    if is_sound and mode in BYTES:
        is_sound = pixels.dtype in (np.uint8, np.bool_)
    elif is_sound and not (mode == "I" and pixels.dtype.kind in "iu"):
        is_sound = mode == mode_of(pixels, cmyk=mode.startswith("CMYK"), extra=extra)
    if not is_sound:
        raise ArgumentError(
            "A `Picture` must have the pixels of its mode. Received: "
            f"mode={spelled(mode)} for {pixels.dtype} of shape {pixels.shape}."
        )
    return picture


def _reading(frame: object, auto_orient: object, depth: object, max_pixels: object) -> ReadOptions:
    if depth is not None and normalize_count(depth, "depth") != 8:
        raise _wrong("depth", depth, "8 or None")
    return ReadOptions(
        max_pixels=normalize_count(max_pixels, "max_pixels"),
        depth=None if depth is None else 8,
        orient=normalize_flag(auto_orient, "auto_orient"),
        frame=None if frame is None else normalize_count(frame, "frame", minimum=0),
        every_frame=True,
    )


def _writing(
    path: str,
    format_name: object,
    compression: object,
    quality: object,
    strip: object,
    background: object,
    value_range: object,
) -> tuple[str, WriteOptions]:
    """Return the format of a file, and how it is written."""
    if format_name is None:
        wanted = format_to_write(path)
    else:
        wanted = NAMES[normalize_choice(format_name, "format_name", tuple(NAMES))]
    level = None
    if compression is not None:
        level = normalize_count(compression, "compression", minimum=0)
    kept: Quality = None
    if quality is not None:
        is_text = isinstance(quality, str)
        kept = "keep" if is_text and quality == "keep" else normalize_count(quality, "quality")
    for name, value, formats in (
        ("compression", compression, ("png",)),
        ("quality", quality, LOSSY_FORMATS),
        ("background", background, IMAGE_FORMATS),
        ("value_range", value_range, IMAGE_FORMATS),
    ):
        if value is not None and wanted not in formats:
            raise ArgumentError(
                f"`{name}` must be for {', '.join(formats)}. "
                f"Received: {name}={spelled(value)} for {wanted}. Leave it out."
            )
    return wanted, WriteOptions(
        level, kept, normalize_flag(strip, "strip"), _colour(background), _range(value_range)
    )


def _colour(value: object) -> Background | None:
    """Return the red, green and blue of a colour."""
    if value is None:
        return None
    from upsamp.io.images.conversion import colour_of_name  # few lay a picture on a colour

    parts = [as_number(part) for part in as_list(value, 3) or ()]
    whole = len(parts) == 3 and all(part in range(256) for part in parts)
    colour = colour_of_name(value) if isinstance(value, str) else None
    if colour is None and not whole:
        rule = "the name of a colour, as 'white', '#rrggbb', or red, green and blue, each 0 to 255"
        raise _wrong("background", value, rule)
    return colour or cast("Background", tuple(int(cast("float", part)) for part in parts))


def _range(value: object) -> ValueRange | None:
    """Return the numbers that become black and white."""
    if value is None:
        return None
    if isinstance(value, str) and value == "auto":
        return "auto"
    ends = [as_number(end) for end in as_list(value, 2) or ()]
    if len(ends) != 2 or any(end is None or not abs(end) < MOST_VALUE for end in ends):
        raise _wrong("value_range", value, "(low, high), or 'auto'")
    low, high = (float(cast("float", end)) for end in ends)
    return low, high


def _factors(size: object) -> "tuple[Factor, Factor]":
    """Return the factors of the rows and of the columns, exactly as they are written."""
    sides = as_list(size, 2) if as_number(size) is None else [size, size]
    numbers = [as_number(side) for side in sides or ()]
    if len(numbers) != 2 or any(number is None or not 1 <= number < 2**63 for number in numbers):
        rule = "one factor of at least 1, or two for rows and columns"
        raise _wrong("size", size, rule)
    rows, columns = (
        number if isinstance(number, int) else Fraction(str(number)) for number in numbers
    )
    return rows, columns


def _network(model: Any, size: object, output_shape: object) -> "Network":
    """Return the network, if its scale agrees with the size that is asked for."""
    if not hasattr(model, "ranges"):
        raise _wrong("model", model, "an `upsamp.Network`, as upsamp.Network('net.keras')")
    network: Network = model
    with _as_arguments():
        fixed = not network.keeps
    wanted = None if size == (2, 2) else _factors(size)
    if fixed and (output_shape is not None or wanted not in (None, network.scale)):
        rows, columns = network.scale
        raise ArgumentError(
            "`size` and `output_shape` are for networks that keep the size. Received: one for a "
            f"network that enlarges by {float(rows):g}x{float(columns):g}. Leave it out."
        )
    return network


def _sides(output_shape: object) -> tuple[int | None, int | None] | None:
    """Return the width and the height, as `Enlarging` has them."""
    if output_shape is None:
        return None
    sides = as_list(output_shape, 2)
    if sides is None or len(sides) != 2 or all(side is None for side in sides):
        rule = "(rows, columns), of which one may be None"
        raise _wrong("output_shape", output_shape, rule)
    rows, columns = (
        None if side is None else normalize_count(side, "output_shape") for side in sides
    )
    return columns, rows


# --- words


def _wrong(name: str, value: object, rule: str) -> ArgumentError:
    return ArgumentError(f"`{name}` must be {rule}. Received: {name}={spelled(value)}.")


def _in_arguments(text: str) -> str:
    """Return text in which the options of the command are the arguments of these functions."""
    return OPTION.sub(lambda match: ARGUMENTS[match[0]], text)


@contextmanager
def _as_arguments() -> Iterator[None]:
    """Let errors in the block name arguments, where they name the options of the command."""
    try:
        yield
    except UpsampError as error:
        error.args = UpsampError(_in_arguments(str(error))).args  # as long as any other
        raise


def _warn(note: str) -> None:
    """Tell what is lost, at the line of the caller of a function above."""
    warnings.warn(_in_arguments(note), UserWarning, stacklevel=3)
