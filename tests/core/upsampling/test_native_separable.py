"""Interpolation by native kernels: to the bit what NumPy's plain sums are, on any processor."""

from typing import Any

import numpy as np
import pytest
from core.native.native_kernels import instruction_sets, needs_kernels
from effort import choose, in_one_test, is_exhaustive
from numpy.typing import NDArray
from resize_definition import KERNELS

from upsamp import resize, upsample
from upsamp.core.native.library import VARIABLE, Kernels
from upsamp.core.upsampling import separable, separable_plan
from upsamp.core.upsampling.interpolation import AxisPlan, plan_axis
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.reference import interpolate_images
from upsamp.core.upsampling.separable import interpolate_separably, kernels_for

Array = NDArray[Any]
Plans = tuple[AxisPlan, AxisPlan]
Rule = tuple[Any, Any, bool]

pytestmark = needs_kernels

RULES: list[Rule] = [
    *((method, convention, False) for method, convention in KERNELS),
    *((method, "torch", True) for method, convention in KERNELS if convention == "torch"),
    ("area", "keras", False),
    ("area", "torch", False),
]
DTYPES = ["uint8", "uint16", "float32", "float64"]


@pytest.fixture(autouse=True)
def _with_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the kernels here, also where all other tests run without them."""
    monkeypatch.delenv(VARIABLE, raising=False)


each_set = pytest.mark.parametrize(
    "library", instruction_sets(), ids=lambda kernels: kernels.instruction_set
)


def image(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return few values, of which sums are often halves, or any of an integer type, or numbers."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return generator.normal(size=shape).astype(kind)
    high = int(np.iinfo(kind).max)
    few = np.array([0, 1, 2, high - 1, high], kind)
    some = generator.choice(few, shape), generator.integers(0, high, shape, kind, endpoint=True)
    return some[int(generator.integers(2))]


def plans_of(x: Array, size: tuple[int, int], rule: Rule) -> Plans:
    """Return the plans of both axes of (N, H, W, C)."""
    method, convention, corners = rule
    rows, columns = (
        plan_axis(length, target, method, convention, align_corners=corners)
        for length, target in zip(x.shape[1:3], size, strict=True)
    )
    return rows, columns


def plain(x: Array, size: tuple[int, int], plans: Plans) -> Array:
    """Resize (N, H, W, C) by plain sums."""
    output = np.empty((len(x), *size, x.shape[3]), x.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        interpolate_images(x, output, plans, slice(0, size[0]), slice(0, size[1]))
    return output


def native(x: Array, size: tuple[int, int], plans: Plans, library: Kernels) -> Array:
    """Resize (N, H, W, C) by kernels, into memory that tells what has not been written."""
    assert kernels_for(plans, x.dtype)
    output = np.full((len(x), *size, x.shape[3]), 77, x.dtype)
    interpolate_separably(x, output, plans, library, threads=1)
    return output


def check(library: Kernels, x: Array, size: tuple[int, int], rule: Rule) -> None:
    """Assert that kernels make the very bits of plain sums."""
    plans = plans_of(x, size, rule)
    actual, expected = native(x, size, plans, library), plain(x, size, plans)
    message = f"{rule} {x.dtype} {x.shape} to {size}"
    np.testing.assert_array_equal(actual, expected, message, strict=True)


@each_set
@in_one_test("rule", RULES)
def test_small_images_are_those_of_plain_sums(library: Kernels, rule: Rule) -> None:
    generator = np.random.default_rng(7)
    shapes = [(height, width) for height in range(1, 10) for width in range(1, 10)]
    for number, (height, width) in enumerate(shapes):
        if not is_exhaustive() and number % 29 != RULES.index(rule) % 29:
            continue
        rows, columns = (int(factor) for factor in generator.integers(1, 9, 2))
        more = generator.integers(0, 30, 2)
        for dtype in DTYPES:
            for channels in choose([int(generator.integers(1, 6))], range(1, 6)):
                x = image(generator, (2, height, width, channels), dtype)
                for size in [
                    (height * rows, width * columns),
                    (height + int(more[0]), width + int(more[1])),
                ]:
                    check(library, x, size, rule)


@each_set
@pytest.mark.parametrize("dtype", DTYPES)
def test_wide_images_are_those_of_plain_sums(library: Kernels, dtype: str) -> None:
    # Around the lengths of vectors, by each factor and by fractions of few and of many phases.
    generator = np.random.default_rng(8)
    for number in range(choose(16, 900)):
        rule = RULES[number % len(RULES)]
        channels = int(generator.integers(1, 6))
        height, width = int(generator.integers(2, 12)), int(generator.integers(2, 90))
        top, bottom = [(2, 1), (3, 1), (4, 1), (3, 2), (5, 3), (7, 1), (8, 1), (131, 67)][
            int(generator.integers(8))
        ]
        x = image(generator, (1, height, width, channels), dtype)
        check(library, x, (height * 2, width * top // bottom), rule)
        check(library, x, (height * top // bottom, width * 3), rule)


@each_set
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_result_is_the_same_wherever_its_rows_begin(
    library: Kernels, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results that are written past the caches have the bits of others, and nothing beside them."""
    monkeypatch.setattr(separable, "STREAMED_BYTES", 0)
    generator = np.random.default_rng(14)
    for number in range(choose(12, 400)):
        channels, begin = int(generator.integers(1, 4)), int(generator.integers(0, 20))
        x = image(generator, (1, 3, int(generator.integers(1, 700)), channels), dtype)
        size = 6, x.shape[2] * 2
        plans = plans_of(x, size, RULES[number % len(RULES)])
        expected = plain(x, size, plans)
        memory = np.full(expected.size + 40, 77, dtype)
        output = memory[begin : begin + expected.size].reshape(expected.shape)
        interpolate_separably(x, output, plans, library, threads=1)
        np.testing.assert_array_equal(output, expected, strict=True)
        np.testing.assert_array_equal(memory[:begin], 77)
        np.testing.assert_array_equal(memory[begin + expected.size :], 77)


