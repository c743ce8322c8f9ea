"""Each algorithm of convolution beside the plain one: values, NaN, memory, threads."""

import tracemalloc
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from core.convolution.algorithm_runs import FAST, compute, small_blocks
from effort import choose, in_one_test, one_of_each, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose
from upsamp.core.convolution import gathered, native, toeplitz, windows
from upsamp.core.convolution.packing import PackedKernel
from upsamp.errors import ArgumentError, ShapeError

Array = NDArray[Any]

EVERY_ALGORITHM = in_one_test("algorithm", FAST)
BOTH = in_one_test("transposed", [False, True])
MARGINS = ((1, 0), (0, 2))
PADDINGS: tuple[Any, ...] = ("valid", "same", MARGINS)


def whole(seed: int, *shape: int) -> NDArray[np.float64]:
    """Random whole numbers, so that the sums are exact in every order."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)


def kernel_for(transposed: bool, size: tuple[int, int], channels: int, filters: int) -> Array:
    """Return a kernel in the order of channels and filters that the convolution takes."""
    return whole(1, *size, *((filters, channels) if transposed else (channels, filters)))


def assert_like_plain(
    algorithm: str, transposed: bool, x: Array, kernel: Array, *arguments: Any, **settings: Any
) -> None:
    """Assert the very values of the plain algorithm."""
    actual = compute(algorithm, transposed, x, kernel, *arguments, **settings)
    if actual is None:
        return
    expected = compute("plain", transposed, x, kernel, *arguments, **settings)
    assert expected is not None
    note = f"{x.shape} {kernel.shape} {settings}"
    np.testing.assert_array_equal(actual, expected, err_msg=note, strict=True)


# --- values


@pytest.mark.parametrize("taps", range(1, 8))
@BOTH
@EVERY_ALGORITHM
def test_every_small_shape_is_computed_as_by_the_plain_algorithm(
    algorithm: str, transposed: bool, taps: int
) -> None:
    # The rows go through all lengths with all strides, and the columns through others meanwhile.
    for length, stride, padding in sample(product(range(1, 10), range(1, 5), PADDINGS), 11):
        x = whole(length, 2, length, 10 - length, 1 + length % 3)
        kernel = kernel_for(transposed, (taps, 1 + (taps + length) % 5), x.shape[3], 2)
        strides = (stride, 1 + (stride + length) % 4)
        if has_outputs(transposed, x, kernel, strides, padding):
            assert_like_plain(algorithm, transposed, x, kernel, None, strides, padding)


def has_outputs(
    transposed: bool, x: Array, kernel: Array, strides: tuple[int, int], padding: object
) -> bool:
    """Tell whether there is any output, with the paddings of these tests."""
    if padding == "same" or (transposed and padding == "valid"):
        return True
    zeros = (0, 0) if padding == "valid" else tuple(map(sum, MARGINS))
    axes = zip(x.shape[1:3], kernel.shape[:2], strides, zeros, strict=True)
    if transposed:
        return all((length - 1) * stride + taps > crop for length, taps, stride, crop in axes)
    return all(length + more >= taps for length, taps, _, more in axes)


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a convolution whose rows and columns cross the borders of blocks and strips."""
    transposed = draw(st.booleans())
    channels, filters = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    size = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    return {
        "transposed": transposed,
        "x": whole(
            draw(st.integers(0, 99)),
            *draw(st.tuples(st.integers(1, 4), st.integers(8, 40), st.integers(8, 40))),
            channels,
        ),
        "kernel": kernel_for(transposed, size, channels, filters),
        "bias": draw(st.sampled_from([None, whole(5, filters)])),
        "strides": draw(st.tuples(st.integers(1, 4), st.integers(1, 4))),
        "padding": draw(st.sampled_from(PADDINGS)),
        "dilation_rate": draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 3)])),
        "data_format": draw(st.sampled_from(["channels_last", "channels_first"])),
    }


@pytest.fixture(scope="module", autouse=True)
def _cut_small_images() -> Iterator[None]:
    """Cut small images into many blocks too."""
    with small_blocks():
        yield


