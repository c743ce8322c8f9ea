"""A transposed convolution step by step: zeros inserted, padded, windows summed, cropped.

Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning" (arXiv
1603.07285), chapter 4: a transposed convolution is a convolution of the input with zeros between
its elements and around it, by the kernel turned round.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Margins, Padding, Pair
from upsamp.core.convolution.convolve import conv2d_transpose, transposed_setting
from upsamp.core.convolution.setting import ConvolutionSetting, extent_of
from upsamp.core.geometry.sizes import (
    TransposedAxis,
    effective_kernel,
    transposed_axis,
    transposed_formula,
)
from upsamp.explain.explanation import (
    Cell,
    Explanation,
    Place,
    Stage,
    View,
    check_values,
    choose_cell,
    flat,
    make_cell,
)

# Elements of the matrix that is shown as well, at most.
MAX_MATRIX = 1024
# Inputs of a cell, each with the kernel as a stage of its own, at most.
MAX_SCATTERED = 16
FULL = (
    "each window of what is padded, times the kernel turned round, and summed; or each input times "
    "the kernel, added where they overlap"
)
# What is said of an output that is the full result.
UNCROPPED = "the full result as it is"

Axes: TypeAlias = tuple[TransposedAxis, TransposedAxis]
Arguments: TypeAlias = tuple[Pair, Padding | Margins, Pair | None, Pair, int]


def explain_transposed(
    x: Array,
    kernel: Array,
    bias: Array,
    arguments: Arguments,
    output_shape: Pair | None = None,
    *,
    cell: Pair | None = None,
    cell_name: str = "`cell`",
) -> Explanation:
    """Explain a transposed convolution of one image.

    x: (H, W, C). kernel: (rows, columns, filters / groups, C). bias: (filters,). arguments:
    strides, padding, output padding, dilation rate and groups, as `conv2d_transpose` takes them.
    cell: row and column of the output, counted from 0, of the first filter, whose kernel is shown.

    Raises `ArgumentError` for a cell that there is not, and `ShapeError` for a large result.

    >>> x, settings = np.eye(2)[..., None], ((2, 2), "valid", None, (1, 1), 1)
    >>> made = explain_transposed(x, np.ones((3, 3, 1, 1)), np.zeros(1), settings)
    >>> [stage.name for stage in made.stages][:4]
    ['input', 'kernel', 'zeros inserted', 'padded']
    >>> made.cell.row, made.cell.column, made.cell.sum
    (2, 2, 2.0)
    """
    strides, _, _, dilation, groups = arguments
    setting = transposed_setting(*arguments, output_shape)
    filters = extent_of(setting, (1, *x.shape), kernel.shape).filters
    rows, columns = axes = transposed_axes(setting, x.shape, kernel.shape)
    check_values((max(rows.output, rows.full), max(columns.output, columns.full), filters))
    channels = x.shape[2] // groups
    first = kernel[:, :, 0, :channels]
    output = conv2d_transpose(x, kernel, bias, *arguments, output_shape=output_shape)
    full = conv2d_transpose(x, kernel, None, strides, "valid", (0, 0), dilation, groups)
    # What the first filter reads.
    seen = x[:, :, :channels]
    spread, spans = insert_zeros(seen, strides), _spans(axes, first)
    padded = np.pad(spread, [*((span - 1, span - 1) for span in spans), (0, 0)])
    counts = [
        [len(axis_taps(axis, place, size)) for place in range(axis.output)]
        for axis, size in zip(axes, first.shape, strict=False)
    ]
    chosen = choose_cell(cell, (counts[0], counts[1]), cell_name)
    turned = insert_zeros(first, dilation)[::-1, ::-1]
    matrices = _matrix_view(x, kernel, arguments, output_shape, with_bias=bool(np.any(bias)))
    stages = (
        Stage("input", flat(x), ""),
        Stage("kernel", flat(first), _filter_note(filters, groups, channels)),
        Stage("zeros inserted", flat(spread), _insertion(strides, "neighbours")),
        Stage("padded", flat(padded), f"{_zeros(spans[0] - 1, spans[1] - 1)} on each side"),
        Stage("kernel turned round", flat(turned), _insertion(dilation, "elements")),
        *_gathered(padded, turned, axes, chosen),
        *_scattered(seen, turned[::-1, ::-1], axes, chosen, first.shape),
        Stage("full result", flat(full), FULL),
        Stage("output", flat(output), _crop(rows, columns, with_bias=bool(np.any(bias)))),
        *matrices,
    )
    shown = kernel if kernel.shape[2] * kernel.shape[3] > 1 else flat(first)
    made = _cell(seen, first, axes, chosen, float(bias[0]))
    formula = _formula(setting, axes, (first.shape[0], first.shape[1]))
    return Explanation("transpose-conv", flat(x), shown, stages, made, formula, flat(output))


def _spans(axes: Axes, kernel: Array) -> Pair:
    """Return the rows and columns that a kernel covers."""
    return (
        effective_kernel(kernel.shape[0], axes[0].dilation),
        effective_kernel(kernel.shape[1], axes[1].dilation),
    )


def _gathered(padded: Array, turned: Array, axes: Axes, cell: Pair) -> list[Stage]:
    """Return the window that a cell reads, and its products; what lies past the full has none."""
    top, left = (place + axis.before for place, axis in zip(cell, axes, strict=True))
    window = padded[top : top + len(turned), left : left + turned.shape[1]]
    if window.shape != turned.shape:
        return []
    where = f"from row {top} and column {left}"
    result = f"gathered: their sum is output [{cell[0]}, {cell[1]}]"
    return [
        Stage("window", flat(window), f"of what is padded, {where}"),
        Stage("window times kernel", flat(window * turned), f"turned round; {result}"),
    ]


def _scattered(
    x: Array, spread: Array, axes: Axes, cell: Pair, taps: Sequence[int]
) -> Iterator[Stage]:
    """Yield each input that reaches a cell times the kernel, as it lies on the full result.

    spread: the kernel with the zeros of the dilation.
    """
    rows, columns = (
        axis_taps(axis, place, size) for axis, place, size in zip(axes, cell, taps, strict=False)
    )
    if len(rows) * len(columns) > MAX_SCATTERED:
        return
    for (i, p), (j, q) in product(rows, columns):
        laid = (x[i, j] * spread).sum(axis=2)
        at = p * axes[0].dilation, q * axes[1].dilation
        where = f"from row {i * axes[0].stride} and column {j * axes[1].stride} on"
        yield Stage(
            f"input [{i}, {j}] times kernel",
            laid,
            f"scattered: laid on the full result {where}; its [{at[0]}, {at[1]}] is added to "
            f"output [{cell[0]}, {cell[1]}]",
        )


def _cell(x: Array, kernel: Array, axes: Axes, cell: Pair, bias: float) -> Cell:
    """Return a cell as the sum of what it gathers, which is what inputs scatter to it."""
    rows, columns = (
        axis_taps(axis, place, size)
        for axis, place, size in zip(axes, cell, kernel.shape, strict=False)
    )
    read: list[tuple[float, float, Place | None]] = []
    places: list[list[Place]] = [[], [], [], []]
    spans, deep = _spans(axes, kernel), x.shape[2] > 1
    for (i, p), (j, q), channel in product(rows, columns, range(x.shape[2])):
        read.append((x[i, j, channel], kernel[p, q, channel], (i, j, channel)))
        padded = i * axes[0].stride + spans[0] - 1, j * axes[1].stride + spans[1] - 1
        turned = spans[0] - 1 - p * axes[0].dilation, spans[1] - 1 - q * axes[1].dilation
        ends = (channel,) if deep else ()
        for found, place in zip(places, (padded, turned, (i, j), (p, q)), strict=True):
            found.append((*place, *ends))
    views = (
        View("gathered from what is padded", {"Padded": places[0], "Turned kernel": places[1]}),
        View("scattered from the input", {"Input": places[2], "Kernel": places[3]}),
    )
    if bias:
        read.append((1.0, bias, None))
    return make_cell(cell, read, views)


def transposed_axes(
    setting: ConvolutionSetting, lengths: Sequence[int], taps: Sequence[int]
) -> tuple[TransposedAxis, TransposedAxis]:
    """Return the rows and the columns of a transposed convolution's result."""
    rows, columns = (
        transposed_axis(
            lengths[axis],
            taps[axis],
            setting.stride[axis],
            setting.edges[axis],
            setting.extra[axis],
            setting.dilation[axis],
            setting.length[axis],
        )
        for axis in (0, 1)
    )
    return rows, columns


