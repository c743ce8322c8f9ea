"""What systems other than Linux lack, as far as Linux can show it.

`environment` is for a process, and for all that it starts, in which there is nothing that POSIX or
Linux alone has, and in which, as on Windows, no file is moved or removed while it is open, and only
sockets are waited for. Python's own library keeps what it starts processes with.
"""

import builtins
import io
import os
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["environment", "hide"]

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
OF_OS = (
    *("chown", "fchmod", "fchown", "fork", "forkpty", "geteuid", "getpgid", "getuid", "killpg"),
    *("major", "minor", "mkfifo", "openpty", "posix_spawn", "pread", "pwrite", "register_at_fork"),
    *("sched_getaffinity", "setsid", "sysconf", "wait", "waitid", "waitpid"),
    *("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "P_ALL"),
)
OF_SIGNAL = (
    *("pthread_kill", "pthread_sigmask", "sigwait", "setitimer", "alarm", "pause"),
    *("SIGKILL", "SIGPIPE", "SIGALRM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCHLD"),
)
OF_SELECT = ("poll", "epoll")
FOLDERS = ("/proc", "/sys", "/dev/shm")
# Python reads a module of this name when it starts.
START = "sitecustomize.py"
PROGRAM = f"import sys; sys.path.append({str(Path(__file__).parent)!r})\nimport other_systems\n"


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of such a process; `folder` has what it begins with."""
    (folder / START).write_text(f"{PROGRAM}other_systems.hide()\nsys.path.pop()\n", "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # No plugin that has nothing to do with these tests, which may ask for what is hidden.
    plain = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "UPSAMP_THREADS": "2"}
    return kept | plain | {"PYTHONPATH": str(folder)}


def hide() -> None:
    """Take from this process what other systems lack."""
    for module, name in ((subprocess, "os"), (subprocess, "signal")):
        setattr(module, name, _copy_of(getattr(module, name)))
    opened = partial(_is_open, os.listdir, os.readlink, os.path.realpath)
    for module, names in ((os, OF_OS), (signal, OF_SIGNAL), (select, OF_SELECT)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # so that its import fails
    for name in [name for name in sys.modules if name in ("selectors", "shutil", "tempfile")]:
        del sys.modules[name]  # which have chosen what they use
    for module, name in (
        *((os, name) for name in ("open", "stat", "lstat", "listdir", "scandir")),
        *((builtins, "open"), (io, "open")),
    ):
        setattr(module, name, _without_folders(getattr(module, name)))
    for name in ("rename", "replace", "remove", "unlink"):
        setattr(os, name, _of_closed_files(getattr(os, name), opened))
    # `selectors` has it as an attribute of a class, where a function would become a method.
    select.select = partial(_wait_for_sockets, select.select)


def _copy_of(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__)
    copy.__dict__.update(module.__dict__)
    return copy


def _without_folders(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(path: Any = ".", *args: Any, **options: Any) -> Any:
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(FOLDERS):
            raise FileNotFoundError(2, "No such file or directory", path)
        return function(path, *args, **options)

    return wrapped


def _is_open(listdir: Any, readlink: Any, realpath: Any, path: Any) -> bool:
    """Return whether this process has a file open."""
    found = set()
    for descriptor in listdir("/proc/self/fd"):
        try:
            found.add(readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:  # the one that lists them
            continue
    return realpath(path) in found


def _of_closed_files(function: Callable[..., Any], opened: Any) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(path: Any, *args: Any, **options: Any) -> Any:
        if opened(path) or (args and opened(args[0])):
            raise PermissionError(13, "The file is used by another process", path)
        return function(path, *args, **options)

    return wrapped


def _wait_for_sockets(function: Callable[..., Any], *waiting: Any) -> Any:
    for one in (one for ends in waiting[:3] for one in ends):
        descriptor = one if isinstance(one, int) else one.fileno()
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise OSError(10038, "An operation was attempted on what is not a socket")
    return function(*waiting)
