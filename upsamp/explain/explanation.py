"""An explanation as data: the stages from the input to the output, and one cell as its sum."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.memory import format_shape
from upsamp.errors import ArgumentError, ShapeError

# Values of a result that are explained at most: a person looks at them, and matrices of weights
# have the input's rows for each of the result's.
MAX_VALUES = 2**16


class Stage(NamedTuple):
    """An array on the way from the input to the output.

    values: (H, W), (H, W, C), or numbers in a row. note: what was done to get it.
    """

    name: str
    values: Array
    note: str


Place: TypeAlias = tuple[int, ...]


class Term(NamedTuple):
    """An input `value` times its weight.

    place: the row, column and channel of the input; None for the bias, whose value is 1.
    """

    value: float
    weight: float
    product: float
    place: Place | None


class View(NamedTuple):
    """A way to come to a cell.

    columns: what is beside each term that is no bias, by its heading: a place, or a number.
    """

    title: str
    columns: Mapping[str, Sequence[Any]]


class Cell(NamedTuple):
    """One value of the output, its first channel, as a sum of products; and ways to come to it."""

    row: int
    column: int
    terms: tuple[Term, ...]
    sum: float
    views: tuple[View, ...]


class Explanation(NamedTuple):
    """What a command does to an input.

    kernel: (rows, columns), or (rows, columns, filters / groups, C) where there are several.
    formula: how the output's size or positions follow.
    """

    command: str
    given: Array
    kernel: Array | None
    stages: tuple[Stage, ...]
    cell: Cell
    formula: str
    output: Array

    def to_dict(self, spell: Callable[[Array], Any] = np.ndarray.tolist) -> dict[str, Any]:
        """Return the explanation as dictionaries, lists and numbers; spell: what arrays become."""
        return {
            "command": self.command,
            "input": spell(self.given),
            "kernel": None if self.kernel is None else spell(self.kernel),
            "stages": [
                {
                    "name": stage.name,
                    "shape": list(stage.values.shape),
                    "values": spell(stage.values),
                    "note": stage.note,
                }
                for stage in self.stages
            ],
            "cell": {
                "row": self.cell.row,
                "column": self.cell.column,
                "terms": [
                    {"input": term.value, "weight": term.weight, "product": term.product}
                    for term in self.cell.terms
                ],
                "sum": self.cell.sum,
            },
            "formula": self.formula,
            "output": spell(self.output),
        }


def make_cell(
    place: Pair,
    read: Sequence[tuple[Any, Any, Place | None]],
    views: Sequence[View],
) -> Cell:
    """Return a cell as the sum of inputs times weights, each with the place of the input."""
    terms = tuple(
        Term(float(value), float(weight), float(value) * float(weight), origin)
        for value, weight, origin in read
    )
    return Cell(*place, terms, sum(term.product for term in terms), tuple(views))


def choose_cell(cell: Pair | None, reads: tuple[Sequence[int], Sequence[int]], what: str) -> Pair:
    """Return the cell that is explained: by default the first that reads the most inputs.

    reads: how many inputs each row, and each column, of the output reads. Raises `ArgumentError`
    for one that the output does not have.

    >>> choose_cell(None, ([1, 1, 2, 1], [1, 1, 1]), "--cell")
    (2, 0)
    """
    rows, columns = reads
    if cell is None:
        return int(np.argmax(rows)), int(np.argmax(columns))
    if cell[0] >= len(rows) or cell[1] >= len(columns):
        raise ArgumentError(
            f"{what} must be a row below {len(rows)} and a column below {len(columns)}, counted "
            f"from 0. Received: {cell[0]} {cell[1]}."
        )
    return cell


def check_values(shape: tuple[int, ...]) -> None:
    """Raise `ShapeError` where a result of this shape is too large to be explained."""
    if np.prod(shape, dtype=object) > MAX_VALUES:
        raise ShapeError(
            f"What is explained must have at most {MAX_VALUES:,} values. Received: a result of "
            f"{format_shape(shape)}. Explain a small part, such as '1 2; 3 4'."
        )


def flat(image: Array) -> Array:
    """Return (H, W, C) as (H, W), where it has one channel."""
    return image[:, :, 0] if image.shape[2] == 1 else image
