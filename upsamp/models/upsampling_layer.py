"""The layer of Keras that enlarges as a call of ours does."""

from upsamp.core.arguments import DataFormat, Interpolation, Pair
from upsamp.layers import Layer, Resizing, UpSampling2D
from upsamp.layers.shapes import Shape
from upsamp.models.summary.summary_row import SummaryRow, layer_row


def upsampling_row(
    batch_shape: Shape,
    shape: Pair,
    size: Pair,
    interpolation: Interpolation,
    data_format: DataFormat,
) -> SummaryRow:
    """Return the row of the layer that makes images of `size` from those of `shape`.

    batch_shape: of the input, with None for the batch. shape, size: rows and columns; by whole
    factors it is UpSampling2D.

    >>> given = (None, 2, 2, 1), (2, 2)
    >>> upsampling_row(*given, (4, 4), "nearest", "channels_last").cells()
    ('up_sampling2d (UpSampling2D)', '(None, 4, 4, 1)', '0')
    >>> upsampling_row(*given, (3, 3), "nearest", "channels_last").cells()
    ('resizing (Resizing)', '(None, 3, 3, 1)', '0')
    """
    layer: Layer
    if size[0] % shape[0] or size[1] % shape[1]:
        layer = Resizing(*size, interpolation, data_format=data_format)
    else:
        factors = size[0] // shape[0], size[1] // shape[1]
        layer = UpSampling2D(factors, data_format, interpolation)
    return layer_row(layer, layer.compute_output_shape(batch_shape))
