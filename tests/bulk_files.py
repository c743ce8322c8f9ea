"""Small images to enlarge by the dozen, and what each of them becomes when it is enlarged alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from upsamp.bulk.processes import outcome_of
from upsamp.bulk.tasks import Outcome, Task
from upsamp.bulk.worker import do_task
from upsamp.io.picture_options import WriteOptions
from upsamp.resizing.enlarging import Enlarging, Settings
from upsamp.resizing.file_to_file import enlarge_file


def write_images(folder: Path, names: Iterable[str], side: int = 5) -> None:
    """Write noise to PNG, JPEG, ... files, each its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 2, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)


def settings(factor: int = 2, *, compression: int = 1) -> Settings:
    """Return the settings of most tests."""
    enlarging = Enlarging((factor, factor), interpolation="bicubic")
    return Settings(enlarging, writing=WriteOptions(compression=compression))


def enlarged_alone(folder: Path, place: Path, how: Settings) -> Mapping[str, bytes]:
    """Return the bytes that each image of a folder becomes, by its name."""
    place.mkdir()
    for path in folder.iterdir():
        enlarge_file(str(path), str(place / path.name), how)
    return contents(place)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a folder, hidden ones too, by their names in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class HereEngine:
    """Does tasks in this process, and at once: a process takes longer to start than all else."""

    def __init__(self, settings: Settings, _jobs: int, _count: int) -> None:
        self.settings = settings
        self.outcomes: list[Outcome] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def has_room(self) -> bool:
        return not self.outcomes

    def submit(self, task: Task) -> None:
        told = do_task(task.source, task.target, self.settings)
        self.outcomes.append(outcome_of(task, told))

    def collect(self) -> list[Outcome]:
        outcomes, self.outcomes = self.outcomes, []
        return outcomes
