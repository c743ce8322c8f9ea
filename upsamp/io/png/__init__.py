"""PNG files, animated too, written by NumPy and zlib, strip by strip, by several threads."""

from upsamp.io.png.writer import write_png, write_png_rows

__all__ = ["write_png", "write_png_rows"]
