"""Matrices written as text and JSON come back to the bit, and JSON is a bare nested list."""

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from exact import same
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from upsamp.core.memory import limit_memory
from upsamp.errors import FormatError
from upsamp.io import matrices
from upsamp.io.matrices import decimal, format_matrix, read_text

Array = NDArray[Any]

TEXT_FORMATS = ("txt", "csv", "tsv", "json")
INTEGERS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
LENGTHS = array_shapes(min_dims=2, max_dims=2, max_side=5)


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@given(array=arrays(np.float64, LENGTHS))
def test_any_float64_matrix_survives_text_to_the_bit(format_name: str, array: Array) -> None:
    # The sign and the payload of a NaN are no part of its value.
    array[np.isnan(array)] = np.nan
    same(read_text(BytesIO(format_matrix(array, format_name)), "it"), array)


@in_one_test("value", [2.0**53 + 2, -(2.0**60), 2.0**64, 1e15, 1e16, 1e22, 5e-324])
@in_one_test("format_name", TEXT_FORMATS)
def test_a_large_float_comes_back_as_a_float(format_name: str, value: float) -> None:
    array = np.array([[value, 1.0], [-0.0, 2.0]])
    same(read_text(BytesIO(format_matrix(array, format_name)), "it"), array)
    same(read_text(BytesIO(format_matrix(array[:1], format_name)), "it"), array[:1])


@in_one_test("dtype", [np.float16, np.float32])
@in_one_test("format_name", TEXT_FORMATS)
def test_every_narrow_float_survives_text(format_name: str, dtype: type[np.floating]) -> None:
    bits = np.random.default_rng(5).integers(0, 2 ** (np.dtype(dtype).itemsize * 8), 4000)
    array = bits.astype(f"u{np.dtype(dtype).itemsize}").view(dtype).reshape(-1, 40)
    array[np.isnan(array)] = np.nan
    read = read_text(BytesIO(format_matrix(array, format_name)), "it")
    same(read.astype(dtype), array)
    same(read, array.astype(np.float64))


KINDS = ("b1", *INTEGERS, "f2", "f4", "f8")


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_pipe_loses_no_digit_of_any_type(kind: str, data: st.DataObject) -> None:
    array = data.draw(arrays(kind, LENGTHS))
    if kind in INTEGERS:
        array.flat[0], array.flat[-1] = np.iinfo(kind).min, np.iinfo(kind).max
    elif kind[0] == "f":
        array[np.isnan(array)] = np.nan
    for format_name in TEXT_FORMATS:
        text = format_matrix(array, format_name)
        read = read_text(BytesIO(text), "it")
        assert read.tolist() == array.tolist() or kind[0] == "f"
        same(read.astype(kind), array)
        assert format_matrix(read, format_name) == text


@pytest.mark.parametrize("format_name", ["txt", "json"])
@given(array=arrays(np.float64, array_shapes(min_dims=3, max_dims=4, max_side=3)))
def test_ranks_3_and_4_survive_as_nested_lists(format_name: str, array: Array) -> None:
    array[np.isnan(array)] = np.nan
    same(read_text(BytesIO(format_matrix(array, format_name)), "it"), array)


@given(array=arrays(np.float64, array_shapes(min_dims=2, max_dims=4, max_side=3)))
@example(array=np.array([[[np.nan, np.inf, -np.inf]]]))
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


def test_one_array_of_an_npz_is_named_array() -> None:
    with np.load(BytesIO(format_matrix(np.eye(2), "npz"))) as file:
        assert file.files == ["array"]
        np.testing.assert_array_equal(file["array"], np.eye(2))


def test_whole_floats_are_written_without_a_point() -> None:
    assert format_matrix(np.array([[1.0, -0.0, 2.0**53, 2.0**54]]), "csv") == (
        b"1,-0,9007199254740992,1.8014398509481984e+16\n"
    )


@pytest.mark.parametrize("block", [1, 3, 7, 2**16])
def test_what_text_takes_is_counted_before_it_is_read(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []

    def count(needed: int, what: str, declared: NDArray[Any]) -> None:
        counted.append((needed, what, declared.shape))

    monkeypatch.setattr(matrices, "WORKING", 0)
    monkeypatch.setattr(matrices, "check_limit", count)
    monkeypatch.setattr(matrices, "COUNTED_BYTES", block)
    for text in (b"10 200\n3 44444\n5 6", b"[[10,  200],[3,44]]"):
        with limit_memory(2**30):
            read_text(BytesIO(text), "it")
    if block > 7:  # a number that stands in two blocks counts twice
        assert counted[0] == (8 * 6 + 60 * 7, "the numbers of it", (3, 2))
        needed = 8 * 4 + 60 * 19 + 3 * 19 + 64 * 4 + 160 * 3
        assert counted[1] == (needed, "the numbers of it", (2, 2))
    assert all(one[0] >= least for one, least in zip(counted, (468, 1965), strict=True))
