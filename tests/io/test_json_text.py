"""JSON of untrusted files is read within bounds, and refused in one line."""

import json
import re
import time

import pytest
from effort import in_one_test

from upsamp.errors import FormatError
from upsamp.io import json_text
from upsamp.io.json_text import read_json


@in_one_test(
    "value",
    [
        {"class_name": "Sequential", "config": {"layers": [1, 2.5, None, True, "é\u2028"]}},
        [],
        "text",
        {"brackets in text": "[" * 500 + '\\"' + "{" * 500},
        {"\U0001f600": "\U0001f600"},
    ],
)
@in_one_test("ascii_only", [True, False])
def test_what_was_written_is_read(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text.encode(), "it") == value
    assert read_json(b"\xef\xbb\xbf" + text.encode(), "it") == value
    assert read_json(text.encode("utf-16"), "it") == value
    assert read_json(text.encode("utf-32"), "it") == value
    assert read_json(b"\xfe\xff" + text.encode("utf-16-be"), "it") == value


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_two_hundred_levels_are_read_and_no_more(opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:
        return (opening * depth + "0" + closing * depth).encode()

    read_json(nested(200), "it")
    with pytest.raises(
        FormatError,
        match=r"^it must not be nested deeper than 200 levels\. Received: more, at character",
    ):
        read_json(nested(201), "it")


def test_the_parts_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "MAX_PARTS", 10)
    assert read_json(b"[" + b'{"a":1},' * 4 + b"0]", "it")
    with pytest.raises(FormatError, match=r"^it must not have more than 10 parts\. Received: more"):
        read_json(b"[" + b'{"a":1},' * 5 + b"0]", "it")


def test_lists_side_by_side_are_not_deep() -> None:
    assert read_json(b"[" + b"[]," * 1000 + b"[]]", "it") == [[]] * 1001


@pytest.mark.parametrize(("size", "limit"), [(11, 10), (2**26 + 1, 2**30)])
def test_the_bytes_are_bounded_by_the_caller_and_by_64_mb(size: int, limit: int) -> None:
    text = f"it must not be longer than {min(limit, 2**26):,} bytes. Received: {size:,} bytes."
    with pytest.raises(FormatError, match=re.escape(text)):
        read_json(b" " * size, "it", max_size=limit)
    assert read_json(b"[]", "it", max_size=2) == []


@in_one_test(
    ("data", "says"),
    [
        (b"", r"must be JSON\. Received: Expecting value"),
        (b"]]]", r"must be JSON\. Received: Expecting value"),
        (b'{"a": 1,}', r"must be JSON\. Received: "),
        (b'{"a": 1', r"must be JSON\. Received: Expecting ',' delimiter"),
        (b"[1] x", r"must be JSON\. Received: Extra data"),
        (b'{"' + b'\\"' * 10**5, r"must be JSON\. Received: Unterminated string"),
        (b'{"a": 1, "b": {}, "a": 2}', "must have each key once in an object. Received: 'a' twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "must have each key once in an object. Received: 'b' twice"),
        (b'{"\\u001b": 1, "\\u001b": 2}', r"Received: '\\x1b' twice"),
        (b'"caf\xe9"', r"must be JSON in UTF-8\. Received: the byte 0xe9 at 4\."),
        (b"\xff\xfe[\0]", r"must be JSON in UTF-8\. Received: the byte 0x5d at 4\."),
        (b"9" * 5000, r"Received: an integer of thousands of digits\."),
        (b'["\\ud83d"]', r"must be JSON\. Received: half a character\."),
        (b'{"\\uDE00": 1}', r"must be JSON\. Received: half a character\."),
    ],
)
def test_all_else_is_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        read_json(data, "it")
    assert str(caught.value).startswith("it must ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b'"' + b'\\"' * 10**6, b'["' * 10**6, b"]" * 10**6, b"[" * 10**6, b'"\\' * 10**6]
)
def test_the_time_is_linear(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(FormatError):
        read_json(data, "it")
    assert time.process_time() - start < 5
