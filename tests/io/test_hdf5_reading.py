"""HDF5 files are read with every number and text that Keras writes, within counted bounds."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pytest
from effort import in_one_test
from hostile.parts import VALUES, h5_bytes
from stored_values import value_of

from upsamp.errors import FormatError
from upsamp.io.hdf5 import contents
from upsamp.io.hdf5.contents import Contents, RefusalError
from upsamp.io.hdf5.process import Slice
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.stored_arrays import StoredArray, StoredArrays


def read_of(reader: Hdf5Reader, place: Path, fill: Callable[[Any], object]) -> StoredArrays:
    with h5py.File(place, "w") as file:
        fill(file)
    return reader.read(str(place))


# --- what is read


@pytest.mark.parametrize(
    "dtype",
    [
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", ">f4", ">i8"),
    ],
)
@in_one_test("shape", [(), (0,), (3, 0), (2, 3), (1, 2, 3, 4)])
def test_numbers_are_read_as_they_were_written(
    reader: Hdf5Reader, place: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    written = (np.random.default_rng(0).normal(size=shape) * 50).astype(dtype)
    found = read_of(reader, place, lambda file: file.create_dataset("a/b", data=written))
    native = written.astype(written.dtype.newbyteorder("="))
    np.testing.assert_array_equal(value_of(found, "a/b"), native, strict=True)
    assert found.arrays["a/b"].dtype == native.dtype.name
    assert found.arrays["a/b"].shape == shape
    value_of(found, "a/b")[...] = 0  # is the caller's own


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (10, 10)},
        {"chunks": (7, 9), "compression": "gzip"},
        {"chunks": (7, 9), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": (100, 100), "compression": "lzf"},
    ],
)
def test_compressed_numbers_are_read(
    reader: Hdf5Reader, place: Path, options: dict[str, Any]
) -> None:
    written = np.arange(2500, dtype=np.float32).reshape(50, 50)
    found = read_of(
        reader,
        place,
        lambda file: file.create_dataset("a", data=written, maxshape=(None, None), **options),
    )
    np.testing.assert_array_equal(value_of(found, "a"), written, strict=True)


def test_bfloat16_becomes_float32_exactly(reader: Hdf5Reader, place: Path) -> None:
    words = np.arange(2**16, dtype=np.uint16)

    def fill(file: Any) -> None:
        file["a"] = words.view("V2")
        file["a"].attrs["dtype"] = "bfloat16"
        file["unmarked"] = words.view("V2")
        file["float8"] = words.view(np.uint8).view("V1")
        file["float8"].attrs["dtype"] = "float8_e4m3fn"
        file["lie"] = words.view("V2")
        file["lie"].attrs["dtype"] = "float32"

    found = read_of(reader, place, fill)
    assert found.arrays["a"].dtype == "bfloat16"
    # A bfloat16 is the upper half of a float32.
    halves = value_of(found, "a").view(np.uint16).reshape(-1, 2)
    np.testing.assert_array_equal(halves[:, 1], words)
    assert not halves[:, 0].any()
    # So Keras writes it into .h5 files.
    assert found.arrays["unmarked"].dtype == "bfloat16"
    np.testing.assert_array_equal(value_of(found, "unmarked"), value_of(found, "a"))
    assert found.arrays["lie"] == StoredArray((2**16,), "opaque")
    assert found.arrays["float8"] == StoredArray((2**17,), "float8_e4m3fn")


def test_a_bool_is_true_or_false_whatever_its_byte_is(reader: Hdf5Reader, place: Path) -> None:
    with h5py.File(place, "w") as file:
        file["a"] = np.array([True, False, True])
        start = file["a"].id.get_offset()
    data = bytearray(place.read_bytes())
    data[start] = 7
    place.write_bytes(data)
    value = value_of(reader.read(str(place)), "a")
    np.testing.assert_array_equal(value.view(np.uint8), [1, 0, 1])


def test_what_is_no_real_number_is_listed_without_values(reader: Hdf5Reader, place: Path) -> None:
    def fill(file: Any) -> None:
        file["words"] = ["a", "b"]
        file["bytes"] = np.array([b"ab"])
        file["complex"] = np.zeros(2, np.complex64)
        file["record"] = np.zeros(2, [("a", "f4")])
        file["long"] = np.zeros(2, np.longdouble)
        file.create_dataset("enum", (2,), h5py.enum_dtype({"A": 0, "B": 1}, "i1"))

    found = read_of(reader, place, fill).arrays
    assert {path: array.dtype for path, array in found.items()} == {
        "words": "text",
        "bytes": "text",
        "complex": "other",
        "record": "other",
        "long": "other",
        "enum": "other",
    }
    assert all(array.value is None for array in found.values())


def test_text_is_read_in_every_form_that_keras_writes(reader: Hdf5Reader, place: Path) -> None:
    def fill(file: Any) -> None:
        file.attrs["model_config"] = '{"é": 1}'
        file.attrs["fixed"] = np.bytes_(b"2.4.0")
        file.attrs["empty"] = ""
        file.attrs["number"] = 5
        file.attrs["table"] = [["a", "b"]]
        file.attrs["null"] = h5py.Empty("f4")
        group = file.create_group("layer")
        group.attrs["weight_names"] = [b"layer/kernel:0", b"layer/bias:0"]
        group.attrs["variable"] = ["é", ""]
        group.attrs["none"] = np.array([])
        file["layer/layer/kernel:0"] = VALUES
        file["optimizer/vars/0"] = VALUES
        file["optimizer_weights/a"] = VALUES
        file["layer/optimizer"] = VALUES

    found = read_of(reader, place, fill)
    assert found.attributes == {
        "": {"model_config": '{"é": 1}', "fixed": "2.4.0", "empty": ""},
        "layer": {
            "weight_names": ["layer/kernel:0", "layer/bias:0"],
            "variable": ["é", ""],
            "none": [],
        },
        "layer/layer": {},
    }
    assert list(found.arrays) == ["layer/optimizer", "layer/layer/kernel:0"]


def test_lists_that_keras_cuts_are_put_together_and_groups_are_taken_out() -> None:
    held = StoredArrays(
        {"a/b": StoredArray((1,), "float32"), "ab/c": StoredArray((2,), "float32")},
        {"": {}, "a": {"names0": ["x", "y"], "names1": ["z"], "one": "t"}, "a/c": {}, "ab": {}},
    )
    assert held.texts("a", "names") == ["x", "y", "z"]
    assert held.texts("a", "one") == ["t"]
    assert held.texts("a", "two") is None
    assert held.texts("nowhere", "names") is None
    below = held.below("a")
    assert list(below.arrays) == ["b"]
    assert list(below.attributes) == ["", "c"]


def test_shapes_alone_are_read_without_values_and_whatever_their_size(
    reader: Hdf5Reader, place: Path
) -> None:
    with h5py.File(place, "w") as file:
        file["a"] = np.ones((2**19, 3), np.float32)
    with pytest.raises(FormatError, match="must hold at most 1,048,576 bytes of numbers"):
        reader.read(str(place))
    found = reader.read(str(place), values=False)
    assert found.arrays == {"a": StoredArray((2**19, 3), "float32")}


def test_a_file_inside_another_is_read_where_it_is(reader: Hdf5Reader, place: Path) -> None:
    data = h5_bytes()
    place.write_bytes(b"before" + data + b"after" * 100)
    found = reader.read(str(place), 6, len(data), name="the model")
    np.testing.assert_array_equal(value_of(found, "model_weights/dense/dense/kernel:0"), VALUES)
    with pytest.raises(FormatError, match=r"^the model must be a whole HDF5 file\. Received: "):
        reader.read(str(place), 6, len(data) - 1, name="the model")


def test_a_slice_is_a_file_of_its_own() -> None:
    stream = Slice(cast("Any", BytesIO(b"0123456789")), 2, 5)
    assert stream.readable()
    assert stream.seekable()
    assert stream.seek(0, os.SEEK_END) == 5
    assert stream.seek(-2, os.SEEK_CUR) == 3
    assert stream.read(10) == b"56"
    assert stream.read(10) == b""
    assert stream.seek(9) == 9
    assert stream.read(1) == b""
    assert stream.seek(-5) == 0
    assert stream.read() == b"23456"


# --- the bounds of a file, in this process


def contents_of(fill: Callable[[Any], object], max_size: int | None = None) -> Contents:
    data = h5_bytes(fill)
    with h5py.File(BytesIO(data)) as file:
        return Contents(h5py.h5g.open(file.id, b"/"), len(data), max_size)


def test_objects_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_OBJECTS", 50)

    def fill(file: Any) -> Any:
        for index in range(25):
            file.create_group(str(index))

    assert len(contents_of(fill).attributes) == 29
    with pytest.raises(RefusalError, match=r"at most 50 groups, arrays and attributes\. Received"):
        contents_of(lambda file: (fill(file), fill(file.create_group("further"))))


def test_text_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_HEADER", 1000)
    contents_of(lambda file: file.attrs.create("a", "b" * 500))
    for fill in (
        lambda file: file.attrs.create("a", "b" * 2000),
        lambda file: file.attrs.create("a", np.array([b"b" * 300] * 4)),
        lambda file: file.create_group("a" * 1000),
    ):
        with pytest.raises(RefusalError, match=r"^must hold at most 1,000 bytes of text\. Receiv"):
            contents_of(fill)


def test_numbers_are_counted() -> None:
    contents_of(lambda file: file.create_dataset("a", data=VALUES), 48)
    with pytest.raises(RefusalError, match=r"^must hold at most 47 bytes of numbers\. Received: 4"):
        contents_of(lambda file: file.create_dataset("a", data=VALUES), 47)
