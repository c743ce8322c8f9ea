"""Drawn animations: the SVG is parsed and played, and frames are read back from files."""

import re
from itertools import combinations, product
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from effort import choose
from PIL import Image

from upsamp.core.upsampling.request import Rule
from upsamp.errors import ShapeError
from upsamp.explain.animation import Animation, Frame
from upsamp.explain.transposed_animation import animate_transposed
from upsamp.explain.upsampling_animation import animate_upsampling
from upsamp.io.write import write_result
from upsamp.views.animation_layout import plan_layout, short_number
from upsamp.views.animation_picture import draw_animation
from upsamp.views.animation_svg import animation_svg
from upsamp.views.palette import PALETTES, channels

SVG = "{http://www.w3.org/2000/svg}"
X = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
# Of zeros in cells, whose text is muted.
ZEROS = ("inserted", "padding", "cropped")


def transposed(*, view: Any = "gather", size: int = 3, **changed: Any) -> Animation:
    settings = {"stride": (2, 2), "padding": "same"} | changed
    kernel = np.ones((size, size, 1, 1))
    arguments: Any = (settings["stride"], settings["padding"], None, (1, 1), 1)
    return animate_transposed(X, kernel, np.zeros(1), arguments, view=view)


def upsampled(method: Any, size: tuple[int, int], view: Any = "gather") -> Animation:
    return animate_upsampling(X, size, Rule(method, "keras", False, False), view=view)


TUTORIAL = {
    "UpSampling2D": upsampled("nearest", (4, 4)),
    "size 2 3": upsampled("nearest", (4, 6)),
    "bilinear": upsampled("bilinear", (4, 4)),
    "zero insertion": transposed(size=1, padding="valid"),
    "stride 1": transposed(size=1, padding="valid", stride=(1, 1)),
    "a little more": transposed(padding="valid"),
    "double": transposed(),
    "scattered": transposed(view="scatter"),
}


