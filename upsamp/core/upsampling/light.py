"""Images enlarged as amounts of light, in place of the numbers that stand for them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array, PairLike
from upsamp.core.transfer import check_numbers, from_light, to_light
from upsamp.core.upsampling.dispatch import fill
from upsamp.core.upsampling.methods import method_of
from upsamp.core.upsampling.request import Place
from upsamp.core.upsampling.resample import resize
from upsamp.core.upsampling.strips import Reader, Strips


def resize_light(
    x: Array,
    size: PairLike,
    interpolation: str = "bilinear",
    *,
    convention: str = "keras",
    align_corners: bool = False,
    alpha: bool = False,
) -> Array:
    """Upsample an image of 8 or 16 bits in linear light; everything else is as in `resize`.

    x: (H, W) or (H, W, C) of sRGB or grey; with `alpha`, the last channel is a share already, and
    is interpolated as it is. "nearest" copies.

    >>> resize_light(np.array([[0, 255]], np.uint8), (1, 6))
    array([[  0,   0, 156, 213, 255, 255]], dtype=uint8)
    """
    check_numbers(x)
    enlarge = partial(
        resize,
        size=size,
        interpolation=interpolation,
        convention=convention,
        align_corners=align_corners,
    )
    if method_of(interpolation, convention).only_copies:
        return enlarge(x)
    light = enlarge(_light_of(x, alpha=alpha), alpha=alpha)
    return _numbers_of(light, x.dtype, partial(enlarge, x[..., -1:]) if alpha else None)


def light_strips(
    strips: Strips, read: Reader, dtype: np.dtype[Any], threads: int
) -> Iterator[Array]:
    """Yield the strips of an image of `dtype` that is enlarged as light, with the bits of it whole.

    strips: of its light. read: gives its pixels.
    """
    alpha = strips.whole.rule.alpha
    plain = strips.whole.rule._replace(alpha=False)
    shape = (*strips.whole.shape[:3], 1)
    opacity = strips.whole._replace(shape=shape, dtype=np.dtype(dtype), rule=plain)
    pixels: Array = np.empty(0, dtype)

    def read_light(images: slice, rows: slice) -> Array:
        nonlocal pixels
        pixels = read(images, rows)
        return _light_of(pixels, alpha=alpha)

    def fill_alpha(place: Place, out: Array) -> None:
        fill(pixels[..., -1:], out, opacity, threads, place)

    for strip, light in zip(strips, strips.make(read_light, threads), strict=True):
        yield _numbers_of(light, dtype, partial(fill_alpha, strip.place) if alpha else None)


def _light_of(x: Array, *, alpha: bool) -> Array:
    """Return the light of pixels; the last channel as it is, where that is alpha."""
    light = to_light(x)
    if alpha:
        light[..., -1] = x[..., -1]
    return light


def _numbers_of(
    light: Array, dtype: npt.DTypeLike, fill_alpha: Callable[..., object] | None
) -> Array:
    """Return the pixels of 8 or 16 bits that stand for light.

    fill_alpha: fills `out`, the last channel, where that is alpha: sums of light are in floats,
    which might fall to either side of a half.
    """
    if fill_alpha is None:
        return from_light(light, dtype)
    result = np.empty(light.shape, dtype)
    from_light(light[..., :-1], dtype, result[..., :-1])
    fill_alpha(out=result[..., -1:])
    return result
