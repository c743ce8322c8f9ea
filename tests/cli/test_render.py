"""Tables: of arrays, of layers and of what happened, on a terminal of any width and off it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from effort import one_of_each, sample
from numpy.typing import NDArray

import upsamp
from upsamp.cli.render.matrices import show_matrix
from upsamp.cli.render.summaries import show_summary
from upsamp.models.generator import make_generator

Array = NDArray[Any]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]
Terminal = Callable[..., tuple[str, str, int]]
Tables = list[tuple[str, list[list[str]]]]

WIDE = np.array(
    [
        [0.12345678901234568, 1e-300, -123456789.12345679],
        [3.3333333333333335, np.nan, -np.inf],
        [1.7976931348623157e308, -0.0, 42.0],
    ]
)
WIDE_TEXT = "; ".join(" ".join(map(repr, row)) for row in WIDE.tolist())


def lines_of(shown: str) -> list[str]:
    """Return the lines without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()


def joined(lines: list[list[str]]) -> list[str]:
    """Join the pieces of cells that were folded."""
    return ["".join(pieces) for pieces in zip(*lines, strict=True)]


def tables_of(shown: str) -> Tables:
    """Return each table that is shown: its title, and its rows of cells, headings first."""
    tables: Tables = []
    title: list[str] = []
    sections: list[list[list[str]]] = []
    for line in lines_of(shown):
        if line.startswith("┏"):
            sections = [[]]
        elif line.startswith(("┃", "│")):
            sections[-1].append([cell.strip() for cell in re.split("[┃│]", line)[1:-1]])
        elif line.startswith(("┡", "├")):
            sections.append([])
        elif line.startswith("└"):
            tables.append((" ".join(title), rows_of(sections)))
            title = []
        else:
            title.append(line)
    return tables


def rows_of(sections: list[list[list[str]]]) -> list[list[str]]:
    """Return the rows of a table: a section each, or the lines that begin with a label."""
    if any(line[0] for line in sections[0]):
        return [joined(section) for section in sections]
    rows: list[list[list[str]]] = []
    for line in sections[1]:
        if line[0]:
            rows.append([])
        rows[-1].append(line)
    return [joined(sections[0]), *map(joined, rows)]


def values_of(tables: Tables, name: str) -> Array:
    """Return the array that tables of that name show, put together from blocks of columns."""
    blocks = [
        np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])
        for title, rows in tables
        if title.replace(" ", "").startswith(name)
    ]
    return np.concatenate(blocks, axis=1)


# --- every digit, at every width


@pytest.mark.parametrize("columns", sample((9, 14, 20, 30, 40, 57, 80, 200), 5))
def test_no_digit_is_lost_on_a_terminal_of_any_width(terminal: Terminal, columns: int) -> None:
    shown, errors, code = terminal(
        columns, "upsample", WIDE_TEXT, "--size", "1", "2", "--digits", "17"
    )
    assert (code, errors) == (0, "")
    # What is too narrow for any table may be overrun, but nothing may be left out.
    assert max(len(line) for line in lines_of(shown)) <= max(columns, 14)
    tables = tables_of(shown)
    np.testing.assert_array_equal(values_of(tables, "Input"), WIDE)
    np.testing.assert_array_equal(values_of(tables, "Output"), upsamp.upsample(WIDE, (1, 2)))
    _, (headings, row) = tables[-1]
    assert "".join(headings).replace(" ", "") == "Layer(type)OutputShapeParam#"
    assert "".join(row).replace(" ", "") == "up_sampling2d(UpSampling2D)(None,3,6,1)0"


def test_a_wide_terminal_shows_one_table_for_each_matrix(terminal: Terminal) -> None:
    shown, errors, code = terminal(200, "transpose-conv", "--kernel", "3", "--stride", "2")
    assert code == 0
    assert errors.startswith("Note: no input was given")
    tables = tables_of(shown)
    assert [title for title, _ in tables[:2]] == ["Input (2 x 2) float64", "Output (5 x 5) float64"]
    assert tables[0][1] == [["", "0", "1"], ["0", "1", "2"], ["1", "3", "4"]]
    _, rows = tables[2]
    assert rows[1] == ["conv2d_transpose (Conv2DTranspose)", "(None, 5, 5, 1)", "10"]
    assert len(tables) == 3


