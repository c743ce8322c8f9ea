"""What layers do to an array, in a few kinds: drawings give each kind a colour."""

from collections.abc import Mapping

from upsamp.layers import (
    CenterCrop,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    Embedding,
    Flatten,
    InputLayer,
    Layer,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    RepeatVector,
    Reshape,
    Resizing,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.get_item import GetItem
from upsamp.layers.global_pooling_layer import GlobalPoolingLayer
from upsamp.layers.merge_layer import MergeLayer
from upsamp.layers.operation import Operation
from upsamp.layers.pooling_layer import PoolingLayer
from upsamp.layers.shape_operations import SHAPE_OPERATIONS
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.layers.window_layer import WindowLayer
from upsamp.models.nesting import is_model

# The kinds with what a reader is told of them.
KINDS: Mapping[str, str] = {
    "input": "input",
    "dense": "dense, embedding",
    "convolution": "convolution",
    "enlarging": "transposed convolution, upsampling",
    "pooling": "pooling",
    "pointwise": "activation, normalization",
    "merge": "merge",
    "reshaping": "other shape or place",
    "model": "nested model",
    "unknown": "not known to upsamp",
}
_CLASSES: Mapping[str, tuple[type[Layer], ...]] = {
    "input": (InputLayer,),
    "enlarging": (Conv2DTranspose, UpSampling2D, Resizing, PixelShuffle),
    "convolution": (WindowLayer,),
    "dense": (Dense, Embedding),
    "pooling": (PoolingLayer, GlobalPoolingLayer),
    "reshaping": (
        *(CenterCrop, Cropping2D, Flatten, GetItem, Permute, PixelUnshuffle, RepeatVector, Reshape),
        ZeroPadding2D,
    ),
}


def kind_of(layer: Layer, sources: int = 1) -> str:
    """Return what a layer does, called on the outputs of this many: one of `KINDS`.

    >>> kind_of(Conv2DTranspose(8, 3)), kind_of(UnknownLayer("Warp", None, {}, ""))
    ('enlarging', 'unknown')
    """
    if is_model(layer):
        return "model"
    if isinstance(layer, UnknownLayer) or layer.refusal:
        return "unknown"
    inner = getattr(layer, "layer", layer)  # what a wrapper is around
    for kind, classes in _CLASSES.items():
        if isinstance(inner, classes):
            return kind
    if isinstance(inner, MergeLayer) and sources > 1:
        return "merge"
    moves = isinstance(inner, Operation) and inner.function in SHAPE_OPERATIONS
    return "reshaping" if moves else "pointwise"
