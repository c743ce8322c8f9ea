"""An upsampling step by step: where each output lies in the input, what it reads, and the sums."""

import math
from collections.abc import Iterator

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.upsampling.interpolation import (
    FEW_PHASES,
    AxisPlan,
    Gather,
    nearest_inputs,
    unbounded_taps,
)
from upsamp.core.upsampling.interpolation import Rule as AxisRule
from upsamp.core.upsampling.request import Rule, Whole
from upsamp.core.upsampling.resample import resize
from upsamp.explain.explanation import (
    Explanation,
    Stage,
    View,
    check_values,
    choose_cell,
    flat,
    make_cell,
)

# Phases of which the first input is told at most.
MAX_TOLD = 8
# What becomes of the weights of inputs that are not there.
EDGES = {
    "keras": "inputs past the edge are left out, and the weights divided by their sum",
    "torch": "past the edge the last input is read in their place",
}


def explain_upsampling(
    x: Array, size: Pair, rule: Rule, *, cell: Pair | None = None, cell_name: str = "`cell`"
) -> Explanation:
    """Explain the upsampling of one image.

    x: (H, W, C). size: the rows and columns of the result. cell: row and column of the output,
    counted from 0; of the first channel.

    Raises `ArgumentError` for a cell that there is not, and `ShapeError` for a large result.

    >>> rule = Rule("bilinear", "keras", align_corners=False, alpha=False)
    >>> made = explain_upsampling(np.array([[[0.0], [4.0]]]), (1, 4), rule, cell=(0, 1))
    >>> [(term.value, term.weight) for term in made.cell.terms], made.cell.sum
    ([(0.0, 0.75), (4.0, 0.25)], 1.0)
    """
    check_values((*size, x.shape[2]))
    whole = Whole((1, *x.shape), size, x.dtype, rule)
    rows, columns = (axis_weights(whole, axis) for axis in (0, 1))
    for length, target in zip(x.shape, size, strict=False):
        check_values((length, target))
    output = resize(
        x, size, rule.method, convention=rule.convention, align_corners=rule.align_corners
    )
    wide = np.einsum("qj,ijc->iqc", columns, x.astype(np.float64))
    exact = np.einsum("pi,iqc->pqc", rows, wide)
    stages = [Stage("input", flat(x), "")]
    names = ("row", "column")
    for axis, (name, weights) in enumerate(zip(names, (rows, columns), strict=True)):
        stages += _axis_stages(whole, axis, name, weights)
    stages += [
        Stage(
            "columns interpolated", flat(wide), "each row of the input, times the column weights"
        ),
        Stage("rows interpolated", flat(exact), "the same of its columns, times the row weights"),
        Stage("output", flat(output), _rounding(x.dtype)),
    ]
    counts = [np.count_nonzero(weights, axis=1).tolist() for weights in (rows, columns)]
    row, column = choose_cell(cell, (counts[0], counts[1]), cell_name)
    inputs = [
        (int(i), int(j)) for i in np.flatnonzero(rows[row]) for j in np.flatnonzero(columns[column])
    ]
    read = [(x[i, j, 0], rows[row, i] * columns[column, j], (i, j, 0)) for i, j in inputs]
    view = View(
        "each input that it reads, times its weight",
        {
            "Input": inputs,
            "Row weight": [float(rows[row, i]) for i, _ in inputs],
            "Column weight": [float(columns[column, j]) for _, j in inputs],
        },
    )
    formula = "; ".join(f"{name}s: {_formula(whole, axis)}" for axis, name in enumerate(names))
    made = make_cell((row, column), read, [view])
    return Explanation("upsample", flat(x), None, tuple(stages), made, formula, flat(output))


