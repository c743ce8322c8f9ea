"""A model's summary as data: rows and totals, which others render."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from upsamp.core.memory import format_bytes
from upsamp.layers.layer import Layer, Shape

__all__ = ["Summary", "SummaryRow", "align_columns", "layer_row"]


@dataclass(frozen=True)
class SummaryRow:
    """One layer of a model. output_shape has None for the batch; remark is for a reader."""

    name: str
    type: str
    output_shape: Shape
    params: int
    remark: str = ""

    def cells(self) -> tuple[str, str, str]:
        """Give the row as Keras prints it: layer (type), output shape, parameters."""
        return f"{self.name} ({self.type})", str(self.output_shape), f"{self.params:,}"


@dataclass(frozen=True)
class Summary:
    """The rows of a model, and how many parameters it has; `str` gives them as plain text."""

    headings: ClassVar[tuple[str, str, str]] = ("Layer (type)", "Output Shape", "Param #")

    name: str
    rows: tuple[SummaryRow, ...]
    trainable_params: int
    non_trainable_params: int
    bytes_per_param: int = 4

    @property
    def total_params(self) -> int:
        """The number of all parameters."""
        return self.trainable_params + self.non_trainable_params

    def totals(self) -> tuple[str, str, str]:
        """Give the three lines under the table, worded as Keras words them."""
        counts = {
            "Total params": self.total_params,
            "Trainable params": self.trainable_params,
            "Non-trainable params": self.non_trainable_params,
        }
        total, trainable, fixed = (
            f"{label}: {count:,} ({format_bytes(count * self.bytes_per_param)})"
            for label, count in counts.items()
        )
        return total, trainable, fixed

    def to_dict(self) -> dict[str, Any]:
        """Give the summary as nested lists and dictionaries, ready for JSON."""
        return {
            "name": self.name,
            "layers": [
                {
                    "name": row.name,
                    "type": row.type,
                    "output_shape": list(row.output_shape),
                    "params": row.params,
                }
                for row in self.rows
            ],
            "total_params": self.total_params,
            "trainable_params": self.trainable_params,
            "non_trainable_params": self.non_trainable_params,
        }

    def __str__(self) -> str:
        """Give plain text in columns as wide as their content: no digit is ever cut."""
        table = [self.headings, *(row.cells() for row in self.rows)]
        lines = align_columns(table, "<<>")
        rule = "-" * len(lines[0])
        return "\n".join(
            [f'Model: "{self.name}"', "", lines[0], rule, *lines[1:], rule, *self.totals()]
        )


def align_columns(rows: Sequence[Sequence[str]], alignment: str) -> list[str]:
    """Give rows as lines of columns that are as wide as their content: nothing is ever cut.

    alignment: "<" (left) or ">" (right) for each column.

    >>> align_columns([("a", "1"), ("bc", "23")], "<>")
    ['a    1', 'bc  23']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:{side}{width}}"
            for cell, side, width in zip(row, alignment, widths, strict=True)
        )
        for row in rows
    ]


def layer_row(layer: Layer, output_shape: Shape) -> SummaryRow:
    """Give the row of one layer, whose output has this shape."""
    batch_free = (None, *output_shape[1:])
    return SummaryRow(layer.name, type(layer).__name__, batch_free, layer.count_params())
