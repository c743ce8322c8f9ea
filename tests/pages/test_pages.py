"""`--html`: one page that is whole, tells the very numbers, and in which names do nothing."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import numpy as np
import pytest
from click.testing import CliRunner, Result
from effort import in_one_test
from page_files import HOSTILE, KINDS, make_pages
from PIL import Image

from upsamp import conv2d_transpose, load_model, resize, upsample
from upsamp.cli import main
from upsamp.core.kernels.presets import make_kernel
from upsamp.views.heat_map import heat_colours

Invoke = Callable[..., Result]
every_kind = in_one_test("kind", KINDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a page of each kind."""
    place = tmp_path_factory.mktemp("pages")
    make_pages(place)
    return place


@pytest.fixture
def invoke() -> Invoke:
    """Return what runs a command line."""
    return lambda *words: CliRunner().invoke(main, [*words])


def parsed(page: Path) -> Element:
    """Return the tree of a page; what is no correct HTML is an error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(page.read_text(encoding="utf-8"))
    return tree


def text_of(element: Element) -> str:
    """Return the text in an element."""
    return "".join(element.itertext())


def tables(tree: Element) -> dict[str, list[list[str]]]:
    """Return the cells of each table, without its headings, by its name."""
    return {
        table.attrib["aria-label"]: [
            [text_of(cell) for cell in row.findall("td")] for row in table.findall("tbody/tr")
        ]
        for table in tree.iter("table")
    }


def numbers(tree: Element, named: str) -> np.ndarray:
    """Return the numbers of the table of that name; steps are numbered, and shapes told."""
    name = re.compile(rf"(\d+\. )?{re.escape(named)} \(.*")
    [cells] = [cells for caption, cells in tables(tree).items() if name.fullmatch(caption)]
    return np.array(cells, np.float64)


def pictures(tree: Element) -> Iterator[np.ndarray]:
    """Yield the pixels of each picture."""
    for image in tree.iter("img"):
        head, data = image.attrib["src"].split(",")
        assert head == "data:image/png;base64"
        yield np.asarray(Image.open(BytesIO(b64decode(data, validate=True))))


@every_kind
def test_a_page_is_correct_and_asks_nobody_for_anything(folder: Path, kind: str) -> None:
    tree = parsed(folder / f"{kind}.html")
    every = [*tree.iter()]
    names = [one.attrib["id"] for one in every if "id" in one.attrib]
    assert len(names) == len(set(names))
    for one in every:
        assert not {"style", "srcset", "action"} & set(one.attrib), one.attrib
        assert not [name for name in one.attrib if name.startswith("on")]
        assert one.attrib.get("src", "data:").startswith("data:")
        link = one.attrib.get("href", "data:,")
        assert link == "data:," or link.removeprefix("#") in names
        if one.tag == "img":
            assert one.attrib["alt"]
            assert int(one.attrib["width"]) <= 4000 >= int(one.attrib["height"])
        if one.attrib.get("role") == "region":
            assert one.attrib["aria-label"]
            assert one.attrib["tabindex"] == "0"
    [heading] = tree.iter("h1")
    assert text_of(heading) == text_of(next(tree.iter("title")))
    assert {one.tag for one in every} >= {"main", "nav", "header", "footer", "h2"}


@every_kind
def test_the_policy_of_a_page_allows_what_it_has_alone(folder: Path, kind: str) -> None:
    tree = parsed(folder / f"{kind}.html")
    [policy] = [one for one in tree.iter("meta") if "http-equiv" in one.attrib]
    told = dict(part.strip().split(" ", 1) for part in policy.attrib["content"].split(";"))
    assert told["default-src"] == "'none'"
    assert told["img-src"] == "data:"
    for element, rule in (("script", "script-src"), ("style", "style-src")):
        hashes = {
            f"'sha256-{b64encode(sha256(text_of(one).encode()).digest()).decode()}'"
            for one in tree.iter()
            if str(one.tag).rpartition("}")[2] == element
        }
        assert set(told[rule].split(" ")) == hashes
    assert len([*tree.iter("script")]) == 1


@every_kind
def test_names_do_nothing_on_a_page(folder: Path, kind: str) -> None:
    text = (folder / f"{kind}.html").read_text(encoding="utf-8")
    assert HOSTILE[-1] not in text
    tree = parsed(folder / f"{kind}.html")
    assert not [one for one in tree.iter("img") if "onerror" in one.attrib]
    if kind in ("picture", "model", "models", "samples", "files"):
        assert "<img src=x onerror=alert(1)>'\"&{{7*7}}" in text_of(tree)
    if kind in ("picture", "files"):
        assert "{{7*7}}\\u202e" in text_of(tree)


def test_the_numbers_of_an_upsampling_are_those_of_the_arrays(folder: Path) -> None:
    tree = parsed(folder / "numbers.html")
    given = np.array([[1, 2.5], [-3, 4e9]])
    np.testing.assert_array_equal(numbers(tree, "Input"), given)
    expected = upsample(given, 3, "bilinear")
    np.testing.assert_array_equal(numbers(tree, "Output"), expected)
    np.testing.assert_array_equal(numbers(tree, "output"), expected)
    weights = numbers(tree, "row weights")
    columns = numbers(tree, "column weights")
    np.testing.assert_allclose(weights @ given @ columns.T, expected, rtol=1e-12)


def test_the_numbers_of_a_convolution_are_those_of_the_arrays(folder: Path) -> None:
    tree = parsed(folder / "convolution.html")
    given, kernel = np.array([[1.0, 2], [3, 4]]), make_kernel("random", (3, 3, 1, 1), (2, 2), 0)
    expected = conv2d_transpose(given, kernel, None, 2, "same")
    np.testing.assert_array_equal(numbers(tree, "Output"), expected)
    np.testing.assert_array_equal(numbers(tree, "kernel"), kernel[:, :, 0, 0])
    counts = conv2d_transpose(np.ones((2, 2)), np.ones((3, 3, 1, 1)), None, 2, "same")
    np.testing.assert_array_equal(numbers(tree, "Products of each output"), counts)
    ones = conv2d_transpose(np.ones((2, 2)), kernel, None, 2, "same")
    np.testing.assert_array_equal(numbers(tree, "What an input of ones becomes"), ones)
    labels = [text_of(one) for one in tree.iter("summary")]
    assert labels == ["Keras", "PyTorch", "ONNX", "JAX"]
    programs = [text_of(one) for one in tree.iter("details")]
    assert all("import numpy as np" in program for program in programs)


def test_the_layers_of_a_model_are_those_of_its_summary(folder: Path) -> None:
    tree = parsed(folder / "model.html")
    model = load_model(str(folder / "one.keras"))
    [table] = tree.iter("table")
    rows = [[text_of(cell) for cell in row] for row in table.findall("tbody/tr")]
    names = [row[0].split(" ")[0] for row in rows]
    assert names == [layer.name for layer in model.layers]
    assert f"{model.count_params():,}" in text_of(tree)


def test_the_difference_of_two_models_has_a_row_for_each_layer_of_both(folder: Path) -> None:
    tree = parsed(folder / "models.html")
    [table] = tree.iter("table")
    marks = [text_of(row[0]) for row in table.findall("tbody/tr")]
    assert set(marks) <= {"same", "changed", "added", "removed"}
    assert [row.attrib["class"] for row in table.findall("tbody/tr")] == marks
    assert len([mark for mark in marks if mark != "added"]) == 5


def test_the_pictures_are_the_input_and_the_result(folder: Path, invoke: Invoke) -> None:
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 256, (6, 7, 3), np.uint8)).save(folder / "tiny.png")
    page = folder / "tiny.html"
    done = invoke("upsample", str(folder / "tiny.png"), "--interp", "lanczos3", "--html", str(page))
    assert done.exit_code == 0
    after, before, _sheet = pictures(parsed(page))
    given = np.asarray(Image.open(folder / "tiny.png"))
    np.testing.assert_array_equal(before, given)
    np.testing.assert_array_equal(after, resize(given, (12, 14), "lanczos3"))
    written = np.asarray(Image.open(folder / "out.png"))
    source = np.asarray(Image.open(folder / f"{HOSTILE.replace('/', '')}.png"))
    np.testing.assert_array_equal(written, resize(source, (40, 48), "bicubic", alpha=True))


def test_a_large_picture_is_reduced_and_that_is_told(folder: Path) -> None:
    tree = parsed(folder / "large.html")
    after = next(pictures(tree))
    assert after.shape == (15, 1280)
    captions = [text_of(one) for one in tree.iter("figcaption")]
    assert "(reduced to 91% of 1,400 x 16 pixels)" in captions[0]


def test_a_gallery_shows_the_first_files_and_tells_of_the_others(
    folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = parsed(folder / "files.html")
    entries = [text_of(one) for one in tree.iter("li") if one.find("figure") is not None]
    assert len(entries) == 3
    assert [entry for entry in entries if "failed" in entry and "broken.png" in entry]
    assert len([*tree.iter("img")]) == 4
    monkeypatch.setattr("upsamp.cli.html.gallery.MAX_FILES", 1)
    page, photos = folder / "bounded.html", folder / "photos" / "b*.png"
    invoke("upsample", str(photos), "--out-dir", str(folder / "few"), "--html", str(page))
    assert "1 more files are left out; --report FILE has all." in text_of(parsed(page))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["upsample", "1 2", "--explain"], "Leave --explain out"),
        (["upsample", "1 2", "--format", "json"], "--html without -o does not use --format"),
        (["upsample", "1 2", "--max-memory", "1GB"], "Leave --max-memory out"),
        (["transpose-conv", "--solve", "7", "28"], "--solve and --html"),
        (["transpose-conv", "1 2", "--from", "torch", "PixelShuffle(2)"], "--html is for"),
        (["transpose-conv", "1 2", "--from", "keras", "Flatten()"], "--html is for"),
        (["transpose-conv", "--kernel", "3"], "must have an input"),
        (["summary", "dcgan", "--style", "keras"], "Leave --style out"),
        (["generator", "--kind", "dcgan", "--code", "torch"], "Leave out --html"),
    ],
)
def test_what_a_page_has_no_use_for_is_refused(
    invoke: Invoke, tmp_path: Path, line: list[str], told: str
) -> None:
    done = invoke(*line, "--html", str(tmp_path / "page.html"))
    assert done.exit_code == 2
    assert told in done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_page_is_written_whole_or_not_at_all(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    line = ("upsample", "1 2", "--html", str(page))
    assert invoke(*line).exit_code == 1
    assert page.read_text() == "mine"
    assert invoke("upsample", "1 2", "--html", str(tmp_path / "page.png")).exit_code == 2
    monkeypatch.setattr("upsamp.io.extras.has_extra", lambda _: False)
    done = invoke(*line, "--force")
    assert done.exit_code == 1
    assert "pip install 'upsamp[html]'" in done.stderr
    assert page.read_text() == "mine"
    monkeypatch.undo()
    assert invoke(*line, "--force").exit_code == 0
    assert [*tmp_path.iterdir()] == [page]
    assert len([*parsed(page).iter("h1")]) == 1


def test_a_page_goes_through_a_pipe_and_is_the_same_each_time(invoke: Invoke) -> None:
    first, again = (invoke("upsample", "1 2; 3 4", "--html", "-") for _ in range(2))
    assert first.stdout == again.stdout
    assert first.stdout.startswith("<!DOCTYPE html>")
    assert first.stdout.endswith("</html>\n")
    assert re.search("upsamp upsample &#39;1 2; 3 4&#39; --html -", first.stdout)


def test_how_kernels_overlap_in_a_large_result_is_a_heat_map(folder: Path, invoke: Invoke) -> None:
    page, given = folder / "heat.html", "; ".join(["1 " * 20] * 20)
    line = ("transpose-conv", given, "--kernel", "3", "--stride", "2", "--html", str(page))
    assert invoke(*line).exit_code == 0
    tree = parsed(page)
    [figure] = [
        one for one in tree.iter("figure") if text_of(one).strip().startswith("Products of each")
    ]
    assert "1 (dark) to 4 (bright)" in text_of(figure)
    [drawn] = pictures(figure)
    counts = conv2d_transpose(np.ones((20, 20)), np.ones((3, 3, 1, 1)), None, 2)
    np.testing.assert_array_equal(drawn, heat_colours(counts))
