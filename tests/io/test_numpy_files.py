"""Files of NumPy: every type is read, and what lies, is cut off or is a bomb is refused."""

import struct
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from exact import same
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from upsamp.core.memory import limit_memory
from upsamp.errors import FormatError, MemoryLimitError, UpsampError
from upsamp.io import npz_files
from upsamp.io.archives import open_archive
from upsamp.io.matrices import format_matrix
from upsamp.io.npy_files import read_npy
from upsamp.io.npz_files import read_npz, read_npz_arrays
from upsamp.io.strips.rows import find_stored_matrix

Array = NDArray[Any]


def npy(array: Array, version: tuple[int, int] | None = None) -> bytes:
    """Return the bytes of a .npy file, pickled objects and all."""
    buffer = BytesIO()
    np.lib.format.write_array(buffer, array, version, allow_pickle=True)
    return buffer.getvalue()


def npy_with_header(header: str, held: int = 0, version: int = 1) -> bytes:
    """Return the bytes of a .npy file with that header and so many bytes of numbers."""
    text = header.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes((version, 0)) + length + text + b"\x01" * held


def npz(**members: Array) -> BytesIO:
    """Return an open .npz file."""
    buffer = BytesIO()
    save: Any = np.savez_compressed  # whose types take a name of an array for an option
    save(buffer, **members)
    return BytesIO(buffer.getvalue())


# --- .npy


