"""One pipeline: what is read, planned, computed and written is the same wherever it is asked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from bulk_files import settings, write_images
from click.testing import CliRunner
from fsspec.implementations.memory import MemoryFileSystem
from image_files import read
from PIL import Image, ImageCms
from tifffile import TiffWriter

from upsamp.cli import main
from upsamp.core.memory import MemoryLimit
from upsamp.errors import FileError, MemoryLimitError
from upsamp.io import picture_options
from upsamp.io.palettes import FEWER_COLOURS, HARD_EDGES
from upsamp.io.picture_options import ReadOptions
from upsamp.resizing import strip_run
from upsamp.resizing.enlarging import Settings
from upsamp.resizing.file_to_file import enlarge_file

OPTIONS = ("--size", "2", "--interp", "bicubic")
ALL_FRAMES = Settings(reading=ReadOptions(every_frame=True))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with some images."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "in", ["a.png", "b.tif", "c.jpg"], 40)
    return tmp_path


@pytest.fixture
def remote(place: Path) -> Iterator[MemoryFileSystem]:
    """Return a storage with the same images in its folder "in"."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    for path in (place / "in").iterdir():
        files.pipe_file(f"/in/{path.name}", path.read_bytes())
    yield files
    files.store.clear()


@pytest.fixture
def strips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are written strip by strip."""
    written: list[str] = []
    write = strip_run.StripRun.write

    def noted(run: strip_run.StripRun, advance: Callable[[int], object]) -> object:
        written.append(run._destination.name)
        return write(run, advance)

    monkeypatch.setattr(strip_run.StripRun, "write", noted)
    return written


def run(*words: str) -> str:
    result = CliRunner().invoke(main, ["upsample", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", ["a.png", "b.tif", "c.jpg"])
@pytest.mark.parametrize("bound", [None, MemoryLimit(200 * 2**20)])
def test_a_file_becomes_the_same_alone_and_with_others(
    name: str, bound: MemoryLimit | None, strips: list[str]
) -> None:
    enlarge_file(f"in/{name}", f"many_{name}", replace(settings(), max_memory=bound))
    limit = ("--max-memory", "200MB") if bound else ()
    run(f"in/{name}", *OPTIONS, *limit, "-o", f"one_{name}")
    assert Path(f"many_{name}").read_bytes() == Path(f"one_{name}").read_bytes()
    by_strips = bound is not None and name != "c.jpg"
    assert strips == ([f"many_{name}", f"one_{name}"] if by_strips else [])


def test_many_files_share_max_memory_and_are_written_by_strips() -> None:
    run("in", *OPTIONS, "--out-dir", "whole", "--jobs", "1")
    output = run("in", *OPTIONS, "--out-dir", "strips", "--jobs", "1", "--max-memory", "200MB")
    assert "enlarged: 3" in output
    names = ["a_2x2_bicubic.png", "b_2x2_bicubic.tif", "c_2x2_bicubic.jpg"]
    assert sorted(path.name for path in Path("strips").iterdir()) == names
    for name in names[::2]:
        assert Path("strips", name).read_bytes() == Path("whole", name).read_bytes()


def test_a_result_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    check = picture_options.check_result

    def counted(rows: int, columns: int, *rest: int) -> None:
        asked.append((rows, columns))
        check(rows, columns, *rest)

    monkeypatch.setattr("upsamp.resizing.enlarging.check_result", counted)
    run("in/a.png", *OPTIONS)
    enlarge_file("in/a.png", "a.png", settings())
    assert asked == [(80, 84), (80, 84)]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("memory://in/{}", None),
        ("memory://in/{}", "memory://out/{}"),
        ("memory://in/{}", "large_{}"),
        ("in/{}", "memory://out/{}"),
        ("file://{folder}/in/{}", "file://{folder}/large%20{}"),
        ("file://localhost{folder}/in/{}", "memory://out/{}"),
    ],
)
@pytest.mark.parametrize("name", ["a.png", "c.jpg"])
def test_a_remote_path_is_one_file(
    place: Path, remote: MemoryFileSystem, source: str, target: str | None, name: str
) -> None:
    enlarge_file(f"in/{name}", f"expected_{name}", settings())
    words = [source.format(name, folder=place), *OPTIONS]
    run(*words, *(["-o", target.format(name, folder=place)] if target else []))
    sources = {"/in/a.png", "/in/b.tif", "/in/c.jpg"}
    made = [remote.cat_file(path) for path in remote.find("/") if path not in sources]
    made += [path.read_bytes() for path in place.glob("large*")]
    assert made == [Path(f"expected_{name}").read_bytes()]


def test_a_remote_result_is_never_replaced_unasked(remote: MemoryFileSystem) -> None:
    words = ["upsample", "memory://in/a.png", "-o", "memory://in/b.tif"]
    before = remote.cat_file("/in/b.tif")
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "Error: 'memory://in/b.tif' exists already. Use --force" in result.stderr
    assert remote.cat_file("/in/b.tif") == before
    run(*words[1:], "--force")
    assert remote.cat_file("/in/b.tif") != before


def test_numbers_are_read_and_written_there_too(remote: MemoryFileSystem) -> None:
    np.save("m.npy", np.arange(6.0).reshape(2, 3))
    remote.pipe_file("/m.npy", Path("m.npy").read_bytes())
    run("memory://m.npy", "-o", "memory://large.npy")
    remote.get_file("/large.npy", "large.npy")
    expected = np.arange(6.0).reshape(2, 3).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.load("large.npy"), expected, strict=True)


def test_what_is_not_there_is_one_line(remote: MemoryFileSystem) -> None:
    result = CliRunner().invoke(main, ["upsample", "memory://in/none.png"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: Cannot read 'memory://in/none.png': there is no such file or directory.\n"
    )
    assert "/in/none.png" not in remote.find("/")


def least_memory(source: str) -> int:
    """Return the megabytes that errors name, one after the other, until it is enough."""
    least = 1
    for number in range(9):
        try:
            bound = MemoryLimit(least << 20)
            enlarge_file(source, f"{number}.png", replace(settings(), max_memory=bound))
        except MemoryLimitError as error:
            least = int(str(error).split("Use --max-memory ")[1].partition("MB")[0])
        else:
            return least
    raise AssertionError(source)


def test_the_bytes_of_a_remote_file_count_as_memory(remote: MemoryFileSystem) -> None:
    data = Path("in/a.png").read_bytes() + bytes(8 << 20)
    Path("long.png").write_bytes(data)
    remote.pipe_file("/long.png", data)
    more = least_memory("memory://long.png") - least_memory("long.png")
    assert 15 <= more <= 17


def test_others_are_images_and_one_may_be_numbers(strips: list[str]) -> None:
    np.save("m.npy", np.arange(6.0).reshape(2, 3))
    with pytest.raises(FileError, match="must be an image"):
        enlarge_file("m.npy", "large.npy", settings())
    how = replace(settings(), matrices=True, max_memory=MemoryLimit(100 * 2**20))
    facts = enlarge_file("m.npy", "large.npy", how)
    assert facts == ((2, 3), (4, 6), (), False)
    assert strips == ["large.npy"]
    assert np.load("large.npy").shape == (4, 6)


def test_what_a_page_loses_is_told_once_and_of_the_first_page_that_does() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    unknown = [(65001, 3, 1, 7, True)]
    pages: list[dict[str, Any]] = [
        {"description": "first"},
        {"description": "second", "iccprofile": profile},
        {"extratags": unknown},
        {"description": "second", "extratags": unknown},
    ]
    with TiffWriter("pages.tif") as file:
        for level, page in enumerate(pages):
            pixels = np.full((4, 5, 3), 60 * level, np.uint8)
            file.write(pixels, photometric="rgb", metadata=None, **page)
    gone = "frame 2: left out, as it belongs to the old file alone: TIFF tag 65001"
    told = {
        "png": (
            "frame 1: PNG holds the colour profile or EXIF of the first frame alone",
            gone,
            "frame 2: PNG holds EXIF of the first frame alone",
        ),
        "gif": (
            "GIF does not hold EXIF, so that is left out",
            "frame 1: GIF does not hold the colour profile or EXIF, so that is left out",
            gone,
        ),
        "tif": (gone,),
    }
    for suffix, notes in told.items():
        assert enlarge_file("pages.tif", f"large.{suffix}", ALL_FRAMES).notes == notes


def test_frames_that_follow_tell_of_colours_and_edges_that_a_gif_does_not_hold() -> None:
    frames = np.zeros((3, 20, 20, 4), np.uint8)
    frames[..., 3] = 255
    frames[1, ..., :3] = np.random.default_rng(2).integers(0, 256, (20, 20, 3))
    frames[2, 3, 4, 3] = 128
    images = [Image.fromarray(frame) for frame in frames]
    images[0].save("frames.png", save_all=True, append_images=images[1:])
    notes = enlarge_file("frames.png", "frames.gif", ALL_FRAMES).notes
    assert notes == (FEWER_COLOURS, HARD_EDGES)
    images[0].save("alone.png")
    assert enlarge_file("alone.png", "alone.gif", ALL_FRAMES).notes == ()


def test_frames_that_webp_joins_are_told() -> None:
    images = [Image.new("L", (8, 8), level) for level in (0, 0, 200)]
    images[0].save("pages.tif", save_all=True, append_images=images[1:])
    notes = enlarge_file("pages.tif", "pages.webp", ALL_FRAMES).notes
    assert notes == ("3 frames become 2, as WebP joins those that look alike",)
    assert read(Path("pages.webp"), every_frame=True).frame_count == 2
    images[1].paste(90, (2, 2, 6, 6))
    images[0].save("pages.tif", save_all=True, append_images=images[1:])
    assert enlarge_file("pages.tif", "other.webp", ALL_FRAMES).notes == ()
