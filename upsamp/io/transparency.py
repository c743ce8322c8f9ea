"""Transparency: a clear colour as alpha, and transparent pixels on a background."""

from dataclasses import replace
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.pictures import Picture, mode_of

# Pixels that are laid on a background together.
BLOCK = 2**20


def expanded(picture: Picture) -> Picture:
    """Return a picture whose palette, single bits or clear colour have become channels.

    >>> dots = Picture(np.array([[True, False]]), "1", metadata={"transparency": 0})
    >>> expanded(dots).pixels.tolist()
    [[[255, 255], [0, 0]]]
    """
    key = picture.metadata.get("transparency")
    metadata = {name: one for name, one in picture.metadata.items() if name != "transparency"}
    pixels = picture.pixels
    if picture.mode == "P":
        colours = _colours_of(picture.palette, key)
        pixels = (colours[:, :3] if key is None else colours)[pixels]
    if picture.mode == "1":
        pixels, key = pixels.astype(np.uint8) * np.uint8(255), key and 255
    if picture.mode != "P" and key is not None:
        pixels = _with_alpha(pixels, key)
    return replace(picture, pixels=pixels, mode=mode_of(pixels), palette=None, metadata=metadata)


def table_of(palette: bytes | None) -> Array:
    """Return the colours of a palette, (256, 3) uint8; black are those that it has not."""
    return np.frombuffer((palette or b"")[:768].ljust(768, b"\0"), np.uint8).reshape(256, 3)


def _colours_of(palette: bytes | None, key: Any) -> Array:
    """Return the colours of a palette with their alpha, (256, 4).

    key: the alpha of each, as far as that goes, or the one number that is clear, or None.
    """
    colours = np.full((256, 4), 255, np.uint8)
    colours[:, :3] = table_of(palette)
    if isinstance(key, bytes):
        alpha = np.frombuffer(key[:256], np.uint8)
        colours[: len(alpha), 3] = alpha
    elif key is not None:
        colours[key, 3] = 0
    return colours


def _with_alpha(pixels: Array, key: object) -> Array:
    """Return pixels with a channel of alpha, which is 0 where they are of the colour `key`."""
    flat = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    is_clear = (flat == np.asarray(key)).all(axis=2)
    alpha = np.where(is_clear, flat.dtype.type(0), np.iinfo(flat.dtype).max)
    return np.dstack([flat, alpha.astype(flat.dtype)])


def flattened(picture: Picture, background: tuple[int, int, int]) -> Picture:
    """Return a picture on a background of red, green and blue, each 0 to 255; without alpha.

    A picture that has neither alpha nor a clear colour stays as it is, and a grey one stays grey
    on a grey background. Each sample is (c a + b (m - a)) / m, rounded, of the background b and m,
    the largest number, in the numbers that the picture has.

    >>> half = Picture(np.array([[[255, 0, 0, 128]]], np.uint8), "RGBA")
    >>> flattened(half, (255, 255, 255)).pixels.tolist()
    [[[255, 127, 127]]]
    """
    if not picture.has_alpha and picture.metadata.get("transparency") is None:
        return picture
    if picture.extra:
        plain = flattened(picture.without_extra(), background)
        others = picture.pixels[..., -1 - picture.extra : -1]
        pixels = np.dstack([plain.pixels, others])
        return replace(plain, pixels=pixels, mode=mode_of(pixels, extra=picture.extra))
    metadata = {name: one for name, one in picture.metadata.items() if name != "transparency"}
    if picture.mode == "P":
        colours = _colours_of(picture.palette, picture.metadata["transparency"])
        palette = _composite(colours, _as_samples(background, colours)).tobytes()
        return replace(picture, palette=palette, metadata=metadata)
    height, width = picture.pixels.shape[:2]
    first = expanded(picture.with_pixels(picture.pixels[:1, :1])).pixels
    grey = first.shape[2] == 2 and len(set(background)) == 1
    ground = _as_samples(background, first)[: 1 if grey else 3]
    pixels = np.empty((height, width, len(ground)), first.dtype)
    rows = max(1, BLOCK // width)
    for start in range(0, height, rows):
        part = expanded(picture.with_pixels(picture.pixels[start : start + rows]))
        pixels[start : start + rows] = _composite(part.pixels, ground)
    pixels = pixels[..., 0] if grey else pixels
    return replace(picture, pixels=pixels, mode=mode_of(pixels), metadata=metadata)


def _as_samples(background: tuple[int, int, int], pixels: Array) -> Array:
    """Return a colour of 8 bits in the numbers of pixels."""
    if pixels.dtype.kind == "f":
        shares: Array = np.array(background, pixels.dtype) / pixels.dtype.type(255)
        return shares
    full = np.iinfo(pixels.dtype).max
    return np.array([(2 * part * full + 255) // 510 for part in background], np.uint64)


def _composite(pixels: Array, ground: Array) -> Array:
    """Lay pixels, whose last channel is alpha, on a colour: (H, W, C) or (N, C), without alpha."""
    if pixels.dtype.kind == "f":
        share = pixels[..., -1:]
        mixed: Array = pixels[..., :-1] * share + ground * (1 - share)
        return mixed
    full = int(np.iinfo(pixels.dtype).max)  # odd, so no sample lies halfway
    wide: Array = pixels.astype(np.uint32 if full < 2**16 else np.uint64)
    colours, alpha = wide[..., :-1], wide[..., -1:]
    product = colours * alpha + ground.astype(wide.dtype) * (full - alpha)
    result: Array = ((product + full // 2) // full).astype(pixels.dtype)
    return result
