"""`upsamp summary`: show the layers, output shapes and parameters of a model."""

from dataclasses import replace

import click

from upsamp.cli.command import Command
from upsamp.cli.named_models import read_arguments
from upsamp.cli.options import takes
from upsamp.cli.output import text_written
from upsamp.cli.render.summaries import show_summary
from upsamp.cli.summary_request import Request
from upsamp.errors import ArgumentError
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.model import Model
from upsamp.models.summary.columns import COLUMNS, choose_columns
from upsamp.models.summary.listing import Listing
from upsamp.models.summary.summarizing import default_columns
from upsamp.models.summary.summary import Summary

EXAMPLES = """
upsamp summary model.keras
upsamp summary model.h5 --columns +kernel,strides,multiply_adds,receptive_field
upsamp summary model.keras --columns layer,overlap,checkerboard
upsamp summary model.keras --style keras --expand-nested --show-trainable
upsamp summary before.keras after.keras
upsamp summary before.keras after.keras --html difference.html
upsamp summary 'Dense(128 * 5 * 5, input_dim=100)' 'Reshape((5, 5, 128))' 'UpSampling2D()'
upsamp summary 'Conv2DTranspose(1, (3,3), strides=2, padding="same")' --input-shape 14 14 64
upsamp summary dcgan --solve 32x32
upsamp summary layers.txt --format markdown
upsamp summary model.keras --draw model.svg
upsamp summary model.keras --format dot | dot -Tsvg > model.svg
upsamp summary dcgan --format json | jq .total_params
upsamp summary download.keras --audit --format sarif > audit.sarif
"""


class SummaryCommand(Command):
    """The command, whose help ends with the columns that there are."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the columns."""
        super().format_options(ctx, formatter)
        with formatter.section("Columns"):
            formatter.write_dl([(column.name, column.about) for column in COLUMNS.values()])


@click.command("summary", cls=SummaryCommand, examples=EXAMPLES)
@takes(Request)
def command(request: Request) -> None:
    """Show the layers of a model with their output shapes and parameters, as Keras 3 counts them.

    A MODEL is a .keras, .h5 or .json file, a folder that Keras saved, '-' for one of them from
    standard input, or a generator of upsamp, such as dcgan. Two models are shown side by side, with
    what differs. Or a model is made of LAYERs, each spelled as in Keras code, or a text file with
    one layer a line. Nothing that a file holds is run.
    """
    request.check()
    # Each mode is loaded when it is asked for.
    if request.audit:
        from upsamp.cli.modes.audit import audit_file as run
    elif request.compares:
        from upsamp.cli.modes.difference import compare_models as run
    else:
        run = _show_one
    run(request)


def _show_one(request: Request) -> None:
    """Show one model, and which layer of it to change where that is asked."""
    listing = read_arguments(
        request.layers,
        request.name or "sequential",
        request.input_shape,
        request.weights,
        request.max_size,
        values=request.needs_values,
    )
    summary = _summarize(listing, request)
    if request.draw is not None:
        from upsamp.cli.modes.draw import draw_model  # few summaries are drawn

        draw_model(listing, request)
        if request.draw == STANDARD_STREAM or (request.quiet and request.output is None):
            return
    if request.html is not None:
        from upsamp.cli.html.summary import write_summary_page  # few send a page

        write_summary_page(listing, summary, request)
        if request.output is None:
            return
    if request.solve is not None:
        from upsamp.cli.modes.advise import show_advised as show  # few ask for another size
    else:
        show = _show
    with text_written(request.output, overwrite=request.force):
        show(summary, listing.model, request)


def _show(summary: Summary, model: Model, request: Request) -> None:
    """Show a summary alone."""
    del model  # of which nothing else is asked
    show_summary(summary, request.shown_as, style=request.style, width=request.width)


def _summarize(listing: Listing, request: Request) -> Summary:
    model = listing.model
    shapes = None
    if request.input_shape is not None:
        if len(model.input_calls) != 1:
            raise ArgumentError(
                "--input-shape must be used with a model of one input. "
                f"Received: {len(model.input_calls)} inputs."
            )
        shapes = [(None, *request.input_shape)]
    columns = choose_columns(request.columns, default_columns(model))
    if request.show_trainable:
        columns = tuple(dict.fromkeys([*columns, "trainable"]))
    summary = model.summarize(
        columns,
        expand_nested=request.expand_nested,
        batch=request.batch,
        input_shapes=shapes,
        counted=listing.counted,
    )
    return replace(summary, optimizer=listing.optimizer, digits=request.digits)
