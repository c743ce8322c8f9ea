"""The frames of an animation are what loops over the definition read and write, step by step."""

from typing import Any

import numpy as np
import oracle
import pytest
from effort import choose, sample

from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import Rule
from upsamp.core.upsampling.resample import resize
from upsamp.errors import ShapeError
from upsamp.explain.animation import Animation, Frame, Grid
from upsamp.explain.transposed_animation import animate_transposed
from upsamp.explain.upsampling_animation import animate_upsampling

Places = set[tuple[int, ...]]


class Case:
    """Random settings of a transposed convolution, and its taps by loops over the definition."""

    def __init__(self, number: int) -> None:
        generator = np.random.default_rng(number)
        self.strides, self.dilation = (
            (int(rows), int(columns)) for rows, columns in generator.integers(1, 4, (2, 2))
        )
        if max(self.strides) > 1:
            self.dilation = (1, 1)
        height, width, rows, columns = (int(one) for one in generator.integers(1, 4, 4))
        channels, filters = (int(one) for one in generator.integers(1, 3, 2))
        self.groups = channels if number % 3 == 0 else 1
        self.x = generator.integers(1, 9, (height, width, channels)).astype(np.float64)
        shape = (rows, columns, filters, channels)
        self.kernel = generator.integers(1, 9, shape).astype(np.float64)
        self.bias = generator.integers(-3, 4, filters * self.groups).astype(np.float64)
        self.spans = tuple(
            (size - 1) * rate + 1 for size, rate in zip((rows, columns), self.dilation, strict=True)
        )
        self.full = tuple(
            (length - 1) * step + span
            for length, step, span in zip((height, width), self.strides, self.spans, strict=True)
        )
        self.extra = [None, (0, 0), (1, 1)][number % 3] if min(self.strides) > 1 else None
        self.padding: Any = ["valid", "same", ((1, 0), (0, 1))][number // 3 % 3]

    @property
    def arguments(self) -> Any:
        return self.strides, self.padding, self.extra, self.dilation, self.groups

    def crop(self, axis: int, output: int) -> int:
        """Return how much of the full result is cropped before the output."""
        if self.padding == "same":
            return max(self.full[axis] - output, 0) // 2
        return 0 if self.padding == "valid" else int(self.padding[axis][0])

    def full_result(self) -> np.ndarray[Any, Any]:
        """Scatter each input by loops, for the first filter."""
        made = np.zeros(self.full)
        for row, column in np.ndindex(self.x.shape[:2]):
            made[self.window(row, column)] += self.products(row, column)
        return made

    def window(self, row: int, column: int) -> Any:
        """Return where the kernel lies in the full result for an input."""
        top, left = row * self.strides[0], column * self.strides[1]
        return np.s_[top : top + self.spans[0], left : left + self.spans[1]]

    def products(self, row: int, column: int) -> np.ndarray[Any, Any]:
        """Return an input times the kernel, with zeros between its elements."""
        made = np.zeros(self.spans)
        for p, q in np.ndindex(self.kernel.shape[:2]):
            for channel in range(self.x.shape[2] // self.groups):
                product = self.x[row, column, channel] * self.kernel[p, q, 0, channel]
                made[p * self.dilation[0], q * self.dilation[1]] += product
        return made


def animated(case: Case, view: Any) -> Animation | None:
    """Return the animation of a case, or None where its output would be empty."""
    added, half = case.extra or (0, 0), case.padding == "same" and case.extra is not None
    cropped = sum(case.padding[0]) if isinstance(case.padding, tuple) else 0
    lengths = [
        full + more - cropped - half * 2 * (span // 2)
        for full, more, span in zip(case.full, added, case.spans, strict=True)
    ]
    if min(lengths) < 1:
        return None
    return animate_transposed(case.x, case.kernel, case.bias, case.arguments, view=view)


def marks(grid: Grid) -> Places:
    return {(int(row), int(column)) for row, column in np.argwhere(grid.marked)}


def said(frame: Frame) -> float:
    """Return the number that the formula of a frame ends with."""
    return float(frame.text[0].split(" = ")[-1].split(",")[0])


def test_each_window_gathers_what_the_definition_reads() -> None:
    animations = 0
    for number in range(choose(30, 1500)):
        case = Case(number)
        made = animated(case, "gather")
        if made is None:
            continue
        animations += 1
        output = made.frames[-1].columns[2][0].values
        assert len(made.frames) == output.size + 1
        assert [frame.steps for frame in made.frames] == [1] * output.size + [3]
        before = [case.crop(axis, output.shape[axis]) for axis in (0, 1)]
        full = case.full_result()
        channels = case.x.shape[2] // case.groups
        for frame, (row, column) in zip(made.frames, np.ndindex(output.shape), strict=False):
            padded, turned, (result,) = frame.columns
            assert len(padded) == len(turned) == channels
            place = row + before[0], column + before[1]
            inside = all(0 <= one < size for one, size in zip(place, case.full, strict=True))
            expected = full[place] + case.bias[0] if inside else case.bias[0]
            assert result.values[row, column] == pytest.approx(expected)
            assert marks(result) == {(row, column)}
            assert result.known.sum() == row * output.shape[1] + column + 1
            if (
                channels * np.prod(case.kernel.shape[:2]) <= 12
                and "zeros alone" not in frame.text[0]
            ):
                assert said(frame) == pytest.approx(expected)
            for channel, (grid, weights) in enumerate(zip(padded, turned, strict=True)):
                check_window(case, grid, weights, channel)
                # The marked inputs are those that scatter to this place.
                assert grid.marked.sum() == count_of_readers(case, place)
            total = sum(
                window_sum(grid, weights) for grid, weights in zip(padded, turned, strict=True)
            )
            assert total == pytest.approx(expected - case.bias[0])
        assert not any(grid.marked.any() for grid in made.frames[-1].grids)
        assert all(grid.known.all() for grid in made.frames[-1].grids)
    assert animations > 15


def count_of_readers(case: Case, place: tuple[int, ...]) -> int:
    """Return how many inputs scatter a tap to a place of the full result."""
    count = 0
    for row, column in np.ndindex(case.x.shape[:2]):
        for p, q in np.ndindex(case.kernel.shape[:2]):
            reached = (
                row * case.strides[0] + p * case.dilation[0],
                column * case.strides[1] + q * case.dilation[1],
            )
            count += reached == place
    return count


def window_sum(grid: Grid, weights: Grid) -> float:
    """Return the window times the kernel turned round; raise where it leaves the grid."""
    assert grid.window is not None
    top, left, rows, columns = grid.window
    assert top >= 0
    assert left >= 0
    part = grid.values[top : top + rows, left : left + columns]
    return float((part * weights.values).sum())


def check_window(case: Case, grid: Grid, weights: Grid, channel: int) -> None:
    """Assert that the grid is the input among zeros, and that what is marked is multiplied."""
    inputs = grid.kinds == "input"
    np.testing.assert_array_equal(grid.values[inputs], case.x[:, :, channel].ravel())
    assert not grid.values[~inputs].any()
    rows, columns = (np.flatnonzero(inputs.any(axis=axis)) for axis in (1, 0))
    for places, step in zip((rows, columns), case.strides, strict=True):
        assert {*np.diff(places).tolist()} <= {step}
    inner = grid.kinds[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert {*inner.ravel().tolist()} <= {"input", "inserted"}
    assert (grid.kinds == "padding").sum() == grid.values.size - inner.size
    np.testing.assert_array_equal(
        weights.values[weights.kinds == "kernel"],
        case.kernel[::-1, ::-1, 0, channel].ravel(),
    )
    assert grid.window is not None
    # What is marked of the window lies on what is marked of the kernel.
    top, left, height, width = grid.window
    assert (height, width) == case.spans
    np.testing.assert_array_equal(
        grid.marked[top : top + height, left : left + width], weights.marked
    )
    assert grid.marked.sum() == weights.marked.sum()
    assert inputs[grid.marked].all()


def test_each_input_is_scattered_by_the_whole_kernel() -> None:
    for number in range(choose(30, 1500)):
        case = Case(number)
        made = animated(case, "scatter")
        if made is None:
            continue
        count = case.x.shape[0] * case.x.shape[1]
        assert len(made.frames) == count + 1
        last = made.frames[-1].columns[3][0]
        kept = last.kinds == "output"
        rows, columns = (np.flatnonzero(kept.any(axis=axis)) for axis in (1, 0))
        before = case.crop(0, len(rows)), case.crop(1, len(columns))
        top, left = int(rows[0]) - before[0], int(columns[0]) - before[1]
        so_far = np.zeros((last.values.shape[0], last.values.shape[1]))
        whole = so_far[top : top + case.full[0], left : left + case.full[1]]
        for frame, (row, column) in zip(made.frames, np.ndindex(case.x.shape[:2]), strict=False):
            inputs, kernels, (products,), (sums,) = frame.columns
            assert {*map(len, (inputs, kernels))} == {case.x.shape[2] // case.groups}
            assert [marks(grid) for grid in inputs] == [{(row, column)}] * len(inputs)
            np.testing.assert_allclose(products.values, case.products(row, column))
            whole[case.window(row, column)] += case.products(row, column)
            np.testing.assert_allclose(np.where(sums.known, sums.values, 0), so_far)
            expected = {
                (
                    top + row * case.strides[0] + p * case.dilation[0],
                    left + column * case.strides[1] + q * case.dilation[1],
                )
                for p, q in np.ndindex(case.kernel.shape[:2])
            }
            assert marks(sums) == expected
        expected_output = so_far + case.bias[0]
        np.testing.assert_allclose(last.values[kept], expected_output[kept])
        np.testing.assert_allclose(last.values[~kept], so_far[~kept])


CASES = [
    (method.name, convention, corners)
    for method in METHODS.values()
    for convention in method.kernels
    for corners in sorted({False, convention in method.align_corners})
]


@pytest.mark.parametrize(("method", "convention", "corners"), sample(CASES, 1))
def test_each_output_reads_the_inputs_that_change_it(
    method: Any, convention: Any, corners: bool
) -> None:
    shape, size = (2, 3), (5, 4)
    rule = Rule(method, convention, corners, alpha=False)
    x = np.random.default_rng(4).standard_normal((*shape, 2))
    settings: Any = {"convention": convention, "align_corners": corners}
    # What each input alone makes is its weights.
    units = np.eye(6).reshape(6, *shape, 1)
    weights = resize(units, size, method, **settings)[:, :, :, 0].reshape(shape + size)
    output = resize(x, size, method, **settings)[:, :, 0]
    made = animate_upsampling(x, size, rule)
    assert len(made.frames) == 21
    for frame, (row, column) in zip(made.frames, np.ndindex(size), strict=False):
        (given,), (shown,), (result,) = frame.columns
        read = np.abs(weights[:, :, row, column]) > 1e-12
        np.testing.assert_array_equal(given.marked, read)
        np.testing.assert_array_equal(shown.known, read)
        np.testing.assert_allclose(shown.values, weights[:, :, row, column], atol=1e-12)
        np.testing.assert_array_equal(given.values, x[:, :, 0])
        assert marks(result) == {(row, column)}
        assert result.values[row, column] == output[row, column]
        assert said(frame) == pytest.approx(output[row, column], rel=1e-4, abs=1e-5)
        assert given.point is not None
        # The ring lies where the input is read, or beside the edge.
        near = tuple(
            min(max(int(np.floor(one)), 0), length - 1)
            for one, length in zip(given.point, shape, strict=True)
        )
        assert method == "area" or read[near]
    scattered = animate_upsampling(x, size, rule, view="scatter")
    assert len(scattered.frames) == 7
    for frame, (row, column) in zip(scattered.frames, np.ndindex(shape), strict=False):
        reached = np.abs(weights[row, column]) > 1e-12
        np.testing.assert_array_equal(frame.columns[2][0].marked, reached)
    sums = scattered.frames[-2].columns[2][0].values
    np.testing.assert_allclose(sums, output, atol=1e-9)
    np.testing.assert_array_equal(scattered.frames[-1].columns[2][0].values, output)


def test_the_weights_of_keras_are_those_of_loops() -> None:
    x = np.arange(6.0).reshape(2, 3, 1)
    for method in oracle.INTERPOLATIONS:
        rule = Rule(method, "keras", align_corners=False, alpha=False)
        made = animate_upsampling(x, (4, 9), rule)
        expected = oracle.upsample(x, (2, 3), method)[:, :, 0]
        np.testing.assert_allclose(made.frames[-1].columns[2][0].values, expected, atol=1e-9)
        rows, columns = (oracle.axis_weights(2, 2, method), oracle.axis_weights(3, 3, method))
        for frame, (row, column) in zip(made.frames, np.ndindex(4, 9), strict=False):
            assert marks(frame.columns[0][0]) == {
                (i, j) for i in rows[row] for j in columns[column]
            }


def test_a_still_has_a_step_and_the_whole_result() -> None:
    x = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    settings: Any = ((2, 2), "same", None, (1, 1), 1)
    made = animate_transposed(x, np.ones((3, 3, 1, 1)), np.array([0.5]), settings)
    assert made.still.text == (
        "output [2, 2] = 1 * 1 + 2 * 1 + 3 * 1 + 4 * 1 + 0.5 (bias) = 10.5",
        "full result: cropped by 1 bottom, 1 right; plus the bias",
        "rows: n * s = 2 * 2 = 4",
        "columns: n * s = 2 * 2 = 4",
    )
    result = made.still.columns[2][0]
    assert result.known.all()
    assert marks(result) == {(2, 2)}
    np.testing.assert_array_equal(result.values, made.frames[-1].columns[2][0].values)


def test_what_nobody_would_look_at_is_refused_before_it_is_made() -> None:
    rule = Rule("bilinear", "keras", align_corners=False, alpha=False)
    with pytest.raises(ShapeError, match=r"at most 256 steps.*Received: 400 steps of 600 cells\."):
        animate_upsampling(np.zeros((10, 10, 1)), (20, 20), rule)
    huge = np.broadcast_to(np.zeros(1), (10**6, 10**6, 1))
    with pytest.raises(ShapeError, match=r"Animate a small example, such as '1 2; 3 4'\."):
        animate_upsampling(huge, (2 * 10**6, 2 * 10**6), rule)
    settings: Any = ((2, 2), "same", None, (1, 1), 1)
    for view in ("gather", "scatter"):
        with pytest.raises(ShapeError, match=r"at most 256 steps, of at most 1,024 cells"):
            animate_transposed(huge, np.ones((3, 3, 1, 1)), np.zeros(1), settings, view=view)


def test_a_sum_of_a_bias_or_of_nothing_is_told() -> None:
    x = np.ones((1, 1, 1))
    settings: Any = ((2, 2), "valid", None, (1, 1), 1)
    made = animate_transposed(x, np.ones((1, 1, 1, 1)), np.array([-0.5]), settings)
    assert [frame.text[0] for frame in made.frames[:2]] == [
        "output [0, 0] = 1 * 1 - 0.5 (bias) = 0.5",
        "output [0, 1] = 0, as the window covers zeros alone; with the bias -0.5",
    ]
