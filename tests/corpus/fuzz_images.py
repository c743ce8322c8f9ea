"""Damage image files in many ways and read them; every one ends in a picture or an error of ours.

A process of its own, which a file may bring down without the tests. It prints what it found as
JSON: `python tests/corpus/fuzz_images.py SEED COUNT`.
"""

import json
import resource
import signal
import struct
import sys
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus.make_corpus import CorpusFile, corpus
from image_files import written

from upsamp.core.upsampling.resample import resize
from upsamp.errors import UpsampError
from upsamp.io.images import read_picture
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.views.view import view_of_picture

MAX_PIXELS = 2**16
MOST_FRAMES = 4
# So long may one file take; a whole one of the corpus takes a thousandth of a second.
SECONDS = 2.0
# What a number in a header may become: none, too many, negative, and those around a byte's end.
NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)

Generator = np.random.Generator
Mutation = Callable[[bytearray, Generator], None]


def place_in(data: bytearray, generator: Generator) -> int:
    """Return a place in a file: most often in its head, where decisions are made."""
    reach = min(len(data), 200) if generator.random() < 0.6 else len(data)
    return int(generator.integers(0, max(1, reach)))


def flip(data: bytearray, generator: Generator) -> None:
    """Change some bytes."""
    for _ in range(int(generator.integers(1, 6))):
        data[place_in(data, generator)] = int(generator.integers(0, 256))


def cut(data: bytearray, generator: Generator) -> None:
    """End the file too early."""
    del data[int(generator.integers(1, len(data) + 1)) :]


def number(data: bytearray, generator: Generator) -> None:
    """Put an extreme number over 2 or 4 bytes, in either order."""
    kind = str(generator.choice(["<I", ">I", "<H", ">H"]))
    size = struct.calcsize(kind)
    value = int(generator.choice(NUMBERS)) % 256**size
    place = min(place_in(data, generator), len(data) - size)
    if place >= 0:
        struct.pack_into(kind, data, place, value)


def move(data: bytearray, generator: Generator) -> None:
    """Copy a piece of the file to another place, over what is there or between."""
    start = place_in(data, generator)
    piece = bytes(data[start : start + int(generator.integers(1, 64))])
    place = place_in(data, generator)
    data[place : place + (len(piece) if generator.random() < 0.5 else 0)] = piece


def drop(data: bytearray, generator: Generator) -> None:
    """Leave a piece out."""
    start = place_in(data, generator)
    del data[start : start + int(generator.integers(1, 64))]


def shuffle_chunks(data: bytearray, generator: Generator) -> None:
    """Change the order of a PNG's chunks, double one or leave one out; else change some bytes."""
    if not data.startswith(b"\x89PNG"):
        flip(data, generator)
        return
    chunks = list(chunks_of(data))
    first, second = (int(index) for index in generator.integers(0, len(chunks), 2))
    kind = int(generator.integers(0, 3))
    if kind == 0:
        chunks[first], chunks[second] = chunks[second], chunks[first]
    elif kind == 1:
        chunks.insert(second, chunks[first])
    else:
        del chunks[first]
    data[8:] = b"".join(chunks)


MUTATIONS: tuple[Mutation, ...] = (flip, flip, cut, number, number, move, drop, shuffle_chunks)


def chunks_of(data: bytes | bytearray) -> Iterator[bytes]:
    """Yield the chunks of a PNG, each with its length and checksum."""
    place = 8
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        yield bytes(data[place:end])
        place = end


def with_right_checksums(data: bytearray) -> bytes:
    """Repair the checksums of a PNG, so that what was damaged in it is looked at."""
    if not data.startswith(b"\x89PNG"):
        return bytes(data)
    place = 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return bytes(data)


def damaged(file: CorpusFile, generator: Generator) -> bytes:
    """Return a file with one to three kinds of damage."""
    data = bytearray(file.data)
    for _ in range(int(generator.integers(1, 4))):
        if data:
            MUTATIONS[int(generator.integers(len(MUTATIONS)))](data, generator)
    return with_right_checksums(data) if generator.random() < 0.9 else bytes(data)


def check(data: bytes, *, expand: bool) -> str:
    """Read a file and use what is read; give "read" or "refused", or raise what should not be."""
    options = ReadOptions(expand=expand, max_pixels=MAX_PIXELS, every_frame=not expand)
    try:
        picture = read_picture(BytesIO(data), "it", options)
        for frame in islice(picture.frames, MOST_FRAMES):
            use(frame)
    except UpsampError as error:
        message = str(error)
        if not message.isprintable() or not 10 < len(message) < 400:
            raise AssertionError(f"a message that is no line of words: {message!r}") from error
        return "refused"
    return "read"


def use(picture: Picture) -> None:
    """Look at a picture, and enlarge and write it where it is small."""
    height, width = picture.pixels.shape[:2]
    if not 0 < height * width <= MAX_PIXELS:
        raise AssertionError(f"{height} x {width} pixels were read")
    view_of_picture(picture)
    if height * width < 2**10:
        values = resize(picture.pixels, (2 * height, 2 * width), "nearest")
        written(picture.with_pixels(values), "tiff")


def too_slow(_number: int, _frame: FrameType | None) -> None:
    """End what takes too long, by what nobody catches."""
    raise KeyboardInterrupt


def fuzz(seed: int, count: int) -> dict[str, Any]:
    """Damage so many files; give how they ended, and the tracebacks of what should not be."""
    generator = np.random.default_rng(seed)
    ends: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    faults: list[str] = []
    slowest = 0.0
    files = corpus()
    by_format = {
        file.format: [other for other in files if other.format == file.format] for file in files
    }
    names = sorted(by_format)
    signal.signal(signal.SIGALRM, too_slow)
    for turn in range(count):
        own = by_format[names[turn % len(names)]]
        file = own[int(generator.integers(len(own)))]
        data = damaged(file, generator)
        started = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            end = check(data, expand=bool(turn % 2))
        except (Exception, KeyboardInterrupt):  # noqa: BLE001 - each is a fault that is reported
            end = "fault"
            faults.append(f"{file.name}, {seed=} {turn=}: {traceback.format_exc(limit=-4)}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, time.perf_counter() - started)
        ends[end] += 1
        formats[f"{file.format} {end}"] += 1
    return {"ends": ends, "formats": formats, "faults": faults, "slowest": slowest}


if __name__ == "__main__":
    corpus()  # warnings of writing old formats are not those of reading
    warnings.simplefilter("error")
    fuzz(0, 20)  # loads all that is loaded
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = fuzz(int(sys.argv[1]), int(sys.argv[2]))
    found["grown"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps(found))  # noqa: T201 - it is a script
