"""Schedulers that are silent or of another release, and machines on which Dask cannot start."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import distributed
import pytest
from bulk_files import settings, write_images
from click.testing import CliRunner

from upsamp.bulk.dask import clusters, engine
from upsamp.bulk.dask.clusters import connected
from upsamp.bulk.dask.engine import DaskEngine
from upsamp.cli import main
from upsamp.errors import EngineError


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a scheduler in this process, which has no workers."""
    with distributed.LocalCluster(
        n_workers=0,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as started:
        yield str(started.scheduler_address)


def test_a_scheduler_that_is_silent_is_not_waited_for_without_end(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_silent() -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(engine, "SILENCE", 0.2)
    monkeypatch.setattr(engine, "LAST_SILENCE", 0.1)
    with DaskEngine(settings(), address, 1) as given:
        silent = SimpleNamespace(ncores=be_silent)
        monkeypatch.setattr(given._client, "scheduler", silent)
        begun = time.monotonic()
        with pytest.raises(EngineError) as caught:
            given._look_after()
    assert str(caught.value) == (
        f"The Dask scheduler at '{address}' has not answered for 0.2 seconds. Start it anew: "
        "--skip-existing goes on from there."
    )
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("found", "is_told"),
    [("2000.1.0", True), ("1999.8.0", True), ("{month}.99", False), ("None", True)],
)
def test_a_scheduler_of_another_release_is_refused_before_it_is_joined(
    address: str, monkeypatch: pytest.MonkeyPatch, found: str, is_told: bool
) -> None:
    own = version("distributed")
    found = found.format(month=own.rpartition(".")[0])

    async def tell(_address: str) -> tuple[str, str]:
        return "Scheduler", found

    monkeypatch.setattr(clusters, "_ask", tell)
    if not is_told:
        with connected(address) as client:
            assert client.status == "running"
        return
    with pytest.raises(EngineError) as caught, connected(address):
        pass
    assert str(caught.value) == (
        f"A Dask scheduler must have the release of distributed that is here, {own}. "
        f"Received: {found} at '{address}'. Install the same on both."
    )


def test_a_machine_without_semaphores_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> NoReturn:
        raise FileNotFoundError(2, "No such file or directory")

    context = multiprocessing.get_context("spawn")
    monkeypatch.setattr(type(context), "Semaphore", refuse)
    write_images(tmp_path, ["a.png"])
    done = CliRunner().invoke(main, ["upsample", str(tmp_path), "--dask", "local"])
    assert done.exit_code == 1
    assert done.stderr == (
        "Error: A Dask cluster of this machine must have processes, and semaphores, which Linux "
        "keeps in /dev/shm. Received: [Errno 2] No such file or directory. Mount it, or leave "
        "--dask out: processes without Dask need none.\n"
    )
    # Which is so.
    done = CliRunner().invoke(main, ["upsample", str(tmp_path), "--jobs", "2"])
    assert done.exit_code == 0
    assert (tmp_path / "a_2x2_nearest.png").exists()
