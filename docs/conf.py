"""The site: `sphinx-build -W --keep-going -n docs docs/_build` makes it, without a network."""

import importlib.metadata
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).parent))

from page_examples import DOCS, make_all, pages

project = "upsamp"
author = "The upsamp authors"
copyright = "the upsamp authors"  # noqa: A001 - Sphinx' name
release = importlib.metadata.version("upsamp")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "made", "README.md"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # of what a terminal shows
highlight_language = "none"
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# Types in signatures are for reading: those of others, and aliases, have no page here.
nitpick_ignore_regex = [(r"py:.*", r".*")]

ALIASES = {
    "ndarray[tuple[Any, ...], dtype[Any]]": "Array",
    "SupportsIndex | Sequence[SupportsIndex]": "PairLike",
    "str | Sequence[PairLike]": "PaddingLike",
}

html_theme = "furo"
html_title = "upsamp"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False


def run_pages(app: Any) -> None:
    """Run the commands of all pages, which make its pictures; warn of what differs."""
    del app
    log = logging.getLogger(__name__)
    for page, wrong in make_all(pages()).items():
        for text in wrong:
            log.warning("%s", text, location=page.relative_to(DOCS).with_suffix("").as_posix())


def mark_arguments(
    app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Set the names of arguments in bold where a docstring says what they are."""
    del app, what, name, options
    try:
        names = "|".join(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return
    if names:
        said = re.compile(rf"(?<![\w\"=`])((?:{names})(?:, (?:{names}))*): (?=\S)")
        lines[:] = [line if ">>>" in line else said.sub(r"**\1**: ", line) for line in lines]


def shorten(
    app: Any, what: str, name: str, thing: Any, options: Any, signature: str, returned: str
) -> tuple[str, str]:
    """Return a signature in which long types have the names that they have in the code."""
    del app, what, name, thing, options
    texts = []
    for text in (signature, returned):
        for spelled, alias in ALIASES.items():
            text = text and text.replace(spelled, alias)  # noqa: PLW2901
        texts.append(text)
    return texts[0], texts[1]


def setup(app: Any) -> None:
    """Connect what runs the pages, and what reads docstrings."""
    app.connect("builder-inited", run_pages)
    app.connect("autodoc-process-docstring", mark_arguments)
    app.connect("autodoc-process-signature", shorten)
