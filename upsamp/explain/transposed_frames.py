"""The frames of a transposed convolution: windows that gather, or inputs that are scattered.

Source of the first: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning"
(arXiv 1603.07285), chapter 4. Padding is drawn as far as windows read it.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.geometry.sizes import TransposedAxis, effective_kernel
from upsamp.explain.animation import Frame, Grid, Kind, make_grid, mark, number, write_sum
from upsamp.explain.transposed import axis_taps, insert_zeros


class Setting(NamedTuple):
    """What is animated: the channels that the first filter reads, its kernel, and its output.

    x: (H, W, C). kernel: (rows, columns, C). output: (OH, OW). dilation: of the kernel. crop: how
    the output is cut out of the full result, and how its size follows.
    """

    x: Array
    kernel: Array
    axes: tuple[TransposedAxis, TransposedAxis]
    dilation: Pair
    bias: float
    output: Array
    crop: tuple[str, ...]

    @property
    def spans(self) -> Pair:
        """The rows and columns that the kernel covers."""
        rows, columns = map(effective_kernel, self.kernel.shape, self.dilation)
        return rows, columns

    @property
    def dilated(self) -> Array:
        """The kernel with zeros between its elements."""
        return insert_zeros(self.kernel, self.dilation)


def axis_reach(axis: TransposedAxis, span: int) -> tuple[int, int]:
    """Return what windows read of an input with zeros in it and span - 1 zeros around it."""
    spread = (axis.length - 1) * axis.stride + 1
    stop = max(axis.before + axis.output - 1 + span, span - 1 + spread)
    return min(axis.before, span - 1), stop


def axis_cover(axis: TransposedAxis) -> tuple[int, int]:
    """Return where the full result and the output begin and end, both together."""
    return min(0, axis.before), max(axis.full, axis.before + axis.output)


def gather_frames(setting: Setting) -> Iterator[Frame]:
    """Yield a frame for each value of the output, and the last one, of the whole result."""
    channels = range(setting.x.shape[2])
    padded = tuple(_padded_grid(setting, channel) for channel in channels)
    turned = tuple(
        _named(setting, "kernel, turned round", channel, grid.values[::-1, ::-1], grid.kinds)
        for channel, grid in enumerate(_kernel_grids(setting))
    )
    output = make_grid("output", setting.output, "output")
    known = np.zeros(setting.output.shape, bool)
    for row, column in np.ndindex(setting.output.shape):
        known = known.copy()
        known[row, column] = True
        written = mark(output, [(row, column)])._replace(known=known)
        yield _gather_frame(setting, (row, column), padded, turned, written)
    yield Frame((padded, turned, (output,)), setting.crop)


def _gather_frame(
    setting: Setting,
    place: Pair,
    padded: Sequence[Grid],
    turned: Sequence[Grid],
    written: Grid,
) -> Frame:
    """Return the frame of one value of the output. padded, turned: without marks."""
    rows, columns = (
        axis_taps(axis, output, taps)
        for axis, output, taps in zip(setting.axes, place, setting.kernel.shape, strict=False)
    )
    # Where the window begins, and of each tap where it is in the window.
    top, left = (
        output + axis.before - axis_reach(axis, span)[0]
        for axis, span, output in zip(setting.axes, setting.spans, place, strict=True)
    )
    window_rows, window_columns = (
        [span - 1 - tap * rate for _, tap in taps]
        for span, rate, taps in zip(setting.spans, setting.dilation, (rows, columns), strict=True)
    )
    weights = [*product(window_rows, window_columns)]
    inputs = [(top + row, left + column) for row, column in weights]
    terms = [
        (float(setting.x[i, j, channel]), float(setting.kernel[p, q, channel]))
        for (i, p), (j, q) in product(rows, columns)
        for channel in range(setting.x.shape[2])
    ]
    window = (top, left, *setting.spans)
    return Frame(
        (
            tuple(mark(grid, inputs)._replace(window=window) for grid in padded),
            tuple(mark(grid, weights) for grid in turned),
            (written,),
        ),
        (_gathered(f"output [{place[0]}, {place[1]}]", terms, setting.bias),),
    )


def _gathered(name: str, terms: list[tuple[float, float]], bias: float) -> str:
    """Return an output as its sum."""
    total = sum(value * weight for value, weight in terms)
    if not terms:
        told = f"{name} = 0, as the window covers zeros alone"
        return f"{told}; with the bias {number(bias)}" if bias else told
    added = f" + {number(bias)} (bias)".replace("+ -", "- ") if bias else ""
    return f"{name} = {write_sum(terms)}{added} = {number(total + bias)}"


def scatter_frames(setting: Setting) -> Iterator[Frame]:
    """Yield a frame for each input, and the last one, of the whole result."""
    inputs = tuple(
        _named(setting, "input", channel, setting.x[:, :, channel], "input")
        for channel in range(setting.x.shape[2])
    )
    kernels = tuple(
        _named(setting, "kernel", channel, grid.values, grid.kinds)
        for channel, grid in enumerate(_kernel_grids(setting))
    )
    is_tap = kernels[0].kinds == "kernel"
    (top, bottom), (left, right) = map(axis_cover, setting.axes)
    kept = tuple(
        slice(axis.before - start, axis.before - start + axis.output)
        for axis, start in zip(setting.axes, (top, left), strict=True)
    )
    kinds = np.full((bottom - top, right - left), "cropped")
    kinds[kept] = "output"
    total, known = np.zeros(kinds.shape), np.zeros(kinds.shape, bool)
    sums = make_grid("sum of all so far", total, kinds)
    products = make_grid("input * kernel", np.zeros(setting.spans), kernels[0].kinds)
    for row, column in np.ndindex(setting.x.shape[:2]):
        values = np.einsum("ijc,c->ij", setting.dilated, setting.x[row, column])
        above = row * setting.axes[0].stride - top
        before = column * setting.axes[1].stride - left
        window = np.s_[above : above + setting.spans[0], before : before + setting.spans[1]]
        total, known, marked = total.copy(), known.copy(), np.zeros(known.shape, bool)
        total[window] += values
        known[window] |= is_tap
        marked[window] = is_tap
        place = (above, before, *setting.spans)
        yield Frame(
            (
                tuple(mark(grid, [(row, column)]) for grid in inputs),
                kernels,
                (products._replace(values=values, known=is_tap, marked=is_tap),),
                (sums._replace(values=total, known=known, marked=marked, window=place),),
            ),
            (_scattered(setting, row, column),),
        )
    whole = total.copy()
    whole[kept] = setting.output
    blank = products._replace(known=np.zeros(setting.spans, bool))
    yield Frame((inputs, kernels, (blank,), (sums._replace(values=whole),)), setting.crop)


def _scattered(setting: Setting, row: int, column: int) -> str:
    """Say what is added where."""
    rows, columns = (
        f"{place * axis.stride} to {place * axis.stride + span - 1}"
        if span > 1
        else f"{place * axis.stride}"
        for place, axis, span in zip((row, column), setting.axes, setting.spans, strict=True)
    )
    values = [number(float(value)) for value in setting.x[row, column]]
    made = (
        f"{values[0]} * kernel is" if len(values) == 1 else "each times its kernel, and summed, are"
    )
    return (
        f"input [{row}, {column}] = {', '.join(values)}: {made} added to rows {rows}, columns "
        f"{columns} of the full result"
    )


def _padded_grid(setting: Setting, channel: int) -> Grid:
    """Return a channel of the input with zeros between and around, as far as windows read it."""
    strides = setting.axes[0].stride, setting.axes[1].stride
    spread = insert_zeros(setting.x[:, :, channel : channel + 1], strides)[:, :, 0]
    kinds = np.full(spread.shape, "inserted")
    kinds[:: strides[0], :: strides[1]] = "input"
    sides = []
    for axis, span, length in zip(setting.axes, setting.spans, spread.shape, strict=True):
        start, stop = axis_reach(axis, span)
        sides.append((span - 1 - start, stop - (span - 1) - length))
    parts = ["input"]
    parts += ["zeros inserted"] * (strides != (1, 1)) + ["padded"] * any(map(any, sides))
    padded = np.pad(kinds, sides, constant_values="padding")
    return _named(setting, ", ".join(parts), channel, np.pad(spread, sides), padded)


def _kernel_grids(setting: Setting) -> Iterator[Grid]:
    """Yield the kernel of each channel, with zeros between its elements."""
    kinds = np.full(setting.spans, "inserted")
    kinds[:: setting.dilation[0], :: setting.dilation[1]] = "kernel"
    for channel in range(setting.x.shape[2]):
        yield make_grid("", setting.dilated[:, :, channel], kinds)


def _named(setting: Setting, name: str, channel: int, values: Array, kinds: Array | Kind) -> Grid:
    """Return a grid with its name, and that of its channel where there are several."""
    several = setting.x.shape[2] > 1
    return make_grid(f"{name} ({channel})" if several else name, values, kinds)
