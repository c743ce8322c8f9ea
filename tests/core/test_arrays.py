"""What an array is taken as: its numbers in any order of bytes, and nothing that is no amount."""

from collections import UserList, deque
from collections.abc import Callable
from importlib import import_module
from typing import Any

import dask.array as da
import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

import upsamp
from upsamp import conv2d, conv2d_transpose, layers, resize, upsample
from upsamp.core.arrays import plain_array
from upsamp.core.convolution.packing import PackedKernel
from upsamp.errors import ArgumentError, DtypeError, ShapeError, UpsampError

Array = NDArray[Any]

MASKED = np.ma.masked_equal([[1.0, -9999.0], [2.0, 3.0]], -9999.0)
METHODS = ("nearest", "bilinear", "bicubic", "lanczos3", "area")


class Holder:
    """An object of another library, which gives or refuses an array."""

    def __init__(self, given: Array | Exception) -> None:
        self.given = given

    def __array__(self, dtype: object = None, copy: object = None) -> Array:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


def model(*shape: int) -> upsamp.Sequential:
    """Return a model whose result is its input, flattened."""
    return upsamp.Sequential([layers.Input(shape), layers.Flatten()])


def dense() -> layers.Dense:
    """Return a layer with weights (2, 2)."""
    layer = layers.Dense(2, use_bias=False)
    layer.build((None, 2))
    return layer


# What takes an array: each call is given one of rank 2, which it may stack.
TAKERS: dict[str, Callable[[Any], Any]] = {
    "upsample": lambda x: upsample(x, 2, "bilinear"),
    "resize": lambda x: resize(x, (5, 7), "bicubic"),
    "conv2d": lambda x: conv2d(x, np.ones((1, 1, 1, 1))),
    "conv2d_transpose": lambda x: conv2d_transpose(x, np.ones((2, 2, 1, 1))),
    "layer": layers.Flatten(),
    "predict": lambda x: model(2).predict(x),
    "predict a list": lambda x: model(2).predict([x]),
    "set_weights": lambda x: dense().set_weights([x]),
}


# --- the order of bytes


@pytest.mark.parametrize("kind", ["u2", "u4", "i2", "i8", "f2", "f4", "f8"])
def test_no_order_of_bytes_changes_a_number(kind: str) -> None:
    generator = np.random.default_rng(0)
    native = generator.integers(0, 999, (64, 96)).astype(kind)
    swapped = native.astype(native.dtype.newbyteorder())
    for method in METHODS:
        for x, same in ((swapped, native), (swapped[::-1, ::3], native[::-1, ::3])):
            expected = upsample(same, 2, method)
            np.testing.assert_array_equal(upsample(x, 2, method), expected, strict=True)
            out = np.empty_like(expected)
            np.testing.assert_array_equal(upsample(x, 2, method, out=out), expected)
            size = 2 * x.shape[0] + 1, x.shape[1] + 2
            expected = resize(same, size, method)
            np.testing.assert_array_equal(resize(x, size, method), expected, strict=True)
    pixels = swapped.reshape(32, 48, 4)
    expected = upsample(native.reshape(32, 48, 4), 3, "bilinear", alpha=True)
    actual = upsample(pixels, 3, "bilinear", alpha=True)
    np.testing.assert_array_equal(actual, expected, strict=True)


@in_one_test("kind", ["u2", "i4", "f2", "f4", "f8"])
@in_one_test("convolve", [conv2d, conv2d_transpose])
def test_no_order_of_bytes_changes_a_convolution(kind: str, convolve: Callable[..., Array]) -> None:
    generator = np.random.default_rng(0)
    shapes = (2, 33, 31, 4), (3, 3, 4, 4), (4,)
    native = [generator.integers(0, 9, shape).astype(kind) for shape in shapes]
    x, kernel, bias = (array.astype(array.dtype.newbyteorder()) for array in native)
    expected = convolve(*native, 2)
    for weights in (kernel, PackedKernel(kernel)):
        np.testing.assert_array_equal(convolve(x, weights, bias, 2), expected, strict=True)


def test_no_order_of_bytes_changes_what_a_model_computes() -> None:
    made = upsamp.Sequential(
        [
            layers.Input((8, 9, 2)),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.Conv2D(3, 3),
        ]
    )
    x = np.random.default_rng(0).integers(0, 999, (2, 8, 9, 2)).astype(">u2")
    expected = made.predict(x.astype("u2"))
    np.testing.assert_array_equal(made.predict(x), expected, strict=True)


