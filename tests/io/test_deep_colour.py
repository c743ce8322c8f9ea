"""Colour of 16 bits and of floats: read whole by an extra, refused without it, or cut if wanted."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from declared_files import page, tiff_of
from effort import in_one_test
from image_files import HEIGHT, WIDTH, Array, read, through
from PIL import Image, ImageCms

from upsamp.errors import FormatError, MissingExtraError
from upsamp.io import extras
from upsamp.io.losses import losses_of
from upsamp.io.pictures import Picture

# Adam7: where each pass begins, and how far apart its pixels lie; columns, then rows.
PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
COLOUR_TYPES = {2: 4, 3: 2, 4: 6}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def deep(channels: int, dtype: str = "uint16", height: int = HEIGHT, width: int = WIDTH) -> Array:
    generator = np.random.default_rng(channels)
    if dtype.startswith("float"):
        return generator.random((height, width, channels)).astype(dtype)
    return generator.integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype)


def png(pixels: Array, *chunks: tuple[bytes, bytes], interlaced: bool = False) -> BytesIO:
    """Write a PNG by its definition: each row after filter 0, in one pass or in seven."""
    height, width, channels = pixels.shape
    parts = [pixels]
    if interlaced:
        parts = [pixels[top::down, left::right] for left, top, right, down in PASSES]
    rows = b"".join(
        b"\0" + row.astype(">u2").tobytes() for part in parts for row in part if part.size
    )
    header = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPES[channels], 0, 0, interlaced)
    whole = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return BytesIO(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in whole
        )
    )


def tiff(pixels: Array, **options: Any) -> BytesIO:
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, metadata=None, **{"photometric": "rgb"} | options)
    return BytesIO(stream.getvalue())


@in_one_test("interlaced", [False, True])
@in_one_test("channels", [2, 3, 4])
@in_one_test(("height", "width"), [(HEIGHT, WIDTH), (1, 1), (3, 2), (17, 20)])
def test_a_png_of_16_bits_keeps_them(
    tmp_path: Path, channels: int, interlaced: bool, height: int, width: int
) -> None:
    pixels = deep(channels, height=height, width=width)
    picture = read(png(pixels, interlaced=interlaced))
    assert picture.mode == {2: "LA;16", 3: "RGB;16", 4: "RGBA;16"}[channels]
    assert picture.notes == ()
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)
    for target in ("png", "tiff"):
        again = read(through(picture, target, tmp_path))
        assert again.mode == picture.mode
        np.testing.assert_array_equal(again.pixels, pixels, strict=True)


def test_the_transparent_colour_of_a_deep_png_becomes_alpha() -> None:
    pixels = deep(3)
    clear = struct.pack(">3H", *(int(value) for value in pixels[1, 2]))
    picture = read(png(pixels, (b"tRNS", clear)))
    assert picture.mode == "RGBA;16"
    expected = (pixels != pixels[1, 2]).any(axis=-1) * 65535
    np.testing.assert_array_equal(picture.pixels[..., 3], expected)
    np.testing.assert_array_equal(picture.pixels[..., :3], pixels)


@pytest.mark.parametrize("expand", [False, True])
def test_the_transparent_grey_of_16_bits_becomes_alpha_where_it_must(expand: bool) -> None:
    grey = deep(2)[..., 0]
    stream = BytesIO()
    Image.fromarray(grey).save(stream, "png", transparency=int(grey[1, 2]))
    picture = read(BytesIO(stream.getvalue()), expand=expand)
    assert picture.mode == ("LA;16" if expand else "I;16")
    if expand:
        np.testing.assert_array_equal(picture.pixels[..., 0], grey)
        np.testing.assert_array_equal(picture.pixels[..., 1], (grey != grey[1, 2]) * 65535)
        assert "transparency" not in picture.metadata


@pytest.mark.parametrize("largest", [65535, 1023, 256])
def test_a_ppm_of_16_bits_keeps_them(largest: int) -> None:
    pixels = np.minimum(deep(3), largest)
    header = b"P6 # a remark\n%d\n# another\n%d %d\n" % (WIDTH, HEIGHT, largest)
    picture = read(BytesIO(header + pixels.astype(">u2").tobytes()))
    assert (picture.mode, picture.format) == ("RGB;16", "ppm")
    expected = np.rint(pixels * (65535 / largest)).astype(np.uint16)
    np.testing.assert_array_equal(picture.pixels, expected)


@in_one_test(
    "options",
    [
        {},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": "lzw", "predictor": True},
        {"compression": "deflate", "predictor": True, "tile": (16, 16)},
        {"compression": "zstd", "rowsperstrip": 2},
        {"planarconfig": "separate"},
    ],
)
@in_one_test("dtype", ["uint16", "float32"])
@in_one_test("channels", [3, 4])
def test_a_deep_tiff_is_read_however_it_lies(
    channels: int, dtype: str, options: dict[str, Any]
) -> None:
    pixels = deep(channels, dtype)
    more = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    written = np.moveaxis(pixels, 2, 0) if "planarconfig" in options else pixels
    picture = read(tiff(written, **options, **more))
    assert (
        picture.mode == f"{'RGB' if channels == 3 else 'RGBA'};{'16' if dtype[0] == 'u' else 'F'}"
    )
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)


@in_one_test(
    ("compression", "number"),
    [
        (None, 1),
        ("deflate", 8),
        ("lzw", 5),
        ("lzma", 34925),
        ("packbits", 32773),
    ],
)
@in_one_test(
    ("dtype", "channels", "photometric", "mode"),
    [
        ("uint16", 1, "minisblack", "I;16"),
        ("uint16", 2, "minisblack", "LA;16"),
        ("uint16", 4, "separated", "CMYK;16"),
        ("uint32", 1, "minisblack", "I"),
        ("int32", 1, "minisblack", "I"),
        ("uint32", 3, "rgb", "RGB;32"),
        ("float16", 3, "rgb", "RGB;F"),
        ("float32", 1, "minisblack", "F"),
        ("float64", 1, "minisblack", "F"),
        ("float64", 3, "rgb", "RGB;F"),
    ],
)
def test_numbers_of_every_depth_come_and_go(
    tmp_path: Path,
    dtype: str,
    channels: int,
    photometric: str,
    mode: str,
    compression: str | None,
    number: int,
) -> None:
    pixels = deep(channels, dtype)
    pixels = pixels[..., 0] if channels == 1 else pixels
    more = {"extrasamples": ["unassalpha"]} if channels == 2 else {}
    picture = read(tiff(pixels, photometric=photometric, compression=compression, **more))
    assert picture.mode == mode
    np.testing.assert_array_equal(picture.pixels, pixels, strict=True)
    path = through(picture, "tiff", tmp_path)
    np.testing.assert_array_equal(tifffile.imread(path), pixels, strict=True)
    with tifffile.TiffFile(path) as made:
        page = made.pages[0].aspage()
        assert int(page.compression) == number
        assert tifffile.PHOTOMETRIC(page.photometric).name == photometric.upper()


def test_white_as_0_is_turned_around() -> None:
    # Pillow would leave the 16 bits of a grey one as they are.
    grey = deep(1)[..., 0]
    picture = read(tiff(grey, photometric="miniswhite"))
    np.testing.assert_array_equal(picture.pixels, 65535 - grey)
    assert picture.mode == "I;16"


def test_white_as_0_of_24_bits_has_no_more_of_them() -> None:
    data = tiff_of(page(3, 1, 24, 0), (2**24 - 1).to_bytes(3, "little") + bytes(3) + b"\5\5\5")
    expected = np.array([[0, 2**24 - 1, 0xFAFAFA]], np.uint32)
    if tifffile.imread(BytesIO(data.getvalue())).max() >> 24:  # as an older tifffile reads it
        with pytest.raises(FormatError, match="more than the 24 bits that it declares"):
            read(data)
        return
    np.testing.assert_array_equal(read(data).pixels, expected, strict=True)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_premultiplied_alpha_is_divided_out(dtype: str) -> None:
    full = 65535 if dtype == "uint16" else 1.0
    straight = np.array([[[1, 0.5, 0.25, 0.5], [0, 1, 0, 1], [1, 1, 1, 0]]]) * full
    alpha = straight[..., 3:] / full
    stored = np.concatenate([straight[..., :3] * alpha, straight[..., 3:]], axis=2).astype(dtype)
    picture = read(tiff(stored, extrasamples=["assocalpha"]))
    np.testing.assert_allclose(picture.pixels[:, :2], straight[:, :2], atol=2 if full > 1 else 1e-6)
    np.testing.assert_array_equal(picture.pixels[0, 2], 0)


def test_a_channel_that_means_nothing_stays_and_is_told_where_it_is_dropped(
    tmp_path: Path,
) -> None:
    picture = read(tiff(deep(4), extrasamples=["unspecified"]))
    np.testing.assert_array_equal(picture.pixels, deep(4))
    assert (picture.mode, picture.notes) == ("RGB+1;16", ())
    (loss,) = losses_of(picture, "png")
    assert loss.startswith("1 of 4 channels are neither colour nor alpha and are left out, as PNG")
    np.testing.assert_array_equal(read(through(picture, "png", tmp_path)).pixels, deep(4)[..., :3])


@in_one_test("source_format", ["png", "tiff"])
@in_one_test("target", ["png", "tiff"])
def test_deep_pictures_keep_what_they_say(tmp_path: Path, source_format: str, target: str) -> None:
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = 6, "described"
    picture = Picture(
        deep(3),
        "RGB;16",
        metadata={
            "exif": tags.tobytes().removeprefix(b"Exif\0\0"),
            "icc_profile": PROFILE,
            "dpi": (300, 200),
            "xmp": b"<x/>",
        },
    )
    source = BytesIO(through(picture, source_format, tmp_path).read_bytes())
    turned = read(source)
    np.testing.assert_array_equal(turned.pixels, np.rot90(deep(3), -1))
    np.testing.assert_array_equal(read(source, orient=False).pixels, deep(3))
    with Image.open(through(turned, target, tmp_path)) as image:
        image.load()
        assert image.getexif()[0x0112] == 1
        assert image.getexif()[0x010E] == "described"
        assert image.info["icc_profile"] == PROFILE
        np.testing.assert_allclose([*map(float, image.info["dpi"])], (300, 200), atol=0.5)
        assert b"<x/>" in Path(tmp_path / f"through.{target}").read_bytes()


# --- without the extra


@pytest.fixture
def no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no package be installed."""
    monkeypatch.setattr(extras, "find_spec", lambda _package: None)


