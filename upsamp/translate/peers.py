"""What other libraries compute for the same upsampling, where they are installed.

Each is asked in the most natural way, as its users do; only then is it imported.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.arguments import CONVENTIONS, Array, Convention, Interpolation, Pair
from upsamp.core.upsampling.methods import METHODS, Method, Spelling
from upsamp.core.upsampling.resample import resize

# A peer takes (H, W, C) float32 and (rows, columns) and gives the same, grown; None where its
# version lacks the method.
Peer: TypeAlias = Callable[[Array, Pair, str], Any]


@dataclass(frozen=True)
class Comparison:
    """How far a result lies from the chosen one; the numbers are None where there is none.

    largest, mean: of the absolute differences. psnr: peak signal to noise ratio, in decibels.
    """

    name: str
    largest: float | None = None
    mean: float | None = None
    psnr: float | None = None
    remark: str = ""


def _pillow(x: Array, size: Pair, method: str) -> Any:
    image = import_module("PIL.Image")
    planes = [
        image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], getattr(image, method))
        for plane in np.moveaxis(x, 2, 0)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def _opencv(x: Array, size: Pair, method: str) -> Any:
    library = import_module("cv2")
    large = library.resize(x, size[::-1], interpolation=getattr(library, method))
    return large.reshape(*size, x.shape[2])


def _torch(x: Array, size: Pair, method: str) -> Any:
    library = import_module("torch")
    batch = library.from_numpy(x.transpose(2, 0, 1)[np.newaxis].copy())
    large = library.nn.functional.interpolate(batch, size=size, mode=method)
    return large[0].numpy().transpose(1, 2, 0)


def _tensorflow(x: Array, size: Pair, method: str) -> Any:
    return import_module("tensorflow").image.resize(x, size, method).numpy()


def _jax(x: Array, size: Pair, method: str) -> Any:
    library = import_module("jax").image
    try:
        library.ResizeMethod.from_string(method)
    except ValueError:  # area came with 0.10
        return None
    return library.resize(x, (*size, x.shape[2]), method, antialias=False)


# Each library: the module that tells whether it is there, its package, its call, and how it names
# a method.
PEERS: Mapping[str, tuple[str, str, Peer, Callable[[Method], Spelling | None]]] = {
    "Pillow": ("PIL", "pillow", _pillow, lambda method: method.pillow),
    "OpenCV": ("cv2", "opencv-python-headless", _opencv, lambda method: method.opencv),
    "PyTorch": ("torch", "torch", _torch, lambda method: method.torch.get("torch")),
    "TensorFlow": ("tensorflow", "tensorflow", _tensorflow, lambda method: method.tensorflow),
    "JAX": ("jax", "jax", _jax, lambda method: method.jax.get("keras")),
}


def compare_with_peers(
    x: Array,
    size: Pair,
    interpolation: Interpolation,
    *,
    convention: Convention = "keras",
    align_corners: bool = False,
) -> Iterator[Comparison]:
    """Say how far the results of other conventions and libraries lie from the chosen one.

    x: (H, W) or (H, W, C), any real dtype; all compute on the same values in float32. The ratio's
    peak is the largest value of an integer dtype, otherwise the range of `x`.
    """
    values = x.astype(np.float32)
    values = values if values.ndim == 3 else values[..., np.newaxis]
    peak = float(np.iinfo(x.dtype).max) if x.dtype.kind in "iu" else float(np.ptp(values))
    chosen = resize(values, size, interpolation, convention=convention, align_corners=align_corners)

    def against(name: str, result: Any, remark: str = "") -> Comparison:
        difference = np.abs(np.asarray(result, np.float64) - chosen)
        square = float(np.mean(difference**2))
        ratio = np.inf if square == 0 else 10 * np.log10(max(peak, 1e-300) ** 2 / square)
        return Comparison(
            name, float(difference.max()), float(difference.mean()), float(ratio), remark
        )

    for other in CONVENTIONS:
        if other == convention and not align_corners:
            continue
        name = f"upsamp, convention {other}"
        if other in METHODS[interpolation].kernels:
            yield against(name, resize(values, size, interpolation, convention=other))
        else:
            yield Comparison(name, remark=f"has no {interpolation}")
    for name, (module, package, call, spelled) in PEERS.items():
        spelling = spelled(METHODS[interpolation])
        if spelling is None:
            yield Comparison(name, remark=f"has no {interpolation}")
        elif find_spec(module) is None:
            yield Comparison(name, remark=f"not installed: pip install {package}")
        else:
            result = call(values, size, spelling.name)
            named = f"{name} {_version(package, module)}"
            if result is None:
                yield Comparison(named, remark=f"has no {interpolation}")
            else:
                yield against(named, result, spelling.remark)


def _version(package: str, module: str) -> str:
    """Return the version of an installed library, whichever of its packages brought it."""
    if find_spec(module) is not None and hasattr(import_module(module), "__version__"):
        return str(import_module(module).__version__)
    return version(package)
