"""The audit of a file: all reasons at once why it should not be loaded, and what was not seen."""

import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from upsamp.errors import FormatError, UpsampError
from upsamp.io.archives import DAMAGE, MAX_MEMBERS, BoundedStream, faults_of, start_of
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.model_files import WEIGHTS
from upsamp.io.model_sources import Source, find_source, is_folder, kind_of
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays
from upsamp.models.audit.embedded import HEAD_BYTES
from upsamp.models.audit.parts import HDF5, Part, audit_part, refused
from upsamp.models.audit.report import Report, quoted, received
from upsamp.models.audit.zip_layout import layout_faults, names_that_are_one

# The weights of a .keras file, one of which it must have.
WEIGHTS_MEMBERS = {WEIGHTS, "model.weights.npz", "model.weights.json"}
# An archive in an archive that is looked into: weights as .npz.
MAX_NESTED = 64 * 2**20
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Bytes at the end that have the last part of a zip archive's list, and what follows it.
TAIL = 2**19


def audit_model(path: str, *, max_size: int = DEFAULT_MAX_SIZE) -> Report:
    """Return what speaks against loading a file, or the folder of a model; "-" is standard input.

    max_size: how many bytes an archive may unpack to. Nothing of the file is run or imported, and
    what no reader takes is audited as well. Raises `FileError` where there is no such file.
    """
    report = Report(path)
    with Hdf5Reader(max_size=max_size) as reader:
        if is_folder(path):
            _audit_folder(path, report, max_size, reader)
        else:
            _audit_file(find_source(path, max_size, reader), report, max_size)
    return report


def _audit_file(source: Source, report: Report, max_size: int) -> None:
    """Audit a file as all that it can be taken for."""
    with source.open() as stream:
        head = stream.read(HEAD_BYTES)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        tail = stream.read(TAIL)
        has_end = b"PK\x05\x06" in tail and b"PK\x01\x02" in tail
    kinds = []
    if has_end or head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kinds.append(_audit_zip(source, report, max_size))
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        part = _file_part(source, "", size, max_size)
        kinds.append(audit_part(part, report) or _other(source, part, head, report))
        if has_end:
            report.add("hidden-data", "a zip archive in a file that begins as another", offset=0)
    report.kind = " and ".join(filter(None, kinds)) or "unknown"


def _file_part(source: Source, name: str, size: int, max_size: int) -> Part:
    def read(count: int) -> bytes:
        with source.open() as stream:
            return stream.read(count)

    load = partial(_read_hdf5, source, max(max_size, size))
    return Part(name, size, read, load)


def _read_hdf5(
    source: Source, max_size: int, offset: int = 0, size: int | None = None
) -> StoredArrays:
    """Return what an HDF5 file holds, with its faults; a file may be as large as it is."""
    if source.reader is not None:
        source.reader.max_size = max_size
    return source.read_hdf5(values=False, max_size=max_size, offset=offset, size=size, audit=True)


def _other(source: Source, part: Part, head: bytes, report: Report) -> str:
    """Note what a file is that is no model, and an HDF5 file that begins later in it."""
    try:
        kind_of(source)
        told = "a file of no known kind"
    except FormatError as error:
        told = received(str(error))
    report.add("not-a-model", f"{told}; magic {head[:8].hex(' ') or 'none'}", offset=0)
    begin = _late_hdf5(part)
    if begin is None:
        return ""
    report.add("hidden-data", "an HDF5 file that begins later", offset=begin)
    late = Part(
        "", part.size - begin, lambda count: part.read(begin + count)[begin:], part.read_hdf5
    )
    return audit_part(late, report)


def _late_hdf5(part: Part) -> int | None:
    """Return where the library finds an HDF5 file that does not begin the file."""
    data = part.read(2**20)
    places = [512 * 2**step for step in range(12)]
    return next((place for place in places if data[place : place + 8] == HDF5), None)


# --- archives


def _audit_zip(source: Source, report: Report, max_size: int, member: str = "") -> str:
    """Note what speaks against a zip archive and its members, and return its kind."""
    prefix = f"{member}: " if member else ""
    with source.open() as stream, _noting_damage(report, member):
        size = stream.seek(0, 2)
        bounded: Any = BoundedStream(stream, source.name)
        with zipfile.ZipFile(bounded) as content:
            members = content.infolist()[:MAX_MEMBERS]
            kind = _zip_kind({one.filename for one in members})
            with _noting_damage(report, member):
                for fault in faults_of(content, stream, source.name, max(max_size, size)):
                    fault.place = prefix + fault.place if fault.place else member
                    refused(fault, report, "zip-damaged")
            with _noting_damage(report, member):
                for finding in layout_faults(content, stream):
                    place = prefix + finding.member if finding.member else member
                    report.add(finding.rule, finding.message, place, offset=finding.offset)
            for one in members:
                if report.late:
                    report.skip("the other members, as the others have taken long")
                    break
                if not one.is_dir():
                    with _noting_damage(report, prefix + one.filename):
                        _audit_member(one, content, source, stream, report, prefix)
            _check_whole(content, members, kind, report)
            return kind
    report.skip(f"{member or 'the archive'}: its members")
    return "zip"


