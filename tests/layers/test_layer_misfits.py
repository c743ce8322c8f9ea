"""Inputs that do not fit a layer: each refusal by its text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from layers.layer_cases import FIRST, Shape

from upsamp.errors import ShapeError
from upsamp.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalMaxPooling2D,
    GroupNormalization,
    InputLayer,
    InstanceNormalization,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Normalization,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    PReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv2D,
    Softmax,
    SpatialDropout2D,
    SpectralNormalization,
    TimeDistributed,
    UnitNormalization,
    UpSampling2D,
    ZeroPadding2D,
)


@dataclass(frozen=True)
class Misfit:
    """A layer of the name "here", inputs that do not fit it, and how it says so."""

    make: Callable[[], Layer]
    shape: Shape
    rule: str
    built: tuple[int | None, ...] | None = None


def here(layer: type[Layer], *arguments: Any, **options: Any) -> Callable[[], Layer]:
    """Return what makes a layer of the name "here"."""
    return lambda: layer(*arguments, **options, name="here")


def declare(layer: Layer, shape: Shape) -> None:
    """Hand a shape to a layer as a model does, without any data."""
    if not layer.built:
        layer.build(shape)
    layer.compute_output_shape(shape)


RANK = r"must have an input of rank 4, the batch included\. Received: shape \("
CHANNELS = r"must have 3 channels, as it was built\. Received: shape \("
MISFITS = [
    Misfit(here(UpSampling2D), (1, 2, 3), RANK),
    Misfit(here(Conv2D, 1, 1), (1, 2, 3), RANK),
    Misfit(here(Conv2D, 1, 1), (1, 2, 2, 3, 1), RANK),
    Misfit(here(Conv2DTranspose, 1, 1), (2, 2), RANK),
    Misfit(here(Conv2D, 1, 1), (1, 2, 2, 4), CHANNELS, (None, 2, 2, 3)),
    Misfit(here(Conv2D, 1, 1, **FIRST), (1, 4, 2, 3), CHANNELS, (None, 3, 2, 3)),
    Misfit(here(Conv2DTranspose, 1, 1), (1, 2, 2, 4), CHANNELS, (None, 2, 2, 3)),
    Misfit(here(Conv2D, 2, 1, groups=2), (1, 2, 2, 3), "`groups` must divide the channels.*3 chan"),
    *(
        Misfit(here(layer, *arguments), (2, 3, 4), RANK)
        for layer, arguments in (
            (Cropping2D, (1,)),
            (PixelShuffle, (2,)),
            (Resizing, (8, 8)),
            (ZeroPadding2D, (1,)),
        )
    ),
    Misfit(
        here(Cropping2D, 2),
        (1, 4, 5, 1),
        r"must leave something\. .* cropping=\(\(2, 2\), \(2, 2\)",
    ),
    Misfit(here(PixelShuffle, 2), (1, 2, 2, 3), r"must have a multiple of 4 channels\. Received: "),
    Misfit(here(PixelUnshuffle, 2), (1, 2, 3, 3), r"must have rows and columns that are multiples"),
    Misfit(here(InstanceNormalization, -1), (1, 3), r"must have channels on an axis after the bat"),
    Misfit(
        here(InstanceNormalization, -1), (1, 2, 3), r"must have 2 channels, as it", (None, 4, 2)
    ),
    Misfit(here(Normalization, 0), (1, 3), r"must have means of axes after the batch\. Received: "),
    Misfit(here(Normalization), (1, 3), r"must have an input that \(2,\) means fit", (None, 2)),
    Misfit(
        here(Normalization, mean=[1, 2], variance=[1, 2]), (1, 3), r"an input that \(2,\) means fit"
    ),
    Misfit(here(TimeDistributed, Flatten()), (1, 3), r"must have an input \(N, steps, \.\.\.\)"),
    Misfit(
        here(Conv2DTranspose, 2, 1, groups=2), (1, 2, 2, 3), "`groups` must divide the channels"
    ),
    Misfit(here(Conv2D, 1, 3), (1, 2, 2, 3), r"covers 3 does not fit into an input of length 2"),
    Misfit(
        here(Conv2DTranspose, 1, 2, padding="same", output_padding=0),
        (1, 1, 3, 3),
        r"The output must not be empty\. Received: .* = 0\. ",
    ),
    Misfit(here(Dense, 2), (3,), r"must have an input of rank 2 or more, the batch included\. Rec"),
    Misfit(here(Dense, 2), (1, 4), r"must have 3 inputs, as it was built.*\(1, 4\)", (None, 3)),
    Misfit(
        here(BatchNormalization, axis=3),
        (2, 3),
        r"must have an input with axis 3\. Received: shape \(",
    ),
    Misfit(
        here(BatchNormalization),
        (1, 4),
        r"must have 3 values on axis -1, as it was built\. Received: shape \(1, 4\)",
        (None, 3),
    ),
    Misfit(
        here(Reshape, (5, 5)),
        (2, 24),
        r"must keep the number of values\. Received: 24 values, shape \(.*24\), for target_shape=",
    ),
    Misfit(here(Reshape, (5, -1)), (2, 24), r"must keep the number of values.*=\(5, -1\)"),
    *(
        Misfit(here(layer, *arguments), (2, 3, 4), RANK)
        for layer, arguments in (
            (DepthwiseConv2D, (1,)),
            (SeparableConv2D, (1, 1)),
            (MaxPooling2D, ()),
            (GlobalMaxPooling2D, ()),
            (SpatialDropout2D, (0.5,)),
            (SpectralNormalization, (Conv2D(1, 1),)),
        )
    ),
    Misfit(here(DepthwiseConv2D, 1), (1, 2, 2, 4), CHANNELS, (None, 2, 2, 3)),
    Misfit(here(SeparableConv2D, 1, 1), (1, 2, 2, 4), CHANNELS, (None, 2, 2, 3)),
    Misfit(here(AveragePooling2D, 3), (1, 2, 2, 1), r"covers 3 does not fit into an input of leng"),
    *(
        Misfit(here(layer, axis=(1, 3)), (2, 3, 4), r"must have an input with axis 3\. Received: ")
        for layer in (LayerNormalization, Softmax, UnitNormalization)
    ),
    Misfit(
        here(LayerNormalization),
        (2, 4),
        r"must have lengths \(3,\) along axis -1, as it was built\. Received: shape \(2, 4\)",
        (None, 3),
    ),
    Misfit(
        here(GroupNormalization, 2),
        (2, 3),
        r"must have channels that its groups divide, .* shape \(.*3\) for groups=2, axis=-1",
    ),
    Misfit(
        here(GroupNormalization, 1, 0), (2, 3), r"must have channels .*on an axis after the batch"
    ),
    Misfit(
        here(GroupNormalization, -1),
        (2, 4),
        r"must have 3 channels, as it was built\. Received: shape \(2, 4\)",
        (None, 3),
    ),
    Misfit(here(PReLU, shared_axes=3), (2, 3, 4), r"must have an input with axis 3\. Received: "),
    Misfit(
        here(PReLU),
        (2, 4),
        r"must have samples that fit its alpha of shape \(3,\)\. Received: shape \(2, 4\)",
        (None, 3),
    ),
    Misfit(here(PReLU), (2, 3, 1), r"must have samples that fit its alpha", (None, 3)),
    Misfit(here(Permute, (2, 1)), (2, 3), r"must have an input of rank 3, the batch included"),
    Misfit(here(RepeatVector, 2), (2, 3, 4), r"must have an input of rank 2, the batch included"),
    Misfit(here(Rescaling, [1, 2]), (2, 3), r"must have an input that \(2,\) numbers fit\. .*3\)"),
    Misfit(here(Rescaling, 1, [[[1]]]), (2, 3), r"must have an input that \(1, 1, 1\) numbers"),
    Misfit(here(InputLayer, (3, 2)), (2, 4, 2), r"\(None, 3, 2\).*Received: shape \("),
]


@in_one_test("misfit", MISFITS)
def test_inputs_that_do_not_fit_are_refused_with_the_name_of_the_layer(misfit: Misfit) -> None:
    def make() -> Layer:
        layer = misfit.make()
        if misfit.built is not None:
            layer.build(misfit.built)
        return layer

    rule = f"'here'.*{misfit.rule}"
    with pytest.raises(ShapeError, match=rule):
        make()(np.ones(misfit.shape))
    with pytest.raises(ShapeError, match=rule):
        declare(make(), misfit.shape)


@in_one_test(
    "layer",
    [
        Dense(2),
        Conv2D(2, 1),
        Conv2DTranspose(2, 1),
        BatchNormalization(),
        DepthwiseConv2D(1),
        SeparableConv2D(1, 1),
        LayerNormalization(),
        GroupNormalization(1),
        PReLU(shared_axes=(1, 2)),
    ],
)
def test_weights_need_an_axis_of_known_length(layer: Layer) -> None:
    with pytest.raises(
        ShapeError,
        match=rf"Layer '{layer.name}' \({type(layer).__name__}\) must know axis (-1|3) of its "
        r"input to size its weights\. Received: shape \(None, 2, 2, None\)",
    ):
        layer.build((None, 2, 2, None))
