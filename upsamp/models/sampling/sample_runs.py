"""A run of a generator: samples batch by batch, into a file and onto a picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import ShapeError
from upsamp.io.array_files import BatchSpool
from upsamp.models.model import Model
from upsamp.models.sampling.image_layout import as_images, channels_first, channels_last
from upsamp.models.sampling.sample_grid import SampleGrid, gray_levels
from upsamp.models.sampling.sampled_inputs import Feed
from upsamp.models.sampling.value_ranges import Range

# What a range may miss of a value before it counts as outside: rounding is no matter.
ROUNDING = 1e-6


class Writer(Protocol):
    """What takes samples, batch by batch."""

    def write(self, batch: Array) -> None:
        """Take the next samples."""


@dataclass(frozen=True)
class SampleRun:
    """The first output of a model for all that a feed gives, `batch_size` samples at a time."""

    model: Model
    feed: Feed
    batch_size: int = 32

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all samples, of images (N, H, W, C) whatever layout the model has."""
        known = self.model.connect(self.feed.shapes)[0]
        lengths = tuple(axis for axis in known or () if axis is not None)
        if known is None or len(lengths) < len(known):
            raise ShapeError(
                f"The output of model '{self.model.name}' must have a known shape to be drawn. "
                f"Received: {known}."
            )
        if len(lengths) == 4 and channels_first(self.model):
            return (lengths[0], *lengths[2:], lengths[1])
        return lengths

    def batches(self) -> Iterator[Array]:
        """Yield the samples, their channels last, one batch after the other."""
        one_batch = (min(self.batch_size, self.feed.count), *self.shape[1:])
        check_memory(one_batch, self.model.dtype, "A batch of samples")
        first = channels_first(self.model)
        for inputs in self.feed.batches(self.batch_size):
            for outputs in self.model.predict_batches(inputs, self.batch_size):
                yield channels_last(outputs[0], first=first)


class Drawing(NamedTuple):
    """What a run gave: the picture if one was wanted, its range, and the values it cannot show."""

    canvas: Array | None
    value_range: Range
    not_finite: int
    outside: int


def draw_samples(
    run: SampleRun,
    sample_grid: SampleGrid | None = None,
    value_range: Range | None = None,
    writer: Writer | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> Drawing:
    """Draw all samples once, and put them where they are wanted.

    value_range: what is shown black and white; None is the least and the greatest value of all,
    for which the samples wait in a temporary file where they are many. advance: is told after each
    batch how many samples it had. Memory holds the picture and one batch.
    """
    canvas = None if sample_grid is None else sample_grid.new_canvas()
    seen = _Seen(value_range)
    with BatchSpool() as spool:
        position = 0
        for batch in run.batches():
            if writer is not None:
                writer.write(batch)
            seen.add(batch)
            if canvas is not None and sample_grid is not None and value_range is not None:
                sample_grid.place(canvas, gray_levels(as_images(batch), value_range), position)
            elif canvas is not None:
                spool.add(batch)
            position += len(batch)
            advance(len(batch))
        position = 0
        for batch in spool:
            if canvas is not None and sample_grid is not None:
                sample_grid.place(canvas, gray_levels(as_images(batch), seen.range), position)
            position += len(batch)
    return Drawing(canvas, seen.range, seen.not_finite, seen.outside)


class _Seen:
    """What is known of the values of all batches so far."""

    def __init__(self, fixed: Range | None) -> None:
        self._fixed = fixed
        self._low, self._high = np.inf, -np.inf
        self.not_finite = 0
        self.outside = 0

    def add(self, batch: Array) -> None:
        """Look at a batch."""
        finite = batch[np.isfinite(batch)]
        self.not_finite += batch.size - finite.size
        if not finite.size:
            return
        self._low = min(self._low, float(finite.min()))
        self._high = max(self._high, float(finite.max()))
        if self._fixed is not None:
            low, high = self._fixed
            margin = ROUNDING * (high - low)
            beyond = (finite < low - margin) | (finite > high + margin)
            self.outside += int(np.count_nonzero(beyond))

    @property
    def range(self) -> Range:
        """The range that was given, or that of all finite values."""
        if self._fixed is not None:
            return self._fixed
        return (self._low, self._high) if self._low <= self._high else (0.0, 0.0)
