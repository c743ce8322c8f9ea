"""No image brings the reader down: one too large, cut off, damaged or none at all is refused."""

from io import BytesIO

import numpy as np
import pytest
from image_files import HEIGHT, NAMES, SAMPLES, WIDTH, encoded, read
from PIL import Image

from upsamp.errors import FormatError


@pytest.mark.parametrize("limit", [1, 2, 3, HEIGHT * WIDTH - 1, HEIGHT * WIDTH])
def test_the_limit_on_pixels_is_exact_and_names_its_option(limit: int) -> None:
    before = Image.MAX_IMAGE_PIXELS
    for height, width in ((1, limit), (1, limit + 1)):
        source = encoded(Image.new("L", (width, height)), "png")
        if width <= limit:
            assert read(source, max_pixels=limit).pixels.shape == (height, width)
        else:
            with pytest.raises(
                FormatError, match=rf"declares more than {limit:,} pixels.*--max-pixels"
            ):
                read(source, max_pixels=limit)
        assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"^it is no image that can be read: it is empty\."),
        (b"1 2; 3 4", r"^it is no image .*: it holds text; a matrix in a file ends in \.txt"),
        (b"\x89PNG\r\n\x1a\n", r"^it "),
        (b"\xff\xd8\xff\xe0 nothing", r"^it cannot be decoded: "),
        (b"\xffrandom" * 50, r"^it is no image .*: its content is of no known image format"),
    ],
)
def test_what_is_no_image_is_told_apart(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(BytesIO(data))


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_image_is_refused_wherever_it_is_cut(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    for share in (0.0, 0.05, 0.2, 0.5, 0.8, 0.95):
        with pytest.raises(FormatError, match=r"^it .*\.$"):
            read(BytesIO(data[: int(len(data) * share)]))


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_after_any_signature_are_an_error_of_ours(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for signature in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"RIFF\0\0\0\0WEBP"):
        for length in (0, 1, 20, 500):
            with pytest.raises(FormatError, match=r"^it "):
                read(BytesIO(signature + generator.bytes(length)))
