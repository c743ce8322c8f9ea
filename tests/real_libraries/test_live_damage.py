"""A file whose pixels are damaged gives what other readers get of it, or an error.

The formats that both read, OpenCV and libvips or tifffile; each is asked only where it reads the
whole file as we do. What they warn of is not asked: libjpeg decodes most damage of a JPEG, which
has no checksum, and its warnings are no errors in any of them.
"""

import warnings
from collections.abc import Callable, Mapping
from io import BytesIO

import cv2
import numpy as np
import pytest
import pyvips
import tifffile
from corpus.make_corpus import CorpusFile, corpus
from corpus.pixel_damage import damaged_pixels
from effort import choose
from numpy.typing import NDArray

from upsamp.errors import FormatError
from upsamp.io.images import read_picture
from upsamp.io.images.pillow import quiet_libraries
from upsamp.io.picture_options import ReadOptions

Pixels = NDArray[np.generic]
Reader = Callable[[bytes], Pixels | None]
FORMATS = ("avif", "bmp", "gif", "jpeg", "jpeg2000", "png", "ppm", "tiff", "webp")
# Of a damaged fax, each library makes something else.
GUESSED = ("group3", "group4", "ccitt")
FILES = [
    file
    for file in corpus()
    if file.format in FORMATS and not any(kind in file.name for kind in GUESSED)
]
TIMES = choose(6, 200)


def of_opencv(data: bytes) -> Pixels | None:
    if (
        data[4:12] == b"ftypavif"
    ):  # its AV1 decoder looks at the end of a tile, which dav1d does not
        return None
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if pixels is None or pixels.ndim == 2:
        return pixels
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]] if pixels.shape[2] > 2 else pixels


def of_libvips(data: bytes) -> Pixels | None:
    try:
        return pyvips.Image.new_from_buffer(data, "", fail_on="error").numpy()
    except pyvips.Error:
        return None


def of_tifffile(data: bytes) -> Pixels | None:
    if data[:2] not in (b"II", b"MM"):
        return None
    try:
        return tifffile.imread(BytesIO(data), key=0)
    except Exception:  # noqa: BLE001 - of damage, it and its codecs raise anything
        return None


READERS: Mapping[str, Reader] = {
    "OpenCV": of_opencv,
    "libvips": of_libvips,
    "tifffile": of_tifffile,
}


def ours(data: bytes) -> Pixels | None:
    options = ReadOptions(orient=False, max_pixels=2**20)
    try:
        return read_picture(BytesIO(data), "it", options).pixels
    except FormatError:
        return None


def colours(pixels: Pixels) -> Pixels:
    """Return pixels as (H, W, 4), so that grey and alpha that is full make no difference."""
    if pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    full = 1.0 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:] if pixels.shape[2] in (2, 4) else np.full_like(pixels[..., :1], full)
    own = pixels[..., :1].repeat(3, axis=2) if pixels.shape[2] < 3 else pixels[..., :3]
    return np.concatenate([own, alpha], axis=2)


def agree(one: Pixels, other: Pixels, tolerance: float) -> bool:
    """Tell whether both show the same; what is no number in both is the same."""
    one, other = colours(one), colours(other)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return np.allclose(one, other, rtol=0, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_damaged_pixels_are_those_of_another_reader_or_an_error(file: CorpusFile) -> None:
    whole = ours(file.data)
    assert whole is not None
    # Colour from YCbCr may be rounded otherwise.
    tolerance = 0 if file.pixels is not None else 6
    generator = np.random.default_rng(7)
    with quiet_libraries(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: read(file.data) for name, read in READERS.items()}
        readers = [
            READERS[name]
            for name, pixels in found.items()
            if pixels is not None and agree(whole, pixels, tolerance)
        ]
        for turn in range(TIMES):
            data = damaged_pixels(file.data, generator, repaired=turn % 4 > 0)
            pixels = ours(data)
            if pixels is None or not readers:
                continue
            others = [read(data) for read in readers]
            assert all(other is not None and agree(pixels, other, tolerance) for other in others), (
                turn,
                [None if other is None else other.shape for other in others],
            )
