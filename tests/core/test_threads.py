"""How many threads there are to be, and what they share."""

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from effort import in_one_test

from upsamp import upsample
from upsamp.core.arguments import Array
from upsamp.core.memory import limit_memory
from upsamp.core.scratch import scratch
from upsamp.core.threads import _kept_pool, map_in_order, share, thread_count
from upsamp.errors import ArgumentError


@pytest.fixture
def _new_threads() -> Iterator[None]:
    """Let there be no threads of calls before."""
    _kept_pool.cache_clear()
    gc.collect()  # what was raised in other tests holds theirs
    wait_until(lambda: "upsamp" not in str(threading.enumerate()))
    yield
    _kept_pool.cache_clear()


def has_at_most(threads: int) -> bool:
    """Tell whether this process has at most so many threads."""
    return threading.active_count() <= threads


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what other threads do soon."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_all_cores_that_the_process_may_use_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSAMP_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert thread_count() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert thread_count() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert thread_count() == 1


def test_there_are_no_more_than_the_memory_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", "8")
    for limit, count in ((2**20, 1), (100 * 2**20, 2), (2**30, 8), (None, 8)):
        with limit_memory(limit):
            assert thread_count() == count


@pytest.mark.parametrize("count", [1, 2, 64])
def test_the_environment_sets_another_number(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", str(count))
    assert thread_count() == count


@pytest.mark.parametrize(
    "wanted", ["0", "-1", "two", "1.5", "+2", "1_0", " 2", "\u0662", "1025", "9" * 5000]
)
def test_what_is_no_number_of_threads_is_refused(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", wanted)
    with pytest.raises(
        ArgumentError, match=r"^UPSAMP_THREADS must be an integer from 1 to 1024\. Rec"
    ) as raised:
        thread_count()
    assert len(str(raised.value)) < 200


# --- what is shared


@pytest.mark.parametrize("count", range(6))
@in_one_test("threads", [1, 2, 3, 4])
def test_each_piece_is_done_once(count: int, threads: int) -> None:
    seen: list[int] = []
    share(count, threads, seen.extend)
    assert sorted(seen) == list(range(count))


def test_the_runs_go_to_as_many_threads() -> None:
    names: list[str] = []
    together = threading.Barrier(3, timeout=10)

    def work(_run: range) -> None:
        together.wait()  # all three are at work at once
        names.append(threading.current_thread().name)

    share(3, 3, work)
    assert sum(name.startswith("upsamp") for name in names) == 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_any_thread_is_raised_when_all_have_ended(failing: int) -> None:
    begun: list[int] = []
    ended: list[int] = []

    def work(run: range) -> None:
        begun.append(run.start)
        time.sleep(0.001)
        ended.append(run.start)
        if run.start == failing:
            raise ValueError("this part")

    for _ in range(3):  # the threads go on working
        begun.clear()
        ended.clear()
        with pytest.raises(ValueError, match="this part"):
            share(3, 3, work)
        assert failing in begun
        assert sorted(ended) == sorted(begun)
    share(3, 3, ended.extend)
    assert sorted(ended[len(begun) :]) == [0, 1, 2]


def test_an_error_holds_nothing_that_the_work_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", "3")
    held, together = np.ones(3), threading.Barrier(3)
    reference = weakref.ref(held)

    def work(run: range, array: Array = held) -> None:
        together.wait(10)
        raise ValueError(array[run.start])

    gc.disable()
    try:
        with pytest.raises(ValueError, match=r"1\.0"):
            share(3, 3, work)
        del held, work
        wait_until(lambda: reference() is None)
    finally:
        gc.enable()


def test_settings_for_errors_hold_in_every_thread() -> None:
    def divide(run: range) -> None:
        np.testing.assert_equal(np.float64(1 + run.start) / 0.0, np.inf)

    with np.errstate(divide="ignore"):
        share(3, 3, divide)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        share(3, 3, divide)


def test_what_is_called_at_errors_is_called_in_every_thread() -> None:
    called: list[str] = []
    with np.errstate(divide="call", call=lambda kind, _: called.append(kind)):
        share(3, 3, lambda _: called.extend(str(np.divide(1.0, 0.0)) * 0))
    assert called == ["divide by zero"] * 3


@pytest.mark.usefixtures("_new_threads")
def test_calls_of_any_size_have_the_same_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    for threads in (16, 4, 16):
        monkeypatch.setenv("UPSAMP_THREADS", str(threads))
        for count in range(2, 40):
            share(count, thread_count(), lambda _: None)
            share(3, min(3, thread_count()), lambda _: None)
        most = before + threads - 1
        wait_until(partial(has_at_most, most))


@pytest.mark.usefixtures("_new_threads")
def test_calls_at_a_time_have_the_same_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", "3")
    before = threading.active_count()
    images = [np.full((1, 600, 600, 3), value, np.uint8) for value in range(8)]
    with ThreadPoolExecutor(8) as callers:
        results = callers.map(partial(upsample, size=2), images)
        for image, result in zip(images, results, strict=True):
            np.testing.assert_array_equal(result, np.broadcast_to(image[:1, :1, :1], result.shape))
        assert threading.active_count() <= before + 8 + 2


def test_a_thread_that_helps_shares_nothing_further() -> None:
    seen: list[int] = []
    share(4, 2, lambda run: share(len(run), 2, seen.extend))
    assert sorted(seen) == [0, 0, 1, 1]


def test_a_fork_has_threads_of_its_own() -> None:
    seen: list[int] = []
    share(2, 2, seen.extend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of what is tested here
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply(sum_of_shared, (10,)) == 45


# What runs in a Python of its own, and ends it: `x` is just large enough for threads.
PREPARED = """
import atexit, os, signal, sys, threading, time
import numpy as np
from upsamp import upsample
x = np.ones((1, 400, 400, 3), np.float32)
def enlarge():
    result = upsample(x, 2, "lanczos3")
    assert abs(result - 1).max() < 1e-5
def enlarge_on():
    while True:
        enlarge()
enlarge()
"""


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program after `PREPARED`, with three threads."""
    return subprocess.run(
        [sys.executable, "-c", PREPARED + program],
        env=os.environ | {"UPSAMP_THREADS": "3"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("atexit.register(enlarge)", id="enlarges at its end"),
        pytest.param(
            "threading.Thread(target=enlarge_on, daemon=True).start(); time.sleep(0.1)",
            id="ends while threads work",
        ),
        pytest.param("threading.Thread(target=enlarge).start()", id="ends before its threads"),
        pytest.param(
            """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of what is tested here
threading.Thread(target=enlarge_on, daemon=True).start()
for _ in range(3):
    child = os.fork()
    enlarge()
    if not child:
        sys.exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
""",
            id="forks while threads work",
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
        ),
        pytest.param(
            """
threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
try:
    enlarge_on()
except KeyboardInterrupt:
    enlarge()
""",
            id="is interrupted while threads work",
        ),
    ],
)
def test_a_program_that_uses_threads_ends_in_order(program: str) -> None:
    done = run_python(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_scratch_is_kept_by_name_and_grows() -> None:
    first = scratch("a test", (400, 50), np.float32)
    first[...] = 1
    again = scratch("a test", (200, 30), np.float64)
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, scratch("another test", (4000, 5), np.float32))
    assert scratch("a test", (100, 1000), np.float64).shape == (100, 1000)


def test_a_little_scratch_is_taken_anew() -> None:
    first = scratch("a little test", (4, 5), np.float32)
    assert first.shape == (4, 5)
    assert not np.shares_memory(first, scratch("a little test", (4, 5), np.float32))


def test_a_large_scratch_is_not_kept() -> None:
    large = scratch("a large test", (2**21 + 1,), np.float32)
    assert not np.shares_memory(large, scratch("a large test", (2**21 + 1,), np.float32))


def test_a_thread_keeps_scratch_within_a_bound() -> None:
    first = scratch("number 0", (2**22,), np.uint8)
    for number in range(1, 3):
        scratch(f"number {number}", (2**22,), np.uint8)
    assert np.shares_memory(first, scratch("number 0", (2**15,), np.uint8))
    for number in range(3, 7):
        scratch(f"number {number}", (2**22,), np.uint8)
    assert not np.shares_memory(first, scratch("number 0", (2**15,), np.uint8))


def sum_of_shared(count: int) -> int:
    seen: list[int] = []
    share(count, 2, seen.extend)
    return sum(seen)


def test_a_thread_whose_start_is_interrupted_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def interrupt(thread: threading.Thread) -> None:
        start(thread)
        started.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        list(map_in_order(len, ["a", "b"], threads=2))
    (thread,) = started
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert caught.tb is not None  # which holds all that the frames had
