"""How much the tests try: a sample, or with `pytest --exhaustive` all that there is."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, TypeVar

__all__ = ["choose", "in_one_test", "is_exhaustive", "one_of_each", "sample", "set_exhaustive"]

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


def in_one_test(
    name: str, cases: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make of a test of one case, its argument `name`, one of them all; a failure tells its case.

    For what is quick: a test for each case would cost more than what it tries.
    """
    every = [*cases]
    assert every

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        def check_all(**fixtures: Any) -> None:
            for case in every:
                try:
                    check(**fixtures, **{name: case})
                except Exception as error:  # which is raised again: the note names the case
                    error.add_note(f"{name}: {str(case)[:200]}")
                    raise

        signature = inspect.signature(check)
        others = [one for one in signature.parameters.values() if one.name != name]
        # pytest asks for both, which a function has no types for.
        check_all.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        check_all.__doc__ = check.__doc__
        check_all.pytestmark = getattr(check, "pytestmark", [])  # type: ignore[attr-defined]
        return check_all

    return decorate
