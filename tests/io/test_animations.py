"""GIF and animated PNG, frame by frame as their specifications say, and written for all readers."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from animation_files import (
    CLEARED,
    LEFT,
    OVER,
    REPLACING,
    RESTORED,
    UNSAID,
    Array,
    Part,
    apng_of,
    chunks_of,
    gif_of,
    of_pillow,
    seen,
    seen_of_gif,
    visible,
)
from effort import choose, in_one_test
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import read, through, written
from png_encoding import chunk

from upsamp.errors import FormatError
from upsamp.io.losses import losses_of
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Frames, Picture
from upsamp.io.read import read_source

EXAMPLES = choose(20, 500)
TABLE = bytes(
    np.random.default_rng(4).integers(0, 256, 48, np.uint8)  # 16 colours
)


def frames_of(data: bytes, **options: Any) -> list[Picture]:
    return [*read(BytesIO(data), every_frame=True, expand=True, **options).frames]


def shown(data: bytes, **options: Any) -> list[Array]:
    """Return the frames as we read them."""
    return [visible(frame.pixels) for frame in frames_of(data, **options)]


def assert_seen(data: bytes, expected: list[Array]) -> None:
    """Hold what is read of a file against what is to be seen, all at once and each alone."""
    made = shown(data)
    assert len(made) == len(expected)
    assert len({frame.mode for frame in frames_of(data)}) == 1
    for number, (own, right) in enumerate(zip(made, expected, strict=True)):
        np.testing.assert_array_equal(own, visible(right))
        alone = read(BytesIO(data), frame=number, expand=True).pixels
        np.testing.assert_array_equal(visible(alone), visible(right))


def noise(generator: np.random.Generator, height: int, width: int, dtype: Any = np.uint8) -> Array:
    """Return colours with alpha, of which many are clear or opaque."""
    full = np.iinfo(dtype).max
    pixels = generator.integers(0, full + 1, (height, width, 4)).astype(dtype)
    pixels[..., 3] = np.clip(pixels[..., 3] * 2.0 - full / 2, 0, full)
    return pixels


@st.composite
def animations(draw: Any, dtype: Any = np.uint8) -> tuple[list[Part], tuple[int, int]]:
    """Draw parts of RGBA on a canvas, of which the first may be smaller than the canvas."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    parts = []
    for _ in range(draw(st.integers(1, 5))):
        rows, columns = draw(st.integers(1, height)), draw(st.integers(1, width))
        part = Part(
            noise(generator, rows, columns, dtype),
            draw(st.integers(0, width - columns)),
            draw(st.integers(0, height - rows)),
            draw(st.sampled_from([LEFT, CLEARED, RESTORED])),
            draw(st.sampled_from([REPLACING, OVER])),
        )
        parts.append(part)
    return parts, (height, width)


