"""Image files read by Pillow, and but for PNG written by it; the only importer of Pillow."""

from upsamp.io.images.reading import read_picture

__all__ = ["read_picture"]
