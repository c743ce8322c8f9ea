"""The columns of a summary, by name: what each tells of a row, as text and as data."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upsamp.core.memory import format_bytes
from upsamp.core.spelling import spelling_remedy
from upsamp.errors import ArgumentError
from upsamp.layers.layer import MaybeShape
from upsamp.models.summary.column_values import (
    Value,
    find_activation,
    find_checkerboard,
    find_dtype,
    find_inputs,
    find_outputs,
    find_overlap,
    find_pair,
    find_setting,
    find_weights_memory,
    multiply,
)
from upsamp.models.summary.receptive_field import FieldSize
from upsamp.models.summary.summary_row import SummaryRow, format_shapes

KERAS_COLUMNS = ("layer", "output_shape", "params")
# The columns that the calls of the whole model must be followed for.
MEASURED = ("multiply_adds", "activation_memory", "receptive_field")
# The columns that the values of the weights are read for.
VALUED = ("checkerboard",)


def _plain(value: Any) -> str:
    return "-" if value is None else str(value)


@dataclass(frozen=True)
class Column:
    """A column. value: of a row, for a batch or None; show: its text; json: its form in JSON.

    side: "<" (left), ">" (right) or "^" (middle). about: one line for the help. summed: what the
    total of the column is called, where it has one.
    """

    name: str
    heading: str
    side: str
    about: str
    value: Value
    show: Callable[[Any], str] = _plain
    json: Callable[[Any], Any] = lambda value: value
    summed: str = ""

    def text(self, row: SummaryRow, batch: int | None = None, digits: int | None = None) -> str:
        """Return the text of a row; digits: significant ones of what is no integer."""
        value = self.value(row, batch)
        if digits is not None and isinstance(value, float):
            return _format_share(value, digits)
        return self.show(value)

    def data(self, row: SummaryRow, batch: int | None = None) -> dict[str, Any]:
        """Return what JSON holds of a row."""
        if self.name == "layer":
            return {"name": row.name, "type": row.type}
        return {self.name: self.json(self.value(row, batch))}


# --- texts


def format_pair(pair: Any) -> str:
    """Write rows and columns; a setting that there is none of is "-".

    >>> format_pair((3, 5)), format_pair(None)
    ('3x5', '-')
    """
    return "-" if pair is None else "x".join(map(str, pair))


def _format_padding(padding: Any) -> str:
    """Write same, valid, or the four margins in the order top, bottom, left, right."""
    if padding is None or isinstance(padding, str):
        return _plain(padding)
    return " ".join(str(margin) for side in padding for margin in side)


def _format_connections(connections: Sequence[object]) -> str:
    return ", ".join(map(str, connections)) or "-"


def _format_trainable(trainable: bool | None) -> str:
    return {True: "Y", False: "N", None: "-"}[trainable]


def _format_count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _format_memory(count: int | None) -> str:
    return "?" if count is None else format_bytes(count)


def _format_share(share: float | None, digits: int = 3) -> str:
    """Write a share; of a layer without weights it is not known."""
    return "-" if share is None else "?" if math.isnan(share) else f"{share:.{digits}g}"


# --- JSON


def _shape_data(shape: MaybeShape) -> list[int | None] | None:
    return None if shape is None else list(shape)


def _shapes_data(shapes: Sequence[MaybeShape]) -> Any:
    return _shape_data(shapes[0]) if len(shapes) == 1 else [_shape_data(one) for one in shapes]


def _field_data(field: FieldSize | None) -> dict[str, Any] | None:
    if field is None:
        return None
    return {"rows": field.size[0], "columns": field.size[1], "all": field.whole}


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple) else value


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column(
            "layer",
            "Layer (type)",
            "<",
            "name and class",
            lambda row, _: row,
            lambda row: row.label,
        ),
        Column(
            "input_shape",
            "Input Shape",
            "<",
            "what the last call takes",
            find_inputs,
            lambda shapes: format_shapes(shapes) if shapes else "-",
            lambda shapes: _shapes_data(shapes) if shapes else None,
        ),
        Column(
            "output_shape",
            "Output Shape",
            "<",
            "what the last call gives",
            find_outputs,
            format_shapes,
            _shapes_data,
        ),
        Column(
            "params",
            "Param #",
            ">",
            "the values of all weights",
            lambda row, _: row.params,
            _format_count,
        ),
        Column(
            "connected_to",
            "Connected to",
            "<",
            "layer[call][output] of every input",
            lambda row, _: row.connected_to,
            _format_connections,
            lambda connections: [list(one) for one in connections],
        ),
        Column(
            "trainable",
            "Trainable",
            "^",
            "Y, N, or - without weights",
            lambda row, _: row.trainable,
            _format_trainable,
        ),
        Column(
            "kernel",
            "Kernel",
            "<",
            "rows x columns, of a pooling its window",
            find_pair("kernel_size", "pool_size"),
            format_pair,
            _lists,
        ),
        Column(
            "strides",
            "Strides",
            "<",
            "rows x columns",
            find_pair("strides"),
            format_pair,
            _lists,
        ),
        Column(
            "padding",
            "Padding",
            "<",
            "same, valid, or top bottom left right",
            find_setting("padding", "cropping"),
            _format_padding,
            _lists,
        ),
        Column(
            "dilation",
            "Dilation",
            "<",
            "rows x columns",
            find_pair("dilation_rate"),
            format_pair,
            _lists,
        ),
        Column("groups", "Groups", ">", "of the channels", find_setting("groups")),
        Column("activation", "Activation", "<", "its name", find_activation),
        Column("dtype", "Dtype", "<", "type or policy of the layer", find_dtype),
        Column(
            "weights_memory",
            "Weights",
            ">",
            "bytes of the weights as they are kept",
            find_weights_memory,
            _format_memory,
        ),
        Column(
            "multiply_adds",
            "Multiply-adds",
            ">",
            "products with kernels, of a transposed convolution on its input",
            lambda row, batch: multiply(row.measure.multiply_adds, batch),
            _format_count,
            summed="Multiply-adds",
        ),
        Column(
            "activation_memory",
            "Activations",
            ">",
            "bytes of the outputs",
            lambda row, batch: multiply(row.measure.activation_bytes, batch),
            _format_memory,
            summed="Activation memory",
        ),
        Column(
            "receptive_field",
            "Receptive field",
            "<",
            "rows x columns of the image at the root that an output depends on, or all",
            lambda row, _: row.measure.receptive_field,
            _plain,
            _field_data,
        ),
        Column(
            "overlap",
            "Overlap",
            "<",
            "counts of products in the outputs of a transposed convolution: even, uneven or holes; "
            "weights may leave a checkerboard besides",
            find_overlap,
        ),
        Column(
            "checkerboard",
            "Checkerboard",
            ">",
            "what the weights of a transposed convolution make of a constant: largest difference "
            "between the phases of the stride / mean, weighted by energy; none where it stays even",
            find_checkerboard,
            _format_share,
            lambda share: None if share is None or math.isnan(share) else share,
        ),
    )
}


def choose_columns(text: str | None, default: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a text names: "all", "a,b", or "+a,+b" behind the default ones.

    >>> choose_columns("+kernel,strides", ("layer", "params"))
    ('layer', 'params', 'kernel', 'strides')
    >>> choose_columns("layer,kernel", ("layer", "params"))
    ('layer', 'kernel')
    """
    if text is None:
        return tuple(default)
    words = [word.strip() for word in text.replace("-", "_").lower().split(",")]
    added = any(word.startswith("+") for word in words)
    names = [word.removeprefix("+").strip() for word in words]
    if names == ["all"]:
        return tuple(COLUMNS)
    for name in names:
        if name not in COLUMNS:
            if name == "all":
                raise ArgumentError("`columns` must name columns, or be all alone. Received: all.")
            remedy = spelling_remedy(name, COLUMNS)
            raise ArgumentError(
                f"`columns` must name columns, or be all. Received: {name!r}. {remedy}"
            )
    return tuple(dict.fromkeys([*(default if added else ()), *names]))
