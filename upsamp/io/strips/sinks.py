"""Where strips of a result go: a file that comes into place when all of them are in it."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.array_files import check_space
from upsamp.io.npy_files import npy_head
from upsamp.io.streams import STANDARD_STREAM, replace_file

__all__ = ["write_npy_strips"]


def write_npy_strips(
    strips: Iterator[Array],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    name: str,
    *,
    overwrite: bool = False,
) -> None:
    """Write strips, which together are an array of that shape, as .npy, to "-" too.

    Raises `FileError` before the first strip is made where the disk has no room for all.
    """
    head = npy_head(shape, dtype)
    if name != STANDARD_STREAM:
        check_space(name, len(head) + math.prod(shape) * dtype.itemsize)
    with _open_output(name, overwrite=overwrite) as stream:
        stream.write(head)
        for strip in strips:
            stream.write(strip.data.cast("B"))


@contextmanager
def _open_output(name: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a file that is put in its place at the end, or standard output."""
    if name != STANDARD_STREAM:
        with replace_file(name, overwrite=overwrite) as stream:
            yield stream
        return
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
