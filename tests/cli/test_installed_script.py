"""The installed script: any locale, any file name, completion, and what a terminal is spared."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from itertools import product
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from effort import sample

from upsamp.core.native.library import describe_kernels

Shell = Callable[..., subprocess.CompletedProcess[bytes]]
Terminal = Callable[..., tuple[str, str, int]]


# --- locales and names


COMMANDS = (
    "upsample '0.5 100; 1e-30 7' --format table",
    "upsample --size 50 --format table",
    "summary dcgan --format table",
    "summary \"Dense(1, input_dim=1, name='über')\"",
    "transpose-conv --help",
)
ENCODINGS = ("ascii", "ascii:strict", "latin-1", "cp1252")


@pytest.mark.parametrize(("command", "encoding"), sample(product(COMMANDS, ENCODINGS), 7))
def test_a_narrow_encoding_is_no_obstacle(shell: Shell, command: str, encoding: str) -> None:
    result = shell(f"upsamp {command}", LC_ALL="C", PYTHONIOENCODING=encoding)
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr
    assert len(result.stdout) > 20


STRICT = ("ascii:strict", "utf-8:strict")
NAMES = ("'ü.png'", "$'\\xff.png'", "'[bold]x.png'", "'a b;c.png'")


@pytest.mark.parametrize(("name", "encoding"), sample(product(NAMES, STRICT), 3))
def test_a_file_may_have_any_name(
    shell: Shell, samples: Path, name: str, encoding: str, tmp_path: Path
) -> None:
    copy(samples / "sprite.png", tmp_path / "sprite.png")
    result = shell(f"mv sprite.png {name} && upsamp upsample {name}", PYTHONIOENCODING=encoding)
    assert result.returncode == 0
    assert result.stderr == b""
    assert len(list(tmp_path.iterdir())) == 2
    result = shell(f"upsamp upsample {name}", PYTHONIOENCODING=encoding)
    assert result.returncode == 1
    assert result.stderr.startswith(b"Error: ")
    assert b"exists already" in result.stderr


# --- the command itself


def test_the_module_is_the_command(shell: Shell) -> None:
    for args in sample(("--help", "upsample '1 2; 3 4' --size 2 3", "upsample 'x'"), 2):
        script, module = shell(f"upsamp {args}"), shell(f"'{sys.executable}' -m upsamp {args}")
        assert (script.returncode, script.stdout, script.stderr) == (
            module.returncode,
            module.stdout,
            module.stderr,
        )


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    result = shell("upsamp --version")
    assert (result.returncode, result.stderr) == (0, b"")
    wanted = f"upsamp {version('upsamp')}\nkernels: {describe_kernels()}\nPython "
    assert result.stdout.decode().startswith(wanted)


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_the_shell_can_complete_commands_and_options(shell: Shell, kind: str) -> None:
    result = shell("upsamp", _UPSAMP_COMPLETE=f"{kind}_source")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"_UPSAMP_COMPLETE" in result.stdout


def test_what_is_begun_is_completed(shell: Shell) -> None:
    words = {"_UPSAMP_COMPLETE": "bash_complete", "COMP_CWORD": "1", "COMP_WORDS": "upsamp up"}
    assert b"upsample" in shell("upsamp", **words).stdout
    words |= {"COMP_CWORD": "4", "COMP_WORDS": "upsamp upsample --interp lanczos5 --fo"}
    assert b"--format" in shell("upsamp", **words).stdout


def test_the_overview_loads_neither_pillow_nor_rich_nor_numpy() -> None:
    line = (
        "import sys; from upsamp.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'PIL', 'rich', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", line]
    result = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert result.stderr == b"[]\n"


# --- a terminal


def test_an_image_is_not_printed_on_a_terminal(terminal: Terminal, samples: Path) -> None:
    ways: list[list[object]] = [
        ["upsample", samples / "lake.png", "-o", "-"],
        ["upsample", "1 2", "--format", "npy"],
        ["generator", "--samples", "1", "-o", "-"],
        ["generator", "--samples", "1", "--samples-out", "-"],
    ]
    for args in sample(ways, 3):
        shown, errors, code = terminal(80, *args)
        assert (shown, code) == ("", 2)
        assert errors.startswith("Error: ")
        assert "must not be printed on a terminal" in errors


@pytest.mark.parametrize("command", ["upsample", "transpose-conv"])
def test_json_is_the_bare_nested_list_on_a_terminal_too(terminal: Terminal, command: str) -> None:
    shown, _, code = terminal(80, command, "1 2", "--format", "json")
    assert code == 0
    assert np.array(json.loads(shown)).ndim == 2
