"""Tasks and what became of them, as data; and who does them, as an interface of a few lines."""

from dataclasses import dataclass
from typing import Literal, Protocol

# "kept": written, too, with the size that it had.
Status = Literal["written", "kept", "skipped", "failed"]


@dataclass(frozen=True)
class Task:
    """One file that is to become another; `number` is its place among all, from 1 on."""

    number: int
    source: str
    target: str


@dataclass(frozen=True)
class Outcome:
    """What became of a task; of one that was not begun there are no seconds and no shapes.

    before, after: the shapes of the pixels. error: in one line, where it failed. notes: what was
    lost on the way.
    """

    task: Task
    status: Status
    seconds: float = 0.0
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """What does tasks, several at a time, in any order; each has one outcome."""

    def has_room(self) -> bool:
        """Tell whether another task can be given now; where not, `collect` makes room."""

    def submit(self, task: Task) -> None:
        """Take a task."""

    def collect(self) -> list[Outcome]:
        """Wait for some outcomes and return them; none when there is nothing to wait for."""

    def close(self) -> None:
        """End at once, whatever is being done, and leave whole files alone."""
