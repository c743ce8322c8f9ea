"""What a model is called with: one array, a list, or a dictionary by the names of its inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array, normalize_array
from upsamp.core.values import normalize_mapping, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.shapes import Shape
from upsamp.layers.symbolic import SymbolicTensor


def gather_inputs(x: object, names: Sequence[str], model: str, rank: int | None) -> list[Array]:
    """Return the arrays of all inputs in the order of their names; see `arrange_inputs`.

    >>> [array.tolist() for array in gather_inputs({"b": [2], "a": [1]}, ["a", "b"], "both", 1)]
    [[1], [2]]
    """
    given = arrange_inputs(x, names, model, rank)
    return [normalize_array(one, "x", tuple(range(1, 33))) for one in given]


def arrange_inputs(x: object, names: Sequence[str], model: str, rank: int | None) -> list[Any]:
    """Return what is given for all inputs, arrays or symbolic tensors, in the order of their names.

    model: its name, for errors. rank: of the first input, or None where it is not known yet.
    """
    given: Any = x
    if isinstance(x, Mapping):
        named = normalize_mapping(x, "x")
        for name in named:
            if name not in names:
                raise ArgumentError(
                    f"`x` must have the names of the inputs of model '{model}'. Received: "
                    f"{spelled(name)}. Use {', '.join(names)}."
                )
        given = [named.get(name) for name in names]
    elif not isinstance(x, list | tuple) or (len(names) == 1 and not _is_wrapped(x, rank)):
        given = [x]
    known = sum(one is not None for one in given)
    if len(given) != len(names) or known < len(given):
        raise ShapeError(
            f"Model '{model}' must have {len(names)} inputs: {', '.join(names)}. Received: {known}."
        )
    return list(given)


def _is_wrapped(x: Sequence[object], rank: int | None) -> bool:
    """Tell whether the one input is in a list of its own, as Keras takes it."""
    if len(x) == 1 and isinstance(x[0], SymbolicTensor):
        return True
    if len(x) != 1 or not isinstance(x[0], np.ndarray):
        return False
    return rank is None or x[0].ndim == rank


def check_inputs(arrays: Sequence[Array], shapes: Sequence[Shape], model: str) -> None:
    """Raise `ShapeError` where arrays do not fit inputs of these shapes, or each other."""
    for array, shape in zip(arrays, shapes, strict=True):
        expected = (None, *shape[1:])
        fits = len(array.shape) == len(expected) and all(
            wanted in (None, length) for wanted, length in zip(expected, array.shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"The input of model '{model}' must have shape {expected}. "
                f"Received: shape {array.shape}."
            )
    if len({len(array) for array in arrays}) > 1:
        raise ShapeError(
            f"All inputs must have as many samples. Received: {[len(array) for array in arrays]}."
        )
