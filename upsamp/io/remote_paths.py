"""Paths with a protocol, such as s3://bucket/photo.png: read, written and listed through fsspec.

What is written appears whole or not at all. Object stores show nothing of an upload before its end,
whether it is one request or several. Anywhere else a hidden file is written and moved into place.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, NamedTuple

from upsamp.core.memory import check_limit, memory_limit
from upsamp.core.text import first_line
from upsamp.errors import FileError, MissingExtraError, UpsampError
from upsamp.io.atomic import already_exists
from upsamp.io.extras import check_extra
from upsamp.io.streams import reason

PROTOCOL = re.compile(r"([a-z][a-z0-9+.\-]*)://")
# Stores of whole objects, which have no folders that would have to be made, each with its name.
OBJECT_STORES: Mapping[str, str] = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "abfs"),
    **{name: name for name in ("memory", "oci", "ocilake", "oss")},
}
# Of fsspec's own file systems those that a path alone leads to. The others are on another one,
# as zip and blockcache do, or lead back to this machine. Those of other packages are storages.
OWN_PROTOCOLS = frozenset(
    {
        *("memory", "http", "https", "ftp", "sftp", "ssh", "smb", "hdfs", "arrow_hdfs", "webhdfs"),
        *("dbfs", "github", "gist", "jupyter", "jlab"),
    }
)
# What a file system of fsspec raises where a path does not say all that it is made of.
NOT_OPENED = (TypeError, AttributeError, LookupError)
# The folders whose lists are kept while tasks go through them.
KEPT_LISTS = 16


def is_remote(path: str) -> bool:
    """Tell whether a path has a protocol.

    >>> is_remote("s3://bucket/photo.png"), is_remote("photos/a.png")
    (True, False)
    """
    return PROTOCOL.match(path) is not None


def local_path(path: str) -> str:
    """Return the path of a file of this machine without a protocol, any other as it is.

    As in any URL, what follows a percent sign stands for a byte.

    >>> local_path("file:///photos/a%20b.png"), local_path("s3://bucket/a%20b.png")
    ('/photos/a b.png', 's3://bucket/a%20b.png')
    """
    match = re.match("file://(?:localhost)?(?=/)", path)
    if match is None or "%00" in path:  # which no name has
        return path
    from urllib.parse import unquote  # few paths have a protocol

    return unquote(path[match.end() :], errors="surrogateescape")


def split_path(path: str) -> tuple[str, str]:
    """Return the folder and the name of a path.

    >>> split_path("s3://bucket/photos/a.png"), split_path("memory://a.png")
    (('s3://bucket/photos', 'a.png'), ('memory://', 'a.png'))
    """
    if not is_remote(path):
        return os.path.split(path)
    start, _, rest = path.partition("://")
    folder, _, name = rest.rpartition("/")
    return f"{start}://{folder}", name


def join_path(folder: str, *names: str) -> str:
    """Return the path of what is in a folder; a name may have folders of its own, or be empty.

    >>> join_path("memory://", "large", "a.png")
    'memory://large/a.png'
    """
    if not is_remote(folder):
        return os.path.join(folder, *names)
    for name in names:
        if name:
            end = "" if folder.endswith("/") else "/"
            folder = f"{folder}{end}{name.replace(os.sep, '/')}"
    return folder


def remote_place(path: str) -> str:
    """Return what is the same for the spellings of a path that lead to one place.

    >>> remote_place("memory:///a.png"), remote_place("gcs://bucket/a.png")
    ('memory://a.png', 'gs://bucket/a.png')
    """
    protocol, _, rest = path.rstrip("/").partition("://")
    rest = rest.lstrip("/") if protocol == "memory" else rest
    return f"{OBJECT_STORES.get(protocol, protocol)}://{rest}"


def check_remote(path: str) -> None:
    """Raise where paths of that protocol cannot be used; nothing is asked of its storage."""
    protocol = path.partition("://")[0]
    if protocol in ("file", "local"):
        raise FileError(
            f"A file of this machine must be named without a protocol. Received: '{path}'. "
            f"Leave out {protocol}://."
        )
    if "::" in path:
        raise FileError(f"A path must have one protocol. Received: '{path}'.")
    check_extra("fsspec", f"'{path}'")
    from fsspec import get_filesystem_class
    from fsspec.registry import known_implementations

    own = known_implementations.get(protocol, {}).get("class", "").startswith("fsspec.")
    if own and protocol not in OWN_PROTOCOLS:
        raise _unknown(path)
    try:
        get_filesystem_class(protocol)
    except ValueError:
        raise _unknown(path) from None
    except ImportError as error:
        raise _lacks_package(path, error) from error


def _unknown(path: str) -> FileError:
    return FileError(
        "The protocol of a path must be one that fsspec knows, of a storage, as s3, gs or abfs. "
        f"Received: '{path}'."
    )


def _lacks_package(path: str, error: ImportError) -> MissingExtraError:
    return MissingExtraError(
        f"{path.partition('://')[0]}:// needs a package of its own. Received: '{path}', and from "
        f"fsspec: {first_line(error)}."
    )


# --- what is done there


def read_remote(path: str, most: int) -> bytes:
    """Read a file, of at most this many bytes."""
    with _At("read", path):
        files, place = _find(path)
        size = files.info(place)["size"]
        held = f"'{path}', which is held as it is"
        check_limit(2 * (size or 0), held)
        if size is None:  # as of some web servers
            limit = memory_limit()
            with files.open(place, "rb") as stream:
                data: bytes = stream.read(most + 1 if limit is None else min(most, limit // 2) + 1)
            size = len(data)
            check_limit(2 * size, held)
        elif size <= most:
            data = files.cat_file(place)
        if size > most:
            raise FileError(
                f"'{path}' has more than {most:,} bytes, so it may be made to exhaust memory. "
                "Use --max-pixels to allow more."
            )
        return data


def write_remote(path: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file, wholly or not at all.

    One that is there already is replaced only with `overwrite`. Where it has the very same bytes,
    nothing is left to do: a task that is done a second time may find its own result.
    """
    with _At("write", path):
        files, place = _find(path)
        if not overwrite and files.exists(place):
            if files.info(place)["size"] != len(data) or files.cat_file(place) != data:
                raise already_exists(path)
            return
        if _is_object_store(path):
            files.pipe_file(place, data)
            return
        folder, _, name = place.rpartition("/")
        hidden = f"{folder}/.{os.urandom(8).hex()}.part"
        try:
            files.pipe_file(hidden, data)
            files.mv(hidden, f"{folder}/{name}")
        except BaseException:
            with suppress(OSError):
                files.rm_file(hidden)
            raise