@in_one_test("version", [(1, 0), (2, 0), (3, 0)])
@in_one_test("shape", [(1, 1), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
@in_one_test(
    "dtype", ["?", "i1", "<i8", ">i2", "u1", "<u8", ">u4", "<f2", ">f4", "<f8", ">f8", "longdouble"]
)
def test_npy_of_every_type_is_read(
    dtype: str, shape: tuple[int, ...], version: tuple[int, int]
) -> None:
    values = np.random.default_rng(6).integers(0, 100, shape).astype(dtype)
    for array in (values, np.asfortranarray(values)):
        read = read_npy(BytesIO(npy(array, version)), "it")
        same(read, values.astype(values.dtype.newbyteorder("=")))
        assert read.flags.c_contiguous
        assert read.dtype.isnative


@pytest.mark.parametrize("format_name", ["npy", "npz"])
@given(
    array=arrays(
        st.sampled_from(["f2", "f4", "f8", "i8", "u8", "u1", "?"]), array_shapes(min_dims=2)
    ).filter(lambda array: array.ndim <= 4)
)
def test_numpy_files_keep_type_shape_and_bits(format_name: str, array: Array) -> None:
    data = BytesIO(format_matrix(array, format_name))
    read = read_npy(data, "it") if format_name == "npy" else read_npz(data, "it")
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.tobytes() == array.tobytes()


@in_one_test(
    ("array", "message"),
    [
        (np.array([[1, "a"]], dtype=object), r"Python objects, which could run code"),
        (np.array([[1 + 2j]]), r"must hold real numbers\. Received: dtype complex128"),
        (np.array([["a"]]), r"must hold real numbers\. Received: dtype <U1"),
        (np.zeros((1, 1), "M8[s]"), r"must hold real numbers\. Received: dtype datetime64\[s\]"),
        (np.zeros((1, 1), [("x", "f4")]), r"must hold real numbers\. Received: dtype"),
        (np.float64(1.0), r"rank 2, 3 or 4\. Received: shape \(\)"),
        (np.ones(3), r"rank 2, 3 or 4\. Received: shape \(3,\)"),
        (np.ones((1,) * 5), r"rank 2, 3 or 4\. Received: shape \(1, 1, 1, 1, 1\)"),
        (np.ones((0, 3)), r"must not be empty\. Received: shape \(0, 3\)"),
    ],
)
def test_an_array_that_is_no_matrix_is_refused(array: Array, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_npy(BytesIO(npy(np.asarray(array))), "it")
    with pytest.raises(FormatError, match=message):
        read_npz(npz(array=np.asarray(array)), "it")


@in_one_test(
    ("header", "held", "message"),
    [
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4)}",
            100,
            "128 bytes .* holds 100",
        ),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (999999, 999999)}", 8, "it is cut off"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9, 2)}", 8, "no valid .npy"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 2)}", 8, "it"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (True, True)}", 8, "it"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)", 8, "no valid .npy"),
        ("{'descr': 'zz', 'fortran_order': False, 'shape': (1, 1)}", 8, "no valid .npy"),
        ("{'descr': '|V0', 'fortran_order': False, 'shape': (1, 1)}", 8, "it"),
        ("{'descr': '|S0', 'fortran_order': False, 'shape': (10000000000, 9)}", 8, "it"),
        ("{'descr': '<f8', 'shape': (1, 1)}", 8, "no valid .npy"),
        ("[1, 2]", 8, "no valid .npy"),
        ("__import__('os').abort()", 8, "no valid .npy"),
        ("(" * 500, 8, "no valid .npy"),
        ("'" * 3, 8, "no valid .npy"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1L, 1L)", 8, "no valid .npy"),
        (" " * 60_000, 8, "no valid .npy"),
    ],
)
def test_a_header_that_lies_is_refused(header: str, held: int, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_npy(BytesIO(npy_with_header(header, held)), "it")


@in_one_test(
    "shape",
    [
        *("(-1, -8)", "(-8, -1)", "(True, True)", "(8, True)", "(0, -1)", "(False, 3)"),
        *(f"(0, {2**60})", f"(0, {2**70})", f"({'1, ' * 40}8)"),
    ],
)
@in_one_test("version", [1, 2, 3])
def test_each_side_of_a_shape_is_held_to_its_rule(shape: str, version: int, tmp_path: Path) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"
    data = npy_with_header(header, 64, version)
    path = tmp_path / "head.npy"
    path.write_bytes(data)
    for read in (lambda: read_npy(BytesIO(data), "it"), lambda: find_stored_matrix(str(path))):
        with pytest.raises(
            FormatError, match=r"must have up to 32 whole numbers, 0 or more, as its shape\."
        ):
            read()
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.npy", data)
    with (
        open_archive(archive, "it", 2**30) as opened,
        pytest.raises(FormatError, match=r"^'a\.npy' of it must have up to 32 whole numbers"),
    ):
        read_npz_arrays(opened, "it", values=True)


def test_a_version_that_there_is_not_is_refused() -> None:
    data = bytearray(npy(np.ones((2, 2))))
    data[6:8] = 9, 9
    with pytest.raises(FormatError, match=r"no valid \.npy file: its version is none of 1\.0, 2"):
        read_npy(BytesIO(data), "it")


def test_a_header_of_python_2_is_read_without_a_warning() -> None:
    header = "{'descr': '<u1', 'fortran_order': False, 'shape': (2L, 3L)}"
    array = read_npy(BytesIO(npy_with_header(header, 6)), "it")
    np.testing.assert_array_equal(array, np.ones((2, 3), np.uint8), strict=True)


def test_a_cut_npy_file_is_refused_wherever_it_is_cut() -> None:
    whole = npy(np.arange(6.0).reshape(2, 3))
    for length in range(len(whole)):
        with pytest.raises(FormatError, match=r"^it "):
            read_npy(BytesIO(whole[:length]), "it")


# --- .npz


def test_one_of_several_arrays_is_asked_for_by_name() -> None:
    one, two = np.ones((2, 2)), np.zeros((1, 3), np.int16)
    same(read_npz(npz(one=one, two=two), "it", "one"), one)
    same(read_npz(npz(one=one, two=two), "it", "two"), two)
    same(read_npz(npz(only=two), "it"), two)
    for key in (None, "three", "", "one.npy"):
        with pytest.raises(FormatError, match=r"as in 'FILE\.npz:NAME'\. It holds: one, two\."):
            read_npz(npz(one=one, two=two), "it", key)


def test_a_zip_file_of_other_things_is_refused() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("letter.txt", "dear")
    with pytest.raises(FormatError, match=r"It holds: none\."):
        read_npz(buffer, "it")
    for data in (b"", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"no zip"):
        with pytest.raises(FormatError, match=r"^it "):
            read_npz(BytesIO(data), "it")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = npz(array=np.zeros((1000, 1000)))
    assert len(bomb.getvalue()) < 20_000
    with limit_memory(2**22), pytest.raises(MemoryLimitError, match=r"Use --max-memory 40MB"):
        read_npz(bomb, "it")
    monkeypatch.setattr(npz_files, "DEFAULT_MAX_SIZE", 2**20)
    with pytest.raises(FormatError, match=r"at most 1,048,576 bytes.* Save the array alone"):
        read_npz(bomb, "it")


def test_a_lack_of_memory_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def lack_memory(*_: object) -> None:
        raise MemoryError

    lacking = r"^There is not enough memory for it\. Use a smaller size or input\.$"
    packed = npz(array=np.zeros(3))
    monkeypatch.setattr(zipfile.ZipFile, "open", lack_memory)
    with pytest.raises(MemoryLimitError, match=lacking):
        read_npz(packed, "it")
    monkeypatch.setattr(np.lib.format, "read_magic", lack_memory)
    with pytest.raises(MemoryLimitError, match=lacking):
        read_npy(BytesIO(npy(np.zeros(3))), "it")


def test_a_member_that_understates_its_size_is_refused() -> None:
    data = bytearray(npz(array=np.zeros((50, 50))).getvalue())
    entry = data.index(b"PK\x01\x02")
    for declared in (0, 100, 1000):
        data[entry + 24 : entry + 28] = struct.pack("<I", declared)
        with pytest.raises(FormatError, match=r"^it "):
            read_npz(BytesIO(data), "it")


def test_a_cut_or_damaged_npz_file_ends_in_an_array_or_an_error_of_ours() -> None:
    array = np.arange(60.0).reshape(6, 10)
    generator = np.random.default_rng(7)
    refused = 0
    for whole in (npz(one=array).getvalue(), format_matrix(array, "npy")):
        read = read_npz if whole.startswith(b"PK") else read_npy
        for _ in range(1500):
            data = bytearray(whole)
            for place in generator.integers(0, len(data), generator.integers(1, 4)):
                data[place] = generator.integers(0, 256)
            if generator.random() < 0.3:
                del data[generator.integers(0, len(data)) :]
            try:
                assert read(BytesIO(data), "it").ndim in (2, 3, 4)
            except UpsampError:
                refused += 1
    assert refused > 500


# --- anything at all


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_numpy_file_or_an_error_of_ours(data: bytes) -> None:
    for head in (b"", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"\x93NUMPY\x01\x00\x20\x00{"):
        with pytest.raises(FormatError, match=r"^it "):
            read_npy(BytesIO(head + data), "it")
    for head in (b"", b"PK\x03\x04"):
        with pytest.raises(FormatError, match=r"^it "):
            read_npz(BytesIO(head + data), "it")