@pytest.mark.parametrize("algorithm", FAST)
@settings(max_examples=choose(15, 600))
@given(problem=problems())
def test_larger_images_cross_the_borders_of_blocks(algorithm: str, problem: dict[str, Any]) -> None:
    x = problem["x"]
    given = dict(problem)
    if given["data_format"] == "channels_first":
        given["x"] = np.ascontiguousarray(np.moveaxis(x, 3, 1))
    spans = [
        (taps - 1) * step + 1
        for taps, step in zip(given["kernel"].shape, given["dilation_rate"], strict=False)
    ]
    if not given["transposed"] and min(x.shape[1:3]) < max(spans):
        given["padding"] = "same"
    assert_like_plain(algorithm, **given)


def test_scratch_of_a_strip_may_hold_several_blocks_of_any_length() -> None:
    x, kernel = whole(2, 1, 9, 23, 2), kernel_for(True, (4, 5), 2, 3)
    expected = compute("plain", True, x, kernel, None, 2, "same")
    for pixels in (1, 2, 3, 8, 16):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(toeplitz.convolve_toeplitz, "__defaults__", (pixels, 500))
            actual = compute("toeplitz", True, x, kernel, None, 2, "same")
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.usefixtures("own_blocks")
@pytest.mark.parametrize(
    ("shape", "channels", "filters"),
    sample(
        [
            (shape, channels, filters)
            for shape in ((1, 3, 5), (1, 40, 7), (3, 4, 4), (5, 7, 6), (40, 2, 3))
            for channels, filters in ((3, 130), (70, 70), (290, 40))
        ],
        2,
    ),
    ids=str,
)
@BOTH
def test_windows_of_many_images_rows_or_filters_are_cut_and_shared(
    transposed: bool, shape: tuple[int, int, int], channels: int, filters: int
) -> None:
    x, kernel = whole(3, *shape, channels), kernel_for(transposed, (3, 3), channels, filters)
    # With zeros around, and without, the images are as far apart as their rows, or farther.
    for stride, padding in product((1, 2), ("same", ((1, 2), (1, 1)))):
        bias = whole(4, filters)
        assert_like_plain("windows", transposed, x, kernel, bias, stride, padding)


@pytest.mark.usefixtures("own_blocks")
@pytest.mark.parametrize("taps", range(1, 8))
@BOTH
def test_windows_of_phases_that_begin_unevenly_are_read_where_they_are(
    transposed: bool, taps: int
) -> None:
    # With such dilations a later phase may begin earlier, and phases have other numbers of taps.
    for stride, dilation, images in sample(product((1, 2, 3, 4), (1, 2, 3, 5), (1, 3)), 5):
        x = whole(dilation, images, 31, 9, 2)
        kernel = kernel_for(transposed, (taps, taps), 2, 3)
        steps = {"strides": (stride, taps % 3 + 1), "dilation_rate": (dilation, 1 + taps % 4)}
        assert_like_plain("windows", transposed, x, kernel, padding="same", **steps)


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "uint8"])
@BOTH
@EVERY_ALGORITHM
def test_each_type_is_as_near_to_exact_as_the_plain_algorithm(
    algorithm: str, transposed: bool, dtype: str
) -> None:
    random = np.random.default_rng(3)
    x = (255 * random.random((2, 12, 13, 6))).astype(dtype)
    kernel = random.standard_normal((3, 3, 6, 6)).astype("float32" if dtype == "uint8" else dtype)
    if algorithm == "pixels":
        kernel = kernel[:1, :1]
    actual = compute(algorithm, transposed, x, kernel, None, 1, "same")
    exact = compute(
        "plain", transposed, x.astype("float64"), kernel.astype("float64"), None, 1, "same"
    )
    assert actual is not None
    assert exact is not None
    assert actual.dtype == kernel.dtype
    bound = {"float16": 1e-3, "float64": 1e-14}.get(dtype, 2e-6) * np.abs(exact).max()
    np.testing.assert_allclose(actual, exact, rtol=0, atol=bound)


@EVERY_ALGORITHM
def test_the_transposed_convolution_is_the_adjoint_for_each_algorithm(algorithm: str) -> None:
    size, stride = ((1, 1), 1) if algorithm == "pixels" else ((3, 3), 1)
    x, kernel = whole(4, 2, 11, 12, 3), whole(6, *size, 3, 4)
    convolved = compute(algorithm, False, x, kernel, None, stride, "same")
    assert convolved is not None
    y = whole(7, *convolved.shape)
    back = compute(algorithm, True, y, kernel, None, stride, "same")
    assert back is not None
    np.testing.assert_equal(np.vdot(convolved, y), np.vdot(x, back))


