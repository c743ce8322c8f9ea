"""The frames of a GIF or of an animated PNG: where each is shown, and each as a file of its own.

A decoder then reads one frame after the other as they are stored; `animation` composes them.

Sources: CompuServe, "Graphics Interchange Format, Version 89a" (1990); W3C, "Portable Network
Graphics (PNG) Specification (Third Edition)", acTL, fcTL and fdAT.
"""

import struct
import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from io import BytesIO
from typing import BinaryIO, NamedTuple

from upsamp.io.images.compressed import CUT_OFF, PIECE, exactly
from upsamp.io.png.chunks import SIGNATURE, find_chunks, write_chunk
from upsamp.io.streams import size_of

# What becomes of a frame before the next one is painted.
LEFT, CLEARED, RESTORED = 0, 1, 2
# GIF's numbers for that. Programs of old wrote the bit of 4 for 3, which all readers understand.
GIF_DISPOSALS = {2: CLEARED, 3: RESTORED, 4: RESTORED}
# How a program of old says how often a GIF is played, in the words that Pillow knows.
ANOTHER_LOOP = (b"!\xff\x0bANIMEXTS1.0\x03\x01", b"!\xff\x0bNETSCAPE2.0\x03\x01")
# The chunks of a PNG that are about its frames.
FRAME_CHUNKS = (b"IHDR", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT")
# Those besides that the pixels of all frames need.
COLOUR_CHUNKS = (b"PLTE", b"tRNS")


class SubFrame(NamedTuple):
    """What a file says of a frame.

    left, top, width, height: the part of the canvas that it covers. place: of its description in
    the stream. start: of what belongs to it. duration: in milliseconds, None where nothing is
    said. disposal: what becomes of it before the next frame. over: whether it is composed with what
    is there by its alpha, or takes its place. clear: of a GIF, the number of the transparent
    colour. shown: whether it is part of the animation.
    """

    left: int
    top: int
    width: int
    height: int
    place: int
    start: int
    duration: float | None = None
    disposal: int = LEFT
    over: bool = False
    clear: int | None = None
    shown: bool = True

    def covers(self, size: tuple[int, int]) -> bool:
        """Tell whether it covers exactly a canvas, width by height."""
        return self[:4] == (0, 0, *size)


class AnimatedGif:
    """A GIF, of one frame or more."""

    declared = 0

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.timing: dict[str, int] = {}  # Pillow reads it

    def frames(self) -> Generator[SubFrame, None, bool]:
        """Return the frames, as `gif_frames` does."""
        return gif_frames(self._stream)

    def file(self, frame: SubFrame, *, whole: bool) -> bytes:  # noqa: ARG002 - as of a PNG
        """Return a GIF of a frame alone, whose canvas it fills, with what is said before it."""
        stream = self._stream
        stream.seek(0)
        head = bytearray(exactly(stream, 13))
        struct.pack_into("<HH", head, 6, frame.width, frame.height)
        head += exactly(stream, 3 * gif_colours(head[10]))
        stream.seek(frame.start)
        head += exactly(stream, frame.place - frame.start).replace(*ANOTHER_LOOP) + bytes(4)
        description = exactly(stream, 9)
        head += description[4:] + exactly(stream, 3 * gif_colours(description[8]) + 1)
        for block in gif_blocks(stream):
            head += bytes([len(block)]) + block
        return bytes(head + b"\0;")


def gif_frames(stream: BinaryIO) -> Generator[SubFrame, None, bool]:
    """Yield each image of a GIF; raise `OSError` where it is cut.

    Returns whether the GIF has its last byte, which some programs do not write.
    """
    stream.seek(10)
    stream.seek(2 + 3 * gif_colours(_byte(stream)), 1)
    start = stream.tell()
    control = b""
    is_whole = False  # whether what was read so far ends with an image, and possibly zeros
    while (kind := stream.read(1)) != b";":
        if kind == b",":
            place = stream.tell()
            description = exactly(stream, 9)
            yield _gif_frame(description, control, place, start)
            stream.seek(place + 9 + 3 * gif_colours(description[8]) + 1)  # it may have been moved
        elif kind == b"!":
            label = _byte(stream)
        elif not kind:
            if is_whole:
                return False
            raise OSError(CUT_OFF)
        else:  # Pillow passes over what is neither
            is_whole = is_whole and kind == b"\0"
            continue
        blocks = gif_blocks(stream)
        first = next(blocks, b"")
        for _ in blocks:  # which are passed over
            pass
        is_whole = kind == b","
        if is_whole:
            start, control = stream.tell(), b""
        elif label == 0xF9:
            control = first
    return True


def _gif_frame(description: bytes, control: bytes, place: int, start: int) -> SubFrame:
    """Return what the description of an image and the control before it say."""
    left, top, width, height = struct.unpack_from("<HHHH", description)
    plain = SubFrame(left, top, width, height, place, start, over=True)
    if len(control) < 4:
        return plain
    flags, delay, clear = struct.unpack_from("<BHB", control)
    return plain._replace(
        duration=10 * delay,
        disposal=GIF_DISPOSALS.get(flags >> 2 & 7, LEFT),
        clear=clear if flags & 1 else None,
    )


def gif_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the contents of blocks, each of which begins with its length; the last has none."""
    while size := _byte(stream):
        yield exactly(stream, size)


def gif_colours(flags: int) -> int:
    """Return how many colours a table has that these flags tell of; each has 3 bytes."""
    return 2 << (flags & 7) if flags & 0x80 else 0


def _byte(stream: BinaryIO) -> int:
    return exactly(stream, 1)[0]


class Chunk(NamedTuple):
    """A chunk of a PNG, whose content is at a place of the stream."""

    stream: BinaryIO
    kind: bytes
    place: int
    length: int

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece; raise `OSError` where its checksum is wrong."""
        self.stream.seek(self.place)
        checksum, left = zlib.crc32(self.kind), self.length
        while left:
            piece = exactly(self.stream, min(PIECE, left))
            checksum = zlib.crc32(piece, checksum)
            left -= len(piece)
            yield piece
        if exactly(self.stream, 4) != checksum.to_bytes(4, "big"):
            raise OSError(f"the checksum of its chunk {self.kind.decode('latin-1')!a} is wrong")

    def content(self) -> bytes:
        """Return the content."""
        return b"".join(self.pieces())


def chunks(stream: BinaryIO, place: int = len(SIGNATURE)) -> Iterator[Chunk]:
    """Yield the chunks of a PNG from a place on; raise `OSError` where it is cut."""
    end, kind = size_of(stream), b""
    for kind, start, length in find_chunks(stream, place):
        if start + length + 4 > end:
            raise OSError(CUT_OFF)
        yield Chunk(stream, kind, start, length)
    if kind != b"IEND":
        raise OSError(CUT_OFF)


class AnimatedPng:
    """A PNG. declared: how many frames it says that it has, 0 where it is one image.

    timing: how often they are played, as metadata.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.declared = 0
        self.timing: dict[str, int] = {}
        self._header = b""
        self._colours: list[Chunk] = []
        controls = []
        for chunk in chunks(stream):
            if chunk.kind == b"IDAT":
                break
            if chunk.kind == b"IHDR":
                self._header = chunk.content()
            elif chunk.kind == b"acTL":
                controls.append(chunk.content())
            elif chunk.kind in COLOUR_CHUNKS:
                self._colours.append(chunk)
        if len(controls) == 1 and len(controls[0]) == 8:  # two of them mean nothing
            self.declared, plays = struct.unpack(">II", controls[0])
            self.timing = {"plays": plays}

    def frames(self) -> Generator[SubFrame, None, bool]:
        """Yield the image for programs that know no animations, if it is another; then the frames.

        Raises `OSError` where there are more or fewer frames than declared, or out of order.
        """
        number = count = 0
        has_image = False
        for chunk in chunks(self._stream):
            if chunk.kind == b"IDAT" and not has_image:
                has_image = True
                if not count:
                    width, height = struct.unpack_from(">II", self._header)
                    yield SubFrame(0, 0, width, height, chunk.place, chunk.place, shown=False)
            if chunk.kind in (b"fcTL", b"fdAT"):
                self._stream.seek(chunk.place)
                if int.from_bytes(exactly(self._stream, 4), "big") != number:
                    raise OSError("its frames are not in their order")
                number += 1
            if chunk.kind == b"fcTL":
                yield self._frame(chunk, whole=not has_image)
                count += 1
        if count != self.declared:
            raise OSError(f"it declares {self.declared} frames and has {count}")
        return True

    def _frame(self, chunk: Chunk, *, whole: bool) -> SubFrame:
        """Return what fcTL says; raise `OSError` where that cannot be.

        whole: whether it is about the image itself, all of which it must cover.
        """
        content = chunk.content()
        if len(content) != 26:
            raise OSError("what it says of a frame has another length")
        width, height, left, top = struct.unpack_from(">IIII", content, 4)
        delay, parts, disposal, blend = struct.unpack_from(">HHBB", content, 20)
        duration = 1000 * delay / (parts or 100)
        place = chunk.place
        frame = SubFrame(
            left, top, width, height, place, place, duration, disposal, over=blend == 1
        )
        size = struct.unpack_from(">II", self._header)
        inside = left + width <= size[0] and top + height <= size[1]
        if not inside or disposal > RESTORED or blend > 1 or (whole and not frame.covers(size)):
            raise OSError("what it says of a frame is not possible")
        return frame

    def file(self, frame: SubFrame, *, whole: bool) -> bytes:
        """Return a PNG of a frame alone. whole: with all that is said of the image, too."""
        made = BytesIO()
        made.write(SIGNATURE)
        size = struct.pack(">II", frame.width, frame.height)
        write_chunk(made, b"IHDR", size + self._header[8:])
        for chunk in self._others() if whole else self._colours:
            write_chunk(made, chunk.kind, chunk.content())
        has_pixels = False
        for chunk in chunks(self._stream, frame.place - 8):
            if chunk.kind == b"IEND" or (chunk.kind == b"fcTL" and chunk.place > frame.place):
                break
            if chunk.kind in (b"IDAT", b"fdAT"):
                has_pixels = True
                write_chunk(made, b"IDAT", chunk.content()[4 if chunk.kind == b"fdAT" else 0 :])
        if not has_pixels:
            raise OSError("a frame has no pixels")
        write_chunk(made, b"IEND", b"")
        return made.getvalue()

    def _others(self) -> list[Chunk]:
        """Return the chunks that are not about frames, as far as the file goes."""
        found: list[Chunk] = []
        with suppress(OSError):  # what is cut off is told where its frames are wanted
            found.extend(chunk for chunk in chunks(self._stream) if chunk.kind not in FRAME_CHUNKS)
        return found
