"""What a file may declare before any of its pixels are read."""

from upsamp.errors import FormatError

__all__ = ["check_size", "too_many_pixels"]


def check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    """Raise `FormatError` where more pixels are declared than may be, or none."""
    if width < 1 or height < 1:
        raise FormatError(f"{name} declares no pixels, {width} x {height}. Save it again.")
    if width * height > max_pixels:
        raise too_many_pixels(name, max_pixels, f", {width:,} x {height:,}")


def too_many_pixels(name: str, max_pixels: int, size: str = "") -> FormatError:
    """Return the error for a file that declares more pixels than may be; `size` says how many."""
    return FormatError(
        f"{name} declares more than {max_pixels:,} pixels{size}, so it may be made to exhaust "
        "memory. Use --max-pixels to allow more."
    )
