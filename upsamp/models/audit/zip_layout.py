"""What stands where in a zip archive: bytes of no member, and members described twice."""

import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from upsamp.io.archives import LOCAL_HEADER, start_of
from upsamp.models.audit.report import quoted

END, END_SIZE, MAX_COMMENT = b"PK\x05\x06", 22, 2**16
# What follows a member whose sizes were not known before it.
DESCRIPTOR = 24
UTF8, SIZES_AFTER = 0x800, 8
# The flags that change what is read: encryption, and sizes that come after.
MEANT_FLAGS = 0x2049
# The field that holds a second name.
UNICODE_PATH = 0x7075


class Finding(NamedTuple):
    """A broken rule, what is said of it, the member, and where it stands."""

    rule: str
    message: str
    member: str
    offset: int | None


def layout_faults(content: zipfile.ZipFile, stream: BinaryIO) -> Iterator[Finding]:
    """Yield what speaks against the layout of an archive; damage raises what zipfile raises."""
    yield from _names(content.infolist())
    members = sorted(content.infolist(), key=lambda member: member.header_offset)
    end = 0
    for member in members:
        begin = member.header_offset
        if begin > end + (DESCRIPTOR if end else 0):
            yield Finding("hidden-data", f"{begin - end:,} bytes before a member", "", end)
        yield from _headers(member, stream)
        if member.is_dir() and member.file_size:
            told = f"{member.file_size:,} bytes in a member that is a folder"
            yield Finding("hidden-data", told, member.filename, begin)
        end = max(end, start_of(member, stream) + member.compress_size)
    if content.start_dir > end + (DESCRIPTOR if end else 0):
        told = f"{content.start_dir - end:,} bytes before the list of members"
        yield Finding("hidden-data", told, "", end)
    yield from _after(content, stream)


def _after(content: zipfile.ZipFile, stream: BinaryIO) -> Iterator[Finding]:
    size = stream.seek(0, 2)
    if content.comment:
        place = size - len(content.comment)
        yield Finding("hidden-data", f"a comment of {len(content.comment):,} bytes", "", place)
    start = max(content.start_dir, size - MAX_COMMENT - END_SIZE)
    stream.seek(start)
    tail = stream.read(size - start)
    at = tail.rfind(END)
    end = start + at + END_SIZE + len(content.comment)
    if at >= 0 and end < size:
        yield Finding("hidden-data", f"{size - end:,} bytes after the archive", "", end)


def names_that_are_one(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of names that some systems take for one.

    >>> list(names_that_are_one(["a/b", "A/b", "a/b. "]))
    [('a/b', 'A/b'), ('a/b', 'a/b. ')]
    """
    seen: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFKC", name).casefold().rstrip("/. ")
        other = seen.setdefault(plain, name)
        if other.rstrip("/") != name.rstrip("/"):
            yield other, name


def _names(members: list[zipfile.ZipInfo]) -> Iterator[Finding]:
    """Yield the names that some systems take for one, and files that are folders as well."""
    for one, other in names_that_are_one(member.filename for member in members):
        yield Finding("zip-names", f"{quoted(one)} and {quoted(other)}", other, None)
    files = {member.filename for member in members if not member.is_dir()}
    for name in sorted(files):
        parts = name.split("/")[:-1]
        above = next(
            (up for n in range(len(parts)) if (up := "/".join(parts[: n + 1])) in files), None
        )
        if above:
            yield Finding("zip-names", f"{quoted(above)} is a file and a folder", name, None)


def _headers(member: zipfile.ZipInfo, stream: BinaryIO) -> Iterator[Finding]:
    """Yield where the header before a member says something else than the list of members."""
    stream.seek(member.header_offset)
    fixed = stream.read(LOCAL_HEADER.size)
    name_length = int.from_bytes(fixed[26:28], "little")
    raw = stream.read(name_length)
    flags = int.from_bytes(fixed[6:8], "little")
    name = raw.decode("utf-8" if flags & UTF8 else "cp437", "replace")
    differ = []
    if name != member.orig_filename:
        differ.append(f"the name {quoted(name)}")
    if int.from_bytes(fixed[8:10], "little") != member.compress_type:
        differ.append("the compression")
    if (flags ^ member.flag_bits) & MEANT_FLAGS:
        differ.append("the flags")
    for place, what, told in (
        (14, "sum", member.CRC),
        (18, "packed size", member.compress_size),
        (22, "size", member.file_size),
    ):
        said = int.from_bytes(fixed[place : place + 4], "little")
        if said not in (told, 2**32 - 1) and not (flags & SIZES_AFTER and not said):
            differ.append(f"the {what}")
    other = _unicode_name(member.extra)
    if other not in (None, member.filename):
        differ.append(f"the name {quoted(other)}")
    if differ:
        told_twice = f"the header before it differs in {', '.join(differ)}"
        yield Finding("zip-headers", told_twice, member.filename, member.header_offset)


def _unicode_name(extra: bytes) -> str | None:
    """Return the name that some readers take instead, or None where there is no other."""
    while len(extra) >= 4:
        kind, size = (int.from_bytes(extra[at : at + 2], "little") for at in (0, 2))
        if kind == UNICODE_PATH:
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return None
