"""What a network makes of a picture or a matrix, at once or strip by strip."""

from typing import TYPE_CHECKING

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.strips import StripError
from upsamp.io.pictures import Picture, array_of
from upsamp.resizing.network import TILES_PART, Network, NetworkRun, run_on_frame
from upsamp.resizing.strip_jobs import EnlargedStrips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsamp.core.upsampling.strips import Reader
    from upsamp.resizing.enlarging import Enlarging


# This many rows are made without a word of how far it is.
UNSEEN_ROWS = 512


class NetworkStrips(EnlargedStrips):
    """An image or a matrix that a network makes larger: see `Work`."""

    def __init__(
        self, given: Picture | Array, enlarging: "Enlarging", size: Pair, network: Network
    ) -> None:
        super().__init__(given, enlarging, size)
        self.slow, self.step = True, UNSEEN_ROWS
        self._network = network
        array = array_of(given)
        if not isinstance(given, Picture):
            self.dtype = np.dtype(np.float32)
            # Channels that are first are no images of their own.
            self.whole = self.layout != "channels_last"
        self._array = as_batch(array, self.layout)
        self._run = self._plan(None)
        self.notes = self._run.notes

    def _plan(self, room: int | None) -> NetworkRun:
        """Plan the tiles, which take this many bytes where there is a bound."""
        if isinstance(self._given, Picture):
            return run_on_frame(self._network, self._given, self.size, room)
        return NetworkRun(self._network, self._array[0], self.size, None, room)

    def besides(self, memory: int) -> int:
        """Return the bytes of what the network computes in."""
        self._run = self._plan(memory // TILES_PART)
        return self._run.nbytes

    def at_once(self, memory: int) -> int:
        """Return the bytes of what the network computes in."""
        return self.besides(memory)

    def cut(self, room: int) -> None:
        """Cut the result into strips of rows, of which one must fit."""
        row = self.size[1] * self.images[3] * max(4, self.dtype.itemsize)
        if row > room:
            raise StripError(row, room)
        self.step = self._run.cut(room // row)

    def make(self, read: "Reader") -> "Iterator[Array]":
        """Yield the strips."""
        for image in range(self.images[0]):

            def rows_of(rows: slice, image: int = image) -> Array:
                one: Array = read(slice(image, image + 1), rows)[0]
                return one

            for strip in self._run.make(rows_of):
                yield strip[np.newaxis]