# --- NaN and infinity


@BOTH
@EVERY_ALGORITHM
def test_a_pixel_that_overflows_when_summed_reaches_only_what_depends_on_it(
    algorithm: str, transposed: bool
) -> None:
    kernel = kernel_for(transposed, (1, 1) if algorithm == "pixels" else (3, 2), 2, 2) / 1e4
    x = whole(8, 1, 12, 9, 2)
    x[0, 5, 5:7] = 1.5e308
    actual = compute(algorithm, transposed, x, kernel, None, 1, "same")
    expected = compute("plain", transposed, x, kernel, None, 1, "same")
    assert actual is not None
    assert expected is not None
    assert np.isfinite(actual).all()
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@BOTH
@EVERY_ALGORITHM
def test_what_is_not_finite_reaches_only_what_depends_on_it(
    algorithm: str, transposed: bool, value: float
) -> None:
    kernel = kernel_for(transposed, (3, 2), 2, 2)
    if algorithm == "pixels":
        kernel = kernel[:1, :1]
    for row, column, stride in sample(product(range(0, 12, 3), range(9), (1, 2)), 5):
        x = whole(8, 2, 12, 9, 2)
        x[1, row, column, 0] = value
        assert_like_plain(algorithm, transposed, x, kernel, whole(9, 2), stride, "same")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@BOTH
def test_a_weight_that_is_not_finite_does_not_meet_the_zeros_around(
    transposed: bool, value: float
) -> None:
    kernel = np.ones((3, 3, 40, 40))
    kernel[0, 0] = value
    x = np.ones((1, 20, 20, 40))
    convolve = conv2d_transpose if transposed else conv2d
    expected = compute("plain", transposed, x, kernel, padding="same")
    np.testing.assert_array_equal(convolve(x, kernel, padding="same"), expected)
    assert np.isfinite(convolve(x, kernel, padding="same")).any()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@BOTH
