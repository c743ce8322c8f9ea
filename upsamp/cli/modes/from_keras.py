"""`--from keras`: a layer as Keras code spells it, or one of a saved model, shown or computed."""

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import click
import numpy as np

from upsamp.cli.modes.from_torch import (
    OF_KERNELS,
    STEPS,
    check_computed,
    check_options,
    run_upsample,
)
from upsamp.cli.modes.program_data import UPSAMP, Origin
from upsamp.cli.modes.taken_layer import TakenLayer
from upsamp.cli.options import as_options
from upsamp.cli.output import choose_destination, deliver, read_input, report, shows_tables
from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.transpose_request import Request, read_kernel
from upsamp.core.activations import get_activation
from upsamp.core.layout import as_batch, with_new_image
from upsamp.errors import ArgumentError
from upsamp.io.pictures import array_of
from upsamp.io.read import names_file
from upsamp.layers import Conv2DTranspose, Layer, UpSampling2D
from upsamp.models.expression import parse_layer
from upsamp.models.files.loading import load_model
from upsamp.models.summary.summary_row import SummaryRow
from upsamp.translate import TorchLayer
from upsamp.translate.source import LARGEST, written_array

if TYPE_CHECKING:
    from upsamp.core.arguments import DataFormat


class Found(NamedTuple):
    """A layer, and the source of the one in a saved model, None for one that is spelled."""

    layer: Layer
    source: str | None = None


def take_keras_layer(text: str, request: Request) -> TakenLayer | None:
    """Read a layer of Keras, and show or compute it; return a transposed convolution to run."""
    found = _read(text)
    layer = found.layer
    alone = request.source is None and request.library is None and request.overlap is None
    if isinstance(layer, UpSampling2D):
        _check(found, [])
        names = {"size": layer.size, "interpolation": layer.interpolation}
        run_upsample(TorchLayer("upsample", names), request, layer.data_format)
    elif not isinstance(layer, Conv2DTranspose):
        _check(found, [])
        _compute(found, request)
    else:
        _check(found, [*OF_KERNELS, *(["bias"] if layer.use_bias else [])], "overlap")
        if alone:
            _show(found, layer)
        elif _activated(layer) and not request.given(*STEPS, "--code", "--overlap"):
            _compute(found, request)
        else:
            if _activated(layer) and request.given(*STEPS):
                show_note("the steps are those before the layer's activation")
            return _taken(found, layer, request)
    return None


def _read(text: str) -> Found:
    """Return the layer that is spelled, or that FILE:NAME names in a saved model."""
    path, _, name = text.rpartition(":")
    if path and names_file(path):
        model = load_model(path)
        try:
            layer = model.get_layer(name)
        except ArgumentError as error:
            raise ArgumentError(as_options(str(error), name="--from")) from error
        return Found(layer, f"upsamp.load_model({path!r}).get_layer({name!r})")
    if names_file(text):
        names = ", ".join(layer.name for layer in load_model(text).all_layers)
        raise ArgumentError(
            f"--from keras must name a layer, as FILE:NAME. Received: {text}. Use one of {names}."
        )
    if "(" not in text:
        raise ArgumentError(
            "--from keras must be a layer, as Conv2DTranspose(32, 5, strides=2), or FILE:NAME of "
            f"a saved model. Received: {text[:80]}."
        )
    return Found(parse_layer(text))


def _check(found: Found, spelled: list[str], *shown: str) -> None:
    """Raise where options are given that would be passed over; of a file all weights are known."""
    check_options({"library", *shown, *(spelled if found.source is None else [])})


def _activated(layer: Conv2DTranspose) -> bool:
    """Tell whether a layer ends with an activation, which is no part of the convolution."""
    return layer.activation not in (None, "linear")


