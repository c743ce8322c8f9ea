"""Layers on images, and those of other shapes, as programs of PyTorch write them."""

from typing import Any

from upsamp.core.upsampling.methods import METHODS
from upsamp.models.export.program import (
    Step,
    Value,
)
from upsamp.models.export.program_parts import (
    lengths,
    middle,
    number_lists,
    resize_function,
    with_ratio,
)
from upsamp.models.export.source_text import literal
from upsamp.models.export.torch_layers import (
    images,
    padded,
    pads,
    short,
)


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
    pad = "F.pad({x}, (*{columns}, *{rows}), value={fill})"
    value, sizes = with_ratio(step, layer, images(step, layer), 2, pad)
    size = f"({layer.height}, {layer.width})"
    if METHODS[layer.interpolation].only_copies:
        step.give(f"{step.use('copy_nearest')}({value.text}, {size})", moved=value.moved)
        return
    own = resize_function(step, layer, sizes)
    if own:
        step.give(f"{step.use(own)}({value.text}, {size})", moved=value.moved)
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
    step.give(padded(value.text, list(layer.padding)), moved=value.moved)


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
        step.give(padded(x, margins, ', value=float("-inf")'), moved=value.moved)
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
    """Write CenterCrop: a crop, or an enlargement of images that are smaller."""
    value = images(step, layer)
    slices = middle(step, layer, lengths(layer, value.shape))
    if slices is None:
        resizing(step, layer.enlarging())
        return
    step.give(f"{value.text}[:, :, {', '.join(slices)}]", moved=value.moved)


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
