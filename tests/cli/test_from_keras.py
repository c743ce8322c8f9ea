"""`transpose-conv --from keras`: a layer that is spelled, or one of a saved model; `--bias`."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray

import upsamp
from upsamp.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Layer,
    UpSampling2D,
)

Invoke = Callable[..., Result]
Array = NDArray[Any]
LEAKY = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.1}}
OUT = ("-o", "y.npy", "--force")


@pytest.fixture
def model(invoke: Invoke) -> upsamp.Sequential:  # noqa: ARG001 - which goes to a folder of its own
    """Save a model as model.keras, and an input of each of its layers, and return the model."""
    layers = [
        Conv2DTranspose(6, 5, 2, "same", input_shape=(4, 5, 3), bias_initializer="ones"),
        Conv2DTranspose(4, 3, (1, 2), activation="relu", use_bias=False, name="rectified"),
        Conv2DTranspose(3, 2, activation=LEAKY, name="leaky"),
        Conv2D(2, 3, name="plain"),
        BatchNormalization(name="normal"),
        UpSampling2D((2, 3), interpolation="bilinear", name="up"),
    ]
    made = upsamp.Sequential(layers)
    made.save("model.keras")
    x = np.random.default_rng(3).standard_normal((4, 5, 3)).astype("f4")
    for layer in made.layers:
        np.save(f"{layer.name}.npy", x)
        x = layer(x[np.newaxis])[0]
    return made


def test_a_layer_of_a_model_computes_what_it_does_there(
    invoke: Invoke, model: upsamp.Sequential
) -> None:
    for layer in model.layers:
        spelled = f"model.keras:{layer.name}"
        args = ("--from", "keras", spelled, f"{layer.name}.npy", *OUT)
        result = invoke("transpose-conv", *args)
        assert result.exit_code == 0, result.stderr
        expected = layer(np.load(f"{layer.name}.npy")[np.newaxis])[0]
        np.testing.assert_allclose(np.load("y.npy"), expected, rtol=1e-5, atol=1e-6)


def test_the_program_of_a_layer_has_its_weights_and_its_activation(
    invoke: Invoke, model: upsamp.Sequential
) -> None:
    first, rectified, leaky = model.layers[:3]
    for layer, last in (
        (first, None),
        (rectified, "y = np.maximum(y, 0)"),
        (
            leaky,
            "y = get_activation({'class_name': 'LeakyReLU', 'config': {'negative_slope': 0.1}})(y)",
        ),
    ):
        args = ("--from", "keras", f"model.keras:{layer.name}", "--code", "torch")
        for given in ((), (f"{layer.name}.npy",)):
            result = invoke("transpose-conv", *args, *given)
            assert result.exit_code == 0, result.stderr
            lines = result.stdout.splitlines()
            assert (lines[-2] == last) == (last is not None)
            assert ("no input was given" in result.stderr) == (not given)
            for name in ("kernel", *(["bias"] if layer is first else [])):
                np.testing.assert_array_equal(assigned(result.stdout, name), layer.weight(name))


def assigned(program: str, name: str) -> Array:
    """Return the array that a program assigns to a name before it computes."""
    space: dict[str, Any] = {"np": np, "upsamp": upsamp}
    for node in ast.parse(program).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            array: Array = eval(ast.unparse(node.value), space)
            return array
    raise AssertionError(program)


def test_a_layer_that_is_spelled_takes_weights_and_a_bias_of_files(invoke: Invoke) -> None:
    random = np.random.default_rng(4)
    x, kernel = random.standard_normal((4, 5, 3)), random.standard_normal((5, 5, 2, 3))
    bias = random.standard_normal(2)
    np.save("x.npy", x)
    np.save("kernel.npy", kernel)
    np.save("bias.npy", bias)
    Path("bias.txt").write_text("\n".join(map(repr, bias.tolist())))
    layer = ("--from", "keras", "Conv2DTranspose(2, 5, strides=2, padding='same')")
    expected = upsamp.conv2d_transpose(x, kernel, bias, 2, "same")
    for name in ("bias.npy", "bias.txt", " ".join(map(repr, bias.tolist()))):
        words = ("--weights", "kernel.npy", "--bias", name)
        result = invoke("transpose-conv", "x.npy", *layer, *words, *OUT)
        assert result.exit_code == 0, result.stderr
        np.testing.assert_allclose(np.load("y.npy"), expected, rtol=1e-12)
        plain = ("--stride", "2", "--padding", "same", *words, *OUT)
        assert invoke("transpose-conv", "x.npy", *plain).exit_code == 0
        np.testing.assert_allclose(np.load("y.npy"), expected, rtol=1e-12)
    program = invoke("transpose-conv", "x.npy", *layer, *words, "--code", "jax").stdout
    np.testing.assert_array_equal(assigned(program, "bias"), bias.astype("f4"))


def test_numbers_that_are_a_files_name_are_numbers(invoke: Invoke) -> None:
    Path("0").write_text("7")
    assert invoke("transpose-conv", "1 2", "--kernel", "1").stdout == "1 2\n"


def test_a_layer_is_shown_as_a_call(invoke: Invoke, model: upsamp.Sequential) -> None:
    name = model.layers[0].name
    result = invoke("transpose-conv", "--from", "keras", f"model.keras:{name}")
    assert result.stdout == (
        "upsamp.conv2d_transpose(x, kernel, bias, strides=(2, 2), padding='same', "
        "output_padding=None, dilation_rate=(1, 1), groups=1, data_format='channels_last')\n"
        "# kernel: (5, 5, 6, 3)\n"
    )
    result = invoke("transpose-conv", "--from", "keras", "Conv2DTranspose(8, 3, activation='tanh')")
    assert result.stdout.endswith("# kernel: (3, 3, 8, channels)\n# activation: tanh\n")


def test_channels_that_stand_first_in_the_layer_do_so_in_the_input(invoke: Invoke) -> None:
    x = np.random.default_rng(5).standard_normal((3, 4, 5)).astype("f4")
    np.save("x.npy", x)
    spelled = "Conv2DTranspose(2, 3, data_format='channels_first')"
    words = ("--weights", "glorot", "--filters", "2", "--kernel", "3")
    invoke("transpose-conv", "x.npy", "--data-format", "channels_first", *words, *OUT)
    expected = np.load("y.npy")
    layer = ("--from", "keras", spelled, "--weights", "glorot")
    assert invoke("transpose-conv", "x.npy", *layer, *OUT).exit_code == 0
    np.testing.assert_array_equal(np.load("y.npy"), expected)
    assert expected.shape == (2, 6, 7)


@in_one_test(
    ("words", "code", "rule"),
    [
        (("model.keras",), 1, "must name a layer, as FILE:NAME. Received: model.keras. Use one of"),
        (("model.keras:no",), 1, "--from must be that of a layer of model"),
        (("no.keras:up",), 1, "or FILE:NAME of a saved model. Received: no.keras:up."),
        (("Conv2DTranspose(",), 1, "must be spelled as in Keras code"),
        (("Conv2DTranspose(2, 3)", "--kernel", "3"), 2, "says the whole layer. Leave --kernel"),
        (("model.keras:rectified", "--bias", "1"), 2, "does not use --bias."),
        (("Conv2DTranspose(2, 3, use_bias=False)", "--bias", "1"), 2, "does not use --bias."),
        (("model.keras:rectified", "x.npy"), 1, "must have the channels of the layer, 6"),
        (("model.keras:plain",), 2, "--from with a Conv2D needs INPUT, and no --code"),
        (("model.keras:plain", "x.npy", "--code", "jax"), 2, "needs INPUT, and no --code"),
    ],
)
def test_what_cannot_be_taken_is_refused(
    invoke: Invoke, words: tuple[str, ...], code: int, rule: str
) -> None:
    layers: list[Layer] = [Conv2DTranspose(6, 5, input_shape=(4, 5, 3))]
    layers += [Conv2DTranspose(4, 3, use_bias=False, name="rectified"), Conv2D(2, 3, name="plain")]
    upsamp.Sequential(layers).save("model.keras")
    np.save("x.npy", np.zeros((4, 5, 2)))
    result = invoke("transpose-conv", "--from", "keras", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert rule in result.stderr
    assert result.stderr.count("\n") == 1
