"""Hidden files that become whole ones: those of dead writers are told from those that live."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from upsamp.errors import FileError
from upsamp.io import atomic
from upsamp.io.atomic import open_part, remove_dead_parts, replace_file

WRITER = """
import sys
from upsamp.io.atomic import replace_file
with replace_file(sys.argv[1], overwrite=False) as stream:
    stream.write(b"half")
    stream.flush()
    print("open", flush=True)
    sys.stdin.read()
"""
DEAD = ".0123456789abcdef.part"


def hidden_in(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.part"))


def test_a_living_writer_is_left_alone_and_a_killed_one_is_cleaned_up_after(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path / "whole"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        (left,) = hidden_in(tmp_path)
        assert remove_dead_parts(tmp_path) == 0
        assert hidden_in(tmp_path) == [left]
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert hidden_in(tmp_path) == [left]
    assert remove_dead_parts(tmp_path) == 1
    assert [*tmp_path.iterdir()] == []


def test_a_file_is_no_dead_one_while_it_is_moved_into_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    link = os.link

    def clean_and_link(source: Path, target: Path) -> None:
        asked.append(remove_dead_parts(tmp_path))
        link(source, target)

    monkeypatch.setattr(os, "link", clean_and_link)
    with replace_file(str(tmp_path / "whole"), overwrite=False) as stream:
        stream.write(b"all")
    assert asked == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    assert (tmp_path / "whole").read_bytes() == b"all"


def test_a_writer_whose_file_was_cleaned_away_before_it_was_locked_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = atomic._is_taken
    cleaned: list[int] = []

    def clean_first(descriptor: int, path: Path) -> bool:
        if not cleaned:
            cleaned.append(remove_dead_parts(tmp_path))
        return taken(descriptor, path)

    monkeypatch.setattr(atomic, "_is_taken", clean_first)
    with open_part(tmp_path) as (hidden, stream):
        stream.write(b"x")
        assert hidden_in(tmp_path) == [hidden]
    assert cleaned == [1]
    assert [*tmp_path.iterdir()] == []


def test_only_plain_files_of_that_name_are_removed(tmp_path: Path) -> None:
    (tmp_path / DEAD).write_bytes(b"")
    (tmp_path / ".photo.png.part").write_bytes(b"somebody else's")
    (tmp_path / DEAD.replace("0", "1")).symlink_to(".photo.png.part")
    os.mkfifo(tmp_path / DEAD.replace("0", "2"))
    (tmp_path / DEAD.replace("0", "3")).mkdir()
    assert remove_dead_parts(tmp_path) == 1
    assert len(hidden_in(tmp_path)) == 4
    assert not (tmp_path / DEAD).exists()
    assert remove_dead_parts(tmp_path / "nowhere") == 0


def test_without_locks_nothing_is_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / DEAD).write_bytes(b"")
    monkeypatch.setattr(atomic, "fcntl", None)
    assert remove_dead_parts(tmp_path) == 0
    with open_part(tmp_path) as (hidden, _):
        assert hidden.exists()
    assert hidden_in(tmp_path) == [tmp_path / DEAD]


def write_to_a_full_disk(name: str) -> None:
    with replace_file(name, overwrite=False) as stream:
        stream.write(b"all")
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, stream.fileno())
        os.close(full)


def test_what_closing_tells_is_an_error_and_nothing_comes_into_place(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no space left on device"):
        write_to_a_full_disk(str(tmp_path / "whole"))
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_came_into_the_place_of_a_dead_one_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / DEAD
    hidden.write_bytes(b"dead")
    lock = fcntl.flock

    def lock_late(descriptor: int, operation: int) -> None:
        # Another process removes the dead one meanwhile, and a writer begins under its name.
        hidden.unlink()
        hidden.write_bytes(b"of a living writer")
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    assert remove_dead_parts(tmp_path) == 0
    assert hidden.read_bytes() == b"of a living writer"
