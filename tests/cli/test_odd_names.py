"""Names of files may have anything in them; what is told of them is lines of words all the same."""

import os
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from subprocess import CompletedProcess

import pytest
from click.testing import Result
from effort import sample
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
every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


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


@pytest.mark.parametrize("name", sample(("escape", "title", "newline", "markup", "bytes"), 2))
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
