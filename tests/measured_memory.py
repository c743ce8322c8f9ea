"""What a call takes besides its input and its output, by the system's own account.

As a program it reads cases, lines of JSON, and answers each with a line: the megabytes. A call runs
in a fork of its own, as what the allocator keeps from an earlier one would hide what it takes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import upsamp

__all__ = ["can_measure", "extra_memory"]

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def can_measure() -> bool:
    """Return whether the system counts, and forgets what it counted when it is told to."""
    return RESET.exists() and hasattr(os, "fork")


def extra_memory(cases: Iterable[dict[str, Any]]) -> list[float]:
    """Return the megabytes of each case: a function of upsamp, shape, dtype, its arguments.

    out: whether the output is there before. threads: UPSAMP_THREADS.
    """
    done = subprocess.run(
        [sys.executable, "-m", "measured_memory"],
        input="\n".join(map(json.dumps, cases)),
        stdout=subprocess.PIPE,
        text=True,
        timeout=100,
        check=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return [float(line) for line in done.stdout.split()]


def _measure(case: dict[str, Any]) -> float:
    """Return the megabytes that a call takes in this process, which has done nothing before."""
    os.environ["UPSAMP_THREADS"] = str(case["threads"])
    function = getattr(upsamp, case["function"])
    shape, out = case["shape"], case.get("out")
    numbers = np.arange(np.prod(shape), dtype=np.uint32)
    numbers *= 2654435761  # which looks like noise
    x = (numbers >> 24).astype(case["dtype"]).reshape(shape)
    del numbers
    arguments = case.get("arguments", {})
    if out:
        arguments["out"] = np.full(out, 1, case["dtype"])
    RESET.write_text("5", encoding="ascii")
    before = _peak()
    result = function(x, *case["values"], **arguments)
    return _peak() - before - (0 if out else result.nbytes / 2**20)


def _peak() -> float:
    """Return the most megabytes that this process has had at a time."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM"))


def _answer() -> None:
    for line in sys.stdin.read().splitlines():
        child = os.fork()
        if not child:
            sys.stdout.write(f"{_measure(json.loads(line))}\n")
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)


if __name__ == "__main__":
    _answer()
