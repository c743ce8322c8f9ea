"""Results that would write over each other, or over an input: found before anything is written.

Of each path a number of 64 bits is kept while all are searched, and the paths themselves of those
alone whose numbers are equal: ten million files take 160 MB, and two searches at the most.
"""

import os
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from upsamp.bulk.tasks import Task
from upsamp.errors import FileError
from upsamp.io.remote_paths import Listings, is_remote, remote_place

# More clashes than this are no accident: they stop the run.
MOST_CLASHES = 10_000

real_folder = lru_cache(maxsize=1024)(os.path.realpath)


class Survey(NamedTuple):
    """How many tasks there are, how many of their results are there already, and one of them.

    clashes: the tasks whose results would be written over another one, or over an input, each with
    what is told of it.
    """

    files: int
    existing: int
    example: str
    clashes: Mapping[Task, str] = {}


def survey(search: Callable[[], Iterable[Task]], other: str | None = None) -> Survey:
    """Count the tasks, and find those that would be written where another file is.

    search: gives all tasks, and the same ones when it is called again. other: a further file that
    will be written. Raises `FileError` where that is one of them, or a task is there twice.

    Paths are compared as the system finds their files: links are followed, and capital letters
    count where they do so in that folder.
    """
    real_folder.cache_clear()
    sources, targets = array("q"), array("q")
    existing, example, there = 0, "", Listings()
    for task in search():
        sources.append(hash(_fold(_real(task.source))))
        targets.append(hash(_fold(_real(task.target))))
        if there.has(task.target) if is_remote(task.target) else os.path.lexists(task.target):
            existing, example = existing + 1, example or task.target
    if other is not None:
        targets.append(hash(_fold(_real(other))))
    # The numbers that stand for two results, or for a result and an input.
    results = np.sort(np.array(targets))
    twice = results[1:][results[1:] == results[:-1]]
    suspects = {*twice.tolist(), *np.intersect1d(np.array(sources), results).tolist()}
    clashes = _compare(search(), suspects, other) if suspects else {}
    return Survey(len(sources), existing, example, clashes)


class _Place(NamedTuple):
    """A path that is read or written, and the task that it belongs to; None for the report."""

    path: str
    task: Task | None
    is_target: bool


def _compare(tasks: Iterable[Task], suspects: set[int], other: str | None) -> dict[Task, str]:
    """Return the tasks whose results are in the place of another file: of two results the later."""
    clashes: dict[Task, str] = {}
    groups: dict[str, list[_Place]] = {}
    for place in _places(tasks, other):
        folded = _fold(_real(place.path))
        if hash(folded) not in suspects:
            continue
        group = groups.setdefault(folded, [])
        for earlier in group:
            target, of_other = (place, earlier) if place.is_target else (earlier, place)
            if (
                target.is_target
                and target.task not in clashes
                and _are_one(earlier.path, place.path)
            ):
                if target.task is None or of_other.task is None:
                    raise FileError(
                        f"The report must be a file of its own. Received: '{target.path}', which "
                        "is an input or a result, too. Name another."
                    )
                told = _told(target.task, of_other.task, over_input=not of_other.is_target)
                if len(clashes) == MOST_CLASHES:
                    raise FileError(told)
                clashes[target.task] = told
        group.append(place)
    return clashes


def _places(tasks: Iterable[Task], other: str | None) -> Iterator[_Place]:
    if other is not None:
        yield _Place(other, None, is_target=True)
    for task in tasks:
        yield _Place(task.source, task, is_target=False)
        yield _Place(task.target, task, is_target=True)


def _told(task: Task, other: Task, *, over_input: bool) -> str:
    """Say with what a task clashes, and what helps; raise where it is there twice."""
    apart = "Use --out-dir, or a --name that tells them apart, as by {ext} or {number}."
    if over_input:
        return (
            f"No result may be written over an input. Received: '{task.source}' for "
            f"'{task.target}', which is an input, too. {apart} If it is an earlier result, "
            "--skip-existing leaves it out."
        )
    if _real(task.source) == _real(other.source):
        raise FileError(f"Each input must be given once. Received: '{task.source}' twice.")
    return (
        f"Each result must be a file of its own. Received: '{other.source}' and "
        f"'{task.source}', both for '{task.target}'. {apart}"
    )


# --- when two paths are one


def _real(path: str) -> str:
    """Return the path that the system finds for a file, whose folder need not be there yet."""
    if is_remote(path):
        return remote_place(path)
    folder, name = os.path.split(path)
    real = os.path.join(real_folder(folder), name)
    return os.path.realpath(real) if os.path.islink(real) else real


def _fold(path: str) -> str:
    """Return what is the same for all spellings of a path that some system takes for one."""
    if is_remote(path):
        return path
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def _are_one(first: str, second: str) -> bool:
    """Tell whether two paths that differ in their spelling at most are one file's."""
    first, second = _real(first), _real(second)
    if first == second or is_remote(first) or is_remote(second):
        return first == second
    with suppress(OSError):  # of what is not there yet
        return os.path.samefile(first, second)
    pairs = zip(first.split(os.sep), second.split(os.sep), strict=False)
    names = next(pair for pair in pairs if pair[0] != pair[1])
    folder = os.path.commonpath([first, second])
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return _takes_for_one(folder, names)


def _takes_for_one(folder: str, names: tuple[str, str]) -> bool:
    """Try whether a folder takes two names for one, in a hidden folder that is removed at once.

    One that cannot be written to is taken to do so.
    """
    from tempfile import TemporaryDirectory  # such names are rare

    try:
        with TemporaryDirectory(prefix=".", dir=folder) as place:
            os.mkdir(os.path.join(place, names[0]))
            return os.path.lexists(os.path.join(place, names[1]))
    except OSError:
        return True
