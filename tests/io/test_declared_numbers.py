"""The numbers and channels that a file declares come out as those, or it is said what is lost."""

import gzip
import re
import struct
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from declared_files import jpeg2000, packed, page, tiff_of, tiff_pages
from effort import in_one_test
from image_files import Array, read, through
from PIL import Image, features
from png_encoding import encode_png

from upsamp.core.memory import limit_memory
from upsamp.core.upsampling.resample import resize
from upsamp.errors import FormatError, MemoryLimitError, MissingExtraError
from upsamp.io import extras
from upsamp.io.losses import losses_of
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.io.read import read_stream
from upsamp.resizing.enlarging import Enlarging

HEIGHT, WIDTH = 6, 5


def numbers(dtype: str, *channels: int, low: int = 0, high: int = 200) -> Array:
    generator = np.random.default_rng(14)
    return generator.integers(low, high, (HEIGHT, WIDTH, *channels)).astype(dtype)


def tiff(pixels: Array, photometric: str = "minisblack", **options: Any) -> BytesIO:
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, metadata=None, photometric=photometric, **options)
    return BytesIO(stream.getvalue())


def spread(values: Array, full: int) -> Array:
    """Return numbers up to `full` over all of 8 or 16 bits, by whole numbers alone."""
    most = 255 if full <= 255 else 65535
    return np.array(
        [(2 * int(value) * most + full) // (2 * full) for value in values.flat]
    ).reshape(values.shape)


@pytest.fixture
def no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no package be installed."""
    monkeypatch.setattr(extras, "find_spec", lambda _package: None)


# --- numbers


@pytest.mark.usefixtures("no_extra")
def test_signed_bytes_are_signed_and_interpolated_as_such(tmp_path: Path) -> None:
    pixels = np.array([[-3, 1], [100, -100]], np.int8)
    picture = read(tiff(pixels))
    assert picture.mode == "I"
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)
    large = resize(picture.pixels, (4, 4), "bilinear")
    np.testing.assert_array_equal(large[0], np.array([-3, -2, 0, 1], np.int8), strict=True)
    path = through(picture.with_pixels(large), "tiff", tmp_path)
    np.testing.assert_array_equal(tifffile.imread(path), large, strict=True)


@pytest.mark.parametrize("compression", [None, "lzw", "deflate", "packbits"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint16", "uint32"])
def test_integers_of_a_tiff_stay_what_they_are_without_an_extra(
    tmp_path: Path, dtype: str, order: str, compression: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = numbers(dtype, low=-100 if dtype[0] == "i" else 0, high=120)
    source = tiff(pixels, byteorder=order, compression=compression)
    if (dtype, order) != ("uint32", ">"):  # which Pillow does not know
        monkeypatch.setattr(extras, "find_spec", lambda _package: None)
    picture = read(source)
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)
    assert picture.mode == ("I;16" if dtype == "uint16" else "I")
    written = tifffile.imread(through(picture, "tiff", tmp_path))
    np.testing.assert_array_equal(written, pixels, strict=True)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_signed_colour_is_kept_in_tiff_and_refused_where_it_would_be_unsigned(
    tmp_path: Path, channels: int
) -> None:
    pixels = numbers("int16", channels, low=-100)
    photometric = "minisblack" if channels == 2 else "rgb"
    extra = [] if channels == 3 else ["unassalpha"]
    picture = read(tiff(pixels, photometric, planarconfig="contig", extrasamples=extra))
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)
    written = tifffile.imread(through(picture, "tiff", tmp_path))
    np.testing.assert_array_equal(written, pixels, strict=True)
    for name in ("png", "ppm", "jpeg2000"):
        with pytest.raises(FormatError, match=r"int16 pixels would lose .* Use one of tiff\."):
            through(picture, name, tmp_path)


@in_one_test("compressed", [False, True])
@in_one_test("order", ["<", ">"])
@in_one_test("channels", [1, 3])
@in_one_test("bits", [1, 2, 3, 4, 6, 8, 9, 10, 12, 14, 15, 16])
def test_a_tiff_of_any_bits_is_spread_over_8_or_16(
    bits: int, channels: int, order: str, compressed: bool
) -> None:
    values = numbers("uint16", channels, high=2**bits)
    values.flat[:2] = 0, 2**bits - 1
    data = packed(values, bits)
    if bits == 16:
        data = values.astype(order + "u2").tobytes()
    tags = page(WIDTH, HEIGHT, bits, 1 if channels == 1 else 2, t277=channels)
    if channels == 3:
        tags[258] = (bits,) * 3
    if compressed:
        tags[259], data = 8, zlib.compress(data)
    picture = read(tiff_of(tags, data, order), expand=True)
    expected = spread(values, 2**bits - 1)
    shown = expected if channels == 3 else expected[..., 0]
    np.testing.assert_array_equal(picture.pixels, shown)
    assert picture.pixels.dtype == (np.uint8 if bits <= 8 else np.uint16)


@pytest.mark.usefixtures("no_extra")
def test_twelve_bits_of_grey_are_white_in_a_png_too(tmp_path: Path) -> None:
    source = tiff_of(page(2, 1, 12, 1), packed(np.array([[0, 4095]]), 12))
    result = read(through(read(source), "png", tmp_path))
    np.testing.assert_array_equal(result.pixels, np.array([[0, 65535]], np.uint16), strict=True)


@in_one_test("compression", [None, "lzw", "deflate"])
@in_one_test("order", ["<", ">"])
@in_one_test("dtype", ["float16", "float32", "float64"])
def test_floats_of_all_sizes_are_kept(dtype: str, order: str, compression: str | None) -> None:
    pixels = (numbers("float64") / 7).astype(dtype)
    source = tiff(pixels, byteorder=order, compression=compression)
    np.testing.assert_array_equal(read(source).pixels, pixels, strict=True)


@in_one_test("compression", ["webp", "lerc", "zstd", "lzma", "jpeg2000"])
@in_one_test("channels", [3, 4])
def test_colour_by_any_method_of_compression_is_read(compression: str, channels: int) -> None:
    pixels = numbers("uint8", channels)
    extra = ["unassalpha"] * (channels - 3)
    lossless = {"compressionargs": {"lossless": True}} if compression == "webp" else {}
    source = tiff(pixels, "rgb", compression=compression, extrasamples=extra, **lossless)
    picture = read(source)
    seen = pixels[..., 3:].all(axis=-1)  # WebP may change what is clear
    np.testing.assert_array_equal(picture.pixels[seen], pixels[seen], strict=True)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_refused(dtype: str) -> None:
    with pytest.raises(FormatError, match=rf"^it cannot be decoded: .*{dtype}, are none that are"):
        read(tiff(numbers(dtype)))


@in_one_test("container", ["jp2", "j2k"])
@in_one_test("kind", ["u", "i"])
@in_one_test("channels", [1, 2, 3, 4])
@in_one_test("bits", [1, 5, 8, 10, 12, 16, 20])
def test_jpeg_2000_of_any_bits_is_spread_or_signed(
    bits: int, channels: int, kind: str, container: str
) -> None:
    low, high = (0, 2**bits) if kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    dtype = f"{kind}{next(size for size in (1, 2, 4) if 8 * size >= bits)}"
    values = numbers(dtype, *([channels] if channels > 1 else []), low=low, high=high)
    values.flat[:2] = low, high - 1
    data = jpeg2000(values, bits, container)
    picture = read(BytesIO(data))
    # More than 16 bits are numbers, and not shades.
    expected = spread(values, 2**bits - 1) if kind == "u" and bits <= 16 else values
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.notes == ()


@pytest.mark.usefixtures("no_extra")
def test_grey_of_jpeg_2000_needs_no_extra() -> None:
    values = numbers("uint16", high=1024)
    data = jpeg2000(values, 10)
    np.testing.assert_array_equal(read(BytesIO(data)).pixels, spread(values, 1023))


def test_the_depth_of_jpeg_2000_is_found_behind_much_else() -> None:
    values = numbers("uint16", 3, high=4096)
    data = jpeg2000(values, 12)
    # A box of words that has the marker of a codestream of 8 bits in it.
    false = b"\xff\x4f\xff\x51" + bytes(60)
    box = struct.pack(">I4s", 8 + len(false) + 2**15, b"free") + false + bytes(2**15)
    place = data.index(b"jp2c") - 4
    picture = read(BytesIO(data[:place] + box + data[place:]))
    np.testing.assert_array_equal(picture.pixels, spread(values, 4095))


def test_luma_of_jpeg_2000_that_another_reader_would_leave_is_refused() -> None:
    data = bytearray(jpeg2000(numbers("uint16", 3, high=4096), 12))
    place = data.index(b"colr") + 7
    assert struct.unpack_from(">I", data, place) == (16,)
    struct.pack_into(">I", data, place, 18)
    with pytest.raises(FormatError, match=r"holds 12-bit colour, which would be cut.* --depth 8"):
        read(BytesIO(bytes(data)))


@pytest.mark.skipif(
    "avif" not in features.modules or not features.check("avif"), reason="this Pillow has no AVIF"
)
@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize(("channels", "mode"), [(1, "I;16"), (2, "LA;16"), (4, "RGBA;16")])
def test_avif_of_more_bits_is_spread(bits: int, channels: int, mode: str) -> None:
    values = numbers("uint16", *([channels] if channels > 1 else []), high=2**bits)
    picture = read(BytesIO(imagecodecs.avif_encode(values, level=100, bitspersample=bits)))
    assert picture.mode == mode
    np.testing.assert_array_equal(picture.pixels, spread(values, 2**bits - 1))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_sgi_of_16_bits_is_refused_or_cut(channels: int) -> None:
    values = numbers("uint16", channels, high=2**16)
    head = struct.pack(
        ">HBBHHHHII", 474, 0, 2, 2 if channels == 1 else 3, WIDTH, HEIGHT, channels, 0, 65535
    )
    planes = np.moveaxis(values[::-1], 2, 0).astype(">u2").tobytes()
    source = BytesIO(head.ljust(512, b"\0") + planes)
    words = "16-bit grey" if channels == 1 else "16-bit colour"
    with pytest.raises(FormatError, match=rf"^it holds {words}, which would be cut.* --depth 8"):
        read(source)
    picture = read(source, depth=8)
    np.testing.assert_array_equal(picture.pixels.reshape(values.shape), values >> 8)
    assert picture.notes == (f"{words} is read as 8-bit; its lower digits are lost",)


def test_a_bitmap_of_5_and_6_bits_is_colour_of_8() -> None:
    values = numbers("uint16", high=2**16)
    stride = (2 * WIDTH + 3) // 4 * 4
    rows = b"".join(row.astype("<u2").tobytes().ljust(stride, b"\0") for row in values[::-1])
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 16, 3, len(rows), 0, 0, 0, 0)
    head += struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    data = (
        struct.pack("<2sIHHI", b"BM", 14 + len(head) + len(rows), 0, 0, 14 + len(head))
        + head
        + rows
    )
    picture = read(BytesIO(data))
    assert (picture.mode, picture.notes) == ("RGB", ())
    parts = np.stack([values >> 11, values >> 5 & 63, values & 31], axis=2)
    np.testing.assert_allclose(picture.pixels, parts * 255 / [31, 63, 31], atol=1)


@pytest.mark.parametrize(
    ("code", "masks", "dxgi"),
    [(b"\0\0\0\0", (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000), None), (b"DX10", (0,) * 4, 95)],
)
def test_a_texture_of_more_than_8_bits_is_refused(
    code: bytes, masks: tuple[int, ...], dxgi: int | None
) -> None:
    flags = 0x4 if dxgi else 0x41
    head = struct.pack("<4s7I44x", b"DDS ", 124, 0x1007, 4, 4, 16, 0, 1)
    head += struct.pack("<2I4s5I", 32, flags, code, 0 if dxgi else 32, *masks)
    head += struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    head += struct.pack("<5I", dxgi, 3, 0, 1, 0) if dxgi else b""
    with pytest.raises(
        FormatError, match=r"^it holds 1[06]-bit (colour|floats), which would be cut"
    ):
        read(BytesIO(head + bytes(64)))


# --- channels


@in_one_test("planes", ["contig", "separate"])
@in_one_test("dtype", ["uint8", "uint16", "float32"])
@in_one_test(
    ("photometric", "colours", "extra", "mode"),
    [
        ("rgb", 3, (0,), "RGB+1"),
        ("rgb", 3, (2,), "RGBA"),
        ("rgb", 3, (0, 2), "RGBA+1"),
        ("rgb", 3, (2, 0, 0), "RGBA+2"),
        ("rgb", 3, (0, 0, 0, 0, 0), "RGB+5"),
        ("minisblack", 1, (0,), "L+1"),
        ("minisblack", 1, (2,), "LA"),
        ("minisblack", 1, (0, 0), "L+2"),
        ("minisblack", 1, (0, 0, 0), "L+3"),
        ("minisblack", 1, (0, 2), "LA+1"),
        ("separated", 4, (0,), "CMYK+1"),
        ("separated", 4, (0, 0), "CMYK+2"),
    ],
)
def test_channels_besides_the_colours_come_and_go(
    tmp_path: Path,
    photometric: str,
    colours: int,
    extra: tuple[int, ...],
    mode: str,
    dtype: str,
    planes: str,
) -> None:
    pixels = numbers(dtype, colours + len(extra))
    laid = pixels if planes == "contig" else np.moveaxis(pixels, 2, 0)
    picture = read(tiff(laid, photometric, planarconfig=planes, extrasamples=extra))
    depth = {"uint8": "", "uint16": ";16", "float32": ";F"}[dtype]
    assert (picture.mode, picture.notes) == (mode + depth, ())
    # Alpha is last in a picture; in a file bands keep their numbers.
    order = [n for n in range(colours, pixels.shape[2]) if extra[n - colours] == 0]
    alpha = [n for n in range(colours, pixels.shape[2]) if extra[n - colours]]
    shown = pixels[..., [*range(colours), *order, *alpha]]
    np.testing.assert_array_equal(picture.pixels, shown, strict=True)
    with tifffile.TiffFile(through(picture, "tiff", tmp_path)) as made:
        written = made.pages[0].aspage()
        assert tuple(map(int, written.extrasamples)) == extra
        np.testing.assert_array_equal(written.asarray(), pixels, strict=True)
    # Of other files it comes behind the colours, where most readers look.
    with tifffile.TiffFile(through(replace(picture, coding={}), "tiff", tmp_path)) as made:
        written = made.pages[0].aspage()
        assert [int(one) for one in written.extrasamples] == [2] * len(alpha) + [0] * len(order)
        kept = pixels[..., [*range(colours), *alpha, *order]]
        np.testing.assert_array_equal(written.asarray(), kept, strict=True)


def test_without_a_word_only_the_fourth_of_four_is_alpha() -> None:
    grey = {**page(WIDTH, HEIGHT, 8, 1, t277=3), 258: (8, 8, 8)}
    pixels = numbers("uint8", 3)
    picture = read(tiff_of(grey, pixels.tobytes()))
    assert picture.mode == "L+2"
    np.testing.assert_array_equal(picture.pixels, pixels)
    for bits, mode in ((8, "RGBA"), (16, "RGBA;16")):
        colour = {**page(WIDTH, HEIGHT, bits, 2, t277=4), 258: (bits,) * 4}
        assert read(tiff_of(colour, numbers(f"uint{bits}", 4).tobytes())).mode == mode


@in_one_test("mode", ["RGB+1", "L+2", "CMYK+1", "RGBA+1", "RGB+1;16"])
def test_extra_channels_are_told_once_where_they_are_dropped(tmp_path: Path, mode: str) -> None:
    channels = {"RGB": 4, "L": 3, "CMYK": 5, "RGBA": 5}[mode.partition("+")[0]]
    picture = Picture(numbers("uint16" if ";16" in mode else "uint8", channels), mode)
    assert losses_of(picture, "tiff") == losses_of(picture, "npy") == ()
    for format_name in ("png", "webp", "jpeg")[: 1 + (mode == "RGB+1")]:
        told = f"{picture.extra} of {channels} channels are neither colour nor alpha"
        losses = losses_of(picture, format_name)
        assert [loss.startswith(told) for loss in losses].count(True) == 1
        assert len(losses) == 1 + mode.startswith("CMYK")  # whose colours are converted
    if mode != "CMYK+1":
        result = read(through(picture, "png", tmp_path))
        np.testing.assert_array_equal(result.pixels, picture.without_extra().pixels)


def test_channels_that_a_tiff_says_nothing_of_are_rgb_if_3_and_else_refused() -> None:
    def untold(samples: int) -> BytesIO:
        tags = {**page(2, 1, 8, 0), 258: (8,) * samples, 277: samples}
        del tags[262]
        return tiff_of(tags, bytes(range(2 * samples)))

    picture = read(untold(3))
    np.testing.assert_array_equal(picture.pixels, [[[0, 1, 2], [3, 4, 5]]])
    assert picture.mode == "RGB"
    assert picture.notes == (
        "the TIFF does not say what its 3 channels are, so they are taken for RGB",
    )
    with pytest.raises(FormatError, match=r"4 channels, photometric -1, uint8, are none that are"):
        read(untold(4))


def test_extra_channels_are_not_weighed_by_alpha() -> None:
    pixels = numbers("uint8", 6)  # two extra channels, then alpha
    large = Enlarging((2, 2), interpolation="bilinear").apply(Picture(pixels, "RGBA+2"), (12, 10))
    assert isinstance(large, Picture)
    shown = resize(pixels[..., [0, 1, 2, 5]], (12, 10), "bilinear", alpha=True)
    others = resize(pixels[..., 3:5], (12, 10), "bilinear")
    np.testing.assert_array_equal(large.pixels, np.dstack([shown[..., :3], others, shown[..., 3:]]))


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_lost_channels_are_told() -> None:
    pixels = numbers("uint8", 4)
    picture = read(tiff(pixels, "rgb", extrasamples=(0,)))
    np.testing.assert_array_equal(picture.pixels, pixels[..., :3])
    message = "channels that are neither colour nor alpha are left out: 1 (upsamp[deep] keeps them)"
    assert picture.notes == (message,)


def psd(channels: int, mode: int, bits: int = 8) -> BytesIO:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, HEIGHT, WIDTH, bits, mode) + bytes(12)
    planes = numbers("uint8", channels * bits // 8)
    return BytesIO(head + struct.pack(">H", 0) + np.moveaxis(planes, 2, 0).tobytes())


@in_one_test(("mode", "channels", "lost"), [(3, 3, 0), (3, 4, 0), (3, 6, 3), (4, 5, 1), (1, 3, 2)])
def test_more_channels_of_a_psd_are_told(mode: int, channels: int, lost: int) -> None:
    picture = read(psd(channels, mode))
    notes = (f"channels that are neither colour nor alpha are left out: {lost}",) if lost else ()
    assert picture.notes == notes


def test_an_apple_icon_tells_its_sizes_too() -> None:
    stream = BytesIO()
    Image.new("RGBA", (64, 64), "red").save(stream, "icns")
    notes = read(stream).notes
    assert len(notes) == 1
    assert re.fullmatch(r"the largest of \d+ sizes is read", notes[0])


def test_an_icon_of_16_bits_is_refused_or_cut() -> None:
    values = numbers("uint16", 4, high=2**16)
    data = encode_png(values, 6, 16)
    head = struct.pack("<HHHBBBBHHII", 0, 1, 1, WIDTH, HEIGHT, 0, 0, 1, 64, len(data), 22)
    with pytest.raises(FormatError, match=r"^it holds 16-bit colour, which would be cut"):
        read(BytesIO(head + data))
    np.testing.assert_array_equal(read(BytesIO(head + data), depth=8).pixels, values >> 8)


def test_colours_of_a_palette_in_jpeg_2000_are_left_as_they_are() -> None:
    # Indices of 4 bits, which are no shades: what Pillow makes of them stays.
    values = numbers("uint8", high=16)
    whole = jpeg2000(values, 4)
    colours = np.arange(48, dtype=np.uint8) * 5
    palette = struct.pack(">HB3B", 16, 3, 7, 7, 7) + colours.tobytes()
    boxes = struct.pack(">I4s", 8 + len(palette), b"pclr") + palette
    boxes += struct.pack(">I4s", 20, b"cmap") + bytes.fromhex("000001000000010100000102")
    place = whole.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", whole, place)
    data = whole[:place] + struct.pack(">I", size + len(boxes)) + whole[place + 4 : place + size]
    data += boxes + whole[place + size :]
    data = data.replace(b"colr\1\0\0\0\0\0\x11", b"colr\1\0\0\0\0\0\x10")  # not grey
    with Image.open(BytesIO(data)) as image:
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read(BytesIO(data), expand=True).pixels, expected)


def test_a_psd_of_16_bits_is_named() -> None:
    with pytest.raises(FormatError, match=r"^it is a PSD of more than 8 bits .*Convert it to PNG"):
        read(psd(3, 3, 16))


def test_an_icon_gives_its_largest_size_and_tells_the_others() -> None:
    colours = Image.fromarray(numbers("uint8", 4)[:4, :4].repeat(16, 0).repeat(16, 1))
    stream = BytesIO()
    colours.save(stream, "ico", sizes=[(16, 16), (64, 64), (32, 32)])
    picture = read(stream)
    assert picture.pixels.shape == (64, 64, 4)
    assert picture.notes == ("the largest of 3 sizes is read; --frame 1 to 2 are smaller",)
    for number, side in enumerate((64, 32, 16)):
        chosen = read(stream, frame=number)
        assert (chosen.pixels.shape[:2], chosen.notes) == ((side, side), ())
    with pytest.raises(FormatError, match=r"one of the frames of it, 0 to 2\. Received: 3"):
        read(stream, frame=3)
    assert read(stream, every_frame=True).rest is None


# --- masks and pages


def masked_tiff(
    pixels: Array, mask: Array, photometric: int = 2, *, copies: bool = False
) -> BytesIO:
    height, width = mask.shape
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    bits = 8 * pixels.dtype.itemsize
    picture = page(width, height, bits, photometric, t277=channels)
    if channels > 1:
        picture[258] = (bits,) * channels
    shown = (picture, pixels.tobytes())
    clear = (page(width, height, 1, 4, t254=4), packed(mask, 1))
    small = (page(2, 2, 8, 1, t254=1), bytes(4))
    small_mask = (page(2, 2, 1, 4, t254=5), bytes(2))
    return tiff_pages([shown, small, clear, small_mask] if copies else [shown, clear])


@in_one_test("copies", [False, True])
@in_one_test("dtype", ["uint8", "uint16", "uint64"])
@in_one_test(("channels", "photometric"), [(1, 1), (3, 2)])
def test_a_mask_is_the_alpha_of_its_picture(
    dtype: str, channels: int, photometric: int, copies: bool
) -> None:
    pixels = numbers(dtype, channels)
    mask = numbers("uint8", high=2)
    picture = read(masked_tiff(pixels, mask, photometric, copies=copies))
    full = np.iinfo(dtype).max
    np.testing.assert_array_equal(picture.pixels[..., :-1], pixels)
    np.testing.assert_array_equal(picture.pixels[..., -1], mask.astype(dtype) * full)
    assert picture.has_alpha


def test_a_mask_is_no_page() -> None:
    picture = read(masked_tiff(numbers("uint8", 3), numbers("uint8", high=2)), every_frame=True)
    assert picture.rest is None


def test_smaller_copies_of_a_picture_are_no_pages() -> None:
    pixels = numbers("uint8")
    shown = (page(WIDTH, HEIGHT, 8, 1), pixels.tobytes())
    copies = [(page(2, 3, 8, 1, t254=1), bytes(6)), (page(1, 1, 8, 1, t254=1), bytes(1))]
    picture = read(tiff_pages([shown, *copies]), every_frame=True)
    assert picture.rest is None
    assert picture.notes == ("smaller copies of the picture are left out: 2",)
    several = read(tiff_pages([shown, *copies, shown]), every_frame=True)
    for frame in several.frames.read():
        np.testing.assert_array_equal(frame.pixels, pixels)
    assert several.frame_count == 2
    # What is as large, or comes first, is a page whatever it is called.
    alike = (page(WIDTH, HEIGHT, 8, 1, t254=1), pixels.tobytes())
    assert read(tiff_pages([shown, alike]), every_frame=True).frame_count == 2
    assert read(tiff_pages([copies[0], shown]), every_frame=True).frame_count == 2


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_a_mask_is_not_passed_over() -> None:
    with pytest.raises(MissingExtraError, match=r"needs tifffile"):
        read(masked_tiff(numbers("uint8", 3), numbers("uint8", high=2)))


def test_a_page_of_no_known_kind_does_not_take_the_others_along() -> None:
    grey = numbers("uint8")
    shown = (page(WIDTH, HEIGHT, 8, 1), grey.tobytes())
    raw = (page(WIDTH, HEIGHT, 8, 32803), grey.tobytes())
    picture = read(tiff_pages([raw, shown, raw, shown]), every_frame=True)
    assert picture.frame_count == 2
    for frame in picture.frames:
        np.testing.assert_array_equal(frame.pixels, grey)
    message = "page {} is left out: its pixels, photometric 32803, are none that are known"
    assert picture.notes == tuple(message.format(number) for number in (0, 2))
    with pytest.raises(FormatError, match=r"photometric 32803, uint8, are none that are known"):
        read(tiff_pages([raw]))


# --- FITS and PFM


def fits(cards: dict[str, object], data: bytes, first: str = "SIMPLE") -> bytes:
    start = "T" if first == "SIMPLE" else "'IMAGE   '"
    lines = [
        f"{name:8}= {value!s:>20} / of what".ljust(80)
        for name, value in {first: start, **cards}.items()
    ]
    return "".join([*lines, "END"]).encode().ljust(2880) + data.ljust(
        -(-len(data) // 2880) * 2880, b"\0"
    )


def cards_of(pixels: Array, bits: int, **more: object) -> dict[str, object]:
    sides = {f"NAXIS{n}": side for n, side in enumerate(reversed(pixels.shape), 1)}
    return {"BITPIX": bits, "NAXIS": pixels.ndim, **sides, **more}


@pytest.mark.usefixtures("no_extra")
@pytest.mark.parametrize(
    ("bits", "more", "dtype", "scaled"),
    [
        (8, {}, "uint8", (0, 1)),
        (8, {"BZERO": -128}, "int8", (-128, 1)),
        (16, {}, "int16", (0, 1)),
        (16, {"BZERO": 32768, "BSCALE": 1}, "uint16", (32768, 1)),
        (16, {"BZERO": "1.5D0", "BSCALE": 0.25}, "float32", (1.5, 0.25)),
        (32, {}, "int32", (0, 1)),
        (32, {"BZERO": 2147483648}, "uint32", (2**31, 1)),
        (32, {"BSCALE": 0.5}, "float64", (0, 0.5)),
        (64, {}, "int64", (0, 1)),
        (-32, {}, "float32", (0, 1)),
        (-64, {"BZERO": 1}, "float64", (1, 1)),
    ],
)
def test_fits_is_read_in_all_its_numbers(
    bits: int, more: dict[str, object], dtype: str, scaled: tuple[float, float]
) -> None:
    kind = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}[bits]
    stored = numbers("int64", low=0 if bits == 8 else -100).astype(kind)
    picture = read(BytesIO(fits(cards_of(stored, bits, **more), stored.tobytes())))
    zero, scale = scaled
    expected = (stored[::-1].astype(np.float64) * scale + zero).astype(dtype)
    np.testing.assert_array_equal(picture.pixels, expected, strict=True)


def test_fits_of_an_extension_is_read_and_further_images_are_told() -> None:
    stored = numbers("int64").astype(">i2")
    empty = fits({"BITPIX": 8, "NAXIS": 0, "EXTEND": "T"}, b"")
    image = fits(cards_of(stored, 16, PCOUNT=0, GCOUNT=1), stored.tobytes(), "XTENSION")
    picture = read(BytesIO(empty + image))
    np.testing.assert_array_equal(picture.pixels, stored[::-1])
    assert picture.notes == ()
    picture = read(BytesIO(empty + image + image))
    assert picture.notes == ("only the first image of several is read",)


def packed_fits(stored: Array, bits: int, word: str, **more: object) -> BytesIO:
    """Return a FITS whose image is a table of rows, each packed by gzip as numbers of a type."""
    height, width = stored.shape
    rows = [gzip.compress(row.astype(word).tobytes()) for row in stored]
    table = b"".join(
        struct.pack(">ii", len(row), sum(map(len, rows[:number])))
        for number, row in enumerate(rows)
    )
    cards: dict[str, object] = {"BITPIX": 8, "NAXIS": 2, "NAXIS1": 8, "NAXIS2": height}
    cards |= {"PCOUNT": sum(map(len, rows)), "GCOUNT": 1, "ZIMAGE": "T", "ZCMPTYPE": "'GZIP_1  '"}
    cards |= {"ZBITPIX": bits, "ZNAXIS": 2, "ZNAXIS1": width, "ZNAXIS2": height, **more}
    data = fits(cards, table + b"".join(rows), "XTENSION").replace(b"'IMAGE   '", b"'BINTABLE'", 1)
    return BytesIO(fits({"BITPIX": 8, "NAXIS": 0}, b"") + data)


@pytest.mark.parametrize("word", [">i4", ">i2"])
def test_a_packed_fits_is_read_whatever_its_words_are(word: str) -> None:
    stored = numbers("int16", low=-100)
    picture = read(packed_fits(stored, 16, word))
    np.testing.assert_array_equal(picture.pixels, stored[::-1], strict=True)
    unsigned = read(packed_fits(stored, 16, word, BZERO=32768))
    np.testing.assert_array_equal(unsigned.pixels, stored[::-1].astype(np.uint16) ^ 0x8000)
    whole = packed_fits(stored, 16, word).getvalue()
    for wrong in (
        whole.replace(b"ZNAXIS2 =                    6", b"ZNAXIS2 =                    5"),
        whole.replace(b"'GZIP_1  '", b"'RICE_1  '"),
        whole[: whole.index(b"\x1f\x8b", 5760 + 80)],
    ):
        with pytest.raises(FormatError, match=r"^it cannot be decoded: .*\.$"):
            read(BytesIO(wrong))


def test_fits_that_is_no_image_is_named() -> None:
    cube = numbers("uint8", 3)
    with pytest.raises(
        FormatError, match=r"Received: a FITS cube of 6 x 5 x 3\. Write it with numpy"
    ):
        read(BytesIO(fits(cards_of(cube, 8), cube.tobytes())))
    with pytest.raises(FormatError, match=r"is a FITS file without an image\. Write it with"):
        read(BytesIO(fits({"BITPIX": 8, "NAXIS": 0}, b"")))
    with pytest.raises(FormatError, match=r"its FITS header has no end"):
        read(BytesIO(fits({"BITPIX": 8, "NAXIS": 0}, b"")[:160]))
    endless = {"BITPIX": 8, "NAXIS": 1, "NAXIS1": 0, "PCOUNT": "9" * 18, "GCOUNT": "9" * 18}
    with pytest.raises(FormatError, match=r"is a FITS file without an image\. Write it with"):
        read(BytesIO(fits(endless, b"")))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_pfm_of_colours_is_read_from_the_bottom_up(order: str) -> None:
    pixels = numbers("float32", 3) / np.float32(7)
    head = f"PF\n{WIDTH} {HEIGHT}\n{'-' if order == '<' else ''}1.0\n".encode()
    picture = read(BytesIO(head + pixels[::-1].astype(order + "f4").tobytes()))
    assert picture.mode == "RGB;F"
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)
    with pytest.raises(FormatError, match=r"one of the frames of it, 0 to 0\. Received: 1"):
        read(BytesIO(head + pixels.tobytes()), frame=1)


WORDS = [
    ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is PostScript, a program"),
    ("a.eps", b"\xc5\xd0\xd3\xc6" + bytes(28), "is PostScript, a program"),
    ("a.svg", b"<svg width='1'/>", "is SVG, a drawing"),
    ("a.svg", b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "is SVG, a drawing"),
    ("-", b"\xef\xbb\xbf<!DOCTYPE svg>", "is SVG, a drawing"),
    ("a.pdf", b"%PDF-1.7\n", "is PDF, a list of commands"),
    ("a.html", b"<html>1 2</html>", "is no image that can be read: it holds text"),
    ("a.fits", b"SIMPLE = T\n", "its FITS header has no end"),
    ("a.pfm", b"PF\n1 1\n1.2.3\n" + bytes(12), "its header is no PFM's"),
    ("a.svg", "<svg width='1'/>".encode("utf-16"), "is SVG, a drawing"),
    ("-", "<?xml version='1.0'?><svg/>".encode("utf-16"), "is SVG, a drawing"),
    ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC, which is not read"),
    ("a.jxl", b"\xff\x0a\x10", "is JPEG XL, which is not read"),
    ("-", b"\0\0\0\x0cJXL \r\n\x87\n", "is JPEG XL, which is not read"),
    ("a.exr", b"v/1\x01\x02\0\0\0", "is OpenEXR, which is not read"),
    ("a.hdr", b"#?RADIANCE\n\n-Y 2 +X 2\n\0\0", "is Radiance's HDR, which is not read"),
    ("-", b"P7\nWIDTH 1\nHEIGHT 1\nENDHDR\n", "is PAM, which is not read"),
    ("a.dcm", bytes(128) + b"DICM", "is DICOM, which is not read"),
    ("a.png", bytes(100), "its content is of no known image format, or damaged"),
]


@in_one_test(("name", "data", "words"), WORDS)
def test_other_kinds_of_file_are_named_and_are_no_bad_matrix(
    name: str, data: bytes, words: str
) -> None:
    with pytest.raises(FormatError, match=words):
        read_stream(BytesIO(data), name, "it", None, ReadOptions())


# --- what is hostile


def test_channels_that_are_not_there_are_refused_before_they_take_memory() -> None:
    tags = page(WIDTH, HEIGHT, 8, 1, t277=2**31)
    message = r"^it declares more than 178,956,970 pixels, 5 x 6 of 2,147,483,648 channels, so"
    with pytest.raises(FormatError, match=message):
        read(tiff_of(tags, bytes(90)))
    many = numbers("uint8", 300)
    picture = read(tiff(many, extrasamples=[0] * 299))
    assert picture.mode == "L+299"
    np.testing.assert_array_equal(picture.pixels, many)


def _hostile(kind: str) -> tuple[BytesIO, int]:
    """Return a file, and how many pixels it declares."""
    grey = np.zeros((64, 64), np.uint16)
    if kind == "fits":
        return BytesIO(fits(cards_of(grey, 16), grey.tobytes())), 4096
    if kind == "pfm":
        return BytesIO(b"PF\n64 64\n-1\n" + bytes(3 * 4 * 4096)), 4096
    if kind == "bands":
        # Nine channels are as many pixels of four.
        return tiff(np.zeros((64, 64, 9), np.uint8), extrasamples=[0] * 8), 4096 * 9 // 4
    if kind == "jpeg2000":
        return BytesIO(jpeg2000(np.zeros((64, 64, 3), np.uint16), 12)), 4096
    return masked_tiff(np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), np.uint8)), 4096


@in_one_test("kind", ["fits", "pfm", "bands", "jpeg2000", "mask"])
def test_sizes_are_bounded_and_what_is_cut_is_refused(kind: str) -> None:
    source, pixels = _hostile(kind)
    read(source, max_pixels=pixels)
    with pytest.raises(FormatError, match=rf"^it declares more than {pixels - 1:,} pixels"):
        read(source, max_pixels=pixels - 1)
    with (
        limit_memory(2**20),
        pytest.raises(MemoryLimitError, match=r"^--max-memory must have room"),
    ):
        read(source)
    whole = source.getvalue()
    for end in (len(whole) // 2, len(whole) // 3, 60):
        with pytest.raises(FormatError):
            read(BytesIO(whole[:end]))
