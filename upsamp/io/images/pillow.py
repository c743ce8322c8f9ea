"""Letting Pillow work on what may be damaged: whatever it raises becomes one error of ours."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from upsamp.errors import FormatError, UpsampError

__all__ = ["pillow_at_work"]

# What Pillow's decoders and encoders raise on data that they cannot handle.
PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    ZeroDivisionError,
    MemoryError,
    struct.error,
    zlib.error,
)


@contextmanager
def pillow_at_work(name: str, fault: str) -> Iterator[None]:
    """Let Pillow work: without its own limit, its warnings silent, its errors become ours."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UpsampError:
        raise
    except PILLOW_ERRORS as error:
        what = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise FormatError(f"{name} {fault}: {what}.") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
