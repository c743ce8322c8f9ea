"""A run with an engine that does nothing: what it is given, in which order, how much at once."""

import json
import os
from collections import deque
from itertools import product
from pathlib import Path

import pytest
from bulk_files import write_images

from upsamp.bulk.clashes import survey
from upsamp.bulk.inputs import Inputs
from upsamp.bulk.names import Naming
from upsamp.bulk.report import KEPT_FAILURES, Totals, may_replace, write_report
from upsamp.bulk.run import Plan, run
from upsamp.bulk.tasks import Outcome, Task
from upsamp.errors import FileError


class Recorder:
    """An engine with room for three tasks, which gives the outcome of the latest one first."""

    def __init__(self) -> None:
        self.held: deque[Task] = deque()
        self.most = 0

    def has_room(self) -> bool:
        return len(self.held) < 3

    def submit(self, task: Task) -> None:
        assert Path(task.target).parent.is_dir()
        self.held.append(task)
        self.most = max(self.most, len(self.held))

    def collect(self) -> list[Outcome]:
        return [Outcome(self.held.pop(), "written", 0.5, (1, 2), (2, 4))] if self.held else []

    def close(self) -> None:
        self.held.clear()


NAMING = Naming("2x2", "nearest", out_dir="out")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with seven images in two folders."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "photos", [f"{name}.png" for name in "abcd"])
    write_images(tmp_path / "photos" / "below", [f"{name}.png" for name in "efg"])
    return tmp_path


def test_each_file_is_given_once_and_few_at_a_time() -> None:
    engine = Recorder()
    plan = Plan(Inputs(["photos"], recursive=True), NAMING)
    outcomes = [*run(plan, engine)]
    assert engine.most == 3
    assert sorted(outcome.task.number for outcome in outcomes) == [1, 2, 3, 4, 5, 6, 7]
    told = {outcome.task.source: outcome.task.target for outcome in outcomes}
    assert told["photos/below/e.png"] == "out/below/e_2x2_nearest.png"
    assert told["photos/a.png"] == "out/a_2x2_nearest.png"
    assert {outcome.status for outcome in outcomes} == {"written"}


def test_what_has_its_result_is_left_out_when_that_is_asked() -> None:
    Path("out/below").mkdir(parents=True)
    Path("out/b_2x2_nearest.png").touch()
    Path("out/c_2x2_nearest.png").mkdir()  # which is no result
    Path("out/below/e_2x2_nearest.png").symlink_to("nowhere")
    plan = Plan(Inputs(["photos"], recursive=True), NAMING, skip_existing=True)
    statuses = {outcome.task.source: outcome.status for outcome in run(plan, Recorder())}
    assert [source for source, status in statuses.items() if status == "skipped"] == [
        "photos/b.png"
    ]
    assert len(statuses) == 7


def test_earlier_results_beside_their_images_are_no_images() -> None:
    naming = Naming("2x2", "nearest")
    for name in ("a_2x2_nearest.png", "c_2x2_nearest.png", "other_2x2_nearest.png"):
        Path("photos", name).touch()
    plan = Plan(Inputs(["photos"]), naming, skip_existing=True)
    statuses = {outcome.task.source: outcome.status for outcome in run(plan, Recorder())}
    assert statuses == {
        "photos/a.png": "skipped",
        "photos/b.png": "written",
        "photos/c.png": "skipped",
        "photos/d.png": "written",
        "photos/other_2x2_nearest.png": "written",
    }
    assert plan.earlier_results == 2
    # So it is whether or not results are kept, and of whatever size and method they are.
    for other, overwrite in product((naming, Naming("3x3", "bicubic_torch")), (False, True)):
        plan = Plan(Inputs(["photos"]), other, overwrite=overwrite)
        assert len([*plan.tasks()]) == 5
        assert plan.earlier_results == 2


def test_earlier_results_beside_their_images_are_none_for_another_folder_either() -> None:
    Path("photos/a_2x2_nearest.png").touch()
    plan = Plan(Inputs(["photos"]), Naming("3x3", "bicubic", out_dir="out"))
    assert "photos/a_2x2_nearest.png" not in [task.source for task in plan.tasks()]
    assert plan.earlier_results == 1
    Path("photos/large_a.png").touch()  # which may be a picture of its own
    plan = Plan(Inputs(["photos"]), Naming("3x3", "bicubic", "large_{stem}{suffix}", out_dir="out"))
    assert len([*plan.tasks()]) == 6


