"""Two models side by side, with what differs."""

import click

from upsamp.cli.named_models import open_named
from upsamp.cli.render.summaries import show_difference
from upsamp.cli.summary_request import Request
from upsamp.errors import ArgumentError
from upsamp.models.summary.difference import compare
from upsamp.models.summary.summary import Summary


def compare_models(request: Request) -> None:
    """Show two models side by side; raise for options that have no meaning with two."""
    names = "--columns", "--show-trainable", "--batch", "--input-shape", "--weights", "--solve"
    given = request.given(*names, "--style", "--draw", "--force")
    given += ["--format dot"] * (request.format_name == "dot")
    if given:
        raise click.UsageError(f"{given[0]} must be used with one model. Received: two.")
    first, second = request.layers
    values, max_size = request.compare_weights, request.max_size
    one, other = (_comparable(text, values=values, max_size=max_size) for text in (first, second))
    difference = compare(one, other, weights=values)
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