def axis_taps(axis: TransposedAxis, output: int, taps: int) -> list[tuple[int, int]]:
    """Return the inputs that scatter to an output, each with the tap of the kernel that does."""
    found = []
    for tap in reversed(range(taps)):
        place, rest = divmod(output + axis.before - tap * axis.dilation, axis.stride)
        if not rest and 0 <= place < axis.length:
            found.append((place, tap))
    return found


def insert_zeros(array: Array, steps: Pair) -> Array:
    """Return (H, W, C) with steps - 1 zeros between neighbours.

    >>> insert_zeros(np.ones((1, 2, 1)), (2, 2))[:, :, 0]
    array([[1., 0., 1.]])
    """
    rows, columns = (
        (length - 1) * step + 1 for length, step in zip(array.shape, steps, strict=False)
    )
    spread = np.zeros((rows, columns, array.shape[2]), array.dtype)
    spread[:: steps[0], :: steps[1]] = array
    return spread


def _filter_note(filters: int, groups: int, channels: int) -> str:
    """Say whose kernel is shown."""
    parts = ["of the first filter"] if filters > 1 else []
    if groups > 1:
        parts.append(f"which reads the first {channels} channel{'s' * (channels > 1)}")
    return ", ".join(parts)


def _insertion(steps: Pair, between: str) -> str:
    if steps == (1, 1):
        return "none" if between == "neighbours" else ""
    return f"{_zeros(steps[0] - 1, steps[1] - 1)} between {between}"


