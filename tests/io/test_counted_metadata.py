"""What a file counts in its pixels is true of the larger picture; what is left out is told."""

import re
import struct
import time
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from effort import choose, in_one_test
from image_files import encoded, image_of, read, through
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from upsamp.io.images.metadata import metadata_of
from upsamp.io.metadata import descriptions, exif, xmp
from upsamp.io.metadata.directory import Directory, Value, block_of, numbers_of, read_tags, value
from upsamp.io.metadata.kinds import COUNTED, FREE, GONE, KINDS
from upsamp.io.metadata.scale import Scale, Turn
from upsamp.io.metadata.tiff_tags import DESCRIBING, GEO, STRUCTURAL
from upsamp.io.pictures import Picture

PIXELS = np.arange(30, dtype=np.uint8).reshape(6, 5)
TWICE = Scale(rows=2, columns=2)  # type: ignore[arg-type] # whole numbers are fractions
# Keys: the raster is of areas, or of points.
AREA, POINT = ((1, 1, 0, 1, 1025, 0, 1, kind) for kind in (1, 2))
CAPTION = b"\x1c\x02i\x00\x05Title"


def larger(picture: Picture, rows: int, columns: int) -> Picture:
    return picture.with_pixels(picture.pixels.repeat(rows, axis=0).repeat(columns, axis=1))


def tiff(pixels: Any = PIXELS, **options: Any) -> BytesIO:
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return BytesIO(stream.getvalue())


def tags_of(path: Path) -> dict[int, Any]:
    with tifffile.TiffFile(path) as file:
        return {tag.code: tag.value for tag in file.pages[0].tags.values()}  # type: ignore[union-attr]


def geotiff(order: str, keys: tuple[int, ...], *, big: bool, **tags: Any) -> BytesIO:
    numbers = {name: (12, tuple(map(float, one))) for name, one in tags.items()}
    names = {"scale": 33550, "ties": 33922, "matrix": 34264, "rpc": 50844}
    extra: list[Any] = [
        (names[name], kind, len(one), one, True) for name, (kind, one) in numbers.items()
    ]
    extra += [(34735, 3, len(keys), keys, True), (34737, 2, 0, "somewhere|", True)]
    return tiff(byteorder=order, bigtiff=big, metadata=None, extratags=extra)


# Not every Pillow reads what is both.
@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_the_bounds_of_a_geotiff_stay(tmp_path: Path, order: str, big: bool) -> None:
    source = geotiff(order, AREA, big=big, scale=(10, 20, 0), ties=(1, 2, 0, 500010, 4599960, 0))
    tags = tags_of(through(larger(read(source), 2, 3), "tiff", tmp_path))
    assert tags[33550] == pytest.approx((10 / 3, 10, 0))
    assert tags[33922] == (3, 4, 0, 500010, 4599960, 0)
    assert tags[34735] == AREA
    assert tags[34737] == "somewhere|"


def test_the_middle_of_a_pixel_that_is_a_point_moves(tmp_path: Path) -> None:
    source = geotiff("<", POINT, big=False, scale=(10, 20, 0), ties=(0, 0, 0, 500000, 4600000, 0))
    tags = tags_of(through(larger(read(source), 2, 3), "tiff", tmp_path))
    assert tags[33922] == (1, 0.5, 0, 500000, 4600000, 0)


@pytest.mark.parametrize("keys", [AREA, POINT])
def test_a_matrix_leads_to_the_same_places(tmp_path: Path, keys: tuple[int, ...]) -> None:
    matrix = np.array([[7, 2, 0, 1000], [3, -9, 0, 5000], [0, 0, 0, 0], [0, 0, 0, 1.0]])
    source = geotiff("<", keys, big=False, matrix=matrix.ravel())
    tags = tags_of(through(larger(read(source), 2, 3), "tiff", tmp_path))
    half = 0.5 if keys == POINT else 0
    for column, row in ((0, 0), (5, 6), (2.5, 1)):
        before = matrix @ (column - half, row - half, 0, 1)
        after = np.reshape(tags[34264], (4, 4)) @ (3 * column - half, 2 * row - half, 0, 1)
        np.testing.assert_allclose(after, before)


