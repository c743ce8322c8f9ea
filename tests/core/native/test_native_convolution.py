"""Native kernels of convolution by each instruction set: values, bits, what is not finite."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from core.convolution.algorithm_runs import compute
from core.native.native_kernels import instruction_sets, needs_kernels
from effort import choose, in_one_test
from numpy.typing import NDArray

from upsamp import conv2d
from upsamp.core.convolution import native
from upsamp.core.native.library import VARIABLE
from upsamp.errors import ShapeError

Array = NDArray[Any]

pytestmark = needs_kernels

LENGTHS = ((1, 1), (2, 5), (9, 40), (3, 131))
KERNELS = ((1, 1), (2, 3), (3, 3), (4, 2), (5, 4), (1, 5))
STRIDES = ((1, 1), (2, 2), (3, 1), (2, 4), (4, 3))
DILATIONS = ((1, 1), (2, 3))
PADDINGS: tuple[Any, ...] = ("same", "valid", ((1, 0), (0, 2)))
GRID = [*product(range(1, 10), LENGTHS, KERNELS, STRIDES, DILATIONS, PADDINGS)]
TYPES = ("float32", "float64")
BOTH = pytest.mark.parametrize("transposed", [False, True])


@pytest.fixture(autouse=True)
def _with_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let kernels run here, also where NumPy is asked for."""
    monkeypatch.delenv(VARIABLE, raising=False)


def by_each_set(*arguments: Any, **settings: Any) -> list[Array]:
    """Return what each instruction set gives, where the kernels can compute it at all."""
    results = []
    for loaded in instruction_sets():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(native, "kernels", lambda loaded=loaded: loaded)
            results.append(compute("native", *arguments, **settings))
    return [result for result in results if result is not None]


def draw(transposed: bool, case: int, *shapes: tuple[int, ...]) -> list[Array]:
    """Draw whole numbers, whose sums are exact, in the types that are computed in."""
    random = np.random.default_rng(case)
    (images, *shape), size, (channels, filters) = shapes
    ends = (filters, channels) if transposed else (channels, filters)
    drawn = [(images, *shape, channels), (*size, *ends), (filters,)]
    return [random.integers(-9, 10, one).astype(TYPES[case % 2]) for one in drawn]


@in_one_test("channels", range(1, 10))
@BOTH
def test_every_small_convolution_is_the_plain_one(transposed: bool, channels: int) -> None:
    compared = 0
    # Of all cases each number of channels has a third, and all numbers together have all.
    for number, case in enumerate(GRID[channels % 3 :: choose(273, 3)]):
        filters, lengths, size, strides, dilation, padding = case
        x, kernel, bias = draw(transposed, number, (2, *lengths), size, (channels, filters))
        arguments = [transposed, x, kernel, bias if number % 3 else None, strides, padding]
        try:
            expected = compute("plain", *arguments, dilation_rate=dilation)
        except ShapeError:  # there is no output
            arguments[5] = "same"
            expected = compute("plain", *arguments, dilation_rate=dilation)
        for actual in by_each_set(*arguments, dilation_rate=dilation):
            np.testing.assert_array_equal(actual, expected, str(case), strict=True)
            compared += 1
    assert compared >= choose(24, 48)


@pytest.mark.parametrize(("channels", "filters"), [(1, 1), (3, 5), (40, 3), (7, 11)])
@pytest.mark.parametrize("dtype", TYPES)
@BOTH
def test_no_bit_depends_on_the_instruction_set_the_parts_or_the_threads(
    transposed: bool, dtype: str, channels: int, filters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)
    x = random.standard_normal((2, 31, 37, channels)).astype(dtype)
    ends = (filters, channels) if transposed else (channels, filters)
    kernel = random.standard_normal((4, 3, *ends)).astype(dtype)
    results = []
    for part, threads in ((native.PART, 1), (700, 3), (9000, 2)):
        monkeypatch.setattr(native.convolve_native, "__defaults__", (part,))
        monkeypatch.setenv("UPSAMP_THREADS", str(threads))
        results += by_each_set(transposed, x, kernel, None, (2, 1), "same")
    assert len(results) >= 3
    for result in results[1:]:
        np.testing.assert_array_equal(result.view(np.uint8), results[0].view(np.uint8))
    exact = compute(
        "plain", transposed, x.astype(float), kernel.astype(float), None, (2, 1), "same"
    )
    assert exact is not None
    bound = {"float32": 2e-6, "float64": 1e-14}[dtype] * np.abs(exact).max()
    np.testing.assert_allclose(results[0], exact, rtol=0, atol=bound)


@BOTH
def test_what_is_not_finite_stays_with_the_outputs_that_read_it(transposed: bool) -> None:
    x, kernel, bias = draw(transposed, 0, (1, 12, 41), (3, 2), (3, 2))
    x[0, 0, 0, 1], x[0, 5, 17, 2], x[0, 11, 40, 0] = np.nan, np.inf, -np.inf
    kernel[1, 1] = 0
    for strides, padding in product(STRIDES, PADDINGS):
        arguments = (transposed, x, kernel, bias, strides, padding)
        expected = compute("plain", *arguments)
        for actual in by_each_set(*arguments):
            np.testing.assert_array_equal(actual, expected, strict=True)


@BOTH
def test_images_may_lie_in_memory_in_any_way_and_are_not_changed(transposed: bool) -> None:
    x, kernel, bias = draw(transposed, 0, (2, 9, 40), (3, 3), (3, 3))
    expected = compute("plain", transposed, x, kernel, bias, 2, "same")
    shifted = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    shifted[...] = x
    others = [
        *(x[::-1][::-1], np.asfortranarray(x), x[:, :, ::-1].copy()[:, :, ::-1], shifted),
        *(x.astype(">f4"), x.astype(np.int8), x.astype(np.float16)),
        np.broadcast_to(x[:1], x.shape),
    ]
    for other in others:
        before = other.tobytes()
        wanted = expected
        if other.strides[0] == 0:
            wanted = compute("plain", transposed, other, kernel, bias, 2, "same")
        for actual in by_each_set(transposed, other, kernel, bias, 2, "same"):
            np.testing.assert_array_equal(actual, wanted)
        assert other.tobytes() == before


def test_integers_are_exact_and_types_that_no_kernel_has_are_left_to_numpy() -> None:
    x, kernel = np.full((1, 5, 5, 1), 2**50 - 1), np.ones((2, 2, 1, 1), np.int64)
    np.testing.assert_array_equal(conv2d(x, kernel), np.full((1, 4, 4, 1), 4.0 * (2**50 - 1)))
    longer = conv2d(x.astype(np.longdouble), kernel)
    assert longer.dtype == np.longdouble


def test_a_kernel_that_reaches_farther_than_there_is_room_is_left_to_numpy() -> None:
    x, kernel = np.ones((1, 3, 3, 1), np.float32), np.ones((2, 2, 1, 1), np.float32)
    assert by_each_set(True, x, kernel, padding=((0, 0), (0, 10**7)), dilation_rate=10**7) == []
    assert len(by_each_set(True, x, kernel, padding="same", dilation_rate=10)) >= 1
