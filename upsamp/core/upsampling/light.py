"""Images enlarged as amounts of light, in place of the numbers that stand for them."""

import numpy as np

from upsamp.core.arguments import Array, PairLike
from upsamp.core.dtypes import round_to
from upsamp.core.transfer import check_numbers, from_light, to_light
from upsamp.core.upsampling.resample import resize

__all__ = ["resize_light"]


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
    light = to_light(x)
    if alpha:
        light[..., -1] = x[..., -1]
    enlarged = resize(
        light, size, interpolation, convention, align_corners=align_corners, alpha=alpha
    )
    result = np.empty(enlarged.shape, x.dtype)
    colours = slice(None, -1 if alpha else None)
    if alpha:
        from_light(enlarged[..., colours], x.dtype, result[..., colours])
        result[..., -1] = round_to(enlarged[..., -1], x.dtype)
        return result
    return from_light(enlarged, x.dtype, result)
