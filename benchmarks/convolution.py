"""Convolutions and transposed convolutions beside PyTorch, TensorFlow and Keras' layer.

The kernel is packed, as in a layer. PyTorch's time is that of its better layout.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from libraries import TORCH_LAYOUTS, keras_on_tensorflow, limited_tensorflow, limited_torch
from numpy.typing import NDArray
from timing import Call, Row, better, row

from upsamp.core.convolution.convolve import conv2d, conv2d_transpose
from upsamp.core.convolution.packing import PackedKernel


class Case(NamedTuple):
    """One layer: the input (N, H, W, C), filters, kernel, stride; padding is "same" or "valid"."""

    group: str
    transposed: bool
    shape: tuple[int, int, int, int]
    filters: int
    kernel: int
    stride: int
    padding: str = "same"

    def __str__(self) -> str:
        """Name the case in a table."""
        images, rows, columns, channels = self.shape
        layer = f"k{self.kernel} s{self.stride} {self.padding}"
        return f"{images} x {rows} x {columns} x {channels} to {self.filters}, {layer}"

    @property
    def products(self) -> int:
        """How many multiplications the definition has, borders aside."""
        taps = self.kernel**2 * self.filters
        return math.prod(self.shape) * taps // (1 if self.transposed else self.stride**2)


MANY = "transposed convolution, many channels"
FEW = "transposed convolution, few channels"
PLAIN = "convolution"
CASES = (
    Case(MANY, True, (1, 4, 4, 512), 256, 4, 2),
    Case(MANY, True, (1, 7, 7, 128), 128, 4, 2),
    Case(MANY, True, (1, 8, 8, 256), 128, 5, 2),
    Case(MANY, True, (1, 16, 16, 256), 128, 4, 2),
    Case(MANY, True, (1, 32, 32, 128), 64, 4, 2),
    Case(MANY, True, (1, 64, 64, 128), 64, 4, 2),
    Case(MANY, True, (1, 64, 64, 256), 128, 4, 2),
    Case(MANY, True, (1, 32, 32, 64), 32, 3, 1),
    Case(MANY, True, (1, 32, 32, 32), 16, 3, 2),
    Case(MANY, True, (16, 4, 4, 512), 256, 4, 2),
    Case(MANY, True, (16, 7, 7, 128), 128, 4, 2),
    Case(MANY, True, (16, 8, 8, 256), 128, 5, 2),
    Case(MANY, True, (16, 14, 14, 128), 128, 4, 2),
    Case(MANY, True, (16, 16, 16, 256), 128, 4, 2),
    Case(MANY, True, (16, 32, 32, 128), 64, 3, 2),
    Case(MANY, True, (64, 8, 8, 256), 128, 4, 2),
    Case(MANY, True, (64, 16, 16, 128), 64, 4, 2),
    Case(FEW, True, (1, 5, 5, 128), 1, 3, 2, "valid"),
    Case(FEW, True, (1, 64, 64, 64), 3, 4, 2),
    Case(FEW, True, (16, 14, 14, 64), 1, 5, 2),
    Case(FEW, True, (64, 32, 32, 64), 3, 4, 2),
    Case(FEW, True, (1, 256, 256, 16), 3, 3, 1),
    Case(FEW, True, (1, 512, 512, 3), 3, 3, 2),
    Case(FEW, True, (1, 1024, 1024, 3), 3, 4, 2),
    Case(FEW, True, (1, 1024, 1024, 1), 1, 3, 2),
    Case(FEW, True, (1, 1024, 1024, 1), 1, 1, 2),
    Case(FEW, True, (1, 1024, 1024, 4), 4, 5, 2),
    Case(FEW, True, (1, 1024, 1024, 3), 1, 2, 2, "valid"),
    Case(FEW, True, (1, 2048, 2048, 1), 1, 3, 2),
    Case(FEW, True, (1, 512, 512, 3), 3, 4, 4),
    Case(PLAIN, False, (1, 64, 64, 3), 64, 4, 2),
    Case(PLAIN, False, (16, 64, 64, 3), 64, 4, 2),
    Case(PLAIN, False, (1, 32, 32, 64), 128, 4, 2),
    Case(PLAIN, False, (16, 16, 16, 128), 256, 4, 2),
    Case(PLAIN, False, (1, 32, 32, 64), 64, 3, 1),
    Case(PLAIN, False, (1, 64, 64, 128), 64, 3, 1),
    Case(PLAIN, False, (16, 16, 16, 256), 128, 3, 1),
    Case(PLAIN, False, (1, 64, 64, 128), 64, 1, 1),
    Case(PLAIN, False, (1, 64, 64, 64), 3, 3, 1),
    Case(PLAIN, False, (1, 1024, 1024, 3), 3, 3, 1),
    Case(PLAIN, False, (1, 1024, 1024, 1), 1, 3, 1),
    Case(PLAIN, False, (1, 1024, 1024, 1), 1, 5, 2),
)


QUICK = (MANY, (1, 16, 16, 256)), (MANY, (16, 14, 14, 128)), (FEW, (1, 512, 512, 3))


def torch_calls(case: Case, x: NDArray[Any], kernel: NDArray[Any]) -> Iterator[tuple[str, Call]]:
    """Yield PyTorch's calls, in each of its layouts."""
    torch = limited_torch()
    functional = torch.nn.functional
    same = case.padding == "same"
    zeros = -(-max(case.kernel - case.stride, 0) // 2) if same else 0
    extra = 0
    if case.transposed and same:
        span = (case.shape[1] - 1) * case.stride + case.kernel - 2 * zeros
        extra = max(0, case.shape[1] * case.stride - span)
    for name in TORCH_LAYOUTS:
        layout = {"memory_format": getattr(torch, name)}
        image = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(**layout)
        weight = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous(**layout)

        def call(image: Any = image, weight: Any = weight) -> Any:
            with torch.inference_mode():
                if case.transposed:
                    return functional.conv_transpose2d(
                        image, weight, None, case.stride, zeros, extra
                    )
                return functional.conv2d(image, weight, None, case.stride, zeros)

        yield f"PyTorch {name}", call


def tensorflow_call(case: Case, x: NDArray[Any], kernel: NDArray[Any]) -> Call:
    """Return TensorFlow's call."""
    tensorflow = limited_tensorflow()
    image, weight = tensorflow.constant(x), tensorflow.constant(kernel)
    padding = case.padding.upper()
    if not case.transposed:
        return lambda: tensorflow.nn.conv2d(image, weight, case.stride, padding)
    lengths = [length * case.stride for length in case.shape[1:3]]
    if case.padding == "valid":
        lengths = [length + max(case.kernel - case.stride, 0) for length in lengths]
    output = [case.shape[0], *lengths, case.filters]
    transpose = tensorflow.nn.conv2d_transpose
    return lambda: transpose(image, weight, output, case.stride, padding)


def keras_call(case: Case, x: NDArray[Any], kernel: NDArray[Any]) -> Call:
    """Return the call of Keras' layer on TensorFlow."""
    keras = keras_on_tensorflow()
    kind = keras.layers.Conv2DTranspose if case.transposed else keras.layers.Conv2D
    layer = kind(case.filters, case.kernel, case.stride, case.padding, use_bias=False)
    layer.build(x.shape)
    layer.set_weights([kernel])
    image = keras.ops.convert_to_tensor(x)
    return lambda: layer(image)


def candidates(case: Case) -> tuple[Call, dict[str, Call]]:
    """Return our call and those of the peers, on the same numbers."""
    random = np.random.default_rng(0)
    channels = case.shape[3]
    ends = (case.filters, channels) if case.transposed else (channels, case.filters)
    x = random.standard_normal(case.shape).astype(np.float32)
    kernel = random.standard_normal((case.kernel, case.kernel, *ends)).astype(np.float32)
    packed = PackedKernel(kernel)
    convolve = conv2d_transpose if case.transposed else conv2d
    peers = {
        **dict(torch_calls(case, x, kernel)),
        "TensorFlow": tensorflow_call(case, x, kernel),
        "Keras": keras_call(case, x, kernel),
    }
    return lambda: convolve(x, packed, None, case.stride, case.padding), peers


def rows(*, quick: bool) -> Iterator[Row]:
    """Time every case, after a look whether the numbers are the same."""
    for case in CASES:
        if quick and (case.group, case.shape) not in QUICK:
            continue
        own, peers = candidates(case)
        expected = np.asarray(peers["TensorFlow"]())
        tolerance = 2e-5 * np.abs(expected).max()
        np.testing.assert_allclose(np.asarray(own()), expected, rtol=0, atol=tolerance)
        timed = row(case.group, str(case), own, peers, 5 if quick else 15)
        timed["work"] = {"bytes": 0, "products": case.products}
        yield better(timed, "PyTorch")
