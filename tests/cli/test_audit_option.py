"""`upsamp summary FILE --audit`: the reasons not to load a file, in every format."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hostile.attacks import ATTACKS, CLEAN

from upsamp.models.audit.rules import RULES

Invoke = Callable[..., Result]
LAMBDA, CODE = "lambda_bytecode", "config.layers[2].config.function.config.code"


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """Return a file with a Lambda layer, a space in its name."""
    (tmp_path / "a b.keras").write_bytes(ATTACKS[LAMBDA].content())
    return "a b.keras"


@pytest.fixture
def good(tmp_path: Path) -> str:
    """Return a file that harms nobody."""
    (tmp_path / "good.keras").write_bytes(CLEAN["plain.keras"]())
    return "good.keras"


def test_reasons_are_told_with_their_places_and_the_exit_code_is_1(
    invoke: Invoke, bad: str
) -> None:
    result = invoke("summary", bad, "--audit")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "a b.keras: .keras"
    place = f"config.json: {CODE}"
    told = "Bytecode of Python: text in base64 holds bytecode of Python"
    assert f"error: marshalled-code: {place}: {told}" in lines
    assert lines[-1] == "3 reasons not to load it."
    assert "Attacks of these kinds: CVE-2024-3660, CVE-2025-9905, CVE-2025-9906" in lines


def test_a_file_without_a_reason_has_the_exit_code_0(invoke: Invoke, good: str) -> None:
    result = invoke("summary", good, "--audit")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "good.keras: .keras",
        "Not looked at: the values of the weights",
        "No reason was found why it should not be loaded.",
    ]


def test_a_table_shows_the_same(invoke: Invoke, bad: str) -> None:
    result = invoke("summary", bad, "--audit", "--format", "table")
    assert result.exit_code == 1
    assert "marshalled-code" in result.stdout
    assert CODE in result.stdout


def test_json_has_every_reason_with_its_rule(invoke: Invoke, bad: str) -> None:
    result = invoke("summary", bad, "--audit", "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found.keys() == {"file", "kind", "verdict", "reasons", "not_looked_at"}
    reason = found["reasons"][-1]
    assert (reason["rule"], reason["level"]) == ("marshalled-code", "error")
    assert (reason["member"], reason["path"], reason["offset"]) == ("config.json", CODE, None)
    assert reason["reports"] == ["CVE-2024-3660", "CVE-2025-9905"]


def test_sarif_names_rules_levels_and_locations(invoke: Invoke, bad: str) -> None:
    result = invoke("summary", bad, "--audit", "--format", "sarif")
    assert result.exit_code == 1
    log = json.loads(result.stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["lambda", "marshalled-code"]
    assert run["invocations"][0]["exitCode"] == 1
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] == RULES[one["ruleId"]].level
        (location,) = one["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.keras"
    (logical,) = run["results"][-1]["locations"][0]["logicalLocations"]
    assert logical["fullyQualifiedName"] == f"config.json: {CODE}"


def test_sarif_tells_what_was_not_looked_at_and_offsets(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    invoked = invoke("summary", "a", "--audit", "--format", "sarif")
    (run,) = json.loads(invoked.stdout)["runs"]
    (one,) = run["results"]
    assert one["locations"][0]["physicalLocation"]["region"] == {"byteOffset": 0}


def test_sarif_names_the_file_of_a_folder(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "model" / "assets").mkdir(parents=True)
    (tmp_path / "model" / "config.json").write_bytes(CLEAN["plain.json"]())
    (tmp_path / "model" / "model.weights.h5").write_bytes(CLEAN["plain.weights.h5"]())
    (tmp_path / "model" / "assets" / "a b").write_bytes(b"\x7fELF")
    invoked = invoke("summary", "model", "--audit", "--format", "sarif")
    (one,) = json.loads(invoked.stdout)["runs"][0]["results"]
    assert one["ruleId"] == "embedded-program"
    location = one["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "model/assets/a%20b"}


def test_standard_input_is_audited(invoke: Invoke) -> None:
    result = invoke("summary", "-", "--audit", stdin=ATTACKS["h5_lambda"].content())
    assert result.exit_code == 1
    assert "marshalled-code" in result.stdout


@pytest.mark.parametrize("text", ["dcgan", "Dense(3)"])
def test_what_is_no_file_is_a_wrong_command(invoke: Invoke, text: str) -> None:
    result = invoke("summary", text, "--audit")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: --audit must have a file. Received: {text}.")


def test_a_name_that_is_no_text_is_shown_in_every_format(invoke: Invoke, tmp_path: Path) -> None:
    name = "caf\udce9\n.json"
    try:
        (tmp_path / name).write_bytes(CLEAN["plain.json"]())
    except OSError:
        pytest.skip("the system takes text alone as names")
    for format_name in ("table", "plain", "json", "sarif"):
        result = invoke("summary", name, "--audit", "--format", format_name)
        assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good.keras", "--audit", "--columns", "all"], "--audit does not use --columns."),
        (["good.keras", "good.keras", "--audit"], "--audit must have one file. Received: 2."),
        (
            ["good.keras", "--audit", "--format", "csv"],
            "--audit must be shown as table, plain, json, sarif. Received: --format csv.",
        ),
        (["good.keras", "--format", "sarif"], "--format sarif must be used with --audit."),
    ],
)
def test_a_wrong_command_has_the_exit_code_2(
    invoke: Invoke, good: str, arguments: list[str], message: str
) -> None:
    assert good == arguments[0]
    result = invoke("summary", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}")


def test_a_file_that_is_not_there_is_told_in_one_line(invoke: Invoke) -> None:
    result = invoke("summary", "none.keras", "--audit")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: Cannot read 'none.keras'")
