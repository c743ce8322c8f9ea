"""Resizing to any larger size is as defined, and at whole factors it is `upsample`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test, sample
from resize_definition import METHODS, TORCH, Method, Size, defined, every_method, image, run

from upsamp import resize, upsample
from upsamp.core.arguments import CONVENTIONS
from upsamp.core.upsampling import interpolation as plans

# --- the definition


@every_method
def test_every_small_size_is_as_defined(method: Method) -> None:
    for length in range(1, 7):
        x = image(length, length, 3)
        for target in sample(range(length, length + 9), 2):
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
    first = METHODS.index(method) % 2
    for target in ((150, 151), (151, 150))[choose(first, 0) :: choose(2, 1)]:
        channels = choose([0, 14], [*range(15)])
        expected = np.stack([defined(x[..., c], target, method) for c in channels], axis=-1)
        actual = run(x, target, method)[..., channels]
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


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


@in_one_test("size", [7, (7, 7), [7, 7], np.int64(7), np.array([7, 7])])
def test_one_size_is_for_both_axes(size: Any) -> None:
    x = image(6, 3, 4)
    expected = resize(x, (7, 7), interpolation="bilinear", convention="keras")
    np.testing.assert_array_equal(resize(x, size), expected)


@in_one_test("convention", CONVENTIONS)
@in_one_test("name", TORCH)
def test_an_image_of_its_own_size_is_copied(name: str, convention: str) -> None:
    x = image(7, 4, 5, 3)
    actual = resize(x, (4, 5), name, convention=convention)
    np.testing.assert_array_equal(actual, x)
    assert not np.shares_memory(actual, x)
