"""The generators that come ready, points of their latent space, and pictures of their samples."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp import Sequential, make_generator
from upsamp.errors import ArgumentError
from upsamp.layers import Input
from upsamp.models.generator import GENERATORS
from upsamp.models.sampling.sample_grid import tile_samples
from upsamp.models.sampling.sampled_inputs import sample_latent

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "upsampling": [(3200,), (5, 5, 128), (10, 10, 128), (10, 10, 1)],
    "transpose": [(3200,), (5, 5, 128), (10, 10, 1)],
    "dcgan": [
        *([(12544,)] * 3),
        (7, 7, 256),
        *([(7, 7, 128)] * 3),
        *([(14, 14, 64)] * 3),
        (28, 28, 1),
    ],
}
PARAMETERS = {
    "upsampling": [323_200, 0, 0, 1_153],
    "transpose": [323_200, 0, 1_153],
    "dcgan": [1_254_400, 50_176, 0, 0, 819_200, 512, 0, 204_800, 256, 0, 1_600],
}
TOTALS = {"upsampling": (324_353, 0), "transpose": (324_353, 0), "dcgan": (2_305_472, 25_472)}

every_kind = in_one_test("kind", SHAPES)


def test_every_kind_stands_in_the_tables() -> None:
    assert list(GENERATORS) == list(SHAPES) == list(PARAMETERS) == list(TOTALS)


@every_kind
def test_shapes_and_parameters_are_those_of_the_tutorial_and_the_paper(kind: str) -> None:
    summary = make_generator(kind).summarize()
    assert [row.output_shape for row in summary.rows] == [(None, *shape) for shape in SHAPES[kind]]
    assert [row.params for row in summary.rows] == PARAMETERS[kind]
    assert (summary.trainable_params, summary.non_trainable_params) == TOTALS[kind]
    assert summary.name == kind


@every_kind
def test_samples_have_the_declared_shape(kind: str) -> None:
    model = make_generator(kind)
    images = model.predict(sample_latent(model, 3))
    assert images.shape == (3, *SHAPES[kind][-1])
    assert images.dtype == np.float32
    assert np.ptp(images) > 0


@every_kind
def test_the_options_size_the_generator(kind: str) -> None:
    model = make_generator(kind, latent=6, size=(2, 3), channels=4)
    growth = 4 if kind == "dcgan" else 2
    assert model.input_shape == (None, 6)
    assert model.output_shape == (None, 2 * growth, 3 * growth, 4)
    square = make_generator(kind, latent=6, size=3)
    assert square.output_shape == (None, 3 * growth, 3 * growth, 1)


@every_kind
def test_the_seed_decides_the_weights(kind: str) -> None:
    options: dict[str, Any] = {"latent": 4, "size": 1}
    first, again, other = (
        make_generator(kind, seed=seed, **options).get_weights()[0] for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.9


def test_the_default_is_the_generator_with_up_sampling() -> None:
    assert (
        make_generator().get_config()
        == make_generator("upsampling", 100, (5, 5), 1, 0).get_config()
    )


@in_one_test(
    ("options", "rule"),
    [
        ({"kind": "vae"}, r"`kind` must be one of .*upsampling.*transpose.*dcgan.*Received:.*vae"),
        ({"kind": None}, r"`kind` must be one of .*Received:.*None"),
        ({"latent": 0}, r"`latent` must be an integer of at least 1\. Received: latent=0"),
        ({"size": (0, 2)}, r"`size` must be one positive integer, or two.*size=\(0, 2\)"),
        ({"channels": -1}, r"`channels` must be an integer of at least 1\. Received: channels=-1"),
        ({"seed": -1}, r"`seed` must be an integer of at least 0\. Received: seed=-1"),
    ],
)
def test_a_bad_option_is_refused_by_name(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        make_generator(**options)


# --- points of the latent space


def test_points_are_drawn_from_a_standard_normal_distribution() -> None:
    model = make_generator("transpose", size=1)
    points = sample_latent(model, 1000)
    assert (points.shape, points.dtype.name) == ((1000, 100), "float32")
    np.testing.assert_allclose([points.mean(), points.std()], [0, 1], rtol=0, atol=0.01)


def test_the_first_points_do_not_depend_on_how_many_are_drawn() -> None:
    model = make_generator("transpose", latent=7, size=1)
    points = sample_latent(model, 50, seed=3)
    for count in (1, 2, 49):
        np.testing.assert_array_equal(sample_latent(model, count, seed=3), points[:count])


def test_the_seed_decides_the_points() -> None:
    model = make_generator("transpose", latent=7, size=1)
    np.testing.assert_array_equal(sample_latent(model, 4, 1), sample_latent(model, 4, 1))
    assert not np.intersect1d(sample_latent(model, 4, 1), sample_latent(model, 4, 2)).size


def test_points_have_the_shape_of_any_input() -> None:
    assert sample_latent(Sequential([Input((2, None, 3))]), 4).shape == (4, 2, 1, 3)


# --- pictures


def test_samples_are_tiled_row_by_row_with_black_gaps() -> None:
    samples = np.arange(1, 6, dtype=np.float32).repeat(2).reshape(5, 1, 2, 1)
    np.testing.assert_array_equal(
        tile_samples(samples, (0, 255)),
        [
            [1, 1, 0, 2, 2, 0, 3, 3],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [4, 4, 0, 5, 5, 0, 0, 0],
        ],
    )


def test_tiles_keep_the_pixels_of_each_sample_in_place() -> None:
    samples = np.random.default_rng(1).integers(0, 256, (6, 3, 4, 3))
    canvas = tile_samples(samples, (0, 255), gap=2)
    assert (canvas.shape, canvas.dtype.name) == ((3 * 2 + 2, 4 * 3 + 2 * 2, 3), "uint8")
    for position, sample in enumerate(samples):
        row, column = divmod(position, 3)
        tile = canvas[row * 5 : row * 5 + 3, column * 6 : column * 6 + 4]
        np.testing.assert_array_equal(tile, sample)
    assert canvas.sum() == samples.sum()


@in_one_test(
    ("count", "rows", "columns"),
    [(1, 1, 1), (2, 1, 2), (3, 2, 2), (4, 2, 2), (5, 2, 3), (7, 3, 3), (16, 4, 4), (17, 4, 5)],
)
def test_the_picture_is_near_to_a_square(count: int, rows: int, columns: int) -> None:
    assert tile_samples(np.ones((count, 9, 9, 1)), (0, 1), gap=0).shape == (9 * rows, 9 * columns)


def test_values_are_scaled_from_their_range_rounded_and_saturated() -> None:
    values = [-2, -1, -0.5, 0, 0.5, 1, 2]
    samples = np.array(values, np.float32).reshape(1, 1, 7, 1)
    expected = [[0, 0, 64, 128, 191, 255, 255]]
    np.testing.assert_array_equal(tile_samples(samples, (-1, 1)), expected)


def test_samples_that_are_all_alike_are_black() -> None:
    picture = tile_samples(np.full((2, 1, 1, 1), 3.0), (3.0, 3.0))
    np.testing.assert_array_equal(picture, [[0, 0, 0]])
