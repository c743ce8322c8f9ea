"""`upsamp upsample --max-memory`: the same files, made strip by strip."""

import os
import pty
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from click.testing import Result
from effort import choose, in_one_test, one_of_each, sample
from long_runs import LONG, MEASURE, interrupt_while_writing, read_terminal
from numpy.typing import NDArray
from PIL import Image

from upsamp.core.upsampling import strips
from upsamp.io import extras
from upsamp.resizing import strip_jobs, strip_run

Invoke = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]

SCRIPT = Path(sys.executable).with_name("upsamp")
# No bound on pixels stops what is stopped later.
UNBOUND = ("--max-pixels", "9" * 18)
BOUND = ("--max-memory", "100MB")


@pytest.fixture(autouse=True)
def _many_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small images be cut into as many strips as large ones."""
    init = strips.Strips.__init__
    monkeypatch.setattr(
        strips.Strips, "__init__", lambda self, whole, room: init(self, whole, room, wanted=2**12)
    )


def numbers(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return random numbers of a byte in any type."""
    return np.random.default_rng(9).integers(0, 256, shape, np.uint8).astype(dtype)


def files(invoke: Invoke, *args: object, suffix: str) -> tuple[bytes, bytes]:
    """Run a command at once and by strips, and give both files."""
    for name, bound in (("whole", ()), ("strips", BOUND)):
        result = invoke("upsample", *args, "-o", f"{name}{suffix}", *bound)
        assert result.exit_code == 0, result.output
    return Path(f"whole{suffix}").read_bytes(), Path(f"strips{suffix}").read_bytes()


# --- the same files


MATRICES: list[tuple[tuple[int, ...], tuple[str, ...]]] = [
    ((70, 50), ()),
    ((70, 50, 3), ("--to", "123x181")),
    ((3, 70, 50, 2), ()),
    ((300, 6, 5, 2), ()),
    ((3, 70, 50), ("--data-format", "channels_first")),
    ((2, 3, 70, 50), ("--data-format", "channels_first", "--size", "1.5")),
    ((1, 70, 50), ("--convention", "torch", "--align-corners")),
]


@pytest.mark.parametrize(
    ("matrix", "dtype"),
    one_of_each(MATRICES, ["uint8", ">u2", "float32", "<f8", "float16", "bool"]),
    ids=str,
)
def test_a_matrix_file_has_the_same_bytes(
    invoke: Invoke, matrix: tuple[tuple[int, ...], tuple[str, ...]], dtype: str
) -> None:
    shape, args = matrix
    np.save("in.npy", numbers(shape, dtype))
    whole, made = files(invoke, "in.npy", "--interp", "bicubic", *args, suffix=".npy")
    assert made == whole


@pytest.mark.parametrize("source", ["1 2; 3 4", "in.csv", "columns.npy", "in.npz", "suffixless"])
def test_any_matrix_may_be_written_by_strips(invoke: Invoke, source: str) -> None:
    x = numbers((40, 30), "float64")
    np.savetxt("in.csv", x, delimiter=",")
    np.save("columns.npy", np.asfortranarray(x))
    np.savez("in.npz", x)
    np.save("in.npy", x)
    Path("in.npy").rename("suffixless")
    whole, made = files(invoke, source, "--interp", "lanczos3", "--size", "4", suffix=".npy")
    assert made == whole


@pytest.mark.parametrize(
    ("more", "name"),
    sample(
        product(
            (
                (),
                ("--interp", "bicubic"),
                ("--interp", "bicubic", "--linear"),
                ("--interp", "lanczos3", "--strip", "--compress", "6"),
            ),
            ("lake.png", "portrait.jpg", "sprite.png", "palette.gif"),
        ),
        3,
    ),
    ids=str,
)
def test_a_png_has_the_same_bytes(
    invoke: Invoke, samples: Path, name: str, more: tuple[str, ...]
) -> None:
    whole, made = files(invoke, samples / name, *more, suffix=".png")
    assert made == whole


@pytest.mark.parametrize(
    ("name", "method"),
    one_of_each(["lake.png", "sprite.png", "palette.gif", "depth16.png"], ["nearest", "bicubic"]),
)
def test_a_tiff_has_the_same_pixels_in_tiles(
    invoke: Invoke, samples: Path, name: str, method: str
) -> None:
    files(invoke, samples / name, "--interp", method, "--size", "4", suffix=".tif")
    with Image.open("whole.tif") as whole, Image.open("strips.tif") as made:
        assert made.mode == whole.mode
        np.testing.assert_array_equal(np.asarray(made), np.asarray(whole), strict=True)
        np.testing.assert_array_equal(made.convert("RGBA"), whole.convert("RGBA"))
    with tifffile.TiffFile("strips.tif") as file:
        assert file.pages.first.is_tiled