def _axis_stages(whole: Whole, axis: int, name: str, weights: Array) -> Iterator[Stage]:
    """Yield where the outputs of an axis lie, what they read, and what an edge changes of it."""
    length, target = whole.shape[1 + axis], whole.size[axis]
    note = f"where each {name} of the output lies, in {name}s of the input"
    yield Stage(f"{name} positions", axis_positions(whole, axis), note)
    if whole.copies:
        inputs = nearest_inputs(length, target, whole.rule.convention)
        yield Stage(f"{name} inputs", inputs, f"the {name} that each copies")
        yield Stage(f"{name} weights", weights, "one input each")
        return
    method, convention, aligned, _ = whole.rule
    rule = AxisRule(length, target, method, convention, aligned)
    taps, shares = unbounded_taps(rule, np.arange(target))
    free = np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)
    steps = (length - 1, target - 1) if aligned else (length, target)
    period = max(1, steps[1] // (math.gcd(*steps) or 1))
    if period <= min(target, FEW_PHASES):
        used = np.flatnonzero(free[:period].any(axis=0))
        shown = free[:period, used[0] : used[-1] + 1]
        first = [f"{tap} for output {place}" for place, tap in enumerate(taps[:period, used[0]])]
        first[MAX_TOLD:] = ["..."] * (period > MAX_TOLD)
        apart = "all outputs read alike"
        if period > 1:
            shift = period * steps[0] // steps[1]
            apart = f"outputs {period} apart read alike, inputs that are {shift} apart"
        note = f"{apart}; column 0 is input {', '.join(first)}"
        yield Stage(f"{name} phases", shown, note)
    reached = taps[free != 0]
    low, high = int(reached.min()), int(reached.max())
    if low < 0 or high >= length:
        dense = np.zeros((target, high - low + 1))
        places = np.arange(target)[:, np.newaxis]
        np.add.at(dense, (places, np.clip(taps - low, 0, high - low)), free)
        missing = [*range(low, 0), *range(length, high + 1)]
        note = (
            f"as if there were no edge: column 0 is input {low}, and there is no input "
            f"{', '.join(map(str, missing))}"
        )
        yield Stage(f"{name} weights without edges", dense, note)
    yield Stage(f"{name} weights", weights, EDGES[convention] if low < 0 or high >= length else "")


def axis_weights(whole: Whole, axis: int) -> Array:
    """Return the weight of each input in each output of an axis, (outputs, inputs)."""
    length, target = whole.shape[1 + axis], whole.size[axis]
    if whole.copies:
        inputs = nearest_inputs(length, target, whole.rule.convention)
        return np.eye(length)[inputs]
    return dense_weights(whole.plans[axis], length)


def dense_weights(plan: AxisPlan, length: int) -> Array:
    """Return the weights of a plan for `length` inputs, (outputs, inputs).

    >>> from upsamp.core.upsampling.interpolation import plan_axis
    >>> dense_weights(plan_axis(2, 4, "bilinear"), 2)
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]])
    """
    weights = np.zeros((plan.length, length))
    for piece in plan.pieces:
        if isinstance(piece, Gather):
            table = piece.table(np.arange(plan.length))
            places = np.arange(plan.length)[:, np.newaxis]
            np.add.at(weights, (places, table.inputs), table.weights)
            continue
        steps = np.arange(piece.count)
        for place, weight in zip(piece.inputs, piece.weights, strict=True):
            weights[piece.output + steps * piece.step, place + steps * piece.stride] = weight
    return weights


def axis_positions(whole: Whole, axis: int) -> Array:
    """Return where the outputs of an axis lie in its input: the centre of pixel 0 is 0."""
    length, target = whole.shape[1 + axis], whole.size[axis]
    outputs = np.arange(target)
    if whole.rule.align_corners:
        return outputs * (length - 1) / max(1, target - 1)
    if whole.rule.method == "nearest" and whole.rule.convention == "torch":
        return outputs * length / target
    return (outputs + 0.5) * length / target - 0.5


def _formula(whole: Whole, axis: int) -> str:
    """Return how positions follow, in symbols and in numbers."""
    length, target = whole.shape[1 + axis], whole.size[axis]
    if whole.rule.align_corners:
        if target == 1:
            return "0, as there is one"
        return f"i * (n - 1) / (o - 1) = i * ({length} - 1) / ({target} - 1)"
    if whole.rule.method == "nearest" and whole.rule.convention == "torch":
        return f"floor(i * n / o) = floor(i * {length} / {target})"
    if whole.copies:
        return f"floor((i + 1/2) * n / o) = floor((i + 1/2) * {length} / {target})"
    return f"(i + 1/2) * n / o - 1/2 = (i + 1/2) * {length} / {target} - 1/2"


def _rounding(dtype: np.dtype[np.generic]) -> str:
    return "" if dtype.kind == "f" else f"rounded half to even, as {dtype.name}"
