"""Animations and pages: every frame comes through, plays as before, and only one is in memory."""

import struct
import weakref
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from image_files import Array, encoded, image_of, read, through
from PIL import Image, ImageDraw

from upsamp.errors import FormatError
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Frames, Picture
from upsamp.io.read import read_source
from upsamp.resizing.enlarging import Enlarging

DURATIONS = [40, 100, 30, 250, 70]
ANIMATED = ("gif", "png", "webp")
SUFFIXES = {"png": "png", "tiff": "tif"}


def drawn(*, vanishing: bool, colours: int = 6) -> list[Image.Image]:
    """Return frames of a ball that flies over a wall, with or without nothing behind it."""
    frames = []
    for step in range(len(DURATIONS)):
        image = Image.new("RGBA", (24, 16), (0, 0, 0, 0) if vanishing else (9, 90, 9, 255))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 12, 23, 15), fill=(120, 60, 0, 255))
        draw.ellipse((4 * step, 2, 4 * step + 6, 8), fill=(255 - step % colours, 40 * step, 7, 255))
        frames.append(image)
    return frames


def animation(format_name: str, *, vanishing: bool = True, loop: int | None = 0) -> BytesIO:
    first, *others = drawn(vanishing=vanishing)
    options: dict[str, Any] = {"lossless": True} if format_name == "webp" else {}
    if format_name == "gif":
        options["disposal"] = 2 if vanishing else 1
    if loop is not None:
        options["loop"] = loop
    return encoded(
        first, format_name, save_all=True, append_images=others, duration=DURATIONS, **options
    )


def shown(path: Path | BytesIO) -> tuple[list[Array], list[float], int | None]:
    """Return the frames as they are seen, clear ones without a colour; durations, and loop."""
    frames, durations = [], []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            pixels = np.asarray(image.convert("RGBA")).copy()
            pixels[pixels[..., 3] == 0] = 0
            frames.append(pixels)
            durations.append(image.info.get("duration", 0))
        return frames, durations, image.info.get("loop")


def enlarged(source: BytesIO, **settings: Any) -> Picture:
    picture = read(source, every_frame=True, expand=settings != {})
    enlarging = Enlarging(**settings)
    result = enlarging.apply(picture, enlarging.size_of(enlarging.shape_of(picture)))
    assert isinstance(result, Picture)
    return result


@in_one_test("vanishing", [True, False])
@in_one_test("target", [*ANIMATED, "tiff"])
@in_one_test("source_format", ANIMATED)
def test_an_animation_plays_as_before(
    tmp_path: Path, source_format: str, target: str, vanishing: bool
) -> None:
    source = animation(source_format, vanishing=vanishing)
    before, durations, _ = shown(source)
    assert durations == DURATIONS
    path = through(enlarged(source), target, tmp_path)
    after, made, loop = shown(path)
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old.repeat(2, axis=0).repeat(2, axis=1))
    if target != "tiff":
        assert (made, loop) == (DURATIONS, 0)


@pytest.mark.parametrize("target", ANIMATED)
def test_what_is_clear_around_opaque_rectangles_stays_clear(tmp_path: Path, target: str) -> None:
    # An encoder that cuts off what is clear finds nothing but opaque pixels in each frame.
    frames = np.zeros((3, 16, 32, 4), np.uint8)
    for step, pixels in enumerate(frames):
        pixels[4:12, 8 * step : 8 * step + 8] = 200, 40 * step, 30, 255
    first, *others = (Picture(pixels, "RGBA") for pixels in frames)
    picture = replace(first, rest=Frames(2, lambda: iter(others)))
    after, _, _ = shown(through(picture, target, tmp_path))
    np.testing.assert_array_equal(np.stack(after), frames)


@in_one_test("plays", [1, 2, 7])
@in_one_test("target", ANIMATED)
@in_one_test("source_format", ANIMATED)
def test_it_is_played_as_often(tmp_path: Path, source_format: str, target: str, plays: int) -> None:
    # GIF says how often it is repeated, and says nothing for once.
    loop = plays if source_format != "gif" else plays - 1 or None
    picture = enlarged(animation(source_format, loop=loop))
    assert picture.metadata["plays"] == plays
    _, _, made = shown(through(picture, target, tmp_path))
    assert made == (plays if target != "gif" else plays - 1 or None)


