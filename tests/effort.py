"""How much the tests try: a sample, or with `pytest --exhaustive` all that there is."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeVar

__all__ = ["choose", "is_exhaustive", "one_of_each", "sample", "set_exhaustive"]

Effort = TypeVar("Effort")
Other = TypeVar("Other")

_state = {"exhaustive": False}


def set_exhaustive(exhaustive: bool) -> None:
    """Set whether this run tries all; `conftest.py` calls it before tests are collected."""
    _state["exhaustive"] = exhaustive


def is_exhaustive() -> bool:
    """Return whether this run tries all."""
    return _state["exhaustive"]


def choose(sample: Effort, everything: Effort) -> Effort:
    """Return what to try: `sample`, or in an exhaustive run `everything`."""
    return everything if is_exhaustive() else sample


def sample(cases: Iterable[Effort], step: int) -> list[Effort]:
    """Return every `step`-th case, the first among them, or in an exhaustive run all of them.

    A step that has no divisor in common with the sides of a grid meets each value of each side.
    """
    return [*cases][:: choose(step, 1)]


def one_of_each(ones: Sequence[Effort], others: Sequence[Other]) -> list[tuple[Effort, Other]]:
    """Return each of `ones` with one of `others` in turn, or in an exhaustive run with all."""
    return choose(
        [(one, others[number % len(others)]) for number, one in enumerate(ones)],
        [*product(ones, others)],
    )
