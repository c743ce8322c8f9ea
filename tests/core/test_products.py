"""What BLAS computes in the calling thread, and products that are kept so small."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st

from upsamp.core import products
from upsamp.core.products import (
    has_wide_kernels,
    multiply,
    multiply_small,
    row_unit,
    small_product,
)
from upsamp.core.threads import SMALL_PRODUCT


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Forget what was found out, before and after a test."""
    small_product.cache_clear()
    yield
    small_product.cache_clear()


def config(found: list[str], blas: str) -> dict[str, Any]:
    """Return what NumPy tells about itself, as far as it matters."""
    return {"SIMD Extensions": {"found": found}, "Build Dependencies": {"blas": {"name": blas}}}


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(
    ("told", "core", "wide"),
    [
        (config(["AVX2", "AVX512_SKX"], "openblas64"), "", True),
        (config(["X86_V3", "X86_V4"], "scipy-openblas"), "", True),
        (config(["X86_V3", "X86_V4"], "scipy-openblas"), "SkylakeX", True),
        (config(["X86_V3", "X86_V4"], "scipy-openblas"), "Haswell", False),
        (config(["X86_V3", "AVX2"], "scipy-openblas"), "", False),
        (config(["X86_V3", "X86_V4"], "mkl"), "", False),
        ({}, "", False),
    ],
)
def test_large_products_in_one_thread_need_openblas_and_avx_512(
    told: dict[str, Any], core: str, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "show_config", lambda mode: told if mode == "dicts" else None)
    monkeypatch.setenv("OPENBLAS_CORETYPE", core)
    assert has_wide_kernels() == wide
    assert small_product() == (1_000_000 if wide else SMALL_PRODUCT)


@given(
    st.integers(1, 40),
    st.one_of(st.integers(1, 9), st.integers(10, 120)),
    st.sampled_from([1, 5, 32, 64, 70]),
    st.integers(1, 9000),
    st.booleans(),
)
def test_a_product_in_parts_is_the_product(
    rows: int, depth: int, columns: int, most: int, strided: bool
) -> None:
    random = np.random.default_rng(rows)
    left = random.integers(-9, 9, (2, rows, depth)).astype(float)
    right = random.integers(-9, 9, (depth, columns)).astype(float)
    out = np.full((2, 2 * rows, columns), 7.0)
    target = out[:, ::2] if strided else out[:, :rows]
    sizes = []

    def matmul(left: Any, right: Any, out: Any) -> None:
        sizes.append(left.shape[-2] * right.size)
        np.copyto(out, left @ right)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "small_product", lambda: most)
        patch.setattr(np, "matmul", matmul)
        multiply_small(left, right, target)
    np.testing.assert_array_equal(target, left @ right)
    assert out.sum() == target.sum() + 7 * (out.size - target.size)
    assert max(sizes) <= max(most, right.size)


def test_parts_have_the_numbers_of_rows_that_are_computed_fast() -> None:
    lengths = []

    def matmul(left: Any, right: Any, out: Any) -> None:
        lengths.append((left.shape[-2], right.shape[1]))
        out[...] = 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "small_product", lambda: 1_000_000)
        patch.setattr(np, "matmul", matmul)
        for columns in (64, 32):
            right = np.zeros((1024, columns))
            multiply_small(np.zeros((1, 50, 1024)), right, np.zeros((1, 50, columns)))
    assert lengths == [(12, 64)] * 4 + [(2, 64), (30, 32), (20, 32)]
    assert (row_unit(64), row_unit(32)) == (4, 6)


def test_a_deep_product_is_the_sum_of_some_that_have_enough_rows() -> None:
    shapes = []

    def matmul(left: Any, right: Any, out: Any) -> None:
        shapes.append((left.shape[-2], *right.shape))
        np.copyto(out, left @ right)

    random = np.random.default_rng(0)
    left, right = random.integers(-9, 9, (2, 16, 6400)), random.integers(-9, 9, (6400, 64))
    out = np.empty((2, 16, 64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "small_product", lambda: 1_000_000)
        patch.setattr(np, "matmul", matmul)
        multiply_small(left.astype(float), right.astype(float), out)
    assert shapes == [(8, 1600, 64)] * 8
    np.testing.assert_array_equal(out, left @ right)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let BLAS seem to have wide kernels, for products of some thousand multiplications."""
    monkeypatch.setattr(products, "has_wide_kernels", lambda: True)
    monkeypatch.setattr(products, "small_product", lambda: 2000)
    monkeypatch.setattr(products, "SMALL_PRODUCT", 1000)
    monkeypatch.setattr(products, "WIDE_COLUMNS", 4)
    monkeypatch.setattr(products, "COLUMN_UNIT", 2)
    monkeypatch.setattr(products, "ALONE", 5000)


@pytest.mark.usefixtures("wide")
@in_one_test("rows", [0, 1, 2, 3, 17, 64])
@in_one_test("depth", [0, 1, 7, 100, 500])
@in_one_test("columns", [1, 2, 3, 15, 64, 333])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_product_by_our_own_threads_is_the_product(
    rows: int, depth: int, columns: int, transposed: bool
) -> None:
    generator = np.random.default_rng(rows + depth + columns)
    # Whole numbers: the order of the sums makes no difference.
    left = generator.integers(-9, 10, (rows, depth)).astype(np.float32)
    right = generator.integers(-9, 10, (depth, columns)).astype(np.float32)
    factor = np.ascontiguousarray(right.T).T if transposed else right
    out = np.full((rows, columns), np.nan, np.float32)
    multiply(left, factor, out)
    np.testing.assert_array_equal(out, left @ right)


@pytest.mark.usefixtures("wide")
def test_no_product_by_our_own_threads_is_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    matmul = np.matmul

    def note(left: Any, right: Any, out: Any) -> None:
        sizes.append((left.shape[-2], left.shape[-2] * left.shape[-1] * right.shape[-1]))
        matmul(left, right, out=out)

    monkeypatch.setattr(np, "matmul", note)
    for rows, columns in ((1, 333), (40, 333), (9, 64)):
        left, right = np.ones((rows, 20), np.float32), np.ones((20, columns), np.float32)
        multiply(left, right, np.empty((rows, columns), np.float32))
    assert len(sizes) > 3
    assert max(size for _, size in sizes) <= 2000
    assert min(rows for rows, _ in sizes) > 1


def test_where_blas_has_no_wide_kernels_its_threads_multiply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(products, "has_wide_kernels", lambda: False)
    monkeypatch.setattr(products, "share", lambda *_: pytest.fail("our own threads"))
    out = np.empty((300, 300))
    multiply(np.ones((300, 300)), np.ones((300, 300)), out)
    np.testing.assert_array_equal(out, np.full((300, 300), 300.0))
