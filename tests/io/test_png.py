"""PNG files of our own: right by the letter of the specification, small, and made in little memory.

Every file is taken apart by `png_files`, which shares nothing with what wrote it.
"""

import struct
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test, one_of_each, sample
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from png_files import MODES, picture_of, read_png, split_chunks, unfilter

import upsamp
from upsamp.errors import ArgumentError, FormatError
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.io.png import animation, deflate, write_png, writer
from upsamp.io.png.deflate import join_checksums
from upsamp.io.png.filters import FILTERS, choose_filters, filter_rows

SAMPLES = Path(__file__).parents[2] / "sample_images"
PNG_SAMPLES = ("lake.png", "sprite.png", "zone_plate.png", "depth16.png")


def written(picture: Picture, **options: Any) -> bytes:
    stream = BytesIO()
    write_png(picture, stream, "it", **options)
    return stream.getvalue()


def pixels_in(picture: Picture) -> Any:
    """Return a picture's pixels as a reader of files has them: (H, W, C) of whole numbers."""
    return picture.pixels.reshape(*picture.pixels.shape[:2], -1).astype(np.int64)


def by_pillow(image: Image.Image, level: int) -> int:
    buffer = BytesIO()
    image.save(buffer, "png", compress_level=level)
    return len(buffer.getvalue())


# --- every kind of pixels


@in_one_test("width", range(1, 10))
@in_one_test("mode", MODES)
def test_the_pixels_of_every_mode_and_width_are_those_of_the_file(mode: str, width: int) -> None:
    colour_type, _, bits = MODES[mode]
    for height in (1, 2, 5):
        for level in (0, 1, 6):
            picture = picture_of(mode, height, width)
            file = read_png(written(picture, compression=level))
            assert file.header[:4] == (width, height, bits, colour_type)
            np.testing.assert_array_equal(file.pixels, pixels_in(picture))


@in_one_test(("mode", "level"), sample(product(MODES, range(10)), 3))
def test_every_level_gives_the_same_pixels_for_any_number_of_threads(
    mode: str, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "STRIP", 300)
    picture = picture_of(mode, 41, 23)
    data = written(picture, compression=level, threads=1)
    file = read_png(data)
    np.testing.assert_array_equal(file.pixels, pixels_in(picture))
    strips = len([kind for kind, _ in file.chunks if kind == b"IDAT"])
    assert strips == max(1, picture.pixels.nbytes // 300)
    for threads in (2, 3):
        assert written(picture, compression=level, threads=threads) == data


@pytest.mark.parametrize("strip", [1, 40, 100, 101, 150, 10**6])
@in_one_test("height", [1, 2, 3, 7, 8, 20])
def test_strips_may_end_at_any_row(
    strip: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "STRIP", strip)
    picture = picture_of("RGB", height, 13)
    for level in (1, 9):
        file = read_png(written(picture, compression=level, threads=2))
        np.testing.assert_array_equal(file.pixels, pixels_in(picture))


@in_one_test("colours", [1, 2, 3, 4, 5, 16, 17, 256])
@in_one_test("width", [1, 3, 8, 11])
def test_a_palette_takes_no_more_bits_than_it_needs(colours: int, width: int) -> None:
    picture = picture_of("P", 6, width, colours=colours)
    for level in (0, 1, 9):
        file = read_png(written(picture, compression=level))
        bits = next(bits for bits in (1, 2, 4, 8) if colours <= 2**bits)
        assert file.header[2:4] == (bits, 3)
        assert file.chunk(b"PLTE") == picture.palette
        assert set(file.filters) == {0}
        np.testing.assert_array_equal(file.pixels, pixels_in(picture))


def test_a_pixel_beyond_its_palette_stays_and_the_palette_grows() -> None:
    picture = Picture(np.array([[0, 1, 19]], np.uint8), "P", palette=b"abcdef")
    file = read_png(written(picture))
    np.testing.assert_array_equal(file.pixels, pixels_in(picture))
    assert file.chunk(b"PLTE") == b"abcdef" + bytes(18 * 3)


def test_without_a_palette_the_colours_are_greys() -> None:
    file = read_png(written(Picture(np.array([[0, 255]], np.uint8), "P")))
    assert file.chunk(b"PLTE")[3:9] == b"\1\1\1\2\2\2"


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        arrays.array_shapes(min_dims=2, max_dims=3, max_side=6).filter(
            lambda shape: len(shape) == 2 or 1 < shape[2] < 5
        ),
    ),
    st.integers(0, 9),
)
def test_any_small_array_comes_back(array: Any, level: int) -> None:
    picture = picture_of_matrix(array)
    file = read_png(written(picture, compression=level))
    np.testing.assert_array_equal(file.pixels, pixels_in(picture))


