"""`upsamp summary`: show the layers, output shapes and parameters of a model."""

import os

import click

from upsamp.cli.command import Command, NumbersType, PairType
from upsamp.cli.render import show_summary
from upsamp.core.arguments import Pair
from upsamp.errors import ExpressionError, FileError, FormatError
from upsamp.io.sources import names_file
from upsamp.io.streams import STANDARD_STREAM, open_input
from upsamp.layers import LAYERS, InputLayer, Layer
from upsamp.models.expression import parse_layer, parse_layers
from upsamp.models.generator import GENERATORS, make_generator
from upsamp.models.sequential import Sequential

EXAMPLES = """
upsamp summary 'Dense(128 * 5 * 5, input_dim=100)' 'Reshape((5, 5, 128))' 'UpSampling2D()'
upsamp summary 'Conv2DTranspose(1, (3,3), strides=2, padding="same")' --input-shape 14 14 64
upsamp summary dcgan
upsamp summary layers.txt --format markdown
upsamp summary dcgan --solve 32x32
upsamp summary dcgan --format json | jq .total_params
"""


@click.command("summary", cls=Command, examples=EXAMPLES)
@click.argument("layers", metavar="LAYER...", nargs=-1, required=True)
@click.option(
    "--input-shape",
    type=NumbersType(3, "N...", "positive integers, 3 at the most, as in 28 28 1"),
    help="Shape of the input without the batch, as 100, or 28 28 1.",
)
@click.option(
    "--solve",
    type=PairType(),
    help="Tell which layer to change so that the output has these rows and columns.",
)
@click.option("--name", default="sequential", show_default=True, help="Name of the model.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("table", "plain", "json", "csv", "markdown"), case_sensitive=False),
    help="How it is shown.  [default: table on a terminal, else plain]",
)
def command(
    layers: tuple[str, ...],
    input_shape: tuple[int, ...] | None,
    name: str,
    solve: Pair | None,
    format_name: str | None,
) -> None:
    """Show the layers of a model with their output shapes and parameters, as Keras 3 counts them.

    A LAYER is spelled as in Keras code; or it is a text file with one layer a line, '-' for the
    same from standard input, or one of the generators upsampling, transpose, dcgan. Code is read,
    never run.
    """
    if layers[0] in GENERATORS and not names_file(layers[0]):
        model = make_generator(layers[0])
        layers = layers[1:]
    else:
        model = Sequential(name=name)
    if input_shape is not None and not model.built:
        model.add(InputLayer(input_shape))
    for text in layers:
        for layer in _read_layers(text):
            model.add(layer)
    if not model.layers:
        raise ExpressionError("A model must have a layer. Received: text that holds none.")
    if not model.built:
        raise ExpressionError(
            "A model must know the shape of its input. Received: a first layer without it. "
            "Use --input-shape, or write input_shape=(rows, columns, channels) in that layer."
        )
    show_summary(model.summarize(), format_name)
    if solve is not None:
        from upsamp.cli.solving import show_advice  # most summaries are for reading alone

        show_advice(model, solve)


def _read_layers(text: str) -> list[Layer]:
    """Give the layers that one argument names."""
    if text != STANDARD_STREAM and ("(" in text or not names_file(text)):
        stem, point, name = text.rpartition(".")
        if "(" not in text and name not in LAYERS and (point or os.sep in text):
            raise FileError(
                f"There is no file '{stem}{point}{name}'. Name a file of layers, or spell a layer "
                "as Dense(3)."
            )
        return [parse_layer(text)]
    with open_input(text) as stream:
        data = stream.read()
    try:
        return parse_layers(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FormatError(
            f"'{text}' must be text with one layer a line. Received: bytes that are no text."
        ) from None