def _zeros(rows: int, columns: int) -> str:
    if rows != columns:
        return f"{rows} rows and {columns} columns of zeros"
    return f"{rows} zero{'s' * (rows != 1)}"


def _crop(rows: TransposedAxis, columns: TransposedAxis, *, with_bias: bool) -> str:
    """Say how the output is cut out of the full result."""
    sides = {
        "top": rows.before,
        "bottom": rows.after,
        "left": columns.before,
        "right": columns.after,
    }
    cropped = [f"{count} {side}" for side, count in sides.items() if count > 0]
    added = [f"{-count} {side}" for side, count in sides.items() if count < 0]
    parts = [
        *([f"cropped by {', '.join(cropped)}"] if cropped else []),
        *([f"zeros added: {', '.join(added)}"] if added else []),
        *(["plus the bias"] if with_bias else []),
    ]
    return "; ".join(parts) or UNCROPPED


def _formula(setting: ConvolutionSetting, axes: Sequence[TransposedAxis], taps: Pair) -> str:
    """Return how the size of the output follows, in symbols and in numbers."""
    lines = []
    for place, (name, axis) in enumerate(zip(("rows", "columns"), axes, strict=True)):
        span = effective_kernel(taps[place], axis.dilation)
        if setting.length[place] is not None:
            lines.append(f"{name}: {axis.output}, as --output-shape says")
            continue
        symbols, numbers = transposed_formula(
            axis.length, span, axis.stride, setting.edges[place], setting.extra[place]
        )
        lines.append(f"{name}: {symbols} = {numbers} = {axis.output}")
    return "; ".join(lines)


def _matrix_view(
    x: Array, kernel: Array, arguments: Arguments, output_shape: Pair | None, *, with_bias: bool
) -> list[Stage]:
    """Return the convolution as a matrix C, and its transpose, where they are small."""
    height, width, channels = x.shape
    if channels > 1 or kernel.shape[2] > 1 or (height * width) ** 2 > MAX_MATRIX:
        return []
    units = np.eye(height * width).reshape(-1, height, width, 1)
    made = conv2d_transpose(units, kernel, None, *arguments, output_shape=output_shape)
    matrix = made.reshape(height * width, -1)
    if matrix.size > MAX_MATRIX:
        return []
    note = "the convolution that takes the output's size to the input's, read row by row"
    bias = ", and the bias" if with_bias else ""
    return [
        Stage("matrix C", matrix, note),
        Stage("C transposed", matrix.T, f"y = C^T x: the output y from the input x{bias}"),
    ]
