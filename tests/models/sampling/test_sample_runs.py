"""Runs of generators: every batch into the file and onto the picture, at any size of a batch."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import Sequential, make_generator
from upsamp.errors import MemoryLimitError, ShapeError, UnknownLayerError
from upsamp.layers import Dense, Input, Rescaling, Reshape, UpSampling2D
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.model import Model
from upsamp.models.sampling.input_roles import input_roles
from upsamp.models.sampling.sample_grid import plan_sample_grid, tile_samples
from upsamp.models.sampling.sample_runs import SampleRun, draw_samples
from upsamp.models.sampling.sampled_inputs import plan_feed
from upsamp.models.sampling.value_ranges import output_range

Array = NDArray[Any]


class Kept:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.batches: list[Array] = []

    def write(self, batch: Array) -> None:
        """Keep a batch."""
        self.batches.append(batch.copy())


def run_of(model: Model, count: int, size: int = 32) -> SampleRun:
    return SampleRun(model, plan_feed(input_roles(model), {}, samples=count), size)


@in_one_test("kind", ["transpose", "dcgan"])
@in_one_test("size", [1, 3, 10, 11])
def test_the_picture_and_the_samples_do_not_depend_on_the_batch(kind: str, size: int) -> None:
    model = make_generator(kind, latent=6, size=2)
    run = run_of(model, 10, size)
    height, width, channels = (length or 0 for length in run.shape[1:4])
    sample_grid = plan_sample_grid((10, height, width, channels))
    kept = Kept()
    told: list[int] = []
    drawing = draw_samples(run, sample_grid, output_range(model), kept, told.append)
    samples = np.concatenate(kept.batches)
    assert max(map(len, kept.batches)) == min(size, 10)
    assert sum(told) == 10
    whole = np.concatenate(list(run_of(model, 10, 10).batches()))
    np.testing.assert_allclose(samples, whole, rtol=0, atol=1e-6)
    ends = (-1.0, 1.0) if kind == "dcgan" else (float(samples.min()), float(samples.max()))
    assert drawing.value_range == ends
    assert drawing.canvas is not None
    np.testing.assert_array_equal(drawing.canvas, tile_samples(samples, ends))


def test_what_cannot_be_shown_is_counted() -> None:
    model = Sequential([Rescaling(1.0, input_shape=(4,)), Reshape((2, 2, 1))])
    values = np.array([[np.nan, np.inf, 0.0, 5.0], [-9.0, -np.inf, 1.0, 2.0]])
    run = SampleRun(model, plan_feed(input_roles(model), {"input_layer": values}), 1)
    sample_grid = plan_sample_grid((2, 2, 2, 1))
    drawing = draw_samples(run, sample_grid)
    assert (drawing.not_finite, drawing.outside, drawing.value_range) == (3, 0, (-9.0, 5.0))
    assert drawing.canvas is not None
    np.testing.assert_array_equal(drawing.canvas[:, :2], [[0, 0], [164, 255]])
    drawing = draw_samples(run, sample_grid, (0.0, 2.0))
    assert (drawing.not_finite, drawing.outside) == (3, 2)
    nothing = SampleRun(
        model, plan_feed(input_roles(model), {"input_layer": np.full((1, 4), np.nan)})
    )
    drawing = draw_samples(nothing, plan_sample_grid((1, 2, 2, 1)))
    assert (drawing.not_finite, drawing.value_range) == (4, (0.0, 0.0))


def test_memory_holds_a_batch_and_not_all_samples() -> None:
    model = Sequential([Dense(64, input_dim=2), Reshape((8, 8, 1)), UpSampling2D(8)])
    run = run_of(model, 400, 4)  # 400 samples of 16 KB are 6.5 MB
    model.predict(np.zeros((1, 2)))
    tracemalloc.start()
    for batch in run.batches():
        assert len(batch) == 4
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000


def test_the_shape_is_known_before_the_run() -> None:
    assert run_of(make_generator("dcgan", channels=3), 10**12).shape == (10**12, 28, 28, 3)
    free = Sequential([Input((None, None, 3)), UpSampling2D()])
    image = plan_feed(input_roles(free), {"input_layer": np.zeros((2, 4, 5, 3))})
    assert SampleRun(free, image).shape == (2, 8, 10, 3)


def test_runs_that_cannot_be_are_refused() -> None:
    unknown = Sequential([Dense(2, input_dim=2), UnknownLayer("X", None, {}, "")])
    with pytest.raises(ShapeError, match=r"must have a known shape to be drawn\. Received: None"):
        _ = run_of(unknown, 1).shape
    with pytest.raises(UnknownLayerError):
        unknown.predict(np.zeros((1, 2)))
    large = Sequential([Input((1, 1, 3)), UpSampling2D(10**6)])
    with pytest.raises(MemoryLimitError, match="A batch of samples would be"):
        next(run_of(large, 32).batches())
