"""Long runs of the command: how far they are, what they take, and what an interruption leaves."""

import os
import signal
import subprocess
import time
from pathlib import Path

LONG = 60

# A program that runs the command and writes the most memory that it had, in KB, at the end of
# standard error.
MEASURE = """\
import resource, sys
from upsamp.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


def interrupt_while_writing(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Send Ctrl-C as soon as there is a hidden file in the folder, and see the run end by it."""
    deadline = time.monotonic() + LONG
    while not list(folder.glob(".*.part")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(folder.glob(".*.part"))
    process.send_signal(signal.SIGINT)
    assert process.wait(LONG) == 130
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()


def read_terminal(ours: int) -> bytes:
    """Return what a terminal was sent until its other end was closed, and close this one."""
    shown = b""
    try:
        while part := os.read(ours, 2**16):
            shown += part
    except OSError:  # what a terminal answers when its other end is closed
        pass
    os.close(ours)
    return shown
