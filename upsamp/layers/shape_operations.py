"""Operations of Keras that make arrays of other shapes: what they compute, and those shapes.

A shape rule takes the shapes of the inputs, the batch included, and the options. It returns the
shape of the output, or a list of the shapes of several. The batch stays first, and is not mixed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, normalize_choice, normalize_count
from upsamp.core.axes import MAX_AXES, axes_within, normalize_axes, normalize_axis
from upsamp.core.geometry.reach import Reach, same_positions, whole_reach
from upsamp.core.values import as_integer, as_list, normalize_flag, normalize_number, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.shapes import Shape

Axes: TypeAlias = int | Sequence[int] | None
Pairs: TypeAlias = int | Sequence[Sequence[int]]
Check: TypeAlias = Callable[[Any, str], Any]

PAD_MODES = ("constant", "reflect", "symmetric")


class ShapeOperation(NamedTuple):
    """One operation.

    compute: the arrays and options to the result, or to a list of them. shape: the rule. options:
    a check of each option, which returns it in its normal form. moved: of what has the values of
    the input at other positions, those along one axis of images (N, H, W, C), -1 for a new value.
    several: whether it is called with one list of arrays.
    """

    compute: Callable[..., Any]
    shape: Callable[..., Any]
    options: Mapping[str, Check]
    moved: Callable[..., Array] | None = None
    several: bool = False


# --- checks of options


def _axes(value: Any, name: str) -> Axes:
    return None if value is None else normalize_axes(value, name)


def _number_or_none(value: Any, name: str) -> float | None:
    return None if value is None else normalize_number(value, name)


def _mode(value: Any, name: str) -> str:
    return normalize_choice(value, name, PAD_MODES)


def _pairs(value: Any, name: str) -> Pairs:
    """Return how much each side of each axis gets, or one number for all of them."""
    whole = as_integer(value)
    if whole is not None:
        return normalize_count(whole, name, minimum=0)
    pairs = [as_list(pair, most=2) for pair in as_list(value, most=MAX_AXES) or []]
    if not pairs or not all(pair is not None and len(pair) == 2 for pair in pairs):
        raise ArgumentError(
            f"`{name}` must be two numbers for each axis. Received: {name}={spelled(value)}."
        )
    return [[normalize_count(side, name, minimum=0) for side in pair or []] for pair in pairs]


def _counts(value: Any, name: str) -> int | list[int]:
    """Return a number, or a list of them."""
    several = as_list(value, most=MAX_AXES)
    if several is None:
        return normalize_count(value, name)
    return [normalize_count(one, name) for one in several]


def _places(value: Any, name: str) -> int | list[int]:
    """Return a number of parts, or where each part but the first begins."""
    several = as_list(value, most=MAX_PARTS)
    if several is None:
        return normalize_count(value, name)
    return [normalize_count(one, name, minimum=0) for one in several]


def _none(value: Any, name: str) -> None:
    if value is not None:
        raise ArgumentError(f"`{name}` must be None. Received: {name}={spelled(value)}.")


def _count_or_none(value: Any, name: str) -> int | None:
    return None if value is None else normalize_count(value, name)


# Of what an array is split into: more would be no model.
MAX_PARTS = 10_000


# --- rules


def _within(axes: Axes, rank: int) -> tuple[int, ...]:
    """Return axes counted from the start; raise where the batch is one of them."""
    found = tuple(range(rank)) if axes is None else axes_within(axes, rank)
    if 0 in found:
        raise ShapeError(
            "must leave the batch, axis 0, as it is. Received: "
            f"axis={axes if axes is None or isinstance(axes, int) else list(axes)}."
        )
    return found


def _reduced(shape: Shape, axis: Axes = None, keepdims: bool = False, **_: Any) -> Shape:
    along = _within(axis, len(shape))
    kept = [1 if place in along else length for place, length in enumerate(shape)]
    return tuple(kept if keepdims else (one for i, one in enumerate(kept) if i not in along))


def _padded(shape: Shape, pad_width: Pairs, mode: str = "constant", **_: Any) -> Shape:
    pairs = [[pad_width] * 2] * len(shape) if isinstance(pad_width, int) else pad_width
    if len(pairs) != len(shape) or any(pairs[0]):
        raise ShapeError(
            "must have a `pad_width` for each axis, and leave the batch as it is. "
            f"Received: pad_width={spelled(pad_width)} for shape {shape}."
        )
    if mode != "constant":
        room = 1 if mode == "reflect" else 0
        short = [length for length, pair in zip(shape, pairs, strict=True)
                 if length is not None and max(pair) > length - room]  # fmt: skip
        if short:
            raise ShapeError(
                f"must be at least as long as what is padded by mode={mode!r}. "
                f"Received: pad_width={spelled(pad_width)} for shape {shape}."
            )
    return tuple(
        None if length is None else length + sum(pair)
        for length, pair in zip(shape, pairs, strict=True)
    )


def _squeezed(shape: Shape, axis: Axes = None) -> Shape:
    ones = tuple(place for place, length in enumerate(shape) if place and length == 1)
    along = ones if axis is None else _within(axis, len(shape))
    if any(shape[place] not in (1, None) for place in along):
        raise ShapeError(f"must have axes of length 1. Received: shape {shape} for axis={axis}.")
    return tuple(length for place, length in enumerate(shape) if place not in along)


def _expanded(shape: Shape, axis: Axes = -1) -> Shape:
    several = 1 if isinstance(axis, int) or axis is None else len(axis)
    along = _within(axis, len(shape) + several)
    if len(along) < several:
        raise ShapeError(f"must have each axis once. Received: axis={axis}.")
    rest = iter(shape)
    return tuple(1 if place in along else next(rest) for place in range(len(shape) + several))


def _tiled(shape: Shape, repeats: int | Sequence[int]) -> Shape:
    counts = _repeats(repeats, len(shape))
    return tuple(
        None if length is None else length * count
        for length, count in zip(shape, counts, strict=True)
    )


def _repeats(repeats: int | Sequence[int], rank: int) -> list[int]:
    """Return how often each axis is repeated; raise where the batch is."""
    several = [repeats] if isinstance(repeats, int) else list(repeats)
    counts = [1] * (rank - len(several)) + several
    if len(counts) > rank or counts[0] != 1:
        raise ShapeError(
            "must leave the batch, axis 0, as it is, and the rank. "
            f"Received: repeats={spelled(repeats)}."
        )
    return counts


def _repeated(shape: Shape, repeats: int, axis: int) -> Shape:
    (along,) = _within(axis, len(shape))
    length = shape[along]
    return (*shape[:along], None if length is None else length * repeats, *shape[along + 1 :])


def _stacked(*shapes: Shape, axis: int = 0) -> Shape:
    (along,) = _within(axis, len(shapes[0]) + 1)
    first = list(shapes[0])
    for shape in shapes[1:]:
        if len(shape) != len(first) or any(
            None not in pair and pair[0] != pair[1] for pair in zip(first, shape, strict=True)
        ):
            raise ShapeError(f"must have inputs of one shape. Received: {list(shapes)}.")
        first = [one if other is None else other for one, other in zip(first, shape, strict=True)]
    return (*first[:along], len(shapes), *first[along:])


def _unstacked(shape: Shape, num: int | None = None, axis: int = 0) -> list[Shape]:
    (along,) = _within(axis, len(shape))
    count = shape[along] if num is None else num
    if count is None or count > MAX_PARTS or shape[along] not in (None, count):
        raise ShapeError(
            f"must know how many parts there are, at most {MAX_PARTS:,}. "
            f"Received: shape {shape} for axis={axis}, num={num}."
        )
    return [(*shape[:along], *shape[along + 1 :])] * count


def _split(shape: Shape, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Shape]:
    (along,) = _within(axis, len(shape))
    lengths = _part_lengths(shape, shape[along], indices_or_sections)
    return [(*shape[:along], length, *shape[along + 1 :]) for length in lengths]


def _part_lengths(
    shape: Shape, length: int | None, parts: int | Sequence[int]
) -> Sequence[int | None]:
    """Return the lengths of the parts of an axis."""
    if isinstance(parts, int):
        if parts > MAX_PARTS or (length is not None and length % parts):
            raise ShapeError(
                f"must be split into equal parts, at most {MAX_PARTS:,}. "
                f"Received: {parts} parts of shape {shape}."
            )
        return [None if length is None else length // parts] * parts
    inner = [0, *parts]
    if any(one >= other for one, other in pairwise(inner)) or (
        length is not None and length <= inner[-1]
    ):
        raise ShapeError(
            f"must be split at places within the axis, ascending. Received: {spelled(parts)} for "
            f"shape {shape}."
        )
    last = None if length is None else length - inner[-1]
    return [*(other - one for one, other in pairwise(inner)), last]


def _multiplied(one: Shape, other: Shape) -> Shape:
    """Return the shape of a product of matrices, those of the last two axes."""
    if min(len(one), len(other)) < 2:
        raise ShapeError(f"must have inputs of matrices. Received: shapes {one} and {other}.")
    *stack, rows, inner = one
    *others, outer, columns = other
    short = [1] * (len(stack) - len(others)), [1] * (len(others) - len(stack))
    pairs = [*zip([*short[1], *stack], [*short[0], *others], strict=True)]
    fits = None in (inner, outer) or inner == outer
    if not fits or any(None not in pair and 1 not in pair and pair[0] != pair[1] for pair in pairs):
        raise ShapeError(f"must have inputs that multiply. Received: shapes {one} and {other}.")
    if len(other) == 2 and outer is None:
        raise ShapeError(f"must leave the batch, axis 0, as it is. Received: shape {other}.")
    joined = [b if a in (1, None) else a for a, b in pairs]
    return (*joined, rows, columns)


def _same(shape: Shape, axis: Axes) -> Shape:
    _within(axis, len(shape))
    return shape


# --- results


def _reduce(function: Callable[..., Array], x: Array, axis: Axes, keepdims: bool = False) -> Array:
    """Return sums and the like, summed in float64."""
    along = _within(axis, x.ndim)
    result: Array = function(x, axis=along, keepdims=keepdims, dtype=np.float64)
    return result.astype(x.dtype)


def _extreme(
    function: Callable[..., Array], x: Array, axis: Axes, keepdims: bool = False, **_: None
) -> Array:
    result: Array = function(x, axis=_within(axis, x.ndim), keepdims=keepdims)
    return result


def _pad(
    x: Array, pad_width: Pairs, mode: str = "constant", constant_values: float | None = None
) -> Array:
    if mode != "constant":
        return np.pad(x, pad_width, mode=mode)  # type: ignore[call-overload,no-any-return]
    return np.pad(x, pad_width, constant_values=constant_values or 0)


def _unstack(x: Array, axis: int, **_: int | None) -> list[Array]:
    return list(np.moveaxis(x, axis, 0))


def _split_up(x: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    return np.split(x, indices_or_sections, axis)


# --- where values are moved to


def _padded_places(
    places: Array, along: int, pad_width: Pairs, mode: str = "constant", **_: Any
) -> Array:
    return _pad(places, pad_width if isinstance(pad_width, int) else [pad_width[along]], mode, -1)


def _tiled_places(places: Array, along: int, repeats: int | Sequence[int]) -> Array:
    return np.tile(places, _repeats(repeats, 4)[along])


def _repeated_places(places: Array, along: int, repeats: int, axis: int) -> Array:
    return np.repeat(places, repeats) if along in _within(axis, 4) else places


def _turned_places(places: Array, along: int, axis: Axes) -> Array:
    return places[::-1] if along in _within(axis, 4) else places


REDUCTION: Mapping[str, Check] = {"axis": _axes, "keepdims": normalize_flag}
EXTREME: Mapping[str, Check] = {**REDUCTION, "initial": _none}
PADDING: Mapping[str, Check] = {
    "pad_width": _pairs,
    "mode": _mode,
    "constant_values": _number_or_none,
}
SHAPE_OPERATIONS: Mapping[str, ShapeOperation] = {
    "Matmul": ShapeOperation(np.matmul, _multiplied, {}),
    "Mean": ShapeOperation(partial(_reduce, np.mean), _reduced, REDUCTION),
    "Sum": ShapeOperation(partial(_reduce, np.sum), _reduced, REDUCTION),
    "Var": ShapeOperation(partial(_reduce, np.var), _reduced, REDUCTION),
    "Std": ShapeOperation(partial(_reduce, np.std), _reduced, REDUCTION),
    "Max": ShapeOperation(partial(_extreme, np.max), _reduced, EXTREME),
    "Amax": ShapeOperation(partial(_extreme, np.max), _reduced, REDUCTION),
    "Min": ShapeOperation(partial(_extreme, np.min), _reduced, EXTREME),
    "Amin": ShapeOperation(partial(_extreme, np.min), _reduced, REDUCTION),
    "Pad": ShapeOperation(_pad, _padded, PADDING, _padded_places),
    "Squeeze": ShapeOperation(
        lambda x, axis=None: x.reshape(_squeezed(x.shape, axis)), _squeezed, {"axis": _axes}
    ),
    "ExpandDims": ShapeOperation(np.expand_dims, _expanded, {"axis": normalize_axes}),
    "Tile": ShapeOperation(
        lambda x, repeats: np.tile(x, _repeats(repeats, x.ndim)),
        _tiled,
        {"repeats": _counts},
        _tiled_places,
    ),
    "Repeat": ShapeOperation(
        np.repeat,
        _repeated,
        {"repeats": normalize_count, "axis": normalize_axis},
        _repeated_places,
    ),
    "Flip": ShapeOperation(
        lambda x, axis: np.flip(x, _within(axis, x.ndim)),
        _same,
        {"axis": normalize_axes},
        _turned_places,
    ),
    "Stack": ShapeOperation(
        lambda *arrays, axis: np.stack(arrays, axis),
        _stacked,
        {"axis": normalize_axis},
        several=True,
    ),
    "Unstack": ShapeOperation(
        _unstack, _unstacked, {"num": _count_or_none, "axis": normalize_axis}
    ),
    "Split": ShapeOperation(
        _split_up, _split, {"indices_or_sections": _places, "axis": normalize_axis}
    ),
}


def shape_reach(
    operation: ShapeOperation, options: Mapping[str, Any], axis: int, length: int
) -> Reach | None:
    """Return the reach along the rows (0) or columns (1) of images (N, H, W, C).

    None: what comes out is no image of these axes.
    """
    if operation.moved is not None:
        line = operation.moved(np.arange(length), axis + 1, **options)
        return np.where(line < 0, length, line), line
    if operation.shape is _multiplied:
        return None
    shape: list[int | None] = [None] * 4
    shape[axis + 1] = length
    try:
        found = operation.shape(*[tuple(shape)] * (2 if operation.several else 1), **options)
    except ShapeError:  # of what the other axes decide
        return None
    several = isinstance(found, list)
    along = options.get("axis")
    if along is None or len(found[0] if several else found) != 4:
        return None
    if axis + 1 not in _within(along, 4):
        return same_positions(length)
    return None if several else whole_reach(length, 1)
