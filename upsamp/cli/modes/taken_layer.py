"""A transposed convolution that `--from` takes: its settings, and what a program needs of it."""

from dataclasses import dataclass, replace

import click

from upsamp.cli.modes.program_data import Origin
from upsamp.cli.options import wrong_command
from upsamp.cli.transpose_request import Request, read_kernel
from upsamp.core.arguments import Array, DataFormat
from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.layout import as_batch
from upsamp.errors import ShapeError
from upsamp.io.pictures import Picture, array_of
from upsamp.models.transposed_convolution import Settings


@dataclass(frozen=True)
class TakenLayer:
    """A transposed convolution of another library, or of a saved model.

    channels: of its input, where they are known. kernel, bias: how a program comes to them, if not
    as the options of the command say. after: the lines that a program ends with, of its activation.
    """

    settings: Settings
    channels: int | None
    kernel: Origin | None = None
    bias: Origin | None = None
    after: Origin | None = None


def check_channels(channels: int | None, given: Picture | Array, data_format: DataFormat) -> None:
    """Raise where a layer that was read is for another number of channels than the input has."""
    array = array_of(given)
    received = as_batch(array, data_format).shape[3]
    if channels not in (None, received):
        raise ShapeError(
            f"The input must have the channels of the layer, {channels}. "
            f"Received: {received}, of shape {array.shape}."
        )


def settle(request: Request, layer: TakenLayer | None) -> Settings:
    """Return the settings with the kernel, where it is no preset; or those of a layer."""
    if layer is None:
        settings, layout = request.settings, request.kernel_layout
        _check_settings(settings)
        kernel = read_kernel(
            request.weights, request.kernel, request.filters, request.groups, layout
        )
        return replace(settings, kernel=kernel)
    _check_settings(layer.settings)
    return layer.settings


def _check_settings(settings: Settings) -> None:
    """Raise where settings contradict each other, whatever the input is."""
    with wrong_command():
        transposed_setting(*settings.arguments, settings.output_shape)
    if settings.filters is not None and settings.filters % settings.groups:
        raise click.UsageError(
            f"--groups must divide --filters. Received: --groups {settings.groups}, "
            f"--filters {settings.filters}."
        )