def test_control_points_and_polynomials_are_moved(tmp_path: Path) -> None:
    polynomials = np.arange(92.0)
    ties = (0, 0, 0, 10, 20, 0, 5, 6, 0, 60, 80, 0)
    source = geotiff("<", AREA, big=False, ties=ties, rpc=polynomials)
    tags = tags_of(through(larger(read(source), 2, 3), "tiff", tmp_path))
    assert tags[33922] == (0, 0, 0, 10, 20, 0, 15, 12, 0, 60, 80, 0)
    # The middle row and column, and half the height and the width.
    expected = polynomials.copy()
    expected[[2, 3, 7, 8]] = (2.5 * 2 - 0.5, 3.5 * 3 - 0.5, 14, 24)
    np.testing.assert_array_equal(tags[50844], expected)


@in_one_test("scale", [(10, 20), (10, 20, 0, 10, 20, 0), (10, np.nan, 0), (10, 1.7e308, 0)])
def test_a_damaged_georeference_is_left_out_and_told(
    tmp_path: Path, scale: tuple[float, ...]
) -> None:
    picture = read(geotiff("<", AREA, big=False, scale=scale, ties=(0,) * 6))
    assert "a damaged georeference" in picture.notes[0]
    assert 33922 not in tags_of(through(picture, "tiff", tmp_path))


def test_a_georeference_of_a_turned_picture_is_told() -> None:
    extra = [(33550, 12, 3, (1.0, 1.0, 0.0), True), (274, 3, 1, 6, True)]
    picture = read(tiff(extratags=extra, metadata=None))
    assert picture.pixels.shape == (5, 6)
    assert "the georeference of a picture that is turned" in picture.notes[0]


def test_gdals_words_are_kept_without_statistics(tmp_path: Path) -> None:
    item = '<Item name="{}">{}</Item>\n'
    words = item.format("STATISTICS_MEAN", 3) + item.format("own", "ü")
    told = f"<GDALMetadata>\n{words}</GDALMetadata>".encode() + b"\0"
    extra = [(42112, 2, len(told), told, True), (42113, 2, 0, "-9999", True)]
    picture = read(tiff(extratags=extra, metadata=None))
    tags = tags_of(through(larger(picture, 2, 2), "tiff", tmp_path))
    assert tags[42112] == "<GDALMetadata>\n" + item.format("own", "ü") + "</GDALMetadata>"
    assert tags[42113] == "-9999"
    assert tags_of(through(picture, "tiff", tmp_path, strip=True))[42113] == "-9999"


