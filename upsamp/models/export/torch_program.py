"""Models as programs of PyTorch: a class that a user of PyTorch would write, and its weights.

Images are (N, C, H, W) within it. Axes are moved where Keras' order matters: to a Dense on images,
a Reshape or a Flatten.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.core.upsampling.methods import METHODS
from upsamp.layers import Layer
from upsamp.layers.layer import Shape
from upsamp.layers.operation import Operation
from upsamp.models.export.array_operations import (
    Words,
    array_operations,
    cast,
    gelu,
    get_item,
    rounded,
)
from upsamp.models.export.program import (
    UNCHANGED,
    Function,
    Library,
    Program,
    Record,
    Step,
    Value,
    write_functions,
)
from upsamp.models.export.program_parts import (
    MOMENTS,
    POOLING,
    RESIZING,
    WINDOW,
    aligned,
    bound_options,
    draw_inputs,
    fold,
    helper_lines,
    lengths,
    merged,
    middle,
    number_lists,
    operands,
    places_of,
    same,
)
from upsamp.models.export.source_text import call, literal, quote
from upsamp.models.export.torch_activations import activate, elu, leaky_relu, rectify
from upsamp.models.export.torch_activations import softmax as write_softmax
from upsamp.models.export.torch_functions import FUNCTIONS, NEEDS
from upsamp.models.model import Model
from upsamp.translate.torch import fit_axis

# The public names of torch.nn.Module, which no layer may hide, and those of the program.
MODULE_NAMES = (
    "T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda "
    "double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter "
    "get_submodule half ipu load_state_dict modules mtia named_buffers named_children "
    "named_modules named_parameters parameters register_backward_hook register_buffer "
    "register_forward_hook register_forward_pre_hook register_full_backward_hook "
    "register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter "
    "register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state "
    "set_submodule share_memory state_dict to to_empty train training type xpu zero_grad"
)
OWN_NAMES = "np torch F sys load_file load_weights random model Model super len open zip max"
RESERVED = frozenset(f"{MODULE_NAMES} {OWN_NAMES}".split()) | frozenset(FUNCTIONS)


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
        step.give(_padded(value.text, margins), moved=value.moved)
    text = value.text if even else step.target
    step.give(f"self.{step.part}({text})", moved=value.moved)


def _padded(text: str, margins: list[tuple[int, int]], value: str = "") -> str:
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
    for weight in layer.weights:
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
    """Write Normalization, by numbers that a layer has found in data."""
    value = step.take()
    if layer.mean is not None:
        step.refuse("its mean and variance are numbers of its config")
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


# --- images


def upsampling(step: Step, layer: Any) -> None:
    """Write UpSampling2D."""
    value = images(step, layer)
    x, (rows, columns) = value.text, layer.size
    method = METHODS[layer.interpolation]
    if method.copies(layer.size):
        if all(factor & (factor - 1) == 0 for factor in layer.size):
            factors = literal(short(layer.size))
            step.give(f"F.interpolate({x}, scale_factor={factors})", moved=value.moved)
        else:
            text = f"{x}.repeat_interleave({rows}, 2).repeat_interleave({columns}, 3)"
            step.give(text, moved=value.moved)
        return
    _interpolate(step, value, layer, f"({x}.shape[2] * {rows}, {x}.shape[3] * {columns})")


def resizing(step: Step, layer: Any) -> None:
    """Write Resizing."""
    value = images(step, layer)
    if any(
        length is None or length > target
        for length, target in zip(
            lengths(layer, value.shape), (layer.height, layer.width), strict=True
        )
    ):
        step.refuse("whether it enlarges is not known")
    size = f"({layer.height}, {layer.width})"
    if METHODS[layer.interpolation].only_copies:
        step.give(f"{step.use('copy_nearest')}({value.text}, {size})", moved=value.moved)
        return
    _interpolate(step, value, layer, size)


def _interpolate(step: Step, value: Value, layer: Any, size: str) -> None:
    """Write an interpolation: PyTorch's, or by weights of rows and columns."""
    mode = METHODS[layer.interpolation].torch.get("keras")
    x = value.text
    if mode is not None and not mode.remark:
        arguments = [x, f"size={size}", f'mode="{mode.name}"', *mode.options]
        step.give_call("F.interpolate(", arguments, moved=value.moved)
        return
    name = step.use(f"resize_{layer.interpolation}")
    step.give(f"{name}({x}, {size})", moved=value.moved)


