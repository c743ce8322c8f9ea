"""What a file may declare before any of its pixels are read."""

from upsamp.errors import FormatError
from upsamp.io.picture_options import FRAMES_FACTOR

# Opening a frame costs as much as computing this many pixels, which counts where frames are many.
FRAME_PIXELS, FEW_FRAMES = 2**12, 1000
# Of colours and alpha.
USUAL_CHANNELS = 4


def check_size(width: int, height: int, name: str, max_pixels: int, channels: int = 1) -> None:
    """Raise `FormatError` where more pixels are declared than may be, or none.

    More channels than a pixel has in colour and alpha count as further pixels.
    """
    if width < 1 or height < 1:
        raise FormatError(f"{name} declares no pixels, {width} x {height}. Save it again.")
    if width * height * max(USUAL_CHANNELS, channels) > USUAL_CHANNELS * max_pixels:
        many = f" of {channels:,} channels" if channels > USUAL_CHANNELS else ""
        raise too_many_pixels(name, max_pixels, f", {width:,} x {height:,}{many}")


def too_many_pixels(name: str, max_pixels: int, size: str = "") -> FormatError:
    """Return the error for a file that declares more pixels than may be; `size` says how many."""
    return FormatError(
        f"{name} declares more than {max_pixels:,} pixels{size}, so it may be made to exhaust "
        "memory. Use --max-pixels to allow more."
    )


def most_frames(width: int, height: int, max_pixels: int) -> int:
    """Return how many frames of a size may be read.

    >>> most_frames(100, 100, 50_000), most_frames(1, 1, 50_000)
    (10, 1000)
    """
    total = FRAMES_FACTOR * max_pixels
    return min(total // (width * height), max(total // FRAME_PIXELS, FEW_FRAMES))


def check_total(pixels: int, name: str, max_pixels: int) -> None:
    """Raise `FormatError` where frames have more pixels together than may be."""
    if pixels > FRAMES_FACTOR * max_pixels:
        raise too_many_frames(name, max_pixels)


def too_many_frames(name: str, max_pixels: int) -> FormatError:
    """Return the error for a file whose frames have more pixels together than may be."""
    return FormatError(
        f"{name} has more than {FRAMES_FACTOR * max_pixels:,} pixels in all of its frames or "
        f"pages, {FRAMES_FACTOR} times --max-pixels, where each counts as at least "
        f"{FRAME_PIXELS:,} after the first {FEW_FRAMES:,}. "
        "Use --frame N for one of them, or --max-pixels to allow more."
    )
