"""Chains of layers: none is shorter or better, and each one leads to its target."""

from itertools import pairwise, product

import numpy as np
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st
from solver_settings import Order, key, order

from upsamp import conv2d_transpose
from upsamp.core.arguments import Pair
from upsamp.core.geometry.size_solver import LayerSetting, solve_chain, solve_layer


def total(chain: tuple[LayerSetting, ...]) -> Order:
    """Add up the order of a chain's layers."""
    return tuple(map(sum, zip(*map(order, chain), strict=True)))


def sizes(chain: tuple[LayerSetting, ...]) -> list[Pair]:
    return [layer.output for layer in chain]


def check_chain(
    size: Pair, target: Pair, chain: tuple[LayerSetting, ...], max_kernel: int, max_stride: int
) -> None:
    """Assert that every layer is the best between its sizes, and that they lead to the target."""
    passed = [size, *sizes(chain)]
    assert passed[-1] == target
    for (before, after), layer in zip(pairwise(passed), chain, strict=True):
        best = solve_layer(before, after, max_kernel=max_kernel, max_stride=max_stride)[0]
        assert layer == best


def all_shortest_chains(
    size: Pair, target: Pair, max_kernel: int, max_stride: int, max_layers: int
) -> list[tuple[LayerSetting, ...]]:
    """Walk through all sizes, layer by layer, until some chains without holes are there."""
    square = size[0] == size[1] and target[0] == target[1]
    grids = [
        grid
        for grid in product(range(size[0], target[0] + 1), range(size[1], target[1] + 1))
        if grid[0] == grid[1] or not square
    ]
    steps: dict[Pair, list[LayerSetting]] = {}
    for before, after in product(grids, grids):
        if before[0] <= after[0] and before[1] <= after[1]:
            best = solve_layer(before, after, max_kernel=max_kernel, max_stride=max_stride)
            if best and not best[0].holes:
                steps.setdefault(before, []).append(best[0])
    chains: list[tuple[LayerSetting, ...]] = [()]
    for _ in range(max_layers):
        chains = [
            (*chain, step)
            for chain in chains
            for step in steps.get(chain[-1].output if chain else size, [])
        ]
        found = [chain for chain in chains if chain[-1].output == target]
        if found:
            return found
    return []


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_between_squares_no_chain_is_shorter_or_better(length: int) -> None:
    for target in range(length, 27):
        size, end = (length, length), (target, target)
        expected = all_shortest_chains(size, end, 3, 2, 4)
        actual = solve_chain(size, end, max_kernel=3, max_stride=2, max_layers=4, most=1000)
        if not expected:
            assert not actual or any(layer.holes for layer in actual[0])
            continue
        assert {tuple(sizes(chain)) for chain in actual} == {
            tuple(sizes(chain)) for chain in expected
        }
        assert [total(chain) for chain in actual] == sorted(map(total, expected))
        few = solve_chain(size, end, max_kernel=3, max_stride=2, max_layers=4, most=2)
        assert [total(chain) for chain in few] == sorted(map(total, expected))[:2]
        for chain in actual:
            check_chain(size, end, chain, 3, 2)


@pytest.mark.parametrize(
    ("size", "target"), [((1, 2), (5, 9)), ((2, 3), (9, 8)), ((2, 1), (8, 8)), ((3, 2), (4, 12))]
)
def test_between_rectangles_no_chain_is_shorter_or_better(size: Pair, target: Pair) -> None:
    expected = all_shortest_chains(size, target, 3, 2, 4)
    actual = solve_chain(size, target, max_kernel=3, max_stride=2, max_layers=4, most=10_000)
    assert len(expected) > 1
    assert sorted(map(sizes, actual)) == sorted(map(sizes, expected))
    assert [total(chain) for chain in actual] == sorted(map(total, expected))
    few = solve_chain(size, target, max_kernel=3, max_stride=2, max_layers=4, most=3)
    assert [total(chain) for chain in few] == sorted(map(total, expected))[:3]


def test_one_layer_is_a_chain_where_it_does_and_smaller_strides_ask_for_more() -> None:
    assert solve_chain(7, 28) == [(solve_layer(7, 28)[0],)]
    best = solve_chain(7, 28, max_stride=2)[0]
    assert sizes(best) == [(14, 14), (28, 28)]
    assert [key(layer) for layer in best] == [((2, 2), (2, 2), "same", None)] * 2
    assert solve_chain(9, 9) == [(solve_layer(9, 9)[0],)]


@in_one_test(
    ("size", "target", "max_stride", "layers"),
    [
        ((4, 4), (1024, 1024), 4, 4),
        ((7, 7), (1000, 1000), 4, 4),
        ((7, 7), (1000, 1000), 2, 7),
        ((256, 256), (512, 512), 4, 1),
        ((5, 7), (10, 28), 4, 1),
        ((5, 7), (10, 28), 2, 2),
        ((5, 7), (500, 1001), 4, 4),
        ((1, 1), (1, 500), 4, 4),
    ],
)
def test_long_chains_lead_to_the_target(
    size: Pair, target: Pair, max_stride: int, layers: int
) -> None:
    chains = solve_chain(size, target, max_stride=max_stride, max_layers=8)
    assert 1 <= len(chains) <= 10
    assert {len(chain) for chain in chains} == {layers}
    assert len({tuple(sizes(chain)) for chain in chains}) == len(chains)
    assert [total(chain) for chain in chains] == sorted(map(total, chains))
    for chain in chains:
        check_chain(size, target, chain, 7, max_stride)


def test_the_growth_by_fours_is_the_best_way_from_4_to_1024() -> None:
    best = solve_chain(4, 1024)[0]
    assert [key(layer) for layer in best] == [((4, 4), (4, 4), "same", None)] * 4


def test_a_chain_has_holes_only_where_none_goes_without() -> None:
    chains = solve_chain(7, 14, max_kernel=1)
    assert [[layer.holes for layer in chain] for chain in chains] == [[True]]
    assert not any(layer.holes for chain in solve_chain(7, 31) for layer in chain)
    # A layer of one does it with holes; two do it without.
    single = solve_layer(7, 31, max_kernel=4, max_stride=4)
    assert all(layer.holes for layer in single)
    assert single != []
    assert {len(chain) for chain in solve_chain(7, 31, max_kernel=4)} == {2}


def test_there_may_be_no_chain() -> None:
    assert solve_chain(4, 100_000) == []
    assert solve_chain(4, 1024, max_layers=3) == []
    assert solve_chain(4, 9, max_kernel=1, max_stride=1) == []


@given(
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    growth=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_every_chain_leads_to_its_target(size: Pair, growth: Pair) -> None:
    target = (size[0] + growth[0], size[1] + growth[1])
    chains = solve_chain(size, target, most=3)
    assert chains
    for chain in chains:
        check_chain(size, target, chain, 7, 4)
        x = np.ones(size)
        for layer in chain:
            kernel = np.ones((*layer.kernel, 1, 1))
            x = conv2d_transpose(
                x, kernel, None, layer.strides, layer.padding, layer.output_padding
            )
        assert x.shape == target
