"""Animations put together by the letter of their specifications, and what is to be seen of them."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from png_encoding import chunk, encode_png

Array = NDArray[Any]

# What becomes of a frame, as PNG numbers it, and how it is painted.
LEFT, CLEARED, RESTORED = 0, 1, 2
UNSAID = 8  # as a GIF may leave it
REPLACING, OVER = 0, 1


@dataclass(frozen=True)
class Part:
    """What is painted for a frame: (H, W, C) samples, or for a GIF (H, W) numbers of colours.

    clear: of a GIF, the number of the transparent colour. table: of a GIF, its own colours.
    """

    pixels: Array
    left: int = 0
    top: int = 0
    disposal: int = LEFT
    blend: int = OVER
    delay: tuple[int, int] = (1, 10)
    clear: int | None = None
    table: bytes = b""


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each chunk."""
    place = 8
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        yield kind, png[place + 8 : place + 8 + length]
        place += 12 + length


def apng_of(
    parts: Sequence[Part],
    *,
    colour_type: int = 6,
    bits: int = 8,
    canvas: tuple[int, int] | None = None,
    hidden: Array | None = None,
    plays: int = 0,
    chunks: tuple[tuple[bytes, bytes], ...] = (),
    interlaced: bool = False,
) -> bytes:
    """Return an animated PNG. canvas: height and width, if the first part has others."""

    def compressed(pixels: Array) -> bytes:
        png = encode_png(pixels, colour_type, bits, interlaced=interlaced)
        return b"".join(content for kind, content in chunks_of(png) if kind == b"IDAT")

    first = parts[0].pixels if hidden is None else hidden
    height, width = canvas or first.shape[:2]
    made = [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlaced)),
        chunk(b"acTL", struct.pack(">II", len(parts), plays)),
        *(chunk(kind, content) for kind, content in chunks),
    ]
    number = 0
    if hidden is not None:
        made.append(chunk(b"IDAT", compressed(hidden)))
    for place, part in enumerate(parts):
        rows, columns = part.pixels.shape[:2]
        where = (columns, rows, part.left, part.top)
        how = (*part.delay, part.disposal, part.blend)
        made.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, *where, *how)))
        number += 1
        body = compressed(part.pixels)
        if place == 0 and hidden is None:
            made.append(chunk(b"IDAT", body))
            continue
        for half in (body[: len(body) // 2], body[len(body) // 2 :]):
            made.append(chunk(b"fdAT", struct.pack(">I", number) + half))
            number += 1
    return b"".join([*made, chunk(b"IEND", b"")])


def gif_of(
    parts: Sequence[Part],
    screen: tuple[int, int],
    table: bytes,
    *,
    loop: int | None = 0,
    interlaced: bool = False,
) -> bytes:
    """Return a GIF. screen: height and width. table: colours, as many as a power of two."""
    size = (len(table) // 3 - 1).bit_length() - 1
    made = [b"GIF89a", struct.pack("<HHBBB", screen[1], screen[0], 0x80 | size, 0, 0), table]
    if loop is not None:
        made.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", loop, 0))
    for part in parts:
        disposal = {LEFT: 1, CLEARED: 2, RESTORED: 3, UNSAID: 0}.get(part.disposal, part.disposal)
        delay = 100 * part.delay[0] // part.delay[1]
        flags = disposal << 2 | (part.clear is not None)
        made.append(b"\x21\xf9\x04" + struct.pack("<BHBB", flags, delay, part.clear or 0, 0))
        rows, columns = part.pixels.shape
        own = 0x80 | (len(part.table) // 3 - 1).bit_length() - 1 if part.table else 0
        place = (part.left, part.top, columns, rows, own | (0x40 if interlaced else 0))
        made.append(b"," + struct.pack("<HHHHB", *place) + part.table)
        made.append(_compressed(_in_passes(part.pixels) if interlaced else part.pixels))
    return b"".join([*made, b";"])


def _in_passes(pixels: Array) -> Array:
    """Return the rows in the order in which an interlaced GIF has them."""
    rows = range(len(pixels))
    order = [*rows[::8], *rows[4::8], *rows[2::4], *rows[1::2]]
    return pixels[order]


def _compressed(numbers: Array) -> bytes:
    """Return numbers of colours by LZW without learning: codes of 9 bits, cleared in time."""
    codes: list[int] = []
    for place, number in enumerate(numbers.reshape(-1).tolist()):
        codes += [256, number] if place % 250 == 0 else [number]
    bits = sum(code << 9 * place for place, code in enumerate([*codes, 257]))
    data = bits.to_bytes(-(-9 * (len(codes) + 1) // 8), "little")
    blocks = (data[start : start + 255] for start in range(0, len(data), 255))
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def seen_of_gif(parts: Sequence[Part], screen: tuple[int, int], table: bytes) -> list[Array]:
    """Return what is seen of a GIF, by `seen`."""
    made = []
    for part in parts:
        colours = np.frombuffer(part.table or table, np.uint8).reshape(-1, 3)
        pixels = np.zeros((*part.pixels.shape, 4), np.uint8)
        for (row, column), number in np.ndenumerate(part.pixels):
            if number != part.clear:
                pixels[row, column] = *colours[number], 255
        disposal = {4: RESTORED}.get(part.disposal, part.disposal)
        made.append(Part(pixels, part.left, part.top, disposal))
    return seen(made, screen)


def seen(parts: Sequence[Part], canvas: tuple[int, int]) -> list[Array]:
    """Return what is seen of RGBA parts, pixel by pixel, in fractions."""
    full = int(np.iinfo(parts[0].pixels.dtype).max)
    shown = np.zeros((*canvas, 4), parts[0].pixels.dtype)
    frames = []
    for part in parts:
        before = shown.copy()
        for (row, column), _ in np.ndenumerate(part.pixels[..., 0]):
            y, x = row + part.top, column + part.left
            if y < canvas[0] and x < canvas[1]:
                pixel = [int(value) for value in part.pixels[row, column]]
                below = [int(value) for value in shown[y, x]]
                shown[y, x] = pixel if part.blend == REPLACING else _over(pixel, below, full)
        frames.append(shown.copy())
        rows = slice(part.top, part.top + part.pixels.shape[0])
        columns = slice(part.left, part.left + part.pixels.shape[1])
        if part.disposal in (CLEARED, RESTORED):
            shown[rows, columns] = before[rows, columns] if part.disposal == RESTORED else 0
    return frames


def _over(pixel: list[int], below: list[int], full: int) -> list[int]:
    """Return a pixel over another, by the formula of the specification."""
    alpha, under = Fraction(pixel[3], full), Fraction(below[3], full)
    if alpha == 0:
        return below
    together = alpha + under * (1 - alpha)
    colours = (
        (alpha * above + (1 - alpha) * under * lower) / together
        for above, lower in zip(pixel[:3], below[:3], strict=True)
    )
    return [int(value + Fraction(1, 2)) for value in (*colours, together * full)]


def visible(pixels: Array) -> Array:
    """Return pixels as RGBA of 8 or 16 bits, without the colours of what is clear."""
    layers = pixels.reshape(*pixels.shape[:2], -1)
    full = np.full_like(layers[..., :1], np.iinfo(pixels.dtype).max)
    alpha = layers[..., -1:] if layers.shape[2] % 2 == 0 else full
    colours = layers[..., : (layers.shape[2] - 1) // 2 * 2 + 1]
    colours = colours.repeat(3, axis=2) if colours.shape[2] == 1 else colours
    return np.where(alpha > 0, np.concatenate([colours, alpha], axis=2), 0).astype(pixels.dtype)


def of_pillow(data: bytes) -> list[Array]:
    """Return the frames that Pillow sees."""
    frames = []
    with Image.open(BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(visible(np.asarray(image.convert("RGBA"))))
    return frames
