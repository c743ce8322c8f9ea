"""Whole commands, from their start to their end, beside programs of the peers that do the same."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from libraries import THREADS
from PIL import Image
from png import photograph
from timing import OWN, Row, row

from upsamp import make_generator

BACKENDS = ("tensorflow", "jax", "torch")
MATRIX = """
import keras, numpy as np
x = np.array([[1, 2], [3, 4]], "float32").reshape(1, 2, 2, 1)
model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.UpSampling2D()])
model.summary()
print(model.predict(x, verbose=0).reshape(4, 4))
"""
SUMMARY = "import keras; keras.models.load_model({model!r}).summary()"
SAMPLES = """
import keras, numpy as np
from PIL import Image
model = keras.models.load_model({model!r})
images = model.predict(np.random.default_rng(0).standard_normal((16, 100)), verbose=0)
grid = images.reshape(4, 4, 28, 28).transpose(0, 2, 1, 3).reshape(112, 112)
Image.fromarray(((grid + 1) * 127.5).round().astype(np.uint8)).save({target!r})
"""
PILLOW = """
from PIL import Image
image = Image.open({source!r})
size = image.width * 2, image.height * 2
image.resize(size, Image.Resampling.{method}).save({target!r}{options})
"""
OPENCV = """
import cv2
image = cv2.imread({source!r}, cv2.IMREAD_UNCHANGED)
cv2.imwrite({target!r}, cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR))
"""
LIBVIPS = """
import pyvips
image = pyvips.Image.new_from_file({source!r}, access="sequential")
image.resize(2, kernel="cubic").write_to_file({target!r})
"""
# A program counts the memory of the one that starts it as its own, so a small one has to do that.
WATCH = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(used.ru_maxrss)
sys.exit(process.returncode)
"""
# Keras' programs take seconds: there is no need for many of them.
FEW, SOME, MANY = 3, 7, 15
# An installed package is compiled once, whatever the shell says of one that is worked on.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}


class FailedError(Exception):
    """A program that did not do what it was asked for."""


class Program(NamedTuple):
    """A command, and what the environment says besides."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = {}

    def run(self) -> str:
        """Run it to its end, and give what it printed."""
        done = subprocess.run(  # noqa: S603 - the commands of the benchmarks
            self.command,
            check=False,
            env={**ENVIRONMENT, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise FailedError(f"{' '.join(self.command)} failed: {done.stderr.strip()[-200:]}")
        return done.stdout

    def megabytes(self) -> float:
        """Run it to its end, and give the most memory that it had."""
        watched = Program((sys.executable, "-c", WATCH, *self.command), self.environment)
        # The system counts in kilobytes, but macOS in bytes.
        return int(watched.run()) / (1e6 if sys.platform == "darwin" else 1e3)


def upsamp(*arguments: str) -> Program:
    """Return a command of ours as it was installed: `python -m` would start some other way."""
    return Program((str(Path(sys.executable).with_name("upsamp")), *arguments))


def python(program: str, **environment: str) -> Program:
    """Return a program of Python."""
    return Program((sys.executable, "-c", program), environment)


def on_backends(program: str) -> dict[str, Program]:
    """Return a program of Keras on each of its backends."""
    return {
        f"Keras on {backend}": python(program, KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3")
        for backend in BACKENDS
    }


def programs_row(
    group: str, case: str, own: Program, peers: Mapping[str, Program], rounds: int
) -> Row:
    """Time whole programs, and tell what memory each has; peers that cannot do it are left out."""
    memory = {OWN: own.megabytes()}
    for name, peer in peers.items():
        try:
            memory[name] = peer.megabytes()
        except FailedError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    calls = {name: peer.run for name, peer in peers.items() if name in memory}
    timed = row(group, case, own.run, calls, rounds, turn=0)
    timed["megabytes"] = memory
    return timed


def rows(*, quick: bool) -> Iterator[Row]:
    """Time commands that start, that list and run models, and that enlarge files."""
    yield from start_rows(MANY if quick else 2 * MANY)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        yield from model_rows(place, 1 if quick else FEW)
        for side in (1024,) if quick else (1024, 2048):
            yield file_row(place, side, FEW if quick else SOME)
        if not quick:
            yield large_row(place, 1)  # which some take most of a minute for


def start_rows(rounds: int) -> Iterator[Row]:
    """Time what starts and ends at once, beside the import of NumPy alone."""
    numpy = {"import numpy": python("import numpy")}
    commands = {
        "upsamp --help": upsamp("--help"),
        "upsamp transpose-conv --kernel 3 --stride 2 --padding same": upsamp(
            *("transpose-conv", "--kernel", "3", "--stride", "2", "--padding", "same")
        ),
        "upsamp upsample '1 2; 3 4'": upsamp("upsample", "1 2; 3 4"),
    }
    for case, command in commands.items():
        yield programs_row("a command started", case, command, numpy, rounds)


def model_rows(place: Path, rounds: int) -> Iterator[Row]:
    """Time what Keras does, too: a layer on a matrix, a model's summary, its samples."""
    model, target = str(place / "dcgan.keras"), str(place / "grid.png")
    make_generator("dcgan").save(model)
    group = "a command, beside Keras"
    matrix = upsamp("upsample", "1 2; 3 4", "--format", "table")
    yield programs_row(group, "a 2 x 2 matrix enlarged", matrix, on_backends(MATRIX), rounds)
    summary = on_backends(SUMMARY.format(model=model))
    yield programs_row(group, "summary of dcgan.keras", upsamp("summary", model), summary, rounds)
    samples = upsamp(*("generator", "--model", model, "--samples", "16", "-o", target, "--force"))
    keras = on_backends(SAMPLES.format(model=model, target=target))
    yield programs_row(group, "16 samples of dcgan.keras as a PNG", samples, keras, rounds)


