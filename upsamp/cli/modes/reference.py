"""`--reference`: how near a result, and those of all methods, are to a larger picture."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from math import ceil
from typing import Any, TypeAlias

from upsamp.cli.output import choose_destination, deliver, read_input
from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_rows
from upsamp.cli.render.text import rows_csv
from upsamp.cli.upsample_request import Request
from upsamp.core.arguments import Array, Pair
from upsamp.core.text import json_text, printable
from upsamp.core.upsampling.methods import METHODS
from upsamp.io.pictures import Picture
from upsamp.io.read import read_source
from upsamp.resizing.enlarging import Enlarging
from upsamp.views.measuring import Measure, Reference

Named: TypeAlias = tuple[str, Picture | Array]


def measure_enlarging(request: Request) -> None:
    """Show how near the result, and that of each method, is to a larger picture."""
    name = str(request.reference)
    given, enlarging = read_input(request.source, request.reading), request.enlarging
    size, layout = enlarging.result_size(given), enlarging.layout
    border = border_of(enlarging.shape_of(given), size)
    reference = Reference(read_source(name, request.reading), border, layout)
    free = enlarging.network is None or enlarging.network.keeps
    reference.check(size, enlarging.shape_of(given) if free else None)
    destination = None
    if request.output is not None:
        destination = choose_destination(replace(request, format_name=None), given, "")
    result = enlarging.apply(given, size)
    if destination is not None:
        deliver(result, destination)
    asked = f"{enlarging.method}, linear light" if enlarging.linear else enlarging.method
    others = enlarged_by_each(given, size, enlarging)
    results = chain([(asked, result)], others)
    show_measures(reference, results, name, request.format_name, request.digits)


def enlarged_by_each(given: Picture | Array, size: Pair, enlarging: Enlarging) -> Iterator[Named]:
    """Yield what each method makes of an image or a matrix, in Keras' convention, by its name.

    What is wanted itself is left out.
    """
    for method in METHODS:
        other = Enlarging(
            enlarging.factors,
            enlarging.target,
            method,
            data_format=enlarging.data_format,
            max_pixels=enlarging.max_pixels,
        )
        if other != replace(enlarging, keep_larger=False):
            yield method, other.apply(given, size)


def border_of(shape: Pair, size: Pair) -> Pair:
    """Return the rows and columns to cut at each side: the factor, rounded up.

    >>> border_of((10, 10), (20, 25))
    (2, 3)
    """
    return ceil(size[0] / shape[0]), ceil(size[1] / shape[1])


def show_measures(
    reference: Reference,
    results: Iterable[Named],
    name: str,
    format_name: str | None,
    digits: int | None = None,
) -> None:
    """Show PSNR and SSIM of results, by their names; the first is the one that was asked for.

    name: of the reference. digits: significant ones in a table.
    """
    rows = [(named, reference.measure(result)) for named, result in results]
    planes = [measure.plane for measure in rows[0][1]]
    if format_name == "json":
        print_text(json_text(_as_json(reference, rows, name), indent=2))
    elif format_name == "csv":
        head = [f"{what}_{plane}" for plane in planes for what in ("psnr", "ssim")]
        print_text(rows_csv([["method", *head], *([row[0], *_numbers(row[1])] for row in rows)]))
    else:
        head = [f"{what} {plane}" for plane in planes for what in ("PSNR", "SSIM")]
        cells = [(named, *_cells(measures, digits)) for named, measures in rows]
        title = f"PSNR in dB and SSIM beside {printable(name)}, {_convention(reference, planes)}"
        as_table = None if format_name is None else format_name == "table"
        show_rows(title, ("Method", *head), cells, "<" + ">" * len(head), as_table=as_table)


def _convention(reference: Reference, planes: Sequence[str]) -> str:
    """Return how the numbers were found, in words."""
    rows, columns = reference.border
    border = f"{rows}" if rows == columns else f"{rows} rows and {columns} columns"
    luma = ", Y of BT.601 (16 to 235)" if "Y" in planes else ""
    alpha = ", colours weighted by alpha" if "alpha" in planes else ""
    return f"border of {border} cut, range {reference.data_range:g}{luma}{alpha}"


def _as_json(
    reference: Reference, rows: Sequence[tuple[str, list[Measure]]], name: str
) -> dict[str, Any]:
    """Return all as JSON has it; the PSNR of no difference is Infinity."""
    planes = [measure.plane for measure in rows[0][1]]
    return {
        "reference": name,
        "convention": {
            "border": list(reference.border),
            "data_range": reference.data_range,
            "luma": "BT.601, 16 to 235" if "Y" in planes else None,
            "colours_weighted_by_alpha": "alpha" in planes,
            "ssim": "Gaussian window of 11, sigma 1.5, K1 0.01, K2 0.03",
        },
        "results": [
            {
                "method": named,
                **{
                    measure.plane: {
                        "psnr": measure.psnr,
                        "ssim": measure.ssim,
                    }
                    for measure in measures
                },
            }
            for named, measures in rows
        ],
    }


def _numbers(measures: Sequence[Measure]) -> list[float | None]:
    return [number for measure in measures for number in (measure.psnr, measure.ssim)]


def _cells(measures: Sequence[Measure], digits: int | None) -> list[str]:
    decibels, similarity = (".3f", ".5f") if digits is None else (f".{digits}g",) * 2
    cells = []
    for measure in measures:
        cells.append(f"{measure.psnr:{decibels}}")
        cells.append("-" if measure.ssim is None else f"{measure.ssim:{similarity}}")
    return cells
