"""Interpolation by blocked matrix products, strip by strip.

A strip's inputs are brought to floating point, widened by one product of all their rows with small
banded matrices that hold every channel, and then heightened by another. Rows that the next strip
reads too are kept widened. Products mix a block's inputs, were it with weights of zero: a strip
that holds a NaN, an infinity or numbers near the largest goes to the plain sums instead.

From one product to the next a thread holds the interpreter's lock, and another one that wants it
then sleeps for longer than a product takes: so views of scratch memory are made once for all strips
of the same form.
"""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.scratch import scratch
from upsamp.core.threads import share
from upsamp.core.upsampling.banded import Blocks, taps_of
from upsamp.core.upsampling.block_plan import Part, Piece, Product, Scheme, products_of
from upsamp.core.upsampling.exact import round_sums, sums_at
from upsamp.core.upsampling.reference import interpolate_images
from upsamp.core.upsampling.rounding import Integers, near_ties, round_to_even
from upsamp.core.upsampling.strided_matmul import (
    Lines,
    Step,
    left_steps,
    moved,
    multiply_all,
    right_steps,
)

# Output elements from which another thread does more than it costs.
THREAD_ELEMENTS = 2**20
# Steps of the forms that are kept for further pieces.
STEPS = 2**10
# Outputs near a tie that are computed anew together, and the most products that those are sums of.
TIES = 2**12
TIE_PRODUCTS = 2**15


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


class Form(NamedTuple):
    """What strips alike have in common: the views of the scratch memory, and the products in it.

    inputs: the numbers that are to be widened, and all lines of them. across: the products that
    widen them. down: those that make sums of the widened rows, (N, rows, columns * channels), in
    `sums`, or as they would be if the output began with them.
    """

    inputs: Array
    lines: Array
    across: list[Step]
    down: list[Step]
    sums: Array


