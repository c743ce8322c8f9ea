"""Pictures: pixels as an array, with what an image file must not lose on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to
from upsamp.errors import FormatError

__all__ = ["Picture", "check_depth", "picture_of_matrix"]

# The formats that hold more than 8 bits a channel, by dtype; the others would lose them.
DEEP_FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uint16": ("png", "tiff", "ppm", "jpeg2000"),
        "int32": ("tiff",),
        "float32": ("tiff",),
    }
)
# The modes of 8 bits by their channels, and those of 16, of which Pillow has the first alone.
MODES = ("L", "LA", "RGB", "RGBA")
DEEP_MODES = ("I;16", "LA;16", "RGB;16", "RGBA;16")


@dataclass(frozen=True)
class Picture:
    """An image, and what its file says of it.

    pixels: (H, W) or (H, W, C) as `mode` has them, which is Pillow's, or "LA;16", "RGB;16" or
    "RGBA;16" for 16-bit colour. format: of the file that it was read
    from. notes: what was lost in reading it.
    """

    pixels: Array
    mode: str
    format: str = "png"
    palette: bytes | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.mode in ("LA", "LA;16", "RGBA", "RGBA;16")

    def with_pixels(self, pixels: Array) -> "Picture":
        """Give the same picture with other pixels."""
        return replace(self, pixels=pixels)


def check_depth(pixels: Array, format_name: str) -> None:
    """Raise `FormatError` where the pixels have more bits than are written in that format."""
    depth, colour = pixels.dtype.name, pixels.ndim > 2
    if depth not in DEEP_FORMATS:
        return
    # Pillow has no colour of 16 bits.
    formats = ("png",) if colour and depth == "uint16" else DEEP_FORMATS[depth]
    if format_name not in formats:
        rule = "is written with 8 bits a channel in colour" if colour else "holds 8 bits a channel"
        raise FormatError(
            f"{format_name.upper()} {rule}, and {depth} pixels would lose the rest. "
            f"Use one of {', '.join(formats)}."
        )


def picture_of_matrix(array: Array) -> Picture:
    """Give a matrix as a picture: values 0 to 255 as 8 bits, integers up to 65535 as 16 bits.

    array: (H, W), or (H, W, C) with 1 to 4 channels. Floats are rounded half to even; values that
    do not fit are an error, since to scale them is the user's choice.

    >>> picture_of_matrix(np.array([[0.0, 255.0]])).pixels
    array([[  0, 255]], dtype=uint8)
    """
    squeezed = array[0] if array.ndim == 4 and len(array) == 1 else array
    if squeezed.ndim == 3 and squeezed.shape[2] == 1:
        squeezed = squeezed[:, :, 0]
    channels = squeezed.shape[2] if squeezed.ndim == 3 else 1
    if squeezed.ndim > 3 or channels > 4:
        raise FormatError(
            "An image must have the shape (H, W) or (H, W, C) with 1 to 4 channels. "
            f"Received: shape {array.shape}. Use -o FILE.npy."
        )
    mode = MODES[channels - 1]
    if squeezed.dtype == np.bool_:
        return Picture(squeezed.astype(np.uint8) * np.uint8(255), mode)
    low, high = float(squeezed.min()), float(squeezed.max())
    deep = squeezed.dtype.kind in "iu" and squeezed.dtype.itemsize > 1
    if low >= 0 and high <= 255 and squeezed.dtype != np.uint16:
        return Picture(round_to(squeezed, np.uint8), mode)
    if deep and low >= 0 and high <= 65535:
        return Picture(squeezed.astype(np.uint16), DEEP_MODES[channels - 1])
    raise FormatError(
        "Pixels must be numbers from 0 to 255 (or 16-bit integers). "
        f"Received: values from {low:g} to {high:g}. Scale them, or use -o FILE.npy."
    )
