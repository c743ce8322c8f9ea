"""`upsamp summary`: show the layers, output shapes and parameters of a model."""

from dataclasses import replace
from typing import NamedTuple

import click

from upsamp.cli.command import Command, CountType, FileType, NumbersType, PairType
from upsamp.cli.named_models import names_model, open_named, read_arguments
from upsamp.cli.options import max_size_option, weights_option, wrong_command
from upsamp.cli.render.differences import show_difference
from upsamp.cli.render.summaries import FORMATS, show_summary
from upsamp.core.arguments import Pair
from upsamp.errors import ArgumentError
from upsamp.models.model import Model
from upsamp.models.sequential import Sequential
from upsamp.models.summaries.columns import COLUMNS, choose_columns
from upsamp.models.summaries.difference import compare
from upsamp.models.summaries.listing import Listing
from upsamp.models.summaries.summarizing import default_columns
from upsamp.models.summaries.summary import Summary

# Each line of a table may be padded to it.
MAX_WIDTH = 100_000
EXAMPLES = """
upsamp summary model.keras
upsamp summary model.h5 --columns +kernel,strides,multiply_adds,receptive_field
upsamp summary model.keras --style keras --expand-nested --show-trainable
upsamp summary before.keras after.keras
upsamp summary 'Dense(128 * 5 * 5, input_dim=100)' 'Reshape((5, 5, 128))' 'UpSampling2D()'
upsamp summary 'Conv2DTranspose(1, (3,3), strides=2, padding="same")' --input-shape 14 14 64
upsamp summary dcgan --solve 32x32
upsamp summary layers.txt --format markdown
upsamp summary model.keras --format dot | dot -Tsvg > model.svg
upsamp summary dcgan --format json | jq .total_params
"""


class SummaryCommand(Command):
    """The command, whose help ends with the columns that there are."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the columns."""
        super().format_options(ctx, formatter)
        with formatter.section("Columns"):
            formatter.write_dl([(column.name, column.about) for column in COLUMNS.values()])


@click.command("summary", cls=SummaryCommand, examples=EXAMPLES)
@click.argument("layers", metavar="MODEL|LAYER...", type=FileType(), nargs=-1, required=True)
@click.option(
    "--columns",
    metavar="NAMES",
    help="What is shown: all, names as layer,kernel, or what is added, as +kernel,strides.",
)
@click.option("--expand-nested", is_flag=True, help="Show the layers of models in the model.")
@click.option("--show-trainable", is_flag=True, help="Show which layers are trained.")
@click.option(
    "--batch",
    type=CountType(),
    metavar="N",
    help="Samples that shapes, multiply-adds and activations are for.  [default: one]",
)
@click.option(
    "--input-shape",
    type=NumbersType(3, "N...", "positive integers, 3 at the most, as in 28 28 1"),
    help="Shape of the input without the batch, as 100, or 28 28 1.",
)
@weights_option
@click.option(
    "--compare-weights",
    is_flag=True,
    help="Of two models compare the values of weights too, which reads them all.",
)
@click.option(
    "--solve",
    type=PairType(),
    help="Tell which layer to change so that the output has these rows and columns.",
)
@click.option("--name", help="Name of a model of layers.  [default: sequential]")
@click.option(
    "--style",
    type=click.Choice(("keras",), case_sensitive=False),
    help="Print what Keras 3 prints, to the character.",
)
@click.option(
    "--width",
    type=CountType(most=MAX_WIDTH),
    metavar="N",
    help="Characters of a table's lines.  [default: the terminal's; elsewhere what it takes]",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS, case_sensitive=False),
    help="How it is shown.  [default: table on a terminal, else plain]",
)
@max_size_option
def command(
    layers: tuple[str, ...],
    columns: str | None,
    expand_nested: bool,
    show_trainable: bool,
    batch: int | None,
    input_shape: tuple[int, ...] | None,
    weights: str | None,
    compare_weights: bool,
    solve: Pair | None,
    name: str | None,
    style: str | None,
    width: int | None,
    format_name: str | None,
    max_size: int,
) -> None:
    """Show the layers of a model with their output shapes and parameters, as Keras 3 counts them.

    A MODEL is a .keras, .h5 or .json file, a folder that Keras saved, '-' for one of them from
    standard input, or a generator of upsamp, such as dcgan. Two models are shown side by side, with
    what differs. Or a model is made of LAYERs, each spelled as in Keras code, or a text file with
    one layer a line. Nothing that a file holds is run.
    """
    shown = _Shown(columns, expand_nested, show_trainable, batch, input_shape)
    _check_options(shown, style, width, format_name)
    is_comparison = len(layers) == 2 and all(map(names_model, layers))
    if compare_weights and not is_comparison:
        raise click.UsageError("--compare-weights must be used with two models.")
    if name is not None and names_model(layers[0]):
        raise click.UsageError(f"--name must be used with layers. Received: '{layers[0]}'.")
    if is_comparison:
        _check_comparison(shown, weights, solve, style, format_name)
        one, other = (
            _comparable(text, values=compare_weights, max_size=max_size) for text in layers
        )
        difference = compare(one, other, weights=compare_weights)
        show_difference(difference, (layers[0], layers[1]), format_name, width=width)
        return
    listing = read_arguments(layers, name or "sequential", input_shape, weights, max_size)
    chain = None if solve is None else _chain(listing.model)
    show_summary(_summarize(listing, shown), format_name, style=style, width=width)
    if solve is not None and chain is not None:
        from upsamp.cli.solving import show_advice  # most summaries are for reading alone

        show_advice(chain, solve)


