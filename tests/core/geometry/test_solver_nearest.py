"""The sizes nearest to one that no layer makes are those of brute force."""

from itertools import product
from typing import Any

from effort import in_one_test
from solver_settings import axis_settings, length_after

from upsamp.core.arguments import PADDINGS, Pair
from upsamp.core.geometry.size_solver import nearest_targets, solve_layer


@in_one_test("length", [1, 2, 5, 9])
def test_the_nearest_sizes_of_squares_are_those_of_brute_force(length: int) -> None:
    every = list(axis_settings(3, 4))
    reached = {length_after(length, setting) for setting in every}
    for target in range(length, 6 * length + 10):
        below = max(n for n in reached if length <= n <= target)
        above = min((n for n in reached if n >= target), default=below)
        expected = [(n, n) for n in sorted({below, above})]
        assert nearest_targets(length, target, max_kernel=3, max_stride=4) == expected


def test_the_nearest_sizes_of_rectangles_can_be_reached_and_none_is_nearer() -> None:
    every = list(axis_settings(2, 3))
    for size in [(4, 9), (9, 9), (7, 3)]:
        reached: set[Pair] = set()
        for padding, told in product(PADDINGS, (False, True)):
            alike = [
                setting
                for setting in every
                if setting[2] == padding and (setting[3] is not None) == told
            ]
            rows, columns = ({length_after(n, setting) for setting in alike} for n in size)
            reached |= set(product(rows, columns))
        for target in product(range(size[0], 34), range(size[1], 34)):
            if size[0] == size[1] and target[0] == target[1]:
                continue
            below = [
                grid
                for grid in reached
                if size[0] <= grid[0] <= target[0] and size[1] <= grid[1] <= target[1]
            ]
            above = [grid for grid in reached if grid[0] >= target[0] and grid[1] >= target[1]]
            nearest = nearest_targets(size, target, max_kernel=2, max_stride=3)
            assert set(nearest) <= reached
            assert sum(nearest[0]) == max(map(sum, below))
            if above:
                assert sum(nearest[-1]) == min(map(sum, above))
            assert len(nearest) == (2 if above and target not in reached else 1)


@in_one_test(
    ("size", "target", "nearest"),
    [
        (256, 300, [(262, 262), (510, 510)]),
        (7, 28, [(28, 28)]),
        (7, 1000, [(62, 62)]),
        ((256, 4), (300, 8), [(262, 8), (510, 8)]),
        ((5, 7), (10, 90), [(10, 62)]),
    ],
)
def test_the_nearest_sizes_by_name(size: Any, target: Any, nearest: list[Pair]) -> None:
    assert nearest_targets(size, target) == nearest
    assert all(solve_layer(size, grid) for grid in nearest)
