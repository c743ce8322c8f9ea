"""`--from torch`: a layer of PyTorch, whose settings are taken, shown or computed."""

from dataclasses import replace
from time import perf_counter

import click
import numpy as np
from click.core import ParameterSource

from upsamp.cli.modes.taken_layer import TakenLayer, check_channels
from upsamp.cli.output import choose_destination, deliver, read_input, report, shows_tables
from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.transpose_request import Request, read_kernel
from upsamp.cli.upsample_request import Request as Upsampling
from upsamp.core.arguments import Array, KernelLayout
from upsamp.core.convolution.convolve import conv2d
from upsamp.core.kernels.presets import make_kernel
from upsamp.core.layout import as_batch
from upsamp.core.shuffle import depth_to_space, space_to_depth
from upsamp.errors import ArgumentError, ShapeError
from upsamp.io.pictures import array_of
from upsamp.models.summary.summary_row import SummaryRow
from upsamp.models.transposed_convolution import Settings
from upsamp.translate import TorchLayer, parse_torch

# The options of `transpose-conv` that go with a kernel; and those that `upsample` has, too, where
# they mean the same. Where channels stand by default differs between them.
OF_KERNELS = ("weights", "kernel_layout", "seed")
# Options that show the steps of a transposed convolution, or of an upsampling.
STEPS = ("--explain", "--animate")
SHARED = Request.__annotations__.keys() & Upsampling.__annotations__.keys()
SHARED -= {"data_format", *OF_KERNELS}
# The presets that mix channels, and so make a kernel for any of them.
MIXING = ("ones", "random", "glorot")
# What is computed here, and what it is called.
LAYERS = {"conv2d": "Conv2D", "depth_to_space": "PixelShuffle", "space_to_depth": "PixelUnshuffle"}


def take_torch_layer(text: str, request: Request) -> TakenLayer | None:
    """Read a layer of PyTorch, and show or compute it; return a transposed convolution to run.

    Without an input a layer is shown as a call of upsamp, unless a program is wanted.
    """
    layer = _read(text)
    if request.source is None and request.library is None and request.overlap is None:
        _show(layer)
    elif layer.function == "conv2d_transpose":
        settings = _with_layer(request.settings, layer, request.kernel_layout)
        return TakenLayer(settings, layer.channels)
    elif _has_programs(layer):
        run_upsample(layer, request)
    else:
        _compute(layer, request)
    return None


def _read(text: str) -> TorchLayer:
    """Read a layer of PyTorch; raise where options are given that would be passed over."""
    layer = parse_torch(text)
    kernels = [*OF_KERNELS, *(["bias"] if layer.bias else [])] if layer.channels else []
    overlaps = ["overlap"] * (layer.function == "conv2d_transpose")
    check_options({"data_format", *kernels, *overlaps})
    return layer


def check_options(taken: set[str]) -> None:
    """Raise where options are given that a layer does not take, besides those of results."""
    taken = {"source", "source_layer", *SHARED, *taken}
    for parameter in click.get_current_context().command.params:
        if _is_given(parameter.name or "") and parameter.name not in taken:
            raise click.UsageError(f"--from says the whole layer. Leave {parameter.opts[0]} out.")


def check_computed(request: Request, *others: str) -> None:
    """Raise where options are given that are for layers that have stages."""
    for option in request.given(*others, *STEPS):
        raise click.UsageError(
            f"{option} is for transposed convolutions and interpolation. Leave it out."
        )


def _show(layer: TorchLayer) -> None:
    """Print a layer of PyTorch as a call of upsamp, with the shapes that it takes."""
    arguments = [f"{name}={value!r}" for name, value in layer.arguments.items()]
    shapes = "# x: (N, H, W, channels)"
    if layer.channels:
        arguments[:0] = ["kernel", "bias" if layer.bias else "None"]
        arguments.append("kernel_layout='torch'")
        shapes = f"# x: (N, H, W, {layer.channels}); kernel: PyTorch's weight, {layer.kernel_shape}"
    print_text(f"upsamp.{layer.function}(x, {', '.join(arguments)})\n{shapes}")
    programs = ", and --code LIBRARY prints a program" if _has_programs(layer) else ""
    show_note(f"with INPUT it is computed{programs}")


