"""Parts of a result are those of the whole, and the parts that are shown are the telling ones."""

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.arguments import CONVENTIONS, Array, Convention
from upsamp.core.upsampling.resample import resize
from upsamp.views.crops import Comparison, Part, busiest_parts, enlarge_parts, most_different
from upsamp.views.view import View


def noise(rows: int, columns: int, channels: int, dtype: str = "uint8") -> Array:
    generator = np.random.default_rng(rows)
    return generator.integers(0, 256, (rows, columns, channels)).astype(dtype)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(
    "size", [(96, 128), (72, 96), (48, 64), (100, 64), (48, 200), (97, 131), (480, 640)]
)
def test_a_part_is_what_it_is_in_the_whole(size: tuple[int, int], convention: Convention) -> None:
    image = noise(48, 64, 3)
    comparison = Comparison(size, convention)
    parts = [Part(0, 0, 9, 7), Part(size[0] // 2, size[1] // 3, 11, 13)]
    parts.append(Part(size[0] - 5, size[1] - 6, 5, 6))
    for method in comparison.methods:
        whole = resize(image, size, method, convention=convention)
        for part, made in zip(parts, enlarge_parts(image, parts, comparison, method), strict=True):
            # A sum of the same products in another order may round a tie the other way.
            np.testing.assert_allclose(made, part.of(whole).astype(int), rtol=0, atol=1)


def test_parts_of_floats_with_alpha_are_those_of_the_whole() -> None:
    image = noise(40, 40, 4, "float32") / np.float32(255)
    comparison = Comparison((120, 120), alpha=True)
    part = Part(55, 60, 8, 9)
    for method in comparison.methods:
        whole = resize(image, (120, 120), method, alpha=True)
        (made,) = enlarge_parts(image, [part], comparison, method)
        np.testing.assert_allclose(made, part.of(whole), rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_with_aligned_corners_the_whole_decides(method: str) -> None:
    image = noise(12, 12, 1)
    comparison = Comparison((24, 24), "torch", align_corners=True)
    assert comparison.methods == ("bilinear", "bicubic")
    whole = resize(image, (24, 24), method, convention="torch", align_corners=True)
    (made,) = enlarge_parts(image, [Part(20, 3, 4, 5)], comparison, "bicubic")
    if method == "bicubic":
        np.testing.assert_array_equal(made, whole[20:24, 3:8])
    else:
        assert (made != whole[20:24, 3:8]).any()


def test_a_part_needs_little_of_a_large_image(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def remember(self: Comparison, image: Array, size: tuple[int, int], method: str) -> Array:
        seen.append(image.shape[:2])
        return resize(image, size, method, convention=self.convention)

    monkeypatch.setattr(Comparison, "apply", remember)
    image = noise(600, 600, 1)
    enlarge_parts(image, [Part(300, 300, 48, 48)], Comparison((900, 900)), "lanczos5")
    assert max(map(max, seen)) < 60


def test_methods_are_those_of_the_convention() -> None:
    assert len(Comparison((2, 2)).methods) == 8
    assert set(Comparison((2, 2), "torch").methods) == {"nearest", "bilinear", "bicubic", "area"}


@in_one_test("place", [(0, 0), (33, 70), (80, 0), (0, 90), (88, 96)])
def test_the_busiest_part_is_where_something_happens(place: tuple[int, int]) -> None:
    image = np.full((96, 104, 3), 90, np.uint8)
    spot = Part(*place, 8, 8)
    spot.of(image)[...] = noise(8, 8, 3)
    (found,) = busiest_parts(View(image, 0, 255), (24, 24), 1)
    assert found.rows == found.columns == 24
    assert found.top >= 0
    assert found.left >= 0
    assert found.of(image).shape == (24, 24, 3)
    inside = found.of(image).astype(int)
    assert (inside != 90).sum() > 60


@in_one_test("shape", [(1, 1), (1, 50), (50, 1), (3, 2), (24, 24), (25, 24), (47, 95)])
def test_parts_lie_within_any_image(shape: tuple[int, int]) -> None:
    image = noise(*shape, 1)
    parts = busiest_parts(View(image, 0, 255), (24, 24), 100)
    assert parts
    for part in parts:
        assert part.of(image).shape[:2] == (min(24, shape[0]), min(24, shape[1]))
        assert min(part.top, part.left) >= 0


def test_the_parts_that_are_chosen_differ_most_and_do_not_overlap() -> None:
    image = np.zeros((128, 128, 1), np.uint8)
    image[40:60, 40:60, 0] = np.indices((20, 20)).sum(axis=0) % 2 * 255
    image[90:110, 90:110, 0] = np.indices((20, 20)).sum(axis=0) % 2 * 60
    choices = most_different(View(image, 0, 255), Comparison((256, 256)), (16, 16), 5)
    spreads = [choice.spread for choice in choices]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[0] > 4 * spreads[-1]
    assert choices[0].source.overlaps(Part(40, 40, 20, 20))
    for number, choice in enumerate(choices):
        assert not any(choice.source.overlaps(other.source) for other in choices[:number])
        assert set(choice.results) == set(Comparison((256, 256)).methods)
        for result in choice.results.values():
            assert result.shape[:2] == (choice.target.rows, choice.target.columns) == (32, 32)


def test_the_spread_is_that_of_the_pixels_that_are_seen() -> None:
    image = np.zeros((4, 4, 2), np.uint8)
    image[1:3, 1:3] = 255, 0
    (choice,) = most_different(View(image, 0, 255), Comparison((8, 8), alpha=True), (4, 4), 3)
    assert choice.spread == 0


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Part(0, 0, 2, 2), Part(1, 1, 2, 2), True),
        (Part(0, 0, 2, 2), Part(2, 0, 2, 2), False),
        (Part(0, 0, 2, 2), Part(0, 2, 2, 2), False),
        (Part(0, 0, 9, 9), Part(4, 4, 1, 1), True),
    ],
)
def test_rectangles_overlap_where_they_share_a_pixel(one: Part, other: Part, meet: bool) -> None:
    assert one.overlaps(other) is meet
    assert other.overlaps(one) is meet
