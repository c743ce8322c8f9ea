"""What an array is taken as: the one place where what a caller hands over becomes plain numbers.

An object may say more than the numbers that NumPy makes of it: which cells have none, that they are
indices of a palette, in which order their bytes are. What cannot be honoured is refused.
"""

import sys
from collections import UserList, deque
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from upsamp.core.memory import check_memory
from upsamp.core.text import first_line
from upsamp.core.values import check_size
from upsamp.errors import ArgumentError, DtypeError, ShapeError

Array: TypeAlias = npt.NDArray[Any]

# What rows in lists are made of nearly always.
SCALARS = frozenset((int, float, bool))
# What NumPy takes row by row, and so without what a row says beside its numbers.
SEQUENCES = (list, tuple, deque, UserList)
# The ranks that NumPy's arrays have at the most.
MAX_RANK = 64
# The modes of Pillow whose numbers are amounts. Those of a palette are names, hues are angles, and
# NumPy gets the a and b of LAB without their sign.
IMAGE_MODES = ("1", "L", "LA", "La", "I", "F", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
# What can be done about numbers that are not real, by the kind of their dtype.
REMEDIES = {
    "c": "Use abs({0}), {0}.real or {0}.imag.",
    "U": "Use numpy.asarray({0}, float).",
    "S": "Use numpy.asarray({0}, float).",
    "M": "Use {0}.astype('int64').",
    "m": "Use {0}.astype('int64').",
    "O": "Use numpy.asarray({0}, float), or {0}.toarray() of a sparse matrix.",
}


def plain_array(value: object, name: str) -> Array:
    """Return what `value` holds as an array of plain NumPy, in this machine's order of bytes.

    An array is copied only where its bytes have another order. Its dtype may be any one.

    Raises `ArgumentError` for masked cells and for an image whose numbers are no amounts,
    `ShapeError` for rows of unequal length, `DtypeError` for what NumPy makes no array of,
    `MemoryLimitError` for what would not fit in this machine's memory.

    >>> plain_array(np.array([1000], ">u2"), "x")
    array([1000], dtype=uint16)
    """
    check_size(value, name)
    if type(value) is not np.ndarray:  # which has nothing but numbers
        _check_parts(value, name)
        value = _converted(value, name)
        _check_meaning(value, name)  # of objects that say first as an array what is masked
    array = np.asarray(value)
    if not array.dtype.isnative:
        check_memory(array.shape, array.dtype, f"`{name}` in this machine's order of bytes")
        array = array.astype(array.dtype.newbyteorder("="))
    return array


def check_dtype(dtype: np.dtype[Any], name: str) -> None:
    """Raise `DtypeError` where numbers of that type are not real, or none of NumPy's own."""
    if dtype.isbuiltin == 2:  # as NumPy says of a type that another library has registered
        raise DtypeError(
            f"`{name}` must hold numbers of a type that NumPy has itself. "
            f"Received: dtype {dtype}. Use {name}.astype('float32')."
        )
    if dtype.kind not in "biuf":
        remedy = "Use one field, {0}['NAME']." if dtype.names else REMEDIES.get(dtype.kind, "")
        raise DtypeError(
            f"`{name}` must hold real numbers (integers, floats or booleans). "
            f"Received: dtype {dtype!s:.100}. {remedy.format(name)}".rstrip()
        )


def _converted(value: object, name: str) -> object:
    """Return the array that NumPy makes of an object, of a class of its own where it has one."""
    try:
        return np.asanyarray(value)
    except Exception as error:  # foreign code may raise whatever it likes
        reason = first_line(error)[:200]
        if isinstance(value, SEQUENCES) and isinstance(error, ValueError):
            raise ShapeError(
                f"`{name}` must be a rectangular array. Received: rows that are not equally long, or "
                "numbers beside rows. Fill them up."
            ) from error
        raise DtypeError(
            f"`{name}` must be an array, or what NumPy makes one of. "
            f"Received: an object of the class {type(value).__name__:.50}: {reason}. "
            "Make an array of numbers of it first."
        ) from error


def _check_parts(value: object, name: str, depth: int = 0) -> None:
    """Raise where an object, or one in lists of it, says that its numbers are no amounts."""
    if not isinstance(value, SEQUENCES):
        _check_meaning(value, name)
        if depth and hasattr(value, "__array__"):  # among others, NumPy would drop its mask
            _check_meaning(_converted(value, name), name)
    elif depth < MAX_RANK and not SCALARS.issuperset(map(type, value)):
        for part in value:
            _check_parts(part, name, depth + 1)


def _check_meaning(value: object, name: str) -> None:
    """Raise where one object says that some of its numbers are none, or that all are no amounts."""
    # Such objects there are only where their modules are loaded.
    masks, pillow = sys.modules.get("numpy.ma"), sys.modules.get("PIL.Image")
    count = np.count_nonzero  # which counts the masks of records, too: they have one for each field
    if masks and isinstance(value, masks.MaskedArray) and (masked := count(value.mask)):
        raise ArgumentError(
            f"`{name}` must have a number in each cell, as masked ones would be mixed into their "
            f"neighbours. Received: {masked} masked of {value.size} cells. "
            f"Use numpy.ma.filled({name}, VALUE)."
        )
    if not pillow or not isinstance(value, pillow.Image):
        return
    mode = value.mode
    if mode.split(";")[0] not in IMAGE_MODES:
        raise ArgumentError(
            f"`{name}` must have amounts as its numbers, which can be mixed. "
            f"Received: a Pillow image of mode {mode}. "
            f"Use {name}.convert('RGB'), or 'RGBA' where parts of it are transparent; "
            f"numpy.asarray({name}) has its numbers as they are."
        )
