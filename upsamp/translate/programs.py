"""Programs in the libraries of the field that compute what upsamp computes, with the same weights.

A program is short, runs by itself, leaves `y` as a NumPy array (N, H, W, C) of float32, and prints
it. It calls the library as one would; where the library has no such setting it goes around that
exactly, and a comment says why.
"""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, get_args

from upsamp.core.arguments import normalize_choice
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError
from upsamp.translate import jax, keras, onnx, torch
from upsamp.translate.settings import TransposedConvolution, Upsampling
from upsamp.translate.source import Data

Library: TypeAlias = Literal["keras", "torch", "onnx", "jax"]
LIBRARIES: tuple[Library, ...] = get_args(Library)

_TRANSPOSED_CONVOLUTIONS: Mapping[str, Callable[[TransposedConvolution, Data], str]] = {
    "keras": keras.transposed_convolution,
    "torch": torch.transposed_convolution,
    "onnx": onnx.transposed_convolution,
    "jax": jax.transposed_convolution,
}
_UPSAMPLINGS: Mapping[str, Callable[[Upsampling, Data], str]] = {
    "keras": keras.upsampling,
    "torch": torch.upsampling,
    "onnx": onnx.upsampling,
    "jax": jax.upsampling,
}


def transposed_convolution_program(
    settings: TransposedConvolution, library: str, x: str, kernel: str, bias: str | None = None
) -> str:
    """Return the text of a program that computes a transposed convolution in a library.

    library: "keras", "torch", "onnx" or "jax". x, kernel, bias: Python source, in which `np` is
    NumPy, of arrays (N, H, W, C), (rows, columns, filters / groups, C) and (filters,), such as
    `array_source` gives. bias is given exactly where the settings have one.

    Raises `ArgumentError`.

    >>> settings = TransposedConvolution.of((1, 2, 2, 1), (2, 2, 1, 1), strides=2)
    >>> print(transposed_convolution_program(settings, "torch", "np.load('x.npy')",
    ...     "np.ones((2, 2, 1, 1))"))
    # Transposed convolution of (1, 2, 2, 1) to (1, 4, 4, 1) in PyTorch
    import numpy as np
    import torch
    import torch.nn.functional as F
    <BLANKLINE>
    x = np.load('x.npy').astype(np.float32)
    kernel = np.ones((2, 2, 1, 1)).astype(np.float32)
    <BLANKLINE>
    images = torch.tensor(x.transpose(0, 3, 1, 2))  # (N, C, H, W)
    weight = torch.tensor(kernel.transpose(3, 2, 0, 1))  # (channels, filters, rows, columns)
    y = F.conv_transpose2d(images, weight, stride=2)
    y = y.numpy().transpose(0, 2, 3, 1)
    print(y)
    <BLANKLINE>
    """
    _check_kind(settings, TransposedConvolution)
    if (bias is not None) != settings.bias:
        raise ArgumentError(
            "`bias` must be given where the settings have one, and only there. Received: "
            f"bias={spelled(bias)} for settings with bias={settings.bias}."
        )
    arrays = {"x": x, "kernel": kernel}
    if bias is not None:
        arrays["bias"] = bias
    return program_of(settings, library, Data(arrays))


def upsampling_program(settings: Upsampling, library: str, x: str) -> str:
    """Return the text of a program that upsamples in a library.

    library: "keras", "torch", "onnx" or "jax". x: Python source, in which `np` is NumPy, of an
    array (N, H, W, C), such as `array_source` gives.

    Raises `ArgumentError`.

    >>> settings = Upsampling.of((1, 2, 2, 1), (4, 4), "bilinear")
    >>> print(upsampling_program(settings, "keras", "np.load('x.npy')"))
    # Upsampling of (1, 2, 2, 1) to (1, 4, 4, 1) in Keras: bilinear
    import keras
    import numpy as np
    <BLANKLINE>
    x = np.load('x.npy').astype(np.float32)
    <BLANKLINE>
    layer = keras.layers.UpSampling2D(size=2, interpolation="bilinear")
    y = keras.ops.convert_to_numpy(layer(x))
    print(y)
    <BLANKLINE>
    """
    _check_kind(settings, Upsampling)
    return program_of(settings, library, Data({"x": x}))


def program_of(settings: TransposedConvolution | Upsampling, library: str, data: Data) -> str:
    """Return the text of a program with what it does to its arrays and to its result besides.

    data: `x`, and of a transposed convolution `kernel` and, where it has one, `bias`.
    """
    name = normalize_choice(library, "library", LIBRARIES)
    if isinstance(settings, Upsampling):
        return _UPSAMPLINGS[name](settings, data)
    return _TRANSPOSED_CONVOLUTIONS[name](settings, data)


def _check_kind(settings: object, kind: type) -> None:
    """Raise where the settings are not those of what is to be translated."""
    if not isinstance(settings, kind):
        raise ArgumentError(
            f"`settings` must be what {kind.__name__}.of makes. "
            f"Received: settings={spelled(settings)}."
        )
