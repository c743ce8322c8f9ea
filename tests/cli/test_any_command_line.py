"""Any command line ends with a result, or with one line that says why not: 20,000 are tried."""

import os
import re
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

import effort
import pytest
from bulk_files import HereEngine
from click.testing import CliRunner, Result
from command_lines import Line, lines_of_numbers, lines_of_variables, make_files, make_line

import upsamp.cli
from upsamp.cli import COMMANDS, main

# The lines of one test, in which a fault is told by its number.
BLOCK = 200
# Processor time of one line, which takes a hundredth of it.
SECONDS = 20.0


class SlowError(BaseException):
    """A line takes too long; no handler of errors may take it for one of its own."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder full of files, in which the lines are run."""
    place = tmp_path_factory.mktemp("lines")
    before = Path.cwd()
    os.chdir(place)
    try:
        make_files()
        yield place
    finally:
        os.chdir(before)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep what belongs to the process as it was: its signals, and its standard output."""
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGPROF)]
    signal.signal(signal.SIGPROF, _stop)
    monkeypatch.setattr(upsamp.cli, "_abandon_output", lambda: None)
    # On a machine of any size what is huge is refused, and not computed for minutes.
    monkeypatch.setattr("upsamp.core.memory._free_memory", lambda: 2**30)
    monkeypatch.setattr("upsamp.cli.modes.many_files.Processes", HereEngine)
    yield
    for number, handler in handlers:
        signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SlowError(f"more than {SECONDS} s of processor time")


def contents() -> dict[str, bytes]:
    """Return every file of the working directory."""
    found = (Path(place, name) for place, _, names in os.walk(".") for name in names)
    return {str(path): path.read_bytes() for path in found if not path.is_symlink()}


def run(line: Line) -> Result:
    """Run a line in this process."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return CliRunner().invoke(main, line.words, input=line.stdin, env=line.variables)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def faults_of(line: Line, result: Result, before: dict[str, bytes]) -> Iterator[str]:
    """Yield what a line did that none may do."""
    if not isinstance(result.exception, SystemExit | None):
        yield f"raises {result.exception!r}"
        return
    told = result.stderr.splitlines()
    errors = [text for text in told if text.startswith("Error: ")]
    help_alone = result.exit_code == 2 and any(text.startswith("Usage: ") for text in told)
    if result.exit_code not in (0, 1, 2, 130):
        yield f"ends with {result.exit_code}"
    # What an audit has found is its result.
    audited = "--audit" in line.words and result.exit_code == 1 and bool(result.stdout)
    if len(errors) != (result.exit_code in (1, 2) and not (help_alone or audited)):
        yield f"tells {told} with code {result.exit_code}"
    if "Traceback" in result.stderr or "Cannot write to standard output" in result.stderr:
        yield f"tells {told}"
    if any(text.startswith("Error: ") and text != told[-1] for text in told):
        yield f"goes on after its error: {told}"
    after = contents()
    yield from (
        f"changes {name}"
        for name, data in before.items()
        if after.get(name) != data and not may_write(line, name, failed=result.exit_code != 0)
    )
    yield from (
        f"leaves {name}" for name in after.keys() - before.keys() if Path(name).name[0] == "."
    )


def may_write(line: Line, name: str, *, failed: bool) -> bool:
    """Tell whether a line says that it may write over a file; a report is of what failed, too."""
    words = " ".join(line.words)
    is_report = re.search(f"--report[ =]{re.escape(name)}", words) is not None
    return is_report or ("--force" in line.words and not failed)


def tidy(before: dict[str, bytes]) -> None:
    """Make the folder as it was."""
    for name in contents().keys() - before.keys():
        Path(name).unlink()
    for place, folders, _ in os.walk(".", topdown=False):
        for name in folders:
            path = Path(place, name)
            if path.name != "empty" and not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()
    for name, data in before.items():
        path = Path(name)
        if not path.is_file() or path.read_bytes() != data:
            path.write_bytes(data)


def check_lines(lines: Mapping[int, Line]) -> None:
    """Assert that each of these lines, by their numbers, ends well and leaves nothing behind."""
    before, threads, place = contents(), threading.active_count(), Path.cwd()
    faults = []
    for number, line in lines.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = run(line)
        faults += [f"{number} {line}: {fault}" for fault in faults_of(line, result, before)]
        assert Path.cwd() == place, line
        tidy(before)
    assert not faults, "\n".join(fault[:2000] for fault in faults)
    # Those of `core.threads` wait for more work, and so does the one in which distributed packs.
    names = [thread.name for thread in threading.enumerate()]
    assert len([name for name in names if name not in ("upsamp", "Dask-Offload_0")]) <= threads


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("start", range(0, effort.choose(BLOCK, 20_000), BLOCK))
@pytest.mark.usefixtures("folder")
def test_any_line_ends_well(start: int) -> None:
    check_lines({number: make_line(number) for number in range(start, start + BLOCK)})


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("folder")
def test_any_number_of_any_option_ends_well(command: str) -> None:
    lines = dict(enumerate(lines_of_numbers(command)))
    # 29 and the numbers of an option have no common factor: in time each is met by each.
    check_lines({number: lines[number] for number in range(0, len(lines), effort.choose(29, 1))})


@pytest.mark.usefixtures("folder")
def test_any_value_of_a_variable_ends_well() -> None:
    lines = dict(enumerate(lines_of_variables()))
    check_lines({number: lines[number] for number in range(0, len(lines), effort.choose(4, 1))})
