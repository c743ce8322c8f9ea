"""The records of methods say what the definition says, and nothing can be left out of one."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resize_definition
from numpy.typing import NDArray
from resize_definition import KERNELS, matrix
from resize_definition import METHODS as TABLE

from upsamp.core.arguments import CONVENTIONS
from upsamp.core.upsampling.interpolation import MAX_TOTAL, MULTIPLE
from upsamp.core.upsampling.methods import METHODS, Kernel, Method, method_of
from upsamp.errors import ArgumentError

# Steps of a pixel, among them every zero of a kernel: multiples of 1/7 and of 1/8.
STEPS = 56


def copies(length: int, target: int, method: str, convention: str) -> bool:
    """Tell whether by the definition each output of an axis is one input."""
    return bool((matrix(length, target, (method, convention, False)).max(axis=1) == 1).all())


def faults_of(method: Method) -> set[str]:
    """Return the fields of a record that the definition contradicts."""
    found = set()
    for convention, kernel in method.kernels.items():
        by_fraction, by_factor, unchanged = (
            copies(3, target, method.name, convention) for target in (7, 6, 3)
        )
        factors = {None: by_fraction, (2, 2): by_factor, (1, 1): unchanged}
        if any(method.copies(each) != expected for each, expected in factors.items()):
            found.add("copied")
        weights = matrix(9, 31, (method.name, convention, False))
        if method.convex != (weights >= 0).all():
            found.add("convex")
        if kernel:
            found |= faults_of_kernel(kernel, resize_definition.WEIGHTS[convention, method.name])
    return found


def faults_of_kernel(kernel: Kernel, defined: resize_definition.Weigh) -> set[str]:
    """Return the fields of a kernel that its definition contradicts."""
    found = set()
    distances = [Fraction(step, STEPS) for step in range(7 * STEPS)]
    inside = [t for t in distances if t < kernel.support]
    expected = np.array([float(defined(t) / defined(Fraction(0))) for t in inside])
    if any(defined(t) for t in distances if t >= kernel.support) or not defined(inside[-1]):
        found.add("support")
    weights = [kernel.weight(t.numerator, t.denominator) for t in inside]
    made = np.array(
        [
            float(Fraction(weight, t.denominator**kernel.degree * kernel.weight(0)))
            for t, weight in zip(inside, weights, strict=True)
        ]
    )
    if not np.allclose(made, expected, rtol=0, atol=1e-14):
        found |= {"weight", "degree"}
    if max(abs(kernel.weight(t, 1.0)) for t in map(float, inside)) > (
        MULTIPLE if kernel.degree else MAX_TOTAL
    ):
        found.add("weight")
    if {Fraction(*zero) for zero in kernel.zeros} != {
        t for t, weight in zip(inside, weights, strict=True) if weight == 0
    }:
        found.add("zeros")
    if not np.allclose(written(kernel, np.array(inside, float)), expected, rtol=0, atol=1e-14):
        found.add("source")
    return found


def written(kernel: Kernel, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the source of a kernel, so that it is 1 in the middle."""
    space: dict[str, Any] = {"np": np, "t": t}
    parts = [eval(source, space) for source in kernel.source]
    weights = np.where(t < 1, parts[0], parts[-1])
    return np.asarray(weights / weights[0])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_record_says_what_the_definition_says(method: Method) -> None:
    assert faults_of(method) == set()
    assert method == METHODS[method.name] == method_of(method.name.upper())


def test_the_records_are_those_of_the_definition() -> None:
    rows = {
        (name, convention, aligned)
        for name, method in METHODS.items()
        for convention in CONVENTIONS
        for aligned, has in ((False, method.kernels), (True, method.align_corners))
        if convention in has
    }
    assert rows == set(TABLE)
    kernels = {name for name, method in METHODS.items() if any(method.kernels.values())}
    assert kernels == {name for name, _ in KERNELS}


@pytest.mark.parametrize("field", Method._fields)
def test_a_record_without_a_field_is_no_record(field: str) -> None:
    fields = METHODS["bicubic"]._asdict()
    del fields[field]
    with pytest.raises(TypeError, match=f"missing 1 required positional argument: '{field}'"):
        Method(**fields)


