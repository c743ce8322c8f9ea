"""The stages of a computation are what loops over its definition make, and the cell is its sum."""

import re
from typing import Any

import numpy as np
import oracle
import pytest
from effort import choose
from numpy.typing import NDArray
from resize_definition import METHODS as DEFINED
from resize_definition import defined, matrix

from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import Rule, normalize_rule
from upsamp.errors import ArgumentError, ShapeError
from upsamp.explain.explanation import Explanation
from upsamp.explain.transposed import explain_transposed
from upsamp.explain.upsampling import explain_upsampling

Settings = tuple[Any, Any, Any, Any, int]
FloatArray = NDArray[np.float64]


def check_cell(made: Explanation, bias: float) -> None:
    """Assert that the cell is the value of the output that it says, and the sum of its terms."""
    cell = made.cell
    total = sum(term.product for term in cell.terms)
    assert cell.sum == pytest.approx(total, abs=1e-12)
    output = made.output if made.output.ndim == 2 else made.output[:, :, 0]
    np.testing.assert_allclose(cell.sum, output[cell.row, cell.column], atol=1e-9)
    for number, term in enumerate(cell.terms):
        assert term.product == term.value * term.weight
        if term.place is None:
            assert (number, term.value, term.weight) == (len(cell.terms) - 1, 1.0, bias)
        else:
            assert made.given[term.place[: made.given.ndim]] == term.value
    for view in cell.views:
        assert {len(column) for column in view.columns.values()} == {len(cell.terms) - (bias != 0)}


def check_both_ways(made: Explanation, x: FloatArray, kernel: FloatArray, bias: float) -> None:
    """Assert that the cell is gathered from a window, and scattered from inputs, as it says."""
    stages = {stage.name: stage for stage in made.stages}
    gathered, scattered = (view.columns for view in made.cell.views)
    assert [*gathered, *scattered] == ["Padded", "Turned kernel", "Input", "Kernel"]
    for number, term in enumerate(made.cell.terms[: len(gathered["Padded"])]):
        padded, turned = (
            stages[name].values[places[number]]
            for name, places in (
                ("padded", gathered["Padded"]),
                ("kernel turned round", gathered["Turned kernel"]),
            )
        )
        assert (padded, turned) == (term.value, term.weight)
        assert x[scattered["Input"][number]] == term.value
        assert kernel[scattered["Kernel"][number]] == term.weight
    if "window" not in stages:  # past the full result, where nothing is read
        assert made.cell.sum == bias
        return
    np.testing.assert_allclose(stages["window times kernel"].values.sum() + bias, made.cell.sum)
    told = [stage for stage in made.stages if stage.name.startswith("input [")]
    laid = 0.0
    for stage in told:
        place = [int(number) for number in re.findall(r"its \[(\d+), (\d+)\]", stage.note)[0]]
        laid += stage.values[tuple(place)]
    np.testing.assert_allclose(laid + bias, made.cell.sum)
    assert len(told) == len({term.place[:2] for term in made.cell.terms if term.place})


def random_settings(generator: np.random.Generator) -> Settings:
    strides, dilation = (tuple(map(int, generator.integers(1, 4, 2))) for _ in range(2))
    if max(strides) > 1 and max(dilation) > 1:
        dilation = (1, 1)
    padding = ["valid", "same"][int(generator.integers(2))]
    extra = None
    if generator.integers(3) == 0:
        extra = tuple(int(generator.integers(stride)) for stride in strides)
    return strides, padding, extra, dilation, 1


