"""Interpolation by plain sums: each output is the sum of its own inputs, and reads no others.

So a NaN or an infinity reaches only the outputs that depend on it. Every faster way is proved
equal to this one, and hands over to it what it cannot do.
"""

import math
from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import compute_dtype, round_to
from upsamp.core.threads import share, size_among
from upsamp.core.upsampling.exact import half_of, round_sums
from upsamp.core.upsampling.interpolation import AxisPlan, Gather, Run
from upsamp.core.upsampling.taps import Taps, gather_of, taps_of

# Output elements of a strip of plain sums: its scratch stays near the second-level cache.
STRIP_ELEMENTS = 2**17
# Input rows of a strip at the least, or the rows that neighbouring strips share cost too much.
STRIP_ROWS = 16
# Output rows of a strip for which it need not be narrower.
MANY_ROWS = 2**8
# Outputs of a strip along an axis whose weights do not come again: they are made for each strip.
GATHERED = 2**12
# From this many channels on, a pixel's channels are long enough for NumPy's inner loop.
MANY_CHANNELS = 16


def interpolate_plainly(
    source: Array, target: Array, plans: tuple[AxisPlan, AxisPlan], threads: int, *, alpha: bool
) -> None:
    """Fill `target` from `source`, both (N, H, W, C), strip by strip of plain sums."""
    _, height, _, channels = source.shape
    rows, columns = target.shape[1:3]
    planar = alpha or channels < MANY_CHANNELS or source.strides[3] > source.strides[2]
    # As wide as leaves room for enough rows, however long those are.
    high = min(rows, max(STRIP_ROWS, min(-(-STRIP_ROWS * rows // height), MANY_ROWS)))
    size = size_among(threads, STRIP_ELEMENTS)
    tallest, widest = (GATHERED if gather_of(plan) else plan.length for plan in plans)
    wide = max(1, min(widest, size // (channels * high)))
    high = max(1, min(tallest, size // (channels * wide)))
    strips, tiles = -(-rows // high), -(-columns // wide)

    def work(run: range) -> None:
        # Infinities of both signs make a NaN, as the formula says; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for piece in run:
                image, position = divmod(piece, strips * tiles)
                row, column = divmod(position, tiles)
                lines = slice(row * high, min((row + 1) * high, rows))
                part = slice(column * wide, min((column + 1) * wide, columns))
                planes, room = _planes(source[image], planar), _planes(target[image], planar)
                interpolate_part(planes, room, plans, lines, part, alpha=alpha)

    share(len(source) * strips * tiles, threads if target.size >= STRIP_ELEMENTS else 1, work)


def _planes(image: Array, planar: bool) -> Array:
    """View an image, (H, W, C), as (planes, H, W, channels of a plane).

    A few channels are taken as this many planes, since NumPy's inner loop runs over the last axis
    and would be three elements long; many channels stay together in one plane.
    """
    return np.moveaxis(image, 2, 0)[..., np.newaxis] if planar else image[np.newaxis]


def interpolate_part(
    image: Array,
    place: Array,
    plans: tuple[AxisPlan, AxisPlan],
    rows: slice,
    columns: slice,
    *,
    alpha: bool,
) -> None:
    """Fill the `rows` and `columns` of `place` from one image, both (planes, H, W, channels).

    The input rows are widened first, then the output rows are made of them. alpha: whether the
    last plane is straight alpha, which weights the others.
    """
    row_plan, column_plan = plans
    lines, pixels = row_plan.reach(rows), column_plan.reach(columns)
    dtype = compute_dtype(image.dtype)
    planes, channels = image.shape[0], image.shape[3]
    narrow = image[:, lines, pixels].astype(dtype, order="C")
    half = 0.0 if place.dtype.kind == "f" else half_of(narrow, place.dtype)
    if alpha:
        _multiply_by_alpha(narrow)
    widened = np.empty(
        (planes, lines.stop - lines.start, columns.stop - columns.start, channels), dtype
    )
    _accumulate(column_plan, narrow, pixels.start, widened, columns.start, axis=2)
    result = np.empty((planes, rows.stop - rows.start, *widened.shape[2:]), dtype)
    _accumulate(row_plan, widened, lines.start, result, rows.start, axis=1)
    if alpha:
        _divide_by_alpha(result)
    # A plane at a time: NumPy would otherwise write the few channels of a pixel in its inner loop.
    for number, (plane, room) in enumerate(zip(result, place[:, rows, columns], strict=True)):
        if place.dtype.kind == "f":
            room[...] = round_to(plane, place.dtype)
            continue

        def places_of(near: Array, number: int = number) -> tuple[Array, ...]:
            row, column, channel = np.nonzero(near)
            return np.full_like(row, number), row + rows.start, column + columns.start, channel

        weighted = alpha and number < planes - 1
        opacity = result[-1] if weighted else None
        room[...] = round_sums(plane, image, plans, half, places_of, opacity)


def interpolate_images(
    source: Array, target: Array, plans: tuple[AxisPlan, AxisPlan], rows: slice, columns: slice
) -> None:
    """Fill the `rows` and `columns` of some images, (N, H, W, C), a channel at a time."""
    for image, place in zip(source, target, strict=True):
        planes, room = (np.moveaxis(array, 2, 0)[..., np.newaxis] for array in (image, place))
        interpolate_part(planes, room, plans, rows, columns, alpha=False)


def interpolate_little(source: Array, target: Array, plans: tuple[AxisPlan, AxisPlan]) -> bool:
    """Fill `target` from `source`, both (N, H, W, C), in few steps that take memory for each tap.

    The sums are those of `interpolate_part` to the last bit; where an input is not finite, it is
    left to that, and the answer is False.
    """
    values = source.astype(compute_dtype(source.dtype))
    if not np.isfinite(values).all():
        return False
    widened = _sums_along(values, taps_of(plans[1]), 2)
    sums = _sums_along(widened, taps_of(plans[0]), 1)
    if target.dtype.kind == "f":
        target[...] = round_to(sums, target.dtype)
    else:
        target[...] = round_sums(sums, source, plans, half_of(values, source.dtype), np.nonzero)
    return True


def _sums_along(values: Array, taps: Taps, axis: int) -> Array:
    """Return the weighted sums along an axis, tap after tap."""
    weights = taps.weights.T.astype(values.dtype)
    # (..., taps, outputs, ...): numbers that do not lie side by side are added in their order, and
    # those that do, for the lone outputs, by `accumulate`, as `reduce` would add them in pairs.
    products = values.take(taps.inputs.T, axis=axis)
    products *= weights.reshape(*weights.shape, *(1,) * (values.ndim - 1 - axis))
    total: Array
    if math.prod(products.shape[axis + 1 :]) == 1:
        total = np.add.accumulate(products, axis=axis).take(-1, axis=axis)
    else:
        total = np.add.reduce(products, axis=axis)
    return total


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
    first, last = run.elements(slice(target_start, target_start + len(targets)))
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
    """Return the slice of the elements begin + k * step, for k from `first` to before `last`."""
    begin += first * step
    return slice(begin, begin + (last - first - 1) * step + 1, step or None)


def _add_gather(
    gather: Gather, sources: Array, source_start: int, targets: Array, target_start: int
) -> None:
    """Fill outputs of a gather: every tap is a list of inputs, of those that have so many taps."""
    inputs, weights = _table(gather, target_start, len(targets))
    taps = np.count_nonzero(weights, axis=1)
    for size in np.unique(taps):
        alike = np.flatnonzero(taps == size)
        some, factors = inputs[alike] - source_start, weights[alike].astype(sources.dtype)
        along = (-1, *(1,) * (sources.ndim - 1))
        total = sources[some[:, 0]] * factors[:, 0].reshape(along)
        for tap in range(1, size):
            total += sources[some[:, tap]] * factors[:, tap].reshape(along)
        targets[alike] = total


@lru_cache(maxsize=16)  # of half a megabyte each, as a strip is short where they are made
def _table(gather: Gather, start: int, count: int) -> tuple[Array, Array]:
    """Return the inputs and the weights of some outputs, which the next strip may have, too."""
    table = gather.table(np.arange(start, start + count))
    return table.inputs, table.weights


def _multiply_by_alpha(narrow: Array) -> None:
    """Weight colours by alpha, the last plane; a hidden one is 0, even if it is a NaN."""
    narrow[:-1] *= narrow[-1]
    narrow[:-1][:, narrow[-1] == 0] = 0


def _divide_by_alpha(result: Array) -> None:
    """Turn colours that are weighted by alpha, the last plane, back to straight colours.

    Where nothing shows, the colour is 0: that of a hidden pixel never reaches the result.
    """
    shown = result[-1] > 0
    np.divide(result[:-1], result[-1], out=result[:-1], where=shown)
    result[:-1][:, ~shown] = 0
