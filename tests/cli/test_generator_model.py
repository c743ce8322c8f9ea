"""`upsamp generator FILE`: the numbers of Keras, images that go in, and what is shown."""

import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from generator_runs import close_to, pixels_of, run
from golden_files import GoldenModel, golden_model, golden_models, model_file, save_arrays
from numpy.typing import NDArray
from PIL import Image

from upsamp import load_model
from upsamp.layers import Concatenate, Dense, InputLayer, Reshape
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.sampling.sample_grid import tile_samples

Invoke = Callable[..., Result]
Array = NDArray[Any]

RUNNING = [
    golden
    for golden in golden_models()
    if golden.runs and golden.name != "float16" and golden.outputs[0].ndim == 4
]
IMAGE_SHAPE = [None, None, None, 3]
GANS = [golden for golden in RUNNING if golden.name in ("dcgan", "wgan_gp", "upsampling_generator")]


# --- the numbers


@in_one_test("golden", RUNNING)
def test_inputs_by_name_give_what_keras_gave(invoke: Invoke, golden: GoldenModel) -> None:
    save_arrays("inputs.npz", golden.inputs, small=False)
    args = ("--latent-file", "inputs.npz", "--samples-out", "a.npy")
    run(invoke, f"{golden}.keras", *args)
    close_to(np.load("a.npy"), golden.outputs[0])


@in_one_test("suffix", ["npy", "npz", "csv"])
@in_one_test("golden", GANS)
def test_points_of_a_file_give_what_keras_gave(
    invoke: Invoke, golden: GoldenModel, suffix: str
) -> None:
    [points] = golden.inputs.values()
    if suffix == "npy":
        np.save("z.npy", points)
    elif suffix == "npz":
        np.savez("z.npz", array=points)
    else:
        np.savetxt("z.csv", points, delimiter=",")
    run(invoke, f"{golden}.h5", "--latent-file", f"z.{suffix}", "--samples-out", "a.npz")
    close_to(np.load("a.npz")["array"], golden.outputs[0])


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_every_kind_of_file_gives_the_same(invoke: Invoke, library: str) -> None:
    golden = golden_model(library, "dcgan")
    np.save("z.npy", next(iter(golden.inputs.values())))
    args = ("--latent-file", "z.npy", "--samples-out", "a.npy", "--force")
    weights = model_file(f"{golden}.weights.h5")
    for model in (f"{golden}.keras", f"{golden}.h5"):
        run(invoke, model, *args)
        close_to(np.load("a.npy"), golden.outputs[0])
        result = run(invoke, f"{golden}.json", "--weights", weights, *args)
        assert result.stderr == ""
        close_to(np.load("a.npy"), golden.outputs[0])


@pytest.mark.parametrize("golden", [m for m in golden_models() if m.layers], ids=str)
def test_feature_maps_are_those_of_keras(invoke: Invoke, golden: GoldenModel) -> None:
    save_arrays("inputs.npz", golden.inputs, small=False)
    for name, expected in golden.layers.items():
        args = ("--layer", name, "--latent-file", "inputs.npz", "--samples-out", "a.npy")
        run(invoke, f"{golden}.keras", *args, "--force")
        close_to(np.load("a.npy"), expected)


@pytest.mark.parametrize("batch", [1, 3, 7, 100])
def test_the_size_of_a_batch_changes_no_more_than_rounding(invoke: Invoke, batch: int) -> None:
    args = ("--samples", 9, "--seed", 4, "--samples-out")
    run(invoke, "keras/conditional_gan.keras", *args, "all.npy")
    run(invoke, "keras/conditional_gan.keras", *args, "a.npy", "--batch", batch)
    np.testing.assert_allclose(np.load("a.npy"), np.load("all.npy"), rtol=0, atol=1e-6)
    run(
        invoke, "keras/conditional_gan.keras", "--samples", 4, "--seed", 4, "--samples-out", "4.npy"
    )
    np.testing.assert_allclose(np.load("4.npy"), np.load("all.npy")[:4], rtol=0, atol=1e-6)


