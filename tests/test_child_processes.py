"""What the tests start does not outlive them, whether they pass or fail."""

import os
import subprocess
import sys
import time
from pathlib import Path

import child_processes
import pytest
from child_processes import children, end_new_children

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="the system does not tell which children there are"
)
SLEEP = "import time; time.sleep(60)"
# A process that ends at once, and leaves one that sleeps.
ORPHAN = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", {SLEEP!r}], stdout=subprocess.DEVNULL).pid)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_is_left_is_killed_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "GRACE", 0.1)
    before = children()
    left = subprocess.Popen([sys.executable, "-c", SLEEP])
    assert children() - before == {left.pid}
    (told,) = end_new_children(before)
    assert told.startswith(f"{left.pid}: ")
    assert "time.sleep(60)" in told
    assert not is_running(left.pid)
    left.wait()


def test_an_orphan_is_killed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "GRACE", 0.1)
    before = children()
    command = [sys.executable, "-c", ORPHAN]
    orphan = int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    (told,) = end_new_children(before)
    assert told.startswith(f"{orphan}: ")
    assert not is_running(orphan)


def test_what_is_kept_or_ends_by_itself_is_not_told() -> None:
    before = children()
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as kept:
        subprocess.Popen([sys.executable, "-c", ""]).wait()
        assert end_new_children(before, [kept.pid]) == []
        assert is_running(kept.pid)
        kept.kill()


def fail_meanwhile(started: list[int]) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as process:
        started.append(process.pid)
        raise RuntimeError("a test that fails")


def test_a_block_that_fails_kills_its_process() -> None:
    started: list[int] = []
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="a test that fails"):
        fail_meanwhile(started)
    assert time.monotonic() - begun < 30
    assert not is_running(started[0])