@pytest.mark.parametrize("source_format", ANIMATED)
def test_interpolated_frames_are_those_of_the_library(tmp_path: Path, source_format: str) -> None:
    source = animation(source_format)
    picture = enlarged(source, factors=(2, 3), interpolation="lanczos3")
    after, _, _ = shown(through(picture, "png", tmp_path))
    with Image.open(source) as image:
        for number, pixels in enumerate(after):
            image.seek(number)
            frame = Picture(np.asarray(image.convert("RGBA")), "RGBA")
            expected = Enlarging((2, 3), interpolation="lanczos3").apply(frame, (32, 72))
            assert isinstance(expected, Picture)
            clear = expected.pixels[..., 3] == 0
            np.testing.assert_array_equal(pixels[~clear], expected.pixels[~clear])


@in_one_test("number", range(len(DURATIONS)))
def test_one_frame_can_be_picked(number: int) -> None:
    source = animation("gif")
    picture = read(source, frame=number, every_frame=True, expand=True)
    assert (picture.rest, picture.notes) == (None, ())
    pixels = picture.pixels * (picture.pixels[..., 3:] > 0)
    np.testing.assert_array_equal(pixels, shown(source)[0][number])


def test_a_frame_that_there_is_not_is_refused() -> None:
    message = r"^--frame must name one of the frames of it, 0 to 4\. Received: 5\."
    with pytest.raises(FormatError, match=message):
        read(animation("gif"), frame=5)


def test_pages_keep_their_size_their_mode_and_what_they_say(tmp_path: Path) -> None:
    modes = ("RGB", "1", "L", "CMYK", "I;16", "F", "P", "LA")
    first, *others = (image_of(mode) for mode in modes)
    pages = [image.resize((5 + place, 9)) for place, image in enumerate(others)]
    for place, image in enumerate((first, *pages)):
        image.encoderinfo = {"dpi": (100 + place, 72), "description": f"page {place}"}
    source = encoded(first, "tiff", save_all=True, append_images=pages)
    picture = read(source, every_frame=True)
    assert [page.mode for page in picture.frames] == [*modes]
    path = through(enlarged(source), "tiff", tmp_path)
    for place, mode in enumerate(modes):
        # Before version 13, Pillow gives the palette of a page to the pixels of another.
        with Image.open(path) as made, Image.open(source) as old:
            made.palette = old.palette = None
            made.seek(place)
            old.seek(place)
            assert made.mode == mode
            expected = np.asarray(old).repeat(2, axis=0).repeat(2, axis=1)
            np.testing.assert_array_equal(np.asarray(made), expected)
            assert made.info["dpi"] == old.info["dpi"]
            assert made.getexif().get(270) == old.getexif().get(270)


def test_every_page_has_directories_of_its_own(tmp_path: Path) -> None:
    def page(number: int) -> Picture:
        tags = Image.Exif()
        tags[0x8769] = {0x9003: f"page {number}"}
        pixels = np.full((3, 4), number, np.uint8)
        return Picture(pixels, "L", metadata={"exif": tags.tobytes().removeprefix(b"Exif\0\0")})

    pages = replace(page(0), rest=Frames(2, lambda: iter((page(1), page(2)))))
    with Image.open(through(pages, "tiff", tmp_path)) as image:
        for number in range(3):
            image.seek(number)
            assert image.getexif().get_ifd(0x8769)[0x9003] == f"page {number}"
            assert np.asarray(image).max() == number


