"""Compile the kernels while a wheel is built, where there is a C compiler.

UPSAMP_BUILD_KERNELS=0 leaves them out, and 1 makes a failure fatal. CC, CFLAGS and LDFLAGS say
which compiler is used, and how; it has to understand GCC's options, as Clang does.
"""

import hashlib
import os
import runpy
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "UPSAMP_BUILD_KERNELS"
ROOT = Path(__file__).parent
NATIVE = ROOT / "upsamp" / "core" / "native"
# What the package itself knows of them, without NumPy.
SOURCES = runpy.run_path(str(NATIVE / "sources.py"))
# The library is the same wherever it is built: no path, no date. Sums have the same bits with every
# instruction set, as nothing is fused.
FLAGS = "-std=c99 -O3 -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math"
# Windows moves what it loads without an option, and its libraries have a date unless it is refused.
ON_WINDOWS = sys.platform == "win32"
POSITION, UNDATED = ("", "-Wl,--no-insert-timestamp") if ON_WINDOWS else ("-fPIC", "")
# The instruction sets, of which a compiler leaves out those that it does not know: older ones, and
# compilers for another processor.
SETS = {"base": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4"]}
# What changes how the compiler works.
VARIABLES = ("CC", "CFLAGS", "LDFLAGS", "ARCHFLAGS")
# The file that asks the processor, and that has a function for each set.
PROCESSOR = "processor"


class KernelError(Exception):
    """The kernels cannot be built."""


class KernelBuildHook(BuildHookInterface[Any]):
    """Add the library of kernels to a wheel, and tag it for the platform."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library: into the tree for an editable installation, else beside it."""
        library = SOURCES["LIBRARY"]
        if version == "editable":
            library.unlink(missing_ok=True)
        wanted = os.environ.get(VARIABLE, "")
        if wanted not in ("", "0", "1"):
            self.app.abort(
                f"Error: {VARIABLE} must be 0 or 1. Received: {wanted[:40]!r}. "
                "Unset it to build the kernels where there is a C compiler."
            )
        if wanted == "0":
            self.app.display_info(f"Without kernels, so NumPy computes: {VARIABLE}=0.")
            return
        self._directory = TemporaryDirectory()
        built = Path(self._directory.name, library.name)
        try:
            build_or_reuse(built)
            if version == "editable":
                library.parent.mkdir(exist_ok=True)
                shutil.copy(built, library)
        except (KernelError, OSError) as error:
            self._directory.cleanup()
            if wanted == "1":
                self.app.abort(f"Error: {VARIABLE}=1 needs kernels, but {error}.")
            self.app.display_warning(f"Warning: without kernels, so NumPy computes: {error}.")
            return
        if version != "editable":
            build_data["force_include"][str(built)] = library.relative_to(ROOT).as_posix()
        # Any Python 3 of this platform can load it.
        platform = self.build_config.builder.get_best_matching_tag().rpartition("-")[2]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled."""
        del version, build_data, artifact_path
        if hasattr(self, "_directory"):
            self._directory.cleanup()


def build_or_reuse(target: Path) -> None:
    """Copy the library that an earlier build has left in build/ to `target`, or compile it.

    It is kept under the checksum of all that it is made of, and only where no variable changes how.
    Raises `KernelError`.
    """
    if any(os.environ.get(name) for name in VARIABLES):
        build_library(target)
        return
    parts = [_run(["cc", "-v"], NATIVE), Path(__file__).read_bytes()]
    for path in sorted(NATIVE.glob("*.[ch]")):
        parts += [path.name.encode(), path.read_bytes()]
    checksum = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
    kept = ROOT / "build" / "kernels" / f"{checksum.hexdigest()}{target.suffix}"
    if kept.exists():
        shutil.copy(kept, target)
        return
    build_library(target)
    with suppress(OSError):  # in a tree that may not be written, nothing is kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        shutil.copy(target, part)
        part.replace(kept)


def build_library(target: Path, extra: str = "") -> None:
    """Compile the kernels to the library `target`.

    extra: further options of the compiler. Raises `KernelError`.
    """
    compiler = _words("CC") or ["cc"]
    architecture = _words("ARCHFLAGS")
    flags = [*f"{FLAGS} {POSITION} {extra}".split(), *_words("CFLAGS"), *architecture]
    with TemporaryDirectory() as work, ThreadPoolExecutor(os.cpu_count()) as pool:

        def compiled(source: str, suffix: str) -> str:
            """Compile one file for one instruction set; return the name of its object."""
            name = f"{source}_{suffix}.o"
            options = [*SETS[suffix], f"-DSET={suffix}"]
            if (source, suffix) == (PROCESSOR, "base"):
                options.append(f"-DSOURCES={SOURCES['checksum']()}u")
            # In the directory itself, so that no path of this machine is seen.
            command = [*compiler, *flags, *options, "-c", f"{source}.c"]
            _run([*command, "-o", str(Path(work, name))], NATIVE)
            return name

        objects = [compiled(PROCESSOR, "base")]
        known = ["base"]
        for suffix in [*SETS][1:]:
            with suppress(KernelError):
                objects.append(compiled(PROCESSOR, suffix))
                known.append(suffix)
        # The largest first, so that none is left to one core at the end.
        files = sorted(NATIVE.glob("*.c"), key=lambda path: (-path.stat().st_size, path.stem))
        others = [path.stem for path in files if path.stem != PROCESSOR]
        objects += pool.map(lambda one: compiled(*one), product(others, known))
        linking = [*f"{UNDATED} {extra}".split(), *_words("LDFLAGS"), *architecture]
        _run([*compiler, "-shared", *objects, "-o", target.name, *linking], Path(work))
        shutil.copy(Path(work, target.name), target)


def _words(variable: str) -> list[str]:
    """Return the words of an environment variable, as a shell takes them."""
    try:
        return shlex.split(os.environ.get(variable, ""))
    except ValueError as error:
        raise KernelError(f"{variable} is no list of words: {error}") from error


def _run(command: list[str], directory: Path) -> bytes:
    """Run the compiler; return what it says, or raise `KernelError` with why it failed."""
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - the compiler that the user names
            command, cwd=directory, env=environment, check=False, capture_output=True
        )
    except OSError as error:
        raise KernelError(
            f"the C compiler {command[0]!r} cannot be run: {error.strerror}"
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        errors = [line for line in said if "error" in line.lower()]
        reason = (errors or said or [f"exit code {done.returncode}"])[0]
        raise KernelError(f"the C compiler {command[0]!r} failed: {reason.rstrip('.')}")
    return done.stdout + done.stderr
