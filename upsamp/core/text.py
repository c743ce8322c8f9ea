"""Text that harms nobody who looks at it: names out of files may hold anything."""

import codecs
from typing import Any

from upsamp.errors import printable

__all__ = [
    "decode_text",
    "encoding_of",
    "first_line",
    "json_text",
    "printable",
    "printable_lines",
]


def encoding_of(head: bytes) -> str:
    r"""Return the encoding of a text that begins with these bytes, by its byte order mark.

    head: its first four bytes, or more.

    >>> encoding_of(b"\xff\xfe1\0"), encoding_of(b"1 2")
    ('utf-16', 'utf-8-sig')
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # one begins like UTF-16
        return "utf-32"
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def decode_text(data: bytes, errors: str = "strict") -> str:
    r"""Return text in UTF-8, or in UTF-16 or UTF-32 where it begins with a byte order mark.

    Raises `UnicodeDecodeError` unless `errors` says otherwise.

    >>> decode_text(b"\xff\xfe1\0"), decode_text(b"1")
    ('1', '1')
    """
    return data.decode(encoding_of(data), errors)


def first_line(error: BaseException) -> str:
    r"""Return what an error says, its first line without a full stop; its class if it says nothing.

    A library may put bytes of a file into its words, so they are made `printable`.

    >>> first_line(ValueError("Bad header.\nIt is cut off.")), first_line(KeyError())
    ('Bad header', 'KeyError')
    >>> print(first_line(ValueError("Bad chunk " + chr(127))))
    Bad chunk \x7f
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return printable(lines[0]).rstrip(".")


def printable_lines(text: str) -> str:
    r"""Return text of which lines and tabs alone are left as they are.

    >>> printable_lines("a" + chr(27) + "\n\tb")
    'a\\x1b\n\tb'
    """
    return "\n".join(
        "\t".join(printable(cell) for cell in line.split("\t")) for line in text.split("\n")
    )


def json_text(value: Any, indent: int | None = None) -> str:
    r"""Return a value as JSON of visible ASCII only, which says the same.

    >>> print(json_text({"name": "é" + chr(0x7F)}))
    {"name": "\u00e9\u007f"}
    """
    import json  # most text is none

    # The one control character that JSON need not escape; it is nowhere but in strings.
    return json.dumps(value, indent=indent).replace("\x7f", r"\u007f")
