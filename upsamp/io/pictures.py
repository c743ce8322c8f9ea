"""Pictures: pixels as an array, with what an image file must not lose on the way."""

import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import islice
from typing import Any, SupportsIndex, overload

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to
from upsamp.errors import FormatError
from upsamp.io.formats import DEEP_MODES, MODES
from upsamp.io.metadata.colours import is_like_srgb

__all__ = ["Frames", "Picture"]

# For how many milliseconds a page is shown in an animation.
DURATION = 100


@dataclass(frozen=True, repr=False)
class Picture:
    """An image, and what its file says of it. Notebooks show it.

    pixels: (H, W) or (H, W, C) as `mode` has them, which is Pillow's, or one of those that Pillow
    has not: "LA;16", "RGB;16", "RGBA;16" and "CMYK;16" for 16-bit colour, ";F" in the place of
    ";16" for floats and ";16S" for signed ones; "F" may be of any float and "I" of any integer
    type. "RGB+2" has two channels more that are neither colour nor alpha, "RGBA+2" has them before
    alpha. format: of the file that it was read from. metadata: what a new file says too, by the
    kinds in `metadata/kinds.py`.
    coding: how the pixels were compressed. notes: what was lost in reading it. rest: the frames
    that follow, if it is the first of several. counted: the rows and columns of the pixels that the
    metadata is counted in; None for those that it has.
    """

    pixels: Array
    mode: str
    format: str = "png"
    palette: bytes | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    coding: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rest: "Frames | None" = None
    counted: tuple[int, int] | None = None

    @property
    def colours(self) -> str:
        """The mode without its depth and without channels that are neither colour nor alpha.

        >>> Picture(np.zeros((1, 1, 4), np.uint16), "RGB+1;16").colours
        'RGB'
        """
        return self.mode.partition(";")[0].partition("+")[0]

    @property
    def extra(self) -> int:
        """How many channels are neither colour nor alpha."""
        return int(self.mode.partition(";")[0].partition("+")[2] or 0)

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.colours in ("LA", "RGBA")

    def without_extra(self) -> "Picture":
        """Return the picture of colours and alpha alone.

        >>> Picture(np.zeros((1, 1, 3), np.uint16), "L+2;16").without_extra().mode
        'I;16'
        """
        if not self.extra:
            return self
        end = self.pixels.shape[2] - self.has_alpha
        kept = [*range(end - self.extra), *range(end, self.pixels.shape[2])]
        pixels = self.pixels[..., kept] if len(kept) > 1 else self.pixels[..., 0]
        return replace(self, pixels=pixels, mode=mode_of(pixels, cmyk=self.colours == "CMYK"))

    @property
    def frame_count(self) -> int:
        """How many frames there are, this one among them."""
        return 1 + (self.rest.count if self.rest else 0)

    def with_pixels(self, pixels: Array) -> "Picture":
        """Return the same picture with other pixels."""
        return replace(self, pixels=pixels)

    def map(self, change: "Callable[[Picture], Picture]") -> "Picture":
        """Change this frame now, and each that follows when it is asked for."""
        rest = self.rest and self.rest.map(change)
        return replace(change(replace(self, rest=None)), rest=rest)

    @property
    def frames(self) -> "Frames":
        """All frames or pages, this one alone as the first."""
        return Frames(self.frame_count, self._each_frame)

    def _each_frame(self) -> "Iterator[Picture]":
        yield replace(self, rest=None)
        if self.rest is not None:
            yield from self.rest

    def __repr__(self) -> str:
        """Return the size, the mode and the type, in a line."""
        height, width = self.pixels.shape[:2]
        frames = "1 frame" if self.frame_count == 1 else f"{self.frame_count:,} frames"
        return f"<Picture: {width}x{height} {self.mode}, {self.pixels.dtype}, {frames}>"

    def _repr_png_(self) -> bytes | None:
        """Return the pixels of this frame as PNG, by which notebooks show it.

        None of others than grey and colour of 8 or 16 bits.
        """
        if self.mode not in (*MODES, *DEEP_MODES):
            return None
        from upsamp.io.png.chunks import SIGNATURE, write_chunk  # few pictures are shown

        height, width = self.pixels.shape[:2]
        bits, channels = 8 * self.pixels.itemsize, math.prod(self.pixels.shape[2:])
        rows = self.pixels.astype(f">u{self.pixels.itemsize}").reshape(height, -1).view(np.uint8)
        head = struct.pack(">2I5B", width, height, bits, (0, 4, 2, 6)[channels - 1], 0, 0, 0)
        filtered = np.pad(rows, ((0, 0), (1, 0)))  # by none, which is before each row
        body = zlib.compress(filtered.tobytes(), 1)
        stream = BytesIO()
        stream.write(SIGNATURE)
        for kind, content in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b"")):
            write_chunk(stream, kind, content)
        return stream.getvalue()


