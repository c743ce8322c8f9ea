"""Generators as plain networks of PyTorch, of the same layers and weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
from libraries import limited_torch
from timing import Call

from upsamp import Sequential
from upsamp.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    LeakyReLU,
    ReLU,
    Reshape,
    UpSampling2D,
)

__all__ = ["torch_call"]

TOLERANCE = 1e-4


def torch_call(model: Sequential, x: Any) -> Call:
    """Return the call of a plain nn.Sequential of the same layers and weights."""
    torch = limited_torch()
    channels = 0
    layers: list[Any] = []
    for layer in model.layers:
        weights = [torch.from_numpy(values) for values in layer.get_weights()]
        layers += _torch_layers(torch.nn, layer, weights, channels)
        channels = layer.filters if isinstance(layer, Conv2D | Conv2DTranspose) else channels
        channels = layer.target_shape[-1] if isinstance(layer, Reshape) else channels
        channels = layer.units if isinstance(layer, Dense) else channels
    network = torch.nn.Sequential(*layers).eval()
    image = torch.from_numpy(x)

    def call() -> Any:
        with torch.inference_mode():
            return network(image)

    actual = call().permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(actual, model(x), rtol=0, atol=TOLERANCE)
    return call


def _torch_layers(nn: Any, layer: Any, weights: list[Any], channels: int) -> list[Any]:
    """Return the modules of PyTorch that do what a layer does; images have their channels first."""
    if isinstance(layer, Dense):
        made = nn.Linear(weights[0].shape[0], layer.units, bias=layer.use_bias)
        made.weight.data = weights[0].T.contiguous()
    elif isinstance(layer, Conv2DTranspose):
        made = _torch_transposed(nn, layer, channels)
        made[0].weight.data = weights[0].permute(3, 2, 0, 1).contiguous()
    elif isinstance(layer, Conv2D):
        made = nn.Conv2d(channels, layer.filters, layer.kernel_size, padding="same")
        made.weight.data = weights[0].permute(3, 2, 0, 1).contiguous()
    elif isinstance(layer, BatchNormalization):
        flat = weights[0].shape[0] > 512
        made = (nn.BatchNorm1d if flat else nn.BatchNorm2d)(weights[0].shape[0], eps=layer.epsilon)
        made.weight.data, made.bias.data, made.running_mean, made.running_var = weights
        return [made]
    elif isinstance(layer, Reshape):
        rows, columns, depth = layer.target_shape
        return [_module(nn, lambda x: x.view(-1, rows, columns, depth).permute(0, 3, 1, 2))]
    elif isinstance(layer, UpSampling2D):
        return [nn.Upsample(scale_factor=layer.size)]
    elif isinstance(layer, LeakyReLU):
        return [nn.LeakyReLU(layer.negative_slope, inplace=True)]
    else:
        return [nn.ReLU(inplace=True) if isinstance(layer, ReLU) else nn.Tanh()]
    several = list(made) if isinstance(made, nn.Sequential) else [made]
    if layer.use_bias:
        several[0].bias.data = weights[1]
    return [*several, *([nn.Tanh()] if layer.activation == "tanh" else [])]


def _torch_transposed(nn: Any, layer: Conv2DTranspose, channels: int) -> Any:
    """Return a transposed convolution that is cropped as padding="same" is: more at the end."""
    taps, stride = layer.kernel_size[0], layer.strides[0]
    before, more = divmod(taps - stride, 2)
    transposed = nn.ConvTranspose2d(
        channels, layer.filters, taps, stride, before, bias=layer.use_bias
    )
    crop = _module(nn, lambda x: x[..., :-1, :-1])
    return nn.Sequential(transposed, *([crop] if more else []))


def _module(nn: Any, function: Callable[[Any], Any]) -> Any:
    """Return a function as a module of PyTorch."""
    module = nn.Identity()
    module.forward = function
    return module
