"""How many threads there are to be."""

import os

import pytest

from upsamp.core.threads import thread_count
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


@pytest.mark.parametrize("count", [1, 2, 64])
def test_the_environment_sets_another_number(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", str(count))
    assert thread_count() == count


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "1.5", "+2", "1_0", " 2", "\u0662"])
def test_what_is_no_number_of_threads_is_refused(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", wanted)
    with pytest.raises(ArgumentError, match=r"^UPSAMP_THREADS must be a positive integer\. Rec"):
        thread_count()
