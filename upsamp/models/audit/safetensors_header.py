"""The header of a .safetensors file, held against its bytes; the numbers are not read."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from upsamp.errors import FormatError
from upsamp.io.json_text import read_json
from upsamp.io.stored_arrays import is_shape
from upsamp.models.audit.report import Report, quoted, received

MAX_HEADER = 16 * 2**20
BITS = {
    "BOOL": 8,
    "I8": 8,
    "U8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
    "C64": 64,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
Span = tuple[int, int]


def audit_safetensors(read: Callable[[int], bytes], size: int, report: Report, member: str) -> None:
    """Note where the header and the bytes of a file do not agree."""
    length = int.from_bytes(read(8), "little")
    if length > MAX_HEADER:
        report.add("json-length", f"a header of {length:,} bytes", member)
        return
    try:
        header = read_json(read(8 + length)[8:], "The header")
    except FormatError as error:
        rule = error.rule or "safetensors-damaged"
        report.add(rule, received(str(error)), member, "the header")
        return
    entries = header if isinstance(header, dict) else {}
    spans = []
    for name, entry in entries.items():
        if name == "__metadata__":
            continue
        span = _span(entry)
        if span is None:
            report.add("safetensors-damaged", f"the entry of {quoted(name)}", member)
        else:
            spans.append(span)
    spans.sort()
    ends = [(0, 0), *spans, (size - 8 - length,) * 2]
    for (_, end), (begin, _) in pairwise(ends):
        if begin != end:
            rule = "hidden-data" if begin > end else "safetensors-damaged"
            told = f"{begin - end:,} bytes of no array" if begin > end else "arrays that overlap"
            report.add(rule, told, member, offset=8 + length + end)
            return


def _span(entry: Any) -> Span | None:
    """Return where the bytes of an array are, or None where its entry makes no sense."""
    if not isinstance(entry, dict):
        return None
    shape, offsets, bits = entry.get("shape"), entry.get("data_offsets"), entry.get("dtype")
    if not (isinstance(shape, list) and is_shape(shape) and isinstance(bits, str)):
        return None
    if not (isinstance(offsets, list) and len(offsets) == 2 and is_shape(offsets)):
        return None
    begin, end = offsets
    needed = math.prod(shape) * BITS.get(bits, -8)
    return (begin, end) if needed == (end - begin) * 8 else None
