"""Every kind of text and of file that a matrix may come in: its numbers to the bit, or an error."""

import gzip
import pickle
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from exact import same
from hypothesis import event, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from upsamp.core.memory import limit_memory
from upsamp.errors import FormatError, MemoryLimitError, UpsampError
from upsamp.io import gzip_files
from upsamp.io.matrices import parse_text, read_text
from upsamp.io.npz_files import write_npz_arrays
from upsamp.io.picture_options import ReadOptions
from upsamp.io.read import read_source, read_stream

Array = NDArray[Any]

NAN, INF = np.nan, np.inf
ROWS = [[1.0, 2.0], [3.0, 4.0]]
LARGE = 2**53 + 1
# The smallest integer that float64 would round to infinity.
TOO_MANY = str(2**1024 - 2**970)
MISSING = "Write a number, or use --missing nan to read it as nan."
COMMENT = "Write a number; a comment begins with '# '."
HEADING = "Write numbers alone, and '# ' before a heading."
PLAINLY = "Write numbers plainly, as 1234.5; put '# ' before headings."
PARTED = "Part rows by ';' or lines, and all numbers alike, as in '1 2; 3 4'."
ALIKE = "Write 1234.5 for 1,234.5 and for 1.234,5, and part all numbers alike."
INEXACT = (
    "Integers beyond 2**53 must be float64 values, unless all numbers are integers that are only "
    "copied. Received: it, {} has '9007199254740993'. Write it with a point to have it rounded."
)
TOO_LARGE = (
    "A number must be within float64, up to 1.8e308. Received: it, {} has '{}'. "
    "Write inf if that is meant."
)
LINES_IN_BRACKETS = (
    "it must tell rows from one long line. Received: lines in one pair of brackets. Put a "
    "semicolon between rows, or brackets around each."
)


def cell(place: str, received: str, remedy: str = HEADING) -> str:
    """Return the message for what is no number."""
    return (
        f"A matrix must hold numbers. Received: it, {place} has {received} in place of a number. "
        f"{remedy}"
    )


def ragged(words: str) -> str:
    """Return the message for rows of several lengths."""
    return f"The rows of a matrix must be equally long. Received: it, {words}."


def commas(line: str) -> str:
    """Return the message for a line of semicolons and commas."""
    return (
        f"Commas between semicolons must be told from decimal commas. Received: it, {line}. Write "
        "decimals with a point, as in 1.5, or a blank after a comma that parts numbers."
    )


def nested(words: str) -> str:
    """Return the message for JSON that is no matrix."""
    return f"it must be nested lists of numbers, four deep at the most. Received: {words}"


