"""Upsampling beside OpenCV, PyTorch, TensorFlow, Keras, Pillow and three Rust libraries.

Each has two threads. OpenCV's lanczos4 stands beside our lanczos3. Keras' layer runs on TensorFlow.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from libraries import (
    THREADS,
    TORCH_LAYOUTS,
    keras_on_tensorflow,
    limited_kornia,
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


def opencv_exact(x: NDArray[Any], case: Case) -> Call | None:
    """Return the call of what OpenCV names exact, which is there for bilinear bytes."""
    import cv2

    if (case.dtype, case.method) != ("uint8", "bilinear"):
        return None
    code, factor = cv2.INTER_LINEAR_EXACT, case.factor
    return lambda: cv2.resize(x, None, fx=factor, fy=factor, interpolation=code)


def kornia(x: NDArray[Any], case: Case) -> Call | None:
    """Return kornia-rs' call, which takes RGB in bytes."""
    if (case.dtype, case.channels) != ("uint8", 3):
        return None
    resize = limited_kornia().imgproc.resize
    method, size = case.method.rstrip("3"), (case.side * case.factor,) * 2
    return lambda: resize(x, size, method)


def cykooz(x: NDArray[Any], case: Case) -> Call:
    """Return the call of cykooz-resizer, which is fast_image_resize for Python."""
    import cykooz_resizer as library

    kind = ("U8" if case.dtype == "uint8" else "F32") + ("", "", "", "x3", "x4")[case.channels]
    pixels, size = library.PixelType[kind], (case.side * case.factor,) * 2
    filters = {"bicubic": "catmull_rom", "nearest": "box"}
    kernel = library.FilterType[filters.get(case.method, case.method)]
    nearest, convolution = library.ResizeAlg.nearest, library.ResizeAlg.convolution
    options = library.ResizeOptions(
        nearest() if case.method == "nearest" else convolution(kernel),
        use_alpha=False,
        thread_pool=library.ResizerThreadPool(THREADS),
    )
    source = library.ImageData(case.side, case.side, pixels, x.tobytes())
    resizer = library.Resizer()

    def call() -> NDArray[Any]:
        target = library.ImageData(*size, pixels)
        resizer.resize(source, target, options)
        return np.frombuffer(target.get_buffer(), case.dtype).reshape(*size, case.channels)

    return call


def pic_scale(x: NDArray[Any], case: Case) -> Call | None:
    """Return pic-scale's call, on an image of Pillow's."""
    import pic_scale as library

    image, kind = pillow_image(x, case), case.method.upper().rstrip("3")
    if image is None:
        return None
    size, kernel = (case.side * case.factor,) * 2, getattr(library.Resampling, kind)
    options = {"premultiply_alpha": False, "workers": THREADS}
    return lambda: np.asarray(library.resize(image, size, kernel, **options))


def pillow_image(x: NDArray[Any], case: Case) -> Any:
    """Return the image, where Pillow has its kind."""
    from PIL import Image

    if case.dtype != "uint8" and case.channels > 1:
        return None
    return Image.fromarray(x[..., 0] if case.channels == 1 else x)


def pillow(x: NDArray[Any], case: Case) -> Call | None:
    """Return Pillow's call, which takes grey, RGB and RGBA in bytes, and grey in float32."""
    from PIL.Image import Resampling

    image = pillow_image(x, case)
    if image is None:
        return None
    kind, size = case.method.upper().rstrip("3"), (case.side * case.factor,) * 2
    return lambda: np.asarray(image.resize(size, Resampling[kind]))


PEERS = {
    "OpenCV": opencv,
    **{f"PyTorch {layout}": torch_in(layout) for layout in TORCH_LAYOUTS},
    "TensorFlow": tensorflow,
    "Keras": keras,
    "Pillow": pillow,
    "OpenCV exact": opencv_exact,
    "cykooz-resizer": cykooz,
    "kornia-rs": kornia,
    "pic-scale": pic_scale,
}
# Peers that say that they compute what we do, of bytes: how many of theirs are others is told.
SAME = ("OpenCV exact", "cykooz-resizer", "kornia-rs", "pic-scale")


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
        if case.dtype == "uint8":
            exact = own()
            timed["off"] = {
                name: float(np.mean(np.reshape(np.asarray(peers[name]()), exact.shape) != exact))
                for name in SAME
                if name in peers
            }
        yield better(timed, "PyTorch")
