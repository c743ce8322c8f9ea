"""Keras' dtype policies: the type that a layer computes in, and the one that its weights have."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from upsamp.core.literals import shorten
from upsamp.core.values import ask, spelled
from upsamp.errors import ArgumentError


@dataclass(frozen=True)
class Policy:
    """A dtype policy by Keras' name.

    compute: the type of inputs, sums and outputs. variable: the name of the type that weights are
    kept in. NumPy has no bfloat16, and half precision is for accelerators: the mixed policies and
    bfloat16 compute in float32, in which their weights are exact. quantized: whether kernels are
    whole numbers of 8 bits with a scale for each output, as `model.quantize("int8")` makes them.
    """

    name: str
    compute: np.dtype[np.floating]
    variable: str
    quantized: bool = False

    def get_config(self) -> dict[str, str]:
        """Return what makes this policy again, as Keras' policies do."""
        return {"name": self.name}


POLICIES: Mapping[str, Policy] = {
    name: Policy(name, np.dtype(compute), variable)
    for name, compute, variable in (
        ("float32", np.float32, "float32"),
        ("float64", np.float64, "float64"),
        ("float16", np.float16, "float16"),
        ("bfloat16", np.float32, "bfloat16"),
        ("mixed_float16", np.float32, "float32"),
        ("mixed_bfloat16", np.float32, "float32"),
    )
}
# Of few layers.
QUANTIZED: Mapping[str, Policy] = {
    name: Policy(name, np.dtype(np.float32), "float32", quantized=True)
    for name in ("int8_from_float32",)
}


def normalize_policy(value: object) -> Policy:
    """Return the policy of that name, or of that NumPy type; None is float32, as in Keras.

    A policy is taken as it is.

    >>> normalize_policy("mixed_bfloat16").compute
    dtype('float32')
    """
    if value is None:
        return POLICIES["float32"]
    if isinstance(value, Policy):
        return value
    # A type of NumPy has a name, and a dtype is one as text.
    name = ask(lambda: str(getattr(value, "__name__", value)))
    if name is not None and name in QUANTIZED:
        return QUANTIZED[name]
    if name is not None and "_from_" in name:
        raise ArgumentError(
            "`dtype` must be a float type, or int8_from_float32. "
            f"Received: weights that are quantized as {shorten(name.partition('_from_')[0])}. "
            "Save the model before it is quantized."
        )
    if name is None or name not in POLICIES:
        raise ArgumentError(
            f"`dtype` must be a float type. Received: dtype={spelled(value)}. "
            f"Use {', '.join(POLICIES)}."
        )
    return POLICIES[name]
