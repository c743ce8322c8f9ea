"""Pieces worked on by threads: the order, the bound, and that nothing is left behind."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from effort import in_one_test

from upsamp.core.threads import map_in_order


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@in_one_test("threads", [1, 2, 5])
@in_one_test("count", [0, 1, 2, 50])
def test_results_come_in_the_order_of_their_pieces(count: int, threads: int) -> None:
    def work(piece: int) -> int:
        time.sleep(0.001 * (piece % 3))
        return piece * piece

    assert list(map_in_order(work, range(count), threads)) == [n * n for n in range(count)]


def test_several_pieces_are_worked_on_at_a_time() -> None:
    meeting = threading.Barrier(2, timeout=20)
    assert len(list(map_in_order(lambda _: meeting.wait(), range(6), 2))) == 6


@pytest.mark.parametrize("threads", [2, 3])
def test_no_more_is_begun_than_twice_the_threads(threads: int) -> None:
    begun: list[int] = []

    def pieces() -> Iterator[int]:
        for piece in range(100):
            begun.append(piece)
            yield piece

    for index, result in enumerate(map_in_order(lambda piece: piece, pieces(), threads)):
        assert result == index
        assert len(begun) <= index + 2 * threads + 1


@in_one_test("threads", [1, 2])
@in_one_test("error", [ValueError, MemoryError, KeyboardInterrupt])
def test_an_error_in_a_piece_is_raised_in_its_turn(
    error: type[BaseException], threads: int
) -> None:
    def work(piece: int) -> int:
        if piece == 3:
            raise error
        return piece

    results = map_in_order(work, range(50), threads)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(error):
        next(results)
    assert list(results) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_a_reader_that_stops_ends_the_threads(threads: int) -> None:
    done: list[int] = []
    with closing(map_in_order(done.append, range(1000), threads)) as results:
        next(results)
    count = len(done)
    assert count <= 1 + 3 * threads
    time.sleep(0.01)
    assert len(done) == count


def test_an_error_of_the_pieces_themselves_ends_the_threads() -> None:
    def pieces() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(map_in_order(lambda piece: piece, pieces(), 2))
