"""`--style keras`: what real Keras 3 prints of every golden model, to the character."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from effort import in_one_test, sample
from golden_files import golden_models, model_file

Invoke = Callable[..., Result]
Terminal = Callable[..., tuple[str, str, int]]

# What a file does not tell: Sequential as .h5 has no shapes, and an LSTM none of its output.
UNTOLD = {
    # Keras 2's form leaves out what shape goes into a layer, and what comes out of a Lambda.
    "keras/with_lambda.h5",
    # It does not say either whether Keras will find the optimizer built.
    "keras/compiled.h5",
}
WHOLE_MODELS = (".keras", ".h5", ".json")


def texts() -> list[Any]:
    """Return each file of Keras 3 with each text that Keras prints of it."""
    found = []
    for golden in golden_models():
        for file in golden.files:
            if golden.library != "keras" or ".weights." in file or not file.endswith(WHOLE_MODELS):
                continue
            if file in UNTOLD:
                continue
            for told in golden.said["texts"]:
                settings = [key for key in ("expand_nested", "show_trainable") if told[key]]
                title = " ".join([file, str(told["line_length"]), *settings])
                found.append(pytest.param(file, told, id=title))
    return found


def arguments(file: str, told: dict[str, Any]) -> list[object]:
    """Return the arguments that ask for a text."""
    asked: list[object] = ["summary", model_file(file), "--style", "keras"]
    asked += ["--expand-nested"] * told["expand_nested"]
    asked += ["--show-trainable"] * told["show_trainable"]
    return asked + (["--width", told["line_length"]] if told["line_length"] else [])


@in_one_test(("file", "told"), sample(texts(), 2))
def test_the_text_is_that_of_keras_to_the_character(
    invoke: Invoke, file: str, told: dict[str, Any]
) -> None:
    result = invoke(*arguments(file, told))
    assert result.exit_code == 0
    assert result.stdout.rstrip("\n") == told["text"].rstrip("\n")
    assert ("Keras cuts" in result.stderr) == ("…" in told["text"])


def test_there_are_texts_of_every_kind() -> None:
    told = [case.values[1] for case in texts()]
    assert len(told) > 60
    assert any("Connected to" in one["text"] and one["expand_nested"] for one in told)
    assert any("Optimizer params" in one["text"] for one in told)


def test_no_number_is_cut_where_keras_would_cut_it(invoke: Invoke) -> None:
    layer = "Dense(10**9, input_dim=10**9, name='a')"
    result = invoke("summary", layer, "--style", "keras", "--width", 40)
    rows = [line.split("│") for line in result.stdout.splitlines() if line.startswith("│")]
    digits = "".join(row[3].strip() for row in rows)
    assert digits == "1,000,000,001,000,000,000"
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_terminal_that_is_too_narrow_gets_lines_4_shorter_than_it(terminal: Terminal) -> None:
    shown, errors, code = terminal(60, "summary", "dcgan", "--style", "keras")
    assert (code, errors.count("\n")) == (0, 0)
    assert {len(line) for line in shown.splitlines() if line.startswith("├")} == {56}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--width", 8], "The width must leave each column 4 characters. Received: 8."),
        (["--columns", "all"], "--style keras must stand without --columns and --format."),
        (["--format", "json"], "--style keras must stand without --columns and --format."),
    ],
)
def test_what_has_no_meaning_in_keras_style_is_refused(
    invoke: Invoke, options: list[object], message: str
) -> None:
    result = invoke("summary", "dcgan", "--style", "keras", *options)
    assert result.exit_code in (1, 2)
    assert message in result.stderr
