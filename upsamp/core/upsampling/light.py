"""Images enlarged as amounts of light, in place of the numbers that stand for them."""

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array, PairLike
from upsamp.core.dtypes import round_to
from upsamp.core.transfer import check_numbers, from_light, to_light
from upsamp.core.upsampling.resample import resize

__all__ = ["light_of", "numbers_of", "resize_light"]


def resize_light(
    x: Array,
    size: PairLike,
    interpolation: str = "bilinear",
    convention: str = "keras",
    *,
    align_corners: bool = False,
    alpha: bool = False,
) -> Array:
    """Upsample an image of 8 or 16 bits in linear light; all else is as in `resize`.

    x: (H, W) or (H, W, C) of sRGB or grey; with `alpha`, the last channel is a share already, and
    is interpolated as it is. "nearest" copies.

    >>> resize_light(np.array([[0, 255]], np.uint8), (1, 6))
    array([[  0,   0, 156, 213, 255, 255]], dtype=uint8)
    """
    check_numbers(x)
    if interpolation == "nearest":
        return resize(x, size, interpolation, convention)
    enlarged = resize(
        light_of(x, alpha=alpha),
        size,
        interpolation,
        convention,
        align_corners=align_corners,
        alpha=alpha,
    )
    return numbers_of(enlarged, x.dtype, alpha=alpha)


def light_of(x: Array, *, alpha: bool) -> Array:
    """Return the light of pixels; the last channel as it is, where that is alpha."""
    light = to_light(x)
    if alpha:
        light[..., -1] = x[..., -1]
    return light


def numbers_of(light: Array, dtype: npt.DTypeLike, *, alpha: bool) -> Array:
    """Return the pixels of 8 or 16 bits that stand for light, which `light_of` gives."""
    if not alpha:
        return from_light(light, dtype)
    result = np.empty(light.shape, dtype)
    from_light(light[..., :-1], dtype, result[..., :-1])
    result[..., -1] = round_to(light[..., -1], dtype)
    return result
