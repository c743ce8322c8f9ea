"""The build of the kernels: by which compiler, for which instruction sets, into which wheel."""

import importlib.util
import json
import os
import shlex
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest
from effort import is_exhaustive
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from upsamp.core.native import library
from upsamp.core.native.library import load_kernels
from upsamp.core.native.sources import LIBRARY

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "upsamp" / "core" / "native"
INSIDE = f"upsamp/core/native/built/{LIBRARY.name}"

# A compiler that writes its own arguments in the place of an object, and knows fewer options.
COMPILER = """
import json, sys
words = sys.argv[1:]
for word in words:
    if word in {refused}:
        file = words[-3]
        sys.exit(f"{{file}}: In function 'f':\\n{{file}}:1: error: bad value: {{word}}\\nmore")
with open(words[words.index("-o") + 1], "w") as stream:
    json.dump(words, stream)
with open({log!r}, "a") as stream:
    print(json.dumps(words), file=stream)
"""

Compiler = Callable[..., Path]


# Where kernels were demanded when the tests began, none of what needs a compiler is passed over.
DEMANDED = os.environ.get("UPSAMP_BUILD_KERNELS") == "1"


@pytest.fixture
def hatch_build(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module of the build hook, as if no variable were set."""
    for name in ("UPSAMP_BUILD_KERNELS", "CC", "CFLAGS", "LDFLAGS", "ARCHFLAGS"):
        monkeypatch.delenv(name, raising=False)
    return hook_of(ROOT)


def hook_of(tree: Path) -> ModuleType:
    """Return the module of the build hook of a tree."""
    spec = importlib.util.spec_from_file_location("hatch_build", tree / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """Return a function that sets CC to such a compiler, and returns where it tells its calls."""

    def compiler(*refused: str) -> Path:
        log = tmp_path / "calls.jsonl"
        program = tmp_path / "a compiler.py"
        program.write_text(COMPILER.format(refused=refused, log=str(log)))
        monkeypatch.setenv("CC", shlex.join([sys.executable, str(program)]))
        return log

    return compiler


@pytest.fixture
def two_kernels(hatch_build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build of two files alone, which is quick: the one that every library has, and a kernel."""
    directory = tmp_path / "two kernels"
    directory.mkdir()
    for name in ("kernels.h", "processor.c"):
        shutil.copy(NATIVE / name, directory)
    kernel = "void KERNEL(double_all)(float *x, int n) { for (int i = 0; i < n; i++) x[i] *= 2; }"
    (directory / "double.c").write_text(f'#include "kernels.h"\n{kernel}\n')
    monkeypatch.setattr(hatch_build, "NATIVE", directory)
    return directory


def calls(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def objects(log: Path) -> set[str]:
    """Return the names of the objects that were linked, in the last call."""
    return {word.removesuffix(".o") for word in calls(log)[-1] if word.endswith(".o")}


@pytest.mark.parametrize(
    ("refused", "suffixes"),
    [
        ((), {"base", "v3", "v4"}),
        (("-march=x86-64-v4",), {"base", "v3"}),
        (("-march=x86-64-v3", "-march=x86-64-v4"), {"base"}),  # an old one, or one for arm64
    ],
)
def test_a_set_that_the_compiler_does_not_know_is_left_out(
    hatch_build: ModuleType,
    two_kernels: Path,
    compiler: Compiler,
    refused: tuple[str, ...],
    suffixes: set[str],
) -> None:
    log = compiler(*refused)
    hatch_build.build_library(two_kernels.with_name("kernels.so"))
    linked = {f"{source}_{suffix}" for source in ("processor", "double") for suffix in suffixes}
    assert objects(log) == linked


def test_the_compiler_is_told_no_path_but_where_it_writes(
    hatch_build: ModuleType,
    two_kernels: Path,
    compiler: Compiler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CFLAGS", "-O1 '-Da=b c'")
    log = compiler()
    hatch_build.build_library(two_kernels.with_name("kernels.so"), "-fsanitize=undefined")
    for words in calls(log):
        output = words.index("-o")
        told = [*words[:output], *words[output + 2 :]]
        assert [word for word in told if os.sep in word] == []
        assert "-fsanitize=undefined" in words
        assert ("-Da=b c" in words) == ("-c" in words)
    assert calls(log)[-1][calls(log)[-1].index("-o") + 1] == "kernels.so"


def test_an_error_in_a_kernel_is_no_set_that_is_left_out(
    hatch_build: ModuleType, two_kernels: Path, compiler: Compiler
) -> None:
    compiler("double.c")
    with pytest.raises(hatch_build.KernelError, match=r"failed: double\.c:1: error: bad value"):
        hatch_build.build_library(two_kernels.with_name("kernels.so"))


class Told(Exception):  # noqa: N818 - what the build says when it ends
    """What ended a build."""


class App:
    """What hatchling gives to hooks to speak by."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.display_info = self.display_warning = self.lines.append

    def abort(self, message: str) -> None:
        raise Told(message)


def run_hook(
    hatch_build: ModuleType, version: str = "standard"
) -> tuple[list[str], dict[str, object]]:
    """Run the hook for a wheel that is not made; return what it says, and of the wheel."""
    app = App()
    build = WheelBuilder(str(ROOT)).config
    hook = hatch_build.KernelBuildHook(str(ROOT), {}, build, None, "", "wheel", app)
    data: dict[str, object] = {"pure_python": True, "force_include": {}}
    hook.initialize(version, data)
    hook.finalize(version, data, "")
    return app.lines, data


PURE = {"pure_python": True, "force_include": {}}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"UPSAMP_BUILD_KERNELS": "0"}, "UPSAMP_BUILD_KERNELS=0"),
        ({"CC": "no-such-compiler"}, "'no-such-compiler' cannot be run: No such file or directory"),
        ({"CC": shlex.join([sys.executable, "-c", "1/0"])}, "failed: ZeroDivisionError"),
        ({"CC": shlex.join([sys.executable, "-c", "exit(3)"])}, "failed: exit code 3"),
        ({"CC": '"cc'}, "CC is no list of words: No closing quotation"),
    ],
)
def test_without_a_compiler_the_wheel_is_pure_and_that_is_said(
    hatch_build: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    said: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (line,), data = run_hook(hatch_build)
    assert "ithout kernels, so NumPy computes: " in line
    assert said in line
    assert data == PURE
    if "CC" in variables:
        monkeypatch.setenv("UPSAMP_BUILD_KERNELS", "1")
        with pytest.raises(Told, match=r"^Error: UPSAMP_BUILD_KERNELS=1 needs kernels, but ") as e:
            run_hook(hatch_build)
        assert said in str(e.value)
        assert "\n" not in str(e.value)


def test_another_value_of_the_variable_ends_the_build(
    hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSAMP_BUILD_KERNELS", "yes")
    with pytest.raises(Told, match=r"^Error: UPSAMP_BUILD_KERNELS must be 0 or 1\. Rec.*: 'yes'\."):
        run_hook(hatch_build)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems spell their platforms otherwise")
@pytest.mark.parametrize("platform", ["linux-x86_64", "linux-aarch64", "linux-armv7l"])
def test_a_wheel_with_kernels_is_for_any_python_of_the_platform(
    hatch_build: ModuleType,
    two_kernels: Path,
    compiler: Compiler,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
) -> None:
    assert two_kernels.is_dir()
    compiler()
    monkeypatch.setenv("_PYTHON_HOST_PLATFORM", platform)
    said, data = run_hook(hatch_build)
    assert said == []
    assert data["tag"] == f"py3-none-{platform.replace('-', '_')}"
    assert data["pure_python"] is False
    included = data["force_include"]
    assert isinstance(included, dict)
    assert [*included.values()] == [INSIDE]


# --- what needs a compiler, or builds a wheel


@pytest.fixture
def tree(two_kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of what a wheel is built of, by default with few kernels, nothing built.

    Libraries of it are loaded.
    """
    tree = tmp_path / "ein Bäumchen"
    shutil.copytree(ROOT / "upsamp", tree / "upsamp", ignore=shutil.ignore_patterns("built"))
    for name in ("LICENSE", "README.md", "hatch_build.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    native = tree / "upsamp" / "core" / "native"
    if not is_exhaustive():
        for source in native.glob("*.[ch]"):
            source.unlink()
        shutil.copytree(two_kernels, native, dirs_exist_ok=True)
    monkeypatch.setattr(library, "checksum", hook_of(tree).SOURCES["checksum"])
    return tree


@pytest.fixture
def hook(tree: Path, tmp_path: Path) -> ModuleType:
    """Return the build hook of the tree where there is a compiler, which may be demanded."""
    hook = hook_of(tree)
    try:
        hook.build_library(tmp_path / "first.so")
    except hook.KernelError as error:
        if DEMANDED:
            raise
        pytest.skip(str(error))
    return hook


def test_a_library_is_the_same_wherever_and_whenever_it_is_built(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (tmp_path / "first.so").read_bytes()
    elsewhere = tmp_path / "anderswo, auch"
    shutil.copytree(hook.NATIVE, elsewhere)
    for source in elsewhere.glob("*.c"):
        os.utime(source, (1e9, 1e9))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(hook, "NATIVE", elsewhere)
    hook.build_library(tmp_path / "second.so")
    assert (tmp_path / "second.so").read_bytes() == first
    for path in (ROOT, Path.home(), tmp_path, Path(sys.prefix)):
        assert os.fsencode(path) not in first


@pytest.mark.usefixtures("hook")
def test_a_wheel_holds_the_library_of_its_sources_and_no_other(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that an editable installation has left in the tree is in nothing that is built."""
    stale = tree / INSIDE
    stale.parent.mkdir()
    stale.write_bytes(b"stale")
    (wheel,) = WheelBuilder(str(tree)).build(directory=str(tmp_path / "with"))
    assert "-py3-none-" in wheel
    assert not wheel.endswith("-any.whl")
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        extracted = Path(archive.extract(INSIDE, tmp_path))
    assert load_kernels(extracted).instruction_set
    assert names.count(INSIDE) == 1
    native = tree / "upsamp" / "core" / "native"
    sources = {f"upsamp/core/native/{path.name}" for path in native.glob("*.[ch]")}
    assert "upsamp/core/native/processor.c" in sources
    assert sources <= {*names}
    monkeypatch.setenv("UPSAMP_BUILD_KERNELS", "0")
    (pure,) = WheelBuilder(str(tree)).build(directory=str(tmp_path / "without"))
    assert pure.endswith("-py3-none-any.whl")
    with ZipFile(pure) as archive:
        assert {*names} - {*archive.namelist()} == {INSIDE}
    (sdist,) = SdistBuilder(str(tree)).build(directory=str(tmp_path / "source"))
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert sources | {"hatch_build.py"} <= held
    assert INSIDE not in held


def test_the_next_build_of_the_same_sources_compiles_nothing(
    hook: ModuleType, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a build has left is for the same sources alone, and for no build that is told how."""
    compiled: list[Path] = []

    def build_library(target: Path) -> None:
        compiled.append(target)
        target.write_bytes(b"a library")

    monkeypatch.setattr(hook, "build_library", build_library)
    for target in (tmp_path / "once.so", tmp_path / "twice.so"):
        hook.build_or_reuse(target)
        assert target.read_bytes() == b"a library"
    assert compiled == [tmp_path / "once.so"]
    monkeypatch.setenv("CFLAGS", "-O1")
    hook.build_or_reuse(tmp_path / "other.so")
    monkeypatch.delenv("CFLAGS")
    with (tree / "upsamp" / "core" / "native" / "double.c").open("a") as source:
        source.write("/* changed */")
    hook.build_or_reuse(tmp_path / "changed.so")
    assert compiled[1:] == [tmp_path / "other.so", tmp_path / "changed.so"]


def test_an_editable_installation_has_its_library_in_the_tree_until_the_next(
    hook: ModuleType, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = load_kernels(tmp_path / "first.so").instruction_set
    said, data = run_hook(hook, "editable")
    assert said == []
    assert data["force_include"] == {}
    assert load_kernels(tree / INSIDE).instruction_set == used
    monkeypatch.setenv("CC", "no-such-compiler")
    (line,), data = run_hook(hook, "editable")
    assert "cannot be run" in line
    assert data == PURE
    assert not (tree / INSIDE).exists()
