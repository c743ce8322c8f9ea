"""The manners of the command line: what is shown without an input, silence, and what is written."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import upsamp
from upsamp.io.extras import EXTRAS, has_extra

Invoke = Callable[..., Result]

COMMANDS = ("upsample", "transpose-conv")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_an_input_the_demo_is_shown(invoke: Invoke, command: str) -> None:
    for words in ([], [""]):
        result = invoke(command, *words, "--format", "json")
        assert result.exit_code == 0
        wanted = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
        if command == "transpose-conv":
            wanted = [[1, 3, 3, 2], [4, 10, 10, 6], [4, 10, 10, 6], [3, 7, 7, 4]]
        np.testing.assert_array_equal(json.loads(result.stdout), wanted)
        assert "no input was given" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [[], [""]])
def test_the_demo_is_never_written(invoke: Invoke, command: str, words: list[str]) -> None:
    written = [["-o", "a.png"], ["-o", "a.csv"], ["--format", "png"], ["--format", "npy"]]
    written += [["--code", "torch", "-o", "a.npy"], ["--animate", "a.gif"]]
    written += [["--sheet", "a.png"]] if command == "upsample" else [["--overlap", "a.png"]]
    for option in written:
        result = invoke(command, *words, *option)
        assert (result.exit_code, result.stdout) == (2, ""), option
        assert re.search(r"INPUT. Received: no INPUT|needs INPUT", result.stderr)
        assert not [*Path().iterdir()]


def test_an_empty_word_is_no_name_of_a_file(invoke: Invoke) -> None:
    for words in (
        ("upsample", "1", "-o", ""),
        ("transpose-conv", "1", "--bias", ""),
        ("summary", ""),
        ("generator", ""),
        ("generator", "--model", "", "-o", "a.png"),
    ):
        result = invoke(*words)
        assert (result.exit_code, result.stdout) == (2, ""), words
        assert "empty" in result.stderr


def test_quiet_leaves_results_and_errors_alone(invoke: Invoke, samples: Path) -> None:
    shown = invoke("transpose-conv", "--kernel", "2")
    quiet = invoke("transpose-conv", "--kernel", "2", "-q")
    assert quiet.stdout == shown.stdout
    assert "conv2d_transpose (Conv2DTranspose): " in shown.stderr
    assert quiet.stderr == ""
    for words in (
        ("upsample", samples / "lake.png", "-o", "a.png"),
        ("transpose-conv", samples / "lake.png", "-o", "b.png"),
        ("generator", "--kind", "dcgan", "--samples", "1", "-o", "c.png"),
        ("generator", "--kind", "dcgan", "--save", "d.keras"),
        ("summary", "dcgan", "-o", "e.txt"),
    ):
        result = invoke(*words, "--quiet")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
        assert Path(words[-1]).is_file()
        again = invoke(*words, "-q")
        assert (again.exit_code, again.stdout) == (1, "")
        assert again.stderr.startswith("Error: ")
    assert invoke("summary", "d.keras", "-q").stdout == Path("e.txt").read_text()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *(("a.json", "json"), ("a.csv", "csv"), ("a.md", "markdown"), ("a.gv", "dot")),
        *(("a.txt", "plain"), ("a", "plain"), ("a.JSON", "json")),
    ],
)
def test_a_summary_is_written_as_its_suffix_says(invoke: Invoke, name: str, shown: str) -> None:
    result = invoke("summary", "dcgan", "-o", name)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    wanted = invoke("summary", "dcgan", "--format", shown).stdout
    assert Path(name).read_text() == wanted
    assert invoke("summary", "dcgan", "-o", name).exit_code == 1
    assert invoke("summary", "dcgan", "-o", name, "--force", "--format", "csv").exit_code == 0
    assert Path(name).read_text() == invoke("summary", "dcgan", "--format", "csv").stdout
    assert invoke("summary", "dcgan", "-o", "-", "--format", shown).stdout == wanted


def test_an_audit_and_a_difference_are_written_too(invoke: Invoke) -> None:
    invoke("generator", "--kind", "dcgan", "--save", "d.keras")
    assert invoke("summary", "d.keras", "--audit", "-o", "a.sarif").exit_code == 0
    assert json.loads(Path("a.sarif").read_text())["version"] == "2.1.0"
    assert invoke("summary", "d.keras", "dcgan", "-o", "b.json").exit_code == 0
    assert json.loads(Path("b.json").read_text())
    Path("not.keras").write_bytes(b"PK\3\4 no archive")
    bad = invoke("summary", "not.keras", "--audit", "-o", "c.json")
    assert bad.exit_code == 1
    assert not Path("c.json").exists() or json.loads(Path("c.json").read_text())


def test_json_is_one_value_in_each_mode(invoke: Invoke, samples: Path) -> None:
    lake = samples / "lake.png"
    for words, keys in (
        (("summary", "dcgan", "--solve", "32x32"), {"layers", "solve"}),
        (("transpose-conv", "--solve", "5", "10"), {"from", "to", "layers", "chains"}),
        (("transpose-conv", "--fit", samples, "--kernel", 2, "--stride", 2), {"psnr"}),
        (("upsample", "1 2; 3 4", "--compare"), {"libraries"}),
        (("upsample", "1 2; 3 4", "--explain"), {"stages", "cell"}),
        (("transpose-conv", "1 2; 3 4", "--overlap"), {"taps", "gain"}),
        (("upsample", lake, "--to", "240x", "--reference", lake), {"results"}),
    ):
        result = invoke(*words, "--format", "json")
        assert result.exit_code == 0, result.stderr
        assert keys <= json.loads(result.stdout).keys(), words


def test_what_is_no_number_stands_in_json_as_python_writes_it(invoke: Invoke) -> None:
    result = invoke("upsample", "nan inf; -inf 1", "--size", "1", "--format", "json")
    assert result.stdout == "[[NaN, Infinity],\n [-Infinity, 1]]\n"
    found = json.loads(invoke("upsample", "1", "--compare", "--format", "json").stdout)
    assert found["libraries"][0]["psnr"] == float("inf")
    again = invoke("upsample", "-", "--size", "1", "--format", "json", stdin=result.stdout)
    assert again.stdout == result.stdout


def test_solutions_in_json_are_those_of_the_table(invoke: Invoke) -> None:
    found = json.loads(invoke("transpose-conv", "--solve", "7", "28", "--format", "json").stdout)
    text = invoke("transpose-conv", "--solve", "7", "28").stdout
    rows = text[text.index("Kernel") : text.index("Chains")].splitlines()[1:]
    assert len(found["layers"]) == len(rows)
    for layer, row in zip(found["layers"], rows, strict=True):
        assert row.endswith(layer["onnx"])
        assert row.split()[:2] == [str(layer["kernel"][0]), str(layer["stride"][0])]
        assert layer["output"] == [28, 28]
    for chain in found["chains"]:
        sizes = [layer["input"] for layer in chain] + [chain[-1]["output"]]
        assert " -> ".join(f"{rows}x{columns}" for rows, columns in sizes) in text


def test_the_version_names_kernels_and_extras(invoke: Invoke) -> None:
    lines = invoke("--version").stdout.splitlines()
    assert lines[0] == f"upsamp {upsamp.__version__}"
    assert lines[1].startswith("kernels: ")
    assert f"numpy {np.__version__}" in lines[2]
    found = dict(line.split(": ", 1) for line in lines[3:])
    assert [*found] == ["keras", "onnx", "deep", "dask", "html", "fast", "preview"]
    for extra, shown in found.items():
        missing = [name for name, one in EXTRAS.items() if one == extra and not has_extra(name)]
        assert ("pip install" in shown) == bool(missing)
        assert (f"upsamp[{extra}]" in shown) == bool(missing)
