"""What a worker of a Dask cluster does: a task, in one thread, after a look at where it stands."""

import os
import socket
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from upsamp.bulk.worker import do_task
from upsamp.core.threads import limit_threads
from upsamp.io.remote_paths import is_remote, split_path
from upsamp.resizing.enlarging import Settings

__all__ = ["enlarge_there", "own_version"]


@lru_cache(maxsize=1)
def own_version() -> str:
    """Return the version of upsamp that runs here."""
    return version("upsamp")


def enlarge_there(source: str, target: str, settings: Settings, wanted: str) -> dict[str, Any]:
    """Do a task, and return what is told of it, as `do_task` does.

    Where upsamp has not the wanted version here, nothing is done, and "version" is told alone.

    A worker has as many tasks at a time as it has threads, so that each has one, unless
    UPSAMP_THREADS says otherwise there.
    """
    if own_version() != wanted:
        return {"version": own_version(), "host": socket.gethostname()}
    unseen = _unseen(source, source if settings.dry else target)
    if unseen:
        return {"seconds": 0.0, "error": unseen}
    with limit_threads(1):
        return do_task(source, target, settings)


def _unseen(source: str, target: str) -> str:
    """Say which of the two is not to be seen from here, or nothing."""
    folder = split_path(target)[0]
    if not is_remote(source) and not os.path.exists(source):
        missing = source
    elif not is_remote(target) and not os.path.isdir(folder or os.curdir):
        missing = folder
    else:
        return ""
    return (
        f"Workers must see the same files as this machine. Received: no '{missing}' on "
        f"{socket.gethostname()}. Use a folder that they share, or a path as s3://."
    )
