"""A worker process that does what a file is named: dies of it, hangs, or runs out of memory.

"once" in the name: the first time alone, of which a file beside it is the sign.
"""

import os
import signal
import sys
import time
from pathlib import Path

from upsamp.bulk import worker
from upsamp.errors import MemoryLimitError
from upsamp.io.atomic import replace_file
from upsamp.resizing.enlarging import Settings
from upsamp.resizing.file_to_file import Facts, enlarge_file

# For `processes.PROGRAM`.
PROGRAM = (
    f"import sys; sys.path[:0] = [sys.argv[1], {str(Path(__file__).parent)!r}]; "
    "from odd_workers import main; main()"
)


def main() -> None:
    """Work as the other one does, but for files of such names."""
    worker.enlarge_file = do  # type: ignore[attr-defined]  # what it calls, not what it offers
    worker.main()


def do(source: str, target: str, settings: Settings) -> Facts:
    """Do what the name says, in the middle of the writing."""
    name = Path(source).name
    sign = Path(f"{source}.sign")
    if "once" in name and sign.exists():
        return enlarge_file(source, target, settings)
    sign.touch()
    with replace_file(target, overwrite=False) as stream:
        stream.write(b"half")
        stream.flush()
        if "kill" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        elif "exit" in name:
            os._exit(3)
        elif "hang" in name:
            time.sleep(60)
        elif "quick" in name:
            raise MemoryError
        elif "memory" in name:
            raise MemoryLimitError("The output would be too large. Use a smaller size.")
        elif "noise" in name:
            sys.stdout.write("noise\n")
            sys.stdout.flush()
            os.write(1, b"noise\n")
        elif "bug" in name:
            raise RuntimeError(name)
    Path(target).unlink(missing_ok=True)
    return enlarge_file(source, target, settings)
