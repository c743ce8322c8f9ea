"""Networks that enlarge pictures, whose weights are set and not trained; and tiles put together."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upsamp import Sequential
from upsamp.core.arguments import Pair
from upsamp.layers import Conv2D, Conv2DTranspose, InputLayer, Layer, PReLU
from upsamp.models.model import Model
from upsamp.models.sampling.image_layout import channels_first, takes_channels_first
from upsamp.models.superresolution.flat_graph import FlatGraph, flatten
from upsamp.models.superresolution.tiling import AxisTiling, Tile

Array = NDArray[Any]


def bilinear_network(factor: int, channels: int = 1, *, around: Any = ((), ())) -> Sequential:
    """Return a network whose transposed convolution is bilinear interpolation by an even factor.

    around: layers before and after it. Beyond the edges it reads zeros.
    """
    taps = 1 - np.abs(np.arange(2 * factor) - factor + 0.5) / factor
    kernel = np.zeros((2 * factor, 2 * factor, channels, channels))
    for channel in range(channels):
        kernel[:, :, channel, channel] = np.outer(taps, taps)
    layer = Conv2DTranspose(channels, 2 * factor, factor, padding="same", use_bias=False)
    model = Sequential([InputLayer((None, None, channels)), *around[0], layer, *around[1]])
    layer.set_weights([kernel])
    return model


def fsrcnn(
    size: tuple[int | None, int | None] = (None, None), *, wide: int = 8, narrow: int = 4
) -> Sequential:
    """Return an FSRCNN, with PReLU and a transposed convolution; of `size` pixels alone.

    Source: C. Dong et al., "Accelerating the Super-Resolution Convolutional Neural Network" (2016).
    """
    layers: list[Layer] = [InputLayer((*size, 1))]
    for filters, kernel in ((wide, 5), (narrow, 1), (narrow, 3), (narrow, 3), (wide, 1)):
        layers += [Conv2D(filters, kernel, padding="same"), PReLU(shared_axes=[1, 2])]
    return Sequential([*layers, Conv2DTranspose(1, 9, strides=2, padding="same")], name="fsrcnn")


def with_values(model: Model, seed: int = 0) -> Model:
    """Set weights that keep values near to 1, and variances positive."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        inputs = max(1, math.prod(weight.shape[:-1]))
        values = np.asarray(rng.standard_normal(weight.shape) / math.sqrt(inputs))
        weight.put(np.asarray(np.abs(values)) if "variance" in weight.name else values)
    return model


def graph_of(model: Model) -> FlatGraph:
    """Return the calls of a model of one input."""
    return flatten(model, 0, (takes_channels_first(model, 0), channels_first(model)))


def tiles_of(graph: FlatGraph, size: Pair, longest: int) -> list[list[Tile]]:
    """Return the tiles of both axes: empty where none of that length are exact."""
    return [AxisTiling(graph, size, axis).cut(longest) for axis in (0, 1)]


def put_together(graph: FlatGraph, image: Array, tiles: list[list[Tile]]) -> Array:
    """Compute each tile of an image by itself, and put the results together."""
    result: Array = np.full((*graph.size_of(image.shape[:2]), 0), np.nan)
    for row in tiles[0]:
        for column in tiles[1]:
            made = graph.run(image[row.start : row.stop, column.start : column.stop])
            if not result.size:
                result = np.full((*result.shape[:2], made.shape[2]), np.nan, made.dtype)
            result[row.kept, column.kept] = made[_own(row), _own(column)]
    return result


def _own(tile: Tile) -> slice:
    return slice(tile.first, tile.first + tile.kept.stop - tile.kept.start)
