"""Batches of arrays that are wanted a second time: in memory while they are few, else on disk."""

import tempfile
from collections.abc import Iterator
from typing import Self

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.streams import telling_of_temporary_files

# Bytes that stay in memory.
IN_MEMORY = 2**26


class BatchSpool:
    """Keeps batches, to give them again in their order; gone when it is left.

    >>> with BatchSpool() as spool:
    ...     spool.add(np.array([1, 2]))
    ...     spool.add(np.array([3]))
    ...     list(spool)
    [array([1, 2]), array([3])]
    """

    def __init__(self) -> None:
        # Closed when the spool is left; it has no name, so that nothing of it stays.
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, batch: Array) -> None:
        """Keep a batch."""
        self._count += 1
        with telling_of_temporary_files():
            np.save(self._file, batch)

    def __iter__(self) -> Iterator[Array]:
        with telling_of_temporary_files():
            self._file.seek(0)
        for _ in range(self._count):
            with telling_of_temporary_files():
                batch: Array = np.load(self._file)
            yield batch
