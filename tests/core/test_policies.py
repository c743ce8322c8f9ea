"""Keras' dtype policies, by name."""

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.policies import POLICIES, normalize_policy
from upsamp.errors import ArgumentError


@in_one_test(
    ("name", "compute", "variable"),
    [
        ("float32", "float32", "float32"),
        ("float64", "float64", "float64"),
        ("float16", "float16", "float16"),
        ("bfloat16", "float32", "bfloat16"),
        ("mixed_float16", "float32", "float32"),
        ("mixed_bfloat16", "float32", "float32"),
    ],
)
def test_a_policy_says_what_is_computed_and_what_is_kept(
    name: str, compute: str, variable: str
) -> None:
    policy = normalize_policy(name)
    assert policy is POLICIES[name]
    assert (policy.name, policy.compute, policy.variable) == (name, np.dtype(compute), variable)


def test_all_policies_are_tested() -> None:
    assert len(POLICIES) == 6


def test_a_type_of_numpy_is_a_policy_and_nothing_is_float32() -> None:
    assert normalize_policy(None) is POLICIES["float32"]
    assert normalize_policy(np.float64) is POLICIES["float64"]
    assert normalize_policy(np.dtype("float16")) is POLICIES["float16"]


def test_weights_of_other_than_8_bits_are_told() -> None:
    with pytest.raises(ArgumentError, match=r"weights that are quantized as int4/128\. Save the "):
        normalize_policy("int4/128_from_float32")


@in_one_test("wrong", ["int8", "float8", "", 3, [], {}, "Float32"])
def test_what_is_no_float_type_is_refused(wrong: object) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`dtype` must be a float type\. Received: dtype=.*\. Use float32, float64, float16, "
        r"bfloat16, mixed_float16, mixed_bfloat16\.",
    ):
        normalize_policy(wrong)
