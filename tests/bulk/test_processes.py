"""Worker processes: what they give, and what becomes of tasks whose processes are killed."""

import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import odd_workers
import pytest
from bulk_files import contents, enlarged_alone, settings, write_images
from effort import choose

from upsamp.bulk import processes
from upsamp.bulk.processes import Processes
from upsamp.bulk.tasks import Outcome, Task
from upsamp.core.threads import VARIABLE
from upsamp.errors import ArgumentError, FileError

NAMES = [f"{number:02}.png" for number in range(12)]


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    """Return tasks for twelve small images."""
    write_images(tmp_path / "in", NAMES)
    (tmp_path / "out").mkdir()
    return tasks_in(tmp_path)


def tasks_in(place: Path) -> list[Task]:
    names = sorted(path.name for path in (place / "in").iterdir())
    return [
        Task(number, str(place / "in" / name), str(place / "out" / name))
        for number, name in enumerate(names, 1)
    ]


def outcomes_of(engine: Processes, tasks: list[Task]) -> Iterator[Outcome]:
    for task in tasks:
        while not engine.has_room():
            yield from engine.collect()
        engine.submit(task)
    while outcomes := engine.collect():
        yield from outcomes


def workers_of(engine: Processes) -> list["subprocess.Popen[bytes]"]:
    return [*engine._processes]


@pytest.mark.parametrize("jobs", choose([2], [1, 2, 5]))
def test_many_processes_write_what_one_would(tasks: list[Task], tmp_path: Path, jobs: int) -> None:
    expected = enlarged_alone(tmp_path / "in", tmp_path / "alone", settings())
    with Processes(settings(), jobs, len(tasks)) as engine:
        outcomes = [*outcomes_of(engine, tasks)]
        workers = workers_of(engine)
        assert 1 <= len(workers) <= jobs
    assert all(process.poll() is not None for process in workers)
    assert contents(tmp_path / "out") == expected
    assert sorted(outcome.task.number for outcome in outcomes) == [*range(1, 13)]
    for outcome in outcomes:
        assert (outcome.status, outcome.before, outcome.after) == (
            "written",
            (5, 7, 3),
            (10, 14, 3),
        )
        assert outcome.seconds > 0


def test_a_file_that_fails_is_told_and_the_others_go_on(tasks: list[Task], tmp_path: Path) -> None:
    Path(tasks[0].source).write_bytes(b"\x89PNG nothing")
    Path(tasks[1].source).unlink()
    Path(tasks[2].source).unlink()
    os.mkfifo(tasks[2].source)
    Path(tasks[3].target).write_bytes(b"kept")
    Path(tasks[4].source).rename(tmp_path / "in" / "matrix.npy")
    tasks[4] = Task(5, str(tmp_path / "in" / "matrix.npy"), tasks[4].target)
    with Processes(settings(), 1, len(tasks)) as engine:
        outcomes = {outcome.task.number: outcome for outcome in outcomes_of(engine, tasks)}
    errors = [outcomes[number].error for number in range(1, 13)]
    for error, part in zip(
        errors,
        (
            "is no image that can be read",
            "there is no such file or directory",
            "must be a plain file",
            "exists already",
            "is no valid .npy file",
        ),
        strict=False,
    ):
        assert part in error
        assert "\n" not in error
    assert errors[5:] == [""] * 7
    assert Path(tasks[3].target).read_bytes() == b"kept"
    assert len(contents(tmp_path / "out")) == 8


