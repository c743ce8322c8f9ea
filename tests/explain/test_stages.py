"""The stages of a computation are what loops over its definition make, and the cell is its sum."""

from typing import Any

import numpy as np
import oracle
import pytest
from effort import choose

from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import Rule
from upsamp.errors import ArgumentError, ShapeError
from upsamp.explain.explanation import Explanation
from upsamp.explain.transposed import explain_transposed
from upsamp.explain.upsampling import explain_upsampling

Settings = tuple[Any, Any, Any, Any, int]


def check_cell(made: Explanation, bias: float) -> None:
    """Assert that the cell is the value of the output that it says, and the sum of its terms."""
    cell = made.cell
    total = sum(term.product for term in cell.terms)
    assert cell.sum == pytest.approx(total, abs=1e-12)
    output = made.output if made.output.ndim == 2 else made.output[:, :, 0]
    np.testing.assert_allclose(cell.sum + bias, output[cell.row, cell.column], atol=1e-9)
    for term in cell.terms:
        assert term.product == term.value * term.weight
        value = made.given[term.place[: made.given.ndim]]
        assert value == term.value


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
    for _ in range(choose(40, 1500)):
        height, width, rows, columns = (int(number) for number in generator.integers(1, 5, 4))
        channels, filters = (int(number) for number in generator.integers(1, 3, 2))
        x = generator.standard_normal((height, width, channels))
        kernel = generator.standard_normal((rows, columns, filters, channels))
        bias = generator.standard_normal(filters)
        settings = random_settings(generator)
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
        spread = stages["zeros inserted"].reshape(
            (height - 1) * strides[0] + 1, (width - 1) * strides[1] + 1, channels
        )
        np.testing.assert_array_equal(spread[:: strides[0], :: strides[1]], x)
        assert np.count_nonzero(spread) == np.count_nonzero(x)
        up, left = (rows - 1) * dilation[0], (columns - 1) * dilation[1]
        padded = stages["padded"].reshape(
            spread.shape[0] + 2 * up, spread.shape[1] + 2 * left, channels
        )
        np.testing.assert_array_equal(
            padded[up : len(padded) - up, left : padded.shape[1] - left], spread
        )
        # Its convolution by the kernel turned round is the full result, of which a part is kept.
        turned = stages["kernel turned round"].reshape(up + 1, left + 1, channels, 1)
        full = oracle.conv2d(padded, turned)[:, :, 0]
        shown = stages["full result"].reshape(*full.shape, filters)[:, :, 0]
        np.testing.assert_allclose(shown, full, atol=1e-9)
        expected = oracle.conv2d_transpose(
            x, kernel, bias, strides, padding, extra or (None, None), dilation
        )
        np.testing.assert_allclose(made.output.reshape(expected.shape), expected, atol=1e-9)
        check_cell(made, float(bias[0]))
        np.testing.assert_allclose(
            np.sum(stages["window"].reshape(turned.shape[:3]) * turned[:, :, :, 0]), made.cell.sum
        )
        assert f"= {expected.shape[0]}; columns:" in made.formula
        assert made.formula.endswith(f"= {expected.shape[1]}")


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
            weights = oracle.axis_weights(shape[axis], factors[axis], method)
            dense = np.array([[one.get(j, 0.0) for j in range(shape[axis])] for one in weights])
            np.testing.assert_allclose(stages[f"{name} weights"], dense, atol=1e-9)
            places = (np.arange(size[axis]) + 0.5) / factors[axis] - 0.5
            np.testing.assert_allclose(stages[f"{name} positions"], places)
        check_cell(made, 0.0)


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
