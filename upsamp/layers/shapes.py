"""The shapes of inputs and outputs, and the names that Keras derives from classes."""

import math
import re
from typing import TypeAlias

from upsamp.core.arguments import normalize_count
from upsamp.core.axes import MAX_AXES
from upsamp.core.values import as_list, spelled
from upsamp.errors import ArgumentError

Shape: TypeAlias = tuple[int | None, ...]
# None is the shape of what comes out of a layer that upsamp does not know.
MaybeShape: TypeAlias = Shape | None


def snake_case(class_name: str) -> str:
    """Return a class's name as Keras writes it for automatic names.

    >>> snake_case("Conv2DTranspose"), snake_case("LeakyReLU")
    ('conv2d_transpose', 'leaky_re_lu')
    """
    words = re.sub(r"(?<=.)(?=[A-Z][a-z])", "_", class_name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()


def normalize_shape(value: object, name: str) -> Shape:
    """Return a shape as a tuple of positive integers, with None for an axis of any length.

    >>> normalize_shape([None, 28, 28, 1], "batch_shape")
    (None, 28, 28, 1)
    """
    parts = as_list(value, most=MAX_AXES)
    if parts is None or len(parts) > MAX_AXES:
        raise ArgumentError(
            f"`{name}` must be a tuple of positive integers or None. "
            f"Received: {name}={spelled(value)}."
        )
    return tuple(None if part is None else normalize_count(part, name) for part in parts)


def product_of(lengths: Shape) -> int | None:
    """Return the product of lengths, or None where one is not known.

    >>> product_of((2, 3)), product_of((2, None))
    (6, None)
    """
    known = [length for length in lengths if length is not None]
    return math.prod(known) if len(known) == len(lengths) else None
