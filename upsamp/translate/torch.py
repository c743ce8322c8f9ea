"""Programs for PyTorch.

What its transposed convolution lacks: a crop that is larger at the end than at the start, and an
`output_padding` of the stride and the dilation or more. What its interpolation lacks: lanczos5,
mitchellcubic, gaussian and Keras' area; lanczos3 it has of late, and on a CPU alone.
"""

from typing import NamedTuple

from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.core.upsampling.methods import METHODS, Spelling
from upsamp.translate.crop_and_pad import Remainder, adds_zeros, finish
from upsamp.translate.settings import TransposedConvolution, Upsampling
from upsamp.translate.source import Data, call, comment, pair, write_program
from upsamp.translate.weights import floats_find_the_nearest, indices, weights

IMPORTS = ("import numpy as np", "import torch", "import torch.nn.functional as F")
IMAGES = "images = torch.tensor(x.transpose(0, 3, 1, 2))  # (N, C, H, W)"
COPY = METHODS["nearest"].torch
BACK = "y = y.numpy().transpose(0, 2, 3, 1)"


class Fit(NamedTuple):
    """How PyTorch comes nearest to an axis."""

    padding: int
    output_padding: int
    remainder: Remainder
    legal: bool


def transposed_convolution(settings: TransposedConvolution, data: Data) -> str:
    """Return a program for `torch.nn.functional.conv_transpose2d`."""
    rows, columns = (fit_axis(axis) for axis in settings.axes)
    left = rows.remainder, columns.remainder
    bias_at_once = settings.bias and not adds_zeros(left)
    weight = "weight = torch.tensor(kernel.transpose(3, 2, 0, 1))"
    steps = [IMAGES, f"{weight}  # (channels, filters, rows, columns)"]
    if not (rows.legal and columns.legal):
        steps.append(
            comment(
                "PyTorch's padding crops both ends alike, and its output_padding adds to the end "
                "less than the stride or the dilation: the rest is done below."
            )
        )
    arguments = ["images", "weight", *(["torch.tensor(bias)"] if bias_at_once else [])]
    for name, value, default in (
        ("stride", settings.strides, (1, 1)),
        ("padding", (rows.padding, columns.padding), (0, 0)),
        ("output_padding", (rows.output_padding, columns.output_padding), (0, 0)),
        ("groups", (settings.groups, settings.groups), (1, 1)),
        ("dilation", settings.dilation_rate, (1, 1)),
    ):
        if value != default:
            arguments.append(f"{name}={pair(value)}")
    steps += [call("y = F.conv_transpose2d", arguments), BACK]
    steps += finish(left, bias=settings.bias and not bias_at_once)
    title = (
        f"Transposed convolution of {settings.input_shape} to {settings.result_shape} in PyTorch"
    )
    return write_program(title, IMPORTS, data, steps)


def fit_axis(axis: TransposedAxis) -> Fit:
    """Crop alike at both ends as much as can be, and leave the rest."""
    difference, limit = axis.before - axis.after, max(axis.stride, axis.dilation)
    legal = 0 <= difference < limit
    if legal:
        padding, extra = axis.before, difference
    elif axis.after >= 0:
        padding, extra = min(axis.before, axis.after), 0
    else:
        padding, extra = 0, min(-axis.after, limit - 1)
    length = axis.full - 2 * padding + extra
    return Fit(padding, extra, Remainder.of(axis, padding, length), legal)


def upsampling(settings: Upsampling, data: Data) -> str:
    """Return a program for `torch.nn.functional.interpolate`, or for what does the same."""
    mode = _mode(settings)
    copied = mode is COPY[settings.convention]
    if copied and not floats_find_the_nearest(settings):
        steps = [*indices(settings, "PyTorch"), IMAGES, "y = images[:, :, rows][:, :, :, columns]"]
    elif mode is not None:
        steps = [IMAGES]
        arguments = ["images", f"size={settings.size}", f'mode="{mode.name}"']
        if settings.align_corners:
            arguments.append("align_corners=True")
        if settings.interpolation == "bicubic" and settings.convention == "keras":
            steps.append(
                comment(
                    "PyTorch's bicubic has a = -0.75 and repeats edges, Keras' has a = -0.5 and "
                    "leaves out what lies beyond them: so has PyTorch's with antialias=True, which "
                    "smooths nothing where images grow."
                )
            )
        arguments += mode.options
        steps.append(call("y = F.interpolate", arguments))
    else:
        steps = [
            comment(_why_weights(settings)),
            *weights(settings),
            IMAGES,
            "y = torch.tensor(rows) @ images @ torch.tensor(columns.T)",
        ]
    title = (
        f"Upsampling of {settings.input_shape} to {settings.result_shape} in PyTorch: "
        f"{settings.interpolation}"
    )
    return write_program(title, IMPORTS, data, [*steps, BACK])


def _mode(settings: Upsampling) -> Spelling | None:
    """Return the mode of PyTorch that computes this, or None where it has none."""
    mode = settings.method.torch.get(settings.convention)
    if mode and not mode.remark:
        return mode
    return COPY[settings.convention] if settings.copies else None


def _why_weights(settings: Upsampling) -> str:
    name = settings.interpolation
    if name == "area":
        return (
            "PyTorch's area counts every input that is touched wholly, TensorFlow's by how much of "
            "it is covered: those weights are written out."
        )
    mode = settings.method.torch.get(settings.convention)
    if mode:
        return (
            f"PyTorch has {name} {mode.remark}: its weights are written out, which runs everywhere."
        )
    return f"PyTorch has no {name}: its weights are written out."
