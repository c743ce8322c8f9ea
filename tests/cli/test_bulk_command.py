"""`upsamp upsample` with several files, folders and patterns: results, names, reports, totals."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from bulk_files import contents, write_images
from click.testing import Result
from effort import in_one_test, sample
from PIL import Image, ImageOps

import upsamp
from upsamp.bulk.processes import Processes

Invoke = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("here_engine")


@pytest.fixture
def processes(here_engine: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """Let processes do the work after all, as a user sees them do it."""
    monkeypatch.setattr("upsamp.cli.modes.many_files.Processes", Processes)


@pytest.fixture
def photos(samples: Path, tmp_path: Path) -> Path:
    """Return a folder of sample pictures, a folder below it, and what is no picture."""
    place = tmp_path / "photos"
    (place / "below").mkdir(parents=True)
    for name in ("sprite.png", "portrait.jpg", "palette.gif"):
        copy(samples / name, place)
    copy(samples / "depth16.png", place / "below")
    (place / "notes.txt").write_text("no picture")
    os.mkfifo(place / "pipe.png")
    return place


def summary_of(result: Result) -> dict[str, str]:
    """Return what is shown at the end, but for the time."""
    lines = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    assert re.fullmatch(r"\d+\.\d{3}", lines.pop("seconds"))
    return lines


@pytest.mark.usefixtures("processes")
def test_each_result_is_what_its_image_becomes_alone(
    invoke: Invoke, photos: Path, tmp_path: Path
) -> None:
    options = ("--size", "2", "3", "--interp", "bicubic")
    before = contents(photos)
    result = invoke("upsample", "photos", "--recursive", *options, "--out-dir", "many/large")
    assert result.exit_code == 0
    assert summary_of(result) == {
        "enlarged": "4",
        "passed over": "2 that are none",
        "method": "bicubic",
        "size": "2 x 3",
    }
    assert result.stderr == (
        "Note: GIF holds 256 colours, so some are lost; use --format png to keep all (1 file).\n"
    )
    assert contents(photos) == before
    many = contents(tmp_path / "many" / "large")
    assert len(many) == 4
    for name, data in many.items():
        folder, stem = os.path.split(name)
        source = stem.replace("_2x3_bicubic", "")
        alone = invoke("upsample", f"photos/{folder or '.'}/{source}", *options, "-o", f"a{stem}")
        assert alone.exit_code == 0
        assert (tmp_path / f"a{stem}").read_bytes() == data


def test_without_a_folder_results_stand_beside_their_images(invoke: Invoke, photos: Path) -> None:
    result = invoke("upsample", "photos/sprite.png", "photos/portrait.jpg", "--to", "300x")
    assert (result.exit_code, result.stderr) == (0, "")
    assert summary_of(result) == {"enlarged": "2", "method": "nearest", "size": "300 x"}
    with Image.open(photos / "portrait_300x_nearest.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (300, 400))
    with Image.open(photos / "sprite_300x_nearest.png") as image:
        assert (image.format, image.size) == ("PNG", (300, 300))


@pytest.mark.parametrize(
    ("options", "expected"),
    sample(
        [
            (["--format", "webp"], ["sprite_2x2_nearest.webp", "portrait_2x2_nearest.webp"]),
            (["--name", "{stem}@{size}{suffix}"], ["sprite@2x2.png", "portrait@2x2.jpg"]),
            (["--name", "x{stem}.tga"], ["xsprite.tga", "xportrait.tga"]),
            (
                ["--convention", "torch"],
                ["sprite_2x2_nearest_torch.png", "portrait_2x2_nearest_torch.jpg"],
            ),
            (["--format", "npy", "--name", "{stem}{suffix}"], ["sprite.npy", "portrait.npy"]),
        ],
        2,
    ),
)
def test_results_are_named_and_have_the_format_of_their_names(
    invoke: Invoke, photos: Path, options: list[str], expected: list[str]
) -> None:
    result = invoke(
        "upsample", photos / "sprite.png", photos / "portrait.jpg", *options, "--out-dir", "o"
    )
    assert result.exit_code == 0, result.stderr
    assert set(contents(Path("o"))) == set(expected)
    for name in expected:
        path = Path("o", name)
        if path.suffix == ".npy":
            with Image.open(
                photos / f"{path.stem}.{'png' if 'sprite' in name else 'jpg'}"
            ) as image:
                upright = np.asarray(ImageOps.exif_transpose(image))
            np.testing.assert_array_equal(np.load(path), upsamp.upsample(upright))
        else:
            with Image.open(path) as image:
                assert Image.EXTENSION[path.suffix] == image.format


def test_a_level_of_compression_is_for_the_pngs_among_them(invoke: Invoke, photos: Path) -> None:
    for level in ("1", "9"):
        result = invoke("upsample", "photos", "--compress", level, "--out-dir", level)
        assert result.exit_code == 0
    one, nine = contents(Path("1")), contents(Path("9"))
    assert [name for name in one if one[name] != nine[name]] == ["sprite_2x2_nearest.png"]
    result = invoke("upsample", photos, "--compress", "9", "--format", "jpeg")
    assert result.exit_code == 2
    assert "--compress is for PNG" in result.stderr


def test_patterns_that_the_shell_left_alone_find_files(invoke: Invoke, photos: Path) -> None:
    result = invoke("upsample", f"{photos}/**/*.png", "photos/*.jpg", "--out-dir", "o")
    assert result.exit_code == 0
    assert set(contents(Path("o"))) == {
        "sprite_2x2_nearest.png",
        "portrait_2x2_nearest.jpg",
        "below/depth16_2x2_nearest.png",
    }


def test_one_file_may_have_the_options_of_many(invoke: Invoke, photos: Path) -> None:
    result = invoke("upsample", photos / "sprite.png", "--out-dir", "o", "--jobs", "7")
    assert result.exit_code == 0
    assert summary_of(result)["enlarged"] == "1"
    assert set(contents(Path("o"))) == {"sprite_2x2_nearest.png"}


# --- what is there already


def test_nothing_is_overwritten_unasked_and_nothing_is_written_then(
    invoke: Invoke, photos: Path
) -> None:
    there = photos / "sprite_2x2_nearest.png"
    there.write_bytes(b"precious")
    before = contents(photos)
    words = ("upsample", "photos/portrait.jpg", "photos/sprite.png")
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: No result may exist already. Received: 1 of 2, as "
        "'photos/sprite_2x2_nearest.png'. Use --skip-existing to keep them, or --force to "
        "overwrite them.\n"
    )
    assert contents(photos) == before
    result = invoke(*words, "--skip-existing")
    assert (result.exit_code, summary_of(result)["skipped"]) == (0, "1")
    assert there.read_bytes() == b"precious"
    result = invoke(*words, "--force")
    assert (result.exit_code, summary_of(result)["enlarged"]) == (0, "2")
    with Image.open(there) as image:
        assert image.size == (64, 64)


def test_a_run_in_place_goes_on_where_it_was(invoke: Invoke, photos: Path) -> None:
    assert invoke("upsample", "photos", "-r").exit_code == 0
    whole = contents(photos)
    for name in ("sprite_2x2_nearest.png", "below/depth16_2x2_nearest.png"):
        (photos / name).unlink()
    result = invoke("upsample", "photos", "-r")
    assert result.exit_code == 1
    line = result.stderr
    assert line.startswith("Error: No result may exist already. Received: 2 of 4, as 'photos/")
    assert line.endswith(
        ".gif', and 2 files of an earlier run, left out. "
        "Use --skip-existing to keep them, or --force to overwrite them.\n"
    )
    result = invoke("upsample", "photos", "-r", "--skip-existing")
    assert result.exit_code == 0
    told = summary_of(result)
    assert (told["enlarged"], told["skipped"], told["earlier results"]) == ("2", "2", "2")
    assert contents(photos) == whole
    result = invoke("upsample", "photos", "-r", "--skip-existing")
    assert (result.exit_code, summary_of(result)["skipped"]) == (0, "4")


def test_results_within_the_folder_of_the_images_are_no_images(
    invoke: Invoke, photos: Path
) -> None:
    for _ in range(2):
        result = invoke("upsample", "photos", "-r", "--out-dir", "photos/large", "--skip-existing")
        assert result.exit_code == 0
    assert summary_of(result) == {
        "enlarged": "0",
        "skipped": "4",
        "passed over": "2 that are none",
        "method": "nearest",
        "size": "2 x 2",
    }
    assert len(contents(photos / "large")) == 4


# --- what fails


@pytest.mark.usefixtures("processes")
def test_files_that_fail_are_told_and_the_others_go_on(invoke: Invoke, photos: Path) -> None:
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    words = ("photos", "photos/notes.txt", "photos/pipe.png", "no.png", "no*.png")
    result = invoke("upsample", *words, "--out-dir", "o", "--report", "report.json")
    assert result.exit_code == 1
    told = summary_of(result)
    assert (told["enlarged"], told["failed"]) == ("3", "5")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("Note: ")]
    assert [line.split(": ")[0] for line in lines] == [
        "photos/broken.png",
        "photos/notes.txt",
        "photos/pipe.png",
        "no.png",
        "no*.png",
        "Error",
    ]
    assert lines[3] == "no.png: There is no file 'no.png'."
    assert lines[-1] == "Error: 5 of 8 files could not be enlarged."
    report = json.loads(Path("report.json").read_text())
    assert {entry["source"]: entry["status"] for entry in report["files"]}["no.png"] == "failed"
    assert report["totals"]["failed"] == 5
    assert report["settings"]["out_dir"] == "o"
    result = invoke(
        "upsample", *words, "--out-dir", "o", "--report", "report.json", "-q", "--skip-existing"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == lines


def test_quiet_says_nothing_but_errors(invoke: Invoke, photos: Path) -> None:
    for words in (["photos", "--out-dir", "o"], ["photos/sprite.png"]):
        result = invoke("upsample", *words, "--quiet")
        assert (result.exit_code, result.output) == (0, "")
    assert (photos / "sprite_2x2_nearest.png").exists()


def test_of_very_many_failures_the_first_are_shown(invoke: Invoke, tmp_path: Path) -> None:
    words = [f"no{number}.png" for number in range(60)]
    result = invoke("upsample", *words)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[49:] == [
        "no49.png: There is no file 'no49.png'.",
        "... and 10 more; --report FILE has all.",
        "Error: 60 of 60 files could not be enlarged.",
    ]
    result = invoke("upsample", *words, "--report", "r.json")
    assert "... and 10 more; 'r.json' has all." in result.stderr
    assert len(json.loads((tmp_path / "r.json").read_text())["files"]) == 60


def test_nothing_to_do_is_an_error(invoke: Invoke, photos: Path) -> None:
    (photos / "below" / "depth16.png").rename(photos / "below" / "depth16.doc")
    result = invoke("upsample", photos / "below")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: There must be an image to enlarge. Received: none among 1 file. Give others, or "
        "--recursive for the folders below.\n"
    )


def test_a_folder_for_results_that_cannot_be_made_fails_its_files(
    invoke: Invoke, photos: Path, tmp_path: Path
) -> None:
    for place in ("photos/notes.txt", "/proc/no"):  # a file, and where not even root may write
        result = invoke(
            "upsample", photos / "sprite.png", photos / "portrait.jpg", "--out-dir", place
        )
        assert result.exit_code == 1
        assert result.stderr.count(f"Cannot make the folder '{place}'") == 2
        assert "Traceback" not in result.stderr
    assert (tmp_path / "photos" / "notes.txt").read_text() == "no picture"


# --- names

ODD_NAMES = [
    b"new\nline.png",
    b"\x1b[31mred\x07.png",
    b"\xff\xfe.png",
    "🧑‍🎨 ü.png".encode(),
    b"'\"\\ .png",
]


@pytest.mark.parametrize(
    "other",
    sample(
        [
            b"",
            b"{}",
            b'{"settings": {}, "files": [], "totals": {}}',
            b'{"settings": {},\n"files": [\n',
            b'\n],\n"totals": {"files": 1}}\n',
            b'x{"settings": {},\n"files": [\n\n],\n"totals": {"files": 1}}\n',
        ],
        2,
    ),
)
def test_a_report_replaces_reports_alone_where_results_are_kept(
    invoke: Invoke, samples: Path, other: bytes
) -> None:
    words = ("upsample", samples / "sprite.png", "--out-dir", "o", "--report", "r.json")
    file = Path("r.json")
    file.write_bytes(other)
    kept = invoke(*words, "--skip-existing")
    assert (kept.exit_code, kept.stdout) == (1, "")
    assert kept.stderr == (
        "Error: --report must name a new file or, with --skip-existing, an earlier report. "
        "Received: 'r.json', which is another file. Name another.\n"
    )
    assert (file.read_bytes(), Path("o").exists()) == (other, False)
    assert invoke(*words).exit_code == 1
    assert file.read_bytes() == other
    assert invoke(*words, "--force").exit_code == 0
    for status in ("written", "skipped"):
        assert json.loads(file.read_bytes())["totals"][status] == 1
        assert invoke(*words, "--skip-existing").exit_code == 0


@pytest.mark.usefixtures("processes")
def test_any_name_survives_in_results_report_and_messages(invoke: Invoke, tmp_path: Path) -> None:
    write_images(tmp_path / "in", ["plain.png"])
    for name in map(os.fsdecode, ODD_NAMES):
        copy(tmp_path / "in" / "plain.png", tmp_path / "in" / name)
        (tmp_path / "in" / f"broken{name}").write_bytes(b"no image")
    result = invoke(
        "upsample", "in", "--out-dir", "o", "--name", "{stem}{suffix}", "--report", "r.json"
    )
    assert result.exit_code == 1
    names = {os.fsencode(path.name) for path in Path("o").iterdir()}
    assert names == {*ODD_NAMES, b"plain.png"}
    report = (tmp_path / "r.json").read_bytes()
    assert report.isascii()
    told = {os.fsencode(entry["source"]): entry["status"] for entry in json.loads(report)["files"]}
    assert told == {
        b"in/plain.png": "written",
        **{b"in/" + name: "written" for name in ODD_NAMES},
        **{b"in/broken" + name: "failed" for name in ODD_NAMES},
    }
    assert len(result.stderr.splitlines()) == len(ODD_NAMES) + 1
    for control in ("\x1b", "\x07", "\r"):
        assert control not in result.stderr
    assert r"in/brokennew\nline.png: is no image" in result.stderr
    assert "in/broken🧑‍🎨 ü.png: is no image" in result.stderr
    assert r"in/broken\udcff\udcfe.png: is no image" in result.stderr


@pytest.mark.parametrize(
    ("words", "code"), [(["\x1b[31m.png"], 1), (["a.png", "b.png", "--name", "\x1b"], 2)]
)
def test_no_message_moves_the_cursor_of_a_terminal(
    invoke: Invoke, words: list[str], code: int
) -> None:
    result = invoke("upsample", *words)
    assert result.exit_code == code
    assert "\x1b" not in result.stderr
    assert r"\x1b" in result.stderr


# --- images of one stem, earlier results, and what would be done


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """Return a folder with two images of one stem, and another one."""
    write_images(tmp_path / "twins", ["IMG_1.jpg", "IMG_1.png", "IMG_2.jpg"])
    return tmp_path / "twins"


def test_of_two_images_with_one_stem_the_second_is_told_as_failed(
    invoke: Invoke, twins: Path
) -> None:
    result = invoke("upsample", "twins", "--format", "png", "--out-dir", "o")
    assert result.exit_code == 1
    assert result.stderr == (
        "twins/IMG_1.png: Each result must be a file of its own. Received: 'twins/IMG_1.jpg' and "
        "'twins/IMG_1.png', both for 'o/IMG_1_2x2_nearest.png'. Use --out-dir, or a --name that "
        "tells them apart, as by {ext} or {number}.\n"
        "Error: 1 of 3 files could not be enlarged.\n"
    )
    assert sorted(contents(Path("o"))) == ["IMG_1_2x2_nearest.png", "IMG_2_2x2_nearest.png"]
    alone = invoke("upsample", twins / "IMG_1.jpg", "-o", "alone.png")
    assert alone.exit_code == 0
    assert Path("o/IMG_1_2x2_nearest.png").read_bytes() == Path("alone.png").read_bytes()


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{stem}_{ext}{suffix}", ["IMG_1_jpg.png", "IMG_1_png.png", "IMG_2_jpg.png"]),
        ("{number}.png", ["1.png", "2.png", "3.png"]),
        ("{ext}{number}{suffix}", ["jpg1.png", "jpg3.png", "png2.png"]),
    ],
)
def test_a_name_tells_images_of_one_stem_apart(
    invoke: Invoke, twins: Path, template: str, names: list[str]
) -> None:
    result = invoke("upsample", twins, "--format", "png", "--name", template, "--out-dir", "o")
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(contents(Path("o"))) == names


def test_a_second_run_leaves_out_what_the_first_one_wrote(invoke: Invoke, photos: Path) -> None:
    images = len(contents(photos))
    assert invoke("upsample", "photos", "-r").exit_code == 0
    for options in (["--size", "3"], ["--interp", "bicubic", "--convention", "torch"], ["--force"]):
        result = invoke("upsample", "photos", "-r", *options)
        assert (result.exit_code, summary_of(result)["enlarged"]) == (0, "4")
    assert summary_of(result)["earlier results"] == "12"
    assert len(contents(photos)) == images + 12


def test_a_dry_run_lists_what_would_be_written_and_writes_nothing(
    invoke: Invoke, photos: Path, twins: Path
) -> None:
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    before = contents(Path())
    words = ("upsample", "photos", "broken.png", "twins", "--format", "png", "--out-dir", "o/p")
    dry = invoke(*words, "--to", "x90", "--dry-run")
    assert contents(Path()) == before
    assert not Path("o").exists()
    assert dry.exit_code == 1
    assert "broken.png" in dry.stderr
    assert "twins/IMG_1.png: Each result must be" in dry.stderr
    listed = [line for line in dry.stdout.splitlines() if " -> " in line]
    planned = {line.rpartition(": ")[0]: line.rpartition(": ")[2] for line in listed}
    assert f"to be enlarged: {len(listed)}\n" in dry.stdout
    assert [line.split(" -> ")[0] for line in listed] == sorted(
        (line.split(" -> ")[0] for line in listed), key=lambda name: (name[0] == "t", name)
    )
    # What is listed is what a run then does.
    assert invoke(*words, "--to", "x90").exit_code == 1
    sizes = {}
    for path in Path("o/p").iterdir():
        with Image.open(path) as image:
            sizes[str(path)] = f"{image.width}x{image.height}"
    assert {name.split(" -> ")[1]: size for name, size in planned.items()} == sizes
    assert photos.is_dir()
    assert twins.is_dir()


def test_a_dry_run_of_one_file_lists_it_alone(invoke: Invoke, photos: Path) -> None:
    before = contents(Path())
    image, shown = "photos/sprite.png", "photos/sprite_64x64_nearest.png"
    for words, line in (
        ([image, "--to", "64x"], f"{image} -> {shown}: 64x64"),
        ([image, "--size", "2", "3", "-o", "a.tif"], f"{image} -> a.tif: 96x64"),
        (["1 2; 3 4", "-o", "m.npy"], "1 2; 3 4 -> m.npy: 4x4"),
        ([], "1 2; 3 4 -> -: 4x4"),
    ):
        result = invoke("upsample", *words, "--dry-run")
        assert (result.exit_code, result.stdout) == (0, f"{line}\n")
    assert contents(Path()) == before
    there = invoke("upsample", image, "--dry-run", "-o", image)
    assert (there.exit_code, there.stdout) == (1, "")
    assert photos.is_dir()


@in_one_test(
    "options", [["--report", "r.json"], ["--compare"], ["--code", "torch"], ["--sheet", "s.png"]]
)
def test_a_dry_run_shows_nothing_that_was_made(invoke: Invoke, options: list[str]) -> None:
    result = invoke("upsample", "1 2; 3 4", "--dry-run", *options)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["photos/sprite.png", "out.png"], "To write the result to it, use -o out.png."),
        (["-", "out.JPG"], "To write the result to it, use -o out.JPG."),
        (["1 2; 3 4", "out.npy"], "To write the result to it, use -o out.npy."),
        (["photos", "large"], "To write all results to a folder, use --out-dir large."),
    ],
)
def test_a_second_name_that_is_not_there_is_meant_for_the_result(
    invoke: Invoke, photos: Path, words: list[str], remedy: str
) -> None:
    before = contents(photos)
    result = invoke("upsample", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Error: There is no file '{words[1]}'. {remedy}" in result.stderr
    assert contents(photos) == before


def test_of_two_names_that_are_not_there_both_fail(invoke: Invoke) -> None:
    result = invoke("upsample", "none.png", "out.png")
    assert result.exit_code == 1
    assert result.stderr.endswith("Error: 2 of 2 files could not be enlarged.\n")
