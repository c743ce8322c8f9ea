"""What the documents show is what runs."""

import doctest
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import effort
import pytest
from click.testing import CliRunner

from upsamp.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECONDS = re.compile(r"seconds: [\d.]+")


def blocks(language: str) -> list[str]:
    """Return the content of all code blocks of the README in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Return every command of the README's console blocks with the output that is shown."""
    found = []
    for block in blocks("console"):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = example.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="module")
def newcomers_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the sample pictures, in which all examples run in their order."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "sample_images", place / "sample_images")
    return place


def run(command: str, place: Path) -> str:
    """Run a command as a newcomer would, and give all that it prints."""
    scripts = Path(sys.executable).parent
    finished = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=place,
        env=os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def printed(command: str, place: Path) -> tuple[str, ...]:
    """Return what a command may print: one that needs no shell runs in this process, at a tenth.

    Which of its two streams came first is not known of that.
    """
    words = [*shlex.shlex(command, posix=True, punctuation_chars=True)]
    if words[0] != "upsamp" or {"|", ">"} & {*words} or effort.is_exhaustive():
        return (run(command, place),)
    done = CliRunner().invoke(main, shlex.split(command)[1:], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout + done.stderr, done.stderr + done.stdout


def test_every_command_of_the_readme_prints_what_is_shown(
    newcomers_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(examples()) > 8
    monkeypatch.chdir(newcomers_place)
    for command, output in examples():
        shown = [SECONDS.sub("seconds: N", text) for text in printed(command, newcomers_place)]
        assert SECONDS.sub("seconds: N", output) in shown, command


def test_the_python_of_the_readme_gives_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_images").symlink_to(ROOT / "sample_images")
    monkeypatch.chdir(tmp_path)
    tests = doctest.DocTestParser().get_doctest("".join(blocks("python")), {}, "README", None, 0)
    results = doctest.DocTestRunner().run(tests)
    assert results.attempted > 5
    assert results.failed == 0


@pytest.mark.exhaustive
def test_two_workers_do_what_the_readme_says(newcomers_place: Path) -> None:
    (block,) = [block for block in blocks("sh") if "dask worker" in block]
    assert block.count("dask worker") == 2
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    quiet = block.replace("8786", port).replace(" &\n", " > dask.log 2>&1 &\n")
    # Both come to the same, and nothing of it is left running.
    ended = "trap 'kill -9 $(jobs -p); wait' EXIT"
    printed = run(f"set -e; {ended}\n{quiet}", newcomers_place)
    assert printed.startswith("enlarged: ")
    run("upsamp upsample sample_images/ --size 2 --out-dir by_processes", newcomers_place)
    by_dask, by_processes = (
        {path.name: path.read_bytes() for path in (newcomers_place / name).iterdir()}
        for name in ("by_dask", "by_processes")
    )
    assert len(by_dask) > 5
    assert by_dask == by_processes


def test_the_readme_begins_with_what_installs_and_what_tests() -> None:
    install, test = blocks("sh")[:2]
    assert "pip install ." in install
    assert "upsamp upsample sample_images/" in install
    assert test.splitlines()[-1] == "pytest -n auto"
    # The checks run these two blocks as they are.
    assert "blocks[:2]" in (ROOT / "noxfile.py").read_text(encoding="utf-8")


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).is_file(), link


@pytest.mark.parametrize(
    "script",
    [
        "docs/reference/write_command_line.py",
        "docs/reference/write_conventions.py",
        "docs/reference/write_formats.py",
        "benchmarks/report.py",
    ],
)
def test_the_pages_are_what_their_scripts_write(script: str) -> None:
    finished = subprocess.run([sys.executable, ROOT / script, "--check"], timeout=100, check=False)
    assert finished.returncode == 0, f"run `python {script}`"


def test_the_version_stands_in_one_place_and_in_the_changelog() -> None:
    version = run("upsamp --version", ROOT).split()[1]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