class _Shown(NamedTuple):
    """What a summary is to show."""

    columns: str | None
    expand_nested: bool
    show_trainable: bool
    batch: int | None
    input_shape: tuple[int, ...] | None


def _check_options(
    shown: _Shown, style: str | None, width: int | None, format_name: str | None
) -> None:
    """Raise where options have no meaning together."""
    with wrong_command():
        choose_columns(shown.columns, ())
    if style is not None and (shown.columns is not None or format_name not in (None, "table")):
        raise click.UsageError("--style keras must stand without --columns and --format.")
    if width is not None and format_name not in (None, "table"):
        raise click.UsageError(
            f"--width must be that of a table. Received: --format {format_name}."
        )


def _check_comparison(
    shown: _Shown,
    weights: str | None,
    solve: Pair | None,
    style: str | None,
    format_name: str | None,
) -> None:
    """Raise for options that have no meaning with two models."""
    given = {
        "--columns": shown.columns is not None,
        "--show-trainable": shown.show_trainable,
        "--batch": shown.batch is not None,
        "--input-shape": shown.input_shape is not None,
        "--weights": weights is not None,
        "--solve": solve is not None,
        "--style": style is not None,
        "--format dot": format_name == "dot",
    }
    for option, is_given in given.items():
        if is_given:
            raise click.UsageError(f"{option} must be used with one model. Received: two.")


def _comparable(text: str, *, values: bool, max_size: int) -> Summary:
    """Return the summary of one of two models, its nested models expanded."""
    listing = open_named(text, values=values, max_size=max_size)
    if values and not listing.counted:
        raise ArgumentError(
            "--compare-weights must be used with files that hold weights. "
            f"Received: '{text}', which has none."
        )
    return listing.model.summarize(expand_nested=True, counted=listing.counted)


def _summarize(listing: Listing, shown: _Shown) -> Summary:
    model = listing.model
    shapes = None
    if shown.input_shape is not None:
        if len(model.input_calls) != 1:
            raise ArgumentError(
                "--input-shape must be used with a model of one input. "
                f"Received: {len(model.input_calls)} inputs."
            )
        shapes = [(None, *shown.input_shape)]
    columns = choose_columns(shown.columns, default_columns(model))
    if shown.show_trainable:
        columns = tuple(dict.fromkeys([*columns, "trainable"]))
    summary = model.summarize(
        columns,
        expand_nested=shown.expand_nested,
        batch=shown.batch,
        input_shapes=shapes,
        counted=listing.counted,
    )
    return replace(summary, optimizer=listing.optimizer)


def _chain(model: Model) -> Sequential:
    """Return the model where its layers come one after the other, which alone can be solved."""
    if not isinstance(model, Sequential):
        raise ArgumentError(
            f"--solve must have layers one after the other. Received: the {model.type_name} model "
            f"'{model.name}'."
        )
    return model
