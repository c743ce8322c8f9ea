"""An upsampling as frames: each output and what it reads, or each input and where it is added."""

from collections.abc import Iterator, Sequence

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.upsampling.request import Rule, Whole
from upsamp.explain.animation import (
    Animation,
    Frame,
    View,
    check_frames,
    finish_animation,
    make_grid,
    mark,
    number,
    write_sum,
)
from upsamp.explain.upsampling import axis_positions, axis_weights, explain_upsampling

# Whether positions are those of centres of pixels, or of their corners.
CENTRE, CORNER = 0.5, 0.0
DESCRIPTIONS: dict[View, str] = {
    "gather": "Each value of the output is the sum of the inputs around the place where it lies, "
    "times their weights. A ring is around that place.",
    "scatter": "Each input is multiplied by its weight in each value of the output, and added "
    "there.",
}


def animate_upsampling(x: Array, size: Pair, rule: Rule, *, view: View = "gather") -> Animation:
    """Return the steps of the upsampling of one image, of its first channel.

    The arguments are those of `explain_upsampling`. view: "gather" has a step for each value of
    the output, "scatter" one for each input. Raises `ShapeError` for what is too large to be
    looked at.

    >>> rule = Rule("bilinear", "keras", align_corners=False, alpha=False)
    >>> made = animate_upsampling(np.array([[[0.0], [4.0]]]), (1, 4), rule)
    >>> made.frames[1].text[0]
    'output [0, 1] = 0 * 0.75 + 4 * 0.25 = 1'
    """
    shape = x.shape[0], x.shape[1]
    steps = size[0] * size[1] if view == "gather" else shape[0] * shape[1]
    check_frames([shape, shape if view == "gather" else size, size], steps)
    made = explain_upsampling(x, size, rule)
    output = made.output if made.output.ndim == 2 else made.output[:, :, 0]
    whole = Whole((1, *x.shape), size, x.dtype, rule)
    weights = axis_weights(whole, 0), axis_weights(whole, 1)
    if view == "gather":
        frames = [*_gather(x[:, :, 0], output, whole, weights)]
        telling = made.cell.row * size[1] + made.cell.column
    else:
        frames = [*_scatter(x[:, :, 0], output, weights)]
        place = made.cell.terms[0].place or (0, 0)
        telling = place[0] * shape[1] + place[1]
    rounded = made.stages[-1].note
    text = (
        *([f"output: {rounded}"] if rounded else []),
        "where row or column i of the output lies in the input:",
        *made.formula.split("; "),
    )
    last = frames.pop()._replace(text=text)
    corners = ", corners aligned" if rule.align_corners else ""
    title = (
        f"upsample {shape[0]} x {shape[1]} to {size[0]} x {size[1]}: {rule.method}, "
        f"convention {rule.convention}{corners}"
    )
    return finish_animation(title, DESCRIPTIONS[view], frames, last, telling)


def _gather(x: Array, output: Array, whole: Whole, weights: tuple[Array, Array]) -> Iterator[Frame]:
    """Yield a frame for each value of the output, and the last one."""
    given, made = make_grid("input", x, "input"), make_grid("output", output, "output")
    # The nearest input of PyTorch is that in which the corner of the output lies.
    corner = whole.rule.method == "nearest" and whole.rule.convention == "torch"
    shift = CORNER if corner else CENTRE
    rows, columns = axis_positions(whole, 0), axis_positions(whole, 1)
    known = np.zeros(output.shape, bool)
    for row, column in np.ndindex(output.shape):
        known = known.copy()
        known[row, column] = True
        share = np.outer(weights[0][row], weights[1][column])
        read = np.argwhere(share)
        terms = [(float(x[i, j]), float(share[i, j])) for i, j in read]
        place = float(rows[row]), float(columns[column])
        shown = mark(make_grid("weights", share, "kernel"), read)
        yield Frame(
            (
                (mark(given, read)._replace(point=(place[0] + shift, place[1] + shift)),),
                (shown._replace(known=share != 0),),
                (mark(made, [(row, column)])._replace(known=known),),
            ),
            (
                _gathered(row, column, terms, output),
                f"it lies at row {number(place[0])}, column {number(place[1])} of the input",
            ),
        )
    nothing = make_grid("weights", np.zeros(x.shape), "kernel")
    yield Frame(((given,), (nothing._replace(known=np.zeros(x.shape, bool)),), (made,)), ())


def _gathered(row: int, column: int, terms: Sequence[tuple[float, float]], output: Array) -> str:
    """Return an output as its sum, and what that is rounded to."""
    total = sum(value * weight for value, weight in terms)
    told = f"output [{row}, {column}] = {write_sum(terms)} = {number(total)}"
    if output.dtype.kind == "f" or number(total) == number(float(output[row, column])):
        return told
    return f"{told}, rounded to {number(float(output[row, column]))}"


def _scatter(x: Array, output: Array, weights: tuple[Array, Array]) -> Iterator[Frame]:
    """Yield a frame for each input, and the last one."""
    given = make_grid("input", x, "input")
    blank = np.zeros(output.shape, bool)
    sums = make_grid("sum of all so far", np.zeros(output.shape), "output")._replace(known=blank)
    for row, column in np.ndindex(x.shape):
        share = np.outer(weights[0][:, row], weights[1][:, column])
        reached = np.argwhere(share)
        added = np.where(share == 0, 0, x[row, column] * share)
        sums = mark(sums, reached)._replace(
            values=sums.values + added, known=sums.known | (share != 0)
        )
        shown = mark(make_grid("weights", share, "kernel"), reached)
        text = (
            f"input [{row}, {column}] = {number(float(x[row, column]))}: times its weights, it is "
            f"added to {len(reached)} values of the output"
        )
        yield Frame(
            (
                (mark(given, [(row, column)]),),
                (shown._replace(known=share != 0),),
                (sums,),
            ),
            (text,),
        )
    nothing = make_grid("weights", np.zeros(output.shape), "kernel")._replace(known=blank)
    yield Frame(((given,), (nothing,), (make_grid(sums.name, output, "output"),)), ())
