"""What a file may declare before any of its pixels are read."""

from upsamp.errors import FormatError

__all__ = ["check_size"]


def check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    """Raise `FormatError` where more pixels are declared than may be."""
    if width * height > max_pixels:
        raise FormatError(
            f"{name} declares more than {max_pixels:,} pixels, {width:,} x {height:,}, "
            "so it may be made to exhaust memory. Use --max-pixels to allow more."
        )
