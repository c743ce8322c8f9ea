"""Sizes, conventions and methods that `resize` cannot take are refused."""

import inspect
from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp import resize, upsample
from upsamp.core.upsampling.light import resize_light
from upsamp.errors import ArgumentError, ShapeError
from upsamp.translate import Upsampling
from upsamp.translate.peers import compare_with_peers


def test_resize_takes_the_arguments_of_upsample_in_their_order() -> None:
    first, second = (
        [(each.name, each.kind) for each in inspect.signature(function).parameters.values()]
        for function in (resize, upsample)
    )
    assert first == second


@pytest.mark.parametrize(
    "function", [resize, upsample, resize_light, Upsampling.of, compare_with_peers]
)
def test_a_convention_is_given_by_its_name(function: Any) -> None:
    convention = inspect.signature(function).parameters["convention"]
    assert convention.kind is inspect.Parameter.KEYWORD_ONLY


def test_a_convention_in_the_place_of_the_data_format_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`data_format` must be one of.* Received:.*'torch'"):
        resize(np.ones((2, 2)), 4, "bilinear", "torch")


@in_one_test("size", [(3, 5), (4, 4), 4, (1, 9)])
def test_a_smaller_size_is_refused(size: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`size` must not be below the size of `x`, as this is upsampling\. "
        r"Received: size=\(\d, \d\) for \(4, 5\)\.",
    ):
        resize(np.ones((4, 5, 3)), size)


@in_one_test("size", [0, -1, (2, 0), (1, 2, 3), (2,), 4.5, (4.0, 4), "4", True, None])
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


@in_one_test("function", [resize, upsample])
@in_one_test(
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


@in_one_test("function", [resize, upsample])
@in_one_test("name", ["lanczos3", "lanczos5", "mitchellcubic", "gaussian"])
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
