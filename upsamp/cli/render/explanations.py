"""Explanations: tables for people, Markdown for documents, JSON for programs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from upsamp.cli.render.matrices import as_planes, number_text, show_matrix, shown_digits
from upsamp.cli.render.output import print_paragraph, print_text
from upsamp.cli.render.tables import show_rows
from upsamp.cli.render.text import markdown_row, markdown_rule, markdown_text
from upsamp.core.arguments import Array
from upsamp.core.kernels.gains import unevenness
from upsamp.core.text import json_text
from upsamp.explain.explanation import Cell, Explanation, View
from upsamp.explain.overlap import Overlap

NUMBERS = ("Value", "Weight", "Product")
CURE_HEADINGS, CURE_SIDES = ("Cure", "Leaves", "Command"), "<><"


def show_explanation(
    explanation: Explanation, format_name: str | None, digits: int | None = None
) -> None:
    """Show an explanation as tables, or in the format that is asked for; digits: in tables."""
    cell = explanation.cell
    if format_name == "json":
        print_text(json_text(explanation.to_dict()))
        return
    digits = shown_digits(digits)
    if format_name == "markdown":
        print_text("\n".join(_markdown(explanation, digits)))
        return
    for number, stage in enumerate(explanation.stages, start=1):
        show_matrix(f"{number}. {stage.name}", as_plane(stage.values), digits, whole="json")
        print_paragraph(f"{stage.note}\n" if stage.note else "")
    for view in cell.views:
        rows, headings = term_rows(cell, view, digits), (*view.columns, *NUMBERS)
        show_rows(cell_title(cell, view), headings, rows, ">" * len(headings), split=True)
    print_paragraph(f"= {sum_text(cell, digits)}\n")
    for line in explanation.formula.split("; "):
        print_paragraph(line)


def _markdown(explanation: Explanation, digits: int | None) -> Iterator[str]:
    """Yield the lines of a document."""
    for number, stage in enumerate(explanation.stages, start=1):
        yield f"### {number}. {markdown_text(stage.name)}\n"
        if stage.note:
            yield f"{markdown_text(stage.note)}\n"
        for label, plane in as_planes(as_plane(stage.values)):
            if label:
                yield f"{markdown_text(label.strip(', '))}\n"
            yield markdown_row(["", *map(str, range(plane.shape[1]))])
            yield markdown_rule(">" * (plane.shape[1] + 1))
            for place, line in enumerate(plane):
                yield markdown_row([str(place), *(number_text(one, digits) for one in line)])
            yield ""
    for view in explanation.cell.views:
        headings = (*view.columns, *NUMBERS)
        yield f"### {markdown_text(cell_title(explanation.cell, view))}\n"
        yield markdown_row(headings)
        yield markdown_rule(">" * len(headings))
        yield from map(markdown_row, term_rows(explanation.cell, view, digits))
        yield ""
    yield f"= {sum_text(explanation.cell, digits)}\n"
    yield f"`{explanation.formula}`"


def as_plane(values: Array) -> Array:
    """Return numbers in a row as a matrix of one row."""
    return values[np.newaxis] if values.ndim == 1 else values


def cell_title(cell: Cell, view: View) -> str:
    """Return what is above the sum of a cell, in one of its views."""
    return f"output [{cell.row}, {cell.column}], {view.title}"


def term_rows(cell: Cell, view: View, digits: int | None) -> list[tuple[str, ...]]:
    """Return the rows of the table of a sum; the bias is the last of them, without a place."""
    beside = [*zip(*view.columns.values(), strict=True)]
    rows = []
    for place, term in enumerate(cell.terms):
        read = (
            beside[place] if term.place is not None else ("bias", *[""] * (len(view.columns) - 1))
        )
        numbers = (_number(one, digits) for one in (term.value, term.weight, term.product))
        rows.append((*(_beside(one, digits) for one in read), *numbers))
    return rows or [("-",) * (len(view.columns) + len(NUMBERS))]


def _beside(one: Any, digits: int | None) -> str:
    """Write what is beside a term: a word, a place or a number."""
    if isinstance(one, str):
        return one
    return str(list(one)) if isinstance(one, tuple) else _number(one, digits)


def _number(value: float, digits: int | None) -> str:
    return number_text(np.float64(value), digits)


def sum_text(cell: Cell, digits: int | None) -> str:
    """Write out a sum."""
    products = [_number(term.product, digits) for term in cell.terms]
    text = " + ".join(products).replace("+ -", "- ") or "0"
    total = _number(cell.sum, digits)
    return total if text == total else f"{text} = {total}"


def render_overlap(overlap: Overlap, format_name: str | None, digits: int | None = None) -> None:
    """Show how kernels overlap, with a verdict and its cures; or print it as JSON."""
    if format_name == "json":
        print_text(json_text(overlap.to_dict()))
        return
    show_matrix("products of each output", overlap.taps, digits, heat=True, whole="json")
    show_matrix("gain: what 1 becomes in each phase", overlap.gain, digits, heat=True, whole="json")
    print_text(verdict_of(overlap, digits))
    if cures := cure_rows(overlap, digits):
        # Commands are lines of their own, as they are to be pasted.
        print_text("\nwhat lessens it, and what that leaves of the weights' share:")
        for name, left, command in cures:
            print_text(f"\n{name}: {left}\n{command}")


def verdict_of(overlap: Overlap, digits: int | None) -> str:
    """Say whether there is a checkerboard, and how uneven its two causes are."""
    rows, columns = overlap.gain.shape
    causes = {"counts of products": overlap.counts, "weights": overlap.gain}
    parts = [f"{name} {share_text(unevenness(phases), digits)}" for name, phases in causes.items()]
    verdict = "checkerboard" if unevenness(overlap.gain) != 0 else "no checkerboard"
    repeated = f", every {rows} rows and {columns} columns" if _is_uneven(overlap) else ""
    return f"{verdict}{repeated}: {', '.join(parts)} (largest difference between phases / mean)"


def cure_rows(overlap: Overlap, digits: int | None) -> list[tuple[str, str, str]]:
    """Return a row for each cure, where there is something to lessen."""
    cures = overlap.cures if _is_uneven(overlap) else ()
    return [(cure.name, share_text(unevenness(cure.gain), digits), cure.command) for cure in cures]


def _is_uneven(overlap: Overlap) -> bool:
    return any(unevenness(phases) != 0 for phases in (overlap.counts, overlap.gain))


def share_text(share: float | None, digits: int | None) -> str:
    """Write a largest difference over a mean."""
    return "without a mean" if share is None else f"{share:.{digits or 3}g}"
