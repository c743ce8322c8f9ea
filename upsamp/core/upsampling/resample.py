"""Upsampling by interpolation, by the plan that `interpolation` makes of each axis.

An input whose weight is zero is not read, so that a NaN or an infinity reaches those outputs alone
that depend on it.
"""

import sys
from collections.abc import Callable
from typing import cast

import numpy as np

from upsamp.core.arguments import (
    DATA_FORMATS,
    Array,
    DataFormat,
    Pair,
    PairLike,
    normalize_array,
    normalize_choice,
    normalize_output,
    normalize_pair,
)
from upsamp.core.layout import as_batch, image_ranks, with_new_image
from upsamp.core.memory import check_memory
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.dispatch import fill
from upsamp.core.upsampling.request import Whole, check_alpha, normalize_rule
from upsamp.errors import ArgumentError

__all__ = ["resize", "upsample"]


def upsample(
    x: object,
    size: PairLike = (2, 2),
    interpolation: str = "nearest",
    data_format: str = "channels_last",
    *,
    convention: str = "keras",
    align_corners: bool = False,
    alpha: bool = False,
    out: Array | None = None,
) -> Array:
    """Upsample images by whole factors, as Keras' `UpSampling2D` does.

    x: (H, W), (H, W, C) or (N, H, W, C); with data_format="channels_first" (C, H, W) or
    (N, C, H, W). Any real dtype that NumPy has, in any order of bytes. Of a Dask array it makes
    another, whose chunks are computed when they are asked for, each of all that its pixels read.
    size: the factor of the rows and of the columns, or one for both.
    interpolation: "nearest" (copies), "bilinear", "bicubic" (Keys, a = -0.5), "lanczos3",
    "lanczos5", and TensorFlow's "area", "mitchellcubic" and "gaussian". convention: "keras", or
    "torch" for what PyTorch computes (edges repeated, bicubic with a = -0.75).
    align_corners: PyTorch's, for its bilinear and bicubic. alpha: whether the last channel is
    straight alpha; colours are then weighted by it, so that the colour of transparent pixels does
    not bleed (nearest copies all the same). out: an array of the result's shape and dtype that
    shares no memory with `x`, to be filled and returned. Large images are shared among as many
    threads as UPSAMP_THREADS says, or as there are cores.

    Returns an array of the dtype and rank of `x` with H * rows and W * columns. float32 and
    float64 compute in their own precision and float16 in float32; integers are what exact fractions
    make of them, rounded half to even and saturated. The weights of lanczos and gaussian are no
    fractions; to them float64's are meant.

    Raises `ArgumentError`, `ShapeError`, `DtypeError`, and `MemoryLimitError` before it allocates
    what does not fit.

    Sources: R. Keys, "Cubic convolution interpolation for digital image processing" (1981);
    C. Duchon, "Lanczos filtering in one and two dimensions" (1979); D. Mitchell and A. Netravali,
    "Reconstruction filters in computer graphics" (1988).

    >>> upsample([[1, 2], [3, 4]], size=(2, 3))
    array([[1, 1, 1, 2, 2, 2],
           [1, 1, 1, 2, 2, 2],
           [3, 3, 3, 4, 4, 4],
           [3, 3, 3, 4, 4, 4]])
    >>> upsample([[0.0, 4.0]], size=(1, 4), interpolation="bilinear")
    array([[0. , 0. , 0.5, 1.5, 2.5, 3.5, 4. , 4. ]])
    """
    factors = normalize_pair(size, "size")
    return _resample(
        x,
        lambda height, width: (height * factors[0], width * factors[1]),
        (interpolation, convention, align_corners, alpha),
        data_format,
        out,
    )


def resize(
    x: object,
    size: PairLike,
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
    *,
    convention: str = "keras",
    align_corners: bool = False,
    alpha: bool = False,
    out: Array | None = None,
) -> Array:
    """Upsample images to any larger size, as `tf.image.resize` and `F.interpolate` do.

    size: the rows and columns of the result, neither below that of `x`. Everything else is as in
    `upsample`, which is the same for a size that is a multiple. convention="keras" equals
    `tf.image.resize` and `jax.image.resize` with antialias off; "torch" equals
    `torch.nn.functional.interpolate` with `size`.

    >>> resize([[0.0, 3.0]], (1, 3))
    array([[0. , 1.5, 3. ]])
    """
    wanted = normalize_pair(size, "size")

    def target(height: int, width: int) -> Pair:
        if wanted[0] < height or wanted[1] < width:
            raise ArgumentError(
                "`size` must not be below the size of `x`, as this is upsampling. Received: "
                f"size={wanted} for {(height, width)}."
            )
        return wanted

    return _resample(
        x,
        target,
        (interpolation, convention, align_corners, alpha),
        data_format,
        out,
    )


def _resample(
    x: object,
    target_of: Callable[[int, int], Pair],
    rule: tuple[str, str, bool, bool],
    data_format: str,
    out: Array | None,
) -> Array:
    """Normalise the arguments, and make or check the output; then fill it."""
    interpolation, convention, align_corners, alpha = rule
    layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    checked = normalize_rule(interpolation, convention, align_corners=align_corners, alpha=alpha)
    if _is_dask_array(x):
        from upsamp.core.upsampling.dask_arrays import resample_chunks  # what asks for it has it

        return cast("Array", resample_chunks(x, target_of, checked, layout, out))
    array = normalize_array(x, "x", image_ranks(layout))
    source = as_batch(array, layout)
    _, height, width, channels = source.shape
    check_alpha(checked, channels, array.shape)
    rows, columns = target_of(height, width)
    shape = with_new_image(array.shape, layout, rows, columns, channels)
    if out is None:
        check_memory(shape, array.dtype, "The output")
        output = np.empty(shape, array.dtype)
    else:
        output = normalize_output(out, shape, array)
    whole = Whole(source.shape, (rows, columns), array.dtype, checked)
    fill(source, as_batch(output, layout), whole, thread_count())
    return output


def _is_dask_array(x: object) -> bool:
    """Tell whether `x` is one of Dask's arrays, which there are only where that is loaded."""
    loaded = sys.modules.get("dask.array")
    return loaded is not None and isinstance(x, loaded.Array)