@in_one_test("mode", MODES)
def test_pixels_may_lie_in_memory_in_any_way(mode: str) -> None:
    picture = picture_of(mode, 9, 14)
    turned = picture.with_pixels(np.asfortranarray(picture.pixels)[::-1, ::2])
    file = read_png(written(turned))
    np.testing.assert_array_equal(file.pixels, pixels_in(turned))
    if MODES[mode][2] == 16:
        swapped = picture.with_pixels(picture.pixels.astype(">u2"))
        assert written(swapped) == written(picture)


@in_one_test("mode", [mode for mode in MODES if not mode.endswith("A;16")])
def test_pillow_reads_what_was_written(mode: str) -> None:
    picture = picture_of(mode, 37, 29)
    with Image.open(BytesIO(written(picture))) as image:
        image.load()
        assert image.format == "PNG"
        if mode == "RGB;16":  # of which Pillow keeps the upper digits
            np.testing.assert_array_equal(np.asarray(image), picture.pixels >> 8)
        else:
            assert image.mode in (mode, "I")
            np.testing.assert_array_equal(np.asarray(image), picture.pixels)


# --- what a file says besides its pixels


def test_all_that_a_file_says_is_written_in_the_right_order_and_as_pillow_does() -> None:
    metadata = {
        "icc_profile": b"a profile" * 40,
        "dpi": (300, 72.5),
        "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0",
        "transparency": 3,
    }
    picture = picture_of("P", 4, 5, colours=9)
    picture = Picture(picture.pixels, "P", palette=picture.palette, metadata=metadata)
    file = read_png(written(picture))
    image = Image.fromarray(picture.pixels, "P")
    assert picture.palette is not None
    image.putpalette(picture.palette)
    buffer = BytesIO()
    image.save(buffer, "png", **metadata)
    theirs = read_png(buffer.getvalue())
    assert file.chunks[:-2] == theirs.chunks[:-2]
    assert len(file.chunks) == 8
    profile = file.chunk(b"iCCP").removeprefix(b"ICC Profile\0\0")
    assert zlib.decompress(profile) == metadata["icc_profile"]


@in_one_test(
    ("mode", "value", "content"),
    [
        ("L", 7, b"\0\7"),
        ("1", 255, b"\0\1"),
        ("I;16", 0x1234, b"\x12\x34"),
        ("RGB", (1, 2, 255), b"\0\1\0\2\0\xff"),
        ("P", 0, b"\0"),
        ("P", 2, b"\xff\xff\0"),
        ("P", b"\5\6", b"\5\6"),
        ("P", bytes(range(100)), bytes(range(16))),
    ],
)
def test_a_transparent_colour_is_written_as_the_mode_wants_it(
    mode: str, value: Any, content: bytes
) -> None:
    picture = picture_of(mode, 2, 2, colours=16)
    picture = Picture(
        picture.pixels, mode, palette=picture.palette, metadata={"transparency": value}
    )
    assert read_png(written(picture)).chunk(b"tRNS") == content


@in_one_test(
    ("mode", "value"),
    [("L", (1, 2, 3)), ("L", b"\1"), ("RGB", 4), ("RGBA", 4), ("LA", (1, 2)), ("P", "red")],
)
def test_a_transparent_colour_that_the_mode_cannot_have_is_refused(mode: str, value: Any) -> None:
    picture = picture_of(mode, 2, 2, colours=16)
    odd = Picture(picture.pixels, mode, palette=picture.palette, metadata={"transparency": value})
    with pytest.raises(FormatError, match=r"^it cannot be encoded: .*no transparent colour"):
        written(odd)


# --- what is refused, before anything is written