def cropping(step: Step, layer: Any) -> None:
    """Write Cropping2D."""
    value = images(step, layer)
    rows, columns = (
        f"{before or ''}:{-after if after else ''}" for before, after in layer.cropping
    )
    step.give(f"{value.text}[:, :, {rows}, {columns}]", moved=value.moved)


def zero_padding(step: Step, layer: Any) -> None:
    """Write ZeroPadding2D."""
    value = images(step, layer)
    step.give(_padded(value.text, list(layer.padding)), moved=value.moved)


def pixel_shuffle(step: Step, layer: Any) -> None:
    """Write PixelShuffle, in the order of PyTorch or of TensorFlow."""
    value = images(step, layer)
    name = "F.pixel_shuffle" if layer.order == "crd" else step.use("pixel_shuffle")
    step.give(f"{name}({value.text}, {layer.upscale_factor})", moved=value.moved)


def max_pooling(step: Step, layer: Any) -> None:
    """Write MaxPooling2D."""
    value = images(step, layer)
    x = value.text
    margins = pads(layer, layer.pool_size, value.shape)
    if margins is None:
        name = step.use("pad_same")
        arguments = [x, literal(layer.pool_size), literal(layer.strides), 'float("-inf")']
        step.give_call(f"{name}(", arguments, moved=value.moved)
        x = step.target
    elif any(map(any, margins)):
        step.give(_padded(x, margins, ', value=float("-inf")'), moved=value.moved)
        x = step.target
    window, strides = literal(short(layer.pool_size)), literal(short(layer.strides))
    step.give(f"F.max_pool2d({x}, {window}, {strides})", moved=value.moved)


def average_pooling(step: Step, layer: Any) -> None:
    """Write AveragePooling2D."""
    value = images(step, layer)
    margins = pads(layer, layer.pool_size, value.shape)
    if margins is not None and not any(map(any, margins)):
        window, strides = literal(short(layer.pool_size)), literal(short(layer.strides))
        step.give(f"F.avg_pool2d({value.text}, {window}, {strides})", moved=value.moved)
        return
    name = step.use("average_same")
    step.give(f"{name}({value.text}, {layer.pool_size}, {layer.strides})", moved=value.moved)


def global_pooling(step: Step, layer: Any) -> None:
    """Write either pooling of whole images."""
    value = images(step, layer)
    keep = ", keepdim=True" if layer.keepdims else ""
    method = "mean" if layer.type_name == "GlobalAveragePooling2D" else "amax"
    step.give(f"{value.text}.{method}((2, 3){keep})", moved=value.moved and layer.keepdims)


def center_crop(step: Step, layer: Any) -> None:
    """Write CenterCrop, of images that are large enough."""
    value = images(step, layer)
    rows, columns = middle(step, layer, lengths(layer, value.shape))
    step.give(f"{value.text}[:, :, {rows}, {columns}]", moved=value.moved)


def pixel_unshuffle(step: Step, layer: Any) -> None:
    """Write PixelUnshuffle, in the order of PyTorch or of TensorFlow."""
    value = images(step, layer)
    name = "F.pixel_unshuffle" if layer.order == "crd" else step.use("pixel_unshuffle")
    step.give(f"{name}({value.text}, {layer.downscale_factor})", moved=value.moved)


# --- shapes


def flatten(step: Step, layer: Any) -> None:
    """Write Flatten, which lays out Keras' order of axes."""
    value = step.take()
    first = layer.data_format == "channels_first" and len(value.shape) > 2
    text = f"{value.text}.movedim(1, -1)" if first else value.text
    step.give(f"{text}.reshape(len({value.text}), -1)" if len(value.shape) != 2 else text)


def reshape(step: Step, layer: Any) -> None:
    """Write Reshape, which reads Keras' order of axes."""
    x = step.take().text
    shape = "".join(f", {length}" for length in layer.target_shape)
    step.give(f"{x}.reshape(len({x}){shape})")


def permute(step: Step, layer: Any) -> None:
    """Write Permute."""
    step.give(f"{step.take().text}.permute{literal((0, *layer.dims))}")


def repeat_vector(step: Step, layer: Any) -> None:
    """Write RepeatVector."""
    step.give(f"{step.take().text}[:, None].repeat(1, {layer.n}, 1)")


