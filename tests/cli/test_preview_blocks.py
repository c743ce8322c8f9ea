"""What is printed for pixels is read back as a terminal reads it, and is the pixels again."""

import numpy as np
from effort import in_one_test
from terminals import HALF, as_terminal

from upsamp.cli.render.blocks import TABLE, Colours, block_lines, pixels_of_cells
from upsamp.core.arguments import Array


def noise(rows: int, columns: int) -> Array:
    return np.random.default_rng(rows).integers(0, 256, (rows, columns, 3)).astype(np.uint8)


@in_one_test("shape", [(2, 1), (6, 5), (7, 5), (1, 9)])
def test_half_blocks_are_the_pixels(shape: tuple[int, int]) -> None:
    pixels = noise(*shape)
    pixels[:, -1] = pixels[0, 0]
    lines = as_terminal(block_lines(pixels, "true", blocks=True, light=False))
    assert len(lines) == -(-shape[0] // 2)
    for row, line in enumerate(lines):
        assert [cell[0] for cell in line] == [HALF] * shape[1]
        assert [cell[1] for cell in line] == [tuple(pixel) for pixel in pixels[2 * row].tolist()]
        below: list[object] = [None] * shape[1]
        if 2 * row + 1 < shape[0]:
            below = [tuple(pixel) for pixel in pixels[2 * row + 1].tolist()]
        assert [cell[2] for cell in line] == below


def test_a_colour_that_goes_on_is_not_repeated() -> None:
    pixels = np.full((2, 50, 3), 9, np.uint8)
    (line,) = block_lines(pixels, "true", blocks=True, light=False)
    assert line.count("\x1b") == 2


def test_without_blocks_a_pixel_is_two_blanks() -> None:
    pixels = noise(3, 4)
    lines = list(block_lines(pixels, "true", blocks=False, light=False))
    assert all(line.isascii() for line in lines)
    for row, line in enumerate(as_terminal(lines)):
        assert [cell[0] for cell in line] == [" "] * 8
        assert [cell[2] for cell in line[::2]] == [tuple(pixel) for pixel in pixels[row].tolist()]
        assert line[::2] == line[1::2]


def table_colours(pixels: Array) -> Array:
    """Return the colours that a terminal of 256 shows for pixels, (H, W, 3)."""
    lines = as_terminal(block_lines(pixels, "256", blocks=False, light=False))
    codes = np.array([[cell[2] for cell in line[::2]] for line in lines], int)
    assert codes.min() >= 16  # the first sixteen are whatever a user chose
    shown: Array = TABLE[codes - 16]
    return shown


def test_the_table_is_that_of_terminals() -> None:
    assert TABLE.shape == (240, 3)
    assert TABLE[[0, 215, 216, 239]].tolist() == [[0] * 3, [255] * 3, [8] * 3, [238] * 3]
    assert TABLE[196 - 16].tolist() == [255, 0, 0]
    assert TABLE[33 - 16].tolist() == [0, 135, 255]


def test_colours_that_the_table_has_are_shown_so() -> None:
    pixels = TABLE.reshape(12, 20, 3).astype(np.uint8)
    np.testing.assert_array_equal(table_colours(pixels), pixels)


@in_one_test("colour", [(118, 93, 110), (30, 34, 40), (250, 240, 200), (80, 150, 120)])
def test_other_colours_are_met_on_average(colour: tuple[int, int, int]) -> None:
    shown = table_colours(np.full((8, 8, 3), colour, np.uint8))
    assert np.abs(shown.mean(axis=(0, 1)) - colour).max() < 24
    assert np.abs(shown - colour).max() < 60


def test_letters_are_denser_where_it_is_brighter() -> None:
    ramp = np.linspace(0, 255, 50).astype(np.uint8)[np.newaxis, :, np.newaxis]
    pixels = ramp.repeat(2, axis=0).repeat(3, axis=2)
    (dark_ground,) = block_lines(pixels, "none", blocks=True, light=False)
    (light_ground,) = block_lines(pixels, "none", blocks=True, light=True)
    assert dark_ground.isascii()
    assert dark_ground.startswith("   ..")
    assert dark_ground.endswith("@@@")
    assert light_ground == dark_ground[::-1].rstrip()
    order = list(dict.fromkeys(dark_ground))
    assert order == list(" .:-=+*#%@")


def test_a_letter_is_two_pixels_and_the_last_may_be_one() -> None:
    pixels = np.zeros((3, 2, 3), np.uint8)
    pixels[2] = 255
    assert list(block_lines(pixels, "none", blocks=True, light=False)) == ["", "@@"]


@in_one_test(
    ("colours", "blocks", "expected"),
    [
        ("true", True, (40, 80)),
        ("256", True, (40, 80)),
        ("none", True, (40, 80)),
        ("none", False, (40, 80)),
        ("true", False, (20, 40)),
    ],
)
def test_a_terminal_has_so_many_pixels(
    colours: Colours, blocks: bool, expected: tuple[int, int]
) -> None:
    assert pixels_of_cells((20, 80), colours, blocks=blocks) == expected