def test_the_stages_of_a_transposed_convolution_are_its_definition() -> None:
    generator = np.random.default_rng(1)
    for _ in range(choose(60, 1500)):
        height, width, rows, columns = (int(number) for number in generator.integers(1, 5, 4))
        channels, filters = (int(number) for number in generator.integers(1, 3, 2))
        groups = int(generator.integers(1, 3))
        channels, filters = channels * groups, filters * groups
        x = generator.standard_normal((height, width, channels))
        kernel = generator.standard_normal((rows, columns, filters // groups, channels))
        bias = generator.standard_normal(filters)
        settings = (*random_settings(generator)[:4], groups)
        strides, padding, extra, dilation, _ = settings
        ends = zip(
            (height, width), (rows, columns), strides, dilation, extra or (None,) * 2, strict=True
        )
        lengths = [
            oracle.transposed_length(size, (taps - 1) * rate + 1, step, padding, more)[0]
            for size, taps, step, rate, more in ends
        ]
        if min(lengths) < 1:  # which is refused
            continue
        made = explain_transposed(x, kernel, bias, settings)
        stages = {stage.name: stage.values for stage in made.stages}
        # Zeros between, and a kernel's reach less one around.
        read = channels // groups
        spread = stages["zeros inserted"].reshape(
            (height - 1) * strides[0] + 1, (width - 1) * strides[1] + 1, read
        )
        np.testing.assert_array_equal(spread[:: strides[0], :: strides[1]], x[:, :, :read])
        assert np.count_nonzero(spread) == np.count_nonzero(x[:, :, :read])
        up, left = (rows - 1) * dilation[0], (columns - 1) * dilation[1]
        padded = stages["padded"].reshape(
            spread.shape[0] + 2 * up, spread.shape[1] + 2 * left, read
        )
        np.testing.assert_array_equal(
            padded[up : len(padded) - up, left : padded.shape[1] - left], spread
        )
        # Its convolution by the kernel turned round is the full result, of which a part is kept.
        turned = stages["kernel turned round"].reshape(up + 1, left + 1, read, 1)
        full = oracle.conv2d(padded, turned)[:, :, 0]
        shown = stages["full result"].reshape(*full.shape, filters)[:, :, 0]
        np.testing.assert_allclose(shown, full, atol=1e-9)
        expected = oracle.conv2d_transpose(
            x, kernel, bias, strides, padding, extra or (None, None), dilation, groups
        )
        np.testing.assert_allclose(made.output.reshape(expected.shape), expected, atol=1e-9)
        check_cell(made, float(bias[0]))
        window = made.kernel if channels * filters > 1 else kernel
        assert window is not None
        np.testing.assert_array_equal(window, kernel)
        first = kernel[:, :, 0, :read]
        flat = (first[:, :, 0], x[:, :, 0]) if read == 1 else (first, x)
        check_both_ways(made, flat[1], flat[0], float(bias[0]))
        assert f"= {expected.shape[0]}; columns:" in made.formula
        assert made.formula.endswith(f"= {expected.shape[1]}")


def test_margins_and_an_output_shape_crop_the_full_result() -> None:
    generator = np.random.default_rng(4)
    x, kernel = generator.standard_normal((3, 4, 1)), generator.standard_normal((4, 3, 1, 1))
    full = oracle.conv2d_transpose(x, kernel, None, (2, 3))[:, :, 0]
    settings: Settings = ((2, 3), ((1, 2), (0, 1)), None, (1, 1), 1)
    made = explain_transposed(x, kernel, np.zeros(1), settings)
    np.testing.assert_allclose(made.output, full[1:-2, :-1])
    assert made.stages[-3].note == "cropped by 1 top, 2 bottom, 1 right"
    assert "- 1 - 2" in made.formula
    check_both_ways(made, x[:, :, 0], kernel[:, :, 0, 0], 0.0)
    made = explain_transposed(x, kernel, np.ones(1), settings, (6, 12))
    np.testing.assert_allclose(made.output[:, :11], full[1:7, :11] + 1)
    assert made.formula == "rows: 6, as --output-shape says; columns: 12, as --output-shape says"


def test_the_matrix_makes_the_output_of_the_input() -> None:
    x = np.arange(4.0).reshape(2, 2, 1)
    kernel = np.arange(9.0).reshape(3, 3, 1, 1)
    made = explain_transposed(x, kernel, np.zeros(1), ((2, 2), "same", None, (1, 1), 1))
    stages = {stage.name: stage.values for stage in made.stages}
    np.testing.assert_array_equal(stages["C transposed"] @ x.ravel(), made.output.ravel())
    np.testing.assert_array_equal(stages["C transposed"], stages["matrix C"].T)
    # The convolution that it is the transpose of reads the output's size and gives the input's.
    y = np.arange(16.0).reshape(4, 4, 1)
    convolved = oracle.conv2d(y, kernel.transpose(0, 1, 3, 2), strides=(2, 2), padding="same")
    np.testing.assert_allclose(stages["matrix C"] @ y.ravel(), convolved.ravel())


def test_each_cell_of_an_output_is_explained() -> None:
    generator = np.random.default_rng(2)
    x, kernel = generator.standard_normal((2, 3, 1)), generator.standard_normal((3, 2, 1, 1))
    settings: Settings = ((2, 3), "valid", (1, 2), (1, 1), 1)
    shape = explain_transposed(x, kernel, np.zeros(1), settings).output.shape
    for cell in np.ndindex(shape):
        made = explain_transposed(x, kernel, np.zeros(1), settings, cell=cell)
        assert (made.cell.row, made.cell.column) == cell
        check_cell(made, 0.0)
    with pytest.raises(
        ArgumentError, match=r"^`cell` must be a row below 6 and a column below 10,"
    ):
        explain_transposed(x, kernel, np.zeros(1), settings, cell=(6, 0))


def test_the_stages_of_an_upsampling_are_its_definition() -> None:
    generator = np.random.default_rng(3)
    methods = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
    for number in range(choose(15, 300)):
        method = methods[number % len(methods)]
        factors = int(generator.integers(1, 5)), int(generator.integers(1, 5))
        shape = int(generator.integers(1, 6)), int(generator.integers(1, 6))
        x = generator.standard_normal((*shape, int(generator.integers(1, 4))))
        size = shape[0] * factors[0], shape[1] * factors[1]
        made = explain_upsampling(x, size, Rule(method, "keras", False, False))
        stages = {stage.name: stage.values for stage in made.stages}
        expected = oracle.upsample(x, factors, method)
        np.testing.assert_allclose(made.output.reshape(expected.shape), expected, atol=1e-9)
        rows = stages["rows interpolated"].reshape(expected.shape)
        np.testing.assert_allclose(rows, expected, atol=1e-9)
        for name, axis in (("row", 0), ("column", 1)):
            check_edges(stages, name, method, shape[axis], factors[axis])
            weights = oracle.axis_weights(shape[axis], factors[axis], method)
            dense = np.array([[one.get(j, 0.0) for j in range(shape[axis])] for one in weights])
            np.testing.assert_allclose(stages[f"{name} weights"], dense, atol=1e-9)
            places = (np.arange(size[axis]) + 0.5) / factors[axis] - 0.5
            np.testing.assert_allclose(stages[f"{name} positions"], places)
        check_cell(made, 0.0)


def check_edges(
    stages: dict[str, FloatArray], name: str, method: str, length: int, factor: int
) -> None:
    """Assert that phases are those of a long input, and what is told of the edge is in them."""
    if method == "nearest" or factor == 1:
        return
    margin = 10  # more inputs than any method reaches
    long = oracle.axis_weights(length + 2 * margin, factor, method)
    rows = long[margin * factor : (margin + length) * factor]
    phases = stages[f"{name} phases"]
    for phase, told in enumerate(phases):
        held = {place - margin for place, weight in rows[phase].items() if weight}
        shared = np.trim_zeros(told)
        expected = [rows[phase][place + margin] for place in sorted(held)]
        np.testing.assert_allclose(shared[shared != 0], expected, atol=1e-12)
    assert len(phases) == factor
    free = stages.get(f"{name} weights without edges")
    reached = {place - margin for row in rows for place, weight in row.items() if weight}
    if free is None:
        assert reached <= {*range(length)}
        return
    dense = np.zeros(free.shape)
    for place, row in enumerate(rows):
        for one, weight in row.items():
            if weight:
                dense[place, one - margin - min(reached)] = weight
    np.testing.assert_allclose(free, dense, atol=1e-12)
    kept = free[:, -min(reached) :][:, :length] if min(reached) < 0 else free[:, :length]
    weights = kept / kept.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(stages[f"{name} weights"][:, : weights.shape[1]], weights, atol=1e-9)


@pytest.mark.parametrize("convention", ["keras", "torch"])
def test_every_method_of_every_convention_is_explained(convention: Any) -> None:
    x = np.arange(12).reshape(3, 4, 1).astype(np.uint8) * 20
    for method in METHODS.values():
        for corners in {False, convention in method.align_corners}:
            if convention not in method.kernels:
                continue
            made = explain_upsampling(x, (7, 11), Rule(method.name, convention, corners, False))
            stages = {stage.name: stage.values for stage in made.stages}
            rounded = np.clip(np.rint(stages["rows interpolated"]), 0, 255)
            np.testing.assert_array_equal(made.output, rounded)
            np.testing.assert_allclose(stages["row weights"].sum(axis=1), 1)


def test_a_large_result_is_refused_before_it_is_made() -> None:
    x = np.zeros((200, 200, 1))
    with pytest.raises(
        ShapeError, match=r"at most 65,536 values\. Received: a result of 400 x 400"
    ):
        explain_upsampling(x, (400, 400), Rule("bilinear", "keras", False, False))
    settings: Settings = ((2, 2), "same", None, (1, 1), 1)
    with pytest.raises(ShapeError, match=r"at most 65,536 values"):
        explain_transposed(x, np.ones((3, 3, 1, 1)), np.zeros(1), settings)


def test_any_size_of_any_method_is_its_definition() -> None:
    generator = np.random.default_rng(6)
    for number in range(choose(3 * len(DEFINED), 30 * len(DEFINED))):
        method: Any = DEFINED[number % len(DEFINED)]
        shape = int(generator.integers(1, 6)), int(generator.integers(1, 6))
        size = tuple(int(length + generator.integers(0, 9)) for length in shape)
        x = generator.standard_normal((*shape, 1))
        rule = normalize_rule(*method[:2], align_corners=method[2], alpha=False)
        made = explain_upsampling(x, (size[0], size[1]), rule)
        stages = {stage.name: stage.values for stage in made.stages}
        for axis, name in enumerate(("row", "column")):
            expected = matrix(shape[axis], size[axis], method)
            np.testing.assert_allclose(stages[f"{name} weights"], expected, atol=1e-9)
            if f"{name} inputs" in stages:
                copied = np.eye(shape[axis])[stages[f"{name} inputs"]]
                np.testing.assert_array_equal(copied, expected)
        np.testing.assert_allclose(
            made.output, defined(x[:, :, 0], (size[0], size[1]), method), atol=1e-9
        )
        check_cell(made, 0.0)
