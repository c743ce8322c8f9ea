"""The sheet of methods: what stands on it, and that it is whole for any image."""

import numpy as np
import pytest
from effort import one_of_each

from upsamp.core.arguments import Array
from upsamp.core.upsampling.resample import resize
from upsamp.io.images.lettering import letter
from upsamp.views import sheet
from upsamp.views.canvas import BLACK, Canvas, text_width
from upsamp.views.crops import Comparison
from upsamp.views.sheet import GREY, Column, columns_of_panels, draw_sheet
from upsamp.views.view import View, view_of_matrix


def noise(rows: int, columns: int, channels: int = 3) -> Array:
    return np.random.default_rng(3).integers(0, 256, (rows, columns, channels)).astype(np.uint8)


def find(large: Array, small: Array) -> list[tuple[int, int]]:
    """Return where a picture lies in another."""
    rows, columns = small.shape[:2]
    corners = np.argwhere(
        (large[: len(large) - rows + 1, : large.shape[1] - columns + 1] == small[0, 0]).all(axis=2)
    )
    return [
        (int(top), int(left))
        for top, left in corners
        if np.array_equal(large[top : top + rows, left : left + columns], small)
    ]


def written_labels(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which every line that is written is added."""
    lines: list[str] = []
    write = Canvas.write

    def remember(self: Canvas, text: str, *args: object, **options: object) -> None:
        lines.append(text)
        write(self, text, *args, **options)  # type: ignore[arg-type] # they are passed on

    monkeypatch.setattr(Canvas, "write", remember)
    return lines


def test_a_small_image_is_shown_whole_by_every_method(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written_labels(monkeypatch)
    image = noise(16, 16)
    drawn = draw_sheet(View(image, 0, 255), Comparison((32, 32)), "noise.png")
    assert lines[:7] == [
        "input", "nearest, area", "bilinear", "bicubic", "lanczos3", "lanczos5", "mitchellcubic",
    ]  # fmt: skip
    assert lines[8:] == [
        "noise.png",
        "16 x 16 pixels, 8-bit RGB, enlarged to 32 x 32",
        "Convention: keras",
        "Each pixel is shown as 8 x 8",
    ]
    assert len(find(drawn, image.repeat(16, axis=0).repeat(16, axis=1))) == 1
    assert len(find(drawn, image.repeat(8, axis=0).repeat(8, axis=1))) == 1


def test_of_a_large_image_parts_are_shown_and_framed(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written_labels(monkeypatch)
    image = np.full((200, 300, 3), 128, np.uint8)
    image[50:70, 60:90] = noise(20, 30)
    drawn = draw_sheet(View(image, 0, 255), Comparison((400, 600), "torch"), "spot.png")
    assert lines[:4] == ["input", "nearest, area", "bilinear", "bicubic"]
    assert any(line.startswith("Framed: parts of 32 x 32 pixels where") for line in lines)
    assert "Convention: torch" in lines
    for ink in sheet.FRAMES:
        assert (drawn == ink).all(axis=2).sum() > 200


def test_equal_methods_are_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written_labels(monkeypatch)
    drawn = draw_sheet(View(noise(1, 1), 0, 255), Comparison((3, 3)), "dot.png")
    assert lines[:2] == ["input", "every method"]
    assert drawn.shape[1] < 800


SIZES = [
    ((1, 1), (1, 1)), ((1, 400), (2, 800)), ((400, 1), (800, 2)), ((5, 3), (500, 300)),
    ((64, 64), (96, 96)), ((64, 64), (64, 64)), ((41, 83), (83, 97)), ((40, 40), (40, 400)),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "channels"), one_of_each(SIZES, [1, 2, 3, 4]))
def test_a_sheet_is_drawn_of_any_image(
    sizes: tuple[tuple[int, int], tuple[int, int]], channels: int
) -> None:
    shape, size = sizes
    view = View(noise(*shape, channels), 0, 255)
    drawn = draw_sheet(view, Comparison(size, alpha=view.has_alpha), "any.png")
    assert drawn.dtype == np.uint8
    assert drawn.shape[2] == 3
    assert max(drawn.shape) < 4000
    # A margin is left on all sides.
    for side in (drawn[:8], drawn[-8:], drawn[:, :8], drawn[:, -8:]):
        assert (side == 255).all()


def test_deep_values_are_shown_in_the_range_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written_labels(monkeypatch)
    pixels = noise(20, 20, 1).astype(np.uint16) * 16
    view = View(pixels, 0, 4095, 65535, ("black is 0, white 4095",))
    drawn = draw_sheet(view, Comparison((40, 40)), "deep.tif")
    assert lines[-1] == "black is 0, white 4095"
    assert len(find(drawn, view.with_pixels(pixels.repeat(12, 0).repeat(12, 1)).shown())) >= 1


def test_panels_stand_in_columns_under_their_labels() -> None:
    panels = [np.full((10 + 5 * row, 20, 3), 40 * row + 7, np.uint8) for row in range(3)]
    drawn = columns_of_panels([Column("one", panels), Column("a wide label", panels)])
    for panel in panels:
        places = find(drawn, panel)
        assert len({top for top, _ in places}) == 1
        assert len(places) == 2
    assert drawn.shape[1] >= text_width("one", 16) + text_width("a wide label", 16)


# --- words and frames


def test_letters_are_ink_in_one_height() -> None:
    for text in ("", "i", "nearest", "gjpqy", "ÄÉ"):
        drawn = letter(text, 16)
        assert drawn.shape[0] == 21
        assert drawn.dtype == np.uint8
        assert (drawn.max() > 200) == bool(text)
    assert letter("ww", 16).shape[1] > letter("ii", 16).shape[1]
    # Nothing is cut: the outermost columns of a letter are faint or empty beyond its ink.
    assert letter("gjpqy", 16)[-1].max() == 0


def test_words_are_written_where_they_shall_be_and_cut_at_the_edge() -> None:
    canvas = Canvas(30, 40)
    canvas.write("nearest", 4, 20, 16, centred=True)
    dark = np.argwhere(canvas.pixels.min(axis=2) < 100)
    assert dark[:, 0].min() >= 4
    assert dark[:, 0].max() < 25
    assert canvas.pixels.min() >= min(BLACK)
    canvas.write("beyond", 25, 35, 16)
    canvas.write("nowhere", 50, 90, 16)
    assert canvas.pixels.shape == (30, 40, 3)


@pytest.mark.parametrize("corner", [(5, 6), (0, 0), (15, 12)])
def test_a_frame_surrounds_and_leaves_what_is_inside(corner: tuple[int, int]) -> None:
    canvas = Canvas(20, 20)
    before = canvas.pixels.copy()
    top, left = corner
    canvas.frame(top, left, 5, 8, (1, 2, 3))
    changed = (canvas.pixels != before).any(axis=2)
    expected = np.zeros((20, 20), bool)
    expected[max(0, top - 2) : top + 7, max(0, left - 2) : left + 10] = True
    expected[top : top + 5, left : left + 8] = False
    np.testing.assert_array_equal(changed, expected)


def test_the_numbers_of_a_small_matrix_stand_in_its_squares(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = written_labels(monkeypatch)
    view = view_of_matrix(np.array([[1.0, 2.0], [3.0, 4.0]]))
    drawn = draw_sheet(view, Comparison((4, 4)), "matrix")
    assert lines[:4] == ["1", "2", "3", "4"]
    bilinear = lines[4 + 16 : 4 + 32]
    expected = resize(view.pixels, (4, 4), "bilinear")
    np.testing.assert_array_equal([float(text) for text in bilinear], expected.reshape(-1))
    # A white square ends in a line.
    assert (drawn == GREY).all(axis=2).sum() > 4 * 128
    pictures = draw_sheet(View(noise(4, 4, 1), 0, 255), Comparison((8, 8)), "a.png")
    assert not (pictures[-200:] == GREY).all(axis=2).any()
    lines.clear()
    draw_sheet(view_of_matrix(np.ones((64, 64)) / 3), Comparison((128, 128)), "matrix")
    assert lines[0] == "input"
