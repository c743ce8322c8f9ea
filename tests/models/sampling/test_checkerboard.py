"""A checkerboard in samples is found by its frequencies, and at no others."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from golden_files import checkered_model
from numpy.typing import NDArray

from upsamp import Sequential, load_model
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    Conv2D,
    Conv2DTranspose,
    PixelShuffle,
    SpectralNormalization,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.models.sampling.checkerboard import MeanSpectrum, upsampling_periods

PERIODS = {(4, 4): ("first",), (2, 2): ("second",)}
Images = NDArray[np.float64]
Period = tuple[int, int]


def noise(seed: int, rows: int = 16, columns: int = 24, channels: int = 2) -> Images:
    return np.random.default_rng(seed).standard_normal((24, rows, columns, channels))


def measured(images: Images, periods: Mapping[Period, tuple[str, ...]]) -> list[float | None]:
    spectrum = MeanSpectrum(images.shape[1:], periods)
    spectrum.write(images[:5])
    spectrum.write(images[5:])
    return [one.ratio for one in spectrum.measure()]


def ratio_by_loops(images: Images, period: Period, finer: list[Period], *coarser: Period) -> float:
    """Return what is at the frequencies of a period over what is beside, by the definition."""
    _, rows, columns, _ = images.shape
    window = np.outer(*(np.sin(np.pi * np.arange(n) / n) ** 2 for n in (rows, columns)))
    waves = [
        np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) for n in (rows, columns)
    ]
    power = np.zeros((rows, columns))
    for image in images:
        for plane in np.moveaxis(image, 2, 0):
            power += np.abs(waves[0] @ ((plane - plane.mean()) * window) @ waves[1]) ** 2
    every = {
        one: {
            (u, v)
            for u in range(rows)
            for v in range(columns)
            if u * one[0] % rows == 0 and v * one[1] % columns == 0 and (u, v) != (0, 0)
        }
        for one in [period, *finer, *coarser]
    }
    taken = {(0, 0)}.union(*every.values())
    spread = {((u + i) % rows, (v + j) % columns) for u, v in taken for i in STEPS for j in STEPS}
    energy, beside = [], []
    for u, v in every[period] - set().union(*(every[one] for one in finer)):
        energy.append(power[u, v])
        around = {
            ((u + i) % rows, (v + j) % columns) for i in range(-3, 4) for j in range(-3, 4)
        } - spread
        beside.append(np.mean([power[place] for place in around]))
    return float(np.mean(energy) / np.mean(beside))


STEPS = (-1, 0, 1)


def test_the_ratio_is_that_of_the_definition() -> None:
    images = noise(1)
    coarse, fine = measured(images, PERIODS)
    assert coarse == pytest.approx(ratio_by_loops(images, (4, 4), [(2, 2)]))
    assert measured(images, {(2, 2): ()}) == [pytest.approx(ratio_by_loops(images, (2, 2), []))]
    assert fine == pytest.approx(ratio_by_loops(images, (2, 2), [], (4, 4)))
    assert measured(images, {(1, 3): ()}) == [pytest.approx(ratio_by_loops(images, (1, 3), []))]


@pytest.mark.parametrize("period", [(2, 2), (4, 4)])
def test_a_pattern_is_found_at_its_period_alone(period: tuple[int, int]) -> None:
    images = noise(2)
    pattern = np.zeros(images.shape[1:3])
    pattern[:: period[0], :: period[1]] = 3
    if period == (4, 4):  # whose harmonics of the smaller period are taken out
        pattern[2::4, 2::4] -= 3
    ratios = dict(zip(PERIODS, measured(images + pattern[:, :, None], PERIODS), strict=True))
    for one, ratio in ratios.items():
        assert ratio is not None
        assert (ratio > 2) == (one == period)


def test_samples_that_no_period_divides_are_cropped() -> None:
    spectrum = MeanSpectrum((17, 26, 1), PERIODS)
    assert spectrum.size == (16, 24)
    spectrum.write(noise(3, 17, 26, 1))
    assert spectrum.power.sum() == pytest.approx(1)
    small = MeanSpectrum((3, 3, 1), PERIODS)
    small.write(noise(3, 3, 3, 1))
    assert [(one.ratio, one.shows) for one in small.measure()] == [(None, None)] * 2


def test_what_has_no_spectrum_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"^A checkerboard must be looked for in images\. "):
        MeanSpectrum((100,), PERIODS)
    with pytest.raises(ArgumentError, match=r"^Samples must be finite to have a spectrum\. "):
        MeanSpectrum((8, 8, 1), PERIODS).write(np.full((1, 8, 8, 1), np.nan))


def test_the_periods_are_those_of_the_strides() -> None:
    inner = Sequential([Conv2DTranspose(4, 3, (2, 1), padding="same", name="inner")], name="part")
    model = Sequential(
        [
            UpSampling2D((2, 3), input_shape=(4, 5, 3), name="repeat"),
            inner,
            SpectralNormalization(Conv2DTranspose(8, 4, 2, padding="same"), name="normal"),
            PixelShuffle(2, name="shuffle"),
            Conv2D(2, 3, strides=2, padding="same"),
            ZeroPadding2D(1),
        ]
    )
    assert model.output_shape == (None, 34, 32, 2)
    assert upsampling_periods(model, [(1, 4, 5, 3)]) == {
        (8, 6): ("repeat",),
        (4, 1): ("inner",),
        (2, 2): ("normal",),
    }
    first = [
        Conv2DTranspose(
            4, 3, 2, padding="same", input_shape=(2, 4, 5), data_format="channels_first"
        )
    ]
    assert [*upsampling_periods(Sequential(first), [(1, 2, 4, 5)])] == [(2, 2)]


@pytest.mark.parametrize(
    ("name", "shows"), [("transposed", True), ("divided", True), ("resized", False)]
)
def test_trained_generators_have_the_fault_or_not(name: str, shows: bool, tmp_path: Path) -> None:
    model = load_model(checkered_model(name, tmp_path))
    latent = np.random.default_rng(0).standard_normal((16, 6)).astype(np.float32)
    images = model.predict(latent)
    periods = upsampling_periods(model, [(1, 6)])
    assert [*periods] == [(4, 4), (2, 2)]
    spectrum = MeanSpectrum(images.shape[1:], periods)
    spectrum.write(images)
    assert [one.shows for one in spectrum.measure()] == [shows, shows]
    # Kernels tell it, too, where there are any.
    layers = [layer.checkerboard() for layer in model.layers]
    found = [one for one in layers if one is not None]
    assert len(found) == (0 if name == "resized" else 2)
    assert all(one > 0.9 for one in found)
