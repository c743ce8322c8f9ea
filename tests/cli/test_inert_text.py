"""Whatever names hold, what is printed moves no terminal, runs in no spreadsheet, links nowhere."""

import csv
import json
import os
import re
import unicodedata
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result
from effort import choose, in_one_test
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from terminals import SCRIPT, run_on_terminal

from upsamp.cli import main
from upsamp.cli.render.output import print_text
from upsamp.cli.render.progress import show_failures
from upsamp.cli.render.summaries import FORMATS, show_difference, show_summary
from upsamp.cli.render.tables import show_layer, show_note, show_report, show_rows
from upsamp.cli.render.text import markdown_row, markdown_rule, markdown_text, rows_csv
from upsamp.core.text import json_text, printable
from upsamp.models.summary.columns import KERAS_COLUMNS
from upsamp.models.summary.difference import compare
from upsamp.models.summary.summary import Connection, Summary, SummaryRow

# What a terminal obeys, or what turns text around, and what Markdown, spreadsheets, Graphviz and
# rich take for their own.
BAD = [
    *("\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;http://a\x1b\\", "\x9b2J", "\x07", "\r", "\b"),
    *("\0", "\x7f", "\x85", "\x90", "\t", "\n", "\x0b", "\x0c", "\x1c"),
    *("\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u2028", "\u2029", "\ufeff"),
    *("\ud800", "\udcff", "\U000e0041", "\u00ad", "\U0010ffff"),
    *("=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", '"', ",", ";"),
    *("[a](http://b.example)", "![a](http://b.example)", "<b>", "`", "|", "*", "_x_", "~~", "\\"),
    *("[red]", "[/]", "[link=http://a]x[/link]", ":smile:", "{", "}", "&lt;", "<http://a>", "$x$"),
    *("http://a.example", "www.a.example", "a@b.example", "](http://a)", "![", "]: http://a"),
]
ORDINARY = st.text(alphabet="abc_ 19é漢", max_size=5)
NAMES = st.lists(st.one_of(st.sampled_from(BAD), ORDINARY, st.text(max_size=4)), max_size=5).map(
    "".join
)
# Names that are invisible are refused where models are read.
VISIBLE = NAMES.map(lambda name: "".join(filter(str.isprintable, name))).filter(str.strip)


def harmful(text: str, *, allowed: str = "\n") -> list[str]:
    """Return the characters that a terminal might obey, or that are not what they look like."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    kept = f"{allowed}\N{ZERO WIDTH JOINER}"
    return [one for one in text if unicodedata.category(one) in kinds and one not in kept]


def run(*arguments: object) -> Result:
    """Run the command in this process; what it prints must harm nobody."""
    result = CliRunner().invoke(
        main, [*map(str, arguments)], catch_exceptions=False, prog_name="upsamp"
    )
    assert harmful(result.stdout) == []
    assert harmful(result.stderr) == []
    return result


def config(names: list[str], kind: str = "Dense") -> dict[str, Any]:
    """Return the JSON of a model whose layers have these names, the last one an unknown class."""
    layers = [
        {"class_name": "InputLayer", "config": {"name": names[1], "batch_shape": [None, 2]}},
        {"class_name": "Dense", "config": {"name": names[2], "units": 2}},
        {"class_name": kind, "config": {"name": names[3]}},
    ]
    return {"class_name": "Sequential", "config": {"name": names[0], "layers": layers}}


# --- the whole way, from a file to what is printed


def check_summary(path: str, names: list[str]) -> None:
    """Show a model in every format; all names make as many lines as harmless ones do."""
    for format_name in FORMATS:
        text = run("summary", path, "--format", format_name).stdout
        if format_name == "json":
            layers = json.loads(text)["layers"]
            assert [layer["name"] for layer in layers] == names[2:]
        elif format_name == "csv":
            check_csv(text, 3)
        elif format_name == "markdown":
            check_markdown(text)
        elif format_name == "dot":
            check_dot(text)
        elif format_name == "plain":
            assert len(text.splitlines()) == 10
    text = run("summary", path, "--style", "keras", "--width", 300).stdout
    assert len(text.splitlines()) == 11
    run("summary", path, "--columns", "all", "--width", 60)


def check_csv(text: str, rows: int) -> None:
    """Assert that there are so many rows of one width, and no cell that is run."""
    table = list(csv.reader(StringIO(text)))
    assert len(table) == rows
    assert len({len(row) for row in table}) == 1
    for cell in (cell for row in table for cell in row):
        assert not re.match(r"\s*[=+\-@].", cell, re.DOTALL) or re.fullmatch(
            r"[+-][\d.]+(e[+-]?\d+)?", cell, re.IGNORECASE
        )


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PLAIN_TOKENS = {"text", "strong_open", "strong_close", "softbreak"}


def check_markdown(text: str) -> list[str]:
    """Assert that Markdown reads nothing but text and tables, and return the cells."""
    tokens = MARKDOWN.parse(text)
    assert not {token.type for token in tokens} & {"html_block", "code_block", "fence", "hr"}
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= PLAIN_TOKENS
    return [
        "".join(child.content for child in tokens[place + 1].children or ())
        for place, token in enumerate(tokens)
        if token.type in ("td_open", "th_open")
    ]


def check_dot(text: str) -> None:
    """Assert that all quotes are closed, and that braces outside of them are ours."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    assert '"' not in bare
    assert "<" not in bare
    assert bare.count("{") == bare.count("}") == 1
    for label in re.findall(r'label="((?:[^"\\]|\\.)*)"', text):
        assert re.sub(r'\\[\\n"]', "", label).count("\\") == 0
        assert not re.search(r"&#?(?!amp)\w+;", label)