def rescaling(step: Step, layer: Any) -> None:
    """Write Rescaling."""
    number_lists(step, layer, "torch.tensor")


# --- several inputs


def _joined(sign: str) -> Record:
    def tell(step: Step, layer: Layer) -> None:
        values = merged(step)
        fold(step, aligned(values), lambda one, other: f"{one} {sign} {other}", values[0].moved)
        if layer.type_name == "Average":
            step.give(f"{step.target} / {len(values)}", moved=values[0].moved)

    return Record(tell)


def _chosen(function: str) -> Record:
    def tell(step: Step, _layer: Layer) -> None:
        values = merged(step)
        moved = values[0].moved
        fold(step, aligned(values), lambda one, other: f"{function}({one}, {other})", moved)

    return Record(tell)


def concatenate(step: Step, layer: Any) -> None:
    """Write Concatenate."""
    values = merged(step)
    (dim,) = places_of(step, values[0], layer.axis)
    inputs = ", ".join(value.text for value in values)
    step.give_call("torch.cat(", [f"[{inputs}]", f"dim={dim}"], moved=values[0].moved)


# --- operations

SIGNS: Mapping[str, str] = {
    "Add": "{} + {}",
    "Subtract": "{} - {}",
    "Multiply": "{} * {}",
    "Divide": "{} / {}",
    "TrueDivide": "{} / {}",
    "Power": "torch.pow({}, {})",
    "Maximum": "torch.maximum({}, {})",
    "Minimum": "torch.minimum({}, {})",
    "Negative": "-{}",
    "Abs": "torch.abs({})",
    "Absolute": "torch.abs({})",
    "Square": "torch.square({})",
    "Sqrt": "torch.sqrt({})",
    "Exp": "torch.exp({})",
    "Log": "torch.log({})",
    "Tanh": "torch.tanh({})",
    "Sigmoid": "torch.sigmoid({})",
    "Relu": "F.relu({})",
    "FloorDivide": "{} // {}",
    "Mod": "{} % {}",
    "Rsqrt": "torch.rsqrt({})",
    "Reciprocal": "1 / {}",
    "Log1p": "torch.log1p({})",
    "Sin": "torch.sin({})",
    "Cos": "torch.cos({})",
    "Sign": "torch.sign({})",
    "Floor": "torch.floor({})",
    "Ceil": "torch.ceil({})",
}
WORDS = Words(
    reductions={
        **{name: f"{{x}}.{name.lower()}({{axes}}{{keep}})" for name in ("Mean", "Sum")},
        **{
            name: f"{{x}}.{name.lower()}({{axes}}, correction=0{{keep}})" for name in ("Var", "Std")
        },
        **dict.fromkeys(("Max", "Amax"), "{x}.amax({axes}{keep})"),
        **dict.fromkeys(("Min", "Amin"), "{x}.amin({axes}{keep})"),
    },
    keepdims=", keepdim=True",
    tile="{x}.tile({counts})",
    repeat="{x}.repeat_interleave({count}, {axis})",
    flip="{x}.flip({axes})",
    pad="F.pad({x}, {backwards}, value={value})",
    mirror="mirror({x}, {pairs}, {mode})",
    stack=("torch.stack(", "dim"),
    unstack=("torch.unbind(", "dim"),
    split=("torch.split(", "dim"),
    at=False,
)
# Those whose operands must both be tensors.
OF_TENSORS = ("Maximum", "Minimum")


def operation(step: Step, layer: Operation) -> None:
    """Write arithmetic on inputs and numbers."""
    texts, moved = operands(step, layer, "torch.tensor")
    if layer.function in OF_TENSORS:
        numbers = [isinstance(one, int | float) for one in layer.operands]
        pairs = zip(texts, numbers, strict=True)
        texts = [f"torch.tensor({text})" if number else text for text, number in pairs]
    step.give(SIGNS[layer.function].format(*texts), moved=moved)


def torch_item(step: Step, layer: Any) -> None:
    """Write a slice; PyTorch has none that runs backwards."""
    if any(isinstance(one, slice) and (one.step or 1) < 0 for one in layer.items):
        step.refuse("PyTorch has no slice that runs backwards")
    get_item(step, layer)


