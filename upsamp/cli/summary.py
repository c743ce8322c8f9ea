"""`upsamp summary`: show the layers, output shapes and parameters of a model."""

import sys
from dataclasses import replace

import click

from upsamp.cli import options
from upsamp.cli.command import Command, CountType, FileType, NumbersType, PairType
from upsamp.cli.named_models import names_model, open_named, read_arguments
from upsamp.cli.options import Options, argument, option, takes, wrong_command
from upsamp.cli.render.summaries import FORMATS, show_difference, show_summary
from upsamp.core.arguments import Pair
from upsamp.errors import ArgumentError
from upsamp.io.read import names_file
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.generator import GENERATORS
from upsamp.models.model import Model
from upsamp.models.sequential import Sequential
from upsamp.models.summary.columns import COLUMNS, choose_columns
from upsamp.models.summary.difference import compare
from upsamp.models.summary.listing import Listing
from upsamp.models.summary.summarizing import default_columns
from upsamp.models.summary.summary import Summary

# Each line of a table may be padded to it.
MAX_WIDTH = 100_000
# Options that say how layers are read and shown.
NOT_FOR_AUDITS = (
    *("--columns", "--expand-nested", "--show-trainable", "--batch", "--input-shape", "--weights"),
    *("--compare-weights", "--solve", "--name", "--style", "--html", "--force"),
)
EXAMPLES = """
upsamp summary model.keras
upsamp summary model.h5 --columns +kernel,strides,multiply_adds,receptive_field
upsamp summary model.keras --style keras --expand-nested --show-trainable
upsamp summary before.keras after.keras
upsamp summary before.keras after.keras --html difference.html
upsamp summary 'Dense(128 * 5 * 5, input_dim=100)' 'Reshape((5, 5, 128))' 'UpSampling2D()'
upsamp summary 'Conv2DTranspose(1, (3,3), strides=2, padding="same")' --input-shape 14 14 64
upsamp summary dcgan --solve 32x32
upsamp summary layers.txt --format markdown
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


class Request(Options):
    """The options of one call."""

    layers: tuple[str, ...] = argument(
        metavar="MODEL|LAYER...", type=FileType(), nargs=-1, required=True
    )
    columns: str | None = option(
        "--columns",
        metavar="NAMES",
        help="What is shown: all, names as layer,kernel, or what is added, as +kernel,strides.",
    )
    expand_nested: bool = option("--expand-nested", help="Show the layers of models in the model.")
    show_trainable: bool = option("--show-trainable", help="Show which layers are trained.")
    batch: int | None = option(
        "--batch",
        type=CountType(),
        metavar="N",
        help="Samples that shapes, multiply-adds and activations are for.  [default: one]",
    )
    input_shape: tuple[int, ...] | None = option(
        "--input-shape",
        type=NumbersType(3, "N...", "positive integers, 3 at the most, as in 28 28 1"),
        help="Shape of the input without the batch, as 100, or 28 28 1.",
    )
    weights: str | None = options.weights_option
    compare_weights: bool = option(
        "--compare-weights",
        help="Of two models compare the values of weights too, which reads them all.",
    )
    solve: Pair | None = option(
        "--solve",
        type=PairType(),
        help="Tell which layer to change so that the output has these rows and columns.",
    )
    name: str | None = option("--name", help="Name of a model of layers.  [default: sequential]")
    style: str | None = option(
        "--style",
        type=click.Choice(("keras",), case_sensitive=False),
        help="Print what Keras 3 prints, to the character.",
    )
    width: int | None = option(
        "--width",
        type=CountType(most=MAX_WIDTH),
        metavar="N",
        help="Characters of a table's lines.  [default: the terminal's; elsewhere what it takes]",
    )
    format_name: str | None = option(
        "--format",
        type=click.Choice((*FORMATS, "sarif"), case_sensitive=False),
        help="How it is shown; sarif is for --audit.  [default: table on a terminal, else plain]",
    )
    audit: bool = option(
        "--audit",
        help="List all reasons why a file should not be loaded.  [exit code: 1 if there is one]",
    )
    html: str | None = options.html_option
    force: bool = options.force_option
    max_size: int = options.max_size_option


@click.command("summary", cls=SummaryCommand, examples=EXAMPLES)
@takes(Request)
def command(request: Request) -> None:
    """Show the layers of a model with their output shapes and parameters, as Keras 3 counts them.

    A MODEL is a .keras, .h5 or .json file, a folder that Keras saved, '-' for one of them from
    standard input, or a generator of upsamp, such as dcgan. Two models are shown side by side, with
    what differs. Or a model is made of LAYERs, each spelled as in Keras code, or a text file with
    one layer a line. Nothing that a file holds is run.
    """
    if request.audit:
        _show_audit(request)
        return
    _check_options(request)
    if request.html is not None:
        _check_html(request, request.html)
    layers, solve = request.layers, request.solve
    is_comparison = len(layers) == 2 and all(map(names_model, layers))
    if request.compare_weights and not is_comparison:
        raise click.UsageError("--compare-weights must be used with two models.")
    if request.name is not None and names_model(layers[0]):
        raise click.UsageError(f"--name must be used with layers. Received: '{layers[0]}'.")
    if is_comparison:
        _show_comparison(request)
        return
    listing = read_arguments(
        layers, request.name or "sequential", request.input_shape, request.weights, request.max_size
    )
    chain = None if solve is None else _chain(listing.model)
    summary = _summarize(listing, request)
    if request.html is not None:
        from upsamp.cli.html.summary import write_summary_page  # few send a page

        write_summary_page(summary, request.html, overwrite=request.force)
        return
    show_summary(summary, request.format_name, style=request.style, width=request.width)
    if solve is not None and chain is not None:
        from upsamp.cli.solving import show_advice  # most summaries are for reading alone

        show_advice(chain, solve)


def _check_options(request: Request) -> None:
    """Raise where options have no meaning together."""
    columns, format_name = request.columns, request.format_name
    if format_name == "sarif":
        raise click.UsageError("--format sarif must be used with --audit.")
    with wrong_command():
        choose_columns(columns, ())
    if request.style is not None and (columns is not None or format_name not in (None, "table")):
        raise click.UsageError("--style keras must stand without --columns and --format.")
    if request.force and request.html is None:
        raise click.UsageError("--force overwrites the page of --html. Give it.")
    if request.width is not None and format_name not in (None, "table"):
        raise click.UsageError(
            f"--width must be that of a table. Received: --format {format_name}."
        )


def _check_html(request: Request, name: str) -> None:
    """Raise where no page can be written, or options do not go with it."""
    from upsamp.cli.html.page import check_page  # few send a page

    given = request.given("--format", "--style", "--width", "--solve")
    if given:
        raise click.UsageError(f"--html writes a page, and shows no table. Leave {given[0]} out.")
    check_page(name, overwrite=request.force)


def _show_audit(request: Request) -> None:
    """Show what speaks against loading a file, and exit with 1 where there is a reason."""
    from upsamp.cli.render.audits import FORMATS as AUDIT_FORMATS
    from upsamp.cli.render.audits import show_audit
    from upsamp.models.audit.audit import audit_model

    given = request.given(*NOT_FOR_AUDITS)
    if given:
        raise click.UsageError(f"{given[0]} must be used without --audit.")
    if request.format_name not in (None, *AUDIT_FORMATS):
        raise click.UsageError(
            f"--audit must be shown as {', '.join(AUDIT_FORMATS)}. "
            f"Received: --format {request.format_name}."
        )
    if len(request.layers) != 1:
        raise click.UsageError(f"--audit must have one file. Received: {len(request.layers)}.")
    (path,) = request.layers
    if path != STANDARD_STREAM and not names_file(path) and ("(" in path or path in GENERATORS):
        raise click.UsageError(f"--audit must have a file. Received: {path}.")
    report = audit_model(path, max_size=request.max_size)
    show_audit(report, request.format_name, width=request.width)
    if report.reasons:
        sys.exit(1)


def _show_comparison(request: Request) -> None:
    """Show two models side by side; raise for options that have no meaning with two."""
    names = "--columns", "--show-trainable", "--batch", "--input-shape", "--weights", "--solve"
    given = request.given(*names, "--style")
    given += ["--format dot"] * (request.format_name == "dot")
    if given:
        raise click.UsageError(f"{given[0]} must be used with one model. Received: two.")
    first, second = request.layers
    values, max_size = request.compare_weights, request.max_size
    one, other = (_comparable(text, values=values, max_size=max_size) for text in (first, second))
    difference = compare(one, other, weights=values)
    if request.html is not None:
        from upsamp.cli.html.summary import write_difference_page  # few send a page

        sources = first, second
        write_difference_page(difference, sources, request.html, overwrite=request.force)
        return
    show_difference(difference, (first, second), request.format_name, width=request.width)


def _comparable(text: str, *, values: bool, max_size: int) -> Summary:
    """Return the summary of one of two models, its nested models expanded."""
    listing = open_named(text, values=values, max_size=max_size)
    if values and not listing.counted:
        raise ArgumentError(
            "--compare-weights must be used with files that hold weights. "
            f"Received: '{text}', which has none."
        )
    return listing.model.summarize(expand_nested=True, counted=listing.counted)


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
    return replace(summary, optimizer=listing.optimizer)


def _chain(model: Model) -> Sequential:
    """Return the model where its layers come one after the other, which alone can be solved."""
    if not isinstance(model, Sequential):
        raise ArgumentError(
            f"--solve must have layers one after the other. Received: the {model.type_name} model "
            f"'{model.name}'."
        )
    return model
