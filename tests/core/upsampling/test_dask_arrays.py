"""Dask's arrays: chunk by chunk, the same numbers as of the whole NumPy array, and lazily."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
from dask.array.utils import assert_eq
from dask.base import tokenize
from effort import one_of_each, sample
from numpy.typing import NDArray
from resize_definition import KERNELS

from upsamp import resize, upsample
from upsamp.core.upsampling import dispatch
from upsamp.errors import ArgumentError, DtypeError, ShapeError

METHODS = [
    *((method, convention) for method in ("nearest", "area") for convention in ("keras", "torch")),
    *KERNELS,
]
# Of every other chunk each output reads pixels that lie in the chunks beside it, or beyond them.
ROWS, COLUMNS = (1, 1, 7, 2, 9), (5, 1, 12, 3)
SHAPE = (sum(ROWS), sum(COLUMNS))


@pytest.fixture(autouse=True)
def _in_this_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Small images are else plain sums, which no chunk could round otherwise.
    monkeypatch.setattr(dispatch, "LITTLE", 0)
    with dask.config.set(scheduler="sync"):
        yield


def numbers(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return random numbers of a byte, or from -1 to 1."""
    generator = np.random.default_rng(3)
    if np.dtype(dtype).kind == "f":
        return generator.uniform(-1, 1, shape).astype(dtype)
    if dtype == "bool":
        return generator.random(shape) < 0.5
    return generator.integers(0, 256, shape, np.uint8).astype(dtype)


def check(lazy: Any, expected: NDArray[Any]) -> None:
    """Assert that a lazy array is what it declares to be, and has the numbers that it should."""
    assert isinstance(lazy, da.Array)
    assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
    assert type(lazy._meta) is np.ndarray
    actual = lazy.compute()
    assert_eq(lazy, actual)  # its chunks are as large as it says, and of that type
    if expected.dtype.kind == "f" and expected.itemsize < 8:
        rounding = 1e-6 if expected.itemsize == 4 else 2e-3
        np.testing.assert_allclose(actual, expected, rtol=rounding, atol=rounding)
    else:
        np.testing.assert_array_equal(actual, expected, strict=True)


@pytest.mark.parametrize(
    ("method", "dtype"), sample(product(METHODS, ("uint8", "float32", "float64")), 7), ids=str
)
def test_every_method_by_whole_factors_and_to_any_size(method: tuple[str, str], dtype: str) -> None:
    x = numbers((*SHAPE, 3), dtype)
    lazy = da.from_array(x, chunks=(ROWS, COLUMNS, 3))
    name, convention = method
    made: Any = upsample(lazy, (3, 2), name, convention=convention)
    assert made.chunks == (tuple(3 * n for n in ROWS), tuple(2 * n for n in COLUMNS), (3,))
    check(made, upsample(x, (3, 2), name, convention=convention))
    check(
        resize(lazy, (31, 40), name, convention=convention),
        resize(x, (31, 40), name, convention=convention),
    )


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_aligned_corners(method: str) -> None:
    x = numbers(SHAPE, "float64")
    lazy = da.from_array(x, chunks=(ROWS, COLUMNS))
    for size in ((40, 63), (41, 42)):
        made = resize(lazy, size, method, convention="torch", align_corners=True)
        check(made, resize(x, size, method, convention="torch", align_corners=True))


CHUNKED: list[tuple[tuple[int, ...], Any, str]] = [
    (SHAPE, (ROWS, COLUMNS), "channels_last"),
    ((*SHAPE, 4), (ROWS, COLUMNS, (1, 3)), "channels_last"),
    ((3, *SHAPE, 2), ((1, 2), 20, COLUMNS, (1, 1)), "channels_last"),
    ((4, *SHAPE), ((3, 1), ROWS, 21), "channels_first"),
    ((3, 2, *SHAPE), ((2, 1), (1, 1), ROWS, COLUMNS), "channels_first"),
]


@pytest.mark.parametrize(
    ("dtype", "chunked"),
    sample(product(("bool", "int8", "uint16", "int64", "float16", "float32"), CHUNKED), 7),
    ids=str,
)
def test_chunks_along_any_axis(chunked: tuple[tuple[int, ...], Any, str], dtype: str) -> None:
    shape, chunks, layout = chunked
    x = numbers(shape, dtype)
    made: Any = upsample(da.from_array(x, chunks=chunks), (2, 3), "bicubic", layout)
    check(made, upsample(x, (2, 3), "bicubic", layout))


