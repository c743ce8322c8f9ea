"""A transposed convolution as frames: windows that gather, or inputs that are scattered.

Source of the first: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning"
(arXiv 1603.07285), chapter 4. Padding is drawn as far as windows read it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.convolution.setting import extent_of
from upsamp.core.geometry.sizes import TransposedAxis, effective_kernel
from upsamp.explain.animation import (
    Animation,
    Frame,
    Grid,
    View,
    check_frames,
    finish_animation,
    make_grid,
    mark,
    number,
    write_sum,
)
from upsamp.explain.transposed import (
    UNCROPPED,
    Arguments,
    axis_taps,
    explain_transposed,
    insert_zeros,
    transposed_axes,
)


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


def animate_transposed(
    x: Array,
    kernel: Array,
    bias: Array,
    arguments: Arguments,
    output_shape: Pair | None = None,
    *,
    view: View = "gather",
) -> Animation:
    """Return the steps of a transposed convolution of one image, of the first filter.

    The arguments are those of `explain_transposed`. view: "gather" has a step for each value of
    the output, "scatter" one for each input. Raises `ShapeError` for what is too large to be
    looked at.

    >>> x, settings = np.eye(2)[..., None], ((2, 2), "same", None, (1, 1), 1)
    >>> made = animate_transposed(x, np.ones((3, 3, 1, 1)), np.zeros(1), settings)
    >>> len(made.frames), made.frames[0].text
    (17, ('output [0, 0] = 1 * 1 = 1',))
    """
    strides, padding, _, dilation, groups = arguments
    planned = transposed_setting(*arguments, output_shape)
    _ = extent_of(planned, (1, *x.shape), kernel.shape)
    axes, channels = transposed_axes(planned, x.shape, kernel.shape), x.shape[2] // groups
    spans = tuple(map(effective_kernel, kernel.shape, dilation))
    _check(x, axes, (spans[0], spans[1]), channels, view)
    made = explain_transposed(x, kernel, bias, arguments, output_shape)
    output = made.output if made.output.ndim == 2 else made.output[:, :, 0]
    crop = next(stage.note for stage in made.stages if stage.name == "output")
    setting = Setting(
        x[:, :, :channels],
        kernel[:, :, 0, :channels],
        axes,
        dilation,
        float(bias[0]),
        output,
        (*([f"full result: {crop}"] if crop != UNCROPPED else []), *made.formula.split("; ")),
    )
    frames = [*(_gather(setting) if view == "gather" else _scatter(setting))]
    last = frames.pop()
    cell = made.cell.row, made.cell.column
    telling = cell[0] * output.shape[1] + cell[1]
    if view == "scatter":  # an input of that cell
        place = [(0, 0, 0), *(term.place for term in made.cell.terms if term.place)][-1]
        telling = place[0] * x.shape[1] + place[1]
    title = (
        f"transposed convolution of {_size(x.shape)}: kernel {_size(kernel.shape)}, stride "
        f"{_spelled(strides)}, padding {_spelled(padding)}{_more(dilation, groups)}, output "
        f"{_size(output.shape)}"
    )
    return finish_animation(title, _describe(view), frames, last, telling)


def _check(
    x: Array, axes: tuple[TransposedAxis, TransposedAxis], spans: Pair, channels: int, view: View
) -> None:
    """Raise `ShapeError` for what is too large, before anything is made."""
    size = axes[0].output, axes[1].output
    if view == "gather":
        drawn = tuple(
            stop - start
            for start, stop in (_reach(axis, span) for axis, span in zip(axes, spans, strict=True))
        )
        shapes = [(drawn[0], drawn[1]), spans] * channels + [size]
        check_frames(size[0] * size[1], shapes)
        return
    covered = tuple(stop - start for start, stop in map(_cover, axes))
    shapes = [(x.shape[0], x.shape[1]), spans] * channels + [spans, (covered[0], covered[1])]
    check_frames(x.shape[0] * x.shape[1], shapes)


def _reach(axis: TransposedAxis, span: int) -> tuple[int, int]:
    """Return what windows read of an input with zeros in it and span - 1 zeros around it."""
    spread = (axis.length - 1) * axis.stride + 1
    stop = max(axis.before + axis.output - 1 + span, span - 1 + spread)
    return min(axis.before, span - 1), stop


def _cover(axis: TransposedAxis) -> tuple[int, int]:
    """Return where the full result and the output begin and end, both together."""
    return min(0, axis.before), max(axis.full, axis.before + axis.output)


def _gather(setting: Setting) -> Iterator[Frame]:
    """Yield a frame for each value of the output, and the last one."""
    spans, axes = setting.spans, setting.axes
    starts = [_reach(axis, span)[0] for axis, span in zip(axes, spans, strict=True)]
    padded = [*map(_padded_grid, [setting] * setting.x.shape[2], range(setting.x.shape[2]))]
    turned = [
        _named(
            "kernel, turned round", grid._replace(values=grid.values[::-1, ::-1]), place, setting
        )
        for place, grid in enumerate(_kernel_grids(setting))
    ]
    output = make_grid("output", setting.output, "output")
    known = np.zeros(setting.output.shape, bool)
    for row, column in np.ndindex(setting.output.shape):
        known = known.copy()
        known[row, column] = True
        read = [
            (i, j, p, q)
            for i, p in axis_taps(axes[0], row, setting.kernel.shape[0])
            for j, q in axis_taps(axes[1], column, setting.kernel.shape[1])
        ]
        inputs = [
            (
                i * axes[0].stride + spans[0] - 1 - starts[0],
                j * axes[1].stride + spans[1] - 1 - starts[1],
            )
            for i, j, _, _ in read
        ]
        weights = [
            (spans[0] - 1 - p * setting.dilation[0], spans[1] - 1 - q * setting.dilation[1])
            for _, _, p, q in read
        ]
        top, left = row + axes[0].before - starts[0], column + axes[1].before - starts[1]
        windowed = [mark(grid, inputs)._replace(window=(top, left, *spans)) for grid in padded]
        terms = [
            (float(setting.x[i, j, channel]), float(setting.kernel[p, q, channel]))
            for i, j, p, q in read
            for channel in range(setting.x.shape[2])
        ]
        yield Frame(
            (
                tuple(windowed),
                tuple(mark(grid, weights) for grid in turned),
                (mark(output, [(row, column)])._replace(known=known),),
            ),
            (_gathered(f"output [{row}, {column}]", terms, setting),),
        )
    yield Frame((tuple(padded), tuple(turned), (output,)), setting.crop)


def _gathered(name: str, terms: list[tuple[float, float]], setting: Setting) -> str:
    """Return an output as its sum."""
    total = sum(value * weight for value, weight in terms)
    if not terms:
        told = f"{name} = 0, as the window covers zeros alone"
        return f"{told}; with the bias {number(setting.bias)}" if setting.bias else told
    added = f" + {number(setting.bias)} (bias)".replace("+ -", "- ") if setting.bias else ""
    return f"{name} = {write_sum(terms)}{added} = {number(total + setting.bias)}"


def _scatter(setting: Setting) -> Iterator[Frame]:
    """Yield a frame for each input, and the last one."""
    spans, axes = setting.spans, setting.axes
    inputs = [
        _named("input", make_grid("", setting.x[:, :, channel], "input"), channel, setting)
        for channel in range(setting.x.shape[2])
    ]
    kernels = [_named("kernel", grid, n, setting) for n, grid in enumerate(_kernel_grids(setting))]
    taps = [*np.argwhere(kernels[0].kinds == "kernel")]
    (top, bottom), (left, right) = map(_cover, axes)
    kept = np.s_[
        axes[0].before - top : axes[0].before - top + axes[0].output,
        axes[1].before - left : axes[1].before - left + axes[1].output,
    ]
    kinds = np.full((bottom - top, right - left), "cropped")
    kinds[kept] = "output"
    sums = make_grid("sum of all so far", np.zeros(kinds.shape), kinds)._replace(
        known=np.zeros(kinds.shape, bool)
    )
    empty = make_grid("input * kernel", np.zeros(spans), kernels[0].kinds)
    for row, column in np.ndindex(setting.x.shape[:2]):
        values = np.einsum("ijc,c->ij", _dilated(setting), setting.x[row, column])
        above, before = row * axes[0].stride - top, column * axes[1].stride - left
        window = np.s_[above : above + spans[0], before : before + spans[1]]
        total, known = sums.values.copy(), sums.known.copy()
        total[window] += values
        known[window] |= kernels[0].kinds == "kernel"
        sums = mark(sums, [(above + p, before + q) for p, q in taps])._replace(
            values=total, known=known, window=(above, before, *spans)
        )
        yield Frame(
            (
                tuple(mark(grid, [(row, column)]) for grid in inputs),
                tuple(kernels),
                (mark(empty, taps)._replace(values=values, known=empty.kinds == "kernel"),),
                (sums,),
            ),
            (_scattered(setting, row, column),),
        )
    whole = sums.values.copy()
    whole[kept] = setting.output
    last = make_grid(sums.name, whole, kinds)
    shown = empty._replace(known=np.zeros(spans, bool))
    yield Frame((tuple(inputs), tuple(kernels), (shown,), (last,)), setting.crop)


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
    sides = [
        (span - 1 - start, stop - (span - 1) - length)
        for axis, span, length in zip(setting.axes, setting.spans, spread.shape, strict=True)
        for start, stop in (_reach(axis, span),)
    ]
    parts = ["input"]
    parts += ["zeros inserted"] * (strides != (1, 1)) + ["padded"] * any(map(any, sides))
    padded = np.pad(kinds, sides, constant_values="padding")
    return _named(", ".join(parts), make_grid("", np.pad(spread, sides), padded), channel, setting)


def _dilated(setting: Setting) -> Array:
    return insert_zeros(setting.kernel, setting.dilation)


def _kernel_grids(setting: Setting) -> list[Grid]:
    """Return the kernel of each channel, with zeros between its elements."""
    kinds = np.full(setting.spans, "inserted")
    kinds[:: setting.dilation[0], :: setting.dilation[1]] = "kernel"
    values = _dilated(setting)
    return [make_grid("", values[:, :, channel], kinds) for channel in range(values.shape[2])]


def _named(name: str, grid: Grid, channel: int, setting: Setting) -> Grid:
    """Return a grid with its name, and that of its channel where there are several."""
    several = setting.x.shape[2] > 1
    return grid._replace(name=f"{name} ({channel})" if several else name)


def _describe(view: View) -> str:
    if view == "gather":
        return (
            "Each value of the output is the sum of a window of the input, times the kernel turned "
            "round. Zeros that are inserted between the inputs, and those of the padding, add "
            "nothing."
        )
    return (
        "Each input is multiplied by the whole kernel, and the products are added where it lies in "
        "the output. What is cropped is left out at the end."
    )


def _more(dilation: Pair, groups: int) -> str:
    rate = "" if dilation == (1, 1) else f", dilation {_spelled(dilation)}"
    return rate if groups == 1 else f"{rate}, first of {groups} groups"


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape[:2]))


def _spelled(numbers: object) -> str:
    """Return a word as it is, and numbers as one where all are alike.

    >>> _spelled("same"), _spelled((2, 2)), _spelled(((0, 1), (2, 2)))
    ('same', '2', '0 1 2 2')
    """
    parts = [str(one) for one in np.ravel(np.array(numbers))]
    return parts[0] if len({*parts}) == 1 else " ".join(parts)
