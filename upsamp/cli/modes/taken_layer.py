"""A transposed convolution that `--from` takes: its settings, and what a program needs of it."""

from dataclasses import dataclass

from upsamp.cli.modes.program_data import Origin
from upsamp.core.arguments import Array, DataFormat
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
