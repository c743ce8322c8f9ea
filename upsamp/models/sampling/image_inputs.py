"""Pictures as a model takes them: in its size, its channels and its range of values."""

from typing import Literal, TypeAlias, get_args

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.errors import FormatError, ShapeError
from upsamp.io.formats import DEEP_MODES, MODES
from upsamp.io.pictures import Picture
from upsamp.models.sampling.input_roles import InputRole
from upsamp.models.sampling.value_ranges import Range

Fit: TypeAlias = Literal["resize", "pad", "crop"]
FITS: tuple[Fit, ...] = get_args(Fit)

# The luma of red, green and blue. Source: ITU-R BT.601-7, section 2.5.1.
LUMA = (0.299, 0.587, 0.114)
# Rows that are read together where a picture is resized.
BAND = 256


def image_rows(
    picture: Picture,
    name: str,
    one: InputRole,
    value_range: Range,
    *,
    first: bool = False,
    fit: Fit = "resize",
) -> tuple[Array, tuple[str, ...]]:
    """Return a picture as one row for an input of images, and notes of what was lost.

    name: of its file, for errors and notes. value_range: what black and white are to be. first:
    whether the input has its channels before its rows. fit: how a picture of another size is fitted
    to that of the input; see `_fitted`. Grey is repeated for colours, colours become grey by their
    luma, and alpha is left out where the model takes none. Returns float32 (1, ...).

    >>> one = InputRole("x", "image", (None, 1, 2, 3), np.dtype("float32"))
    >>> picture = Picture(np.array([[0, 255]], np.uint8), "L")
    >>> image_rows(picture, "a.png", one, (-1.0, 1.0))[0].tolist()
    [[[[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]]]
    """
    rows, columns, channels = _wanted(one, first=first)
    if picture.mode not in (*MODES, *DEEP_MODES):
        raise FormatError(
            f"'{name}' must be in grey or RGB. Received: {picture.mode}. Save it as a PNG."
        )
    pixels = picture.pixels if picture.pixels.ndim == 3 else picture.pixels[..., np.newaxis]
    height, width = pixels.shape[:2]
    size = rows or height, columns or width
    notes: tuple[str, ...] = ()
    if size != (height, width):
        pixels, what = _fitted(pixels, size, fit, alpha=picture.has_alpha)
        notes = (f"{name}: {what}",)
    shares = pixels.astype(np.float64) / np.iinfo(picture.pixels.dtype).max
    alpha = np.ones(shares.shape[:2])
    if picture.has_alpha:
        shares, alpha = shares[..., :-1], shares[..., -1]
        if channels != 4 and (alpha < 1).any():
            notes += (f"{name}: its transparency is left out, as the model takes none",)
    coloured = _with_channels(shares, alpha, channels, one)
    low, high = value_range
    image = np.moveaxis(coloured, 2, 0) if first else coloured
    return (low + image * (high - low)).astype(np.float32)[np.newaxis], notes


def _wanted(one: InputRole, *, first: bool) -> tuple[int | None, int | None, int | None]:
    """Return the rows, columns and channels that an input of images has."""
    lengths = one.shape[1:]
    rows, columns, channels = (*lengths[1:], lengths[0]) if first else lengths
    return rows, columns, channels


def _fitted(pixels: Array, size: Pair, fit: Fit, *, alpha: bool) -> tuple[Array, str]:
    """Return pixels (H, W, C) in another size, (rows, columns), as float32, and what was done.

    "resize" changes the shape of what is seen, and "crop" takes the middle of it first: both are
    those of Keras' Resizing with antialias. "pad" adds black around it. alpha: whether the last
    channel is alpha, which weights the others.
    """
    height, width = pixels.shape[:2]
    rows, columns = size
    done = f"{_sides((height, width))} is resized to {_sides(size)}, the size that the model takes"
    if height * columns == width * rows:
        return _resized(pixels, size, alpha=alpha), done
    if fit == "resize":
        return _resized(pixels, size, alpha=alpha), f"{done}; --fit pad or crop keeps its shape"
    if fit == "crop":
        kept = min(height, width * rows // columns or 1), min(width, height * columns // rows or 1)
        middle = pixels[_middle(height, kept[0]), _middle(width, kept[1])]
        done = done.replace(" is", f" is cropped to {_sides(middle.shape)} and", 1)
        return _resized(middle, size, alpha=alpha), done
    inner = (
        min(rows, round(height * columns / width) or 1),
        min(columns, round(width * rows / height) or 1),
    )
    padded = np.zeros((*size, pixels.shape[2]), np.float32)
    if alpha:
        padded[..., -1] = np.iinfo(pixels.dtype).max
    padded[_middle(rows, inner[0]), _middle(columns, inner[1])] = _resized(
        pixels, inner, alpha=alpha
    )
    return padded, done.replace(" to ", f" to {_sides(inner)} and padded with black to ", 1)


def _middle(length: int, part: int) -> slice:
    start = (length - part) // 2
    return slice(start, start + part)


def _resized(pixels: Array, size: Pair, *, alpha: bool) -> Array:
    """Return pixels (H, W, C) as float32 (rows, columns, C), bilinear, with smaller ones averaged.

    These are the weights of Keras' Resizing with antialias, and of Pillow's BILINEAR.
    """
    down, across = (
        _weights(length, target) for length, target in zip(pixels.shape[:2], size, strict=True)
    )
    result = np.zeros((*size, pixels.shape[2]), np.float32)
    for start in range(0, len(pixels), BAND):
        band = pixels[start : start + BAND].astype(np.float32)
        if alpha:
            band[..., :-1] *= band[..., -1:]
        wide = np.einsum("cw,hwn->hcn", across, band, optimize=True)
        result += np.einsum("rh,hcn->rcn", down[:, start : start + BAND], wide, optimize=True)
    if alpha:
        seen = result[..., -1:]
        np.divide(result[..., :-1], seen, out=result[..., :-1], where=seen > 0)
    return result


def _weights(length: int, target: int) -> Array:
    """Return what each output takes of each input, (target, length), as float32."""
    scale = length / target
    centres = (np.arange(target)[:, np.newaxis] + 0.5) * scale - 0.5
    weights: Array = np.maximum(0, 1 - np.abs(centres - np.arange(length)) / max(1, scale))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


def _sides(size: tuple[int, ...]) -> str:
    return f"{size[1]}x{size[0]}"


def _with_channels(shares: Array, alpha: Array, channels: int | None, one: InputRole) -> Array:
    """Return values from 0 to 1 in as many channels as are wanted."""
    if channels not in (None, 1, 3, 4):
        raise ShapeError(
            f"A picture must be for an input of 1, 3 or 4 channels. Received: {one}. "
            "Give arrays by --latent-file."
        )
    wanted = shares.shape[2] if channels is None else channels
    if wanted == 1:
        return shares if shares.shape[2] == 1 else (shares @ np.array(LUMA))[..., np.newaxis]
    colours = shares.repeat(3, axis=2) if shares.shape[2] == 1 else shares
    return colours if wanted == 3 else np.concatenate([colours, alpha[..., np.newaxis]], axis=2)
