"""Checkerboards of a transposed convolution: the products of each output, and what they add up to.

A constant input becomes the same value in all outputs of a phase, those of one remainder by the
stride: the gain of the phase. Where gains differ, the output has a checkerboard. Two causes: phases
that read different numbers of taps, and weights that do not add up alike. A kernel that the stride
divides has the same number of taps in every phase, and its weights may still differ.

Sources: A. Odena et al., "Deconvolution and Checkerboard Artifacts" (Distill, 2016); A. Aitken et
al., "Checkerboard artifact free sub-pixel convolution" (arXiv 1707.02937).
"""

import math
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.setting import ConvolutionSetting
from upsamp.core.geometry.sizes import TransposedAxis, transposed_axis
from upsamp.core.kernels.gains import phase_sums, unevenness
from upsamp.core.kernels.presets import KERNEL_PRESETS
from upsamp.errors import ArgumentError
from upsamp.explain.explanation import check_values
from upsamp.explain.transposed import axis_taps, transposed_axes

# Elements of a kernel that is written into a command at most.
MAX_WRITTEN = 64


class Cure(NamedTuple):
    """What lessens a checkerboard. command: as it is typed. gain: as `Overlap` has it, after it."""

    name: str
    command: str
    gain: Array


class Overlap(NamedTuple):
    """How the kernels of a transposed convolution overlap.

    taps: (OH, OW), how many products each output is, for one channel of the input. gain: of each
    phase, (rows, columns) of the stride: what 1 becomes where no edge is near. counts: the taps of
    each phase, likewise. cures: what lessens it.
    """

    taps: Array
    gain: Array
    counts: Array
    cures: tuple[Cure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON has: numbers, and None for a share of a mean that is 0."""
        return {
            "taps": self.taps.tolist(),
            "gain": self.gain.tolist(),
            "period": list(self.gain.shape),
            "unevenness": {"taps": unevenness(self.counts), "gain": unevenness(self.gain)},
            "cures": [
                {"name": cure.name, "command": cure.command, "gain": cure.gain.tolist()}
                for cure in self.cures
            ],
        }


class Words(NamedTuple):
    """The words of the command that cures are told in, and what they would make.

    own: the command whose checkerboard this is. source, weights: the input, and the preset, the
    matrix or the file; None where no option names the weights. whole: whether they are one matrix
    for all channels. kept: options that stay as they are; resized: those that `upsample` has, too.
    piped, written: options of a result that the next command reads, and of the last one.
    averaged: whether the result is taken channel by channel, so that one window can average it.
    make: the kernel of a preset by its name, its size and the strides, as `find_overlap` takes it;
    it raises `ArgumentError` for a preset that these channels cannot have.
    """

    own: str
    source: str
    weights: str | None
    whole: bool
    kept: str
    resized: str
    piped: str
    written: str
    averaged: bool
    make: Callable[[str, Pair, Pair], Array]


def find_overlap(
    kernel: Array, setting: ConvolutionSetting, lengths: Pair, words: Words
) -> Overlap:
    """Return how the kernels overlap for an input of this many rows and columns.

    kernel: (rows, columns), of one filter and summed over the channels. Raises `ShapeError` for a
    large result.
    """
    axes = transposed_axes(setting, lengths, kernel.shape)
    check_values(tuple(axis.output for axis in axes))
    rows, columns = (
        np.array([len(axis_taps(axis, place, taps)) for place in range(axis.output)])
        for axis, taps in zip(axes, kernel.shape, strict=True)
    )
    gain, counts = phase_sums(kernel, axes), phase_sums(np.ones(kernel.shape), axes)
    cures = tuple(_cures(kernel, axes, gain, words))
    return Overlap(np.multiply.outer(rows, columns), gain, counts.astype(int), cures)


def _cures(
    kernel: Array, axes: Sequence[TransposedAxis], gain: Array, words: Words
) -> Iterator[Cure]:
    """Yield what lessens a checkerboard, applied to this kernel."""
    strides: Pair = (axes[0].stride, axes[1].stride)
    if strides == (1, 1):
        return
    stride = f"--stride {_pair(strides)} --padding same{words.kept}"
    command = f"upsamp transpose-conv {shlex.quote(words.source)}"
    divisible: Pair = (
        math.ceil(kernel.shape[0] / strides[0]) * strides[0],
        math.ceil(kernel.shape[1] / strides[1]) * strides[1],
    )
    if divisible != kernel.shape:
        yield from _divisible(kernel, divisible, strides, f"{command} {{}} {stride}", words)
    if words.weights is not None:
        preset = words.weights in KERNEL_PRESETS
        size: Pair = (kernel.shape[0], kernel.shape[1])
        once = words.make(words.weights, size, (1, 1)) if preset else kernel
        yield Cure(
            "resize, then convolve",
            f"upsamp upsample {shlex.quote(words.source)} --size {_pair(strides)}{words.resized}"
            f"{words.piped} | upsamp transpose-conv - --kernel {_pair(size)} "
            f"--weights {shlex.quote(words.weights)} --padding same{words.kept}{words.written}",
            np.full(strides, once.sum()),
        )
    doubled: Pair = (2 * strides[0] - strides[0] % 2, 2 * strides[1] - strides[1] % 2)
    for name, size in (("icnr", divisible), ("bilinear", doubled)):
        with suppress(ArgumentError):  # as of bilinear for more filters than channels
            start = words.make(name, size, strides)
            text = f"{command} --kernel {_pair(size)} --weights {name} {stride}{words.written}"
            yield Cure(f"weights that begin as {name}", text, _same(start, strides))
    if words.averaged:
        mean = _written(np.full(strides, 1 / (strides[0] * strides[1])))
        yield Cure(
            "the mean of shifted outputs",
            f"{words.own}{words.piped} | upsamp transpose-conv - --weights {shlex.quote(mean)} "
            f"--padding same{words.written}",
            np.full(strides, gain.mean()),
        )


def _divisible(
    kernel: Array, size: Pair, strides: Pair, command: str, words: Words
) -> Iterator[Cure]:
    """Yield a kernel that the stride divides: of the same name, or with zeros behind its own.

    command: has {} in the place of the kernel.
    """
    name = "a kernel that the stride divides"
    if words.weights is not None and words.weights in KERNEL_PRESETS:
        larger = words.make(words.weights, size, strides)
        text = command.format(f"--kernel {_pair(size)} --weights {words.weights}")
    elif words.whole and math.prod(size) <= MAX_WRITTEN:
        larger = np.zeros(size)
        larger[: kernel.shape[0], : kernel.shape[1]] = kernel
        text = command.format(f"--weights {shlex.quote(_written(larger))}")
    else:
        return
    yield Cure(name, f"{text}{words.written}", _same(larger, strides))


def _same(kernel: Array, strides: Pair) -> Array:
    """Return the gain of the phases of a kernel under padding "same"."""
    axes = [
        transposed_axis(taps, taps, step, "same", None, 1)
        for taps, step in zip(kernel.shape, strides, strict=True)
    ]
    return phase_sums(kernel, axes)


def _pair(pair: Sequence[int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} {pair[1]}"


def _written(kernel: Array) -> str:
    return "; ".join(" ".join(f"{value:.17g}" for value in row) for row in kernel)
