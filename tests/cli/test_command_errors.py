"""The installed script's errors: one line each, and every file is left as it was."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from click.testing import Result
from effort import sample

Shell = Callable[..., subprocess.CompletedProcess[bytes]]
Invoke = Callable[..., Result]


ERRORS = {
    "a missing file": ("upsample missing.png", 1),
    "a missing matrix": ("transpose-conv missing.csv", 1),
    "missing weights": ("transpose-conv lake.png --weights missing.npy", 1),
    "a directory": ("upsample folder", 1),
    "a directory named as an image": ("upsample folder.png", 1),
    "an empty image": ("upsample empty.png", 1),
    "an empty matrix": ("upsample empty.csv", 1),
    "an empty npy": ("upsample empty.npy", 1),
    "an empty npz": ("upsample empty.npz", 1),
    "empty standard input": ("upsample - < empty.png", 1),
    "a truncated image": ("upsample cut.png --interp bicubic", 1),
    "a truncated photograph": ("transpose-conv cut.jpg", 1),
    "a truncated array": ("upsample cut.npy", 1),
    "a text file named .png": ("upsample text.png", 1),
    "an image named .csv": ("upsample image.csv", 1),
    "a ragged matrix": ("upsample ragged.txt", 1),
    "a file below a file": ("upsample lake.png -o lake.png/out.png", 1),
    "a missing directory": ("upsample lake.png -o missing/out.png", 1),
    "a directory as the output": ("upsample lake.png -o folder.png --force", 1),
    "a full disk": ("upsample lake.png --format png -o /dev/full", 1),
    "a file that exists": ("upsample lake.png -o cut.png", 1),
    "an unknown suffix": ("upsample lake.png -o out.doc", 2),
    "alpha in a format without it": ("upsample sprite.png -o out.jpg", 1),
    "an image too wide for its format": ("upsample lake.png --size 1 100 -o out.webp", 1),
    "a size of nothing": ("upsample lake.png --size 0", 2),
    "a level for a format without it": ("upsample lake.png -o out.jpg --compress 9", 2),
    "a level that there is not": ("upsample lake.png --compress 10", 2),
    "a negative size": ("upsample lake.png --size 2 -1", 2),
    "a size that is a word": ("upsample lake.png --size two", 2),
    "an unknown interpolation": ("upsample lake.png --interp cubic", 2),
    "an unknown command": ("enlarge lake.png", 2),
    "an unknown option": ("upsample lake.png --factor 2", 2),
    "two inputs": ("transpose-conv lake.png cut.png", 2),
    "two inputs for one output": ("upsample lake.png cut.png -o out.png", 2),
    "a matrix among files": ("upsample lake.png '1 2; 3 4'", 2),
    "standard input among files": ("upsample lake.png - < lake.png", 2),
    "an input twice": ("upsample lake.png ./lake.png", 1),
    "two results in one place": ("upsample lake.png sprite.png --name x.png", 1),
    "a name of an unknown field": ("upsample lake.png sprite.png --name '{stem}_{width}.png'", 2),
    "a result over an input": ("upsample lake.png --name '{stem}{suffix}' --force", 1),
    "a report that exists": ("upsample lake.png --report cut.png", 1),
    "a report over a result": ("upsample lake.png --report lake_2x2_nearest.png", 1),
    "a table of several files": ("upsample lake.png sprite.png --format table", 2),
    "a comparison of several files": ("upsample lake.png sprite.png --compare", 2),
    "options that contradict": ("upsample folder --force --skip-existing", 2),
    "no jobs": ("upsample folder --jobs 0", 2),
    "a folder option without files": ("upsample --out-dir large", 2),
    "a layer that is none": ("summary 'Dens(1)'", 1),
    "an output beyond memory": ("upsample lake.png --size 1000000", 1),
    "a matrix beyond memory": ("upsample '1 2; 3 4' --size 1000000000", 1),
    "a product beyond every machine": (f"upsample '1 2; 3 4' --size {10**30}", 1),
    "a program for what no machine has": (f"upsample lake.png --size 1x{10**30} --code torch", 1),
    "a convolution beyond memory": ("transpose-conv lake.png --stride 1000000", 1),
    "a picture of samples beyond memory": ("generator --zoom 1000000 -o out.png > /dev/null", 1),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_one_line_and_leaves_everything_as_it_was(
    shell: Shell, invoke: Invoke, samples: Path, tmp_path: Path, what: str
) -> None:
    command, code = ERRORS[what]
    # Some by the script itself, as what takes a shell; to start it takes long.
    by_script = {what for what in ERRORS if set(ERRORS[what][0]) & set("<>")}
    by_script |= {*sample(ERRORS, 20)}
    for name in ("lake.png", "sprite.png"):
        copy(samples / name, tmp_path)
    copy(samples / "lake.png", tmp_path / "image.csv")
    np.save(tmp_path / "cut.npy", np.ones((9, 9)))
    copy(samples / "lake.png", tmp_path / "cut.png")
    copy(samples / "portrait.jpg", tmp_path / "cut.jpg")
    for name in ("cut.png", "cut.jpg", "cut.npy"):
        os.truncate(tmp_path / name, (tmp_path / name).stat().st_size // 2)
    for name in ("empty.png", "empty.csv", "empty.npy", "empty.npz"):
        (tmp_path / name).touch()
    (tmp_path / "text.png").write_text("1 2\n3 4\n")
    (tmp_path / "ragged.txt").write_text("1 2\n3 4\n5\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    before = {path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()}
    started = time.monotonic()
    if what in by_script:
        result = shell(f"upsamp {command}")
        ended, shown, errors = result.returncode, result.stdout, result.stderr.decode()
    else:
        done = invoke(*shlex.split(command))
        ended, shown, errors = done.exit_code, done.stdout_bytes, done.stderr
    # What does not fit is refused before anything of it is made, so at once.
    assert time.monotonic() - started < 2 or "beyond" not in what
    assert (ended, shown) == (code, b"")
    *notes, line = errors.splitlines(keepends=True)
    assert line.startswith("Error: ")
    assert line.endswith("\n")
    assert all("generator is untrained" in note for note in notes)
    assert ("Try 'upsamp" in line) == (code == 2)
    assert {
        path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()
    } == before


def test_a_long_matrix_on_the_command_line_is_no_file_name(shell: Shell) -> None:
    matrix = " ".join(map(str, range(2000)))
    result = shell(f"upsamp upsample '{matrix}' --size 1 -o out.txt && cat out.txt")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.endswith(f"{matrix}\n".encode())


# --- errors that are no UpsampError


def test_too_little_address_space_is_told_before_anything_is_loaded(shell: Shell) -> None:
    result = shell("ulimit -v 120000; upsamp upsample '1 2'")
    line = (
        b"Error: There must be 163,840 KB of address space. Received: 120,000 KB. "
        b"Use ulimit -v 163840 or more.\n"
    )
    assert (result.returncode, result.stdout, result.stderr) == (1, b"", line)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_library_that_cannot_be_loaded_is_told(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, wrapped: bool
) -> None:
    (tmp_path / f"broken{EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)

    def load(*_: object) -> None:
        try:
            import_module("broken")
        except ImportError as error:
            if wrapped:  # as by NumPy
                raise ImportError("\n\nIMPORTANT: PLEASE READ THIS\n") from error
            raise

    monkeypatch.setattr("upsamp.cli.modes.enlarge.find_source", load)
    result = invoke("upsample", "1 2")
    assert result.exit_code == 1
    assert re.fullmatch(
        r"Error: A library cannot be loaded: .*broken.*\. "
        r"Allow more memory, or install it again\.\n",
        result.stderr,
    )


@pytest.mark.parametrize("error", [EOFError("a bug"), ImportError("a bug"), KeyError("a bug")])
def test_a_bug_keeps_its_traceback(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("upsamp.cli.modes.enlarge.find_source", fail)
    with pytest.raises(type(error), match="a bug"):
        invoke("upsample", "1 2")