@each_set
def test_outputs_that_are_copies_may_lie_beside_any_fractions(library: Kernels) -> None:
    generator = np.random.default_rng(13)
    for dtype in ("uint8", "uint16"):
        check(library, image(generator, (1, 2, 40, 1), dtype), (71, 40), ("bicubic", "torch", True))
        check(library, image(generator, (1, 40, 2, 1), dtype), (40, 71), ("bicubic", "torch", True))


@each_set
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_finite_reaches_only_what_depends_on_it(library: Kernels, dtype: str) -> None:
    generator = np.random.default_rng(9)
    largest = np.finfo(dtype).max
    for number in range(choose(32, 400)):
        rule = RULES[number % len(RULES)]
        shape = 1, int(generator.integers(1, 20)), int(generator.integers(1, 20)), 3
        x = image(generator, shape, dtype)
        few = np.array([np.nan, np.inf, -np.inf, largest, -largest, -0.0], dtype)
        x = np.where(generator.random(shape) < 0.05, generator.choice(few, shape), x)
        factor = int(generator.integers(1, 5))
        check(library, x, (shape[1] * factor, shape[2] * 2), rule)
        check(library, x, (shape[1] + 3, shape[2] * 5 // 3), rule)


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_and_threads_make_the_same_bits(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separable, "THREAD_ELEMENTS", 0)
    generator = np.random.default_rng(10)
    for rule in RULES[:: choose(3, 1)]:
        x = image(generator, (3, 31, 37, 3), dtype)
        for size in ((93, 74), (47, 61)):
            options = {"convention": rule[1], "align_corners": rule[2]}
            monkeypatch.setattr(separable, "RING", 2**20)
            monkeypatch.setenv("UPSAMP_THREADS", "1")
            expected = resize(x, size, rule[0], **options)
            monkeypatch.setenv("UPSAMP_THREADS", "3")
            np.testing.assert_array_equal(resize(x, size, rule[0], **options), expected)
            monkeypatch.setattr(separable, "RING", 2**11)
            np.testing.assert_array_equal(resize(x, size, rule[0], **options), expected)
            turned = np.ascontiguousarray(np.moveaxis(x, 3, 1))
            first = resize(turned, size, rule[0], data_format="channels_first", **options)
            np.testing.assert_array_equal(np.moveaxis(first, 1, 3), expected)


def test_arrays_of_any_order_are_read_and_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separable, "APART", 2**10)
    generator = np.random.default_rng(11)
    x = image(generator, (2, 40, 41, 3), "uint16")
    expected = resize(x, (80, 123), "bicubic")
    odd = np.frombuffer(b"\0" + x.tobytes(), np.uint16, offset=1).reshape(x.shape)
    assert not odd.flags.aligned
    for other in (
        odd,
        np.asfortranarray(x),
        np.repeat(x, 2, axis=2)[:, :, ::2],
        np.repeat(x, 2, axis=1)[:, ::2],
        x[:, ::-1].copy()[:, ::-1],
        x[:, :, ::-1].copy()[:, :, ::-1],
        x[..., ::-1].copy()[..., ::-1],
        x.astype(">u2"),
    ):
        np.testing.assert_array_equal(resize(other, (80, 123), "bicubic"), expected)
    for out in (
        np.empty((2, 80, 123, 6), np.uint16)[..., ::2],
        np.empty((2, 160, 123, 3), np.uint16)[:, ::-2],
        np.asfortranarray(expected)[::-1],
    ):
        out[...] = 0
        resize(x, (80, 123), "bicubic", out=out)
        np.testing.assert_array_equal(out, expected)


@each_set
def test_a_list_of_doubts_that_is_full_is_settled_before_the_next_row(
    library: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Symmetric weights, which are no fractions, make halves of few values: no rounded sum tells it.
    settled = []
    settle = separable.Image._settle

    def note(image: separable.Image, found: Array, *place: Any) -> None:
        settled.append(len(found))
        settle(image, found, *place)

    monkeypatch.setattr(separable.Image, "_settle", note)
    monkeypatch.setattr(separable, "DOUBTS", 0)
    generator = np.random.default_rng(12)
    for dtype in ("uint8", "uint16"):
        x = generator.choice(np.array([0, 1], dtype), (1, 20, 80, 1))
        settled.clear()
        check(library, x, (30, 120), ("gaussian", "keras", False))
        assert len(settled) > 2


def test_no_method_reads_more_inputs_than_kernels_have_room_for() -> None:
    kernels = [kernel for one in METHODS.values() for kernel in one.kernels.values() if kernel]
    assert max(2 * kernel.support for kernel in kernels) <= separable_plan.MAX_TAPS


def test_many_fractions_of_a_long_axis_are_left_to_numpy() -> None:
    long, short = plan_axis(20_000, 20_001, "bilinear"), plan_axis(200, 201, "bilinear")
    assert kernels_for((long, short), np.dtype("uint8")) is None
    assert kernels_for((short, short), np.dtype("int8")) is None
    assert kernels_for((short, short), np.dtype(">f4")) is None
    np.testing.assert_array_equal(
        upsample(np.eye(100, dtype=">f4"), 2, "bilinear"),
        upsample(np.eye(100, dtype="f4"), 2, "bilinear"),
    )
