"""The machine that measures: what it is, and what it can do at most."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from libraries import THREADS
from timing import take_turns, turn_of

from upsamp.core.native.library import describe_kernels
from upsamp.core.threads import share

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Limits", "describe", "limits"]

PACKAGES = (
    *("numpy", "pillow", "keras", "tensorflow-cpu", "torch", "jax"),
    *("opencv-python-headless", "cykooz-resizer", "kornia-rs", "pic-scale"),
)
# Bytes of an array that no cache holds.
LARGE = 2**26
SIDE = 2048


class Limits(TypedDict):
    """Bytes copied a second, and multiplications with an addition each."""

    copied: float
    products: float


def describe() -> dict[str, str]:
    """Name the processor, the threads, the system, and the versions of what is compared."""
    return {
        "processor": _processor(),
        "threads": str(THREADS),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "kernels of upsamp": describe_kernels(),
        "kernels of NumPy's BLAS": _blas_kernels(),
        **{name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    """Return the name of the processor, and its family where the name is a brand alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    facts: Mapping[str, str] = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    name = facts.get("model name", platform.processor())
    return f"{name}, family {facts['cpu family']}" if "cpu family" in facts else name


def _blas_kernels() -> str:
    """Tell for which processor OpenBLAS has chosen its loops; the environment may have done it."""
    from threadpoolctl import threadpool_info

    found = [each.get("architecture") for each in threadpool_info() if "numpy" in each["filepath"]]
    forced = os.environ.get("OPENBLAS_CORETYPE")
    return f"{found[0] if found else 'unknown'}{', forced by OPENBLAS_CORETYPE' if forced else ''}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def limits(*, quick: bool) -> Limits:
    """Measure what the machine can do: a copy that leaves the caches, and a large product."""
    source, target = np.ones((2, LARGE), np.uint8)
    parts = np.array_split(np.arange(LARGE), THREADS)
    slices = [slice(part[0], part[-1] + 1) for part in parts]
    factor = np.ones((SIDE, SIDE), np.float32)
    product = np.empty_like(factor)

    def copy(run: range) -> None:
        for part in run:
            target[slices[part]] = source[slices[part]]

    turns = {
        "copy": turn_of(lambda: share(THREADS, THREADS, copy)),
        "product": turn_of(lambda: np.matmul(factor, factor, out=product)),
    }
    times = take_turns(turns, 5 if quick else 15)
    return {
        "copied": LARGE / times["copy"]["least"],
        "products": SIDE**3 / times["product"]["least"],
    }
