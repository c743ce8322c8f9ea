"""Strips of a result have the very bits of the whole, however they are cut."""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from resize_definition import KERNELS

from upsamp import resize
from upsamp.core.upsampling import block_matrices, dispatch, nearest
from upsamp.core.upsampling.dispatch import row_borders
from upsamp.core.upsampling.request import Whole, normalize_rule
from upsamp.core.upsampling.strips import StripError, Strips, as_images
from upsamp.errors import MemoryLimitError

Array = NDArray[Any]

METHODS = [
    *((method, convention) for method in ("nearest", "area") for convention in ("keras", "torch")),
    *KERNELS,
]
every_method = pytest.mark.parametrize("method", METHODS, ids=" ".join)
DTYPES = ["uint8", "int16", "uint32", "int64", "bool", "float16", "float32", "float64"]


@pytest.fixture
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small images be cut into as many pieces as large ones are."""
    monkeypatch.setattr(dispatch, "LITTLE", 0)
    monkeypatch.setattr(nearest, "SMALL_BYTES", 0)
    monkeypatch.setattr(nearest, "STRIP_BYTES", 2**8)
    monkeypatch.setattr(block_matrices, "BLOCK_ROWS_NARROW", 4)
    monkeypatch.setattr(block_matrices, "TILE_BYTES", 2**9)
    monkeypatch.setattr(block_matrices, "TILE_WIDTH", 2**5)
    block_matrices.column_parts.cache_clear()
    block_matrices.row_bands.cache_clear()
    yield
    block_matrices.column_parts.cache_clear()
    block_matrices.row_bands.cache_clear()


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 5) -> Array:
    """Return random numbers over the whole range of a type, or from -10 to 10."""
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return generator.uniform(-10, 10, shape).astype(dtype)
    if dtype == "bool":
        return generator.random(shape) < 0.5
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def whole_of(
    x: Array,
    size: tuple[int, int],
    method: tuple[str, str],
    *,
    align_corners: bool = False,
    alpha: bool = False,
) -> Whole:
    """Return what is to be made of images (N, H, W, C)."""
    rule = normalize_rule(*method, align_corners=align_corners, alpha=alpha)
    return Whole(x.shape, size, x.dtype, rule)


def check(x: Array, size: tuple[int, int], method: tuple[str, str], **options: Any) -> int:
    """Assert that strips of some heights are the bits of the whole; give the most strips."""
    whole = whole_of(x, size, method, **options)
    expected = resize(x, size, method[0], convention=method[1], **options)
    lengths = [0]
    for share in (1, 3, 30):
        strips = Strips(whole, 2**40, wanted=(x.nbytes + expected.nbytes) // share)
        made = b"".join(
            strip.tobytes() for strip in strips.make(lambda images, rows: x[images, rows])
        )
        assert made == expected.tobytes(), (method, x.dtype, x.shape, size, share)
        lengths.append(len(strips))
        assert sum(strip.size[0] * strip.size[1] for strip in strips) == len(x) * size[0]
    assert lengths[1] == 1
    return max(lengths)


@pytest.mark.usefixtures("_small_tiles")
@in_one_test(("method", "dtype"), sample(product(METHODS, DTYPES), 5))
def test_strips_are_the_bits_of_the_whole(method: tuple[str, str], dtype: str) -> None:
    x = numbers((1, 40, 9, 3), dtype)
    # In turn, so that each method and each type meets several sizes.
    turn = (METHODS.index(method) + DTYPES.index(dtype)) % 4
    for size in ((120, 18), (40, 9), (101, 14), (160, 36))[choose(turn, 0) :: choose(4, 1)]:
        assert check(x, size, method) > 2
    if turn in choose((0, 2), range(4)):
        assert check(numbers((2, 40, 5, 4), dtype), (80, 15), method, alpha=True) > 2


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_strips_with_aligned_corners(method: str, dtype: str) -> None:
    x = numbers((1, 40, 21, 3), dtype)
    for size in ((120, 42), (79, 41)):
        assert check(x, size, (method, "torch"), align_corners=True) > 2


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("method", ["nearest", "bilinear", "lanczos3"])
def test_strips_of_a_large_image(method: str, dtype: str) -> None:
    assert check(numbers((1, 500, 300, 3), dtype), (2000, 1200), (method, "keras")) > 2


@pytest.mark.parametrize("dtype", ["uint16", "float32", "float64"])
def test_strips_of_a_batch_are_whole_images_while_these_fit(dtype: str) -> None:
    x = numbers((300, 9, 8, 2), dtype)
    assert check(x, (36, 24), ("bicubic", "keras")) > 2
    strips = Strips(whole_of(x, (36, 24), ("bicubic", "keras")), 300 * 36 * 24 * 2 * 8)
    assert {strip.size[1] for strip in strips} == {36}


@in_one_test("shape", [(1, 8, 1, 1), (3, 8, 1, 1), (1, 8, 3, 2)])
@every_method
def test_strips_of_one_row(method: tuple[str, str], shape: tuple[int, ...]) -> None:
    assert check(numbers(shape, "float32"), (9, shape[2]), method) > 2


@settings(max_examples=choose(15, 300), deadline=None)
@given(data=st.data())
def test_strips_of_any_image(data: st.DataObject) -> None:
    sides = st.integers(1, 60)
    shape = (data.draw(st.integers(1, 3)), data.draw(sides), data.draw(sides))
    x = numbers((*shape, data.draw(st.integers(1, 7))), data.draw(st.sampled_from(DTYPES)))
    size = (
        data.draw(st.integers(shape[1], 4 * shape[1])),
        data.draw(st.integers(shape[2], 4 * shape[2])),
    )
    check(x, size, data.draw(st.sampled_from(METHODS)))


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_a_number_that_is_not_tame_changes_no_bits(bad: float) -> None:
    x = numbers((1, 60, 21, 1), "float32")
    x[0, 31, 7] = bad
    assert check(x, (120, 63), ("lanczos3", "keras")) > 2


@every_method
def test_a_strip_reads_the_rows_that_it_is_made_of_alone(method: tuple[str, str]) -> None:
    x = numbers((1, 64, 5, 1), "float64")
    whole = whole_of(x, (128, 10), method)
    strips = list(Strips(whole, 2**11))
    assert len(strips) > 3
    reach = {"lanczos3": 3, "lanczos5": 5, "nearest": 0, "area": 0}.get(method[0], 2)
    for strip in strips:
        rows = strip.place.rows
        assert strip.inputs.start >= rows.start // 2 - reach
        assert strip.inputs.stop <= -(-rows.stop // 2) + reach
    assert [strip.place.rows.start for strip in strips[1:]] == [
        strip.place.rows.stop for strip in strips[:-1]
    ]


def test_memory_is_used_again_for_each_strip() -> None:
    x = numbers((1, 64, 5, 1), "uint8")
    made = Strips(whole_of(x, (128, 10), ("bicubic", "keras")), 2**9)
    addresses = {strip.ctypes.data for strip in made.make(lambda images, rows: x[images, rows])}
    assert len(addresses) == 1


def test_strips_are_no_longer_than_is_wanted_and_no_shorter_than_they_can_be() -> None:
    x = numbers((1, 400, 300, 3), "float32")
    whole = whole_of(x, (800, 600), ("bicubic", "keras"))
    borders = row_borders(whole)
    assert len(borders) > 3
    assert len(Strips(whole, 2**30, wanted=1)) == len(borders) - 1
    largest = max(
        (stop - start) * 600 * 12 + (inputs.stop - inputs.start) * 300 * 12
        for start, stop in pairwise(borders.tolist())
        for inputs in [whole.inputs(0, slice(start, stop))]
    )
    assert len(Strips(whole, largest)) == len(borders) - 1
    with pytest.raises(MemoryLimitError, match=r"A strip of the result, of whole rows, must fit"):
        Strips(whole, largest - 1)
    with pytest.raises(StripError) as caught:
        Strips(whole, 100)
    assert caught.value.least == 600 * 12


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 3), (2, 8, 9, 3)])
def test_an_array_of_any_rank_is_images_of_the_same_bytes(shape: tuple[int, ...]) -> None:
    x = numbers(shape, "float32")
    images = x.reshape(as_images(shape, "channels_last"))
    expected = resize(x, (20, 21), "bicubic")
    assert resize(images, (20, 21), "bicubic").tobytes() == expected.tobytes()
    if len(shape) > 2:
        planes = np.ascontiguousarray(np.moveaxis(x, -1, -3))
        single = planes.reshape(as_images(planes.shape, "channels_first"))
        expected = resize(planes, (20, 21), "bicubic", data_format="channels_first")
        assert resize(single, (20, 21), "bicubic").tobytes() == expected.tobytes()