def file_row(place: Path, side: int, rounds: int) -> Row:
    """Time a PNG that is enlarged to a PNG, twice as wide and high."""
    source = str(place / f"{side}.png")
    Image.fromarray(photograph(side, side)).save(source, compress_level=1)
    targets = {"source": source, "target": str(place / "peer.png")}
    peers = {
        "Pillow": python(PILLOW.format(**targets, method="BILINEAR", options="")),
        "Pillow, level 1": python(
            PILLOW.format(**targets, method="BILINEAR", options=", compress_level=1")
        ),
        "OpenCV": python(OPENCV.format(**targets)),
    }
    own = upsamp(
        *("upsample", source, "--interp", "bilinear", "-o", str(place / "own.png"), "--force")
    )
    return programs_row("PNG to PNG", f"{side} x {side} x 3, bilinear by 2", own, peers, rounds)


def large_row(place: Path, rounds: int) -> Row:
    """Time a JPEG of 24 megapixels that becomes a PNG of 96, by the tools that are installed."""
    source, target = str(place / "photograph.jpg"), str(place / "large.png")
    Image.fromarray(photograph(4000, 6000)).save(source, quality=92)
    names = {"source": source, "target": target, "method": "BICUBIC"}
    peers = {
        "Pillow": python(PILLOW.format(**names, options="")),
        "Pillow, level 1": python(PILLOW.format(**names, options=", compress_level=1")),
    }
    if magick := _image_magick():
        limit = ("-limit", "thread", str(THREADS))
        peers["ImageMagick"] = Program(
            (magick, *limit, source, "-filter", "Catrom", "-resize", "200%", target)
        )
    threads = {"VIPS_CONCURRENCY": str(THREADS)}
    if vips := shutil.which("vips"):
        command = (vips, "resize", source, target, "2", "--kernel", "cubic")
        peers["libvips"] = Program(command, threads)
    elif find_spec("pyvips"):
        peers["libvips"] = python(LIBVIPS.format(**names), **threads)
    own = upsamp("upsample", source, "--interp", "bicubic", "-o", target, "--force")
    group = "24-megapixel JPEG to 96-megapixel PNG"
    return programs_row(group, "6000 x 4000 x 3, bicubic by 2", own, peers, rounds)


def _image_magick() -> str | None:
    """Find ImageMagick by what it says of itself: other programs are named `convert`, too."""
    for name in ("magick", "convert"):
        for folder in os.get_exec_path():
            found = shutil.which(name, path=folder)
            if found:
                said = subprocess.run(  # noqa: S603 - it is only asked for its version
                    [found, "-version"], capture_output=True, check=False, text=True
                )
                if "ImageMagick" in said.stdout:
                    return found
    return None
