"""The values of one input of a generator, batch by batch: drawn, given, or labels in turn."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory


class Column(Protocol):
    """The values of one input, for as many samples as are wanted."""

    def batches(self, count: int, size: int) -> Iterator[Array]:
        """Return the first `count` rows, `size` at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""


class Drawn(NamedTuple):
    """Points drawn from a standard normal distribution; the first do not depend on how many."""

    shape: tuple[int, ...]
    seed: int

    def batches(self, count: int, size: int) -> Iterator[Array]:
        """Yield the first `count` points, `size` at a time."""
        check_memory((min(count, size), *self.shape), np.float32, "The points of the latent space")
        random = np.random.default_rng(self.seed)
        for start in range(0, count, size):
            rows = min(size, count - start)
            yield random.standard_normal((rows, *self.shape), dtype=np.float32)


class Given(NamedTuple):
    """Rows of an array."""

    rows: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return self.rows.shape[1:]

    def batches(self, count: int, size: int) -> Iterator[Array]:
        """Yield the first `count` rows, `size` at a time."""
        for start in range(0, count, size):
            yield self.rows[start : min(start + size, count)]


class Labels(NamedTuple):
    """Labels, repeated in turn; with `classes` each is a row with a 1 at its place."""

    labels: Sequence[int]
    shape: tuple[int, ...]
    classes: int | None = None

    def batches(self, count: int, size: int) -> Iterator[Array]:
        """Yield the first `count` labels, `size` at a time."""
        cycle = np.array(self.labels)
        for start in range(0, count, size):
            labels = cycle[np.arange(start, min(start + size, count)) % len(cycle)]
            if self.classes is None:
                yield labels.reshape(-1, *self.shape)
            else:
                yield (labels[:, np.newaxis] == np.arange(self.classes)).astype(np.float32)