@contextmanager
def _noting_damage(report: Report, member: str) -> Iterator[None]:
    """Note what is damaged, and go on."""
    try:
        yield
    except FormatError as error:
        refused(error, report, "zip-damaged", member)
    except UpsampError as error:
        report.skip(f"{member or 'the file'}: {error}")
    except DAMAGE as error:
        told = str(error).split("\n")[0] or type(error).__name__
        report.add("zip-damaged", quoted(told), member)


def _zip_kind(names: set[str]) -> str:
    if "config.json" in names:
        return ".keras"
    if any(name.endswith("data.pkl") for name in names):
        return "PyTorch"
    if names and all(name.endswith(".npy") for name in names):
        return ".npz"
    return "zip"


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
        with content.open(member) as file:
            return file.read(count)

    def load() -> StoredArrays:
        return _member_hdf5(member, content, source, stream, report)

    nested = name.endswith(".npz") and not prefix and read(2) == b"PK"
    if nested and member.file_size <= MAX_NESTED and report.take(member.file_size):
        inner = Source(f"{name} of {source.name}", None, read(MAX_NESTED))
        _audit_zip(inner, report, MAX_NESTED, name)
    elif not audit_part(Part(name, member.file_size, read, load), report):
        _skip_unknown(name, report)


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
            with _noting_damage(report, one.filename), content.open(one) as file:
                count = sum(map(len, iter(lambda: file.read(2**20), b"")))
                if count != one.file_size:
                    told = f"{count:,} bytes where {one.file_size:,} are declared"
                    report.add("zip-damaged", told, one.filename)


def _skip_unknown(name: str, report: Report) -> None:
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
        return _read_hdf5(source, max_size, start_of(member, stream), member.file_size)
    if not report.take(member.file_size):
        raise FormatError(
            f"{source.name} must unpack to little for its audit. "
            f"Received: {member.file_size:,} bytes. Store it without compression.",
            rule="zip-size",
        )
    with content.open(member) as file:
        blocks = iter(lambda: file.read(2**20), b"")
        return source.read_unpacked(blocks, values=False, max_size=max_size, audit=True)


# --- folders


def _audit_folder(path: str, report: Report, max_size: int, reader: Hdf5Reader) -> None:
    """Note what speaks against a folder and the files in it; links are named, not followed."""
    names = {entry.name for entry in os.scandir(path)}
    report.kind = "folder of a model" if "config.json" in names else "folder"
    if "saved_model.pb" in names:
        report.kind = "TensorFlow SavedModel"
    elif "config.json" not in names:
        report.add("not-a-model", "a folder without config.json")
    files = dict(_files(path, report))
    if "config.json" in names and not files.keys() & WEIGHTS_MEMBERS:
        report.add("no-weights", f"no {WEIGHTS}")
    for one, other in names_that_are_one(files):
        report.add("zip-names", f"{quoted(one)} and {quoted(other)}", other)
    for name, size in files.items():
        if report.late:
            report.skip("the other files, as the others have taken long")
            return
        source = Source(f"'{name}'", str(Path(path) / name), reader=reader)
        with _noting_damage(report, name):
            part = _file_part(source, name, size, max_size)
            if name.endswith((".npz", ".keras")) and part.read(2) == b"PK":
                _audit_zip(source, report, max_size, name)
            elif not audit_part(part, report):
                _skip_unknown(name, report)


def _files(path: str, report: Report) -> Iterator[tuple[str, int]]:
    """Yield the plain files below a folder, with their sizes; note what else there is."""
    count = 0
    for folder, folders, names in os.walk(path):
        for name in sorted([*names, *folders]):
            full = Path(folder) / name
            inner = full.relative_to(path).as_posix()
            mode = full.lstat().st_mode
            count += 1
            if stat.S_ISLNK(mode) or not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                report.add("folder-link", f"{quoted(name)} is a link or a device", inner)
            elif stat.S_ISREG(mode):
                yield inner, full.lstat().st_size
        folders.sort()
        if count > MAX_MEMBERS:
            report.add("zip-count", f"more than {MAX_MEMBERS:,} files")
            report.skip("the other files")
            return
