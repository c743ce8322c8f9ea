"""Upsampling by interpolation, by the plan that `upsamp.core.interpolation` makes of each axis.

An input whose weight is zero is not read, so that a NaN or an infinity reaches those outputs alone
that depend on it.
"""

from collections.abc import Callable, Iterator
from typing import cast

import numpy as np

from upsamp.core.arguments import (
    CONVENTIONS,
    DATA_FORMATS,
    INTERPOLATIONS,
    Array,
    Convention,
    DataFormat,
    Interpolation,
    Pair,
    PairLike,
    normalize_array,
    normalize_choice,
    normalize_pair,
)
from upsamp.core.dtypes import compute_dtype, round_to
from upsamp.core.interpolation import (
    AxisPlan,
    Gather,
    Run,
    kernel_of,
    nearest_inputs,
    plan_axis,
)
from upsamp.core.layout import as_batch, image_ranks, with_new_image
from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError, ShapeError

__all__ = ["resize", "upsample"]

# Output elements of a strip: its scratch (8 bytes each) stays near the second-level cache.
STRIP_ELEMENTS = 2**17
# Input rows of a strip at the least, or the rows that neighbouring strips share cost too much.
STRIP_ROWS = 16
# From this many channels on, a pixel's channels are long enough for NumPy's inner loop.
MANY_CHANNELS = 16
# The methods whose result does not pass through the values of the input: even a size of 1 changes.
SMOOTHING = ("mitchellcubic", "gaussian")


def upsample(
    x: object,
    size: PairLike = (2, 2),
    interpolation: str = "nearest",
    data_format: str = "channels_last",
    *,
    convention: str = "keras",
    align_corners: bool = False,
    alpha: bool = False,
) -> Array:
    """Upsample images by whole factors, as Keras' `UpSampling2D` does.

    x: (H, W), (H, W, C) or (N, H, W, C); with data_format="channels_first" (C, H, W) or
    (N, C, H, W). Any real dtype. size: the factor of the rows and of the columns, or one for both.
    interpolation: "nearest" (copies), "bilinear", "bicubic" (Keys, a = -0.5), "lanczos3",
    "lanczos5", and TensorFlow's "area", "mitchellcubic" and "gaussian". convention: "keras", or
    "torch" for what PyTorch and OpenCV compute (edges repeated, bicubic with a = -0.75).
    align_corners: PyTorch's, for its bilinear and bicubic. alpha: whether the last channel is
    straight alpha; colours are then weighted by it, so that the colour of transparent pixels does
    not bleed (nearest copies all the same).

    Returns an array of the dtype and rank of `x` with H * rows and W * columns. float32 and
    float64 compute in their own precision and float16 in float32; integers compute in float64, are
    rounded half to even and saturated.

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
        interpolation,
        convention,
        data_format,
        align_corners=align_corners,
        alpha=alpha,
    )


def resize(
    x: object,
    size: PairLike,
    interpolation: str = "bilinear",
    convention: str = "keras",
    data_format: str = "channels_last",
    *,
    align_corners: bool = False,
    alpha: bool = False,
) -> Array:
    """Upsample images to any larger size, as `tf.image.resize` and `F.interpolate` do.

    size: the rows and columns of the result, neither below that of `x`. All else is as in
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
        interpolation,
        convention,
        data_format,
        align_corners=align_corners,
        alpha=alpha,
    )


