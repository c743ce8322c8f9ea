"""How the time grows: with the pixels, the channels, and the size of the kernel."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from libraries import THREADS
from timing import Row, row

from upsamp import upsample
from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.convolution.packing import PackedKernel

# Sides of the outputs: a thousand pixels to a hundred million.
SIDES = (32, 100, 316, 1000, 3162, 10_000)
CHANNELS = (4, 8, 16, 32, 64, 128, 256, 512)
KERNELS = (1, 2, 3, 4, 5, 6, 7, 9, 11)


def rows(*, quick: bool) -> Iterator[Row]:
    """Time each series."""
    rounds = 3 if quick else 5
    for dtype in ("uint8", "float32"):
        for method in ("nearest", "bilinear", "bicubic", "lanczos3"):
            yield from pixel_rows(dtype, method, SIDES[: 4 if quick else None], rounds)
    yield from channel_rows(CHANNELS[: 4 if quick else None], rounds)
    yield from kernel_rows(KERNELS[: 4 if quick else None], rounds)


def pixel_rows(dtype: str, method: str, sides: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Time images of three channels, enlarged by 2."""
    import cv2

    cv2.setNumThreads(THREADS)
    code = {
        "nearest": cv2.INTER_NEAREST,
        "bilinear": cv2.INTER_LINEAR,
        "bicubic": cv2.INTER_CUBIC,
        "lanczos3": cv2.INTER_LANCZOS4,
    }[method]
    random = np.random.default_rng(0)
    for side in sides:
        x = random.integers(0, 256, (side // 2, side // 2, 3), np.uint8).astype(dtype)
        peers = {"OpenCV": partial(cv2.resize, x, None, fx=2, fy=2, interpolation=code)}
        own = partial(upsample, x, 2, method)
        timed = row(f"output pixels, {dtype}", method, own, peers, rounds)
        yield {**timed, "size": side**2}


def channel_rows(channels: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Time transposed convolutions of 32 x 32 pixels, of as many channels in as out."""
    for count in channels:
        yield _layer_row("channels in and out", 32, count, 4, count, rounds)


def kernel_rows(kernels: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Time transposed convolutions with 64 channels, and of an image, by the kernel's side."""
    for kernel in kernels:
        yield _layer_row("side of the kernel", 32, 64, kernel, kernel, rounds)
        yield _layer_row("side of the kernel", 512, 3, kernel, kernel, rounds)


def _layer_row(group: str, side: int, channels: int, kernel: int, size: float, rounds: int) -> Row:
    random = np.random.default_rng(0)
    x = random.standard_normal((1, side, side, channels)).astype(np.float32)
    shape = kernel, kernel, channels, channels
    packed = PackedKernel(random.standard_normal(shape).astype(np.float32))
    case = f"{side} x {side}" + (f" x {channels}" if "kernel" in group else ", k4") + ", s2"
    timed = row(group, case, lambda: conv2d_transpose(x, packed, None, 2, "same"), {}, rounds)
    return {**timed, "size": size}
