"""One table of layers of one input: what each takes, gives, and weighs."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.core.activations import ACTIVATIONS
from upsamp.layers import (
    ELU,
    Activation,
    ActivityRegularization,
    AlphaDropout,
    AveragePooling2D,
    BatchNormalization,
    CenterCrop,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Identity,
    InputLayer,
    InstanceNormalization,
    Layer,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    Normalization,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    PReLU,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv2D,
    Softmax,
    SpatialDropout2D,
    SpectralNormalization,
    ThresholdedReLU,
    TimeDistributed,
    UnitNormalization,
    UpSampling2D,
    ZeroPadding2D,
)

Shape = tuple[int, ...]
Arrays = list[NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """A layer, the shape of one sample that it takes, and what must come of it."""

    layer: type[Layer]
    arguments: dict[str, Any]
    sample: Shape
    output: Shape
    weights: tuple[Shape, ...] = ()
    positive: bool = False

    def __str__(self) -> str:
        """Return the layer as it is spelled, for pytest's list of cases."""
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.layer.__name__}({arguments})"

    def make(self, **options: Any) -> Layer:
        """Return the layer, not yet built."""
        # A layer inside of a layer is made anew each time.
        made = {k: v() if isinstance(v, partial) else v for k, v in self.arguments.items()}
        return self.layer(**made, **options)

    def batch(self, count: int = 2, dtype: str = "float32") -> NDArray[Any]:
        """Return samples with values of both signs, where the layer takes both."""
        lowest = 0 if self.positive else -9
        return np.random.default_rng(7).integers(lowest, 10, (count, *self.sample)).astype(dtype)

    def values(self) -> Arrays:
        """Return values for the weights, positive as variances are."""
        generator = np.random.default_rng(11)
        return [generator.uniform(0.5, 2, shape).astype(np.float32) for shape in self.weights]


