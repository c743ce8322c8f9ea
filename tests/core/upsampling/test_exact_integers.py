"""Integers are those of exact fractions, rounded half to even, on every path."""

from fractions import Fraction
from functools import cache, partial
from math import ceil, floor, lcm
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
import pytest
from effort import choose, in_one_test, sample
from numpy.typing import NDArray

from upsamp import resize, upsample
from upsamp.core.upsampling import dispatch
from upsamp.core.upsampling.request import Rule, Whole
from upsamp.core.upsampling.strips import Strips

Array = NDArray[Any]

RULES = [
    ("bilinear", "keras", False),
    ("bicubic", "keras", False),
    ("mitchellcubic", "keras", False),
    ("area", "keras", False),
    ("bilinear", "torch", False),
    ("bicubic", "torch", False),
    ("area", "torch", False),
    ("bilinear", "torch", True),
    ("bicubic", "torch", True),
]
IRRATIONAL = [("lanczos3", "keras", False), ("lanczos5", "keras", False)]
IRRATIONAL.append(("gaussian", "keras", False))
DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]


# --- the definition, in fractions


def cubic(t: Fraction, b: Fraction, c: Fraction) -> Fraction:
    """Return the cubic of Mitchell and Netravali (1988, equation 8), times 6."""
    if t < 1:
        return (12 - 9 * b - 6 * c) * t**3 + (-18 + 12 * b + 6 * c) * t**2 + (6 - 2 * b)
    if t < 2:
        return (
            (-b - 6 * c) * t**3 + (6 * b + 30 * c) * t**2 + (-12 * b - 48 * c) * t + 8 * b + 24 * c
        )
    return Fraction(0)


def weight(method: str, convention: str, t: Fraction) -> Fraction:
    """Return the weight of an input at the distance t; Keys' cubics have b = 0 and c = -a."""
    if method == "bilinear":
        return max(Fraction(0), 1 - t)
    if method == "mitchellcubic":
        return cubic(t, Fraction(1, 3), Fraction(1, 3))
    return cubic(t, Fraction(0), Fraction(1, 2) if convention == "keras" else Fraction(3, 4))


@cache
def matrix(length: int, target: int, rule: tuple[str, str, bool]) -> tuple[Array, Array]:
    """Return the weights of an axis as whole numbers (target, length), and by what to divide."""
    method, convention, corners = rule
    rows = np.zeros((target, length), object)
    totals = np.zeros(target, object)
    for i in range(target):
        weights = [Fraction(0)] * length
        if method == "area":
            begin, end = Fraction(i * length, target), Fraction((i + 1) * length, target)
            for j in range(floor(begin), ceil(end)):
                covered = min(end, Fraction(j + 1)) - max(begin, Fraction(j))
                weights[j] = covered if convention == "keras" else Fraction(1)
        else:
            place = (Fraction(2 * i + 1) * length / target - 1) / 2
            if corners:
                place = Fraction(i * (length - 1), max(1, target - 1))
            for j in range(floor(place) - 2, floor(place) + 4):
                if convention == "torch" or 0 <= j < length:
                    weights[min(max(j, 0), length - 1)] += weight(
                        method, convention, abs(place - j)
                    )
        share = lcm(*(one.denominator for one in weights))
        rows[i] = [int(one * share) for one in weights]
        totals[i] = sum(rows[i])
    return rows, totals


def rounded(tops: Array, bottoms: Array, dtype: Any) -> Array:
    """Return quotients of Python's integers, rounded half to even and cut to the type."""
    wholes, rests = tops // bottoms, 2 * (tops % bottoms)
    wholes = wholes + ((rests > bottoms) | ((rests == bottoms) & (wholes % 2 == 1)))
    kind = np.dtype(dtype)
    low, high = (0, 1) if kind == np.bool_ else (np.iinfo(kind).min, np.iinfo(kind).max)
    cut: Array = np.clip(wholes, int(low), int(high)).astype(kind)
    return cut


def exact(x: Array, size: tuple[int, int], rule: tuple[str, str, bool]) -> Array:
    """Return integers (H, W) resized by fractions."""
    (rows, below), (columns, beside) = (
        matrix(length, target, rule) for length, target in zip(x.shape, size, strict=True)
    )
    sums = rows @ x.astype(object) @ columns.T
    return rounded(sums, np.outer(below, beside), x.dtype)


