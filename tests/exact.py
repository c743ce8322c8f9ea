"""Arrays that must be the same to the last bit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def same(actual: Array, expected: Array) -> None:
    """Assert that the values are the same to the bit, the sign of zeros included."""
    np.testing.assert_array_equal(actual, expected, strict=True)
    np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))
