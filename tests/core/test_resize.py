"""Resizing to any larger size: what TensorFlow, JAX and PyTorch give, and the definition itself."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import oracle
import pytest
from golden_files import arrays_of
from numpy.typing import NDArray

from upsamp import resize, upsample
from upsamp.core import interpolation as plans
from upsamp.core.arguments import CONVENTIONS, INTERPOLATIONS
from upsamp.errors import ArgumentError, ShapeError

Array = NDArray[Any]
Matrix = NDArray[np.float64]
Size = tuple[int, int]
Method = tuple[str, str, bool]
Weigh = Callable[[Fraction], Fraction | float]

AGREEMENT = 2e-5  # of the data's range

TORCH = ("nearest", "bilinear", "bicubic", "area")
# Interpolation, convention and whether corners are aligned.
METHODS: list[Method] = [
    *((name, "keras", False) for name in INTERPOLATIONS),
    *((name, "torch", False) for name in TORCH),
    *((name, "torch", True) for name in ("bilinear", "bicubic")),
]

every_method = pytest.mark.parametrize(
    "method", METHODS, ids=lambda m: f"{m[0]}-{m[1]}{'-aligned' * m[2]}"
)


def run(x: Array, size: Size, method: Method) -> Array:
    """Resize by a row of the table above."""
    return resize(x, size, method[0], method[1], align_corners=method[2])


# --- the definition: each weight by itself, at distances that are exact


def cubic(b: Fraction, c: Fraction) -> Weigh:
    """Give the cubic of Mitchell and Netravali, times 6; with B = 0 it is Keys' of a = -C."""

    def weigh(t: Fraction) -> Fraction:
        if t < 1:
            return (12 - 9 * b - 6 * c) * t**3 + (-18 + 12 * b + 6 * c) * t**2 + 6 - 2 * b
        if t < 2:
            far = (-b - 6 * c) * t**3 + (6 * b + 30 * c) * t**2
            return far + (-12 * b - 48 * c) * t + 8 * b + 24 * c
        return Fraction(0)

    return weigh


WEIGHTS: dict[tuple[str, str], Weigh] = {
    ("keras", "bilinear"): lambda t: max(Fraction(0), 1 - t),
    ("torch", "bilinear"): lambda t: max(Fraction(0), 1 - t),
    ("keras", "bicubic"): cubic(Fraction(0), Fraction(1, 2)),
    ("torch", "bicubic"): cubic(Fraction(0), Fraction(3, 4)),
    ("keras", "mitchellcubic"): cubic(Fraction(1, 3), Fraction(1, 3)),
    ("keras", "gaussian"): lambda t: math.exp(-2 * float(t) ** 2) if t < Fraction(3, 2) else 0,
    ("keras", "lanczos3"): lambda t: oracle.lanczos(float(t), 3),
    ("keras", "lanczos5"): lambda t: oracle.lanczos(float(t), 5),
}


def area_weights(length: int, target: int, i: int, convention: str) -> dict[int, Fraction]:
    """Give the overlaps of output i with the inputs; PyTorch's are whole."""
    begin, end = Fraction(i * length, target), Fraction((i + 1) * length, target)
    overlaps = {j: min(end, Fraction(j + 1)) - max(begin, Fraction(j)) for j in range(length)}
    found = {j: overlap for j, overlap in overlaps.items() if overlap > 0}
    return found if convention == "keras" else dict.fromkeys(found, Fraction(1))


def weights(length: int, target: int, i: int, method: Method) -> dict[int, Fraction | float]:
    """Give the inputs that output i reads, before their weights are divided by the sum."""
    name, convention, align_corners = method
    if name == "area":
        return dict(area_weights(length, target, i, convention))
    if name == "nearest":
        centre = Fraction(1, 2) if convention == "keras" else Fraction(0)
        return {math.floor((i + centre) * length / target): Fraction(1)}
    position = (i + Fraction(1, 2)) * length / target - Fraction(1, 2)
    if align_corners:
        position = Fraction(i * (length - 1), max(1, target - 1))
    found: dict[int, Fraction | float] = {}
    for tap in range(math.floor(position) - 5, math.floor(position) + 7):
        weight = WEIGHTS[convention, name](abs(position - tap))
        inside = min(max(tap, 0), length - 1)
        if convention == "torch" or inside == tap:
            found[inside] = found.get(inside, 0) + weight
    return found


