"""Values changed in place, block by block."""

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.arguments import Array
from upsamp.core.in_place import BLOCK, change_blocks


def double(block: Array) -> None:
    """Double the values."""
    block *= 2


@pytest.mark.parametrize("length", [1, 3, 7, BLOCK - 1, BLOCK, 2 * BLOCK])
@in_one_test("runs", [1, 2, 40, BLOCK // 3 + 5])
def test_every_value_is_changed_once_in_the_order_of_the_changes(length: int, runs: int) -> None:
    if length * runs > 2**21:
        length, runs = length // 64, runs // 2
    x = np.arange(length * runs, dtype=np.float64).reshape(runs, length)
    along = np.arange(length)

    def increase(block: Array) -> None:
        assert block.shape[1] == length
        assert block.size <= max(BLOCK, length)
        block += along

    expected = 2 * x + along
    change_blocks(x, length, [double, increase])
    np.testing.assert_array_equal(x, expected)


def test_samples_that_lie_apart_are_changed_and_nothing_between_them() -> None:
    whole = np.ones((3, 4, 5, 2))
    change_blocks(whole[:, 1:3], 2, [double])
    expected = np.ones_like(whole)
    expected[:, 1:3] = 2
    np.testing.assert_array_equal(whole, expected)


def test_runs_that_do_not_follow_each_other_are_refused_and_stay_as_they_are() -> None:
    whole = np.ones((3, 4, 5, 2))
    with pytest.raises(ValueError, match="must follow each other in memory"):
        change_blocks(whole[:, :, 1:3], 8, [double])
    np.testing.assert_array_equal(whole, np.ones_like(whole))
