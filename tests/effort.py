"""How much the tests try: a sample, or with `pytest --exhaustive` all that there is."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager
from functools import wraps
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import pytest

__all__ = ["choose", "in_one_test", "is_exhaustive", "one_of_each", "sample", "set_exhaustive"]

Effort = TypeVar("Effort")
Other = TypeVar("Other")

# Where all tests begin, but for those that work in a folder of their own.
HOME = Path.cwd()

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
    names: str | Sequence[str], cases: Iterable[Any]
) -> Callable[[Callable[..., None]], Any]:
    """Make of a test of one case one of them all, as `parametrize` makes one of each.

    For what is quick: a test for each case would cost more than what it tries. A failure tells its
    case. Where a test works in a folder of its own, each case does. An exhaustive run has a test
    for each case, as the time limit is that of one test.
    """
    every = [*cases]
    assert every
    if is_exhaustive():
        return pytest.mark.parametrize(names, every)
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else names

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        @wraps(check)
        def check_all(**fixtures: Any) -> None:
            for number, case in enumerate(every):
                values = _values(case, alone=arguments == [names])
                with _own_folder(fixtures, number) as own:
                    try:
                        check(**own, **dict(zip(arguments, values, strict=True)))
                    except (Exception, pytest.fail.Exception) as error:
                        error.add_note(f"{names}: {getattr(case, 'id', str(case)[:200])}")
                        raise

        signature = inspect.signature(check)
        others = [one for one in signature.parameters.values() if one.name not in arguments]
        # pytest asks for it, which a function has no type for.
        check_all.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return check_all

    return decorate


def _values(case: Any, *, alone: bool) -> Sequence[Any]:
    """Return the values of a case, for one argument or for several."""
    if isinstance(case, type(pytest.param())):
        assert not case.marks
        return case.values
    return [case] if alone else case


@contextmanager
def _own_folder(fixtures: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Yield the fixtures of one case, which works where no other has left a file."""
    here = Path.cwd()
    place = fixtures.get("tmp_path", here)
    if place == HOME:
        yield fixtures
        return
    folder = place / f"case{number}"
    folder.mkdir()
    own = {**fixtures, "tmp_path": folder} if "tmp_path" in fixtures else fixtures
    with chdir(folder if here == place else here):
        yield own
