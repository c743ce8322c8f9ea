"""Rows that come by strips and are taken by as many as are wanted."""

from collections.abc import Iterator

import numpy as np

from upsamp.core.arguments import Array


class RowStream:
    """Takes rows off strips, (rows, ...), each of which need not last until the next one.

    >>> strips = (np.arange(2 * n).reshape(n, 2) for n in (1, 3))
    >>> stream = RowStream(strips)
    >>> stream.take(2).tolist(), stream.take(2).tolist()
    ([[0, 1], [0, 1]], [[2, 3], [4, 5]])
    """

    def __init__(self, strips: Iterator[Array]) -> None:
        self._strips = strips
        self._rest: Array = np.empty(0)

    def take(self, count: int) -> Array:
        """Return the next rows, in memory of their own, of which there must be this many."""
        rest = self._begin()
        taken = np.empty((count, *rest.shape[1:]), rest.dtype)
        filled = 0
        while filled < count:
            part = self._begin()[: count - filled]
            taken[filled : filled + len(part)] = part
            filled += len(part)
            self._rest = self._rest[len(part) :]
        return taken

    def _begin(self) -> Array:
        if not len(self._rest):
            self._rest = next(self._strips)
        return self._rest

    def finish(self) -> None:
        """Let what makes the strips come to its end."""
        for _ in self._strips:
            pass