@pytest.mark.usefixtures("no_extra")
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_without_the_extra_it_is_said_what_would_be_lost(kind: str) -> None:
    source = png(deep(3)) if kind == "png" else tiff(deep(3))
    message = (
        r"^it holds 16-bit colour, which Pillow would cut to 8 bits; to keep it needs "
        r"(imagecodecs|tifffile)\. .* pip install 'upsamp\[deep\]'\. Or use --depth 8 to accept"
    )
    with pytest.raises(MissingExtraError, match=message):
        read(source)


@pytest.mark.usefixtures("no_extra")
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_depth_8_accepts_the_loss_with_a_note(kind: str) -> None:
    source = png(deep(3)) if kind == "png" else tiff(deep(3))
    picture = read(source, depth=8)
    np.testing.assert_array_equal(picture.pixels, deep(3) >> 8)
    assert picture.notes == ("16-bit colour is read as 8-bit; its lower digits are lost",)


@pytest.mark.usefixtures("no_extra")
def test_a_tiff_that_pillow_cannot_read_names_the_extra() -> None:
    message = r"^it is damaged, or a TIFF of another depth .* pip install 'upsamp\[deep\]'\.$"
    with pytest.raises(MissingExtraError, match=message):
        read(tiff(deep(3, "float32")))


@pytest.mark.usefixtures("no_extra")
@pytest.mark.parametrize("target", ["png", "tiff"])
def test_writing_needs_no_extra(tmp_path: Path, target: str) -> None:
    assert through(Picture(deep(3), "RGB;16"), target, tmp_path).stat().st_size > deep(3).nbytes


