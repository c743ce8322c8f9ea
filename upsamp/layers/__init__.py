"""Keras' layers, by Keras' names: state and contract; the mathematics is in `upsamp.core`.

Each is loaded when it is first asked for, as most commands need few of them.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from upsamp.layers.layer import Layer

if TYPE_CHECKING:
    from upsamp.layers.activation import Activation
    from upsamp.layers.activity_regularization import ActivityRegularization
    from upsamp.layers.alpha_dropout import AlphaDropout
    from upsamp.layers.average_pooling2d import AveragePooling2D
    from upsamp.layers.batch_normalization import BatchNormalization
    from upsamp.layers.center_crop import CenterCrop
    from upsamp.layers.concatenation import Concatenate, concatenate
    from upsamp.layers.conv2d import Conv2D
    from upsamp.layers.conv2d_transpose import Conv2DTranspose
    from upsamp.layers.cropping2d import Cropping2D
    from upsamp.layers.dense import Dense
    from upsamp.layers.depthwise_conv2d import DepthwiseConv2D
    from upsamp.layers.dropout import Dropout
    from upsamp.layers.elementwise_merge import (
        Add,
        Average,
        Maximum,
        Minimum,
        Multiply,
        Subtract,
        add,
        average,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from upsamp.layers.elu import ELU
    from upsamp.layers.embedding import Embedding
    from upsamp.layers.flatten import Flatten
    from upsamp.layers.gaussian_dropout import GaussianDropout
    from upsamp.layers.gaussian_noise import GaussianNoise
    from upsamp.layers.get_item import GetItem as GetItem
    from upsamp.layers.global_average_pooling2d import GlobalAveragePooling2D
    from upsamp.layers.global_max_pooling2d import GlobalMaxPooling2D
    from upsamp.layers.group_normalization import GroupNormalization
    from upsamp.layers.identity import Identity
    from upsamp.layers.input_layer import Input, InputLayer
    from upsamp.layers.instance_normalization import InstanceNormalization
    from upsamp.layers.layer_normalization import LayerNormalization
    from upsamp.layers.leaky_relu import LeakyReLU
    from upsamp.layers.max_pooling2d import MaxPooling2D
    from upsamp.layers.normalization import Normalization
    from upsamp.layers.operation import Operation as Operation
    from upsamp.layers.permute import Permute
    from upsamp.layers.pixel_shuffle import PixelShuffle
    from upsamp.layers.pixel_unshuffle import PixelUnshuffle
    from upsamp.layers.prelu import PReLU
    from upsamp.layers.relu import ReLU
    from upsamp.layers.repeat_vector import RepeatVector
    from upsamp.layers.rescaling import Rescaling
    from upsamp.layers.reshape import Reshape
    from upsamp.layers.resizing import Resizing
    from upsamp.layers.separable_conv2d import SeparableConv2D
    from upsamp.layers.softmax import Softmax
    from upsamp.layers.spatial_dropout2d import SpatialDropout2D
    from upsamp.layers.spectral_normalization import SpectralNormalization
    from upsamp.layers.thresholded_relu import ThresholdedReLU
    from upsamp.layers.time_distributed import TimeDistributed
    from upsamp.layers.unit_normalization import UnitNormalization
    from upsamp.layers.unknown_layer import UnknownLayer
    from upsamp.layers.up_sampling2d import UpSampling2D
    from upsamp.layers.zero_padding2d import ZeroPadding2D

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "CenterCrop",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InstanceNormalization",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout2D",
    "SpectralNormalization",
    "Subtract",
    "ThresholdedReLU",
    "TimeDistributed",
    "UnitNormalization",
    "UnknownLayer",
    "UpSampling2D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

# The layers that Keras has, each with the module that it is in.
_MODULES: Mapping[str, str] = {
    "InputLayer": "input_layer",
    "Dense": "dense",
    "Reshape": "reshape",
    "Flatten": "flatten",
    "UpSampling2D": "up_sampling2d",
    "Conv2D": "conv2d",
    "Conv2DTranspose": "conv2d_transpose",
    "DepthwiseConv2D": "depthwise_conv2d",
    "SeparableConv2D": "separable_conv2d",
    "BatchNormalization": "batch_normalization",
    "LayerNormalization": "layer_normalization",
    "GroupNormalization": "group_normalization",
    "InstanceNormalization": "instance_normalization",
    "UnitNormalization": "unit_normalization",
    "SpectralNormalization": "spectral_normalization",
    "Normalization": "normalization",
    "TimeDistributed": "time_distributed",
    "LeakyReLU": "leaky_relu",
    "ReLU": "relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "ThresholdedReLU": "thresholded_relu",
    "Softmax": "softmax",
    "Activation": "activation",
    "Embedding": "embedding",
    "Add": "elementwise_merge",
    "Subtract": "elementwise_merge",
    "Multiply": "elementwise_merge",
    "Average": "elementwise_merge",
    "Maximum": "elementwise_merge",
    "Minimum": "elementwise_merge",
    "Concatenate": "concatenation",
    "MaxPooling2D": "max_pooling2d",
    "AveragePooling2D": "average_pooling2d",
    "GlobalAveragePooling2D": "global_average_pooling2d",
    "GlobalMaxPooling2D": "global_max_pooling2d",
    "Dropout": "dropout",
    "SpatialDropout2D": "spatial_dropout2d",
    "GaussianDropout": "gaussian_dropout",
    "GaussianNoise": "gaussian_noise",
    "AlphaDropout": "alpha_dropout",
    "ActivityRegularization": "activity_regularization",
    "Identity": "identity",
    "Rescaling": "rescaling",
    "Permute": "permute",
    "RepeatVector": "repeat_vector",
    "Cropping2D": "cropping2d",
    "CenterCrop": "center_crop",
    "PixelShuffle": "pixel_shuffle",
    "PixelUnshuffle": "pixel_unshuffle",
    "Resizing": "resizing",
    "ZeroPadding2D": "zero_padding2d",
}
_OTHERS: Mapping[str, str] = {
    "Input": "input_layer",
    "GetItem": "get_item",
    "Operation": "operation",
    "UnknownLayer": "unknown_layer",
    "concatenate": "concatenation",
    **dict.fromkeys(
        ("add", "average", "maximum", "minimum", "multiply", "subtract"), "elementwise_merge"
    ),
}


def __getattr__(name: str) -> Any:
    """Load a layer when it is first asked for."""
    module = _MODULES.get(name) or _OTHERS.get(name)
    if module is not None:
        return getattr(import_module(f"upsamp.layers.{module}"), name)
    raise AttributeError(f"module 'upsamp.layers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


class _Layers(Mapping[str, type[Layer]]):
    """The classes of layers by Keras' names."""

    def __getitem__(self, name: str) -> type[Layer]:
        if name not in _MODULES:
            raise KeyError(name)
        layer: type[Layer] = __getattr__(name)
        return layer

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)

    def __contains__(self, name: object) -> bool:
        return name in _MODULES


LAYERS: Mapping[str, type[Layer]] = _Layers()
