"""Resizing, and its definition, give what TensorFlow, JAX and PyTorch give."""

import json
from dataclasses import dataclass

import numpy as np
from effort import in_one_test
from golden_files import arrays_of
from resize_definition import METHODS, Array, Method, defined, run

AGREEMENT = 2e-5  # of the data's range


@dataclass(frozen=True)
class Resized:
    """What a library gave for a method and a size."""

    library: str
    method: Method
    x: Array
    output: Array

    def __str__(self) -> str:
        """Return the case's name for pytest's list."""
        name, _, align_corners = self.method
        aligned = " aligned" * align_corners
        return f"{self.library} {name}{aligned} {self.x.shape} to {self.output.shape}"


def golden_cases() -> list[Resized]:
    """Read what tests/goldens/make_resizing.py wrote."""
    arrays = arrays_of("resizing")
    found = []
    for case in json.loads(str(arrays["cases"])):
        rows, columns = case["size"]
        output = arrays["outputs"][case["start"] :][: rows * columns].reshape(rows, columns)
        method = (case["interpolation"], case["convention"], case["align_corners"])
        found.append(Resized(case["library"], method, arrays[case["input"]], output))
    return found


GOLDENS = golden_cases()


def tolerance(x: Array) -> float:
    """Say how far float32 may be off: a constant has no range, so its size is taken."""
    return AGREEMENT * float(np.ptp(x) or np.abs(x).max())


@in_one_test("case", GOLDENS)
def test_resize_gives_what_the_library_gives(case: Resized) -> None:
    rows, columns = case.output.shape
    for x in (case.x, case.x.astype(np.float64)):
        actual = run(x, (rows, columns), case.method)
        assert actual.dtype == x.dtype
        np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.x))


@in_one_test("case", GOLDENS)
def test_the_definition_of_these_tests_gives_what_the_library_gives(case: Resized) -> None:
    rows, columns = case.output.shape
    expected = defined(case.x, (rows, columns), case.method)
    np.testing.assert_allclose(case.output, expected, rtol=0, atol=tolerance(case.x))


def test_the_goldens_hold_every_method_and_say_what_made_them() -> None:
    assert {case.method for case in GOLDENS} == set(METHODS)
    versions = json.loads(str(arrays_of("resizing")["versions"]))
    assert set(versions) >= {"jax", "numpy", "tensorflow", "torch"}