@in_one_test(
    ("pixels", "mode", "message"),
    [
        (np.zeros((2, 2, 4), np.uint8), "CMYK", r"^it cannot be encoded: cannot write mode CMYK"),
        (np.zeros((2, 2), np.uint16), "L", r"mode L holds uint8 .* shape \(2, 2\), uint16"),
        (np.zeros((2, 2, 2), np.uint8), "RGB", r"in 3 channels\. Received: shape \(2, 2, 2\)"),
        (np.zeros((2, 2, 1), np.uint8), "L", r"in 1 channels\. Received: shape \(2, 2, 1\)"),
        (np.zeros((0, 2), np.uint8), "L", r"sides of a PNG are 1 to .* Received: 2 x 0"),
        (np.zeros((2, 0), np.uint8), "P", r"sides of a PNG are 1 to .* Received: 0 x 2"),
        (np.broadcast_to(np.uint8(0), (1, 2**31)), "L", r"Received: 2,147,483,648 x 1"),
        (np.zeros((2, 2), np.float32), "F", r"cannot write mode F as PNG"),
    ],
)
def test_what_png_cannot_hold_is_refused(pixels: Any, mode: str, message: str) -> None:
    stream = BytesIO()
    with pytest.raises(FormatError, match=message):
        write_png(Picture(pixels, mode), stream, "it")
    assert stream.getvalue() == b""


@pytest.mark.parametrize("level", [-1, 10])
def test_a_level_that_there_is_not_is_refused(level: int) -> None:
    with pytest.raises(ArgumentError, match=rf"`compression` must be 0 to 9\. Received: {level}"):
        written(picture_of("L", 1, 1), compression=level)


# --- filters


@in_one_test("step", [1, 2, 3, 4, 6, 8])
@in_one_test("kind", FILTERS)
def test_every_filter_is_undone_by_the_specification(kind: int, step: int) -> None:
    generator = np.random.default_rng(kind)
    rows = generator.integers(0, 256, (40, 5 * step)).astype(np.uint8)
    rows[5:9] = 255
    rows[9:12] = generator.integers(0, 2, (3, 5 * step)) * 255
    margined = np.pad(rows, ((1, 0), (step, 0)))
    filtered = filter_rows(margined, step, np.full(40, kind, np.uint8))
    again, kinds = unfilter(filtered.tobytes(), 40, 5 * step, step)
    assert set(kinds) == {kind}
    np.testing.assert_array_equal(np.array(again), rows)


@pytest.mark.parametrize("width", [7, 300, 3000])
def test_the_chosen_filter_leaves_nothing_where_one_does(width: int) -> None:
    noise = np.random.default_rng(3).integers(0, 256, width).astype(np.uint8)
    zeros, flat = np.zeros(width, np.uint8), np.full(width, 200, np.uint8)
    margined = np.pad(np.array([zeros, noise, noise, flat, zeros]), ((1, 0), (1, 0)))
    for sampled in (False, True):
        chosen = choose_filters(margined, 1, (0, 1, 2), sampled=sampled)
        assert chosen.tolist()[0] == 0
        assert chosen.tolist()[2:] == [2, 1, 0]


def test_palettes_bits_and_stored_pixels_are_not_filtered() -> None:
    for mode, level in (("P", 9), ("1", 9), ("RGB", 0)):
        file = read_png(written(picture_of(mode, 20, 20), compression=level))
        assert set(file.filters) == {0}
    assert len(set(read_png(written(picture_of("RGB", 60, 60), compression=9)).filters)) > 1


@in_one_test("lengths", [(0, 0), (1, 0), (0, 1), (5, 70000), (70000, 3), (65521, 65521)])
def test_checksums_of_parts_give_that_of_the_whole(lengths: tuple[int, int]) -> None:
    generator = np.random.default_rng(4)
    first, second = (generator.bytes(length) for length in lengths)
    joined = join_checksums(zlib.adler32(first), zlib.adler32(second), len(second))
    assert joined == zlib.adler32(first + second)
    full = b"\xff" * lengths[0], b"\xff" * lengths[1]
    joined = join_checksums(zlib.adler32(full[0]), zlib.adler32(full[1]), len(full[1]))
    assert joined == zlib.adler32(full[0] + full[1])


# --- ISA-L, where it is installed


