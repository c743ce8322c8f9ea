"""Arguments in the many forms that users write them, normalised once.

Every function takes the argument's name, so that the error speaks the caller's language.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, SupportsIndex, TypeAlias, cast, get_args

import numpy as np

from upsamp.core.arrays import Array, check_dtype, plain_array
from upsamp.core.spelling import nearest_name
from upsamp.core.values import as_integer, as_list, spelled
from upsamp.errors import ArgumentError, ShapeError

__all__ = [
    "CONVENTIONS",
    "DATA_FORMATS",
    "KERNEL_LAYOUTS",
    "LARGEST",
    "PADDINGS",
    "Array",
    "Convention",
    "DataFormat",
    "Interpolation",
    "KernelLayout",
    "Margins",
    "Padding",
    "PaddingLike",
    "Pair",
    "PairLike",
    "Shape4",
    "check_array",
    "normalize_array",
    "normalize_choice",
    "normalize_count",
    "normalize_margins",
    "normalize_output",
    "normalize_output_padding",
    "normalize_padding",
    "normalize_pair",
    "normalize_shape4",
]

Pair: TypeAlias = tuple[int, int]
Shape4: TypeAlias = tuple[int, int, int, int]
PairLike: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
PaddingLike: TypeAlias = str | PairLike | Sequence[Sequence[SupportsIndex]]
Interpolation: TypeAlias = str  # the name of a method in `core.upsampling.methods`
Convention: TypeAlias = Literal["keras", "torch"]
Padding: TypeAlias = Literal["valid", "same"]
Margins: TypeAlias = tuple[Pair, Pair]
KernelLayout: TypeAlias = Literal["keras", "torch"]
DataFormat: TypeAlias = Literal["channels_last", "channels_first"]

CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
PADDINGS: tuple[Padding, ...] = get_args(Padding)
KERNEL_LAYOUTS: tuple[KernelLayout, ...] = get_args(KernelLayout)
DATA_FORMATS: tuple[DataFormat, ...] = get_args(DataFormat)

# No size comes near it; what it bounds can be multiplied, and still be written down.
LARGEST = 2**1000


def _check_bounds(integers: Iterable[int | None], name: str) -> None:
    """Raise for an integer that is too large to be multiplied and shown."""
    if any(integer is not None and abs(integer) >= LARGEST for integer in integers):
        raise ArgumentError(f"`{name}` must be below 2**1000. Received: a larger number.")


def normalize_count(value: object, name: str, minimum: int = 1) -> int:
    """Return one integer of at least `minimum`.

    >>> normalize_count(3, "filters")
    3
    """
    count = as_integer(value)
    _check_bounds((count,), name)
    if count is None or count < minimum:
        raise ArgumentError(
            f"`{name}` must be an integer of at least {minimum}. Received: {name}={spelled(value)}."
        )
    return count


def normalize_pair(value: object, name: str, minimum: int = 1) -> Pair:
    """Return (rows, columns), each at least `minimum`, from one integer for both or from two.

    >>> normalize_pair(2, "size"), normalize_pair([2, 3], "size")
    ((2, 2), (2, 3))
    """
    # What a call is nearly always given, at once.
    first: object
    second: object
    first, second = value if type(value) is tuple and len(value) == 2 else (value, value)
    if (
        type(first) is int
        and type(second) is int
        and minimum <= min(first, second)
        and max(first, second) < LARGEST
    ):
        return first, second
    single = as_integer(value)
    parts = as_list(value, most=2) or [] if single is None else [single, single]
    integers = [as_integer(part) for part in parts]
    _check_bounds(integers, name)
    if len(integers) == 2:
        rows, columns = integers
        if rows is not None and columns is not None and min(rows, columns) >= minimum:
            return rows, columns
    kind = "positive integer" if minimum == 1 else f"integer of at least {minimum}"
    raise ArgumentError(
        f"`{name}` must be one {kind}, or two as (rows, columns). "
        f"Received: {name}={spelled(value)}."
    )


def normalize_shape4(value: object, name: str) -> Shape4:
    """Return four positive integers.

    >>> normalize_shape4([1, 2, 2, 3], "input_shape")
    (1, 2, 2, 3)
    """
    lengths = as_list(value, most=4) or []
    if len(lengths) != 4:
        raise ShapeError(f"`{name}` must have four dimensions. Received: {name}={spelled(value)}.")
    first, second, third, fourth = (normalize_count(length, name) for length in lengths)
    return first, second, third, fourth


def normalize_choice(value: object, name: str, choices: tuple[str, ...]) -> str:
    """Return `value` in lower case, when it is one of `choices`.

    >>> normalize_choice("Same", "padding", PADDINGS)
    'same'
    """
    chosen = value.lower() if isinstance(value, str) else value
    if isinstance(chosen, str) and chosen in choices:
        return chosen
    known = ", ".join(repr(choice) for choice in choices)
    near = nearest_name(value, choices) if isinstance(value, str) else None
    remedy = f" Did you mean {near!r}?" if near else ""
    raise ArgumentError(
        f"`{name}` must be one of {known}. Received: {name}={spelled(value)}.{remedy}"
    )


def normalize_padding(value: object) -> Padding | Margins:
    """Return "valid", "same", or how much is padded or cropped on each side.

    >>> normalize_padding("SAME"), normalize_padding(1)
    ('same', ((1, 1), (1, 1)))
    """
    if isinstance(value, str):
        return cast("Padding", normalize_choice(value, "padding", PADDINGS))
    return normalize_margins(value, "padding", "'valid', 'same', ")


def normalize_margins(value: object, name: str, otherwise: str = "") -> Margins:
    """Return ((top, bottom), (left, right)), each at least 0.

    One integer is for all four sides, two are for (rows, columns). otherwise: what else the
    argument may be, for the error.

    >>> normalize_margins((0, 2), "cropping"), normalize_margins(((0, 1), (2, 3)), "cropping")
    (((0, 0), (2, 2)), ((0, 1), (2, 3)))
    """
    sides = as_list(value, most=2) or []
    try:
        if len(sides) == 2 and all(isinstance(part, Sequence) for part in sides):
            top, left = (normalize_pair(part, name, minimum=0) for part in sides)
            return top, left
        rows, columns = normalize_pair(sides or value, name, minimum=0)
    except ArgumentError:
        raise ArgumentError(
            f"`{name}` must be {otherwise}an integer of at least 0, (rows, columns), or "
            f"((top, bottom), (left, right)). Received: {name}={spelled(value)}."
        ) from None
    return (rows, rows), (columns, columns)


def normalize_output_padding(
    value: object, strides: Pair, dilation: Pair = (1, 1), *, explicit: bool = False
) -> Pair | None:
    """Return `output_padding` as (rows, columns), or None.

    Each must be below its stride, as Keras has it; where the padding is explicit, below its
    stride or its dilation, as PyTorch has it.

    >>> normalize_output_padding(1, (2, 2))
    (1, 1)
    """
    if value is None:
        return None
    pair = normalize_pair(value, "output_padding", minimum=0)
    limits = strides
    if explicit:
        limits = max(strides[0], dilation[0]), max(strides[1], dilation[1])
    if any(extra >= limit for extra, limit in zip(pair, limits, strict=True)):
        other = " or `dilation_rate`" if explicit else ""
        raise ArgumentError(
            f"`output_padding` must be smaller than `strides`{other} on each axis, as a larger "
            f"one adds rows of zeros alone. Received: output_padding={spelled(value)}, "
            f"strides={strides}{f', dilation_rate={dilation}' if explicit else ''}."
        )
    return pair


def normalize_array(value: object, name: str, ranks: tuple[int, ...]) -> Array:
    """Return an array of real numbers whose rank is one of `ranks`, as `plain_array` makes it.

    >>> normalize_array([[1, 2], [3, 4]], "x", (2, 3)).shape
    (2, 2)
    """
    array = plain_array(value, name)
    check_array(array, name, ranks)
    return array


def check_array(array: Any, name: str, ranks: tuple[int, ...]) -> None:
    """Raise where an array has no real numbers, another rank, or nothing in it.

    array: anything that has the shape and the dtype of one.
    """
    check_dtype(array.dtype, name)
    if array.ndim not in ranks:
        *others, last = ranks
        known = f"{', '.join(map(str, others))} or {last}" if others else f"{last}"
        raise ShapeError(f"`{name}` must have rank {known}. Received: shape {array.shape}.")
    if 0 in array.shape:
        raise ShapeError(f"`{name}` must not be empty. Received: shape {array.shape}.")


def normalize_output(out: object, shape: tuple[int, ...], x: Array) -> Array:
    """Return `out`, when it is an array that a result of `shape` can be written to.

    >>> normalize_output(np.zeros((2, 2)), (2, 2), np.ones((1, 1))).shape
    (2, 2)
    """
    if not isinstance(out, np.ndarray):
        raise ArgumentError(f"`out` must be an array. Received: out={spelled(out)}.")
    if out.shape != shape:
        raise ShapeError(f"`out` must have the shape {shape}. Received: shape {out.shape}.")
    if out.dtype != x.dtype:
        raise ArgumentError(
            f"`out` must have the dtype of `x`, {x.dtype}. Received: dtype {out.dtype}. "
            f"Use numpy.empty({shape}, '{x.dtype}')."
        )
    if not out.flags.writeable:
        raise ArgumentError("`out` must be writeable. Received: an array that is read-only.")
    if np.may_share_memory(out, x):
        raise ArgumentError(
            "`out` must share no memory with `x`, which is read while it is written. "
            "Received: an `out` that may overlap `x`."
        )
    return out
