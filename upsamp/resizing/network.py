"""Results that a trained network makes, in the place of an interpolation.

What a network is is in `upsamp.models`, of which nothing is known here: see `Network`.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.dtypes import round_to
from upsamp.core.layout import as_batch, with_new_image
from upsamp.core.memory import memory_limit
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.dispatch import fill
from upsamp.core.upsampling.request import Place, Rule, Whole
from upsamp.errors import FormatError, ShapeError
from upsamp.io.formats import DEEP_MODES, MODES
from upsamp.io.pictures import Picture
from upsamp.resizing.hidden_colours import HIDDEN_BYTES, with_colours_around
from upsamp.resizing.nodata import value_without_data

# The luma of red, green and blue. Source: ITU-R BT.601-7, section 2.5.1.
LUMA = np.array((0.299, 0.587, 0.114), np.float32)
# Bytes of the result, as floats, that are put together at a time; and how often they are held.
CHUNK_BYTES, CHUNK_COPIES = 2**22, 6

# The part of --max-memory that the tiles of a network may take.
TILES_PART = 3

# Returns some rows of a picture, (rows, W, C).
ReadRows: TypeAlias = Callable[[slice], Array]


class NetworkPlan(Protocol):
    """How a picture goes through a network; see `upsamp.models.superresolution`."""

    @property
    def nbytes(self) -> int:
        """The bytes that are taken besides the picture and the result."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user could not guess."""

    def bands(self, read: ReadRows) -> Iterator[tuple[slice, Array]]:
        """Yield the rows of the result, some at a time, and the values (rows, W, C) in them."""