def random_animation(number: int) -> Animation:
    generator = np.random.default_rng(number)
    shape = tuple(int(one) for one in generator.integers(1, 4, 2))
    x = generator.standard_normal((*shape, int(generator.integers(1, 3))))
    view: Any = ("gather", "scatter")[number % 2]
    if number % 3 == 0:
        size = shape[0] + int(generator.integers(3)), shape[1] + int(generator.integers(3))
        method: Any = ("bicubic", "lanczos3", "area", "mitchellcubic")[number // 3 % 4]
        return animate_upsampling(x, size, Rule(method, "keras", False, False), view=view)
    kernel = generator.standard_normal((2, 3, 1, x.shape[2]))
    arguments: Any = ((1, 2), ("valid", "same")[number % 4 == 1], None, (2, 1), 1)
    return animate_transposed(x, kernel, generator.standard_normal(1), arguments, view=view)


# --- SVG


def seen(root: Element, share: float | None) -> list[Element]:
    """Return what is seen of an SVG when this share of its time is over; None: where it is still.

    A group is visible or not by the rules of the one element `style`.
    """
    style = root.findtext(f"{SVG}style") or ""
    frames = {
        name: [
            (float(at), state) for at, state in re.findall(r"([\d.]+)% { visibility: (\w+)", body)
        ]
        for name, body in re.findall(r"@keyframes a-([\d-]+) { (.*) }\n?", style)
    }
    found = []
    for group in root.findall(f"{SVG}g"):
        classes = group.get("class", "").split()
        visible = True
        if "still" in classes:
            visible = share is None
        elif "m" in classes:
            steps = frames[classes[1][1:]]
            assert [at for at, _ in steps] == sorted(at for at, _ in steps)
            assert steps[0][0] == 0
            passed = [state for at, state in steps if share is not None and at <= 100 * share]
            visible = bool(passed) and passed[-1] == "visible"
        found += [*group] if visible else []
    return found


def numbers_at(shapes: list[Element], frame: Frame, layout: Any) -> list[np.ndarray[Any, Any]]:
    """Return the numbers of each grid of a frame by the places of texts; nan where none stands."""
    texts = {}
    for one in shapes:
        if one.tag == f"{SVG}text" and one.get("text-anchor") == "middle":
            place = float(one.get("x", "")), float(one.get("y", ""))
            assert place not in texts
            texts[place] = float(one.findtext(f"{SVG}title") or one.text or "")
    found = []
    side = layout.cell
    for column, corners in zip(frame.columns, layout.corners, strict=True):
        for grid, (left, top) in zip(column, corners, strict=True):
            values = np.full(grid.values.shape, np.nan)
            for row, place in np.ndindex(values.shape):
                inside = [
                    value
                    for (x, y), value in texts.items()
                    if 0 <= x - left - place * side < side and 0 <= y - top - row * side < side
                ]
                assert len(inside) <= 1
                values[row, place] = inside[0] if inside else np.nan
            found.append(values)
    return found


def places_of(shapes: list[Element], role: str, *names: str) -> set[tuple[float, ...]]:
    """Return these attributes of each shape of a role."""
    found = [one for one in shapes if one.get("class") == role]
    places = {tuple(float(one.get(name, "")) for name in names) for one in found}
    assert len(places) == len(found)
    return places


def check_frame(shapes: list[Element], frame: Frame, layout: Any) -> None:
    """Assert that what is seen are the numbers, the marks, the window and the text of a frame."""
    for values, grid in zip(numbers_at(shapes, frame, layout), frame.grids, strict=True):
        np.testing.assert_array_equal(values, np.where(grid.known, grid.values, np.nan))
    shown = places_of(shapes, "mark", "x", "y", "width")
    marked = {(x, y) for x, y, width in shown if width == layout.cell}  # but for the legend's
    corners = [corner for column in layout.corners for corner in column]
    expected = {
        (round(left + column * layout.cell, 2), round(top + row * layout.cell, 2))
        for grid, (left, top) in zip(frame.grids, corners, strict=True)
        for row, column in np.argwhere(grid.marked)
    }
    assert marked == expected
    assert places_of(shapes, "window", "x", "y", "width", "height") == {
        (round(left + before * layout.cell, 2), round(top + above * layout.cell, 2), *size)
        for grid, (left, top) in zip(frame.grids, corners, strict=True)
        for above, before, rows, columns in ([grid.window] if grid.window else [])
        for size in [(columns * layout.cell, rows * layout.cell)]
    }
    assert places_of(shapes, "point", "cx", "cy") == {
        (round(left + grid.point[1] * layout.cell, 2), round(top + grid.point[0] * layout.cell, 2))
        for grid, (left, top) in zip(frame.grids, corners, strict=True)
        if grid.point
    }
    # What stands on a mark is not muted, as what stands on zeros.
    for x, y in places_of(shapes, "muted", "x", "y"):
        assert not any(0 <= x - a < layout.cell and 0 <= y - b < layout.cell for a, b in marked)
    words = " ".join(
        one.text or ""
        for one in sorted(shapes, key=lambda one: float(one.get("y", "0")))
        if one.get("font-size") == "16" and float(one.get("y", "0")) >= layout.text
    )
    assert words == " ".join(frame.text)


@pytest.mark.parametrize("number", choose([1, 2, 3], range(120)))
def test_an_svg_shows_the_numbers_of_each_frame_at_its_time(number: int) -> None:
    animation = random_animation(number)
    root = fromstring(animation_svg(animation, name="a", seconds=0.3))
    layout = plan_layout(animation, (*animation.frames, animation.still))
    total = sum(frame.steps for frame in animation.frames)
    style = root.findtext(f"{SVG}style") or ""
    assert f".m {{ animation: {0.3 * total:.4g}s step-end infinite; }}" in style
    start = 0
    for frame in animation.frames:
        for share in (start + 0.01, start + frame.steps - 0.01):
            check_frame(seen(root, share / total), frame, layout)
        start += frame.steps
    check_frame(seen(root, None), animation.still, layout)


def test_an_svg_needs_nothing_and_has_a_name_for_whoever_cannot_see_it() -> None:
    text = animation_svg(transposed(), name="one")
    root = fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert "transposed convolution of 2 x 2" in (root.findtext(f"{SVG}title") or "")
    assert "rows: n * s = 2 * 2 = 4" in (root.findtext(f"{SVG}desc") or "")
    tags = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "g", "text"}
    names = {name for one in root.iter() for name in one.keys()}  # noqa: SIM118 - of an element
    assert not names & {"id", "style", "href", "onload"}
    assert not re.search(r"url|@import|http", text.replace("http://www.w3.org/2000/svg", ""))
    width, height = root.get("width"), root.get("height")
    assert root.get("viewBox") == f"0 0 {width} {height}"
    style = root.findtext(f"{SVG}style") or ""
    for rule in re.findall(r"^[^@}].*{", style, re.MULTILINE):
        assert rule.startswith(".one")
    assert "prefers-reduced-motion: no-preference" in style
    # It waits for whoever reads it, by a pointer or by the keyboard.
    assert root.get("tabindex") == "0"
    assert ".one:hover * { animation-play-state: paused; }" in style
    assert ".one:focus-visible * { animation-play-state: paused; }" in style
    for shape in root.iter():  # all of it lies on the paper
        if "x" in shape.keys() and shape.get("class") != "paper":  # noqa: SIM118 - of an element
            assert 0 <= float(shape.get("x", "")) <= float(width or "")
            assert 0 <= float(shape.get("y", "")) <= float(height or "")


def test_a_theme_is_fixed_or_what_the_reader_prefers() -> None:
    style = {theme: animation_svg(transposed(), theme=theme) for theme in (None, "light", "dark")}
    assert "prefers-color-scheme: dark" in style[None]
    for theme, other in (("light", "dark"), ("dark", "light")):
        assert PALETTES[theme]["mark"] in style[theme]  # type: ignore[index]
        assert PALETTES[other]["mark"] not in style[theme]  # type: ignore[index]
        assert "prefers-color-scheme" not in style[theme]