# --- images in


def test_pictures_of_any_size_go_together_into_a_model_of_one_size(invoke: Invoke) -> None:
    model = model_file("keras/pix2pix.keras")
    for name, size in (("a.png", (16, 16)), ("b.png", (40, 20))):
        Image.new("RGB", size, (200, 10, 90)).save(name)
    args = ("--image", "a.png", "--image", "b.png", "--samples-out", "both.npy", "--force")
    for fit, alike in ((), True), (("--fit", "crop"), True), (("--fit", "pad"), False):
        result = invoke("generator", model, *args, *fit)
        assert result.exit_code == 0, result.stderr
        assert result.stderr.startswith("Note: b.png: 40x20 is ")
        first, second = np.load("both.npy")
        assert np.allclose(first, second, atol=1e-6) == alike


def test_labels_that_are_given_go_to_a_vector_without_a_telling_name(invoke: Invoke) -> None:
    points, condition = InputLayer((8,), name="input_1"), InputLayer((5,), name="input_2")
    calls = [Call(points), Call(condition), Call(Concatenate(), (Source(0), Source(1)))]
    calls += [Call(Dense(48), (Source(2),)), Call(Reshape((4, 4, 3)), (Source(3),))]
    model = Functional.from_calls(calls, [0, 1], [Source(4)])
    model.save("conditional.keras")
    args = ("--label", "3,0", "--samples", 4, "--seed", 2, "--samples-out", "a.npy")
    result = invoke("generator", "conditional.keras", *args)
    assert result.exit_code == 0, result.stderr
    note = "the labels go to input 'input_2' (None, 5), as rows with a 1 at the label's place"
    assert note in result.stderr
    drawn = np.random.default_rng(2).standard_normal((4, 8), dtype=np.float32)
    close_to(np.load("a.npy"), model.predict([drawn, np.eye(5, dtype="f4")[[3, 0, 3, 0]]]))


def test_a_picture_goes_in_and_one_comes_out(invoke: Invoke) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("in.png")
    model = load_model(model_file("keras/pix2pix.keras"))
    expected = model.predict((pixels / 127.5 - 1)[np.newaxis])
    args = ("--image", "in.png", "-o", "out.png", "--samples-out", "a.npy", "--force")
    run(invoke, "keras/pix2pix.keras", *args)
    close_to(np.load("a.npy"), expected)
    np.testing.assert_array_equal(pixels_of("out.png"), tile_samples(expected, (-1, 1)))
    assert pixels_of("out.png").shape == (16, 16, 3)
    run(invoke, "keras/pix2pix.keras", *args, "--image", "in.png")
    assert pixels_of("out.png").shape == (16, 33, 3)
    run(invoke, "keras/pix2pix.keras", *args, "--range", "sigmoid")
    close_to(np.load("a.npy"), model.predict((pixels / 255)[np.newaxis]))


def test_bytes_go_in_where_a_model_rescales_them(invoke: Invoke) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("in.png")
    args = ("--image", "in.png", "-o", "out.png", "--samples-out", "a.npy")
    result = run(invoke, "keras/srgan.keras", *args)
    expected = load_model(model_file("keras/srgan.keras")).predict(pixels[np.newaxis])
    close_to(np.load("a.npy"), expected)
    assert "range: 0 to 255\n" in result.stdout
    np.testing.assert_allclose(
        pixels_of("out.png"), np.clip(expected[0], 0, 255), rtol=0, atol=0.51
    )


def test_where_nothing_tells_the_range_of_pixels_the_user_is_told(invoke: Invoke) -> None:
    entry = {"class_name": "Rescaling", "config": {"scale": 2.0, "batch_input_shape": IMAGE_SHAPE}}
    config = {"class_name": "Sequential", "config": {"layers": [entry]}}
    Path("m.json").write_text(json.dumps(config))
    Image.new("L", (2, 1), 255).save("in.png")
    for args, expected, note in (
        ((), 2.0, "Note: pixels are given to the model as 0 to 1; --range tanh gives them as -1"),
        (("--range", "sigmoid"), 2.0, ""),
    ):
        more = ("--image", "in.png", "--samples-out", "a.npy", "--force")
        result = invoke("generator", "--model", "m.json", *more, *args)
        assert result.stderr.startswith(note)
        np.testing.assert_array_equal(np.load("a.npy"), np.full((1, 1, 2, 3), expected))


