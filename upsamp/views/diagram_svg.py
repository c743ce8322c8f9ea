"""The drawing of a model to scale as SVG: one element, without script, ids or anything elsewhere.

It is built of elements, never of text, and names are made printable: what a file says stays text.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from upsamp.core.text import printable
from upsamp.models.summary.architecture import STAND_IN, Architecture, Block
from upsamp.models.summary.layer_kinds import KINDS
from upsamp.views.diagram_layout import (
    LINE,
    MARGIN,
    SLANT,
    Arrow,
    Box,
    Layout,
    PlacedFrame,
    Point,
    lay_out,
)
from upsamp.views.diagram_words import (
    SHOWN,
    TOLD,
    Row,
    cut,
    description_of,
    params_of,
    rows_of,
    told_of,
    totals_of,
)

# Pixels that a character takes at the most on average.
CHARACTER = 7.3
LEGEND_LINE = 20.0
# Colours told apart by people who see few colours, by M. Okabe and K. Ito.
STYLE = """
.upsamp-diagram { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.upsamp-diagram .paper { fill: #ffffff; }
.upsamp-diagram text { fill: #282c34; }
.upsamp-diagram .heading { font-size: 18px; font-weight: 600; }
.upsamp-diagram .name { font-weight: 600; }
.upsamp-diagram .soft { fill: #5b6270; }
.upsamp-diagram .box { stroke: #282c34; stroke-width: 1; stroke-linejoin: round; }
.upsamp-diagram .assumed, .upsamp-diagram .plain { stroke-dasharray: 4 3; }
.upsamp-diagram .top { fill-opacity: 0.65; }
.upsamp-diagram .side { fill-opacity: 0.4; }
.upsamp-diagram .link { fill: none; stroke: #5b6270; stroke-width: 1.5; }
.upsamp-diagram .head { fill: #5b6270; }
.upsamp-diagram .frame { fill: none; stroke: #7a5195; stroke-width: 1.5; }
.upsamp-diagram .input { fill: #a0a4ab; }
.upsamp-diagram .dense { fill: #e69f00; }
.upsamp-diagram .convolution { fill: #0072b2; }
.upsamp-diagram .enlarging { fill: #009e73; }
.upsamp-diagram .pooling { fill: #cc79a7; }
.upsamp-diagram .pointwise { fill: #f0e442; }
.upsamp-diagram .merge { fill: #d55e00; }
.upsamp-diagram .reshaping { fill: #56b4e9; }
.upsamp-diagram .model { fill: #b08cd0; }
.upsamp-diagram .unknown { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
.upsamp-diagram .paper, .upsamp-diagram .unknown { fill: #16181d; }
.upsamp-diagram text { fill: #e6e8ec; }
.upsamp-diagram .soft { fill: #a9b0bd; }
.upsamp-diagram .box { stroke: #e6e8ec; }
.upsamp-diagram .link { stroke: #a9b0bd; }
.upsamp-diagram .head { fill: #a9b0bd; }
.upsamp-diagram .frame { stroke: #b08cd0; }
}
"""


def diagram_svg(architecture: Architecture) -> str:
    """Return the drawing as one SVG element, which a page may hold as it is.

    Colours are for light or dark as `prefers-color-scheme` says. STYLE is the text of its one
    <style> element, the same for each model.

    >>> from upsamp.models.generator import make_generator
    >>> from upsamp.models.summary.architecture import architecture_of
    >>> text = diagram_svg(architecture_of(make_generator("dcgan")))
    >>> text.startswith("<svg "), "conv2d_transpose_2" in text
    (True, True)
    """
    rows = [rows_of(block) for block in architecture.blocks]
    heading = printable(architecture.name)[:SHOWN], totals_of(architecture)
    lines = [row for group in rows for row in group]
    longest = max(len(row.name) + len(row.text) + 4 for row in lines)
    layout = lay_out(architecture, max(longest * CHARACTER, 240))
    legend = _legend(architecture, layout)
    width = max(layout.width, 2 * MARGIN + max(map(len, heading)) * CHARACTER)
    height = layout.height + LEGEND_LINE * len(legend) + MARGIN
    svg = _root(heading, description_of(architecture), width, height)
    for frame in layout.frames:
        _draw_frame(svg, frame)
    for arrow in layout.arrows:
        _draw_arrow(svg, arrow, architecture)
    _draw_blocks(svg, architecture, layout, rows)
    _draw_legend(svg, legend, layout.height)
    return tostring(svg, encoding="unicode")


# --- elements


def _root(heading: tuple[str, str], description: str, width: float, height: float) -> Element:
    """Return the root with what is before all blocks."""
    svg = Element("svg", _numbers(width=width, height=height))
    svg.set("xmlns", "http://www.w3.org/2000/svg")
    svg.set("viewBox", f"0 0 {_number(width)} {_number(height)}")
    svg.set("class", "upsamp-diagram")
    svg.set("role", "graphics-document document")
    svg.set("aria-label", f"Architecture of {heading[0]}")
    _add(svg, "title", f"Architecture of {heading[0]}")
    _add(svg, "desc", description)
    _add(svg, "style", STYLE)
    SubElement(svg, "rect", {"class": "paper"} | _numbers(width=width, height=height))
    _write(svg, heading[0], MARGIN, 30, "heading")
    _write(svg, heading[1], MARGIN, 50, "soft")
    return svg


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _numbers(**values: float) -> dict[str, str]:
    return {name: _number(value) for name, value in values.items()}


def _add(parent: Element, tag: str, text: str, **attributes: str) -> Element:
    element = SubElement(parent, tag, attributes)
    element.text = text
    return element


def _write(parent: Element, text: str, left: float, base: float, kind: str = "") -> Element:
    element = _add(parent, "text", text, **_numbers(x=left, y=base))
    if kind:
        element.set("class", kind)
    return element


def _polygon(parent: Element, kind: str, points: Iterable[Point]) -> None:
    text = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    SubElement(parent, "polygon", {"class": kind, "points": text})


def _draw_blocks(
    svg: Element, architecture: Architecture, layout: Layout, rows: Sequence[Sequence[Row]]
) -> None:
    """Draw each block with its words, as a group that screen readers have a name for."""
    sources: dict[int, list[Block]] = defaultdict(list)
    for link in architecture.links:
        sources[link.target].append(architecture.blocks[link.source])
    for number, block in enumerate(architecture.blocks):
        group = SubElement(svg, "g", {"class": "block", "role": "graphics-symbol img"})
        told = told_of(block, sources[number])
        group.set("aria-label", told)
        _add(group, "title", told)
        _draw_box(group, block, layout.boxes[number])
        _draw_rows(group, rows[number], layout.texts[number])


def _draw_box(parent: Element, block: Block, box: Box) -> None:
    """Draw the front, and where there is depth the top and the right side."""
    state = "" if box.to_scale else " plain"
    state = " assumed" if block.assumed else state
    right, up = box.depth * SLANT[0], box.depth * SLANT[1]
    left, top, end, bottom = box.left, box.top, box.left + box.width, box.bottom
    if box.depth:
        lid = (left, top), (end, top), (end + right, top - up), (left + right, top - up)
        _polygon(parent, f"box top {block.kind}{state}", lid)
        wall = (end, top), (end, bottom), (end + right, bottom - up), (end + right, top - up)
        _polygon(parent, f"box side {block.kind}{state}", wall)
    front = _numbers(x=left, y=top, width=box.width, height=box.height)
    SubElement(parent, "rect", {"class": f"box front {block.kind}{state}"} | front)
    if block.kind == "unknown":
        text = _write(parent, "?", left + box.width / 2, top + box.height / 2 + 5)
        text.set("text-anchor", "middle")


def _draw_rows(parent: Element, rows: Sequence[Row], place: Point) -> None:
    left, top = place
    for number, row in enumerate(rows):
        base = top + LINE * number + 13
        indent = 16.0 if row.kind else 0.0
        if row.kind:
            _swatch(parent, row.kind, left, base)
        text = _write(parent, "" if row.name else row.text, left + indent, base)
        if row.name:
            _add(text, "tspan", row.name, **{"class": "name"})
            _add(text, "tspan", row.text, **{"class": "soft", "dx": "8"})


def _swatch(parent: Element, kind: str, left: float, base: float) -> None:
    place = _numbers(x=left, y=base - 9, width=10, height=10)
    SubElement(parent, "rect", {"class": f"box swatch {kind}"} | place)


def _draw_arrow(parent: Element, arrow: Arrow, architecture: Architecture) -> None:
    path = SubElement(parent, "path", {"class": "link"})
    path.set("d", "M" + " L".join(f"{_number(x)},{_number(y)}" for x, y in arrow.points))
    source, target = (architecture.blocks[number].layers for number in arrow.link)
    _add(path, "title", f"{cut(source[-1].name, TOLD)} → {cut(target[0].name, TOLD)}")
    (before, _), (x, y) = arrow.points[-2:]
    size = 4.0
    if before == x:
        _polygon(parent, "head", [(x, y), (x - size, y - 2 * size), (x + size, y - 2 * size)])
    else:
        _polygon(parent, "head", [(x, y), (x - 2 * size, y - size), (x - 2 * size, y + size)])


def _draw_frame(parent: Element, placed: PlacedFrame) -> None:
    layer = placed.frame.layer
    group = SubElement(parent, "g", {"class": "nested"})
    place = _numbers(x=placed.left, y=placed.top, width=placed.width, height=placed.height)
    SubElement(group, "rect", {"class": "frame", "rx": "6"} | place)
    text = _write(group, "", placed.text, placed.top + 17)
    _add(text, "tspan", cut(layer.name), **{"class": "name"})
    facts = ", ".join(filter(None, [cut(layer.type), params_of(layer)]))
    _add(text, "tspan", facts, **{"class": "soft", "dx": "8"})


# --- the legend


class _Key(NamedTuple):
    """A line of the legend: a kind, or a bar or a slanting line of this many pixels; and words."""

    text: str
    kind: str = ""
    bar: float = 0.0
    depth: float = 0.0


def _legend(architecture: Architecture, layout: Layout) -> list[_Key]:
    scale = layout.scale
    keys = []
    if scale.side:
        count = _round_count(scale.side)
        keys.append(_Key(f"{count:,} rows or columns", bar=count * scale.side))
    if scale.channel:
        count = _round_count(scale.channel)
        keys.append(_Key(f"{count:,} channels", depth=count * scale.channel))
    if scale.value:
        count = _round_count(scale.value)
        keys.append(_Key(f"{count:,} values of a vector", bar=count * scale.value))
    if any(block.assumed for block in architecture.blocks):
        keys.append(_Key(f"dashed: sides not known, drawn for an input of {STAND_IN} x {STAND_IN}"))
    if not all(box.to_scale for box in layout.boxes):
        keys.append(_Key("dashed, without depth: not to scale"))
    used = {layer.kind for layer in architecture.layers}
    return [*keys, *(_Key(text, kind) for kind, text in KINDS.items() if kind in used)]


def _round_count(pixels: float, most: float = 60.0) -> int:
    """Return the largest of 1, 2, 5, 10, 20... whose bar is no longer than `most`; at least 1.

    >>> _round_count(4.0), _round_count(0.25), _round_count(100.0)
    (10, 200, 1)
    """
    power = 1
    while 10 * power * pixels <= most:
        power *= 10
    return power * next((times for times in (5, 2) if times * power * pixels <= most), 1)


def _draw_legend(svg: Element, keys: Sequence[_Key], top: float) -> None:
    group = SubElement(svg, "g", {"class": "legend"})
    for number, key in enumerate(keys):
        base = top + LEGEND_LINE * number + 10
        if key.kind:
            _swatch(group, key.kind, MARGIN, base)
        elif key.bar:
            line = f"M{_number(MARGIN)},{_number(base - 4)} h{_number(key.bar)}"
            SubElement(group, "path", {"class": "link", "d": line})
        elif key.depth:
            right, up = _number(key.depth * SLANT[0]), _number(-key.depth * SLANT[1])
            line = f"M{_number(MARGIN)},{_number(base + 2)} l{right},{up}"
            SubElement(group, "path", {"class": "link", "d": line})
        _write(group, key.text, MARGIN + 70, base)
