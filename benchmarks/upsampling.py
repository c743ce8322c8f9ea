"""Upsampling beside OpenCV, PyTorch, TensorFlow and Pillow: one process, two threads each.

    python benchmarks/upsampling.py [--quick] [--json results.json]

Run it where `pip install '.[oracle]'` was run. OpenCV's lanczos4 stands beside our lanczos3.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from timing import Row, row, table

from upsamp import upsample

THREADS = 2
METHODS = ("nearest", "bilinear", "bicubic", "lanczos3")
Call = Callable[[], object]


class Case(NamedTuple):
    """An image to upsample."""

    dtype: str
    side: int
    channels: int
    factor: int
    method: str

    def __str__(self) -> str:
        """Name the case in a table."""
        shape = f"{self.side} x {self.side} x {self.channels}"
        return f"{self.method} {self.dtype} {shape} by {self.factor}"


def cases(quick: bool) -> Iterator[Case]:
    """Give the cases; a few of them when it has to be quick."""
    shapes = [(512, 3, 2), (1024, 3, 2)]
    if not quick:
        shapes += [(256, 3, 2), (1024, 1, 2), (1024, 4, 2), (512, 3, 3), (512, 3, 4), (2048, 3, 2)]
    for dtype in ("uint8", "float32"):
        for side, channels, factor in shapes:
            for method in METHODS:
                yield Case(dtype, side, channels, factor, method)


def opencv(x: np.ndarray[Any, Any], case: Case) -> Call | None:
    """Give OpenCV's call, for images of at least 512 pixels."""
    import cv2

    cv2.setNumThreads(THREADS)
    codes = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
    code, factor = codes[METHODS.index(case.method)], case.factor
    if case.side < 512:
        return None
    return lambda: cv2.resize(x, None, fx=factor, fy=factor, interpolation=code)


def torch(x: np.ndarray[Any, Any], case: Case) -> Call | None:
    """Give PyTorch's call, which has no Lanczos."""
    import torch
    from torch.nn.functional import interpolate

    torch.set_num_threads(THREADS)
    if case.method == "lanczos3":
        return None
    planes = torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)[np.newaxis]))
    factor = float(case.factor)
    return lambda: interpolate(planes, scale_factor=factor, mode=case.method)


def tensorflow(x: np.ndarray[Any, Any], case: Case) -> Call | None:
    """Give TensorFlow's call, which makes float32 of bytes unless they are copied."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    image = tf.constant(x[np.newaxis])
    size = (case.side * case.factor,) * 2
    return lambda: tf.image.resize(image, size, case.method)


def pillow(x: np.ndarray[Any, Any], case: Case) -> Call | None:
    """Give Pillow's call, which takes grey, RGB and RGBA in bytes, and grey in float32."""
    from PIL import Image

    if case.dtype != "uint8" and case.channels > 1:
        return None
    image = Image.fromarray(x[..., 0] if case.channels == 1 else x)
    filters = Image.Resampling
    kinds = (filters.NEAREST, filters.BILINEAR, filters.BICUBIC, filters.LANCZOS)
    kind, size = kinds[METHODS.index(case.method)], (case.side * case.factor,) * 2
    return lambda: np.asarray(image.resize(size, kind))


PEERS = {"OpenCV": opencv, "PyTorch": torch, "TensorFlow": tensorflow, "Pillow": pillow}


def rows(quick: bool, rounds: int) -> Iterator[Row]:
    """Time every case."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    os.environ["UPSAMP_THREADS"] = str(THREADS)
    generator = np.random.default_rng(0)
    for case in cases(quick):
        x = generator.integers(0, 256, (case.side, case.side, case.channels)).astype(case.dtype)
        peers = {name: call for name, of in PEERS.items() if (call := of(x, case))}

        def own(x: np.ndarray[Any, Any] = x, case: Case = case) -> object:
            return upsample(x, case.factor, case.method)

        yield row(f"upsampling {case.dtype} {case.method}", str(case), own, peers, rounds)


def main() -> None:
    """Print a table of all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few cases, in few rounds")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    options = parser.parse_args()
    timed = list(rows(options.quick, 5 if options.quick else 15))
    print(table(timed))
    if options.json:
        options.json.write_text(json.dumps(timed, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