# --- what no reader keeps, and what is hostile


def test_an_animation_of_16_bits_is_kept_whole_or_cut() -> None:
    pixels = deep(3)
    control = struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    second = struct.pack(">I", 1) + control[4:]
    data = png(pixels, (b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", control)).getvalue()
    more = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (
            (b"fcTL", second),
            (b"fdAT", struct.pack(">I", 2) + zlib.compress(rows)),
        )
    )
    source = BytesIO(data[:-12] + more + data[-12:])
    for frame in read(source, every_frame=True).frames:
        assert frame.pixels.dtype == np.uint16
        np.testing.assert_array_equal(frame.pixels[..., :3], pixels)
    assert read(source, depth=8, every_frame=True).frame_count == 2


@pytest.mark.parametrize("kind", ["jpeg2000", "avif"])
def test_jpeg_2000_and_avif_are_kept_whole_or_refused_or_cut(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = deep(3) >> 6
    encode: Any = {"jpeg2000": imagecodecs.jpeg2k_encode, "avif": imagecodecs.avif_encode}[kind]
    source = BytesIO(encode(pixels, level=0 if kind == "jpeg2000" else 100, bitspersample=10))
    if kind == "avif" and ".avif" not in Image.registered_extensions():
        with pytest.raises(FormatError, match=r"^it is no image that can be read"):
            read(source)
        return
    picture = read(source)
    np.testing.assert_array_equal(picture.pixels, np.rint(pixels * (65535 / 1023)))
    assert (picture.mode, picture.notes) == ("RGB;16", ())
    monkeypatch.setattr(extras, "find_spec", lambda _package: None)
    message = r"^it holds 10-bit colour, which Pillow would cut to 8 bits; to keep it needs image"
    with pytest.raises(MissingExtraError, match=message):
        read(source)
    cut = read(source, depth=8)
    np.testing.assert_allclose(cut.pixels, pixels >> 2, atol=1)
    assert cut.notes == ("10-bit colour is read as 8-bit; its lower digits are lost",)


@pytest.mark.parametrize("kind", ["png", "tiff", "float"])
def test_what_is_declared_is_bounded_before_anything_is_read(kind: str) -> None:
    source = {"png": png(deep(3)), "tiff": tiff(deep(3)), "float": tiff(deep(3, "float32"))}[kind]
    limit = HEIGHT * WIDTH
    assert read(source, max_pixels=limit).pixels.shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(FormatError, match=rf"^it declares more than {limit - 1} pixels"):
        read(source, max_pixels=limit - 1)


def test_tiles_that_are_larger_than_any_picture_are_refused() -> None:
    whole = tiff(deep(3, "float32"), tile=(16, 16)).getvalue()
    tag = struct.pack("<HHI", 322, 4, 1)
    place = whole.index(tag) if tag in whole else whole.index(struct.pack("<HHI", 322, 3, 1))
    kind = struct.unpack_from("<H", whole, place + 2)[0]
    assert kind in {3, 4}
    data = bytearray(whole)
    struct.pack_into("<HHII", data, place, 322, 4, 1, 2**31 - 16)
    with pytest.raises(FormatError, match=r"^it declares more than [\d,]+ pixels, 2,147,483,632 x"):
        read(BytesIO(bytes(data)))


@pytest.mark.parametrize("kind", ["png", "rgb", "float", "lzw", "tile"])
def test_a_damaged_deep_picture_is_a_picture_or_an_error_of_ours(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = {
        "png": png(deep(3)),
        "rgb": tiff(deep(3)),
        "float": tiff(deep(3, "float32"), compression="deflate", predictor=True),
        "lzw": tiff(deep(3), compression="lzw"),
        "tile": tiff(deep(4), tile=(16, 16), extrasamples=["assocalpha"]),
    }[kind].getvalue()
    generator = np.random.default_rng(4)
    errors = []
    for _ in range(150):
        data = bytearray(whole)
        for place in generator.integers(0, min(400, len(data)), generator.integers(1, 5)):
            data[place] = generator.integers(0, 256)
        try:
            assert read(BytesIO(bytes(data)), max_pixels=2**20).pixels.ndim in (2, 3)
        except FormatError as error:
            errors.append(str(error))
    assert errors
    assert not any("\n" in error for error in errors)
    assert "Traceback" not in capfd.readouterr().err


def test_what_no_format_but_tiff_holds_is_refused(tmp_path: Path) -> None:
    picture = read(tiff(deep(3, "float32")))
    with pytest.raises(FormatError, match=r"float32 pixels would lose .* Use one of tiff\."):
        through(picture, "png", tmp_path)
