"""What changed in a layer from one model to another."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.literals import shorten
from upsamp.core.policies import POLICIES
from upsamp.layers import Layer
from upsamp.models.nesting import is_model
from upsamp.models.summary.summary_row import SummaryRow, format_shapes

# How deep a layer is nested, and its name.
Key: TypeAlias = tuple[int, str]
FLOAT32_MAX = 3e38
# Values of an argument that say the same in other words.
SYNONYMS: Mapping[str, Mapping[Any, str]] = {
    "activation": {None: "linear", "swish": "silu"},
    "dtype": {name: name for name in POLICIES},
}
# What of a config is told elsewhere, or is no part of what a layer computes.
TOLD_ELSEWHERE = ("name", "layers", "input_layers", "output_layers", "batch_input_shape")


class Change(NamedTuple):
    """An argument of a layer, or another thing about it, in both models."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return self.what
        return f"{self.what} {self.before} -> {self.after}"


def changes_of(
    before: SummaryRow,
    after: SummaryRow,
    names: Mapping[Key, str],
    kept: set[Key],
    *,
    weights: bool,
) -> Iterator[Change]:
    """Yield what changed in a layer.

    names: of the layers of the second model, by the level and name of those of the first. kept:
    levels and names of those of the second that are beside one of the first. weights: whether to
    compare the values of weights, of which only those are compared that are there.
    """
    one, other = before.layer, after.layer
    if one is not None and other is not None:
        yield from _config_changes(one, other, len(after.output_shape or ()))
    if _reconnected(before, after, names, kept):
        sides = [", ".join(map(str, row.connected_to)) or "-" for row in (before, after)]
        yield Change("connected to", *sides)
    told = None not in (*before.output_shapes, *after.output_shapes)
    if told and before.output_shapes != after.output_shapes:
        shapes = [format_shapes(row.output_shapes) for row in (before, after)]
        yield Change("output shape", *shapes)
    if before.params != after.params:
        yield Change("params", before.cells()[2], after.cells()[2])
    elif weights and one is not None and other is not None and not is_model(one):
        yield from _weight_changes(one, other)


def _reconnected(
    before: SummaryRow, after: SummaryRow, names: Mapping[Key, str], kept: set[Key]
) -> bool:
    """Tell whether a layer is called on others than before, and not for what came or went."""
    level = before.level
    links = list(before.connected_to)
    if any((level, link.layer) not in names for link in links):
        return False
    if any((level, link.layer) not in kept for link in after.connected_to):
        return False
    renamed = [link._replace(layer=names[level, link.layer]) for link in links]
    return renamed != list(after.connected_to)


def _config_changes(before: Layer, after: Layer, rank: int) -> Iterator[Change]:
    if is_model(before) or is_model(after):
        configs = [{"trainable": layer.trainable} for layer in (before, after)]
    else:
        configs = [layer.get_config() for layer in (before, after)]
    for key in dict.fromkeys([*configs[0], *configs[1]]):
        if key in TOLD_ELSEWHERE:
            continue
        values: list[Any] = [config.get(key) for config in configs]
        if key in SYNONYMS:
            values = [SYNONYMS[key].get(_name_of(value), value) for value in values]
        one, other = (_plain(value, rank if key == "axis" else 0) for value in values)
        if one != other:
            yield Change(shorten(repr(key).strip("'")), *map(_told, values))


def _name_of(value: Any) -> Any:
    """Return the name of what an unknown layer's config has as an object, otherwise the value."""
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        return value["config"].get("name")
    return value if value is None or isinstance(value, str) else ""


def _plain(value: Any, rank: int = 0) -> Any:
    """Return a value as it is compared: a file has lists for tuples, and floats of 32 bits.

    rank: of the arrays that a value is an axis of, which may count from the end; otherwise 0.
    """
    if isinstance(value, list | tuple):
        return tuple(_plain(part, rank) for part in value)
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            return value["class_name"], _plain(value["config"])
        return {key: _plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, float):
        return float(np.float32(value)) if abs(value) < FLOAT32_MAX else value
    if rank and type(value) is int:
        return value % rank
    return value


def _told(value: Any) -> str:
    return shorten(value if isinstance(value, str) and value.isprintable() else repr(value))


def _weight_changes(before: Layer, after: Layer) -> Iterator[Change]:
    for weight, other in zip(before.weights, after.weights, strict=False):
        one, two = weight.value, other.value
        if one is None or two is None:
            continue
        if one.shape != two.shape or not np.array_equal(one, two, equal_nan=True):
            yield Change(f"the values of {weight.name}", "", "")
