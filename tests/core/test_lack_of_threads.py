"""Where the system has no room for another thread, those that there are do the work."""

import threading
from collections.abc import Callable

import pytest

from upsamp.core.threads import _jobs, share
from upsamp.io.ordered import map_in_order


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets so many threads start from then on."""
    start = threading.Thread.start

    def allow(count: int) -> None:
        left = [None] * count

        def start_or_refuse(thread: threading.Thread) -> None:
            if not left:
                raise RuntimeError("can't start new thread")
            left.pop()
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_or_refuse)

    return allow


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_threads_share_the_work(room: Callable[[int], None], count: int) -> None:
    _jobs.cache_clear()
    room(count)
    done: list[int] = []
    share(90, 6, done.extend)
    assert sorted(done) == [*range(90)]
    room(count)
    assert [*map_in_order(abs, range(50), threads=6)] == [*range(50)]


def test_no_thread_at_all_is_a_lack_of_memory(room: Callable[[int], None]) -> None:
    done: list[range] = []
    _jobs.cache_clear()
    room(0)
    with pytest.raises(MemoryError):
        share(90, 6, done.append)
    with pytest.raises(MemoryError):
        next(map_in_order(abs, range(50), threads=6))