def clip(step: Step, layer: Operation) -> None:
    """Write Clip."""
    value = same(step)
    low, high = (literal(float(one)) for one in bound_options(step, layer).values())
    step.give(f"{value.text}.clamp({low}, {high})", moved=value.moved)


def leaky_relu_operation(step: Step, layer: Operation) -> None:
    """Write LeakyRelu."""
    options = {"negative_slope": 0.2} | bound_options(step, layer)
    leaky_relu(step, same(step), float(options["negative_slope"]))


# --- the table

RECORDS: Mapping[str, Record] = {
    "Dense": Record(dense, ("units", "activation", "use_bias")),
    "Conv2D": Record(convolution, (*WINDOW, "groups")),
    "Conv2DTranspose": Record(transposed, (*WINDOW, "groups", "output_padding")),
    "DepthwiseConv2D": Record(depthwise, (*WINDOW, "depth_multiplier")),
    "SeparableConv2D": Record(separable, (*WINDOW, "depth_multiplier")),
    "Embedding": Record(embedding, ("input_dim", "output_dim", "mask_zero", "input_length")),
    "SpectralNormalization": Record(spectral, ("layer", "power_iterations")),
    "BatchNormalization": Record(batch_normalization, (*MOMENTS, "momentum")),
    "LayerNormalization": Record(layer_normalization, MOMENTS),
    "GroupNormalization": Record(group_normalization, (*MOMENTS, "groups")),
    "UnitNormalization": Record(unit_normalization, ("axis",)),
    "Activation": Record(activation, ("activation",)),
    "LeakyReLU": Record(leaky_relu_layer, ("negative_slope",)),
    "ReLU": Record(relu_layer, ("max_value", "negative_slope", "threshold")),
    "ThresholdedReLU": Record(thresholded_relu, ("theta",)),
    "ELU": Record(elu_layer, ("alpha",)),
    "Softmax": Record(softmax, ("axis",)),
    "PReLU": Record(prelu, ("shared_axes",)),
    "UpSampling2D": Record(upsampling, ("size", "data_format", "interpolation")),
    "Resizing": Record(resizing, RESIZING),
    "Cropping2D": Record(cropping, ("cropping", "data_format")),
    "ZeroPadding2D": Record(zero_padding, ("padding", "data_format")),
    "PixelShuffle": Record(pixel_shuffle, ("upscale_factor", "order", "data_format")),
    "MaxPooling2D": Record(max_pooling, POOLING),
    "AveragePooling2D": Record(average_pooling, POOLING),
    "GlobalAveragePooling2D": Record(global_pooling, ("data_format", "keepdims")),
    "GlobalMaxPooling2D": Record(global_pooling, ("data_format", "keepdims")),
    "Flatten": Record(flatten, ("data_format",)),
    "Reshape": Record(reshape, ("target_shape",)),
    "Permute": Record(permute, ("dims",)),
    "RepeatVector": Record(repeat_vector, ("n",)),
    "Rescaling": Record(rescaling, ("scale", "offset")),
    "CenterCrop": Record(center_crop, ("height", "width", "data_format")),
    "PixelUnshuffle": Record(pixel_unshuffle, ("downscale_factor", "order", "data_format")),
    "InstanceNormalization": Record(instance_normalization, (*MOMENTS, "groups")),
    "Normalization": Record(normalization, ("axis", "mean", "variance", "invert")),
    "Concatenate": Record(concatenate, ("axis",)),
    "Add": _joined("+"),
    "Subtract": _joined("-"),
    "Multiply": _joined("*"),
    "Average": _joined("+"),
    "Maximum": _chosen("torch.maximum"),
    "Minimum": _chosen("torch.minimum"),
}
OPERATIONS: Mapping[str, Record] = {
    **dict.fromkeys(SIGNS, Record(operation)),
    "Clip": Record(clip),
    "LeakyRelu": Record(leaky_relu_operation),
    "Round": rounded("torch.round({x}, decimals={decimals})"),
    "Gelu": gelu("F.gelu({x})", 'F.gelu({x}, approximate="tanh")'),
    "Cast": cast("torch.trunc({x})", "({x} != 0).float()", "{x}.half().float()"),
    "GetItem": Record(torch_item),
    **array_operations(WORDS),
}


def _tell_model(step: Step, model: Model) -> tuple[str, list[str]]:
    """Make a part of a nested model's class, and return the start of its call."""
    step.make([f"        self.{step.part} = {step.program.functions[id(model)].name}()"])
    return f"self.{step.part}(", []


