"""An animation as SVG, moved by CSS alone: sharp at any size, in one file without any script.

A shape that some frames have is in a group that is visible for as long as these are shown. The
still picture is seen where nothing may move (`prefers-reduced-motion`, paper), and in programs that
know no animations.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

from upsamp.explain.animation import Animation
from upsamp.views.animation_layout import RADIUS, Shape, Words, plan_layout, shapes_of
from upsamp.views.palette import PALETTES, Theme

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
# The frames in which a group is visible: from the first to before the last.
Run: TypeAlias = tuple[int, int]


def animation_svg(
    animation: Animation,
    *,
    name: str = "upsamp-animation",
    seconds: float = 1.0,
    cell: int | None = None,
    theme: Theme | None = None,
) -> str:
    """Return an animation as the text of one element, svg.

    name: the class of the element, with which the names of its styles begin: each animation of a
    page needs its own. seconds: how long a step is shown. cell: its side in pixels; None for what
    fits. theme: None for light, and dark where the reader prefers that.

    It has no script, no ids, no attributes of style, and refers to nothing.
    """
    layout = plan_layout(animation, (*animation.frames, animation.still), cell)
    shapes = [set(shapes_of(frame, layout)) for frame in animation.frames]
    still = set(shapes_of(animation.still, layout))
    runs = _runs(shapes)
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": name,
            "role": "img",
            "tabindex": "0",  # so that a keyboard stops it, too
            "width": str(layout.width),
            "height": str(layout.height),
            "viewBox": f"0 0 {layout.width} {layout.height}",
        },
    )
    SubElement(root, "title").text = animation.title
    SubElement(root, "desc").text = " ".join(
        (animation.description, *animation.frames[-1].text, "Numbers are rounded to their cells.")
    )
    times = [*accumulate((frame.steps * seconds for frame in animation.frames), initial=0.0)]
    moving = {run for of_shape in runs.values() for run in of_shape} - {(0, len(shapes))}
    SubElement(root, "style").text = "\n".join(_style(name, sorted(moving), times, theme))
    SubElement(root, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    _draw_layers(root, runs, still, len(shapes))
    return tostring(root, encoding="unicode")


def _runs(frames: Sequence[Iterable[Shape]]) -> dict[Shape, list[Run]]:
    """Return in which runs of frames each shape is seen."""
    seen: dict[Shape, list[int]] = defaultdict(list)
    for place, shapes in enumerate(frames):
        for shape in shapes:
            seen[shape].append(place)
    found = {}
    for shape, places in seen.items():
        groups = groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])
        parts = [[place for _, place in group] for _, group in groups]
        found[shape] = [(part[0], part[-1] + 1) for part in parts]
    return found


def _draw_layers(
    root: Element, runs: Mapping[Shape, Sequence[Run]], still: set[Shape], count: int
) -> None:
    """Draw all shapes, the lower layers first, each in the groups in which it is seen."""
    groups: dict[tuple[int, int, str], list[Shape]] = defaultdict(list)
    for shape, of_shape in runs.items():
        always = of_shape == [(0, count)]
        if always and shape in still:
            groups[shape.layer, 0, ""].append(shape)
            continue
        for start, stop in of_shape:
            groups[shape.layer, start + 1, f"m f{start}-{stop}"].append(shape)
    for shape in still:
        if runs.get(shape) != [(0, count)]:
            groups[shape.layer, 0, "still"].append(shape)
    for key in sorted(groups):
        group = SubElement(root, "g", {"class": key[2]} if key[2] else {})
        for shape in sorted(groups[key]):
            _draw(group, shape)


def _draw(group: Element, shape: Shape) -> None:
    """Draw a shape."""
    if isinstance(shape, Words):
        place = {"x": _short(shape.left), "y": _short(shape.base), "font-size": _short(shape.size)}
        anchor = {"text-anchor": "middle"} if shape.centred else {}
        text = SubElement(group, "text", {"class": shape.role, **place, **anchor})
        text.text = shape.text
        if shape.exact:
            SubElement(text, "title").text = shape.exact
    elif shape.role == "point":
        centre = {"cx": _short(shape.left), "cy": _short(shape.top)}
        SubElement(group, "circle", {"class": shape.role, **centre, "r": str(RADIUS)})
    else:
        names = ("x", "y", "width", "height")
        sides = dict(zip(names, map(_short, shape[2:]), strict=True))
        SubElement(group, "rect", {"class": shape.role, **sides})


def _style(
    name: str, runs: Sequence[Run], times: Sequence[float], theme: Theme | None
) -> Iterator[str]:
    """Yield the rules: fonts, colours, and when each group is visible."""
    own = f".{name}"
    yield f"{own} text {{ font-family: {FONT}; }}"
    yield from _colours(own, theme or "light")
    if theme is None:
        yield "@media (prefers-color-scheme: dark) {"
        yield from _colours(own, "dark")
        yield "}"
    yield f"{own} .m {{ visibility: hidden; }}"
    yield "@media screen and (prefers-reduced-motion: no-preference) {"
    yield f"{own} .still {{ visibility: hidden; }}"
    yield f"{own} .m {{ animation: {_short(times[-1])}s step-end infinite; }}"
    for start, stop in runs:
        yield f"{own} .f{start}-{stop} {{ animation-name: {name}-{start}-{stop}; }}"
    yield "}"
    for reached in ("hover", "focus-visible"):
        yield f"{own}:{reached} * {{ animation-play-state: paused; }}"
    for start, stop in runs:
        yield f"@keyframes {name}-{start}-{stop} {{ {_keyframes(start, stop, times)} }}"


def _keyframes(start: int, stop: int, times: Sequence[float]) -> str:
    """Return from which share of the time on a group is visible, and from which on it is not."""
    steps = [(0.0, start == 0), (times[start], True), (times[stop], False)]
    shown = {f"{100 * time / times[-1]:.4f}": visible for time, visible in steps[start == 0 :]}
    shown.pop("100.0000", None)  # where all begins again
    return " ".join(
        f"{share.rstrip('0').rstrip('.')}% {{ visibility: {'visible' if seen else 'hidden'}; }}"
        for share, seen in shown.items()
    )


def _colours(own: str, theme: Theme) -> Iterator[str]:
    """Yield the rules of the colours of a theme."""
    palette = PALETTES[theme]
    for role, colour in palette.items():
        if role in ("window", "point"):
            width = 3 if role == "window" else 2
            yield f"{own} .{role} {{ fill: none; stroke: {colour}; stroke-width: {width}; }}"
        elif role in ("paper", "ink", "muted"):
            yield f"{own} .{role} {{ fill: {colour}; }}"
        elif role != "border":
            yield f"{own} .{role} {{ fill: {colour}; stroke: {palette['border']}; }}"


def _short(number: float) -> str:
    """Return a number with 2 digits after the point at most."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
