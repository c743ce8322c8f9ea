"""`--max-memory` by the system's own account: what each path takes, and what a refusal takes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import pytest
import tifffile
from click.testing import Result
from colour_profiles import cmyk_profile
from effort import choose
from networks import fsrcnn, with_values
from numpy.typing import NDArray
from PIL import Image
from terminals import SCRIPT

from upsamp.core import threads
from upsamp.io import matrices, npy_files
from upsamp.io.images import memory
from upsamp.resizing import strip_jobs, strip_run

Array = NDArray[Any]
# Who starts a process is small itself: what it has counts as the process's own.
LAUNCHER = """\
import json, os, sys
process = os.fork()
if not process:
    os.dup2(os.open(sys.argv[1], os.O_RDONLY), 0)
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(process, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss]))
"""
LONG = 100
MB = 2**20
# What a refused command may take besides its bare start.
LITTLE = 6 * MB


class Run(NamedTuple):
    """How a command ended, what it wrote to standard error, and the most bytes that it had."""

    code: int
    errors: str
    peak: int


def run(folder: Path, *args: str, threads: int = 2, stdin: str = os.devnull) -> Run:
    """Run `upsamp upsample` and let the system say what it took."""
    words = [sys.executable, "-S", "-c", LAUNCHER, stdin, str(SCRIPT), "upsample", *args]
    done = subprocess.run(
        [*words, "--force", "-q"],
        cwd=folder,
        env=os.environ | {"UPSAMP_THREADS": str(threads)},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=True,
    )
    code, peak = json.loads(done.stdout.splitlines()[-1])
    return Run(code, done.stderr, peak * 1024)


def pixels(side: int, channels: int = 3) -> Array:
    """Return a smooth picture with some noise, (side, 1.2 side, C), or (side, 1.2 side)."""
    rows, columns = np.ogrid[:side, : side * 6 // 5]
    smooth = (110 + 60 * np.sin(rows / 40) + 50 * np.cos(columns / 60)).astype(np.uint8)
    noise = np.random.default_rng(3).integers(0, 16, (*smooth.shape, channels), np.uint8)
    image = smooth[..., np.newaxis] + noise
    return np.asarray(image[..., 0] if channels == 1 else image)


def pillow(side: int, path: Path, mode: str = "RGB", **options: Any) -> None:
    """Write an image by Pillow."""
    Image.fromarray(pixels(side)).convert(mode).save(path, **options)


def deep_png(side: int, path: Path) -> None:
    """Write a PNG of 16-bit colour."""
    path.write_bytes(imagecodecs.png_encode(pixels(side).astype(np.uint16) * 257, level=1))


def deep_tiff(side: int, path: Path, **options: Any) -> None:
    """Write a TIFF of 16-bit colour."""
    tifffile.imwrite(path, pixels(side).astype(np.uint16) * 257, **options)


def text(side: int, path: Path) -> None:
    """Write a matrix as text."""
    line = ",".join(f"{value:.4g}" for value in pixels(side, 1)[0] / 8)
    path.write_text(f"{line}\n" * side)


def nested(side: int, path: Path) -> None:
    """Write a matrix as JSON."""
    path.write_text(json.dumps(pixels(side, 1).tolist()))


def numpy_file(side: int, path: Path, order: Any = "C", dtype: str = "u1") -> None:
    """Write a .npy file."""
    np.save(path, np.asarray(pixels(side).astype(dtype), order=order))


def archive(side: int, path: Path) -> None:
    """Write a .npz file."""
    np.savez_compressed(path, pixels(side))


def frames(side: int, path: Path) -> None:
    """Write an animation of three frames."""
    first, *rest = [Image.fromarray(np.roll(pixels(side), 9 * n, 0)) for n in range(3)]
    first.save(path, save_all=True, append_images=rest)


# Exif of one tag: the orientation, which is 6.
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
Make = Callable[[int, Path], None]
MAKERS: dict[str, Make] = {
    "plain.jpg": pillow,
    "lines.csv": text,
    "packed.npz": archive,
    "turned.jpg": partial(
        pillow, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06"
    ),
    "progressive.jpg": partial(pillow, progressive=True, subsampling=0),
    "grey.jpg": partial(pillow, mode="L"),
    "inks.jpg": partial(pillow, mode="CMYK"),
    "profile.tif": partial(pillow, mode="CMYK", icc_profile=cmyk_profile()),
    "plain.png": partial(pillow, compress_level=1),
    "alpha.png": partial(pillow, mode="RGBA", compress_level=1),
    "palette.png": partial(pillow, mode="P", compress_level=1),
    "bits.png": partial(pillow, mode="1"),
    "deep.png": deep_png,
    "plain.tif": pillow,
    "packed.tif": partial(pillow, compression="tiff_adobe_deflate"),
    "deep.tif": deep_tiff,
    "tiles.tif": partial(deep_tiff, tile=(256, 256), compression="zlib"),
    "plain.bmp": pillow,
    "plain.ppm": pillow,
    "lossy.webp": partial(pillow, method=0),
    "lossless.webp": partial(pillow, method=0, lossless=True),
    "plain.gif": pillow,
    "plain.jp2": pillow,
    "plain.avif": partial(pillow, speed=10),
    "frames.gif": frames,
    "frames.webp": frames,
    "frames.png": frames,
    "frames.tif": frames,
    "nested.json": nested,
    "plain.npy": numpy_file,
    "columns.npy": partial(numpy_file, order="F"),
    "swapped.npy": partial(numpy_file, dtype=">u2"),
}
if ".avif" not in Image.registered_extensions():  # as in an old Pillow
    del MAKERS["plain.avif"]
TARGETS = dict.fromkeys((".json", ".csv", ".npz", ".npy"), ".npy")
EVERY = [(name, TARGETS.get(Path(name).suffix, ".png")) for name in MAKERS]
EVERY += [
    ("plain.npy", ".tif"),
    ("plain.jpg", ".tif"),
    ("inks.jpg", ".tif"),
    ("profile.tif", ".png"),
    ("profile.tif", ".gif"),
    ("profile.tif", ".webp"),
    ("lines.csv", ".csv"),
]
WHOLE = (".npy", ".jpg", ".webp", ".gif", ".bmp", ".ppm", ".npz")
EVERY += [("plain.jpg", suffix) for suffix in WHOLE]
EVERY += [(name, Path(name).suffix) for name in MAKERS if name.startswith("frames")]
CASES = choose(EVERY[:2], EVERY)


def named_bound(errors: str) -> int:
    """Return the megabytes that a refusal names as enough, in a line after notes."""
    found = re.fullmatch(
        r"(?:Note: .*\n)*Error: .* Use --max-memory (\d+)MB or more[^\n]*\n", errors
    )
    assert found, errors
    return int(found[1])


COMMANDS = (
    ("upsample", "--size", "1.5", "--interp", "bilinear"),
    ("upsample", "--size", "3"),
    ("upsample", "--linear", "--interp", "bicubic"),
    ("transpose-conv", "--weights", "bilinear", "--stride", "2"),
)
# What is neither light nor the depth that a format holds.
MISFITS = "Linear light is for|--linear is for|would lose the rest|floats"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_a_refusal_names_is_enough_whatever_is_read_and_written(
    invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    # Small files are then bounded by what large ones are: their pixels.
    for module, constant in (
        *((matrices, "WORKING"), (npy_files, "WORKING"), (memory, "WORKING")),
        *((memory, "FIXED_BYTES"), (strip_jobs, "FIXED_BYTES"), (strip_run, "FIXED_BYTES")),
        *((strip_jobs, "THREAD_BYTES"), (threads, "THREAD_MEMORY")),
    ):
        monkeypatch.setattr(module, constant, 2**18)
    refusals = 0
    # Each command meets others of them.
    some = [*EVERY[COMMANDS.index(words) :: len(EVERY) // 5], ("frames.webp", ".webp")]
    for name, suffix in choose(some, EVERY):
        if not Path(name).exists():
            MAKERS[name](300, Path(name))
        line = (words[0], name, *words[1:], "-o", f"out{suffix}", "--force")
        refused = invoke(*line, "--max-memory", "1MB")
        if refused.exit_code == 0 or re.search(MISFITS, refused.stderr):
            continue
        refusals += 1
        done = invoke(*line, "--max-memory", f"{named_bound(refused.stderr)}MB")
        fits = done.exit_code == 0 or re.search(MISFITS, done.stderr)
        assert fits, (name, suffix, refused.stderr, done.stderr)
    assert refusals > choose(2, 20)


@pytest.mark.parametrize(
    ("name", "suffix", "threads"),
    [(*case, (2, 1, 8)[choose(0, number % 3)]) for number, case in enumerate(CASES)],
)
def test_the_bound_that_a_refusal_names_is_kept(
    tmp_path: Path, name: str, suffix: str, threads: int
) -> None:
    side = 900 if Path(name).suffix in (".json", ".csv") else choose(1200, 2400)
    MAKERS[name](side, tmp_path / name)
    MAKERS[name](1, tmp_path / f"one_{name}")
    command = ("-o", f"out{suffix}", "--size", "1.5", "--interp", "bilinear")
    bare = run(tmp_path, f"one_{name}", *command, threads=threads)
    assert bare.code == 0, bare.errors
    refused = run(tmp_path, name, *command, "--max-memory", "1MB", threads=threads)
    assert refused.peak < bare.peak + LITTLE
    enough = named_bound(refused.errors)
    done = run(tmp_path, name, *command, "--max-memory", f"{enough}MB", threads=threads)
    assert done.code == 0, done.errors
    assert done.peak < bare.peak + 1.05 * MB * enough


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        *product(("plain.png", "alpha.png", "grey.jpg"), (".png", ".tif", ".jpg")),
        ("deep.png", ".png"),
        ("deep.png", ".tif"),
    ],
)
def test_the_bound_that_a_refusal_names_is_kept_by_a_network(
    tmp_path: Path, name: str, suffix: str
) -> None:
    with_values(fsrcnn(wide=32, narrow=8)).save(tmp_path / "net.keras")
    MAKERS[name](900, tmp_path / name)
    MAKERS[name](1, tmp_path / f"one_{name}")
    command = ("--model", "net.keras", "-o", f"out{suffix}")
    bare = run(tmp_path, f"one_{name}", *command)
    assert bare.code == 0, bare.errors
    refused = run(tmp_path, name, *command, "--max-memory", "1MB")
    done = run(tmp_path, name, *command, "--max-memory", f"{named_bound(refused.errors)}MB")
    assert done.code == 0, done.errors
    assert done.peak < bare.peak + 1.05 * MB * named_bound(refused.errors)


def test_what_comes_through_a_pipe_is_kept_on_disk(tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", np.ones((3000, 3600, 3), np.uint8))  # 32 MB
    bare = run(tmp_path, "1 2; 3 4", "-o", "out.npy")
    command = ("-", "-o", "out.npy", "--max-memory", "30MB")
    done = run(tmp_path, *command, stdin=str(tmp_path / "in.npy"))
    assert done.code == 0, done.errors
    assert done.peak < bare.peak + 1.05 * 30 * MB


def test_all_processes_share_the_bound_and_what_does_not_fit_fails_alone(tmp_path: Path) -> None:
    sizes = {"a.jpg": 400, "b.jpg": 2400, "c.jpg": 400}
    for name, side in sizes.items():
        Image.new("RGB", (side * 6 // 5, side)).save(tmp_path / name)
    bare = run(tmp_path, "a.jpg", "--size", "1", "--out-dir", "bare")
    done = run(
        tmp_path, *sizes, "--size", "2", "--out-dir", "out", "-j", "2", "--max-memory", "120MB"
    )
    assert done.code == 1
    told = r"Received: 120\.00 MB, of which each of 2 processes has 5\d\.\d\d MB\. Use --max-memory"
    assert re.search(told, done.errors)
    assert "or fewer --jobs" in done.errors
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a_2x2_nearest.jpg",
        "c_2x2_nearest.jpg",
    ]
    assert done.peak < bare.peak + 1.05 * 56 * MB


@pytest.mark.parametrize("first", choose(["1MB"], ["1MB", "60MB", "100MB"]))
def test_what_a_file_among_others_names_is_enough_for_all_processes(
    invoke: Callable[..., Result], first: str
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        pillow(600, Path(name))
    more = ("-j", "3", "--size", "4", "--format", "jpeg", "-q")
    line = ("upsample", "a.png", "b.png", "c.png", *more)
    refused = invoke(*line, "--max-memory", first)
    named = {*re.findall(r"Use --max-memory (\d+)MB or more, or fewer --jobs", refused.stderr)}
    assert len(named) == 1, refused.stderr
    done = invoke(*line, "--max-memory", f"{named.pop()}MB")
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_bound_that_is_small_lowers_the_jobs_and_says_so_once(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        pillow(60, tmp_path / name)
    words = ["upsample", "a.png", "b.png", "c.png", "-j", "3", "--max-memory", "80MB"]
    done = subprocess.run(
        [str(SCRIPT), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=True,
    )
    assert done.stderr.count("--max-memory has room for 1 of 3 files at a time") == 1
