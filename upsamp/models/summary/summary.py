"""A model's summary as data: rows and totals, which others render."""

from dataclasses import dataclass
from typing import Any

from upsamp.core.memory import format_bytes
from upsamp.core.text import printable
from upsamp.models.summary.aligning import align_columns
from upsamp.models.summary.columns import COLUMNS, KERAS_COLUMNS, Column
from upsamp.models.summary.summary_row import Connection, Measure, SummaryRow, layer_row

__all__ = [
    "Connection",
    "Measure",
    "Summary",
    "SummaryRow",
    "layer_row",
]

# The bytes of a parameter where nothing else is said.
FLOAT32 = 4


@dataclass(frozen=True)
class Summary:
    """The rows of a model, and how many parameters it has; `str` gives them as plain text.

    trainable_bytes, non_trainable_bytes: in the types that the weights are kept in; None is
    float32. columns: the names of those that are shown. batch: how many samples the measures are
    for; None is one. optimizer: the number and the bytes of what Keras' optimizer keeps, which
    count among all where the model was compiled. digits: significant ones of the numbers in text
    that are no integers, None for a few.
    """

    name: str
    rows: tuple[SummaryRow, ...]
    trainable_params: int
    non_trainable_params: int
    trainable_bytes: int | None = None
    non_trainable_bytes: int | None = None
    columns: tuple[str, ...] = KERAS_COLUMNS
    batch: int | None = None
    optimizer: tuple[int, int] | None = None
    digits: int | None = None

    @property
    def total_params(self) -> int:
        """The number of all parameters; as in Keras, with those that an optimizer keeps."""
        kept = 0 if self.optimizer is None else self.optimizer[0]
        return self.trainable_params + self.non_trainable_params + kept

    @property
    def shown_columns(self) -> list[Column]:
        """The columns that are shown."""
        return [COLUMNS[name] for name in self.columns]

    @property
    def headings(self) -> list[str]:
        """What is above the columns."""
        return [column.heading for column in self.shown_columns]

    @property
    def alignment(self) -> str:
        """The side of each column: "<" (left), ">" (right) or "^" (middle)."""
        return "".join(column.side for column in self.shown_columns)

    def cells(self) -> list[list[str]]:
        """Return the text of every row under each heading."""
        return [
            [column.text(row, self.batch, self.digits) for column in self.shown_columns]
            for row in self.rows
        ]

    def uncounted(self) -> list[str]:
        """Name the layers whose weights are not counted."""
        return [row.name for row in self.rows if row.params is None]

    def totals(self) -> tuple[str, ...]:
        """Return the lines under the table, worded as Keras words them, and those of measures."""
        trainable, fixed = self._bytes()
        optimizer, kept = self.optimizer or (0, 0)
        counts = [
            ("Total params", self.total_params, trainable + fixed + kept),
            ("Trainable params", self.trainable_params, trainable),
            ("Non-trainable params", self.non_trainable_params, fixed),
        ]
        if self.optimizer is not None:
            counts.append(("Optimizer params", optimizer, kept))
        lines = [f"{label}: {count:,} ({format_bytes(size)})" for label, count, size in counts]
        return (*lines, *(self._measured(column) for column in self._summed_columns()))

    def _bytes(self) -> tuple[int, int]:
        sizes = (self.trainable_bytes, self.non_trainable_bytes)
        counts = (self.trainable_params, self.non_trainable_params)
        trainable, fixed = (
            count * FLOAT32 if size is None else size
            for size, count in zip(sizes, counts, strict=True)
        )
        return trainable, fixed

    def _summed_columns(self) -> list[Column]:
        return [column for column in self.shown_columns if column.summed]

    def _sum(self, column: Column) -> tuple[int, int]:
        """Return the sum of a column, and of how many layers it is not known."""
        values = [column.value(row, self.batch) for row in self.rows if not row.level]
        known = [value for value in values if isinstance(value, int)]
        return sum(known), len(values) - len(known)

    def _measured(self, column: Column) -> str:
        total, unknown = self._sum(column)
        per = "per sample" if self.batch is None else f"for a batch of {self.batch:,}"
        missing = ""
        if unknown:
            missing = f", and those of {unknown} layer{'s' * (unknown > 1)} that cannot be known"
        return f"{column.summed}: {column.show(total)} {per}{missing}"

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as nested lists and dictionaries, ready for JSON."""
        nested = any(row.level for row in self.rows)
        content: dict[str, Any] = {
            "name": self.name,
            "layers": [
                ({"level": row.level} if nested else {})
                | {
                    key: value
                    for column in self.shown_columns
                    for key, value in column.data(row, self.batch).items()
                }
                for row in self.rows
            ],
            "total_params": self.total_params,
            "trainable_params": self.trainable_params,
            "non_trainable_params": self.non_trainable_params,
        }
        if self.optimizer is not None:
            content["optimizer_params"] = self.optimizer[0]
        if self.uncounted():
            content["uncounted_layers"] = self.uncounted()
        if self._summed_columns():
            content["batch"] = self.batch
        for column in self._summed_columns():
            total, unknown = self._sum(column)
            content[f"total_{column.name}"] = None if unknown else total
        return content

    def __str__(self) -> str:
        """Return plain text in columns as wide as their content: no digit is ever cut."""
        lines = align_columns([self.headings, *self.cells()], self.alignment)
        rule = "-" * max(map(len, lines))
        # Two spaces at the end of a line are of no use.
        lines = [line.rstrip() for line in lines]
        title = f'Model: "{printable(self.name)}"'
        return "\n".join([title, "", lines[0], rule, *lines[1:], rule, *self.totals()])
