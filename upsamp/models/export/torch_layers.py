"""Layers with kernels, normalisations and activations, as programs of PyTorch write them."""

from typing import Any

from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.layers.layer import Shape
from upsamp.models.export.program import (
    Step,
    Value,
)
from upsamp.models.export.program_parts import (
    given_moments,
    lengths,
    places_of,
    same,
)
from upsamp.models.export.source_text import call, literal
from upsamp.models.export.torch_activations import activate, elu, leaky_relu, rectify
from upsamp.models.export.torch_activations import softmax as write_softmax
from upsamp.translate.torch import fit_axis


def images(step: Step, layer: Any) -> Value:
    """Return the input as (N, C, H, W)."""
    return step.take(moved=layer.data_format == "channels_last")


def pads(layer: Any, spans: tuple[int, int], shape: Shape) -> list[tuple[int, int]] | None:
    """Return the rows and columns before and after images, or None where they depend on a size."""
    found = []
    for axis, (length, span) in enumerate(zip(lengths(layer, shape), spans, strict=True)):
        if layer.padding != "same":
            margins = layer.padding
            found.append((0, 0) if isinstance(margins, str) else tuple(margins[axis]))
        elif length is not None:
            plan = layer.plan(axis, length)
            found.append((plan.before, plan.after))
        elif layer.strides[axis] == 1:
            found.append(((span - 1) // 2, span - 1 - (span - 1) // 2))
        else:
            return None
    return found


def named(**options: tuple[object, object]) -> list[str]:
    """Return the options that are not at their defaults, each given with that."""
    return [f"{name}={literal(one)}" for name, (one, default) in options.items() if one != default]


def short(value: tuple[int, int]) -> object:
    """Return one number for a pair of equal ones."""
    return value[0] if value[0] == value[1] else value


def module_lines(part: str, kind: str, arguments: list[str]) -> list[str]:
    """Return the lines that make a part of the class, a module of PyTorch."""
    return call(f"self.{part} = torch.nn.{kind}(", arguments, 8)


def parameter_lines(part: str, shape: tuple[int, ...]) -> list[str]:
    """Return the line that makes a part of the class, an array of weights."""
    return [f"        self.{part} = torch.nn.Parameter(torch.empty({literal(shape)}))"]


# --- layers with kernels


def convolution(step: Step, layer: Any) -> None:
    """Write Conv2D."""
    _convolve(step, layer, "kernel", layer.filters, layer.groups, (3, 2, 0, 1), layer.use_bias)
    activate(step, layer.activation)


def depthwise(step: Step, layer: Any) -> None:
    """Write DepthwiseConv2D: a convolution with a group for each channel."""
    filters = layer.input_channels * layer.depth_multiplier
    axes = (2, 3, 0, 1)
    _convolve(step, layer, layer.kernel_name, filters, layer.input_channels, axes, layer.use_bias)
    activate(step, layer.activation)


def separable(step: Step, layer: Any) -> None:
    """Write SeparableConv2D: a convolution of each channel, and one that mixes them."""
    filters = layer.input_channels * layer.depth_multiplier
    _convolve(
        step, layer, "depthwise_kernel", filters, layer.input_channels, (2, 3, 0, 1), bias=False
    )
    part = f"{step.part}_pointwise"
    arguments = [str(filters), str(layer.filters), "1", *named(bias=(layer.use_bias, True))]
    if step.make(module_lines(part, "Conv2d", arguments)):
        step.load(f"{part}.weight", "pointwise_kernel", (3, 2, 0, 1))
        if layer.use_bias:
            step.load(f"{part}.bias", "bias", (0,))
    step.give(f"self.{part}({step.result().text})", moved=step.result().moved)
    activate(step, layer.activation)


def _convolve(
    step: Step,
    layer: Any,
    kernel: str,
    filters: int,
    groups: int,
    axes: tuple[int, ...],
    bias: bool,
) -> None:
    """Write a convolution, padded as TensorFlow does."""
    value = images(step, layer)
    sizes = zip(layer.kernel_size, layer.dilation_rate, strict=True)
    rows, columns = ((size - 1) * dilation + 1 for size, dilation in sizes)
    margins = pads(layer, (rows, columns), value.shape)
    even = margins is not None and all(before == after for before, after in margins)
    padding = (margins[0][0], margins[1][0]) if margins is not None and even else (0, 0)
    arguments = [str(layer.input_channels), str(filters), literal(short(layer.kernel_size))]
    arguments += named(
        stride=(short(layer.strides), 1),
        padding=(short(padding), 0),
        dilation=(short(layer.dilation_rate), 1),
        groups=(groups, 1),
        bias=(bias, True),
    )
    if step.make(module_lines(step.part, "Conv2d", arguments)):
        step.load(f"{step.part}.weight", kernel, axes)
        if bias:
            step.load(f"{step.part}.bias", "bias", (0,))
    if margins is None:
        step.give(
            f"{step.use('pad_same')}({value.text}, {(rows, columns)}, {layer.strides})",
            moved=value.moved,
        )
    elif not even:
        step.give(padded(value.text, margins), moved=value.moved)
    text = value.text if even else step.target
    step.give(f"self.{step.part}({text})", moved=value.moved)


def padded(text: str, margins: list[tuple[int, int]], value: str = "") -> str:
    """Return the text of images with rows and columns around them."""
    (top, bottom), (left, right) = margins
    return f"F.pad({text}, {(left, right, top, bottom)}{value})"


def transposed(step: Step, layer: Any) -> None:
    """Write Conv2DTranspose; what PyTorch cannot crop is cut off after it."""
    value = images(step, layer)
    # What is cropped does not depend on the length, so that any will do.
    plans = [
        layer.transposed_plan(axis, length or 8)
        for axis, length in enumerate(lengths(layer, value.shape))
    ]
    fits = [fit_axis(axis) for axis in plans]
    if any(fit.remainder.zeros for fit in fits):
        step.refuse("its padding reaches beyond all inputs")
    arguments = [str(layer.input_channels), str(layer.filters), literal(short(layer.kernel_size))]
    arguments += named(
        stride=(short(layer.strides), 1),
        padding=(short((fits[0].padding, fits[1].padding)), 0),
        output_padding=(short((fits[0].output_padding, fits[1].output_padding)), 0),
        groups=(layer.groups, 1),
        bias=(layer.use_bias, True),
        dilation=(short(layer.dilation_rate), 1),
    )
    if step.make(module_lines(step.part, "ConvTranspose2d", arguments)):
        step.load(f"{step.part}.weight", "kernel", (3, 2, 0, 1))
        if layer.use_bias:
            step.load(f"{step.part}.bias", "bias", (0,))
    ends = [
        _cut(plan, fit.padding, fit.output_padding) for plan, fit in zip(plans, fits, strict=True)
    ]
    cut = "" if ends == [":", ":"] else f"[:, :, {ends[0]}, {ends[1]}]"
    step.give(f"self.{step.part}({value.text}){cut}", moved=value.moved)
    activate(step, layer.activation)


def _cut(axis: TransposedAxis, padding: int, extra: int) -> str:
    """Return the slice that PyTorch's result needs: how much at the start and at the end."""
    start, stop = axis.before - padding, axis.after - padding + extra
    return f"{start or ''}:{-stop if stop else ''}"


def dense(step: Step, layer: Any) -> None:
    """Write Dense, which mixes the last axis."""
    value = step.take()
    channels = layer.weights[0].shape[0]
    arguments = [str(channels), str(layer.units), *named(bias=(layer.use_bias, True))]
    if step.make(module_lines(step.part, "Linear", arguments)):
        step.load(f"{step.part}.weight", "kernel", (1, 0))
        if layer.use_bias:
            step.load(f"{step.part}.bias", "bias", (0,))
    step.give(f"self.{step.part}({value.text})")
    activate(step, layer.activation)


def embedding(step: Step, layer: Any) -> None:
    """Write Embedding."""
    value = step.take(integers=True)
    arguments = [str(layer.input_dim), str(layer.output_dim)]
    if step.make(module_lines(step.part, "Embedding", arguments)):
        step.load(f"{step.part}.weight", "embeddings", (0, 1))
    step.give(f"self.{step.part}({value.text}.long())")


def spectral(step: Step, layer: Any) -> None:
    """Write the layer that SpectralNormalization wraps, whose kernel is divided already."""
    step.tell_within(layer.layer)


# --- normalisations


def batch_normalization(step: Step, layer: Any) -> None:
    """Write BatchNormalization, whose axis PyTorch has as the second."""
    value = step.value()
    rank = len(value.shape)
    axis = layer.axis % rank
    value = step.take(moved=rank == 4 and axis == 3)
    (place,) = places_of(step, value, axis)
    if step.trains and layer.training_effect:
        # PyTorch's own refuses a batch of one value for each channel.
        dims = tuple(one for one in range(rank) if one != place)
        text = f"{step.use('standardize')}({value.text}, {dims}, {literal(layer.epsilon)})"
        step.give(text, moved=value.moved)
        length = layer.weights[-1].shape[0]
        _scale_and_shift(step, layer, tuple(length if a == place else 1 for a in range(1, rank)))
        return
    if rank > 5 or axis == 0:
        step.refuse(f"PyTorch has no BatchNorm for axis={layer.axis} of rank {rank}")
    kind = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}[rank]
    length = layer.weights[-1].shape[0]
    arguments = [str(length), *named(eps=(layer.epsilon, 1e-5))]
    arguments += named(affine=(layer.scale or layer.center, True))
    if step.make(module_lines(step.part, kind, arguments)):
        names = {"weight": "gamma", "bias": "beta"}
        names |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
        kept = {weight.name for weight in layer.weights}
        for part, name in names.items():
            if name in kept:
                step.load(f"{step.part}.{part}", name, (0,))
    text = f"self.{step.part}({value.text})"
    if place != 1:
        text = f"self.{step.part}({value.text}.movedim({place}, 1)).movedim(1, {place})"
    step.give(text, moved=value.moved)


def layer_normalization(step: Step, layer: Any) -> None:
    """Write LayerNormalization: PyTorch's of the last axis, or written out."""
    value = step.take()
    rank = len(value.shape)
    axes = [layer.axis] if isinstance(layer.axis, int) else sorted(layer.axis)
    places = sorted(axis % rank for axis in axes)
    if places == [rank - 1] and layer.center and layer.scale:
        (length,) = layer.weights[0].shape
        arguments = [str(length), *named(eps=(layer.epsilon, 1e-5))]
        if step.make(module_lines(step.part, "LayerNorm", arguments)):
            step.load(f"{step.part}.weight", "gamma", (0,))
            step.load(f"{step.part}.bias", "beta", (0,))
        step.give(f"self.{step.part}({value.text})")
        return
    name = step.use("standardize")
    step.give(f"{name}({value.text}, {literal(tuple(places))}, {literal(layer.epsilon)})")
    if layer.weights:
        shape = [value.shape[axis] if axis in places else 1 for axis in range(1, rank)]
        known = tuple(length for length in shape if length is not None)
        if len(known) < len(shape):
            step.refuse("the lengths of its axes are not known")
        _scale_and_shift(step, layer, known)


def _scale_and_shift(step: Step, layer: Any, shape: tuple[int, ...]) -> None:
    """Write the product with gamma and the sum with beta, of a shape without the batch."""
    signs = {"gamma": "*", "beta": "+"}
    for weight in (one for one in layer.weights if one.name in signs):
        part = f"{step.part}_{weight.name}"
        if step.make(parameter_lines(part, shape)):
            step.load(part, weight.name, tuple(range(len(weight.shape))))
        text = f"{step.target} {signs[weight.name]} self.{part}"
        step.give(text, moved=step.result().moved)


def group_normalization(step: Step, layer: Any) -> None:
    """Write GroupNormalization, whose channels PyTorch has as the second axis."""
    value = step.value()
    rank = len(value.shape)
    axis = layer.axis % rank
    value = step.take(moved=rank == 4 and axis == 3)
    (place,) = places_of(step, value, axis)
    channels = value.shape[axis]
    if channels is None:
        step.refuse("its channels are not known")
    groups = channels if layer.groups == -1 else layer.groups
    affine = layer.scale or layer.center
    arguments = [str(groups), str(channels), *named(eps=(layer.epsilon, 1e-5))]
    arguments += named(affine=(affine, True))
    if step.make(module_lines(step.part, "GroupNorm", arguments)):
        if layer.scale:
            step.load(f"{step.part}.weight", "gamma", (0,))
        if layer.center:
            step.load(f"{step.part}.bias", "beta", (0,))
    text = f"self.{step.part}({value.text})"
    if place != 1:
        text = f"self.{step.part}({value.text}.movedim({place}, 1)).movedim(1, {place})"
    step.give(text, moved=value.moved)


def instance_normalization(step: Step, layer: Any) -> None:
    """Write InstanceNormalization, whose epsilon is added to the deviation or to the variance."""
    value = step.take()
    rank = len(value.shape)
    kept = [] if layer.axis is None else [layer.axis % rank]
    dims = literal(tuple(axis for axis in range(1, rank) if axis not in kept))
    name = step.use("standardize" if layer.groups == -1 else "standardize_by_deviation")
    step.give(f"{name}({value.text}, {dims}, {literal(layer.epsilon)})")
    if layer.weights:
        length = layer.weights[0].shape[0]
        _scale_and_shift(step, layer, tuple(length if a in kept else 1 for a in range(1, rank)))


def normalization(step: Step, layer: Any) -> None:
    """Write Normalization, by numbers of its config or those that were found in data."""
    if layer.mean is not None:
        given_moments(step, layer, "torch.tensor")
        return
    value = step.take()
    kept = () if layer.axis is None else layer.axis
    kept = [axis % len(value.shape) for axis in ([kept] if isinstance(kept, int) else kept)]
    shape = [value.shape[axis] if axis in kept else 1 for axis in range(1, len(value.shape))]
    known = tuple(length for length in shape if length is not None)
    if len(known) < len(shape):
        step.refuse("the lengths of its axes are not known")
    parts = f"{step.part}_mean", f"{step.part}_variance"
    for part, weight in zip(parts, layer.weights, strict=False):
        if step.make(parameter_lines(part, known)):
            step.load(part, weight.name, tuple(range(len(weight.shape))))
    deviation = f"self.{parts[1]}.sqrt().clamp(min=1e-7)"
    if layer.invert:
        step.give(f"{value.text} * {deviation}")
        step.give(f"{step.target} + self.{parts[0]}")
    else:
        step.give(f"{value.text} - self.{parts[0]}")
        step.give(f"{step.target} / {deviation}")


def unit_normalization(step: Step, layer: Any) -> None:
    """Write UnitNormalization."""
    value = step.value()
    dims = places_of(step, value, layer.axis)
    text = f"F.normalize({value.text}, dim={literal(dims if len(dims) > 1 else dims[0])})"
    step.give(text, moved=value.moved)


# --- activations as layers


def activation(step: Step, layer: Any) -> None:
    """Write Activation."""
    value = step.value()
    activate(step, layer.activation, step.take(moved=value.moved))


def leaky_relu_layer(step: Step, layer: Any) -> None:
    """Write LeakyReLU."""
    leaky_relu(step, same(step), layer.negative_slope)


def relu_layer(step: Step, layer: Any) -> None:
    """Write ReLU."""
    rectify(step, same(step), layer.max_value, layer.negative_slope, layer.threshold)


def thresholded_relu(step: Step, layer: Any) -> None:
    """Write ThresholdedReLU."""
    value = same(step)
    step.give(f"F.threshold({value.text}, {literal(layer.theta)}, 0.0)", moved=value.moved)


def elu_layer(step: Step, layer: Any) -> None:
    """Write ELU."""
    elu(step, same(step), layer.alpha)


def softmax(step: Step, layer: Any) -> None:
    """Write Softmax."""
    write_softmax(step, same(step), layer.axis)


def prelu(step: Step, layer: Any) -> None:
    """Write PReLU: PyTorch's of one slope a channel, or written out."""
    value = step.value()
    shape = layer.weights[0].shape
    rank = len(value.shape)
    if (rank == 4 and shape[:2] == (1, 1)) or rank == 2:
        value = step.take(moved=rank == 4)
        if step.make(module_lines(step.part, "PReLU", [str(shape[-1])])):
            step.load(f"{step.part}.weight", "alpha", tuple(range(len(shape))))
        step.give(f"self.{step.part}({value.text})", moved=value.moved)
        return
    x = step.take().text
    if step.make(parameter_lines(step.part, shape)):
        step.load(step.part, "alpha", tuple(range(len(shape))))
    step.give(f"torch.where({x} > 0, {x}, {x} * self.{step.part})")
