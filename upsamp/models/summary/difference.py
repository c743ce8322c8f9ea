"""The difference of two models: their layers side by side, and what changed in each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, TypeAlias

from upsamp.models.summary.layer_changes import Change, changes_of
from upsamp.models.summary.summary import Summary, SummaryRow

__all__ = ["Change", "Difference", "DifferenceRow", "compare"]

Mark: TypeAlias = Literal["=", "~", "-", "+"]
# What a row shows for both models without saying that it changed.
SHOWN_BESIDE = ("output shape", "params")
# With more pairs of layers alike, only those at the ends are aligned: all would take minutes.
MOST_PAIRS = 2**17


@dataclass(frozen=True)
class DifferenceRow:
    """A layer of the first model, of the second, or of both.

    mark: "=" where they are the same but for the name, "~" where something changed, "-" and "+" for
    a layer of the first or of the second alone.
    """

    mark: Mark
    before: SummaryRow | None
    after: SummaryRow | None
    changes: tuple[Change, ...] = ()

    @property
    def renamed(self) -> bool:
        """Whether the layer has another name in the second model."""
        return None not in (self.before, self.after) and _names(self)[0] != _names(self)[1]

    @property
    def label(self) -> str:
        """The layer, or both where it has another name or class in the second model."""
        labels = [row.label for row in (self.before, self.after) if row is not None]
        return " -> ".join(
            [labels[0], *(one.lstrip(" └") for one in labels[1:] if one != labels[0])]
        )

    def cells(self) -> list[str]:
        """Return the texts of the row: mark, layer, shape and parameters of both, what changed."""
        cells: list[str] = [self.mark, self.label]
        for row in (self.before, self.after):
            cells += ["", ""] if row is None else row.cells()[1:]
        told = [str(change) for change in self.changes if change.what not in SHOWN_BESIDE]
        return [*cells, "; ".join(told)]

    def to_dict(self) -> dict[str, Any]:
        """Return the row for JSON."""
        sides = {
            key: None
            if row is None
            else {
                "name": row.name,
                "type": row.type,
                "level": row.level,
                "output_shape": [None if one is None else list(one) for one in row.output_shapes],
                "params": row.params,
            }
            for key, row in (("before", self.before), ("after", self.after))
        }
        return {"mark": self.mark, **sides, "changes": [one._asdict() for one in self.changes]}


def _names(row: DifferenceRow) -> tuple[str | None, str | None]:
    before, after = row.before, row.after
    return (None if before is None else before.name, None if after is None else after.name)


@dataclass(frozen=True)
class Difference:
    """The rows of two models, in the order of both, and their summaries.

    weights: whether the values of weights were compared as well.
    """

    before: Summary
    after: Summary
    rows: tuple[DifferenceRow, ...]
    weights: bool = False

    @property
    def same(self) -> bool:
        """Whether nothing but names differs."""
        return all(row.mark == "=" for row in self.rows)

    @property
    def verdict(self) -> str:
        """Say in a line how much differs."""
        if self.same:
            renamed = sum(row.renamed for row in self.rows)
            but = f" but for the names of layers ({renamed})" if renamed else ""
            return f"The models are the same{but}."
        marks = [row.mark for row in self.rows]
        return (
            f"Layers that changed: {marks.count('~')}; in the first alone: {marks.count('-')}; "
            f"in the second alone: {marks.count('+')}."
        )

    def totals(self) -> list[tuple[str, str, str]]:
        """Return the totals: what is counted, in the first model, and in the second."""
        pairs = zip(self.before.totals(), self.after.totals(), strict=True)
        split = [(one.partition(": "), other.partition(": ")) for one, other in pairs]
        return [(one[0], one[2], other[2]) for one, other in split]

    def to_dict(self) -> dict[str, Any]:
        """Return the difference for JSON."""
        sides = {
            key: {
                "name": summary.name,
                "total_params": summary.total_params,
                "trainable_params": summary.trainable_params,
                "non_trainable_params": summary.non_trainable_params,
            }
            for key, summary in (("before", self.before), ("after", self.after))
        }
        rows = [row.to_dict() for row in self.rows]
        return {"same": self.same, "weights_compared": self.weights, **sides, "layers": rows}


def compare(before: Summary, after: Summary, *, weights: bool = False) -> Difference:
    """Compare two models by their summaries, with the layers of nested models expanded.

    Layers are aligned in their order: those of one class and name first, and then, between them,
    those of one class. weights: whether to compare the values of weights too.

    >>> from upsamp import make_generator
    >>> one, other = (make_generator("dcgan", channels=n).summarize() for n in (1, 3))
    >>> [str(change) for row in compare(one, other).rows for change in row.changes][0]
    'filters 1 -> 3'
    """
    pairs = list(_aligned(before.rows, after.rows))
    names = {
        (one.level, one.name): other.name
        for one, other in pairs
        if one is not None and other is not None
    }
    kept = {(level, names[level, name]) for level, name in names}
    rows = []
    for one, other in pairs:
        if one is None or other is None:
            rows.append(DifferenceRow("+" if one is None else "-", one, other))
            continue
        changes = tuple(changes_of(one, other, names, kept, weights=weights))
        rows.append(DifferenceRow("~" if changes else "=", one, other, changes))
    return Difference(before, after, tuple(rows), weights)


Pair: TypeAlias = tuple[SummaryRow | None, SummaryRow | None]


def _aligned(before: Sequence[SummaryRow], after: Sequence[SummaryRow]) -> Iterator[Pair]:
    """Yield the rows beside each other, by class and name, and by class where names differ."""
    for one, other in _blocks(before, after, named=True):
        if len(one) == len(other) and all(
            _key(a, named=True) == _key(b, named=True) for a, b in zip(one, other, strict=True)
        ):
            yield from zip(one, other, strict=True)
            continue
        for left, right in _blocks(one, other, named=False):
            paired = [_key(row, named=False) for row in left] == [
                _key(row, named=False) for row in right
            ]
            if paired:
                yield from zip(left, right, strict=True)
            else:
                yield from ((row, None) for row in left)
                yield from ((None, row) for row in right)


def _key(row: SummaryRow, *, named: bool) -> tuple[object, ...]:
    return (row.level, row.type, row.name) if named else (row.level, row.type)


def _blocks(
    before: Sequence[SummaryRow], after: Sequence[SummaryRow], *, named: bool
) -> Iterator[tuple[Sequence[SummaryRow], Sequence[SummaryRow]]]:
    """Yield runs of rows that are equal, and those between them."""
    first_keys, second_keys = ([_key(row, named=named) for row in rows] for rows in (before, after))
    counts = Counter(second_keys)
    if sum(counts[key] for key in first_keys) > MOST_PAIRS:
        yield from _blocks_at_ends(before, after, first_keys, second_keys)
        return
    matcher = SequenceMatcher(None, first_keys, second_keys, autojunk=False)
    for _, first, last, begin, end in matcher.get_opcodes():
        yield before[first:last], after[begin:end]


def _blocks_at_ends(
    before: Sequence[SummaryRow],
    after: Sequence[SummaryRow],
    first_keys: Sequence[object],
    second_keys: Sequence[object],
) -> Iterator[tuple[Sequence[SummaryRow], Sequence[SummaryRow]]]:
    """Yield the rows that are equal from the first on, those that are not, and the equal last."""
    least = min(len(before), len(after))
    pairs = enumerate(zip(first_keys, second_keys, strict=False))
    begin = next((number for number, (one, other) in pairs if one != other), least)
    pairs = enumerate(zip(reversed(first_keys), reversed(second_keys), strict=False))
    end = min(next((number for number, (a, b) in pairs if a != b), least), least - begin)
    yield before[:begin], after[:begin]
    yield before[begin : len(before) - end], after[begin : len(after) - end]
    yield before[len(before) - end :], after[len(after) - end :]
