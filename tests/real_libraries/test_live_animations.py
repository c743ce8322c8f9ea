"""Animations as OpenCV, libvips and Pillow see them, those that we read and those that we write.

OpenCV paints APNG and GIF as they say, but for what it refuses; libvips reads GIF and WebP.
"""

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
import pyvips
from animation_files import (
    CLEARED,
    LEFT,
    OVER,
    REPLACING,
    RESTORED,
    Array,
    Part,
    apng_of,
    gif_of,
    of_pillow,
    visible,
)
from effort import choose
from image_files import read, written

from upsamp.io.pictures import Frames, Picture

TIMES = choose(60, 500)
TABLE = bytes(np.random.default_rng(4).integers(0, 256, 48, np.uint8))


def ours(data: bytes) -> list[Array]:
    picture = read(BytesIO(data), every_frame=True, expand=True)
    frames = [*picture.frames][1 if picture.metadata.get("default_image") else 0 :]
    return [visible(frame.pixels) for frame in frames]


def of_opencv(data: bytes) -> list[Array]:
    found, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
    assert found
    orders: dict[int, list[int]] = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    return [visible(frame[..., orders[frame.shape[2]]]) for frame in animation.frames]


def of_libvips(data: bytes) -> list[Array]:
    image = pyvips.Image.new_from_buffer(data, "", n=-1)
    pixels, height = image.numpy(), image.get("page-height")
    return [visible(pixels[top : top + height]) for top in range(0, len(pixels), height)]


def parts_of(generator: np.random.Generator, canvas: tuple[int, int], *, gif: bool) -> list[Part]:
    """Return parts of a canvas, of which the first covers it."""
    parts: list[Part] = []
    for _ in range(int(generator.integers(2, 6))):
        rows, columns = (int(generator.integers(1, side + 1)) for side in canvas)
        rows, columns = (rows, columns) if parts else canvas
        if gif:
            pixels = generator.integers(0, 16, (rows, columns)).astype(np.uint8)
        else:
            pixels = generator.integers(0, 256, (rows, columns, 4)).astype(np.uint8)
            pixels[..., 3] = np.clip(pixels[..., 3] * 2.0 - 128, 0, 255)
        part = Part(
            pixels,
            int(generator.integers(0, canvas[1] - columns + 1)),
            int(generator.integers(0, canvas[0] - rows + 1)),
            int(generator.choice([LEFT, CLEARED, RESTORED])),
            OVER if gif else int(generator.choice([OVER, REPLACING])),
            clear=3 if gif else None,
        )
        parts.append(part)
    return parts


def assert_alike(made: list[Array], expected: list[Array], tolerance: int) -> None:
    """Hold frames against others; the less there is of a colour, the less it counts."""
    assert len(made) == len(expected)
    for one, other in zip(made, expected, strict=True):
        seen = [pixels.astype(int) * [1, 1, 1, 255] for pixels in (one, other)]
        for pixels in seen:
            pixels[..., :3] *= pixels[..., 3:] // 255
        np.testing.assert_allclose(*seen, rtol=0, atol=255 * tolerance)


def test_an_apng_is_seen_as_opencv_sees_it() -> None:
    generator = np.random.default_rng(1)
    for turn in range(TIMES):
        parts = parts_of(generator, (5, 6), gif=False)
        hidden = np.full((5, 6, 4), 99) if turn % 2 else None
        data = apng_of(parts, hidden=hidden)
        # It cuts what it divides, so errors of one add up.
        assert_alike(of_opencv(data), ours(data), tolerance=1 + len(parts))


@pytest.mark.parametrize("theirs", [of_opencv, of_libvips])
def test_a_gif_is_seen_as_others_see_it(theirs: Any) -> None:
    generator = np.random.default_rng(2)
    for _ in range(TIMES):
        parts = parts_of(generator, (5, 6), gif=True)
        data = gif_of(parts, (5, 6), TABLE)
        assert_alike(theirs(data), ours(data), tolerance=0)


def test_a_gif_of_parts_beyond_its_screen_is_seen_as_libvips_sees_it() -> None:
    generator = np.random.default_rng(3)
    for _ in range(TIMES):
        parts = parts_of(generator, (5, 6), gif=True)
        screen = tuple(int(side) for side in generator.integers(3, 6, 2))
        moved = [
            parts[0],
            *(Part(p.pixels, p.left + 2, p.top + 1, p.disposal, clear=3) for p in parts),
        ]
        data = gif_of(moved, screen, TABLE)
        assert_alike(of_libvips(data), ours(data), tolerance=0)


@pytest.mark.parametrize(
    ("target", "readers"),
    [
        ("gif", (of_opencv, of_libvips, of_pillow)),
        ("png", (of_opencv, of_pillow)),
        ("webp", (of_opencv, of_libvips, of_pillow)),
    ],
)
def test_what_is_written_is_seen_alike_by_all(target: str, readers: Any) -> None:
    generator = np.random.default_rng(5)
    palette = np.array([(0, 0, 0, 0), (255, 0, 0, 255), (0, 0, 0, 255), (9, 200, 70, 255)])
    for turn in range(TIMES):
        numbers = [generator.integers(turn % 2, 4, (4, 5))]
        for _ in range(4):
            changing = generator.random((4, 5)) < generator.choice([0.2, 1])
            changing[0, 0] = True
            numbers.append(np.where(changing, (numbers[-1] + 1 + turn % 3) % 4, numbers[-1]))
        frames = [palette[each].astype(np.uint8) for each in numbers]
        first, *others = (Picture(pixels, "RGBA", metadata={"duration": 50}) for pixels in frames)
        picture = Picture(
            first.pixels, "RGBA", metadata=first.metadata, rest=Frames(4, lambda o=others: iter(o))
        )
        data = written(picture, target).getvalue()
        for reader in (ours, *readers):
            assert_alike(reader(data), [visible(frame) for frame in frames], tolerance=0)
