"""`upsamp generator --code`: a whole model as a program of another library."""

import ast
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from effort import in_one_test

from upsamp import load_model, make_generator
from upsamp.models.export.programs import WRITERS, model_program

Invoke = Callable[..., Result]


@in_one_test("library", WRITERS)
def test_the_program_alone_goes_to_standard_output(invoke: Invoke, library: str) -> None:
    words = ("generator", "--kind", "transpose", "--seed", 5, "--code", library.upper())
    result = invoke(*words, "--save", "g.safetensors")
    assert (result.exit_code, result.stderr) == (0, "")
    model = make_generator("transpose", seed=5)
    assert result.stdout == model_program(model, library, "g.safetensors")
    assert [str(path) for path in Path().iterdir()] == ["g.safetensors"]
    Path("g.json").write_text(model.to_json(), encoding="utf-8")
    again = load_model("g.json", "g.safetensors")
    assert (again.get_weights()[0] == model.get_weights()[0]).all()


def test_without_save_it_is_told_once_which_file_is_loaded(invoke: Invoke) -> None:
    assert invoke("generator", "--save", "my model.keras").exit_code == 0
    result = invoke("generator", "--model", "my model.keras", "--code", "torch")
    assert result.exit_code == 0
    note = "the program loads my model.safetensors, which --save 'my model.safetensors' writes"
    assert result.stderr == f"Note: {note}.\n"
    assert 'load_weights(model, "my model.safetensors")' in result.stdout
    result = invoke("generator", "--code", "jax")
    assert 'load_file("upsampling.safetensors")' in result.stdout
    assert result.stderr.count("upsampling.safetensors") == 2


def test_a_model_of_standard_input_has_a_program(invoke: Invoke) -> None:
    text = make_generator("transpose").to_json()
    result = invoke("generator", "--model", "-", "--code", "keras", stdin=text)
    assert result.exit_code == 0, result.stderr
    ast.parse(result.stdout)
    assert 'load_file("model.safetensors")' in result.stdout


REFUSED = [
    (("-o", "a.png"), "--code prints a program, and draws no samples. Leave out -o."),
    (("--samples-out", "a.npy"), "and draws no samples. Leave out --samples-out."),
    (("--save", "a.keras"), "weights in a .safetensors file. Received: --save a.keras."),
    (("--save", "-"), "weights in a .safetensors file. Received: --save -."),
]


@in_one_test("words, reason", REFUSED)
def test_what_does_not_go_with_a_program_is_refused(
    invoke: Invoke, words: tuple[str, ...], reason: str
) -> None:
    result = invoke("generator", "--code", "torch", *words)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stdout == ""
    assert list(Path().iterdir()) == []


def test_a_layer_that_cannot_be_told_leaves_nothing_written(invoke: Invoke) -> None:
    model = make_generator("transpose")
    text = model.to_json().replace('"Reshape"', '"Lambda"')
    Path("g.json").write_text(text, encoding="utf-8")
    result = invoke("generator", "--model", "g.json", "--code", "jax", "--save", "w.safetensors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Received: 'reshape' (Lambda): upsamp does not have that layer." in result.stderr
    assert not Path("w.safetensors").exists()
