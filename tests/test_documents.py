"""What the documents show is what runs."""

import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import effort
import numpy as np
import pytest
from click.testing import CliRunner
from page_examples import (
    DOCS,
    IMAGES,
    README,
    ROOT,
    made_files,
    pages,
    run_shell,
    run_steps,
    steps_of,
    working_folder,
)
from PIL import Image

from upsamp.cli import main

PAGES = [page for page in pages() if steps_of(page)]


def blocks(language: str, page: Path = README) -> list[str]:
    """Return the content of all code blocks of a page in that language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def printed(command: str, place: Path) -> tuple[str, ...]:
    """Return what a command may print: one that needs no shell runs in this process, at a tenth.

    Which of its two streams came first is not known of that.
    """
    words = [*shlex.shlex(command, posix=True, punctuation_chars=True)]
    if words[0] != "upsamp" or {"|", ">"} & {*words} or effort.is_exhaustive():
        return (run_shell(command, place),)
    done = CliRunner().invoke(main, shlex.split(command)[1:], catch_exceptions=False)
    return done.stdout + done.stderr, done.stderr + done.stdout


def assert_alike(made: Path, kept: Path) -> None:
    """Assert that a picture is as it is kept, but for letters that another Pillow draws."""
    if made.suffix == ".svg":
        assert made.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")
        return
    with Image.open(made) as first, Image.open(kept) as second:
        assert first.size == second.size
        difference = np.asarray(first, np.int16) - np.asarray(second, np.int16)
        assert np.mean(difference != 0) < 0.01, f"run `python docs/page_examples.py {README.name}`"


# The build of the site runs all of them, too.
@pytest.mark.parametrize("page", [README, *effort.choose(PAGES[1::4], PAGES)], ids=str)
def test_a_page_shows_what_runs(page: Path) -> None:
    with working_folder() as place:
        assert run_steps(steps_of(page), place, printed) == []
        for name in made_files(page):
            assert (place / name).is_file(), name
            if page == README:
                assert_alike(place / name, IMAGES / name)


def test_pages_have_steps_and_a_wrong_one_is_found(tmp_path: Path) -> None:
    assert len(steps_of(README)) > 6
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo 1\n1\n$ echo 1\n2\n```\n```python\n>>> 1\n2\n\n```\n")
    wrong = run_steps(steps_of(page), tmp_path, lambda *step: (run_shell(*step),))
    assert len(wrong) == 2


@pytest.mark.exhaustive
def test_two_workers_do_what_the_guide_says() -> None:
    page = DOCS / "guides" / "beyond-one-machine.md"
    (block,) = [block for block in blocks("sh", page) if "dask worker" in block]
    assert block.count("dask worker") == 2
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    quiet = block.replace("8786", port).replace(" &\n", " > dask.log 2>&1 &\n")
    # Both come to the same, and nothing of it is left running.
    ended = "trap 'kill -9 $(jobs -p); wait' EXIT"
    with working_folder() as place:
        told = run_shell(f"set -e; {ended}\n{quiet}", place)
        assert told.startswith("enlarged: "), told
        run_shell("upsamp upsample sample_images/ --size 2 --out-dir by_processes", place)
        by_dask, by_processes = (
            {path.name: path.read_bytes() for path in (place / name).iterdir()}
            for name in ("by_dask", "by_processes")
        )
    assert len(by_dask) > 5
    assert by_dask == by_processes


def test_the_readme_begins_with_what_installs_and_what_tests() -> None:
    install, test = blocks("sh")[:2]
    assert "pip install ." in install
    assert "upsamp upsample sample_images/" in install
    assert test.endswith("pytest -n auto\n")
    # Each is one line to paste.
    assert [block.count("\n") for block in (install, test)] == [1, 1]
    # The checks run these two blocks as they are.
    assert "blocks[:2]" in (ROOT / "noxfile.py").read_text(encoding="utf-8")


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).is_file(), link


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
    version = run_shell("upsamp --version", ROOT).split()[1]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
