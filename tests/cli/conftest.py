"""How the tests run the command: in this process, in real pipes, and on a terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bulk_files import HereEngine
from click.testing import CliRunner, Result
from terminals import SCRIPT, SECONDS

from upsamp.cli import main


@pytest.fixture
def samples() -> Path:
    """Return the folder of the sample pictures."""
    return Path(__file__).parents[2] / "sample_images"


@pytest.fixture
def invoke(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared_reader: object,  # noqa: ARG001 - HDF5 files need no process each
) -> Callable[..., Result]:
    """Return a function that runs the command in this process and in a directory of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object, stdin: bytes | str | None = None) -> Result:
        return CliRunner().invoke(
            main, [*map(str, args)], input=stdin, catch_exceptions=False, prog_name="upsamp"
        )

    return run


@pytest.fixture
def here_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs over many files do without processes, where these are not what is tried."""
    monkeypatch.setattr("upsamp.cli.modes.many_files.Processes", HereEngine)


@pytest.fixture
def environment() -> dict[str, str]:
    """Return an environment in which `upsamp` is the script that is tested."""
    unwanted = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {"PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm"}


@pytest.fixture
def shell(
    tmp_path: Path, environment: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Return a function that runs a line of bash in a directory of its own."""

    def run(line: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=tmp_path,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )

    return run


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str]) -> Callable[..., tuple[str, str, int]]:
    """Return a function that runs the script on a terminal: what is shown, stderr, exit code."""

    def run(columns: int, *args: object, **variables: str) -> tuple[str, str, int]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        with subprocess.Popen(
            [SCRIPT, *map(str, args)],
            cwd=tmp_path,
            env=environment | variables,
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
        ) as process:
            os.close(theirs)
            shown = read_all(ours, process)
            assert process.stderr is not None
            errors = process.stderr.read()
        os.close(ours)
        text = shown.decode(errors="replace").replace("\r\n", "\n")
        return text, errors.decode(), process.returncode

    return run


def read_all(descriptor: int, process: subprocess.Popen[Any]) -> bytes:
    """Read what a process shows on its terminal until it ends; kill it when it never does."""
    deadline, data = time.monotonic() + SECONDS, b""
    while time.monotonic() < deadline:
        ready, _, _ = select.select([descriptor], [], [], 0.2)
        if not ready:
            continue
        try:
            part = os.read(descriptor, 2**16)
        except OSError:  # what a terminal answers when its other end is closed
            return data
        if not part:
            return data
        data += part
    process.kill()
    return data
