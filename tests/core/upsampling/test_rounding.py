"""Which sums of weighted integers are rounded as the exact sums are."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from upsamp.core.upsampling.exact import grid_of_axis
from upsamp.core.upsampling.interpolation import plan_axis
from upsamp.core.upsampling.rounding import (
    Grid,
    Integers,
    are_ties,
    grid_of,
    integers_of,
    is_sure,
    margin_of,
    near_ties,
    whole_grid,
)
from upsamp.core.upsampling.taps import taps_of

ALONE = Grid(largest=1, odd=True, binary=True, reach=1.0, taps=1)


def grid(largest: int, reach: float, taps: int) -> Grid:
    """Return the grid of an axis whose outputs all have multiples of one fraction as weights."""
    return Grid(largest, largest % 2 == 1, largest & (largest - 1) == 0, reach, taps)


def known(name: str) -> Integers:
    integers = integers_of(np.dtype(name))
    assert integers is not None
    return integers


UINT8, UINT16, INT32 = known("uint8"), known("uint16"), known("int32")
EIGHT = UINT8.half, UINT8.sums


def test_integers_of_up_to_32_bits_have_sums_that_hold_them() -> None:
    found = [(one.half, one.sums.str[1:], one.through.str[1:]) for one in (UINT8, UINT16, INT32)]
    wanted = [(2**8, "f4", "i2"), (2**16, "f8", "i4"), (2**32, "f8", "f8")]
    assert found == wanted
    assert [integers_of(np.dtype(name)) for name in ("int64", "float32", "bool")] == [None] * 3


@pytest.mark.parametrize("integers", [UINT8, UINT16, INT32])
def test_sums_of_multiples_of_a_power_of_two_are_sure_while_they_fit_the_mantissa(
    integers: Integers,
) -> None:
    # The largest sum is half * 2**digits: 24 bits hold it in float32, and 53 in float64.
    bits = {UINT8: 24 - 8, UINT16: 53 - 16, INT32: 53 - 32}[integers]
    for first in range(bits + 2):
        rows = grid(2**first, 1.0, 2)
        columns = grid(2 ** (bits - min(first, bits)), 1.0, 2)
        assert is_sure(rows, columns, integers.half, integers.sums) == (first <= bits)
    more = grid(2**bits, 1.25, 2)
    assert not is_sure(more, ALONE, integers.half, integers.sums)
    assert not is_sure(ALONE, more, integers.half, integers.sums)


def test_sums_of_multiples_of_an_odd_fraction_are_sure_while_their_margin_is_below_its_half() -> (
    None
):
    for odd, taps in product(range(3, 90, 2), (2, 6, 40, 400)):
        rows, columns = grid(odd, 1.0, taps), grid(odd, 1.5, taps)
        distance = Fraction(1, 2 * odd * odd)  # of the nearest value to a half
        expected = margin_of(rows, columns, *EIGHT) < 0.99 * float(distance)
        assert is_sure(rows, columns, *EIGHT) == expected
        assert is_sure(columns, rows, *EIGHT) == expected
    assert is_sure(grid(3, 1.0, 2), ALONE, *EIGHT)
    assert not is_sure(grid(81, 1.0, 400), grid(81, 1.0, 400), *EIGHT)


def test_sums_of_other_weights_are_never_sure() -> None:
    rows = grid(6, 1.0, 2)
    assert not is_sure(rows, ALONE, *EIGHT)
    assert not is_sure(ALONE, rows, *EIGHT)
    # An odd fraction beside halves comes near a half: 1/6 * 3.
    assert not is_sure(grid(3, 1.0, 2), grid(2, 1.0, 2), *EIGHT)


def test_what_comes_near_a_half_is_one_while_no_other_value_can() -> None:
    for largest in (2, 6, 30, 600, 2400):
        rows = grid(largest, 1.0, 2)
        distance = Fraction(1, 2 * largest)  # of a value from a half that it is not
        for share in (0.4, 0.49, 0.51, 0.6):  # of that, to which twice the margin reaches
            margin = share * float(distance)
            assert are_ties(rows, ALONE, margin) == (share < 0.495)
            assert are_ties(ALONE, rows, margin) == (share < 0.495)


def test_the_margin_is_a_rounding_for_each_product_and_weight() -> None:
    rows, columns = grid(3, 1.5, 4), grid(5, 2.0, 3)
    eight = 257 * 3.0 * (2.0**-24 * 13 + 1e-14)
    np.testing.assert_allclose(margin_of(rows, columns, *EIGHT), eight, rtol=1e-15)
    sixteen = (2**16 + 1) * 3.0 * (2.0**-53 * 13 + 1e-14)
    actual = margin_of(rows, columns, UINT16.half, UINT16.sums)
    np.testing.assert_allclose(actual, sixteen, rtol=1e-15)


def test_the_grid_of_weights_is_that_of_their_totals() -> None:
    quarters, thirds = np.array([[0.25, 0.75, 0.0]]), np.array([[1 / 3, 2 / 3], [0.0, 1.0]])
    four, three = np.array([4]), np.array([3, 1])
    assert grid_of([quarters], [four]) == Grid(4, False, True, 1.0, 2)
    assert grid_of([thirds], [three]) == Grid(3, True, False, 1.0, 2)
    assert grid_of([quarters, thirds], [four, three]) == Grid(4, False, False, 1.0, 2)
    halves = np.array([[-0.5, 1.5, 0.5, -0.5]])
    assert grid_of([halves], [np.array([2])]) == Grid(2, False, True, 3.0, 4)
    assert grid_of([quarters], [np.array([2**70], object)]) == Grid(2**70, False, True, 1.0, 2)
    assert grid_of([quarters], [np.array([3**50], object)]) == Grid(3**50, True, False, 1.0, 2)


def test_sums_that_may_lie_on_either_side_of_a_half_are_found() -> None:
    values = np.array([1.0, 2.49, 2.4999, 2.5001, 2.51, 7.5])
    sums, rounded = values + 0.5 + 0.001, np.empty(6)
    np.testing.assert_array_equal(near_ties(sums, rounded, 0.001), [2, 3, 5])
    np.testing.assert_array_equal(rounded, [1, 2, 3, 3, 3, 8])


def test_the_grid_of_some_parts_together_is_that_of_all_their_weights() -> None:
    weights = [np.array([row]) for row in ([0.25, 0.75, 0], [-0.5, 1, 0.5], [1 / 3, 2 / 3, 0])]
    totals = [np.array([4]), np.array([2]), np.array([3])]
    for parts in ([0], [2], [0, 1], [1, 2], [0, 1, 2]):
        expected = grid_of([weights[part] for part in parts], [totals[part] for part in parts])
        assert whole_grid(grid_of([weights[part]], [totals[part]]) for part in parts) == expected


def test_the_grid_of_a_long_axis_is_that_of_all_its_outputs() -> None:
    plan = plan_axis(9000, 9001, "bilinear")
    gather = taps_of(plan).gather
    assert gather is not None
    table = gather.table(np.arange(9001))
    assert grid_of_axis(plan) == grid_of([table.weights], [table.shares.sum(axis=1)])
