"""Products of small matrices with rows of numbers in contiguous memory, as NumPy is to repeat them.

The views that a product reads and writes are made apart from it, so that they can serve again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.products import small_product
from upsamp.core.upsampling.block_plan import Product


class Step(NamedTuple):
    """A product of two factors, and where it is written: from number `first` of a memory on."""

    left: Array
    right: Array
    out: Array
    first: int


class Lines(NamedTuple):
    """Rows of numbers in contiguous memory: the first of them is number `start`.

    Rows lie `step` numbers apart, and images `image` numbers.
    """

    memory: Array
    start: int
    image: int
    step: int


def moved(step: Step, memory: Array, further: int) -> Array:
    """Return where a product is written, so many numbers further on."""
    out = step.out
    offset = (step.first + further) * out.itemsize
    return np.ndarray(out.shape, out.dtype, memory.data, offset, out.strides)


def multiply_all(steps: Iterable[Step]) -> None:
    """Compute products."""
    for left, right, out, _ in steps:
        np.matmul(left, right, out=out)


def right_steps(
    products: Sequence[Product], lines: int, source: Lines, target: Lines
) -> Iterator[Step]:
    """Yield the products of every row with the matrices: (lines, inputs) to (lines, outputs)."""
    for matrix, start, stride, output, _, count in products:
        inputs, outputs = matrix.shape
        most = max(1, small_product() // matrix.size)
        for first in range(0, lines, most):
            high = min(most, lines - first)
            windows = _view(
                source,
                (count, high, inputs),
                first * source.step + start,
                (stride, source.step, 1),
            )
            begin = first * target.step + output
            blocks = _view(
                target,
                (count, high, outputs),
                begin,
                (outputs, target.step, 1),
            )
            yield Step(windows, matrix, blocks, target.start + begin)


def left_steps(
    products: Sequence[Product], images: int, length: int, source: Lines, target: Lines
) -> Iterator[Step]:
    """Yield the products of the matrices with every column, whose rows are so long.

    From (images, inputs, length) to (images, outputs, length); the columns are taken by so many as
    a product may have.
    """
    for matrix, start, stride, output, _, count in products:
        outputs, inputs = matrix.shape
        pieces = max(1, -(-matrix.size * length // small_product()))
        chunk = -(-length // (16 * pieces)) * 16 if pieces > 1 else length
        for first, many, wide in _chunks(length, chunk):
            windows = _view(
                source,
                (images, count, many, inputs, wide),
                start * source.step + first,
                (source.image, stride * source.step, wide, source.step, 1),
            )
            begin = output * target.step + first
            blocks = _view(
                target,
                (images, count, many, outputs, wide),
                begin,
                (target.image, outputs * target.step, wide, target.step, 1),
            )
            yield Step(matrix, windows, blocks, target.start + begin)


def _view(lines: Lines, shape: tuple[int, ...], first: int, steps: tuple[int, ...]) -> Array:
    """View numbers of some lines, from number `first` of them; those of an axis are steps apart."""
    memory = lines.memory
    item = memory.itemsize
    strides = tuple([step * item for step in steps])
    return np.ndarray(shape, memory.dtype, memory.data, (lines.start + first) * item, strides)


def _chunks(length: int, chunk: int) -> list[tuple[int, int, int]]:
    """Cut a length: (first, how many, how long) of the whole chunks, and of the rest."""
    whole = length // chunk
    cut = [(0, whole, chunk)]
    if length % chunk:
        cut.append((whole * chunk, 1, length % chunk))
    return cut