@pytest.mark.parametrize(
    ("template", "names", "earlier"),
    [
        ("{stem}_{size}_{interp}{suffix}", ["a_1920x_lanczos3.png", "b_2x2_area_torch.jpg"], 2),
        ("{stem}_{size}_{interp}{suffix}", ["a_2x2.png", "a_2x2_nearest_x.png", "a_x_area.png"], 0),
        ("{stem}_{ext}{suffix}", ["a_png.webp", "b_jpg.webp", "z_png.webp"], 1),
        ("{number}-{stem}{suffix}", ["1-a.png", "12-b.png", "-c.png", "x-d.png"], 2),
        ("large_{stem}.tif", ["large_a.tif", "large_b.png"], 1),
        ("{stem}{suffix}", ["a.jpg"], 0),
        ("{number}{suffix}", ["1.png"], 0),
    ],
)
def test_an_earlier_result_is_told_by_the_name_of_its_image(
    template: str, names: list[str], earlier: int
) -> None:
    for name in names:
        Path("photos", name).touch()
    plan = Plan(Inputs(["photos"]), Naming("2x2", "nearest", template))
    assert len([*plan.tasks()]) == 4 + len(names) - earlier
    assert plan.earlier_results == earlier


@pytest.mark.parametrize("words", [["photos"], ["photos/*.png"], ["photos/a.png", "photos/ab.png"]])
def test_an_image_is_never_overwritten_as_if_it_were_a_result(words: list[str]) -> None:
    Path("photos/ab.png").touch()  # which may be the picture of a user, or an earlier result
    plan = Plan(Inputs(words), Naming("2x2", "nearest", "{stem}b{suffix}"), overwrite=True)
    found = survey(plan.tasks)
    assert [task.source for task in found.clashes] == ["photos/a.png"]
    failed = [outcome for outcome in run(plan, Recorder(), found.clashes) if outcome.error]
    assert [outcome.task.source for outcome in failed] == ["photos/a.png"]
    assert "No result may be written over an input" in failed[0].error


def test_results_in_a_folder_that_a_pattern_finds_are_no_images() -> None:
    Path("photos/large").mkdir()
    for name in ("large/a_2x2_nearest.png", "large/z_2x2_nearest.png"):
        Path("photos", name).touch()
    for folder in ("photos/large", "photos/large/"):
        plan = Plan(Inputs(["photos/**/*.png"]), Naming("3x3", "nearest", out_dir=folder))
        sources = [task.source for task in plan.tasks()]
        assert len(sources) == 8
        assert "photos/large/z_2x2_nearest.png" in sources


def test_a_number_is_the_place_among_all() -> None:
    plan = Plan(Inputs(["photos", "no.png"]), Naming("2x2", "nearest", "{number}_{ext}{suffix}"))
    tasks = [*plan.search()]
    assert [task.target for task in tasks if isinstance(task, Task)] == [
        f"photos/{number}_png.png" for number in (1, 2, 3, 4)
    ]


def test_the_second_of_two_images_with_one_stem_fails_and_the_others_go_on() -> None:
    write_images(Path("photos"), ["a.jpg", "b.bmp"])
    for template, failing in (
        ("{stem}_{size}.png", ["photos/a.png", "photos/b.png"]),
        ("{stem}_{ext}_{size}.png", []),
        ("{stem}_{number}.png", []),
    ):
        plan = Plan(Inputs(["photos"]), Naming("2x2", "nearest", template))
        outcomes = [*run(plan, Recorder(), survey(plan.tasks).clashes)]
        failed = sorted(outcome.task.source for outcome in outcomes if outcome.error)
        assert (len(outcomes), failed) == (6, failing)


def test_a_dry_run_makes_no_folder_and_tidies_none() -> None:
    dead = Path("photos/.0123456789abcdef.part")
    dead.touch()

    class Looker(Recorder):
        def submit(self, task: Task) -> None:
            self.held.append(task)

    plan = Plan(Inputs(["photos"]), NAMING)
    assert len([*run(plan, Looker(), dry=True)]) == 4
    assert dead.exists()
    assert not Path("out").exists()


def test_results_that_are_written_beside_their_images_are_not_found_on_the_way() -> None:
    class Writer(Recorder):
        def submit(self, task: Task) -> None:
            super().submit(task)
            Path(task.target).touch()

    naming = Naming("2x2", "nearest", "0{stem}{suffix}")  # which sorts before what comes
    assert len([*run(Plan(Inputs(["photos"], recursive=True), naming), Writer())]) == 7


def test_what_cannot_be_begun_fails_and_the_others_go_on() -> None:
    Path("out").mkdir()
    Path("out/below").touch()
    plan = Plan(Inputs(["photos", "no.png"], recursive=True), NAMING)
    outcomes = {outcome.task.source: outcome for outcome in run(plan, Recorder())}
    assert len(outcomes) == 8
    failed = {source: outcome for source, outcome in outcomes.items() if outcome.error}
    assert set(failed) == {"no.png", *(f"photos/below/{name}.png" for name in "efg")}
    assert failed["no.png"].error == "There is no file 'no.png'."
    assert failed["photos/below/e.png"].error == (
        "Cannot make the folder 'out/below': file exists."
    )