def test_transparency_is_left_out_with_a_note(invoke: Invoke) -> None:
    Image.new("RGBA", (16, 16), (255, 0, 0, 9)).save("in.png")
    result = run(invoke, "keras/pix2pix.keras", "--image", "in.png", "-o", "out.png")
    assert result.stderr == "Note: in.png: its transparency is left out, as the model takes none.\n"


# --- what is shown, and where


def test_without_a_file_for_them_no_samples_are_drawn_and_the_summary_is_shown(
    invoke: Invoke,
) -> None:
    for name in ("dcgan", "attention"):
        result = run(invoke, f"keras/{name}.keras")
        assert "Total params" in result.stdout
        assert "samples" not in result.stdout
    assert list(Path().iterdir()) == []


def test_a_json_without_weights_is_untrained_and_the_user_is_told(invoke: Invoke) -> None:
    result = run(invoke, "keras/dcgan.json", "--samples-out", "a.npy")
    assert result.stderr == (
        "Note: the weights are random, so the generator is untrained and its samples are noise.\n"
    )
    assert np.ptp(np.load("a.npy")) > 0


def test_of_several_outputs_the_first_is_drawn_and_the_user_is_told(invoke: Invoke) -> None:
    golden = golden_model("keras", "shared")
    save_arrays("in.npz", golden.inputs, small=False)
    args = ("--latent-file", "in.npz", "--samples-out", "a.npy", "--force")
    result = run(invoke, "keras/shared.keras", *args)
    note = "Note: the model has 3 outputs, and the first, 'difference', is drawn; --layer NAME"
    assert result.stderr.startswith(note)
    run(invoke, "keras/shared.keras", *args, "--layer", "score")
    np.testing.assert_allclose(np.load("a.npy"), golden.outputs[2], rtol=1e-6)


@pytest.mark.parametrize("option", ["-o", "--samples-out"])
def test_samples_on_standard_output_stand_alone(invoke: Invoke, option: str) -> None:
    result = run(invoke, "keras/dcgan.keras", "--samples", 3, option, "-")
    assert result.stderr == ""
    if option == "-o":
        assert pixels_of(BytesIO(result.stdout_bytes)).shape == (33, 33, 3)
    else:
        assert np.load(BytesIO(result.stdout_bytes)).shape == (3, 16, 16, 3)


def test_a_model_comes_through_a_pipe_as_well(invoke: Invoke) -> None:
    data = model_file("keras/dcgan.keras").read_bytes()
    args = ("--samples", 3, "--samples-out", "a.npy")
    result = invoke("generator", "--model", "-", *args, stdin=data)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "file: standard input -> a.npy\n" in result.stdout
    assert np.load("a.npy").shape == (3, 16, 16, 3)


def test_what_is_not_finite_is_black_and_counted(invoke: Invoke) -> None:
    np.save("z.npy", [[np.nan] * 10, [0.0] * 10])
    result = run(invoke, "keras/dcgan.keras", "--latent-file", "z.npy", "-o", "a.png")
    assert result.stderr == ("Note: 768 values are not finite; what is not a number is black.\n")
    assert pixels_of("a.png")[:, :16].sum() == 0
    assert pixels_of("a.png")[:, 17:].sum() > 0


def test_a_gif_of_colours_loses_some_and_says_so(invoke: Invoke) -> None:
    result = run(invoke, "keras/dcgan.keras", "--samples", 2, "-o", "a.gif")
    assert result.stderr.startswith("Note: GIF holds 256 colours")


def test_a_model_is_needed_by_nothing_else() -> None:
    assert "tensorflow" not in sys.modules
    assert "keras" not in sys.modules
