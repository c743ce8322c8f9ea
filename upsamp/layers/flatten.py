"""Flatten: each sample as one row of values."""

import math
from typing import Any, cast

import numpy as np

from upsamp.core.arguments import DATA_FORMATS, Array, DataFormat, normalize_choice
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer, Shape


class Flatten(Layer):
    """Lay out the values of each sample in one axis, channels last.

    >>> Flatten().compute_output_shape((None, 5, 5, 128))
    (None, 3200)
    """

    nature = Nature.VIEW

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = cast(
            "DataFormat",
            normalize_choice(
                "channels_last" if data_format is None else data_format, "data_format", DATA_FORMATS
            ),
        )
        if self.data_format == "channels_first":
            self.nature = Nature.OTHER

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return (batch, product of the other axes)."""
        sizes = [axis for axis in input_shape[1:] if axis is not None]
        known = len(sizes) == len(input_shape) - 1
        return (input_shape[0], math.prod(sizes) if known else None)

    def call(self, x: Array) -> Array:
        """Return each sample as a row."""
        if self.data_format == "channels_first" and x.ndim > 2:
            x = np.moveaxis(x, 1, -1)
        return x.reshape(len(x), -1)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: the positions are laid out in one axis."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "data_format": self.data_format}