def _show(found: Found, layer: Conv2DTranspose) -> None:
    """Print a layer as a call of upsamp."""
    names = "strides", "padding", "output_padding", "dilation_rate", "groups", "data_format"
    arguments = [f"{name}={getattr(layer, name)!r}" for name in names]
    bias = "bias" if layer.use_bias else "None"
    shape = (*layer.kernel_size, layer.filters // layer.groups, "channels")
    if found.source is not None:
        shape = layer.weight("kernel").shape
    print_text(f"upsamp.conv2d_transpose(x, kernel, {bias}, {', '.join(arguments)})")
    print_text(f"# kernel: {str(shape).replace(chr(39), '')}")
    if _activated(layer):
        print_text(f"# activation: {layer.activation}")
    show_note("with INPUT it is computed, and --code LIBRARY prints a program")


def _taken(found: Found, layer: Conv2DTranspose, request: Request) -> TakenLayer:
    """Return the settings of a transposed convolution with its kernel, and its sources."""
    settings, kernel, bias = request.settings, None, None
    channels = None
    if found.source is not None:
        if any(weight.value is None for weight in layer.weights):  # as no file had them
            show_note("the model has no weights, so those of the layer are random")
        weights = layer.get_weights()
        sources = [f"{found.source}.get_weights()[{place}]" for place in range(len(weights))]
        origins = [
            Origin(written_array(value.squeeze(), value.shape))
            if value.size <= LARGEST
            else Origin(source, (UPSAMP,))
            for value, source in zip(weights, sources, strict=True)
        ]
        kernel, bias = (*origins, None)[:2]
        channels = weights[0].shape[3]
        offsets = weights[1] if layer.use_bias else np.zeros(1)
        settings = replace(settings, preset="those of the layer", kernel=weights[0], bias=offsets)
    else:
        size, filters, groups = layer.kernel_size, layer.filters, layer.groups
        stored = read_kernel(request.weights, size, filters, groups, request.kernel_layout)
        settings = replace(settings, kernel=stored)
        if layer.batch_input_shape is not None:
            channels = layer.batch_input_shape[layer.channel_axis]
    settings = replace(
        settings,
        kernel_size=layer.kernel_size,
        filters=layer.filters,
        strides=layer.strides,
        padding=layer.padding,
        output_padding=layer.output_padding,
        dilation=layer.dilation_rate,
        groups=layer.groups,
        data_format=layer.data_format,
    )
    return TakenLayer(settings, channels, kernel, bias, _activation(layer))


def _activation(layer: Conv2DTranspose) -> Origin | None:
    """Return the line that applies the activation to `y` in a program."""
    known = {
        "relu": "np.maximum(y, 0)",
        "tanh": "np.tanh(y)",
        "sigmoid": "1 / (1 + np.exp(-y))",
    }
    activation = layer.activation
    if activation in (None, "linear"):
        return None
    if isinstance(activation, str) and activation in known:
        return Origin(f"y = {known[activation]}")
    get_activation(activation)
    made = "from upsamp.core.activations import get_activation"
    return Origin(f"y = get_activation({activation!r})(y)", (made,))


def _compute(found: Found, request: Request) -> None:
    """Compute what a layer makes of the input of the command."""
    started = perf_counter()
    check_computed(request)
    if request.library is not None or request.source is None:
        raise click.UsageError(
            f"--from with a {found.layer.type_name} needs INPUT, and no --code: programs are for "
            "transposed convolutions and interpolation."
        )
    if request.html is not None:
        raise click.UsageError(
            "--html is for transposed convolutions without an activation, and interpolation. "
            "Leave it out."
        )
    layer = found.layer
    layout: DataFormat = getattr(layer, "data_format", "channels_last")
    x = array_of(read_input(request.source, request.reading))
    destination = choose_destination(request, x, layer.name)
    given = as_batch(x, layout)
    result = layer(given if layout == "channels_last" else np.moveaxis(given, 3, 1))
    if result.ndim == 4:
        images = as_batch(result, layout)
        if x.ndim > 2 or images.shape[3] == 1:
            _, rows, columns, channels = images.shape
            result = result.reshape(with_new_image(x.shape, layout, rows, columns, channels))
    delivered = deliver(result, destination, request.digits)
    row = SummaryRow(layer.name, layer.type_name, (None, *result.shape[1:]), layer.count_params())
    show_layer(row, as_table=shows_tables(destination))
    settings = [("Layer", layer.type_name)]
    report("Computed", request.source, x, delivered, destination, settings, started)
