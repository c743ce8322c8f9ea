"""JSON out of files that nobody vouches for, read within bounds."""

import json
import re
from collections import Counter
from typing import Any

from upsamp.core.text import decode_text
from upsamp.errors import FormatError
from upsamp.io.stored_arrays import shown

# Bytes of JSON that are read at most, and how deep objects and lists may be in each other.
# Keras' largest models have a few megabytes, and about twenty levels.
MAX_TEXT = 64 * 2**20
MAX_DEPTH = 200
# How many strings, objects and lists there may be: each takes much more memory than text.
MAX_PARTS = 4_000_000

# A string, closed or not, or a bracket. What a string has taken it never gives back, so that the
# time is linear even where the last one is open.
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
# The beginning of an escape that may be half a character.
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(data: bytes, what: str, *, max_size: int = MAX_TEXT) -> object:
    """Return what JSON in UTF-8 or UTF-16 says, or raise `FormatError`.

    what: names it in the message. UTF-16 is told by its byte order mark.

    Refused besides text that is no JSON: more than `max_size` bytes or 64 MB, more than 200
    levels, millions of parts, a key twice in one object, and half characters.

    >>> read_json(b'{"class_name": "Sequential"}', "config.json")
    {'class_name': 'Sequential'}
    """
    limit = min(max_size, MAX_TEXT)
    if len(data) > limit:
        raise FormatError(
            f"{what} must not be longer than {limit:,} bytes. Received: {len(data):,} bytes. "
            "It is no description of a model.",
            rule="json-length",
        )
    try:
        text = decode_text(data)
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{what} must be JSON in UTF-8. Received: the byte 0x{data[error.start]:02x} at "
            f"{error.start:,}. Save the model again.",
            rule="json-damaged",
        ) from None
    _check_parts(text, what)
    try:
        value: object = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, what))
        if SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (json.JSONDecodeError, UnicodeEncodeError) as error:
        place = "half a character" if isinstance(error, UnicodeEncodeError) else str(error)
        raise FormatError(
            f"{what} must be JSON. Received: {place}. Save the model again.",
            rule="json-damaged",
        ) from None
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"{what} must hold numbers that are no longer than Python reads. "
            "Received: an integer of thousands of digits. Save the model again.",
            rule="json-damaged",
        ) from None
    return value


def _check_parts(text: str, what: str) -> None:
    """Count the parts and how deep they stand, before a parser that calls itself meets them."""
    depth = parts = 0
    for token in TOKEN.finditer(text):
        mark = text[token.start()]
        if mark in "]}":
            depth -= 1
            continue
        depth += mark != '"'
        parts += 1
        if depth > MAX_DEPTH:
            raise FormatError(
                f"{what} must not be nested deeper than {MAX_DEPTH} levels. "
                f"Received: more, at character {token.start():,}. It is no model's.",
                rule="json-depth",
            )
        if parts > MAX_PARTS:
            raise FormatError(
                f"{what} must not have more than {MAX_PARTS:,} parts. Received: more. "
                "It is no model's.",
                rule="json-parts",
            )


def _object(pairs: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    """Return the object of these keys, each of which must be there once."""
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = max(counts, key=counts.__getitem__)
        raise FormatError(
            f"{what} must have each key once in an object. Received: {shown(twice)} twice. "
            "Save the model again.",
            rule="json-duplicate-key",
        )
    return result
