"""Dask clusters: how one is reached, or started and ended; and what its workers do."""

import asyncio
import logging
import os
import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

from upsamp.bulk.processes import uninterrupted
from upsamp.bulk.worker import do_task
from upsamp.core.native.library import kernel_environment
from upsamp.core.text import first_line
from upsamp.core.threads import limit_threads
from upsamp.errors import EngineError
from upsamp.io.extras import check_extra
from upsamp.io.json_text import MAX_TEXT, read_json
from upsamp.io.remote_paths import is_remote, split_path
from upsamp.resizing.enlarging import Settings

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

# The address that stands for a cluster of this machine, which ends with the command.
LOCAL = "local"
ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([\w.\-]+|\[[\da-fA-F:.%]+\]):(?P<port>\d{1,5})/?")
# How long a scheduler may take to answer, in seconds.
PATIENCE = 15.0
# How long a worker of a cluster of this machine may take to start, when it is to end.
LAST_START = 5.0
# How long the end of a cluster of this machine may take: longer than a worker is given to end.
LAST_END = 10.0
# Its workers say nothing on their own.
QUIET = {"distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical"}
# What distributed tells of in its own words, and at length.
LOGGERS = ("distributed", "distributed.client", "distributed.comm", "tornado.application")


def check_dask() -> None:
    """Raise `MissingExtraError` where the package for that is not installed."""
    check_extra("distributed", "--dask")


@contextmanager
def connected(cluster: "str | LocalCluster") -> "Iterator[Client]":
    """Connect to a scheduler, within a bounded time.

    It is asked who it is before, as a client may wait for ever, and makes noise where it fails.
    """
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    if isinstance(cluster, str):
        asyncio.run(_check_scheduler(cluster))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(cluster, timeout=PATIENCE, set_as_default=False, name="upsamp")
    except (OSError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"Cannot join the cluster of '{cluster}': {first_line(error)}."
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=2)


async def _check_scheduler(address: str) -> None:
    """Raise where what stands at an address is no scheduler, or one that speaks another way."""
    asked = asyncio.ensure_future(_ask(address))
    done, _ = await asyncio.wait({asked}, timeout=PATIENCE)
    if not done:
        raise _no_scheduler(address, f"nothing within {PATIENCE:g} seconds")
    error = asked.exception()
    if error is not None:
        raise _no_scheduler(address, first_line(error)) from error
    kind, found = asked.result()
    if kind != "Scheduler":
        raise _no_scheduler(address, f"what it is: a {kind}")
    # Releases of one month, as 2026.8.0 and 2026.8.1, understand each other.
    own = version("distributed")
    if found.split(".")[:2] != own.split(".")[:2]:
        raise EngineError(
            f"A Dask scheduler must have the release of distributed that is here, {own}. "
            f"Received: {found} at '{address}'. Install the same on both."
        )


def _no_scheduler(address: str, received: str) -> EngineError:
    return EngineError(
        f"A Dask scheduler must answer at '{address}'. Received: {received}. Start one there, "
        "with dask scheduler, or give another address."
    )


async def _ask(address: str) -> tuple[str, str]:
    """Ask what stands at an address, and of which release of distributed it is."""
    from distributed import Security, rpc

    arguments = Security().get_connection_args("client")
    async with rpc(address, connection_args=arguments, timeout=2 * PATIENCE) as server:
        kind = str((await server.identity())["type"])
        packages = (await server.versions())["packages"] if kind == "Scheduler" else {}
        return kind, str(packages.get("distributed"))


def address_of(text: str) -> str:
    """Return the address that is written, or that is in a scheduler's file."""
    address = text
    with suppress(OSError, ValueError, LookupError, TypeError):  # what is no such file may be one
        with Path(text).open("rb") as stream:
            found: Any = read_json(stream.read(MAX_TEXT + 1), text)
        address = found["address"]
    match = ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if match is None or int(match["port"]) not in range(1, 2**16):
        raise EngineError(
            f"--dask must be the address of a Dask scheduler, as tcp://host:8786, its file, or "
            f"{LOCAL}. Received: '{text}'."
        )
    return match.string


@contextmanager
def local_cluster(jobs: int) -> "Iterator[LocalCluster]":
    """Start a cluster of this many workers on this machine, for itself alone, and end it."""
    from multiprocessing import get_context  # which nothing else needs

    import dask
    from distributed import LocalCluster

    try:
        # As workers do. It starts Python's tracker of them, which would let Ctrl-C through later.
        get_context("spawn").Semaphore()
        with uninterrupted(), dask.config.set(QUIET):  # nor do the workers hear of it
            cluster = LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                env=kernel_environment(),
                silence_logs=logging.CRITICAL,
                # As with processes of our own: a task is put aside when its worker dies.
                scheduler_kwargs={"allowed_failures": 0},
            )
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            "A Dask cluster of this machine must have processes, and semaphores, which Linux keeps "
            f"in /dev/shm. Received: {first_line(error)}. Mount it, or leave --dask out: processes "
            "without Dask need none."
        ) from error
    try:
        yield cluster
    finally:
        with uninterrupted():
            # A worker that is ended while it starts again would print how that went.
            deadline = monotonic() + LAST_START
            while len(cast("Any", cluster.scheduler).workers) < jobs and monotonic() < deadline:
                sleep(0.02)
            try:
                cluster.close(timeout=LAST_END)
            except TimeoutError:  # it waits for a worker that died while it started
                cluster.shutdown_on_close = False  # the end of this process ends the others


@contextmanager
def in_silence() -> Iterator[None]:
    """Let distributed say nothing on its own: what matters is told in one line."""
    import distributed  # noqa: F401 - which sets these levels when it is loaded

    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


# --- whether upsamp is there


@lru_cache(maxsize=1)
def own_version() -> str:
    """Return the version of upsamp that runs here."""
    return version("upsamp")


def check_versions(client: "Client") -> None:
    """Raise where upsamp is not everywhere what it is here; workers that come later tell it."""
    found = cast("Any", client).get_versions(packages=["upsamp"])
    told = {f"the worker {address}": versions for address, versions in found["workers"].items()}
    for where, versions in {"the scheduler": found["scheduler"], **told}.items():
        there = versions["packages"]["upsamp"]
        if there != own_version():
            raise wrong_version(where, there)


def wrong_version(where: str, found: str | None) -> EngineError:
    """Return the error for a place that has another upsamp, or None."""
    told = "no upsamp" if found is None else f"upsamp {found}"
    return EngineError(
        f"A Dask cluster must have upsamp {own_version()} on its scheduler and its workers, as it "
        f"is here. Received: {told} on {where}. Install it there."
    )


# --- what a worker does: a task, in one thread, after a look at where it stands


def enlarge_there(source: str, target: str, settings: Settings, wanted: str) -> dict[str, Any]:
    """Do a task, and return what is told of it, as `do_task` does.

    Where upsamp has not the wanted version here, nothing is done, and "version" is told alone.

    A worker has as many tasks at a time as it has threads, so that each has one, unless
    UPSAMP_THREADS says otherwise there.
    """
    if own_version() != wanted:
        return {"version": own_version(), "host": socket.gethostname()}
    unseen = _unseen(source, target)
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
