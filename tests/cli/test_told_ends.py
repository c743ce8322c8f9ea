"""Commands that are ended from outside, or whose words nobody reads: the exit code is true."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bulk_files import contents, write_images
from effort import choose
from terminals import SCRIPT

from upsamp import cli

Shell = Callable[..., subprocess.CompletedProcess[bytes]]

# Work of a second or more, of which a hidden file is seen.
SLOW = ("--size", "20", "--interp", "bilinear", "--compress", "9")


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def end_while_writing(place: Path, number: int, *words: object, group: bool = False) -> str:
    """Run a command, send it a signal when there is a hidden file; return what it said."""
    (place / "out").mkdir(exist_ok=True)
    before = {*(place / "out").glob(".*.part")}
    with subprocess.Popen(
        [SCRIPT, "upsample", *map(str, words)],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            wait_for(lambda: {*(place / "out").glob(".*.part")} - before)
            (os.killpg if group else os.kill)(process.pid, number)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    code = -number if number == signal.SIGKILL else 128 + number
    assert process.returncode == code
    return errors


ENDS = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", choose(ENDS[1:], ENDS))
def test_a_signal_that_ends_a_command_leaves_nothing_half_written(
    samples: Path, tmp_path: Path, number: int
) -> None:
    errors = end_while_writing(tmp_path, number, samples / "lake.png", *SLOW, "-o", "out/large.png")
    assert errors == ""
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("group", choose([True], [False, True]))
@pytest.mark.parametrize("number", choose(ENDS[:1], ENDS))
def test_a_signal_that_ends_a_run_leaves_whole_files(
    tmp_path: Path, number: int, group: bool
) -> None:
    write_images(tmp_path / "in", [f"{name}.png" for name in range(20)], side=100)
    options = ("--size", "8", "--compress", "9", "--out-dir", "out", "--report", "out/r.json")
    errors = end_while_writing(tmp_path, number, "in", *options, "--jobs", "2", group=group)
    assert errors == "" or errors.startswith("Note: stopped after ")
    left = contents(tmp_path / "out")
    assert not any(name.startswith(".") or name == "r.json" for name in left)
    assert all(data.endswith(b"IEND\xaeB`\x82") for data in left.values())


def test_who_asked_not_to_be_hung_up_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {signal.SIGHUP: signal.SIG_IGN, signal.SIGTERM: signal.SIG_DFL}
    monkeypatch.setattr(signal, "getsignal", handlers.get)
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    cli._prepare_signals()
    assert handlers == {signal.SIGHUP: signal.SIG_IGN, signal.SIGTERM: cli._interrupt}


@pytest.mark.parametrize(
    "next_one", choose(["'1 2' -o out/next.npy"], ["'1 2' -o out/next.npy", "in --out-dir out"])
)
def test_what_a_killed_run_left_goes_with_the_next_of_any_kind(
    shell: Shell, samples: Path, tmp_path: Path, next_one: str
) -> None:
    write_images(tmp_path / "in", ["a.png"])
    words = (samples / "lake.png", *SLOW, "-o", "out/large.png")
    end_while_writing(tmp_path, signal.SIGKILL, *words)
    assert len([*(tmp_path / "out").glob(".*.part")]) == 1
    assert shell(f"upsamp upsample {next_one}").returncode == 0
    assert len([*(tmp_path / "out").iterdir()]) == 1
    assert [*(tmp_path / "out").glob(".*")] == []


# --- readers that go away


@pytest.mark.parametrize(
    "end",
    choose(
        ["| true", "2>/dev/full"], ["| true", "2>&1 | true", "2>/dev/full", ">/dev/full", "2>&-"]
    ),
)
def test_that_files_failed_is_told_to_whoever_still_listens(
    shell: Shell, tmp_path: Path, end: str
) -> None:
    write_images(tmp_path / "in", ["a.png"])
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    result = shell(f"upsamp upsample in --out-dir out --jobs 1 {end}; echo ${{PIPESTATUS[0]}}")
    assert result.stdout.endswith(b"1\n")
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr
    if "2>" not in end:
        lines = result.stderr.decode().splitlines()
        assert lines[0].startswith("in/bad.png: is no image that can be read")
        assert lines[1:] == ["Error: 1 of 2 files could not be enlarged."]
    assert [*contents(tmp_path / "out")] == ["a_2x2_nearest.png"]


def test_a_report_that_cannot_be_written_hides_no_failure(shell: Shell, tmp_path: Path) -> None:
    write_images(tmp_path / "in", ["a.png"])
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    result = shell("upsamp upsample in --out-dir out --jobs 1 --report /dev/full")
    assert result.returncode == 1
    lines = result.stderr.decode().splitlines()
    assert lines[0].startswith("in/bad.png: is no image that can be read")
    assert lines[1:] == ["Error: Cannot write '/dev/full': no space left on device."]
    assert [*contents(tmp_path / "out")] == ["a_2x2_nearest.png"]
