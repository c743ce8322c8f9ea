"""What a generator is given: points of its latent space, labels and images, batch by batch."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, normalize_count
from upsamp.core.latent import interpolate_points
from upsamp.errors import ArgumentError, ShapeError
from upsamp.models.model import Model
from upsamp.models.sampling.input_roles import InputRole
from upsamp.models.sampling.input_values import Column, Drawn, Given, Labels

LABELS_TOO = ", or labels by --label"
ALL_BY_NAME = "Give all inputs by their names, as in --latent-file inputs.npz"


class Interpolation(NamedTuple):
    """A way from one point to another: their numbers, how many points, and the path."""

    first: int
    last: int
    steps: int
    path: str = "spherical"


@dataclass(frozen=True)
class Feed:
    """The inputs of a model for `count` samples, in the order of its inputs; notes for the user."""

    columns: Sequence[Column]
    count: int
    notes: tuple[str, ...] = ()

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of all inputs, with the number of samples."""
        return [(self.count, *column.shape) for column in self.columns]

    def batches(self, size: int) -> Iterator[list[Array]]:
        """Yield the arrays of all inputs, `size` samples at a time."""
        parts = (column.batches(self.count, size) for column in self.columns)
        for batch in zip(*parts, strict=True):
            yield list(batch)


def plan_feed(
    roles: Sequence[InputRole],
    given: Mapping[str, Array],
    *,
    samples: int | None = None,
    default: int = 16,
    seed: int = 0,
    labels: Sequence[int] = (),
) -> Feed:
    """Decide what each input of a model is given.

    given: arrays by the names of inputs, one row for a sample. samples: how many samples; by
    default as many as rows are given, or `default`. Of the inputs that are not given, those of
    latent points are drawn from `seed`, and those of labels get `labels` in turn, by default all.

    >>> from upsamp.models.generator import make_generator
    >>> from upsamp.models.sampling.input_roles import input_roles
    >>> plan_feed(input_roles(make_generator("dcgan")), {}, samples=3).shapes
    [(3, 100)]
    """
    arrays = {one.name: _fit_rows(one, given[one.name]) for one in roles if one.name in given}
    open_roles = [one for one in roles if one.name not in given]
    _check_decided(open_roles, roles)
    if labels and not any(one.role in ("label", "one_hot") for one in open_roles):
        raise ArgumentError(
            "Labels must be for an input that takes some and is not given. "
            f"Received: the inputs {_listed(roles)}. Leave --label out."
        )
    count = _count(arrays, samples, default)
    notes: list[str] = []
    columns: list[Column] = []
    for one in roles:
        if one.name in arrays:
            columns.append(Given(arrays[one.name]))
        elif one.role == "latent":
            columns.append(Drawn(_lengths(one), seed))
        else:
            columns.append(_label_column(one, labels, notes))
    return Feed(columns, count, tuple(notes))


def interpolate_feed(
    feed: Feed, roles: Sequence[InputRole], way: Interpolation, labels: Sequence[int] = ()
) -> Feed:
    """Return the inputs on the way from one point of a feed to another.

    What is no latent point stays as it is of the first point; `labels` instead are given in turn.
    """
    latent = [one for one in roles if one.role == "latent"]
    if not latent:
        raise ArgumentError(
            "To interpolate, a model must have a latent vector among its inputs. "
            f"Received: {_listed(roles)}. Leave --interpolate out."
        )
    wrong = max(way.first, way.last)
    if wrong >= feed.count:
        raise ArgumentError(
            f"The points to interpolate must be among the {feed.count} samples, counted from 0. "
            f"Received: {wrong}. Use --samples {wrong + 1} or more, or other points."
        )
    columns: list[Column] = []
    for one, column in zip(roles, feed.columns, strict=True):
        if isinstance(column, Labels) and labels:
            columns.append(column)
            continue
        first = _row(column, way.first)
        if one is latent[0]:
            rows = interpolate_points(first, _row(column, way.last), way.steps, way.path)
        else:
            rows = np.broadcast_to(first, (way.steps, *first.shape))
        columns.append(Given(rows))
    return Feed(columns, way.steps, feed.notes)


