"""What killed writers left is removed by whoever writes there next, and what may live stays."""

import os
import time
from pathlib import Path

import pytest

from upsamp.io import atomic
from upsamp.io.atomic import open_part, remove_dead_parts, replace_file

DEAD = ".0123456789abcdef.part"


@pytest.fixture(autouse=True)
def unsearched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no folder have been searched before."""
    monkeypatch.setattr(atomic, "_unsearched", {"files": 0})


def write(path: Path) -> None:
    with replace_file(str(path), overwrite=True) as stream:
        stream.write(b"all")


def test_whoever_writes_to_a_folder_removes_dead_files_and_no_others(tmp_path: Path) -> None:
    (tmp_path / DEAD).write_bytes(b"half")
    (tmp_path / ".photo.png.part").write_bytes(b"somebody's")
    with open_part(tmp_path) as (living, _):
        write(tmp_path / "whole")
        names = {path.name for path in tmp_path.iterdir()}
    assert names == {"whole", ".photo.png.part", living.name}


def test_a_folder_of_very_many_files_is_not_searched_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "MAX_ENTRIES", 20)
    monkeypatch.setattr(atomic, "ENTRIES_PER_FILE", 10)
    for number in range(50):
        (tmp_path / f"{number}").touch()
    searched = []
    search = atomic._search

    def count(folder: Path, most: int | None) -> tuple[int, list[str]]:
        found = search(folder, most)
        searched.append(found[0])
        return found

    monkeypatch.setattr(atomic, "_search", count)
    for _ in range(9):
        write(tmp_path / "whole")
    # Nine files in a row have room for three searches of 20.
    assert searched == [20, 20, 20]
    assert remove_dead_parts(tmp_path) == 0
    assert searched[-1] == 51


MOUNT = "36 35 {device} / / rw,noatime shared:1 - {kind} server:/home rw{options}\n"


@pytest.mark.parametrize(
    ("kind", "options", "removed"),
    [
        ("ext4", "", True),
        ("nfs4", ",vers=4.2,local_lock=none,addr=10.0.0.1", True),
        ("nfs", ",nolock,local_lock=all", False),
        ("cifs", "", False),
        ("fuse.sshfs", "", False),
    ],
)
def test_where_locks_reach_no_other_machine_a_new_file_may_be_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str, removed: bool
) -> None:
    state = tmp_path.stat().st_dev
    device = f"{os.major(state)}:{os.minor(state)}"
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNT.format(device=device, kind=kind, options=options), encoding="ascii")
    monkeypatch.setattr(atomic, "MOUNTS", mounts)
    dead = tmp_path / DEAD
    dead.touch()
    assert remove_dead_parts(tmp_path) == removed
    assert dead.exists() is not removed
    # Nobody writes for two days.
    dead.touch()
    os.utime(dead, (time.time() - 2 * 86_400,) * 2)
    assert remove_dead_parts(tmp_path) == 1


def test_where_nothing_is_told_of_mounts_locks_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "MOUNTS", tmp_path / "nowhere")
    (tmp_path / DEAD).touch()
    assert remove_dead_parts(tmp_path) == 1


def test_a_link_that_was_made_when_it_was_asked_for_once_more_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_twice(source: Path, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", link_twice)
    with replace_file(str(tmp_path / "whole"), overwrite=False) as stream:
        stream.write(b"all")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_what_fails_after_a_file_is_in_its_place_does_not_unmake_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, unlink = os.close, Path.unlink

    def close_badly(descriptor: int) -> None:
        close(descriptor)
        if (tmp_path / "whole").exists():
            raise OSError(5, "Input/output error")

    def unlink_badly(path: Path, *, missing_ok: bool = False) -> None:
        if (tmp_path / "whole").exists():
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", close_badly)
        patch.setattr(Path, "unlink", unlink_badly)
        with replace_file(str(tmp_path / "whole"), overwrite=False) as stream:
            stream.write(b"all")
    assert (tmp_path / "whole").read_bytes() == b"all"