@pytest.mark.parametrize(
    ("layout", "dtype"), one_of_each(["channels_last", "channels_first"], ["uint8", "float32"])
)
def test_alpha_has_all_channels_in_one_chunk(layout: str, dtype: str) -> None:
    x = numbers((2, *SHAPE, 4), dtype)
    x[..., 3] *= numbers((2, *SHAPE), "bool")  # and some are wholly transparent
    axis = 3
    if layout == "channels_first":
        x, axis = np.moveaxis(x, 3, 1), 1
    lazy = da.from_array(x, chunks=3)
    made: Any = upsample(lazy, 2, "lanczos3", layout, alpha=True)
    assert made.chunks[axis] == (4,)
    check(made, upsample(x, 2, "lanczos3", layout, alpha=True))


def test_empty_chunks_of_rows_and_columns_are_left_out() -> None:
    x = numbers((5, 6, 2), "uint8")
    lazy = da.from_array(x, chunks=((0, 2, 0, 3), (6, 0), (2, 0)))
    made: Any = upsample(lazy, 2, "bicubic")
    assert made.chunks[:2] == ((4, 6), (12,))
    check(made, upsample(x, 2, "bicubic"))


def test_a_nan_reaches_what_reads_it_alone() -> None:
    x = numbers(SHAPE, "float32")
    x[8, 5] = np.nan
    made: Any = upsample(da.from_array(x, chunks=(ROWS, COLUMNS)), 3, "lanczos3")
    expected = upsample(x, 3, "lanczos3")
    np.testing.assert_array_equal(np.isnan(made.compute()), np.isnan(expected))


class Watched:
    """An array that keeps which rows were asked for."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array, self.asked = array, set[int]()
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, key: tuple[slice, ...]) -> NDArray[Any]:
        self.asked.update(range(*key[0].indices(self.shape[0])))
        return self.array[key]


@pytest.mark.parametrize(
    ("method", "first", "last"), [("nearest", 8, 12), ("bilinear", 7, 13), ("lanczos3", 5, 15)]
)
def test_nothing_is_computed_before_it_is_asked_for_and_then_what_is_read_alone(
    method: str, first: int, last: int
) -> None:
    source = Watched(numbers((32, 4), "float64"))
    lazy = da.from_array(source, chunks=(1, 4), asarray=False, meta=np.empty((0, 0)))
    made: Any = upsample(lazy, 2, method)
    assert source.asked == set()
    made[16:24].compute()
    assert source.asked == set(range(first, last))


def test_the_same_call_has_the_same_name_and_another_one_another() -> None:
    lazy = da.from_array(numbers(SHAPE, "uint8"), chunks=9)
    names = [tokenize(upsample(lazy, 2, method)) for method in ("bicubic", "bicubic", "bilinear")]
    assert names[0] == names[1] != names[2]


def test_what_cannot_be_made_lazily_is_refused() -> None:
    x = numbers((8, 8, 3), "uint8")
    lazy = da.from_array(x, chunks=4)
    with pytest.raises(ArgumentError, match=r"`out` must be left out where `x` is a Dask array"):
        upsample(lazy, 2, out=np.empty((16, 16, 3), np.uint8))
    with pytest.raises(ShapeError, match=r"must have chunks of known sizes.*compute_chunk_sizes"):
        upsample(lazy[lazy[:, 0, 0] > 100], 2)
    with pytest.raises(DtypeError, match=r"chunks that are NumPy arrays\. Received: MaskedArray"):
        upsample(da.ma.masked_equal(lazy, 0), 2)
    with pytest.raises(DtypeError, match=r"`x` must hold real numbers.*complex128"):
        upsample(lazy.astype("complex128"), 2)
    with pytest.raises(ShapeError, match=r"`x` must have rank 2, 3 or 4"):
        upsample(lazy[0, 0], 2)
    with pytest.raises(ShapeError, match=r"`x` must not be empty"):
        upsample(lazy[:0], 2)
    with pytest.raises(ShapeError, match=r"`alpha=True` needs colour"):
        upsample(lazy[..., :1], 2, alpha=True)
    with pytest.raises(ArgumentError, match=r"`size` must not be below the size of `x`"):
        resize(lazy, (8, 7))