def test_chunks_of_another_order_of_bytes_are_upsampled() -> None:
    x = np.random.default_rng(0).integers(0, 999, (12, 20)).astype(">u2")
    larger: Any = upsample(da.from_array(x, chunks=(5, 7)), 2, "bilinear")
    assert larger.dtype == np.uint16
    expected = upsample(x.astype("u2"), 2, "bilinear")
    np.testing.assert_array_equal(larger.compute(scheduler="sync"), expected, strict=True)


def test_an_output_of_another_order_of_bytes_is_refused_with_the_remedy() -> None:
    message = (
        r"^`out` must have the dtype of `x`, uint16\. Received: dtype >u2\. "
        r"Use numpy\.empty\(\(4, 4\), 'uint16'\)\.$"
    )
    for kind in (">u2", "<u2"):
        with pytest.raises(ArgumentError, match=message):
            upsample(np.ones((2, 2), kind), 2, out=np.zeros((4, 4), ">u2"))


# --- what is no amount


@in_one_test("take", TAKERS.values())
def test_masked_cells_are_refused(take: Callable[[Any], Any]) -> None:
    message = r"must have a number in each cell, .* 1 masked of 4 cells\. Use numpy\.ma\.filled\("
    for x in (MASKED, Holder(MASKED)):
        with pytest.raises(ArgumentError, match=message):
            take(x)
    for rows in ([MASKED, MASKED], deque([MASKED]), UserList([MASKED])):
        with pytest.raises(ArgumentError, match=message):
            upsample(rows)
    deep: Any = MASKED
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ArgumentError, match=message):
        upsample(deep)
    with pytest.raises(ArgumentError, match=r"^`kernel` must have a number in each cell"):
        conv2d(np.ones((4, 4)), MASKED[..., np.newaxis, np.newaxis])
    plain = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]])
    take(plain)
    np.testing.assert_array_equal(upsample(plain), upsample(plain.data), strict=True)


def test_masked_records_are_refused() -> None:
    records = np.ma.zeros((2, 2), "f4, f4")
    with pytest.raises(DtypeError, match=r"^`x` must hold real numbers .* Use one field, x\["):
        upsample(records)
    records[0, 0] = np.ma.masked
    with pytest.raises(ArgumentError, match=r"Received: 1 masked of 4 cells"):
        upsample(records)


def test_masked_chunks_are_refused_with_a_remedy_that_keeps_them_apart() -> None:
    with pytest.raises(DtypeError, match=r"Received: MaskedArray\. Use dask\.array\.ma\.filled\("):
        upsample(da.ma.masked_equal(da.ones((4, 4)), 1))
    # Of a kind that the array did not say.
    told: Any = da.ones((2, 2), chunks=2).map_blocks(lambda _: MASKED, meta=np.empty((0, 0)))
    with pytest.raises(ArgumentError, match=r"must have a number in each cell"):
        da.compute(upsample(told, 2, "bilinear"), scheduler="sync")


@in_one_test("mode", ["P", "PA", "HSV", "LAB"])
def test_an_image_whose_numbers_are_no_amounts_is_refused(mode: str) -> None:
    image = Image.new(mode, (2, 2))
    for x in (image, [image]):
        for take in ("upsample", "conv2d", "layer"):
            with pytest.raises(
                ArgumentError,
                match=rf"`(x|inputs)` must have amounts as .* a Pillow image of mode {mode}\. "
                r"Use (x|inputs)\.convert\('RGB'\)",
            ):
                TAKERS[take](x)


