"""Where the system has no room for another thread, those that there are do the work."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from upsamp import conv2d, upsample
from upsamp.core.threads import _kept_pool, map_in_order, share


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Return a function that lets so many threads start from then on, and gives up the others."""
    start = threading.Thread.start

    def allow(count: int) -> None:
        left = [None] * count

        def start_or_refuse(thread: threading.Thread) -> None:
            if not left:
                raise RuntimeError("can't start new thread")
            left.pop()
            start(thread)

        _kept_pool.cache_clear()
        monkeypatch.setattr(threading.Thread, "start", start_or_refuse)

    yield allow
    _kept_pool.cache_clear()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_threads_do_the_work(room: Callable[[int], None], count: int) -> None:
    room(count)
    for _ in range(3):
        done: list[int] = []
        share(90, 6, done.extend)
        assert sorted(done) == [*range(90)]
    room(count)
    assert [*map_in_order(abs, range(50), threads=6)] == [*range(50)]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_threads_compute_the_same_bits(
    room: Callable[[int], None], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", "4")
    x = np.random.default_rng(0).random((4, 160, 160, 8), np.float32)
    kernel = np.random.default_rng(1).random((3, 3, 8, 16), np.float32)

    def compute() -> tuple[object, ...]:
        return upsample(x, 2, "bicubic"), upsample(x, 2), conv2d(x, kernel, padding="same")

    expected = compute()
    room(count)
    for actual, right in zip(compute(), expected, strict=True):
        np.testing.assert_array_equal(actual, right, strict=True)
