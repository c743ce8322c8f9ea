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
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.setting import ConvolutionSetting
from upsamp.core.geometry.sizes import TransposedAxis, transposed_axis
from upsamp.core.kernels.presets import KERNEL_PRESETS, make_kernel
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
    """The words of the command that cures are told in.

    weights: a preset, a matrix or a file. whole: whether they are one matrix for all channels.
    """

    source: str
    weights: str
    seed: int
    whole: bool


def unevenness(phases: Array) -> float | None:
    """Return the largest difference between phases over their mean; None where that mean is 0.

    >>> unevenness(np.array([[4, 2], [2, 1]]))
    1.3333333333333333
    """
    difference, mean = float(phases.max() - phases.min()), abs(float(phases.mean()))
    if difference <= 1e-12 * float(np.abs(phases).max(initial=0)):
        return 0.0
    return difference / mean if mean > 1e-12 * float(np.abs(phases).max()) else None


def phase_sums(kernel: Array, axes: Sequence[TransposedAxis]) -> Array:
    """Return what each phase sums up of a kernel, (rows, columns).

    The phase of an output is its remainder by the stride.

    >>> from upsamp.core.geometry.sizes import transposed_axis
    >>> axis = transposed_axis(4, 3, 2, "same", None, 1)
    >>> phase_sums(np.ones((3, 3)), (axis, axis))
    array([[4., 2.],
           [2., 1.]])
    """
    rows, columns = axes
    sums = np.zeros((rows.stride, columns.stride))
    for (row, column), weight in np.ndenumerate(kernel):
        phase = (
            (row * rows.dilation - rows.before) % rows.stride,
            (column * columns.dilation - columns.before) % columns.stride,
        )
        sums[phase] += weight
    return sums


def find_overlap(
    kernel: Array, setting: ConvolutionSetting, lengths: Pair, words: Words
) -> Overlap:
    """Return how the kernels overlap for an input of so many rows and columns.

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


def _cures(kernel: Array, axes: Sequence[TransposedAxis], gain: Array, words: Words) -> list[Cure]:
    """Return what lessens a checkerboard, applied to this kernel."""
    strides: Pair = (axes[0].stride, axes[1].stride)
    if strides == (1, 1):
        return []
    seed = f" --seed {words.seed}" if words.seed else ""
    stride = f"--stride {_pair(strides)} --padding same{seed}"
    command = f"upsamp transpose-conv {shlex.quote(words.source)}"
    divisible: Pair = (
        math.ceil(kernel.shape[0] / strides[0]) * strides[0],
        math.ceil(kernel.shape[1] / strides[1]) * strides[1],
    )
    sized = f"--kernel {_pair(divisible)}"
    cures = []
    if divisible != kernel.shape:
        if words.weights in KERNEL_PRESETS:
            larger = _preset(words.weights, divisible, strides, words.seed)
            text = f"{command} {sized} --weights {words.weights} {stride}"
        else:
            larger = np.zeros(divisible)
            larger[: kernel.shape[0], : kernel.shape[1]] = kernel
            text = f"{command} --weights {shlex.quote(_written(larger))} {stride}"
        if words.weights in KERNEL_PRESETS or (words.whole and larger.size <= MAX_WRITTEN):
            cures.append(Cure("a kernel that the stride divides", text, _same(larger, strides)))
    once = kernel
    if words.weights in KERNEL_PRESETS:
        once = _preset(words.weights, kernel.shape, (1, 1), words.seed)
    cures.append(
        Cure(
            "resize, then convolve",
            f"upsamp upsample {shlex.quote(words.source)} --size {_pair(strides)} --format txt | "
            f"upsamp transpose-conv - --kernel {_pair(kernel.shape)} "
            f"--weights {shlex.quote(words.weights)} --padding same{seed}",
            np.full(strides, once.sum()),
        )
    )
    doubled: Pair = (2 * strides[0] - strides[0] % 2, 2 * strides[1] - strides[1] % 2)
    for name, size in (("icnr", divisible), ("bilinear", doubled)):
        start = _preset(name, size, strides, words.seed)
        text = f"{command} --kernel {_pair(size)} --weights {name} {stride}"
        cures.append(Cure(f"weights that begin as {name}", text, _same(start, strides)))
    mean = np.full(strides, 1 / (strides[0] * strides[1]))
    cures.append(
        Cure(
            "the mean of shifted outputs",
            f"{command} --kernel {_pair(kernel.shape)} --weights {shlex.quote(words.weights)} "
            f"{stride} | upsamp transpose-conv - --weights {shlex.quote(_written(mean))} "
            "--padding same",
            np.full(strides, gain.mean()),
        )
    )
    return cures


def _same(kernel: Array, strides: Pair) -> Array:
    """Return the gain of the phases of a kernel under padding "same"."""
    axes = [
        transposed_axis(taps, taps, step, "same", None, 1)
        for taps, step in zip(kernel.shape, strides, strict=True)
    ]
    return phase_sums(kernel, axes)


def _preset(name: str, size: Pair, strides: Pair, seed: int) -> Array:
    return make_kernel(name, (*size, 1, 1), strides, seed)[:, :, 0, 0]


def _pair(pair: Sequence[int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} {pair[1]}"


def _written(kernel: Array) -> str:
    return "; ".join(" ".join(f"{value:.17g}" for value in row) for row in kernel)