@in_one_test(
    "mode", ["1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "RGB", "RGBA", "RGBa", "CMYK"]
)
def test_an_image_whose_numbers_are_amounts_is_taken_as_these(mode: str) -> None:
    image = Image.new(mode, (4, 3), 1 if len(mode) == 1 or mode[1] == ";" else None)
    expected = upsample(np.asarray(image), 2, "bilinear")
    np.testing.assert_array_equal(upsample(image, 2, "bilinear"), expected, strict=True)


@in_one_test(
    ("x", "message"),
    [
        (np.ones((2, 2), complex), r"dtype complex128\. Use abs\(x\), x\.real or x\.imag\.$"),
        (np.array([["1"]]), r"dtype <U1\. Use numpy\.asarray\(x, float\)\.$"),
        ([[b"1"]], r"dtype \|S1\. Use numpy\.asarray\(x, float\)\.$"),
        (np.zeros((2, 2), "M8[s]"), r"dtype datetime64\[s\]\. Use x\.astype\('int64'\)\.$"),
        (np.zeros((2, 2), "m8[s]"), r"dtype timedelta64\[s\]\. Use x\.astype\('int64'\)\.$"),
        (np.ones((2, 2), object), r"dtype object\. Use numpy\.asarray\(x, float\), or x\.toarray"),
        ([[10**400, 1.0]], r"dtype object\. Use numpy\.asarray"),
        (None, r"dtype object\. Use"),
        (iter([1, 2]), r"dtype object\. Use"),
        (np.zeros((2, 2), [("r", "u1")]), r"dtype \[\('r', 'u1'\)\]\. Use one field, x\['NAME'\]"),
        (np.zeros((2, 2), "V3"), r"dtype \|V3\.$"),
    ],
)
def test_what_holds_no_real_numbers_is_refused_with_a_remedy(x: object, message: str) -> None:
    with pytest.raises(DtypeError, match=r"^`x` must hold real numbers \(.*Received: " + message):
        upsample(x)


@in_one_test(
    "error",
    [
        RuntimeError("Can't call numpy() on Tensor that requires grad."),
        TypeError("Got unsupported ScalarType BFloat16"),
        NotImplementedError("Cannot convert a symbolic tensor"),
        ValueError("no"),
        OverflowError("too large"),
    ],
)
@in_one_test("take", TAKERS.values())
def test_an_object_that_gives_no_array_is_refused_in_its_words(
    take: Callable[[Any], Any], error: Exception
) -> None:
    with pytest.raises(
        DtypeError, match=r"must be an array, or what NumPy makes one of\."
    ) as found:
        take(Holder(error))
    assert f"an object of the class Holder: {str(error).rstrip('.')}. Make" in str(found.value)


def test_an_object_is_asked_for_its_array_once() -> None:
    class Counting(Holder):
        asked = 0

        def __array__(self, dtype: object = None, copy: object = None) -> Array:
            self.asked += 1
            return super().__array__(dtype, copy)

    x = Counting(np.ones((2, 2)))
    plain_array(x, "x")
    assert x.asked == 1


def test_a_list_that_holds_itself_is_refused() -> None:
    x: list[Any] = []
    x.append(x)
    with pytest.raises(ShapeError, match=r"^`x` must be a rectangular array"):
        upsample(x)


def test_numbers_of_types_that_numpy_has_not_are_refused_by_name() -> None:
    # NumPy's own tests register a type, as the libraries do that have bfloat16 and float8.
    home = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    rational = import_module(f"{home}._rational_tests").rational
    for take in TAKERS.values():
        with pytest.raises(
            DtypeError,
            match=r"must hold numbers of a type that NumPy has itself\. "
            r"Received: dtype rational\. Use \w+\.astype\('float32'\)\.$",
        ):
            take(np.ones((2, 2), int).astype(rational))


# --- what is taken as it is


def test_every_view_of_numbers_is_taken() -> None:
    x = np.random.default_rng(0).integers(0, 255, (30, 40)).astype(np.uint8)
    expected = upsample(x, 3, "bicubic")
    frozen = x.copy()
    frozen.flags.writeable = False
    room = np.zeros((60, 80, 2), np.uint8)
    room[::-2, ::2, 1] = x
    for view in (frozen, np.asfortranarray(x), room[::-2, ::2, 1], x.data):
        np.testing.assert_array_equal(upsample(view, 3, "bicubic"), expected)
    np.testing.assert_array_equal(upsample(Holder(x), 3, "bicubic"), expected, strict=True)
    ends = np.broadcast_to(x[:1], x.shape)
    np.testing.assert_array_equal(upsample(ends, 2), upsample(ends.copy(), 2), strict=True)
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(x)
    assert type(upsample(matrix, 2)) is np.ndarray
    assert plain_array(x, "x") is x


@in_one_test("x", [np.float64(3), 3, np.ones((2, 0)), np.ones(3)])
def test_what_is_no_image_is_refused(x: object) -> None:
    with pytest.raises(UpsampError, match=r"^`x` must (have rank|not be empty)"):
        upsample(x)