@settings(max_examples=choose(12, 400))
@given(st.lists(VISIBLE, min_size=4, max_size=4, unique=True), VISIBLE)
def test_a_model_of_any_names_is_shown(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], kind: str
) -> None:
    folder = tmp_path_factory.mktemp("models")
    paths = [str(folder / name) for name in ("one.json", "other.json")]
    for path, model in zip(paths, (names, names[::-1]), strict=True):
        Path(path).write_text(json.dumps(config(model, kind)), encoding="ascii")
    check_summary(paths[0], names)
    for format_name in ("table", "plain", "json", "csv", "markdown"):
        text = run("summary", *paths, "--format", format_name).stdout
        if text and format_name == "csv":
            assert len({len(row) for row in csv.reader(StringIO(text))}) == 1
        elif text and format_name == "markdown":
            check_markdown(text)
    run("generator", "--model", paths[0])
    run("generator", "--model", paths[0], "--layer", names[2], "-o", folder / "o.png")
    run("summary", f"Dense(2, input_dim=2, name={names[2]!r})", "--name", names[0])
    run("summary", names[0], names[1], "--columns", kind)


@settings(max_examples=choose(20, 400))
@given(NAMES, NAMES, NAMES)
def test_a_model_of_invisible_names_is_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, model: str, layer: str, kind: str
) -> None:
    path = tmp_path_factory.mktemp("models") / "m.json"
    path.write_text(json.dumps(config([model, "a", layer, "b"], kind)), encoding="ascii")
    result = run("summary", path)
    assert result.exit_code in (0, 1)
    if result.exit_code:
        assert result.stderr.count("\n") == 1


FILE_NAMES = NAMES.map(lambda name: os.fsencode(re.sub("[/\0\ud800-\udc7f]|^-", "", name))[:80])