@cache
def matrix(length: int, target: int, method: Method) -> Matrix:
    """Give the weights of an axis, (outputs, inputs); exact zeros are zeros."""
    out = np.zeros((target, length))
    for i in range(target):
        found = weights(length, target, i, method)
        total = sum(found.values())
        for j, weight in found.items():
            out[i, j] = float(weight / total)
    return out


def defined(x: Array, size: Size, method: Method) -> Matrix:
    """Resize (H, W) by two products of matrices in float64."""
    rows, columns = (matrix(n, target, method) for n, target in zip(x.shape, size, strict=True))
    result: Matrix = rows @ x.astype(np.float64) @ columns.T
    return result


def image(seed: int, *shape: int) -> Matrix:
    """Give a random image of real numbers from -10 to 10."""
    return np.random.default_rng(seed).uniform(-10, 10, shape)


# --- the libraries


@dataclass(frozen=True)
class Resized:
    """What a library gave for a method and a size."""

    library: str
    method: Method
    x: Array
    output: Array

    def __str__(self) -> str:
        """Give the case's name for pytest's list."""
        name, _, align_corners = self.method
        aligned = " aligned" * align_corners
        return f"{self.library} {name}{aligned} {self.x.shape} to {self.output.shape}"


def golden_cases() -> list[Resized]:
    """Read what tests/goldens/make_resizing.py wrote."""
    arrays = arrays_of("resizing")
    found = []
    for case in json.loads(str(arrays["cases"])):
        rows, columns = case["size"]
        output = arrays["outputs"][case["start"] :][: rows * columns].reshape(rows, columns)
        method = (case["interpolation"], case["convention"], case["align_corners"])
        found.append(Resized(case["library"], method, arrays[case["input"]], output))
    return found


GOLDENS = golden_cases()


def tolerance(x: Array) -> float:
    """Say how far float32 may be off: a constant has no range, so its size is taken."""
    return AGREEMENT * float(np.ptp(x) or np.abs(x).max())


@pytest.mark.parametrize("case", GOLDENS, ids=str)
def test_resize_gives_what_the_library_gives(case: Resized) -> None:
    rows, columns = case.output.shape
    for x in (case.x, case.x.astype(np.float64)):
        actual = run(x, (rows, columns), case.method)
        assert actual.dtype == x.dtype
        np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.x))


@pytest.mark.parametrize("case", GOLDENS, ids=str)
def test_the_definition_in_this_file_gives_what_the_library_gives(case: Resized) -> None:
    rows, columns = case.output.shape
    expected = defined(case.x, (rows, columns), case.method)
    np.testing.assert_allclose(case.output, expected, rtol=0, atol=tolerance(case.x))


def test_the_goldens_hold_every_method_and_say_what_made_them() -> None:
    assert {case.method for case in GOLDENS} == set(METHODS)
    versions = json.loads(str(arrays_of("resizing")["versions"]))
    assert set(versions) >= {"jax", "numpy", "tensorflow", "torch"}


# --- the definition


@every_method
def test_every_small_size_is_as_defined(method: Method) -> None:
    for length in range(1, 7):
        x = image(length, length, 3)
        for target in range(length, length + 9):
            np.testing.assert_allclose(
                run(x, (target, 4), method),
                defined(x, (target, 4), method),
                rtol=0,
                atol=1e-12,
                err_msg=f"{length} to {target}",
            )


@every_method
@pytest.mark.parametrize(
    ("size", "target"), [((13, 12), (71, 97)), ((12, 16), (128, 24)), ((2, 31), (68, 67))]
)
def test_sizes_of_many_phases_are_as_defined(size: Size, target: Size, method: Method) -> None:
    x = image(1, *size)
    expected = defined(x, target, method)
    np.testing.assert_allclose(run(x, target, method), expected, rtol=0, atol=1e-12)