@in_one_test("mode", ["1", "L", "RGB", "P"])
def test_clear_colours_become_alpha_in_a_tiff(invoke: Invoke, mode: str) -> None:
    image = Image.fromarray(numbers((30, 40), "uint8") % 3).convert(mode)
    clear: Any = {"P": b"\0\xff\x80", "RGB": (1, 1, 1)}.get(mode, 1)
    image.save("in.png", transparency=clear)
    files(invoke, "in.png", suffix=".tif")
    with Image.open("whole.tif") as whole, Image.open("strips.tif") as made:
        np.testing.assert_array_equal(made.convert("RGBA"), whole.convert("RGBA"))


@in_one_test("suffix", [".png", ".tif"])
@in_one_test(
    ("shape", "dtype"),
    [((40, 30), "uint8"), ((1, 40, 30, 4), "uint16"), ((40, 30, 3), "float32"), ((40, 30), "bool")],
)
def test_a_matrix_becomes_the_same_image(
    invoke: Invoke, shape: tuple[int, ...], dtype: str, suffix: str
) -> None:
    np.save("in.npy", numbers(shape, dtype))
    files(invoke, "in.npy", "--interp", "bilinear", suffix=suffix)
    read = imagecodecs.imread if suffix == ".png" else tifffile.imread
    np.testing.assert_array_equal(read(f"strips{suffix}"), read(f"whole{suffix}"), strict=True)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "lzma"])
def test_a_tiff_by_strips_is_not_compressed_and_a_note_tells_of_that(
    invoke: Callable[..., Result], samples: Path, compression: str
) -> None:
    with Image.open(samples / "lake.png") as image:
        image.save("in.tif", compression=compression)
    result = invoke("upsample", "in.tif", "--size", "8", "-o", "out.tif", *BOUND)
    note = "Note: a TIFF that is written strip by strip is not compressed.\n"
    assert result.stderr == ("" if compression == "raw" else note)
    with Image.open("out.tif") as made:
        assert made.info["compression"] == "raw"


def test_what_a_file_says_is_kept_in_a_tiff_and_a_note_tells_of_the_rest(
    invoke: Invoke, samples: Path
) -> None:
    exif = Image.Exif()
    exif[271] = "Maker"
    exif[34665] = {36867: "2020:01:02 03:04:05"}
    with Image.open(samples / "portrait.jpg") as image:
        image.save("in.jpg", icc_profile=b"a profile", dpi=(300, 150), exif=exif)
    result = invoke("upsample", "in.jpg", "-o", "out.tif", *BOUND)
    with Image.open("out.tif") as made:
        assert made.info["icc_profile"] == b"a profile"
        assert made.info["dpi"] == (300, 150)
        assert made.getexif()[271] == "Maker"
    assert "what EXIF has in directories of its own is left out" in result.stderr


def test_what_a_file_counts_in_pixels_is_the_same_in_strips(invoke: Invoke) -> None:
    numbers_of_tags = [(33550, 12, 3, (10.0, 10.0, 0.0)), (33922, 12, 6, (0.0,) * 6)]
    texts = [(42113, 2, 0, "-9999"), (315, 2, 0, "Müller".encode())]
    tags = [(*tag, True) for tag in (*numbers_of_tags, *texts)]
    told = "ImageJ=1.54f\nimages=1\nunit=um\n"
    options: dict[str, Any] = {
        "resolution": (2, 3),
        "resolutionunit": 1,
        "extratags": tags,
        "metadata": None,
    }
    tifffile.imwrite("in.tif", numbers((6, 5), "uint16"), description=told, **options)
    invoke("upsample", "in.tif", "-o", "whole.tif")
    invoke("upsample", "in.tif", "-o", "strips.tif", *BOUND)
    with tifffile.TiffFile("whole.tif") as whole, tifffile.TiffFile("strips.tif") as strips:
        page: Any = strips.pages[0]
        expected: Any = whole.pages[0]
        for tag in (270, 282, 283, 296, 315, 33550, 33922, 42113):
            assert page.tags[tag].value == expected.tags[tag].value
        assert page.tags[282].value == (4, 1)
        assert page.is_tiled


