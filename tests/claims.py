"""Every figure that the documents state, beside what it is measured from.

A claim is a sentence of a document, in which each figure stands as {}, and a function that takes
the figures as the document has them and asserts that they are so. What is measured from other
libraries stands in `real_libraries/library_claims.py`; `test_claims.py` finds figures without one.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import dask.array
import numpy as np
import pytest
from click.testing import CliRunner
from networks import fsrcnn, with_values
from page_examples import ROOT, pages

import upsamp
from upsamp.cli import main
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError, FormatError
from upsamp.explain.animation import LAST
from upsamp.io.cells import EXACT
from upsamp.io.images import tiled_tiff
from upsamp.io.palettes import index_colours
from upsamp.io.picture_options import FRAMES_FACTOR, RESULT_FACTOR, WriteOptions
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.models.superresolution.network import Network
from upsamp.models.transposed_convolution import Convolution, Settings

README, CHANGELOG = "README.md", "CHANGELOG.md"
CONVENTIONS, MANY = "docs/reference/conventions.md", "docs/guides/many-files.md"
COMMANDS, MANNERS = "docs/reference/command-line.md", "docs/reference/manners.md"
PICTURES, MATRICES = "docs/guides/pictures.md", "docs/guides/matrices.md"
BEYOND, NETWORKS = "docs/guides/beyond-one-machine.md", "docs/guides/super-resolution.md"
PYTHON, EXACTNESS = "docs/reference/python.md", "docs/exactness.md"
MODELS = "docs/guides/trained-models.md"
# All that is written, but what benchmarks/report.py writes from results.json.
DOCUMENTS = (
    README,
    CHANGELOG,
    *(
        page.relative_to(ROOT).as_posix()
        for page in pages()
        if page.name not in {"performance.md", "changelog.md", "contributing.md"}
    ),
)

# A figure as a document has it: digits, or a word.
WORDS = {
    "a second": 1.0,
    "a minute": 60.0,
    "an hour": 3600.0,
    "a quarter": 0.25,
    "twice": 2.0,
    "three": 3.0,
    "four": 4.0,
    "five": 5.0,
    "ten": 10.0,
}
FIGURE = r"\d(?:[\d,]*\d)?(?:\.\d+)?(?:e-?\d+)?|" + "|".join(WORDS).replace(" ", r"\s+")


@dataclass(frozen=True)
class Claim:
    """A sentence of a document, and what proves its figures."""

    document: str
    sentence: str
    check: Callable[..., None]

    @property
    def pattern(self) -> re.Pattern[str]:
        """What finds the sentence, wherever its lines end, and its figures."""
        words = [f"({FIGURE})".join(map(re.escape, w.split("{}"))) for w in self.sentence.split()]
        return re.compile(r"\s+".join(words))

    def figures(self) -> tuple[float, ...]:
        """Return the figures of the document, which must say the same wherever it says so."""
        found = {match.groups() for match in self.pattern.finditer(text_of(self.document))}
        assert len(found) == 1, f"{self.document} must say: {self.sentence}"
        return tuple(map(number, *found))


def text_of(document: str) -> str:
    """Return the text of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def number(text: str) -> float:
    """Return the value of a figure."""
    words = " ".join(text.split())
    return WORDS[words] if words in WORDS else float(words.replace(",", ""))


class Claims(list[Claim]):
    """A list to which `stated` adds, so that a check stands below its sentences."""

    def stated(self, document: str, sentence: str) -> Callable[[Any], Any]:
        """Add the function below as the check of a sentence."""

        def add(check: Any) -> Any:
            self.append(Claim(document, sentence, check))
            return check

        return add

    def held(self, document: str, sentence: str, *places: str, unit: float = 1) -> None:
        """Add a sentence whose figures are constants of the code, `module:NAME`, by a unit."""

        def check(*figures: float) -> None:
            assert len(figures) == len(places)
            for figure, place in zip(figures, places, strict=True):
                module, _, name = place.partition(":")
                assert figure * unit == getattr(import_module(f"upsamp.{module}"), name), place

        self.append(Claim(document, sentence, check))


CLAIMS = Claims()
stated, held = CLAIMS.stated, CLAIMS.held
MEGABYTE, KILOBYTE = 2**20, 2**10