@pytest.fixture
def only_gathers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every axis be planned as one of many phases is."""
    monkeypatch.setattr(plans, "FEW_PHASES", 0)
    plans.plan_axis.cache_clear()
    yield
    plans.plan_axis.cache_clear()


@pytest.mark.usefixtures("only_gathers")
@every_method
@pytest.mark.parametrize(("size", "target"), [((8, 6), (12, 21)), ((5, 9), (15, 18))])
def test_few_phases_planned_as_many_give_the_same(size: Size, target: Size, method: Method) -> None:
    x = image(2, *size)
    pieces = plans.plan_axis(8, 12, "bilinear").pieces
    assert all(isinstance(piece, plans.Gather) for piece in pieces)
    expected = defined(x, target, method)
    np.testing.assert_allclose(run(x, target, method), expected, rtol=0, atol=1e-12)


def test_few_and_many_phases_are_planned_in_two_ways() -> None:
    few, many = (plans.plan_axis(*axis, "bilinear").pieces for axis in ((64, 128), (64, 129)))
    assert all(isinstance(piece, plans.Run) for piece in few)
    assert all(isinstance(piece, plans.Gather) for piece in many)


@every_method
def test_large_images_are_resized_as_small_ones(method: Method) -> None:
    # Large enough that no implementation would take it in one piece.
    x = image(3, 60, 60, 15)
    for target in ((150, 151), (151, 150)):
        expected = np.stack([defined(x[..., c], target, method) for c in range(15)], axis=-1)
        np.testing.assert_allclose(run(x, target, method), expected, rtol=0, atol=1e-12)


# --- whole factors


@pytest.mark.parametrize("factors", [(1, 1), (2, 3), (1, 4), (5, 2), (70, 1)])
@every_method
def test_resize_is_upsample_at_whole_factors(method: Method, factors: Size) -> None:
    name, convention, align_corners = method
    for x in (image(4, 4, 5), image(5, 1, 2, 3)):
        height, width = x.shape[:2]
        expected = upsample(x, factors, name, convention=convention, align_corners=align_corners)
        actual = run(x, (height * factors[0], width * factors[1]), method)
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("size", [7, (7, 7), [7, 7], np.int64(7), np.array([7, 7])])
def test_one_size_is_for_both_axes(size: Any) -> None:
    x = image(6, 3, 4)
    expected = resize(x, (7, 7), interpolation="bilinear", convention="keras")
    np.testing.assert_array_equal(resize(x, size), expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("name", TORCH)
def test_an_image_of_its_own_size_is_copied(name: str, convention: str) -> None:
    x = image(7, 4, 5, 3)
    actual = resize(x, (4, 5), name, convention)
    np.testing.assert_array_equal(actual, x)
    assert not np.shares_memory(actual, x)


# --- NaN, types, layouts


@every_method
def test_a_nan_reaches_those_outputs_alone_that_depend_on_it(method: Method) -> None:
    height, width, target = 6, 4, (9, 10)
    rows, columns = (matrix(*axis, method) != 0 for axis in ((height, 9), (width, 10)))
    for row, column in np.ndindex(height, width):
        x = image(8, height, width)
        x[row, column] = np.nan
        reached = np.isnan(run(x, target, method))
        np.testing.assert_array_equal(reached, np.outer(rows[:, row], columns[:, column]))


@every_method
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "uint64"])
def test_integers_give_integers_rounded_and_saturated(dtype: str, method: Method) -> None:
    x = np.random.default_rng(9).integers(0, 2 if dtype == "bool" else 256, (5, 6))
    x[0, :2] = x.min(), x.max()
    for target in ((7, 8), (10, 12), (67, 71)):
        given = x.astype(dtype)
        actual = run(given, target, method)
        assert actual.dtype == given.dtype
        exact = defined(given, target, method)
        clear = ~oracle.near_tie(exact, 1e-9)
        assert clear.mean() > 0.5
        np.testing.assert_array_equal(actual[clear], oracle.round_to(dtype, exact)[clear])


@every_method
@pytest.mark.parametrize(("dtype", "precision"), [("float16", 1e-3), ("float32", 1e-6)])
def test_floats_give_floats_of_their_own_type(dtype: str, precision: float, method: Method) -> None:
    x = image(10, 5, 6).astype(dtype)
    for target in ((7, 8), (67, 71)):
        actual = run(x, target, method)
        assert actual.dtype == x.dtype
        expected = defined(x, target, method)
        np.testing.assert_allclose(actual, expected, rtol=precision, atol=20 * precision)


@every_method
def test_every_rank_and_data_format_gives_the_same(method: Method) -> None:
    batch = image(11, 2, 4, 5, 3)
    name, convention, align_corners = method
    expected = np.empty((2, 6, 9, 3))
    for index, channel in np.ndindex(2, 3):
        expected[index, :, :, channel] = run(batch[index, :, :, channel], (6, 9), method)

    def check(x: Array, data_format: str, wanted: Array) -> None:
        actual = resize(x, (6, 9), name, convention, data_format, align_corners=align_corners)
        assert actual.shape == wanted.shape
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-12)

    check(batch, "channels_last", expected)
    check(batch[0], "channels_last", expected[0])
    check(batch.transpose(0, 3, 1, 2), "channels_first", expected.transpose(0, 3, 1, 2))
    check(batch[0].transpose(2, 0, 1), "channels_first", expected[0].transpose(2, 0, 1))
    many = np.tile(batch, 8)
    check(many, "channels_last", np.tile(expected, 8))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("target", [(3, 4), (5, 7), (6, 8), (131, 137)])
def test_nearest_copies_integers_past_the_floats(target: Size, convention: str) -> None:
    x = (2**53 + 1 + np.arange(12) * 2).reshape(3, 4)
    x[0, 0], x[2, 3] = -(2**63), 2**63 - 1
    rows, columns = (
        matrix(*axis, ("nearest", convention, False)).argmax(axis=1)
        for axis in zip(x.shape, target, strict=True)
    )
    actual = resize(x, target, "nearest", convention)
    assert actual.dtype == np.int64
    np.testing.assert_array_equal(actual, x[np.ix_(rows, columns)])


def test_hidden_colours_do_not_bleed_at_a_fractional_size() -> None:
    x = np.array([[[100.0, 1.0], [np.nan, 0.0]]])
    actual = resize(x, (1, 3), alpha=True)
    expected = np.array([[[100, 1], [100, 0.5], [0, 0]]])
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


# --- refusals


@pytest.mark.parametrize("size", [(3, 5), (4, 4), 4, (1, 9)])
def test_a_smaller_size_is_refused(size: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`size` must not be below the size of `x`, as this is upsampling\. "
        r"Received: size=\(\d, \d\) for \(4, 5\)\.",
    ):
        resize(np.ones((4, 5, 3)), size)


@pytest.mark.parametrize("size", [0, -1, (2, 0), (1, 2, 3), (2,), 4.5, (4.0, 4), "4", True, None])
def test_a_target_that_is_not_one_or_two_positive_integers_is_refused(size: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`size` must be .*positive integer.*Received: size="):
        resize(np.ones((2, 2)), size)


@pytest.mark.parametrize("function", [resize, upsample])
def test_an_unknown_convention_is_answered_with_the_known_ones(function: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`convention` must be one of 'keras', 'torch'\. Received: convention='opencv'\.",
    ):
        function(np.ones((2, 2)), 2, "bilinear", convention="opencv")


@pytest.mark.parametrize("function", [resize, upsample])
@pytest.mark.parametrize(
    ("name", "convention"),
    [("bilinear", "keras"), ("bicubic", "keras"), ("nearest", "torch"), ("area", "torch")],
)
def test_aligned_corners_are_refused_where_no_library_has_them(
    function: Any, name: str, convention: str
) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`align_corners=True` must go with convention='torch' and bilinear or bicubic\. "
        rf"Received: convention='{convention}', interpolation='{name}'\.",
    ):
        function(np.ones((2, 2)), 2, name, convention=convention, align_corners=True)


@pytest.mark.parametrize("function", [resize, upsample])
@pytest.mark.parametrize("name", ["lanczos3", "lanczos5", "mitchellcubic", "gaussian"])
def test_a_method_that_pytorch_has_not_is_refused_in_its_convention(
    function: Any, name: str
) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`interpolation` must be one that convention='torch' has: 'nearest', 'area', "
        rf"'bilinear', 'bicubic'\. Received: interpolation='{name}'\.",
    ):
        function(np.ones((2, 2)), 2, name, convention="torch")


def test_alpha_without_colour_is_refused_at_any_size() -> None:
    with pytest.raises(ShapeError, match=r"`alpha=True` needs colour.*Received: shape \(2, 2\)"):
        resize(np.ones((2, 2)), 3, alpha=True)
