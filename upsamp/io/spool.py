"""Batches of arrays that are wanted a second time: in memory while they are few, else on disk."""

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.streams import telling_of_temporary_files

__all__ = ["BatchSpool"]

# Bytes that stay in memory.
IN_MEMORY = 2**26


class BatchSpool:
    """Keeps batches of one dtype, to give them again in their order; gone when it is left.

    >>> with BatchSpool() as spool:
    ...     spool.add(np.array([1, 2]))
    ...     spool.add(np.array([3]))
    ...     list(spool)
    [array([1, 2]), array([3])]
    """

    def __init__(self) -> None:
        # Closed when the spool is left; it has no name, so that nothing of it stays.
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._shapes: list[tuple[int, ...]] = []
        self._dtype = np.dtype(np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, batch: Array) -> None:
        """Keep a batch."""
        self._dtype = batch.dtype
        self._shapes.append(batch.shape)
        with telling_of_temporary_files():
            self._file.write(np.ascontiguousarray(batch).data.cast("B"))

    def __iter__(self) -> Iterator[Array]:
        with telling_of_temporary_files():
            self._file.seek(0)
        for shape in self._shapes:
            size = int(np.prod(shape, dtype=np.int64)) * self._dtype.itemsize
            with telling_of_temporary_files():
                data = self._file.read(size)
            yield np.frombuffer(data, self._dtype).reshape(shape)