@dataclass(frozen=True)
class Frames:
    """Frames of a file, of an animation, or pages: a sequence of pictures.

    Each is read when it is asked for, from the first one on; to go through them is fastest.

    count: how many. read: gives them in their order, again each time that it is called.

    >>> grey = Picture(np.zeros((1, 1), np.uint8), "L")
    >>> first = Picture(grey.pixels, "L", rest=Frames(2, lambda: iter((grey, grey))))
    >>> brighter = first.map(lambda picture: picture.with_pixels(picture.pixels + np.uint8(9)))
    >>> [int(frame.pixels[0, 0]) for frame in brighter.frames]
    [9, 9, 9]
    >>> len(first.frames), first.frames[-1], first.frames[1:]
    (3, <Picture: 1x1 L, uint8, 1 frame>, [<Picture: 1x1 L, uint8, 1 frame>, \
<Picture: 1x1 L, uint8, 1 frame>])
    """

    count: int
    read: "Callable[[], Iterator[Picture]]"

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> "Iterator[Picture]":
        return self.read()

    @overload
    def __getitem__(self, place: SupportsIndex) -> Picture: ...
    @overload
    def __getitem__(self, place: slice) -> list[Picture]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Picture | list[Picture]:
        """Return a frame, counted from 0, or from the end where it is negative; or some."""
        places = range(self.count)[place]
        if isinstance(places, int):
            return next(islice(self, places, None))
        found = {n: frame for n, frame in enumerate(self) if n in places}
        return [found[n] for n in places]

    def map(self, change: "Callable[[Picture], Picture]") -> "Frames":
        """Let each frame be changed when it is asked for."""
        return Frames(self.count, lambda: map(change, self.read()))


def mode_of(pixels: Array, *, cmyk: bool = False, extra: int = 0) -> str:
    """Return the mode of pixels (H, W) or (H, W, C), by their channels and their type.

    extra: how many channels are neither colour nor alpha.

    >>> mode_of(np.zeros((2, 2, 3), np.uint16)), mode_of(np.zeros((2, 2), np.float32))
    ('RGB;16', 'F')
    >>> mode_of(np.zeros((2, 2, 4), np.uint8), extra=1), mode_of(np.zeros((2, 2, 3), np.int16))
    ('RGB+1', 'RGB;16S')
    """
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    kind, bits = pixels.dtype.kind, 8 * pixels.dtype.itemsize
    if channels == 1 and pixels.dtype != np.uint8:
        return "F" if kind == "f" else "I;16" if pixels.dtype == np.uint16 else "I"
    base = "CMYK" if cmyk else MODES[channels - extra - 1]
    base += f"+{extra}" if extra else ""
    depth = {"f": "F", "i": f"{bits}S"}.get(kind, bits)
    return base if pixels.dtype == np.uint8 else f"{base};{depth}"


def check_same_size(first: Picture, frame: Picture, format_name: str) -> None:
    """Raise `FormatError` where a frame of an animation has another size than the first."""
    (height, width), wanted = frame.pixels.shape[:2], first.pixels.shape[:2]
    if (height, width) != wanted:
        raise FormatError(
            f"The frames of {format_name} must all have the size of the first, {wanted[1]} x "
            f"{wanted[0]}. Received: {width} x {height}. Use --to, -o FILE.tif, or --frame N."
        )


def shown_frames(picture: Picture) -> Frames:
    """Return all frames of an animation, this one too, unless it is but shown in their place.

    That one a PNG may have, for programs that know no animations.
    """
    if picture.rest is not None and picture.metadata.get("default_image"):
        return picture.rest
    return picture.frames


def check_light(picture: Picture) -> None:
    """Raise `FormatError` where the numbers do not stand for light as those of sRGB do."""
    if picture.mode not in (*MODES, *DEEP_MODES):
        raise FormatError(
            "Linear light is for grey and RGB of 8 or 16 bits. "
            f"Received: {picture.mode}, {picture.pixels.dtype}. Leave --linear out."
        )
    if not is_like_srgb(picture.metadata):
        raise FormatError(
            "Linear light is for colours and greys that stand for light as those of sRGB do. "
            f"Received: {_transfer_of(picture)}. Leave --linear out."
        )


def _transfer_of(picture: Picture) -> str:
    """Return how the numbers of a picture stand for light, in words."""
    if "cicp" not in picture.metadata:
        return f"a gamma of {picture.metadata['gamma']:g}"
    number = picture.metadata["cicp"][1]
    return {8: "linear light already", 16: "PQ", 18: "HLG"}.get(number, f"transfer {number}")


def duration_of(picture: Picture) -> float:
    """Return a frame's duration in milliseconds."""
    return float(picture.metadata.get("duration", DURATION))


def array_of(given: Picture | Array) -> Array:
    """Return the pixels of a picture; an array as it is."""
    return given.pixels if isinstance(given, Picture) else given


def image_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a matrix as an image, (H, W) or (H, W, C); or raise `FormatError`.

    >>> image_shape((1, 2, 3, 1)), image_shape((2, 3, 4))
    ((2, 3), (2, 3, 4))
    """
    image = shape[1:] if len(shape) == 4 and shape[0] == 1 else shape
    if len(image) > 3 or image[2:] > (4,):
        raise FormatError(
            "An image must have the shape (H, W) or (H, W, C) with 1 to 4 channels. "
            f"Received: shape {shape}. Use -o FILE.npy."
        )
    return image[:2] if image[2:] == (1,) else image


def picture_of_matrix(array: Array) -> Picture:
    """Return a matrix as a picture: values 0 to 255 as 8 bits, integers up to 65535 as 16 bits.

    array: (H, W), or (H, W, C) with 1 to 4 channels. Floats are rounded half to even; values that
    do not fit are an error, since to scale them is the user's choice.

    >>> picture_of_matrix(np.array([[0.0, 255.0]])).pixels
    array([[  0, 255]], dtype=uint8)
    """
    squeezed = array.reshape(image_shape(array.shape))
    channels = squeezed.shape[2] if squeezed.ndim == 3 else 1
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
        f"Received: values from {low:g} to {high:g}. Use --range, or -o FILE.npy."
    )
