"""Letting Pillow work on what may be damaged: whatever it raises becomes one error of ours."""

import logging
import lzma
import os
import re
import struct
import sys
import threading
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import SimpleNamespace
from typing import Any, BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from upsamp.core.memory import lack_of_memory
from upsamp.core.text import first_line
from upsamp.errors import FormatError, UpsampError
from upsamp.io.formats import DECODERS
from upsamp.io.picture_options import too_many_pixels

# What decoders and encoders raise on data that they cannot handle. They are written in Python and C
# for data that is sound: where it is not, any of these may come.
LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    NameError,  # a variable that is set on the usual way alone
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,  # C code that did not say what was wrong
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)

# What it notes in passing is for those who ask for it, and not for standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())
PIXELS = re.compile(r"\((\d+) pixels\)")


@contextmanager
def pillow_at_work(name: str, fault: str, max_pixels: int | None = None) -> Iterator[None]:
    """Let Pillow work: its warnings silent, its errors become ours.

    max_pixels: what Pillow may open on its own, as the image within an icon, of which the icon
    declares another size; without it there is no limit.
    """
    limit, tolerant = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    # Pillow warns above its limit, and refuses above twice that.
    half = None if max_pixels is None else max_pixels / 2
    Image.MAX_IMAGE_PIXELS = half  # type: ignore[assignment]  # a half is a limit like any other
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # whatever another library in this process has set
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UpsampError:
        raise
    except Image.DecompressionBombError as error:
        size = f", {int(found[1]):,}" if (found := PIXELS.search(str(error))) else ""
        raise too_many_pixels(name, max_pixels or 0, size) from error
    except MemoryError as error:  # which is no fault of the file
        raise lack_of_memory(name) from error
    except LIBRARY_ERRORS as error:
        raise FormatError(f"{name} {fault}: {first_line(error)}.") from error
    finally:
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = limit, tolerant


def open_image(stream: BinaryIO, formats: Iterable[str] = DECODERS) -> Image.Image:
    """Open an image of one of the formats that are read; Pillow's others are not even loaded."""
    for name in formats:
        load_format(name)
        if name in Image.OPEN:
            with suppress(UnidentifiedImageError):
                return Image.open(_kept_open(stream) if name == "FTEX" else stream, formats=(name,))
    raise UnidentifiedImageError


def _kept_open(stream: BinaryIO) -> Any:
    """Return what reads a stream and does not close it, as Pillow's reader of textures would."""
    return SimpleNamespace(read=stream.read, seek=stream.seek, tell=stream.tell, close=lambda: None)


def load_format(name: str) -> None:
    """Load what reads and writes a format; without that, Pillow would load all that it has."""
    with suppress(ImportError):  # a release of Pillow that has it not
        import_module(f"PIL.{DECODERS[name]}ImagePlugin")


class _Quiet:
    """Who wants standard error to be quiet, and where its lines went before."""

    lock = threading.Lock()
    count = 0
    before = -1


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Send nowhere what libtiff and libpng print of a damaged file by themselves.

    They have no other place for that than the standard error of the process, so other threads are
    not heard either meanwhile. What is wrong is told by the error that follows.
    """
    with _Quiet.lock:
        _Quiet.count += 1
        if _Quiet.count == 1:
            _Quiet.before = _send_errors_nowhere()
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.count -= 1
            if _Quiet.count == 0 and _Quiet.before >= 0:
                os.dup2(_Quiet.before, 2)
                os.close(_Quiet.before)


def _send_errors_nowhere() -> int:
    """Return where standard error went, or -1 where there is none."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.flush()
    before = -1
    with suppress(OSError):
        before = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    return before
