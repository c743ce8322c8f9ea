"""Named arrays as files of weights hold them, whichever kind of file it was."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array

# Files that declare more bytes of arrays than this are refused, unless the caller allows more.
DEFAULT_MAX_SIZE = 2 * 2**30

# HDF5 and the oldest NumPy have no more axes than this.
MAX_RANK = 32

# The types of real numbers that are read, by the names that NumPy and Keras give them.
NUMBERS = frozenset(
    {
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "bfloat16"),
    }
)

# An empty array may have a shape of fewer values, were its sides of 0 left out: (0, 2**60) takes no
# bytes, but what is made of it may.
MAX_EMPTY_VALUES = 2**56

Text = str | list[str]


@dataclass(frozen=True)
class StoredArray:
    """One array of a file.

    dtype: as the file has it; bfloat16, which NumPy lacks, comes with values of float32. value:
    None where it was not asked for, or does not hold real numbers.
    """

    shape: tuple[int, ...]
    dtype: str
    value: Array | None = None


class Fault(NamedTuple):
    """What speaks against a part of a file: the rule that is broken, the part, and a message."""

    rule: str
    place: str
    message: str


@dataclass(frozen=True)
class StoredArrays:
    """All that a file of weights holds: arrays by path, and text beside them.

    arrays: by path, such as "layers/dense/vars/0", or by name in files that are flat. attributes:
    the text that is at each group of an HDF5 file, of which there is one even where it has no
    text, and at its arrays where they have some; the root is "". faults: what an audit found.
    """

    arrays: Mapping[str, StoredArray]
    attributes: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    faults: Sequence[Fault] = ()

    def below(self, path: str) -> "StoredArrays":
        """Return what is below a group, with paths that begin there.

        >>> held = StoredArrays({"model_weights/dense/kernel": StoredArray((2,), "float32")})
        >>> list(held.below("model_weights").arrays)
        ['dense/kernel']
        """
        prefix = f"{path}/"
        return StoredArrays(
            {
                key.removeprefix(prefix): array
                for key, array in self.arrays.items()
                if key.startswith(prefix)
            },
            {
                key.removeprefix(path).removeprefix("/"): text
                for key, text in self.attributes.items()
                if key == path or key.startswith(prefix)
            },
        )

    def texts(self, path: str, name: str) -> list[str] | None:
        """Return the list of text that a group has under that name, or None where it has none.

        Keras cuts a list that is too long for one attribute into `name0`, `name1` and so on; they
        are put together again.

        >>> held = StoredArrays({}, {"dense": {"weight_names0": ["kernel"], "weight_names1": "b"}})
        >>> held.texts("dense", "weight_names")
        ['kernel', 'b']
        """
        found = self.attributes.get(path, {})
        if name in found:
            return _as_list(found[name])
        parts = list(takewhile(found.__contains__, (f"{name}{index}" for index in count())))
        return [text for part in parts for text in _as_list(found[part])] if parts else None


def _as_list(text: Text) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def is_shape(sides: Sequence[object]) -> bool:
    """Tell whether each side that a file declares can be one of an array.

    >>> is_shape((2, 0)), is_shape((-1, -2)), is_shape((True, 3)), is_shape((0, 2**60))
    (True, False, False, False)
    """
    whole = [side for side in sides if type(side) is int and side >= 0]
    if not len(whole) == len(sides) <= MAX_RANK:
        return False
    return 0 not in whole or math.prod(filter(None, whole)) < MAX_EMPTY_VALUES


def parse_bfloat16(words: Array) -> Array:
    """Return the float32 values that the 16-bit words of bfloat16 stand for; all are exact.

    >>> parse_bfloat16(np.array([0x3F80, 0xC0A0], np.uint16))
    array([ 1., -5.], dtype=float32)
    """
    wide = words.astype(np.uint32)
    wide <<= np.uint32(16)
    return wide.view(np.float32)


def parse_numbers(stored: Array, dtype: str) -> Array:
    """Return the numbers that a file stores as values of a dtype in `NUMBERS`, in any byte order.

    bfloat16 is stored as its words; a bool may be any byte, of which NumPy takes only 0 and 1.

    >>> parse_numbers(np.array([1, 513], ">i2"), "int16")
    array([  1, 513], dtype=int16)
    """
    if dtype == "bfloat16":
        return parse_bfloat16(stored)
    if dtype == "bool":
        return np.asarray(stored.view(np.uint8) != 0)
    return stored.astype(dtype, copy=False)


def shown(text: str) -> str:
    r"""Quote a name out of a file for a message: short, in one line, and with no control codes.

    >>> print(shown("layers/dense"), shown("a" + chr(27) + "[31m" + chr(10)))
    'layers/dense' 'a\x1b[31m\n'
    """
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