FIRST: dict[str, Any] = {"data_format": "channels_first"}
CASES = [
    Case(InputLayer, {"shape": (3, 2)}, (3, 2), (3, 2)),
    Case(InputLayer, {"batch_shape": (None, None, 2)}, (3, 2), (3, 2)),
    Case(Dense, {"units": 4}, (5,), (4,), ((5, 4), (4,))),
    Case(Dense, {"units": 4, "activation": "softmax"}, (5,), (4,), ((5, 4), (4,))),
    Case(
        Dense,
        {
            "units": 4,
            "activation": {"class_name": "LeakyReLU", "config": {"negative_slope": 0.1}},
            "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.02}},
        },
        (5,),
        (4,),
        ((5, 4), (4,)),
    ),
    Case(Dense, {"units": 4, "use_bias": False}, (2, 3), (2, 4), ((3, 4),)),
    Case(Reshape, {"target_shape": (2, 3)}, (6,), (2, 3)),
    Case(Reshape, {"target_shape": (2, -1, 2)}, (3, 4), (2, 3, 2)),
    Case(Reshape, {"target_shape": [12]}, (3, 4), (12,)),
    Case(Flatten, {}, (2, 3, 4), (24,)),
    Case(Flatten, FIRST, (2, 3, 4), (24,)),
    Case(UpSampling2D, {}, (2, 3, 4), (4, 6, 4)),
    Case(UpSampling2D, {"size": (2, 3), "interpolation": "bilinear"}, (2, 3, 4), (4, 9, 4)),
    Case(UpSampling2D, {"size": (2, 3), "interpolation": "lanczos3"}, (1, 3, 4), (2, 9, 4)),
    Case(UpSampling2D, {"size": (2, 3), **FIRST}, (4, 2, 3), (4, 4, 9)),
    Case(Conv2D, {"filters": 5, "kernel_size": 3}, (4, 6, 2), (2, 4, 5), ((3, 3, 2, 5), (5,))),
    Case(
        Conv2D,
        {"filters": 4, "kernel_size": (2, 3), "strides": (2, 1), "padding": "same", "groups": 2},
        (5, 6, 6),
        (3, 6, 4),
        ((2, 3, 3, 4), (4,)),
    ),
    Case(
        Conv2D,
        {"filters": 2, "kernel_size": 2, "dilation_rate": (2, 3), "use_bias": False, **FIRST},
        (3, 5, 6),
        (2, 3, 3),
        ((2, 2, 3, 2),),
    ),
    Case(
        Conv2D,
        {"filters": 3, "kernel_size": 2, "padding": ((1, 0), (0, 2))},
        (4, 5, 1),
        (4, 6, 3),
        ((2, 2, 1, 3), (3,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 4, "kernel_size": 2, "groups": 2},
        (2, 3, 6),
        (3, 4, 4),
        ((2, 2, 2, 6), (4,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 1, "kernel_size": 3, "strides": 2, "padding": ((1, 0), (0, 1))},
        (2, 3, 1),
        (4, 6, 1),
        ((3, 3, 1, 1), (1,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 5, "kernel_size": (3, 1), "strides": 2},
        (2, 3, 4),
        (5, 6, 5),
        ((3, 1, 5, 4), (5,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 1, "kernel_size": 3, "strides": (2, 3), "padding": "same", "use_bias": False},
        (2, 3, 4),
        (4, 9, 1),
        ((3, 3, 1, 4),),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 1, "kernel_size": 3, "strides": 2, "output_padding": (0, 1)},
        (2, 3, 1),
        (5, 8, 1),
        ((3, 3, 1, 1), (1,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 2, "kernel_size": (2, 3), "dilation_rate": 2, "activation": "relu", **FIRST},
        (3, 2, 4),
        (2, 4, 8),
        ((2, 3, 2, 3), (2,)),
    ),
    Case(BatchNormalization, {}, (2, 3, 4), (2, 3, 4), ((4,),) * 4),
    Case(BatchNormalization, {"axis": 1, "scale": False}, (2, 3, 4), (2, 3, 4), ((2,),) * 3),
    Case(
        BatchNormalization,
        {"scale": False, "center": False, "epsilon": 0.5, "momentum": 0.9},
        (5,),
        (5,),
        ((5,), (5,)),
    ),
    Case(LeakyReLU, {}, (5,), (5,)),
    Case(LeakyReLU, {"negative_slope": 0.1}, (2, 3, 4), (2, 3, 4)),
    Case(ReLU, {}, (5,), (5,)),
    Case(ReLU, {"max_value": 6, "negative_slope": 0.5, "threshold": 1}, (2, 3, 4), (2, 3, 4)),
    *(Case(Activation, {"activation": name}, (2, 5), (2, 5)) for name in (None, *ACTIVATIONS)),
    Case(Cropping2D, {}, (4, 5, 3), (4, 5, 3)),
    Case(Cropping2D, {"cropping": ((1, 0), (0, 2)), **FIRST}, (3, 4, 5), (3, 3, 3)),
    Case(PixelShuffle, {"upscale_factor": 2}, (2, 3, 8), (4, 6, 2)),
    Case(PixelShuffle, {"upscale_factor": 3, "order": "dcr", **FIRST}, (9, 2, 3), (1, 6, 9)),
    Case(PixelUnshuffle, {"downscale_factor": 2}, (4, 6, 2), (2, 3, 8)),
    Case(PixelUnshuffle, {"downscale_factor": 3, "order": "dcr", **FIRST}, (1, 6, 9), (9, 2, 3)),
    Case(Resizing, {"height": 5, "width": 7}, (2, 3, 4), (5, 7, 4)),
    Case(
        Resizing,
        {"height": 2, "width": 5, "interpolation": "bicubic", **FIRST},
        (4, 2, 3),
        (4, 2, 5),
    ),
    Case(Resizing, {"height": 2, "width": 5, "antialias": True}, (4, 4, 2), (2, 5, 2)),
    Case(
        Resizing,
        {"height": 2, "width": 3, "crop_to_aspect_ratio": True, **FIRST},
        (2, 7, 5),
        (2, 2, 3),
    ),
    Case(
        Resizing,
        {"height": 3, "width": 3, "pad_to_aspect_ratio": True, "fill_value": 0.5},
        (2, 7, 1),
        (3, 3, 1),
    ),
    Case(CenterCrop, {"height": 2, "width": 3}, (5, 6, 2), (2, 3, 2)),
    Case(CenterCrop, {"height": 2, "width": 6, **FIRST}, (2, 3, 3), (2, 2, 6)),
    Case(ZeroPadding2D, {}, (2, 3, 4), (4, 5, 4)),
    Case(ZeroPadding2D, {"padding": ((1, 0), (0, 2)), **FIRST}, (4, 2, 3), (4, 3, 5)),
    Case(Dropout, {"rate": 0.5}, (2, 3, 4), (2, 3, 4)),
    Case(Dropout, {"rate": 1, "noise_shape": (None, 1, 3, 4), "seed": 3}, (2, 3, 4), (2, 3, 4)),
    Case(
        DepthwiseConv2D,
        {"kernel_size": (2, 3), "depth_multiplier": 2},
        (4, 5, 3),
        (3, 3, 6),
        ((2, 3, 3, 2), (6,)),
    ),
    Case(
        DepthwiseConv2D,
        {"kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False, **FIRST},
        (3, 4, 5),
        (3, 2, 3),
        ((3, 3, 3, 1),),
    ),
    Case(
        SeparableConv2D,
        {"filters": 5, "kernel_size": 2, "depth_multiplier": 2, "activation": "relu"},
        (4, 5, 3),
        (3, 4, 5),
        ((2, 2, 3, 2), (1, 1, 6, 5), (5,)),
    ),
    Case(
        SeparableConv2D,
        {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "use_bias": False, **FIRST},
        (3, 4, 5),
        (2, 2, 3),
        ((2, 2, 3, 1), (1, 1, 3, 2)),
    ),
    Case(LayerNormalization, {}, (2, 3, 4), (2, 3, 4), ((4,), (4,))),
    Case(LayerNormalization, {"axis": [1, 2]}, (2, 3, 4), (2, 3, 4), ((2, 3), (2, 3))),
    Case(LayerNormalization, {"scale": False, "epsilon": 0.5}, (5,), (5,), ((5,),)),
    Case(GroupNormalization, {"groups": 2}, (2, 3, 4), (2, 3, 4), ((4,), (4,))),
    Case(GroupNormalization, {"groups": -1, "axis": 1}, (2, 3, 4), (2, 3, 4), ((2,), (2,))),
    Case(GroupNormalization, {"groups": 1, "scale": False, "center": False}, (2, 6), (2, 6)),
    Case(InstanceNormalization, {"axis": 3}, (2, 3, 4), (2, 3, 4), ((4,), (4,))),
    Case(InstanceNormalization, {"axis": -1, "groups": -1}, (2, 3, 4), (2, 3, 4), ((4,), (4,))),
    Case(InstanceNormalization, {"scale": False}, (2, 3, 4), (2, 3, 4), ((1,),)),
    Case(Normalization, {}, (2, 3, 4), (2, 3, 4), ((4,), (4,), ())),
    Case(Normalization, {"axis": None}, (5,), (5,), ((), (), ())),
    Case(Normalization, {"axis": [1, -1]}, (2, 3, 4), (2, 3, 4), ((2, 4), (2, 4), ())),
    Case(
        Normalization,
        {"mean": [0.5, 1, 2], "variance": [1.0, 4.0, 9.0], "invert": True},
        (2, 3),
        (2, 3),
    ),
    Case(UnitNormalization, {}, (2, 3, 4), (2, 3, 4)),
    Case(UnitNormalization, {"axis": [1, 2]}, (2, 3, 4), (2, 3, 4)),
    Case(SpectralNormalization, {"layer": partial(Dense, 3)}, (5,), (3,), ((5, 3), (1, 3), (3,))),
    Case(
        SpectralNormalization,
        {"layer": partial(Conv2D, 3, 2, use_bias=False), "power_iterations": 2},
        (4, 5, 2),
        (3, 4, 3),
        ((2, 2, 2, 3), (1, 3)),
    ),
    Case(TimeDistributed, {"layer": partial(Dense, 3)}, (2, 5), (2, 3), ((5, 3), (3,))),
    Case(
        TimeDistributed,
        {"layer": partial(Conv2D, 3, 2, use_bias=False)},
        (2, 4, 5, 2),
        (2, 3, 4, 3),
        ((2, 2, 2, 3),),
    ),
    Case(TimeDistributed, {"layer": partial(MaxPooling2D)}, (3, 4, 4, 2), (3, 2, 2, 2)),
    Case(PReLU, {}, (2, 3), (2, 3), ((2, 3),)),
    Case(PReLU, {"shared_axes": (1, 2)}, (2, 3, 4), (2, 3, 4), ((1, 1, 4),)),
    Case(ELU, {"alpha": 0.5}, (5,), (5,)),
    Case(ThresholdedReLU, {"theta": 2.0}, (5,), (5,)),
    Case(Softmax, {}, (5,), (5,)),
    Case(Softmax, {"axis": [1, 2]}, (2, 3, 4), (2, 3, 4)),
    Case(MaxPooling2D, {}, (4, 5, 3), (2, 2, 3)),
    Case(MaxPooling2D, {"pool_size": 3, "strides": (2, 1), **FIRST}, (3, 5, 6), (3, 2, 4)),
    Case(AveragePooling2D, {"pool_size": (2, 3), "padding": "same"}, (3, 4, 2), (2, 2, 2)),
    Case(AveragePooling2D, {"pool_size": 2, "strides": 1, **FIRST}, (3, 5, 6), (3, 4, 5)),
    Case(GlobalAveragePooling2D, {}, (2, 3, 4), (4,)),
    Case(GlobalAveragePooling2D, {"keepdims": True, **FIRST}, (4, 2, 3), (4, 1, 1)),
    Case(GlobalMaxPooling2D, FIRST, (4, 2, 3), (4,)),
    Case(GlobalMaxPooling2D, {"keepdims": True}, (2, 3, 4), (1, 1, 4)),
    Case(Embedding, {"input_dim": 10, "output_dim": 3}, (4,), (4, 3), ((10, 3),), positive=True),
    Case(
        Embedding,
        {"input_dim": 10, "output_dim": 2, "mask_zero": True, "input_length": 3},
        (3, 2),
        (3, 2, 2),
        ((10, 2),),
        positive=True,
    ),
    Case(Rescaling, {"scale": 0.5}, (2, 3), (2, 3)),
    Case(Rescaling, {"scale": [1, 2, 3], "offset": (0.5, 0, 1)}, (2, 3), (2, 3)),
    Case(Permute, {"dims": (3, 1, 2)}, (2, 3, 4), (4, 2, 3)),
    Case(RepeatVector, {"n": 3}, (5,), (3, 5)),
    Case(GaussianNoise, {"stddev": 0.5, "seed": 3}, (5,), (5,)),
    Case(GaussianDropout, {"rate": 0.5}, (5,), (5,)),
    Case(AlphaDropout, {"rate": 0.5}, (5,), (5,)),
    Case(SpatialDropout2D, {"rate": 0.5}, (2, 3, 4), (2, 3, 4)),
    Case(ActivityRegularization, {"l1": 0.5}, (5,), (5,)),
    Case(Identity, {}, (5,), (5,)),
]

every_case = in_one_test("case", CASES)
one_case_a_layer = in_one_test("case", {case.layer: case for case in CASES}.values())
