"""`summary --solve`: which layer of a model to change so that its output gets another size."""

from collections.abc import Sequence
from typing import Any

from upsamp.cli.render.output import print_text
from upsamp.cli.render.summaries import show_summary
from upsamp.cli.render.tables import show_note, show_rows
from upsamp.cli.render.text import markdown_row, markdown_rule
from upsamp.cli.summary_request import Request
from upsamp.core.arguments import Pair
from upsamp.errors import ArgumentError
from upsamp.models.advice import Advice, advise
from upsamp.models.model import Model
from upsamp.models.sequential import Sequential
from upsamp.models.summary.summary import Summary

# How many changes are shown; the smallest come first. JSON has all.
SHOWN = 12
HEADINGS, SIDES = ("Layer", "Now", "Then", "Output"), "<<<<"


def show_advised(summary: Summary, model: Model, request: Request) -> None:
    """Show a summary, and the changes of a layer that give the output the size of --solve."""
    target, format_name = request.solve or (1, 1), request.shown_as
    advice = _advice(model, target)
    if format_name == "json":
        show_summary(summary, "json", more={"solve": _as_json(advice, target)})
        return
    show_summary(summary, format_name, style=request.style, width=request.width)
    if not advice[0].names:
        show_note(f"the output is {_size(target)} already")
        return
    rows = [
        (", ".join(each.names), _one_line(each.now), _one_line(each.then), _size(each.output))
        for each in advice[:SHOWN]
    ]
    title = f"To make the output {_size(target)}, change one of"
    if format_name == "markdown":
        lines = [markdown_row(HEADINGS), markdown_rule(SIDES), *map(markdown_row, rows)]
        print_text("\n".join(["", f"{title}:", "", *lines]))
        return
    as_table = None if format_name is None else format_name == "table"
    show_rows(title, HEADINGS, rows, SIDES, as_table=as_table)


def _advice(model: Model, target: Pair) -> list[Advice]:
    """Return the changes; raise where the model has none."""
    if not isinstance(model, Sequential):
        raise ArgumentError(
            f"--solve must have layers one after the other. Received: the {model.type_name} model "
            f"'{model.name}'."
        )
    advice = advise(model, target)
    if not advice:
        raise ArgumentError(
            f"One layer must do to change the output. Received: {model.output_shape} for "
            f"{_size(target)}, which no layer alone gives. Change two, or another target."
        )
    return advice


def _as_json(advice: Sequence[Advice], target: Pair) -> dict[str, Any]:
    """Return the changes as JSON has them: none where the output has the size already."""
    changes = [
        {
            "layers": list(each.names),
            "now": each.now.split("\n"),
            "then": each.then.split("\n"),
            "output": list(each.output),
        }
        for each in advice
        if each.names
    ]
    return {"target": list(target), "changes": changes}


def _size(size: Pair) -> str:
    return f"{size[0]}x{size[1]}"


def _one_line(code: str) -> str:
    return ", ".join(code.split("\n"))