# --- what is a constant of the code

for document, sentence, unit, *places in (
    (CHANGELOG, "of more than {} cells is plain text", 1, "cli.render.tables:MOST_CELLS"),
    (CHANGELOG, "at a bound: {} MB through a pipe", MEGABYTE, "io.streams:MAX_INPUT"),
    (CHANGELOG, "{} kB of layers", KILOBYTE, "cli.named_models:MAX_LAYERS"),
    (CHANGELOG, "is given up after {} s.", 1, "io.hdf5.reading:TIME_LIMIT"),
    (CHANGELOG, "bounds results ({} times as many,", 1, "io.picture_options:RESULT_FACTOR"),
    (CHANGELOG, "animation ({} as many together)", 1, "io.picture_options:FRAMES_FACTOR"),
    (MANNERS, "frames of {} as many together", 1, "io.picture_options:FRAMES_FACTOR"),
    (MANNERS, "a result of {} times as many", 1, "io.picture_options:RESULT_FACTOR"),
    (PYTHON, "one line of at most {} characters.", 1, "errors:MAX_MESSAGE"),
    (CHANGELOG, "in one line of at most {} characters.", 1, "errors:MAX_MESSAGE"),
    (COMMANDS, "have more than {} times as many together", 1, "io.picture_options:FRAMES_FACTOR"),
    (COMMANDS, "and a result of more than {} times", 1, "io.picture_options:RESULT_FACTOR"),
    (
        PICTURES,
        "at least quality {}, otherwise with quality {}",
        1,
        "io.images.writing:FINE",
        "io.images.writing:QUALITY",
    ),
    (
        COMMANDS,
        "if that is {} or more, otherwise {};",
        1,
        "io.images.writing:FINE",
        "io.images.writing:QUALITY",
    ),
    (COMMANDS, "0 stored, {} fast (the default), 9 smallest", 1, "io.formats:FAST_COMPRESSION"),
    (COMMANDS, "cell of --animate, up to {}.", 1, "cli.animation_options:LARGEST_CELL"),
    (MANY, "has at most {} files in hand", 1, "bulk.processes:AHEAD"),
    (
        MANY,
        "{} tasks for each thread of the workers are in the cluster at a time,",
        1,
        "bulk.dask.engine:AHEAD",
    ),
    (
        MANY,
        "but no fewer than {} nor more than {},",
        1,
        "bulk.dask.engine:LEAST",
        "bulk.dask.engine:MOST",
    ),
    (MANY, "must answer within {} seconds", 1, "bulk.dask.clusters:PATIENCE"),
    (MANY, "there was no worker for {},", 1, "bulk.dask.engine:WITHOUT_WORKERS"),
    (MANY, "at most {} bytes for each of", 1, "io.read:PIXEL_BYTES"),
    (MANY, "and {} MB more", MEGABYTE, "io.read:SPARE_BYTES"),
):
    held(document, sentence, *places, unit=unit)


@stated(MATRICES, "Integers beyond {}**{} keep every digit")
def _exact_integers(base: float, exponent: float) -> None:
    assert base**exponent == EXACT


@stated(COMMANDS, "or {} times in all")
@stated(MANNERS, "or {} times in all its frames or images")
@stated(CHANGELOG, "{} times in all frames or images")
def _all_frames(factor: float) -> None:
    assert factor == FRAMES_FACTOR * RESULT_FACTOR


# --- what is run


def run(*words: str) -> int:
    """Run the command; return its exit code."""
    return CliRunner().invoke(main, words).exit_code


@stated(
    MANNERS, "Exit code {}; {} with one line `Error: ...` when data or files are wrong; {} when"
)
def _exit_codes(right: float, data: float, command: float) -> None:
    assert run("upsample", "1 2") == right
    assert run("upsample", "no such file") == data
    assert run("upsample", "1 2", "--size", "0") == command


@stated(COMMANDS, "A file that fails is told at the end, with code {},")
@stated(MANY, "the run ends with code {};")
def _failed_runs(code: float) -> None:
    assert run("upsample", "no such file", "nor this one") == code


@stated(MANNERS, "{} after Ctrl-C.")
@stated(MANY, "Ctrl-C ends a run at once, with code {}.")
def _interrupted(code: float) -> None:
    assert code == 128 + signal.SIGINT


