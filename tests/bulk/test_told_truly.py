"""What is told of a file is what became of it, whatever failed beside it and whenever."""

import tempfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from bulk_files import contents, settings, write_images
from PIL.GifImagePlugin import GifImageFile

from upsamp.bulk import worker
from upsamp.bulk.run import _is_done
from upsamp.bulk.worker import do_task
from upsamp.core.text import printable
from upsamp.errors import FileError
from upsamp.io.remote_paths import Listings
from upsamp.resizing import file_to_file
from upsamp.resizing.enlarging import Settings
from upsamp.resizing.file_to_file import Facts, enlarge_file

HOW = settings(2)


def lack_memory(*_: object, **__: object) -> NoReturn:
    raise MemoryError


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Return the name of an image, alone in a folder beside an empty one, "out"."""
    write_images(tmp_path / "in", ["a.gif"])
    (tmp_path / "out").mkdir()
    return str(tmp_path / "in" / "a.gif")


@pytest.fixture
def target(tmp_path: Path) -> str:
    """Return the name of what it becomes."""
    return str(tmp_path / "out" / "a.gif")


def told_of(source: str, target: str, how: Settings = HOW) -> dict[str, Any]:
    told = do_task(source, target, how)
    assert told.pop("seconds") >= 0
    return told


def test_what_fails_has_left_no_file(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_to_file, "losses_of_each", lack_memory)
    lacking = f"There is not enough memory for '{source}'. Use a smaller size or input."
    assert told_of(source, target) == {"error": lacking, "memory": True}
    assert contents(Path(target).parent) == {}
    # So the second trial, which is alone, is not in the way of the first.
    monkeypatch.undo()
    assert told_of(source, target).keys() == {"before", "after", "notes", "kept"}


def test_numbers_among_images_are_told_to_be_none(source: str, target: str) -> None:
    numbers = str(Path(source).with_name("numbers.npy"))
    np.save(numbers, np.ones((2, 2)))
    error = f"What is enlarged with others must be an image. Received: '{numbers}'."
    assert told_of(numbers, target)["error"] == error
    assert contents(Path(target).parent) == {}


def test_a_decoder_that_lacks_memory_is_tried_again_alone(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GifImageFile, "_open", lack_memory)
    lacking = f"There is not enough memory for '{source}'. Use a smaller size or input."
    assert told_of(source, target) == {"error": lacking, "memory": True}


def test_a_result_that_its_own_task_left_is_done(source: str, target: str) -> None:
    facts = enlarge_file(source, target, HOW)
    assert told_of(source, target) == facts._asdict()


def test_a_result_of_another_is_not(source: str, target: str) -> None:
    enlarge_file(source, target, settings(3))
    before = contents(Path(target).parent)
    assert "exists already" in told_of(source, target)["error"]
    assert contents(Path(target).parent) == before


def test_to_compare_with_a_result_that_is_there_may_fail_as_well(
    source: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enlarge_file(source, target, HOW)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        assert "exists already" in told_of(source, target)["error"]
    with monkeypatch.context() as patch:
        patch.setattr(worker, "enlarge_file", lack_memory)
        assert told_of(source, target)["memory"] is True


def test_what_somebody_else_has_done_is_not_done_twice(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enlarge_file(source, target, HOW)
    monkeypatch.setattr(worker, "enlarge_file", lack_memory)
    assert told_of(source, target, Settings(skip_existing=True)) == {"skipped": True}


def test_a_place_that_takes_no_result_is_found_before_the_work(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "enlarge_file", lack_memory)
    Path(target).parent.rmdir()
    assert "its directory does not exist" in told_of(source, target)["error"]


@pytest.mark.parametrize("others", [settings(3), HOW])
def test_one_who_comes_while_a_file_is_enlarged_loses_nothing(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch, others: Settings
) -> None:
    def come_between(source: str, name: str, how: Settings) -> Facts:
        if name == target:
            enlarge_file(source, name, others)
        return enlarge_file(source, name, how)

    monkeypatch.setattr(worker, "enlarge_file", come_between)
    told = told_of(source, target)
    assert ("exists already" in told.get("error", "")) is (others != HOW)
    enlarge_file(source, f"{target}.gif", others)
    assert Path(target).read_bytes() == Path(f"{target}.gif").read_bytes()


@pytest.mark.parametrize("name", ["n" * 300 + ".gif", "nul\0.gif"])
@pytest.mark.parametrize("how", [HOW, Settings(skip_existing=True), Settings(overwrite=True)])
def test_what_can_be_no_name_is_an_error(
    source: str, target: str, name: str, how: Settings
) -> None:
    target = str(Path(target).with_name(name))
    assert told_of(source, target, how)["error"].startswith(f"Cannot write '{printable(target)}': ")
    assert not _is_done(target, Listings())
    with pytest.raises(FileError, match="Cannot write"):
        enlarge_file(source, target, how)