def test_pixels_without_data_are_left_out_within_a_bound(invoke: Invoke) -> None:
    pixels = np.array([[-9999, -9999, 100, 100]] * 4, np.float32)
    tag = (42113, 2, 0, "-9999", True)
    tifffile.imwrite("in.tif", pixels, extratags=[tag], metadata=None)
    result = invoke("upsample", "in.tif", "--interp", "bilinear", "-o", "out.tif", *BOUND)
    assert result.exit_code == 0
    assert set(np.unique(tifffile.imread("out.tif"))) == {-9999, 100}
    least = invoke("upsample", "in.tif", "--interp", "bilinear", "--max-memory", "1MB")
    assert "Use --max-memory" in least.stderr


def test_what_is_rounded_is_told(invoke: Invoke) -> None:
    np.save("in.npy", np.array([[0, 1], [2, 3]]) / 2)
    result = invoke("upsample", "in.npy", "-o", "out.png", *BOUND)
    assert "rounded to whole pixels" in result.stderr


@pytest.mark.parametrize("format_name", ["npy", "png"])
def test_standard_output_takes_strips(invoke: Invoke, samples: Path, format_name: str) -> None:
    args = ("upsample", samples / "lake.png", "--format", format_name, "-o", "-")
    assert invoke(*args, *BOUND).stdout_bytes == invoke(*args).stdout_bytes


