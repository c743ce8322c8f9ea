"""A process that enlarges files for `processes`: it may die of one, and ends with its parent.

Its input is a line with the settings, pickled and in base64, and then a line for each task, in JSON
[source, target]. It answers with a line when it is ready, and with one for each task. It ends when
its input does, which is when its parent has ended, too.
"""

import _thread
import filecmp
import json
import os
import pickle
import signal
import sys
import threading
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, BinaryIO, NoReturn

from upsamp.core.memory import lack_of_memory
from upsamp.errors import FileError, UpsampError
from upsamp.io.atomic import check_target
from upsamp.io.remote_paths import is_remote
from upsamp.resizing.enlarging import Settings
from upsamp.resizing.file_to_file import Facts, enlarge_file

# So long may the end of a task take when the parent has died: it removes what is half written.
GRACE = 5.0


def main() -> None:
    """Do tasks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this one ends
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    _prefer_to_be_killed()
    tasks, answers = _take_streams()
    greeting = tasks.readline()
    if not greeting.endswith(b"\n"):  # the parent ended in the middle of it
        os._exit(0)
    settings: Settings = pickle.loads(b64decode(greeting))  # noqa: S301 - of the parent
    waiting: SimpleQueue[bytes] = SimpleQueue()
    receiver = threading.Thread(target=_receive, args=(tasks, waiting), daemon=True)
    with suppress(RuntimeError):  # there is no room for it: the end of the parent is noticed late
        receiver.start()
    with suppress(SystemExit):
        _answer(answers, {})
        while task := waiting.get() if receiver.ident else tasks.readline():
            source, target = json.loads(task)
            _answer(answers, do_task(source, target, settings))
    os._exit(0)  # whatever the other threads do


def do_task(source: str, target: str, settings: Settings) -> dict[str, Any]:
    """Do a task, and return what is told of it."""
    started = perf_counter()
    told: dict[str, Any]
    try:
        facts = _enlarge(source, target, settings)
        told = {"skipped": True} if facts is None else facts._asdict()
    except MemoryError as error:
        known = isinstance(error, UpsampError)
        lacking = str(error if known else lack_of_memory(f"'{source}'"))
        # What a bound forbids it forbids again.
        told = {"error": lacking, "memory": not known or settings.max_memory is None}
    except UpsampError as error:
        told = {"error": str(error)}
    return {"seconds": perf_counter() - started, **told}


def _enlarge(source: str, target: str, settings: Settings) -> Facts | None:
    """Enlarge a file, and return what is told of it; None where somebody else did so meanwhile."""
    try:
        if not is_remote(target) and not settings.dry:
            check_target(target, overwrite=settings.overwrite)
        return enlarge_file(source, target, settings)
    except UpsampError:
        if is_remote(target) or settings.overwrite or not os.path.isfile(target):
            raise
        if settings.skip_existing:
            return None
        facts = _own_result(source, target, settings)
        if facts is None:
            raise
        return facts


def _own_result(source: str, target: str, settings: Settings) -> Facts | None:
    """Return the facts of a task whose result is there already, to the byte.

    It may have been done before, by a worker that was lost before it could tell.
    """
    with suppress(FileError, OSError), TemporaryDirectory() as place:
        again = Path(place, Path(target).name)
        facts = enlarge_file(source, str(again), settings)
        return facts if filecmp.cmp(again, target, shallow=False) else None
    return None


def _answer(answers: BinaryIO, message: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # of a parent that has ended: so does this process
        answers.write(json.dumps(message).encode("ascii") + b"\n")
        answers.flush()


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return standard input and output, to which nothing else has access from here on."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(2 if sys.stderr is not None else nowhere, 1)
    os.close(nowhere)
    return tasks, answers


def _receive(tasks: BinaryIO, waiting: "SimpleQueue[bytes]") -> None:
    """Take tasks as they come; when there will be none, end this process, whatever it does."""
    for line in tasks:
        waiting.put(line)
    # The parent closes the pipe when all is done, so remaining work is no longer needed.
    waiting.put(b"")
    if hasattr(signal, "pthread_kill"):  # which wakes the main thread from waiting, too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        _thread.interrupt_main(signal.SIGTERM)
    threading.Event().wait(GRACE)
    os._exit(1)


def _end(*_: object) -> NoReturn:
    """Leave what is being done, by way of what tidies up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(1)


def _prefer_to_be_killed() -> None:
    """Let Linux rather end this process than its parent where memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
