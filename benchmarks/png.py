"""Time writing PNG files, and whole runs from file to file, beside Pillow and OpenCV.

    pip install '.[oracle]'
    python benchmarks/png.py

The seconds are the least of several rounds in which all take turns; only their ratios mean
anything. A whole run is a process of its own, from its start to its end.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from timing import interleave

import upsamp
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png

Pixels = NDArray[np.uint8]
Candidates = Mapping[str, Callable[[], object]]

LAKE = Path(__file__).parents[1] / "sample_images" / "lake.png"
OWN = "upsamp"
PILLOW = """
from PIL import Image
image = Image.open({source!r})
size = image.width * 2, image.height * 2
image.resize(size, Image.Resampling.BILINEAR).save({target!r}, {options})
"""
OPENCV = """
import cv2
image = cv2.imread({source!r}, cv2.IMREAD_UNCHANGED)
cv2.imwrite({target!r}, cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR))
"""


class Case(NamedTuple):
    """What is timed, and the bytes that each candidate made."""

    group: str
    name: str
    candidates: Candidates
    sizes: Callable[[], Mapping[str, int]]


def photograph(side: int) -> Pixels:
    """Give a picture like a photograph: the sample, repeated, with the noise of a sensor."""
    with Image.open(LAKE) as image:
        pixels = np.asarray(image)
    repeats = -(-side // pixels.shape[0]), -(-side // pixels.shape[1]), 1
    tiled = np.tile(pixels, repeats)[:side, :side]
    noise = np.random.default_rng(0).normal(0, 4, tiled.shape)
    return np.asarray(np.clip(tiled + noise, 0, 255), np.uint8)


def by_upsamp(pixels: Pixels, level: int) -> bytes:
    """Write by the package."""
    stream = BytesIO()
    write_png(Picture(pixels, "RGB"), stream, compression=level)
    return stream.getvalue()


def by_pillow(pixels: Pixels, level: int) -> bytes:
    """Write by Pillow; level 6 is its default."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "png", compress_level=level)
    return stream.getvalue()


def by_opencv(pixels: Pixels) -> bytes:
    """Write by OpenCV, by its default."""
    cv2: Any = import_module("cv2")  # which may be wanting
    return bytes(cv2.imencode(".png", pixels)[1])


def has_opencv() -> bool:
    """Tell whether OpenCV is installed."""
    return find_spec("cv2") is not None


def run_python(*arguments: str) -> None:
    """Run a Python of its own to its end."""
    subprocess.run(  # noqa: S603 - the programs of this file
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL
    )


def writing_cases(side: int) -> Iterator[Case]:
    """Give enlargements of `side` pixels to write."""
    small = photograph(side // 2)
    for method in ("nearest", "bilinear", "bicubic"):
        pixels = upsamp.upsample(small, 2, method)
        writers: dict[str, Callable[[], bytes]] = {
            OWN: partial(by_upsamp, pixels, 1),
            "Pillow 1": partial(by_pillow, pixels, 1),
            "Pillow": partial(by_pillow, pixels, 6),
        }
        if has_opencv():
            writers["OpenCV"] = partial(by_opencv, pixels)
        yield Case(
            "PNG written",
            f"{side} x {side} x 3, {method} x2",
            writers,
            partial(_written_sizes, writers),
        )


def process_cases(side: int, place: Path) -> Iterator[Case]:
    """Give the whole run: a PNG of `side` pixels to one of twice as many."""
    source = place / f"{side}.png"
    source.write_bytes(by_upsamp(photograph(side), 1))
    target = {name: place / f"{side}_{name}.png" for name in (OWN, "Pillow 1", "Pillow", "OpenCV")}
    commands = {
        OWN: [
            *("-m", "upsamp", "upsample", str(source), "--interp", "bilinear"),
            *("-o", str(target[OWN]), "--force"),
        ],
        "Pillow 1": ["-c", _program(PILLOW, source, target["Pillow 1"], "compress_level=1")],
        "Pillow": ["-c", _program(PILLOW, source, target["Pillow"])],
    }
    if has_opencv():
        commands["OpenCV"] = ["-c", _program(OPENCV, source, target["OpenCV"])]
    runs = {name: partial(run_python, *command) for name, command in commands.items()}
    yield Case(
        "PNG to PNG",
        f"{side} x {side} x 3, bilinear x2",
        runs,
        lambda: {name: target[name].stat().st_size for name in runs},
    )


def _written_sizes(writers: Mapping[str, Callable[[], bytes]]) -> dict[str, int]:
    return {name: len(write()) for name, write in writers.items()}


def _program(program: str, source: Path, target: Path, options: str = "") -> str:
    return program.format(source=str(source), target=str(target), options=options)


def measure(rounds: int, sides: tuple[int, ...] = (1024, 2048)) -> Iterator[dict[str, Any]]:
    """Give a row for each case: group, case, own seconds, seconds of peers, and bytes."""
    with tempfile.TemporaryDirectory() as folder:
        for side in sides:
            for case in (*writing_cases(side), *process_cases(side, Path(folder))):
                timed = interleave(case.candidates, rounds)
                seconds = {name: min(taken) for name, taken in timed.items()}
                yield {
                    "group": case.group,
                    "case": case.name,
                    "seconds": seconds.pop(OWN),
                    "peers": seconds,
                    "bytes": dict(case.sizes()),
                }


def main() -> None:
    """Print each case with the ratios of the peers' times, and of their sizes, to the own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    for row in measure(parser.parse_args().rounds):
        print(f"{row['group']}, {row['case']}: {row['seconds']:.3f} s, {row['bytes'][OWN]:,} bytes")
        for name, seconds in row["peers"].items():
            size = row["bytes"][name] / row["bytes"][OWN]
            print(f"    {name}: {seconds / row['seconds']:.2f} of the time, {size:.2f} of the size")


if __name__ == "__main__":
    main()
