"""A summary as a graph in the language of Graphviz."""

import re
from collections.abc import Sequence

from upsamp.core.text import printable
from upsamp.models.summary.summary import Summary, SummaryRow
from upsamp.models.summary.summary_row import format_shapes

# What begins an entity, as &lt; or &#60; are.
ENTITY = re.compile(r"&(?=#?\w+;)")


def summary_dot(summary: Summary) -> str:
    """Return the graph: a node for each layer, a cluster for each model that is expanded.

    A node has its name, class and output shape, and what other columns are shown.
    """
    parents = _parents(summary.rows)
    holders = {parent for parent in parents if parent is not None}
    lines = [
        f"digraph {_label([summary.name])} {{",
        "  compound=true;",
        '  node [shape=box, fontname="sans-serif"];',
    ]
    level = 0
    cells = summary.cells()
    for place, row in enumerate(summary.rows):
        while level > row.level:
            lines.append(f"{'  ' * level}}}")
            level -= 1
        indent = "  " * (row.level + 1)
        if place in holders:
            lines.append(f"{indent}subgraph cluster_{place} {{")
            lines.append(f"{indent}  label={_label(_words(summary, row, cells[place]))};")
            level = row.level + 1
        else:
            lines.append(f"{indent}n{place} [label={_label(_words(summary, row, cells[place]))}];")
    lines += [f"{'  ' * each}}}" for each in range(level, 0, -1)]
    lines += _edges(summary.rows, parents, holders)
    return "\n".join([*lines, "}"])


def _words(summary: Summary, row: SummaryRow, cells: Sequence[str]) -> list[str]:
    """Return the lines of a node."""
    words = [row.name, row.type, format_shapes(row.output_shapes)]
    for column, cell in zip(summary.shown_columns, cells, strict=True):
        if column.name not in ("layer", "output_shape", "connected_to") and cell != "-":
            words.append(f"{column.heading}: {cell}")
    return words


def _parents(rows: Sequence[SummaryRow]) -> list[int | None]:
    """Return the place of the model that each row is in."""
    path: list[int] = []
    parents: list[int | None] = []
    for place, row in enumerate(rows):
        path = path[: row.level]
        parents.append(path[-1] if path else None)
        path.append(place)
    return parents


def _edges(
    rows: Sequence[SummaryRow], parents: Sequence[int | None], holders: set[int]
) -> list[str]:
    places = {(parents[place], row.name): place for place, row in enumerate(rows)}
    called: dict[int, set[tuple[int, int]]] = {}
    links = [
        (places[parents[place], link.layer], place, link)
        for place, row in enumerate(rows)
        for link in row.connected_to
        if (parents[place], link.layer) in places
    ]
    for source, _, link in links:
        called.setdefault(source, set()).add((link.node, link.output))
    lines = []
    for source, target, link in links:
        options = []
        if source in holders:
            options.append(f"ltail=cluster_{source}")
        if target in holders:
            options.append(f"lhead=cluster_{target}")
        if len(called[source]) > 1:
            options.append(f'label="[{link.node}][{link.output}]"')
        ends = f"n{_end(rows, source, last=True)} -> n{_end(rows, target, last=False)}"
        listed = f" [{', '.join(options)}]" if options else ""
        lines.append(f"  {ends}{listed};")
    return lines


def _end(rows: Sequence[SummaryRow], place: int, *, last: bool) -> int:
    """Return the layer itself, or the first or last layer of all that are in a model."""
    inner = [place]
    while inner[-1] + 1 < len(rows) and rows[inner[-1] + 1].level > rows[place].level:
        inner.append(inner[-1] + 1)
    leaves = [
        one for one in inner if one + 1 == len(rows) or rows[one + 1].level <= rows[one].level
    ]
    return leaves[-1 if last else 0]


def _label(words: Sequence[str]) -> str:
    """Return text that stands for itself between quotes; Graphviz reads entities there, too."""
    quoted = (printable(word).replace("\\", "\\\\").replace('"', '\\"') for word in words)
    lines = "\\n".join(ENTITY.sub("&amp;", word) for word in quoted)
    return f'"{lines}"'
