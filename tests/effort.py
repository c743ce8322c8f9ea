"""How much the tests try: a sample, or with `pytest --exhaustive` all that there is."""

from typing import TypeVar

__all__ = ["choose", "is_exhaustive", "set_exhaustive"]

Effort = TypeVar("Effort")

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