@EVERY_ALGORITHM
def test_a_kernel_that_picks_one_pixel_gives_it_back_beside_the_largest(
    algorithm: str, transposed: bool, dtype: str
) -> None:
    x = np.ones((2, 20, 19, 4), dtype)
    x[:, ::3, 1::2] = np.finfo(dtype).max / 8
    x[:, 1::3, ::5] = np.finfo(dtype).tiny
    kernel = np.zeros((1, 1, 4, 4) if algorithm == "pixels" else (3, 3, 4, 4), dtype)
    kernel[len(kernel) // 2, len(kernel) // 2] = np.eye(4)
    actual = compute(algorithm, transposed, x, kernel, None, 1, "same")
    np.testing.assert_array_equal(actual, x, strict=True)


# --- memory, threads, packed kernels, what is done to finished rows


@pytest.mark.usefixtures("own_blocks")
@pytest.mark.parametrize(
    ("algorithm", "channels", "filters"),
    [
        ("native", 16, 2),
        ("gathered", 16, 2),
        ("toeplitz", 3, 3),
        ("windows", 32, 32),
    ],
)
def test_the_scratch_is_bounded(algorithm: str, channels: int, filters: int) -> None:
    side = 320 if channels == 32 else 512  # 13 MB, of which 9 taps have 118 MB
    x = np.ones((1, side, side, channels), np.float32)
    kernel = np.ones((3, 3, filters, channels), np.float32)
    tracemalloc.start()
    result = compute(algorithm, True, x, kernel, padding="same")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if algorithm not in FAST:
        return
    assert result is not None
    assert peak - result.nbytes < 32 * 2**20


@pytest.fixture
def own_blocks() -> Iterator[None]:
    """Restore the sizes of blocks that are used in earnest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native.convolve_native, "__defaults__", (native.PART,))
        patch.setattr(gathered.convolve_gathered, "__defaults__", (gathered.BLOCK,))
        patch.setattr(toeplitz.convolve_toeplitz, "__defaults__", (toeplitz.WIDTH, toeplitz.COPY))
        patch.setattr(windows.convolve_windows, "__defaults__", (windows.COPY,))
        yield


THREADED: list[tuple[tuple[int, ...], tuple[int, int], int, int]] = [
    ((3, 31, 17, 4), (3, 3), 5, 1),
    ((9, 3, 16, 16), (5, 1), 130, 2),
    ((1, 100, 31, 16), (1, 1), 17, 1),
    ((1, 31, 16, 16), (5, 4), 64, 2),
    ((2, 7, 60, 3), (3, 3), 65, 3),
]


@pytest.mark.usefixtures("own_blocks")
@pytest.mark.parametrize(
    ("algorithm", "dtype"), one_of_each(FAST, ["float32", "float16", "float64"])
)
def test_the_number_of_threads_changes_no_bit(
    algorithm: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sums of such numbers are rounded, and otherwise in another order.
    random = np.random.default_rng(10)
    for (shape, size, filters, stride), transposed in product(THREADED, (False, True)):
        steps = 1 if algorithm == "pixels" else stride
        kernel = random.standard_normal((*size, shape[3], filters)).astype(dtype)
        kernel = kernel[:1, :1] if algorithm == "pixels" else kernel
        kernel = kernel.swapaxes(2, 3) if transposed else kernel
        x = random.standard_normal(shape).astype(dtype)
        results = []
        for threads in choose((1, 2, 3), (1, 2, 3, 5, 8)):
            monkeypatch.setenv("UPSAMP_THREADS", str(threads))
            results.append(compute(algorithm, transposed, x, kernel, None, steps, "same"))
        for result in results[1:]:
            np.testing.assert_equal(result, results[0])


PACKED_SETTINGS: list[dict[str, Any]] = [
    {"strides": strides, "padding": padding, "dilation_rate": dilation}
    for strides, dilation in ((1, 1), (2, 1), ((3, 1), 1), ((1, 2), 1), (1, 2), (1, (1, 3)), (2, 3))
    for padding in PADDINGS
]


@pytest.mark.parametrize("algorithm", ["plain", *FAST])
def test_a_packed_kernel_serves_every_setting_both_convolutions_and_all_types(
    algorithm: str,
) -> None:
    for size in ((1, 1), (3, 3), (4, 2)):
        kernel = whole(13, *size, 4, 4)
        packed = PackedKernel(kernel)
        calls = product(PACKED_SETTINGS, (True, False), ("float64", "float32", "int8"), (9, 20))
        for setting, transposed, dtype, width in sample(calls, 11):
            x = whole(width, 2, 11, width, 4).astype(dtype)
            actual = compute(algorithm, transposed, x, packed, **setting)
            expected = compute(algorithm, transposed, x, kernel, **setting)
            np.testing.assert_array_equal(actual, expected, str(setting), strict=True)


def test_a_packed_kernel_keeps_the_values_that_it_was_given() -> None:
    kernel = whole(13, 3, 3, 4, 4)
    x, first = whole(1, 9, 7, 4), kernel.copy()
    view = kernel[...]
    view.flags.writeable = False
    given: list[Any] = [kernel, view, kernel.tolist(), np.asfortranarray(kernel)]
    packed = [PackedKernel(one) for one in given]
    kernel[...] = 0
    given[3][...] = 0
    for one in packed:
        np.testing.assert_array_equal(conv2d(x, one), conv2d(x, first))
        with pytest.raises(ValueError, match="read-only"):
            one.array[0] = 0
    assert PackedKernel(packed[0].array).array is packed[0].array


def test_a_packed_kernel_is_refused_where_another_layout_is_meant() -> None:
    packed = PackedKernel(np.ones((3, 3, 1, 1)))
    with pytest.raises(ArgumentError, match=r"must be in Keras' layout\. Received: kernel_layout="):
        conv2d(np.ones((5, 5)), packed, kernel_layout="torch")
    with pytest.raises(ShapeError, match="`kernel` must have rank 4"):
        PackedKernel(np.ones((3, 3)))


@pytest.mark.parametrize("algorithm", ["plain", *FAST])
@BOTH
def test_every_row_is_finished_once_and_with_its_bias(algorithm: str, transposed: bool) -> None:
    size = 1 if algorithm == "pixels" else 3
    x, bias = whole(14, 3, 19, 8, 4), whole(15, 4)
    kernel = whole(16, size, size, 4, 4)

    def finish(rows: Array) -> None:
        rows += 1
        rows *= 3

    for stride in (1, 2) if size > 1 else (1,):
        expected = compute("plain", transposed, x, kernel, bias, stride, "same")
        assert expected is not None
        actual = compute(algorithm, transposed, x, kernel, bias, stride, "same", finish=finish)
        if actual is not None:
            np.testing.assert_array_equal(actual, (expected + 1) * 3)
