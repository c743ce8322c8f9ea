"""The audit of a file: all reasons at once why it should not be loaded, and what was not seen."""

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from upsamp.errors import FormatError
from upsamp.io.archives import MAX_MEMBERS
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.model_files import WEIGHTS
from upsamp.io.model_sources import Source, find_source, is_folder, kind_of
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE
from upsamp.models.audit.archive import (
    WEIGHTS_MEMBERS,
    audit_zip,
    noting,
    read_hdf5_with_faults,
    skip_unknown,
)
from upsamp.models.audit.embedded import HEAD_BYTES
from upsamp.models.audit.parts import HDF5, Part, audit_part
from upsamp.models.audit.report import Report, quoted, received
from upsamp.models.audit.zip_layout import names_that_are_one

# Bytes at the end that have the last part of a zip archive's list, and what follows it.
TAIL = 2**19


def audit_model(path: str, *, max_size: int = DEFAULT_MAX_SIZE) -> Report:
    """Return what speaks against loading a file, or the folder of a model; "-" is standard input.

    max_size: how many bytes an archive may unpack to. Nothing of the file is run or imported, and
    what no reader takes is audited as well. Raises `FileError` where there is no such file.
    """
    report = Report(path, in_folder=is_folder(path))
    with Hdf5Reader(max_size=max_size) as reader:
        if report.in_folder:
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
        kinds.append(audit_zip(source, report, max_size))
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

    load = partial(read_hdf5_with_faults, source, max(max_size, size))
    return Part(name, size, read, load)


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
        with noting(report, name):
            part = _file_part(source, name, size, max_size)
            if name.endswith((".npz", ".keras")) and part.read(2) == b"PK":
                audit_zip(source, report, max_size, name)
            elif not audit_part(part, report):
                skip_unknown(name, report)


def _files(path: str, report: Report) -> Iterator[tuple[str, int]]:
    """Yield the plain files below a folder, with their sizes; note what else there is."""
    count = 0
    for folder, folders, names in os.walk(path):
        for name in sorted([*names, *folders]):
            full = Path(folder) / name
            inner = full.relative_to(path).as_posix()
            mode = full.lstat().st_mode
            count += 1
            if count > MAX_MEMBERS:
                report.add("zip-count", f"more than {MAX_MEMBERS:,} files")
                report.skip("the other files")
                return
            if stat.S_ISLNK(mode) or not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                report.add("folder-link", f"{quoted(name)} is a link or a device", inner)
            elif stat.S_ISREG(mode):
                yield inner, full.lstat().st_size
        folders.sort()
