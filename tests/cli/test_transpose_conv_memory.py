"""`upsamp transpose-conv --max-memory`: the same files, made strip by strip, within the bound."""

import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import effort
import numpy as np
import pytest
import tifffile
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

from upsamp.core.convolution import strips
from upsamp.models import transposed_convolution

Invoke = Callable[..., Result]

BOUND = ("--max-memory", "100MB")
REFUSED = [
    (("--max-memory", "1MB"), "must have room for strips of whole rows of 'out.npy'", 1),
    (("--max-memory", "1MB", "-o", "out.json"), "made at once, as JSON is", 1),
    (("--max-memory", "9MB", "--solve", "7", "28"), "--max-memory is for a result", 2),
    (("--max-memory", "9MB", "--fit", "large.png"), "--max-memory is for a result", 2),
    (("--stride", "100000"), "16 times --max-pixels", 1),
    (("--kernel", "100000000"), "The kernel would be", 1),
    (("--dilation", "1000000000"), "16 times --max-pixels", 1),
    (("--output-shape", "1000000x1000000"), "16 times --max-pixels", 1),
    (("--filters", "1000000000"), "memory are available", 1),
    (("--dilation", "10000", "--max-memory", "99MB", "-o", "o.csv"), "made at once, as CSV is", 1),
]


@pytest.fixture(autouse=True)
def _low_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small images be cut into as many strips as large ones."""
    made = strips.TransposedStrips
    monkeypatch.setattr(
        transposed_convolution,
        "TransposedStrips",
        lambda *args, **options: made(*args, **options, elements=2**10),
    )


def numbers(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return random numbers of a byte in any type."""
    return np.random.default_rng(9).integers(0, 256, shape, np.uint8).astype(dtype)


def files(invoke: Invoke, *args: object, suffix: str) -> tuple[bytes, bytes]:
    """Run a command at once and by strips, and give both files."""
    told = []
    for name, bound in (("whole", ()), ("strips", BOUND)):
        result = invoke("transpose-conv", *args, "-o", f"{name}{suffix}", *bound)
        assert result.exit_code == 0, result.output
        told.append([line for line in result.stderr.splitlines() if line.startswith("Note")])
    assert told[0] == told[1]
    return Path(f"whole{suffix}").read_bytes(), Path(f"strips{suffix}").read_bytes()


# --- the same files


@in_one_test("dtype", effort.choose(["uint8", "<f4"], ["uint8", ">u2", "<f4", "<f8"]))
@in_one_test(
    ("shape", "args"),
    [
        ((40, 30), "--stride 2 --padding same"),
        ((40, 30, 3), "--kernel 4 --stride 2 --padding 1 --weights random --bias 0.5"),
        ((3, 40, 30, 2), "--kernel 3 --stride 3 --output-padding 1 --filters 2 --weights glorot"),
        ((40, 5, 4), "--kernel 30 2 --groups 2 --weights random --filters 4"),
        ((70, 9), "--kernel 5 --dilation 9 --weights gaussian"),
        ((300, 6, 5, 2), "--stride 8 --kernel 1"),
        ((3, 40, 30), "--stride 2 --filters 4 --data-format channels_first --weights random"),
        ((2, 3, 40, 30), "--output-shape 82x61 --stride 2 --data-format channels_first"),
        ((40, 30), "--stride 1 2 --filters 2 --weights random --data-format channels_first"),
    ],
)
def test_a_matrix_file_has_the_same_bytes(
    invoke: Invoke, shape: tuple[int, ...], args: str, dtype: str
) -> None:
    np.save("in.npy", numbers(shape, dtype))
    whole, made = files(invoke, "in.npy", *args.split(), suffix=".npy")
    assert made == whole


@pytest.mark.parametrize(
    ("name", "suffix", "args"),
    effort.sample(
        product(
            ["lake.png", "sprite.png", "palette.gif", "depth16.png"],
            [".png", ".npy", ".tif"],
            [
                "--kernel 4 --stride 2 --padding same --weights bilinear",
                "--stride 3 --padding 1 2 0 1 --bias 3",
                "--stride 2 --filters 3 --weights random",
            ],
        ),
        5,
    ),
)
def test_an_image_has_the_same_pixels(
    invoke: Invoke, samples: Path, name: str, suffix: str, args: str
) -> None:
    whole, made = files(invoke, samples / name, *args.split(), suffix=suffix)
    if suffix != ".tif":
        assert made == whole
        return
    with tifffile.TiffFile("strips.tif") as file:
        assert file.pages.first.is_tiled
    np.testing.assert_array_equal(tifffile.imread("strips.tif"), tifffile.imread("whole.tif"))


