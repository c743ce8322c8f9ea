"""Pictures as a model takes them: in its size, its channels and its range of values."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError, ShapeError
from upsamp.io.formats import DEEP_MODES, MODES
from upsamp.io.pictures import Picture
from upsamp.models.sampling.input_roles import InputRole
from upsamp.models.sampling.value_ranges import Range

# The luma of red, green and blue. Source: ITU-R BT.601-7, section 2.5.1.
LUMA = (0.299, 0.587, 0.114)


def image_rows(
    picture: Picture, name: str, one: InputRole, value_range: Range, *, first: bool = False
) -> tuple[Array, tuple[str, ...]]:
    """Return a picture as one row for an input of images, and notes of what was lost.

    name: of its file, for errors and notes. value_range: what black and white are to be. first:
    whether the input has its channels before its rows. Grey is repeated for colours, colours become
    grey by their luma, and alpha is left out where the model takes none. Returns float32 (1, ...).

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
    _check_size(picture, name, one, (rows, columns))
    pixels = picture.pixels if picture.pixels.ndim == 3 else picture.pixels[..., np.newaxis]
    shares = pixels.astype(np.float64) / np.iinfo(pixels.dtype).max
    notes: tuple[str, ...] = ()
    alpha = np.ones(shares.shape[:2])
    if picture.has_alpha:
        shares, alpha = shares[..., :-1], shares[..., -1]
        if channels != 4 and (alpha < 1).any():
            notes = (f"{name}: its transparency is left out, as the model takes none",)
    coloured = _with_channels(shares, alpha, channels, one)
    low, high = value_range
    image = np.moveaxis(coloured, 2, 0) if first else coloured
    return (low + image * (high - low)).astype(np.float32)[np.newaxis], notes


def _wanted(one: InputRole, *, first: bool) -> tuple[int | None, int | None, int | None]:
    """Return the rows, columns and channels that an input of images has."""
    lengths = one.shape[1:]
    rows, columns, channels = (*lengths[1:], lengths[0]) if first else lengths
    return rows, columns, channels


def _check_size(
    picture: Picture, name: str, one: InputRole, wanted: tuple[int | None, int | None]
) -> None:
    """Raise where a picture has another size than the model takes, and tell how to make it."""
    height, width = picture.pixels.shape[:2]
    rows, columns = (own or given for own, given in zip(wanted, (height, width), strict=True))
    if (rows, columns) == (height, width):
        return
    remedy = "Make it smaller in an image editor."
    if rows >= height and columns >= width:
        remedy = f"Make one by: upsamp upsample {name} --to {columns}x{rows} -o resized.png"
    raise ShapeError(
        f"A picture for input '{one.name}' must be {columns}x{rows} pixels, width by height. "
        f"Received: '{name}' of {width}x{height}. {remedy}"
    )


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
