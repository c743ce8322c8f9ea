"""`--preview`: what a terminal shows is the result, by whatever the terminal can."""

import base64
import re
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import sample
from PIL import Image
from terminals import HALF, SCRIPT, as_terminal, run_on_terminal, sixels

from upsamp.core.arguments import Array

Terminal = Callable[..., tuple[str, str, int]]

TRUE: dict[str, str] = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture of few pixels, which a terminal shows as they are."""
    pixels = np.random.default_rng(1).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    path = tmp_path / "small.png"
    Image.fromarray(pixels).save(path)
    return path


def plain(text: str) -> str:
    """Return the words of a text without what colours them and where they break into lines."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


def shown_pixels(text: str, columns: int) -> Array:
    """Return the pixels that the half blocks of a terminal show."""
    lines = [line for line in text.splitlines() if HALF in line]
    cells = as_terminal(lines)
    assert all(len(line) == columns for line in cells)
    rows = [[cell[side] for cell in line] for line in cells for side in (1, 2)]
    return np.array(rows, np.uint8)


def test_the_result_is_shown_and_written(terminal: Terminal, picture: Path) -> None:
    text, errors, code = terminal(40, "upsample", picture, "--preview", **TRUE)
    assert (errors, code) == ("", 0)
    written = np.asarray(Image.open(picture.with_name("small_2x2_nearest.png")))
    # Twice as large as it is: 32 columns are the most that fit into 40.
    shown = shown_pixels(text, 32)
    np.testing.assert_array_equal(shown, written.repeat(2, axis=0).repeat(2, axis=1))
    assert plain(text).endswith("small_2x2_nearest.png: 16 x 12 pixels, 8-bit RGB, shown at 200%")


