"""What the columns of a summary find in a row, before it becomes text or JSON."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from upsamp.layers import InputLayer
from upsamp.layers.layer import MaybeShape
from upsamp.models.summary.summary_row import SummaryRow

# The function of a row, and of a batch or None.
Value: TypeAlias = Callable[[SummaryRow, int | None], Any]


def _with_batch(shape: MaybeShape, batch: int | None) -> MaybeShape:
    """Return a shape with the batch in the place of None."""
    if shape is None or batch is None or not shape or shape[0] is not None:
        return shape
    return (batch, *shape[1:])


def find_outputs(row: SummaryRow, batch: int | None) -> tuple[MaybeShape, ...]:
    """Return the shapes of all outputs."""
    return tuple(_with_batch(shape, batch) for shape in row.output_shapes)


def find_inputs(row: SummaryRow, batch: int | None) -> tuple[MaybeShape, ...]:
    """Return the shapes of what the last call takes."""
    return tuple(_with_batch(shape, batch) for shape in row.input_shapes)


def find_setting(*names: str) -> Value:
    """Return the function that finds the first of some arguments that a layer has."""

    def value(row: SummaryRow, _: int | None) -> Any:
        layer = getattr(row.layer, "layer", row.layer)  # a wrapper has its layer's
        return next((getattr(layer, name) for name in names if hasattr(layer, name)), None)

    return value


def find_pair(*names: str) -> Value:
    """Return the function that finds a pair of integers that a layer has."""
    find = find_setting(*names)

    def value(row: SummaryRow, batch: int | None) -> Any:
        found = find(row, batch)
        is_pair = isinstance(found, tuple) and len(found) == 2
        return found if is_pair and all(isinstance(one, int) for one in found) else None

    return value


def find_activation(row: SummaryRow, batch: int | None) -> Any:
    """Return the name of the activation that a layer ends with."""
    found = find_setting("activation")(row, batch)
    name = found.get("class_name") if isinstance(found, Mapping) else found
    return name if isinstance(name, str) else None


def find_dtype(row: SummaryRow, _: int | None) -> str | None:
    """Return the policy of a layer, or the type of an input of integers."""
    layer = row.layer
    if layer is None or hasattr(type(layer), "calls"):
        return None
    if isinstance(layer, InputLayer) and layer.input_dtype.kind != "f":
        return layer.input_dtype.name
    return layer.dtype_policy.name


def multiply(count: int | None, batch: int | None) -> int | None:
    """Return a count for as many samples."""
    return None if count is None else count * (batch or 1)


def find_overlap(row: SummaryRow, _: int | None) -> str | None:
    """Return the verdict on the checkerboard of a transposed convolution."""
    return None if row.layer is None else row.layer.overlap()


def find_checkerboard(row: SummaryRow, _: int | None) -> float | None:
    """Return how unevenly the weights of a layer that upsamples treat the phases of its stride."""
    return None if row.layer is None else row.layer.checkerboard()


def find_weights_memory(row: SummaryRow, _: int | None) -> int | None:
    """Return the bytes of the weights, where these are counted."""
    if row.params is None or row.layer is None:
        return None
    return sum({id(one): one.nbytes for one in row.layer.weights}.values())
