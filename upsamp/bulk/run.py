"""A run: tasks are found, those that need no work settled, and the others given to an engine."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from pathlib import Path

import numpy as np

from upsamp.bulk.inputs import Found, Inputs
from upsamp.bulk.names import Naming
from upsamp.bulk.tasks import Engine, Outcome, Task
from upsamp.errors import FileError
from upsamp.io.atomic import remove_dead_parts
from upsamp.io.remote_paths import Listings, is_remote, make_remote_folder, split_path
from upsamp.io.streams import reason


@dataclass
class Plan:
    """What is to be done with the files that are found, in their order, searched when it is asked.

    skip_existing: whether a result that is there is taken for done. overwrite: whether it is
    replaced.

    What has the name that the template makes of another image, in its place or beside it, in any
    size and by any method, is an earlier result and no input. What may be an image all the same, as
    the template has neither of them nor {ext}, is not left out where results are replaced.
    """

    inputs: Inputs
    naming: Naming
    skip_existing: bool = False
    overwrite: bool = False
    # How many of the inputs that the latest search found are earlier results.
    earlier_results: int = field(default=0, init=False)

    def tasks(self) -> Iterator[Task]:
        """Search, and yield a task for each file."""
        return (task for task in self.search() if isinstance(task, Task))

    def search(self) -> Iterator[Task | Outcome]:
        """Search, and yield a task for each file, and an outcome for what cannot be searched."""
        self.earlier_results = 0
        numbers = count(1)
        for group in self.inputs.groups():
            is_earlier = self._earlier_among(group)
            for found in group:
                if found.error:
                    task = Task(next(numbers), found.path, "")
                    yield Outcome(task, "failed", error=found.error)
                elif is_earlier(found):
                    self.earlier_results += 1
                else:
                    number = next(numbers)
                    yield Task(number, found.path, self.naming.target_of(found, number))

    def _earlier_among(self, group: Iterable[Found]) -> Callable[[Found], bool]:
        """Return what tells whether a file of a group is the result of another one there."""
        naming = self.naming
        exact = set(map(naming.target_of, group)) if self.skip_existing else set()
        if self.overwrite and not naming.tells_results:
            return lambda found: found.path in exact
        has_ext = "{ext}" in naming.template

        def key(origin: tuple[str, str, str]) -> int:
            return hash(origin if has_ext else origin[:2])

        # Eight bytes of each, and only where names look like those of results.
        looks_earlier = any(naming.origin_in(found.path) for found in group)
        # An earlier run may have written beside the images what this one writes elsewhere.
        namings = {
            naming,
            replace(naming, out_dir=None if naming.tells_results else naming.out_dir),
        }
        some = group if looks_earlier else ()
        keys = (key(one.origin_of(found)) for one in namings for found in some)
        images = np.unique(np.fromiter(keys, np.int64))

        def is_earlier(found: Found) -> bool:
            origin = naming.origin_in(found.path)
            if found.path in exact or origin is None:
                return found.path in exact
            of_image = key(origin)
            place = int(np.searchsorted(images, of_image))
            known = place < len(images) and int(images[place]) == of_image
            return known and all(of_image != key(one.origin_of(found)) for one in namings)

        return is_earlier


def run(
    plan: Plan, engine: Engine, clashes: Mapping[Task, str] = {}, *, dry: bool = False
) -> Iterator[Outcome]:
    """Do what is planned, and yield each outcome as soon as it is there.

    At most as many tasks are in the hands of the engine as it has room for. Folders for results are
    made, and what killed processes left half-written in them is removed. clashes: why a task cannot
    be done beside the others. dry: whether nothing is to be written, and no folder made.
    """
    prepare = (lambda _: "") if dry else lru_cache(maxsize=256)(_prepare_folder)
    there = Listings()
    for task in plan.search():
        if isinstance(task, Outcome):
            yield task
        elif task in clashes:
            yield Outcome(task, "failed", error=clashes[task])
        elif plan.skip_existing and _is_done(task.target, there):
            yield Outcome(task, "skipped")
        elif error := prepare(split_path(task.target)[0]):
            yield Outcome(task, "failed", error=error)
        else:
            while not engine.has_room():
                yield from engine.collect()
            engine.submit(task)
    while outcomes := engine.collect():
        yield from outcomes


def _is_done(target: str, there: Listings) -> bool:
    # What can be no name, or is in a folder that is closed, is no result.
    return there.has(target) if is_remote(target) else os.path.isfile(target)


def _prepare_folder(folder: str) -> str:
    """Make a folder for results, and tidy it; say why it cannot be made, or nothing."""
    try:
        if is_remote(folder):
            make_remote_folder(folder)
            return ""
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileError as error:
        return str(error)
    except OSError as error:
        return f"Cannot make the folder '{folder}': {reason(error)}."
    remove_dead_parts(folder)
    return ""