@settings(max_examples=choose(12, 80))
@given(FILE_NAMES.filter(lambda name: name.strip(b". ")))
def test_a_file_of_any_name_is_told(tmp_path_factory: pytest.TempPathFactory, name: bytes) -> None:
    folder = tmp_path_factory.mktemp("files")
    stem = os.fsdecode(bytes(folder) + b"/" + name)
    Path(f"{stem}.txt").write_text("1 2\n3 \x1b]0;x\x07\n", encoding="ascii")
    Path(f"{stem}.json").write_text(json.dumps(config(list("abcd"))), encoding="ascii")
    Path(f"{stem}.csv").write_text("1,2\n3,4\n", encoding="ascii")
    Path(f"{stem}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    results = [
        run("upsample", f"{stem}.txt"),
        run("upsample", f"{stem}.csv", "-o", f"{stem}.npy"),
        run("upsample", f"{stem}.csv", "-o", f"{stem}.npy"),
        run("upsample", f"{stem}.png"),
        run("transpose-conv", f"{stem}.csv", "--weights", f"{stem}.none"),
        run("transpose-conv", f"{stem}.csv", "-o", f"{stem}2.csv"),
        run("transpose-conv", f"{stem}.csv", "--code", "torch"),
        run("summary", f"{stem}.json"),
        run("summary", f"{stem}.json", f"{stem}.json", "--format", "markdown"),
        run("summary", f"{stem}.none"),
        run("summary", f"{stem}.json", "--weights", f"{stem}.png"),
        run("generator", "--model", f"{stem}.png"),
        run("generator", "--latent-file", f"{stem}.txt", "-o", f"{stem}.png"),
        run(f"--{stem}"),
        run(stem),
        run("upsample", "1 2; 3 4", "--interp", stem),
        run("upsample", "1 2; 3 4", "--size", stem),
    ]
    codes = [result.exit_code for result in results]
    assert codes == [1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    check_markdown(results[8].stdout)


def test_many_files_of_any_names_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [re.sub("[/\0\ud800-\udc7f]", "", name) for name in BAD]
    for name in names:
        Path(f"x{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = "\x1b]0;x\x07\u202e.json"
    result = run("upsample", ".", "--out-dir", "out", "--jobs", 1, "--report", report)
    assert result.exit_code == 1
    # One line a failure, one for those that are not shown, and the error.
    assert len(result.stderr.splitlines()) <= len(names) + 2
    text = Path(report).read_text(encoding="ascii")
    assert harmful(text) == []
    told = {entry["source"] for entry in json.loads(text)["files"]}
    assert {name.removeprefix("./") for name in told} == {f"x{name}.png" for name in names}


# --- each renderer


@given(NAMES)
def test_text_is_spelled_out_once(name: str) -> None:
    text = printable(name)
    assert harmful(text, allowed="") == []
    assert printable(text) == text
    assert json.loads(json_text({name: name})) == {name: name}
    assert harmful(json_text(name), allowed="") == []
    assert json_text(name).isascii()


@in_one_test("code", [*range(32), *range(127, 160), *range(0x2028, 0x202F)])
def test_no_control_character_gets_through(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"a{chr(code)}b"
    print_text(text)
    print_text(text, err=True)
    shown = capsys.readouterr()
    kept = chr(code) in "\t\n"
    assert shown.out == shown.err == (f"{text}\n" if kept else f"{printable(text)}\n")
    assert harmful(json_text(text)) == []


@given(st.lists(NAMES, min_size=2, max_size=2))
def test_cells_of_csv_are_read_back(names: list[str]) -> None:
    text = rows_csv([names, [1, -1.5], [None, True]])
    assert harmful(text) == []
    check_csv(text, 3)
    table = list(csv.reader(StringIO(text)))
    assert table[1:] == [["1", "-1.5"], ["", "True"]]
    for cell, name in zip(table[0], names, strict=True):
        spelled = "\n".join(map(printable, name.split("\n")))
        assert cell in (spelled, f"'{spelled}")


def test_only_what_is_run_gets_an_apostrophe() -> None:
    texts = ["=1+1", "-1.5", "+1", "-", "=", "-1+cmd", "@x", "\t=1", "\r=1", " =1", "\n=1", "a=1"]
    shown = ["'=1+1", "-1.5", "+1", "-", "=", "'-1+cmd", "'@x", r"\t=1", r"\r=1", "' =1", "'\n=1"]
    table = list(csv.reader(StringIO(rows_csv([texts]))))
    assert table == [[*shown, "a=1"]]


@settings(max_examples=choose(100, 5000))
@given(NAMES)
def test_markdown_shows_the_name_and_nothing_else(name: str) -> None:
    shown = check_markdown(
        "\n".join([markdown_row(["x"]), markdown_rule("<"), markdown_row([name])])
    )
    assert shown[1].strip() == printable(name).replace("&nbsp;", "\xa0").strip()
    check_markdown(f"**Model: {markdown_text(name)}**")


def test_markdown_has_no_link_that_stands_alone() -> None:
    assert markdown_text("http://a www.b c@d") == r"http:\//a www\.b c\@d"
    # Names as they are stay as they are.
    for text in ("up_sampling2d (UpSampling2D)", "conv[0][0]", "[(None, 1), (None, 2)]", "a -> b"):
        assert markdown_text(text) == text


def printed(show: Callable[[], object]) -> str:
    """Return what is printed, which must harm nobody."""
    stream = StringIO()
    with redirect_stdout(stream), redirect_stderr(stream):
        show()
    assert harmful(stream.getvalue()) == []
    return stream.getvalue()


@given(NAMES, NAMES)
def test_tables_and_notes_are_inert(one: str, other: str) -> None:
    assert printed(lambda: show_note(one)).count("\n") == 1
    assert printed(lambda: show_report(one, [("a", one, other)])).count("\n") == 1
    assert printed(lambda: show_rows("a", (one, other), [(other, one)], "<>")).count("\n") == 3
    assert printed(lambda: show_failures([(one, other)], 2, one)).count("\n") == 2
    with patch("upsamp.cli.render.tables.on_terminal", return_value=True):
        printed(lambda: show_report(one, [("a", one, other)]))
        printed(lambda: show_rows(one, (one, other), [(other, one)], "<>"))


def test_a_warning_of_a_library_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    run("--version")
    shown = warnings.formatwarning("\x1b[31m\nx", UserWarning, "file", 1)
    assert shown == "Warning: \\x1b[31m\\nx\n"
    assert capsys.readouterr().err == ""


# Rows as no reader of models makes them.
ROWS = st.builds(
    SummaryRow,
    NAMES,
    NAMES,
    st.just((None, 2)),
    st.integers(0, 9),
    level=st.integers(0, 1),
    connected_to=st.lists(st.builds(Connection, NAMES), max_size=2).map(tuple),
)


@given(NAMES, st.lists(ROWS, min_size=1, max_size=3), NAMES)
def test_every_renderer_is_inert(name: str, rows: list[SummaryRow], source: str) -> None:
    summary = Summary(name, tuple(rows), 1, 1, columns=(*KERAS_COLUMNS, "connected_to"))
    difference = compare(summary, Summary(source, tuple(rows[::-1]), 1, 1))
    for format_name in FORMATS:
        text = printed(lambda: show_summary(summary, format_name))  # noqa: B023
        if format_name == "markdown":
            check_markdown(text)
        elif format_name == "csv":
            check_csv(text, len(rows) + 1)
        elif format_name == "plain":
            assert len(text.splitlines()) == len(rows) + 8
        if format_name != "dot":
            told = printed(lambda: show_difference(difference, (name, source), format_name))  # noqa: B023
            if format_name == "markdown":
                check_markdown(told)
    printed(lambda: show_summary(summary, width=50))
    text = printed(lambda: show_summary(summary, style="keras", width=400))
    assert len(text.splitlines()) >= len(rows) + 6
    for as_table in (True, False):
        printed(lambda: show_layer(rows[0], as_table=as_table))  # noqa: B023
    assert harmful(str(summary)) == []


# --- on a terminal


def test_a_terminal_is_given_no_code_but_ours(tmp_path: Path) -> None:
    bad = "".join(filter(str.isprintable, "".join(BAD)))
    content = json.dumps(config([bad, f"{bad}1", f"{bad}2", f"{bad}3"], bad))
    name = "\x1b]0;x\x07\x9b[red]x[red][link=http]\u202e.json"
    (tmp_path / name).write_text(content, encoding="ascii")
    for arguments in ([name], [name, "--columns", "all"], [name, name], ["--\x1b[31m"]):
        text, errors, code = run_on_terminal(
            [SCRIPT, "summary", *arguments], tmp_path, {"TERM": "xterm"}
        )
        assert code == (2 if arguments[0][0] == "-" else 0)
        # Weight and dimness of our own headings are all that there is.
        assert harmful(re.sub(r"\x1b\[[012;]*m|\r\n", "\n", text)) == []
        assert harmful(errors) == []
        assert ("[link=http" in text.replace("\n", "")) == (code == 0)
