"""Interpolation written out, for libraries that lack it: as weights of inputs, or as copies."""

import math

import numpy as np

from upsamp.core.upsampling.interpolation import nearest_inputs
from upsamp.translate.settings import Upsampling
from upsamp.translate.source import comment

HALF_PIXEL = "(np.arange(target)[:, np.newaxis] + 0.5) * length / target - 0.5"
ALIGNED = "np.arange(target)[:, np.newaxis] * (length - 1) / max(target - 1, 1)"


def weights(settings: Upsampling) -> list[str]:
    """Return the lines that make `rows` and `columns`, weights (outputs, inputs) of each axis."""
    _, height, width, _ = settings.input_shape
    return [
        *weights_function(settings),
        "",
        "",
        f"rows = weights({height}, {settings.size[0]})",
        f"columns = weights({width}, {settings.size[1]})",
    ]


def weights_function(
    settings: Upsampling, name: str = "weights", *, antialias: bool = False, exact: bool = False
) -> list[str]:
    """Return the lines of `weights(length, target)`, which are for any lengths.

    antialias: whether the kernel of an output that is larger than an input is as wide as it, in
    Keras' convention. exact: whether the weights are left in float64.
    """
    result = "w / w.sum(axis=1, keepdims=True)"
    return [
        f"def {name}(length, target):",
        *(f"    {line}" for line in _body(settings, antialias=antialias)),
        f"    return {result if exact else f'({result}).astype(np.float32)'}",
    ]


def _body(settings: Upsampling, *, antialias: bool) -> list[str]:
    kernel = settings.method.kernels[settings.convention]
    if kernel is None:
        return _area(settings.convention)
    position = ALIGNED if settings.align_corners else HALF_PIXEL
    # With a support of 1, to repeat the edge is to leave out what is beyond it.
    beyond = math.ceil(kernel.support) if settings.convention == "torch" else 1
    taps = f"np.arange({-beyond}, length + {beyond})" if beyond > 1 else "np.arange(length)"
    wide = " / max(length / target, 1)" if antialias else ""
    lines = [f"position = {position}", f"t = np.abs(position - {taps}){wide}"]
    if len(kernel.source) == 1:
        lines.append(f"w = {kernel.source[0]}")
    else:
        near, far = kernel.source
        lines += [
            f"w = np.where(t < 1, {near}, 0)",
            f"w = np.where((t >= 1) & (t < {kernel.support}), {far}, w)",
        ]
    if beyond > 1:
        edge = "# the edge stands for the inputs beyond it"
        lines += [
            f"w[:, {beyond}] += w[:, :{beyond}].sum(axis=1)  {edge}",
            f"w[:, {-beyond - 1}] += w[:, {-beyond}:].sum(axis=1)",
            f"w = w[:, {beyond}:{-beyond}]",
        ]
    return lines


def _area(convention: str) -> list[str]:
    """Return the lines for the mean of the inputs under an output, in units of 1 / target."""
    lines = [
        "begin = np.arange(target)[:, np.newaxis] * length",
        "tap = np.arange(length) * target",
    ]
    lines.append("overlap = np.minimum(begin + length, tap + target) - np.maximum(begin, tap)")
    if convention == "torch":
        return [*lines, "w = np.where(overlap > 0, 1, 0)  # an input that is touched counts wholly"]
    return [*lines, "w = np.maximum(overlap, 0)"]


def indices(settings: Upsampling, library: str) -> list[str]:
    """Return the lines that make `rows` and `columns`, the input that each output copies.

    library: its name, for the comment that says why it is not left to it.
    """
    _, height, width, _ = settings.input_shape
    if not floats_find_the_nearest(settings):
        why = (
            f"{library} has positions in floats, which round wrongly where pixels meet: these are "
        )
        lines = [comment(f"{why}the inputs to copy in whole numbers.")]
    else:
        why = f"{library} copies the pixel that holds the centre of an output, PyTorch's nearest "
        lines = [comment(f"{why}that which holds its first edge: these are the inputs to copy.")]
    for name, length, target in zip(
        ("rows", "columns"), (height, width), settings.size, strict=True
    ):
        if settings.convention == "torch":
            lines.append(f"{name} = np.arange({target}) * {length} // {target}")
        else:
            lines.append(f"{name} = (2 * np.arange({target}) + 1) * {length} // {2 * target}")
    return lines


def floats_find_the_nearest(settings: Upsampling) -> bool:
    """Tell whether positions in float32 find the inputs to copy, in each way to compute them.

    >>> floats_find_the_nearest(Upsampling.of((1, 2, 2, 1), (5, 5)))
    True
    >>> floats_find_the_nearest(Upsampling.of((1, 10, 10, 1), (25, 25)))
    False
    """
    return all(
        _axis_is_found(length, target, settings.convention == "torch")
        for length, target in zip(settings.input_shape[1:3], settings.size, strict=True)
    )


def _axis_is_found(length: int, target: int, asymmetric: bool) -> bool:
    single = np.float32
    shift = single(0 if asymmetric else 0.5)
    outputs = np.arange(target, dtype=single) + shift
    n, m = single(length), single(target)
    exact = nearest_inputs(length, target, "torch" if asymmetric else "keras")
    ways = [
        outputs * (n / m),
        outputs * n / m,
        outputs * n * (single(1) / m),
        outputs * (n * (single(1) / m)),
        outputs / (m / n),
        outputs / (m / n) - shift + shift,
    ]
    return all(np.array_equal(np.minimum(np.floor(way), n - 1), exact) for way in ways)
