"""Where the sources of the kernels and their library lie; the build reads this file, too.

It imports nothing but Python's own.
"""

import sysconfig
import zlib
from pathlib import Path

DIRECTORY = Path(__file__).parent
# In a directory of its own, where Python does not take it for a module.
SUFFIX = ".dll" if sysconfig.get_platform().startswith("win") else ".so"
LIBRARY = DIRECTORY / "built" / f"kernels{SUFFIX}"


def checksum() -> int:
    """Return the checksum of the C sources, which a library has of those that it was built of.

    It is of their names and lines: an end of line that git has changed makes no other version.
    """
    result = 0
    for path in sorted(DIRECTORY.glob("*.[ch]")):
        lines = path.read_bytes().replace(b"\r\n", b"\n")
        result = zlib.crc32(path.name.encode() + b"\0" + lines, result)
    return result
