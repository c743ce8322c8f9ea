"""Pictures of many samples: where the tiles lie, and how values become levels of grey."""

import numpy as np
import pytest
from effort import in_one_test

from upsamp.errors import ArgumentError, MemoryLimitError
from upsamp.models.sampling.sample_grid import (
    SampleGrid,
    gray_levels,
    plan_sample_grid,
    tile_samples,
)


@in_one_test(
    ("shape", "split", "grid", "planes", "channels"),
    [
        ((16, 8, 8, 1), False, (4, 4), 1, 1),
        ((16, 8, 8, 3), False, (4, 4), 1, 3),
        ((5, 8, 8, 4), False, (2, 3), 1, 4),
        ((1, 8, 8, 2), False, (1, 2), 2, 1),
        ((16, 8, 8, 2), False, (6, 6), 2, 1),
        ((1, 8, 8, 64), False, (8, 8), 64, 1),
        ((1, 8, 8, 3), True, (2, 2), 3, 1),
        ((3, 8, 8, 64), True, (3, 64), 64, 1),
    ],
)
def test_channels_are_colours_or_tiles(
    shape: tuple[int, int, int, int],
    split: bool,
    grid: tuple[int, int],
    planes: int,
    channels: int,
) -> None:
    sample_grid = plan_sample_grid(shape, split=split)
    assert (sample_grid.grid, sample_grid.planes, sample_grid.channels) == (grid, planes, channels)


def test_batches_fill_the_picture_that_all_samples_fill_at_once() -> None:
    samples = np.random.default_rng(0).integers(0, 256, (7, 3, 2, 5)).astype(np.uint8)
    sample_grid = plan_sample_grid(samples.shape, zoom=2)
    whole, parts = sample_grid.new_canvas(), sample_grid.new_canvas()
    sample_grid.place(whole, samples)
    for start in (0, 3, 6):
        sample_grid.place(parts, samples[start : start + 3], start)
    np.testing.assert_array_equal(parts, whole)
    assert whole.sum() == samples.sum() * 4
    tile = whole[8:14:2, 6:10:2]  # second row of tiles, second column
    columns = sample_grid.grid[1]
    sample, plane = divmod(columns + 1, 5)
    np.testing.assert_array_equal(tile, samples[sample, :, :, plane])


def test_zoom_enlarges_tiles_and_gaps_alike() -> None:
    samples = np.random.default_rng(1).standard_normal((3, 2, 2, 3))
    small = tile_samples(samples, (-1, 1))
    large = tile_samples(samples, (-1, 1), zoom=3)
    np.testing.assert_array_equal(large, small.repeat(3, 0).repeat(3, 1))


def test_the_grid_may_be_chosen_and_larger_than_the_samples() -> None:
    samples = np.full((3, 2, 2, 1), 9.0)
    assert tile_samples(samples, (0, 9), (1, 3)).shape == (2, 8)
    picture = tile_samples(samples, (0, 9), (2, 4))
    assert picture.shape == (5, 11)
    assert picture[3:].sum() == 0
    assert np.count_nonzero(picture) == 12


@pytest.mark.parametrize(
    ("shape", "grid", "rule"),
    [
        ((5, 2, 2, 1), (2, 2), r"`grid` must hold 5 tiles, of 5 samples\. Received: 2x2.* holds 4"),
        ((2, 2, 2, 6), (2, 5), r"must hold 12 tiles, of 2 samples of 6 channels\. Received: 2x5"),
    ],
)
def test_a_grid_that_is_too_small_is_refused(
    shape: tuple[int, int, int, int], grid: tuple[int, int], rule: str
) -> None:
    with pytest.raises(ArgumentError, match=rule):
        plan_sample_grid(shape, grid)


def test_a_picture_that_memory_cannot_hold_is_refused_before_it_is_made() -> None:
    with pytest.raises(MemoryLimitError, match=r"The picture would be .* of memory are available"):
        SampleGrid((10**6, 10**6), (10**3, 10**3)).new_canvas()


def test_what_is_not_finite_is_black_and_what_is_outside_is_cut() -> None:
    samples = np.array([np.nan, np.inf, -np.inf, -9, 0, 0.5, 1, 9, 1e308])
    expected = [0, 0, 0, 0, 0, 128, 255, 255, 255]
    np.testing.assert_array_equal(gray_levels(samples, (0.0, 1.0)), expected)
    np.testing.assert_array_equal(gray_levels(samples, (-1e308, 1e308))[:3], 0)
    half = samples[:-1].astype(np.float16)
    np.testing.assert_array_equal(gray_levels(half, (0.0, 1.0)), expected[:-1])