def _compute(layer: TorchLayer, request: Request) -> None:
    """Compute a convolution or a rearrangement of channels on the input of the command."""
    started = perf_counter()
    check_computed(request, "--code", "--max-memory", "--html")
    source, layout = request.source, request.data_format
    x = array_of(read_input(source, request.reading))
    destination = choose_destination(request, x, layer.function)
    result, count = _result_of(layer, x, request)
    delivered = deliver(result, destination, request.digits)
    shape = (None, *as_batch(result, layout).shape[1:])
    name = LAYERS[layer.function]
    row = SummaryRow(layer.function, name, shape, count)
    show_layer(row, as_table=shows_tables(destination))
    report("Computed", source, x, delivered, destination, [("Layer", name)], started)


def run_upsample(layer: TorchLayer, request: Request, data_format: str = "channels_last") -> None:
    """Run `upsamp upsample` with the settings of a layer, which may have its channels first."""
    from upsamp.cli.upsample import command  # a convolution needs none of it

    context = click.get_current_context()
    settings = dict(layer.arguments)
    size = settings.pop("size")
    settings |= {"factors": size} if layer.function == "upsample" else {"target": size[::-1]}
    settings |= {name: getattr(request, name) for name in SHARED}
    if _is_given("data_format"):
        settings["data_format"] = request.data_format
    elif data_format != "channels_last":
        settings["data_format"] = data_format
    sources = () if request.source is None else (request.source,)
    context.invoke(command, sources=sources, **settings)


def _has_programs(layer: TorchLayer) -> bool:
    """Tell whether `--code` can write it."""
    return layer.function not in LAYERS


def _is_given(name: str) -> bool:
    """Tell whether an option is in the command."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def _result_of(layer: TorchLayer, array: Array, request: Request) -> tuple[Array, int]:
    """Return the result, of rank 2 only if the input was and one channel came out, and the params.

    An array of rank 2 is one channel.
    """
    layout = request.data_format
    axis = 2 if layout == "channels_last" else 0
    x = np.expand_dims(array, axis) if array.ndim == 2 else array
    count = 0
    if layer.function == "conv2d":
        kernel, bias = _kernel_and_bias(layer, x, request)
        count = kernel.size + (bias.size if layer.bias else 0)
        result = conv2d(x, kernel, bias, **layer.arguments, data_format=layout)
    else:
        shuffle = depth_to_space if layer.function == "depth_to_space" else space_to_depth
        result = shuffle(x, **layer.arguments, data_format=layout)
    alone = array.ndim == 2 and result.shape[axis] == 1
    return (result.squeeze(axis) if alone else result), count


def _kernel_and_bias(layer: TorchLayer, x: Array, request: Request) -> tuple[Array, Array]:
    """Return the kernel of a convolution in Keras' layout, and its bias, (filters,)."""
    check_channels(layer.channels, x, request.data_format)
    kernel = _read_kernel(layer, request.weights, request.kernel_layout)
    if kernel is None:
        if request.weights not in MIXING:
            raise ArgumentError(
                f"--weights of a Conv2d must be a file or one of {', '.join(MIXING)}. "
                f"Received: {request.weights}."
            )
        kernel = make_kernel(request.weights, _keras_shape(layer), seed=request.seed)
    bias = request.settings.bias
    return kernel, np.repeat(bias, layer.filters or 1) if bias.size == 1 else bias


def _read_kernel(layer: TorchLayer, weights: str, layout: KernelLayout) -> Array | None:
    """Read the kernel of a convolution in Keras' layout, or return None where it is a preset.

    layout: how the file has it; PyTorch's, unless the command says another.
    """
    if not _is_given("kernel_layout"):
        layout = "torch"
    kernel = read_kernel(weights, None, None, layer.arguments["groups"], layout)
    if kernel is not None and kernel.shape != _keras_shape(layer):
        shape = layer.kernel_shape if layout == "torch" else _keras_shape(layer)
        received = kernel.transpose(3, 2, 0, 1).shape if layout == "torch" else kernel.shape
        raise ShapeError(
            f"--weights must have the shape of the layer's kernel, {shape}. Received: {received}."
        )
    return kernel


def _keras_shape(layer: TorchLayer) -> tuple[int, int, int, int]:
    """Return the shape of the kernel of a convolution in Keras' layout."""
    first, second, rows, columns = layer.kernel_shape
    return rows, columns, second, first


def _with_layer(settings: Settings, layer: TorchLayer, layout: KernelLayout) -> Settings:
    """Return the settings with those of a transposed convolution of PyTorch, and its kernel."""
    return replace(
        settings,
        kernel=_read_kernel(layer, settings.preset, layout),
        kernel_size=layer.kernel_size,
        filters=layer.filters,
        strides=layer.arguments["strides"],
        padding=layer.arguments["padding"],
        output_padding=layer.arguments["output_padding"],
        dilation=layer.arguments["dilation_rate"],
        groups=layer.arguments["groups"],
    )
