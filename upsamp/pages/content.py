"""What is on a page, as data: sections of facts, tables, figures, drawings and code.

All text may come from files: the template escapes it.
"""

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from upsamp.core.arguments import Array


class Image(NamedTuple):
    """A picture as it is in a page.

    uri: its PNG as a data: URI. width, height: as it is shown, in pixels of the screen. nbytes: of
    the PNG. remark: how it differs from what it shows, as "reduced to 10%". squares: whether each
    of its pixels is shown as a square of several.
    """

    uri: str
    width: int
    height: int
    nbytes: int
    remark: str
    squares: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph; strong: whether it is what is to be read first, as a verdict."""

    text: str
    strong: bool = False
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Facts:
    """Names, and the value of each."""

    rows: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; the first cell of a row may be its heading.

    alignment: "<" (left) or ">" (right) for each column. shades: (rows, columns) of 0 to 1, how
    bright the cells behind the first column are. marks: what a row is: "same", "changed", "added"
    or "removed".
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    alignment: str
    note: str = ""
    row_headings: bool = False
    shades: Array | None = None
    marks: tuple[str, ...] = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Figure:
    """A picture with its caption; alternative: what it shows, for who does not see it.

    lettered: whether there are words in it, which must not become too small to be read.
    """

    image: Image
    caption: str
    alternative: str
    lettered: bool = False
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Comparison:
    """Two pictures of one thing, which are beside each other, or under a slider."""

    before: Figure
    after: Figure
    kind: ClassVar[str] = "comparison"


@dataclass(frozen=True)
class Drawing:
    """An SVG of our own making, with what it shows; its texts are escaped already."""

    svg: str
    caption: str
    kind: ClassVar[str] = "drawing"


@dataclass(frozen=True)
class Code:
    """A text that is printed as it is; folded: whether it is shown when its label is chosen."""

    label: str
    text: str
    folded: bool = True
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Gallery:
    """Figures in rows, each of one file."""

    entries: tuple["Entry", ...]
    kind: ClassVar[str] = "gallery"


class Entry(NamedTuple):
    """A file of a gallery: its name, what became of it, and pictures of it, if there are any."""

    name: str
    told: str
    before: Image | None = None
    after: Image | None = None


Part = Text | Facts | Table | Figure | Comparison | Drawing | Code | Gallery


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading; name: by which a link finds it."""

    name: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A page. command: the command line that made it. version: of upsamp."""

    title: str
    command: str
    version: str
    sections: tuple[Section, ...]
    images: tuple[Image, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find the pictures, whose number and bytes are told."""
        found = [image for section in self.sections for image in _images(section.parts)]
        object.__setattr__(self, "images", tuple(found))


def _images(parts: tuple[Part, ...]) -> list[Image]:
    found: list[Image] = []
    for part in parts:
        if isinstance(part, Figure):
            found.append(part.image)
        elif isinstance(part, Comparison):
            found += [part.before.image, part.after.image]
        elif isinstance(part, Gallery):
            found += [one for each in part.entries for one in (each.before, each.after) if one]
    return found
