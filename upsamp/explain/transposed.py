"""A transposed convolution step by step: zeros inserted, padded, windows summed, cropped.

Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning" (arXiv
1603.07285), chapter 4: a transposed convolution is a convolution of the input with zeros between
its elements and around it, by the kernel turned round.
"""

from collections.abc import Sequence
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
    Explanation,
    Stage,
    check_values,
    choose_cell,
    flat,
    make_cell,
)

# Elements of the matrix that is shown as well, at most.
MAX_MATRIX = 1024
# What is said of an output that is the full result.
UNCROPPED = "the full result as it is"


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
    rows, columns = transposed_axes(setting, x.shape, kernel.shape)
    check_values((max(rows.output, rows.full), max(columns.output, columns.full), filters))
    # What the first filter reads.
    seen = x[:, :, : x.shape[2] // groups]
    first = kernel[:, :, 0, : x.shape[2] // groups]
    output = conv2d_transpose(x, kernel, bias, *arguments, output_shape=output_shape)
    full = conv2d_transpose(x, kernel, None, strides, "valid", (0, 0), dilation, groups)
    axes, taps = (rows, columns), first.shape[:2]
    spans = tuple(map(effective_kernel, taps, dilation))
    spread = insert_zeros(seen, strides)
    padded = np.pad(spread, [*((span - 1, span - 1) for span in spans), (0, 0)])
    stages = [
        Stage("input", flat(x), ""),
        Stage("kernel", flat(first), "of the first filter" if filters > 1 else ""),
        Stage("zeros inserted", flat(spread), _insertion(strides, "neighbours")),
        Stage("padded", flat(padded), f"{_zeros(spans[0] - 1, spans[1] - 1)} on each side"),
        Stage(
            "kernel turned round",
            flat(insert_zeros(first, dilation)[::-1, ::-1]),
            _insertion(dilation, "elements"),
        ),
        Stage(
            "full result",
            flat(full),
            "each window of what is padded, times the kernel turned round, and summed",
        ),
        Stage("output", flat(output), _crop(rows, columns, with_bias=bool(np.any(bias)))),
        *_matrix_view(x, kernel, arguments, output_shape),
    ]
    counts = [
        [len(axis_taps(axis, place, size)) for place in range(axis.output)]
        for axis, size in zip(axes, taps, strict=True)
    ]
    row, column = choose_cell(cell, (counts[0], counts[1]), cell_name)
    read = [
        (x[i, j, channel], first[p, q, channel], (i, j, channel))
        for i, p in axis_taps(rows, row, taps[0])
        for j, q in axis_taps(columns, column, taps[1])
        for channel in range(first.shape[2])
    ]
    made = make_cell((row, column), read)._replace(bias=float(bias[0]))
    top, left = row + rows.before, column + columns.before
    window = padded[top : top + spans[0], left : left + spans[1]]
    note = (
        f"of what is padded, from row {top} and column {left}: times the kernel turned round it is "
        f"output [{row}, {column}]"
    )
    if window.shape[:2] == spans:  # what lies past the full result reads nothing
        stages.insert(5, Stage("window", flat(window), note))
    return Explanation(
        "transpose-conv",
        flat(x),
        flat(first),
        tuple(stages),
        made,
        _formula(setting, axes, taps),
        flat(output),
    )


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
    x: Array, kernel: Array, arguments: Arguments, output_shape: Pair | None
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
    note = "what the convolution is that takes the output's size to the input's: x = C y"
    return [
        Stage("matrix C", matrix, note),
        Stage("C transposed", matrix.T, "the output is C^T x, both read row by row"),
    ]
