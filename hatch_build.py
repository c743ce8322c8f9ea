"""Compile the kernels while a wheel is built, where there is a C compiler.

UPSAMP_BUILD_KERNELS=0 leaves them out, and 1 makes a failure fatal. CC, CFLAGS and LDFLAGS say
which compiler is used, and how; it has to understand GCC's options, as Clang does.
"""

import os
import runpy
import shlex
import shutil
import subprocess
import sysconfig
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
FLAGS = (
    "-std=c99 -O3 -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math"
)
# The wider instruction sets of each kind of processor, beside the one that it always has.
WIDER = {"x86_64": {"v3": "-march=x86-64-v3", "v4": "-march=x86-64-v4"}}


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
        if wanted == "0":
            self.app.display_info(f"{VARIABLE}=0: a pure wheel, in which NumPy computes")
            return
        self._directory = TemporaryDirectory()
        built = Path(self._directory.name, library.name)
        try:
            build_library(built)
        except KernelError as error:
            if wanted == "1":
                raise
            self.app.display_warning(f"A pure wheel, in which NumPy computes: {error}")
            return
        if version == "editable":
            library.parent.mkdir(exist_ok=True)
            shutil.copy(built, library)
        else:
            build_data["force_include"][str(built)] = library.relative_to(ROOT).as_posix()
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled."""
        del version, build_data, artifact_path
        if hasattr(self, "_directory"):
            self._directory.cleanup()


def build_library(target: Path, extra: str = "") -> None:
    """Compile the kernels to the library `target`.

    extra: further options of the compiler. Raises `KernelError`.
    """
    compiler = shlex.split(os.environ.get("CC", "cc"))
    flags = shlex.split(f"{FLAGS} {extra} {os.environ.get('CFLAGS', '')}")
    flags += shlex.split(os.environ.get("ARCHFLAGS", ""))
    wider = WIDER.get(_processor(), {})
    with TemporaryDirectory() as work:
        objects = []
        for suffix, option in {"base": "", **wider}.items():
            for source in sorted(NATIVE.glob("*.c")):
                compiled = str(Path(work, f"{source.stem}_{suffix}.o"))
                named = [f"-DSET={suffix}"]
                if suffix == "base" and source.stem == "processor":
                    named.append(f"-DSOURCES={SOURCES['checksum']()}u")
                # In the directory itself, so that no path of this machine is seen.
                command = [*compiler, *flags, *option.split(), *named, "-c", source.name]
                _run([*command, "-o", compiled])
                objects.append(compiled)
        linked = shlex.split(f"-s {extra} {os.environ.get('LDFLAGS', '')}")
        linked += shlex.split(os.environ.get("ARCHFLAGS", ""))
        _run([*compiler, "-shared", *objects, "-o", str(target), *linked])


def _run(command: list[str]) -> None:
    """Run the compiler; raise `KernelError` with its first line where it fails."""
    try:
        subprocess.run(command, cwd=NATIVE, check=True, capture_output=True, text=True)  # noqa: S603 - the compiler that the user names
    except OSError as error:
        raise KernelError(
            f"the C compiler {command[0]!r} cannot be run: {error.strerror}"
        ) from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or f"exit code {error.returncode}").splitlines()[0]
        raise KernelError(f"the C compiler {command[0]!r} failed: {said}") from error


def _processor() -> str:
    """Return the processor that is compiled for, as platforms name it."""
    platform = sysconfig.get_platform()
    return "x86_64" if platform.endswith(("x86_64", "amd64")) else platform.rpartition("-")[2]
