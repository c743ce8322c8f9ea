"""The options that the commands on models share."""

import click

from upsamp.cli.command import FileType
from upsamp.cli.options import parse_bytes
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE

__all__ = ["max_size_option", "weights_option"]

weights_option = click.option(
    "--weights",
    metavar="FILE",
    type=FileType(),
    help="Take the weights from this file: .weights.h5, .npz, .safetensors or a model's.",
)

max_size_option = click.option(
    "--max-size",
    metavar="BYTES",
    default=f"{DEFAULT_MAX_SIZE // 2**30}GB",
    show_default=True,
    callback=parse_bytes,
    help="Refuse a file that unpacks to more, as 500MB or 2GB.",
)
