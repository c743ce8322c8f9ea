"""The child processes of a test run: a test ends what it has started, also when it fails."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

__all__ = [
    "adopt_orphans",
    "children",
    "end_at_failures",
    "end_new_children",
    "hear_signals",
]

PR_SET_CHILD_SUBREAPER = 36
# A process may take so many seconds to notice that whoever started it has gone.
GRACE = 3.0


def adopt_orphans() -> None:
    """Let processes whose parent ends become children of this process, where the system can."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hear_signals() -> None:
    """Let this process and its children be ended by all signals, as those of a terminal are.

    What a shell starts in the background ignores SIGINT, and under nohup SIGHUP, and hands that on.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGHUP", "SIGTERM"):
        if hasattr(signal, name):  # not every system has both
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def end_at_failures() -> None:
    """Let `with subprocess.Popen(...)` kill its process when the block fails, not wait for it."""
    leave = subprocess.Popen.__exit__

    def end_and_leave(process: "subprocess.Popen[Any]", kind: Any, *error: Any) -> None:
        if kind is not None:
            process.kill()
        leave(process, kind, *error)

    subprocess.Popen.__exit__ = end_and_leave  # type: ignore[method-assign]  # which is the purpose


def children() -> set[int]:
    """Return the process ids of all children, or none where the system has no way to ask."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (ChildProcessError, AttributeError):  # the usual case, and the system's quickest answer
        return set()
    found: set[int] = set()
    for file in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # of a thread that has just ended
            found.update(map(int, file.read_text().split()))
    return found


def end_new_children(before: Collection[int], kept: Collection[int] = ()) -> list[str]:
    """Kill the children that are neither in `before` nor in `kept`; return their commands.

    One that ends within a moment is not counted. `multiprocessing` keeps a process to the end.
    """
    tracker = getattr(resource_tracker, "_resource_tracker", None)
    allowed = {*before, *kept, getattr(tracker, "_pid", None)}
    deadline = time.monotonic() + GRACE
    while True:
        left = {pid for pid in children() - allowed if not _has_ended(pid)}
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    commands = [_command(pid) for pid in sorted(left)]
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return commands


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended; if so, nothing is left of it."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # somebody else has waited for it
        return True


def _command(pid: int) -> str:
    """Return the start of the command that a process runs."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return str(pid)
    return f"{pid}: {b' '.join(words).decode(errors='replace')[:200]!r}"