def test_a_matrix_becomes_the_same_image(invoke: Invoke) -> None:
    np.save("in.npy", numbers((40, 30), "float32"))
    whole, made = files(invoke, "in.npy", "--kernel", "1", "--stride", "2", suffix=".png")
    assert made == whole


def test_strips_do_not_change_the_sums(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    x, kernel = numbers((40, 30, 3), "uint8"), numbers((3, 3, 2, 3), "float32") - 100
    np.save("in.npy", x)
    np.save("kernel.npy", kernel)
    args = ("transpose-conv", "in.npy", "--weights", "kernel.npy", "--stride", "2", "-o")
    assert invoke(*args, "low.npy").exit_code == 0
    monkeypatch.setattr(transposed_convolution, "TransposedStrips", strips.TransposedStrips)
    assert invoke(*args, "high.npy").exit_code == 0
    np.testing.assert_array_equal(np.load("low.npy"), np.load("high.npy"), strict=True)


def test_standard_output_takes_strips_but_not_of_planes(invoke: Invoke) -> None:
    np.save("in.npy", numbers((3, 40, 30), "float32"))
    args = ("transpose-conv", "in.npy", "--format", "npy", "-o", "-")
    assert invoke(*args, *BOUND).stdout_bytes == invoke(*args).stdout_bytes
    planes = (*args, "--data-format", "channels_first", "--filters", "2")
    assert invoke(*planes, *BOUND).stdout_bytes == invoke(*planes).stdout_bytes
    refused = invoke(*planes, "--max-memory", "1MB")
    assert refused.exit_code == 1
    assert "a result of 2 x 42 x 32 that is made at once" in refused.stderr


# --- what is refused, before memory is taken


@in_one_test(("args", "error", "code"), REFUSED)
def test_what_cannot_be_is_one_line(
    invoke: Invoke, args: tuple[str, ...], error: str, code: int
) -> None:
    np.save("in.npy", numbers((30, 30, 1), "uint8"))
    result = invoke("transpose-conv", "in.npy", "-o", "out.npy", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert error in result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["in.npy"]


# The most memory that a process had, in KB. Its ru_maxrss would begin with that of the parent.
PEAK = """
from pathlib import Path
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0], flush=True)
"""


def peak_of(place: Path, *lines: str) -> int:
    """Return the bytes that a process has at the most which runs these lines of arguments."""
    program = f"""
from click.testing import CliRunner
from upsamp.cli import main
for line in {lines}:
    result = CliRunner().invoke(main, ["transpose-conv", *line.split()])
"""
    (place / "measure.py").write_text(program + PEAK)
    command = [sys.executable, "measure.py"]
    done = subprocess.run(command, cwd=place, capture_output=True, timeout=100, check=True)
    return 1024 * int(done.stdout)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return the bytes of a process that convolves one number."""
    return peak_of(tmp_path_factory.mktemp("bare"), "1 --kernel 1")


def test_what_is_refused_is_not_taken_first(bare: int, tmp_path: Path) -> None:
    refused = [f"1 -o out.npy {' '.join(args)}" for args, _, code in REFUSED if code == 1]
    assert peak_of(tmp_path, *refused) < bare + 2**22


# --- the bound


@pytest.mark.parametrize(
    ("shape", "args", "suffix"),
    effort.sample(
        [
            ((1200, 1300, 3), "--stride 2 --padding same --groups 3 --filters 3", "npy"),
            ((3000, 3000), "--stride 2 --padding same --weights bilinear --kernel 4", "npy"),
            ((700, 600, 16), "--stride 2 --filters 16 --weights glorot --kernel 4", "npy"),
            ((2000, 2000), "--dilation 50 --kernel 3 --weights bilinear --padding same", "png"),
            ((2000, 2000), "--stride 2 --kernel 4 --padding same --weights nearest", "tif"),
        ],
        3,
    ),
)
def test_the_memory_stays_below_the_bound(
    bare: int, tmp_path: Path, shape: tuple[int, ...], args: str, suffix: str
) -> None:
    np.save(tmp_path / "in.npy", numbers(shape, "uint8"))
    most = peak_of(tmp_path, f"in.npy {args} -o out.{suffix} --max-memory 72MB")
    assert (tmp_path / f"out.{suffix}").exists()
    assert most - bare < 72 * 2**20


def test_an_image_takes_little_besides_itself_and_its_result(tmp_path: Path) -> None:
    image = Image.fromarray(numbers((2000, 1500, 3), "uint8") // 64)
    image.save(tmp_path / "in.png", compress_level=1)
    bare = peak_of(tmp_path, "1 --kernel 1 -o bare.png")
    args = "--stride 2 --padding same --weights bilinear"
    most = peak_of(tmp_path, f"in.png {args} -o out.png")
    assert (tmp_path / "out.png").exists()
    assert most - bare < 5 * 3 * 2000 * 1500 + 2**25
