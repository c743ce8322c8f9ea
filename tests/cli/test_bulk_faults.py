"""Runs over many files, stopped, killed, out of handles, out of disk: nothing is half done."""

import fcntl
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from bulk_files import contents, enlarged_alone, settings, write_images
from effort import choose, sample

Shell = Callable[..., subprocess.CompletedProcess[bytes]]

SCRIPT = Path(sys.executable).with_name("upsamp")
# Work of some milliseconds for each file, of which `settings(4, compression=9)` is the same.
OPTIONS = ("--size", "4", "--interp", "bicubic", "--compress", "9", "--name", "{stem}{suffix}")
HOW = settings(4, compression=9)


def count_in(folder: Path) -> int:
    return sum(not path.name.startswith(".") for path in folder.glob("*"))


def has_more_than(folder: Path, count: int) -> bool:
    return count_in(folder) > count


def hidden_in(folder: Path) -> list[Path]:
    return [*folder.rglob(".*.part")]


@contextmanager
def started(place: Path, *options: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a run over the folder "in", whose results go to "out"."""
    with subprocess.Popen(
        [SCRIPT, "upsample", "in", *OPTIONS, "--out-dir", "out", *map(str, options)],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)
    assert condition()


# --- stopped and killed


def test_a_run_that_is_killed_many_times_at_random_moments_completes_to_the_same_bytes(
    tmp_path: Path,
) -> None:
    times, count = choose((2, 80), (25, 600))
    write_images(tmp_path / "in", [f"{number:03}.png" for number in range(count)])
    expected = enlarged_alone(tmp_path / "in", tmp_path / "alone", HOW)
    generator = random.Random(11)
    out = tmp_path / "out"
    for turn in range(times):
        before = count_in(out)
        with started(tmp_path, "--skip-existing", "--report", "report.json") as process:
            if turn % 2:  # while it works; else at any moment
                wait_for(partial(has_more_than, out, before))
            time.sleep(generator.random() * (0.02 if turn % 2 else 0.3))
            process.kill()
            assert process.stderr is not None
            process.stderr.read()  # which its workers have, too: until they have ended
        whole = {name: data for name, data in contents(out).items() if not name.startswith(".")}
        assert before + turn % 2 <= len(whole) < count
        assert whole == {name: expected[name] for name in whole}
        assert not (tmp_path / "report.json").exists()
    with started(tmp_path, "--skip-existing", "--report", "report.json") as process:
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
    # What was half written by any of them is gone, too.
    assert contents(out) == expected
    assert hidden_in(tmp_path) == []


def test_an_interrupt_ends_a_run_within_a_second_and_leaves_whole_files(tmp_path: Path) -> None:
    write_images(tmp_path / "in", [f"{number:03}.png" for number in range(300)])
    seconds, told = [], []
    for _ in range(choose(2, 3)):
        before = count_in(tmp_path / "out")
        with started(tmp_path, "--report", "report.json", "--skip-existing") as process:
            wait_for(partial(has_more_than, tmp_path / "out", before + 6))
            asked = time.monotonic()
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to workers, too
            _, errors = process.communicate(timeout=20)
            seconds.append(time.monotonic() - asked)
        assert process.returncode == 130
        told.append(errors.strip().decode())
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
        assert hidden_in(tmp_path) == []
    assert min(seconds) < 1  # whatever else the machine does
    note = r"Note: stopped after \d+ files?; --skip-existing goes on from there\."
    assert all(re.fullmatch(f"({note})?", text) for text in told)
    assert any(told)
    results = contents(tmp_path / "out")
    assert len(results) < 300
    (tmp_path / "some").mkdir()
    for name in results:
        (tmp_path / "in" / name).rename(tmp_path / "some" / name)
    assert results == enlarged_alone(tmp_path / "some", tmp_path / "alone", HOW)


@pytest.mark.parametrize("delay", sample((0.02, 0.1, 0.2, 0.3), 2))
def test_an_interrupt_at_the_beginning_is_quiet(tmp_path: Path, delay: float) -> None:
    write_images(tmp_path / "in", [f"{number:03}.png" for number in range(50)], side=60)
    with started(tmp_path) as process:
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    # Python itself has a word to say where it is still on its way to our code.
    if b"<frozen" not in errors and b"Traceback" not in errors:
        # Before Python has its handlers, the system ends it.
        assert process.returncode in (130, -signal.SIGINT)
        assert errors.strip() == b"" or errors.startswith(b"Note: stopped after")
    assert hidden_in(tmp_path) == []


# --- bounds


def test_many_files_in_parallel_need_few_handles(shell: Shell, tmp_path: Path) -> None:
    count = choose(70, 1000)
    names = [f"{number:04}.png" for number in range(count)]
    write_images(tmp_path / "one", names[:1], side=1)
    (tmp_path / "in").mkdir()
    for name in names:
        os.link(tmp_path / "one" / names[0], tmp_path / "in" / name)
    result = shell(
        "ulimit -n 64; upsamp upsample in --out-dir out --jobs 2 --name '{stem}{suffix}'"
        " --report r.json"
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(contents(tmp_path / "out")) == count
    result = shell("ulimit -n 20; upsamp upsample in/000*.png --out-dir few --jobs 90")
    assert (result.returncode, result.stderr) == (0, b"")


# On a disk of their own, where one can be mounted, or where no file may be large; the results are
# copied from there to "left".
RUN = "upsamp upsample in --size 4 --interp bicubic --out-dir out --jobs 2; code=$?"
COPY = "ulimit -f unlimited; cp -r out/. left; exit $code"
MOUNT = "mount -t tmpfs -o size=256k none out"


def test_a_full_disk_fails_what_does_not_fit_and_leaves_no_half_file(
    shell: Shell, tmp_path: Path
) -> None:
    write_images(tmp_path / "in", [f"small{number}.png" for number in range(5)])
    write_images(tmp_path / "in", [f"large{number}.png" for number in range(3)], side=200)
    for name in ("out", "left"):
        (tmp_path / name).mkdir()
    before = contents(tmp_path / "in")
    can_mount = shell(f"unshare --mount {MOUNT}").returncode == 0
    if can_mount:
        result = shell(f"unshare --mount bash -c '{MOUNT}; {RUN}; {COPY}'")
    else:
        result = shell(f"ulimit -Sf 100; {RUN}; {COPY}", PYTHONDONTWRITEBYTECODE="1")
    assert result.returncode == 1
    why = "no space left on device" if can_mount else "file too large"
    errors = result.stderr.decode().splitlines()
    assert errors[-1] == "Error: 3 of 8 files could not be enlarged."
    assert len(errors) == 4
    assert all(why in line for line in errors[:3])
    assert contents(tmp_path / "in") == before
    assert sorted(contents(tmp_path / "left")) == [
        f"small{number}_4x4_bicubic.png" for number in range(5)
    ]


# --- on a terminal


def shown_by(place: Path, environment: dict[str, str], *words: str) -> tuple[str, int]:
    """Run the script with all its streams on a terminal, and give what it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    with subprocess.Popen(
        [SCRIPT, "upsample", *words],
        cwd=place,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        data = b""
        with suppress(OSError):  # what a terminal answers when its other end is closed
            while select.select([ours], [], [], 20)[0] and (part := os.read(ours, 2**16)):
                data += part
    os.close(ours)
    return data.decode(), process.returncode


def test_a_terminal_has_a_bar_and_a_table_of_what_failed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    write_images(tmp_path / "in", [f"{number:03}.png" for number in range(20)])
    (tmp_path / "in" / "\x1b[31mred\n.png").write_bytes(b"no image")
    text, code = shown_by(tmp_path, environment, "in", *OPTIONS, "--out-dir", "out")
    assert code == 1
    assert "Enlarging" in text
    assert re.search(r"\d+/21", text)
    assert "files/s" in text
    assert "│ Enlarged │ 20      │" in text
    assert "1 failed" in text
    assert r"│ in/\x1b[31mred\n.png │ is no image that can be read" in text
    assert "[31mred\n" not in text
    assert text.endswith("Error: 1 of 21 files could not be enlarged.\r\n")
    text, code = shown_by(
        tmp_path, environment, "in", "--out-dir", "quiet", "--quiet", "--jobs", "1"
    )
    assert code == 1
    assert "Enlarging" not in text
    assert "Enlarged" not in text


def test_off_a_terminal_there_is_no_bar(shell: Shell, tmp_path: Path) -> None:
    write_images(tmp_path / "in", ["a.png", "b.png"])
    result = shell("upsamp upsample in --out-dir closed --jobs 1 2>&-")
    assert result.returncode == 0
    assert result.stdout.startswith(b"enlarged: 2\nmethod: nearest\nsize: 2 x 2\nseconds: ")
    result = shell("upsamp upsample in --out-dir full --jobs 1 > /dev/full")
    assert result.returncode == 1
    assert result.stderr == b"Error: Cannot write to standard output: no space left on device.\n"
    assert len(contents(tmp_path / "full")) == 2
