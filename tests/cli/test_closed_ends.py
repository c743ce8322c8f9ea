"""The installed script at closed, full and endless ends, and interrupted: it ends, and quietly."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from effort import sample

Shell = Callable[..., subprocess.CompletedProcess[bytes]]

SCRIPT = Path(sys.executable).with_name("upsamp")
LAYERS = "'Dense(8, input_dim=4)' 'Dense(2)'"


TALKATIVE = (
    "upsample '1 2; 3 4' --size 200",
    "upsample '1 2; 3 4' --size 200 --format json",
    "upsample '1 2; 3 4' --size 200 --format npy",
    "upsample '1 2; 3 4' --size 16 --format table",
    "transpose-conv '1 2; 3 4' --stride 150 2>/dev/null",
    "summary dcgan",
    "summary dcgan --format table",
    "generator",
    "--help",
    "upsample --help",
    "--version",
)


@pytest.mark.parametrize(
    ("command", "reader"), sample(product(TALKATIVE, ("head -c 1", "true")), 7)
)
def test_a_reader_that_has_enough_ends_the_command_quietly(
    shell: Shell, command: str, reader: str
) -> None:
    result = shell(f"upsamp {command} | {reader} > /dev/null; echo ${{PIPESTATUS[0]}}")
    assert (result.stdout, result.stderr) == (b"0\n", b"")


@pytest.mark.parametrize(
    "args",
    sample(
        [["upsample"], ["transpose-conv"], ["summary", "Dense(1, input_dim=1)"], ["generator"]], 2
    ),
)
def test_a_pipe_that_never_ends_is_not_read_unasked(args: list[str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    ) as process:
        assert process.wait(timeout=20) == 0
        assert process.stdout is not None
        assert process.stdout.read()


def test_an_interrupt_ends_the_command_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "upsample", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""


SWALLOWING = """
import signal, sys, time
from upsamp.cli import main

kill, lost = signal.pthread_kill, []

def lose_one(*args):  # as where one comes just before a wait for input, which goes on then
    kill(*args) if lost else lost.append(args)

signal.pthread_kill = lose_one

class Finder:  # loads as a compiled module may: what is raised meanwhile is dropped
    def find_spec(self, name, *_):
        if name == "upsamp.cli.upsample":
            try:
                print("loading", flush=True)
                time.sleep(0.3)
            except KeyboardInterrupt:
                pass

sys.meta_path.insert(0, Finder())
main()
"""


def test_an_interrupt_is_not_lost_while_a_module_is_loaded(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SWALLOWING, "upsample", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read().strip() == b""


@pytest.mark.parametrize("command", sample(["upsample -", "transpose-conv -", "summary -"], 2))
def test_a_closed_standard_input_is_an_error(shell: Shell, command: str) -> None:
    result = shell(f"upsamp {command} <&-")
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr == (
        b"Error: Standard input is closed. Give a file, or pipe data into '-'.\n"
    )


def test_a_closed_standard_input_harms_nobody_who_does_not_read_it(shell: Shell) -> None:
    result = shell("upsamp upsample '1 2' --size 1 <&-")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1 2\n", b"")


SHORT = (
    "upsample '1 2'",
    "upsample '1 2' --format npy",
    "upsample '1 2' --format table",
    "transpose-conv '1 2'",
    f"summary {LAYERS}",
    f"summary {LAYERS} --format table",
    "generator",
    "generator --samples 1 -o -",
    "--help",
    "--version",
)


@pytest.mark.parametrize(("command", "end"), sample(product(SHORT, (">&-", "> /dev/full")), 5))
def test_a_standard_output_that_takes_nothing_is_an_error(
    shell: Shell, command: str, end: str
) -> None:
    result = shell(f"upsamp {command} {end}")
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert b"Error: " in result.stderr.splitlines(keepends=True)[-1]
    assert result.stderr.count(b"Error") == 1


def test_a_closed_standard_error_harms_nothing(shell: Shell) -> None:
    result = shell("upsamp upsample --size 1 2>&-; upsamp upsample '1 x' 2>&-; echo $?")
    assert (result.stdout, result.stderr) == (b"1 2\n3 4\n1\n", b"")


@pytest.mark.parametrize(
    ("size", "reader", "threads"),
    sample(
        [
            (size, reader, threads)
            for size in ("1", "12")
            for reader, threads in (("head -c 9", "1"), ("true", "2"), ("head -c 100000", "2"))
        ],
        4,
    ),
)
def test_a_png_flows_to_a_reader_that_has_enough(
    shell: Shell, samples: Path, size: str, reader: str, threads: str
) -> None:
    result = shell(
        f"upsamp upsample '{samples}/lake.png' --size {size} -o - | {reader} > /dev/null;"
        " echo ${PIPESTATUS[0]}",
        UPSAMP_THREADS=threads,
    )
    assert (result.stdout, result.stderr) == (b"0\n", b"")


def test_a_disk_that_is_full_ends_a_png_that_threads_work_on(shell: Shell, samples: Path) -> None:
    command = f"upsamp upsample '{samples}/lake.png' --size 12 --interp bilinear"
    result = shell(f"{command} -o - > /dev/full", UPSAMP_THREADS="2")
    assert result.returncode == 1
    assert result.stderr == (b"Error: Cannot write to standard output: no space left on device.\n")
    result = shell(f"{command} --format png -o /dev/full", UPSAMP_THREADS="2")
    assert result.returncode == 1
    assert result.stderr == b"Error: Cannot write '/dev/full': no space left on device.\n"


def test_an_interrupt_ends_a_png_that_threads_work_on(samples: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [
            *(SCRIPT, "upsample", samples / "lake.png", "--size", "20", "--interp", "bilinear"),
            *("--compress", "9", "-o", tmp_path / "out.png"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"UPSAMP_THREADS": "2"},
        cwd=tmp_path,
    ) as process:
        deadline = time.monotonic() + 20
        while not [*tmp_path.iterdir()] and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""
    assert [*tmp_path.iterdir()] == []


def test_threads_that_are_no_number_are_an_error(
    shell: Shell, samples: Path, tmp_path: Path
) -> None:
    result = shell(f"upsamp upsample '{samples}/lake.png' -o out.png", UPSAMP_THREADS="many")
    assert result.returncode == 1
    assert result.stderr == (
        b"Error: UPSAMP_THREADS must be an integer from 1 to 1024. Received: 'many'. "
        b"Unset it to use all cores.\n"
    )
    assert [*tmp_path.iterdir()] == []
