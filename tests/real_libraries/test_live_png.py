"""PNG files of upsamp as OpenCV and Pillow read them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import upsamp
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.io.png import write_png

SAMPLES = Path(__file__).parents[2] / "sample_images"
# How OpenCV orders the channels.
TO_OPENCV = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}


def written(picture: Picture, level: int) -> bytes:
    stream = BytesIO()
    write_png(picture, stream, compression=level)
    return stream.getvalue()


def by_opencv(data: bytes) -> Any:
    """Read a file as it is; OpenCV's channels, grey without an axis of its own."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def noise(channels: int, dtype: Any, shape: tuple[int, int]) -> Any:
    """Return a noisy slope over all values of the type."""
    limit = np.iinfo(dtype).max
    slope = np.linspace(0, limit, shape[0] * shape[1]).reshape(*shape, 1)
    rough = np.random.default_rng(0).normal(0, limit / 50, (*shape, channels))
    return np.clip(slope + rough, 0, limit).astype(dtype)


@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (37, 29), (600, 701)])
def test_opencv_reads_the_pixels_that_were_written(
    shape: tuple[int, int], channels: int, dtype: Any, level: int
) -> None:
    pixels = noise(channels, dtype, shape)
    read = by_opencv(written(picture_of_matrix(pixels), level)).reshape(pixels.shape)
    np.testing.assert_array_equal(read, pixels[:, :, TO_OPENCV[channels]], strict=True)


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_opencv_reads_grey_with_alpha_as_colour(dtype: Any, level: int) -> None:
    pixels = noise(2, dtype, (40, 30))
    read = by_opencv(written(picture_of_matrix(pixels), level))
    np.testing.assert_array_equal(read, pixels[:, :, [0, 0, 0, 1]], strict=True)


@pytest.mark.parametrize("colours", [2, 4, 16, 256])
def test_opencv_and_pillow_read_palettes(colours: int) -> None:
    generator = np.random.default_rng(1)
    palette = generator.integers(0, 256, (colours, 3)).astype(np.uint8)
    pixels = generator.integers(0, colours, (33, 47)).astype(np.uint8)
    data = written(Picture(pixels, "P", palette=palette.tobytes()), 1)
    np.testing.assert_array_equal(by_opencv(data)[:, :, ::-1], palette[pixels])
    with Image.open(BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), palette[pixels])


@pytest.mark.parametrize("method", ["nearest", "bilinear", "lanczos3"])
def test_files_are_no_larger_than_opencvs(method: Any) -> None:
    with Image.open(SAMPLES / "lake.png") as image:
        pixels = upsamp.upsample(np.asarray(image), 4, method)
    encoded, theirs = cv2.imencode(".png", pixels[:, :, ::-1])
    assert encoded
    assert len(written(picture_of_matrix(pixels), 1)) < 1.1 * len(theirs)