@stated(PICTURES, "a BigTIFF from {} GB on")
def _big_tiff(gigabytes: float) -> None:
    # So near to it that the tags have room.
    assert 0.99 < tiled_tiff.CLASSIC / (gigabytes * 2**30) < 1


@stated(MATRICES, "A 1x1 kernel with stride {} lays out the input between zeros")
def _between_zeros(stride: float) -> None:
    result = upsamp.conv2d_transpose(
        np.full((2, 2), 5.0), np.ones((1, 1, 1, 1)), strides=int(stride)
    )
    np.testing.assert_array_equal(result != 0, [[True, False] * 2, [False] * 4] * 2)


# --- what benchmarks/results.json has


def times(part: str, group: str, case: str) -> dict[str, float]:
    """Return the median times of a case, by who was timed."""
    parts = json.loads(text_of("benchmarks/results.json"))["parts"]
    (row,) = [row for row in parts[part] if (row["group"], row["case"]) == (group, case)]
    return {name: each["median"] for name, each in row["times"].items()}


def near(stated_ratio: float, measured: float) -> None:
    """Assert that a ratio is as stated, but for what one run differs from another."""
    assert abs(stated_ratio / measured - 1) < 0.25, measured


@stated(README, "| time in memory, bilinear by 2, {} MB of bytes | {} | {} | {} | {} |")
def _times_in_memory(megabytes: float, own: float, *ratios: float) -> None:
    assert megabytes * MEGABYTE == 1024 * 1024 * 3
    found = times("upsampling", "upsampling, bilinear uint8", "1024 x 1024 x 3 by 2")
    for peer, ratio in zip(("Keras", "Pillow", "OpenCV"), ratios, strict=True):
        near(ratio / own, found[peer] / found["upsamp"])


@stated(
    README, "| time of a command, {}-megapixel JPEG to PNG, bicubic by {} | {} | | {} | - | {} |"
)
def _times_of_a_jpeg(pixels: float, factor: float, own: float, *ratios: float) -> None:
    assert pixels * 10**6 == 6000 * 4000
    group = "24-megapixel JPEG to 96-megapixel PNG"
    found = times("processes", group, f"6000 x 4000 x 3, bicubic by {factor:g}")
    for peer, ratio in zip(("Pillow", "libvips"), ratios, strict=True):
        near(ratio / own, found[peer] / found["upsamp"])


@stated(README, "| a 2 x 2 matrix enlarged, from start to end | {} s | {} to {} s |")
def _times_to_start(own: float, *theirs: float) -> None:
    found = times("processes", "a command, beside Keras", "a 2 x 2 matrix enlarged")
    near(own, found.pop("upsamp"))
    near(theirs[0], min(found.values()))
    near(theirs[1], max(found.values()))


@stated(
    README, "| multiply-adds of a transposed convolution | {}, right | not counted | | | | | {} |"
)
def _counts(ours: float, wrong: float) -> None:
    _multiply_adds(4, 2, 6, ours, wrong)


@stated(CHANGELOG, "without a colour invented where {} will do")
def _palettes(colours: float) -> None:
    assert index_colours(np.arange(int(colours))[np.newaxis]) is not None
    assert index_colours(np.arange(int(colours) + 1)[np.newaxis]) is None


@stated(MATRICES, "which must be {} to {}, or integers of 16 bits")
def _pixels_of_a_matrix(least: float, most: float) -> None:
    np.testing.assert_array_equal(picture_of_matrix(np.array([[least, most]])).pixels, [[0, 255]])
    for outside in (least - 1, most + 1):
        with pytest.raises(FormatError):
            picture_of_matrix(np.array([[outside]]))


@stated(COMMANDS, "Steps of --animate in {}; the last frame is shown {} times as long.")
def _last_frame(second: float, steps: float) -> None:
    assert (second, steps) == (1, LAST)


@stated(COMMANDS, "Of JPEG, WebP and AVIF, {} to {}.")
def _qualities(least: float, most: float) -> None:
    for quality in (least, most):
        WriteOptions(quality=int(quality))
    for quality in (least - 1, most + 1):
        with pytest.raises(ArgumentError):
            WriteOptions(quality=int(quality))


