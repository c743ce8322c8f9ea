"""The most memory that calls and commands take besides what they must, as the system counts it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from processes import python, upsamp
from timing import OWN, Row

# Two programs that differ in what is measured: the first one only writes to all of the output.
PROGRAM = """
import numpy as np
from upsamp import conv2d_transpose, upsample
x = np.ones({shape}, {dtype!r})
out = {call}
out[...] = 1
"""
EMPTY = "np.empty(({height}, {width}, {channels}), {dtype!r})"


class Case(NamedTuple):
    """A call, and the shapes of its input and output."""

    name: str
    shape: tuple[int, int, int]
    dtype: str
    call: str
    factor: int
    channels: int


def cases() -> Iterator[Case]:
    """Yield images of many shapes and types."""
    for method in ("nearest", "bilinear", "bicubic", "lanczos3"):
        for dtype in ("uint8", "float32"):
            call = f"upsample(x, 2, {method!r})"
            yield Case(f"{method} {dtype} by 2", (2048, 2048, 3), dtype, call, 2, 3)
    bilinear = "upsample(x, 2, 'bilinear')"
    yield Case("bilinear float64 by 2", (2048, 2048, 3), "float64", bilinear, 2, 3)
    yield Case("bilinear uint16 by 2", (2048, 2048, 3), "uint16", bilinear, 2, 3)
    yield Case("bilinear uint8 by 2", (64, 200_000, 3), "uint8", bilinear, 2, 3)
    yield Case("bilinear float64 by 2", (64, 200_000, 3), "float64", bilinear, 2, 3)
    alpha = "upsample(x, 2, 'bicubic', alpha=True)"
    yield Case("bicubic uint8 by 2, alpha", (2048, 2048, 4), "uint8", alpha, 2, 4)
    for channels in (1, 3):
        kernel = f"np.ones((4, 4, {channels}, {channels}), np.float32)"
        call = f"conv2d_transpose(x, {kernel}, strides=2, padding='same')"
        name = "transposed convolution float32, k4 s2"
        yield Case(name, (2048, 2048, channels), "float32", call, 2, channels)


class File(NamedTuple):
    """A command that enlarges a .npy file by 4, and the bound that it is given, if any."""

    side: int
    dtype: str
    suffix: str
    bound: str = ""


FILES = (
    File(1024, "uint8", ".npy"),
    File(1024, "uint8", ".png"),
    File(4096, "uint8", ".npy", "200MB"),
    File(4096, "uint8", ".png", "200MB"),
    File(4096, "uint8", ".tif", "200MB"),
    File(4096, "float32", ".npy", "200MB"),
    File(4096, "float32", ".npy", "100MB"),
)


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure every case, or the first ones."""
    yield from call_rows(quick=quick)
    yield from file_rows(quick=quick)


def file_rows(*, quick: bool) -> Iterator[Row]:
    """Measure commands: what they take besides what one on a tiny matrix does."""
    with tempfile.TemporaryDirectory() as folder:
        for file in FILES[: 2 if quick else None]:
            source, target = Path(folder, "in.npy"), Path(folder, f"out{file.suffix}")
            pixels = np.random.default_rng(0).integers(0, 256, (file.side, file.side, 3), np.uint8)
            np.save(source, pixels.astype(file.dtype))
            bound = ("--max-memory", file.bound) if file.bound else ()
            common = ("--interp", "lanczos3", "--size", "4", "--force", "-o", str(target), *bound)
            used, least = (
                upsamp("upsample", each, *common).megabytes() for each in (str(source), "1 2; 3 4")
            )
            made = 17 * pixels.size * np.dtype(file.dtype).itemsize / 1e6
            how = f"--max-memory {file.bound}" if file.bound else "at once"
            yield {
                "group": "memory of commands beyond that of the interpreter",
                "case": f"{file.side} x {file.side} x 3, lanczos3 {file.dtype} by 4, "
                f".npy to {file.suffix}, {made:.0f} MB of input and output, {how}",
                "times": {},
                "megabytes": {OWN: used - least},
            }


def call_rows(*, quick: bool) -> Iterator[Row]:
    """Measure calls: what they take besides their input and output."""
    for case in list(cases())[: 2 if quick else None]:
        height, width, _ = case.shape
        empty = EMPTY.format(
            height=height * case.factor,
            width=width * case.factor,
            channels=case.channels,
            dtype=case.dtype,
        )
        made, least = (
            python(PROGRAM.format(shape=case.shape, dtype=case.dtype, call=call)).megabytes()
            for call in (case.call, empty)
        )
        name = f"{' x '.join(map(str, case.shape))}, {case.name}"
        yield {
            "group": "memory beyond input and output",
            "case": name,
            "times": {},
            "megabytes": {OWN: made - least},
        }
