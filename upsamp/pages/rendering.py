"""A page as HTML: the template, what may run and be shown in it, and nothing from elsewhere."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import format_bytes
from upsamp.core.text import printable_lines
from upsamp.io.extras import check_extra
from upsamp.pages.content import Drawing, Page
from upsamp.views.heat_map import heat_colours

if TYPE_CHECKING:
    from jinja2 import Environment

# Of the cells of a heat map: as classes, since a style of its own is forbidden to each.
SHADES = 24
STYLE = re.compile("<style[^>]*>(.*?)</style>", re.DOTALL)


def check_pages() -> None:
    """Raise `MissingExtraError` where the library of the templates is not installed."""
    check_extra("jinja2", "A page of HTML")


def render_page(page: Page) -> str:
    """Return a page as the text of a file of HTML.

    All text is escaped, and what is no visible character is spelled out. A policy in the page
    forbids what it does not have: it loads nothing, and runs the one script that it comes with.

    >>> text = render_page(Page("<b>", "upsamp", "1", ()))
    >>> "<title>&lt;b&gt;" in text, "default-src &#39;none&#39;" in text
    (True, True)
    """
    environment = _environment()
    style, script = _source("style.css.jinja"), _source("compare.js")
    drawings = [
        part.svg for one in page.sections for part in one.parts if isinstance(part, Drawing)
    ]
    styles = [style, *(unescape(text) for svg in drawings for text in STYLE.findall(svg))]
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {' '.join(dict.fromkeys(map(_hash, styles)))}; script-src {_hash(script)}"
    )
    return environment.get_template("page.html.jinja").render(
        page=page,
        policy=policy,
        style=style,
        script=script,
        pictures_size=format_bytes(sum(image.nbytes for image in page.images)),
    )


@cache
def _environment() -> "Environment":
    """Return what knows the templates, and escapes what is put into them."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("upsamp.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters["shade"] = _shade
    environment.filters["bytes"] = format_bytes
    return environment


def _visible(value: Any) -> Any:
    """Spell out what is no visible character; what is HTML already is left as it is."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable_lines(value)
    return value


@cache
def _source(name: str) -> str:
    """Return the style or the script of all pages, which is known by its hash."""
    from markupsafe import Markup

    palette = heat_colours(np.linspace(0, 1, SHADES))
    inks = ["#000" if _is_bright(colour) else "#fff" for colour in palette]
    text = _environment().get_template(name).render(palette=palette.tolist(), inks=inks)
    return Markup(text.strip())  # noqa: S704 - a file of this package


def _is_bright(colour: Array) -> bool:
    """Tell whether black is read better than white on a colour, by WCAG 2's contrast."""
    light = colour / 255
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722)) > 0.179


def _shade(share: float) -> int:
    """Return the class of a cell that is so bright, of 0 to 1."""
    return min(SHADES - 1, int(share * SHADES))


def _hash(text: str) -> str:
    """Return text as a policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"
