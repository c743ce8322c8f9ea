"""Keras' layers, by Keras' names: state and contract; the mathematics is in `upsamp.core`."""

from collections.abc import Mapping
from types import MappingProxyType

from upsamp.layers.activation import Activation
from upsamp.layers.batch_normalization import BatchNormalization
from upsamp.layers.conv2d import Conv2D
from upsamp.layers.conv2d_transpose import Conv2DTranspose
from upsamp.layers.cropping2d import Cropping2D
from upsamp.layers.dense import Dense
from upsamp.layers.dropout import Dropout
from upsamp.layers.flatten import Flatten
from upsamp.layers.input_layer import Input, InputLayer
from upsamp.layers.layer import Layer
from upsamp.layers.leaky_relu import LeakyReLU
from upsamp.layers.pixel_shuffle import PixelShuffle
from upsamp.layers.relu import ReLU
from upsamp.layers.reshape import Reshape
from upsamp.layers.resizing import Resizing
from upsamp.layers.up_sampling2d import UpSampling2D
from upsamp.layers.zero_padding2d import ZeroPadding2D

__all__ = [
    "LAYERS",
    "Activation",
    "BatchNormalization",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "PixelShuffle",
    "ReLU",
    "Reshape",
    "Resizing",
    "UpSampling2D",
    "ZeroPadding2D",
]

LAYERS: Mapping[str, type[Layer]] = MappingProxyType(
    {
        layer.__name__: layer
        for layer in (
            InputLayer,
            Dense,
            Reshape,
            Flatten,
            UpSampling2D,
            Conv2D,
            Conv2DTranspose,
            BatchNormalization,
            LeakyReLU,
            ReLU,
            Activation,
            Dropout,
            Cropping2D,
            PixelShuffle,
            Resizing,
            ZeroPadding2D,
        )
    }
)
