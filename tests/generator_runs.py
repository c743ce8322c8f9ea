"""Runs of `upsamp generator --model`, the pictures they write, and how close numbers must be."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from click.testing import Result
from golden_files import model_file
from numpy.typing import NDArray
from PIL import Image

Invoke = Callable[..., Result]
Array = NDArray[Any]


def pixels_of(path: str | BytesIO) -> Array:
    with Image.open(path) as image:
        return np.asarray(image).copy()


def run(invoke: Invoke, model: str, *args: object) -> Result:
    """Run a model's file; it must do without complaint."""
    result = invoke("generator", "--model", model_file(model), *args)
    assert result.exit_code == 0, result.stderr
    return result


def close_to(actual: Array, expected: Array) -> None:
    tolerance = 1e-5 * float(np.ptp(expected))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)
    assert actual.shape == expected.shape
