"""The engine of a Dask cluster with workers in this process: paths, bounds, what it is told."""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import distributed
import pytest
from bulk_files import contents, enlarged_alone, settings, write_images
from click.testing import CliRunner, Result
from distributed.comm.core import CommClosedError
from effort import in_one_test
from fsspec.implementations.memory import MemoryFileSystem

from upsamp.bulk.dask import clusters, engine
from upsamp.bulk.dask.clusters import (
    address_of,
    check_dask,
    check_versions,
    connected,
    enlarge_there,
    own_version,
)
from upsamp.bulk.dask.engine import DaskEngine
from upsamp.bulk.tasks import Outcome, Task
from upsamp.cli import main
from upsamp.core.threads import VARIABLE, limit_threads, thread_count
from upsamp.errors import EngineError, MissingExtraError
from upsamp.io import extras

OPTIONS = ("--interp", "bicubic", "--name", "{stem}{suffix}")


def upsample(*words: object) -> Result:
    return CliRunner().invoke(
        main, ["upsample", *map(str, words)], catch_exceptions=False, prog_name="upsamp"
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    """Return a cluster of one worker with two threads, in this process."""
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as started:
        yield started


@pytest.fixture
def address(cluster: distributed.LocalCluster) -> str:
    return str(cluster.scheduler_address)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, bytes]:
    """Write images to "in", and give what becomes of each."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "in", [f"{number:02}.png" for number in range(12)])
    return enlarged_alone(tmp_path / "in", tmp_path / "alone", settings())


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    """Return the storage of memory:// paths, empty."""
    files = MemoryFileSystem()
    files.store.clear()
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def outcomes_of(given: DaskEngine, wanted: list[Task]) -> list[Outcome]:
    outcomes = []
    for task in wanted:
        while not given.has_room():
            outcomes += given.collect()
        given.submit(task)
    while more := given.collect():
        outcomes += more
    return outcomes


def tasks_in(place: Path) -> list[Task]:
    (place / "out").mkdir()
    names = sorted(path.name for path in (place / "in").iterdir())
    return [
        Task(number, f"in/{name}", f"out/{name}")  # as seen from here, not from the worker
        for number, name in enumerate(names, 1)
    ]


# --- what is done


def test_a_run_gives_the_bytes_of_one_without_dask(
    images: Mapping[str, bytes], address: str, tmp_path: Path
) -> None:
    (tmp_path / "in" / "damaged.png").write_bytes(b"\x89PNG nothing")
    result = upsample("in", *OPTIONS, "--out-dir", "out", "--dask", address, "--report", "r.json")
    assert result.exit_code == 1
    told, error = result.stderr.splitlines()
    assert told.startswith("in/damaged.png: is no image that can be read: its content is of no ")
    assert error == "Error: 1 of 13 files could not be enlarged."
    assert contents(tmp_path / "out") == images
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["totals"]["written"] == 12
    assert "stopped" not in report["totals"]


def test_few_tasks_are_in_the_cluster_at_a_time(
    images: Mapping[str, bytes], address: str, tmp_path: Path
) -> None:
    most = 0
    with DaskEngine(settings(), address, 3) as given:
        outcomes = []
        for task in tasks_in(tmp_path):
            while not given.has_room():
                outcomes += given.collect()
            given.submit(task)
            most = max(most, len(given._flying))
        while more := given.collect():
            outcomes += more
    assert most == 3
    assert sorted(outcome.task.number for outcome in outcomes) == [*range(1, 13)]
    assert contents(tmp_path / "out") == images


def test_a_task_that_another_cancels_is_done_again_and_what_comes_twice_counts_once(
    images: Mapping[str, bytes], address: str, tmp_path: Path
) -> None:
    wanted = tasks_in(tmp_path)
    with DaskEngine(settings(), address, None) as given:
        given.submit(wanted[0])
        given._flying[1][1].cancel()
        given.submit(wanted[1])
        twice = given._answers
        first = twice.get(timeout=10)
        for _ in range(3):
            twice.put(first)
        outcomes = outcomes_of(given, wanted[2:])
    assert sorted(outcome.task.number for outcome in outcomes) == [*range(1, 13)]
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert contents(tmp_path / "out") == images


