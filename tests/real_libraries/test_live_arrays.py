"""Arrays of other libraries, as what they are taken."""

from typing import Any

import jax
import ml_dtypes
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf
import torch

from upsamp import conv2d, upsample
from upsamp.errors import DtypeError

NUMBERS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize(
    "x",
    [jax.numpy.asarray(NUMBERS), tf.constant(NUMBERS), torch.tensor(NUMBERS)],
    ids=["JAX", "TensorFlow", "PyTorch"],
)
def test_arrays_of_other_libraries_are_taken(x: Any) -> None:
    for given, expected in ((x, NUMBERS), ([x, x], np.stack([NUMBERS, NUMBERS]))):
        actual = upsample(given, 2, "bilinear")
        np.testing.assert_array_equal(actual, upsample(expected, 2, "bilinear"), strict=True)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4"])
def test_numbers_of_types_that_numpy_has_not_are_refused_by_name(name: str) -> None:
    plain = NUMBERS.astype(getattr(ml_dtypes, name))
    for x in (plain, jax.numpy.asarray(plain)):
        with pytest.raises(
            DtypeError, match=rf"Received: dtype {name}\. Use x\.astype\('float32'\)\.$"
        ):
            upsample(x, 2)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.ones((3, 4), requires_grad=True), r"class Tensor: Can't call numpy\(\).*detach"),
        (torch.ones((3, 4), dtype=torch.bfloat16), r"class Tensor: .*BFloat16"),
        (torch.ones((3, 4)).to_sparse(), r"class Tensor: .*Sparse"),
        (scipy.sparse.csr_array(NUMBERS), r"dtype object\. .* x\.toarray\(\) of a sparse matrix"),
    ],
)
def test_what_gives_no_numbers_is_refused_with_the_reason(x: Any, message: str) -> None:
    with pytest.raises(DtypeError, match=rf"^`x` must .*{message}"):
        upsample(x, 2)


def test_what_a_tracer_stands_for_is_refused() -> None:
    for call in (lambda x: upsample(x, 2), lambda x: conv2d(x, np.ones((1, 1, 1, 1)))):
        with pytest.raises(DtypeError, match=r"class \w*Tracer"):
            jax.jit(call)(NUMBERS)
        with pytest.raises(DtypeError, match=r"class SymbolicTensor"):
            tf.function(call)(tf.constant(NUMBERS))
