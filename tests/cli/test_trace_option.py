"""`upsamp generator --trace`: one sample's way through the layers, and what it does not go with."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from generator_runs import pixels_of
from golden_files import model_file

from upsamp import load_model
from upsamp.models.sampling.layer_values import trace_sample
from upsamp.views.feature_strip import draw_strip

Invoke = Callable[..., Result]


def test_the_sample_is_the_first_that_is_drawn_elsewhere(invoke: Invoke) -> None:
    path = str(model_file("keras/dcgan.keras"))
    result = invoke("generator", path, "--trace", "strip.png", "--theme", "dark", "--seed", 5)
    assert result.exit_code == 0, result.stderr
    assert "Traced" in result.stdout or "layers: " in result.stdout
    invoke("generator", path, "--samples-out", "z.npy", "--seed", 5, "--layer", "input_layer")
    model = load_model(path)
    z = np.random.default_rng(5).standard_normal(np.load("z.npy").shape, dtype=np.float32)
    np.testing.assert_array_equal(np.load("z.npy"), z)
    expected = draw_strip(trace_sample(model, [z], output_range=(-1.0, 1.0)), "dark")
    np.testing.assert_array_equal(pixels_of("strip.png"), expected)


def test_images_and_labels_go_in(invoke: Invoke) -> None:
    image = "sample.png"
    assert invoke("upsample", "0 64; 128 255", "--size", 8, "-o", image).exit_code == 0
    path = model_file("keras/pix2pix.keras")
    result = invoke("generator", path, "--image", image, "--image", image, "--trace", "-")
    assert result.exit_code == 0, result.stderr
    assert "the first of 2 samples is drawn" in result.stderr
    assert pixels_of(BytesIO(result.stdout_bytes)).shape[2] == 3
    path = model_file("keras/conditional_gan.keras")
    assert invoke("generator", path, "--label", 3, "--trace", "strip.webp").exit_code == 0


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--trace", "a.png", "-o", "b.png"], "Leave -o out"),
        (["--trace", "a.png", "--samples", "3"], "Leave --samples out"),
        (["--trace", "a.png", "--grid", "2x2"], "Leave --grid out"),
        (["--trace", "a.png", "--zoom", "2"], "Leave --zoom out"),
        (["--trace", "a.png", "--layer", "dense"], "Leave --layer out"),
        (["--trace", "a.svg"], "--trace must name an image, such as grid.png. Received: a.svg"),
        (["--theme", "dark"], "--theme is for --trace"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    invoke: Invoke, args: list[str], told: str
) -> None:
    result = invoke("generator", "--kind", "dcgan", *args)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert not Path("a.png").exists()
