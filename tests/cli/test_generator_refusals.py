"""`upsamp generator`: what it refuses, in one line with the remedy, leaving nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from golden_files import model_file
from PIL import Image

Invoke = Callable[..., Result]

OUT = ("--samples-out", "out.npy")
PICTURE = ("-o", "out.png")
ONE_FILE = ("--samples-out", "out.npz", "--save", "./out.npz", "--force")
BOTH = ("-o", "-", "--samples-out", "-")


@pytest.fixture
def refused(invoke: Invoke) -> Callable[..., str]:
    """Return a function that runs a command which must fail with that code, and gives its line."""

    def run(code: int, *args: object) -> str:
        before = sorted(Path().iterdir())
        result = invoke("generator", *args)
        assert result.exit_code == code, result.stderr
        assert sorted(Path().iterdir()) == before
        assert result.stdout == ""
        line = result.stderr.splitlines()[-1]
        assert line.startswith("Error: ")
        return line

    return run


Refused = Callable[..., str]


@in_one_test(
    ("args", "rule"),
    [
        (("--kind", "dcgan"), "--model has an architecture of its own. Leave out --kind."),
        (("--latent", "3"), "Leave out --latent."),
        (("--size", "3", "--channels", "2"), "Leave out --size, --channels."),
        (("--steps", "3"), "--steps is for the way between two points. Give --interpolate A B."),
        (("--path", "linear"), "--path is for the way between two points."),
        (BOTH, "-o and --samples-out must not both be '-'."),
        (ONE_FILE, "--samples-out and --save must not both be './out.npz'."),
        (("--latent-file", "-", "--image", "-"), "Only one input can be read from standard input."),
        (("--latent-file", "a.npy", "--samples-out", "a.npy"), "must be two files"),
        (("--interpolate", "1"), "requires 2 arguments"),
        (("--interpolate", "1", "x"), "--interpolate must be an integer, 0 or more. Received: x."),
        (("--label", "-3"), "must be labels counted from 0, as in 3 or 0,1,2. Received: -3."),
        (("--label", "cat"), "must be labels counted from 0, as in 3 or 0,1,2. Received: cat."),
        (("--grid", "0x3"), "must be one positive integer, or two for rows and columns"),
        (("--range", "relu"), "--range must be one of tanh, sigmoid, bytes, auto. Received: relu."),
        (("--steps", "1"), "--steps must be an integer, 2 or more. Received: 1."),
        (("--batch", "0"), "--batch must be an integer, 1 or more. Received: 0."),
        *(
            ((option, value), f"{option} is for the picture. Give -o FILE.png.")
            for option, value in (("--compress", "1"), ("--grid", "2"), ("--zoom", "2"))
        ),
        (("--range", "tanh", "--samples-out", "a.npy"), "--range is for the picture."),
        (("--fit", "pad", "-o", "a.png"), "--fit is for pictures that a model takes."),
        *(
            ((option, value), f"{option} is for samples. Give -o FILE.png or --samples-out FILE.")
            for option, value in (("--samples", "4"), ("--layer", "conv2d"), ("--label", "1"))
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    refused: Refused, args: tuple[str, ...], rule: str
) -> None:
    assert rule in refused(2, "--model", model_file("keras/dcgan.keras"), *args)


def test_weights_without_a_model_are_refused(refused: Refused) -> None:
    assert "--weights must have a model to go into. Give --model FILE." in refused(
        2, "--weights", "a.npz"
    )


def test_a_model_is_named_once(refused: Refused) -> None:
    assert "FILE and --model both name the model." in refused(2, "a.keras", "--model", "b.keras")
    assert "must be a saved model. Received: dcgan. Use --kind dcgan." in refused(2, "dcgan")


@in_one_test(
    ("model", "args", "rule"),
    [
        ("dcgan", ("--label", "1"), "Labels must be for an input that takes some"),
        ("conditional_gan", ("--label", "0,10"), "must be from 0 to 9. Received: 10."),
        ("conditional_gan_one_hot", ("--label", "12"), "must be from 0 to 9. Received: 12."),
        ("pix2pix", ("--image", "c.png", "--interpolate", "0", "0"), "must have a latent vector"),
        ("dcgan", ("--image", "a.png"), "--image must be for a model with one input of images."),
        ("shared", ("--image", "a.png"), "Use --latent-file with arrays by name."),
        ("pix2pix", (), "must be given an image for its input 'input_layer' (None, 16, 16, 3)"),
        ("shared", (), "Give all inputs by their names, as in --latent-file inputs.npz."),
        ("pix2pix", ("--image", "1 2; 3 4"), "--image must name a picture. Received: the matrix"),
        ("pix2pix", ("--image", "no.png"), "There is no file 'no.png'"),
        (
            "srgan",
            ("--image", "a.png", "--image", "b.png"),
            "All pictures must be of one size for a model that",
        ),
        ("dcgan", ("--latent-file", "z.npy"), "must be rows of shape (10). Received: an array of"),
        ("dcgan", ("--latent-file", "a.png"), "--latent-file must be numbers. Received: the image"),
        ("dcgan", ("--latent-file", "no.npy"), "There is no file 'no.npy'"),
        ("dcgan", ("--latent-file", "two.npz"), "arrays by the names of inputs: 'input_layer'"),
        ("dcgan", ("--latent-file", "z.npy", "--samples", "4"), "must be rows of shape"),
        ("dcgan", ("--layer", "conv9"), "--layer must be that of a layer of model 'sequential'"),
        ("dcgan", ("--layer", "conv9"), "Received: --layer conv9. Use one of"),
        ("dcgan", ("--layer", ""), "--layer must be that of a layer of model 'sequential'"),
        ("attention", (), "Layer 'lstm' (LSTM of keras.layers) must be known to be run."),
        ("with_custom_layer", ("--layer", "to_image"), "Layer 'noise' (Noise of"),
        ("with_lambda", (), "Layer 'lambda' (Lambda of"),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    refused: Refused, model: str, args: tuple[str, ...], rule: str
) -> None:
    Image.new("RGB", (8, 8)).save("a.png")
    Image.new("RGB", (8, 9)).save("b.png")
    Image.new("RGB", (16, 16)).save("c.png")
    np.save("z.npy", np.zeros((3, 7)))
    np.savez("two.npz", a=np.zeros((3, 10)), b=np.zeros((3, 10)))
    line = refused(1, "--model", model_file(f"keras/{model}.keras"), *args, *OUT)
    assert rule in line


def test_a_grid_that_is_too_small_is_refused(refused: Refused) -> None:
    model = model_file("keras/dcgan.keras")
    line = refused(2, "--model", model, "--grid", "3x5", *PICTURE)
    assert "--grid must hold 16 tiles, of 16 samples. Received: 3x5, which holds 15." in line


def test_points_beyond_the_samples_are_refused(refused: Refused) -> None:
    line = refused(2, "--model", model_file("keras/dcgan.keras"), "--interpolate", "0", "16", *OUT)
    assert "must be among the 16 samples, counted from 0. Received: 16." in line


def test_more_samples_than_rows_are_refused(refused: Refused) -> None:
    np.save("z.npy", np.zeros((3, 10)))
    args = ("--latent-file", "z.npy", "--samples", "4")
    line = refused(1, "--model", model_file("keras/dcgan.keras"), *args, *OUT)
    assert "at most the 3 that are given. Received: 4. Use --samples 3, or leave it out." in line


def test_an_output_of_too_many_axes_can_be_written_and_not_shown(
    invoke: Invoke, refused: Refused
) -> None:
    Path("m.json").write_text(
        '{"class_name": "Sequential", "config": {"layers": ['
        '{"class_name": "Dense", "config": {"units": 8, "batch_input_shape": [null, 2]}},'
        '{"class_name": "Reshape", "config": {"trainable": true, "target_shape": [2, 1, 2, 2]}}]}}'
    )
    assert "must be of rank 2, 3 or 4" in refused(1, "--model", "m.json", *PICTURE)
    assert invoke("generator", "--model", "m.json", *OUT).exit_code == 0
    assert np.load("out.npy").shape == (16, 2, 1, 2, 2)


@pytest.mark.parametrize("samples", [10**9, 10**12])
def test_a_run_that_no_machine_holds_is_refused_at_once(refused: Refused, samples: int) -> None:
    args = ("--model", model_file("keras/dcgan.keras"), "--samples", samples)
    assert "32 times --max-pixels" in refused(1, *args, *OUT)
    unbound = (*args, "--max-pixels", "9" * 18)
    assert "memory are available" in refused(1, *unbound, *PICTURE)
    assert "and the disk has" in refused(1, *unbound, *OUT)


def test_a_file_that_is_no_model_is_refused(refused: Refused) -> None:
    Path("a.keras").write_bytes(b"nothing")
    refused(1, "--model", "a.keras", *OUT)
    refused(1, "--model", "missing.keras", *OUT)
    refused(1, "--model", model_file("keras/dcgan.weights.h5"), *OUT)
    with_weights = ("--model", model_file("keras/dcgan.json"), "--weights")
    refused(1, *with_weights, model_file("keras/wgan_gp.weights.h5"), *OUT)
    refused(1, "--model", model_file("keras/dcgan.keras"), "--max-size", "1000", *OUT)