PYTORCH = Library(
    name="PyTorch",
    records=RECORDS,
    operations=OPERATIONS,
    refused={"TimeDistributed": "a layer for each step is not written for it"},
    unchanged=UNCHANGED,
    move=(0, 3, 1, 2),
    swaps=True,
    keeps_inputs=False,
    indent=8,
    main="Model",
    permute="{}.permute{}",
    cast="{}.float()",
    tell_model=_tell_model,
    reserved=RESERVED.__contains__,
)


def write_torch(model: Model, weights: str) -> list[str]:
    """Return the lines of a program of PyTorch that computes a model.

    weights: the file that they are loaded from, as `Model.save` writes it.
    """
    program = write_functions(model, PYTORCH)
    lines = ["import sys", "", "import numpy as np", "import torch"]
    body = [line for one in program.functions.values() for line in _class(one)]
    helpers = helper_lines(program, FUNCTIONS, NEEDS)
    loads = list(_loads(program, program.functions[id(model)], "model", ""))
    text = "\n".join([*body, *helpers])
    if "F." in text:
        lines.append("import torch.nn.functional as F")
    if loads:
        lines.append("from safetensors.torch import load_file")
    lines += [*helpers, *body]
    if loads:
        lines += ["", "", *_load_function(loads)]
    lines += ["", "", "model = Model().eval()"]
    if loads:
        lines += call("load_weights(", ["model", quote(weights)])
    lines += ["", *draw_inputs(program.functions[id(model)])]
    return [*lines, *_run(program.functions[id(model)])]


def _class(function: Function) -> list[str]:
    """Return the lines of the class of one model."""
    names = ", ".join(value.text for value in function.inputs)
    lines = ["", "", f"class {function.name}(torch.nn.Module):"]
    if function.parts:
        lines += ["    def __init__(self):", "        super().__init__()", *function.parts, ""]
    outputs = ", ".join(value.text for value in function.outputs)
    return [
        *lines,
        f"    def forward(self, {names}):",
        *function.lines,
        f"        return {outputs}",
    ]


def _loads(
    program: Program, function: Function, part: str, path: str
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield where each weight goes, those of nested models too."""
    for own, name, axes in function.loads:
        yield f"{part}.{own}", f"{path}{name}", axes
    for layer in function.model.layers:
        inner = program.functions.get(id(layer))
        if inner is not None:
            own = function.names[id(layer)]
            yield from _loads(program, inner, f"{part}.{own}", f"{path}{layer.name}/")


def _load_function(loads: list[tuple[str, str, tuple[int, ...]]]) -> list[str]:
    """Return the lines of the function that loads the weights."""
    rows: list[str] = []
    for part, name, axes in loads:
        rows += call("(", [part, quote(name), literal(axes)], 8, "),")
    return [
        "@torch.no_grad()",
        "def load_weights(model, file):",
        '    """Put the weights of Keras, whose axes are in another order, into the model."""',
        "    weights = load_file(file)",
        "    for part, name, axes in [",
        *rows,
        "    ]:",
        "        part.copy_(weights[name].permute(axes).reshape(part.shape))",
    ]


def _run(function: Function) -> list[str]:
    """Return the lines that compute and print `y`."""
    arguments = [
        f"torch.from_numpy({value.text})" + (".permute(0, 3, 1, 2)" if value.moved else "")
        for value in function.inputs
    ]
    lines = ["with torch.no_grad():", *call("y = model(", arguments, 4)]
    if len(function.outputs) > 1:
        return [*lines, *_several(function)]
    back = ".permute(0, 2, 3, 1)" if function.outputs[0].moved else ""
    return [*lines, f"y = y{back}.numpy()", "print(y)"]


def _several(function: Function) -> list[str]:
    """Return the lines that make arrays of several outputs."""
    if not any(value.moved for value in function.outputs):
        return ["y = [one.numpy() for one in y]", "print(y)"]
    if all(value.moved for value in function.outputs):
        return ["y = [one.permute(0, 2, 3, 1).numpy() for one in y]", "print(y)"]
    return [
        "# Images are given back as Keras has them.",
        "y = [one.permute(0, 2, 3, 1) if one.ndim == 4 else one for one in y]",
        "y = [one.numpy() for one in y]",
        "print(y)",
    ]
