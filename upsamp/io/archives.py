"""Zip archives that nobody vouches for: every member is checked before one of them is read."""

import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from upsamp.core.memory import lack_of_memory
from upsamp.errors import FormatError, UpsampError
from upsamp.io.stored_arrays import shown

MAX_MEMBERS = 10_000
# Bytes that the list of members may have; the names of weights are short.
MAX_DIRECTORY = 4 * 2**20
# Deflate makes its input at most 1032 times as long; zeros do so honestly, in small numbers.
MAX_RATIO = 1000
SMALL = 64 * 2**20
BLOCK = 2**20
LOCAL_HEADER = struct.Struct("<4s22xHH")
AGAIN = "Save it again."
# What Python's reader raises on damaged files.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


class Archive:
    """The members of a zip archive, by name; folders are left out."""

    def __init__(self, content: zipfile.ZipFile, name: str) -> None:
        self.members = {
            member.filename: member for member in content.infolist() if not member.is_dir()
        }
        self._content = content
        self._name = name

    def read(self, member: str, limit: int) -> bytes:
        """Return the bytes of a member, at most `limit`."""
        size = self.members[member].file_size
        if size > limit:
            raise FormatError(
                f"{self._name} must have at most {limit:,} bytes in {shown(member)}. "
                f"Received: {size:,}. {AGAIN}"
            )
        return b"".join(self.blocks(member))

    def open(self, member: str) -> IO[bytes]:
        """Open a member, which does not go on where it is declared to end."""
        return self._content.open(member)

    def blocks(self, member: str) -> Iterator[bytes]:
        """Yield the bytes of a member in pieces; the sum over them is checked at the end."""
        with self._content.open(member) as file:
            left = self.members[member].file_size
            while block := file.read(BLOCK):
                left -= len(block)
                yield block
        if left:
            raise zipfile.BadZipFile("a member that ends too early")


@contextmanager
def open_archive(
    stream: BinaryIO,
    name: str,
    max_size: int,
    remedy: str = "Give a larger max_size (--max-size) if you trust it.",
) -> Iterator[Archive]:
    """Open a zip archive, or raise `FormatError` where it is damaged or made to harm.

    max_size: how many bytes all members may have when they are unpacked; remedy: what is told
    where they have more. Errors of the reading in the block become `FormatError` too.
    """
    try:
        with zipfile.ZipFile(BoundedStream(stream, name)) as content:
            for fault in faults_of(content, stream, name, max_size, remedy):
                raise fault
            yield Archive(content, name)
    except UpsampError:
        raise
    except MemoryError as error:
        raise lack_of_memory(name) from error
    except DAMAGE as error:
        what = shown(str(error).split("\n")[0] or type(error).__name__)
        raise FormatError(
            f"{name} must be a whole zip archive. Received: {what}. {AGAIN}",
            rule="zip-damaged",
        ) from error


class BoundedStream:
    """A stream that does not give much at a time, so that no list of members exhausts memory."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.seek = stream.seek
        self.tell = stream.tell
        self.seekable = stream.seekable
        self._stream = stream
        self._name = name

    def read(self, count: int = -1) -> bytes:
        """Read this many bytes."""
        data = self._stream.read(count if 0 <= count <= MAX_DIRECTORY else MAX_DIRECTORY + 1)
        if len(data) > MAX_DIRECTORY:
            raise _too_many(self._name)
        return data


def _too_many(name: str) -> FormatError:
    return FormatError(
        f"{name} must have at most {MAX_MEMBERS:,} members. Received: more. {AGAIN}",
        rule="zip-count",
    )


def faults_of(
    content: zipfile.ZipFile, stream: BinaryIO, name: str, max_size: int, remedy: str = AGAIN
) -> Iterator[FormatError]:
    """Yield what speaks against an archive, whose list of members has been read."""
    members = content.infolist()
    yield from _size_faults(members, name, max_size, remedy)
    for member in members:
        yield from _member_faults(member, name)
    yield from _place_faults(content, stream, name)


def _size_faults(
    members: list[zipfile.ZipInfo], name: str, max_size: int, remedy: str
) -> Iterator[FormatError]:
    """Yield what unpacks to more than is allowed, and what was packed to do harm."""
    if len(members) > MAX_MEMBERS:
        yield _too_many(name)
    total = sum(member.file_size for member in members)
    if total > max_size:
        yield FormatError(
            f"{name} must unpack to at most {max_size:,} bytes. Received: {total:,} bytes. "
            f"{remedy}",
            rule="zip-size",
        )
    for member in members:
        if member.file_size > max(SMALL, MAX_RATIO * member.compress_size):
            yield FormatError(
                f"{name} must not unpack to more than {MAX_RATIO:,} times its size. Received: "
                f"{member.file_size:,} bytes out of {member.compress_size:,}. {AGAIN}",
                rule="zip-ratio",
                place=member.filename,
            )
    counts = Counter(member.filename for member in members)
    for twice in (text for text, count in counts.items() if count > 1):
        yield FormatError(
            f"{name} must have each member once. Received: {shown(twice)} twice. {AGAIN}",
            rule="zip-duplicate",
            place=twice,
        )


def _member_faults(member: zipfile.ZipInfo, name: str) -> Iterator[FormatError]:
    """Yield what is wrong with names that lead elsewhere, and members that are no plain files."""
    text = member.orig_filename
    # On Windows names may have backslashes between their parts.
    parts = re.split(r"[/\\]", re.sub(r"[/\\]$", "", text))
    if (
        (re.match(r"[A-Za-z]:", text) and not text.endswith(".npy"))  # the names of arrays are free
        or "\0" in text
        or not {"", ".", ".."}.isdisjoint(parts)
    ):
        yield FormatError(
            f"{name} must have members whose names stay inside it. Received: {shown(text)}. "
            f"{AGAIN}",
            rule="zip-path",
            place=text,
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield FormatError(
            f"{name} must have plain files as members. "
            f"Received: {shown(text)}, a link or a device. {AGAIN}",
            rule="zip-link",
            place=text,
        )
    if member.flag_bits & 0x2041:
        yield FormatError(
            f"{name} must not be encrypted. Received: {shown(text)}, which is. "
            "Save it without a password.",
            rule="zip-encrypted",
            place=text,
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield FormatError(
            f"{name} must be stored or deflated. "
            f"Received: {shown(text)}, with the method {member.compress_type}. {AGAIN}",
            rule="zip-method",
            place=text,
        )


def _place_faults(content: zipfile.ZipFile, stream: BinaryIO, name: str) -> Iterator[FormatError]:
    """Yield members that share bytes, by which a few could unpack to very many."""
    end = 0
    for member in sorted(content.infolist(), key=lambda member: member.header_offset):
        if member.header_offset < end:
            yield FormatError(
                f"{name} must have members that do not overlap. "
                f"Received: {shown(member.filename)} inside another one. {AGAIN}",
                rule="zip-overlap",
                place=member.filename,
            )
        end = start_of(member, stream) + member.compress_size
    if end > content.start_dir:
        raise zipfile.BadZipFile("a member that runs past the end")


def start_of(member: zipfile.ZipInfo, stream: BinaryIO) -> int:
    """Return where the bytes of a member begin in the file, as the header before them says."""
    stream.seek(member.header_offset)
    magic, name_length, extra_length = LOCAL_HEADER.unpack(stream.read(LOCAL_HEADER.size))
    if magic != b"PK\x03\x04":
        raise zipfile.BadZipFile("a member that is not where it is said to be")
    return member.header_offset + LOCAL_HEADER.size + int(name_length) + int(extra_length)
