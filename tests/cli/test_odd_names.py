"""Names of files may have anything in them; what is told of them is lines of words all the same."""

import os
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from subprocess import CompletedProcess

import pytest
from click.testing import Result
from effort import choose, in_one_test, sample
from terminals import SCRIPT, run_on_terminal

NAMES = {
    "newline": "two\nlines",
    "return": "over\rwritten",
    "escape": "red\x1b[31m",
    "title": "\x1b]0;title\x07",
    "bell": "bell\x07\x08\x08",
    "tab": "tab\there",
    "blanks": " two  blanks ",
    "emoji": "smile🙂 é",
    "right to left": "rtl\u202egnp",
    "bytes": os.fsdecode(b"bytes\xff\xfe"),
    "markup": "[bold]rich[red]",
    "options": "--force",
    "matrix": "1 2; 3 4",
    "percent": "%s{0}",
}
every_name = in_one_test("name", NAMES.values())


def spelled(name: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)


def check_lines(text: str) -> None:
    """Assert that a text has nothing in it that would move a cursor."""
    assert "".join(text.splitlines()).isprintable(), text


@every_name
def test_a_result_beside_it_is_told_in_lines(
    invoke: Callable[..., Result], samples: Path, name: str
) -> None:
    copy(samples / "sprite.png", f"./{name}.png")
    done = invoke("upsample", f"./{name}.png")
    assert (done.exit_code, done.stderr) == (0, "")
    assert Path(f"./{name}_2x2_nearest.png").is_file()
    check_lines(done.stdout)
    lines = done.stdout.splitlines()
    stem = spelled(name)
    assert lines[0] == f"file: ./{stem}.png -> {stem}_2x2_nearest.png"
    assert len(lines) == 7


@every_name
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["SOURCE", "-o", "NAME"], "Cannot tell the format of '"),
        (["SOURCE", "-o", "none/NAME.png"], "its directory does not exist"),
        (["SOURCE", "-o", "NAME.png"], "exists already"),
        (["./noNAME.png"], "There is no file '"),
        (["SOURCE", "--sheet", "NAME.png"], "exists already"),
    ],
)
def test_an_error_is_one_line(
    invoke: Callable[..., Result], samples: Path, name: str, arguments: list[str], message: str
) -> None:
    source = f"./{name}.png"
    copy(samples / "sprite.png", source)
    words = [
        source
        if word == "SOURCE"
        else word.replace("NAME", f"./{name}" if word[0] == "N" else name)
        for word in arguments
    ]
    done = invoke("upsample", *words)
    assert done.exit_code in (1, 2)
    assert done.stderr.count("\n") == 1
    check_lines(done.stderr)
    assert message in done.stderr
    assert spelled(name) in done.stderr


def test_names_too_long_for_the_system_are_told_with_the_files_they_belong_to(
    invoke: Callable[..., Result], samples: Path
) -> None:
    longest = f"{'a' * 251}.png"
    for name in (longest, "short.png"):
        copy(samples / "sprite.png", name)
    words = (longest, f"{'b' * 300}.png", "short.png", "-j", "2", "--report", "r.json")
    for options in choose([(), ("--skip-existing",)], [(), ("--skip-existing",), ("--force",)]):
        done = invoke("upsample", *words, *options)
        assert (done.exit_code, Path("short_2x2_nearest.png").is_file()) == (1, True)
        assert "Error: 2 of 3 files could not be enlarged." in done.stderr
        assert "name too long" in done.stderr
        assert "There is no file 'bbb" in done.stderr
        assert "ended twice" not in done.stderr
    for folder in (f"{'c' * 300}", f"{'c/' * 3000}c"):
        done = invoke("upsample", "short.png", "--out-dir", folder)
        assert (done.exit_code, "Cannot make the folder" in done.stderr) == (1, True)


@in_one_test("word", ["nul\0.png", "half\ud800.png"])
@in_one_test("option", ["--out-dir", "--sheet", "-o", "--report", None])
def test_what_no_system_hands_over_is_no_argument(
    invoke: Callable[..., Result], samples: Path, word: str, option: str | None
) -> None:
    copy(samples / "sprite.png", "a.png")
    done = invoke("upsample", *(("a.png", option, word) if option else (word,)))
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: An argument must be text that can be a name. Received: '")
    check_lines(done.stderr)


@pytest.mark.parametrize(
    ("line", "message"),
    sample(
        [
            ("upsample 1 -o a.npy", "The working directory is no longer there."),
            ("generator --save a.keras", "The working directory is no longer there."),
            (
                "upsample {0}/a.png --force --out-dir out",
                "The working directory is no longer there.",
            ),
            ("upsample ../a.png", "The working directory is no longer there."),
            ("upsample a.png", "There is no file 'a.png'"),
            ("summary a.keras", "Cannot read 'a.keras'"),
        ],
        2,
    ),
)
def test_a_working_directory_that_is_gone_is_told(
    shell: Callable[..., CompletedProcess[bytes]],
    samples: Path,
    tmp_path: Path,
    line: str,
    message: str,
) -> None:
    copy(samples / "sprite.png", tmp_path / "a.png")
    done = shell(f"mkdir gone; cd gone; rmdir ../gone; upsamp {line.format(tmp_path)}")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].startswith(f"Error: {message}")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("name", sample(("escape", "title", "newline", "markup", "bytes"), 3))
def test_a_terminal_is_told_no_more_than_a_pipe(samples: Path, tmp_path: Path, name: str) -> None:
    copy(samples / "sprite.png", tmp_path / f"{NAMES[name]}.png")
    command = [SCRIPT, "upsample", f"{NAMES[name]}.png"]
    text, errors, code = run_on_terminal(command, tmp_path, {"TERM": "dumb"})
    assert (errors, code) == ("", 0)
    check_lines(text)
    assert spelled(NAMES[name])[:4] in text
    text, errors, code = run_on_terminal(command, tmp_path, {"TERM": "dumb"})
    assert code == 1
    check_lines(text)
    assert errors.count("\n") == 1
    check_lines(errors)


def test_a_note_spells_the_name_of_its_file(
    shell: Callable[..., CompletedProcess[bytes]], samples: Path
) -> None:
    done = shell(
        f"cp {samples}/palette.gif $'a\\x1b[31m\\n.gif'; upsamp upsample $'a\\x1b[31m\\n.gif'"
    )
    assert done.returncode == 0
    check_lines(done.stderr.decode())
    check_lines(done.stdout.decode())
