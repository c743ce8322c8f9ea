"""`upsamp generator --model`: the pictures of samples, of ways, and of feature maps."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from generator_runs import close_to, pixels_of, run
from golden_files import model_file
from numpy.typing import NDArray
from PIL import Image

from upsamp import Sequential, load_model
from upsamp.core.latent import interpolate_points
from upsamp.layers import Conv2D, Input, Rescaling, UpSampling2D
from upsamp.models.sampling.sample_grid import tile_samples

Invoke = Callable[..., Result]
Array = NDArray[Any]


# --- the pictures


def test_a_grid_must_just_work(invoke: Invoke) -> None:
    copy(model_file("keras/dcgan.keras"), "generator.keras")
    args = ("--model", "generator.keras", "--samples", "16", "-o", "grid.png")
    result = invoke("generator", *args, "--samples-out", "a.json")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:-1] == [
        "file: generator.keras -> grid.png, a.json",
        "model: sequential",
        "samples: 16",
        "shape: 10 -> 16 x 16 x 3",
        "range: -1 to 1",
        "picture: 67x67 pixels",
    ]
    assert lines[-1].startswith("seconds: ")
    samples = np.array(json.loads(Path("a.json").read_text()), np.float32)
    assert samples.shape == (16, 16, 16, 3)
    np.testing.assert_array_equal(pixels_of("grid.png"), tile_samples(samples, (-1, 1)))


@pytest.mark.parametrize(
    ("args", "value_range"),
    [((), (-1, 1)), (("--range", "tanh"), (-1, 1)), (("--range", "sigmoid"), (0, 1))],
)
def test_the_grid_the_range_and_the_zoom_are_as_wanted(
    invoke: Invoke, args: tuple[str, ...], value_range: tuple[int, int]
) -> None:
    more = ("--samples", 5, "--grid", "2x4", "--zoom", 3, "-o", "a.png", "--samples-out", "a.npy")
    result = run(invoke, "keras/dcgan.keras", *more, *args)
    samples = np.load("a.npy")
    expected = tile_samples(samples, value_range, (2, 4), 3)
    np.testing.assert_array_equal(pixels_of("a.png"), expected)
    outside = int((samples < value_range[0]).sum())
    note = f"Note: {outside:,} values lie outside of 0 to 1 and are cut.\n" if outside else ""
    assert result.stderr == note


def test_without_bounds_the_picture_is_of_the_samples_least_and_greatest(invoke: Invoke) -> None:
    args = ("--latent-file", "in.npy", "--batch", 2, "-o", "a.png", "--samples-out", "a.npy")
    np.save("in.npy", np.random.default_rng(0).standard_normal((5, 4, 4, 2)))
    run(invoke, "keras/frozen.keras", *args)
    samples = np.load("a.npy")
    ends = (float(samples.min()), float(samples.max()))
    np.testing.assert_array_equal(pixels_of("a.png"), tile_samples(samples, ends))


def test_the_labels_run_over_all_classes_and_can_be_chosen(invoke: Invoke) -> None:
    model = load_model(model_file("keras/conditional_gan.keras"))
    points = np.random.default_rng(3).standard_normal((12, 10), dtype=np.float32)
    for args, labels, note in (
        ((), np.arange(12) % 10, "Note: the labels run from 0 to 9 and again; choose some by"),
        (("--label", "7"), np.full(12, 7), ""),
        (("--label", "0,1,2"), np.arange(12) % 3, ""),
        (("--label", "4", "2"), np.tile([4, 2], 6), ""),
    ):
        more = ("--samples", 12, "--seed", 3, "--samples-out", "a.npy", "--force")
        result = run(invoke, "keras/conditional_gan.keras", *more, *args)
        assert result.stderr.startswith(note)
        assert bool(result.stderr) == bool(note)
        close_to(np.load("a.npy"), model.predict([points, labels[:, np.newaxis]]))


def test_one_hot_labels_are_found_by_their_name(invoke: Invoke) -> None:
    model = load_model(model_file("keras/conditional_gan_one_hot.keras"))
    points = np.random.default_rng(0).standard_normal((3, 6), dtype=np.float32)
    args = ("--samples", 3, "--label", "9,0", "--samples-out", "a.npy", "-o", "a.png")
    result = run(invoke, "keras/conditional_gan_one_hot.keras", *args)
    expected = model.predict({"latent": points, "one_hot": np.eye(10)[[9, 0, 9]]})
    close_to(np.load("a.npy"), expected)
    assert result.stderr.startswith("Note: 2 channels are no colours, so each is a picture in grey")
    assert pixels_of("a.png").shape == (2 * 9 - 1, 4 * 9 - 1)


def test_a_way_is_drawn_in_one_row(invoke: Invoke) -> None:
    model = load_model(model_file("keras/dcgan.keras"))
    points = np.random.default_rng(2).standard_normal((6, 10), dtype=np.float32)
    more = ("--seed", 2, "--interpolate", 1, 5, "-o", "a.png", "--samples-out", "a.npy", "--force")
    for args, steps, path in (
        ((), 8, "spherical"),
        (("--steps", 5), 5, "spherical"),
        (("--steps", 4, "--path", "linear"), 4, "linear"),
    ):
        run(invoke, "keras/dcgan.keras", *more, *args)
        expected = model.predict(interpolate_points(points[1], points[5], steps, path))
        close_to(np.load("a.npy"), expected)
        assert pixels_of("a.png").shape == (16, steps * 17 - 1, 3)
        run(invoke, "keras/dcgan.keras", "--seed", 2, "--samples-out", "all.npy", "--force")
        close_to(np.load("a.npy")[[0, -1]], np.load("all.npy")[[1, 5]])


def test_a_way_keeps_the_label_of_its_first_sample(invoke: Invoke) -> None:
    args = ("--interpolate", 3, 5, "--samples-out", "a.npy", "--force")
    run(invoke, "keras/conditional_gan.keras", *args)
    implied = np.load("a.npy")
    run(invoke, "keras/conditional_gan.keras", *args, "--label", 3)
    close_to(np.load("a.npy"), implied)
    run(invoke, "keras/conditional_gan.keras", *args, "--label", 4)
    assert np.abs(np.load("a.npy") - implied).max() > 1e-3


def test_feature_maps_are_tiles_of_one_range(invoke: Invoke) -> None:
    args = ("--layer", "conv2d_transpose_1", "-o", "a.png", "--samples-out", "a.npy", "--force")
    result = run(invoke, "keras/dcgan.keras", *args)
    maps = np.load("a.npy")
    assert maps.shape == (1, 8, 8, 4)
    ends = (float(maps.min()), float(maps.max()))
    tiles = np.moveaxis(maps, 3, 0).reshape(4, 8, 8, 1)
    np.testing.assert_array_equal(pixels_of("a.png"), tile_samples(tiles, ends))
    assert result.stderr == (
        f"Note: all maps of 'conv2d_transpose_1' are black at {ends[0]:.4g} "
        f"and white at {ends[1]:.4g}.\n"
    )
    run(invoke, "keras/dcgan.keras", *args, "--samples", 3)
    assert pixels_of("a.png").shape == (3 * 9 - 1, 4 * 9 - 1)
    run(invoke, "keras/dcgan.keras", *args, "--grid", "1x4", "--range", "tanh")
    np.testing.assert_array_equal(pixels_of("a.png"), tile_samples(tiles, (-1, 1), (1, 4)))


def test_a_layer_of_values_is_a_strip_and_a_nested_one_is_named_by_its_model(
    invoke: Invoke,
) -> None:
    more = ("-o", "a.png", "--samples-out", "a.npy", "--force")
    run(invoke, "keras/dcgan.keras", "--layer", "leaky_re_lu", "--samples", 3, *more)
    assert np.load("a.npy").shape == (3, 96)
    assert pixels_of("a.png").shape == (5, 96)
    run(invoke, "keras/nested.keras", "--layer", "outer/sequence/core/add", *more)
    assert np.load("a.npy").shape == (1, 8, 8, 2)


def test_maps_before_an_unknown_layer_can_be_seen(invoke: Invoke) -> None:
    image = np.arange(32.0).reshape(1, 4, 4, 2)
    np.save("x.npy", image)
    more = ("--layer", "up_sampling2d", "--latent-file", "x.npy", "--samples-out", "a.npy")
    run(invoke, "keras/with_custom_layer.keras", *more)
    np.testing.assert_array_equal(np.load("a.npy"), image.repeat(2, 1).repeat(2, 2))


@pytest.mark.parametrize("scales", [(), (255.0,), (1 / 255,), (1 / 255, 255.0)])
def test_a_picture_comes_out_as_dark_as_it_went_in(
    invoke: Invoke, scales: tuple[float, ...]
) -> None:
    first, last = (
        [Rescaling(one) for one in scales if one < 1],
        [Rescaling(one) for one in scales if one > 1],
    )
    inner = Conv2D(3, 1, use_bias=False)
    model = Sequential([Input((None, None, 3)), *first, UpSampling2D(2), inner, *last])
    inner.set_weights([np.eye(3)[np.newaxis, np.newaxis]])
    model.save("copy.keras")
    pixels = np.arange(100, 132, dtype=np.uint8).reshape(4, 8, 1).repeat(3, 2)
    Image.fromarray(pixels).save("in.png")
    result = invoke("generator", "--model", "copy.keras", "--image", "in.png", "-o", "out.png")
    assert result.exit_code == 0
    np.testing.assert_array_equal(pixels_of("out.png"), pixels.repeat(2, 0).repeat(2, 1))


def test_a_long_vector_is_folded_into_rows(invoke: Invoke) -> None:
    dense = "generator", "--kind", "upsampling", "--layer", "dense"
    result = invoke(*dense, "-o", "dense.png", "--samples-out", "dense.npy")
    assert "the 3,200 values of a sample are folded into rows of 57" in result.stderr
    values = np.load("dense.npy")[0].astype(np.float64)
    pixels = pixels_of("dense.png")
    assert pixels.shape == (57, 57)
    expected = (values - values.min()) / np.ptp(values) * 255
    np.testing.assert_allclose(pixels.reshape(-1)[:3200], expected, rtol=0, atol=0.51)
    assert not pixels.reshape(-1)[3200:].any()
