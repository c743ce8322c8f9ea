"""Dask clusters: how one is reached, or started and ended; and whether upsamp is there."""

import asyncio
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

from upsamp.bulk.dask.tasks import own_version
from upsamp.bulk.processes import uninterrupted
from upsamp.core.text import first_line
from upsamp.errors import EngineError
from upsamp.io.extras import check_extra
from upsamp.io.json_text import MAX_TEXT, read_json
from upsamp.io.streams import reason

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

__all__ = [
    "LOCAL",
    "address_of",
    "check_dask",
    "check_versions",
    "connected",
    "in_silence",
    "local_cluster",
    "wrong_version",
]

# The address that stands for a cluster of this machine, which ends with the command.
LOCAL = "local"
ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([\w.\-]+|\[[\da-fA-F:.%]+\]):(?P<port>\d{1,5})/?")
# How long a scheduler may take to answer, in seconds.
PATIENCE = 15.0
# How long a worker of a cluster of this machine may take to start, when it is to end.
LAST_START = 5.0
# How long the end of such a cluster may take: longer than a worker is given to end what it does.
LAST_END = 10.0
# How much the workers of a cluster of this machine tell.
LEVEL = "DASK_LOGGING__DISTRIBUTED"
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
    """Return the address that is written, or that stands in a scheduler's file."""
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
    """Start a cluster of so many workers on this machine, for itself alone, and end it."""
    from distributed import LocalCluster

    _check_semaphores()
    with _quiet_workers():
        try:
            with uninterrupted():  # nor do the workers hear of Ctrl-C, now or later
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                    # As with processes of our own: a task is put aside when its worker dies.
                    scheduler_kwargs={"allowed_failures": 0},
                )
        except (OSError, RuntimeError) as error:
            raise EngineError(f"Cannot start a Dask cluster here: {first_line(error)}.") from error
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
                except TimeoutError:
                    # It waits for a worker that died while it started. The end of this process
                    # ends the others, and nothing is to wait for them once more.
                    cluster.shutdown_on_close = False


def _check_semaphores() -> None:
    """Raise `EngineError` where processes cannot share a semaphore, as the workers of Dask do."""
    from multiprocessing import get_context  # which nothing else needs

    try:
        get_context("spawn").Semaphore()
    except (ImportError, OSError) as error:
        why = reason(error) if isinstance(error, OSError) else first_line(error)
        raise EngineError(
            "A Dask cluster of this machine must have semaphores, which Linux keeps in /dev/shm. "
            f"Received: {why}. Mount it, or leave --dask out: processes without Dask need none."
        ) from error


@contextmanager
def _quiet_workers() -> Iterator[None]:
    """Let worker processes that are started in the block log little, if nobody said how much."""
    if LEVEL in os.environ:
        yield
        return
    os.environ[LEVEL] = "critical"
    try:
        yield
    finally:
        del os.environ[LEVEL]


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


def check_versions(client: "Client") -> None:
    """Raise where upsamp is not everywhere what it is here; workers that come later tell it."""
    try:
        there = {"the scheduler": client.run_on_scheduler(version, "upsamp")}
    except PackageNotFoundError as error:
        raise wrong_version("the scheduler", None) from error
    workers = client.run(version, "upsamp", on_error="return")
    there |= {f"the worker {address}": found for address, found in workers.items()}
    for where, found in there.items():
        if isinstance(found, PackageNotFoundError):
            raise wrong_version(where, None)
        if isinstance(found, str) and found != own_version():  # else the worker has been lost
            raise wrong_version(where, found)


def wrong_version(where: str, found: str | None) -> EngineError:
    """Return the error for a place that has another upsamp, or None."""
    told = "no upsamp" if found is None else f"upsamp {found}"
    return EngineError(
        f"A Dask cluster must have upsamp {own_version()} on its scheduler and its workers, as it "
        f"is here. Received: {told} on {where}. Install it there."
    )
