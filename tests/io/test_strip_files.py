"""Files that are read and written some rows at a time."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

from upsamp.errors import FileError, FormatError
from upsamp.io.images import tiled_tiff
from upsamp.io.images.tiled_tiff import write_tiled_tiff
from upsamp.io.npy_files import npy_head
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png, write_png_rows
from upsamp.io.row_stream import RowStream
from upsamp.io.strips.rows import find_stored_matrix, stand_in


def numbers(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return random numbers of a byte in any type."""
    return np.random.default_rng(4).integers(0, 256, shape, np.uint8).astype(dtype)


def rows_of(array: NDArray[Any], *heights: int) -> RowStream:
    """Return an array as strips of such heights, in turns, that do not outlast each other."""

    def strips() -> Any:
        memory, start, turn = np.empty_like(array[: max(heights)]), 0, 0
        while start < len(array):
            part = array[start : start + heights[turn % len(heights)]]
            memory[: len(part)] = part
            yield memory[: len(part)]
            start, turn = start + len(part), turn + 1

    return RowStream(strips())


# --- .npy


@in_one_test("dtype", ["uint8", "<u2", ">u2", ">f8", "float16", "bool", "<i8"])
@in_one_test("version", [(1, 0), (2, 0)])
def test_rows_are_read_where_they_stand(tmp_path: Path, dtype: str, version: Any) -> None:
    x = numbers((3, 20, 6, 2), dtype)
    place = tmp_path / "in.npy"
    with place.open("wb") as stream:
        np.lib.format.write_array(stream, x, version=version)
    found = find_stored_matrix(str(place))
    assert found is not None
    assert (found.shape, found.dtype) == (x.shape, x.dtype.newbyteorder("="))
    with found.open(x.shape) as read:
        for images, rows in [(0, (0, 20)), (1, (3, 4)), (2, (7, 20)), (0, (0, 1))]:
            part = read(slice(images, images + 1), slice(*rows))
            assert part.dtype.isnative
            np.testing.assert_array_equal(part, x[images : images + 1, slice(*rows)])
        np.testing.assert_array_equal(read(slice(1, 3), slice(0, 20)), x[1:])


def test_what_is_no_such_file_is_left_to_others(tmp_path: Path) -> None:
    x = numbers((4, 5), "uint8")
    np.save(tmp_path / "columns.npy", np.asfortranarray(x))
    np.save(tmp_path / "one_column.npy", np.asfortranarray(x[:, :1]))
    np.savez(tmp_path / "a.npz", x)
    (tmp_path / "text.txt").write_text("1 2\n")
    (tmp_path / "folder.npy").mkdir()
    for name in ("columns.npy", "a.npz", "text.txt", "folder.npy", "missing.npy", "x" * 5000):
        assert find_stored_matrix(str(tmp_path / name)) is None
    for text in ("-", "1 2; 3 4", "", "a\0b"):
        assert find_stored_matrix(text) is None
    assert find_stored_matrix(str(tmp_path / "one_column.npy")) is not None


@in_one_test(
    ("content", "message"),
    [
        (b"\x93NUMPY", "is no valid .npy file"),
        (b"", "is no valid .npy file"),
        (npy_head((9, 9), np.dtype("f8")), "is cut off: it declares 648 bytes"),
        (npy_head((2**40, 2**40), np.dtype("f8")), "is cut off"),
        (npy_head((1, 1), np.dtype("O")) + bytes(8), "holds Python objects"),
        (npy_head((1, 1), np.dtype("c8")) + bytes(8), "must hold real numbers"),
        (npy_head((4,), np.dtype("u1")) + bytes(4), "must hold an array of rank 2, 3 or 4"),
        (npy_head((4, 0), np.dtype("u1")), "must not be empty"),
    ],
)
def test_a_damaged_head_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    place = tmp_path / "in.npy"
    place.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        find_stored_matrix(str(place))


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    place = tmp_path / "in.npy"
    np.save(place, numbers((100, 5), "uint8"))
    found = find_stored_matrix(str(place))
    assert found is not None
    with found.open((1, 100, 5, 1)) as read:
        place.write_bytes(place.read_bytes()[:-1])
        read(slice(0, 1), slice(0, 99))
        with pytest.raises(FormatError, match=r"was cut off while it was read"):
            read(slice(0, 1), slice(99, 100))
    place.unlink()
    with pytest.raises(FileError, match=r"Cannot read .* no such file"), found.open((1, 100, 5, 1)):
        pass