# What a file or standard input holds, and what is made of it: numbers, which are float64 unless an
# array says otherwise, or the whole message.
TEXTS: list[tuple[str, Any]] = [
    # Rows, and what may stand between them
    *((text, ROWS) for text in ("1 2; 3 4", "1 2;3 4;", "1 2; 3 4 ; \n", "1, 2; 3, 4")),
    *((text, ROWS) for text in ("1\t2;3\t4", "1 2\n3 4", "1   2\n  3 4  \n", "1,2\n3,4\n")),
    *((text, ROWS) for text in ("1 , 2\n3 , 4", "1\t2\n3\t4\n", "1 2\r\n3 4\r\n", "1 2\r3 4")),
    *((text, ROWS) for text in ("\n\n1 2\n\n3 4\n\n", "\ufeff1 2\n3 4", "1 2;\n3 4;\n")),
    *((text, ROWS) for text in ("+1 2.0\n3e0 0.4E1", "1 2\n\x0c3 4", "1\x0c2\n3\x0b4")),
    ("5", [[5.0]]),
    ("1;2;3", [[1.0], [2.0], [3.0]]),
    ("1 2; 3", ragged("line 1, row 2 has 1 number and line 1, row 1 has 2 numbers")),
    ("1 2\n3 4\n\n5", ragged("line 4 has 1 number and line 1 has 2 numbers")),
    *((text, "it holds no numbers. A matrix is written as '1 2; 3 4'.") for text in (" \n ", ";")),
    ("# one\n# two\n", "it holds no numbers. A matrix is written as '1 2; 3 4'."),
    # Comments, and cells that begin like them
    ("# names\n\n1 2\n  # another, with a comma\n#\n3 4", ROWS),
    ("1,2\r\n#N/A,4\r\n5,6\r\n", cell("line 2, column 1", "'#N/A'", MISSING)),
    ("#VALUE!\n#REF!\n3\n", cell("line 1, column 1", "'#VALUE!'", COMMENT)),
    ("# c\n\n1\n#DIV/0!\n", cell("line 4, column 1", "'#DIV/0!'", COMMENT)),
    ("####\n3", cell("line 1, column 1", "'####'", COMMENT)),
    ("#\t1\n2\t3", cell("line 1, column 1", "'#'", COMMENT)),
    ("1 2 # c", cell("line 1, column 3", "'#'", COMMENT)),
    ("x,y\n1,2", cell("line 1, column 1", "'x'")),
    # Empty cells keep their place
    ("\t1\t2\n3\t4\t5", cell("line 1, column 1", "nothing", MISSING)),
    ("1\t2\t\n3\t4\t", cell("line 1, column 3", "nothing", MISSING)),
    ("1\t2\n\t\n3\t4", cell("line 2, column 1", "nothing", MISSING)),
    ("# c\n1,,2", cell("line 2, column 2", "nothing", MISSING)),
    ("1,2, ", cell("line 1, column 3", "nothing", MISSING)),
    ("1;;3", cell("line 1, row 2, column 1", "nothing", MISSING)),
    (";1;3", cell("line 1, row 1, column 1", "nothing", MISSING)),
    ("1 2;;3 4", cell("line 1, row 2, column 1", "nothing", MISSING)),
    ("1\n\n3\n", cell("line 2, column 1", "nothing", MISSING)),
    ("\n2\n3\n", cell("line 1, column 1", "nothing", MISSING)),
    ("# c\n\n2\n3\n\n", [[2.0], [3.0]]),
    ("1;2\n3;\n", cell("line 2, column 2", "nothing", MISSING)),
    ('1,""', cell("line 1, column 2", "nothing", MISSING)),
    ("1,NA", cell("line 1, column 2", "'NA'", MISSING)),
    # Semicolons and decimal commas
    ("1,5;2,5\n3,5;4", [[1.5, 2.5], [3.5, 4.0]]),
    ('"1,5";"2,5"\n3;4', [[1.5, 2.5], [3.0, 4.0]]),
    ("1;2\n3;4\n", ROWS),
    ("1.5;2\n3;4\n", [[1.5, 2.0], [3.0, 4.0]]),
    ("1,5e1;-2,5\n3;4", [[15.0, -2.5], [3.0, 4.0]]),
    ("1,5;2,5", commas("line 1 has '1,5;2,5'")),
    ("# c\n1,5;2", commas("line 2 has '1,5;2'")),
    ("1,2,3;4,5,6", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    ("1.500;2,5\n3;4", cell("line 1, column 2", "'2,5'", ALIKE)),
    ("1;2,5\n3.5;4", cell("line 2, column 1", "'3.5'", ALIKE)),
    ("1,5;\n2,5;\n", commas("line 1 has '1,5;'")),
    ("1,5;", commas("line 1 has '1,5;'")),
    ("1,5\n3;4\n", ragged("line 2 has 2 numbers and line 1 has 1 number")),
    ("1 2\n3;4\n", cell("line 1, column 1", "'1 2'", PARTED)),
    ("1,2\n3,4\n5;6\n", cell("line 3, column 1", "'5;6'", PLAINLY)),
    ("1, 2;\n3, 4;\n", ROWS),
    ("1,2,3;\n4,5,6;\n", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    ("1.000.000,5\n2", cell("line 1, column 1", "'1.000.000'", ALIKE)),
    ("1.000.000,5;2\n3;4", cell("line 1, column 1", "'1.000.000,5'", ALIKE)),
    ("1,234,567;2\n3;4", cell("line 1, column 1", "'1,234,567'", ALIKE)),
    ("1,5\t2,5", cell("line 1, column 2", r"'5\t2'", ALIKE)),
    ("1,5 2,5", cell("line 1, column 2", "'5 2'", ALIKE)),
    ("1 2, 3 4", cell("line 1, column 1", "'1 2'", PARTED)),
    ("1 000, 3 4", cell("line 1, column 1", "'1 000'", ALIKE)),
    # Quoted cells
    ('"1","2"\n"3","4"', ROWS),
    ("'1' \"2\"\n3 4", ROWS),
    ('"1","x"', cell("line 1, column 2", "'x'")),
    ('"1", "2,5"', cell("line 1, column 2", "'2,5'", ALIKE)),
    ('"1,5","2"', cell("line 1, column 1", "'1,5'", ALIKE)),
    # Spellings of one number
    ("-1 -.5 +.25 5.", [[-1.0, -0.5, 0.25, 5.0]]),
    ("nan inf -inf Infinity NaN -nan", [[NAN, INF, -INF, INF, NAN, -NAN]]),
    ("-0 0 -0.0", [[-0.0, 0.0, -0.0]]),
    ("007 0.1 1e-400 5e-324", [[7.0, 0.1, 0.0, 5e-324]]),
    ("1.0D+00 2d-1 .5D1", [[1.0, 0.2, 5.0]]),
    ("\u22125 1", [[-5.0, 1.0]]),
    ("\uff11\uff12 3", [[12.0, 3.0]]),
    ("\u00a05,6", [[5.0, 6.0]]),
    ("1\u00a0000 2", cell("line 1, column 1", "'1\u00a0000'", ALIKE)),
    ("1\u202f000;2\n3;4", cell("line 1, column 1", "'1\\u202f000'", ALIKE)),
    ("1_000 2", cell("line 1, column 1", "'1_000'", ALIKE)),
    ("1'000 2", cell("line 1, column 1", "'1'000'", ALIKE)),
    *((f"1 {word}", cell("line 1, column 2", f"'{word}'")) for word in ("True", "***")),
    *(
        (f"1 {word}", cell("line 1, column 2", f"'{word}'", PLAINLY))
        for word in ("0x10", "1+2j", "5%", "1.#INF", "\u20135", "$5", "(5)", "1|2", "1.0+100", "x1")
    ),
    ("1 1e400", TOO_LARGE.format("line 1, column 2", "1e400")),
    ("1 -1d400", TOO_LARGE.format("line 1, column 2", "-1d400")),
    # Integers beyond 2**53
    (f"{LARGE} 1", np.array([[LARGE, 1]])),
    (f"{LARGE - 1} 1", [[2.0**53, 1.0]]),
    (f"{-LARGE}\n7", np.array([[-LARGE], [7]])),
    (f"{2**63 - 1} {-(2**63)}", np.array([[2**63 - 1, -(2**63)]])),
    (f"{2**64 - 1} 0", np.array([[2**64 - 1, 0]], np.uint64)),
    (f"{2**60} 0.5", [[2.0**60, 0.5]]),
    (f"1,0.5\n{LARGE},2", INEXACT.format("line 2, column 1")),
    (f"{LARGE},-0", INEXACT.format("line 1, column 1")),
    (f"{'1' * 401},0.5", TOO_LARGE.format("line 1, column 1", f"{'1' * 37}...")),
    *(
        (f"{one} {other}", "The integers of it must fit in 64 bits. Write them with a point.")
        for one, other in ((2**64, 1), (-(2**63) - 1, 1), (2**64 - 1, -1), (10**400, 1))
    ),
    # JSON, a list a line, NumPy's print, MATLAB
    *((text, ROWS) for text in ("[[1,2],[3,4]]", " [[1, 2.0],\n [3e0, 4]]\n", "[1, 2]\n[3, 4]\n")),
    *((text, ROWS) for text in ("[1 2; 3 4]", "[1, 2; 3, 4];", "[1,2;3,4]", "[1 2;\n 3 4\n]")),
    *((text, ROWS) for text in ("[[1. 2.]\n [3. 4.]]", "[[1., 2.], [3., 4.]]", "[1,2],\n[3,4]")),
    ("array([[1., 2.],\n       [3., 4.]])", ROWS),
    ("np.array([[1, 2], [3, 4]], dtype=float32)", ROWS),
    ("tensor([[1., 2.], [3., 4.]], device='cuda:0')", ROWS),
    ("[1, 2]", [[1.0, 2.0]]),
    ("[1. 2.]", [[1.0, 2.0]]),
    ("[1;2]", [[1.0], [2.0]]),
    ("[[[1], [2]]]", [[[1.0], [2.0]]]),
    ("[[[1 2]\n  [3 4]]\n\n [[5 6]\n  [7 8]]]", [[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]),
    ("[[[[1, 2]]]]", [[[[1.0, 2.0]]]]),
    ("[[NaN, Infinity, -Infinity, -0]]", [[NAN, INF, -INF, -0.0]]),
    ("[[nan inf -0. 1.e+00]]", [[NAN, INF, -0.0, 1.0]]),
    (f"[[{LARGE}, 1]]", np.array([[LARGE, 1]])),
    (f"[[{LARGE} 1]]", np.array([[LARGE, 1]])),
    (f"[[1, 0.5], [{LARGE}, 1]]", INEXACT.format("[1][0]")),
    (f"[[0.5, {TOO_MANY}]]", TOO_LARGE.format("[0][1]", f"{TOO_MANY:.37}...")),
    (f"[[0.5, {'1' * 401}]]", TOO_LARGE.format("[0][1]", f"{'1' * 37}...")),
    ("[[1e400]]", TOO_LARGE.format("a list", "1e400")),
    ("[[1. 1e400]]", TOO_LARGE.format("line 1, column 2", "1e400")),
    ("[1 2\n 3 4]", LINES_IN_BRACKETS),
    ("[1, 2\n 3, 4]", LINES_IN_BRACKETS),
    ("[1., 2.,\n 3., 4.]", [[1.0, 2.0, 3.0, 4.0]]),
    ("[1,5 2,5]", cell("line 1, column 3", "'5 2'", ALIKE)),
    ("\n[[1 2]\n [3 x]]", cell("line 3, column 2", "'x'")),
    ("[1;2]]", cell("line 1, column 1", "'1;2'", PLAINLY)),
    ("[[1,,2]]", cell("line 1, column 2", "nothing", MISSING)),
    ("[[1, 2,]]", cell("line 1, column 3", "nothing", MISSING)),
    ("[1;;2]", cell("row 2, column 1", "nothing", MISSING)),
    (
        "[[0. ... 9.]]",
        cell("line 1, column 2", "'...'", "Print all numbers, or save them with numpy.save."),
    ),
    ("[[1, 2], [3]]", ragged("row 2 has shape (1,) and row 1 has shape (2,), at the top")),
    ("[]", nested("[] at the top.")),
    ("[[[[[1]]]]]", nested("[1] at [0][0][0][0].")),
    ('[[1, "2"]]', nested('"2" at [0][1].')),
    ("[[1, true]]", nested("true at [0][1].")),
    ("[[1, null]]", nested("null at [0][1]. Use --missing nan to read null as nan.")),
    ('[{"a": 1}]', nested('{"a": 1} at [0].')),
    (
        "[[1, 2]",
        (
            "it must be nested lists of numbers in JSON: Expecting ',' delimiter: line 1 column 8 "
            "(char 7). Write [[1, 2], [3, 4]]."
        ),
    ),
    (
        "[" * 100_000,
        "it must be nested lists of numbers in JSON: it cannot be read. Write [[1, 2], [3, 4]].",
    ),
    ("{1: 2}", cell("line 1, column 1", "'{1:'", PLAINLY)),
]


def check(outcome: Any, read: Callable[[], Any]) -> None:
    """Hold what is read against an array, or the message against a text."""
    if isinstance(outcome, str):
        with pytest.raises(UpsampError) as caught:
            read()
        assert str(caught.value) == outcome
    else:
        same(read(), np.asarray(outcome, None if isinstance(outcome, np.ndarray) else np.float64))


@in_one_test(("text", "outcome"), TEXTS)
def test_text_is_read_to_the_bit_or_refused_by_line_and_column(text: str, outcome: Any) -> None:
    options = ReadOptions(missing="error")
    check(outcome, lambda: read_text(BytesIO(text.encode()), "it", options))


@in_one_test(
    ("text", "outcome"),
    [
        ("1 2; 3 4", ROWS),
        ("1,2;3,4", ROWS),
        ("\n1 2\n3 4\n", ROWS),
        ("1 two; 3 4", cell("row 1, column 2", "'two'")),
        ("1 2\n3 four", cell("line 2, column 2", "'four'")),
        ("1,,2", cell("row 1, column 2", "nothing", "Write a number, or nan.")),
        ("1 NA", cell("row 1, column 2", "'NA'", "Write a number, or nan.")),
        ("1 2; 3", ragged("row 2 has 1 number and row 1 has 2 numbers")),
    ],
)
def test_text_in_a_command_has_rows_in_place_of_lines(text: str, outcome: Any) -> None:
    check(outcome, lambda: parse_text(text, "it"))


@in_one_test(
    ("text", "outcome"),
    [
        ("1,2\r\n#N/A,\r\n na,N/A", [[1.0, 2.0], [NAN, NAN], [NAN, NAN]]),
        ("\t1\t\n2\tNULL\t<na>", [[NAN, 1.0, NAN], [2.0, NAN, NAN]]),
        ("1;;3", [[1.0], [NAN], [3.0]]),
        ("\n\n2\n\n3\n\n", [[NAN], [NAN], [2.0], [NAN], [3.0]]),
        ("1;2\n3;\n", [[1.0, 2.0], [3.0, NAN]]),
        ("[[1, null], [2, 3]]", [[1.0, NAN], [2.0, 3.0]]),
        ("[[1 None]]", [[1.0, NAN]]),
        ("[null, 1]", [[NAN, 1.0]]),
        ('1,""', [[1.0, NAN]]),
        ("#VALUE!\n3", cell("line 1, column 1", "'#VALUE!'", COMMENT)),
        ("1,x", cell("line 1, column 2", "'x'")),
        (f"{LARGE},", INEXACT.format("line 1, column 1")),
    ],
)
def test_what_is_missing_is_nan_where_that_is_asked_for(text: str, outcome: Any) -> None:
    options = ReadOptions(missing="nan")
    check(outcome, lambda: read_text(BytesIO(text.encode()), "it", options))


@in_one_test(
    ("text", "outcome"),
    [
        (f"{LARGE} 1", INEXACT.format("line 1, column 1")),
        (f"[[{LARGE}, 1]]", INEXACT.format("[0][0]")),
        (f"{2**60} {2**64}", [[2.0**60, 2.0**64]]),
        (f"{LARGE}. 1", [[2.0**53, 1.0]]),
    ],
)
def test_integers_that_are_computed_with_are_floats(text: str, outcome: Any) -> None:
    options = ReadOptions(integers=False)
    check(outcome, lambda: read_text(BytesIO(text.encode()), "it", options))


@in_one_test("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be"])
@in_one_test("text", ["1 2\r\n3 4\r\n", "[[1,2],[3,4]]"])
def test_a_byte_order_mark_tells_the_encoding(text: str, encoding: str) -> None:
    mark = "\ufeff".encode(encoding) if encoding.endswith("be") else b""
    same(read_text(BytesIO(mark + text.encode(encoding)), "it"), np.array(ROWS))


@in_one_test("data", [b"\x80abc", b"1 2\n\xff\xff", b"\xff\xfe1", b"\xfe\xff\xd8\x00"])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"^it is neither an image nor text"):
        read_text(BytesIO(data), "it")


@pytest.mark.parametrize(
    "text",
    [
        *("9" * 100_000, f"[[{'9' * 100_000}]]", f"1 {'9' * 100_000}x", '"' * 200_001 + ",1"),
        *("1'" * 50_000, f"1;{'1,' * 50_000}\n1;2", "[" + "1," * 50_000 + "x]"),
    ],
)
def test_a_cell_without_end_is_refused_at_once_in_a_short_line(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_text(BytesIO(text.encode()), "it")
    assert len(str(caught.value)) < 300


@given(data=st.data())
def test_every_number_keeps_its_place_in_any_layout(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(2, 4)), data.draw(st.integers(1, 4))
    delimiter = data.draw(st.sampled_from([",", "\t", ";"] if width > 1 else [","]))
    finite = st.floats(allow_nan=False, allow_infinity=False, width=16)
    cells, values = [], []
    for number in range(height * width):
        # A semicolon at the end of a line ends the row, as in MATLAB: no empty cell follows it.
        ends = width == 1 or (delimiter == ";" and number % width == width - 1)
        value = data.draw(finite | st.sampled_from(["NA", "#N/A"] if ends else ["", "NA", "#N/A"]))
        values.append(NAN if isinstance(value, str) else value)
        text = str(value).replace(".", ",") if delimiter == ";" else str(value)
        cells.append(data.draw(st.sampled_from([text, f" {text} ", f'"{text}"'])))
    end = data.draw(st.sampled_from(["\n", "\r\n", "\n# 1,2\n"]))
    lines = [delimiter.join(cells[at : at + width]) for at in range(0, len(cells), width)]
    head = data.draw(st.sampled_from(["", "# x\n\n"]))
    whole = (head + end.join(lines) + end).encode()
    expected = np.array(values, np.float64).reshape(height, width)
    same(read_text(BytesIO(whole), "it", ReadOptions(missing="nan")), expected)
    if np.isnan(expected).any():
        row, column = np.argwhere(np.isnan(expected))[0]
        place = (
            f", line {1 + head.count(chr(10)) + row * end.count(chr(10))}, column {column + 1} has "
        )
        with pytest.raises(FormatError, match=place):
            read_text(BytesIO(whole), "it", ReadOptions(missing="error"))


@given(data=st.binary(max_size=200) | st.text("0123456789 ,;.-+eEdD[]()\"'\n\tnaif#_", max_size=60))
def test_any_bytes_are_a_matrix_or_an_error_of_ours(data: bytes | str) -> None:
    for options in (ReadOptions(missing="nan"), ReadOptions(integers=False)):
        try:
            text = data if isinstance(data, bytes) else data.encode()
            array = read_text(BytesIO(text), "it", options)
        except UpsampError:
            event("refused")
        else:
            assert array.ndim in (2, 3, 4)
            assert array.dtype.kind in "iuf"
            assert array.size > 0


# --- files


def npy(*arrays: Array) -> bytes:
    """Return the bytes of .npy files one behind the other."""
    buffer = BytesIO()
    for array in arrays:
        np.save(buffer, array)
    return buffer.getvalue()


def npz(**arrays: Array) -> bytes:
    buffer = BytesIO()
    write_npz_arrays(arrays, buffer)
    return buffer.getvalue()


def archive(names: Iterable[str]) -> bytes:
    """Return a zip archive of members without numbers."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "<x/>")
    return buffer.getvalue()


def foreign(words: str) -> str:
    """Return the message for a file of another program."""
    return f"it must be an image or a matrix. Received: {words}"


EYE, WIDE = np.eye(2), np.arange(6, dtype=np.int16).reshape(2, 3)
PICKLED = (
    "Python or PyTorch objects, which could run code when they are read. "
    "Save the array with numpy.save."
)
SHEET = "an Excel workbook. Save the sheet as CSV."
PANDAS = "Write it with pandas: frame.to_csv('FILE.csv', header=False, index=False)."
SAFE = "a safetensors file. Save one of its arrays with numpy.save."
KERAS = "a Keras model. Use upsamp summary or upsamp generator."
PACKED = "Unpack it first; of gzip a matrix is read."
TWO = (
    "it must hold one array. Received: {} bytes after it, as of another one. "
    "Save several with numpy.savez."
)
NAMED = (
    "it must be a file that is asked for one of its arrays, as in 'FILE.npz:NAME'. It holds: {}."
)
TEN = ", ".join(f"a{number}" for number in range(10))
MATLAB = "a MATLAB file. Use writematrix(A, 'FILE.csv') in MATLAB."
HDF5 = "an HDF5 file. Save one of its arrays: numpy.save('FILE.npy', h5py.File(...)['NAME'][()])."
NO_GZIP = "it must hold a matrix, packed by gzip once. Received: something else. Unpack it first."
# The name of a file, what it holds, and what is made of it.
FILES: list[tuple[str, bytes, Any]] = [
    ("a.npy", npy(WIDE), WIDE),
    ("a.NPY", npy(WIDE), WIDE),
    ("a.csv", npy(WIDE), WIDE),
    ("a", npy(WIDE), WIDE),
    ("a.Npz", npz(a=WIDE), WIDE),
    ("-", npz(a=WIDE), WIDE),
    ("a.npy", npz(a=WIDE), WIDE),
    ("a.CSV", b"1,2\n3,4", ROWS),
    ("a.npy", npy(EYE, WIDE), TWO.format(140)),
    ("-", npy(EYE) + b"\n", TWO.format(1)),
    ("a.npz", npz(a=EYE, b=EYE), NAMED.format("a, b")),
    ("-", npz(**{f"a{n}": EYE for n in range(12)}), NAMED.format(f"{TEN}, and 2 more")),
    ("a.npz", archive(["letter.txt"]), NAMED.format("none")),
    ("a.csv.gz", gzip.compress(b"1,2\n3,4"), ROWS),
    ("a.TSV.GZ", gzip.compress(b"1\t2\n3\t4"), ROWS),
    ("a.json.gz", gzip.compress(b"[[1, 2], [3, 4]]"), ROWS),
    ("a.txt.gz", gzip.compress("1 2\n3 4".encode("utf-16")), ROWS),
    ("a.npy.gz", gzip.compress(npy(WIDE)), WIDE),
    ("a.npz.gz", gzip.compress(npz(a=WIDE)), WIDE),
    ("-", gzip.compress(b"1 2\n3 4"), ROWS),
    ("a.csv", gzip.compress(b"1,2\n") + gzip.compress(b"3,4"), ROWS),
    ("a.gz.gz", gzip.compress(gzip.compress(b"1 2")), NO_GZIP),
    ("a.png.gz", gzip.compress(b"\x89PNG\r\n\x1a\n\0\0\0"), NO_GZIP),
    ("a.mat", b"MATLAB 5.0 MAT-file, Platform" + bytes(200), foreign(MATLAB)),
    ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), foreign(SHEET)),
    ("a.xlsx", archive(["[Content_Types].xml", "xl/workbook.xml"]), foreign(SHEET)),
    ("a.csv", archive(["[Content_Types].xml", "xl/workbook.xml"]), foreign(SHEET)),
    (
        "a.ods",
        archive(["mimetype", "content.xml"]),
        foreign("an OpenDocument sheet. Save the sheet as CSV."),
    ),
    ("a.parquet", b"PAR1\x15\x04" + bytes(50), foreign(f"a Parquet file. {PANDAS}")),
    ("a.feather", b"ARROW1\0\0" + bytes(50), foreign(f"a Feather or Arrow file. {PANDAS}")),
    ("a.csv", b"FEA1" + bytes(50), foreign(f"a Feather or Arrow file. {PANDAS}")),
    ("a.pt", archive(["archive/data.pkl", "archive/data/0"]), foreign(PICKLED)),
    ("a.pth", pickle.dumps([1, 2], 2), foreign(PICKLED)),
    ("a.npy", pickle.dumps([1, 2], 5), foreign(PICKLED)),
    ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(50), foreign(HDF5)),
    ("a.safetensors", b'\x10\0\0\0\0\0\0\0{"a": 1}' + bytes(50), foreign(SAFE)),
    ("a.keras", archive(["metadata.json", "config.json"]), foreign(KERAS)),
    ("a.csv.bz2", b"BZh91AY&SY" + bytes(50), foreign(f"a file packed by bzip2. {PACKED}")),
    ("a.csv.xz", b"\xfd7zXZ\0" + bytes(50), foreign(f"a file packed by xz. {PACKED}")),
    ("a.mat.gz", gzip.compress(b"MATLAB 5.0 MAT-file" + bytes(200)), foreign(MATLAB)),
]


# A gzip file tells when it was packed, which is no name for a test that all workers have to know.
@in_one_test(
    ("name", "data", "outcome"),
    FILES,
)
def test_a_file_of_arrays_is_read_or_named(name: str, data: bytes, outcome: Any) -> None:
    check(outcome, lambda: read_stream(BytesIO(data), name, "it", None, ReadOptions()))


@in_one_test("cut", [1, 8, 12, 20])
def test_a_gzip_file_that_is_cut_off_or_damaged_is_no_matrix(cut: int) -> None:
    whole = gzip.compress(b"1 2\n3 4\n" * 100)
    damaged = (
        whole[:-cut] + bytes([whole[-cut] ^ 255]) + whole[1 - cut :] if cut > 1 else whole + b"x"
    )
    for data in (whole[:-cut], damaged):
        with pytest.raises(
            FormatError, match=r"^it must be a whole gzip file\. Received: .*\. Pack"
        ):
            read_stream(BytesIO(data), "a.csv.gz", "it", None, ReadOptions())


def test_a_gzip_bomb_is_refused_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    text, array = gzip.compress(b"1," * 2**21 + b"1"), gzip.compress(npy(np.zeros((2**10, 2**10))))
    for data in (text, array):
        with limit_memory(2**22), pytest.raises(MemoryLimitError, match=r"Use --max-memory \d+MB"):
            read_stream(BytesIO(data), "-", "it", None, ReadOptions())
    monkeypatch.setattr(gzip_files, "MAX_TEXT", 2**20)
    for data in (text, array):
        with pytest.raises(FormatError, match=r"^it must unpack to at most 1,048,576 bytes"):
            read_stream(BytesIO(data), "-", "it", None, ReadOptions())


def test_empty_cells_that_become_nan_are_counted_before_memory_is_taken() -> None:
    text = BytesIO(b",,,\n" * 2**17)
    with (
        limit_memory(35_000_000),
        pytest.raises(MemoryLimitError, match=r"takes 36\.00 MB") as caught,
    ):
        read_text(text, "it", ReadOptions(missing="nan"))
    declared: Any = caught.value.declared
    assert declared.shape == (2**17, 4)


@in_one_test("key", ["conv/kernel:0", "a:b", ":", "x.npz:y", "C:/d", "plain"])
def test_an_array_is_named_whatever_colons_it_has(key: str, tmp_path: Path) -> None:
    path = tmp_path / "of: all.NpZ"
    with zipfile.ZipFile(path, "w") as file:
        for name in (key, "other"):
            file.writestr(f"{name}.npy", npy(EYE if name == key else WIDE))
    same(np.asarray(read_source(f"{path}:{key}", ReadOptions())), EYE)
    with pytest.raises(FormatError, match=r"asked for one of its arrays.*It holds: "):
        read_source(f"{path}:{key}x", ReadOptions())


@in_one_test("name", ["a.npz.gz", "a.NPZ.GZ"])
def test_an_array_of_a_packed_archive_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(npz(a=EYE, b=WIDE)))
    same(np.asarray(read_source(f"{path}:b", ReadOptions())), WIDE)
    with pytest.raises(FormatError, match=r"asked for one of its arrays.*It holds: a, b\.$"):
        read_source(f"{path}:c", ReadOptions())


@in_one_test(
    "content, kind",
    [
        (npy(EYE), "npy"),
        (b"1 2\n3 4", "txt"),
        (gzip.compress(b"1,2"), "txt"),
        (gzip.compress(npy(EYE)), "npy"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "image"),
    ],
)
def test_what_is_no_archive_has_no_array_by_name(content: bytes, kind: str) -> None:
    message = rf"^it must be an \.npz archive.* of the kind {kind}\. Leave out the colon"
    with pytest.raises(FormatError, match=message):
        read_stream(BytesIO(content), "/dev/stdin", "it", "b", ReadOptions())


def test_a_file_of_one_array_has_none_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(npy(EYE))
    with pytest.raises(FormatError, match=r"must be an \.npz archive.* Leave out the colon"):
        read_source(f"{path}:b", ReadOptions())
    same(np.asarray(read_source(str(path), ReadOptions())), EYE)
