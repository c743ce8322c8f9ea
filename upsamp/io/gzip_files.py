"""Files packed by gzip: held to a bound and found whole, then unpacked as they are read."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, cast

from upsamp.core.text import first_line
from upsamp.errors import FormatError
from upsamp.io.streams import MAX_TEXT

BLOCK = 2**20


@contextmanager
def unpacked(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Yield what a stream unpacks to, as one that can be searched and takes no memory.

    stream: can be searched. What has more bytes than a text may have is refused before one of them
    is used, and so is what is cut off or damaged.
    """
    from gzip import GzipFile  # few inputs are packed

    with GzipFile(fileobj=stream, mode="rb") as packed:
        size = 0
        try:
            for block in iter(partial(packed.read, BLOCK), b""):
                size += len(block)
                if size > MAX_TEXT:
                    raise FormatError(
                        f"{name} must unpack to at most {MAX_TEXT:,} bytes. Received: more. "
                        "Unpack it if you trust it, and give .npy."
                    )
        except (EOFError, OSError, zlib.error) as error:
            raise FormatError(
                f"{name} must be a whole gzip file. Received: {first_line(error)}. Pack it again."
            ) from error
        packed.seek(0)
        yield cast("BinaryIO", packed)
