"""Interpolation by blocked matrix products, strip by strip.

A strip's inputs are brought to floating point, widened by one product of all their rows with small
banded matrices that hold every channel, and then heightened by another. Rows that the next strip
reads too are kept widened. Products mix a block's inputs, were it with weights of zero: a strip
that holds a NaN, an infinity or numbers near the largest goes to the plain sums instead.
"""

from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import is_tame
from upsamp.core.scratch import scratch
from upsamp.core.threads import SMALL_PRODUCT, share
from upsamp.core.upsampling.banded import taps_of
from upsamp.core.upsampling.plain import interpolate_images
from upsamp.core.upsampling.rounding import Integers, near_ties, round_to_even, sums_at
from upsamp.core.upsampling.schemes import Piece, Product, Scheme

__all__ = ["interpolate"]

# Output elements from which another thread does more than it costs.
THREAD_ELEMENTS = 2**18
# Outputs near a tie that are computed anew together.
TIES = 2**12


def interpolate(source: Array, target: Array, scheme: Scheme, threads: int) -> None:
    """Fill `target` from `source`, both (N, H, W, C), as the scheme says."""
    groups = -(-len(source) // scheme.images)

    def work(run: range) -> None:
        loops = Loops(source, target, scheme)
        # Infinities of both signs make a NaN, as the formula says; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for number in run:
                group, position = divmod(number, len(scheme.runs))
                loops.bottom = 0
                for piece in scheme.runs[position]:
                    loops.fill(group * scheme.images, piece)
            loops.settle_ties(1)

    share(groups * len(scheme.runs), threads if target.size >= THREAD_ELEMENTS else 1, work)


class Rows(NamedTuple):
    """Input rows of some images, to be widened: number `start` of `memory` is their first.

    They lie `step` elements apart, as many as there are.
    """

    memory: Array
    start: int
    step: int
    lines: int


class Loops:
    """The loops of one thread."""

    def __init__(self, source: Array, target: Array, scheme: Scheme) -> None:
        self.source, self.target, self.scheme = source, target, scheme
        # Rows that are what a product reads need not be copied for it.
        self.direct = (
            source.dtype == scheme.sums and source.flags.c_contiguous and source.flags.aligned
        )
        # The input rows that lie widened, and the first one that is known to be tame with all
        # after it.
        self.top = self.bottom = self.tame = 0
        # What is kept of it must outlast the next piece, were that larger.
        most = max(piece.widened for pieces in scheme.runs for piece in pieces) * scheme.channels
        self.widened = scratch("up_widened", (min(len(source), scheme.images) * most,), scheme.sums)
        self.ties: list[Array] = []
        self.tie_count = 0

    def fill(self, first: int, piece: Piece) -> None:
        """Fill a piece of `scheme.images` images from the `first` one."""
        rows, columns = piece.rows.tile, piece.columns.tile
        images = slice(first, first + self.scheme.images)
        count = len(self.source[images])
        long = columns.outputs * self.scheme.channels
        top, bottom = rows.first, rows.first + rows.inputs
        kept = 0
        if piece.follows and self.top <= top < self.bottom:
            kept = min(self.bottom, bottom) - top
            above = (top - self.top) * long
            self.widened[: kept * long] = self.widened[above : above + kept * long]
        else:
            self.tame = 0
        self.top, self.bottom = top, bottom
        widened = self.widened[: count * rows.inputs * long].reshape(-1, long)
        if kept < rows.inputs:
            self._widen(images, slice(top + kept, bottom), piece, widened[count * kept :])
        place = self.target[images, rows.target, columns.target]
        if self.tame > top:
            targets = rows.target, columns.target
            interpolate_images(
                self.source[images], self.target[images], self.scheme.plans, *targets
            )
            return
        shape = (count, rows.outputs, long)
        high = widened.reshape(count, rows.inputs, long)
        contiguous = place[0, 0].flags.c_contiguous
        if contiguous and place.dtype == self.scheme.sums:
            _multiply_left(piece.rows.products, high, place.reshape(shape))
            return
        sums = scratch("up_sums", shape, self.scheme.sums)
        _multiply_left(piece.rows.products, high, sums)
        if self.scheme.integers:
            self._round(sums, place, first, piece, self.scheme.integers)
            self.settle_ties(TIES)
        else:
            np.copyto(place, sums.reshape(place.shape), casting="unsafe")

    def _widen(self, images: slice, rows: slice, piece: Piece, widened: Array) -> None:
        """Fill `widened`, (images * rows, columns * channels), from the input `rows`."""
        columns = piece.columns
        part = self.source[images, rows, columns.tile.source]
        count, high, wide, channels = part.shape
        _, height, width, _ = self.source.shape
        pixels = Rows(
            self.source,
            ((images.start * height + rows.start) * width + columns.tile.first) * channels,
            width * channels,
            count * high,
        )
        if not self.direct or (count > 1 and high < height):
            inputs = scratch("up_inputs", part.shape, self.scheme.sums)
            if self.scheme.integers:
                bias = 0.0 if piece.margin is None else 0.5 + piece.margin
                offset = bias - self.scheme.integers.centre
                np.add(part, self.scheme.sums.type(offset), out=inputs, dtype=self.scheme.sums)
            else:
                np.copyto(inputs, part)
            part = inputs
            pixels = Rows(inputs, 0, wide * channels, count * high)
        if self.scheme.integers is None and not is_tame(part):
            self.tame = rows.stop
        if self.scheme.many:
            _widen_pixels(columns.products, pixels, channels, widened)
        else:
            _widen_rows(columns.products, pixels, widened)

    def _round(
        self, sums: Array, place: Array, first: int, piece: Piece, integers: Integers
    ) -> None:
        """Write the sums of a piece, (N, rows, columns * channels), to their place as integers."""
        centre, room = 0, place
        if piece.margin is not None:
            rounded = scratch("up_rounded", sums.shape, sums.dtype)
            found = near_ties(sums, rounded, piece.margin)
            if len(found):
                self._note_ties(found, first, piece)
        elif sums.dtype == np.float32:
            centre = integers.centre
            rounded = round_to_even(sums, scratch("up_halves", sums.shape, np.int16), centre)
        else:
            rounded = np.rint(sums, out=sums)
        low, high = centre - integers.half, centre + integers.half - 1
        if centre != integers.centre:
            room = place.view(integers.signed)
        if place[0, 0].flags.c_contiguous:
            room = room.reshape(sums.shape)
        else:
            rounded = rounded.reshape(place.shape)
        if piece.rows.grid.reach * piece.columns.grid.reach > 1:
            np.clip(rounded, low, high, out=room, dtype=integers.through, casting="unsafe")
        else:
            np.copyto(room, rounded, casting="unsafe")
        if centre != integers.centre:
            np.bitwise_xor(room, room.dtype.type(-integers.half), out=room)

    def _note_ties(self, found: Array, first: int, piece: Piece) -> None:
        """Keep which outputs of a piece are to be computed anew."""
        _, rows, columns, channels = self.target.shape
        row, element = np.divmod(found, piece.columns.tile.outputs * channels)
        row += first * rows + piece.rows.tile.output
        element += piece.columns.tile.output * channels + row * (columns * channels)
        self.ties.append(element)
        self.tie_count += len(element)

    def settle_ties(self, least: int) -> None:
        """Compute the outputs near a tie as plain sums, if there are at least so many of them."""
        integers = self.scheme.integers
        if self.tie_count < least or integers is None:
            return
        found = np.concatenate(self.ties)
        self.ties, self.tie_count = [], 0
        rows, columns = (taps_of(plan) for plan in self.scheme.plans)
        limits = np.iinfo(self.target.dtype)
        for start in range(0, len(found), TIES):
            places = np.unravel_index(found[start : start + TIES], self.target.shape)
            exact = np.rint(sums_at(self.source, places, rows, columns))
            self.target[places] = np.clip(exact, limits.min, limits.max).astype(limits.dtype)


def _widen_rows(products: tuple[Product, ...], rows: Rows, target: Array) -> None:
    """Fill (rows, outputs): every row times the matrices."""
    item = target.itemsize
    for matrix, start, stride, output, _, count in products:
        inputs, outputs = matrix.shape
        most = max(1, SMALL_PRODUCT // matrix.size)
        for first in range(0, rows.lines, most):
            room = target[first : first + most, output : output + count * outputs]
            windows = np.ndarray(
                (count, len(room), inputs),
                target.dtype,
                rows.memory.data,
                (rows.start + first * rows.step + start) * item,
                (stride * item, rows.step * item, item),
            )
            blocks = room.reshape(len(room), count, outputs).transpose(1, 0, 2)
            np.matmul(windows, matrix, out=blocks)


def _widen_pixels(products: tuple[Product, ...], rows: Rows, channels: int, target: Array) -> None:
    """Fill (rows, outputs * channels): the matrices times the pixels of every row."""
    wide = max(
        product.start + (product.blocks - 1) * product.stride + product.matrix.shape[1]
        for product in products
    )
    item = target.itemsize
    pixels = np.ndarray(
        (rows.lines, wide, channels),
        target.dtype,
        rows.memory.data,
        rows.start * item,
        (rows.step * item, channels * item, item),
    )
    _multiply_left(products, pixels, target.reshape(rows.lines, -1, channels))


def _multiply_left(products: tuple[Product, ...], source: Array, target: Array) -> None:
    """Fill (count, outputs, length) from (count, inputs, length), whose rows are contiguous.

    The matrices times every column; the columns are taken by so many as a product may have.
    """
    images, _, length = source.shape
    image, step, item = source.strides
    for matrix, start, stride, output, _, count in products:
        outputs, inputs = matrix.shape
        pieces = max(1, -(-matrix.size * length // SMALL_PRODUCT))
        chunk = -(-length // (16 * pieces)) * 16 if pieces > 1 else length
        room = target[:, output : output + count * outputs]
        room = room.reshape(images, count, outputs, length)
        for first, many, wide in _chunks(length, chunk):
            windows = np.lib.stride_tricks.as_strided(
                source[:, start:, first:],
                (images, count, many, inputs, wide),
                (image, stride * step, wide * item, step, item),
            )
            blocks = room[..., first : first + many * wide]
            blocks = blocks.reshape(images, count, outputs, many, wide).transpose(0, 1, 3, 2, 4)
            np.matmul(matrix, windows, out=blocks)


def _chunks(length: int, chunk: int) -> list[tuple[int, int, int]]:
    """Cut a length: (first, how many, how long) of the whole chunks, and of the rest."""
    whole = length // chunk
    cut = [(0, whole, chunk)]
    if length % chunk:
        cut.append((whole * chunk, 1, length % chunk))
    return cut
