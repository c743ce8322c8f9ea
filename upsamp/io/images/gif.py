"""GIF: no colour is invented where 256 will do, for each frame again; the rest is Pillow's choice.

Source: CompuServe, "Graphics Interchange Format, Version 89a" (1990).
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import chain, pairwise
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from upsamp.core.arguments import Array
from upsamp.io.images.frame_files import gif_colours, gif_frames
from upsamp.io.images.modes import image_of
from upsamp.io.images.pillow import pillow_at_work
from upsamp.io.palettes import (
    CLEAR,
    FEWER_COLOURS,
    HARD_EDGES,
    OPAQUE,
    Indexed,
    index_colours,
    is_partly_clear,
)
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_same_size, duration_of, shown_frames
from upsamp.io.png.animation import changed_part

FAULT = "cannot be encoded"
LEFT, CLEARED = 1, 2
TWO_COLOURS = bytes(3) + b"\xff\xff\xff"
# Colours besides the one that is clear.
MOST_COLOURS = 255


class Frame(NamedTuple):
    """What a frame is to look like, (H, W) numbers of colours or CLEAR; and for how long, in ms.

    has_alpha: whether it is of a kind that may be clear. has_edges: whether some of it is clear in
    part.
    """

    codes: Array
    duration: float
    has_alpha: bool
    has_edges: bool


class Part(NamedTuple):
    """What is painted for a frame: where, as which numbers of a palette, and what becomes of it.

    has_fewer: whether the palette has fewer colours than the frame.
    """

    rows: slice
    columns: slice
    indexed: Indexed
    disposal: int
    has_fewer: bool


def write_gif(picture: Picture, stream: BinaryIO, name: str, _: WriteOptions) -> list[str]:
    """Write a picture as GIF, or all of its frames; say what any of them lost."""
    if picture.rest is None and picture.mode in ("1", "L", "P"):
        _write_by_pillow(picture, stream, name)
        return _without_aspect(picture)
    height, width = picture.pixels.shape[:2]
    # Each frame has its own colours; without these two, OpenCV would clear nothing.
    head = struct.pack("<HHBBB", width, height, 0xF0, 0, _aspect(picture))
    stream.write(b"GIF89a" + head + TWO_COLOURS)
    plays = picture.metadata.get("plays", 0)
    if picture.rest is not None and plays != 1:
        # It says how often the frames are repeated; 0 is for ever.
        again = min(plays and plays - 1, 65535)
        stream.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", again, 0))
    if picture.metadata.get("comment"):
        stream.write(b"\x21\xfe" + _blocks(picture.metadata["comment"]))
    time, shown, losses = 0.0, 0, dict[str, bool]()
    for frame, part in _parts(_frames(picture, name)):
        losses |= {FEWER_COLOURS: True} if part.has_fewer else {}
        losses |= {HARD_EDGES: True} if frame.has_edges else {}
        time += frame.duration
        delay = round(time / 10) - shown  # in hundredths of a second, whose errors do not add up
        shown += delay
        with pillow_at_work(name, FAULT):
            data = _encoded(part, min(delay, 65535))
        stream.write(data)
    stream.write(b";")
    return [*losses, *_without_aspect(picture)]


def _write_by_pillow(picture: Picture, stream: BinaryIO, name: str) -> None:
    kept = {
        key: picture.metadata[key] for key in ("transparency", "comment") if key in picture.metadata
    }
    buffer = BytesIO()
    with pillow_at_work(name, FAULT):
        image_of(picture).save(buffer, "gif", **kept)
    if _aspect(picture):  # of which the version before, 87a, did not know
        buffer.getbuffer()[3:6], buffer.getbuffer()[12] = b"89a", _aspect(picture)
    stream.write(buffer.getbuffer())


def _aspect(picture: Picture) -> int:
    """Return how wide pixels are for their height, as a GIF says it: from 1/4 to 4; or 0.

    >>> _aspect(Picture(np.zeros((1, 1), np.uint8), "L", metadata={"aspect": (2, 1)}))
    113
    """
    if "aspect" not in picture.metadata:
        return 0
    across, down = map(float, picture.metadata["aspect"])
    number = round(64 * across / down) - 15
    return number if 0 < number < 256 else 0


def _without_aspect(picture: Picture) -> list[str]:
    lost = "aspect" in picture.metadata and not _aspect(picture)
    return ["GIF holds no such aspect of the pixels, so that is left out"] if lost else []


def _frames(picture: Picture, name: str) -> Iterator[Frame]:
    """Yield what each frame looks like; what is more clear than not is clear altogether."""
    for frame in shown_frames(picture).read():
        check_same_size(picture, frame, "GIF")
        with pillow_at_work(name, FAULT):
            image = image_of(frame)
            has_alpha = frame.has_alpha or "transparency" in frame.metadata
            if "transparency" in frame.metadata:
                image.info["transparency"] = frame.metadata["transparency"]
            colours = np.asarray(image.convert("RGBA")).astype(np.int32)
        codes = colours[..., 0] << 16 | colours[..., 1] << 8 | colours[..., 2]
        codes[colours[..., 3] < OPAQUE] = CLEAR
        yield Frame(codes, duration_of(frame), has_alpha, is_partly_clear(colours))


def _parts(frames: Iterator[Frame]) -> Iterator[tuple[Frame, Part]]:
    """Yield what is to be painted for each frame, having looked at the one after it."""
    canvas: Array | None = None  # as the frame before has left it; at first all is clear
    for frame, following in pairwise(chain(frames, [None])):
        if frame is None:  # of pairs, the first is always one
            return
        codes = frame.codes
        vanishing = following is not None and bool(
            ((codes != CLEAR) & (following.codes == CLEAR)).any()
        )
        # What is to vanish afterwards must have been painted by this very frame.
        whole = canvas is None or vanishing
        rows, columns = changed_part(None if whole else canvas, codes)
        part = codes[rows, columns]
        indexed = index_colours(part)
        if indexed is None and canvas is not None and not whole:
            # Where nothing changes, nothing has to be painted.
            indexed = index_colours(np.where(part == canvas[rows, columns], CLEAR, part))
        if frame.has_alpha:
            indexed = _with_clear(indexed)
        has_fewer = indexed is None or (vanishing and indexed.clear is None)
        if indexed is None or has_fewer:
            indexed = _quantised(part, has_clear=frame.has_alpha)
        yield frame, Part(rows, columns, indexed, CLEARED if vanishing else LEFT, has_fewer)
        canvas = None if vanishing else codes


def _with_clear(indexed: Indexed | None) -> Indexed | None:
    """Declare a transparent colour, if there is room for one.

    Where a frame has none, some readers clear nothing after it; Pillow reads no alpha if the first
    has none, and OpenCV if the last has none.
    """
    if indexed is None or indexed.clear is not None or indexed.indices.max() == MOST_COLOURS:
        return indexed
    return indexed._replace(clear=MOST_COLOURS)


def _quantised(codes: Array, *, has_clear: bool) -> Indexed:
    """Choose 255 colours for a part that has more. has_clear: whether one more is clear."""
    colours = np.stack([codes >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    image = Image.fromarray(colours).quantize(MOST_COLOURS, Image.Quantize.MEDIANCUT)
    palette = bytes(image.getpalette() or ()).ljust(768, b"\0")[:768]
    clear = codes == CLEAR
    indices = np.where(clear, MOST_COLOURS, np.asarray(image)).astype(np.uint8)
    return Indexed(indices, palette, MOST_COLOURS if has_clear else None)


def _encoded(part: Part, delay: int) -> bytes:
    """Return a frame as the file has it: how it is shown, where, its palette, its pixels."""
    rows, columns, indexed, disposal, _ = part
    clear = indexed.clear
    flags = disposal << 2 | (clear is not None)
    control = struct.pack("<BHBB", flags, delay, clear or 0, 0)
    height, width = indexed.indices.shape
    place = struct.pack("<HHHHB", columns.start, rows.start, width, height, 0x87)
    return b"\x21\xf9\x04" + control + b"," + place + indexed.palette + _compressed(indexed.indices)


def _compressed(indices: Array) -> bytes:
    """Return the pixels by LZW: Pillow writes a grey GIF, of which they are taken."""
    stream = BytesIO()
    Image.fromarray(indices).save(stream, "gif", optimize=False, interlace=0)
    frame = next(gif_frames(stream))
    data = stream.getvalue()
    return data[frame.place + 9 + 3 * gif_colours(data[frame.place + 8]) : -1]


def _blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
