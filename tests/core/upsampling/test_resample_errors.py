"""Upsampling: every refusal, by its text."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp import upsample
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError


@in_one_test("size", [0, -1, (2, 0), (1, 2, 3), (2,), 1.5, (2.0, 2), "2", True, None])
def test_a_size_that_is_not_one_or_two_positive_integers_is_refused(size: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`size` must be .*positive integer.*Received: size="):
        upsample(np.ones((2, 2)), size)


def test_an_unknown_interpolation_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`interpolation` must be one of 'nearest', 'bilinear', 'bicubic', 'lanczos3', "
        r"'lanczos5', 'area', 'mitchellcubic', 'gaussian'\. Received: interpolation='cubic'",
    ):
        upsample(np.ones((2, 2)), 2, "cubic")


def test_an_unknown_data_format_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ArgumentError, match=r"`data_format` .*'channels_last', 'channels_first'.*Received:.*'NCHW'"
    ):
        upsample(np.ones((2, 2, 1)), 2, data_format="NCHW")


@in_one_test(
    ("shape", "data_format"),
    [
        ((), "channels_last"),
        ((4,), "channels_last"),
        ((1,) * 5, "channels_last"),
        ((2, 2), "channels_first"),
        ((1,) * 5, "channels_first"),
    ],
)
def test_other_ranks_are_refused(shape: tuple[int, ...], data_format: str) -> None:
    with pytest.raises(ShapeError, match=r"`x` must have rank .*3 or 4\. Received: shape \("):
        upsample(np.ones(shape), 2, data_format=data_format)


@in_one_test("shape", [(0, 2), (2, 0), (0, 2, 2, 1), (2, 2, 0)])
def test_empty_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"`x` must not be empty\. Received: shape \("):
        upsample(np.ones(shape), 2)


def test_ragged_rows_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"`x` must be a rectangular array"):
        upsample([[1, 2], [3]], 2)


@pytest.mark.parametrize("dtype", ["complex128", "U3", "object", "datetime64[s]"])
def test_what_is_not_a_real_number_is_refused(dtype: str) -> None:
    with pytest.raises(DtypeError, match=r"`x` must hold real numbers.*Received: dtype "):
        upsample(np.zeros((2, 2), dtype=dtype), 2)


def test_alpha_without_colour_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"`alpha=True` needs colour.*Received: shape \(2, 2, 1\)"):
        upsample(np.ones((2, 2, 1)), 2, "bilinear", alpha=True)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_what_would_not_fit_in_memory_is_refused_before_it_is_tried(interpolation: str) -> None:
    with pytest.raises(MemoryLimitError, match=r"The output would be .*Use a smaller size"):
        upsample(np.ones((1000, 1000)), 10**6, interpolation)
