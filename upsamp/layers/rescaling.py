"""Rescaling: a product and a sum."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.values import ask, check_size, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Layer, Shape

Numbers: TypeAlias = float | Sequence[float]


class Rescaling(Layer):
    """Compute x * scale + offset. Each is a number, or a list of one for each channel.

    >>> Rescaling(1 / 127.5, offset=-1)([[0, 255]])
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, scale: Numbers, offset: Numbers = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale = normalize_numbers(scale, "scale")
        self.offset = normalize_numbers(offset, "offset")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape, whose last axes must be those of the lists."""
        for numbers in (self.scale, self.offset):
            shape = np.shape(numbers)
            last = input_shape[len(input_shape) - len(shape) :]
            if len(shape) > len(input_shape) or any(
                own not in (1, length) and length is not None
                for own, length in zip(shape, last, strict=True)
            ):
                raise ShapeError(
                    f"must have an input that {shape} numbers fit. Received: shape {input_shape}."
                )
        return input_shape

    def call(self, x: Array) -> Array:
        """Scale and shift the values."""
        result: Array = x * np.asarray(self.scale, x.dtype)
        result += np.asarray(self.offset, x.dtype)
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def normalize_numbers(value: object, name: str) -> Any:
    """Return a number, or nested lists of numbers, as JSON has them."""
    check_size(value, name)
    numbers = ask(lambda: np.asarray(value, np.float64))
    if numbers is None or np.isnan(numbers).any():  # as which NumPy takes None
        raise ArgumentError(
            f"`{name}` must be a number or a list of numbers. Received: {name}={spelled(value)}."
        )
    return numbers.tolist()