def test_a_head_is_what_numpy_writes() -> None:
    for shape, dtype in (((2, 3), "uint8"), ((10**6, 10**6, 3), "<f4"), ((1, 1, 1, 1), "bool")):
        stream = BytesIO()
        np.lib.format.write_array_header_1_0(
            stream,
            np.lib.format.header_data_from_array_1_0(np.empty((0,), dtype)) | {"shape": shape},
        )
        assert npy_head(shape, np.dtype(dtype)) == stream.getvalue()


# --- images


@pytest.mark.parametrize("heights", [(1,), (7, 3), (100,), (1, 64)], ids=str)
@pytest.mark.parametrize("compression", [0, 1, 9])
@in_one_test("mode", ["1", "L", "RGB", "RGBA;16", "P"])
def test_rows_become_the_bytes_of_the_whole_png(
    mode: str, compression: int, heights: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upsamp.io.png.writer.STRIP", 2**9)
    channels = {"RGB": 3, "RGBA;16": 4}.get(mode, 1)
    dtype = "bool" if mode == "1" else "uint16" if ";" in mode else "uint8"
    pixels = numbers((61, 33, channels) if channels > 1 else (61, 33), dtype)
    palette = None
    if mode == "P":
        pixels, palette = pixels % 5, bytes(range(15))
    whole, made = BytesIO(), BytesIO()
    write_png(Picture(pixels, mode, palette=palette), whole, compression=compression)
    head = Picture(stand_in(pixels.shape, pixels.max()), mode, palette=palette)
    write_png_rows(head, rows_of(pixels, *heights), made, compression=compression, threads=2)
    assert made.getvalue() == whole.getvalue()


@pytest.mark.parametrize("room", [0, 2**15, 2**30])
@pytest.mark.parametrize(
    ("mode", "shape", "dtype"),
    [
        ("L", (300, 20), "uint8"),
        ("LA", (20, 300, 2), "uint8"),
        ("RGB", (257, 513, 3), "uint8"),
        ("RGBA;16", (65, 70, 4), "uint16"),
        ("CMYK", (65, 70, 4), "uint8"),
        ("F", (65, 70), "float32"),
        ("I;16", (256, 256), "uint16"),
    ],
)
@in_one_test("large", [False, True])
def test_tiles_hold_the_pixels(
    mode: str,
    shape: tuple[int, ...],
    dtype: str,
    room: int,
    large: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if large:  # as if it had 4 GB
        monkeypatch.setattr(tiled_tiff, "CLASSIC", 0)
    pixels, stream = numbers(shape, dtype), BytesIO()
    head = Picture(stand_in(shape, pixels.dtype.type(0)), mode)
    write_tiled_tiff(head, rows_of(pixels, 7, 90), stream, room=room)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        page = file.pages.first
        assert file.is_bigtiff is large
        assert page.tile in {0: [(16, 256)], 2**30: [(256, 256)]}.get(room, [page.tile])
        np.testing.assert_array_equal(file.asarray(), pixels, strict=True)
    if ";" not in mode:
        with Image.open(stream) as image:
            assert image.mode == mode
            np.testing.assert_array_equal(np.asarray(image), pixels)


def test_a_palette_and_what_is_beside_the_pixels_are_kept_in_tiles() -> None:
    pixels, stream = numbers((30, 40), "uint8") % 4, BytesIO()
    palette = bytes(range(0, 120, 10))
    metadata = {"dpi": (300, 150), "icc_profile": b"colours", "xmp": b"<x/>"}
    head = Picture(stand_in((30, 40), np.uint8(0)), "P", palette=palette, metadata=metadata)
    write_tiled_tiff(head, rows_of(pixels, 9), stream, room=2**20)
    with Image.open(stream) as image:
        assert image.mode == "P"
        colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), colours[pixels])
        assert {key: image.info[key] for key in metadata} == metadata
