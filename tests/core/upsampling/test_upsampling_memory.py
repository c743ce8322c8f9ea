"""Upsampling takes little memory besides its output; what it cuts into pieces stays equal."""

import gc
import json
import math
import tracemalloc
from collections import Counter
from itertools import cycle, product
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test, one_of_each
from measured_memory import can_measure, extra_memory
from numpy.typing import NDArray
from resize_definition import KERNELS

from upsamp import resize, upsample
from upsamp.core.upsampling import reference, taps
from upsamp.core.upsampling.interpolation import AxisPlan, Gather, plan_axis
from upsamp.core.upsampling.methods import Kernel, kernel_of
from upsamp.core.upsampling.taps import taps_of

ROOM = 32 * 2**20


def bytes_of(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return random numbers of a byte in any type."""
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8).astype(dtype)


LONG_SIDES = [
    ((16, 60000, 3), "float64", "bicubic", False),
    ((16, 60000, 4), "uint8", "bilinear", True),
    ((16, 60000, 3), "float64", "nearest", False),
    ((4, 200000, 1), "uint16", "lanczos5", False),
    ((2, 250000, 1), "uint8", "lanczos5", False),
    ((8, 120000, 1), "float32", "bilinear", False),
    ((60000, 16, 3), "float64", "lanczos3", False),
    ((700, 20, 200), "float64", "bicubic", False),
]


@pytest.mark.parametrize(
    ("case", "size"), one_of_each(LONG_SIDES, [(2, 2), "one and a half"]), ids=str
)
def test_memory_besides_the_output_does_not_grow_with_the_image(
    case: tuple[tuple[int, ...], str, str, bool], size: Any
) -> None:
    shape, dtype, interpolation, alpha = case
    x = bytes_of(shape, dtype)
    tracemalloc.start()
    try:
        if size == (2, 2):
            output = upsample(x, size, interpolation, alpha=alpha)
        else:
            wanted = shape[0] * 3 // 2, shape[1] * 3 // 2
            output = resize(x, wanted, interpolation, alpha=alpha)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - output.nbytes < ROOM


# Inputs whose result has 16 million elements or so, by how their axes are.
SHAPES: dict[str, tuple[int, ...]] = {
    "rank 2": (2000, 2000),
    "rank 3": (1200, 1100, 3),
    "rank 4": (3, 700, 640, 3),
    "one row": (1, 4000000),
    "one column": (4000000, 1),
    "wide": (20, 60000, 3),
    "tall": (60000, 20, 3),
    "many channels": (60, 40, 1600),
    "many images": (12000, 18, 18, 1),
}


def measured(
    name: str, dtype: str, method: str, threads: int, alpha: bool, out: bool
) -> dict[str, Any]:
    """Return a case of `extra_memory`."""
    shape = SHAPES[name]
    rows = 0 if len(shape) == 2 else len(shape) - 3
    size = (1, 4) if name == "one row" else (4, 1) if name == "one column" else (2, 2)
    result = [*shape]
    result[rows], result[rows + 1] = shape[rows] * size[0], shape[rows + 1] * size[1]
    return {
        "function": "upsample",
        "shape": shape,
        "dtype": dtype,
        "values": [size, method],
        "arguments": {"alpha": True} if alpha and len(shape) > 2 and shape[-1] > 1 else {},
        "threads": threads,
        "out": result if out else None,
    }


def odd(shape: tuple[int, ...], size: tuple[int, int], dtype: str, method: str) -> dict[str, Any]:
    """Return a case of a size that is no simple fraction of the input's, by two threads."""
    values = [size, method]
    return {"function": "resize", "shape": shape, "dtype": dtype, "values": values, "threads": 2}


METHODS = ["nearest", "bilinear", "bicubic", "lanczos5", "area"]
DTYPES = ["uint8", "float32", "float64", "uint16", "int64", "int32", "float16"]
# One of each: they go round at different speeds.
TURNS = (cycle(each) for each in (DTYPES, METHODS, [1, 2, 8], [True, False], [False]))
FEW = [
    *(measured(*turn) for turn in zip(SHAPES, *TURNS, strict=False)),
    measured("rank 2", "float32", "nearest", 2, alpha=False, out=True),
    measured("one row", "float32", "nearest", 2, alpha=False, out=True),
    measured("one row", "uint8", "bilinear", 2, alpha=False, out=False),
    measured("one column", "uint16", "bilinear", 8, alpha=False, out=True),
    measured("rank 3", "uint8", "lanczos5", 8, alpha=False, out=False),
    odd((2, 200000), (3, 200001), "uint8", "bilinear"),
    odd((200000, 2), (200001, 3), "float32", "bilinear"),
    odd((1, 150000), (1, 299999), "float64", "lanczos5"),
    odd((100000, 1), (199999, 1), "float32", "lanczos5"),
]
ALL = [
    measured(*case)
    for case in product(SHAPES, DTYPES, METHODS, [1, 2, 8], [False, True], [False, True])
]
LARGE = [odd((4000, 6000, 3), (4001, 6001), "uint8", method) for method in METHODS[1:4]]


CASES = choose(FEW[::3], [*FEW, *ALL[::61], *LARGE])
# How many are measured by one process: large ones take seconds.
TOGETHER = choose(len(CASES), 1)


@pytest.mark.skipif(not can_measure(), reason="the system does not tell the memory of a call")
@pytest.mark.parametrize("start", range(0, len(CASES), TOGETHER))
def test_a_call_takes_at_most_32_mb_by_the_account_of_the_system(start: int) -> None:
    some = CASES[start : start + TOGETHER]
    taken = extra_memory(some)
    assert len(taken) == len(some)
    over = {json.dumps(case): size for case, size in zip(some, taken, strict=True) if size > 32}
    assert over == {}


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("factors", [(2, 3), (40, 1)])
def test_plain_sums_are_the_same_in_any_tiles(
    factors: tuple[int, int], alpha: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = bytes_of((2, 7, 11, 3), "float64")
    whole = upsample(x, factors, "bicubic", alpha=alpha)
    for elements in (2**6, 2**10):
        monkeypatch.setattr(reference, "STRIP_ELEMENTS", elements)
        tiled = upsample(x, factors, "bicubic", alpha=alpha)
        np.testing.assert_array_equal(tiled, whole, strict=True)


@pytest.mark.parametrize(("length", "target"), [(40, 80), (40, 120), (40, 60), (41, 97), (6, 12)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos5"])
def test_one_period_of_taps_stands_for_all(
    length: int, target: int, interpolation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_axis(length, target, interpolation)
    outputs = np.random.default_rng(2).permutation(target)
    taps_of.cache_clear()
    whole = taps_of(plan)
    monkeypatch.setattr(taps, "LONG", 0)
    taps_of.cache_clear()
    inputs, weights = taps_of(plan).at(outputs)
    taps_of.cache_clear()
    assert len(whole.inputs) == target
    np.testing.assert_array_equal(weights, whole.weights[outputs])
    used = weights != 0
    np.testing.assert_array_equal(inputs[used], whole.inputs[outputs][used])


def test_few_plans_are_kept_of_many_sizes() -> None:
    for step, dtype in zip(range(160), cycle(("uint8", "int64", "float32")), strict=False):
        resize(np.zeros((2, 70 + step, 40), dtype), (3, 71 + step), "bilinear")
    gc.collect()
    plans = [one for one in gc.get_objects() if isinstance(one, AxisPlan)]
    # Those with a table of their own: each of a long axis takes a megabyte.
    tables = [one for one in plans if any(isinstance(piece, Gather) for piece in one.pieces)]
    assert 0 < len(tables) <= 128


@in_one_test(("interpolation", "convention"), KERNELS)
@in_one_test("length", [1000, 10**6])
def test_weights_of_many_phases_are_those_of_exact_fractions(
    length: int, convention: Any, interpolation: Any
) -> None:
    target = 3 * length + 1
    outputs = [0, 1, 2, target // 7, target // 3, target // 2, target - 2, target - 1]
    taps = taps_of(plan_axis(length, target, interpolation, convention))
    inputs, weights = taps.at(np.array(outputs))
    _, shares = taps.shares_at(np.array(outputs))
    for row, output in enumerate(outputs):
        expected = exact_shares(length, target, output, kernel_of(interpolation, convention))
        if convention == "keras":
            expected = {tap: share for tap, share in expected.items() if 0 <= tap < length}
        read: Counter[int] = Counter()
        for tap, share in expected.items():
            read[min(max(tap, 0), length - 1)] += share
        total, common = sum(read.values()), math.gcd(*read.values())
        used = weights[row] != 0
        assert inputs[row][used].tolist() == [*read]
        assert shares[row][used].tolist() == [share // common for share in read.values()]
        assert weights[row][used].tolist() == [share / total for share in read.values()]


def exact_shares(length: int, target: int, output: int, kernel: Kernel) -> dict[int, int]:
    """Return the shares of an output on an axis without ends, by Python's integers."""
    top, bottom = (2 * output + 1) * length - target, 2 * target
    near = range(top // bottom - 6, top // bottom + 7)
    inside = [tap for tap in near if abs(top - tap * bottom) < kernel.support * bottom]
    shares = {tap: kernel.weight(abs(top - tap * bottom), bottom) for tap in inside}
    return {tap: share for tap, share in shares.items() if share}
