"""Every fast way of upsampling gives what the plain sums give: to the bit where it must."""

import itertools
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test, one_of_each, sample
from numpy.typing import NDArray

from upsamp import resize, upsample
from upsamp.core.arguments import Convention, Interpolation
from upsamp.core.upsampling import block_matrices, block_products, dispatch, nearest
from upsamp.core.upsampling.interpolation import plan_axis
from upsamp.core.upsampling.reference import interpolate_images
from upsamp.errors import ArgumentError

Array = NDArray[Any]
Method = tuple[Interpolation, Convention]

METHODS: list[Method] = [
    ("bilinear", "keras"),
    ("bicubic", "keras"),
    ("lanczos3", "keras"),
    ("lanczos5", "keras"),
    ("mitchellcubic", "keras"),
    ("gaussian", "keras"),
    ("bilinear", "torch"),
    ("bicubic", "torch"),
]
every_method = pytest.mark.parametrize("method", METHODS, ids=" ".join)
INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32"]
SHAPE = (2, 19, 23, 3)


def plain(x: Array, size: tuple[int, int], method: Method) -> Array:
    """Resize (N, H, W, C) by plain sums alone, in one piece."""
    # Spelled as `Whole.plans` spells it, so that each plan is made once.
    plans = tuple(
        plan_axis(*axis, *method, align_corners=False)
        for axis in zip(x.shape[1:3], size, strict=True)
    )
    output = np.empty((len(x), *size, x.shape[3]), x.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        whole = slice(0, size[0]), slice(0, size[1])
        interpolate_images(x, output, (plans[0], plans[1]), *whole)
    return output


def image(seed: int, shape: tuple[int, ...], dtype: str) -> Array:
    """Return random numbers over the whole range of an integer type, or from -10 to 10."""
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return generator.uniform(-10, 10, shape).astype(dtype)
    limits = np.iinfo(dtype)
    values = generator.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    ends = generator.choice(np.array([limits.min, limits.max], dtype), shape)
    return np.where(generator.random(shape) < 0.7, values, ends)


def run(x: Array, size: tuple[int, int], method: Method, **options: Any) -> Array:
    """Resize as a user does."""
    return resize(x, size, method[0], convention=method[1], **options)


def check(x: Array, size: tuple[int, int], method: Method, **options: Any) -> None:
    """Assert that `resize` gives what the plain sums give."""
    actual = run(x, size, method, **options)
    expected = plain(x, size, method)
    message = f"{method} {x.dtype} {x.shape} to {size}"
    if x.dtype.kind == "f":
        room = 2e-5 if x.dtype == np.float32 else 2e-2
        np.testing.assert_allclose(actual, expected, rtol=0, atol=room, err_msg=message)
    else:
        np.testing.assert_array_equal(actual, expected, err_msg=message, strict=True)


@pytest.fixture(params=["large tiles", "small tiles"])
def _tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small images be made as large ones are, in one tile or in many."""
    monkeypatch.setattr(dispatch, "LITTLE", 0)
    monkeypatch.setattr(nearest, "SMALL_BYTES", 0)
    if request.param == "small tiles":
        monkeypatch.setattr(block_matrices, "TILE_BYTES", 2**9)
        monkeypatch.setattr(block_matrices, "TILE_WIDTH", 2**5)
        monkeypatch.setattr(block_products, "small_product", lambda: 2**10)
        monkeypatch.setattr(nearest, "STRIP_BYTES", 2**8)
    block_matrices.column_parts.cache_clear()
    yield
    block_matrices.column_parts.cache_clear()


# --- the same numbers


@pytest.mark.usefixtures("_tiles")
@in_one_test("dtype", ["uint8", "float32"])
@every_method
def test_every_small_size_and_factor(method: Method, dtype: str) -> None:
    for length, factor in sample(itertools.product(range(1, 21), range(1, 17)), 91):
        shape = (1, length, 21 - length, 1 + length % 5)
        size = (length * factor, (21 - length) * (17 - factor))
        check(image(length, shape, dtype), size, method)


@pytest.mark.usefixtures("_tiles")
@in_one_test(
    ("method", "dtype"),
    sample(itertools.product(METHODS, [*INTEGERS, "float16", "float32"]), 5),
)
def test_every_type_at_whole_and_fractional_factors(method: Method, dtype: str) -> None:
    # In turn, so that each type meets each size.
    sizes = ((38, 46), (57, 92), (114, 138), (26, 55), (29, 23))
    for size in sample(sizes[choose(METHODS.index(method) % 3, 0) :], 3):
        check(image(1, SHAPE, dtype), size, method)


@in_one_test("dtype", [*INTEGERS, "float16", "float32", "float64"])
@every_method
def test_little_is_made_in_few_steps_to_the_last_bit(
    method: Method, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "interpolate_plainly", None)
    monkeypatch.setattr(dispatch, "interpolate", None)
    # The last ones are as long as an axis of so few elements can be.
    for shape, size in (
        ((1, 4, 4, 1), (8, 8)),
        ((2, 11, 13, 3), (33, 26)),
        ((1, 40, 41, 1), (71, 115)),
        ((1, 1, 2730, 1), (1, 8190)),
        ((1, 4096, 1, 1), (8192, 1)),
    ):
        x = image(3, shape, dtype)
        np.testing.assert_array_equal(run(x, size, method), plain(x, size, method), strict=True)


@pytest.mark.usefixtures("_tiles")
@in_one_test(
    ("method", "channels"),
    sample(itertools.product(METHODS, [1, 2, 4, 6, 7, 16, 33]), 3),
)
def test_any_number_of_channels(method: Method, channels: int) -> None:
    for dtype, factor in sample(itertools.product(("uint8", "float32"), (2, 3)), 3):
        check(image(2, (1, 19, 23, channels), dtype), (19 * factor, 23 * factor), method)


@every_method
def test_bytes_are_rounded_as_in_float64_but_for_ties(method: Method) -> None:
    # Few values, so that many sums are ties, or near one: `test_exact_integers` has those.
    x = np.random.default_rng(3).choice(np.array([0, 1, 2, 255], np.uint8), (1, 45, 55, 3))
    for factor in sample((2, 4, 5, 6, 10, 12)[METHODS.index(method) % choose(2, 1) :], 2):
        size = 45 * factor, 55 * factor
        sums = run(x.astype(np.float64), size, method)
        actual = run(x, size, method)
        clear = np.abs(sums - np.floor(sums) - 0.5) > 1e-11
        np.testing.assert_array_equal(actual[clear], np.clip(np.rint(sums), 0, 255)[clear])
        np.testing.assert_allclose(actual, np.clip(sums, 0, 255), rtol=0, atol=0.5 + 1e-11)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@every_method
def test_a_constant_stays_constant(method: Method, dtype: str) -> None:
    highest = np.iinfo(dtype).max
    for value, factor in sample(itertools.product((0, 1, 127, highest - 1, highest), (2, 3, 7)), 4):
        x = np.full((1, 70, 90, 3), value, dtype)
        actual = run(x, (70 * factor, 90 * factor), method)
        np.testing.assert_array_equal(actual, np.full_like(actual, value))


@pytest.mark.usefixtures("_tiles")
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "longdouble"])
def test_nearest_repeats_pixels_of_any_length(dtype: str) -> None:
    for channels, size in itertools.product((1, 2, 3, 4, 5, 6, 11, 17), ((1, 3), (2, 2), (5, 4))):
        x = image(4, (2, 13, 9, channels), "uint8").astype(dtype)
        expected = x.repeat(size[0], axis=1).repeat(size[1], axis=2)
        np.testing.assert_array_equal(upsample(x, size), expected, strict=True)


@pytest.mark.usefixtures("_tiles")
def test_nearest_at_a_fractional_factor() -> None:
    x = image(5, (2, 13, 9, 3), "uint8")
    rows, columns = ((np.arange(n) + 0.5) * m / n for n, m in ((30, 13), (31, 9)))
    expected = x[:, rows.astype(int)][:, :, columns.astype(int)]
    np.testing.assert_array_equal(resize(x, (30, 31), "nearest"), expected)


# --- NaN and infinities


@pytest.mark.usefixtures("_tiles")
@in_one_test("value", [np.nan, np.inf, -np.inf, 3e38])
@every_method
def test_what_is_not_finite_stays_where_the_plain_sums_put_it(method: Method, value: float) -> None:
    places = itertools.product((0, 1, 7, 8, 9, 15, 16, 18), (0, 10, 11, 16, 21, 22))
    for row, column in sample(places, 19):
        x = image(6, (1, 19, 23, 1), "float32")
        x[0, row, column] = value
        actual, expected = run(x, (38, 69), method), plain(x, (38, 69), method)
        np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5)
        actual, expected = run(x, (38, 46), method), plain(x, (38, 46), method)
        np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5)


# --- memory, layouts and threads


@pytest.mark.parametrize(
    ("method", "dtype"),
    sample(
        itertools.product(
            [("nearest", "keras"), *METHODS[:3]], ["uint8", "uint16", "float32", "float64"]
        ),
        3,
    ),
    ids=str,
)
def test_threads_change_no_byte(
    method: Method, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = image(7, (2, 301, 203, 3), dtype)
    made = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("UPSAMP_THREADS", threads)
        made.append(upsample(x, (2, 3), method[0]))
    for other in made[1:]:
        np.testing.assert_array_equal(other, made[0], strict=True)


@pytest.mark.usefixtures("_tiles")
@pytest.mark.parametrize(("channels", "size"), [(1, (38, 46)), (3, (31, 97)), (7, (57, 46))])
def test_an_image_has_the_same_bits_in_any_batch(channels: int, size: tuple[int, int]) -> None:
    x = image(11, (5, 19, 23, channels), "float32")
    alone = [resize(x[number : number + 1], size, "lanczos3") for number in range(5)]
    np.testing.assert_array_equal(resize(x, size, "lanczos3"), np.concatenate(alone), strict=True)


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", " "])
def test_a_number_of_threads_that_is_none_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", text)
    with pytest.raises(
        ArgumentError,
        match=rf"^UPSAMP_THREADS must be an integer from 1 to 1024\. Received: '{text}'\. "
        r"Unset it to use all cores\.$",
    ):
        upsample(np.ones((2, 2)), 2)


@pytest.mark.parametrize(
    ("interpolation", "dtype"),
    one_of_each(["nearest", "bilinear", "bicubic", "lanczos3"], ["uint8", "float32"]),
)
def test_little_memory_is_taken_besides_the_output(interpolation: str, dtype: str) -> None:
    x = image(8, (1024, 700, 3), dtype)
    tracemalloc.start()
    try:
        output = upsample(x, (2, 8), interpolation)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - output.nbytes < 32 * 2**20


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_the_result_goes_where_it_is_wanted(interpolation: str, dtype: str) -> None:
    x = image(9, (2, 31, 29, 3), dtype)
    expected = upsample(x, (2, 3), interpolation)
    room = np.zeros((2, 62, 90, 6), dtype)
    for out in (
        np.empty_like(expected),
        np.empty_like(expected, order="F"),
        room[:, :, :87, ::2],
        room[:, :, :87, 3:],
        room[:, ::-1, 86::-1, :3],
    ):
        result = upsample(x, (2, 3), interpolation, out=out)
        assert result is out
        # Channels that lie apart are made one by one, whose sums may round otherwise.
        np.testing.assert_allclose(out, expected, rtol=0, atol=0 if out.dtype.kind == "u" else 2e-5)
        assert resize(x, (62, 87), interpolation, out=out) is out


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3"])
def test_channels_first_is_filled_in_place(interpolation: str) -> None:
    x = image(10, (2, 3, 31, 29), "uint8")
    expected = upsample(x.transpose(0, 2, 3, 1), 2, interpolation).transpose(0, 3, 1, 2)
    out = np.empty((2, 3, 62, 60), np.uint8)[..., :58]
    for given in (None, out):
        actual = upsample(x, 2, interpolation, "channels_first", out=given)
        np.testing.assert_array_equal(actual, expected)


def overlapping() -> dict[str, Any]:
    """Return an input and an output that share their memory."""
    room = np.zeros((4, 4))
    return {"x": room[:2, :2], "out": room}


def read_only() -> Array:
    """Return an output that cannot be written."""
    out = np.zeros((4, 4))
    out.flags.writeable = False
    return out


@in_one_test(
    ("arguments", "message"),
    [
        ({"out": [1]}, r"^`out` must be an array\. Received: out=\[1\]\.$"),
        ({"out": np.zeros((4, 5))}, r"^`out` must have the shape \(4, 4\)\. Received: .*\(4, 5\)"),
        ({"out": np.zeros((4, 4), "f4")}, r"^`out` must have the dtype of `x`, float64\. Received"),
        ({"out": read_only()}, r"^`out` must be writeable\. Received: an array that is read-only"),
        (overlapping(), r"^`out` must share no memory with `x`, .* Received: an `out` that may"),
    ],
)
def test_an_output_that_does_not_fit_is_refused(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"x": np.ones((2, 2))} | arguments
    with pytest.raises(ArgumentError, match=message):
        upsample(size=2, **given)
    with pytest.raises(ArgumentError, match=message):
        resize(size=4, **given)
