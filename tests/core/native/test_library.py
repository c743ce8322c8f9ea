"""The library of kernels: which is used, and which is refused."""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from PIL import Image, _imaging

from upsamp.core.native import library
from upsamp.core.native.library import (
    VARIABLE,
    Kernels,
    describe_kernels,
    kernel_environment,
    kernels,
    load_kernels,
)
from upsamp.core.native.sources import LIBRARY
from upsamp.errors import ArgumentError

# What Linux tells of the processor, and what each set needs of it, the widest first.
CPUINFO = Path("/proc/cpuinfo")
NEEDED_FLAGS = {
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2"},
    "x86-64-v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"},
}


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget after each test what it found, or all tests that follow would be NumPy's."""
    monkeypatch.setattr(library, "_kept_kernels", lru_cache(library._kept_kernels.__wrapped__))


def test_numpy_computes_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "numpy")
    assert (kernels(), describe_kernels()) == (None, "numpy")


def test_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "fast")
    with pytest.raises(ArgumentError, match=r"must be one of native, numpy\. Received: 'fast'"):
        kernels()


def test_an_installation_without_kernels_is_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "kernels.so")
    monkeypatch.delenv(VARIABLE, raising=False)
    assert describe_kernels() == "numpy"
    monkeypatch.setenv(VARIABLE, "native")
    with pytest.raises(ArgumentError, match="UPSAMP_KERNELS=native needs kernels"):
        kernels()


def test_a_library_that_cannot_be_loaded_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "kernels.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(library, "LIBRARY", broken)
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.warns(
        RuntimeWarning, match="The native kernels are not used, as they cannot"
    ) as told:
        assert kernels() is kernels() is None
    assert len(told) == 1


@pytest.fixture
def loaded() -> Kernels:
    """Return the kernels of this installation, which UPSAMP_BUILD_KERNELS=1 demands."""
    if not LIBRARY.exists() and os.environ.get("UPSAMP_BUILD_KERNELS") != "1":
        pytest.skip("upsamp is installed without kernels")
    return load_kernels(LIBRARY)


def test_a_library_of_other_sources_is_refused(
    loaded: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loaded.instruction_set in {name for _, _, name in library.SETS}
    monkeypatch.setattr(library, "checksum", lambda: 1)
    with pytest.raises(OSError, match="is of another version"):
        load_kernels(LIBRARY)


def test_a_library_of_something_else_is_refused() -> None:
    with pytest.raises(OSError, match=r" has no kernels of upsamp$"):
        load_kernels(Path(_imaging.__file__))


@pytest.mark.skipif(not CPUINFO.exists(), reason="the system does not tell what the processor has")
def test_the_widest_set_that_the_processor_has_is_used(loaded: Kernels) -> None:
    flags = {*CPUINFO.read_text(encoding="utf-8").split()}
    has = [name for name, needs in NEEDED_FLAGS.items() if needs <= flags]
    assert loaded.instruction_set == [*has, "baseline"][0]
    for _, suffix, name in library.SETS:
        if name in [*has, "baseline"]:
            assert load_kernels(LIBRARY, name).suffix == suffix
        else:
            with pytest.raises(OSError, match=r" has no kernels for this processor$"):
                load_kernels(LIBRARY, name)


def test_one_warning_is_printed_however_many_processes_there_are(tmp_path: Path) -> None:
    """Of a copy of the package whose library is broken."""
    copy = tmp_path / "upsamp"
    shutil.copytree(LIBRARY.parents[3], copy, ignore=shutil.ignore_patterns("built"))
    broken = tmp_path / LIBRARY.relative_to(LIBRARY.parents[4])
    broken.parent.mkdir()
    broken.write_bytes(b"no library")
    for name in ("a.png", "b.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    for words in (["--version"], ["upsample", "a.png", "b.png", "--jobs", "2", "--out-dir", "out"]):
        done = subprocess.run(
            [sys.executable, "-m", "upsamp", *words],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if name != VARIABLE},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
        (line,) = done.stderr.splitlines()
        assert line.startswith("Warning: The native kernels are not used, as they cannot be loaded")
        assert line.endswith("Install upsamp again to build them anew.")
    assert len([*(tmp_path / "out").iterdir()]) == 2


def test_processes_that_are_started_use_what_this_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, "numpy")
    assert kernel_environment() == {VARIABLE: "numpy"}
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "kernels.so")
    monkeypatch.delenv(VARIABLE)
    assert kernel_environment() == {VARIABLE: "numpy"}
    monkeypatch.setattr(library, "kernels", object)
    assert kernel_environment() == {VARIABLE: "native"}
