"""Interpolation by blocked matrix products, tile by tile.

A tile's inputs are brought to floating point, widened by one product of all their rows with small
banded matrices that hold every channel, and then heightened by another. Products mix a block's
inputs, were it with weights of zero: a tile that holds a NaN, an infinity or numbers near the
largest goes to the plain sums instead.
"""

from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import is_tame
from upsamp.core.plain import interpolate_images
from upsamp.core.rounding import Integers, is_sure, margin_of, near_ties, sums_at
from upsamp.core.schemes import Part, Product, Scheme
from upsamp.core.threads import SMALL_PRODUCT, share

__all__ = ["interpolate"]

# Output elements from which another thread does more than it costs.
THREAD_ELEMENTS = 2**18


class Scratch(NamedTuple):
    """Memory of one thread: inputs, widened rows, sums, and as much again to round them."""

    inputs: Array
    widened: Array
    sums: Array
    spare: Array


def interpolate(source: Array, target: Array, scheme: Scheme, threads: int) -> None:
    """Fill `target` from `source`, both (N, H, W, C), as the scheme says."""
    groups = -(-len(source) // scheme.images)
    tiles = len(scheme.rows) * len(scheme.columns)

    def work(run: range) -> None:
        scratch = _scratch(scheme, len(source))
        # Infinities of both signs make a NaN, as the formula says; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for piece in run:
                group, tile = divmod(piece, tiles)
                row, column = divmod(tile, len(scheme.columns))
                images = slice(group * scheme.images, (group + 1) * scheme.images)
                _fill(
                    source[images],
                    target[images],
                    scheme,
                    scheme.rows[row],
                    scheme.columns[column],
                    scratch,
                )

    share(groups * tiles, threads if target.size >= THREAD_ELEMENTS else 1, work)


def _scratch(scheme: Scheme, images: int) -> Scratch:
    """Allocate what the largest tile needs."""
    planes = min(images, scheme.images) * scheme.channels
    high = max(part.tile.inputs for part in scheme.rows)
    wide = max(part.tile.inputs for part in scheme.columns)
    rows = max(part.tile.outputs for part in scheme.rows)
    columns = max(part.tile.outputs for part in scheme.columns)
    room = planes * rows * columns
    return Scratch(
        np.empty(planes * high * wide, scheme.sums),
        np.empty(planes * high * columns, scheme.sums),
        np.empty(room, scheme.sums),
        np.empty(room if scheme.integers else 0, scheme.sums),
    )


def _fill(
    source: Array, target: Array, scheme: Scheme, rows: Part, columns: Part, scratch: Scratch
) -> None:
    """Fill one tile of some images."""
    count, channels = len(source), scheme.channels
    high, wide = rows.tile.inputs, columns.tile.inputs
    long = columns.tile.outputs * channels
    inputs = scratch.inputs[: count * high * wide * channels].reshape(count, high, wide, channels)
    inputs[...] = source[:, rows.tile.source, columns.tile.source]
    if scheme.integers is None and not is_tame(inputs):
        interpolate_images(source, target, scheme.plans, rows.tile.target, columns.tile.target)
        return
    widened = scratch.widened[: count * high * long]
    if scheme.many:
        _multiply_left(
            columns.products,
            inputs.reshape(count * high, wide, channels),
            widened.reshape(count * high, columns.tile.outputs, channels),
        )
    else:
        _multiply_right(
            columns.products,
            inputs.reshape(count * high, wide * channels),
            widened.reshape(count * high, long),
        )
    widened = widened.reshape(count, high, long)
    place = target[:, rows.tile.target, columns.tile.target]
    shape = (count, rows.tile.outputs, long)
    if place.dtype == scheme.sums and place[0, 0].flags.c_contiguous:
        _multiply_left(rows.products, widened, place.reshape(shape))
        return
    sums = scratch.sums[: count * rows.tile.outputs * long].reshape(shape)
    _multiply_left(rows.products, widened, sums)
    if scheme.integers is not None:
        sums = _rounded(inputs, sums, scratch.spare, scheme.integers, (rows, columns))
    np.copyto(place, sums.reshape(place.shape), casting="unsafe")


def _multiply_right(products: tuple[Product, ...], source: Array, target: Array) -> None:
    """Fill (rows, outputs) from (rows, inputs), both contiguous: every row times the matrices."""
    for matrix, start, stride, output, _, count in products:
        inputs, outputs = matrix.shape
        most = max(1, SMALL_PRODUCT // matrix.size)
        for first in range(0, len(source), most):
            part = source[first : first + most]
            room = target[first : first + most, output : output + count * outputs]
            windows = np.ndarray(
                (count, len(part), inputs),
                part.dtype,
                part.data,
                start * part.itemsize,
                (stride * part.itemsize, *part.strides),
            )
            blocks = room.reshape(len(part), count, outputs).transpose(1, 0, 2)
            np.matmul(windows, matrix, out=blocks)


def _multiply_left(products: tuple[Product, ...], source: Array, target: Array) -> None:
    """Fill (count, outputs, length) from a contiguous (count, inputs, length).

    The matrices times every column; the columns are taken by so many as a product may have.
    """
    images, _, length = source.shape
    step, item = source.strides[1:]
    for matrix, start, stride, output, _, count in products:
        outputs, inputs = matrix.shape
        pieces = max(1, -(-matrix.size * length // SMALL_PRODUCT))
        chunk = -(-length // (16 * pieces)) * 16 if pieces > 1 else length
        room = target[:, output : output + count * outputs]
        room = room.reshape(images, count, outputs, length)
        for first, many, wide in _chunks(length, chunk):
            windows = np.ndarray(
                (images, count, many, inputs, wide),
                source.dtype,
                source.data,
                start * step + first * item,
                (source.strides[0], stride * step, wide * item, step, item),
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


def _rounded(
    inputs: Array, sums: Array, spare: Array, integers: Integers, parts: tuple[Part, Part]
) -> Array:
    """Give the sums of a tile, (N, rows, columns * channels), as integers within their limits."""
    rows, columns = parts
    if is_sure(rows.grid, columns.grid, integers):
        result = np.rint(sums, out=sums)
    else:
        result = spare[: sums.size].reshape(sums.shape)
        found = near_ties(sums, result, margin_of(rows.grid, columns.grid, integers))
        if len(found):
            shape = (len(sums), rows.tile.outputs, columns.tile.outputs, inputs.shape[3])
            exact = sums_at(inputs, np.unravel_index(found, shape), rows.taps, columns.taps)
            result.reshape(-1)[found] = np.rint(exact)
    if rows.grid.reach * columns.grid.reach > 1:
        np.clip(result, integers.lowest, integers.highest, out=result)
    return result
