"""Matrices as text and JSON: every spelling gives the same numbers, and none is rounded."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from exact import same
from numpy.typing import NDArray

from upsamp.errors import FormatError
from upsamp.io.matrices import parse_text, read_text

Array = NDArray[Any]

ROWS = [[1.0, 2.0], [3.0, 4.0]]


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
    same(read_text(BytesIO(text.encode()), "it"), np.array(ROWS))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("text", ["1 2\r\n3 4\r\n", "[[1,2],[3,4]]"])
def test_a_byte_order_mark_tells_the_encoding(text: str, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    same(read_text(BytesIO(mark + text.encode(encoding)), "it"), np.array(ROWS))


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
