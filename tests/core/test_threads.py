"""Threads: how many, what each gets, and errors."""

import os
from collections.abc import Callable

import numpy as np
import pytest

from upsamp.core.threads import run_halves, scratch, thread_count


@pytest.mark.parametrize(("wish", "expected"), [("1", 1), ("7", 7), ("012", 12)])
def test_the_environment_says_how_many(
    wish: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", wish)
    assert thread_count() == expected


@pytest.mark.parametrize("wish", ["", "0", "-1", "two", "1.5", "²"])
def test_what_is_no_count_is_passed_over(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSAMP_THREADS", raising=False)
    expected = thread_count()
    assert 1 <= expected <= (os.cpu_count() or 1)
    monkeypatch.setenv("UPSAMP_THREADS", wish)
    assert thread_count() == expected


def test_where_the_system_does_not_tell_which_processors_are_ours_all_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("UPSAMP_THREADS", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert thread_count() == (os.cpu_count() or 1)


@pytest.mark.parametrize("count", range(6))
@pytest.mark.parametrize("parts", [None, 1, 2, 3, 4])
def test_each_number_is_worked_on_once(count: int, parts: int | None) -> None:
    seen: list[int] = []
    run_halves(lambda start, stop: seen.extend(range(start, stop)), count, parts)
    assert sorted(seen) == list(range(count))


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_any_thread_is_raised(failing: int) -> None:
    def work(start: int, _stop: int) -> None:
        if start == failing:
            raise ValueError("this part")

    with pytest.raises(ValueError, match="this part"):
        run_halves(work, 3, 3)


def test_settings_for_errors_hold_in_every_thread() -> None:
    def divide() -> Callable[[int, int], None]:
        return lambda start, _stop: np.testing.assert_equal(np.float64(1 + start) / 0.0, np.inf)

    with np.errstate(divide="ignore"):
        run_halves(divide(), 3, 3)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        run_halves(divide(), 3, 3)


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
