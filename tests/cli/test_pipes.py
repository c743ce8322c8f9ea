"""The installed script in pipes: results flow on and lose nothing."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test, one_of_each, sample
from PIL import Image

import upsamp

Invoke = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]


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


@in_one_test("format_name", ["plain", "csv", "tsv", "json", "npy", "npz"])
def test_every_format_flows_from_one_command_to_the_next(invoke: Invoke, format_name: str) -> None:
    first = invoke("upsample", "0.1 nan; -inf 1e-5", "--format", format_name)
    result = invoke("upsample", "-", "--size", 1, "--format", "npy", stdin=first.stdout_bytes)
    assert (result.exit_code, first.stderr, result.stderr) == (0, "", "")
    expected = np.array([[0.1, np.nan], [-np.inf, 1e-5]]).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.load(BytesIO(result.stdout_bytes)), expected, strict=True)


def test_one_array_of_several_is_taken_off_a_pipe(shell: Shell, invoke: Invoke) -> None:
    arrays: dict[str, Any] = {"a:b": np.zeros((1, 2)), "c": np.array([[7, 8]])}
    np.savez("two.npz", **arrays)
    result = shell("upsamp upsample /dev/stdin:c --size 1 < two.npz")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"7 8\n", b"")
    result = shell("cat two.npz | upsamp upsample /dev/stdin:a:b --size 1")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"0 0\n", b"")
    told = invoke("upsample", "-", "--size", "1", stdin=Path("two.npz").read_bytes())
    assert told.exit_code == 1
    assert "asked for one of its arrays, as in '/dev/stdin:NAME'. It holds: a:b, c" in told.stderr


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


@pytest.mark.parametrize("output", sample(["/dev/stdout", "/dev/fd/1", ">(cat)"], 2))
def test_a_pipe_may_be_named_as_the_output(shell: Shell, output: str) -> None:
    result = shell(f"upsamp upsample '1 2' --size 1 --format csv -o {output} | cat")
    assert result.returncode == 0
    assert b"1,2\n" in result.stdout


def test_a_device_is_written_to_and_stays(shell: Shell) -> None:
    result = shell("upsamp upsample '1 2' --format npy -o /dev/null && test -c /dev/null")
    assert (result.returncode, result.stderr) == (0, b"")


# Whether a pipe blocks belongs to the open file, and any process that shares it may say so.
UNBLOCKED = 'python -SE -c "import os; [os.set_blocking(n, False) for n in (0, 1, 2)]"'
LONG = (
    "upsample '1 2; 3 4' --size 150",
    "upsample '1 2; 3 4' --size 150 --format npy",
    "generator --samples 64 --zoom 4 --compress 0 -o -",
)


@pytest.mark.parametrize(("command", "unbuffered"), one_of_each(LONG, ("1", "")))
def test_a_pipe_that_does_not_block_gets_the_whole_result(
    shell: Shell, invoke: Invoke, tmp_path: Path, command: str, unbuffered: str
) -> None:
    (tmp_path / "whole").write_bytes(invoke(*shlex.split(command)).stdout_bytes)
    result = shell(
        f"exec 2> notes; ( {UNBLOCKED}; upsamp {command} )"
        " | ( sleep 0.5; cmp - whole && wc -c < whole )",
        PYTHONUNBUFFERED=unbuffered,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert int(result.stdout) > 2**16


def test_an_input_that_does_not_block_is_read_to_its_end(shell: Shell) -> None:
    slow = "( printf '1 2\\n3'; sleep 0.7; printf ' 4\\n' )"
    result = shell(f"{slow} | ( {UNBLOCKED}; upsamp upsample - --size 1; cat )")
    assert (result.returncode, result.stdout) == (0, b"1 2\n3 4\n")


def test_a_model_is_recognised_by_bytes_that_come_one_by_one(shell: Shell, invoke: Invoke) -> None:
    Path("shown").write_bytes(invoke("generator", "--save", "m.keras").stdout_bytes)
    result = shell(
        "( head -c 1 m.keras; sleep 0.4; tail -c +2 m.keras ) | upsamp summary /dev/stdin"
        " | tail -n 3 | cmp - <(tail -n 3 shown)"
    )
    assert (result.returncode, result.stdout) == (0, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_write_that_the_system_cuts_is_an_error(shell: Shell, unbuffered: str) -> None:
    command = "upsamp upsample '1 2; 3 4' --size 150 --format npy"
    result = shell(f"ulimit -f 8; {command} > out.npy", PYTHONUNBUFFERED=unbuffered)
    assert result.returncode == 1
    assert result.stderr == b"Error: Cannot write to standard output: file too large.\n"


@pytest.mark.parametrize(
    ("name", "redirected"),
    sample(
        [
            ("/dev/stdout", ">> log"),
            ("-", ">> log"),
            ("/dev/stderr", "2>> log"),
            ("/dev/fd/3", "3>> log"),
            ("/dev/fd/1", ">> log"),
            ("/proc/self/fd/1", ">> log"),
            ("link", ">> log"),
        ],
        3,
    ),
)
def test_what_stands_before_a_result_in_an_open_file_stays(
    shell: Shell, tmp_path: Path, name: str, redirected: str
) -> None:
    (tmp_path / "log").write_bytes(b"old\n")
    (tmp_path / "link").symlink_to("/dev/stdout")
    result = shell(f"upsamp upsample '1 2' --size 1 -q --format csv -o {name} {redirected}")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert (tmp_path / "log").read_bytes() == b"old\n1,2\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "log"]


@contextmanager
def opened(name: str, flags: int = os.O_RDONLY) -> Iterator[str]:
    """Yield the name of a descriptor of a file."""
    descriptor = os.open(name, flags)
    yield f"/dev/fd/{descriptor}"
    os.close(descriptor)


def test_every_output_may_be_an_open_descriptor(invoke: Invoke, samples: Path) -> None:
    """Formats that are searched when they are written begin where the open file is."""
    copy(samples / "sprite.png", "in.png")
    fit = ("transpose-conv", "in.png", "--fit")
    for words, suffix in (
        (("upsample", "in.png", "--format", "tiff", "-o"), ".tif"),
        (("upsample", "1 2", "--format", "npz", "-o"), ".npz"),
        (("upsample", "in.png", "--sheet"), ".png"),
        (("upsample", "in.png", "--out-dir", "out", "--report"), ".json"),
        (("generator", "--samples", "1", "-o"), ".png"),
        (("generator", "--samples", "1", "--samples-out"), ".npy"),
        (("generator", "--save"), ".keras"),
        ((*fit, "out/in_2x2_nearest.png", "--stride", 2, "--save-weights"), ".npy"),
    ):
        file = Path(f"result{suffix}")
        file.write_bytes(b"old")
        with opened(file.name, os.O_WRONLY | os.O_APPEND) as name:
            result = invoke(*words, name)
        assert result.exit_code == 0
        data = file.read_bytes()
        assert data.startswith(b"old")
        file.write_bytes(data.removeprefix(b"old"))
        if suffix in (".tif", ".png"):
            with Image.open(file) as image:
                assert np.asarray(image).any()
        elif suffix == ".json":
            assert json.loads(file.read_bytes())["totals"]["written"] == 1
        elif suffix == ".keras":
            assert upsamp.load_model(file).name == "upsampling"
        else:
            assert len(np.load(file)) > 0


def test_every_input_may_be_an_open_descriptor(invoke: Invoke, samples: Path) -> None:
    """Also those that are looked into before they are read."""
    invoke("generator", "--save", "m.keras")
    copy(samples / "sprite.png", "in.png")
    invoke("upsample", "in.png", "-o", "large.png")
    Path("layers").write_text("Dense(3, input_dim=100)")
    Path("matrix").write_text("1 2; 3 4")
    np.save("z.npy", np.zeros((2, 100)))
    draw = ("generator", "-o", "o.png", "--model", "FILE", "--latent-file", "FILE")
    convolve = ("transpose-conv", "FILE", "--weights", "FILE")
    for words, files in (
        (("summary", "FILE", "FILE"), ("m.keras", "m.keras")),
        (("summary", "FILE", "--weights", "FILE"), ("m.keras", "m.keras")),
        (("summary", "FILE"), ("layers",)),
        (draw, ("m.keras", "z.npy")),
        (convolve, ("matrix", "matrix")),
        ((*convolve, "--max-memory", "99MB"), ("z.npy", "matrix")),
        (("transpose-conv", "FILE", "--fit", "FILE", "--stride", 2), ("in.png", "large.png")),
        (("upsample", "FILE", "--sheet", "s.png"), ("in.png",)),
        (("upsample", "FILE"), ("in.png",)),
    ):
        by_name = iter(files)
        expected = invoke(*(next(by_name) if word == "FILE" else word for word in words))
        with ExitStack() as stack:
            names = [stack.enter_context(opened(file)) for file in files]
            by_number = iter(names)
            given = [next(by_number) if word == "FILE" else word for word in words]
            result = invoke(*given, *(["--force"] if "-o" in words or "--sheet" in words else []))
        assert (expected.exit_code, result.exit_code) == (0, 0)
        if words == ("upsample", "FILE"):  # which has no folder for its result
            assert result.stdout_bytes == Path("in_2x2_nearest.png").read_bytes()
            continue
        shown = result.stdout
        for name, file in zip(names, files, strict=True):
            shown = shown.replace(name, file)
        seconds = re.compile("seconds.*")
        assert seconds.sub("", shown) == seconds.sub("", expected.stdout)


def test_two_process_substitutions_are_two_streams(shell: Shell) -> None:
    result = shell(
        "upsamp summary <(echo 'Dense(3, input_dim=2)') <(echo 'Dense(4)') | grep -c Dense;"
        " mkfifo pipe; echo 'Dense(3, input_dim=2)' > pipe & upsamp summary pipe | grep -c Dense;"
        " upsamp transpose-conv <(echo 1 2) --weights <(echo 3) --max-memory 99MB 2> notes;"
        " upsamp upsample <(echo 1) <(echo 2); echo $?"
    )
    assert result.stdout == b"2\n1\n3 6\n2\n"
    assert result.stderr == (
        b"Error: A pipe must be alone. Received: '/dev/fd/63'. Give files. "
        b"Try 'upsamp upsample --help'.\n"
    )


@pytest.mark.parametrize(
    ("line", "code", "message"),
    sample(
        [
            (
                "upsample '1 2' -o /dev/fd/3 3> log",
                2,
                "as a pipe has no suffix. Use --format NAME.",
            ),
            ("upsample '1 2' -o pipe", 2, "Cannot tell the format of 'pipe'"),
            ("upsample '1 2' -o /dev/fd/77 --format csv", 1, "bad file descriptor. Open it for"),
            (
                "upsample '1 2' -o /dev/stdin --format csv < log",
                1,
                "bad file descriptor. Open it for",
            ),
            ("upsample /dev/fd/77", 1, "There is no file '/dev/fd/77'"),
            ("upsample /dev/stdin <&-", 1, "Standard input is closed."),
            (
                "transpose-conv - --weights /dev/stdin",
                2,
                "Only one input can be read from standard",
            ),
            (
                "summary /dev/fd/3 /dev/fd/3 3< log",
                2,
                "Only one input can be read from '/dev/fd/3'",
            ),
            (
                "generator -o - --samples-out /dev/fd/1",
                2,
                "-o and --samples-out must not both be '-'",
            ),
        ],
        4,
    ),
)
def test_a_stream_that_will_not_do_is_refused_before_the_work(
    shell: Shell, invoke: Invoke, line: str, code: int, message: str
) -> None:
    os.mkfifo("pipe")
    Path("log").touch()
    if {*line} & {*"<>"}:  # which take a shell
        result = shell(f"upsamp {line}")
        ended, shown, errors = result.returncode, result.stdout, result.stderr.decode()
    else:
        done = invoke(*shlex.split(line))
        ended, shown, errors = done.exit_code, done.stdout_bytes, done.stderr
    assert (ended, shown) == (code, b"")
    assert message in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.usefixtures("here_engine")
def test_a_report_may_be_standard_output(shell: Shell, invoke: Invoke, samples: Path) -> None:
    copy(samples / "sprite.png", "sprite.png")
    told = invoke("upsample", "sprite.png", "none.png", "--out-dir", "out", "--report", "-")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["totals"]["failed"] == 1
    assert "none.png" in told.stderr
    result = shell("upsamp upsample sprite.png --out-dir out --force --report - | true")
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_named_pipe_whose_reader_has_enough_ends_the_command_quietly(shell: Shell) -> None:
    result = shell("upsamp upsample '1 2' --size 300 --format csv -q -o >(head -c 9 > some)")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
