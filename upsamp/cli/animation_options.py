"""The options of `--animate`, which two commands share, and what goes with it."""

import click

from upsamp.cli.option_types import AmountType, ChoiceType, CountType, FileType
from upsamp.cli.options import Options, option

# What a picture of a step is shown with.
OPTIONS = ("--view", "--cell-pixels", "--fps", "--theme")
# What is about a result, or shows something else: each is in one of the two commands, or in both.
OTHERS = (
    *("-o", "--format", "--code", "--explain", "--cell", "--overlap", "--solve", "--fit", "--html"),
    *("--compare", "--sheet", "--reference", "--preview", "--model", "--dry-run", "--strip"),
    *("--background", "--range", "--max-memory", "--linear", "--keep-larger", "--digits"),
)
LEAST_CELL, LARGEST_CELL = 16, 128
LEAST_FPS, LARGEST_FPS = 0.1, 50.0

animate_option = option(
    "--animate",
    type=FileType(output=True),
    metavar="FILE",
    help="In place of the result, write an animation of how it is computed, on your own numbers: "
    ".gif, .webp, .png or .svg. It is for small examples.",
)

view_option = option(
    "--view",
    type=ChoiceType(("gather", "scatter")),
    default="gather",
    help="The steps of --animate: gather has one for each value of the output and what it reads, "
    "scatter one for each input and what it is added to.",
)

cell_pixels_option = option(
    "--cell-pixels",
    type=CountType(LEAST_CELL, LARGEST_CELL),
    metavar="N",
    help=f"Side of a cell of --animate, up to {LARGEST_CELL}.  [default: what fits a page]",
)


fps_option = option(
    "--fps",
    type=AmountType(LEAST_FPS, LARGEST_FPS),
    default=1.0,
    help="Steps of --animate in a second; the last frame is shown three times as long.",
)

theme_option = option(
    "--theme",
    type=ChoiceType(("light", "dark")),
    help="The colours of --animate.  [default: light; of .svg what the reader prefers]",
)


def check_animated(
    request: Options, animated: str | None, source: str | None, page: str | None
) -> None:
    """Raise where options go with --animate that is not there, or do not go with it.

    page: that of --html, which has an animation, too.
    """
    if animated is None:
        for name in request.set_by_user(*OPTIONS) if page is None else ():
            raise click.UsageError(f"{name} goes with --animate. Give --animate FILE.gif.")
        return
    given = request.given(*OTHERS)
    if given:
        raise click.UsageError(
            "--animate is written in the place of a result. "
            f"Leave {' and '.join(given)} out, or --animate."
        )
    if source is None:  # what nobody gave is shown, but not written
        raise click.UsageError("--animate needs INPUT, such as '1 2; 3 4'.")
