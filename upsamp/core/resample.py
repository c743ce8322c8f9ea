"""Upsampling by interpolation, as Keras' `UpSampling2D` defines it.

Output element i of an axis reads its input at (i + 0.5) / s - 0.5 (half-pixel centres). Input j
has the weight kernel(position - j); inputs that do not exist are left out, and the weights of an
output are divided by their sum. An input whose weight is zero is not read at all, so that a NaN
or an infinity reaches those outputs alone that depend on it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from upsamp.core.arguments import (
    DATA_FORMATS,
    INTERPOLATIONS,
    Array,
    DataFormat,
    Interpolation,
    PairLike,
    normalize_array,
    normalize_choice,
    normalize_pair,
)
from upsamp.core.dtypes import compute_dtype, round_to
from upsamp.core.layout import as_batch, image_ranks, with_new_image
from upsamp.core.memory import check_memory
from upsamp.errors import ShapeError

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Run", "kernel_weight", "plan_axis", "upsample"]

# Output elements of a strip: its scratch (8 bytes each) stays near the second-level cache.
STRIP_ELEMENTS = 2**17
# Input rows of a strip at the least, or the rows that neighbouring strips share cost too much.
STRIP_ROWS = 16
# From this many channels on, a pixel's channels are long enough for NumPy's inner loop.
MANY_CHANNELS = 16


def upsample(
    x: object,
    size: PairLike = (2, 2),
    interpolation: str = "nearest",
    data_format: str = "channels_last",
    *,
    alpha: bool = False,
) -> Array:
    """Upsample images by whole factors, as Keras' `UpSampling2D` does.

    x: (H, W), (H, W, C) or (N, H, W, C); with data_format="channels_first" (C, H, W) or
    (N, C, H, W). Any real dtype. size: the factor of the rows and of the columns, or one for both.
    interpolation: "nearest" (copies), "bilinear", "bicubic" (Keys, a = -0.5), "lanczos3" or
    "lanczos5". alpha: whether the last channel is straight alpha; colours are then weighted by it,
    so that the colour of transparent pixels does not bleed (nearest copies all the same).

    Returns an array of the dtype and rank of `x` with H * rows and W * columns. float32 and
    float64 compute in their own precision and float16 in float32; integers compute in float64, are
    rounded half to even and saturated.

    Raises `ArgumentError`, `ShapeError`, `DtypeError`, and `MemoryLimitError` before it allocates
    what does not fit.

    Sources: R. Keys, "Cubic convolution interpolation for digital image processing" (1981);
    C. Duchon, "Lanczos filtering in one and two dimensions" (1979).

    >>> upsample([[1, 2], [3, 4]], size=(2, 3))
    array([[1, 1, 1, 2, 2, 2],
           [1, 1, 1, 2, 2, 2],
           [3, 3, 3, 4, 4, 4],
           [3, 3, 3, 4, 4, 4]])
    >>> upsample([[0.0, 4.0]], size=(1, 4), interpolation="bilinear")
    array([[0. , 0. , 0.5, 1.5, 2.5, 3.5, 4. , 4. ]])
    """
    layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    method = cast("Interpolation", normalize_choice(interpolation, "interpolation", INTERPOLATIONS))
    rows, columns = normalize_pair(size, "size")
    array = normalize_array(x, "x", image_ranks(layout))
    source = as_batch(array, layout)
    _, height, width, channels = source.shape
    if alpha and channels < 2:
        raise ShapeError(
            "`alpha=True` needs colour before the alpha channel, so at least 2 channels. "
            f"Received: shape {array.shape}."
        )
    shape = with_new_image(array.shape, layout, height * rows, width * columns, channels)
    check_memory(shape, array.dtype, "The output")
    output = np.empty(shape, array.dtype)
    target = as_batch(output, layout)
    if method == "nearest" or (rows, columns) == (1, 1):
        _repeat(source, target, rows, columns)
        return output
    row_runs = plan_axis(height, rows, method)
    column_runs = plan_axis(width, columns, method)
    planar = alpha or channels < MANY_CHANNELS or source.strides[3] > source.strides[2]
    # Infinities of both signs make a NaN, as the formula says; that is no cause for a warning.
    with np.errstate(invalid="ignore", over="ignore"):
        for image, place in zip(_planes(source, planar), _planes(target, planar), strict=True):
            _interpolate(image, place, row_runs, column_runs, rows, alpha)
    return output


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


# --- the plan: which inputs an output reads, and with which weights


@dataclass(frozen=True)
class Run:
    """Outputs of one axis that read their inputs alike.

    Element k < `count` of the run is output `output` + k * `step`, and reads the inputs
    `inputs` + k with the `weights`, one for each.
    """

    output: int
    step: int
    count: int
    inputs: tuple[int, ...]
    weights: tuple[float, ...]


SUPPORT: dict[str, int] = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}


def kernel_weight(interpolation: Interpolation, distance: "Fraction") -> "Fraction | float":
    """Give the weight of an input at `distance`, in input pixels, from the position that is read.

    The polynomials of bilinear and bicubic stay fractions, and so are exact.

    >>> from fractions import Fraction
    >>> [float(kernel_weight("bicubic", Fraction(t, 2))) for t in range(4)]
    [1.0, 0.5625, 0.0, -0.0625]
    """
    t = abs(distance)
    support = SUPPORT[interpolation]
    if t >= support:
        return 0.0
    if interpolation == "bilinear":
        return 1 - t
    if interpolation == "bicubic":
        if t <= 1:
            return (3 * t - 5) * t * t / 2 + 1
        return ((5 - t) * t - 8) * t / 2 + 2
    # Lanczos: sinc(t) sinc(t / support). It is zero at every other integer, which the sine of a
    # rounded multiple of pi is not.
    if t.denominator == 1:
        return float(t == 0)
    angle = math.pi * float(t)
    return support * math.sin(angle) * math.sin(angle / support) / (angle * angle)


@lru_cache(maxsize=256)
def plan_axis(length: int, factor: int, interpolation: Interpolation) -> tuple[Run, ...]:
    """Plan one axis: every output stands in exactly one run.

    Output factor * o + p reads at o + (2 p + 1 - factor) / (2 factor): its distance to each input
    depends on the phase p alone, so that all outputs of a phase that lie away from the edges make
    one run. An output near an edge makes a run by itself, as its weights are divided by the sum
    of those that are left.

    >>> plan_axis(3, 2, "bilinear")[0]
    Run(output=2, step=2, count=2, inputs=(0, 1), weights=(0.25, 0.75))
    """
    from fractions import Fraction  # it takes as long to load as nearest takes to run

    support = SUPPORT[interpolation]
    runs: list[Run] = []
    for phase in range(factor):
        position = Fraction(2 * phase + 1 - factor, 2 * factor)
        weighted = (
            (offset, kernel_weight(interpolation, position - offset))
            for offset in range(-support, support + 1)
        )
        taps = [(offset, weight) for offset, weight in weighted if weight != 0]
        first = min(max(0, -taps[0][0]), length)
        last = max(first, length - max(0, taps[-1][0]))
        if last > first:
            runs.append(_run(factor * first + phase, factor, last - first, first, taps))
        for near in (*range(first), *range(last, length)):
            inside = [tap for tap in taps if 0 <= near + tap[0] < length]
            runs.append(_run(factor * near + phase, factor, 1, near, inside))
    return tuple(runs)


def _run(
    output: int, step: int, count: int, centre: int, taps: "list[tuple[int, Fraction | float]]"
) -> Run:
    total = sum(weight for _, weight in taps)
    return Run(
        output,
        step,
        count,
        tuple(centre + offset for offset, _ in taps),
        tuple(float(weight / total) for _, weight in taps),
    )


# --- the loops that touch data


def _interpolate(
    image: Array,
    place: Array,
    row_runs: tuple[Run, ...],
    column_runs: tuple[Run, ...],
    rows: int,
    alpha: bool,
) -> None:
    """Interpolate one image into its place, both (planes, H, W, channels), strip by strip.

    A strip of input rows is widened first, then its output rows are made: so the scratch stays in
    the cache, and no copy of the whole image is ever made.
    """
    planes, height, _, channels = image.shape
    wide = place.shape[2]
    dtype = compute_dtype(image.dtype)
    strip = max(STRIP_ROWS, STRIP_ELEMENTS // (planes * wide * channels * rows))
    reach = max(abs(tap - run.output // rows) for run in row_runs for tap in run.inputs)
    for start in range(0, height, strip):
        stop = min(start + strip, height)
        first, last = max(0, start - reach), min(height, stop + reach)
        narrow = image[:, first:last].astype(dtype, order="C")
        if alpha:
            _multiply_by_alpha(narrow)
        widened = np.empty((planes, last - first, wide, channels), dtype)
        _accumulate(column_runs, narrow, 0, widened, 0, axis=2)
        result = np.empty((planes, (stop - start) * rows, wide, channels), dtype)
        _accumulate(row_runs, widened, first, result, start * rows, axis=1)
        if alpha:
            _divide_by_alpha(result)
        # A plane at a time: NumPy would else write the few channels of a pixel in its inner loop.
        for plane, room in zip(result, place[:, start * rows : stop * rows], strict=True):
            room[...] = round_to(plane, place.dtype)


def _accumulate(
    runs: tuple[Run, ...],
    source: Array,
    source_start: int,
    target: Array,
    target_start: int,
    axis: int,
) -> None:
    """Fill `target` with the weighted sums of `source` along `axis`.

    The arrays hold the part of their axis that begins at `source_start` and `target_start`.
    """
    sources, targets = np.moveaxis(source, axis, 0), np.moveaxis(target, axis, 0)
    target_stop = target_start + len(targets)
    for run in runs:
        first = max(0, -(-(target_start - run.output) // run.step))
        last = min(run.count, -(-(target_stop - run.output) // run.step))
        if first >= last:
            continue
        begin = run.output + first * run.step - target_start
        room = targets[begin : begin + (last - first - 1) * run.step + 1 : run.step]
        for position, (tap, weight) in enumerate(zip(run.inputs, run.weights, strict=True)):
            begin = tap + first - source_start
            part = sources[begin : begin + last - first]
            if position == 0:
                np.multiply(part, weight, out=room)
            else:
                room += part * weight


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