def name_inputs(
    roles: Sequence[InputRole], arrays: Mapping[str, Array], source: str
) -> dict[str, Array]:
    """Return arrays by the names of inputs; one array of another name is that of the latent points.

    source: where they come from, for errors.
    """
    names = {one.name for one in roles}
    if len(arrays) == 1 and not names & set(arrays):
        latent = [one for one in roles if one.role == "latent"]
        target = latent if latent or len(roles) > 1 else roles
        if len(target) != 1:
            raise ArgumentError(
                f"{source} must say which input it is for, one of {_listed(roles)}. "
                f"Received: one array. {ALL_BY_NAME}."
            )
        return {target[0].name: next(iter(arrays.values()))}
    for name in arrays:
        if name not in names:
            raise ArgumentError(
                f"{source} must hold arrays by the names of inputs: {_listed(roles)}. "
                f"Received: '{name}'."
            )
    return dict(arrays)


def sample_latent(model: Model, count: int, seed: int = 0) -> Array:
    """Draw points for a model's one input from a standard normal distribution.

    Returns float32 of shape (count, ...) as the model's input, an unknown axis being 1. The first
    points do not depend on `count`.
    """
    normalize_count(count, "count")
    shape = tuple(1 if axis is None else axis for axis in model.input_shape[1:])
    return next(Drawn(shape, seed).batches(count, count))


def _check_decided(open_roles: Sequence[InputRole], roles: Sequence[InputRole]) -> None:
    """Raise where an input has no values and nothing tells what they could be."""
    images = [one for one in roles if one.role == "image"]
    for one in open_roles:
        if images == [one]:
            raise ArgumentError(
                f"The model must be given an image for its input {one}. Received: none. "
                f"Use --image FILE, or --latent-file with an array of rows ({_spelled(one)})."
            )
        if one.role in ("unknown", "image"):
            raise ArgumentError(
                "The inputs of a model must be one latent vector, labels and one image, or be "
                f"given. Received: {_listed(roles)}; nothing tells what '{one.name}' is to be. "
                f"{ALL_BY_NAME}{LABELS_TOO if len(one.shape) == 2 else ''}."
            )


def _fit_rows(one: InputRole, array: Array) -> Array:
    """Return an array in the shape of an input, where its rows hold as many numbers."""
    wanted = one.shape[1:]
    rows = array if array.ndim else array.reshape(1)
    if None not in wanted and rows.size == len(rows) * np.prod(_lengths(one), dtype=int):
        return rows.reshape(len(rows), *_lengths(one))
    fits = rows.ndim == len(one.shape) and all(
        axis in (None, length) for axis, length in zip(wanted, rows.shape[1:], strict=True)
    )
    if not fits:
        raise ShapeError(
            f"The values of input '{one.name}' must be rows of shape ({_spelled(one)}). "
            f"Received: an array of shape {array.shape}."
        )
    return rows


def _count(arrays: Mapping[str, Array], samples: int | None, default: int) -> int:
    """Return the number of samples."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeError(
            "All inputs that are given must have as many rows. Received: "
            f"{', '.join(f'{length} of {name!r}' for name, length in lengths.items())}."
        )
    rows = next(iter(lengths.values()), None)
    if rows is not None and samples is not None and samples > rows:
        raise ArgumentError(
            f"The samples must be at most the {rows} that are given. Received: {samples}. "
            f"Use --samples {rows}, or leave it out."
        )
    return samples or rows or default


def _label_column(one: InputRole, labels: Sequence[int], notes: list[str]) -> Labels:
    """Return the labels of an input, and tell the user which where none were asked for."""
    if not labels and one.classes is None:
        raise ArgumentError(
            f"The labels of input '{one.name}' must be given, as nothing in the model tells how "
            "many there are. Received: none. Use --label N."
        )
    highest = None if one.classes is None else one.classes - 1
    wrong = [label for label in labels if highest is not None and label > highest]
    if wrong:
        raise ArgumentError(
            f"The labels of input '{one.name}' must be from 0 to {highest}. Received: {wrong[0]}."
        )
    if not labels:
        notes.append(f"the labels run from 0 to {highest} and again; choose some by --label")
        labels = range(one.classes or 0)
    return Labels(labels, _lengths(one), one.classes if one.role == "one_hot" else None)


def _row(column: Column, number: int) -> Array:
    """Return one row; those before it are not kept."""
    [last] = deque(column.batches(number + 1, 1024), maxlen=1)
    row: Array = last[-1]
    return row


def _lengths(one: InputRole) -> tuple[int, ...]:
    return tuple(1 if axis is None else axis for axis in one.shape[1:])


def _spelled(one: InputRole) -> str:
    names = ("any" if axis is None else str(axis) for axis in one.shape[1:])
    return ", ".join(names)


def _listed(roles: Sequence[InputRole]) -> str:
    return ", ".join(map(str, roles))
