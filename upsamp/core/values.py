"""Single values that a caller hands over, of any class: asked, checked and spelled.

An object of a foreign class may raise any exception when it is converted, iterated or shown. So
this room and `arrays` alone catch `Exception`, where such code runs and nothing else: what cannot
be asked is no value of the kind that is wanted, and the refusal names it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from collections.abc import Set as AbstractSet
from itertools import islice
from numbers import Real
from operator import index
from os import fspath
from reprlib import Repr
from typing import Any, SupportsIndex, TypeVar, cast

import numpy as np

from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError, UpsampError, printable

Answer = TypeVar("Answer")
# What can be iterated, and is no list of values.
NO_LISTS = (str, bytes, bytearray, memoryview, Mapping, AbstractSet)
# The digits of the largest integer that is shown; Python itself writes at most 4,300.
LONGEST_INTEGER = 200


class _Spelling(Repr):
    """Values as code: short, without end neither in depth nor in length."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 5
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = self.maxfrozenset = 10
        self.maxstring = self.maxother = 100

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - the signature is Repr's
        """Return an integer, unless nobody would read it."""
        if x.bit_length() > LONGEST_INTEGER * math.log2(10):
            return "a number too large to show"
        return repr(x)

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002 - as above
        """Return what an object of another class says of itself, on one line."""
        said = ask(lambda: " ".join(repr(x).split()))
        if said is None:
            return f"an object of type {type(x).__name__}"
        half = self.maxother // 2
        return said if len(said) <= self.maxother else f"{said[:half]}...{said[-half:]}"


_spelling = _Spelling()


def ask(question: Callable[[], Answer]) -> Answer | None:
    """Return what foreign code answers, or None where it raises.

    >>> ask(lambda: float("2.5")), ask(lambda: float("two"))
    (2.5, None)
    """
    try:
        return question()
    except UpsampError:  # which says what is wrong
        raise
    except Exception:  # noqa: BLE001 - foreign code may raise whatever it likes
        return None


def spelled(value: object) -> str:
    """Return a value as code, on one line and not without end.

    >>> spelled((2, 3)), spelled(10**5000), spelled([0] * 1000)[-12:]
    ('(2, 3)', 'a number too large to show', ', 0, 0, ...]')
    """
    said = ask(lambda: _spelling.repr(value))
    return f"an object of type {type(value).__name__}" if said is None else printable(said)


def as_integer(value: object) -> int | None:
    """Return a value as an int, or None where it is no integer (True and 2.0 are none)."""
    if type(value) is int:  # nearly always, and at once
        return value
    if isinstance(value, bool | np.bool_):
        return None
    return ask(lambda: index(cast("SupportsIndex", value)))


