"""Arguments of every wrong kind that a caller may hand over, each made anew for every call."""

import enum
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

__all__ = ["WRONG"]


class Failing:
    """An object that raises whatever it is asked, but for how it is made."""

    def __init__(self, error: type[Exception] = RuntimeError) -> None:
        self.error = error

    def fail(self, *_: object, **__: object) -> NoReturn:
        """Raise."""
        raise self.error("this object says nothing")

    __array__ = __bool__ = __int__ = __float__ = __index__ = __len__ = __iter__ = __next__ = fail
    __repr__ = __str__ = __fspath__ = __getitem__ = __contains__ = __call__ = __format__ = fail
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __rmul__ = fail


class Unequal(Failing):
    """An object that raises when it is compared or hashed, too."""

    __eq__ = __ne__ = __hash__ = Failing.fail


class Tensor:
    """What PyTorch and JAX hand over: a shape and a dtype, and no numbers."""

    shape, dtype, ndim = (2, 2), np.dtype("float32"), 2

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        raise self.error

    def __len__(self) -> int:
        return 2

    def __getitem__(self, _: object) -> NoReturn:
        raise self.error


class TracerArrayConversionError(TypeError):
    """What JAX raises."""


class Long:
    """A sequence that says that it is longer than any memory."""

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, place: int) -> int:
        return place


class FailingMapping(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __getitem__(self, _: str) -> NoReturn:
        raise RuntimeError("no item")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no keys")

    def __len__(self) -> int:
        return 1


class Colour(enum.Enum):
    """An enumeration."""

    RED = 1


class Numbers(np.ndarray[Any, np.dtype[Any]]):
    """A subclass of arrays."""


def nested(depth: int) -> list[Any]:
    """Return lists in lists."""
    value: list[Any] = [1]
    for _ in range(depth):
        value = [value]
    return value


def endless() -> list[Any]:
    """Return a list that contains itself."""
    value: list[Any] = []
    value.append(value)
    return value


def huge(*shape: int) -> Any:
    """Return an array of one number that is shown everywhere, and takes no memory."""
    return np.broadcast_to(np.float32(1), shape)


WRONG: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "true": lambda: True,
    "zero": lambda: 0,
    "five": lambda: 5,
    "minus one": lambda: -1,
    "2**70": lambda: 2**70,
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "half": lambda: 0.5,
    "infinity": lambda: math.inf,
    "nan": lambda: math.nan,
    "complex": lambda: 1 + 2j,
    "decimal": lambda: Decimal("2.5"),
    "decimal nan": lambda: Decimal("sNaN"),
    "fraction": lambda: Fraction(1, 3),
    "text": lambda: "text",
    "no text": lambda: "",
    "digits": lambda: "3",
    "control characters": lambda: "a\x1b[31m\n\u202eb\x00",
    "half of a character": lambda: "a\ud800",
    "10 MB of text": lambda: "x" * 10_000_000,
    "bytes": lambda: b"bytes\xff",
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abcd"),
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "set": lambda: {1, 2},
    "frozenset": lambda: frozenset({1}),
    "pair of texts": lambda: ["a", "b"],
    "pair of numbers": lambda: [2.0, 3.0],
    "pair with none": lambda: (None, 2),
    "ragged": lambda: [[1, 2], [3]],
    "large beside a float": lambda: [[10**400, 1.5]],
    "large alone": lambda: [[10**400, 10**309]],
    "deep": lambda: nested(60),
    "deeper": lambda: nested(100_000),
    "endless": endless,
    "million": lambda: [0] * 1_000_000,
    "object": object,
    "failing": Failing,
    "failing with a type error": lambda: Failing(TypeError),
    "failing with a key error": lambda: Failing(KeyError),
    "failing with a recursion": lambda: Failing(RecursionError),
    "unequal": Unequal,
    "list of failing": lambda: [Failing(), Failing()],
    "tensor": lambda: Tensor(RuntimeError("Can't call numpy() on Tensor that requires grad.")),
    "tracer": lambda: Tensor(TracerArrayConversionError("The numpy.ndarray conversion method.")),
    "list of tensors": lambda: [Tensor(RuntimeError("Can't call numpy()"))] * 2,
    "long": Long,
    "range": lambda: range(3),
    "huge range": lambda: range(2**70),
    "large range": lambda: range(10**10),
    "generator": lambda: (number for number in (1, 2)),
    "failing generator": lambda: (1 // number for number in (0, 2)),
    "iterator": lambda: iter([1, 2]),
    "slice": lambda: slice(1, 2),
    "ellipsis": lambda: ...,
    "not implemented": lambda: NotImplemented,
    "class": lambda: int,
    "class with arguments": lambda: Failing,
    "function": lambda: len,
    "lambda": lambda: lambda *_: None,
    "module": lambda: math,
    "enum": lambda: Colour.RED,
    "exception": lambda: ValueError("text"),
    "date": lambda: date(2020, 1, 1),
    "folder": Path,
    "no file": lambda: Path("no such file.keras"),
    "no name": lambda: Path("a\0b"),
    "long name": lambda: Path("n" * 5000),
    "mapping of a number": lambda: {1: 2},
    "wrong config": lambda: {"class_name": 5, "config": [1]},
    "failing mapping": FailingMapping,
    "mapping of failing": lambda: {"a": Failing(), "b": endless()},
    "empty array": lambda: np.zeros((0, 3)),
    "rank 0": lambda: np.array(3),
    "rank 9": lambda: np.ones((1,) * 9),
    "huge array": lambda: huge(2**20, 2**20),
    "huge images": lambda: huge(2**10, 2**10, 2**10, 2**10),
    "array subclass": lambda: np.ones((2, 2)).view(Numbers),
    "masked array": lambda: np.ma.masked_less([[1.0, 2.0], [3.0, 4.0]], 2),
    "complex array": lambda: np.ones((2, 2), complex),
    "texts": lambda: np.array([["a", "b"]]),
    "objects": lambda: np.array([[1, None], [2, Failing]], object),
    "records": lambda: np.zeros((2, 2), [("a", "i4"), ("b", "f8")]),
    "dates": lambda: np.zeros((2, 2), "datetime64[s]"),
    "durations": lambda: np.zeros((2, 2), "timedelta64[s]"),
    "bytes of numpy": lambda: np.array([[b"a", b"b"]]),
    "nan array": lambda: np.full((2, 2, 2, 2), math.nan),
    "truths": lambda: np.ones((2, 2), bool),
    "other byte order": lambda: np.ones((2, 2), ">f4"),
    "object of rank 0": lambda: np.array(None, object),
    "long double": lambda: np.ones((2, 2), np.longdouble),
    "overflowing": lambda: np.full((2, 2), 1e300),
    "unsigned": lambda: np.full((2, 2), 2**64 - 1, np.uint64),
    "numpy truth": lambda: np.bool_(True),
    "numpy integer": lambda: np.int8(-3),
    "numpy float": lambda: np.float16(math.inf),
    "numpy text": lambda: np.str_("relu"),
    "numpy date": lambda: np.datetime64("2020-01-01"),
    "numpy type": lambda: np.dtype("int32"),
    "numpy class": lambda: np.float32,
}