class Loops:
    """The loops of one thread."""

    def __init__(self, source: Array, target: Array, scheme: Scheme) -> None:
        self.source, self.target, self.scheme = source, target, scheme
        # Sums go straight to where they are wanted, if a product can write there.
        flags = target.flags
        self.straight = target.dtype == scheme.sums and flags.c_contiguous and flags.aligned
        # The input rows that lie widened, and the first one that is known to be tame with all
        # after it.
        self.top = self.bottom = self.tame = 0
        images, rooms = min(len(source), scheme.images), scheme.rooms
        self.inputs = scratch("up_inputs", (images * rooms.inputs,), scheme.sums)
        # What is kept of the widened rows must outlast the next piece, were that larger.
        self.widened = scratch("up_widened", (images * rooms.widened,), scheme.sums)
        outputs = 0 if self.straight else images * rooms.outputs
        self.sums = scratch("up_sums", (outputs,), scheme.sums)
        self.rounded = scratch("up_rounded", (outputs if scheme.integers else 0,), scheme.sums)
        self.forms: dict[tuple[int, int, int, int], Form] = {}
        self.steps = 0
        self.columns: Part | None = None
        self.products: tuple[Product, ...] | list[Product] = ()
        self.ties: list[Array] = []
        self.tie_count = 0

    def fill(self, first: int, piece: Piece) -> None:
        """Fill a piece of `scheme.images` images from the `first` one."""
        rows, columns = piece.rows.tile, piece.columns.tile
        images = slice(first, first + self.scheme.images)
        count = min(len(self.source) - first, self.scheme.images)
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
        key = (id(piece.rows.products), id(piece.columns), kept, count)
        form = self.forms.get(key)
        if form is None:
            self._turn_to(piece.columns)
            form = self.forms[key] = self._form(piece, kept, count)
            self.steps += len(form.across) + len(form.down)
        if kept < rows.inputs:
            self._widen(self.source[images, top + kept : bottom, columns.source], piece, form)
        targets = rows.target, columns.target
        if self.tame > top:
            interpolate_images(
                self.source[images], self.target[images], self.scheme.plans, *targets
            )
        elif self.straight:
            _, height, width, channels = self.target.shape
            start = ((first * height + rows.output) * width + columns.output) * channels
            for step in form.down:
                np.matmul(step.left, step.right, out=moved(step, self.target, start))
        else:
            multiply_all(form.down)
            self._place(form.sums, self.target[images, *targets], first, piece)

    def _turn_to(self, columns: Part) -> None:
        """Have the products of some columns, and let go of forms that would take much memory."""
        left = columns is not self.columns
        if self.steps > STEPS or (left and isinstance(columns.products, Blocks)):
            self.forms, self.steps = {}, 0
        if left:
            self.columns, self.products = columns, ()
            channels = 0 if self.scheme.many else self.scheme.channels
            self.products = products_of(columns, self.scheme.sums, channels)

    def _form(self, piece: Piece, kept: int, count: int) -> Form:
        """Prepare for pieces of a form, of whose rows the first ones are kept widened."""
        rows, columns, channels = piece.rows.tile, piece.columns.tile, self.scheme.channels
        row_products = products_of(piece.rows, self.scheme.sums, 0)
        high, wide, long = rows.inputs - kept, columns.inputs, columns.outputs * channels
        lines = self.inputs[: count * high * wide * channels].reshape(count * high, wide * channels)
        part = Lines(self.inputs, 0, wide * channels, wide * channels)
        place = Lines(self.widened, count * kept * long, long, long)
        if self.scheme.many:
            part, place = part._replace(step=channels), place._replace(step=channels)
            across = left_steps(self.products, len(lines), channels, part, place)
        else:
            across = right_steps(self.products, len(lines), part, place)
        part = Lines(self.widened, 0, rows.inputs * long, long)
        sums = self.sums[: 0 if self.straight else count * rows.outputs * long]
        place = Lines(sums, 0, rows.outputs * long, long)
        if self.straight:
            _, height, width, _ = self.target.shape
            line = width * channels
            place = Lines(self.target, 0, height * line, line)
        down = list(left_steps(row_products, count, long, part, place))
        inputs = lines.reshape(count, high, wide, channels)
        sums = sums.reshape(count, -1, long)
        return Form(inputs, lines, list(across) if high else [], down, sums)

    def _widen(self, part: Array, piece: Piece, form: Form) -> None:
        """Widen some input rows, and note whether they are tame."""
        if self.scheme.integers:
            bias = 0.0 if piece.margin is None else 0.5 + piece.margin
            offset = self.scheme.sums.type(bias - self.scheme.integers.centre)
            np.add(part, offset, out=form.inputs, dtype=self.scheme.sums)
        else:
            np.copyto(form.inputs, part)
            if not _is_tame(form.lines):
                self.tame = self.bottom
        multiply_all(form.across)

    def _place(self, sums: Array, room: Array, first: int, piece: Piece) -> None:
        """Bring the sums of a piece to their place."""
        if self.scheme.integers:
            self._round(sums, room, first, piece, self.scheme.integers)
            self.settle_ties(TIES)
        else:
            np.copyto(room, sums.reshape(room.shape), casting="unsafe")

    def _round(
        self, sums: Array, place: Array, first: int, piece: Piece, integers: Integers
    ) -> None:
        """Write the sums of a piece, (N, rows, columns * channels), to their place as integers."""
        centre, room = 0, place
        rounded = self.rounded[: sums.size].reshape(sums.shape)
        if piece.margin is not None:
            found = near_ties(sums, rounded, piece.margin)
            if piece.ties:  # and have been rounded up
                flat = rounded.reshape(-1)
                flat[found] -= flat[found] % 2
            elif len(found):
                self._note_ties(found, first, piece)
        elif sums.dtype == np.float32:
            centre = integers.centre
            halves = self.rounded.view(np.int16)[: sums.size].reshape(sums.shape)
            rounded = round_to_even(sums, halves, centre)
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
        """Compute the outputs near a tie anew, if there are at least so many of them."""
        integers = self.scheme.integers
        if self.tie_count < least or integers is None:
            return
        found = np.concatenate(self.ties)
        self.ties, self.tie_count = [], 0
        plans = self.scheme.plans
        taps = math.prod(taps_of(plan).inputs.shape[1] for plan in plans)
        count = min(TIES, max(1, TIE_PRODUCTS // taps))
        for start in range(0, len(found), count):
            places = np.unravel_index(found[start : start + count], self.target.shape)
            sums = sums_at(self.source, places, plans)
            select = partial(_select, places)
            self.target[places] = round_sums(sums, self.source, plans, 2 * integers.half, select)


def _select(places: tuple[Array, ...], marked: Array) -> tuple[Array, ...]:
    """Return those of some places that are marked."""
    return tuple(place[marked] for place in places)


def _is_tame(lines: Array) -> bool:
    """Tell whether all numbers are finite, and so small that no sum of them overflows.

    The sum of the squares of each line tells it in one short call.
    """
    squares = np.matmul(lines[:, np.newaxis], lines[:, :, np.newaxis])
    return bool(np.isfinite(squares).all())
