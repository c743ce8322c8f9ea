"""Checkerboards in samples: the energy of their spectrum at the frequencies of the strides.

A pattern that comes again every p pixels has its energy at multiples of 1 / p cycles a pixel, where
a picture has no more than at the frequencies beside them. A layer that upsamples by s repeats its
pattern every s pixels of its own output: in the samples every s times what later layers enlarge by.

Source of the fault: A. Odena et al., "Deconvolution and Checkerboard Artifacts" (Distill, 2016).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import Conv2DTranspose, Layer, PixelShuffle, UpSampling2D
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.model import Model

# From so many times the energy beside them on, frequencies show; or from so many deviations on of
# what noise alone has there, where samples are few.
CHECKERBOARD, DEVIATIONS = 2.0, 4.0
# How far neighbours may be, in steps of the spectrum; the window spreads a frequency by one.
NEAR, SPREAD = 3, 1


class Frequencies(NamedTuple):
    """What a mean spectrum has at the frequencies of a period.

    period: rows and columns of the samples. layers: the names of those that upsample so. energy,
    neighbours: the mean of a frequency, and of those beside it, as shares of the whole. ratio: one
    over the other, None where the samples are too small. threshold: the ratio that shows.
    """

    period: Pair
    layers: tuple[str, ...]
    energy: float | None
    neighbours: float | None
    ratio: float | None
    threshold: float

    @property
    def shows(self) -> bool | None:
        """Whether there is a checkerboard; None where the samples are too small to tell."""
        return None if self.ratio is None else self.ratio >= self.threshold

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON has."""
        return {
            "period": list(self.period),
            "layers": list(self.layers),
            "energy": self.energy,
            "neighbours": self.neighbours,
            "ratio": self.ratio,
            "threshold": self.threshold,
            "checkerboard": self.shows,
        }


def upsampling_periods(model: Model, input_shapes: Sequence[Shape]) -> dict[Pair, tuple[str, ...]]:
    """Return the periods of the layers that upsample, in rows and columns of the output.

    input_shapes: of a batch, all known. The layers of nested models count; the largest period is
    first.

    >>> from upsamp.models.generator import make_generator
    >>> upsampling_periods(make_generator("dcgan"), [(1, 100)])
    {(4, 4): ('conv2d_transpose_1',), (2, 2): ('conv2d_transpose_2',)}
    """
    whole = model.connect(input_shapes)[0]
    found: dict[Pair, list[str]] = {}
    for row in model.summarize(expand_nested=True, input_shapes=input_shapes).rows:
        layer = getattr(row.layer, "layer", row.layer)  # a wrapper has its layer's
        factors = _factors(layer)
        size, last = (_grid(layer, shape) for shape in (row.output_shape, whole))
        if factors is None or size is None or last is None:
            continue
        period = tuple(
            max(1, round(factor * end / length)) if factor > 1 else 1
            for factor, end, length in zip(factors, last, size, strict=True)
        )
        if max(period) > 1:
            found.setdefault((period[0], period[1]), []).append(row.name)
    return {period: tuple(found[period]) for period in sorted(found, reverse=True)}


def _factors(layer: Layer | None) -> Pair | None:
    """Return by how much a layer enlarges the rows and the columns."""
    if isinstance(layer, Conv2DTranspose):
        return layer.strides
    if isinstance(layer, UpSampling2D):
        return layer.size
    return (layer.upscale_factor,) * 2 if isinstance(layer, PixelShuffle) else None


def _grid(layer: Layer | None, shape: MaybeShape) -> Pair | None:
    """Return the rows and columns of an output."""
    first = isinstance(layer, ImageLayer) and layer.data_format == "channels_first"
    grid = (shape or ())[2:] if first else (shape or ())[1:3]
    rows, columns = grid if len(shape or ()) == 4 else (None, None)
    return None if rows is None or columns is None else (rows, columns)


