"""Normalization: by means and variances of the data, which were found before."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.axes import axes_within, normalize_axes
from upsamp.core.dtypes import compute_dtype
from upsamp.core.values import normalize_flag, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Layer, Shape
from upsamp.layers.rescaling import Numbers, normalize_numbers

# Keras' own, below which no deviation falls.
EPSILON = 1e-7


class Normalization(Layer):
    """Compute (x - mean) / sqrt(variance); with `invert` the other way round.

    axis: those that have a mean of their own; None for one mean of all. mean, variance: numbers,
    or lists of them; without them they are weights, which `adapt` of Keras has found. Weights
    mean, variance and count, none of which is trained.

    >>> Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])([[3.0, 5.0]])
    array([[1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Numbers | None = None,
        variance: Numbers | None = None,
        invert: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        every = axis is None or (isinstance(axis, list | tuple) and not axis)
        self.axis = None if every else normalize_axes(axis)
        if (mean is None) != (variance is None):
            raise ArgumentError(
                "`mean` and `variance` must be given together. "
                f"Received: mean={spelled(mean)}, variance={spelled(variance)}."
            )
        self.mean = None if mean is None else normalize_numbers(mean, "mean")
        self.variance = None if variance is None else normalize_numbers(variance, "variance")
        self.invert = normalize_flag(invert, "invert")

    def create_weights(self, input_shape: Shape) -> None:
        """Size the weights by the axes."""
        if self.mean is None:
            shape = tuple(self.check_axis(input_shape, axis) for axis in self._kept(input_shape))
            self.add_weight("mean", shape, "zeros", trainable=False)
            self.add_weight("variance", shape, "ones", trainable=False)
            self.add_weight("count", (), "zeros", trainable=False)

    def _kept(self, input_shape: Shape) -> tuple[int, ...]:
        """Return the axes that have means of their own."""
        kept = () if self.axis is None else axes_within(self.axis, len(input_shape))
        if 0 in kept:
            raise ShapeError(
                f"must have means of axes after the batch. Received: axis={self.axis}."
            )
        return kept

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape, whose axes the means must fit."""
        lengths = [input_shape[axis] for axis in self._kept(input_shape)]
        shapes = {one.shape for one in self._weights[:2]} | {
            _shape(self.mean),
            _shape(self.variance),
        }
        for shape in shapes:
            last = lengths[len(lengths) - len(shape) :]
            if len(shape) > len(lengths) or any(
                one not in (1, length) and length is not None
                for one, length in zip(shape, last, strict=True)
            ):
                raise ShapeError(
                    f"must have an input that {shape} means fit. Received: shape {input_shape} "
                    f"for axis={self.axis}."
                )
        return input_shape

    def call(self, x: Array) -> Array:
        """Normalise."""
        mean, deviation = self.moments(x.shape)
        result: Array = mean + x * deviation if self.invert else (x - mean) / deviation
        return result

    def moments(self, shape: Sequence[int]) -> tuple[Array, Array]:
        """Return the means and the deviations, in shapes that broadcast to that of an input."""
        adapted = self.mean is None
        mean = self.weight("mean") if adapted else np.asarray(self.mean)
        variance = self.weight("variance") if adapted else np.asarray(self.variance)
        kept = self._kept(tuple(shape))
        along = [length if place in kept else 1 for place, length in enumerate(shape)]
        found = [
            np.broadcast_to(values.reshape(_shape(values)), [shape[axis] for axis in kept])
            .reshape(along)
            .astype(compute_dtype(self.dtype))
            for values in (mean, variance)
        ]
        return found[0], np.maximum(np.sqrt(found[1]), EPSILON)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "mean": self.mean,
            "variance": self.variance,
            "invert": self.invert,
        }


def _shape(numbers: Any) -> tuple[int, ...]:
    """Return the shape of an array, without the axes of length 1 that come first."""
    shape = list(np.shape(numbers) if numbers is not None else ())
    while shape and shape[0] == 1:
        del shape[0]
    return tuple(shape)
