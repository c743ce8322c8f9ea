"""Sub-pixel rearrangement: channels become rows and columns, and back; no value is changed."""

from typing import cast

from upsamp.core.arguments import (
    DATA_FORMATS,
    Array,
    DataFormat,
    normalize_array,
    normalize_choice,
    normalize_count,
)
from upsamp.core.layout import as_batch, own, with_new_image
from upsamp.core.memory import check_memory
from upsamp.errors import ShapeError

__all__ = ["SHUFFLE_ORDERS", "depth_to_space", "space_to_depth"]

SHUFFLE_ORDERS = ("dcr", "crd")


def depth_to_space(
    x: object, block_size: int = 2, order: str = "dcr", data_format: str = "channels_last"
) -> Array:
    """Lay out the channels of each pixel as a block of block_size x block_size pixels.

    x: (H, W, C) or (N, H, W, C), or with "channels_first" (C, H, W) or (N, C, H, W), where C is a
    multiple of the block. order: of what the channels number, "dcr" (the block's row and column
    before the new channel, as TensorFlow, and ONNX by default) or "crd" (the new channel first, as
    PyTorch's PixelShuffle).

    Returns a new array of the dtype of `x`: (..., H * b, W * b, C / b**2).

    Source: W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient
    Sub-Pixel Convolutional Neural Network" (arXiv 1609.05158).

    >>> depth_to_space([[[1, 2, 3, 4]]])[:, :, 0]
    array([[1, 2],
           [3, 4]])
    """
    array, layout, block = _normalize(x, block_size, data_format)
    batch = as_batch(array, layout)
    images, height, width, channels = batch.shape
    if channels % block**2:
        raise ShapeError(
            f"The channels must be a multiple of block_size squared, {block**2}. "
            f"Received: {channels} channels."
        )
    depth = channels // block**2
    if normalize_choice(order, "order", SHUFFLE_ORDERS) == "dcr":
        split = batch.reshape(images, height, width, block, block, depth)
    else:
        split = batch.reshape(images, height, width, depth, block, block).transpose(
            0, 1, 2, 4, 5, 3
        )
    image = split.transpose(0, 1, 3, 2, 4, 5).reshape(images, height * block, width * block, depth)
    return _in_layout(image, array, layout)


def space_to_depth(
    x: object, block_size: int = 2, order: str = "dcr", data_format: str = "channels_last"
) -> Array:
    """Undo `depth_to_space`: each block of pixels becomes the channels of one.

    >>> space_to_depth([[[1], [2]], [[3], [4]]])
    array([[[1, 2, 3, 4]]])
    """
    array, layout, block = _normalize(x, block_size, data_format)
    batch = as_batch(array, layout)
    images, height, width, channels = batch.shape
    if height % block or width % block:
        raise ShapeError(
            f"The rows and columns must be multiples of block_size, {block}. "
            f"Received: {height} x {width}."
        )
    split = batch.reshape(images, height // block, block, width // block, block, channels)
    if normalize_choice(order, "order", SHUFFLE_ORDERS) == "dcr":
        moved = split.transpose(0, 1, 3, 2, 4, 5)
    else:
        moved = split.transpose(0, 1, 3, 5, 2, 4)
    image = moved.reshape(images, height // block, width // block, channels * block**2)
    return _in_layout(image, array, layout)


def _normalize(x: object, block_size: object, data_format: object) -> tuple[Array, DataFormat, int]:
    layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    array, block = normalize_array(x, "x", (3, 4)), normalize_count(block_size, "block_size")
    check_memory(array.shape, array.dtype, "The output")
    return array, layout, block


def _in_layout(image: Array, array: Array, layout: DataFormat) -> Array:
    """Return (N, H, W, C) in the rank and data format of `array`."""
    moved = image if layout == "channels_last" else image.transpose(0, 3, 1, 2)
    shape = with_new_image(array.shape, layout, *image.shape[1:])
    return own(moved.reshape(shape), array)
