"""Whether a result fits in memory, asked before anything is allocated."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from upsamp.errors import MemoryLimitError

__all__ = ["available_memory", "check_memory", "format_bytes", "format_shape"]

# So many bytes are there: NumPy itself takes as many. To ask the system takes a tenth of a
# millisecond when its answer is in no cache, and to fill some megabytes only a few times as long.
GRANTED = 2**25


def available_memory() -> int:
    """Return the bytes that a process can still take, as far as the system tells.

    Linux tells what is free or can be freed, and what a container may take; elsewhere the whole
    memory counts; where the system tells nothing, the address space is the bound.
    """
    bounds = [bound for bound in (_free_memory(), _container_memory()) if bound is not None]
    if bounds:
        return max(0, min(bounds))
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 2**47


def _free_memory() -> int | None:
    """Return what Linux says is available on the machine."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _container_memory() -> int | None:
    """Return what is left of a container's share, where there is one."""
    group = Path("/sys/fs/cgroup")
    try:
        most = int((group / "memory.max").read_text(encoding="ascii"))
        return most - int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def check_memory(shape: Sequence[int], dtype: npt.DTypeLike, what: str) -> None:
    """Raise `MemoryLimitError` when an array of `shape` and `dtype` cannot be held.

    `what` names the array in the message: the rule, the numbers and the remedy in one line.
    """
    needed = math.prod(shape) * np.dtype(dtype).itemsize
    if needed <= GRANTED:
        return
    available = available_memory()
    if needed > available:
        amount = format_bytes(needed) if needed < 2**70 else "more than any machine has"
        raise MemoryLimitError(
            f"{what} would be {format_shape(shape)} {np.dtype(dtype)} values, {amount}, and "
            f"{format_bytes(available)} of memory are available. Use a smaller size or input."
        )


def format_shape(shape: Sequence[int]) -> str:
    """Write a shape for a message, however large somebody wished it.

    >>> format_shape((1080, 1920)), format_shape((10**99, 3))
    ('1,080 x 1,920', 'more than 10**15 x 3')
    """
    return " x ".join("more than 10**15" if side > 10**15 else f"{side:,}" for side in shape)


def format_bytes(count: int) -> str:
    """Write a number of bytes as Keras does: steps of 1024 and two decimals.

    >>> format_bytes(7741), format_bytes(0)
    ('7.56 KB', '0.00 B')
    """
    units = ("B", "KB", "MB", "GB", "TB", "PB")
    power = 0
    while count >= 1024 ** (power + 1) and power < len(units) - 1:
        power += 1
    if count >= 2**1000:  # past what a float holds
        return f"{count // 1024**power:,}.00 {units[power]}"
    amount = count / 1024**power
    return f"{amount:.2f} {units[power]}" if amount < 1024 else f"{amount:,.2f} {units[power]}"
