"""The core against what real Keras computed, and the loop oracle against the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest
from effort import in_one_test
from golden_files import Golden, document, goldens_of
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose, upsample

Convolution = Callable[..., NDArray[Any]]

AGREEMENT = 2e-5  # of the data's range
TIE = 1e-3  # Keras computes bytes in float32, where a value this near to .5 may go either way

FLOATS = [case for case in goldens_of("upsampling") if case.output.dtype == np.float32]
BYTES = [case for case in goldens_of("upsampling") if case.output.dtype == np.uint8]
CONVOLUTIONS = goldens_of("convolution")
TRANSPOSED = goldens_of("transposed_convolution")


def tolerance(values: NDArray[Any]) -> float:
    """Say how far float32 may be off: a constant has no range, so its size is taken."""
    wide = values.astype(np.float64)
    return AGREEMENT * float(np.ptp(wide) or np.max(np.abs(wide)))


def exact_upsampling(case: Golden) -> oracle.FloatArray:
    """Return the oracle's answer for a batch."""
    size = (case.config["size"][0], case.config["size"][1])
    return np.stack(
        [oracle.upsample(image, size, case.config["interpolation"]) for image in case.x]
    )


def exact_convolution(case: Golden) -> oracle.FloatArray:
    """Return the oracle's answer for a batch, of either convolution."""
    config = dict(case.config)
    for name in ("filters", "kernel_size", "use_bias"):
        del config[name]
    for name in ("strides", "dilation_rate", "output_padding"):
        if config.get(name) is not None:
            config[name] = tuple(config[name])
    if config.get("output_padding", ...) is None:
        config["output_padding"] = (None, None)
    transposed = case.layer == "Conv2DTranspose"
    convolve: Convolution = oracle.conv2d_transpose if transposed else oracle.conv2d
    return np.stack([convolve(image, *case.weights, **config) for image in case.x])


def as_keras(convolve: Convolution, case: Golden) -> NDArray[Any]:
    """Convolve with Keras' arguments, but for those that the shapes of the weights tell."""
    told_by_weights = ("filters", "kernel_size", "use_bias")
    arguments = {key: value for key, value in case.config.items() if key not in told_by_weights}
    return convolve(case.x, *case.weights, **arguments)


def assert_equal_but_for_ties(
    actual: NDArray[Any], expected: NDArray[Any], exact: oracle.FloatArray
) -> None:
    """Assert equal bytes, except that near a tie they may be one apart."""
    assert actual.dtype == expected.dtype
    clear = ~oracle.near_tie(exact, TIE)
    np.testing.assert_array_equal(actual[clear], expected[clear])
    np.testing.assert_allclose(actual.astype(float), expected.astype(float), rtol=0, atol=1)


@in_one_test("case", FLOATS)
def test_upsample_agrees_with_keras_in_float32(case: Golden) -> None:
    actual = upsample(case.x, **case.config)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.x))


@in_one_test("case", FLOATS)
def test_upsample_in_float64_agrees_with_keras(case: Golden) -> None:
    actual = upsample(case.x.astype(np.float64), **case.config)
    np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.x))


@in_one_test("case", BYTES)
def test_upsample_gives_the_bytes_that_keras_gives(case: Golden) -> None:
    actual = upsample(case.x, **case.config)
    assert_equal_but_for_ties(actual, case.output, exact_upsampling(case))


@in_one_test("case", CONVOLUTIONS)
def test_conv2d_agrees_with_keras(case: Golden) -> None:
    actual = as_keras(conv2d, case)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.output))


@in_one_test("case", TRANSPOSED)
def test_conv2d_transpose_agrees_with_keras(case: Golden) -> None:
    actual = as_keras(conv2d_transpose, case)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.output))


@pytest.mark.parametrize("name", oracle.INTERPOLATIONS)
def test_the_oracle_interpolates_as_keras_does(name: str) -> None:
    cases = [case for case in FLOATS if case.config["interpolation"] == name]
    assert len(cases) > 30
    for case in cases:
        exact = exact_upsampling(case)
        np.testing.assert_allclose(
            exact, case.output, rtol=0, atol=tolerance(case.x), err_msg=case.name
        )


@pytest.mark.parametrize("name", oracle.INTERPOLATIONS)
def test_the_oracle_rounds_bytes_as_keras_does(name: str) -> None:
    cases = [case for case in BYTES if case.config["interpolation"] == name]
    assert len(cases) > 10
    for case in cases:
        exact = exact_upsampling(case)
        assert_equal_but_for_ties(oracle.round_to(np.uint8, exact), case.output, exact)


@pytest.mark.parametrize("cases", [CONVOLUTIONS, TRANSPOSED], ids=["conv2d", "conv2d_transpose"])
def test_the_oracle_convolves_as_keras_does(cases: list[Golden]) -> None:
    assert len(cases) > 60
    for case in cases:
        # Multiples of 1/8 throughout: not one bit may differ.
        np.testing.assert_array_equal(exact_convolution(case), case.output, err_msg=case.name)


def test_the_examples_of_the_tutorial_come_out_as_in_keras() -> None:
    examples = document("tutorial")["examples"]
    x = np.array(examples["1_upsampling"]["input"], dtype=np.float32)
    for name in ("1_upsampling", "2_upsampling_2x3", "2_upsampling_bilinear"):
        actual = upsample(x, **examples[name]["config"])
        np.testing.assert_allclose(actual, examples[name]["output"], rtol=0, atol=6e-5)
    for stride in (1, 2):
        actual = conv2d_transpose(x, np.ones((1, 1, 1, 1), np.float32), strides=stride)
        expected = examples[f"4_transpose_stride_{stride}"]["output"]
        np.testing.assert_array_equal(actual, np.array(expected, dtype=np.float32))