def test_names_are_escaped() -> None:
    hostile = "<script>alert(1)</script>&\"'"
    named = transposed()._replace(title=hostile)
    root = fromstring(animation_svg(named))
    assert root.findtext(f"{SVG}title") == hostile
    assert root.find(f".//{SVG}script") is None


# --- pixels


FILES = [("double", "gif"), ("scattered", "png"), ("scattered", "webp")]


@pytest.mark.parametrize(
    ("name", "kind"), choose(FILES, [*product(TUTORIAL, ("gif", "png", "webp"))])
)
def test_a_file_has_each_frame_for_its_time(tmp_path: Any, name: str, kind: str) -> None:
    animation = TUTORIAL[name]
    picture = draw_animation(animation, seconds=0.25)
    path = tmp_path / f"a.{kind}"
    assert write_result(picture, kind, str(path)) == []
    assert kind != "gif" or path.stat().st_size < 300_000
    with Image.open(path) as read:
        assert getattr(read, "n_frames", 1) == len(animation.frames)
        assert read.info.get("loop", 0) == 0
        for number, drawn in enumerate(picture.frames):
            read.seek(number)
            read.load()
            wanted = 250 * animation.frames[number].steps
            assert read.info["duration"] == wanted
            np.testing.assert_array_equal(np.asarray(read.convert("RGB")), drawn.pixels)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_cell_has_the_colour_of_its_kind(theme: Any) -> None:
    palette = PALETTES[theme]
    for animation in (transposed(size=2), transposed(view="scatter"), upsampled("bicubic", (2, 3))):
        layout = plan_layout(animation, animation.frames, 40)
        picture = draw_animation(animation, cell=40, theme=theme)
        corners = [corner for column in layout.corners for corner in column]
        for frame, drawn in zip(animation.frames, picture.frames, strict=True):
            for grid, (left, top) in zip(frame.grids, corners, strict=True):
                for row, column in np.ndindex(grid.values.shape):
                    # Inside of its border, its outline and its ring.
                    place = round(top + row * 40) + 5, round(left + column * 40) + 5
                    waits = not grid.known[row, column] and grid.kinds[row, column] != "cropped"
                    role = "pending" if waits else str(grid.kinds[row, column])
                    role = "mark" if grid.marked[row, column] else role
                    ring = grid.point is not None and drawn.pixels[place].tolist() == [
                        *channels(palette["point"])
                    ]
                    assert ring or drawn.pixels[place].tolist() == [*channels(palette[role])]


def test_cells_and_frames_may_be_as_large_as_is_wanted_within_a_bound() -> None:
    small, large = (draw_animation(transposed(), cell=cell).pixels.shape for cell in (20, 60))
    assert large[0] > small[0]
    long = animate_upsampling(
        np.zeros((1, 128, 1)), (1, 256), Rule("nearest", "keras", False, False)
    )
    with pytest.raises(ShapeError, match=r"16,383 pixels a side.*Use smaller cells"):
        draw_animation(long, cell=128)


# --- colours


def luminance(colour: str) -> float:
    """Return the relative luminance. Source: W3C, WCAG 2.2."""
    shares = np.array(channels(colour)) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# How people see colours whose eyes lack one kind of cones, of linear light. Source: G. Machado et
# al., "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def lab(colour: str, deficiency: str) -> np.ndarray[Any, Any]:
    """Return CIELAB of what is seen of a colour; sRGB, white of D65."""
    shares = np.array(channels(colour)) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    seen_light = np.clip(DEFICIENCIES[deficiency] @ linear, 0, 1)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = matrix @ seen_light / matrix.sum(axis=1)
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_read_and_told_apart_by_all(theme: Any) -> None:
    palette = PALETTES[theme]
    fills = ("input", "inserted", "padding", "kernel", "output", "cropped", "mark", "paper")
    for fill in fills:
        assert contrast(palette["ink"], palette[fill]) >= 4.5
    for fill in (*ZEROS, "paper"):
        assert contrast(palette["muted"], palette[fill]) >= 4.5
    # An outline is seen on what it lies on (WCAG: 3 for graphics).
    for fill in ("input", "inserted", "padding", "mark", "output"):
        assert contrast(palette["window"], palette[fill]) >= 3
    # What stands in one grid: kinds of the input, of the sums, and what a step marks.
    together = [*combinations(("input", "inserted", "padding", "mark"), 2)]
    together += [("output", "cropped"), ("output", "mark"), ("kernel", "mark"), ("cropped", "mark")]
    for (one, other), deficiency in product(together, DEFICIENCIES):
        pair = (lab(palette[kind], deficiency) for kind in (one, other))
        assert np.linalg.norm(np.subtract(*pair)) > 8, (one, other, deficiency)


@pytest.mark.parametrize(
    ("value", "letters", "shown"),
    [
        (1.0, 2, "1"),
        (-0.0, 6, "0"),
        (1 / 3, 6, "0.3333"),
        (123456.0, 6, "123456"),
        (float("nan"), 6, "nan"),
        (-1e-9, 6, "-1e-9"),
    ],
)
def test_a_number_is_rounded_to_its_cell(value: float, letters: int, shown: str) -> None:
    assert short_number(value, letters) == shown
