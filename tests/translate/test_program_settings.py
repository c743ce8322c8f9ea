"""The settings of a program say what is computed, and refuse what makes no layer."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.errors import ArgumentError, ShapeError
from upsamp.translate import TransposedConvolution, Upsampling


def test_settings_say_the_shape_that_is_computed() -> None:
    x, kernel = np.ones((2, 4, 5, 4)), np.ones((3, 2, 3, 4))
    cases: tuple[dict[str, Any], ...] = (
        {"strides": 2, "padding": "same"},
        {"strides": (3, 1), "padding": ((0, 1), (1, 0)), "groups": 2},
        {"dilation_rate": 2, "output_shape": (9, 9)},
        {"strides": 3, "padding": 1, "output_padding": (1, 2)},
    )
    for arguments in cases:
        settings = TransposedConvolution.of(x.shape, kernel.shape, **arguments)
        result = conv2d_transpose(x, kernel, **arguments)
        assert settings.result_shape == result.shape


@in_one_test(
    ("shapes", "named", "text"),
    [
        (((1, 2, 2), (2, 2, 1, 1)), {}, "`input_shape` must have four dimensions"),
        (((1, 2, 2, 0), (2, 2, 1, 1)), {}, "`input_shape` must be an integer of at least 1"),
        (((1, 2, 2, 3), (2, 2, 1, 1)), {}, "`kernel_shape` must be .rows, columns, filters"),
        (((1, 2, 2, 3), (2, 2, 1, 3)), {"groups": 2}, "`groups` must divide C"),
        (
            ((1, 2, 2, 1), (2, 2, 1, 1)),
            {"output_shape": 4, "output_padding": 0},
            "`output_shape` must stand alone",
        ),
        (((1, 2, 2, 1), (2, 2, 1, 1)), {"padding": 9}, "The output must not be empty"),
        (((1, 2, 2, 1), (2, 2, 1, 1)), {"strides": 0}, "`strides` must be one positive integer"),
        (((1, 2, 2, 1), (2, 2, 1, 1)), {"padding": "full"}, "`padding` must be one of"),
    ],
)
def test_settings_that_make_no_convolution(
    shapes: tuple[Any, Any], named: dict[str, Any], text: str
) -> None:
    with pytest.raises(ArgumentError, match=text):
        TransposedConvolution.of(*shapes, **named)


def test_settings_that_make_no_upsampling() -> None:
    shape = (1, 4, 4, 1)
    with pytest.raises(ArgumentError, match="`size` must not be below the size of the input"):
        Upsampling.of(shape, (8, 3))
    with pytest.raises(ArgumentError, match="`interpolation` must be one that convention='torch'"):
        Upsampling.of(shape, 8, "lanczos3", convention="torch")
    with pytest.raises(ArgumentError, match="`align_corners=True` must go with"):
        Upsampling.of(shape, 8, "bilinear", align_corners=True)
    with pytest.raises(ShapeError, match="`input_shape` must have four dimensions"):
        Upsampling.of((4, 4), 8)


def test_settings_know_whole_factors() -> None:
    whole, other = Upsampling.of((1, 2, 3, 1), (4, 9), "area"), Upsampling.of((1, 2, 3, 1), (4, 4))
    assert (whole.factors, whole.copies, whole.result_shape) == ((2, 3), True, (1, 4, 9, 1))
    assert (other.factors, other.copies) == (None, True)
    assert not Upsampling.of((1, 2, 3, 1), (4, 4), "area").copies
