"""Runs over many files beside others like them, in closed folders, with little memory or room."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from bulk_files import contents, enlarged_alone, settings, write_images
from click.testing import Result
from effort import choose
from PIL import Image
from terminals import SCRIPT

from upsamp.cli import output

Invoke = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]

# A program that runs another one as somebody whom the modes of files bind, unlike root: Linux takes
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH away by PR_CAPBSET_DROP.
BOUND = """\
import ctypes, os, sys
for right in 1, 2:
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def run_bound(place: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run upsamp as somebody whom the modes of files bind."""
    return subprocess.run(
        [sys.executable, "-c", BOUND, SCRIPT, *words],
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- two at once


@pytest.mark.parametrize("options", choose([()], [(), ("--skip-existing",), ("--force",)]))
def test_two_runs_at_once_over_a_folder_lose_nothing(
    tmp_path: Path, options: Sequence[str]
) -> None:
    count = choose(10, 100)
    write_images(tmp_path / "in", [f"{number:03}.png" for number in range(count)], side=30)
    expected = enlarged_alone(tmp_path / "in", tmp_path / "alone", settings(2))
    command = [str(SCRIPT), "upsample", "in", "--interp", "bicubic", "--name", "{stem}{suffix}"]
    command += ["--compress", "1", "--out-dir", "out", *options]
    both = [
        subprocess.Popen(
            [*command, "--report", f"{number}.json", "--jobs", "2"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        for process in both:
            _, errors = process.communicate(timeout=100)
            # One that began when the other had results already may have said so, and done nothing.
            if "No result may exist already" not in errors:
                assert (process.returncode, errors) == (0, "")
    finally:
        for process in both:
            process.kill()
    assert contents(tmp_path / "out") == expected
    if options == ("--skip-existing",):
        reports = [
            json.loads((tmp_path / f"{number}.json").read_text("utf-8")) for number in (0, 1)
        ]
        assert sum(report["totals"]["written"] for report in reports) == count


# --- folders that are closed


DENIED = "permission denied."


CLOSED: list[tuple[str, int, Sequence[str], list[str]]] = [
    ("in", 0o555, (), ["in/a.png: Cannot write 'in/a_2x2_nearest.png': " + DENIED]),
    ("in", 0o555, ("--out-dir", "out"), []),
    ("in", 0o333, ("--out-dir", "out"), ["in: Cannot read 'in': " + DENIED]),
    ("in", 0o444, ("--out-dir", "out"), ["in/a.png: Cannot read 'in/a.png': " + DENIED]),
    ("in/a.png", 0, ("--out-dir", "out"), ["in/a.png: Cannot read 'in/a.png': " + DENIED]),
    ("out", 0o555, ("--out-dir", "out"), ["Cannot write 'out/a_2x2_nearest.png': " + DENIED]),
    ("out", 0o555, ("--out-dir", "out/new"), ["Cannot make the folder 'out/new': " + DENIED]),
    ("out", 0, ("--out-dir", "out", "--skip-existing"), ["Cannot write 'out/a_2x2_nearest"]),
    ("out", 0o555, ("--report", "out/r.json"), ["Error: Cannot write 'out/r.json': " + DENIED]),
]


@pytest.mark.parametrize(("closed", "mode", "words", "lines"), choose(CLOSED[::3], CLOSED))
def test_a_closed_folder_is_told_and_nothing_else_is_harmed(
    tmp_path: Path, closed: str, mode: int, words: Sequence[str], lines: list[str]
) -> None:
    write_images(tmp_path / "in", ["a.png"])
    (tmp_path / "out").mkdir()
    before = contents(tmp_path)
    (tmp_path / closed).chmod(mode)
    try:
        done = run_bound(tmp_path, "upsample", "in", *words)
    finally:
        (tmp_path / closed).chmod(0o755)
    errors = done.stderr.splitlines()
    assert done.returncode == (1 if lines else 0)
    assert len(errors) == (2 if lines and not errors[0].startswith("Error") else len(lines))
    for line in lines:
        assert line in errors[0]
    left = contents(tmp_path)
    assert left.keys() - before.keys() == (set() if lines else {"out/a_2x2_nearest.png"})
    assert before.items() <= left.items()


IN_CLOSED = (
    ("upsample", "in/a.png"),
    ("upsample", "in/none.png"),
    ("upsample", "in/x.npz:name"),
    ("upsample", "in/*.png", "--out-dir", "out"),
    ("transpose-conv", "in/x.npy"),
    ("summary", "in/x.keras"),
    ("generator", "--model", "in/x.keras"),
)


@pytest.mark.parametrize("words", choose(IN_CLOSED[2:4], IN_CLOSED))
def test_what_is_in_a_closed_folder_is_not_told_to_be_missing(
    tmp_path: Path, words: Sequence[str]
) -> None:
    write_images(tmp_path / "in", ["a.png"])
    (tmp_path / "in").chmod(0)
    try:
        done = run_bound(tmp_path, *words)
    finally:
        (tmp_path / "in").chmod(0o755)
    assert done.returncode == 1
    assert f"Cannot read '{words[-1] if 'out' not in words else words[1]}': {DENIED}" in done.stderr


# --- little memory and little room


@pytest.mark.parametrize("kilobytes", choose([250_000], [*range(150_000, 400_000, 10_000)]))
def test_with_little_memory_what_is_told_is_what_is_there(
    shell: Shell, tmp_path: Path, kilobytes: int
) -> None:
    write_images(tmp_path / "in", ["large.gif"], side=400)
    write_images(tmp_path / "in", ["small.gif", "small.png"], side=9)
    line = "upsamp upsample in --size 6 --interp bilinear --out-dir out --jobs 1 --report r.json"
    result = shell(f"ulimit -v {kilobytes}; {line}")
    assert not [*tmp_path.rglob(".*.part")]
    there = set(contents(tmp_path / "out")) if (tmp_path / "out").exists() else set()
    for name in there:
        with Image.open(tmp_path / "out" / name) as image:
            image.load()
    if not (tmp_path / "r.json").exists():
        assert result.returncode == 1
        return
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    told = {entry["target"] for entry in report["files"] if entry["status"] == "written"}
    assert told == {f"out/{name}" for name in there}
    assert result.returncode == (0 if len(told) == 3 else 1)


MOUNT = "mount -t tmpfs -o size=100k none out"


@pytest.mark.exhaustive
@pytest.mark.parametrize("suffix", ["png", "gif", "tiff", "webp", "jpeg2000", "bmp"])
def test_a_report_on_the_disk_that_fills_is_whole_or_told(
    shell: Shell, tmp_path: Path, suffix: str
) -> None:
    write_images(tmp_path / "in", [f"{number}.png" for number in range(9)], side=40)
    for name in ("out", "left"):
        (tmp_path / name).mkdir()
    run = f"upsamp upsample in --size 4 --out-dir out --format {suffix} --report out/r.json"
    can_mount = shell(f"unshare --mount {MOUNT}").returncode == 0
    if can_mount:
        line = f"{MOUNT}; {run}; code=$?; cp -r out/. left; exit $code"
        result = shell(f"unshare --mount bash -c '{line}'")
    else:
        result = shell(f"ulimit -Sf 8; {run}; code=$?; cp -r out/. left; exit $code")
    left = contents(tmp_path / "left")
    report = left.pop("r.json", None)
    lines = result.stderr.decode().splitlines()
    errors = [line for line in lines if not line.startswith("Note: ")]
    failed = [re.match(r"in/(\d)\.png: ", line) for line in errors[:-1]]
    assert len(left) + len(failed) == 9
    assert all(failed)
    if report is None:
        assert errors[-1].startswith("Error: Cannot write 'out/r.json': ")
    else:
        assert json.loads(report)["totals"]["written"] == len(left)
    for name in left:
        with Image.open(tmp_path / "left" / name) as image:
            image.load()


# --- one file


def test_a_lack_of_memory_after_a_file_was_written_is_a_note(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(output, "show_report", lack_memory)
    result = invoke("upsample", "1 2; 3 4", "-o", "a.npy")
    assert (result.exit_code, result.stderr) == (
        0,
        "Note: 'a.npy' is written, but there is not enough memory to show it.\n",
    )
    assert (tmp_path / "a.npy").exists()
    monkeypatch.setattr("upsamp.cli.render.preview.show_preview", lack_memory)
    output.preview(None, "a.npy")  # type: ignore[arg-type]  # which is not looked at
    with pytest.raises(MemoryError):
        output.preview(None, "-")  # type: ignore[arg-type]  # nor here
