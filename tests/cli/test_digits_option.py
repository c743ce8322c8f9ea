"""`--digits`: numbers in tables are cut, and nothing else is."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import Result

from upsamp import upsample
from upsamp.cli.render.matrices import number_text

Invoke = Callable[..., Result]
SMALL = "; ".join(["1 2 3 4 5 6 7 8"] * 8)
LARGE = "; ".join(["1 2 3 4 5 6 7 8 8 7 6 5 4 3 2 1"] * 16)
THIRDS = ("upsample", "0 1", "--size", "1", "3", "--interp", "bilinear")


def test_a_terminal_shows_eight_digits_and_a_pipe_all(
    terminal: Callable[..., tuple[str, str, int]], invoke: Invoke
) -> None:
    shown, _, code = terminal(80, *THIRDS)
    assert code == 0
    assert "│ 0.33333333 │ 0.66666667 │" in " ".join(shown.split())
    expected = upsample([[0.0, 1.0]], (1, 3), "bilinear")
    piped = [float(word) for word in invoke(*THIRDS).stdout.split()]
    np.testing.assert_array_equal(piped, expected[0])
    table = invoke(*THIRDS, "--format", "table").stdout
    assert str(float(expected[0, 2])) in table


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ((*THIRDS, "--format", "table"), "0.333"),
        ((*THIRDS, "--explain"), "0.333"),
        ((*THIRDS, "--explain", "--format", "markdown"), "| 0.333 |"),
        (("transpose-conv", "--weights", "random", "--stride", "2", "--overlap"), "weights 0.888 "),
        (("upsample", SMALL, "--reference", LARGE), "8.5       0.0185\n"),
        (("upsample", "1 2; 3 4", "--interp", "bicubic", "--compare"), "PSNR"),
    ],
)
def test_every_table_of_numbers_is_cut(invoke: Invoke, line: tuple[str, ...], said: str) -> None:
    result = invoke(*line, "--digits", "3")
    assert result.exit_code == 0, result.stderr
    assert said in result.stdout


@pytest.mark.parametrize(
    "line",
    [
        THIRDS,
        (*THIRDS, "--format", "json"),
        (*THIRDS, "-o", "x.npy"),
        (*THIRDS, "--explain", "--format", "json"),
        (*THIRDS, "--code", "torch"),
        (*THIRDS, "--sheet", "x.png"),
        ("transpose-conv", "1 2", "--overlap", "--format", "json"),
        ("transpose-conv", "--solve", "7", "28"),
        ("transpose-conv", "--from", "torch", "ConvTranspose2d(1, 1, 4)"),
    ],
)
def test_what_keeps_all_digits_refuses_it(invoke: Invoke, line: tuple[str, ...]) -> None:
    result = invoke(*line, "--digits", "3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: --digits is for tables" in result.stderr


def test_json_of_an_explanation_loses_nothing(invoke: Invoke) -> None:
    told = json.loads(invoke(*THIRDS, "--explain", "--format", "json").stdout)
    np.testing.assert_array_equal(told["output"], upsample([[0.0, 1.0]], (1, 3), "bilinear"))


def test_a_number_is_rounded_where_it_has_more_digits() -> None:
    for digits in range(1, 18):
        for value in np.random.default_rng(digits).standard_normal(20) * 10.0 ** np.arange(-10, 10):
            text = number_text(value, digits)
            unit = 10.0 ** (np.floor(np.log10(abs(value))) + 1 - digits)
            assert abs(float(text) - value) <= 0.5000001 * unit + np.spacing(abs(value))
            assert float(number_text(value)) == value
    assert number_text(np.int64(123456789012), 3) == "123456789012"
    assert number_text(np.float64(120000), 2) == "120000"
    assert number_text(np.float32(np.nan), 2) == "nan"