@pytest.mark.parametrize(
    ("method", "field", "value"),
    [
        ("nearest", "copied", "at whole factors"),
        ("area", "copied", "always"),
        ("bicubic", "copied", "never"),
        ("gaussian", "copied", "at the same size"),
        ("bicubic", "convex", True),
        ("gaussian", "convex", False),
    ],
)
def test_a_record_that_is_wrong_is_found(method: str, field: str, value: Any) -> None:
    assert faults_of(METHODS[method]._replace(**{field: value})) == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("support", 3),
        ("degree", 2),
        ("zeros", ()),
        ("source", ("1 - t",)),
        ("weight", lambda t, unit=1: unit**3 - t**3),
    ],
)
def test_a_kernel_that_is_wrong_is_found(field: str, value: Any) -> None:
    kernel = METHODS["bicubic"].kernels["keras"]
    assert kernel is not None
    wrong = METHODS["bicubic"]._replace(kernels={"keras": kernel._replace(**{field: value})})
    assert field in faults_of(wrong)


def test_a_name_is_answered_with_those_that_the_convention_has() -> None:
    with pytest.raises(ArgumentError, match="`interpolation` must be one of 'nearest', "):
        method_of("cubic")
    with pytest.raises(ArgumentError, match="`convention` must be one of 'keras', 'torch'"):
        method_of("bicubic", "opencv")
    with pytest.raises(ArgumentError, match="one that convention='torch' has: 'nearest', 'area', "):
        method_of("gaussian", "torch")


# A method that no library has: one record is all that it takes.
ONE_MORE = """
import sys
import numpy as np
from upsamp.core.upsampling.methods import METHODS, Kernel, Method

kernel = Kernel(
    1, lambda t, unit=1: (2 * t - 3 * unit) * t * t + unit**3, 3, (),
    ("np.maximum(2 * t**3 - 3 * t**2 + 1, 0) * (t < 1)",),
)
METHODS["hermite"] = Method(
    "hermite", {"keras": kernel, "torch": kernel}, copied="at the same size", convex=True,
    align_corners=("torch",), keras={}, tensorflow=None, torch={}, jax={}, onnx={}, opencv=None,
    pillow=None,
)
from click.testing import CliRunner
from upsamp import Sequential, resize
from upsamp.cli import main
from upsamp.layers import Conv2D, Input, Resizing, UpSampling2D
from upsamp.models.config.layer_entries import foreign
from upsamp.models.sampling.value_ranges import output_range
from upsamp.translate import LIBRARIES, Upsampling, upsampling_program
from upsamp.translate.peers import compare_with_peers
from upsamp.translate.weights import weights

x = np.random.default_rng(0).random((3, 4))
for convention, aligned in (("keras", False), ("torch", False), ("torch", True)):
    rule = {"convention": convention, "align_corners": aligned}
    settings = Upsampling.of((1, 3, 4, 1), (7, 11), "hermite", **rule)
    space = {"np": np}
    exec("\\n".join(weights(settings)), space)
    expected = space["rows"] @ x @ space["columns"].T
    np.testing.assert_allclose(resize(x, (7, 11), "hermite", **rule), expected, atol=1e-6)
    for library in LIBRARIES:
        program = upsampling_program(settings, library, "x")
        assert "has no hermite" in program or "Keras has no align_corners" in program, program

for layer in (UpSampling2D(2, interpolation="Hermite"), Resizing(6, 8, "hermite")):
    enlarged = np.asarray(layer(x[None, :, :, None]))[0, :, :, 0]
    np.testing.assert_allclose(enlarged, resize(x, (6, 8), "hermite"), atol=1e-6)
    assert [part.tolist() for part in layer.reach(1, 4)][1] == [0, 1, 1, 2, 2, 3, 3, 3]
    assert foreign(layer) == "Keras has no interpolation='hermite'"
layers = [Conv2D(1, 1, activation="tanh"), UpSampling2D(2, interpolation="hermite")]
assert output_range(Sequential([Input((3, 4, 1)), *layers])) == (-1.0, 1.0)

remarks = [peer.remark for peer in compare_with_peers(x, (7, 11), "hermite")]
assert remarks == ["", *["has no hermite"] * 5]
for options in (
    "--interp hermite -o {0}.npy", "--interp hermite --code jax", "--interp hermite --compare",
    "--interp hermite --convention torch --align-corners -o {0}.png", "--sheet {0}.sheet.png",
):
    words = ["upsample", "0 1; 2 3", *options.format(sys.argv[1]).split()]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
np.testing.assert_array_equal(
    np.load(sys.argv[1] + ".npy"), resize([[0.0, 1.0], [2.0, 3.0]], (4, 4), "hermite")
)
"""


def test_one_record_is_all_that_a_method_takes(tmp_path: Path) -> None:
    words = [sys.executable, "-c", ONE_MORE, str(tmp_path / "large")]
    done = subprocess.run(words, check=False, capture_output=True, timeout=100, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
