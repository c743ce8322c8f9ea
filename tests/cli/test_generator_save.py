"""`upsamp generator --save`, and `--compress` of its picture."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import Result
from effort import in_one_test

from upsamp import load_model, make_generator
from upsamp.core.arguments import Array

Invoke = Callable[..., Result]


def weights_of(name: str, architecture: Path | None = None) -> list[Array]:
    """Return the weights of a file, put into its own or into another file's architecture."""
    model = load_model(name) if architecture is None else load_model(architecture, name)
    return model.get_weights()


@in_one_test("suffix", [".keras", ".weights.h5", ".npz", ".safetensors"])
def test_what_is_saved_is_the_generator(invoke: Invoke, suffix: str) -> None:
    model = make_generator("transpose", seed=5)
    architecture = None
    if suffix != ".keras":
        architecture = Path("architecture.json")
        architecture.write_text(model.to_json(), encoding="utf-8")
    result = invoke("generator", "--kind", "transpose", "--seed", 5, "--save", f"g{suffix}")
    assert result.exit_code == 0, result.stderr
    assert 'Model: "transpose"' in result.stdout
    saved = weights_of(f"g{suffix}", architecture)
    for one, other in zip(saved, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_of_a_file_is_saved_in_another_form(invoke: Invoke) -> None:
    assert invoke("generator", "--save", "a.keras").exit_code == 0
    assert invoke("generator", "--model", "a.keras", "--save", "b.npz").exit_code == 0
    result = invoke("generator", "--model", "a.keras", "--weights", "b.npz", "--save", "c.keras")
    assert result.exit_code == 0, result.stderr
    assert Path("c.keras").read_bytes() == Path("a.keras").read_bytes()


def test_a_name_that_tells_no_format_is_refused_before_the_work(invoke: Invoke) -> None:
    result = invoke("generator", "--save", "generator.bin")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: The name of a file must say how a model is saved: .keras, .onnx, .weights.h5, "
        ".npz, .safetensors. Received: generator.bin. Try 'upsamp generator --help'.\n"
    )
    assert result.stdout == ""


def test_a_file_that_exists_is_kept_without_force(invoke: Invoke) -> None:
    Path("g.npz").write_bytes(b"mine")
    result = invoke("generator", "--save", "g.npz")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: 'g.npz' exists already.")
    assert Path("g.npz").read_bytes() == b"mine"
    assert invoke("generator", "--save", "g.npz", "--force").exit_code == 0
    assert Path("g.npz").read_bytes() != b"mine"


def test_compression_is_of_the_picture_and_of_png(invoke: Invoke) -> None:
    for level in (0, 9):
        assert invoke("generator", "-o", f"{level}.png", "--compress", level).exit_code == 0
    assert Path("9.png").stat().st_size < Path("0.png").stat().st_size
    result = invoke("generator", "--samples-out", "s.npy", "--compress", 5)
    assert result.exit_code == 2
    assert "--compress is for the picture. Give -o FILE.png." in result.stderr
    result = invoke("generator", "-o", "s.bmp", "--compress", 5)
    assert result.exit_code == 2
    assert "--compress is for PNG, and the result is to be BMP." in result.stderr
    assert not Path("s.bmp").exists()


def test_training_of_a_file_is_told_and_drawn_from_the_seed(invoke: Invoke) -> None:
    layers = [
        {
            "class_name": "InputLayer",
            "name": "z",
            "config": {"name": "z", "batch_input_shape": [None, 8]},
            "inbound_nodes": [],
        },
        {
            "class_name": "Dropout",
            "name": "d",
            "config": {"name": "d", "rate": 0.5},
            "inbound_nodes": [[["z", 0, 0, {"training": True}]]],
        },
    ]
    ends = {"input_layers": [["z", 0, 0]], "output_layers": [["d", 0, 0]]}
    model = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    Path("m.json").write_text(json.dumps({**model, "keras_version": "2.15.0"}), encoding="utf-8")
    drawn = []
    for number, seed in enumerate((1, 1, 2)):
        options = ("--latent-file", "z.npy", "--seed", seed, "--samples-out", f"{number}.npy")
        np.save("z.npy", np.ones((64, 8), np.float32))
        result = invoke("generator", "--model", "m.json", *options)
        assert result.exit_code == 0, result.stderr
        assert "Note: layer 'd' (Dropout) is called with training=True, so random" in result.stderr
        drawn.append(np.load(f"{number}.npy"))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert set(np.unique(drawn[0])) == {0, 2}
    assert np.any(drawn[0] != drawn[2])
    saved = invoke("generator", "--model", "m.json", "--save", "m.keras")
    assert "Note: predict() of Keras 3 passes over training=True" in saved.stderr
    assert "is called with training=True" in invoke("summary", "m.keras").stderr