def test_what_came_through_a_pipe_is_only_shown(picture: Path, tmp_path: Path) -> None:
    # bash gives the command a pipe to read from, and the terminal to write to.
    link = tmp_path / "run.sh"
    link.write_text(f"cat {picture} | {SCRIPT} upsample - --preview\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    text, errors, code = run_on_terminal(["bash", link], tmp_path, TRUE)
    assert (errors, code) == ("", 0)
    assert "Output: 16 x 12 pixels" in text
    assert HALF in text
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_matrix_is_shown_below_its_tables(terminal: Terminal) -> None:
    text, errors, code = terminal(100, "upsample", "1 2; 3 4", "--size", "1", "--preview", **TRUE)
    assert (errors, code) == ("", 0)
    shown = shown_pixels(text, 94)[::47, ::47, 0]
    assert shown.tolist() == [[0, 85], [170, 255]]
    assert text.index("up_sampling2d") < text.index(HALF)
    assert "Output: 2 x 2 pixels, float64 grey, shown at 4700%, black is 1, white 4" in text


@pytest.mark.parametrize(
    ("variables", "kind"),
    sample(
        [
            (TRUE, "2"),
            ({"TERM": "xterm-256color"}, "5"),
            ({"TERM": "xterm"}, ""),
            ({"TERM": "dumb"}, ""),
            (TRUE | {"NO_COLOR": "1"}, ""),
        ],
        4,
    ),
)
def test_the_colours_are_those_that_the_terminal_has(
    terminal: Terminal, picture: Path, variables: Mapping[str, str], kind: str
) -> None:
    text, errors, code = terminal(40, "upsample", picture, "--preview", **variables)
    assert (errors, code) == ("", 0)
    assert {match[1] for match in re.finditer(r"\x1b\[38;(\d);", text)} == ({kind} - {""})
    assert (HALF in text) == bool(kind)


def test_without_half_blocks_in_its_encoding_the_colours_are_those_of_blanks(
    terminal: Terminal, picture: Path
) -> None:
    variables = TRUE | {"PYTHONIOENCODING": "ascii"}
    text, errors, code = terminal(40, "upsample", picture, "--preview", "--size", "1", **variables)
    assert (errors, code) == ("", 0)
    lines = as_terminal([line for line in text.splitlines() if "[48;2" in line])
    shown = np.array([[cell[2] for cell in line[::2]] for line in lines], np.uint8)
    written = np.asarray(Image.open(picture))
    np.testing.assert_array_equal(shown, written.repeat(2, axis=0).repeat(2, axis=1))


def test_a_light_ground_is_taken_into_account(terminal: Terminal, tmp_path: Path) -> None:
    Image.new("L", (4, 4), 255).save(tmp_path / "white.png")
    arguments = ("upsample", tmp_path / "white.png", "--preview", "--force")
    dark, *_ = terminal(40, *arguments, NO_COLOR="1", COLORFGBG="15;0")
    light, *_ = terminal(40, *arguments, NO_COLOR="1", COLORFGBG="0;15")
    assert "@" * 40 in dark
    assert "@" not in light


def test_nothing_is_shown_but_on_a_terminal(invoke: Callable[..., Any], picture: Path) -> None:
    done = invoke("upsample", picture, "--preview")
    assert done.exit_code == 2
    assert "--preview draws on a terminal, and standard output is none." in done.stderr
    assert done.stdout == ""
    assert not picture.with_name("small_2x2_nearest.png").exists()


@pytest.mark.parametrize("other", [["--compare"], ["--code", "keras"]])
def test_what_makes_no_result_has_none_to_show(
    invoke: Callable[..., Any], other: list[str]
) -> None:
    done = invoke("upsample", "1 2", "--preview", *other)
    assert done.exit_code == 2
    assert "--compare, --code and --explain make no" in done.stderr


# --- graphics

ATTRIBUTES = rb"\x1b\[c"
KITTY = rb"\x1b_G[^\x1b]*a=q[^\x1b]*\x1b\\"


def test_a_terminal_that_has_sixels_shows_them(picture: Path, tmp_path: Path) -> None:
    text, errors, code = run_on_terminal(
        [SCRIPT, "upsample", picture, "--preview", "--size", "1"],
        tmp_path,
        TRUE,
        {ATTRIBUTES: b"\x1b[?62;4;22c"},
    )
    assert (errors, code) == ("", 0)
    assert HALF not in text
    shown = sixels(text)
    # Cells are 10 x 20 pixels: 72 columns and 27 lines have the shape of 8 x 6.
    assert abs(shown.shape[1] / shown.shape[0] - 8 / 6) < 0.05
    rows, columns = (
        (2 * np.arange(count) + 1) * length // (2 * count)
        for count, length in zip((6, 8), shown.shape, strict=False)
    )
    centres = shown[np.ix_(rows, columns)]
    assert np.abs(centres.astype(int) - np.asarray(Image.open(picture))).max() < 12


def test_a_terminal_that_has_kittys_graphics_shows_them(picture: Path, tmp_path: Path) -> None:
    text, errors, code = run_on_terminal(
        [SCRIPT, "upsample", picture, "--preview", "--size", "1"],
        tmp_path,
        TRUE,
        {KITTY: b"\x1b_Gi=1;OK\x1b\\", ATTRIBUTES: b"\x1b[?62;22c"},  # as they are asked
    )
    assert (errors, code) == ("", 0)
    assert HALF not in text
    payload = "".join(
        re.findall(r"\x1b_Gi=\d+,m=\d,f=100,q=2;([^\x1b]*)\x1b", text.replace("\n", ""))
    )
    shown = np.asarray(Image.open(BytesIO(base64.b64decode(payload))))
    assert abs(shown.shape[1] / shown.shape[0] - 8 / 6) < 0.05


@pytest.mark.parametrize(
    "answers", sample([{}, {ATTRIBUTES: b"\x1b[?62;22c"}, {ATTRIBUTES: b"\xff\xfenonsense"}], 2)
)
def test_a_terminal_that_has_none_or_does_not_answer_shows_blocks(
    picture: Path, tmp_path: Path, answers: dict[bytes, bytes]
) -> None:
    command = [SCRIPT, "upsample", picture, "--preview", "--size", "1"]
    text, errors, code = run_on_terminal(command, tmp_path, TRUE, answers)
    assert (errors, code) == ("", 0)
    assert HALF in text


def test_a_terminal_without_colours_is_asked_nothing(picture: Path, tmp_path: Path) -> None:
    command = [SCRIPT, "upsample", picture, "--preview"]
    text, _, code = run_on_terminal(command, tmp_path, TRUE | {"NO_COLOR": "1"})
    assert code == 0
    assert "\x1b[c" not in text
    assert "\x1b_G" not in text
