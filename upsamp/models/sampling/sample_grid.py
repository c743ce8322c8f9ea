"""Pictures of many samples: tiles in rows and columns, filled one batch after the other."""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.dtypes import round_to
from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError

# How many channels make one picture: grey, red, green and blue, and those with alpha.
COLOURS = (1, 3, 4)


@dataclass(frozen=True)
class SampleGrid:
    """Where the tiles of samples lie in one picture.

    grid: rows and columns of tiles. tile: rows and columns of pixels of one of them. planes: the
    tiles that one sample has, beside each other. channels: of the picture. zoom: by how much each
    pixel is enlarged. gap: black pixels between tiles, enlarged as well.
    """

    grid: Pair
    tile: Pair
    planes: int = 1
    channels: int = 1
    zoom: int = 1
    gap: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the picture: (rows, columns), or (rows, columns, C) in colour."""
        sides = tuple(
            (count * (length + self.gap) - self.gap) * self.zoom
            for count, length in zip(self.grid, self.tile, strict=True)
        )
        return sides if self.channels == 1 else (*sides, self.channels)

    def new_canvas(self) -> Array:
        """Return the black picture, if memory can hold it."""
        check_memory(self.shape, np.uint8, "The picture")
        return np.zeros(self.shape, np.uint8)

    def place(self, canvas: Array, levels: Array, first: int = 0) -> None:
        """Put samples onto the picture, the first of them as sample number `first`.

        levels: uint8, (N, H, W, C) with C = planes * channels, of the grid's H and W.
        """
        board = canvas.reshape(*canvas.shape[:2], self.channels)
        steps = [(length + self.gap) * self.zoom for length in self.tile]
        for number, sample in enumerate(levels, first):
            tiles = np.split(sample, self.planes, axis=-1)
            for place, tile in enumerate(tiles, number * self.planes):
                row, column = divmod(place, self.grid[1])
                top, left = row * steps[0], column * steps[1]
                enlarged = tile.repeat(self.zoom, axis=0).repeat(self.zoom, axis=1)
                board[top : top + len(enlarged), left : left + enlarged.shape[1]] = enlarged


def plan_sample_grid(
    shape: tuple[int, int, int, int],
    grid: Pair | None = None,
    zoom: int = 1,
    *,
    split: bool = False,
    gap: int = 1,
) -> SampleGrid:
    """Plan the picture of samples of `shape` (N, H, W, C).

    1, 3 and 4 channels are a picture in grey, in colour, or with alpha; otherwise, and with
    `split`, every channel is a tile in grey. grid: rows and columns of tiles; by default near to
    a square, in which the tiles of each of several samples stay in one row.

    >>> plan_sample_grid((16, 28, 28, 1)).grid, plan_sample_grid((2, 7, 7, 64)).grid
    ((4, 4), (2, 64))
    """
    count, height, width, channels = shape
    planes = channels if split or channels not in COLOURS else 1
    tiles = count * planes
    if grid is None:
        # The tiles of one of several samples stay beside each other.
        columns = ceil(sqrt(tiles)) if count == 1 else ceil(sqrt(count / planes)) * planes
        grid = ceil(tiles / columns), columns
    elif grid[0] * grid[1] < tiles:
        what = f"{count} samples" if planes == 1 else f"{count} samples of {planes} channels"
        raise ArgumentError(
            f"`grid` must hold {tiles:,} tiles, of {what}. "
            f"Received: {grid[0]}x{grid[1]}, which holds {grid[0] * grid[1]:,}."
        )
    return SampleGrid(grid, (height, width), planes, channels // planes, zoom, gap)


def gray_levels(samples: Array, value_range: tuple[float, float]) -> Array:
    """Return samples as uint8: the low end of `value_range` is 0, the high end 255.

    What lies outside is cut; what is not finite is 0, as is everything in a range without width.

    >>> gray_levels(np.array([-1.0, 0.0, 1.0, np.nan]), (-1.0, 1.0))
    array([  0, 128, 255,   0], dtype=uint8)
    """
    # Halves, so that no difference is more than a float holds.
    low, high = value_range[0] / 2, value_range[1] / 2
    scale = 255 / (high - low) if high > low else 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (samples.astype(np.float64) / 2 - low) * scale
    scaled[~np.isfinite(samples)] = 0.0
    return round_to(scaled, np.uint8)


def tile_samples(
    samples: Array,
    value_range: tuple[float, float],
    grid: Pair | None = None,
    zoom: int = 1,
    gap: int = 1,
) -> Array:
    """Lay out samples (N, H, W, C) as one picture, with black gaps between them.

    Return uint8 of shape (rows, columns) in grey, else (rows, columns, C); see `plan_sample_grid`
    and `gray_levels`.

    >>> tile_samples(np.zeros((4, 2, 2, 1)), (0.0, 1.0)).shape
    (5, 5)
    """
    count, height, width, channels = samples.shape
    sample_grid = plan_sample_grid((count, height, width, channels), grid, zoom, gap=gap)
    canvas = sample_grid.new_canvas()
    sample_grid.place(canvas, gray_levels(samples, value_range))
    return canvas