@stated(COMMANDS, "its pixels are rounded, and saturated at {} and {}.")
def _pixels(least: float, most: float) -> None:
    assert (least, most) == (np.iinfo(np.uint8).min, np.iinfo(np.uint8).max)
    given = Picture(np.full((1, 1), 200, np.uint8), "L")
    for weight, pixel in (("2", most), ("-1", least), ("0.0121", 2)):
        settings = Settings(
            kernel=np.full((1, 1, 1, 1), float(weight)), preset="", bias=np.zeros(1),
            kernel_size=None, filters=None, strides=(1, 1), padding="valid", output_padding=None,
            output_shape=None, dilation=(1, 1), groups=1, seed=0, data_format="channels_last",
        )  # fmt: skip
        convolution = Convolution(
            given.pixels, settings, by_channel=True, alpha=False, pixels=given.pixels.dtype
        )
        np.testing.assert_array_equal(convolution.apply(given.pixels), [[pixel]])


@stated(
    CONVENTIONS,
    "7x7x8 -> kernel {}, stride {} -> {} filters is {}. Counted on the output positions they would "
    "be {}.",
)
def _multiply_adds(kernel: float, stride: float, filters: float, ours: float, wrong: float) -> None:
    layer = upsamp.layers.Conv2DTranspose(int(filters), int(kernel), int(stride), padding="same")
    assert layer.multiply_adds((None, 7, 7, 8), (None, 14, 14, int(filters))) == ours
    assert 14 * 14 * filters * 8 * kernel**2 == wrong


@stated(BEYOND, "integers to the same numbers, float32 to {} of the range")
def _dask_arrays(tolerance: float) -> None:
    random = np.random.default_rng(0)
    for method in METHODS:
        for shape, chunks in (((12, 113, 3), (10, 10, 3)), ((40, 31), (7, 31))):
            whole = random.random(shape).astype(np.float32)
            for x in (whole, (whole * 255).astype(np.uint8)):
                parts = upsamp.upsample(dask.array.from_array(x, chunks=chunks), 2, method)
                expected = upsamp.upsample(x, 2, method)
                limit = 0 if x.dtype.kind == "u" else tolerance
                np.testing.assert_allclose(np.asarray(parts), expected, rtol=0, atol=limit)


@stated(EXACTNESS, "inputs, where upsamp is within {} of the exact result")
def _exactness(tolerance: float) -> None:
    x = np.random.default_rng(0).random((1, 4000)).astype(np.float32)
    for method in METHODS:
        for target in (5001, 12000):
            exact = upsamp.resize(x.astype(np.float64), (1, target), method)
            result = upsamp.resize(x, (1, target), method)
            np.testing.assert_allclose(result, exact, rtol=0, atol=tolerance)


MEMORY = """
import resource, sys, numpy as np, upsamp
method, dtype = sys.argv[1:]
x = np.ones((700, 700, 3), dtype)
upsamp.upsample(x[:8, :8], 4, method)
out = np.ones((2800, 2800, 3), dtype)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
upsamp.upsample(x, 4, method, out=out)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@stated(CHANGELOG, "At most {} MB besides input and output,")
def _memory(megabytes: float) -> None:
    for method, dtype in (("nearest", "u1"), ("area", "f4"), ("bicubic", "u1"), ("lanczos5", "f4")):
        words = [sys.executable, "-c", MEMORY, method, dtype]
        taken = subprocess.run(words, check=True, capture_output=True, timeout=60).stdout
        assert int(taken) <= megabytes * MEGABYTE, method


@stated(NETWORKS, "the Rescaling layers say, otherwise {} to {};")
def _range_of_networks(low: float, high: float) -> None:
    assert Network(fsrcnn()).ranges == ((low, high), (low, high))


@stated(NETWORKS, "that of the whole picture at once, to {} of the range,")
def _tiles_of_networks(tolerance: float) -> None:
    network = with_values(fsrcnn())
    image = np.random.default_rng(0).random((50, 60, 1)).astype(np.float32)
    whole, tiles = (
        np.concatenate([band for _, band in plan.bands(lambda rows: image[rows])])
        for plan in (Network(network).plan((50, 60)), Network(network, tile=24).plan((50, 60)))
    )
    np.testing.assert_allclose(tiles, whole, rtol=0, atol=tolerance)
