"""Pictures through networks: their range, colours, alpha and depth, whole and strip by strip."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from networks import Array, bilinear_network, with_values

from upsamp import Sequential, enlarge_file, read, upsample, write
from upsamp.errors import ArgumentError, FormatError
from upsamp.io.pictures import Picture, mode_of
from upsamp.layers import Conv2D, Input, Rescaling, UpSampling2D
from upsamp.models.superresolution.network import Network
from upsamp.resizing.enlarging import Enlarging
from upsamp.resizing.network import LUMA

# Beyond the edges a transposed convolution reads zeros, and interpolation repeats the edge.
INSIDE = (slice(4, -4), slice(4, -4))
BYTES_WITHIN = Rescaling(1 / 255), Rescaling(255.0)


def picture_of(channels: int, dtype: str = "uint8", size: tuple[int, int] = (14, 18)) -> Picture:
    """Return a picture of random pixels, whose last of 2 or 4 channels is alpha."""
    shape = size if channels == 1 else (*size, channels)
    most = np.iinfo(dtype).max
    pixels = np.random.default_rng(channels).integers(0, most, shape, dtype, endpoint=True)
    return Picture(pixels, mode_of(pixels))


def enlarged(model: Sequential, picture: Picture, **options: Any) -> Picture:
    """Return a picture as a network makes it larger."""
    network = Network(model, **options)
    enlarging = Enlarging(network.scale, interpolation="bicubic", network=network)
    made = enlarging.apply(picture, enlarging.result_size(picture))
    assert isinstance(made, Picture)
    return made


@in_one_test("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_that_is_bilinear_gives_bilinear_pictures(channels: int, dtype: str) -> None:
    picture = picture_of(channels, dtype)
    made = enlarged(bilinear_network(2, channels), picture)
    assert (made.mode, made.pixels.dtype) == (picture.mode, picture.pixels.dtype)
    expected = upsample(picture.pixels, 2, "bilinear").astype(np.int64)
    difference = np.abs(made.pixels.astype(np.int64) - expected)[INSIDE]
    assert difference.max() <= 1  # of halves, which floats round to either side


@in_one_test(
    ("around", "value_range"),
    [
        (((), ()), None),
        (((), ()), (-1.0, 1.0)),
        (((), ()), (0.0, 255.0)),
        (((BYTES_WITHIN[0],), (BYTES_WITHIN[1],)), None),
        (((BYTES_WITHIN[0],), ()), None),
        (((Rescaling(2.0, -1.0),), (Rescaling(0.5, 0.5),)), None),
    ],
)
def test_pixels_go_in_and_come_out_in_one_range(around: Any, value_range: Any) -> None:
    picture = picture_of(3)
    picture = picture.with_pixels(100 + picture.pixels // 8)
    made = enlarged(bilinear_network(2, 3, around=around), picture, value_range=value_range)
    expected = upsample(picture.pixels, 2, "bilinear").astype(np.int64)
    assert np.abs(made.pixels.astype(np.int64) - expected)[INSIDE].max() <= 1


def test_of_colours_a_network_of_one_channel_makes_the_luma_and_bicubic_the_rest() -> None:
    picture = picture_of(3)
    made = enlarged(bilinear_network(2), picture).pixels / 255
    shares = picture.pixels / 255

    def chroma(colours: Array) -> Array:
        luma = (colours @ LUMA)[..., np.newaxis]
        return (colours[..., [2, 0]] - luma) / (1.772, 1.402)

    wanted = upsample(chroma(shares).astype(np.float32), 2, "bicubic")
    luma = upsample((shares @ LUMA).astype(np.float32), 2, "bilinear")
    red, blue = luma + 1.402 * wanted[..., 1], luma + 1.772 * wanted[..., 0]
    green = (luma - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    expected = np.clip(np.stack([red, green, blue], 2), 0, 1)
    np.testing.assert_allclose(made[INSIDE], expected[INSIDE], rtol=0, atol=0.51 / 255)


@in_one_test("channels", [2, 4])
@pytest.mark.parametrize("taken", [1, 3])
def test_alpha_is_exactly_that_of_bicubic(channels: int, taken: int) -> None:
    picture = picture_of(channels, "uint16")
    made = enlarged(bilinear_network(2, taken), picture)
    expected = upsample(np.ascontiguousarray(picture.pixels[..., -1]), 2, "bicubic")
    np.testing.assert_array_equal(made.pixels[..., -1], expected)
    assert made.mode == picture.mode


@pytest.mark.parametrize("taken", [1, 3])
def test_the_colours_of_clear_pixels_reach_no_others(taken: int) -> None:
    pixels = np.full((21, 37, 4), (200, 100, 50, 255), np.uint8)
    pixels[5:18, 3:30] = (255, 0, 255, 0)
    made = enlarged(bilinear_network(2, taken), Picture(pixels, "RGBA")).pixels[INSIDE]
    shown = made[made[..., 3] > 0]
    np.testing.assert_array_equal(np.unique(shown[:, :3], axis=0), [[200, 100, 50]])


def test_a_network_of_four_channels_makes_alpha_itself() -> None:
    up = Sequential([Input((None, None, 4)), UpSampling2D(2)])
    for channels in (3, 4):
        picture = picture_of(channels)
        expected = picture.pixels.repeat(2, 0).repeat(2, 1)
        np.testing.assert_array_equal(enlarged(up, picture).pixels, expected)
    grey = enlarged(up, picture_of(2)).pixels
    np.testing.assert_array_equal(grey, picture_of(2).pixels.repeat(2, 0).repeat(2, 1))


def test_grey_goes_through_a_network_of_colours_and_stays_grey() -> None:
    up = Sequential([Input((None, None, 3)), UpSampling2D(2)])
    picture = picture_of(1)
    expected = picture.pixels.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(enlarged(up, picture).pixels, expected)


def test_a_network_of_bytes_is_given_each_byte() -> None:
    up = Sequential([Input((None, None, 1), dtype="uint8"), UpSampling2D(2)])
    assert Network(up).ranges == ((0.0, 255.0), (0.0, 255.0))
    picture = Picture(np.arange(256, dtype=np.uint8).reshape(16, 16), "L")
    expected = picture.pixels.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(enlarged(up, picture).pixels, expected)


def keeping() -> Sequential:
    """Return a network that gives what it is given, by a convolution."""
    layer = Conv2D(1, 1, use_bias=False)
    model = Sequential([Input((None, None, 1)), layer])
    layer.set_weights([np.ones((1, 1, 1, 1))])
    return model


@in_one_test("channels", [1, 3])
def test_a_network_that_keeps_the_size_is_given_the_bicubic_enlargement(channels: int) -> None:
    picture = picture_of(channels)
    network = Network(keeping())
    enlarging = Enlarging((Fraction(3, 2), 2), interpolation="bicubic", network=network)
    plain = replace(enlarging, network=None)
    size = enlarging.result_size(picture)
    made, expected = (one.apply(picture, size) for one in (enlarging, plain))
    assert isinstance(made, Picture)
    assert isinstance(expected, Picture)
    difference = made.pixels.astype(int) - expected.pixels
    assert np.abs(difference).max() <= 1


@in_one_test(
    ("pixels", "mode"),
    [
        (np.zeros((2, 3, 4), np.uint8), "CMYK"),
        (np.zeros((2, 3), np.float32), "F"),
        (np.zeros((2, 3), np.int16), "I"),
    ],
)
def test_pictures_of_no_range_or_other_colours_are_refused(pixels: Array, mode: str) -> None:
    with pytest.raises(FormatError, match=f"grey and RGB of 8 or 16 bits. Received: {mode}"):
        enlarged(bilinear_network(2), Picture(pixels, mode))


def test_what_is_no_number_is_no_pixel() -> None:
    layer = Conv2D(1, 1)
    model = Sequential([Input((None, None, 1)), layer, UpSampling2D(2)])
    layer.set_weights([np.ones((1, 1, 1, 1)), np.array([np.nan])])
    with pytest.raises(FormatError, match="must make numbers of pictures"):
        enlarged(model, picture_of(1))
    layer.set_weights([np.ones((1, 1, 1, 1)), np.array([np.inf])])
    assert enlarged(model, picture_of(1)).pixels.min() == 255


def test_pixels_without_data_are_refused() -> None:
    picture = replace(picture_of(1), metadata={"nodata": "7"})
    picture.pixels[0, 0] = 7
    with pytest.raises(FormatError, match="pixels all hold data"):
        enlarged(bilinear_network(2), picture)


# --- files


@in_one_test("channels", [1, 2, 3, 4])
def test_strips_are_the_whole(tmp_path: Path, channels: int) -> None:
    model = with_values(bilinear_network(2, 1, around=((), (Conv2D(1, 5, padding="same"),))))
    source = tmp_path / "small.png"
    write(source, picture_of(channels, size=(150, 70)))
    for name, bound in (("whole.png", None), ("strips.png", 2**25 + 2**21)):
        enlarge_file(source, tmp_path / name, model=Network(model), max_memory=bound)
    whole, strips = (read(tmp_path / name) for name in ("whole.png", "strips.png"))
    assert isinstance(whole, Picture)
    assert isinstance(strips, Picture)
    difference = whole.pixels.astype(int) - strips.pixels
    assert np.abs(difference).max() <= 1


def test_a_matrix_goes_through_as_it_is(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((2, 9, 8, 1)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    model = with_values(bilinear_network(2, 1, around=((), (Conv2D(1, 5, padding="same"),))))
    enlarge_file(tmp_path / "x.npy", tmp_path / "y.npy", model=Network(model))
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model(x), rtol=0, atol=1e-5)
    first = np.moveaxis(x, 3, 1)
    np.save(tmp_path / "first.npy", first)
    options: dict[str, Any] = {"data_format": "channels_first", "model": Network(model)}
    enlarge_file(tmp_path / "first.npy", tmp_path / "z.npy", **options)
    expected = np.moveaxis(model(x), 3, 1)
    np.testing.assert_allclose(np.load(tmp_path / "z.npy"), expected, rtol=0, atol=1e-5)


@in_one_test(
    ("options", "text"),
    [
        ({"model": "espcn.keras"}, "`model` must be an `upsamp.Network`"),
        ({"model": bilinear_network(2)}, "`model` must be an `upsamp.Network`"),
        ({"size": 3}, "`size` and `output_shape` are for networks that keep the size"),
        ({"output_shape": (9, 9)}, "`size` and `output_shape` are for networks that keep the size"),
    ],
)
def test_what_goes_with_no_model_is_refused(tmp_path: Path, options: Any, text: str) -> None:
    write(tmp_path / "a.png", picture_of(1))
    with pytest.raises(ArgumentError, match=text):
        enlarge_file(
            tmp_path / "a.png",
            tmp_path / "b.png",
            **{"model": Network(bilinear_network(2)), **options},
        )
    assert not (tmp_path / "b.png").exists()
