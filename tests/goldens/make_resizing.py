"""Write resizing.npz out of the real TensorFlow, JAX and PyTorch.

    pip install jax tensorflow-cpu torch numpy
    cd tests && python -m goldens.make_resizing

The file holds the named inputs, one image (rows, columns) for each size; "outputs", all results end
to end in one flat array of float32; "versions"; and "cases", JSON: for each case the "library", its
"interpolation" and "convention" as upsamp calls them, "align_corners", the "input", the "size" of
its result and its "start" in that flat array.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
from golden_files import save_arrays
from numpy.typing import NDArray

TARGET = Path(__file__).parent / "resizing.npz"
SIZES = (
    ((2, 2), (4, 6)),
    ((3, 5), (7, 11)),
    ((1, 4), (3, 9)),
    ((7, 6), (20, 33)),
    ((5, 9), (5, 9)),
    ((1, 1), (5, 5)),
    ((4, 4), (6, 6)),
)
Image = NDArray[np.float32]
Size = tuple[int, int]
# Library, interpolation, convention and whether corners are aligned.
METHODS = (
    *(
        ("tensorflow", name, "keras", False)
        for name in ("nearest", "bilinear", "lanczos3", "lanczos5")
    ),
    *(("tensorflow", name, "keras", False) for name in ("area", "mitchellcubic", "gaussian")),
    ("jax", "bicubic", "keras", False),
    *(("torch", name, "torch", False) for name in ("nearest", "bilinear", "bicubic", "area")),
    *(("torch", name, "torch", True) for name in ("bilinear", "bicubic")),
)


def by_tensorflow(x: Image, size: Size, interpolation: str, _align_corners: bool) -> Any:
    """Resize one image with tf.image.resize."""
    tf: Any = importlib.import_module("tensorflow")
    return tf.image.resize(x[..., np.newaxis], size, interpolation).numpy()[..., 0]


def by_jax(x: Image, size: Size, interpolation: str, _align_corners: bool) -> Any:
    """Resize one image with jax.image.resize, which calls bicubic "cubic"."""
    jax: Any = importlib.import_module("jax")
    method = {"bicubic": "cubic"}[interpolation]
    return jax.image.resize(x, size, method, antialias=False)


def by_torch(x: Image, size: Size, interpolation: str, align_corners: bool) -> Any:
    """Resize one image with torch.nn.functional.interpolate."""
    torch: Any = importlib.import_module("torch")
    options = {"align_corners": True} if align_corners else {}
    batch = torch.from_numpy(x)[np.newaxis, np.newaxis]
    resized = torch.nn.functional.interpolate(batch, size=size, mode=interpolation, **options)
    return resized.numpy()[0, 0]


LIBRARIES = {"tensorflow": by_tensorflow, "jax": by_jax, "torch": by_torch}


def versions() -> dict[str, str]:
    """Tell what made the file."""
    # The module tensorflow comes in distributions of several names.
    installed = importlib.metadata.packages_distributions()
    names = ("jax", "tensorflow", "torch", "numpy")
    found = {name: importlib.metadata.version(installed[name][0]) for name in names}
    return found | {"python": platform.python_version()}


def main() -> None:
    """Run every method on every size and write the file."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    arrays: dict[str, NDArray[Any]] = {}
    table: list[dict[str, Any]] = []
    outputs: list[NDArray[np.float32]] = []
    start = 0
    for index, (given, wanted) in enumerate(SIZES):
        name = f"image_{given[0]}x{given[1]}"
        # Multiples of 1/8 compress well, and are the same in every precision.
        values = np.random.default_rng(index).integers(-32, 33, given) / 8
        arrays[name] = x = values.astype(np.float32)
        for library, interpolation, convention, align_corners in METHODS:
            result = np.asarray(LIBRARIES[library](x, wanted, interpolation, align_corners))
            if result.shape != wanted or result.dtype != np.float32:
                sys.exit(f"{library} {interpolation} gives {result.dtype} {result.shape}")
            table.append(
                {
                    "library": library,
                    "interpolation": interpolation,
                    "convention": convention,
                    "align_corners": align_corners,
                    "input": name,
                    "size": wanted,
                    "start": start,
                }
            )
            outputs.append(result.ravel())
            start += result.size
    arrays["outputs"] = np.concatenate(outputs)
    arrays["cases"] = np.array(json.dumps(table))
    arrays["versions"] = np.array(json.dumps(versions()))
    save_arrays(TARGET, arrays, small=True)
    sys.stdout.write(f"{len(table)} cases, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
