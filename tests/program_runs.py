"""Programs of whole models, run as a user runs them: their weights and inputs in files."""

import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upsamp import Model
from upsamp.models.export.programs import model_program

Array = NDArray[Any]
TOLERANCE = 1e-5  # of the range of an output


def outputs_of(model: Model, inputs: Sequence[Array]) -> list[Array]:
    """Return all outputs of a model."""
    results = model.predict([*inputs] if len(inputs) > 1 else inputs[0])
    return results if isinstance(results, list) else [results]


def run_program(model: Model, library: str, inputs: Sequence[Array], folder: Path) -> list[Array]:
    """Return what the program of a model leaves as `y`; no inputs: those that it draws."""
    weights = folder / "weights.safetensors"
    model.save(weights, overwrite=True)
    files = [folder / f"{number}.npy" for number in range(len(inputs))]
    for file, array in zip(files, inputs, strict=True):
        np.save(file, array)
    program = model_program(model, library, str(weights))
    space: dict[str, Any] = {"__name__": "__main__"}
    before, sys.argv = sys.argv, ["program.py", *map(str, files)]
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(program, "program.py", "exec"), space)
    finally:
        sys.argv = before
    y = space["y"]
    assert printed.getvalue() == f"{y}\n"
    return y if isinstance(y, list) else [y]


def check_program(model: Model, library: str, inputs: Sequence[Array], folder: Path) -> None:
    """Check that the program of a model computes what the model does, to rounding."""
    pairs = zip(run_program(model, library, inputs, folder), outputs_of(model, inputs), strict=True)
    for actual, expected in pairs:
        assert actual.shape == expected.shape
        assert actual.dtype == (expected.dtype if library == "onnx" else np.float32)
        reach = float(np.ptp(expected)) if expected.size else 0.0
        np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=TOLERANCE * reach)
