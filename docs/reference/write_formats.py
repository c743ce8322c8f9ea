"""Write formats.md from the records of the formats; with --check, say whether it is so."""

import sys
from collections.abc import Sequence
from pathlib import Path

from upsamp.io.formats import ANY, DEEP_MODES, FORMATS, IMAGE_FORMATS, MATRIX_FORMATS, Format
from upsamp.io.losses import TOLD_OTHERWISE
from upsamp.io.metadata.kinds import GONE, KINDS

PAGE = Path(__file__).with_name("formats.md")

HEAD = """\
# Formats

Written by `write_formats.py` from the records in `upsamp/io/formats.py`, which also decide what is
refused, and what is told as left out.

## Images that are written

All are read, too. A picture that a format has no place for is refused, and the error names the
formats that have one; metadata that it has no place for is left out, with a note.
"""
COLUMNS = ("`--format`", "suffixes", "colours of 8 bits", "deeper", "alpha", "frames", "side")
READ_ALONE = """
## Images that are read alone

Their results are written as PNG, or as `--format` says.
"""


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, (":--",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(words: tuple[str, ...]) -> str:
    """Return words, each as code."""
    return " ".join(f"`{word}`" for word in words)


def row(record: Format) -> tuple[str, ...]:
    """Return what the table says of a format."""
    modes = record.modes
    names = {"L": "grey", "RGB": "RGB", "P": "palette", "1": "1 bit", "CMYK": "CMYK"}
    held = [name for mode, name in names.items() if modes == ANY or mode in modes]
    deep = [mode for mode in DEEP_MODES if mode in modes]
    depths = {0: "no", 1: "16 bits, grey", 2: "16 bits, no alpha", 4: "16 bits"}[len(deep)]
    clear = modes == ANY or "RGBA" in modes
    return (
        code((record.name, *record.aliases)),
        code(record.suffixes),
        ", ".join(held),
        "any integer or float" if modes == ANY else depths,
        ("all or nothing" if record.name == "gif" else "yes") if clear else "no",
        "yes" if record.frames else "the first",
        f"{record.largest_side:,}" if record.largest_side else "any",
    )


def page() -> str:
    """Return the whole page."""
    told = [key for key, kind in KINDS.items() if key not in TOLD_OTHERWISE and kind.fate != GONE]
    written = [FORMATS[name] for name in IMAGE_FORMATS]
    kinds = [
        (
            code((record.name,)),
            *("yes" if kind in record.metadata else "" for kind in told),
        )
        for record in written
    ]
    alone = [record for record in FORMATS.values() if not record.suffixes]
    matrices = [(code((name,)), code(FORMATS[name].suffixes)) for name in MATRIX_FORMATS]
    parts = [
        HEAD,
        table(COLUMNS, [row(record) for record in written]),
        "## What goes with the pixels\n",
        table(("format", *(KINDS[kind].words for kind in told)), kinds),
        READ_ALONE.lstrip(),
        ", ".join(record.name.upper() for record in alone) + ".\n",
        "## Matrices\n",
        table(("`--format`", "suffix"), matrices),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
