"""Values that are changed where they stand, a part at a time that a cache holds."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array

# Changes an array (n, length) in place, whose rows do not depend on each other.
Change: TypeAlias = Callable[[Array], None]

# The elements that are changed at a time: with what is computed on the way they fit in a cache.
BLOCK = 2**15


def change_blocks(x: Array, length: int, changes: Sequence[Change]) -> None:
    """Change all of an array in place, each block by one change after the other.

    x: (N, ...), whose samples hold whole runs of `length` values in memory order. changes: what
    is called with blocks (n, length) of those runs.

    >>> import numpy as np
    >>> x = np.arange(6).reshape(2, 3)
    >>> change_blocks(x, 3, [lambda block: block.__iadd__([10, 20, 30])])
    >>> x
    array([[10, 21, 32],
           [13, 24, 35]])
    """
    for block in _blocks(x, length):
        for change in changes:
            change(block)


def _blocks(x: Array, length: int) -> Iterator[Array]:
    """View an array as blocks of runs; one whose samples lie apart sample by sample."""
    step = max(1, BLOCK // length)
    for part in [x] if x.flags.c_contiguous else x:
        rows = part.reshape(-1, length)
        if not np.may_share_memory(rows, part):  # a copy would be changed instead
            raise ValueError("The runs of a sample must follow each other in memory.")
        for start in range(0, len(rows), step):
            yield rows[start : start + step]
