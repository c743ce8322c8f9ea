"""The solver against brute force over `transposed_axis`, and against the real convolution."""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from upsamp import conv2d_transpose
from upsamp.core.arguments import PADDINGS, Padding, Pair
from upsamp.core.geometry import transposed_axis
from upsamp.core.solver import LayerSetting, nearest_targets, solve_chain, solve_layer
from upsamp.errors import ArgumentError, ShapeError

AxisSetting = tuple[int, int, Padding, int | None]
Setting = tuple[Pair, Pair, Padding, Pair | None]
Order = tuple[int, ...]


def axis_settings(max_kernel: int, max_stride: int) -> Iterator[AxisSetting]:
    """Give every setting of one axis: kernel, stride, padding, output_padding."""
    for kernel, stride in product(range(1, max_kernel + 1), range(1, max_stride + 1)):
        for padding in PADDINGS:
            for extra in (None, *range(stride)):
                yield kernel, stride, padding, extra


def length_after(length: int, setting: AxisSetting) -> int:
    """Give the output's length as the geometry has it, and 0 where that is empty."""
    try:
        return transposed_axis(length, *setting, 1).output
    except ShapeError:
        return 0


def brute_force(size: Pair, target: Pair, max_kernel: int, max_stride: int) -> set[Setting]:
    """Try everything, as the documentation of `solve_layer` has it."""
    every = list(axis_settings(max_kernel, max_stride))
    rows, columns = (
        [setting for setting in every if length_after(length, setting) == wanted]
        for length, wanted in zip(size, target, strict=True)
    )
    square = size[0] == size[1] and target[0] == target[1]
    found: set[Setting] = set()
    for first, second in [(row, row) for row in rows] if square else product(rows, columns):
        if first[2] == second[2] and (first[3] is None) == (second[3] is None):
            extras = (
                None if first[3] is None or second[3] is None else (int(first[3]), int(second[3]))
            )
            found.add(((first[0], second[0]), (first[1], second[1]), first[2], extras))
    return found


def key(setting: LayerSetting) -> Setting:
    return setting.kernel, setting.strides, setting.padding, setting.output_padding


def order(setting: LayerSetting) -> Order:
    """Give what `solve_layer` says that it orders by, the strides left out; it counts axes."""
    extras = setting.output_padding or (None, None)
    axes = list(zip(setting.kernel, setting.strides, extras, strict=True))
    past = [
        length_after(9, (kernel, stride, setting.padding, extra)) > 8 * stride + kernel
        for kernel, stride, extra in axes
    ]
    return (
        sum(
            kernel < stride or beyond
            for (kernel, stride, _), beyond in zip(axes, past, strict=True)
        ),
        sum(kernel % stride > 0 for kernel, stride, _ in axes),
        sum(
            kernel % 2 == 0 and setting.padding == "same" and extra == 0
            for kernel, _, extra in axes
        ),
        2 * (setting.output_padding is not None),
        2 * (setting.padding == "valid"),
        sum(setting.kernel),
    )


def total(chain: tuple[LayerSetting, ...]) -> Order:
    """Add up the order of a chain's layers."""
    return tuple(map(sum, zip(*map(order, chain), strict=True)))


def real_output(size: Pair, setting: LayerSetting) -> Any:
    """Run the layer on ones with a kernel of ones: each output is how many taps it sums."""
    rows, columns = setting.kernel
    return conv2d_transpose(
        np.ones(size),
        np.ones((rows, columns, 1, 1)),
        strides=setting.strides,
        padding=setting.padding,
        output_padding=setting.output_padding,
    )


# --- one layer


@pytest.mark.parametrize("length", range(1, 6))
def test_between_squares_every_setting_is_found_and_no_other(length: int) -> None:
    for target in range(length, 6 * length + 9):
        found = solve_layer(length, target, max_kernel=5, max_stride=5)
        assert {key(setting) for setting in found} == brute_force(
            (length, length), (target, target), 5, 5
        )
        assert len({key(setting) for setting in found}) == len(found)


@pytest.mark.parametrize(
    ("size", "target"),
    [
        ((1, 2), (3, 5)),
        ((2, 2), (4, 6)),
        ((3, 5), (6, 5)),
        ((3, 2), (10, 9)),
        ((5, 7), (10, 28)),
        ((1, 4), (4, 4)),
    ],
)
def test_between_rectangles_every_setting_is_found_and_no_other(size: Pair, target: Pair) -> None:
    found = solve_layer(size, target, max_kernel=5, max_stride=4)
    assert {key(setting) for setting in found} == brute_force(size, target, 5, 4)
    assert len({key(setting) for setting in found}) == len(found)


def test_within_the_default_bounds_none_is_missed() -> None:
    for size, target in [(7, 28), (256, 512), (256, 511), (4, 37), (1, 13)]:
        found = solve_layer(size, target)
        assert {key(setting) for setting in found} == brute_force(
            (size, size), (target, target), 7, 8
        )


@pytest.mark.parametrize(
    ("size", "target"), [((1, 1), (6, 6)), ((3, 3), (9, 9)), ((2, 5), (6, 11)), ((7, 7), (28, 28))]
)
def test_a_real_layer_gives_the_target_and_has_holes_where_the_setting_says_so(
    size: Pair, target: Pair
) -> None:
    settings = solve_layer(size, target)
    assert {setting.holes for setting in settings} == {False, True}
    for setting in settings:
        actual = real_output(size, setting)
        assert actual.shape == setting.output == target
        if min(size) > 1 or not setting.holes:
            assert bool((actual == 0).any()) == setting.holes, setting


