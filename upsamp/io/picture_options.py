"""How picture files are read and written: settings that can be sent to another process."""

from dataclasses import dataclass

from upsamp.errors import ArgumentError
from upsamp.io.formats import FAST_COMPRESSION

__all__ = ["MAX_PIXELS", "ReadOptions", "WriteOptions"]

# Images that declare more pixels than this are refused, as Pillow does by default.
MAX_PIXELS = 178_956_970


@dataclass(frozen=True)
class ReadOptions:
    """How an image file is read.

    expand: whether palettes, one-bit pixels and transparent colours become channels, which all but
    copying needs. max_pixels: more are refused.
    """

    expand: bool = True
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise ArgumentError(f"`max_pixels` must be at least 1. Received: {self.max_pixels}.")


@dataclass(frozen=True)
class WriteOptions:
    """How an image file is written.

    compression: of PNG, 0 stores, 1 is fast, 9 makes the smallest file.
    """

    compression: int = FAST_COMPRESSION

    def __post_init__(self) -> None:
        if not 0 <= self.compression <= 9:
            raise ArgumentError(f"`compression` must be 0 to 9. Received: {self.compression}.")
