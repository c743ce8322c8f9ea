"""Memory to compute in, kept from call to call by each thread."""

import math
import threading

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array

# What a thread keeps from call to call of a scratch array, and of all together, in bytes: fresh
# memory costs more than most of what is computed in it, as the system clears it page by page.
KEPT, KEPT_TOGETHER = 2**23, 2**24
# Fewer bytes are taken again in less time than it takes to look for what is kept.
LITTLE = 2**14


class _Memory(threading.local):
    """What each thread keeps: the array used last is the last one."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}


_memory = _Memory()


def scratch(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Return an array to write to, of any content, that is this thread's until the next such call.

    Calls with other names give other memory, and what is little is taken again. A call within a
    call (an algorithm that falls back on another one) must use names of its own.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size <= LITTLE:
        return np.empty(shape, dtype)
    arrays = _memory.arrays
    kept = arrays.pop(name, None)
    if kept is None or kept.size < size:
        kept = np.empty(size, np.uint8)
    if kept.size <= KEPT:
        arrays[name] = kept
        while sum(array.size for array in arrays.values()) > KEPT_TOGETHER:
            del arrays[next(iter(arrays))]
    array: Array = kept[:size].view(dtype).reshape(shape)
    return array
