"""Matrices as text, JSON and NumPy files: every spelling, every refusal, and nothing lost."""

import json
import struct
import zipfile
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from upsamp.errors import FormatError, UpsampError
from upsamp.io import matrices
from upsamp.io.matrices import decimal, format_matrix, parse_matrix, parse_text, read_npy, read_npz

Array = NDArray[Any]

ROWS = [[1.0, 2.0], [3.0, 4.0]]
TEXT_FORMATS = ("txt", "csv", "tsv", "json")
LENGTHS = array_shapes(min_dims=2, max_dims=2, max_side=5)


def same(actual: Array, expected: Array) -> None:
    """Assert that the values are the same to the bit, the sign of zeros included."""
    np.testing.assert_array_equal(actual, expected, strict=True)
    np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))


# --- spellings


@pytest.mark.parametrize(
    "text",
    [
        "1 2; 3 4",
        "1 2;3 4;",
        "1 2; 3 4 ; \n",
        "1,2;3,4",
        "1, 2; 3, 4",
        "1\t2;3\t4",
        "1 2\n3 4",
        "1   2\n  3 4  \n",
        "1,2\n3,4\n",
        "1 , 2\n3 , 4",
        "1\t2\n3\t4\n",
        "1 2\r\n3 4\r\n",
        "1,2\r\n3,4\r\n",
        "\n\n1 2\n\n3 4\n\n",
        "# a comment\n1 2\n  # another, with a comma\n3 4",
        "\ufeff1 2\n3 4",
        "+1 2.0\n3e0 0.4E1",
        "[[1,2],[3,4]]",
        " [[1, 2.0],\n [3e0, 4]]\n",
    ],
)
def test_every_spelling_of_a_matrix_gives_the_same_floats(text: str) -> None:
    same(parse_matrix(text.encode(), "it"), np.array(ROWS))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("text", ["1 2\r\n3 4\r\n", "[[1,2],[3,4]]"])
def test_a_byte_order_mark_tells_the_encoding(text: str, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    same(parse_matrix(mark + text.encode(encoding), "it"), np.array(ROWS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", [[5.0]]),
        ("1 2 3", [[1.0, 2.0, 3.0]]),
        ("1;2;3", [[1.0], [2.0], [3.0]]),
        ("[1, 2]", [[1.0, 2.0]]),
        ("[[[1], [2]]]", [[[1.0], [2.0]]]),
        ("[[[[1, 2]]]]", [[[[1.0, 2.0]]]]),
        ("-1 -.5 +.25", [[-1.0, -0.5, 0.25]]),
        ("nan inf; -inf Infinity", [[np.nan, np.inf], [-np.inf, np.inf]]),
        ("NaN -Infinity", [[np.nan, -np.inf]]),
        ("[[NaN, Infinity, -Infinity]]", [[np.nan, np.inf, -np.inf]]),
        ("1e400 1e-400", [[np.inf, 0.0]]),
    ],
)
def test_text_is_read_as(text: str, expected: Any) -> None:
    same(parse_text(text, "it"), np.array(expected))


@pytest.mark.parametrize("text", ["-0 0", "-0.0 0", "[[-0.0, 0.0]]", "[[-0, 0]]"])
def test_a_negative_zero_keeps_its_sign(text: str) -> None:
    same(parse_text(text, "it"), np.array([[-0.0, 0.0]]))


@pytest.mark.parametrize("template", ["{} {}", "[[{}, {}]]"])
@pytest.mark.parametrize(
    ("one", "other", "dtype"),
    [
        (2**53 + 1, 1, np.int64),
        (-(2**53) - 1, 7, np.int64),
        (2**63 - 1, -(2**63), np.int64),
        (2**64 - 1, 0, np.uint64),
        (2**53, -(2**53), np.float64),
    ],
)
def test_integers_that_float64_does_not_hold_stay_integers(
    template: str, one: int, other: int, dtype: type[np.generic]
) -> None:
    actual = parse_text(template.format(one, other), "it")
    same(actual, np.array([[one, other]], dtype))


@pytest.mark.parametrize(
    "text", [f"{2**64} 1", f"{-(2**63) - 1} 1", f"{2**64 - 1} -1", f"{2**63} -1", f"[[{2**64}]]"]
)
def test_integers_that_no_type_holds_are_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(FormatError, match=r"The integers of it must fit in 64 bits"):
        parse_text(text, "it")


# --- refusals


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2; 3", r"it, row 2 has 1 number and row 1 has 2 numbers"),
        ("1; 2 3 4", r"it, row 2 has 3 numbers and row 1 has 1 number\."),
        ("1 2\n3 4\n5", r"it, line 3 has 1 number and line 1 has 2 numbers"),
        ("# names\n\n1,2\n\n3,4,5", r"it, line 5 has 3 numbers and line 3 has 2 numbers"),
        ("[[1, 2], [3]]", r"it, row 2 has shape \(1,\) and row 1 has shape \(2,\)"),
        ("[[1, 2], 3]", r"it, row 2 has shape \(\) and row 1 has shape \(2,\)"),
        ("[[[1], [2]], [[3], [4, 5]]]", r"row 2 has shape \(2,\) .* \(1,\), at \[1\]"),
    ],
)
def test_a_ragged_matrix_names_the_place_and_both_lengths(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"^The rows of a matrix must be equally long.*{message}"):
        parse_text(text, "it")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 two; 3 4", r"row 1 has 'two' in place of a number"),
        ("1 2\n3 four", r"line 2 has 'four' in place of a number"),
        ("1,2\n3,", r"line 2 has nothing in place of a number"),
        ("1,,2", r"row 1 has nothing in place of a number"),
        (",1", r"row 1 has nothing"),
        ("1 1_000", r"row 1 has '1_000'"),
        ("0x10 1", r"row 1 has '0x10'"),
        ("1+2j 1", r"row 1 has '1\+2j'"),
        ("1 2, 3 4", r"row 1 has '1 2'"),
        ("True False", r"row 1 has 'True'"),
        ("{1: 2}", r"row 1 has '\{1:'"),
    ],
)
def test_what_is_no_number_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"A matrix must hold numbers. Received: it, {message}"):
        parse_text(text, "it")


