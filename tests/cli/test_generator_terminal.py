"""`upsamp generator` on a terminal: its progress, and what an interruption leaves behind."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from effort import sample
from golden_files import model_file
from long_runs import LONG, MEASURE, interrupt_while_writing, read_terminal

Shell = Callable[..., subprocess.CompletedProcess[bytes]]

SCRIPT = Path(sys.executable).with_name("upsamp")


def on_terminal(place: Path, environment: dict[str, str], *args: object) -> tuple[str, bytes, int]:
    """Run the script with a terminal as its standard error alone: what it shows, and its output."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SCRIPT, "generator", *map(str, args)],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        printed, _ = process.communicate(timeout=LONG)
    return read_terminal(ours).decode(), printed, process.returncode


def test_a_long_run_shows_how_far_it_is_on_standard_error_alone(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    args = ("--model", model_file("keras/dcgan.keras"), "--samples", 64, "--samples-out", "a.npy")
    shown, printed, code = on_terminal(tmp_path, environment, *args)
    assert code == 0
    assert "Samples" in shown
    assert "100%" in shown
    assert b"%" not in printed
    assert np.load(tmp_path / "a.npy").shape == (64, 16, 16, 3)
    shown, _, code = on_terminal(tmp_path, environment, *args, "--batch", 64, "--force")
    assert (shown, code) == ("", 0)


def test_through_a_pipe_no_progress_is_shown(shell: Shell) -> None:
    args = f"--model '{model_file('keras/dcgan.keras')}' --samples 64 --samples-out a.npy"
    result = shell(f"upsamp generator {args} -o - | upsamp upsample - -o b.png")
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("suffix", sample(["npy", "npz", "json"], 2))
def test_an_interruption_ends_with_its_code_and_leaves_no_half_file(
    tmp_path: Path, environment: dict[str, str], suffix: str
) -> None:
    args = ("--kind", "dcgan", "--samples", 10**5, "--batch", 1, "--samples-out", f"a.{suffix}")
    with subprocess.Popen(
        [SCRIPT, "generator", *map(str, args)],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        interrupt_while_writing(process, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_samples(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "measure.py").write_text(MEASURE)
    peaks = []
    for samples in (64, 6_400):  # of the latter the samples have 20 MB
        args = f"--model '{model_file('keras/dcgan.keras')}' --samples {samples} --batch 64"
        run = shell(f"'{sys.executable}' measure.py generator {args} --samples-out a.npy --force")
        assert run.returncode == 0, run.stderr
        peaks.append(int(run.stderr.split()[-1]))
    assert np.load(tmp_path / "a.npy").shape == (6_400, 16, 16, 3)
    assert peaks[1] - peaks[0] < 12_000  # KB