def test_a_folder_that_has_vanished_costs_its_own_files(tasks: list[Task], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    tasks[3:] = [
        Task(task.number, task.source, task.target.replace("/out/", "/other/"))
        for task in tasks[3:]
    ]
    (tmp_path / "out").rmdir()
    outcomes = outcomes_by_name(tasks, jobs=1)
    for task in tasks[:3]:
        error = outcomes[Path(task.source).stem].error
        assert error == (
            f"Cannot write '{task.target}': its directory does not exist. Make it first."
        )
    assert len(contents(tmp_path / "other")) == 9


def test_a_result_that_has_come_meanwhile_is_left_out_where_those_are_skipped(
    tasks: list[Task], tmp_path: Path
) -> None:
    Path(tasks[0].target).write_bytes(b"of another run")
    with Processes(replace(settings(), skip_existing=True), 1, 12) as engine:
        outcomes = [*outcomes_of(engine, tasks)]
    assert [outcome.status for outcome in outcomes] == ["skipped", *["written"] * 11]
    assert contents(tmp_path / "out")["00.png"] == b"of another run"


# --- processes that are killed


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Task]]:
    """Let workers do what names say, and give a function that makes tasks of such names."""
    monkeypatch.setattr(processes, "PROGRAM", odd_workers.PROGRAM)

    def make(*names: str) -> list[Task]:
        write_images(tmp_path / "in", [f"{name}.png" for name in names])
        (tmp_path / "out").mkdir()
        return tasks_in(tmp_path)

    return make


def outcomes_by_name(tasks: list[Task], jobs: int = 2) -> dict[str, Outcome]:
    with Processes(settings(), jobs, len(tasks)) as engine:
        outcomes = [*outcomes_of(engine, tasks)]
    assert len(outcomes) == len(tasks)
    return {Path(outcome.task.source).stem: outcome for outcome in outcomes}


GOOD = [f"z{number}" for number in range(4)]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Return a list of the tasks that processes are given, and whether each was alone then."""
    told: list[tuple[str, bool]] = []
    submit = Processes.submit

    def note(engine: Processes, task: Task) -> None:
        told.append((Path(task.source).stem, engine._open == 0))
        submit(engine, task)

    monkeypatch.setattr(Processes, "submit", note)
    return told


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_whose_process_dies_is_done_once_more_and_alone(
    odd: Callable[..., list[Task]], tmp_path: Path, given: list[tuple[str, bool]], jobs: int
) -> None:
    outcomes = outcomes_by_name(odd("a-once-kill", "b-once-exit", *GOOD), jobs)
    assert {outcome.status for outcome in outcomes.values()} == {"written"}
    for name in ("a-once-kill", "b-once-exit"):
        assert [alone for task, alone in given if task == name][-1]
        assert Path(tmp_path, "in", f"{name}.png.sign").exists()
    assert len(contents(tmp_path / "out")) == 2 + len(GOOD)


def test_a_task_whose_process_dies_twice_has_failed(
    odd: Callable[..., list[Task]], tmp_path: Path
) -> None:
    outcomes = outcomes_by_name(odd("kill", "exit", *GOOD))
    assert outcomes.pop("kill").error == "Its process ended twice, killed by SIGKILL."
    assert outcomes.pop("exit").error == "Its process ended twice, with code 3."
    assert {outcome.status for outcome in outcomes.values()} == {"written"}
    # What it had half written is removed.
    assert sorted(contents(tmp_path / "out")) == [f"{name}.png" for name in GOOD]


def test_a_bug_keeps_its_traceback_and_costs_its_task_alone(
    odd: Callable[..., list[Task]], capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = outcomes_by_name(odd("bug", *GOOD), jobs=1)
    assert outcomes.pop("bug").error == "Its process ended twice, with code 1."
    assert {outcome.status for outcome in outcomes.values()} == {"written"}
    assert capfd.readouterr().err.count("RuntimeError: bug.png") == 2


def test_a_task_that_lacked_memory_is_done_once_more_when_it_is_alone(
    odd: Callable[..., list[Task]], given: list[tuple[str, bool]]
) -> None:
    outcomes = outcomes_by_name(odd("a-once-memory", "b-once-quick", "c-memory", "d-quick", *GOOD))
    for name in ("a-once-memory", "b-once-quick", "c-memory", "d-quick"):
        assert [alone for task, alone in given if task == name][-1]
    assert outcomes["c-memory"].error == "The output would be too large. Use a smaller size."
    assert "There is not enough memory for '" in outcomes["d-quick"].error
    failed = {name for name, outcome in outcomes.items() if outcome.status == "failed"}
    assert failed == {"c-memory", "d-quick"}


def test_what_libraries_print_is_no_answer(
    odd: Callable[..., list[Task]], capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = outcomes_by_name(odd("noise", *GOOD), jobs=1)
    assert {outcome.status for outcome in outcomes.values()} == {"written"}
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "noise\nnoise\n")


def test_what_is_being_done_ends_at_once_and_leaves_nothing_half_done(
    odd: Callable[..., list[Task]], tmp_path: Path
) -> None:
    tasks = odd("a-hang", "b-hang", "c", "d")
    with Processes(settings(), 2, len(tasks)) as engine:
        for task in tasks[:2]:
            engine.submit(task)
        wait_for(lambda: len(list((tmp_path / "out").glob(".*.part"))) == 2)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert contents(tmp_path / "out") == {}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


PARENT = """
import sys, time
from bulk_files import settings
from odd_workers import PROGRAM
from upsamp.bulk import processes
from upsamp.bulk.tasks import Task
processes.PROGRAM = PROGRAM
engine = processes.Processes(settings(), 2, 2)
for number, name in enumerate(sys.argv[3:]):
    engine.submit(Task(number, f"{sys.argv[1]}/{name}", f"{sys.argv[2]}/{name}"))
