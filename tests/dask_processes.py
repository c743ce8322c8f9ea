"""A Dask scheduler and workers in processes of their own, on 127.0.0.1 alone; and odd workers.

A worker that loads this module as a preload does what a file is named, as `odd_workers` says.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import odd_workers

from upsamp.bulk import worker as plain_worker

# A program has no port that others can reach, and no page to look at.
LOCAL = ("--host", "127.0.0.1", "--no-dashboard")
Process = subprocess.Popen[bytes]


def dask_setup(_worker: object) -> None:
    """Become an odd worker, which is what Dask calls this function for."""
    plain_worker.enlarge_file = odd_workers.do  # type: ignore[attr-defined]  # as `odd_workers` does


@contextmanager
def running(place: Path, program: str, *options: str) -> Iterator[Process]:
    """Start one of Dask's programs in a folder of its own, and kill it at the end."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{program}", *LOCAL, *options],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def cluster(place: Path, workers: int = 2) -> Iterator[tuple[str, list[Process]]]:
    """Start a scheduler and workers; give its address, and the processes, the scheduler first."""
    with ExitStack() as stack:
        file = place / "scheduler.json"
        start = [("scheduler", ["--port", "0", "--scheduler-file", str(file)])]
        once = ["--scheduler-file", str(file), "--nthreads", "1", "--no-nanny"]
        start += [("worker", once)] * workers
        processes = [
            stack.enter_context(running(place / f"{program}{number}", program, *options))
            for number, (program, options) in enumerate(start)
        ]
        wait_for(lambda: file.exists() and file.read_text(encoding="utf-8").endswith("}"))
        yield json.loads(file.read_text(encoding="utf-8"))["address"], processes


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()
