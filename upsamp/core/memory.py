"""Whether something fits in memory, asked before anything is allocated."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from upsamp.errors import MemoryLimitError

# Up to this many bytes the system is not asked: NumPy itself takes as many. To ask takes a tenth of
# a millisecond when its answer is in no cache, and to fill some megabytes only a few times as long.
GRANTED = 2**25
# Bytes that are taken besides what grows with the input: for plans, threads, and what is loaded.
WORKING = 2**25
# How often a limit is named again: for what is read, for the result, and for threads.
MOST_TRIALS = 8


class MemoryLimit(NamedTuple):
    """What --max-memory allows: the bytes that a process may take besides its bare start.

    held: bytes that are taken already, for as long as the limit holds. processes: how many have
    such a limit at a time; together, and with what is taken beside them, they have what the user
    allowed. wanted: how many there would be if more were allowed. given: what the user allowed.
    """

    size: int
    processes: int = 1
    beside: int = 0
    wanted: int = 1
    held: int = 0
    given: int = 0

    @classmethod
    def shared(cls, size: int, processes: int, beside: int, wanted: int) -> "MemoryLimit":
        """Return the limit of each of the processes, which have `size` bytes together."""
        return cls(max(0, size - beside) // processes, processes, beside, wanted, given=size)


_limit: ContextVar[MemoryLimit | None] = ContextVar("memory limit", default=None)


@contextmanager
def limit_memory(limit: int | MemoryLimit | None) -> Iterator[None]:
    """Let `limit` be the bytes that may be taken in this block; None for no bound."""
    token = _limit.set(MemoryLimit(limit) if isinstance(limit, int) else limit)
    try:
        yield
    finally:
        _limit.reset(token)


@contextmanager
def hold_memory(size: int) -> Iterator[None]:
    """Let `size` bytes of what may be taken be taken already, in this block."""
    limit = _limit.get()
    token = _limit.set(limit and limit._replace(held=limit.held + size))
    try:
        yield
    finally:
        _limit.reset(token)


def take_memory(size: int) -> None:
    """Let `size` bytes of what may be taken be taken already, to the end of `limit_memory`."""
    limit = _limit.get()
    _limit.set(limit and limit._replace(held=limit.held + size))


def memory_limit() -> int | None:
    """Return the bytes that may be taken as `limit_memory` says; None where it says nothing."""
    limit = _limit.get()
    return None if limit is None else max(0, limit.size - limit.held)


def check_limit(needed: int, what: str, declared: object = None) -> None:
    """Raise `MemoryLimitError` where `limit_memory` does not allow `needed` bytes.

    needed: all that is taken at a time, in bytes. what: what it is for. declared: for
    `naming_enough`, what was to be read. The message names the least --max-memory that does.

    >>> with limit_memory(100 * 2**20):
    ...     check_limit(168 * 2**20, "'photo.jpg'")
    Traceback (most recent call last):
    upsamp.errors.MemoryLimitError: --max-memory must have room for 'photo.jpg', which takes \
168.00 MB. Received: 100.00 MB. Use --max-memory 168MB or more.
    """
    limit = _limit.get()
    if limit is None or needed + limit.held <= limit.size:
        return
    needed += limit.held
    received = format_bytes(limit.given or limit.size)
    if limit.given:
        each = f"each of {limit.processes} processes" if limit.processes > 1 else "a file"
        received += f", of which {each} has {format_bytes(limit.size)}"
    fewer = ", or fewer --jobs" if limit.wanted > 1 else ""
    least = needed * limit.wanted + limit.beside
    error = MemoryLimitError(
        f"--max-memory must have room for {what}, which takes {format_bytes(needed)}. "
        f"Received: {received}. "
        f"Use --max-memory {-(-least // 2**20)}MB or more{fewer}."
    )
    error.needed, error.what, error.declared = needed, what, declared
    raise error


@contextmanager
def naming_enough(plan: Callable[[Any], object], given: object = None) -> Iterator[None]:
    """Let a refusal in the block name a --max-memory that is enough for what follows, too.

    plan: raises `MemoryLimitError` where what is made of `given` does not fit. given: None while it
    is read; the refusal knows what it would be. With more memory a plan may take more, as for
    threads, so it is tried with what was named last until that is enough.
    """
    try:
        yield
    except MemoryLimitError as error:
        limit, last = _limit.get(), error
        found = given if error.declared is None else error.declared
        if limit is None or not error.needed or found is None:
            raise
        for _ in range(MOST_TRIALS):
            with limit_memory(limit._replace(size=-(-last.needed // 2**20) * 2**20)):
                try:
                    plan(found)
                    break
                except MemoryLimitError as other:
                    last = other
        check_limit(last.needed - limit.held, last.what)


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


def lack_of_memory(what: str) -> MemoryLimitError:
    """Return the error for what the system gives no memory for, as it is of no use to say how much.

    >>> lack_of_memory("'photo.jpg'")
    MemoryLimitError("There is not enough memory for 'photo.jpg'. Use a smaller size or input.")
    """
    return MemoryLimitError(f"There is not enough memory for {what}. Use a smaller size or input.")


def check_memory(shape: Sequence[int], dtype: npt.DTypeLike, what: str) -> None:
    """Raise `MemoryLimitError` when an array of `shape` and `dtype` cannot be held.

    `what` names the array in the message: the rule, the numbers and the remedy in one line.
    """
    needed = math.prod(shape) * np.dtype(dtype).itemsize
    check_limit(needed, what[:1].lower() + what[1:])
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