class MeanSpectrum:
    """The mean spectrum of samples, which come in batches.

    shape: of a sample, (rows, columns, channels). periods: as `upsampling_periods` has them.
    """

    def __init__(self, shape: tuple[int, ...], periods: Mapping[Pair, tuple[str, ...]]) -> None:
        if len(shape) != 3:
            raise ShapeError(
                "A checkerboard must be looked for in images. Received: samples of shape "
                f"{shape}. Use --layer with a layer that has rows and columns."
            )
        self.periods = periods
        self.size: Pair = (_whole(shape[0], periods, 0), _whole(shape[1], periods, 1))
        self._sum = np.zeros(self.size)
        self._count = 0

    def write(self, batch: Array) -> None:
        """Add samples, (N, rows, columns, channels)."""
        if not np.isfinite(batch).all():
            raise ArgumentError(
                "Samples must be finite to have a spectrum. Received: values that are not."
            )
        rows, columns = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in self.size)
        window = np.multiply.outer(rows, columns)[:, :, np.newaxis]
        self._count += len(batch)
        for sample in batch:  # one at a time, as a spectrum takes several times its memory
            planes = sample[: self.size[0], : self.size[1]].astype(np.float64)
            planes = (planes - planes.mean(axis=(0, 1))) * window
            self._sum += np.square(np.abs(np.fft.fft2(planes, axes=(0, 1)))).sum(axis=2)

    @property
    def power(self) -> Array:
        """The share of each frequency in the energy, (rows, columns), as `np.fft.fft2` has them."""
        total = self._sum.sum()
        shares: Array = self._sum / total if total else self._sum
        return shares

    def places(self, period: Pair) -> Array:
        """Return which frequencies a period has and no smaller one of these periods, as flags."""
        found = _multiples(self.size, period)
        for other in self.periods:
            if other != period and all(
                wide % narrow == 0 for wide, narrow in zip(period, other, strict=True)
            ):
                found &= ~_multiples(self.size, other)
        return found

    def measure(self) -> list[Frequencies]:
        """Return what is at the frequencies of each period."""
        power = self.power
        taken = np.zeros(self.size, bool)
        taken[0, 0] = True
        for period in self.periods:
            taken |= _multiples(self.size, period)
        free = ~_grown(taken, SPREAD)
        return [self._at(period, power, free) for period in self.periods]

    def _at(self, period: Pair, power: Array, free: Array) -> Frequencies:
        """Return what is at the frequencies of a period; free: what counts as a neighbour."""
        places = np.argwhere(self.places(period))
        layers = self.periods[period]
        beside = []
        for row, column in places:
            rows, columns = (
                np.unique((place + np.arange(-NEAR, NEAR + 1)) % length)
                for place, length in zip((row, column), self.size, strict=True)
            )
            block = np.ix_(rows, columns)
            beside.append(power[block][free[block]])
        # The energy of noise at one frequency deviates by up to the root of 2 times its mean.
        noise = math.sqrt(2 / max(1, self._count * len(places)))
        threshold = max(CHECKERBOARD, 1 + DEVIATIONS * noise)
        fits = all(n % p == 0 for n, p in zip(self.size, period, strict=True))
        if not fits or not beside or not all(map(len, beside)):
            return Frequencies(period, layers, None, None, None, threshold)
        energy = float(np.mean([power[tuple(place)] for place in places]))
        neighbours = float(np.mean([one.mean() for one in beside]))
        ratio = energy / neighbours if neighbours else (math.inf if energy else 0.0)
        return Frequencies(period, layers, energy, neighbours, ratio, threshold)


def _whole(length: int, periods: Mapping[Pair, tuple[str, ...]], axis: int) -> int:
    """Return the largest length that all periods divide, as far as there is one."""
    common = 1
    for period in sorted(one[axis] for one in periods):
        wider = math.lcm(common, period)
        common = wider if wider <= length else common
    return length - length % common


def _multiples(size: Pair, period: Pair) -> Array:
    """Return which frequencies are multiples of those of a period, but for the mean, as flags."""
    rows, columns = (
        np.arange(length) * step % length == 0 for length, step in zip(size, period, strict=True)
    )
    found: Array = np.logical_and.outer(rows, columns)
    found[0, 0] = False
    return found


def _grown(flags: Array, steps: int) -> Array:
    """Return flags with those within some steps of one; the spectrum has no ends."""
    grown = flags.copy()
    for row in range(-steps, steps + 1):
        for column in range(-steps, steps + 1):
            grown |= np.roll(flags, (row, column), (0, 1))
    return grown
