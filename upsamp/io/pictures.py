"""Pictures: pixels as an array, with what an image file must not lose on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to
from upsamp.errors import FormatError

__all__ = ["MAX_PIXELS", "Picture", "picture_of_matrix"]

# Images that declare more pixels than this are refused, as Pillow does by default.
MAX_PIXELS = 178_956_970


@dataclass(frozen=True)
class Picture:
    """An image, and what its file says of it.

    pixels: (H, W) or (H, W, C) as Pillow's `mode` has them. format: of the file that it was read
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
        return self.mode in ("LA", "RGBA")

    def with_pixels(self, pixels: Array) -> "Picture":
        """Give the same picture with other pixels."""
        return replace(self, pixels=pixels)


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
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    if squeezed.dtype == np.bool_:
        return Picture(squeezed.astype(np.uint8) * np.uint8(255), mode)
    low, high = float(squeezed.min()), float(squeezed.max())
    deep = channels == 1 and squeezed.dtype.kind in "iu" and squeezed.dtype.itemsize > 1
    if low >= 0 and high <= 255 and squeezed.dtype != np.uint16:
        return Picture(round_to(squeezed, np.uint8), mode)
    if deep and low >= 0 and high <= 65535:
        return Picture(squeezed.astype(np.uint16), "I;16")
    raise FormatError(
        "Pixels must be numbers from 0 to 255 (or 16-bit integers in grey). "
        f"Received: values from {low:g} to {high:g}. Scale them, or use -o FILE.npy."
    )