@pytest.mark.parametrize("text", ["", " \n ", ";", ";;;", "# comment", "# one\n# two\n"])
def test_text_without_numbers_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"^it holds no numbers"):
        parse_text(text, "it")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[1, 2]", r"in JSON: .*delimiter.*line 1 column"),
        ("[[1 2]]", r"in JSON: "),
        ("[" * 100_000, r"in JSON: it cannot be read"),
        ("[]", r"four deep at the most\. Received: \[\] at the top"),
        ("[[], []]", r"Received: \[\] at \[0\]"),
        ("[[[[[1]]]]]", r"Received: \[1\] at \[0\]\[0\]\[0\]\[0\]"),
        ('[[1, "2"]]', r'Received: "2" at \[0\]\[1\]'),
        ("[[1, true]]", r"Received: true at \[0\]\[1\]"),
        ("[true, false]", r"Received: true at \[0\]"),
        ("[[1, null]]", r"Received: null at \[0\]\[1\]"),
        ('[{"a": 1}]', r'Received: \{"a": 1\} at \[0\]'),
    ],
)
def test_json_that_is_no_matrix_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"^it must be nested lists of numbers.*{message}"):
        parse_text(text, "it")


def test_digits_without_end_are_refused_in_a_short_line() -> None:
    for text in ("9" * 100_000, f"[[{'9' * 100_000}]]"):
        with pytest.raises(FormatError) as caught:
            parse_text(text, "it")
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("data", [b"\x80abc", b"1 2\n\xff\xff", b"\xff\xfe1", b"\xfe\xff\xd8\x00"])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"^it is neither an image nor text"):
        parse_matrix(data, "it")


# --- round trips


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@given(array=arrays(np.float64, LENGTHS))
def test_any_float64_matrix_survives_text_to_the_bit(format_name: str, array: Array) -> None:
    # The sign and the payload of a NaN are no part of its value.
    array[np.isnan(array)] = np.nan
    same(parse_matrix(format_matrix(array, format_name), "it"), array)