@st.composite
def gifs(draw: Any) -> tuple[list[Part], tuple[int, int]]:
    """Draw parts of 16 colours or others; those after the first may be beyond the canvas."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    parts = []
    for number in range(draw(st.integers(1, 5))):
        beyond = 3 if number else 0
        rows = draw(st.integers(1, height + beyond))
        columns = draw(st.integers(1, width + beyond))
        table = bytes(generator.integers(0, 256, 96, np.uint8)) if draw(st.booleans()) else b""
        part = Part(
            generator.integers(0, 16, (rows, columns)).astype(np.uint8),
            draw(st.integers(0, max(0, width + beyond - columns))),
            draw(st.integers(0, max(0, height + beyond - rows))),
            draw(st.sampled_from([LEFT, CLEARED, RESTORED, 4])),
            clear=draw(st.sampled_from([None, 3, 15, 200])),
            table=table,
        )
        parts.append(part)
    return parts, (height, width)


# --- reading


@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_an_apng_is_composed_as_its_specification_says(dtype: Any, bits: int) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(animations(dtype))
    def check(drawn: tuple[list[Part], tuple[int, int]]) -> None:
        parts, canvas = drawn
        hidden = np.full((*canvas, 4), 77, dtype)
        data = apng_of(parts, canvas=canvas, bits=bits, hidden=hidden)
        first, *made = frames_of(data)
        np.testing.assert_array_equal(first.pixels, hidden, strict=True)
        assert first.metadata["default_image"]
        for number, right in enumerate(seen(parts, canvas)):
            alone = read(BytesIO(data), frame=number).pixels
            for pixels in (made[number].pixels, alone):
                np.testing.assert_array_equal(visible(pixels), visible(right), strict=True)

    check()


@settings(max_examples=EXAMPLES, deadline=None)
@given(gifs(), st.booleans())
def test_a_gif_is_composed_as_its_specification_says(
    drawn: tuple[list[Part], tuple[int, int]], interlaced: bool
) -> None:
    parts, screen = drawn
    assert_seen(
        gif_of(parts, screen, TABLE, interlaced=interlaced), seen_of_gif(parts, screen, TABLE)
    )


def test_an_animation_whose_first_image_is_its_first_frame() -> None:
    generator = np.random.default_rng(0)
    parts = [
        Part(noise(generator, 5, 6), disposal=RESTORED, blend=REPLACING),
        Part(noise(generator, 3, 2), 1, 2),
    ]
    data = apng_of(parts, plays=3)
    assert_seen(data, seen(parts, (5, 6)))
    for frame in frames_of(data):
        assert (frame.metadata["plays"], frame.metadata["duration"]) == (3, 100)
        assert "default_image" not in frame.metadata


@in_one_test("interlaced", [False, True])
@in_one_test(
    ("colour_type", "bits", "mode"),
    [(0, 1, "L"), (0, 8, "L"), (0, 16, "I;16"), (2, 8, "RGB"), (2, 16, "RGB;16"), (3, 4, "RGB"),
     (4, 8, "LA"), (4, 16, "LA;16"), (6, 8, "RGBA"), (6, 16, "RGBA;16")],
)  # fmt: skip
def test_an_apng_of_every_kind_of_pixels_keeps_them(
    colour_type: int, bits: int, mode: str, interlaced: bool
) -> None:
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    generator = np.random.default_rng(1)
    parts = [
        Part(generator.integers(0, 2**bits, (6, 7, channels)), blend=REPLACING),
        Part(generator.integers(0, 2**bits, (3, 2, channels)), 4, 2, blend=REPLACING),
    ]
    colours = ((b"PLTE", TABLE),) if colour_type == 3 else ()
    data = apng_of(parts, colour_type=colour_type, bits=bits, chunks=colours, interlaced=interlaced)
    first, second = frames_of(data)
    assert (first.mode, second.mode) == (mode, mode)
    expected = parts[0].pixels.copy()
    expected[2:5, 4:6] = parts[1].pixels
    if colour_type == 3:
        expected = np.frombuffer(TABLE, np.uint8).reshape(-1, 3)[expected[..., 0]]
    scale = 255 if bits == 1 else 1
    np.testing.assert_array_equal(second.pixels.reshape(expected.shape), expected * scale)
    # What a frame leaves clear is clear, in pixels that had no alpha before, too.
    data = apng_of(
        [replace(parts[0], disposal=CLEARED), parts[1]],
        colour_type=colour_type,
        bits=bits,
        chunks=colours,
    )
    first, second = frames_of(data)
    assert first.has_alpha
    assert first.mode == second.mode
    assert second.pixels[0, 0].tolist() == [0] * second.pixels.shape[2]
    assert visible(second.pixels)[2, 4, 3] == np.iinfo(second.pixels.dtype).max or channels in (
        2,
        4,
    )


@pytest.mark.parametrize(
    ("colour_type", "transparency", "clear"),
    [(3, bytes([255, 0, 128]), [1]), (0, b"\0\5", [5]), (2, b"\0\1\0\2\0\3", [1, 2, 3])],
)
def test_transparency_beside_the_pixels_is_composed(
    colour_type: int, transparency: bytes, clear: list[int]
) -> None:
    channels = len(clear)
    whole = np.full((2, 3, channels), 9)
    small = np.full((1, 2, channels), 9)
    small[0, 0] = clear
    chunks = (*((b"PLTE", TABLE),) * (colour_type == 3), (b"tRNS", transparency))
    data = apng_of(
        [Part(whole), Part(small, 1, 1, blend=OVER), Part(small, 0, 0, blend=REPLACING)],
        colour_type=colour_type,
        chunks=chunks,
    )
    _, over, replacing = frames_of(data)
    assert visible(over.pixels)[..., 3].min() == 255
    assert visible(replacing.pixels)[..., 3].tolist() == [[0, 255, 255], [255] * 3]


def test_a_palette_that_is_partly_clear_is_blended() -> None:
    parts = [Part(np.full((1, 1, 1), 0)), Part(np.full((1, 1, 1), 2), blend=OVER)]
    chunks = ((b"PLTE", bytes([200, 0, 0, 9, 9, 9, 0, 100, 0])), (b"tRNS", bytes([255, 0, 128])))
    _, second = frames_of(apng_of(parts, colour_type=3, chunks=chunks))
    # 128 parts of green and 127 of red
    assert second.pixels.tolist() == [[[100, 50, 0, 255]]]


@pytest.mark.parametrize(("delay", "expected"), [((3, 0), 30), ((1, 3), 1000 / 3), ((0, 7), 0)])
def test_a_delay_is_a_fraction_whose_missing_denominator_is_100(
    delay: tuple[int, int], expected: float
) -> None:
    first, second = frames_of(
        apng_of([Part(np.full((1, 1, 4), value), delay=delay) for value in (1, 2)])
    )
    assert first.metadata["duration"] == second.metadata["duration"] == expected


@pytest.mark.parametrize("screen", [(0, 0), (1, 2), (4, 5)])
def test_a_first_frame_larger_than_the_screen_makes_it_larger(screen: tuple[int, int]) -> None:
    parts = [Part(np.full((3, 4), 5, np.uint8), 1, 2), Part(np.full((9, 9), 6, np.uint8), 1, 1)]
    data = gif_of(parts, screen, TABLE)
    assert_seen(data, seen_of_gif(parts, (5, 5), TABLE))


def test_a_single_gif_smaller_than_its_screen_is_clear_around() -> None:
    part = Part(np.full((1, 2), 5, np.uint8), 1, 2)
    data = gif_of([part], (4, 4), TABLE)
    np.testing.assert_array_equal(
        visible(read(BytesIO(data)).pixels), seen_of_gif([part], (4, 4), TABLE)[0]
    )
    full = Part(np.full((4, 4), 5, np.uint8))
    assert read(BytesIO(gif_of([full], (4, 4), TABLE))).mode == "P"


@pytest.mark.parametrize("disposal", [UNSAID, 5, 7])
def test_a_disposal_without_a_meaning_leaves_the_frame(disposal: int) -> None:
    parts = [
        Part(np.full((2, 2), 5, np.uint8)),
        Part(np.full((1, 1), 6, np.uint8), disposal=disposal),
        Part(np.full((1, 1), 7, np.uint8), 1),
    ]
    assert_seen(gif_of(parts, (2, 2), TABLE), seen_of_gif(parts, (2, 2), TABLE))


def test_a_frame_says_nothing_of_the_one_after_it() -> None:
    # Pillow lets a disposal of before hold where a frame has none.
    parts = [
        Part(np.full((2, 2), 5, np.uint8), disposal=CLEARED),
        Part(np.full((1, 2), 6, np.uint8)),
        Part(np.full((1, 1), 7, np.uint8), 0, 1),
    ]
    data = gif_of(parts, (2, 2), TABLE)
    place = data.index(b"\x21\xf9\x04", data.index(b"\x21\xf9\x04") + 1)
    without = data[:place] + data[place + 8 :]
    assert_seen(without, seen_of_gif(parts, (2, 2), TABLE))
    assert [frame.metadata.get("duration") for frame in frames_of(without)] == [100, None, 100]


def test_a_comment_between_the_control_and_the_image_changes_nothing() -> None:
    parts = [Part(np.array([[3, 200]], np.uint8) % 16, clear=8) for _ in range(2)]
    data = gif_of(parts, (1, 2), TABLE)
    place = data.index(b"\x21\xf9") + 8
    commented = data[:place] + b"\x21\xfe\x02hi\0" + data[place:]
    assert_seen(commented, seen_of_gif(parts, (1, 2), TABLE))
    assert frames_of(commented)[0].metadata["comment"] == b"hi"


@pytest.mark.parametrize("words", [b"NETSCAPE2.0", b"ANIMEXTS1.0"])
def test_a_gif_is_played_as_often_as_it_says(words: bytes) -> None:
    parts = [Part(np.full((1, 1), value, np.uint8)) for value in (5, 6)]
    for loop, plays in ((None, 1), (0, 0), (4, 5)):
        data = gif_of(parts, (1, 1), TABLE, loop=loop).replace(b"NETSCAPE2.0", words)
        assert [frame.metadata["plays"] for frame in frames_of(data)] == [plays, plays]


def test_a_gif_declares_alpha_only_where_it_may_be_clear() -> None:
    full, small = np.full((2, 2), 5, np.uint8), np.full((1, 1), 6, np.uint8)
    opaque = [Part(full), Part(small, clear=6), Part(small, disposal=RESTORED), Part(small)]
    assert [frame.mode for frame in frames_of(gif_of(opaque, (2, 2), TABLE))] == ["RGB"] * 4
    for parts in (
        [Part(small), Part(full)],
        [Part(full, clear=9), Part(small)],
        [Part(full, disposal=CLEARED), Part(small)],
        [Part(full, disposal=RESTORED), Part(small)],
        [Part(full), Part(small), Part(small), Part(small, disposal=CLEARED), Part(small)],
    ):
        assert {frame.mode for frame in frames_of(gif_of(parts, (2, 2), TABLE))} == {"RGBA"}


def test_only_the_colours_of_what_is_seen_are_kept_alone() -> None:
    generator = np.random.default_rng(2)
    parts = [Part(noise(generator, 4, 5)), Part(noise(generator, 2, 2), 1, 1)]
    hidden = np.full((4, 5, 4), 9)
    data = apng_of(parts, hidden=hidden)
    picture = read(BytesIO(data))
    np.testing.assert_array_equal(picture.pixels, hidden)
    assert picture.notes == ("only the image, not its animation, is read",)
    with pytest.raises(FormatError, match=r"the frames of it, 0 to 1\. Received: 2\."):
        read(BytesIO(data), frame=2)


def test_what_is_said_behind_the_frames_is_read() -> None:
    parts = [Part(np.full((1, 1, 4), value)) for value in (1, 2)]
    data = apng_of(parts)
    end = chunk(b"tEXt", b"Title\0late") + data[-12:]
    for frame in frames_of(data[:-12] + end):
        assert frame.metadata["text"] == {"Title": "late"}


def test_an_animation_is_turned_upright() -> None:
    tag = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    generator = np.random.default_rng(3)
    parts = [Part(noise(generator, 2, 3)), Part(noise(generator, 1, 1), 2, 1)]
    frames = shown(apng_of(parts, chunks=((b"eXIf", tag),)))
    for own, right in zip(frames, seen(parts, (2, 3)), strict=True):
        np.testing.assert_array_equal(own, visible(np.rot90(right, -1)))


def test_frames_larger_than_their_canvas_count_with_all_of_their_pixels() -> None:
    parts = [Part(np.full((1, 1), 5, np.uint8)), *[Part(np.full((9, 9), 6, np.uint8))] * 3]
    data = gif_of(parts, (1, 1), TABLE)
    assert len(frames_of(data, max_pixels=122)) == 4
    with pytest.raises(FormatError, match="more than 242 pixels in all of its frames"):
        frames_of(data, max_pixels=121)


# --- damage


def changed(data: bytes, kind: bytes, change: Callable[[bytes], bytes], number: int) -> bytes:
    """Return a PNG in which the content of one chunk of a kind is another."""
    made, count = [data[:8]], 0
    for name, content in chunks_of(data):
        count += name == kind
        made.append(chunk(name, change(content) if (name, count) == (kind, number) else content))
    return b"".join(made)


@in_one_test(
    ("kind", "number", "change", "message"),
    [
        (b"fcTL", 2, lambda body: body[:3] + b"\x09" + body[4:], "are not in their order"),
        (b"fdAT", 1, lambda body: body[:3] + b"\x01" + body[4:], "are not in their order"),
        (b"fcTL", 2, lambda body: body[:15] + b"\x09" + body[16:], "is not possible"),
        (b"fcTL", 1, lambda body: body[:7] + b"\x01" + body[8:], "is not possible"),
        (b"fcTL", 2, lambda body: body[:24] + b"\x03\x01", "is not possible"),
        (b"fcTL", 2, lambda body: body[:24] + b"\x00\x02", "is not possible"),
        (b"fcTL", 2, lambda body: body[:25], "has another length"),
        (b"fcTL", 2, lambda body: body[:4] + bytes(8) + body[12:], "declares no pixels"),
        (b"acTL", 1, lambda body: struct.pack(">I", 3) + body[4:], "declares 3 frames and has 2"),
        (b"acTL", 1, lambda body: struct.pack(">I", 1) + body[4:], "declares 1 frames and has 2"),
    ],
)
def test_frames_that_cannot_be_are_refused(
    kind: bytes, number: int, change: Callable[[bytes], bytes], message: str
) -> None:
    generator = np.random.default_rng(0)
    data = apng_of([Part(noise(generator, 3, 4)), Part(noise(generator, 2, 2), 1, 1)])
    with pytest.raises(FormatError, match=message):
        frames_of(changed(data, kind, change, number))


def test_a_frame_without_pixels_is_refused() -> None:
    data = apng_of([Part(np.full((1, 1, 4), value)) for value in (1, 2)])
    place = data.index(b"fdAT") - 4
    with pytest.raises(FormatError, match=r"a frame has no pixels\.$"):
        frames_of(data[:place] + data[-12:])


def test_what_cannot_be_behind_the_frames_is_told() -> None:
    data = apng_of([Part(np.full((1, 1, 4), value)) for value in (1, 2)])
    unknown = chunk(b"zTXt", b"Title\0\7late")  # compressed in a way that there is not
    with pytest.raises(FormatError, match=r"^it cannot be decoded: a frame is damaged\.$"):
        frames_of(data[:-12] + unknown + data[-12:])


def test_a_second_control_makes_it_one_image() -> None:
    data = apng_of([Part(np.full((1, 1, 4), value)) for value in (1, 2)])
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    picture = read(BytesIO(data.replace(control, control + control)), every_frame=True)
    assert (picture.rest, picture.pixels.tolist()) == (None, [[[1, 1, 1, 1]]])


def test_a_frame_of_a_gif_without_pixels_is_refused() -> None:
    parts = [Part(np.full((1, 1), 5, np.uint8)), Part(np.full((1, 1), 6, np.uint8))]
    data = gif_of(parts, (1, 1), TABLE)
    place = data.rindex(b",\0\0\0\0\1\0\1\0")
    with pytest.raises(FormatError, match="declares no pixels, 0 x 1"):
        frames_of(data[: place + 5] + b"\0\0" + data[place + 7 :])


# --- writing


def picture_of(frames: list[Array], mode: str = "RGBA") -> Picture:
    first, *others = (Picture(pixels, mode, metadata={"duration": 50}) for pixels in frames)
    return replace(first, rest=Frames(len(others), lambda: iter(others))) if others else first


@st.composite
def pictures(draw: Any) -> list[Array]:
    """Draw frames of few colours, that come and go."""
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    palette = np.array([(0, 0, 0, 0), (255, 0, 0, 255), (0, 0, 0, 255), (9, 200, 70, 255)])
    colours = draw(st.integers(1, 4))
    first = draw(st.integers(0, 1))  # 1 leaves what is clear out of the first frame
    frames = [generator.integers(first, max(first + 1, colours), shape)]
    for _ in range(draw(st.integers(1, 4))):
        changing = generator.random(shape) < draw(st.sampled_from([0, 0.2, 1]))
        frames.append(np.where(changing, generator.integers(0, colours, shape), frames[-1]))
    return [palette[numbers].astype(np.uint8) for numbers in frames]


@pytest.mark.parametrize("target", ["gif", "png", "webp"])
def test_what_is_written_is_seen_by_pillow_and_by_us(target: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(pictures())
    def check(frames: list[Array]) -> None:
        data = written(picture_of(frames), target).getvalue()
        expected = [visible(frame) for frame in frames]
        if target == "webp":  # whose encoder makes one of frames that are alike
            pairs = zip([None, *expected], expected)  # noqa: B905 - the last has none after it
            expected = [one for before, one in pairs if before is None or (before != one).any()]
        for made in (shown(data), of_pillow(data)):
            np.testing.assert_array_equal(np.stack(made), np.stack(expected))

    check()


def test_a_full_palette_is_kept_exactly_unless_the_frame_must_vanish() -> None:
    colours = np.random.default_rng(3).permutation(2**24)[:256]
    full = np.stack([colours >> shift & 255 for shift in (16, 8, 0)], axis=-1).reshape(16, 16, 3)
    opaque = np.dstack([full, np.full((16, 16), 255)]).astype(np.uint8)
    gap = opaque.copy()
    gap[3, 4] = 0
    np.testing.assert_array_equal(
        np.stack(of_pillow(written(picture_of([opaque, opaque]), "gif").getvalue())),
        np.stack([opaque, opaque]),
    )
    made = of_pillow(written(picture_of([opaque, gap]), "gif").getvalue())
    np.testing.assert_array_equal(made[1], visible(gap))
    np.testing.assert_allclose(made[0].astype(int), opaque.astype(int), atol=128)


def test_the_hidden_image_is_told_where_it_is_left_out(tmp_path: Path) -> None:
    parts = [Part(np.full((2, 2, 4), value), blend=REPLACING) for value in (255, 254)]
    data = apng_of(parts, hidden=np.full((2, 2, 4), 9))
    picture = read(BytesIO(data), every_frame=True)
    told = "the image for programs that know no animations is left out; --format png keeps it"
    for target in ("gif", "webp", "tiff"):
        assert told in losses_of(picture, target)
        made = of_pillow(through(picture, target, tmp_path).read_bytes())
        assert [int(frame[0, 0, 0]) for frame in made] == [255, 254]
    assert losses_of(picture, "png") == ()
    again = frames_of(through(picture, "png", tmp_path).read_bytes())
    assert [int(frame.pixels[0, 0, 0]) for frame in again] == [9, 255, 254]
    assert [frame.metadata.get("default_image", False) for frame in again] == [True, False, False]


def test_frames_of_16_bits_are_written_and_told_where_they_cannot_be(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    parts = [Part(noise(generator, 3, 4, np.uint16)), Part(noise(generator, 2, 2, np.uint16), 1, 1)]
    data = apng_of(parts, bits=16)
    path = tmp_path / "deep.png"
    path.write_bytes(data)
    picture = read_source(str(path), ReadOptions(every_frame=True))
    assert isinstance(picture, Picture)
    again = through(picture, "png", tmp_path).read_bytes()
    for own, right in zip(shown(again), seen(parts, (3, 4)), strict=True):
        np.testing.assert_array_equal(own, visible(right), strict=True)
    with pytest.raises(FormatError, match="uint16 pixels would lose the rest"):
        through(picture, "gif", tmp_path)


def test_pixels_of_a_frame_that_are_more_than_declared_are_refused() -> None:
    data = apng_of([Part(np.full((2, 2, 4), value)) for value in (1, 2)])
    body = zlib.compress(bytes(90))
    longer = changed(data, b"fdAT", lambda content: content[:4] + body, 1)
    with pytest.raises(FormatError, match="its compressed pixels are more than it declares"):
        frames_of(longer)
