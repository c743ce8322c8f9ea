"""How many threads there are to be, and what they share."""

import multiprocessing
import os
import threading
import warnings

import numpy as np
import pytest

from upsamp.core.memory import limit_memory
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count
from upsamp.errors import ArgumentError


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
@pytest.mark.parametrize("threads", [1, 2, 3, 4])
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
    assert sorted(names).count("upsamp") == 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_any_thread_is_raised_when_all_have_ended(failing: int) -> None:
    ended: list[int] = []

    def work(run: range) -> None:
        ended.append(run.start)
        if run.start == failing:
            raise ValueError("this part")

    for _ in range(3):  # the threads go on working
        ended.clear()
        with pytest.raises(ValueError, match="this part"):
            share(3, 3, work)
        assert sorted(ended) == [0, 1, 2]


def test_settings_for_errors_hold_in_every_thread() -> None:
    def divide(run: range) -> None:
        np.testing.assert_equal(np.float64(1 + run.start) / 0.0, np.inf)

    with np.errstate(divide="ignore"):
        share(3, 3, divide)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        share(3, 3, divide)


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


def test_scratch_is_kept_by_name_and_grows() -> None:
    first = scratch("a test", (4, 5), np.float32)
    first[...] = 1
    again = scratch("a test", (2, 3), np.float64)
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, scratch("another test", (4,), np.float32))
    assert scratch("a test", (100, 100), np.float64).shape == (100, 100)


def test_a_large_scratch_is_not_kept() -> None:
    large = scratch("a large test", (2**21 + 1,), np.float32)
    assert not np.shares_memory(large, scratch("a large test", (2**21 + 1,), np.float32))


def sum_of_shared(count: int) -> int:
    seen: list[int] = []
    share(count, 2, seen.extend)
    return sum(seen)
