"""What the words of a command name: files, the images of folders, and those that a pattern finds.

A folder is asked again each time, and listed wholly before a file of it is given, so that results
that are written into it are not found as inputs. Nothing is kept of what was given.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import has_magic
from typing import Literal, NamedTuple, TypeAlias

from upsamp.errors import FileError
from upsamp.io.formats import format_of_name, is_image_format
from upsamp.io.nested_lists import begins_nested
from upsamp.io.read import looks_like_matrix, names_file, split_array_name
from upsamp.io.remote_paths import (
    RemoteEntry,
    is_remote,
    join_path,
    list_remote,
    remote_kind,
    remote_place,
    split_path,
)
from upsamp.io.streams import is_open, reason

Kind = Literal["file", "folder", "pattern", "stream", "matrix", "missing", "remote"]
Entry: TypeAlias = "os.DirEntry[str] | RemoteEntry"
WEB = ("http://", "https://")


@lru_cache(maxsize=256)
def format_of_suffix(suffix: str) -> str | None:
    """Return the format that a suffix tells, or None; of millions of files there are few."""
    return format_of_name(f"name{suffix}")


class Found(NamedTuple):
    """A file that was found.

    path: as it is opened and shown. below: its path below the folder that was named, else its name.
    error: why nothing can be found there, where that is so.
    """

    path: str
    below: str
    error: str = ""


def kind_of(word: str) -> Kind:
    """Tell what a word names; a file wins, and a pattern is one where it finds something.

    Of a remote path nothing is asked yet: `kind_there` does that.

    >>> kind_of("-"), kind_of("1 2; 3 4"), kind_of("there/is/no*.png")
    ('stream', 'matrix', 'missing')
    """
    if is_open(word):
        return "stream"
    if is_remote(word):
        return "remote"
    if names_file(word):
        return "folder" if os.path.isdir(word) else "file"
    if looks_like_matrix(word) or split_array_name(word):
        return "matrix"
    if _is_pattern(word) and next(_matches(*_cut(word)), None) is not None:
        return "pattern"
    return "matrix" if begins_nested(word) else "missing"


@dataclass
class _Listing:
    """The images of a folder; names take less memory than what is made of them."""

    folder: str
    below: str
    names: Sequence[str]

    def __iter__(self) -> Iterator[Found]:
        for name in self.names:
            yield Found(join_path(self.folder, name), os.path.join(self.below, name))


def kind_there(word: str) -> Kind:
    """Tell what a word names; where it is a remote path, its storage is asked."""
    if not is_remote(word):
        return kind_of(word)
    if word.startswith(WEB):  # where a question mark has another meaning
        return "file"
    if not _is_pattern(word):
        return remote_kind(word)
    base, parts = _cut(word)
    if remote_kind(base) == "missing":  # which tells, where it cannot be asked
        return "missing"
    return "pattern" if next(_matches(base, parts), None) is not None else "missing"


class Inputs:
    """The files that words name, in the order of the words; of a folder or a pattern, images alone.

    Those are told by their suffix. Hidden files and folders are left out there, as is what is no
    plain file; a link to a file counts as one, a link to a folder is not followed.

    recursive: whether the folders below are searched, too. leave_out: a folder that is not, where
    it is found below another one. passed_over: how many of the files that were found by the latest
    search are no images.
    """

    def __init__(
        self, words: Sequence[str], *, recursive: bool = False, leave_out: str | None = None
    ) -> None:
        self.words = words
        self.recursive = recursive
        self.leave_out = None if leave_out is None else _place(leave_out)
        self.passed_over = 0

    def groups(self) -> Iterator[Iterable[Found]]:
        """Search, and yield the files that are together: in a folder, or in a row of words.

        Each group can be gone through several times.
        """
        self.passed_over = 0
        named: list[Found] = []
        for word in self.words:
            kind = kind_there(word)
            if kind not in ("folder", "pattern"):
                error = f"There is no file '{word}'." if kind == "missing" else ""
                named.append(Found(word, split_path(word)[1], error))
                continue
            if named:
                yield named
                named = []
            yield from self._walk(word) if kind == "folder" else [self._find(word)]
        if named:
            yield named

    def _walk(self, root: str) -> Iterator[Iterable[Found]]:
        """Yield the images of each folder, and then those of the folders in it."""
        waiting = [(root, "")]
        while waiting:
            folder, below = waiting.pop()
            try:
                images, folders = self._list(folder)
            except FileError as error:
                yield [Found(folder, below, str(error))]
                continue
            except OSError as error:
                yield [Found(folder, below, f"Cannot read '{folder}': {reason(error)}.")]
                continue
            yield _Listing(folder, below, images)
            if self.recursive:
                paths = ((join_path(folder, name), name) for name in reversed(folders))
                waiting += [
                    (path, os.path.join(below, name))
                    for path, name in paths
                    if self.leave_out is None or _place(path) != self.leave_out
                ]

    def _list(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of the images and of the folders in a folder, in order."""
        images, folders = [], []
        with _scan(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif self._is_image(entry):
                    images.append(entry.name)
        return sorted(images), sorted(folders)

    def _find(self, pattern: str) -> list[Found]:
        """Return the images that a pattern finds, below the part of it that is no pattern."""
        base, parts = _cut(pattern)
        found = dict.fromkeys(_matches(base, parts))
        start = len(os.path.join(base, ""))
        return [Found(path, path[start:]) for path in found if self._counts(path, _mode(path))]

    def _is_image(self, entry: Entry) -> bool:
        if entry.is_file(follow_symlinks=False):
            return self._counts(entry.name, stat.S_IFREG)
        return self._counts(entry.name, _mode(entry.path))

    def _counts(self, name: str, mode: int) -> bool:
        """Tell whether a file is an image, by its suffix; what is none is counted."""
        if stat.S_ISREG(mode):
            kind = format_of_suffix(os.path.splitext(name)[1])
            if kind is not None and is_image_format(kind):
                return True
        self.passed_over += not stat.S_ISDIR(mode)
        return False


def _mode(path: str) -> int:
    """Return the mode of what a path leads to, 0 where that is nothing, as of a link to itself."""
    if is_remote(path):  # of a pattern, which finds files alone there
        return stat.S_IFREG
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


# --- patterns


def _is_pattern(word: str) -> bool:
    return has_magic(word) and "\0" not in word


def _cut(pattern: str) -> tuple[str, list[str]]:
    """Return the folder that a pattern starts in, and its parts from there on."""
    parts = pattern.split(os.sep)
    first = next(place for place, part in enumerate(parts) if has_magic(part))
    base = os.sep.join(parts[:first])
    if first == 2 and is_remote(pattern):
        base = f"{base}/"
    rest = [part for part in parts[first:] if part not in ("", os.curdir)]
    return base or (os.sep if first else ""), [*rest, "*"] if rest[-1] == "**" else rest


def _matches(folder: str, parts: Sequence[str]) -> Iterator[str]:
    """Yield what a pattern finds in a folder; ** stands for any folders, but for links to them."""
    part, *rest = parts
    if part == "**":
        yield from _matches(folder, rest)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _matches(join_path(folder, entry.name), parts)
    elif has_magic(part):
        for entry in _entries(folder):
            if _fits(entry.name, part):
                # Whether a remote file is there is known here, and not asked for once more.
                if isinstance(entry, RemoteEntry) and not rest:
                    yield from [entry.path] if entry.is_file() else []
                else:
                    yield from _go_on(join_path(folder, entry.name), rest)
    else:
        yield from _go_on(join_path(folder, part), rest)


def _go_on(path: str, rest: Sequence[str]) -> Iterator[str]:
    """Yield what the rest of a pattern finds in a folder, or without a rest what there is."""
    if rest:
        yield from _matches(path, rest)
    elif remote_kind(path) == "file" if is_remote(path) else os.path.lexists(path):
        yield path


def _fits(name: str, part: str) -> bool:
    """Tell whether a name fits a part of a pattern; a hidden one where the part has the point."""
    hidden = name.startswith(".") and not part.startswith(".")
    return not hidden and fnmatchcase(name, part)


def _entries(folder: str) -> Sequence[Entry]:
    """List a folder in order; one that cannot be listed matches nothing."""
    try:
        with _scan(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (OSError, FileError):
        return []


# --- folders, here and elsewhere


def _scan(folder: str) -> AbstractContextManager[Iterator[Entry]]:
    """Return what a folder holds, in any order; raise `OSError`, or of a remote one `FileError`."""
    if is_remote(folder):
        return nullcontext(iter(list_remote(folder)))
    return os.scandir(folder or os.curdir)


def _place(folder: str) -> str:
    return remote_place(folder) if is_remote(folder) else os.path.realpath(folder)
