"""What is to be done to an image, as data: its sizes, its names, and its way to another process."""

import pickle
from fractions import Fraction

import numpy as np
from effort import in_one_test
from image_files import pixels_of

import upsamp
from upsamp.core.arguments import Interpolation
from upsamp.core.upsampling.methods import METHODS
from upsamp.io.pictures import Picture
from upsamp.resizing.enlarging import Enlarging


@in_one_test(
    ("enlarging", "shape", "size", "spelled", "named"),
    [
        (Enlarging(), (3, 5), (6, 10), "2x2", "2x2"),
        (Enlarging((2, 3)), (3, 5), (6, 15), "2x3", "2x3"),
        (Enlarging((Fraction("1.5"), 1)), (3, 5), (4, 5), "1.5x1", "1.5x1"),
        (Enlarging(target=(10, 9)), (3, 5), (9, 10), "10x9", "10x9"),
        (Enlarging(target=(8, None)), (3, 5), (5, 8), "8x5", "8x"),
        (Enlarging(target=(None, 6)), (4, 3), (6, 5), "5x6", "x6"),
    ],
)
def test_a_size_is_computed_and_spelled(
    enlarging: Enlarging, shape: tuple[int, int], size: tuple[int, int], spelled: str, named: str
) -> None:
    assert enlarging.size_of(shape) == size
    assert enlarging.spell(size) == spelled
    assert enlarging.spell() == named


def test_the_method_is_named_with_a_convention_that_is_not_the_usual_one() -> None:
    assert Enlarging(interpolation="bicubic").method == "bicubic"
    assert Enlarging(interpolation="bicubic", convention="torch").method == "bicubic_torch"


@in_one_test("mode", ["L", "RGB", "RGBA", "I;16"])
@in_one_test("interpolation", [*METHODS])
def test_another_process_computes_what_the_library_does(
    mode: str, interpolation: Interpolation
) -> None:
    enlarging = Enlarging((2, 3), interpolation=interpolation)
    sent: Enlarging = pickle.loads(pickle.dumps(enlarging))
    assert sent == enlarging
    pixels = pixels_of(mode)
    picture = Picture(pixels, mode)
    result = sent.apply(picture, sent.size_of(sent.shape_of(picture)))
    assert isinstance(result, Picture)
    expected = upsamp.upsample(pixels, (2, 3), interpolation, alpha=mode == "RGBA")
    np.testing.assert_array_equal(result.pixels, expected, strict=True)


def test_a_matrix_with_its_channels_first_is_enlarged_there() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    enlarging = Enlarging((1, 2), data_format="channels_first")
    result = enlarging.apply(array, enlarging.size_of(enlarging.shape_of(array)))
    np.testing.assert_array_equal(result, np.repeat(array, 2, axis=2), strict=True)