@pytest.fixture(params=["isal", "zlib"])
def deflater(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let a PNG be compressed by this one, as if the other were not installed."""
    if request.param == "isal":
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal", None)
    deflate._isal.cache_clear()
    yield request.param
    deflate._isal.cache_clear()


def test_each_deflater_writes_the_pixels(deflater: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (deflate._isal() is None) == (deflater == "zlib")
    monkeypatch.setattr(writer, "STRIP", 2**12)
    for level in (0, 1, 2):
        for height, width in ((1, 1), (200, 33), (7, 1500)):
            picture = picture_of("RGB", height, width)
            with Image.open(BytesIO(written(picture, compression=level))) as image:
                np.testing.assert_array_equal(np.asarray(image), picture.pixels)


# --- size and memory


@pytest.mark.parametrize(
    ("name", "method"),
    sample(product(PNG_SAMPLES, ["same", "nearest", "bilinear", "bicubic"]), 3),
)
def test_a_file_is_hardly_larger_than_pillows(name: str, method: Any) -> None:
    with Image.open(SAMPLES / name) as image:
        pixels = np.asarray(image)
    if method != "same":
        pixels = upsamp.upsample(pixels, 3, method)
    picture = picture_of_matrix(pixels)
    same = Image.fromarray(pixels)
    for level in (1, 6):
        ours, theirs = len(written(picture, compression=level)), by_pillow(same, level)
        assert ours < 1.1 * theirs + 100, (level, ours, theirs)
    # A strip that holds nothing but its pixels: 5 bytes for each 65535, and some for each chunk.
    stored = len(written(picture, compression=0))
    assert pixels.nbytes < stored < 1.01 * pixels.nbytes + 2000


def test_enlarged_flat_pictures_take_next_to_nothing() -> None:
    sprite = np.random.default_rng(5).integers(0, 4, (16, 16, 3)).astype(np.uint8) * 80
    large = upsamp.upsample(sprite, 32)
    assert len(written(picture_of_matrix(large))) < 12_000
    assert len(written(picture_of_matrix(np.zeros((1000, 1000))))) < 3_000


@pytest.mark.parametrize(
    ("mode", "threads"), one_of_each(("L", "RGB", "RGBA;16", "P", "1"), (1, 2))
)
def test_the_file_never_stands_whole_in_memory(mode: str, threads: int, tmp_path: Path) -> None:
    channels, bits = MODES[mode][1:]
    dtype = {1: np.bool_, 8: np.uint8, 16: np.uint16}[bits]
    height = 2**24 // (1024 * channels * np.dtype(dtype).itemsize)
    shape = (height, 1024, channels) if channels > 1 else (height, 1024)
    pixels: Any = np.random.default_rng(6).integers(0, 2**bits, shape).astype(dtype)
    with (tmp_path / "large.png").open("wb") as stream:
        tracemalloc.start()
        try:
            write_png(Picture(pixels, mode, palette=bytes(768)), stream, threads=threads)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    # 16 MB that do not compress (in bits, 2), of which a few strips of half a megabyte are held.
    assert (tmp_path / "large.png").stat().st_size > 2**20
    assert peak < 10 * 2**20


# --- what is said besides


def test_texts_and_colours_come_out_as_the_specification_allows() -> None:
    metadata = {"text": {"A": "b\0c", "D": "\u0416"}, "gamma": 1e9, "chromaticity": (-1.0, 0.5)}
    found = dict(split_chunks(written(Picture(np.zeros((1, 1), np.uint8), "L", metadata=metadata))))
    assert found[b"tEXt"] == b"A\0bc"
    assert found[b"iTXt"] == b"D\0\0\0\0\0\xd0\x96"
    assert found[b"gAMA"] == b"\x7f\xff\xff\xff"
    assert found[b"cHRM"] == bytes(4) + b"\0\0\xc3\x50"


@in_one_test(
    ("milliseconds", "told"),
    [
        (40, (1, 25)),
        (1000 / 10_000, (1, 10_000)),
        (1000 / 10_001, (1, 10_000)),
        (65_535_000, (65_535, 1)),
        (10**9, (65_535, 1)),
        (-1, (0, 1)),
    ],
)
def test_a_frame_tells_its_duration_as_a_fraction(
    milliseconds: float, told: tuple[int, int]
) -> None:
    assert duration_of(milliseconds) == told


def duration_of(milliseconds: float) -> tuple[int, int]:
    """Return the fraction of a second that a frame of an animation tells."""
    content = animation._control(0, slice(0, 1), slice(0, 1), milliseconds)
    numerator, denominator = struct.unpack_from(">HH", content, 20)
    return numerator, denominator


@in_one_test("seconds", [8.651524, 56.603385, 123.456789, 9999.123456])
def test_a_long_duration_is_as_near_as_half_of_what_two_bytes_hold(seconds: float) -> None:
    near = Fraction(seconds).limit_denominator(int(65_535 / (2 * seconds)))
    assert abs(Fraction(*duration_of(1000 * seconds)) - Fraction(seconds)) <= abs(
        near - Fraction(seconds)
    ) + Fraction(1, 10**9)
