"""What is no matrix is refused with its place; any bytes end in a matrix or an error of ours."""

from io import BytesIO

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from upsamp.errors import FormatError, UpsampError
from upsamp.io.matrices import parse_text, read_text


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
        read_text(BytesIO(data), "it")


@given(data=st.binary(max_size=200) | st.text("0123456789 ,;.-+eE[]\n\tnaif#", max_size=60))
def test_any_bytes_are_a_matrix_or_an_error_of_ours(data: bytes | str) -> None:
    try:
        array = read_text(BytesIO(data if isinstance(data, bytes) else data.encode()), "it")
    except UpsampError:
        event("refused")
    else:
        assert array.ndim in (2, 3, 4)
        assert array.dtype.kind in "iuf"
        assert array.size > 0