def test_even_overlap_is_that_the_interior_sums_as_many_taps_everywhere() -> None:
    for stride in range(1, 6):
        for setting in solve_layer(12, 12 * stride, max_stride=5):
            inner = real_output((12, 12), setting)[
                4 * stride : -4 * stride, 4 * stride : -4 * stride
            ]
            assert (np.ptp(inner) == 0) == setting.even_overlap, setting


@pytest.mark.parametrize(
    ("size", "target"),
    [(7, 28), (1, 6), (3, 9), (256, 511), ((2, 3), (6, 7)), ((5, 7), (10, 28)), ((1, 1), (4, 6))],
)
def test_the_order_is_the_one_that_is_documented(size: Any, target: Any) -> None:
    found = solve_layer(size, target)
    orders = [(order(setting), setting.strides) for setting in found]
    assert len(found) > 5
    assert orders == sorted(orders)


@pytest.mark.parametrize(
    ("size", "target", "best"),
    [
        (7, 28, ((4, 4), (4, 4), "same", None)),
        (256, 512, ((2, 2), (2, 2), "same", None)),
        # 255 * 2 + 2 - 2 + 1
        (256, 511, ((2, 2), (2, 2), "same", (1, 1))),
        (256, 513, ((3, 3), (2, 2), "valid", None)),
        ((5, 7), (10, 28), ((2, 4), (2, 4), "same", None)),
        (9, 9, ((1, 1), (1, 1), "same", None)),
        (1, 4, ((4, 4), (4, 4), "same", None)),
    ],
)
def test_the_best_setting_is_the_first(size: Any, target: Any, best: Setting) -> None:
    assert key(solve_layer(size, target)[0]) == best


def test_a_setting_says_all_about_itself() -> None:
    assert solve_layer(7, 28)[0] == LayerSetting(
        kernel=(4, 4),
        strides=(4, 4),
        padding="same",
        output_padding=None,
        output=(28, 28),
        even_overlap=True,
        holes=False,
    )


def test_what_leaves_holes_comes_last() -> None:
    holes = [setting.holes for setting in solve_layer(7, 28)]
    assert holes == sorted(holes)
    # A stride of 8 is needed, and no kernel is as large.
    assert all(setting.holes for setting in solve_layer(7, 56, max_kernel=7))
    assert solve_layer(7, 56, max_kernel=7) != []


def test_swapping_rows_and_columns_swaps_the_settings() -> None:
    one = {key(setting) for setting in solve_layer((5, 7), (10, 28))}
    other = solve_layer((7, 5), (28, 10))
    swapped = {
        (
            setting.kernel[::-1],
            setting.strides[::-1],
            setting.padding,
            setting.output_padding and setting.output_padding[::-1],
        )
        for setting in other
    }
    assert one == swapped


@pytest.mark.parametrize(
    ("size", "target"), [(7, 1000), (256, 600), ((5, 7), (10, 90)), ((256, 4), (300, 8))]
)
def test_there_may_be_no_setting(size: Any, target: Any) -> None:
    assert solve_layer(size, target) == []


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    strides=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    padding=st.sampled_from(PADDINGS),
    extra=st.none() | st.tuples(st.integers(0, 7), st.integers(0, 7)),
)
def test_what_any_layer_does_the_solver_finds(
    size: Pair, kernel: Pair, strides: Pair, padding: Padding, extra: Pair | None
) -> None:
    given_extra = extra and (extra[0] % strides[0], extra[1] % strides[1])
    rows, columns = (
        length_after(
            size[axis],
            (kernel[axis], strides[axis], padding, given_extra[axis] if given_extra else None),
        )
        for axis in (0, 1)
    )
    square = size[0] == size[1] and rows == columns
    assume(rows >= size[0] and columns >= size[1])
    pairs = [kernel, strides, given_extra or (0, 0)]
    # Between squares only square settings are given.
    assume(not square or all(pair[0] == pair[1] for pair in pairs))
    found = [key(setting) for setting in solve_layer(size, (rows, columns))]
    assert (kernel, strides, padding, given_extra) in found


# --- chains


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


@pytest.mark.parametrize(
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


# --- what is near


@pytest.mark.parametrize("length", [1, 2, 5, 9])
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


@pytest.mark.parametrize(
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


# --- what is refused


@pytest.mark.parametrize("solve", [solve_layer, solve_chain, nearest_targets])
@pytest.mark.parametrize(
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


@pytest.mark.parametrize("solve", [solve_layer, solve_chain, nearest_targets])
@pytest.mark.parametrize("bound", ["max_kernel", "max_stride"])
def test_bounds_that_allow_nothing_are_refused(solve: Any, bound: str) -> None:
    with pytest.raises(ArgumentError, match=rf"`{bound}` must be an integer of at least 1\."):
        solve(7, 28, **{bound: 0})


@pytest.mark.parametrize("bound", ["max_layers", "most"])
def test_a_chain_of_no_layers_and_no_chain_at_all_are_refused(bound: str) -> None:
    with pytest.raises(ArgumentError, match=rf"`{bound}` must be an integer of at least 1\."):
        solve_chain(7, 28, **{bound: 0})
