"""What the options of `upsamp summary` ask for, as one value that all its parts take."""

from pathlib import PurePath

import click

from upsamp.cli import shared_options
from upsamp.cli.named_models import names_model
from upsamp.cli.option_types import ChoiceType, CountType, FileType, NumbersType, PairType
from upsamp.cli.options import Options, argument, completed, option, wrong_command
from upsamp.cli.render.summaries import FORMATS
from upsamp.cli.shared_options import check_digits
from upsamp.core.arguments import Pair
from upsamp.core.text import printable
from upsamp.io.extras import has_extra
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import check_place
from upsamp.models.summary.columns import VALUED, choose_columns

# Each line of a table may be padded to it.
MAX_WIDTH = 100_000
# Options of what is printed.
PRINTED = "--columns", "--show-trainable", "--batch", "--solve", "--style", "--width", "--format"

# The formats of files, by their suffixes; that of --format holds in any.
SUFFIXES = {
    ".json": "json",
    ".csv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".dot": "dot",
    ".gv": "dot",
    ".sarif": "sarif",
}


class Request(Options):
    """The options of one call."""

    layers: tuple[str, ...] = argument(
        metavar="MODEL|LAYER...",
        type=FileType(),
        nargs=-1,
        required=True,
        shell_complete=completed("complete_model"),
    )
    columns: str | None = option(
        "--columns",
        metavar="NAMES",
        shell_complete=completed("complete_columns"),
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
    weights: str | None = shared_options.weights_option
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
        type=ChoiceType(("keras",)),
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
        type=ChoiceType((*FORMATS, "sarif")),
        help="How it is shown; sarif is for --audit.  [default: table on a terminal, else plain]",
    )
    digits: int | None = shared_options.digits_option
    draw: str | None = option(
        "--draw",
        type=FileType(output=True),
        help="Draw the model to scale, too: each layer as a box with the sides of its output, all "
        "connections, as FILE.svg; '-' is standard output.",
    )
    html: str | None = shared_options.html_option
    audit: bool = option(
        "--audit",
        help="List all reasons why a file should not be loaded.  [exit code: 1 if there is one]",
    )
    output: str | None = option(
        "-o",
        "--output",
        type=FileType(output=True),
        help="Write what is shown to FILE, in the format of its suffix (.json, .csv, .md, .dot, "
        ".sarif; text of others) or of --format; '-' is standard output.",
    )
    quiet: bool = shared_options.quiet_option
    force: bool = shared_options.force_option
    max_size: int = shared_options.max_size_option

    @property
    def shown_as(self) -> str | None:
        """The format: that of --format, or of the file's suffix."""
        if self.format_name is not None or self.output is None:
            return self.format_name
        return SUFFIXES.get(PurePath(self.output).suffix.lower())

    @property
    def compares(self) -> bool:
        """Whether two models are shown side by side."""
        return len(self.layers) == 2 and all(map(names_model, self.layers))

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The columns that are asked for by name."""
        with wrong_command():
            return choose_columns(self.columns, ())

    @property
    def needs_values(self) -> bool:
        """Whether values of weights are shown; among all columns, only where they can be read."""
        wanted = bool({*VALUED} & {*self.shown_columns})
        return wanted and ("checkerboard" in str(self.columns) or has_extra("h5py"))

    def check(self) -> None:
        """Raise where options have no meaning together."""
        self._check_files()
        if self.audit:
            return  # which has checks of its own
        format_name = self.shown_as
        if format_name == "sarif":
            raise click.UsageError("--format sarif must be used with --audit.")
        self._check_digits()
        self._check_drawing()
        self._check_html()
        self._check_format(format_name)
        if self.compare_weights and not self.compares:
            raise click.UsageError("--compare-weights must be used with two models.")
        if self.name is not None and names_model(self.layers[0]):
            raise click.UsageError(
                f"--name must be used with layers. Received: '{self.layers[0]}'."
            )

    def _check_format(self, format_name: str | None) -> None:
        """Raise where options have no meaning in the format in which the summary is shown."""
        columns = self.columns
        if self.style is not None and (columns is not None or format_name not in (None, "table")):
            raise click.UsageError("--style keras must stand without --columns and --format.")
        if self.width is not None and format_name not in (None, "table"):
            raise click.UsageError(
                f"--width must be that of a table. Received: --format {format_name}."
            )
        if self.solve is not None and format_name in ("csv", "dot"):
            raise click.UsageError(
                f"--solve is shown as table, plain, json or markdown. Received: {format_name}."
            )
        if self.batch is not None and (self.style is not None or format_name == "dot"):
            raise click.UsageError("--batch must be used without --style and --format dot.")

    def _check_files(self) -> None:
        """Raise where an input has no name, or the file of -o cannot be written."""
        if "" in self.layers:
            raise click.UsageError("MODEL or LAYER must not be empty. Received: ''.")
        if self.force and not self.given("-o", "--draw", "--html"):
            raise click.UsageError("--force is for the file of -o, --draw or --html. Leave it out.")
        if self.output not in (None, STANDARD_STREAM):
            check_place(str(self.output), overwrite=self.force)

    def _check_digits(self) -> None:
        """Raise where columns are unknown, or no number is shown that has decimals."""
        valued = {*VALUED} & {*self.shown_columns}
        if self.digits is not None and (not valued or self.compares or self.style):
            raise click.UsageError(
                "--digits is for numbers with decimals. Give --columns +checkerboard, or leave it "
                "out."
            )
        check_digits(self.digits, self.shown_as, (), "plain")

    def _check_html(self) -> None:
        """Raise where no page can be written, or options do not go with it."""
        if self.html is None:
            return
        from upsamp.cli.html.page import check_page  # few send a page

        given = self.given("--format", "--style", "--width", "--solve")
        if given and self.output is None:
            raise click.UsageError(
                f"--html writes a page in the place of what is shown. Leave {given[0]} out, or "
                "give -o FILE."
            )
        check_page(self.html, overwrite=self.force)

    def _check_drawing(self) -> None:
        """Raise where options have no meaning with --draw, or without it."""
        if self.draw is None:
            return
        printed = self.given(*PRINTED)
        if self.draw == STANDARD_STREAM and printed:
            raise click.UsageError(f"--draw - prints the drawing alone. Leave {printed[0]} out.")
        suffix = PurePath(self.draw).suffix.lower()
        if suffix != ".svg" and not (is_stream(self.draw) and not suffix):
            raise click.UsageError(
                f"--draw must name an .svg file, such as model.svg. Received: "
                f"{printable(self.draw)}. A browser or rsvg-convert makes a PNG of it."
            )
        check_place(self.draw, overwrite=self.force)
