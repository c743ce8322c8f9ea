"""One layer: the solver finds what brute force does, in its order; the convolution agrees."""

from itertools import product
from typing import Any

import numpy as np
from effort import in_one_test
from hypothesis import assume, given
from hypothesis import strategies as st
from solver_settings import Setting, axis_settings, key, length_after, order

from upsamp import conv2d_transpose
from upsamp.core.arguments import PADDINGS, Padding, Pair
from upsamp.core.geometry.size_solver import LayerSetting, solve_kept, solve_layer


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


@in_one_test("length", range(1, 6))
def test_between_squares_every_setting_is_found_and_no_other(length: int) -> None:
    for target in range(length, 6 * length + 9):
        found = solve_layer(length, target, max_kernel=5, max_stride=5)
        assert {key(setting) for setting in found} == brute_force(
            (length, length), (target, target), 5, 5
        )
        assert len({key(setting) for setting in found}) == len(found)


@in_one_test(
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


@in_one_test(
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


@in_one_test(
    ("size", "target"),
    [(7, 28), (1, 6), (3, 9), (256, 511), ((2, 3), (6, 7)), ((5, 7), (10, 28)), ((1, 1), (4, 6))],
)
def test_the_order_is_the_one_that_is_documented(size: Any, target: Any) -> None:
    found = solve_layer(size, target)
    orders = [(order(setting), setting.strides) for setting in found]
    assert len(found) > 5
    assert orders == sorted(orders)


@in_one_test(
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


def test_strides_of_a_million_are_found_by_arithmetic() -> None:
    found = solve_layer(7, 7 * 10**6, max_kernel=3, max_stride=10**6)
    assert {setting.strides for setting in found} == {(10**6, 10**6)}
    assert all(setting.holes for setting in found)
    even = solve_layer(10**30, 3 * 10**30)[0]
    assert key(even) == ((3, 3), (3, 3), "same", None)


def kept(setting: LayerSetting, own: LayerSetting) -> int:
    """Count the arguments that stay as they are."""
    return sum(a == b for a, b in zip(key(setting), key(own), strict=True))


@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    growth=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    square=st.booleans(),
    own=st.tuples(*[st.integers(1, 6)] * 4, st.sampled_from(PADDINGS), st.booleans()),
)
def test_the_settings_that_are_kept_are_the_best_of_all(
    size: Pair, growth: Pair, square: bool, own: Any
) -> None:
    if square:
        size, growth, own = (
            (size[0],) * 2,
            (growth[0],) * 2,
            (own[0],) * 2 + (own[2],) * 2 + own[4:],
        )
    target = size[0] + growth[0], size[1] + growth[1]
    extra = (own[2] - 1, own[3] // 2) if own[5] else None
    mine = LayerSetting(own[:2], own[2:4], own[4], extra, target, False, False)
    every = [
        setting
        for setting in solve_layer(size, target, max_kernel=7, max_stride=8)
        if not setting.holes
    ]
    found = solve_kept(size, target, mine, max_kernel=7, max_stride=8)
    assert set(found) <= set(every)
    assert found[:1] == every[:1]
    if every:
        most = max(kept(setting, mine) for setting in every)
        nearest = next(setting for setting in every if kept(setting, mine) == most)
        assert next(setting for setting in found if kept(setting, mine) == most) == nearest


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


@in_one_test(("size", "target"), [(7, 1000), (256, 600), ((5, 7), (10, 90)), ((256, 4), (300, 8))])
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
