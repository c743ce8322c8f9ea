"""Zip archives: what speaks against them as a whole, and against each of their members."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from upsamp.errors import FormatError, UpsampError
from upsamp.io.archives import DAMAGE, MAX_MEMBERS, BoundedStream, faults_of, start_of
from upsamp.io.model_files import WEIGHTS
from upsamp.io.model_sources import Source
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays
from upsamp.models.audit.parts import Part, audit_part, refused
from upsamp.models.audit.report import Report, quoted
from upsamp.models.audit.zip_layout import layout_faults

# The weights of a .keras file, one of which it must have.
WEIGHTS_MEMBERS = {WEIGHTS, "model.weights.npz", "model.weights.json"}
# An archive in an archive that is looked into: weights as .npz.
MAX_NESTED = 64 * 2**20
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_hdf5_with_faults(
    source: Source, max_size: int, offset: int = 0, size: int | None = None
) -> StoredArrays:
    """Return what an HDF5 file holds, with its faults; a file may be as large as it is."""
    if source.reader is not None:
        source.reader.max_size = max_size
    return source.read_hdf5(values=False, max_size=max_size, offset=offset, size=size, audit=True)


def audit_zip(source: Source, report: Report, max_size: int, member: str = "") -> str:
    """Note what speaks against a zip archive and its members, and return its kind."""
    prefix = f"{member}: " if member else ""
    with source.open() as stream, noting(report, member), _telling_damage():
        size = stream.seek(0, 2)
        bounded: Any = BoundedStream(stream, source.name)
        with zipfile.ZipFile(bounded) as content:
            members = content.infolist()[:MAX_MEMBERS]
            kind = _zip_kind({one.filename for one in members})
            with noting(report, member), _telling_damage():
                for fault in faults_of(content, stream, source.name, max(max_size, size)):
                    fault.place = prefix + fault.place if fault.place else member
                    refused(fault, report, "zip-damaged")
            with noting(report, member), _telling_damage():
                for finding in layout_faults(content, stream):
                    place = prefix + finding.member if finding.member else member
                    report.add(finding.rule, finding.message, place, offset=finding.offset)
            _audit_members(members, content, source, stream, report, prefix)
            _check_whole(content, members, kind, report)
            return kind
    report.skip(f"{member or 'the archive'}: its members")
    return "zip"


@contextmanager
def noting(report: Report, member: str) -> Iterator[None]:
    """Note what a reader refuses, and go on."""
    try:
        yield
    except FormatError as error:
        refused(error, report, "zip-damaged", member)
    except UpsampError as error:
        report.skip(f"{member or 'the file'}: {error}")


@contextmanager
def _telling_damage() -> Iterator[None]:
    """Raise `FormatError` for what Python's reader of zip archives raises."""
    try:
        yield
    except UpsampError:
        raise
    except DAMAGE as error:
        told = quoted(str(error).split("\n")[0] or type(error).__name__)
        raise FormatError(
            f"It must be a whole zip archive. Received: {told}. Save it again.", rule="zip-damaged"
        ) from error


def _zip_kind(names: set[str]) -> str:
    if "config.json" in names:
        return ".keras"
    if any(name.endswith("data.pkl") for name in names):
        return "PyTorch"
    if names and all(name.endswith(".npy") for name in names):
        return ".npz"
    return "zip"


def _audit_members(
    members: list[zipfile.ZipInfo],
    content: zipfile.ZipFile,
    source: Source,
    stream: BinaryIO,
    report: Report,
    prefix: str,
) -> None:
    """Note what speaks against the members, until they have taken long."""
    for member in members:
        if report.late:
            report.skip("the other members, as the others have taken long")
            return
        if not member.is_dir():
            with noting(report, prefix + member.filename):
                _audit_member(member, content, source, stream, report, prefix)


def _audit_member(
    member: zipfile.ZipInfo,
    content: zipfile.ZipFile,
    source: Source,
    stream: BinaryIO,
    report: Report,
    prefix: str,
) -> None:
    """Note what speaks against a member, which is read as far as it must be."""
    name = prefix + member.filename
    if member.compress_type not in READABLE or member.flag_bits & 0x2041:
        report.skip(f"{name}: it is encrypted, or packed in an unusual way")
        return

    def read(count: int) -> bytes:
        with _telling_damage(), content.open(member) as file:
            return file.read(count)

    def load() -> StoredArrays:
        with _telling_damage():
            return _member_hdf5(member, content, source, stream, report)

    if name.endswith(".npz") and not prefix and read(2) == b"PK":
        if member.file_size > MAX_NESTED or not report.take(member.file_size):
            report.skip(f"{name}: its arrays, which take much memory")
            return
        inner = Source(f"{name} of {source.name}", None, read(MAX_NESTED))
        audit_zip(inner, report, MAX_NESTED, name)
    elif not audit_part(Part(name, member.file_size, read, load), report):
        skip_unknown(name, report)


def _check_whole(
    content: zipfile.ZipFile, members: list[zipfile.ZipInfo], kind: str, report: Report
) -> None:
    """Note what is missing, and members whose bytes are not those that they declare."""
    names = {one.filename for one in members}
    if kind == "zip":
        report.add("not-a-model", "a zip archive without config.json")
    elif kind == ".keras" and not names & WEIGHTS_MEMBERS:
        report.add("no-weights", f"no {WEIGHTS}")
    for one in members:
        if report.late or not report.take(one.file_size):
            report.skip("the sums over the bytes of large members")
            return
        if one.compress_type in READABLE and not one.flag_bits & 0x2041:
            with noting(report, one.filename), _telling_damage(), content.open(one) as file:
                count = sum(map(len, iter(lambda: file.read(2**20), b"")))
                if count != one.file_size:
                    told = f"{count:,} bytes where {one.file_size:,} are declared"
                    report.add("zip-damaged", told, one.filename)


def skip_unknown(name: str, report: Report) -> None:
    """Note that a part of no known kind was not looked at, unless it is plain text."""
    if not name.endswith((".txt", ".md")):
        report.skip(f"{name}: no part of a model that is known")


def _member_hdf5(
    member: zipfile.ZipInfo,
    content: zipfile.ZipFile,
    source: Source,
    stream: BinaryIO,
    report: Report,
) -> StoredArrays:
    """Return what the HDF5 file holds that is a member."""
    max_size = max(DEFAULT_MAX_SIZE, member.file_size)
    if member.compress_type == zipfile.ZIP_STORED:
        return read_hdf5_with_faults(source, max_size, start_of(member, stream), member.file_size)
    if not report.take(member.file_size):
        report.skip(f"{member.filename}: HDF5 that unpacks to very much")
        return StoredArrays({})
    with content.open(member) as file:
        blocks = iter(lambda: file.read(2**20), b"")
        return source.read_unpacked(blocks, values=False, max_size=max_size, audit=True)
