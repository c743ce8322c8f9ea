"""What words find: files, folders, patterns; and what is passed over without a wait."""

import os
import socket
from pathlib import Path

import pytest
from bulk_files import write_images

from upsamp.bulk.inputs import Found, Inputs, kind_of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with images, with what is none, and with all that must not be waited for."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "photos", ["b.png", "a.jpg", "C.PNG", ".hidden.png"])
    write_images(tmp_path / "photos" / "below" / "deep", ["d.png"])
    write_images(tmp_path / "photos" / "below", ["b.png"])
    write_images(tmp_path / "photos" / ".trash", ["t.png"])
    photos = tmp_path / "photos"
    (photos / "notes.txt").write_text("no image")
    (photos / "array.npy").write_text("no image")
    (photos / ".0123456789abcdef.part").write_text("half an image")
    os.mkfifo(photos / "pipe.png")
    (photos / "loop.png").symlink_to("loop.png")
    (photos / "dangling.png").symlink_to("nowhere.png")
    (photos / "link.png").symlink_to("b.png")
    (photos / "link").symlink_to("below")
    (photos / "device.png").symlink_to("/dev/zero")
    return tmp_path


PASSED_OVER = ["notes.txt", "array.npy", "pipe.png", "loop.png", "dangling.png", "device.png"]


def found_by(*words: str, recursive: bool = False, leave_out: str | None = None) -> list[str]:
    inputs = Inputs(words, recursive=recursive, leave_out=leave_out)
    return [found.path for group in inputs.groups() for found in group]


TOP = ["photos/C.PNG", "photos/a.jpg", "photos/b.png", "photos/link.png"]
BELOW = ["photos/below/b.png", "photos/below/deep/d.png"]


def test_a_folder_gives_its_images_in_order_and_counts_the_rest(place: Path) -> None:
    inputs = Inputs(["photos"])
    for _ in range(2):  # the same again, counted anew
        assert [found.path for group in inputs.groups() for found in group] == TOP
        assert inputs.passed_over == len(PASSED_OVER)
    assert found_by("photos/") == TOP
    assert found_by(f"{place}/photos") == [f"{place}/{path}" for path in TOP]


@pytest.mark.usefixtures("place")
def test_the_folders_below_are_searched_when_that_is_asked() -> None:
    assert found_by("photos", recursive=True) == TOP + BELOW
    groups = [[*group] for group in Inputs(["photos"], recursive=True).groups()]
    assert groups[1] == [Found("photos/below/b.png", "below/b.png")]
    assert groups[2] == [Found("photos/below/deep/d.png", "below/deep/d.png")]
    assert found_by("photos", recursive=True, leave_out="photos/below") == TOP
    assert found_by("photos/below", recursive=True, leave_out="photos/below") == BELOW


@pytest.mark.usefixtures("place")
def test_a_folder_that_is_named_may_be_a_link_and_hidden() -> None:
    assert found_by("photos/link") == ["photos/link/b.png"]
    assert found_by("photos/.trash", "photos/.hidden.png") == [
        "photos/.trash/t.png",
        "photos/.hidden.png",
    ]


@pytest.mark.usefixtures("place")
def test_a_socket_and_a_loop_of_folders_are_passed_over() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("photos/socket.png")
    Path("photos/below/up").symlink_to("..")
    inputs = Inputs(["photos"], recursive=True)
    assert [found.path for group in inputs.groups() for found in group] == TOP + BELOW
    assert inputs.passed_over == len(PASSED_OVER) + 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("photos/*.png", ["photos/b.png", "photos/link.png"]),
        ("photos/*", TOP),
        ("photos/.*.png", ["photos/.hidden.png"]),
        ("photos/[ab].*", ["photos/a.jpg", "photos/b.png"]),
        ("photos/below/*/*", ["photos/below/deep/d.png"]),
        ("photos/*/b.png", ["photos/below/b.png", "photos/link/b.png"]),
        ("photos/**/*.png", ["photos/b.png", "photos/link.png", *BELOW]),
        ("photos/**", TOP + BELOW),
        ("**/**/d.png", ["photos/below/deep/d.png"]),
        ("p*s/./b.png", ["photos/b.png"]),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_pattern_finds_images(pattern: str, expected: list[str]) -> None:
    assert kind_of(pattern) == "pattern"
    assert found_by(pattern) == expected


@pytest.mark.usefixtures("place")
def test_a_pattern_keeps_the_folders_below_its_first_part() -> None:
    (group,) = Inputs(["photos/**/d.png"]).groups()
    assert group == [Found("photos/below/deep/d.png", "below/deep/d.png")]
    (group,) = Inputs([f"{Path.cwd()}/photos/*.jpg"]).groups()
    assert group == [Found(f"{Path.cwd()}/photos/a.jpg", "a.jpg")]
    (group,) = Inputs(["phot*/a.jpg"]).groups()
    assert group == [Found("photos/a.jpg", "photos/a.jpg")]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("-", "stream"),
        ("photos/b.png", "file"),
        ("photos/loop.png", "file"),
        ("photos/pipe.png", "file"),
        ("photos", "folder"),
        ("photos/link", "folder"),
        ("photos/*.png", "pattern"),
        ("[p]hotos/b.png", "pattern"),
        ("1 2; 3 4", "matrix"),
        ("[[1,2],[3,4]]", "matrix"),
        ("[[1,x]]", "matrix"),
        ("no*.png", "missing"),
        ("no.png", "missing"),
        ("", "missing"),
        ("a\0*.png", "missing"),
    ],
)
@pytest.mark.usefixtures("place")
def test_the_kind_of_a_word(word: str, kind: str) -> None:
    assert kind_of(word) == kind


@pytest.mark.usefixtures("place")
def test_files_win_over_patterns_and_matrices() -> None:
    for name in ("*.png", "[b].png", "1 2; 3 4"):
        Path("photos", name).touch()
        assert kind_of(f"photos/{name}") == "file"
    Path("1 2; 3 4").touch()
    assert kind_of("1 2; 3 4") == "file"


@pytest.mark.usefixtures("place")
def test_what_stands_between_folders_keeps_its_place() -> None:
    words = ("no.png", "photos/b.png", "photos/below", "photos/a.jpg")
    groups = [[*group] for group in Inputs(words).groups()]
    assert groups == [
        [Found("no.png", "no.png", "There is no file 'no.png'."), Found("photos/b.png", "b.png")],
        [Found("photos/below/b.png", "b.png")],
        [Found("photos/a.jpg", "a.jpg")],
    ]


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_go_on(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path == "photos/below":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    write_images(place / "photos" / "late", ["z.png"])
    monkeypatch.setattr(os, "scandir", refuse)
    found = [found for group in Inputs(["photos"], recursive=True).groups() for found in group]
    assert [one.path for one in found] == [*TOP, "photos/below", "photos/late/z.png"]
    assert found[-2].error == "Cannot read 'photos/below': permission denied."