@pytest.mark.parametrize("target", ANIMATED)
def test_pages_of_different_sizes_are_no_animation(tmp_path: Path, target: str) -> None:
    pages = [Image.new("L", (4, 3)), Image.new("L", (5, 3))]
    picture = read(
        encoded(pages[0], "tiff", save_all=True, append_images=pages[1:]), every_frame=True
    )
    rule = rf"(?i)^The frames of {target} must all have the size of the first, 4 x 3\. Received"
    with pytest.raises(FormatError, match=rule):
        through(picture, target, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_frames_of_different_modes_are_no_png(tmp_path: Path) -> None:
    grey = Picture(np.zeros((3, 4), np.uint8), "L")
    wide = replace(grey, mode="P", palette=bytes(9))
    with pytest.raises(FormatError, match=r"be of one mode and palette\. Received: L, then P\."):
        through(replace(grey, rest=Frames(1, lambda: iter((wide,)))), "png", tmp_path)


def test_the_picture_for_other_programs_stays_one(tmp_path: Path) -> None:
    first, *others = drawn(vanishing=False)
    options = {"save_all": True, "append_images": others, "default_image": True}
    source = encoded(first, "png", duration=DURATIONS[1:], **options)
    picture = enlarged(source)
    made = through(picture, "png", tmp_path)
    with Image.open(made) as image:
        assert image.info["default_image"]
        assert image.n_frames == 5  # type: ignore[attr-defined] # with the one that is not shown
    parts = [struct.unpack_from(">II", part, 4) for part in made.read_bytes().split(b"fcTL")[1:]]
    # The first that is shown is whole, and of the others what has changed.
    assert [width < 48 and height < 32 for width, height in parts] == [False, True, True, True]
    for target in ("gif", "webp"):
        after, _, _ = shown(through(picture, target, tmp_path))
        assert len(after) == 4
        np.testing.assert_array_equal(after[0], np.asarray(others[0]).repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("target", [*ANIMATED, "tiff"])
def test_frames_are_made_one_after_the_other(tmp_path: Path, target: str) -> None:
    alive: list[weakref.ref[Array]] = []
    most = 0

    def frames() -> Iterator[Picture]:
        nonlocal most
        for number in range(20):
            pixels = np.full((8, 8, 3), number, np.uint8)
            alive.append(weakref.ref(pixels))
            picture = Picture(pixels, "RGB", metadata={"duration": 20})
            del pixels
            yield picture
            del picture
            most = max(most, sum(one() is not None for one in alive))

    first = Picture(np.full((8, 8, 3), 99, np.uint8), "RGB", rest=Frames(20, frames))
    through(first, target, tmp_path)
    assert len(alive) == 20
    assert most <= 3


# --- GIF


def test_gif_paints_what_has_changed_where_a_frame_has_too_many_colours(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    pixels = generator.integers(0, 256, (16, 16, 3)).astype(np.uint8)
    palette = pixels.reshape(-1, 3)  # 256 colours, which is just enough
    second = pixels.copy()
    second[:4] = generator.integers(0, 256, (4, 16, 3))  # 64 new ones: 256 in all
    third = second.copy()
    third[2:6, 3:9] = (1, 2, 3)
    frames = [Picture(part, "RGB", metadata={"duration": 50}) for part in (pixels, second, third)]
    path = through(replace(frames[0], rest=Frames(2, lambda: iter(frames[1:]))), "gif", tmp_path)
    assert len(np.unique(palette, axis=0)) == 256
    for made, frame in zip(shown(path)[0], frames, strict=True):
        np.testing.assert_array_equal(made[..., :3], frame.pixels)


def test_gif_chooses_colours_where_256_are_not_enough(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:32, :32]
    pixels = np.stack([rows * 8, columns * 8, rows + columns], axis=-1).astype(np.uint8)
    alpha = np.where(rows < 4, 0, 255).astype(np.uint8)
    frame = Picture(np.dstack([pixels, alpha]), "RGBA")
    path = through(replace(frame, rest=Frames(1, lambda: iter((frame,)))), "gif", tmp_path)
    for made in shown(path)[0]:
        np.testing.assert_array_equal(made[..., 3], alpha)
        np.testing.assert_allclose(made[4:, :, :3].astype(int), pixels[4:].astype(int), atol=32)


def test_a_gif_that_is_too_wide_is_refused(tmp_path: Path) -> None:
    wide = Picture(np.zeros((1, 65536, 3), np.uint8), "RGB")
    with pytest.raises(
        FormatError, match=r"^GIF holds at most 65,535 pixels a side\. Received: 65,536 x 1\."
    ):
        through(wide, "gif", tmp_path)
    narrow = wide.with_pixels(wide.pixels[:, 1:])
    assert read(through(narrow, "gif", tmp_path)).pixels.shape[:2] == (1, 65535)


def test_hundredths_of_a_second_do_not_add_up_to_another_length(tmp_path: Path) -> None:
    frames = [
        Picture(np.full((2, 2), number, np.uint8), "L", metadata={"duration": 1000 / 60})
        for number in range(60)
    ]
    picture = replace(frames[0], rest=Frames(59, lambda: iter(frames[1:])))
    assert sum(shown(through(picture, "gif", tmp_path))[1]) == 1000
    np.testing.assert_allclose(shown(through(picture, "png", tmp_path))[1], 1000 / 60)


@in_one_test("duration", [0, 1, 65535.0, 70_000_001.3, 1e12, 1 / 3])
def test_any_duration_is_written(tmp_path: Path, duration: float) -> None:
    frame = Picture(np.zeros((2, 2), np.uint8), "L", metadata={"duration": duration})
    picture = replace(frame, rest=Frames(1, lambda: iter((frame,))))
    made = shown(through(picture, "png", tmp_path))[1]
    np.testing.assert_allclose(made, min(duration, 65_535_000), rtol=1e-3, atol=0.06)


# --- APNG


def test_the_chunks_of_an_animation_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    data = through(enlarged(animation("gif")), "png", tmp_path).read_bytes()
    place, numbers, kinds = 8, [], []
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        kinds.append(kind)
        if kind in (b"fcTL", b"fdAT"):
            numbers.append(struct.unpack_from(">I", data, place + 8)[0])
        place += 12 + length
    assert numbers == [*range(len(numbers))]
    assert kinds[:2] == [b"IHDR", b"acTL"]
    assert kinds.count(b"fcTL") == 5


# --- sources


def test_the_frames_of_a_file_are_read_from_it_again(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(animation("gif").getvalue())
    picture = read_source(str(path), ReadOptions(every_frame=True))
    assert isinstance(picture, Picture)
    assert picture.frame_count == 5
    for _ in range(2):
        assert len([*picture.frames]) == 5


def test_a_later_frame_that_is_damaged_leaves_no_file(tmp_path: Path) -> None:
    whole = animation("png").getvalue()
    damaged = bytearray(whole)
    damaged[whole.rindex(b"fdAT") + 20] ^= 1
    picture = read(BytesIO(damaged), every_frame=True)
    with pytest.raises(FormatError, match=r"^it cannot be decoded: the checksum"):
        through(picture, "gif", tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FormatError, match=r"^it cannot be decoded: it is cut off\.$"):
        read(BytesIO(whole[: int(len(whole) * 0.7)]), every_frame=True)


@pytest.mark.parametrize("colours_before", [False, True])
def test_greys_of_a_frame_beside_colours_of_all_may_be_clear(
    tmp_path: Path, colours_before: bool
) -> None:
    # Pillow takes such a frame for grey, and holds it as of a palette.
    greys = np.array([[0, 1, 2], [3, 250, 255]], np.uint8)
    data = encoded(Image.fromarray(greys), "gif", optimize=False).getvalue()
    place = data.index(b",\0\0\0\0")
    palette, description, coded = data[13:781], data[place : place + 9], data[place + 10 : -1]
    colours = bytes(range(255)) * 3 + b"\0\0\0"
    grey = b"!\xf9\4\t\n\0\2\0" + description + b"\x87" + palette + coded
    before = b"!\xf9\4\x08\n\0\0\0" + description + b"\0" + coded if colours_before else b""
    source = BytesIO(data[:13] + colours + before + grey + b";")
    picture = read(source, expand=True, every_frame=True)
    frame = shown(through(picture, "png", tmp_path))[0][-1]
    expected = np.dstack([greys, greys, greys, np.full_like(greys, 255)])
    expected[greys == 2] = 0
    np.testing.assert_array_equal(frame, expected)
