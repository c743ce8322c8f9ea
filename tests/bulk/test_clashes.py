"""Results in one place are found before anything is written, however the paths are spelled."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from upsamp.bulk import clashes
from upsamp.bulk.clashes import Survey, survey
from upsamp.bulk.tasks import Task
from upsamp.errors import FileError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with two folders, of which one has another name, too."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("one")
    return tmp_path


def surveyed(*pairs: tuple[str, str], other: str | None = None) -> Survey:
    tasks = [Task(number, *pair) for number, pair in enumerate(pairs, 1)]
    return survey(lambda: tasks, other)


def test_tasks_are_counted_and_so_are_the_results_that_are_there() -> None:
    assert surveyed() == Survey(0, 0, "")
    Path("one/b").touch()
    Path("one/dangling").symlink_to("nowhere")
    pairs = [("a", "one/a"), ("b", "one/b"), ("c", "one/dangling"), ("d", "new/d")]
    assert surveyed(*pairs) == Survey(4, 2, "one/b")


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "x"), ("b", "x")], "Received: 'a' and 'b', both for 'x'."),
        ([("a", "one/x"), ("b", "./one//x")], "Received: 'a' and 'b', both for './one//x'."),
        ([("a", "one/x"), ("b", "two/../one/x")], "both for 'two/../one/x'."),
        ([("a", "one/x"), ("b", "link/x")], "both for 'link/x'."),
        ([("a", "one/new/x"), ("b", "link/new/x")], "both for 'link/new/x'."),
        ([("a", "x"), ("x", "y")], "Received: 'a' for 'x', which is an input, too."),
        ([("x", "y"), ("a", "x")], "Received: 'a' for 'x', which is an input, too."),
        ([("a", "./a")], "Received: 'a' for './a', which is an input, too."),
        ([("one/a", "b"), ("c", "link/a")], "Received: 'c' for 'link/a', which is an input, too."),
    ],
)
def test_of_two_files_in_one_place_one_is_a_clash(
    pairs: Sequence[tuple[str, str]], message: str
) -> None:
    (told,) = surveyed(*pairs).clashes.values()
    assert message in told
    assert "\n" not in told


@pytest.mark.parametrize("again", ["a", "./a", "one/../a"])
def test_an_input_is_given_once(again: str) -> None:
    with pytest.raises(FileError, match=rf"must be given once\. Received: '{again}' twice\."):
        surveyed(("a", "x"), (again, "x"))


def test_the_clash_is_of_the_later_result_or_of_the_one_over_an_input() -> None:
    pairs = [("a", "x"), ("b", "x"), ("c", "y"), ("d", "x"), ("e", "a"), ("f", "e")]
    clashes = surveyed(*pairs).clashes
    assert [task.source for task in clashes] == ["b", "d", "e", "f"]
    assert all(message.startswith("Each result") for message in [*clashes.values()][:2])
    assert all(message.startswith("No result may") for message in [*clashes.values()][2:])


def test_a_run_of_clashes_alone_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clashes, "MOST_CLASHES", 3)
    assert len(surveyed(*((name, "x") for name in "abcd")).clashes) == 3
    with pytest.raises(FileError, match="both for 'x'"):
        surveyed(*((name, "x") for name in "abcde"))


def test_a_link_in_the_place_of_a_result_leads_to_its_file() -> None:
    Path("one/a").touch()
    Path("two/x").symlink_to("../one/a")
    (told,) = surveyed(("one/a", "two/y"), ("b", "two/x")).clashes.values()
    assert "Received: 'b' for 'two/x', which is an input, too" in told


def test_the_report_is_a_file_of_its_own() -> None:
    assert surveyed(("a", "b"), other="c").files == 1
    for other in ("a", "./b"):
        with pytest.raises(FileError, match=r"^The report must be a file of its own\. Received"):
            surveyed(("a", "b"), other=other)


def test_inputs_may_be_the_same_where_their_results_are_not() -> None:
    assert surveyed(("a", "one/a"), ("a", "two/a")).files == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("one/X.png", "one/x.png"),
        ("new/Sub/x.png", "new/sub/x.png"),
        ("one/straße", "one/STRASSE"),
        ("one/e\u0301", "one/\u00e9"),
    ],
)
def test_spellings_that_the_folder_tells_apart_are_two_places(first: str, second: str) -> None:
    """So it is on this file system; where it is not, those are one."""
    assert surveyed(("a", first), ("b", second)).files == 2
    assert sorted(path.name for path in Path().iterdir()) == ["link", "one", "two"]
    assert [*Path("one").iterdir()] == []
    # Where both are there already, nothing need be tried.
    for path in (first, second):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert surveyed(("a", first), ("b", second)).existing == 2


def test_spellings_that_the_folder_takes_for_one_are_one_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    lexists = os.path.lexists

    def ignore_capitals(path: str) -> bool:
        asked.append(path)
        folder, name = os.path.split(path)
        return lexists(path) or lexists(os.path.join(folder, name.lower()))  # noqa: PTH118

    monkeypatch.setattr(os.path, "lexists", ignore_capitals)
    (told,) = surveyed(("a", "one/x.png"), ("b", "one/X.png")).clashes.values()
    assert "'a' and 'b', both for 'one/X.png'" in told
    (told,) = surveyed(("one/a", "x"), ("b", "one/A")).clashes.values()
    assert "'b' for 'one/A', which is an input, too" in told
    assert [*Path("one").iterdir()] == []


def test_a_folder_that_cannot_be_tried_is_taken_to_ignore_capitals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "mkdir", refuse)
    (told,) = surveyed(("a", "one/x"), ("b", "one/X")).clashes.values()
    assert "both for 'one/X'" in told


def test_the_same_number_for_other_paths_is_no_clash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clashes, "hash", lambda _: 7, raising=False)
    assert surveyed(("a", "b"), ("c", "d"), ("e", "f")).files == 3
    (told,) = surveyed(("a", "b"), ("c", "d"), ("e", "b")).clashes.values()
    assert "both for 'b'" in told


def test_random_tasks_agree_with_a_plain_comparison() -> None:
    generator = random.Random(5)
    clashing = 0
    for _ in range(300):
        paths = [f"{generator.choice(['one', 'link', 'two'])}/{place}" for place in range(9)]
        pairs = [(generator.choice(paths), generator.choice(paths)) for _ in range(2)]
        real = [tuple(map(os.path.realpath, pair)) for pair in pairs]
        targets = {target for _, target in real}
        expected = len(targets) < len(real) or bool(targets & {source for source, _ in real})
        clashing += expected
        try:
            found = surveyed(*pairs)
        except FileError:  # the same one twice
            assert real[0] == real[1]
        else:
            assert found.files == 2
            assert bool(found.clashes) is expected
    assert 50 < clashing < 250