def as_number(value: object) -> float | None:
    """Return a value as a number that a float can hold, or None; integers stay such.

    >>> as_number(np.int64(2)), as_number(np.float32(0.5)), as_number(10**400), as_number("2")
    (2, 0.5, None, None)
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    number, integer = ask(lambda: float(value)), as_integer(value)
    return number if number is None or integer is None else integer


def as_list(value: object, most: int) -> list[Any] | None:
    """Return the values of a list, tuple, array or iterator; None of anything else.

    most: how many there may be; where there are more, one more is returned.

    >>> as_list(range(2, 4), 2), as_list("text", 2), as_list(5, 2)
    ([2, 3], None, None)
    """
    if isinstance(value, NO_LISTS) or not isinstance(value, Iterable):
        return None
    return ask(lambda: [*islice(value, most + 1)])


def each(values: object, name: str, rule: str) -> Iterator[Any]:
    """Yield what a list or an iterator has, one after the other; text and mappings are no lists.

    rule: what they must be, for the error, which has what an iterator of the caller's own raised
    as its cause.

    >>> list(each((2, 3), "layers", "must be layers"))
    [2, 3]
    """
    refusal = f"`{name}` {rule}. Received: {name}={spelled(values)}"
    if isinstance(values, NO_LISTS):
        raise ArgumentError(f"{refusal}.")
    items: Iterator[Any] | None = None
    while True:
        try:
            items = iter(cast("Iterable[Any]", values)) if items is None else items
            item = next(items)
        except StopIteration:
            return
        except UpsampError:
            raise
        except Exception as error:
            raise ArgumentError(f"{refusal}, which raised {type(error).__name__}.") from error
        yield item


def check_size(value: object, name: str) -> None:
    """Raise `MemoryLimitError` where what becomes an array says that it is larger than the memory.

    NumPy asks for all values of a range, and of other sequences, before it makes an array of them.
    An array that repeats its values along an axis has no room for all, and takes time for them.
    """
    if isinstance(value, np.ndarray):
        if 0 in value.strides:
            check_memory(value.shape, value.dtype, f"`{name}`")
    elif isinstance(value, Sized):
        try:
            length = len(value)
        except OverflowError:  # which is that of a range
            length = 2**63
        except Exception:  # noqa: BLE001 - foreign code may raise whatever it likes
            return
        check_memory((length,), np.float64, f"`{name}`")


def normalize_flag(value: object, name: str) -> bool:
    """Return True or False; 1 and 0 are taken, too.

    >>> normalize_flag(True, "use_bias"), normalize_flag(0, "use_bias")
    (True, False)
    """
    if value is True or value is False:
        return value
    if isinstance(value, int | np.integer | np.bool_) and value in (0, 1):
        return bool(value)
    raise ArgumentError(f"`{name}` must be True or False. Received: {name}={spelled(value)}.")


def normalize_number(
    value: object,
    name: str,
    lowest: float = -math.inf,
    highest: float = math.inf,
    *,
    rule: str = "must be a number",
) -> float:
    """Return a number from `lowest` to `highest` that a float can hold; integers stay such.

    rule: for the error. NaN is none, as it is not between any two numbers.

    >>> normalize_number(2, "alpha"), normalize_number(np.float32(0.5), "alpha")
    (2, 0.5)
    """
    number = as_number(value)
    if number is not None and lowest <= number <= highest:
        return number
    raise ArgumentError(f"`{name}` {rule}. Received: {name}={spelled(value)}.")


def normalize_amount(value: object, name: str) -> float:
    """Return a number of at least 0.

    >>> normalize_amount(0.2, "negative_slope")
    0.2
    """
    return normalize_number(value, name, 0, rule="must not be negative")


def normalize_positive(value: object, name: str) -> float:
    """Return a number above 0.

    >>> normalize_positive(1e-3, "epsilon")
    0.001
    """
    return normalize_number(value, name, math.ulp(0), rule="must be positive")


def normalize_text(value: object, name: str) -> str:
    """Return text, which must be a str.

    >>> normalize_text("Dense(3)", "text")
    'Dense(3)'
    """
    if isinstance(value, str):
        return value
    raise ArgumentError(f"`{name}` must be text. Received: {name}={spelled(value)}.")


def normalize_path(value: object, name: str) -> str:
    """Return the path of a file as text, from a str or a `pathlib.Path`.

    >>> from pathlib import PurePosixPath
    >>> normalize_path(PurePosixPath("a/b.keras"), "path")
    'a/b.keras'
    """
    path = ask(lambda: fspath(cast("str", value)))
    if isinstance(path, str) and path and "\0" not in path:
        return path
    raise ArgumentError(
        f"`{name}` must be the path of a file, a str or a pathlib.Path. "
        f"Received: {name}={spelled(value)}."
    )


def normalize_mapping(value: object, name: str) -> dict[str, Any]:
    """Return a mapping with text for its keys as a dict.

    >>> normalize_mapping({"units": 3}, "config")
    {'units': 3}
    """
    items = ask(lambda: dict(value)) if isinstance(value, Mapping) else None
    if items is not None and all(isinstance(key, str) for key in items):
        return items
    raise ArgumentError(
        f"`{name}` must be a mapping of names to values. Received: {name}={spelled(value)}."
    )


def described(value: object) -> object:
    """Return an object of Keras by its class and config, as files have it; else the value itself.

    >>> described("zeros")
    'zeros'
    """
    foreign: Any = value
    config = None if isinstance(value, type) else ask(lambda: dict(foreign.get_config()))
    return value if config is None else {"class_name": type(value).__name__, "config": config}