@pytest.mark.parametrize(("columns", "term"), one_of_each(("10", "40", "80"), ("dumb", "xterm")))
def test_off_a_terminal_a_table_is_never_cut(shell: Shell, columns: str, term: str) -> None:
    line = f"upsamp upsample '{WIDE_TEXT}' --size 1 2 --format table 2>/dev/null"
    result = shell(line, COLUMNS=columns, TERM=term)
    assert result.returncode == 0
    shown = result.stdout.decode()
    assert "\x1b" not in shown
    tables = tables_of(shown)
    assert [title for title, _ in tables][:2] == ["Input (3 x 3) float64", "Output (3 x 6) float64"]
    np.testing.assert_array_equal(values_of(tables, "Input"), WIDE)
    np.testing.assert_array_equal(values_of(tables, "Output"), upsamp.upsample(WIDE, (1, 2)))
    assert all(repr(value).removesuffix(".0") in shown for value in WIDE.ravel().tolist())


@pytest.mark.parametrize("columns", sample((16, 40, 80, 200), 2))
def test_a_summary_is_whole_on_a_terminal_of_any_width(terminal: Terminal, columns: int) -> None:
    layer = "Dense(10**9, input_dim=10**9, name='a_name_that_is_rather_long')"
    shown, errors, code = terminal(columns, "summary", layer)
    assert (code, errors) == (0, "")
    ((_, (_, row)),) = tables_of(shown)
    assert [cell.replace(" ", "") for cell in row] == [
        "a_name_that_is_rather_long(Dense)",
        "(None,1000000000)",
        "1,000,000,001,000,000,000",
    ]
    assert " Total params: 1,000,000,001,000,000,000 (3,552.71 PB)\n" in shown


@pytest.mark.parametrize("columns", [30, 80])
def test_a_report_is_whole_on_a_terminal_of_any_width(
    terminal: Terminal, samples: Path, tmp_path: Path, columns: int
) -> None:
    name = "[red]a_picture_with_a_rather_long_name.png"
    copy(samples / "sprite.png", tmp_path / name)
    shown, errors, code = terminal(columns, "upsample", name, "--interp", "bicubic")
    assert (code, errors) == (0, "")
    ((_, rows),) = tables_of(shown)
    by_label = {row[0]: row[1:] for row in rows}
    assert by_label["File"] == [name, name.replace(".png", "_2x2_bicubic.png")]
    assert [cell.replace(" ", "") for cell in by_label["Shape"]] == ["32x32x4", "64x64x4"]
    assert list(by_label)[1:] == ["File", "Shape", "Dtype", "Mode", "Method", "Size", "Seconds"]


# --- the look of an array


def test_the_points_of_a_column_stand_under_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_matrix("It", np.array([[0.5, 100.0, 1.0], [1e-3, 7.25, 2.0], [-12.75, 0.125, 3.0]]))
    rows = [line.split("│") for line in lines_of(capsys.readouterr().out) if line[0] == "│"]
    assert len(rows) == 3
    for column in zip(*(row[2:5] for row in rows), strict=True):
        points = {cell.index(".") if "." in cell else len(cell.rstrip()) for cell in column}
        assert len(points) == 1, column


