"""Two models side by side, with what differs."""

import click

from upsamp.cli.named_models import open_named
from upsamp.cli.options import refuse_unused
from upsamp.cli.output import text_written
from upsamp.cli.render.summaries import show_difference
from upsamp.cli.summary_request import Request
from upsamp.errors import ArgumentError
from upsamp.models.summary.difference import compare
from upsamp.models.summary.summary import Summary

# The fields of the options that a comparison uses.
OF_DIFFERENCE = frozenset({"layers", "compare_weights", "format_name", "width", "output", "html"})


def compare_models(request: Request) -> None:
    """Show two models side by side; raise for options that have no meaning with two."""
    fields = type(request).__annotations__.keys()
    refuse_unused("The comparison of two models", fields - OF_DIFFERENCE)
    if request.shown_as == "dot":
        raise click.UsageError("--format dot must be used with one model. Received: two.")
    first, second = request.layers
    values, max_size = request.compare_weights, request.max_size
    one, other = (_comparable(text, values=values, max_size=max_size) for text in (first, second))
    difference = compare(one, other, weights=values)
    if request.html is not None:
        from upsamp.cli.html.summary import write_difference_page  # few send a page

        write_difference_page(difference, (first, second), request)
        if request.output is None:
            return
    with text_written(request.output, overwrite=request.force):
        show_difference(difference, (first, second), request.shown_as, width=request.width)


def _comparable(text: str, *, values: bool, max_size: int) -> Summary:
    """Return the summary of one of two models, its nested models expanded."""
    listing = open_named(text, values=values, max_size=max_size)
    if values and not listing.counted:
        raise ArgumentError(
            "--compare-weights must be used with files that hold weights. "
            f"Received: '{text}', which has none."
        )
    return listing.model.summarize(expand_nested=True, counted=listing.counted)
