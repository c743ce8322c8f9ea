"""PNG files written by the standard library and NumPy, strip by strip, by several threads."""

from upsamp.io.png.writer import write_png

__all__ = ["write_png"]