def _resample(
    x: object,
    target_of: Callable[[int, int], Pair],
    interpolation: str,
    convention: str,
    data_format: str,
    *,
    align_corners: bool,
    alpha: bool,
) -> Array:
    """Normalise the arguments, plan both axes, and apply the plan to each image."""
    layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    method = cast("Interpolation", normalize_choice(interpolation, "interpolation", INTERPOLATIONS))
    rule = cast("Convention", normalize_choice(convention, "convention", CONVENTIONS))
    array = normalize_array(x, "x", image_ranks(layout))
    source = as_batch(array, layout)
    _, height, width, channels = source.shape
    _check_method(method, rule, align_corners)
    if alpha and channels < 2:
        raise ShapeError(
            "`alpha=True` needs colour before the alpha channel, so at least 2 channels. "
            f"Received: shape {array.shape}."
        )
    rows, columns = target_of(height, width)
    shape = with_new_image(array.shape, layout, rows, columns, channels)
    check_memory(shape, array.dtype, "The output")
    output = np.empty(shape, array.dtype)
    target = as_batch(output, layout)
    whole = rows % height == 0 and columns % width == 0
    copies = (
        method == "nearest"
        or (method == "area" and whole)
        or ((rows, columns) == (height, width) and method not in SMOOTHING)
    )
    if copies and whole:
        _repeat(source, target, rows // height, columns // width)
        return output
    if copies:
        row_inputs = nearest_inputs(height, rows, rule)
        column_inputs = nearest_inputs(width, columns, rule)
        target[...] = source[:, row_inputs][:, :, column_inputs]
        return output
    row_plan = plan_axis(height, rows, method, rule, align_corners=align_corners)
    column_plan = plan_axis(width, columns, method, rule, align_corners=align_corners)
    planar = alpha or channels < MANY_CHANNELS or source.strides[3] > source.strides[2]
    # Infinities of both signs make a NaN, as the formula says; that is no cause for a warning.
    with np.errstate(invalid="ignore", over="ignore"):
        for image, place in zip(_planes(source, planar), _planes(target, planar), strict=True):
            _interpolate(image, place, row_plan, column_plan, alpha)
    return output


def _check_method(method: Interpolation, convention: Convention, align_corners: bool) -> None:
    """Raise where the convention has no such method, or the method no such setting."""
    if method not in ("nearest", "area"):
        kernel_of(method, convention)
    if align_corners and (convention != "torch" or method not in ("bilinear", "bicubic")):
        raise ArgumentError(
            "`align_corners=True` must go with convention='torch' and bilinear or bicubic. "
            f"Received: convention={convention!r}, interpolation={method!r}."
        )


def _planes(batch: Array, planar: bool) -> Iterator[Array]:
    """View each image of (N, H, W, C) as (planes, H, W, channels of a plane).

    A few channels are taken as so many planes, since NumPy's inner loop runs over the last axis
    and would be three elements long; many channels stay together in one plane.
    """
    for image in batch:
        yield np.moveaxis(image, 2, 0)[..., np.newaxis] if planar else image[np.newaxis]


def _repeat(source: Array, target: Array, rows: int, columns: int) -> None:
    """Copy every pixel of `source` to its rows x columns block of `target`, both (N, H, W, C)."""
    height, width = source.shape[1:3]
    planar = source.shape[3] < MANY_CHANNELS
    for image, place in zip(_planes(source, planar), _planes(target, planar), strict=True):
        for plane, room in zip(image, place, strict=True):
            blocks = room.reshape(height, rows, width, columns, -1)
            for column in range(columns):
                blocks[:, 0, :, column] = plane
    for place in target:
        blocks = place.reshape(height, rows, *place.shape[1:])
        blocks[:, 1:] = blocks[:, :1]


# --- the loops that touch data


def _interpolate(
    image: Array, place: Array, row_plan: AxisPlan, column_plan: AxisPlan, alpha: bool
) -> None:
    """Interpolate one image into its place, both (planes, H, W, channels), strip by strip.

    A strip's input rows are widened first, then its output rows are made: so the scratch stays in
    the cache, and no copy of the whole image is ever made.
    """
    planes, height, _, channels = image.shape
    rows, columns = place.shape[1:3]
    dtype = compute_dtype(image.dtype)
    strip = max(STRIP_ELEMENTS // (planes * columns * channels), -(-STRIP_ROWS * rows // height))
    for start in range(0, rows, strip):
        stop = min(start + strip, rows)
        first, last = row_plan.first[start:stop].min(), row_plan.last[start:stop].max() + 1
        narrow = image[:, first:last].astype(dtype, order="C")
        if alpha:
            _multiply_by_alpha(narrow)
        widened = np.empty((planes, last - first, columns, channels), dtype)
        _accumulate(column_plan, narrow, 0, widened, 0, axis=2)
        result = np.empty((planes, stop - start, columns, channels), dtype)
        _accumulate(row_plan, widened, first, result, start, axis=1)
        if alpha:
            _divide_by_alpha(result)
        # A plane at a time: NumPy would else write the few channels of a pixel in its inner loop.
        for plane, room in zip(result, place[:, start:stop], strict=True):
            room[...] = round_to(plane, place.dtype)


def _accumulate(
    plan: AxisPlan, source: Array, source_start: int, target: Array, target_start: int, axis: int
) -> None:
    """Fill `target` with the weighted sums of `source` along `axis`.

    The arrays hold the part of their axis that begins at `source_start` and `target_start`.
    """
    sources, targets = np.moveaxis(source, axis, 0), np.moveaxis(target, axis, 0)
    for piece in plan.pieces:
        if isinstance(piece, Run):
            _add_run(piece, sources, source_start, targets, target_start)
        else:
            _add_gather(piece, sources, source_start, targets, target_start)


def _add_run(
    run: Run, sources: Array, source_start: int, targets: Array, target_start: int
) -> None:
    """Fill the outputs of a run that lie in `targets`: every tap is one slice of the inputs."""
    first = max(0, -(-(target_start - run.output) // run.step))
    last = min(run.count, -(-(target_start + len(targets) - run.output) // run.step))
    if first >= last:
        return
    room = targets[_slice(run.output - target_start, run.step, first, last)]
    for position, (tap, weight) in enumerate(zip(run.inputs, run.weights, strict=True)):
        part = sources[_slice(tap - source_start, run.stride, first, last)]
        if position == 0:
            np.multiply(part, weight, out=room)
        else:
            room += part * weight


def _slice(begin: int, step: int, first: int, last: int) -> slice:
    """Give the slice of the elements begin + k * step, for k from `first` to before `last`."""
    begin += first * step
    return slice(begin, begin + (last - first - 1) * step + 1, step or None)


def _add_gather(
    gather: Gather, sources: Array, source_start: int, targets: Array, target_start: int
) -> None:
    """Fill the outputs of a gather that lie in `targets`: every tap is a list of inputs."""
    first, last = np.searchsorted(gather.outputs, (target_start, target_start + len(targets)))
    if first == last:
        return
    inputs = gather.inputs[first:last] - source_start
    weights = gather.weights[first:last].astype(sources.dtype)
    along = (-1, *(1,) * (sources.ndim - 1))
    total = sources[inputs[:, 0]] * weights[:, 0].reshape(along)
    for tap in range(1, inputs.shape[1]):
        total += sources[inputs[:, tap]] * weights[:, tap].reshape(along)
    targets[gather.outputs[first:last] - target_start] = total


def _multiply_by_alpha(narrow: Array) -> None:
    """Weight colours by alpha, the last plane; a hidden one is 0, were it a NaN."""
    narrow[:-1] *= narrow[-1]
    narrow[:-1][:, narrow[-1] == 0] = 0


def _divide_by_alpha(result: Array) -> None:
    """Turn colours that are weighted by alpha, the last plane, back to straight colours.

    Where nothing shows, the colour is 0: that of a hidden pixel never reaches the result.
    """
    shown = result[-1] > 0
    np.divide(result[:-1], result[-1], out=result[:-1], where=shown)
    result[:-1][:, ~shown] = 0