def exact_colour(x: Array, size: tuple[int, int], rule: tuple[str, str, bool]) -> Array:
    """Return integers (H, W, C) resized by fractions, weighted by the last channel."""
    (rows, below), (columns, beside) = (
        matrix(length, target, rule) for length, target in zip(x.shape[:2], size, strict=True)
    )
    alpha = x[..., -1].astype(object)
    opacity = rows @ alpha @ columns.T
    shown = opacity > 0
    channels = []
    for channel in np.moveaxis(x[..., :-1].astype(object), 2, 0):
        sums = rows @ (channel * alpha) @ columns.T
        colour = rounded(np.where(shown, sums, 0), np.where(shown, opacity, 1), x.dtype)
        channels.append(colour)
    return np.stack([*channels, rounded(opacity, np.outer(below, beside), x.dtype)], axis=2)


# --- settings by chance


class Setting(NamedTuple):
    """An image to be resized."""

    x: Array
    size: tuple[int, int]
    rule: tuple[str, str, bool]


def numbers(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return few values, of which sums are often halves, or any of the type or of a part of it."""
    kind = np.dtype(dtype)
    if kind == np.bool_:
        return generator.random(shape) < 0.5
    limits = np.iinfo(kind)
    choice = generator.integers(4)
    if choice == 0:
        return generator.integers(0, 4, shape, kind)
    if choice == 1:
        return generator.choice(
            np.array([0, 1, 2, limits.max - 1, limits.max, limits.min], kind), shape
        )
    if choice == 2:
        return generator.integers(0, min(limits.max, 2**40), shape, kind)
    return generator.integers(limits.min, limits.max, shape, kind, endpoint=True)


def setting(seed: int, rules: list[tuple[str, str, bool]] = RULES) -> Setting:
    """Return one of very many settings, with a factor that is whole, or is not."""
    generator = np.random.default_rng(seed)
    rule = rules[seed % len(rules)]
    dtype = DTYPES[generator.integers(len(DTYPES))]
    lengths = generator.integers(1, 13, 2)
    if generator.random() < 0.5:
        size = lengths * generator.integers(1, 11, 2)
    else:
        size = lengths + generator.integers(0, 40, 2)
    x = numbers(generator, (int(lengths[0]), int(lengths[1])), dtype)
    return Setting(x, (int(size[0]), int(size[1])), rule)


def run(x: Array, size: tuple[int, int], rule: tuple[str, str, bool], **options: Any) -> Array:
    """Resize as a user does."""
    return resize(x, size, rule[0], convention=rule[1], align_corners=rule[2], **options)


def whole_of(x: Array, size: tuple[int, int], rule: tuple[str, str, bool], *, alpha: bool) -> Whole:
    """Return what an image (H, W, C) becomes."""
    named: list[Any] = [*rule, alpha]
    return Whole((1, *x.shape), size, x.dtype, Rule(*named))


def part_of(x: Array, images: slice, rows: slice) -> Array:
    """Return rows of an image (H, W), as strips ask for them."""
    return x.reshape(1, *x.shape, 1)[images, rows]


@pytest.fixture(params=["little", "large"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small images be made in few steps, or as large ones are."""
    if request.param == "large":
        monkeypatch.setattr(dispatch, "LITTLE", 0)


# So many that they are cut into tests.
PARTS = choose(1, 8)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("part", range(PARTS))
def test_integers_are_those_of_fractions_whatever_the_setting(part: int) -> None:
    for seed in range(part, choose(40, 10_000), PARTS):
        x, size, rule = setting(seed)
        expected = exact(x, size, rule)
        message = f"seed {seed}: {rule} {x.dtype} {x.shape} to {size}"
        np.testing.assert_array_equal(run(x, size, rule), expected, message, strict=True)
        turned = run(x.T, size[::-1], rule)
        np.testing.assert_array_equal(turned, expected.T, message, strict=True)


@pytest.mark.usefixtures("_way")
def test_colours_weighted_by_alpha_are_those_of_fractions() -> None:
    # In 88 products are off by more than single values would be; in the last one alphas cancel each
    # other out, but for roundings.
    for seed in (*range(choose(20, 2000)), 88, 30788):
        generator = np.random.default_rng(seed)
        x, size, rule = setting(seed)
        alpha = generator.choice(np.array([0, 0, 1, 2, 127], x.dtype), x.shape)
        x = np.stack([np.abs(x), x.T.reshape(x.shape), np.abs(alpha)], axis=2)
        if whole_of(x, size, rule, alpha=True).copies:
            continue  # the colour of what is hidden, too
        actual = run(x, size, rule, alpha=True)
        expected = exact_colour(x, size, rule)
        message = f"seed {seed}: {rule} {x.dtype} {x.shape} to {size}"
        np.testing.assert_array_equal(actual, expected, message, strict=True)


def test_alphas_that_cancel_each_other_out_have_no_colour() -> None:
    # Where 21 and 1 meet, the sum is 0, but for a rounding.
    pixels = [[24, 21], [60, 0], [31, 1], [2, 0], [90, 0], [7, 0]]
    x = np.array([pixels, pixels], np.uint8)
    rule = "bicubic", "keras", False
    actual = run(x, (2, 18), rule, alpha=True)
    np.testing.assert_array_equal(actual, exact_colour(x, (2, 18), rule), strict=True)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_equal_rows_give_equal_rows(dtype: str) -> None:
    for seed in range(choose(16, 1000)):
        generator = np.random.default_rng(seed)
        rule = [*RULES, *IRRATIONAL][seed % (len(RULES) + len(IRRATIONAL))]
        length, factor = generator.integers(1, 12, 2)
        more = int(generator.integers(0, 9))
        row = generator.integers(0, generator.choice([2, 3, 100]), (1, 9)).astype(dtype)
        x = row.repeat(length, axis=0)
        size = int(length * factor) + more, int(9 * factor) + more
        made = run(x, size, rule)
        np.testing.assert_array_equal(made, made[:1].repeat(len(made), axis=0), f"{rule} {size}")
        turned = run(x.T, size[::-1], rule)
        np.testing.assert_array_equal(turned, made.T, f"{rule} {size}")


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize(("dtype", "room"), [("float16", 0.55), ("float32", 3.5), ("float64", 3.5)])
def test_floats_lie_a_few_roundings_from_those_of_fractions(dtype: str, room: float) -> None:
    kind = np.dtype(dtype)
    limit = 2 ** min(20, np.finfo(kind).nmant)
    for seed in range(choose(18, 2000)):
        generator = np.random.default_rng(seed)
        rule = RULES[seed % len(RULES)]
        lengths = generator.integers(1, 24, 2)
        more = generator.integers(0, 40, 2)
        size = lengths * generator.integers(1, 7, 2) + more * int(generator.integers(2))
        whole = generator.integers(-limit, limit, lengths)
        (rows, below), (columns, beside) = (
            matrix(int(length), int(target), rule)
            for length, target in zip(lengths, size, strict=True)
        )
        expected = rows @ whole.astype(object) @ columns.T / np.outer(below, beside)
        actual = run(whole.astype(kind), (int(size[0]), int(size[1])), rule)
        error = np.abs(actual.astype(float) - expected.astype(float)).max()
        assert error <= room * np.finfo(kind).eps * limit, f"{rule} {lengths} to {size}: {error}"


def test_two_and_nothing_make_equal_rows() -> None:
    made = upsample(np.array([[2, 0], [2, 0]], np.uint8), 10, "bilinear")
    np.testing.assert_array_equal(made, made[:1].repeat(20, axis=0))


@pytest.mark.parametrize("rule", RULES, ids=str)
@in_one_test("dtype", ["uint8", "uint16", "int32"])
def test_many_ties_in_a_large_image_go_to_the_even(rule: tuple[str, str, bool], dtype: str) -> None:
    generator = np.random.default_rng(5)
    x = generator.choice(np.array([0, 1, 2, 255], dtype), (30, 20))
    sizes = ((300, 30), (31, 277), (90, 100))
    for size in sample(sizes[choose(RULES.index(rule) % 3, 0) :], 3):
        np.testing.assert_array_equal(run(x, size, rule), exact(x, size, rule), strict=True)


def test_strips_and_chunks_are_those_of_fractions() -> None:
    generator = np.random.default_rng(6)
    for rule in sample(RULES, 4):
        x = generator.choice(np.array([0, 1, 2, 255], np.uint8), (40, 30))
        size = 130, 74
        expected = exact(x, size, rule)
        lazy: Any = run(da.from_array(x, chunks=(17, 19)), size, rule)
        np.testing.assert_array_equal(lazy.compute(scheduler="sync"), expected, strict=True)
        strips = Strips(whole_of(x[..., np.newaxis], size, rule, alpha=False), room=2000)
        assert len(strips) > 2
        made = [part.copy() for part in strips.make(partial(part_of, x))]
        np.testing.assert_array_equal(np.concatenate(made, axis=1)[0, ..., 0], expected)