@in_one_test("kind", [np.uint8, np.uint16, np.float32])
@in_one_test("axes", ["YX", "ZYX", "YXS"])
def test_ome_stays_readable(tmp_path: Path, kind: Any, axes: str) -> None:
    shape = {"YX": (6, 5), "ZYX": (3, 6, 5), "YXS": (6, 5, 3)}[axes]
    pixels = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    told = {"axes": axes, "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.75}
    options: dict[str, Any] = {"photometric": "rgb" if axes == "YXS" else "minisblack"}
    options |= {"resolution": (2, 4), "resolutionunit": 3}
    source = tiff(pixels, ome=True, metadata=told, **options)
    picture = read(source, every_frame=True)
    path = through(picture.map(lambda page: larger(page, 3, 2)), "tiff", tmp_path)
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        text = str(file.ome_metadata)
        assert 'SizeX="10" SizeY="18"' in text
        assert 'PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" PhysicalSizeY="0.25"' in text
        tags = file.pages[0].tags  # type: ignore[union-attr]
        assert (tags[282].value, tags[283].value, tags[296].value) == ((4, 1), (12, 1), 3)
        series = file.series[0].asarray()
    rows, columns = (axes.index(axis) for axis in "YX")
    np.testing.assert_array_equal(series, pixels.repeat(3, axis=rows).repeat(2, axis=columns))


def test_ome_of_pages_that_are_not_there_is_told(tmp_path: Path) -> None:
    source = tiff(np.zeros((3, 6, 5), np.uint8), ome=True, metadata={"axes": "ZYX"})
    picture = read(source, frame=0)
    assert any("OME-XML of 3 pages" in note for note in picture.notes)
    with tifffile.TiffFile(through(larger(picture, 2, 2), "tiff", tmp_path)) as file:
        assert not file.is_ome
        assert file.series[0].shape == (12, 10)


@pytest.mark.parametrize("kind", ["ome", "imagej"])
def test_a_page_is_as_large_as_the_first_says(tmp_path: Path, kind: str) -> None:
    options: dict[str, Any] = {kind: True, "metadata": {"axes": "ZYX", "unit": "um"}}
    stack = np.zeros((3, 6, 5), np.uint16)
    source = tiff(stack, resolution=(2e4, 4e4), resolutionunit=3, **options)
    for frame in (0, 1, None):
        picture = read(source, frame=frame, every_frame=True)
        large = picture.map(lambda page: larger(page, 2, 2))
        with tifffile.TiffFile(through(large, "tiff", tmp_path)) as file:
            found = [page.resolution for page in file.pages]
            told = (file.imagej_metadata or {}).get("unit")
        assert set(found) == {(4e4, 8e4)}
        assert (told == "um") == (kind == "imagej")
    if kind == "ome":
        notes = read(source, frame=1).notes
        assert "the OME-XML of 3 pages, of which 1 are read" in notes[0]


def test_regions_of_ome_are_left_out() -> None:
    ome = (
        b'<OME><Image><Pixels SizeX="5" SizeY="6"/><ROIRef ID="ROI:0"/></Image>'
        b'<ROI ID="ROI:0"><Union><Shape><Rectangle X="1" Y="1"/></Shape></Union></ROI></OME>\0'
    )
    expected = b'<OME><Image><Pixels SizeX="10" SizeY="12"/></Image></OME>\0'
    assert descriptions.resized(ome, TWICE, 1) == expected


def test_imagej_knows_how_large_things_are(tmp_path: Path) -> None:
    stack = np.arange(90, dtype=np.uint16).reshape(3, 6, 5)
    told = {"unit": "um", "spacing": 3.0, "axes": "ZYX", "xorigin": 4.0}
    source = tiff(stack, imagej=True, resolution=(2, 4), metadata=told)
    whole = read(source, every_frame=True).map(lambda page: larger(page, 3, 2))
    with tifffile.TiffFile(through(whole, "tiff", tmp_path)) as file:
        found = file.imagej_metadata or {}
        assert (found["unit"], found["spacing"], found["images"]) == ("um", 3.0, 3)
        assert (found["slices"], found["xorigin"]) == (3, 8)
        tags = file.pages[0].tags  # type: ignore[union-attr]
        assert (tags[282].value, tags[283].value) == ((4, 1), (12, 1))
        np.testing.assert_array_equal(
            file.series[0].asarray(), stack.repeat(3, axis=1).repeat(2, axis=2)
        )
    one = read(source, frame=0)
    with tifffile.TiffFile(through(larger(one, 1, 1), "tiff", tmp_path)) as file:
        assert (file.imagej_metadata or {})["images"] == 1
        np.testing.assert_array_equal(file.series[0].asarray(), stack[0])


def test_a_resolution_for_print_is_kept(tmp_path: Path) -> None:
    for unit, resolution in ((2, (300, 200)), (3, (118, 79))):
        source = tiff(resolution=resolution, resolutionunit=unit, metadata=None)
        tags = tags_of(through(larger(read(source), 2, 2), "tiff", tmp_path))
        inches = np.array(resolution) * (2.54 if unit == 3 else 1)
        np.testing.assert_allclose([a / b for a, b in (tags[282], tags[283])], inches)


def panorama(prefix: bytes, numbers: tuple[int, int]) -> bytes:
    space = b'xmlns:%s="http://ns.google.com/photos/1.0/panorama/"' % prefix
    told = b' %s:FullPanoWidthPixels="%d"><%s:CroppedAreaTopPixels>%d</%s:CroppedAreaTopPixels>'
    return (
        b"<rdf:D " + space + told % (prefix, numbers[0], prefix, numbers[1], prefix) + b"</rdf:D>"
    )


@in_one_test("prefix", [b"GPano", b"p", b"a.b-c"])
@in_one_test("target", ["jpeg", "png", "webp", "tiff"])
def test_a_panorama_is_as_large_as_its_picture(tmp_path: Path, prefix: bytes, target: str) -> None:
    picture = read(encoded(image_of("RGB"), "jpeg", xmp=panorama(prefix, (16, 1))))
    again = read(through(larger(picture, 3, 2), target, tmp_path))
    assert again.metadata["xmp"] == panorama(prefix, (32, 3))


@pytest.mark.parametrize(("unit", "after"), [("pixel", (4, 6, 10)), ("normalized", (2, 2, 5))])
def test_regions_are_scaled_where_their_unit_is_the_pixel(
    unit: str, after: tuple[int, int, int]
) -> None:
    def text(x: int, y: int, w: int) -> bytes:
        area = f'<mwg-rs:Area stArea:x="{x}" stArea:y="{y}" stArea:w="{w}" stArea:unit="{unit}"/>'
        page = '<a xmlns:d="http://ns.adobe.com/xap/1.0/sType/Dimensions#" d:w="7" d:unit="inch"/>'
        return (area + page).encode()

    assert xmp.with_size(text(2, 2, 5), 1, 1, Scale(3, 2)) == text(*after)  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", [b"hdrgm", b"g"])
def test_a_gain_map_that_is_not_there_is_announced_no_more(tmp_path: Path, prefix: bytes) -> None:
    text = (
        b'<rdf:Description xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:GP='
        b'"http://ns.google.com/photos/1.0/camera/" xmlns:%s="http://ns.adobe.com/hdr-gain-map/1.0/"'
        b'\n %s:Version="1.0" GP:MotionPhoto="1" GP:BurstID="7" dc:format="x"><C:Directory>'
        b"<rdf:Seq><rdf:li><C:Item C:Semantic='GainMap'/></rdf:li></rdf:Seq></C:Directory>"
        b"</rdf:Description>" % (prefix, prefix)
    )
    picture = read(encoded(image_of("RGB"), "jpeg", xmp=text))
    assert "as a gain map" in picture.notes[0]
    kept = read(through(picture, "jpeg", tmp_path)).metadata["xmp"]
    assert kept == (
        b'<rdf:Description xmlns:GP="http://ns.google.com/photos/1.0/camera/" GP:BurstID="7" '
        b'dc:format="x"></rdf:Description>'
    )


@in_one_test("quote", ['"', "'"])
@in_one_test("prefix", ["tiff", "t"])
@in_one_test("where", ["jpeg", "png", "raw profile", "tiff", "webp"])
def test_an_orientation_in_xmp_turns_pixels_and_words(
    tmp_path: Path, quote: str, prefix: str, where: str
) -> None:
    space = f"xmlns:{prefix}={quote}http://ns.adobe.com/tiff/1.0/{quote}"
    text = f"<x {space} {prefix}:Orientation = {quote}{{}}{quote}/>"
    told = text.format(6).encode()
    texts = PngInfo()
    if where == "raw profile":
        texts.add_text("Raw profile type xmp", f"\nxmp\n{len(told):8}\n{told.hex()}\n", zip=True)
    else:
        texts.add_itxt("XML:com.adobe.xmp", told.decode())
    options: dict[str, Any] = {
        "png": {"pnginfo": texts},
        "raw profile": {"pnginfo": texts},
        "tiff": {"tiffinfo": {700: told}},
        "webp": {"xmp": told, "lossless": True},
        "jpeg": {"xmp": told, "quality": 100, "subsampling": 0},
    }
    format_name = "png" if where == "raw profile" else where
    source = encoded(image_of("RGB"), format_name, **options[where])
    lying = np.asarray(Image.open(source))
    picture = read(source)
    np.testing.assert_array_equal(picture.pixels, np.rot90(lying, -1))
    assert read(through(picture, "png", tmp_path)).metadata["xmp"] == text.format(1).encode()
    untouched = read(source, orient=False)
    np.testing.assert_array_equal(untouched.pixels, lying)
    assert untouched.metadata["xmp"] == told


def test_an_orientation_that_there_is_not_is_left_alone() -> None:
    text = b'<x tiff:Orientation="9"/>'
    picture = read(encoded(image_of("RGB"), "jpeg", xmp=text))
    assert picture.pixels.shape[:2] == (5, 7)
    assert picture.metadata["xmp"] == text


# Whoever reads it more than once for each byte takes minutes.
LONG = choose(50_000, 100_000)


@pytest.mark.parametrize(
    "text",
    [
        b"a:" * LONG,
        b"xmlns:" * LONG,
        b'a:b="' * LONG,
        b"a:b = '" * LONG,
        b"<a:b " * LONG,
        b"<exif:SubjectArea>" * LONG,
        b"<" + b"a" * 2 * LONG,
        b"a:b" + b" " * 2 * LONG,
        b'xmlns:C="http://ns.google.com/photos/1.0/container/"' + b"<C:a>" * LONG,
        b'xmlns:C="http://ns.google.com/photos/1.0/container/"' + b"<C:a '" * LONG,
        b"<stArea:w>1</stArea:w><stArea:unit>pixel</stArea:unit>" * (LONG // 20),
    ],
)
def test_hostile_xmp_takes_no_longer_than_other(text: bytes) -> None:
    start = time.process_time()
    xmp.orientation_of(text)
    xmp.without_gone(text)
    xmp.with_size(text, 1, 1, TWICE)
    assert time.process_time() - start < 10


@in_one_test(
    "text", [b"<ROI " * 50_000, b"<ROI>" * 50_000, b"<Pixels SizeX=" * 50_000, b'SizeX="' * 50_000]
)
def test_a_hostile_description_takes_no_longer_than_other(text: bytes) -> None:
    start = time.process_time()
    descriptions.resized(text + b"</OME>", TWICE, descriptions.pages_told(text + b"</OME>") or 0)
    assert time.process_time() - start < 10


def photograph() -> bytes:
    camera: Directory = {
        0x9214: value((100, 70_000, 30, 40)),
        0xA214: value((60_000, 5)),
        0xA20E: Value(5, struct.pack("<2I", 1000, 3)),
        0x927C: Value(7, b"Maker\0\1\2\3 notes II*\0"),
        0xA005: value(1),
    }
    return block_of({0x010F: value("Maker"), 0x8769: camera})


@in_one_test("target", ["jpeg", "png", "webp", "tiff"])
def test_what_a_camera_counts_in_pixels_is_scaled(tmp_path: Path, target: str) -> None:
    picture = read(encoded(image_of("RGB"), "jpeg", exif=b"Exif\0\0" + photograph()))
    with Image.open(through(larger(picture, 3, 2), target, tmp_path)) as image:
        camera = image.getexif().get_ifd(0x8769)
    assert camera[0x9214] == (200, 210_000, 60, 120)
    assert camera[0xA214] == (120_000, 15)
    assert float(camera[0xA20E]) == pytest.approx(2000 / 3)
    assert camera[0x927C] == b"Maker\0\1\2\3 notes II*\0"
    # It points into the old file, and a TIFF is written anew.
    assert (0xA005 in camera) == (target != "tiff")


def test_numbers_grow_at_the_end_of_a_block_alone() -> None:
    block = photograph()
    changed = exif.with_size(block, 1, 1, Scale(3, 2))  # type: ignore[arg-type]
    assert len(changed) > len(block)
    differ = [place for place, (a, b) in enumerate(zip(block, changed, strict=False)) if a != b]
    assert len(differ) <= 40
    notes = block.index(b"Maker\0\1")
    assert changed[notes : notes + 20] == block[notes : notes + 20]


@pytest.mark.parametrize("source", ["jpeg", "tiff", "png"])
def test_iptc_goes_along(tmp_path: Path, source: str) -> None:
    head = b"8BIM\4\4\0\0" + struct.pack(">I", len(CAPTION)) + CAPTION
    texts = PngInfo()
    texts.add_text("Raw profile type iptc", f"\niptc\n{len(head):8}\n{head.hex()}\n")
    body = b"Photoshop 3.0\0" + head
    options: dict[str, Any] = {
        "jpeg": {"extra": b"\xff\xed" + struct.pack(">H", 2 + len(body)) + body},
        "tiff": {"tiffinfo": {34377: head}},
        "png": {"pnginfo": texts},
    }
    picture = read(encoded(image_of("RGB"), source, **options[source]))
    assert picture.metadata["iptc"] == CAPTION
    for target in ("jpeg", "tiff", "png"):
        path = through(picture, target, tmp_path)
        assert read(path).metadata["iptc"] == CAPTION
        assert "iptc" not in read(through(picture, target, tmp_path, strip=True)).metadata
    with Image.open(through(picture, "jpeg", tmp_path)) as image:
        assert image.info["photoshop"] == {0x0404: CAPTION}


@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_as_long_numbers_is_read(order: str) -> None:
    numbers = struct.unpack(f"{order}3I", CAPTION + b"\0\0")
    source = tiff(byteorder=order, metadata=None, extratags=[(33723, 4, 3, numbers, True)])
    assert read(source).metadata["iptc"].rstrip(b"\0") == CAPTION


@in_one_test("target", ["png", "jpeg", "tiff"])
@in_one_test("source", ["png", "jpeg", "tiff"])
def test_the_aspect_of_pixels_without_a_unit_is_kept(
    tmp_path: Path, source: str, target: str
) -> None:
    plain = Picture(np.zeros((4, 4), np.uint8), "L", metadata={"aspect": (2, 1)})
    picture = read(through(plain, source, tmp_path))
    path = through(larger(picture, 2, 3), target, tmp_path, strip=True)
    across, down = read(path).metadata["aspect"]
    assert across == 2 * down
    if target == "png":
        data = path.read_bytes()
        assert data[data.index(b"pHYs") + 4 :][:9] == struct.pack(">IIB", 2, 1, 0)
    if target == "jpeg":
        assert path.read_bytes()[13:18] == struct.pack(">BHH", 0, 2, 1)
    if target == "tiff":
        assert tags_of(path)[296] == 1


def test_turned_pixels_are_as_high_as_they_were_wide() -> None:
    tags = [(274, 3, 1, 6, True)]
    source = tiff(resolution=(2, 1), resolutionunit=1, metadata=None, extratags=tags)
    assert read(source).metadata["aspect"] == (1, 2)


def test_text_of_a_tiff_keeps_its_bytes(tmp_path: Path) -> None:
    for name in ("José Müller".encode(), "José".encode("latin-1"), "写真".encode()):
        tag = [(315, 2, len(name) + 1, name + b"\0", True)]
        picture = read(tiff(metadata=None, extratags=tag))
        data = through(picture, "tiff", tmp_path).read_bytes()
        assert name + b"\0" in data
        assert read(BytesIO(data)).metadata["exif"] == picture.metadata["exif"]


def test_tags_that_are_not_known_are_left_out_and_told(tmp_path: Path) -> None:
    extra = [(32997, 4, 1, 4, True), (65000, 2, 2, "a", True), (37724, 7, 2, b"ab", True)]
    picture = read(tiff(metadata=None, extratags=extra))
    (note,) = picture.notes
    assert note == (
        "left out, as it belongs to the old file alone: an editor's layers, TIFF tag 65000"
    )
    path = through(larger(picture, 2, 2), "tiff", tmp_path)
    assert not {32997, 65000, 37724} & tags_of(path).keys()
    assert tifffile.imread(path).shape == (12, 10)


def test_images_below_a_page_are_told() -> None:
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as file:
        file.write(np.zeros((32, 32), np.uint8), subifds=1, metadata=None)
        file.write(np.zeros((16, 16), np.uint8), subfiletype=1, metadata=None)
    (note,) = read(BytesIO(stream.getvalue())).notes
    assert note == "left out, as it belongs to the old file alone: other images in the file"


def test_every_tag_is_of_one_list() -> None:
    assert not STRUCTURAL & (DESCRIBING.keys() | GEO.keys())


@in_one_test("name", sorted(KINDS))
def test_every_kind_has_words_and_a_class(name: str) -> None:
    assert KINDS[name].words
    assert KINDS[name].fate in {FREE, COUNTED, GONE}


def test_what_is_of_no_kind_is_not_kept(tmp_path: Path) -> None:
    picture = Picture(np.zeros((2, 2), np.uint8), "L", metadata={"unheard of": 1})
    assert set(read(through(picture, "png", tmp_path)).metadata) == set()


@in_one_test("format_name", ["png", "jpeg", "tiff", "webp", "gif", "bmp", "ppm"])
def test_all_that_is_read_is_of_a_known_kind(format_name: str) -> None:
    stream = encoded(image_of("L"), format_name)
    with Image.open(stream) as image:
        image.load()
        assert metadata_of(image, stream).keys() <= KINDS.keys()


@in_one_test("cut", range(0, 200, 7))
def test_damaged_tags_are_passed_over(cut: int) -> None:
    block = bytearray(photograph())
    for place in range(8, min(cut, len(block))):
        block[place] = zlib.crc32(bytes([place, cut])) & 255
    tags, _ = read_tags(BytesIO(block[: 300 - cut]), DESCRIBING)
    for one in tags.values():
        assert isinstance(one, dict) or numbers_of(one) is not None


def test_many_tags_of_the_same_bytes_take_no_more_memory_than_one() -> None:
    body = b"".join(struct.pack("<HHII", tag, 7, 2**25, 8) for tag in range(9))
    block = b"II*\0" + struct.pack("<IH", 2**25, 9) + body
    stream = BytesIO(block[:8].ljust(2**25, b"\0") + block[8:])
    tags, numbers = read_tags(stream, dict.fromkeys(range(9)))
    assert (len(tags), len(numbers)) == (2, 9)


@pytest.mark.parametrize(("count", "place"), [(0, 0), (1, 8), (2, 9999)])
def test_a_damaged_subject_of_a_turned_picture_is_left_as_it_is(count: int, place: int) -> None:
    camera: Directory = {0x9214: value((1.5, 2.5))}
    block = bytearray(block_of({0x0112: value(6), 0x8769: camera}))
    entry = block.index(b"\x14\x92")
    struct.pack_into("<II", block, entry + 4, count, place)
    stream = encoded(image_of("L"), "jpeg", exif=b"Exif\0\0" + bytes(block))
    assert read(stream).metadata["exif"][entry : entry + 12] == block[entry : entry + 12]


@in_one_test("orientation", range(1, 9))
def test_where_the_subject_is_turns_with_its_picture(orientation: int) -> None:
    # The subject is the one white pixel.
    pixels = np.zeros((8, 16), np.uint8)
    pixels[1, 5] = 255
    camera: Directory = {0x9214: value((5, 1, 4, 2)), 0xA20E: value((1.5,)), 0xA20F: value((2.5,))}
    block = block_of({0x0112: value(orientation), 0x8769: camera})
    text = (
        '<a d:w="16" xmlns:d="http://ns.adobe.com/xap/1.0/sType/Dimensions#" d:h="8"/>'
        '<b stArea:x="0.25" stArea:y=\'0.125\' stArea:w="0.5" stArea:h="0.1"/>'
    )
    options = {"exif": b"Exif\0\0" + block, "xmp": text.encode(), "lossless": True}
    picture = read(encoded(Image.fromarray(pixels), "webp", **options))
    turned = BytesIO(picture.metadata["exif"])
    tags, _ = read_tags(turned, {0x8769: dict.fromkeys((0x9214, 0xA20E, 0xA20F))})
    camera = tags[0x8769]  # type: ignore[assignment] # a directory
    x, y, width, height = numbers_of(camera[0x9214])
    assert np.argwhere(picture.pixels.max(axis=2)).tolist() == [[y, x]]
    sideways = orientation > 4
    assert (width, height) == ((2, 4) if sideways else (4, 2))
    sensor = [float(numbers_of(camera[tag])[0]) for tag in (0xA20E, 0xA20F)]
    assert sensor == ([2.5, 1.5] if sideways else [1.5, 2.5])
    told = dict(re.findall(r"(\w+:\w)=[\"']([\d.]+)", picture.metadata["xmp"].decode()))
    rows, columns = picture.pixels.shape[:2]
    assert (told["d:w"], told["d:h"]) == (str(columns), str(rows))
    assert (told["stArea:w"], told["stArea:h"]) == (("0.1", "0.5") if sideways else ("0.5", "0.1"))
    share = Turn(orientation, 1, 1).place(0.25, 0.125)
    assert (float(told["stArea:x"]), float(told["stArea:y"])) == share


def test_segments_of_a_jpeg_that_are_not_kept_are_told() -> None:
    def segment(number: int, data: bytes) -> bytes:
        return bytes([255, 0xE0 + number]) + struct.pack(">H", 2 + len(data)) + data

    rest = segment(1, b"http://ns.adobe.com/xmp/extension/\0") + segment(5, b"own")
    extra = segment(11, b"JP\0\1") + segment(11, b"JP\0\1") + rest + segment(12, b"Ducky")
    picture = read(encoded(image_of("RGB"), "jpeg", extra=extra, comment=b"no segment of these"))
    (note,) = picture.notes
    assert note.partition(": ")[2] == (
        "content credentials, the rest of a long XMP, the JPEG's segments APP5"
    )


def test_chunks_of_a_png_that_are_not_kept_are_told() -> None:
    data = encoded(image_of("RGB"), "png").getvalue()
    chunks = b""
    for name in (b"caBX", b"sCAL", b"oFFs", b"oFFs"):
        chunks += struct.pack(">I", 2) + name + b"11" + struct.pack(">I", zlib.crc32(name + b"11"))
    (note,) = read(BytesIO(data[:33] + chunks + data[33:])).notes
    assert note.partition(": ")[2] == (
        "content credentials, the PNG's chunk sCAL, the PNG's chunk oFFs"
    )


def test_exif_in_a_text_of_a_png_is_kept_byte_for_byte() -> None:
    block = photograph()
    told = b"Exif\0\0" + block
    texts = PngInfo()
    texts.add_text("Raw profile type exif", f"\nexif\n{len(told):8}\n{told.hex()}\n", zip=True)
    assert read(encoded(image_of("RGB"), "png", pnginfo=texts)).metadata["exif"][14:] == block[14:]
