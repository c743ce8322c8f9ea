"""The colours of drawings, on light and on dark paper, told apart by people who are colour-blind.

Kinds of cells differ in brightness, or as blue from orange, which all who see colours tell apart.
"""

from typing import Literal, TypeAlias

Theme: TypeAlias = Literal["light", "dark"]
# Colours as #rrggbb, by their roles: paper and border; ink of all text but that of zeros, which is
# muted; each kind of cell; pending, of a value that is not there yet; mark, of what a step reads or
# writes; window and point, of what is drawn around and above it.
Palette: TypeAlias = dict[str, str]

PALETTES: dict[Theme, Palette] = {
    "light": {
        "paper": "#ffffff",
        "ink": "#1b1f24",
        "muted": "#505962",
        "border": "#8c959f",
        "pending": "#ffffff",
        "input": "#a8d1f5",
        "inserted": "#d6dbe1",
        "padding": "#f6f8fa",
        "kernel": "#e4d9f4",
        "output": "#b7e2ce",
        "cropped": "#eceef0",
        "mark": "#ffc94d",
        "window": "#b33c00",
        "point": "#b33c00",
    },
    "dark": {
        "paper": "#0d1117",
        "ink": "#f0f3f6",
        "muted": "#a9b3bd",
        "border": "#5b6570",
        "pending": "#0d1117",
        "input": "#14497f",
        "inserted": "#2a3038",
        "padding": "#161b22",
        "kernel": "#43306b",
        "output": "#12493a",
        "cropped": "#22272e",
        "mark": "#8f5a00",
        "window": "#ffab5c",
        "point": "#ffab5c",
    },
}


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour, 0 to 255.

    >>> channels("#ff8000")
    (255, 128, 0)
    """
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
