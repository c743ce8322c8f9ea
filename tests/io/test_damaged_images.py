"""No image brings the reader down: one too large, cut off, damaged or none at all is refused."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import tifffile
from corpus.fuzz_images import with_right_checksums
from corpus.pixel_damage import damaged_pixels, pixel_places
from effort import choose, in_one_test
from image_files import HEIGHT, NAMES, SAMPLES, WIDTH, encoded, read
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo
from png_encoding import chunk, encode_png

from upsamp.core.memory import limit_memory
from upsamp.errors import FormatError, MemoryLimitError
from upsamp.io.images.damage import check_packbits
from upsamp.io.images.pillow import LIBRARY_ERRORS


@in_one_test("limit", [1, 2, 3, HEIGHT * WIDTH - 1, HEIGHT * WIDTH])
def test_the_limit_on_pixels_is_exact_and_names_its_option(limit: int) -> None:
    before = Image.MAX_IMAGE_PIXELS
    for height, width in ((1, limit), (1, limit + 1)):
        source = encoded(Image.new("L", (width, height)), "png")
        if width <= limit:
            assert read(source, max_pixels=limit).pixels.shape == (height, width)
        else:
            with pytest.raises(
                FormatError, match=rf"declares more than {limit:,} pixels.*--max-pixels"
            ):
                read(source, max_pixels=limit)
        assert before == Image.MAX_IMAGE_PIXELS


@in_one_test(
    ("data", "message"),
    [
        (b"", r"^it is no image that can be read: it is empty\."),
        (b"1 2; 3 4", r"^it is no image .*: it holds text; a matrix in a file ends in \.txt"),
        (b"\x89PNG\r\n\x1a\n", r"^it "),
        (b"\xff\xd8\xff\xe0 nothing", r"^it cannot be decoded: "),
        (b"\xffrandom" * 50, r"^it is no image .*: its content is of no known image format"),
    ],
)
def test_what_is_no_image_is_told_apart(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(BytesIO(data))


@in_one_test("name", NAMES)
def test_a_truncated_image_is_refused_wherever_it_is_cut(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    for share in (0.0, 0.05, 0.2, 0.5, 0.8, 0.95):
        with pytest.raises(FormatError, match=r"^it .*\.$"):
            read(BytesIO(data[: int(len(data) * share)]))


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_after_any_signature_are_an_error_of_ours(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for signature in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"RIFF\0\0\0\0WEBP"):
        for length in (0, 1, 20, 500):
            with pytest.raises(FormatError, match=r"^it "):
                read(BytesIO(signature + generator.bytes(length)))


def animation_of(pictures: list[Image.Image], format_name: str) -> bytes:
    return encoded(
        pictures[0], format_name, save_all=True, append_images=pictures[1:], duration=50
    ).getvalue()


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 24, 3), np.uint8))


def checked_pictures() -> dict[str, bytes]:
    """Return files whose pixels have checksums: with and without metadata, of one frame or more."""
    exif = Image.Exif()
    exif[274] = 6
    text = PngInfo()
    text.add_text("Comment", "said before the pixels")
    late = PngInfo()
    late.add(b"tEXt", b"Comment\0said after them", after_idat=True)
    deep = np.random.default_rng(1).integers(0, 65536, (16, 24, 3))
    picture, frames = noise(0), [noise(seed) for seed in range(3)]
    return {
        "png": encoded(picture, "png").getvalue(),
        "png with EXIF": encoded(picture, "png", exif=exif.tobytes()).getvalue(),
        "png with text": encoded(picture, "png", pnginfo=text).getvalue(),
        "png with text at its end": encoded(picture, "png", pnginfo=late).getvalue(),
        "png of 16 bits": encode_png(deep, 2, 16),
        "interlaced png": encode_png(np.asarray(picture), 2, 8, interlaced=True),
        "animated png": animation_of(frames, "png"),
        "icon": encoded(picture.resize((16, 16)), "ico", sizes=[(16, 16)]).getvalue(),
        "tiff": encoded(picture, "tiff", compression="tiff_adobe_deflate").getvalue(),
    }


CHECKED = checked_pictures()


def frames_of(data: bytes, **options: Any) -> list[Any] | None:
    """Return the pixels of all frames, or None where the file is refused as damaged."""
    try:
        return [frame.pixels for frame in read(BytesIO(data), every_frame=True, **options).frames]
    except FormatError:
        return None


@in_one_test("expand", [False, True])
@in_one_test("repaired", [False, True])
@in_one_test("kind", CHECKED)
def test_a_changed_byte_of_pixels_with_a_checksum_is_always_told(
    kind: str, repaired: bool, expand: bool
) -> None:
    data = CHECKED[kind]
    whole = frames_of(data, expand=expand)
    assert whole is not None
    generator = np.random.default_rng(5)
    for _ in range(choose(15, 1000)):
        shown = frames_of(damaged_pixels(data, generator, repaired=repaired), expand=expand)
        if shown is not None:  # the level of compression, which zlib says and nobody needs
            np.testing.assert_equal(shown, whole)


def test_a_damaged_frame_is_told_where_it_is_met() -> None:
    for format_name in ("png", "gif"):
        data = bytearray(animation_of([noise(seed) for seed in range(3)], format_name))
        places = pixel_places(bytes(data))
        data[places[-20]] ^= 0x55
        damaged = with_right_checksums(data)
        assert read(BytesIO(damaged), frame=0).notes == ()
        with pytest.raises(FormatError, match=r"^it cannot be decoded: "):
            read(BytesIO(damaged), frame=2)
        picture = read(BytesIO(damaged), every_frame=True)
        with pytest.raises(FormatError, match=r"^it cannot be decoded: "):
            list(picture.frames)


def test_a_checksum_that_is_wrong_is_told_wherever_it_is() -> None:
    data = CHECKED["png with text at its end"]
    for kind in (b"IHDR", b"IDAT", b"tEXt", b"IEND"):
        place = data.index(kind) - 4
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        damaged = data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]
        assert frames_of(damaged) is None


def test_compressed_pixels_that_are_too_few_or_too_many_are_told() -> None:
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    for rows in (7, 8, 9):
        pixels = chunk(b"IDAT", zlib.compress(bytes(9 * rows)))
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")
        if rows == 8:
            assert read(BytesIO(data)).pixels.shape == (8, 8)
            continue
        with pytest.raises(FormatError, match=r"decoded: its compressed pixels (end|are more)"):
            read(BytesIO(data))


def test_runs_of_packbits_that_end_too_early_or_go_on_are_told() -> None:
    for filled in (b"\xff\7\0\1", b"\xff\7\0\1\0", b"\xff\7\x80\0\1\x80"):
        check_packbits(filled, 3)
    for damaged in (b"\xff\7", b"\xff\7\0", b"\xff\7\1\1\2", b"\xff\7\0\1\xff\2"):
        with pytest.raises(OSError, match="do not end where they should"):
            check_packbits(damaged, 3)


def test_a_gif_that_ends_too_early_or_goes_on_is_told() -> None:
    whole = encoded(Image.linear_gradient("L").resize((8, 9)), "gif").getvalue()
    place = whole.rindex(b",\0\0\0\0") + 5
    for height in (8, 9, 10):
        data = whole[: place + 2] + struct.pack("<H", height) + whole[place + 4 :]
        if height == 9:
            assert read(BytesIO(data)).pixels.shape == (9, 8)
            continue
        with pytest.raises(FormatError, match=r"its pixels are not those that it declares\.$"):
            read(BytesIO(data))
    with pytest.raises(FormatError, match=r"decoded: it is cut off\.$"):
        read(BytesIO(whole[:-2]))


@pytest.mark.parametrize("end", [b"", bytes(9)])
def test_a_gif_whose_last_byte_was_never_written_is_read_and_told(end: bytes) -> None:
    for images in ([noise(0)], [noise(seed) for seed in range(3)]):
        whole = animation_of(images, "gif")
        expected = [frame.pixels for frame in read(BytesIO(whole), every_frame=True).frames]
        picture = read(BytesIO(whole[:-1] + end), every_frame=True)
        assert picture.notes == ("the GIF has no end, so frames may be missing",)
        np.testing.assert_equal([frame.pixels for frame in picture.frames], expected)
    for rest in (b"\x01", b"!\xfe\x01a\0", b"!", b","):
        with pytest.raises(FormatError, match=r"decoded: it is cut off\.$"):
            read(BytesIO(whole[:-1] + rest), every_frame=True)


@pytest.mark.parametrize("marker", [b"\xff\x3a", b"\xff\xd3", b"\xff\x01"])
def test_a_marker_in_the_pixels_of_a_jpeg_is_told(marker: bytes) -> None:
    whole = encoded(noise(0), "jpeg").getvalue()
    place = whole.rindex(b"\xff\xda") + 60
    data = whole[:place] + marker + whole[place + 2 :]
    with pytest.raises(FormatError, match=r"^it cannot be decoded: its pixels have a marker"):
        read(BytesIO(data))


class Counted(BytesIO):
    """A stream that knows the most bytes that were read at a time."""

    most = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.most = max(self.most, len(data))
        return data


# Older versions of Pillow have no AVIF.
HAS_AVIF = "avif" in features.modules and features.check("avif")
HEAVY = ["jpeg", "jpeg2000", "tiff", "pcx", "ico", "webp", *(["avif"] if HAS_AVIF else [])]


@pytest.mark.parametrize("format_name", HEAVY)
def test_what_is_proven_whole_is_not_read_where_there_is_no_room(format_name: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (900, 800, 3), np.uint8)
    stream, room = Counted(), 2**20
    if format_name == "tiff":
        tifffile.imwrite(stream, pixels, compression="zlib", rowsperstrip=len(pixels))
    else:
        Image.fromarray(pixels).save(stream, format_name)
    if format_name == "jpeg":  # whose pixels there is room for, but not for what follows them
        stream.write(bytes(2**26))
        room = 2**25 + 2**24
    stream.seek(0)
    with limit_memory(room), pytest.raises(MemoryLimitError, match="Use --max-memory"):
        read(stream)
    assert stream.most <= 2**18


def test_restarts_that_are_in_order_belong_there() -> None:
    whole = encoded(noise(0).resize((64, 16)), "jpeg", restart_marker_blocks=1).getvalue()
    assert read(BytesIO(whole)).pixels.shape == (16, 64, 3)
    place = whole.rindex(b"\xff\xd1")
    with pytest.raises(FormatError, match=r"^it cannot be decoded: its pixels have a marker"):
        read(BytesIO(whole[:place] + b"\xff\xd2" + whole[place + 2 :]))


def test_what_another_library_tolerates_is_not_tolerated_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    for format_name in ("bmp", "ppm", "tga", "png", "jpeg"):
        data = encoded(noise(0), format_name).getvalue()
        assert frames_of(data[: len(data) * 3 // 4]) is None


@in_one_test("error", LIBRARY_ERRORS)
def test_whatever_a_decoder_raises_is_an_error_of_ours(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_image: Image.Image) -> None:
        raise error("broken")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", broken)
    with pytest.raises(FormatError, match=r"^it cannot be decoded: '?broken'?\.$"):
        read(encoded(noise(0), "bmp"))


def test_a_jpeg2000_that_ends_with_the_marker_of_a_tile_is_refused() -> None:
    data = encoded(Image.new("LA", (9, 9)), "jpeg2000").getvalue()
    place = data.index(b"\xff\x90")
    for end in (2, 3, 6, 10):
        with pytest.raises(FormatError, match=r"cannot be decoded|is no image"):
            read(BytesIO(data[: place + end]))


def with_type(data: bytes, tag: int, kind: int) -> bytes:
    """Return a TIFF of which a tag has two values of another type."""
    damaged = bytearray(data)
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            struct.pack_into("<HI", damaged, entry + 2, kind, 2)
    return bytes(damaged)


@in_one_test("tag", [278, 279])
@in_one_test("kind", [2, 3, 5, 7])
@in_one_test("compression", [None, "tiff_lzw"])
def test_a_bound_on_memory_changes_nothing_of_what_a_damaged_tag_does(
    tag: int, kind: int, compression: str | None
) -> None:
    file = BytesIO()
    Image.new("L", (4, 4)).save(file, "tiff", compression=compression)
    data = with_type(file.getvalue(), tag, kind)
    told = []
    for limit in (None, 2**29):
        with limit_memory(limit):
            try:
                told.append(str(read(BytesIO(data)).pixels.tolist()))
            except FormatError as error:
                told.append(str(error))
    assert told[0] == told[1]
