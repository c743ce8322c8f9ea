"""Upsampling beside OpenCV, PyTorch, TensorFlow, Keras and Pillow, two threads each.

OpenCV's lanczos4 stands beside our lanczos3. Keras' layer runs on TensorFlow.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from libraries import (
    THREADS,
    TORCH_LAYOUTS,
    keras_on_tensorflow,
    limited_tensorflow,
    limited_torch,
)
from numpy.typing import NDArray
from timing import Call, Row, better, row

from upsamp import upsample

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3")


class Case(NamedTuple):
    """An image to upsample."""

    dtype: str
    side: int
    channels: int
    factor: int
    method: str

    def __str__(self) -> str:
        """Name the case in a table."""
        return f"{self.side} x {self.side} x {self.channels} by {self.factor}"


def cases(*, quick: bool) -> Iterator[Case]:
    """Yield the cases; a few of them when it has to be quick."""
    shapes = [(512, 3, 2), (1024, 3, 2)]
    if not quick:
        shapes += [(256, 3, 2), (1024, 1, 2), (1024, 4, 2), (512, 3, 3), (512, 3, 4), (2048, 3, 2)]
    for dtype in ("uint8", "float32"):
        for method in METHODS:
            for side, channels, factor in shapes:
                yield Case(dtype, side, channels, factor, method)


def opencv(x: NDArray[Any], case: Case) -> Call | None:
    """Return OpenCV's call, for images of at least 512 pixels."""
    import cv2

    cv2.setNumThreads(THREADS)
    codes = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
    code, factor = codes[METHODS.index(case.method)], case.factor
    if case.side < 512:
        return None
    return lambda: cv2.resize(x, None, fx=factor, fy=factor, interpolation=code)


def torch_in(layout: str) -> Callable[[NDArray[Any], Case], Call | None]:
    """Return what gives PyTorch's call, which has no Lanczos, for one order of its memory."""

    def torch(x: NDArray[Any], case: Case) -> Call | None:
        torch = limited_torch()
        if case.method == "lanczos3":
            return None
        planes = torch.from_numpy(x).permute(2, 0, 1)[np.newaxis]
        planes = planes.contiguous(memory_format=getattr(torch, layout))
        factor, resize = float(case.factor), torch.nn.functional.interpolate
        return lambda: resize(planes, scale_factor=factor, mode=case.method)

    return torch


def tensorflow(x: NDArray[Any], case: Case) -> Call:
    """Return TensorFlow's call, which makes float32 of bytes unless they are copied."""
    tensorflow = limited_tensorflow()
    image = tensorflow.constant(x[np.newaxis])
    size = (case.side * case.factor,) * 2
    return lambda: tensorflow.image.resize(image, size, case.method)


def keras(x: NDArray[Any], case: Case) -> Call:
    """Return the call of Keras' layer."""
    keras = keras_on_tensorflow()
    layer = keras.layers.UpSampling2D(case.factor, interpolation=case.method)
    image = keras.ops.convert_to_tensor(x[np.newaxis])
    return lambda: layer(image)


def pillow(x: NDArray[Any], case: Case) -> Call | None:
    """Return Pillow's call, which takes grey, RGB and RGBA in bytes, and grey in float32."""
    from PIL import Image

    if case.dtype != "uint8" and case.channels > 1:
        return None
    image = Image.fromarray(x[..., 0] if case.channels == 1 else x)
    filters = Image.Resampling
    kinds = (filters.NEAREST, filters.BILINEAR, filters.BICUBIC, filters.LANCZOS)
    kind, size = kinds[METHODS.index(case.method)], (case.side * case.factor,) * 2
    return lambda: np.asarray(image.resize(size, kind))


PEERS = {
    "OpenCV": opencv,
    **{f"PyTorch {layout}": torch_in(layout) for layout in TORCH_LAYOUTS},
    "TensorFlow": tensorflow,
    "Keras": keras,
    "Pillow": pillow,
}


def rows(*, quick: bool) -> Iterator[Row]:
    """Time every case."""
    generator = np.random.default_rng(0)
    for case in cases(quick=quick):
        x = generator.integers(0, 256, (case.side, case.side, case.channels)).astype(case.dtype)
        peers = {name: call for name, of in PEERS.items() if (call := of(x, case))}

        def own(x: NDArray[Any] = x, case: Case = case) -> NDArray[Any]:
            return upsample(x, case.factor, case.method)

        group = f"upsampling, {case.method} {case.dtype}"
        timed = row(group, str(case), own, peers, 5 if quick else 9)
        timed["work"] = {"bytes": x.nbytes * (1 + case.factor**2), "products": 0}
        yield better(timed, "PyTorch")
