"""Work on many pieces by threads, with the results in the order of the pieces."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, NamedTuple, TypeVar

__all__ = ["map_in_order"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Answer(NamedTuple, Generic[Result]):
    """What came of a piece: its result, or what was raised."""

    results: tuple[Result, ...]
    error: BaseException | None = None

    def unwrap(self) -> Result:
        """Return the result, or raise what was raised."""
        if self.error is not None:
            raise self.error
        return self.results[0]


class Task(NamedTuple, Generic[Piece, Result]):
    """A piece, and where its answer is waited for."""

    piece: Piece
    answer: "SimpleQueue[Answer[Result]]"


def map_in_order(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], threads: int
) -> Generator[Result, None, None]:
    """Yield `work(piece)` of every piece in its order, as soon as those before it are given.

    threads: how many work at a time; with one, the caller's own does. At most twice as many pieces
    are begun or done and not yet given, which bounds the memory. However the iteration ends, also
    by an error or by `close`, all threads have ended with it.

    >>> list(map_in_order(len, ["a", "", "abc"], threads=2))
    [1, 0, 3]
    """
    if threads == 1:
        yield from map(work, pieces)
        return
    tasks: SimpleQueue[Task[Piece, Result] | None] = SimpleQueue()
    waiting: deque[SimpleQueue[Answer[Result]]] = deque()
    crew: list[Thread] = []
    try:
        for piece in pieces:
            if len(crew) < threads:
                # What has hung itself up must not keep an interrupted program from ending.
                crew.append(Thread(target=_serve, args=(work, tasks), daemon=True))
                try:
                    crew[-1].start()
                except RuntimeError as error:  # there is no room for another
                    crew.pop()
                    if not crew:
                        raise MemoryError from error
                    threads = len(crew)
            if len(waiting) == 2 * threads:
                yield waiting.popleft().get().unwrap()
            waiting.append(SimpleQueue())
            tasks.put(Task(piece, waiting[-1]))
        while waiting:
            yield waiting.popleft().get().unwrap()
    finally:
        _dismiss(crew, tasks)


def _serve(
    work: Callable[[Piece], Result], tasks: "SimpleQueue[Task[Piece, Result] | None]"
) -> None:
    """Work on one task after the other, until there is a None among them."""
    while (task := tasks.get()) is not None:
        try:
            task.answer.put(Answer((work(task.piece),)))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is wanted
            task.answer.put(Answer((), error))


def _dismiss(crew: list[Thread], tasks: "SimpleQueue[Task[Piece, Result] | None]") -> None:
    """Let the threads end after what they are at, and wait for that."""
    with suppress(Empty):
        while True:
            tasks.get_nowait()
    for _ in crew:
        tasks.put(None)
    for thread in crew:
        if thread.ident is not None:  # else it never started
            thread.join()