class Network(Protocol):
    """A trained network that makes pictures larger, or better at their size.

    name: is in names of files. One that keeps the size is given the bicubic enlargement.
    """

    name: str

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Black and white of pictures and the network, where they were told."""

    @property
    def channels(self) -> int:
        """The channels of what goes in, and comes out."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user could not guess of it."""

    @property
    def keeps(self) -> bool:
        """Whether the result has the size of what goes in."""

    @property
    def scale(self) -> tuple[Fraction, Fraction]:
        """By how much the rows and the columns become more."""

    @property
    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Black and white of what goes in, and of what comes out."""

    def plan(self, size: Pair, room: int | None = None) -> NetworkPlan:
        """Plan the tiles of a picture of this many rows and columns; room: bytes for a tile."""


class NetworkRun:
    """A picture, or a matrix of images, as a network makes it larger.

    pixels: (H, W, C). size: the rows and columns of the result. alpha: whether the last channel is;
    None for a matrix, whose values go in and come out as they are. room: see `Network.plan`.
    """

    def __init__(
        self,
        network: Network,
        pixels: Array,
        size: Pair,
        alpha: bool | None,
        room: int | None = None,
    ) -> None:
        self._network, self._pixels, self._size, self._alpha = network, pixels, size, alpha
        self._shape: tuple[int, ...] = pixels.shape
        shape = self._shape
        self._dtype: np.dtype[Any] = np.dtype(np.float32) if alpha is None else pixels.dtype
        self._keeps = network.keeps
        if alpha is None and shape[2] != network.channels:
            channels = "1 channel" if network.channels == 1 else f"{network.channels} channels"
            raise ShapeError(
                f"A matrix for --model '{network.name}' must have {channels}. Received: {shape[2]}."
            )
        self.plan = network.plan(size if self._keeps else (shape[0], shape[1]), room)
        self._chunk = max(1, CHUNK_BYTES // (4 * size[1] * shape[2]))

    @property
    def nbytes(self) -> int:
        """The bytes that are taken besides the input and the result."""
        chunk = min(self._chunk, self._size[0]) * self._size[1] * self._shape[2]
        hidden = HIDDEN_BYTES * self._shape[0] * self._shape[1] if self._hides else 0
        return self.plan.nbytes + 4 * CHUNK_COPIES * chunk + hidden

    def cut(self, rows: int) -> int:
        """Put together at most this many rows at a time; return how many that are."""
        self._chunk = min(self._chunk, rows)
        return self._chunk

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user could not guess of how the result is made."""
        found = [*self._network.notes, *self.plan.notes]
        if self._alpha is None:
            return tuple(found)
        colours, wanted = self._shape[2] - self._alpha, self._network.channels
        if (colours, wanted) == (3, 1):
            found.append("Y is made by the network, Cb and Cr by bicubic")
        if colours == 1 < wanted:
            found.append("grey goes through the network as colour, and becomes grey again")
        if self._alpha and wanted != 4:
            found.append("alpha is made by bicubic")
        return tuple(found)

    def make(self, read: ReadRows) -> Iterator[Array]:
        """Yield the result's rows, some at a time, (rows, W, C).

        read: returns some rows of the input, (rows, W, C).
        """
        if self._hides:
            read = with_colours_around(self._pixels).__getitem__
        if self._alpha is None:
            give, finish = self._values, self._values_of
        else:
            give, finish = self._given, self._put_together
        for rows, band in self.plan.bands(lambda rows: give(read, rows)):
            for start in range(rows.start, rows.stop, self._chunk):
                part = slice(start, min(start + self._chunk, rows.stop))
                yield finish(read, part, band[part.start - rows.start : part.stop - rows.start])

    @property
    def _hides(self) -> bool:
        """Whether clear pixels may have colours, which the network must not see."""
        return bool(self._alpha) and self._network.channels != 4

    def _values(self, read: ReadRows, rows: slice) -> Array:
        """Return the numbers of a matrix, enlarged for a network that keeps the size."""
        if self._keeps:
            return self._bicubic(read, rows, slice(0, self._shape[2]))
        return read(rows).astype(np.float32)

    def _values_of(self, read: ReadRows, rows: slice, made: Array) -> Array:  # noqa: ARG002
        """Return rows of a matrix."""
        return made.astype(np.float32)

    def _given(self, read: ReadRows, rows: slice) -> Array:
        """Return what the network is given: its channels, in its range."""
        shares = self._bicubic_shares(read, rows) if self._keeps else self._shares(read(rows))
        colours, alpha = (shares[..., :-1], shares[..., -1:]) if self._alpha else (shares, None)
        wanted = self._network.channels
        if wanted == 1 < colours.shape[2]:
            colours = (colours @ LUMA)[..., np.newaxis]
        elif colours.shape[2] == 1 < wanted:
            colours = colours.repeat(3, axis=2)
        if wanted == 4:
            opaque = np.ones((*colours.shape[:2], 1), np.float32)
            colours = np.concatenate([colours, opaque if alpha is None else alpha], axis=2)
        low, high = self._network.ranges[0]
        return (low + colours * (high - low)).astype(np.float32, copy=False)

    def _put_together(self, read: ReadRows, rows: slice, made: Array) -> Array:
        """Return rows of the result, of what the network made of them."""
        if np.isnan(made).any():  # which no pixel can be
            raise FormatError(
                "--model must make numbers of pictures. "
                f"Received: nan from '{self._network.name}'. Give weights that are numbers."
            )
        low, high = self._network.ranges[1]
        shares = (made.astype(np.float32) - low) / (high - low)
        colours = self._shape[2] - bool(self._alpha)
        result = np.empty((*made.shape[:2], self._shape[2]), self._dtype)
        most = np.iinfo(self._dtype).max
        if self._alpha:
            last = slice(colours, colours + 1)
            if shares.shape[2] == 4:
                result[..., last] = round_to(shares[..., 3:] * most, self._dtype)
            else:
                result[..., last] = self._bicubic(read, rows, last)
        shares = shares[..., :3]
        if colours == 1 < shares.shape[2]:
            shares = (shares @ LUMA)[..., np.newaxis]
        elif shares.shape[2] == 1 < colours:
            # Cb and Cr of the enlargement, and another Y: that adds one number to all three.
            large = self._bicubic_shares(read, rows)[..., :3]
            shares = large + (shares - (large @ LUMA)[..., np.newaxis])
        result[..., :colours] = round_to(shares * most, self._dtype)
        return result

    def _shares(self, pixels: Array) -> Array:
        """Return pixels as numbers from 0 to 1."""
        shares: Array = pixels.astype(np.float32)
        shares /= np.iinfo(self._dtype).max
        return shares

    def _bicubic_shares(self, read: ReadRows, rows: slice) -> Array:
        """Return rows of the bicubic enlargement from 0 to 1; edges are passed on both sides."""
        return self._enlarged(lambda rows: self._shares(read(rows)), rows, np.float32, self._alpha)

    def _bicubic(self, read: ReadRows, rows: slice, channels: slice) -> Array:
        """Return rows of the bicubic enlargement of some channels, in the dtype of the result."""
        return self._enlarged(
            lambda rows: read(rows)[..., channels].astype(self._dtype, copy=False),
            rows,
            self._dtype,
            alpha=False,
            channels=channels.stop - channels.start,
        )

    def _enlarged(
        self,
        read: ReadRows,
        rows: slice,
        dtype: npt.DTypeLike,
        alpha: bool | None,
        channels: int | None = None,
    ) -> Array:
        height, width, own = self._shape
        shape = 1, height, width, channels or own
        rule = Rule("bicubic", "keras", align_corners=False, alpha=bool(alpha))
        whole = Whole(shape, self._size, np.dtype(dtype), rule)
        result = np.empty((1, rows.stop - rows.start, self._size[1], shape[3]), dtype)
        source = np.ascontiguousarray(read(whole.inputs(0, rows)))[np.newaxis]
        fill(source, result, whole, thread_count(), Place(rows, whole.everything.columns))
        rows_made: Array = result[0]
        return rows_made


