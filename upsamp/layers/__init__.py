"""Keras' layers, by Keras' names: state and contract; the mathematics is in `upsamp.core`."""

from collections.abc import Mapping
from types import MappingProxyType

from upsamp.layers.activation import Activation
from upsamp.layers.activity_regularization import ActivityRegularization
from upsamp.layers.add import Add
from upsamp.layers.alpha_dropout import AlphaDropout
from upsamp.layers.average import Average
from upsamp.layers.average_pooling2d import AveragePooling2D
from upsamp.layers.batch_normalization import BatchNormalization
from upsamp.layers.concatenate import Concatenate
from upsamp.layers.conv2d import Conv2D
from upsamp.layers.conv2d_transpose import Conv2DTranspose
from upsamp.layers.cropping2d import Cropping2D
from upsamp.layers.dense import Dense
from upsamp.layers.depthwise_conv2d import DepthwiseConv2D
from upsamp.layers.dropout import Dropout
from upsamp.layers.elu import ELU
from upsamp.layers.embedding import Embedding
from upsamp.layers.flatten import Flatten
from upsamp.layers.gaussian_dropout import GaussianDropout
from upsamp.layers.gaussian_noise import GaussianNoise
from upsamp.layers.global_average_pooling2d import GlobalAveragePooling2D
from upsamp.layers.global_max_pooling2d import GlobalMaxPooling2D
from upsamp.layers.group_normalization import GroupNormalization
from upsamp.layers.identity import Identity
from upsamp.layers.input_layer import Input, InputLayer
from upsamp.layers.layer import Layer
from upsamp.layers.layer_normalization import LayerNormalization
from upsamp.layers.leaky_relu import LeakyReLU
from upsamp.layers.max_pooling2d import MaxPooling2D
from upsamp.layers.maximum import Maximum
from upsamp.layers.minimum import Minimum
from upsamp.layers.multiply import Multiply
from upsamp.layers.permute import Permute
from upsamp.layers.pixel_shuffle import PixelShuffle
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
from upsamp.layers.subtract import Subtract
from upsamp.layers.thresholded_relu import ThresholdedReLU
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
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "PixelShuffle",
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
    "UnitNormalization",
    "UnknownLayer",
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
            DepthwiseConv2D,
            SeparableConv2D,
            BatchNormalization,
            LayerNormalization,
            GroupNormalization,
            UnitNormalization,
            SpectralNormalization,
            LeakyReLU,
            ReLU,
            PReLU,
            ELU,
            ThresholdedReLU,
            Softmax,
            Activation,
            Embedding,
            Add,
            Subtract,
            Multiply,
            Average,
            Maximum,
            Minimum,
            Concatenate,
            MaxPooling2D,
            AveragePooling2D,
            GlobalAveragePooling2D,
            GlobalMaxPooling2D,
            Dropout,
            SpatialDropout2D,
            GaussianDropout,
            GaussianNoise,
            AlphaDropout,
            ActivityRegularization,
            Identity,
            Rescaling,
            Permute,
            RepeatVector,
            Cropping2D,
            PixelShuffle,
            Resizing,
            ZeroPadding2D,
        )
    }
)
