"""Sizes and bounds that the solver cannot work with are refused."""

from typing import Any

import pytest
from effort import in_one_test

from upsamp.core.arguments import Pair
from upsamp.core.geometry.size_solver import nearest_targets, solve_chain, solve_layer
from upsamp.errors import ArgumentError


@in_one_test("solve", [solve_layer, solve_chain, nearest_targets])
@in_one_test(
    ("size", "target", "message"),
    [
        (0, 4, r"`size` must be one positive integer, or two .* Received: size=0\."),
        ((2, -1), 4, r"`size` must be .* Received: size=\(2, -1\)\."),
        (2, (4, 0), r"`target` must be .* Received: target=\(4, 0\)\."),
        (2, 4.0, r"`target` must be .* Received: target=4\.0\."),
        ((1, 2, 3), 4, r"`size` must be .* Received: size=\(1, 2, 3\)\."),
        (
            7,
            6,
            r"`target` must be at least `size` .*: size=\(7, 7\), target=\(6, 6\)\. Ask for",
        ),
        ((2, 5), (9, 4), r"`target` must be at least `size` on each axis"),
    ],
)
def test_a_size_that_is_none_is_refused(
    solve: Any, size: object, target: object, message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        solve(size, target)


@in_one_test("solve", [solve_layer, solve_chain, nearest_targets])
@in_one_test("bound", ["max_kernel", "max_stride"])
def test_bounds_that_allow_nothing_are_refused(solve: Any, bound: str) -> None:
    with pytest.raises(ArgumentError, match=rf"`{bound}` must be an integer of at least 1\."):
        solve(7, 28, **{bound: 0})


@pytest.mark.parametrize("solve", [solve_chain, nearest_targets])
def test_bounds_that_allow_too_many_settings_are_refused(solve: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"allow at most 131,072 settings\. Received: max_kernel=7, max_stride=1000000\.",
    ):
        solve(7, 28, max_stride=10**6)


@pytest.mark.parametrize("bounds", [(10**30, 8), (10**6, 10**6), (7, 10**30)])
def test_a_list_without_end_is_refused(bounds: Pair) -> None:
    # One input becomes 20 by nearly any large stride.
    with pytest.raises(ArgumentError, match=r"settings\. Received: .* Use smaller ones\."):
        solve_layer(1, 20, max_kernel=bounds[0], max_stride=bounds[1])
    with pytest.raises(ArgumentError, match=r"settings\. Received: .* Use smaller ones\."):
        solve_layer((1, 1), (20, 21), max_kernel=300, max_stride=300)


def test_chains_of_too_many_sizes_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"few sizes to pass\. Received: [\d,]+ of them, from"):
        solve_chain(3, 10**9, max_kernel=40, max_stride=40)


@pytest.mark.parametrize("bound", ["max_layers", "most"])
def test_a_chain_of_no_layers_and_no_chain_at_all_are_refused(bound: str) -> None:
    with pytest.raises(ArgumentError, match=rf"`{bound}` must be an integer of at least 1\."):
        solve_chain(7, 28, **{bound: 0})