@pytest.mark.parametrize(
    ("losses", "status", "error"),
    [
        (1, "written", ""),
        (
            2,
            "failed",
            "Its worker had an error that is none of ours, CommClosedError: reset by peer.",
        ),
    ],
)
def test_a_task_whose_connection_is_lost_is_done_again_once(
    losses: int,
    status: str,
    error: str,
    images: Mapping[str, bytes],
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wait = engine._wait
    lost = iter(range(losses))

    async def lose(future: "distributed.Future[object]") -> object:
        found = await wait(future)
        return found if next(lost, None) is None else CommClosedError("reset by peer")

    monkeypatch.setattr(engine, "_wait", lose)
    with DaskEngine(settings(), address, None) as given:
        given.submit(tasks_in(tmp_path)[0])
        (outcome,) = given.collect()
    assert (outcome.status, outcome.error) == (status, error)
    assert len(images) == 12


def test_where_the_scheduler_has_gone_a_lost_connection_is_no_fault_of_the_file(
    images: Mapping[str, bytes], address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(_future: "distributed.Future[object]") -> object:
        return CommClosedError("reset by peer")

    async def be_gone() -> None:
        raise CommClosedError("reset by peer")

    monkeypatch.setattr(engine, "_wait", lose)
    with DaskEngine(settings(), address, None) as given:
        given._look_after()
        monkeypatch.setattr(given._client, "scheduler", SimpleNamespace(ncores=be_gone))
        given.submit(tasks_in(tmp_path)[0])
        with pytest.raises(EngineError, match=r"^The Dask scheduler at '.+' has gone\. Start it"):
            given.collect()
    assert len(images) == 12


def test_a_result_that_its_own_task_left_is_no_obstacle_and_any_other_is(
    images: Mapping[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    source, target = str(tmp_path / "in" / "00.png"), tmp_path / "out" / "00.png"
    first = enlarge_there(source, str(target), settings(), own_version())
    again = enlarge_there(source, str(target), settings(), own_version())
    assert {**first, "seconds": 0} == {**again, "seconds": 0}
    assert first["after"] == (10, 14, 3)
    target.write_bytes(b"of another")
    told = enlarge_there(source, str(target), settings(), own_version())
    assert "exists already" in told["error"]
    assert target.read_bytes() == b"of another"
    assert len(images) == 12


@pytest.mark.parametrize("missing", ["in", "out"])
def test_a_worker_that_does_not_see_the_files_says_so(missing: str, tmp_path: Path) -> None:
    write_images(tmp_path / "in", ["a.png"])
    (tmp_path / "out").mkdir()
    (tmp_path / missing).rename(tmp_path / "elsewhere")
    told = enlarge_there(
        str(tmp_path / "in" / "a.png"), str(tmp_path / "out" / "a.png"), settings(), own_version()
    )
    assert told["error"].startswith("Workers must see the same files as this machine. Received: no")
    assert f"{tmp_path / missing}" in told["error"]


def test_a_thread_of_a_worker_takes_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    before = thread_count()
    with limit_threads(1):
        assert thread_count() == 1
        others: list[int] = []
        thread = threading.Thread(target=lambda: others.append(thread_count()))
        thread.start()
        thread.join()
        monkeypatch.setenv(VARIABLE, "3")
        assert thread_count() == 3
        monkeypatch.delenv(VARIABLE)
    assert others == [before]
    assert thread_count() == before


def test_an_error_of_another_kind_is_one_line(
    images: Mapping[str, bytes], address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(clusters, "do_task", fail)
    with DaskEngine(settings(), address, None) as given:
        outcomes = outcomes_of(given, tasks_in(tmp_path)[:1])
    assert [outcome.error for outcome in outcomes] == [
        "Its worker had an error that is none of ours, RuntimeError: first."
    ]
    assert len(images) == 12


# --- remote paths


def test_a_run_from_memory_to_memory(
    images: Mapping[str, bytes], address: str, memory: MemoryFileSystem, tmp_path: Path
) -> None:
    for path in (tmp_path / "in").iterdir():
        folder = "below/" if path.stem < "06" else ""
        memory.pipe_file(f"/photos/{folder}{path.name}", path.read_bytes())
    words = ("memory://photos", "-r", *OPTIONS, "--out-dir", "memory://large", "--dask", address)
    result = upsample(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    found = {name: memory.cat_file(name) for name in memory.find("/large")}
    assert {Path(name).name: data for name, data in found.items()} == images
    assert {name for name in found if "/below/" in name} == {
        f"/large/below/{name}" for name in images if name < "06"
    }
    again = upsample(*words)
    assert again.exit_code == 1
    assert "No result may exist already. Received: 12 of 12, as 'memory://large/" in again.stderr
    memory.rm_file("/large/07.png")
    more = upsample(*words, "--skip-existing")
    assert more.exit_code == 0
    assert "enlarged: 1\nskipped: 11\n" in more.stdout
    assert {name: memory.cat_file(name) for name in memory.find("/large")} == found


@pytest.mark.parametrize("where", ["in", "out"])
def test_one_side_may_be_local(
    images: Mapping[str, bytes], address: str, memory: MemoryFileSystem, tmp_path: Path, where: str
) -> None:
    for path in (tmp_path / "in").iterdir():
        memory.pipe_file(f"/in/{path.name}", path.read_bytes())
    source, target = ("memory://in/*.png", "out") if where == "in" else ("in", "memory://out")
    result = upsample(source, *OPTIONS, "--out-dir", target, "--dask", address)
    assert (result.exit_code, result.stderr) == (0, "")
    if where == "in":
        assert contents(tmp_path / "out") == images
    else:
        assert {path[5:]: memory.cat_file(path) for path in memory.find("/out")} == images


# --- no cluster, or none that will do


@in_one_test(
    "text", ["", "nonsense", "foo://host:1", "tcp://host", "tcp://host:0", "host:99999", "a b:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(EngineError, match=r"^--dask must be the address of a Dask scheduler, as "):
        address_of(text)


@in_one_test("text", ["tcp://host:8786", "127.0.0.1:8786", "tls://[::1]:8786", "h:1/"])
def test_an_address_is_taken_as_it_is_or_from_a_file(text: str, tmp_path: Path) -> None:
    assert address_of(text) == text
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": text}), encoding="utf-8")
    assert address_of(str(file)) == text
    deep = "[" * 100_000
    for content in ("{}", '{"address": 3}', "[1]", "no", '{"address": "no"}', deep, "9" * 5000):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(EngineError, match=r"its file, or local\. Received: '"):
            address_of(str(file))


def test_where_nobody_answers_one_line_says_so_soon(
    images: Mapping[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    result = upsample("in", "--out-dir", "out", "--dask", "tcp://127.0.0.1:1", "--report", "r.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: A Dask scheduler must answer at 'tcp://127.0.0.1:1'. Received: nothing within 0.5 "
        "seconds. Start one there, with dask scheduler, or give another address.\n"
    )
    assert not (tmp_path / "r.json").exists()
    assert len(images) == 12


def test_what_answers_must_be_a_scheduler(cluster: distributed.LocalCluster) -> None:
    worker = cluster.workers[0]
    with (
        pytest.raises(EngineError, match=r"Received: what it is: a Worker\. Start one there"),
        connected(str(worker.address)),
    ):
        pass


def test_the_end_of_a_cluster_of_this_machine_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A real one would leave its workers' variables in this process.
    cluster = MagicMock(**{"scheduler.workers": ["one"], "close.side_effect": TimeoutError})
    monkeypatch.setattr(distributed, "LocalCluster", lambda **_: cluster)
    with clusters.local_cluster(1):
        pass
    cluster.close.assert_called_once_with(timeout=clusters.LAST_END)
    assert cluster.shutdown_on_close is False


def test_a_cluster_without_workers_is_not_waited_for_without_end(
    images: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WITHOUT_WORKERS", 1.0)
    with distributed.LocalCluster(
        n_workers=0,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as empty:
        where = empty.scheduler_address
        result = upsample("in", "--out-dir", "out", "--dask", where, "--report", "report.json")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: A Dask cluster must have workers. Received: none at '{where}' for 1 seconds. "
        f"Start one there: dask worker {where}\n"
    )
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["files"] == []
    assert len(images) == 12


def test_the_version_must_be_the_same_everywhere(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_images(tmp_path / "in", ["a.png"])
    rule = "^A Dask cluster must have upsamp {} on its scheduler and its workers.* Received: upsamp"
    with monkeypatch.context() as patch:
        patch.setattr(clusters, "own_version", lambda: "9.9")
        with (
            connected(address) as client,
            pytest.raises(EngineError, match=rf"{rule.format(9.9)} .* on the scheduler\."),
        ):
            check_versions(client)
    # A worker that comes later tells it.
    monkeypatch.setattr(engine, "check_versions", lambda _client: None)
    monkeypatch.setattr(engine, "own_version", lambda: "9.9")
    with (
        DaskEngine(settings(), address, None) as given,
        pytest.raises(EngineError, match=rf"{rule.format(own_version())} .* on a worker on "),
    ):
        outcomes_of(given, [Task(1, str(tmp_path / "in" / "a.png"), str(tmp_path / "a.png"))])


@pytest.mark.parametrize(
    ("package", "words", "what"),
    [
        ("distributed", ("in", "--dask", "local"), "--dask"),
        ("fsspec", ("s3://bucket/a.png",), "'s3://bucket/a.png'"),
        ("fsspec", ("in", "--out-dir", "gs://large"), "'gs://large'"),
    ],
)
def test_what_is_not_installed_is_named(
    images: Mapping[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    words: tuple[str, ...],
    what: str,
) -> None:
    monkeypatch.setattr(extras, "has_extra", lambda name: name != package)
    result = upsample(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: {what} needs {package}. Received: {package} is not installed. "
        "Install it with: pip install 'upsamp[dask]'.\n"
    )
    assert len(images) == 12
    if package == "distributed":
        with pytest.raises(MissingExtraError):
            check_dask()