@pytest.mark.parametrize("value", [2.0**53 + 2, -(2.0**60), 2.0**64, 1e15, 1e16, 1e22, 5e-324])
@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_a_large_float_comes_back_as_a_float(format_name: str, value: float) -> None:
    array = np.array([[value, 1.0], [-0.0, 2.0]])
    same(parse_matrix(format_matrix(array, format_name), "it"), array)
    same(parse_matrix(format_matrix(array[:1], format_name), "it"), array[:1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_every_narrow_float_survives_text(format_name: str, dtype: type[np.floating]) -> None:
    bits = np.random.default_rng(5).integers(0, 2 ** (np.dtype(dtype).itemsize * 8), 4000)
    array = bits.astype(f"u{np.dtype(dtype).itemsize}").view(dtype).reshape(-1, 40)
    array[np.isnan(array)] = np.nan
    read = parse_matrix(format_matrix(array, format_name), "it")
    same(read.astype(dtype), array)
    same(read, array.astype(np.float64))


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_the_extremes_of_every_integer_type_survive_text(format_name: str, kind: str) -> None:
    limits = np.iinfo(kind)
    array = np.array([[limits.min, limits.max], [limits.max - 1, limits.min + 1]], kind)
    read = parse_matrix(format_matrix(array, format_name), "it")
    assert read.tolist() == array.tolist()


@pytest.mark.parametrize("format_name", ["txt", "json"])
@given(array=arrays(np.float64, array_shapes(min_dims=3, max_dims=4, max_side=3)))
def test_ranks_3_and_4_survive_as_nested_lists(format_name: str, array: Array) -> None:
    array[np.isnan(array)] = np.nan
    same(parse_matrix(format_matrix(array, format_name), "it"), array)


@given(array=arrays(np.float64, array_shapes(min_dims=2, max_dims=4, max_side=3)))
def test_json_is_the_bare_nested_list_that_any_reader_takes(array: Array) -> None:
    nested = json.loads(format_matrix(array, "json"))
    np.testing.assert_array_equal(np.array(nested, np.float64), array)


def test_booleans_are_written_as_0_and_1() -> None:
    array = np.array([[True, False]])
    assert format_matrix(array, "txt") == b"1 0\n"
    assert json.loads(format_matrix(array, "json")) == [[1, 0]]


@pytest.mark.parametrize("format_name", ["csv", "tsv"])
def test_rows_alone_cannot_hold_channels(format_name: str) -> None:
    with pytest.raises(
        FormatError, match=rf"^{format_name.upper()} must be given a matrix of rows.*\(1, 2, 3\)"
    ):
        format_matrix(np.ones((1, 2, 3)), format_name)


@given(value=st.floats(allow_nan=False))
def test_a_decimal_is_the_shortest_that_reads_back(value: float) -> None:
    text = decimal(value)
    same(np.array([float(text)]), np.array([value]))
    assert len(text) <= len(repr(value))
    assert text.endswith(".0") == (repr(value).endswith(".0") and abs(value) > 2**53)


# --- .npy


def npy(array: Array, version: tuple[int, int] | None = None) -> bytes:
    """Give the bytes of a .npy file, pickled objects and all."""
    buffer = BytesIO()
    np.lib.format.write_array(buffer, array, version, allow_pickle=True)
    return buffer.getvalue()


def npy_with_header(header: str, held: int = 0) -> bytes:
    """Give the bytes of a .npy file with that header and so many bytes of numbers."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\x01" * held


def npz(**members: Array) -> BytesIO:
    """Give an open .npz file."""
    buffer = BytesIO()
    save: Any = np.savez_compressed  # whose types take a name of an array for an option
    save(buffer, **members)
    return BytesIO(buffer.getvalue())


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
    monkeypatch.setattr(matrices, "available_memory", lambda: 2**20)
    with pytest.raises(FormatError, match=r"it declares 7\.63 MB, more than memory has"):
        read_npz(bomb, "it")


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


@given(data=st.binary(max_size=200) | st.text("0123456789 ,;.-+eE[]\n\tnaif#", max_size=60))
def test_any_bytes_are_a_matrix_or_an_error_of_ours(data: bytes | str) -> None:
    try:
        array = parse_matrix(data if isinstance(data, bytes) else data.encode(), "it")
    except UpsampError:
        event("refused")
    else:
        assert array.ndim in (2, 3, 4)
        assert array.dtype.kind in "iuf"
        assert array.size > 0


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_numpy_file_or_an_error_of_ours(data: bytes) -> None:
    for head in (b"", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"\x93NUMPY\x01\x00\x20\x00{"):
        with pytest.raises(FormatError, match=r"^it "):
            read_npy(BytesIO(head + data), "it")
    for head in (b"", b"PK\x03\x04"):
        with pytest.raises(FormatError, match=r"^it "):
            read_npz(BytesIO(head + data), "it")