def test_frames_are_all_written_where_the_format_holds_them(invoke: Invoke) -> None:
    frames = [Image.fromarray(numbers((9, 9), "uint8") // (n + 1)) for n in range(3)]
    frames[0].save("in.gif", save_all=True, append_images=frames[1:])
    whole, made = files(invoke, "in.gif", suffix=".tif")
    assert made == whole
    with Image.open("strips.tif") as image:
        assert getattr(image, "n_frames", 1) == 3
    result = invoke("upsample", "in.gif", "-o", "out.npy", *BOUND)
    assert "only the first of 3 frames is written" in result.stderr


# --- when it is used


def test_strips_are_used_of_themselves_where_the_result_does_not_fit(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    init = strip_run.StripRun.__init__

    def counted(run: strip_run.StripRun, *args: Any) -> None:
        init(run, *args)
        made.append(run.rows // run.step)

    monkeypatch.setattr(strip_run.StripRun, "__init__", counted)
    monkeypatch.setattr(strip_jobs, "GRANTED", 0)
    np.save("in.npy", numbers((100, 100, 3), "uint8"))
    assert invoke("upsample", "in.npy", "-o", "out.npy").exit_code == 0
    assert made == []
    for module in (strip_jobs, strip_run):
        monkeypatch.setattr(module, "FIXED_BYTES", 0)
    monkeypatch.setattr(strip_jobs, "THREAD_BYTES", 1)
    monkeypatch.setattr(strip_jobs, "available_memory", lambda: 50_000)
    whole = Path("out.npy").read_bytes()
    result = invoke("upsample", "in.npy", "-o", "out.npy", "--force")
    assert result.exit_code == 0
    assert made[0] > 10
    assert Path("out.npy").read_bytes() == whole
    result = invoke("upsample", "in.npy", "-o", "out.csv")
    assert result.exit_code == 1
    assert "must fit in memory. Received: csv" in result.stderr
    assert "one of npy, png, tiff and --max-memory" in result.stderr


@pytest.mark.parametrize(
    ("args", "error", "code"),
    [
        (("--max-memory", "1MB"), r"Use --max-memory 29MB or more.", 1),
        (("--max-memory", "0"), "must be a number of bytes, as 500MB, 2GB or 1000000", 2),
        (
            ("-o", "out.json", "--max-memory", "1MB"),
            "that is made at once, as JSON is",
            1,
        ),
        (("--size", "1000000", "--max-memory", "1GB", *UNBOUND), "and the disk has", 1),
        (("--size", "1000000", "--max-memory", "1GB"), "16 times --max-pixels", 1),
    ],
)
def test_what_cannot_be_is_one_line(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], error: str, code: int
) -> None:
    monkeypatch.setenv("UPSAMP_THREADS", "1")
    np.save("in.npy", numbers((300, 300, 3), "uint8"))
    result = invoke("upsample", "in.npy", "-o", "out.npy", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert error in result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["in.npy"]


def test_the_disk_is_asked_before_anything_is_made(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 0, 10**5))
    np.save("in.npy", numbers((300, 300, 3), "uint8"))
    result = invoke("upsample", "in.npy", "-o", "out.npy", *BOUND)
    assert result.exit_code == 1
    assert "it would have 1.03 MB, and the disk has 97.66 KB left" in result.stderr
    assert invoke("upsample", "in.npy", "-o", "out.png", *BOUND).exit_code == 0


def test_a_device_has_no_disk_to_ask(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", None)
    args = ("upsample", "1 2; 3 4", "-o", "/dev/null", "--format", "npy", "--force", *BOUND)
    assert invoke(*args).exit_code == 0


def test_a_reader_that_has_enough_is_no_error(shell: Shell, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", numbers((500, 500, 3), "uint8"))
    line = "upsamp upsample in.npy --size 8 -o - --format npy --max-memory 40MB | head -c 9"
    result = shell(line)
    assert (result.stdout[:6], result.stderr) == (b"\x93NUMPY", b"")


def test_a_tiff_by_strips_asks_for_its_extra(
    invoke: Invoke, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "has_extra", lambda _: False)
    result = invoke("upsample", samples / "lake.png", "-o", "out.tif", *BOUND)
    assert result.exit_code == 1
    assert "needs tifffile" in result.stderr
    assert "pip install 'upsamp[deep]'" in result.stderr


def test_values_that_are_no_bytes_are_refused_and_leave_nothing(invoke: Invoke) -> None:
    x = numbers((100, 100), "int32")
    x[90, 50] = 300
    np.save("in.npy", x)
    result = invoke("upsample", "in.npy", "-o", "out.png", *BOUND)
    assert result.exit_code == 1
    assert "Pixels of int32 must be 0 to 255 to be written strip by strip" in result.stderr
    np.save("in.npy", x.astype("float32"))
    assert "Received: values from" in invoke("upsample", "in.npy", "-o", "o.png", *BOUND).stderr
    np.save("in.npy", numbers((2, 9, 9, 3), "uint8"))
    assert (
        "Received: shape (2, 18, 18, 3)"
        in invoke("upsample", "in.npy", "-o", "o.png", *BOUND).stderr
    )
    assert [path.name for path in Path().iterdir()] == ["in.npy"]


@in_one_test("option", [("--preview",), ("--sheet", "s.png"), ("--compare",), ("--code", "torch")])
def test_what_holds_its_result_whole_is_not_bounded(
    invoke: Invoke, samples: Path, option: tuple[str, ...]
) -> None:
    result = invoke("upsample", samples / "lake.png", *option, *BOUND)
    assert result.exit_code == 2
    assert "hold theirs whole. Leave one of them out." in result.stderr


# --- a long run


def long_run(place: Path, environment: dict[str, str], stderr: int) -> subprocess.Popen[bytes]:
    """Begin a run of many strips."""
    np.save(place / "in.npy", numbers((700, 800, 3), "uint8"))
    args = ("in.npy", "--size", "9", "--interp", "lanczos5", "-o", "out.npy")
    return subprocess.Popen(
        [SCRIPT, "upsample", *args, "--max-memory", "40MB"],
        cwd=place,
        env=environment | {"UPSAMP_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )


def test_a_long_run_shows_how_far_it_is(tmp_path: Path, environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    with long_run(tmp_path, environment, theirs) as process:
        os.close(theirs)
        shown = read_terminal(ours)
        assert process.wait(LONG) == 0
    assert b"Rows" in shown
    assert b"100%" in shown
    # It is drawn ten times a second, of which a fast machine needs less than one.
    assert len(set(re.findall(rb"(\d+)%", shown))) > 2


def test_an_interruption_leaves_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    with long_run(tmp_path, environment, subprocess.PIPE) as process:
        interrupt_while_writing(process, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["in.npy"]


@pytest.mark.parametrize(
    ("dtype", "suffix"),
    [*sample(product(("uint8", "float32"), ("npy", "tif")), 3), ("uint8", "png")],
)
def test_the_memory_stays_below_the_bound(
    shell: Shell, tmp_path: Path, dtype: str, suffix: str
) -> None:
    (tmp_path / "measure.py").write_text(MEASURE)
    side = 1200 if dtype == "uint8" else choose(600, 1200)
    np.save(tmp_path / "in.npy", numbers((side, side + 100, 3), dtype))
    args = "--interp bilinear --size 4 --compress 0" if suffix == "png" else "--size 4"
    least, most = (
        shell(f"'{sys.executable}' measure.py upsample {more} --force -q")
        for more in (
            f"'1 2; 3 4' -o out.{suffix} --max-memory 64MB",
            f"in.npy {args} -o out.{suffix} --max-memory 64MB",  # 75 MB or more
        )
    )
    assert (least.returncode, most.returncode) == (0, 0), most.stderr
    assert int(most.stderr.split()[-1]) - int(least.stderr.split()[-1]) < 64 * 1024  # KB