def run_on_frame(
    network: Network, frame: Picture, size: Pair, room: int | None = None
) -> NetworkRun:
    """Return how a picture is made larger, or raise `FormatError` where a network takes none such.

    room: see `Network.plan`.
    """
    if frame.mode not in (*MODES, *DEEP_MODES):
        raise FormatError(
            f"--model is for grey and RGB of 8 or 16 bits. Received: {frame.mode}. {_remedy(frame)}"
        )
    if value_without_data(frame) is not None:
        raise FormatError(
            "--model is for pictures whose pixels all hold data. Received: some with the value for "
            "none. Use --interp."
        )
    pixels = frame.pixels.reshape(*frame.pixels.shape[:2], -1)
    return NetworkRun(network, pixels, size, frame.has_alpha, room)


def _remedy(frame: Picture) -> str:
    if frame.extra or frame.pixels.dtype.kind == "u":
        return "Save it as a PNG."
    return "Give --range LOW HIGH, the values of black and white in the picture and the network."


def apply_network(
    network: Network, frame: Picture, size: Pair, advance: Callable[[int], object] | None = None
) -> Picture:
    """Return a picture as a network makes it larger, to `size`, (rows, columns)."""
    room = memory_limit()
    run = run_on_frame(network, frame, size, room and room // TILES_PART)
    pixels = frame.pixels
    rows = pixels.reshape(*pixels.shape[:2], -1)
    result = np.empty((*size, *pixels.shape[2:]), pixels.dtype)
    _fill(result.reshape(*size, -1), run.make(lambda some: rows[some]), advance)
    return frame.with_pixels(result)


def apply_to_array(
    network: Network,
    x: Array,
    size: Pair,
    layout: DataFormat,
    advance: Callable[[int], object] | None = None,
) -> Array:
    """Return a matrix of images as a network makes it larger: float32, in the same layout."""
    batch = as_batch(x, layout)
    run = NetworkRun(network, batch[0], size, None)
    result = np.empty(with_new_image(x.shape, layout, *size, batch.shape[3]), np.float32)
    for one, made in zip(batch, as_batch(result, layout), strict=True):
        _fill(made, run.make(one.__getitem__), advance)
    return result


def _fill(result: Array, parts: Iterator[Array], advance: Callable[[int], object] | None) -> None:
    """Put rows into a result, (H, W, C), in their order."""
    start = 0
    for part in parts:
        result[start : start + len(part)] = part
        start += len(part)
        if advance is not None:
            advance(len(part))
