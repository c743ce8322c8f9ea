"""The frames of a GIF or of an animated PNG, each composed with what those before it left.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", fcTL and 13.16, "Alpha
channel processing". A GIF is composed likewise, of colours that are clear or opaque.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.formats import MODES
from upsamp.io.images.frame_files import CLEARED, LEFT, RESTORED, AnimatedGif, AnimatedPng, SubFrame
from upsamp.io.pictures import Picture, mode_of

# Pixels that are composed at a time.
BLOCK_PIXELS = 2**16


class Animation:
    """The frames of a file, read one after the other.

    size: of the canvas, width by height. decode: reads a frame as it is stored, its palette and its
    transparency as channels; whole: with the metadata of the file.
    """

    def __init__(
        self,
        file: AnimatedGif | AnimatedPng,
        size: tuple[int, int],
        decode: Callable[..., Picture],
    ) -> None:
        self.file, self.size, self._decode = file, size, decode
        self._first: Picture | None = None
        self._canvas: Array | None = None
        self._next = 0
        # What is put back before the next frame is painted, and where.
        self._undo: tuple[tuple[slice, slice], Array | int] | None = None

    def read(self, frames: Sequence[SubFrame], number: int) -> Picture:
        """Return a frame as it is seen, in the mode of all.

        frames: all of the file, or those up to the one that is wanted.
        """
        start = 0 if frames[0].shown else 1
        if number < self._next:
            self._canvas, self._next, self._undo = None, 0, None
        if number < start:
            pixels = self._decoded(frames[0]).pixels
            canvas = np.zeros(self._shape(pixels, frames[start:]), pixels.dtype)
            _put(canvas, pixels, over=False)
            return self._seen(canvas, frames[0])
        for place in range(max(self._next, start), number + 1):
            pixels = self._decoded(frames[place]).pixels
            if self._canvas is None:
                self._canvas = np.zeros(self._shape(pixels, frames[start:]), pixels.dtype)
            self._paint(self._canvas, frames[place], pixels)
            self._next = place + 1
        return self._seen(np.array(self._canvas), frames[number])

    def timing_of(self, frame: SubFrame) -> dict[str, Any]:
        """Return what is said of when a frame is shown, as metadata."""
        timing: dict[str, Any] = {**self.file.timing}
        if frame.duration is not None:
            timing["duration"] = frame.duration
        return timing if frame.shown else timing | {"default_image": True}

    def _decoded(self, frame: SubFrame) -> Picture:
        picture = self._decode(frame, whole=self._first is None)
        self._first = self._first or picture
        return picture

    def mode(self, frames: Sequence[SubFrame], first: str) -> str:
        """Return the mode of all frames, of which the first has the mode `first` alone."""
        start = 0 if len(frames) == 1 or frames[0].shown else 1
        return MODES[self._channels(MODES.index(first) + 1, frames[start:]) - 1]

    def _shape(self, first: Array, frames: Sequence[SubFrame]) -> tuple[int, int, int]:
        channels = first.shape[2] if first.ndim > 2 else 1
        return self.size[1], self.size[0], self._channels(channels, frames)

    def _channels(self, channels: int, frames: Sequence[SubFrame]) -> int:
        """Return those of the canvas: with alpha where the first has it, or may leave gaps."""
        colours = 3 if isinstance(self.file, AnimatedGif) or channels > 2 else 1
        has_gaps = (
            not frames[0].covers(self.size)
            or frames[0].disposal == RESTORED
            or any(frame.disposal == CLEARED for frame in frames[:-1])
        )
        return colours + (has_gaps or channels % 2 == 0)

    def _paint(self, canvas: Array, frame: SubFrame, pixels: Array) -> None:
        """Paint a frame, after what is done with the one before it; what is beyond is cut."""
        if self._undo is not None:
            canvas[self._undo[0]] = self._undo[1]
        rows = slice(frame.top, frame.top + frame.height)
        columns = slice(frame.left, frame.left + frame.width)
        part = canvas[rows, columns]
        before = part.copy() if frame.disposal == RESTORED else 0
        self._undo = None if frame.disposal == LEFT else ((rows, columns), before)
        _put(part, pixels[: part.shape[0], : part.shape[1]], over=frame.over)

    def _seen(self, pixels: Array, frame: SubFrame) -> Picture:
        """Return a frame with the metadata of the file and its own timing."""
        first = cast("Picture", self._first)
        metadata = {name: value for name, value in first.metadata.items() if name != "duration"}
        seen = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        timing = self.timing_of(frame)
        return replace(first, pixels=seen, mode=mode_of(seen), metadata=metadata | timing)


def _put(canvas: Array, pixels: Array, *, over: bool) -> None:
    """Put pixels on a canvas (H, W, C) of their size, or compose them over it by their alpha."""
    layers = pixels if pixels.ndim > 2 else pixels[..., np.newaxis]
    colours = (canvas.shape[2] - 1) // 2 * 2 + 1
    if layers.shape[2] % 2:  # without alpha
        canvas[..., :colours] = layers
        canvas[..., colours:] = np.iinfo(canvas.dtype).max
        return
    if layers.shape[2] <= colours:  # grey among colours
        layers = layers[..., [0, 0, 0, 1]]
    step = max(1, BLOCK_PIXELS // max(1, canvas.shape[1]))
    for top in range(0, len(canvas), step):
        rows = slice(top, top + step)
        if over:
            compose_over(canvas[rows], layers[rows])
        else:
            canvas[rows] = layers[rows]


def compose_over(under: Array, over: Array) -> None:
    """Compose pixels by their alpha over others, which are changed.

    under: (H, W, C) uint8 or uint16, whose last channel is alpha, or which has none and is opaque.
    over: (H, W, C) of the same type, with alpha as its last channel. Values are rounded to the
    nearest, and where nothing is below, what is above stays as it is.

    >>> pixels = np.array([[[200, 100]]], np.uint8)
    >>> compose_over(pixels, np.array([[[100, 51]]], np.uint8))
    >>> pixels.tolist()
    [[[161, 131]]]
    """
    full = int(np.iinfo(over.dtype).max)
    colours = over.shape[2] - 1
    has_alpha = under.shape[2] > colours
    above = over[..., -1]
    nothing = under[..., -1] == 0 if has_alpha else np.False_
    taken = (above == full) | (nothing & (above > 0))
    np.copyto(under, over[..., : under.shape[2]], where=taken[..., np.newaxis])
    mixed = ~taken & (above > 0)
    if not mixed.any():
        return
    top, bottom = over[mixed].astype(np.uint64), under[mixed].astype(np.uint64)
    alpha = top[:, -1:]
    upper = alpha * full
    lower = (full - alpha) * (bottom[:, -1:] if has_alpha else full)
    both = upper + lower
    bottom[:, :colours] = (
        top[:, :colours] * upper + bottom[:, :colours] * lower + both // 2
    ) // both
    if has_alpha:
        bottom[:, -1:] = (both + full // 2) // full
    under[mixed] = bottom
