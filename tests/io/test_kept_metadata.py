"""Image files: EXIF, XMP, profile, resolution and comments go into every format that has them."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import encoded, image_of, read, through
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from upsamp.errors import FormatError
from upsamp.io.images import tiff
from upsamp.io.metadata import exif as exif_module
from upsamp.io.metadata import xmp as xmp_module
from upsamp.io.pictures import Picture

FORMATS = ("png", "jpeg", "tiff", "webp")
ORIENTATION, DESCRIPTION, MAKER, KEYWORDS = 0x0112, 0x010E, 0x010F, 0x9C9E
DIRECTORY, PLACE, WIDTH, HEIGHT, NOTES = 0x8769, 0x8825, 0xA002, 0xA003, 0x927C
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:format="x"/>'
    b"<exif:PixelXDimension>7</exif:PixelXDimension></x:xmpmeta>"
)


def described(orientation: int = 6) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION], tags[DESCRIPTION], tags[MAKER] = orientation, "described", "Maker"
    tags[KEYWORDS] = b"a\0b\0\0\0"
    inner = tags.get_ifd(DIRECTORY)
    inner |= {0x9003: "2020:01:02 03:04:05", WIDTH: 7, HEIGHT: 5, NOTES: b"own\0\1\2\3notes"}
    where = tags.get_ifd(PLACE)
    where |= {1: "N", 2: (1.0, 2.0, 3.5)}
    # Not every version of Pillow, and not for every format, asks for directories by themselves.
    tags[DIRECTORY], tags[PLACE] = dict(inner), dict(where)
    return tags


def source(format_name: str) -> BytesIO:
    options: dict[str, Any] = {"xmp": XMP}
    tags = described()
    if format_name == "png":
        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options = {"pnginfo": texts}
    elif format_name == "tiff":
        tags[700] = XMP
        options = {}
    if format_name == "webp":
        options["lossless"] = True
    return encoded(
        image_of("RGB"), format_name, exif=tags, icc_profile=PROFILE, dpi=(300, 200), **options
    )


def xmp_of(image: Image.Image) -> bytes:
    tagged = getattr(image, "tag_v2", {}).get(700)
    if tagged:  # what Pillow has not changed
        return bytes(tagged[0] if isinstance(tagged, tuple) else tagged)
    value = image.info.get("xmp") or image.info["XML:com.adobe.xmp"]
    return value.encode() if isinstance(value, str) else bytes(value)


@in_one_test("target", FORMATS)
@in_one_test("source_format", FORMATS)
@in_one_test("orient", [True, False])
def test_all_that_a_file_says_comes_through(
    tmp_path: Path, source_format: str, target: str, orient: bool
) -> None:
    picture = read(source(source_format), orient=orient)
    wider = picture.with_pixels(picture.pixels.repeat(3, axis=0).repeat(2, axis=1))
    height, width = wider.pixels.shape[:2]
    assert (width, height) == ((10, 21) if orient else (14, 15))
    with Image.open(through(wider, target, tmp_path)) as image:
        tags = image.getexif()
        assert tags[DESCRIPTION] == "described"
        assert tags[MAKER] == "Maker"
        assert tags[KEYWORDS] == b"a\0b\0\0\0"
        assert tags[ORIENTATION] == (1 if orient else 6)
        inner = tags.get_ifd(DIRECTORY)
        assert inner[0x9003] == "2020:01:02 03:04:05"
        assert (inner[WIDTH], inner[HEIGHT]) == (width, height)
        assert inner[NOTES] == b"own\0\1\2\3notes"
        assert tags.get_ifd(PLACE)[2] == (1.0, 2.0, 3.5)
        assert image.info["icc_profile"] == PROFILE
        xmp = xmp_of(image)
        assert f'tiff:Orientation="{1 if orient else 6}"'.encode() in xmp
        assert b"<exif:PixelXDimension>%d<" % width in xmp
        assert b'dc:format="x"' in xmp
        if "webp" not in (source_format, target):  # it knows no resolution but that of EXIF
            np.testing.assert_allclose([*map(float, image.info["dpi"])], (300, 200), atol=0.5)


@in_one_test("target", FORMATS)
def test_strip_leaves_the_colours_alone(tmp_path: Path, target: str) -> None:
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add_text("Author", "somebody")
    options = {"exif": described(1), "dpi": (300, 200), "icc_profile": PROFILE, "pnginfo": texts}
    picture = read(encoded(image_of("RGB"), "png", **options))
    path = through(picture, target, tmp_path, strip=True)
    data = path.read_bytes()
    for hidden in (b"described", b"xmpmeta", b"somebody"):
        assert hidden not in data
    with Image.open(path) as image:
        assert image.info["icc_profile"] == PROFILE
        assert not image.getexif().get_ifd(DIRECTORY)
        assert image.info.get("dpi", (1, 1)) in {(1, 1), (72, 72)}  # nothing, or what JFIF demands


def test_a_png_keeps_its_texts_and_what_it_says_of_its_colours(tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("Author", "somebody")
    texts.add_itxt("Titel", "für 2 €", "de")
    texts.add_text("Comment", "small", zip=True)
    texts.add(b"gAMA", struct.pack(">I", 45455))
    texts.add(b"cHRM", struct.pack(">8I", *range(30000, 38000, 1000)))
    texts.add(b"sRGB", b"\1")
    with Image.open(
        through(read(encoded(image_of("L"), "png", pnginfo=texts)), "png", tmp_path)
    ) as image:
        image.load()
        assert image.text == {"Author": "somebody", "Titel": "für 2 €", "Comment": "small"}  # type: ignore[attr-defined] # a PNG has it
        assert image.info["gamma"] == 0.45455
        assert image.info["srgb"] == 1
        assert image.info["chromaticity"] == tuple(np.arange(30000, 38000, 1000) / 100_000)


@pytest.mark.parametrize("source_format", ["jpeg", "gif"])
def test_a_comment_is_kept(tmp_path: Path, source_format: str) -> None:
    picture = read(encoded(image_of("L"), source_format, comment=b"a remark"))
    for target, name in (("jpeg", "comment"), ("gif", "comment"), ("png", "Comment")):
        with Image.open(through(picture, target, tmp_path)) as image:
            assert image.info[name] in {b"a remark", "a remark"}


@in_one_test("target", FORMATS)
def test_tags_of_a_tiff_that_say_how_its_pixels_lie_stay_behind(
    tmp_path: Path, target: str
) -> None:
    source = encoded(image_of("RGB"), "tiff", exif=described(1))
    picture = read(source)
    with Image.open(through(picture, target, tmp_path)) as image:
        np.testing.assert_allclose(np.asarray(image), picture.pixels, atol=60)
        if target != "tiff":
            assert not {*image.getexif()} & {256, 258, 259, 262, 273, 277, 278, 279}


def test_exif_that_claims_another_kind_of_pixels_makes_no_false_tiff(tmp_path: Path) -> None:
    tags = described(1)
    tags[258], tags[259], tags[277], tags[262], tags[273] = 1, 5, 7, 3, 12345
    picture = read(encoded(image_of("RGB"), "png", exif=tags))
    again = read(through(picture, "tiff", tmp_path))
    np.testing.assert_array_equal(again.pixels, picture.pixels)
    assert again.mode == "RGB"


@in_one_test("order", ["<", ">"])
@in_one_test("kind", [3, 4])
def test_exif_is_changed_in_place(order: str, kind: int) -> None:
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    number = {3: "HH", 4: "I"}[kind]

    def block(orientation: int, width: int, sized: int, link: int) -> bytes:
        values = (width, 0) if sized == 3 else (width,)
        size = struct.pack(
            f"{order}HHI{number if sized == kind else 'I'}", WIDTH, sized, 1, *values
        )
        return b"".join(
            (
                mark + struct.pack(f"{order}I", 8),
                struct.pack(f"{order}H", 2),
                struct.pack(f"{order}HHIHH", ORIENTATION, 3, 1, orientation, 0),
                struct.pack(f"{order}HHII", DIRECTORY, 4, 1, 38),
                struct.pack(f"{order}I", link),
                struct.pack(f"{order}H", 1) + size + b"\0\0\0\0notes at their place",
            )
        )

    assert exif_module.without_orientation(block(6, 9, kind, 90)) == block(1, 9, kind, 0)
    # The small picture of one that stood upright is as right as before.
    assert exif_module.without_orientation(block(1, 9, kind, 90)) == block(1, 9, kind, 90)
    assert exif_module.with_size(block(6, 9, kind, 90), 70_000, 5) == block(6, 70_000, 4, 90)


@in_one_test(
    ("told", "kept"),
    [
        ('{"shape": [20, 30, 3]}', None),
        ('{"shape": [20, 30, 3], "microscope": "one"}', '{"microscope": "one"}'),
        # Written with blanks, what is left is just as long as all was without any.
        (
            '{"shape": [1],"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}',
            '{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}',
        ),
        ('{"shape": [20, 30, 3], damaged', '{"shape": [20, 30, 3], damaged'),
        ("a shape", "a shape"),
    ],
)
@in_one_test("target", ["tiff", "jpeg"])
def test_a_shape_that_a_description_tells_is_told_no_more(
    tmp_path: Path, told: str, kept: str | None, target: str
) -> None:
    picture = read(encoded(image_of("RGB"), "tiff", tiffinfo={DESCRIPTION: told}))
    with Image.open(through(picture, target, tmp_path)) as image:
        assert (image.getexif().get(DESCRIPTION) or None) == kept


@settings(max_examples=choose(40, 800), deadline=None)
@given(st.data())
def test_damaged_exif_and_xmp_are_left_as_long_as_they_were(data: st.DataObject) -> None:
    whole = bytearray(described().tobytes())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    block = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert len(exif_module.without_orientation(block)) == len(block)
    assert len(exif_module.with_size(block, 70_000, 3)) == len(block)
    text = data.draw(st.binary(max_size=60)) + b'<x tiff:Orientation = "8"'
    assert xmp_module.without_orientation(text).endswith(b'tiff:Orientation = "1"')


@pytest.mark.parametrize("what", ["exif", "xmp", "comment"])
def test_what_is_too_long_for_a_jpeg_is_refused_or_stripped(tmp_path: Path, what: str) -> None:
    picture = Picture(np.zeros((2, 2), np.uint8), "L", metadata={what: b"II*\0" + bytes(70_000)})
    with pytest.raises(FormatError, match=rf"^JPEG holds 64 KB of {what}.* Use --strip, or png"):
        through(picture, "jpeg", tmp_path)
    assert through(picture, "jpeg", tmp_path, strip=True).stat().st_size < 2000


def test_a_tiff_of_more_than_4_gigabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff, "LARGEST", tiff.ROOM + 40)
    assert through(Picture(np.zeros((4, 8), np.uint8), "L"), "tiff", tmp_path).exists()
    with pytest.raises(FormatError, match=r"^A TIFF holds 4 GB, which '.*' would exceed\. Use png"):
        through(Picture(np.zeros((5, 8), np.uint8), "L"), "tiff", tmp_path)


@pytest.mark.parametrize("target", ["png", "webp", "tiff"])
def test_an_animation_keeps_what_its_file_says(tmp_path: Path, target: str) -> None:
    tags = described(1)
    frames = [image_of("RGB"), image_of("RGB").rotate(180)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 50, "lossless": True}
    source = encoded(frames[0], "webp", exif=tags, icc_profile=PROFILE, xmp=XMP, **options)
    with Image.open(through(read(source, every_frame=True), target, tmp_path)) as image:
        assert image.n_frames == 2  # type: ignore[attr-defined] # these formats have it
        assert image.getexif()[DESCRIPTION] == "described"
        assert image.info["icc_profile"] == PROFILE
        assert b'dc:format="x"' in xmp_of(image)


@in_one_test("text", ["", "0", "23", "a long text, which is no number"])
def test_texts_of_a_png_are_taken_for_nothing_else(tmp_path: Path, text: str) -> None:
    names = ["icc_profile", "transparency", "gamma", "chromaticity", "srgb", "dpi", "exif", "xmp"]
    names += ["comment", "duration", "loop", "default_image", "text", "compression", "Orientation"]
    texts = PngInfo()
    for name in names:
        texts.add_text(name, text)
    picture = read(encoded(image_of("L"), "png", pnginfo=texts), every_frame=True)
    assert set(picture.metadata) == {"text"}
    for target in (*FORMATS, "gif"):
        path = through(picture, target, tmp_path)
        if target in ("png", "tiff"):
            np.testing.assert_array_equal(read(path).pixels, picture.pixels)


def test_layers_are_no_frames() -> None:
    # A PSD of one grey pixel and of two layers, of which Pillow makes frames.
    layer = struct.pack(">4i", 0, 0, 1, 1) + struct.pack(">HhI", 1, 0, 3) + b"8BIMnorm"
    layer += struct.pack(">BBBBI", 255, 0, 0, 0, 0)
    body = struct.pack(">h", 2) + 2 * layer + 2 * (b"\0\0" + b"\7")
    layers = struct.pack(">I", len(body)) + body
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 1, 1, 8, 1)
    whole = header + bytes(4) + bytes(4) + struct.pack(">I", len(layers)) + layers
    source = BytesIO(whole + b"\0\0" + b"\x2a")
    with Image.open(source) as image:
        assert image.n_frames == 2  # type: ignore[attr-defined] # a PSD has it
    picture = read(source, every_frame=True)
    assert (picture.rest, picture.pixels.tolist()) == (None, [[42]])
    assert picture.notes == ("left out, as it belongs to the old file alone: an editor's layers",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_stands_behind_the_entries_of_a_directory_is_no_entry(order: str) -> None:
    def entry(tag: int, value: int) -> bytes:
        return struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)

    width, orientation = 0x0100, 0x0112
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    behind = bytes(4) + entry(width, 7)[4:] + entry(width, 7) + entry(orientation, 6)
    block = head + struct.pack(f"{order}H", 1) + entry(width, 5) + behind
    assert exif_module.without_orientation(block) == block
    changed = exif_module.with_size(block, 50, 60)
    assert changed[-len(behind) :] == behind
    assert struct.unpack_from(f"{order}HHII", changed, 10) == (width, 4, 1, 50)
