"""Explanations: tables for people, Markdown for documents, JSON for programs."""

from collections.abc import Iterator

import numpy as np

from upsamp.cli.render.matrices import as_planes, number_text, show_matrix
from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_rows
from upsamp.cli.render.text import markdown_row, markdown_rule, markdown_text
from upsamp.core.arguments import Array
from upsamp.core.text import json_text
from upsamp.explain.explanation import Cell, Explanation
from upsamp.explain.overlap import Overlap, unevenness

HEADINGS = ("Input", "Value", "Weight", "Product")
SIDES = "<>>>"
CURE_HEADINGS, CURE_SIDES = ("Cure", "Leaves", "Command"), "<><"


def show_explanation(explanation: Explanation, format_name: str | None) -> None:
    """Show an explanation as tables, or in the format that is asked for."""
    if format_name == "json":
        print_text(json_text(explanation.to_dict()))
    elif format_name == "markdown":
        print_text("\n".join(_markdown(explanation)))
    else:
        for number, stage in enumerate(explanation.stages, start=1):
            show_matrix(f"{number}. {stage.name}", as_plane(stage.values))
            print_text(f"{stage.note}\n" if stage.note else "")
        show_rows(cell_title(explanation.cell), HEADINGS, term_rows(explanation.cell), SIDES)
        print_text(f"= {sum_text(explanation.cell)}\n\n{explanation.formula}")


def _markdown(explanation: Explanation) -> Iterator[str]:
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
                yield markdown_row([str(place), *map(number_text, line)])
            yield ""
    yield f"### {markdown_text(cell_title(explanation.cell))}\n"
    yield markdown_row(HEADINGS)
    yield markdown_rule(SIDES)
    yield from map(markdown_row, term_rows(explanation.cell))
    yield f"\n= {sum_text(explanation.cell)}\n"
    yield f"`{explanation.formula}`"


def as_plane(values: Array) -> Array:
    """Return numbers in a row as a matrix of one row."""
    return values[np.newaxis] if values.ndim == 1 else values


def cell_title(cell: Cell) -> str:
    """Return what stands above the sum of a cell."""
    return f"output [{cell.row}, {cell.column}]: each input that it reads, times its weight"


def term_rows(cell: Cell) -> list[tuple[str, ...]]:
    """Return the rows of the table of a sum."""
    deep = any(term.place[2] for term in cell.terms)
    return [
        (
            str(list(term.place if deep else term.place[:2])),
            *(number_text(np.float64(one)) for one in (term.value, term.weight, term.product)),
        )
        for term in cell.terms
    ]


def sum_text(cell: Cell) -> str:
    """Write out a sum, and the bias that is added."""
    products = [number_text(np.float64(term.product)) for term in cell.terms]
    text = " + ".join(products).replace("+ -", "- ") or "0"
    total = number_text(np.float64(cell.sum))
    written = total if text == total else f"{text} = {total}"
    if not cell.bias:
        return written
    whole = number_text(np.float64(cell.sum + cell.bias))
    return f"{written}; with the bias {number_text(np.float64(cell.bias))} it is {whole}"


def render_overlap(overlap: Overlap, format_name: str | None) -> None:
    """Show how kernels overlap, with a verdict and its cures; or print it as JSON."""
    if format_name == "json":
        print_text(json_text(overlap.to_dict()))
        return
    show_matrix("products of each output", overlap.taps, heat=True)
    show_matrix("gain: what 1 becomes in each phase", overlap.gain, heat=True)
    print_text(verdict_of(overlap))
    if cures := cure_rows(overlap):
        show_rows("what lessens it", CURE_HEADINGS, cures, CURE_SIDES)


def verdict_of(overlap: Overlap) -> str:
    """Say whether there is a checkerboard, and how uneven its two causes are."""
    rows, columns = overlap.gain.shape
    causes = {"counts of products": overlap.counts, "weights": overlap.gain}
    parts = [f"{name} {share_text(unevenness(phases))}" for name, phases in causes.items()]
    verdict = "checkerboard" if unevenness(overlap.gain) != 0 else "no checkerboard"
    repeated = f", every {rows} rows and {columns} columns" if _is_uneven(overlap) else ""
    return f"{verdict}{repeated}: {', '.join(parts)} (largest difference between phases / mean)"


def cure_rows(overlap: Overlap) -> list[tuple[str, ...]]:
    """Return a row for each cure, where there is something to lessen."""
    cures = overlap.cures if _is_uneven(overlap) else ()
    return [(cure.name, share_text(unevenness(cure.gain)), cure.command) for cure in cures]


def _is_uneven(overlap: Overlap) -> bool:
    return any(unevenness(phases) != 0 for phases in (overlap.counts, overlap.gain))


def share_text(share: float | None) -> str:
    """Write a largest difference over a mean."""
    return "without a mean" if share is None else f"{share:.3g}"