def test_what_a_killed_process_left_is_removed_where_results_come() -> None:
    dead = Path("out/.0123456789abcdef.part")
    dead.parent.mkdir()
    dead.touch()
    assert len([*run(Plan(Inputs(["photos"]), NAMING), Recorder())]) == 4
    assert not dead.exists()


# --- the report

NAMES = ["plain.png", "new\nline.png", "\x1b[31m.png", '"\\.png', "🧑‍🎨.png", "\udcff\udc80.png"]


def test_a_report_has_all_names_so_that_they_can_be_read_back(place: Path) -> None:
    totals = Totals()
    with write_report("report.json", {"size": "2x2"}, totals, overwrite=False) as report:
        for number, name in enumerate(NAMES, 1):
            written = Outcome(Task(number, name, f"out/{name}"), "written", 0.25, (1, 2), (2, 4))
            report.add(written)
            totals.add(written)
        failed = Outcome(Task(7, "no\n.png", ""), "failed", error="There is no file 'no\n.png'.")
        report.add(failed)
        totals.add(failed)
    data = (place / "report.json").read_bytes()
    assert data.isascii()
    assert b"\x1b" not in data
    assert data.count(b"\n") == 2 + 7 + 2
    told = json.loads(data)
    assert [entry["source"] for entry in told["files"]] == [*NAMES, "no\n.png"]
    assert os.fsencode(told["files"][5]["target"]) == b"out/\xff\x80.png"
    assert told["files"][0] == {
        "number": 1,
        "source": "plain.png",
        "target": "out/plain.png",
        "status": "written",
        "shape": [1, 2],
        "result_shape": [2, 4],
        "seconds": 0.25,
        "error": None,
        "notes": [],
    }
    assert told["files"][6]["target"] is told["files"][6]["shape"] is None
    assert told["settings"] == {"size": "2x2"}
    seconds = told["totals"].pop("seconds")
    assert 0 <= seconds < 60
    assert told["totals"] == {"files": 7, "written": 6, "kept": 0, "skipped": 0, "failed": 1}


def test_a_report_of_nothing_is_json_too(place: Path) -> None:
    with write_report("report.json", {}, Totals(), overwrite=False):
        pass
    assert json.loads((place / "report.json").read_text())["files"] == []


def stop_within(name: str) -> None:
    with write_report(name, {}, Totals(), overwrite=True) as report:
        report.add(Outcome(Task(1, "a", "b"), "written"))
        raise KeyboardInterrupt


def test_a_report_that_is_interrupted_is_not_there(place: Path) -> None:
    (place / "report.json").write_text("the one before")
    with pytest.raises(KeyboardInterrupt):
        stop_within("report.json")
    assert (place / "report.json").read_text() == "the one before"
    assert not list(place.glob(".*"))


def fill_report(count: int) -> int:
    with write_report("/dev/full", {}, Totals(), overwrite=True) as report:
        for number in range(count):
            report.add(Outcome(Task(number, "a", "b"), "written"))
    return count


@pytest.mark.parametrize("count", [1, 1000])
def test_a_report_on_a_full_disk_is_an_error_at_the_end(count: int) -> None:
    with pytest.raises(FileError, match=r"^Cannot write '/dev/full': no space left on device\.$"):
        fill_report(count)


def test_of_many_failures_the_first_are_kept() -> None:
    totals = Totals()
    for number in range(KEPT_FAILURES + 10):
        totals.add(Outcome(Task(number, "a", "b"), "failed", notes=("lost",)))
    assert len(totals.failures) == KEPT_FAILURES
    for number in range(9):
        totals.add(Outcome(Task(number, "a", "b"), "written", notes=(f"lost {number}", "lost")))
    assert [*totals.notes.values()] == [69, 1, 1, 1, 1, 5]
    assert [*totals.notes][-1] == "other notes, which --report FILE has"
    assert totals.counts["failed"] == totals.done - 9 == KEPT_FAILURES + 10


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_a_report_may_be_replaced_where_results_are_kept(count: int) -> None:
    with write_report("report.json", {"size": 2}, Totals(), overwrite=False) as report:
        for number in range(count):
            report.add(Outcome(Task(number, "a", "b"), "written"))
    assert may_replace("report.json", force=False, skip_existing=True)
    assert not may_replace("report.json", force=False, skip_existing=False)
    with Path("report.json").open("ab") as stream:
        stream.write(b" " * 2**17)  # its end is looked for in so much no more
    with pytest.raises(
        FileError, match=r"^--report must name .* Received: 'report\.json', which is"
    ):
        may_replace("report.json", force=False, skip_existing=True)
    assert may_replace("report.json", force=True, skip_existing=True)
    assert not may_replace("none.json", force=False, skip_existing=True)
