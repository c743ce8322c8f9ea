"""Layers on images, and those of other shapes, as programs of JAX write them."""

from collections.abc import Callable
from typing import Any

from upsamp.core.upsampling.methods import METHODS
from upsamp.models.export.jax_layers import (
    give,
    images,
)
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
from upsamp.models.export.source_text import literal, quote


def upsampling(step: Step, layer: Any) -> None:
    """Write UpSampling2D."""
    value = images(step, layer)
    x, (rows, columns) = value.text, layer.size
    if METHODS[layer.interpolation].copies(layer.size):
        step.give(f"{x}.repeat({rows}, axis=1).repeat({columns}, axis=2)", moved=value.moved)
        return
    _interpolate(step, value, layer, f"({x}.shape[1] * {rows}, {x}.shape[2] * {columns})")


def resizing(step: Step, layer: Any) -> None:
    """Write Resizing."""
    pad = "jnp.pad({x}, ((0, 0), {rows}, {columns}, (0, 0)), constant_values={fill})"
    value, sizes = with_ratio(step, layer, images(step, layer), 1, pad)
    wanted = literal((layer.height, layer.width))
    if METHODS[layer.interpolation].only_copies:
        give(step, "copy_nearest", value, wanted)
        return
    own = resize_function(step, layer, sizes)
    if own:
        give(step, own, value, wanted)
        return
    _interpolate(step, value, layer, wanted)


def _interpolate(step: Step, value: Value, layer: Any, size: str) -> None:
    """Write an interpolation: JAX's, or by weights of rows and columns."""
    own = METHODS[layer.interpolation].jax.get("keras")
    # JAX has area since 0.10 alone.
    if own is not None and layer.interpolation != "area":
        give(step, "resize", value, size, quote(own.name))
        return
    give(step, f"resize_{layer.interpolation}", value, size)


def cropping(step: Step, layer: Any) -> None:
    """Write Cropping2D."""
    value = images(step, layer)
    rows, columns = (
        f"{before or ''}:{-after if after else ''}" for before, after in layer.cropping
    )
    step.give(f"{value.text}[:, {rows}, {columns}]", moved=value.moved)


def zero_padding(step: Step, layer: Any) -> None:
    """Write ZeroPadding2D."""
    value = images(step, layer)
    margins = ((0, 0), *map(tuple, layer.padding), (0, 0))
    step.give(f"jnp.pad({value.text}, {literal(margins)})", moved=value.moved)


def pixel_shuffle(step: Step, layer: Any) -> None:
    """Write PixelShuffle."""
    value = images(step, layer)
    give(step, "pixel_shuffle", value, str(layer.upscale_factor), quote(layer.order))


def center_crop(step: Step, layer: Any) -> None:
    """Write CenterCrop: a crop, or an enlargement of images that are smaller."""
    value = images(step, layer)
    slices = middle(step, layer, lengths(layer, value.shape))
    if slices is None:
        resizing(step, layer.enlarging())
        return
    step.give(f"{value.text}[:, {', '.join(slices)}]", moved=value.moved)


def pixel_unshuffle(step: Step, layer: Any) -> None:
    """Write PixelUnshuffle."""
    value = images(step, layer)
    give(step, "pixel_unshuffle", value, str(layer.downscale_factor), quote(layer.order))


def pooling(function: str) -> Callable[[Step, Any], None]:
    """Return what writes a pooling by that function."""

    def tell(step: Step, layer: Any) -> None:
        value = images(step, layer)
        settings = (layer.pool_size, layer.strides, layer.padding.upper())
        give(step, function, value, *map(literal, settings))

    return tell


def global_pooling(step: Step, layer: Any) -> None:
    """Write either pooling of whole images."""
    value = images(step, layer)
    keep = ", keepdims=True" if layer.keepdims else ""
    method = "mean" if layer.type_name == "GlobalAveragePooling2D" else "max"
    step.give(f"{value.text}.{method}((1, 2){keep})", moved=value.moved and layer.keepdims)


# --- shapes


def flatten(step: Step, layer: Any) -> None:
    """Write Flatten, which lays out channels last."""
    value = step.take()
    if layer.data_format == "channels_first" and len(value.shape) > 2:
        text = f"jnp.moveaxis({value.text}, 1, -1).reshape(len({value.text}), -1)"
    else:
        text = f"{value.text}.reshape(len({value.text}), -1)"
    step.give(text)


def reshape(step: Step, layer: Any) -> None:
    """Write Reshape."""
    x = step.take().text
    step.give_call(f"{x}.reshape(", [f"len({x})", *map(str, layer.target_shape)])


def permute(step: Step, layer: Any) -> None:
    """Write Permute."""
    step.give(f"{step.take().text}.transpose{literal((0, *layer.dims))}")


def repeat_vector(step: Step, layer: Any) -> None:
    """Write RepeatVector."""
    step.give(f"{step.take().text}[:, None].repeat({layer.n}, axis=1)")


def rescaling(step: Step, layer: Any) -> None:
    """Write Rescaling."""
    number_lists(step, layer, "jnp.array")
