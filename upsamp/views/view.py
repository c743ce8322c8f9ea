"""Pixels to look at, of whatever kind: what is black in them, what is white, what is see-through.

A picture of 8 bits is shown as it is. Deeper values are brought into the 256 levels that a screen
has, and a remark says how.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from upsamp.core.arguments import Array, DataFormat
from upsamp.core.dtypes import round_to
from upsamp.core.layout import as_batch
from upsamp.io.pictures import Picture

CHANNELS: Mapping[int, str] = {1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGBA"}
# The squares of the board that is seen through what is transparent.
LIGHT, DARK = 255, 208


@dataclass(frozen=True)
class View:
    """Pixels with what it takes to show them.

    pixels: (H, W, C): grey, grey and alpha, colours, or colours and alpha, of any real type.
    black, white: the values that are shown so; those of alpha are 0 and `opaque`. remarks: what
    one could not know by looking. numbers: whether they are those of a matrix, whose values are
    worth reading.
    """

    pixels: Array
    black: float
    white: float
    opaque: float = 255.0
    remarks: tuple[str, ...] = ()
    numbers: bool = False

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.pixels.shape[2] in (2, 4)

    @property
    def kind(self) -> str:
        """What the pixels are, in words.

        >>> View(np.zeros((1, 1, 4), np.uint16), 0, 65535).kind
        '16-bit RGBA'
        """
        dtype = self.pixels.dtype
        depth = f"{8 * dtype.itemsize}-bit" if dtype.kind in "iu" else str(dtype)
        return f"{depth} {CHANNELS[self.pixels.shape[2]]}"

    def with_pixels(self, pixels: Array) -> "View":
        """Return other pixels, such as an enlarged part of these, that are to be shown likewise."""
        return replace(self, pixels=pixels)

    def shown(self, square: int = 8) -> Array:
        """Return the pixels as a screen has them, uint8 (H, W, 3), what is see-through on a board.

        square: the side of the squares of the board. What is no number is seen through, too.

        >>> View(np.array([[[0.0], [0.5]]]), 0.0, 1.0).shown()[0].tolist()
        [[0, 0, 0], [128, 128, 128]]
        """
        colours = self.pixels[:, :, :-1] if self.has_alpha else self.pixels
        seen = np.ones(colours.shape[:2])
        if colours.dtype.kind == "f":
            finite = np.isfinite(colours)
            colours = np.where(finite, colours, 0)
            seen *= finite.all(axis=2)
        if self.has_alpha:
            seen *= np.clip(self.pixels[:, :, -1] / self.opaque, 0, 1)
        return over_board(_levels(colours, self.black, self.white), seen, square)


def _levels(values: Array, black: float, white: float) -> Array:
    """Return values as uint8, (H, W, 3): up to `black` becomes 0, from `white` on 255."""
    if values.dtype != np.uint8 or (black, white) != (0, 255):
        # Halves, so that no difference is more than a float holds.
        low, high = black / 2, white / 2
        scale = 255 / (high - low) if high > low else 0.0
        with np.errstate(over="ignore"):
            values = round_to((values.astype(np.float64) / 2 - low) * scale, np.uint8)
    return np.broadcast_to(values, (*values.shape[:2], 3))


def view_of(given: Picture | Array, data_format: DataFormat = "channels_last") -> View:
    """Return the view of a picture or of a matrix."""
    if isinstance(given, Picture):
        return view_of_picture(given)
    return view_of_matrix(given, data_format)


def view_of_picture(picture: Picture) -> View:
    """Return the view of a picture: 8 bits as they are, more by the bits that its values need."""
    picture = picture.without_extra()
    pixels, remarks = _colours(picture)
    if pixels.dtype == np.uint8:
        return View(pixels, 0.0, 255.0, remarks=remarks)
    alpha = picture.has_alpha
    black, white = _range(pixels[:, :, :-1] if alpha else pixels)
    opaque = _most(pixels)
    if (black, white) != (0, opaque):
        remarks = (*remarks, _say_range(black, white))
    return View(pixels, black, white, opaque, remarks)


def view_of_matrix(array: Array, data_format: DataFormat = "channels_last") -> View:
    """Return the view of a matrix: the first image, in colour where it has three channels.

    Bytes are shown as they are; of anything else the lowest value is black, the highest white.

    >>> view_of_matrix(np.array([[1, 2], [3, 4]])).remarks
    ('black is 1, white 4',)
    """
    batch = as_batch(array, data_format)
    remarks = [] if len(batch) == 1 else [f"image 0 of {len(batch)}"]
    pixels = batch[0]
    if pixels.shape[2] not in (1, 3):
        remarks.append(f"channel 0 of {pixels.shape[2]}")
        pixels = pixels[:, :, :1]
    if pixels.dtype == np.uint8:
        return View(pixels, 0.0, 255.0, remarks=tuple(remarks), numbers=True)
    black, white = _extremes(pixels)
    remarks.append(_say_range(black, white))
    return View(pixels, black, white, remarks=tuple(remarks), numbers=True)


def _colours(picture: Picture) -> tuple[Array, tuple[str, ...]]:
    """Return the pixels of a picture, (H, W, C), as grey or as red, green and blue."""
    pixels, mode = picture.pixels, picture.mode
    if mode == "P":
        return _palette_of(picture)[pixels], ()
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if mode.startswith("CMYK"):
        return _without_inks(pixels), ()
    if mode == "YCbCr":
        return _from_video(pixels), ()
    if pixels.ndim == 2:
        return pixels[:, :, np.newaxis], ()
    if pixels.shape[2] > 4 or mode == "LAB":
        return pixels[:, :, :1], (f"the first channel of {mode}",)
    return pixels, ()


def _without_inks(pixels: Array) -> Array:
    """Return what four inks leave of white light, (H, W, 3), as without a profile."""
    most = _most(pixels)
    light = 1 - pixels / most
    return round_to(light[:, :, :3] * light[:, :, 3:] * most, pixels.dtype)


def _from_video(pixels: Array) -> Array:
    """Return red, green and blue of brightness and two differences, as JFIF 1.02 defines them."""
    brightness, blue, red = np.moveaxis(pixels.astype(np.float64) - [0, 128, 128], 2, 0)
    green = brightness - 0.344136 * blue - 0.714136 * red
    colours = np.stack([brightness + 1.402 * red, green, brightness + 1.772 * blue], axis=2)
    return round_to(colours, np.uint8)


def _palette_of(picture: Picture) -> Array:
    """Return the colours of a palette, (256, 3), or (256, 4) where some are see-through."""
    colours = np.zeros((256, 3), np.uint8)
    known = np.frombuffer(picture.palette or b"", np.uint8)
    known = known[: len(known) // 3 * 3].reshape(-1, 3)[:256]
    colours[: len(known)] = known
    transparency = picture.metadata.get("transparency")
    if transparency is None:
        return colours
    alpha = np.full((256, 1), 255, np.uint8)
    if isinstance(transparency, bytes):
        some = np.frombuffer(transparency[:256], np.uint8)
        alpha[: len(some), 0] = some
    else:
        alpha[int(transparency)] = 0
    return np.concatenate([colours, alpha], axis=1)


def _most(pixels: Array) -> float:
    """Return what stands for all of a share: the largest integer of the type, or one."""
    return float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind in "iu" else 1.0


def _range(pixels: Array) -> tuple[float, float]:
    """Return what is black and what is white in an image file of more than 8 bits.

    Whole numbers span as many bits as their largest needs, as those of a camera of 12 bits do in a
    file of 16; floats span 0 to 1 where they stay within it, and otherwise what there is.
    """
    low, high = _extremes(pixels)
    if pixels.dtype.kind in "iu" and low >= 0:
        return 0.0, float(2 ** max(8, int(high).bit_length()) - 1)
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def _extremes(pixels: Array) -> tuple[float, float]:
    """Return the lowest and the highest of the values that are finite."""
    if pixels.dtype.kind == "f":
        finite = np.isfinite(pixels)
        if not finite.all():
            pixels = pixels[finite]
    return (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 1.0)


def _say_range(black: float, white: float) -> str:
    if black == white:
        return f"all values are {black:g}"
    return f"black is {black:.6g}, white {white:.6g}"


def over_board(levels: Array, alpha: Array, square: int) -> Array:
    """Lay colours over the board of light and grey squares.

    levels: uint8 (H, W, 3). alpha: (H, W), from 0 for what is not seen to 1. square: the side of
    its squares in pixels. Returns uint8 of the shape of `levels`.

    >>> over_board(np.zeros((1, 4, 3), np.uint8), np.array([[1, 0, 0, 0.5]]), 2)[0, :, 0].tolist()
    [0, 255, 208, 104]
    """
    if (alpha == 1).all():
        return np.ascontiguousarray(levels)
    rows, columns = (np.arange(length) // square % 2 for length in alpha.shape)
    board = np.where(rows[:, np.newaxis] == columns, LIGHT, DARK)[:, :, np.newaxis]
    mixed = board + (levels - board.astype(np.float64)) * alpha[:, :, np.newaxis]
    shown: Array = np.rint(mixed).astype(np.uint8)
    return shown