def make_remote_folder(folder: str) -> None:
    """Make a folder, where the storage has any; a bucket is never made."""
    if not _is_object_store(folder):
        with _At("make the folder", folder):
            files, place = _find(folder)
            files.makedirs(place, exist_ok=True)


def remote_kind(path: str) -> Literal["file", "folder", "missing"]:
    """Ask what a path leads to: "file", "folder" or "missing"."""
    with _At("read", path):
        files, place = _find(path)
        try:
            kind = files.info(place)["type"]
        except FileNotFoundError:
            return "missing"
    return "folder" if kind == "directory" else "file"


class RemoteEntry(NamedTuple):
    """What a folder holds: as `os.DirEntry`, as far as it is asked for."""

    name: str
    path: str
    is_folder: bool

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Tell whether it is a folder."""
        return self.is_folder

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a file."""
        return not self.is_dir(follow_symlinks=follow_symlinks)


def list_remote(folder: str) -> list[RemoteEntry]:
    """List a folder again, in the order of the names."""
    with _At("read", folder):
        files, place = _find(folder)
        files.invalidate_cache()
        try:
            listed = files.ls(place, detail=True)
        finally:
            files.invalidate_cache()  # of millions of names nothing stays
    found = {}
    for entry in listed:
        path = entry["name"].rstrip("/")
        # An empty object often stands for a folder, and is listed in it.
        name = path.rpartition("/")[2]
        if path != place.rstrip("/") and not _is_treacherous(name):
            found[name] = entry["type"] == "directory"
    return [RemoteEntry(name, join_path(folder, name), found[name]) for name in sorted(found)]


def _is_treacherous(name: str) -> bool:
    """Tell whether a name, which may be any in an object store, leads elsewhere in a folder."""
    return name in ("", os.curdir, os.pardir) or os.sep in name or "\0" in name


class Listings:
    """Tells which files there are, by lists of folders: millions are not asked for singly."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}

    def has(self, path: str) -> bool:
        """Tell whether there is a file or a folder of that path."""
        folder, name = split_path(path)
        names = self._names.pop(folder, None)
        if names is None:
            listed = list_remote(folder) if remote_kind(folder) == "folder" else []
            names = {entry.name for entry in listed}
        self._names[folder] = names  # as the latest
        if len(self._names) > KEPT_LISTS:
            del self._names[next(iter(self._names))]
        return name in names


# --- fsspec


def _is_object_store(path: str) -> bool:
    return path.partition("://")[0] in OBJECT_STORES


def _find(path: str) -> tuple[Any, str]:
    """Return the file system of a path, and how the path is called there."""
    check_remote(path)
    from fsspec.core import url_to_fs

    try:
        files, place = url_to_fs(path)
    except ImportError as error:
        raise _lacks_package(path, error) from error
    except NOT_OPENED as error:
        raise FileError(
            f"'{path}' must say all that its storage is found by. Received from fsspec: "
            f"{first_line(error)}."
        ) from error
    return files, place


NOT_MISTAKES = (NotImplementedError, EOFError, ImportError)


class _At:
    """Lets fsspec work: what it and the packages below it raise becomes one error of ours.

    Those packages have errors of their own, of which no list can be made: any error is one of
    theirs that neither is ours nor one of Python's own that tells of a mistake in a program. A
    connection that ends is an `EOFError`, and some import what they need late.
    """

    def __init__(self, doing: str, path: str) -> None:
        self._what = f"Cannot {doing} '{path}'"

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, UpsampError | MemoryError):
            return
        if isinstance(error, OSError | ValueError):
            raise FileError(f"{self._what}: {reason(error).rstrip('.')}.") from error
        if type(error).__module__ != "builtins" or isinstance(error, NOT_MISTAKES):
            raise FileError(f"{self._what}: {first_line(error)}.") from error
