"""The installed script between other programs: pipes, closed ends, locales and errors."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from PIL import Image

import upsamp

Shell = Callable[..., subprocess.CompletedProcess[bytes]]
Terminal = Callable[..., tuple[str, str, int]]

SCRIPT = Path(sys.executable).with_name("upsamp")
LAYERS = "'Dense(8, input_dim=4)' 'Dense(2)'"


# --- results that flow on


def test_a_matrix_loses_nothing_in_a_pipe_of_three(shell: Shell) -> None:
    result = shell(
        "upsamp upsample '0.1 1e-300; 3.3333333333333335 -7e22' --interp bicubic"
        " | upsamp transpose-conv - --weights '0.1 0.7; 1e-9 3' --stride 2"
        " | upsamp upsample - --size 3 1 --interp lanczos3 --format json"
    )
    assert result.returncode == 0
    first = upsamp.upsample([[0.1, 1e-300], [3.3333333333333335, -7e22]], 2, "bicubic")
    kernel = np.array([[0.1, 0.7], [1e-9, 3]]).reshape(2, 2, 1, 1)
    second = upsamp.conv2d_transpose(first, kernel, [0.0], 2).reshape(8, 8)
    expected = upsamp.upsample(second, (3, 1), "lanczos3")
    np.testing.assert_array_equal(json.loads(result.stdout), expected)
    assert result.stderr == (
        b"conv2d_transpose (Conv2DTranspose): output shape (None, 8, 8, 1), 5 parameters\n"
    )


@pytest.mark.parametrize("format_name", ["plain", "csv", "tsv", "json", "npy", "npz"])
def test_every_format_flows_from_one_command_to_the_next(shell: Shell, format_name: str) -> None:
    result = shell(
        f"upsamp upsample '0.1 nan; -inf 1e-5' --interp nearest --format {format_name}"
        " | upsamp upsample - --size 1 --format npy"
    )
    assert (result.returncode, result.stderr) == (0, b"")
    expected = np.array([[0.1, np.nan], [-np.inf, 1e-5]]).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.load(BytesIO(result.stdout)), expected, strict=True)


def test_an_image_flows_through_a_pipe(shell: Shell, samples: Path, tmp_path: Path) -> None:
    result = shell(
        f"cat '{samples}/sprite.png' | upsamp upsample - --size 2 --interp bilinear"
        " | upsamp transpose-conv - --kernel 3 1 --stride 3 1 > out.png"
    )
    assert (result.returncode, result.stdout) == (0, b"")
    with Image.open(samples / "sprite.png") as image:
        first = upsamp.upsample(np.asarray(image), 2, "bilinear", alpha=True)
    with Image.open(tmp_path / "out.png") as image:
        actual, expected = np.asarray(image), upsamp.upsample(first, (3, 1))
    shown = expected[..., 3:] > 0
    np.testing.assert_array_equal(actual, np.where(shown, expected, 0))


def test_a_process_substitution_is_a_file(shell: Shell, samples: Path) -> None:
    result = shell(f"upsamp upsample <(cat '{samples}/lake.png') -o out.png")
    assert (result.returncode, result.stderr) == (0, b"")
    result = shell("upsamp transpose-conv <(echo 1 2) --weights <(echo 3) --bias -1")
    assert (result.returncode, result.stdout) == (0, b"2 5\n")


@pytest.mark.parametrize("output", ["/dev/stdout", "/dev/fd/1", ">(cat)"])
def test_a_pipe_may_be_named_as_the_output(shell: Shell, output: str) -> None:
    result = shell(f"upsamp upsample '1 2' --size 1 --format csv -o {output} | cat")
    assert result.returncode == 0
    assert b"1,2\n" in result.stdout


def test_a_device_is_written_to_and_stays(shell: Shell) -> None:
    result = shell("upsamp upsample '1 2' --format npy -o /dev/null && test -c /dev/null")
    assert (result.returncode, result.stderr) == (0, b"")


# --- closed and endless ends


@pytest.mark.parametrize(
    "command",
    [
        "upsample '1 2; 3 4' --size 400",
        "upsample '1 2; 3 4' --size 400 --format json",
        "upsample '1 2; 3 4' --size 400 --format npy",
        "upsample '1 2; 3 4' --size 16 --format table",
        "transpose-conv '1 2; 3 4' --stride 400 2>/dev/null",
        "summary dcgan",
        "summary dcgan --format table",
        "generator",
        "--help",
        "upsample --help",
        "--version",
    ],
)
@pytest.mark.parametrize("reader", ["head -c 1", "true"])
def test_a_reader_that_has_enough_ends_the_command_quietly(
    shell: Shell, command: str, reader: str
) -> None:
    result = shell(f"upsamp {command} | {reader} > /dev/null; echo ${{PIPESTATUS[0]}}")
    assert (result.stdout, result.stderr) == (b"0\n", b"")


@pytest.mark.parametrize(
    "args",
    [["upsample"], ["transpose-conv"], ["summary", "Dense(1, input_dim=1)"], ["generator"]],
)
def test_a_pipe_that_never_ends_is_not_read_unasked(args: list[str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    ) as process:
        assert process.wait(timeout=20) == 0
        assert process.stdout is not None
        assert process.stdout.read()


def test_an_interrupt_ends_the_command_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "upsample", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""


@pytest.mark.parametrize("command", ["upsample -", "transpose-conv -", "summary -"])
def test_a_closed_standard_input_is_an_error(shell: Shell, command: str) -> None:
    result = shell(f"upsamp {command} <&-")
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr == (
        b"Error: Standard input is closed. Give a file, or pipe data into '-'.\n"
    )
    result = shell("upsamp upsample '1 2' --size 1 <&-")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1 2\n", b"")


@pytest.mark.parametrize("end", [">&-", "> /dev/full"])
@pytest.mark.parametrize(
    "command",
    [
        "upsample '1 2'",
        "upsample '1 2' --format npy",
        "upsample '1 2' --format table",
        "transpose-conv '1 2'",
        f"summary {LAYERS}",
        f"summary {LAYERS} --format table",
        "generator",
        "generator --samples 1 -o -",
        "--help",
        "--version",
    ],
)
def test_a_standard_output_that_takes_nothing_is_an_error(
    shell: Shell, command: str, end: str
) -> None:
    result = shell(f"upsamp {command} {end}")
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert b"Error: " in result.stderr.splitlines(keepends=True)[-1]
    assert result.stderr.count(b"Error") == 1


def test_a_closed_standard_error_harms_nothing(shell: Shell) -> None:
    result = shell("upsamp upsample --size 1 2>&-; upsamp upsample '1 x' 2>&-; echo $?")
    assert (result.stdout, result.stderr) == (b"1 2\n3 4\n1\n", b"")


@pytest.mark.parametrize("size", ["1", "12"])
def test_a_png_flows_to_a_reader_that_has_enough(shell: Shell, samples: Path, size: str) -> None:
    for reader, threads in (("head -c 9", "1"), ("true", "2"), ("head -c 100000", "2")):
        result = shell(
            f"upsamp upsample '{samples}/lake.png' --size {size} -o - | {reader} > /dev/null;"
            " echo ${PIPESTATUS[0]}",
            UPSAMP_THREADS=threads,
        )
        assert (result.stdout, result.stderr) == (b"0\n", b"")


def test_a_disk_that_is_full_ends_a_png_that_threads_work_on(shell: Shell, samples: Path) -> None:
    command = f"upsamp upsample '{samples}/lake.png' --size 12 --interp bilinear"
    result = shell(f"{command} -o - > /dev/full", UPSAMP_THREADS="2")
    assert result.returncode == 1
    assert result.stderr == (b"Error: Cannot write to standard output: no space left on device.\n")
    result = shell(f"{command} --format png -o /dev/full", UPSAMP_THREADS="2")
    assert result.returncode == 1
    assert result.stderr == b"Error: Cannot write '/dev/full': no space left on device.\n"


def test_an_interrupt_ends_a_png_that_threads_work_on(samples: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [
            *(SCRIPT, "upsample", samples / "lake.png", "--size", "20", "--interp", "bilinear"),
            *("--compress", "9", "-o", tmp_path / "out.png"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"UPSAMP_THREADS": "2"},
        cwd=tmp_path,
    ) as process:
        deadline = time.monotonic() + 20
        while not [*tmp_path.iterdir()] and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""
    assert [*tmp_path.iterdir()] == []


def test_threads_that_are_no_number_are_an_error(
    shell: Shell, samples: Path, tmp_path: Path
) -> None:
    result = shell(f"upsamp upsample '{samples}/lake.png' -o out.png", UPSAMP_THREADS="many")
    assert result.returncode == 1
    assert result.stderr == (
        b"Error: UPSAMP_THREADS must be a positive integer. Received: 'many'. "
        b"Unset it to use all cores.\n"
    )
    assert [*tmp_path.iterdir()] == []


# --- locales and names


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "command",
    [
        "upsample '0.5 100; 1e-30 7' --format table",
        "upsample --size 50 --format table",
        "summary dcgan --format table",
        "summary \"Dense(1, input_dim=1, name='über')\"",
        "transpose-conv --help",
    ],
)
def test_a_narrow_encoding_is_no_obstacle(shell: Shell, command: str, encoding: str) -> None:
    result = shell(f"upsamp {command}", LC_ALL="C", PYTHONIOENCODING=encoding)
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr
    assert len(result.stdout) > 20


@pytest.mark.parametrize("name", ["'ü.png'", "$'\\xff.png'", "'[bold]x.png'", "'a b;c.png'"])
@pytest.mark.parametrize("encoding", ["ascii:strict", "utf-8:strict"])
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
    for args in ("--version", "--help", "upsample '1 2; 3 4' --size 2 3", "upsample 'x'"):
        script, module = shell(f"upsamp {args}"), shell(f"'{sys.executable}' -m upsamp {args}")
        assert (script.returncode, script.stdout, script.stderr) == (
            module.returncode,
            module.stdout,
            module.stderr,
        )


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    result = shell("upsamp --version")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == f"upsamp {version('upsamp')}\n"


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_the_shell_can_complete_commands_and_options(shell: Shell, kind: str) -> None:
    result = shell("upsamp", _UPSAMP_COMPLETE=f"{kind}_source")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"_UPSAMP_COMPLETE" in result.stdout
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
    result = subprocess.run([sys.executable, "-c", line], capture_output=True, check=True)
    assert result.stderr == b"[]\n"


# --- errors


ERRORS = {
    "a missing file": ("upsample missing.png", 1),
    "a missing matrix": ("transpose-conv missing.csv", 1),
    "missing weights": ("transpose-conv lake.png --weights missing.npy", 1),
    "a directory": ("upsample folder", 1),
    "a directory named as an image": ("upsample folder.png", 1),
    "an empty image": ("upsample empty.png", 1),
    "an empty matrix": ("upsample empty.csv", 1),
    "an empty npy": ("upsample empty.npy", 1),
    "an empty npz": ("upsample empty.npz", 1),
    "empty standard input": ("upsample - < empty.png", 1),
    "a truncated image": ("upsample cut.png --interp bicubic", 1),
    "a truncated photograph": ("transpose-conv cut.jpg", 1),
    "a truncated array": ("upsample cut.npy", 1),
    "a text file named .png": ("upsample text.png", 1),
    "an image named .csv": ("upsample image.csv", 1),
    "a ragged matrix": ("upsample ragged.txt", 1),
    "a file below a file": ("upsample lake.png -o lake.png/out.png", 1),
    "a missing directory": ("upsample lake.png -o missing/out.png", 1),
    "a directory as the output": ("upsample lake.png -o folder.png --force", 1),
    "a full disk": ("upsample lake.png --format png -o /dev/full", 1),
    "a file that exists": ("upsample lake.png -o cut.png", 1),
    "an unknown suffix": ("upsample lake.png -o out.doc", 1),
    "alpha in a format without it": ("upsample sprite.png -o out.jpg", 1),
    "an image too wide for its format": ("upsample lake.png --size 1 100 -o out.webp", 1),
    "a size of nothing": ("upsample lake.png --size 0", 2),
    "a level for a format without it": ("upsample lake.png -o out.jpg --compress 9", 2),
    "a level that there is not": ("upsample lake.png --compress 10", 2),
    "a negative size": ("upsample lake.png --size 2 -1", 2),
    "a size that is a word": ("upsample lake.png --size two", 2),
    "an unknown interpolation": ("upsample lake.png --interp cubic", 2),
    "an unknown command": ("enlarge lake.png", 2),
    "an unknown option": ("upsample lake.png --factor 2", 2),
    "two inputs": ("upsample lake.png cut.png", 2),
    "a layer that is none": ("summary 'Dens(1)'", 1),
    "an output beyond memory": ("upsample lake.png --size 1000000", 1),
    "a matrix beyond memory": ("upsample '1 2; 3 4' --size 1000000000", 1),
    "a product beyond every machine": (f"upsample '1 2; 3 4' --size {10**30}", 1),
    "a convolution beyond memory": ("transpose-conv lake.png --stride 1000000", 1),
    "a picture of samples beyond memory": ("generator --zoom 1000000 -o out.png > /dev/null", 1),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_one_line_and_leaves_everything_as_it_was(
    shell: Shell, samples: Path, tmp_path: Path, what: str
) -> None:
    command, code = ERRORS[what]
    for name in ("lake.png", "sprite.png"):
        copy(samples / name, tmp_path)
    copy(samples / "lake.png", tmp_path / "image.csv")
    np.save(tmp_path / "cut.npy", np.ones((9, 9)))
    copy(samples / "lake.png", tmp_path / "cut.png")
    copy(samples / "portrait.jpg", tmp_path / "cut.jpg")
    for name in ("cut.png", "cut.jpg", "cut.npy"):
        os.truncate(tmp_path / name, (tmp_path / name).stat().st_size // 2)
    for name in ("empty.png", "empty.csv", "empty.npy", "empty.npz"):
        (tmp_path / name).touch()
    (tmp_path / "text.png").write_text("1 2\n3 4\n")
    (tmp_path / "ragged.txt").write_text("1 2\n3 4\n5\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    before = {path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()}
    started = time.monotonic()
    result = shell(f"upsamp {command}")
    # What does not fit is refused before anything of it is made, so at once.
    assert time.monotonic() - started < 2 or "beyond" not in what
    assert (result.returncode, result.stdout) == (code, b"")
    *notes, line = result.stderr.decode().splitlines(keepends=True)
    assert line.startswith("Error: ")
    assert line.endswith("\n")
    assert all("generator is untrained" in note for note in notes)
    assert ("Try 'upsamp" in line) == (code == 2)
    assert {
        path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()
    } == before


def test_a_long_matrix_on_the_command_line_is_no_file_name(shell: Shell) -> None:
    matrix = " ".join(map(str, range(2000)))
    result = shell(f"upsamp upsample '{matrix}' --size 1 -o out.txt && cat out.txt")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.endswith(f"{matrix}\n".encode())


# --- a terminal


def test_an_image_is_not_printed_on_a_terminal(terminal: Terminal, samples: Path) -> None:
    for args in (
        ["upsample", samples / "lake.png", "-o", "-"],
        ["upsample", "1 2", "--format", "npy"],
        ["generator", "--samples", "1", "-o", "-"],
        ["generator", "--samples", "1", "--samples-out", "-"],
    ):
        shown, errors, code = terminal(80, *args)
        assert (shown, code) == ("", 2)
        assert errors.startswith("Error: ")
        assert "must not be printed on a terminal" in errors


@pytest.mark.parametrize("command", ["upsample", "transpose-conv"])
def test_json_is_the_bare_nested_list_on_a_terminal_too(terminal: Terminal, command: str) -> None:
    shown, _, code = terminal(80, command, "1 2", "--format", "json")
    assert code == 0
    assert np.array(json.loads(shown)).ndim == 2