while len(engine._processes) < 2:
    time.sleep(0.01)
print(*(process.pid for process in engine._processes), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("names", [["a-hang.png", "b-hang.png"], ["c.png", "d.png"]])
def test_workers_end_with_their_parent_however_it_ends_and_whatever_they_do(
    odd: Callable[..., list[Task]], tmp_path: Path, names: list[str]
) -> None:
    odd(*(name.removesuffix(".png") for name in names))
    tests = str(Path(odd_workers.__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path / "in", tmp_path / "out", *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": tests},
    ) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        workers = [int(number) for number in parent.stdout.readline().split()]
        assert len(workers) == 2
        pattern = ".*.part" if "hang" in names[0] else "*.png"
        wait_for(lambda: len(list((tmp_path / "out").glob(pattern))) == 2)
        parent.kill()
        # All that had this standard error must have ended before it is at its end.
        assert parent.stderr.read() == b""
    whole = {} if "hang" in names[0] else {"c.png", "d.png"}
    assert set(contents(tmp_path / "out")) == set(whole)


# --- at random moments


def test_workers_that_are_killed_many_times_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    times = choose(2, 25)
    write_images(tmp_path / "in", [f"{number:03}.png" for number in range(12 * times)])
    (tmp_path / "out").mkdir()
    expected = enlarged_alone(tmp_path / "in", tmp_path / "alone", settings(4, compression=9))
    tasks = tasks_in(tmp_path)
    generator = random.Random(3)
    kills, rounds = 0, 0
    while tasks:
        rounds += 1
        with Processes(settings(4, compression=9), 3, len(tasks)) as engine:
            due = 0.0
            for outcome in outcomes_of(engine, tasks):
                now = time.monotonic()
                if kills < times and now > due:
                    generator.choice(workers_of(engine)).kill()
                    kills, due = kills + 1, now + generator.random() * 0.05
                assert outcome.status == "written" or "ended twice, killed" in outcome.error
        whole = contents(tmp_path / "out")
        assert whole == {name: expected[name] for name in whole}
        tasks = [task for task in tasks if Path(task.target).name not in whole]
    assert kills == times
    assert contents(tmp_path / "out") == expected


# --- what the system allows


def test_threads_and_processes_together_are_as_many_as_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    for cores, jobs, count, expected in (
        (8, 8, 100, "1"),
        (8, 2, 100, "4"),
        (8, 8, 3, "2"),
        (8, 100, 100, "1"),
        (1, 4, 4, "1"),
    ):
        monkeypatch.setenv(VARIABLE, str(cores))
        with Processes(settings(), jobs, count) as engine:
            assert engine._environment[VARIABLE] == expected
            assert engine._environment["OPENBLAS_NUM_THREADS"] == expected
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    with Processes(settings(), 1, 1) as engine:
        assert engine._environment["OPENBLAS_NUM_THREADS"] == "7"
    monkeypatch.setenv(VARIABLE, "many")
    with pytest.raises(ArgumentError, match="must be an integer from 1 to 1024"):
        Processes(settings(), 1, 1)


def test_the_bound_on_open_files_bounds_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound, expected in ((64, 12), (10, 1), (resource.RLIM_INFINITY, 1000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, bound=bound: (bound, bound))
        assert Processes(settings(), 1000, 1000)._jobs == expected


def test_a_process_that_cannot_be_started_is_done_without(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.Popen
    started: list[object] = []

    def start(*arguments: Any, **options: Any) -> "subprocess.Popen[bytes]":
        if started:
            raise OSError(11, "Resource temporarily unavailable")
        started.append(None)
        return real(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    outcomes = outcomes_by_name(tasks, jobs=4)
    assert {outcome.status for outcome in outcomes.values()} == {"written"}
    monkeypatch.setattr(sys, "executable", "/no/python")
    monkeypatch.setattr(subprocess, "Popen", real)
    with pytest.raises(FileError, match=r"need a second Python\. Received: '/no/python' cannot be"):
        outcomes_by_name(tasks)


@pytest.mark.parametrize("threads", [0, 1])
def test_a_process_that_has_no_thread_to_listen_to_it_is_done_without(
    tasks: list[Task], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []

    class Thread(threading.Thread):
        def start(self) -> None:
            if len(started) == threads:
                raise RuntimeError("can't start new thread")
            started.append(None)
            super().start()

    monkeypatch.setattr(threading, "Thread", Thread)
    outcomes = outcomes_by_name(tasks, jobs=4)
    assert {outcome.status for outcome in outcomes.values()} == {"written"}


def test_a_worker_that_can_start_no_thread_does_its_tasks(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = "import threading; threading.Thread.start = lambda self: exec('raise RuntimeError')"
    monkeypatch.setattr(processes, "PROGRAM", f"{refusing}; {processes.PROGRAM}")
    outcomes = outcomes_by_name(tasks, jobs=1)
    assert {outcome.status for outcome in outcomes.values()} == {"written"}


def test_processes_that_never_begin_are_an_error(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "PROGRAM", "raise SystemExit(4)")
    with pytest.raises(FileError, match=r"that ended before they began, the last with code 4\.$"):
        outcomes_by_name(tasks)


def test_a_process_that_dies_between_two_tasks_costs_none_of_them(tasks: list[Task]) -> None:
    with Processes(settings(), 1, 2) as engine:
        assert [outcome.status for outcome in outcomes_of(engine, tasks[:1])] == ["written"]
        (process,) = workers_of(engine)
        process.kill()
        process.wait()
        assert [outcome.status for outcome in outcomes_of(engine, tasks[1:2])] == ["written"]
        assert engine._tried == set()


def test_a_bug_in_a_thread_is_raised_where_the_outcome_is_wanted(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(processes, "_ask", fail)
    with pytest.raises(ValueError, match=r"^a bug$"):
        outcomes_by_name(tasks)


def test_few_files_have_as_few_processes(tasks: list[Task]) -> None:
    with Processes(settings(), 8, 1) as engine:
        assert len([*outcomes_of(engine, tasks[:1])]) == 1
        assert len(engine._processes) == 1
    with Processes(settings(), 8, 100) as engine:
        assert engine._processes == []


def test_a_task_that_lacked_memory_though_it_was_alone_is_not_done_once_more(
    odd: Callable[..., list[Task]], given: list[tuple[str, bool]]
) -> None:
    outcomes = outcomes_by_name(odd("a-once-memory", *GOOD[:2]), jobs=1)
    assert outcomes["a-once-memory"].status == "failed"
    assert [name for name, _ in given].count("a-once-memory") == 1
    assert {outcomes[name].status for name in GOOD[:2]} == {"written"}