@pytest.mark.parametrize(
    ("array", "cells"),
    [
        (np.array([[1, -20], [300, 4]], np.int16), [["1", "-20"], ["300", "4"]]),
        (np.array([[True, False]]), [["True", "False"]]),
        (np.array([[0.1, 2.0]], np.float32), [["0.1", "2"]]),
        (np.array([[0.1, 1e-7]], np.float16), [["0.1", "1e-07"]]),
        (np.array([[2**64 - 1, 0]], np.uint64), [[str(2**64 - 1), "0"]]),
        (np.array([[np.nan, -0.0, -np.inf]]), [["nan", "-0", "-inf"]]),
    ],
)
def test_numbers_are_shown_in_the_shortest_digits_of_their_type(
    array: Array, cells: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    show_matrix("It", array)
    ((title, rows),) = tables_of(capsys.readouterr().out)
    assert title == f"It ({array.shape[0]} x {array.shape[1]}) {array.dtype}"
    assert [row[1:] for row in rows[1:]] == cells


@pytest.mark.parametrize("shape", [(40, 40), (2000, 3), (3, 2000), (1, 1025), (300, 300)])
def test_a_large_matrix_shows_its_corners_and_says_so(
    shape: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    array = np.arange(shape[0] * shape[1]).reshape(shape)
    show_matrix("It", array)
    out, err = capsys.readouterr()
    ((_, rows),) = tables_of(out)
    assert err == "Note: the corners are shown; use --format plain for all.\n"
    shown = {
        (row[0], column): cell
        for row in rows[1:]
        for column, cell in zip(rows[0][1:], row[1:], strict=True)
        if "..." not in (row[0], column)
    }
    expected_rows, expected_columns = (
        [*range(length)] if length <= 8 else [*range(4), *range(length - 4, length)]
        for length in shape
    )
    assert shown == {
        (str(row), str(column)): str(array[row, column])
        for row in expected_rows
        for column in expected_columns
    }
    gaps = sum("..." in row[0] for row in rows[1:]), rows[0].count("...")
    assert gaps == (int(shape[0] > 8), int(shape[1] > 8))


@pytest.mark.parametrize("shape", [(32, 32), (1024, 1), (1, 1024)])
def test_a_matrix_of_a_thousand_numbers_is_shown_whole(
    shape: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    array = np.arange(1024).reshape(shape)
    show_matrix("It", array)
    out, err = capsys.readouterr()
    np.testing.assert_array_equal(values_of(tables_of(out), "It"), array)
    assert err == ""


def test_an_image_of_channels_shows_each_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    array = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    show_matrix("It", array)
    out, err = capsys.readouterr()
    tables = tables_of(out)
    assert err == ""
    assert [title for title, _ in tables] == [
        f"It (2 x 3 x 4) int64, channel {channel}" for channel in range(4)
    ]
    for channel in range(4):
        shown = values_of(tables[channel : channel + 1], "It")
        np.testing.assert_array_equal(shown, array[..., channel])


def test_a_batch_shows_each_image(capsys: pytest.CaptureFixture[str]) -> None:
    show_matrix("It", np.ones((2, 1, 1, 2)))
    titles = [title.split(", ", 1)[1] for title, _ in tables_of(capsys.readouterr().out)]
    assert titles == [
        "image 0, channel 0",
        "image 0, channel 1",
        "image 1, channel 0",
        "image 1, channel 1",
    ]


def test_one_channel_needs_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    show_matrix("It", np.ones((2, 2, 1)))
    assert [title for title, _ in tables_of(capsys.readouterr().out)] == ["It (2 x 2 x 1) float64"]


def test_of_many_channels_some_are_shown_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_matrix("It", np.ones((1, 1, 20)))
    out, err = capsys.readouterr()
    assert len(tables_of(out)) == 8
    assert err == "Note: 12 more channels; use --format json for all.\n"


def test_a_large_image_of_channels_says_that_its_corners_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_matrix("It", np.zeros((50, 50, 2)))
    assert "the corners are shown" in capsys.readouterr().err


# --- summaries


def test_a_summary_as_a_table_has_what_keras_shows(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary(make_generator("transpose").summarize(), "table")
    out = capsys.readouterr().out
    ((title, rows),) = tables_of(out)
    assert title == 'Model: "transpose"'
    assert rows == [
        ["Layer (type)", "Output Shape", "Param #"],
        ["dense (Dense)", "(None, 3200)", "323,200"],
        ["reshape (Reshape)", "(None, 5, 5, 128)", "0"],
        ["conv2d_transpose (Conv2DTranspose)", "(None, 10, 10, 1)", "1,153"],
    ]
    assert out.endswith(
        " Total params: 324,353 (1.24 MB)\n"
        " Trainable params: 324,353 (1.24 MB)\n"
        " Non-trainable params: 0 (0.00 B)\n"
    )


def test_off_a_terminal_a_summary_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    summary = make_generator("dcgan").summarize()
    for format_name in (None, "plain"):
        show_summary(summary, format_name)
        assert capsys.readouterr().out == f"{summary}\n"
