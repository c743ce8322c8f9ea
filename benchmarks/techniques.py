"""What each technique buys: the same call with it and without it."""

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
from libraries import THREADS
from numpy.typing import NDArray
from timing import Call, Row, row

from upsamp import upsample
from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.convolution.packing import PackedKernel
from upsamp.core.threads import VARIABLE
from upsamp.core.upsampling.interpolation import plan_axis
from upsamp.core.upsampling.reference import interpolate_plainly
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png

SIDE = 1024


def rows(*, quick: bool) -> Iterator[Row]:
    """Time each technique."""
    rounds = 3 if quick else 11
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    floats = x.astype(np.float32)
    for dtype, image in (("uint8", x), ("float32", floats)):
        for method in ("nearest", "bilinear", "lanczos3"):
            call = _upsampling(image, method)
            name = f"{method} {dtype} {SIDE} x {SIDE} x 3 by 2"
            peers = {"one thread": _with_one_thread(call)}
            if method != "nearest":
                peers["plain sums"] = _plain(image, method)
            yield row("upsampling", name, call, peers, rounds)
    out = np.empty((2 * SIDE, 2 * SIDE, 3), np.float32)
    yield row(
        "memory of the output used again",
        f"bilinear float32 {SIDE} x {SIDE} x 3 by 2",
        lambda: upsample(floats, 2, "bilinear", out=out),
        {"fresh memory": lambda: upsample(floats, 2, "bilinear")},
        rounds,
    )
    yield from layer_rows(random, rounds)
    picture = Picture(upsample(x, 2, "bicubic"), "RGB")
    write = _writing(picture)
    peers = {"one thread": _with_one_thread(write)}
    yield row("a PNG written", f"{2 * SIDE} x {2 * SIDE} x 3", write, peers, rounds)


def layer_rows(random: np.random.Generator, rounds: int) -> Iterator[Row]:
    """Time kernels that a layer has packed once, beside such as are packed in every call."""
    for images, side, channels in ((1, 8, 256), (16, 16, 128)):
        x = random.standard_normal((images, side, side, channels)).astype(np.float32)
        kernel = random.standard_normal((4, 4, channels, channels)).astype(np.float32)
        call = _layer(x, PackedKernel(kernel))
        peers = {"kernel packed anew": _layer(x, kernel), "one thread": _with_one_thread(call)}
        case = f"{images} x {side} x {side} x {channels}, k4 s2"
        yield row("transposed convolution", case, call, peers, rounds)


def _upsampling(image: NDArray[Any], method: str) -> Call:
    return lambda: upsample(image, 2, method)


def _layer(x: NDArray[Any], kernel: Any) -> Call:
    return lambda: conv2d_transpose(x, kernel, None, 2, "same")


def _writing(picture: Picture) -> Call:
    return lambda: write_png(picture, BytesIO())


def _plain(image: NDArray[Any], method: Any) -> Call:
    """Return the plain sums that every faster way is proved equal to."""
    height, width, channels = image.shape
    plans = (
        plan_axis(height, 2 * height, method, "keras"),
        plan_axis(width, 2 * width, method, "keras"),
    )

    def call() -> object:
        out = np.empty((1, 2 * height, 2 * width, channels), image.dtype)
        interpolate_plainly(image[np.newaxis], out, plans, THREADS, alpha=False)
        return out

    return call


def _with_one_thread(call: Callable[[], object]) -> Call:
    def alone() -> object:
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = "1"
        try:
            return call()
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before

    return alone
