"""A run by Dask workers in processes of their own, which are killed, as is their scheduler."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dask_processes
import pytest
from bulk_files import contents, enlarged_alone, settings, write_images
from dask_processes import cluster, wait_for

SCRIPT = Path(sys.executable).with_name("upsamp")
# Work of some milliseconds for each file, of which `HOW` is the same.
OPTIONS = ("--size", "4", "--interp", "bicubic", "--compress", "9", "--name", "{stem}{suffix}")
HOW = settings(4, compression=9)


COUNT = 250


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of images, and of what becomes of each without Dask."""
    place = tmp_path_factory.mktemp("images")
    write_images(place / "in", [f"{number:03}.png" for number in range(COUNT)], side=40)
    enlarged_alone(place / "in", place / "alone", HOW)
    return place


@pytest.fixture
def expected(images: Path, tmp_path: Path) -> Mapping[str, bytes]:
    """Return what is to become of the images in the folder "in"."""
    (tmp_path / "in").symlink_to(images / "in")
    return contents(images / "alone")


@contextmanager
def started(
    place: Path, address: str, *options: str, **environment: str
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [SCRIPT, "upsample", "in", *OPTIONS, "--out-dir", "out", "--dask", address, *options],
        cwd=place,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_under_way(place: Path, least: int = 20) -> bool:
    out = place / "out"
    return out.is_dir() and sum(path.suffix == ".png" for path in out.iterdir()) > least


def are_whole(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> bool:
    return found.items() <= expected.items()


@pytest.mark.exhaustive
def test_a_worker_that_is_killed_loses_no_file(
    tmp_path: Path, expected: Mapping[str, bytes]
) -> None:
    with (
        cluster(tmp_path / "cluster") as (address, (_, worker, _)),
        started(tmp_path, address, "--report", "report.json") as process,
    ):
        wait_for(lambda: is_under_way(tmp_path))
        assert process.poll() is None
        worker.send_signal(signal.SIGKILL)
        shown, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert f"enlarged: {COUNT}\n" in shown
    assert contents(tmp_path / "out") == expected
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert sorted(entry["number"] for entry in report["files"]) == [*range(1, COUNT + 1)]
    assert {entry["status"] for entry in report["files"]} == {"written"}


@pytest.mark.exhaustive
def test_ctrl_c_leaves_whole_files_and_the_cluster_and_then_the_scheduler_is_killed(
    tmp_path: Path, expected: Mapping[str, bytes]
) -> None:
    with cluster(tmp_path / "cluster") as (address, (scheduler, *workers)):
        with started(tmp_path, address) as process:
            wait_for(lambda: is_under_way(tmp_path))
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=10)
        assert process.returncode == 130
        assert re.fullmatch(
            r"(Note: stopped after \d+ files; --skip-existing goes on from there\.)?\n+", errors
        )
        assert [other.poll() for other in (scheduler, *workers)] == [None] * 3
        # The scheduler's file is as good as its address.
        file = str(tmp_path / "cluster" / "scheduler.json")
        with started(tmp_path, file, "--skip-existing", "--report", "report.json") as process:
            done = len(contents(tmp_path / "out"))
            wait_for(lambda: is_under_way(tmp_path, done + 20))
            scheduler.send_signal(signal.SIGKILL)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == (
        f"Error: The Dask scheduler at '{file}' has gone. Start it anew: --skip-existing goes on "
        "from there.\n"
    )
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert f"Error: {report['totals']['stopped']}\n" == errors
    assert 20 <= report["totals"]["files"] < COUNT
    found = {name: data for name, data in contents(tmp_path / "out").items() if name[0] != "."}
    assert are_whole(found, expected)
    # What is not done needs no Dask.
    again = subprocess.run(
        [SCRIPT, "upsample", "in", *OPTIONS, "--out-dir", "out", "--skip-existing"],
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert again.returncode == 0
    assert contents(tmp_path / "out") == expected


@pytest.mark.exhaustive
def test_a_task_that_kills_its_workers_fails_alone(tmp_path: Path) -> None:
    names = [f"{number:02}.png" for number in range(8)]
    write_images(tmp_path / "in", [*names, "03-kill.png", "04-once-kill.png", "05-memory.png"])
    preload = {"DASK_DISTRIBUTED__WORKER__PRELOAD": dask_processes.__file__}
    more = {"PYTHONPATH": str(Path(dask_processes.__file__).parent)}
    with started(tmp_path, "local", "--jobs", "2", **preload, **more) as process:
        shown, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "enlarged: 9\nfailed: 2\n" in shown
    assert errors.splitlines() == [
        "in/03-kill.png: It ended each worker that tried it.",
        "in/05-memory.png: The output would be too large. Use a smaller size.",
        "Error: 2 of 11 files could not be enlarged.",
    ]
    for name in ("03-kill.png", "05-memory.png"):
        (tmp_path / "in" / name).unlink()
    for sign in (tmp_path / "in").glob("*.sign"):
        sign.unlink()
    assert contents(tmp_path / "out") == enlarged_alone(tmp_path / "in", tmp_path / "alone", HOW)
