"""PNG files, animated too, written by NumPy and zlib, strip by strip, by several threads."""

from upsamp.io.png.writer import write_png

__all__ = ["write_png"]
