"""The commands and the Python that the pages show: run in their order, and held to what is shown.

    python docs/page_examples.py [--write] [PAGE ...]

A page works in a folder of its own that has the sample pictures. In ```console blocks each line
that begins with `$ ` is a command, and what follows is what it prints; in ```python blocks `>>>` is
as in doctests. `...` stands for anything that is left out; the seconds of a report are not
compared, nor its bytes, which depend on zlib. What a page's commands write is put into
docs/made/PAGE, where the page links to it; what the README shows, which is run when it is named, is
kept in docs/images. With --write, a page shows from then on what its commands print, where it
leaves nothing out.
"""

import contextlib
import doctest
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

__all__ = [
    "DOCS",
    "IMAGES",
    "README",
    "ROOT",
    "Step",
    "made_files",
    "make_all",
    "pages",
    "run_shell",
    "run_steps",
    "steps_of",
    "working_folder",
]

DOCS = Path(__file__).parent
MADE = DOCS / "made"
IMAGES = DOCS / "images"
ROOT = DOCS.parent
README = ROOT / "README.md"
MEASURED = re.compile(r"^(seconds|bytes): [\d.].*$", re.MULTILINE)
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """A command and what it prints, or a block of Python with what it shows."""

    kind: str
    source: str
    output: str


def pages() -> list[Path]:
    """Return every page of the site that was written, in order."""
    found = [path for path in DOCS.rglob("*.md") if not {"made", "_build"} & {*path.parts}]
    return sorted(found)


def steps_of(page: Path) -> list[Step]:
    """Return what a page shows, in its order."""
    found = []
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            found.append(Step(kind, block, ""))
            continue
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = example.partition("\n")
            found.append(Step(kind, command, output))
    return found


def matches(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed."""
    wanted, given = (MEASURED.sub(r"\1: N", text) for text in (shown, printed))
    return doctest.OutputChecker().check_output(wanted, given, doctest.ELLIPSIS)


def run_shell(command: str, place: Path) -> str:
    """Run a command as a newcomer would; return all that it prints."""
    scripts = Path(sys.executable).parent
    finished = subprocess.run(  # noqa: S603 - the commands of our own pages
        ["bash", "-o", "pipefail", "-c", command],  # noqa: S607
        cwd=place,
        env=os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    return finished.stdout + (f"(exit code {finished.returncode})" if finished.returncode else "")


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """Work in a new folder that has the sample pictures and nothing more."""
    with TemporaryDirectory() as name, contextlib.chdir(name):
        shutil.copytree(ROOT / "sample_images", Path(name) / "sample_images")
        yield Path(name)


def run_steps(
    steps: list[Step], place: Path, printed: Callable[[str, Path], tuple[str, ...]]
) -> list[str]:
    """Run steps where the process works; return what is not as it is shown.

    printed: gives what a command may print, of which one text must match.
    """
    wrong: list[str] = []
    names: dict[str, Any] = {}
    for number, step in enumerate(steps):
        if step.kind == "python":
            test = doctest.DocTestParser().get_doctest(step.source, names, "page", None, number)
            told = io.StringIO()
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            if runner.run(test, out=told.write, clear_globs=False).failed:
                wrong.append(told.getvalue())
            names = test.globs
            continue
        texts = printed(step.source, place)
        if not any(matches(step.output, text) for text in texts):
            wrong.append(f"$ {step.source}\nprints:\n{texts[0]}")
    return wrong


def make(page: Path) -> list[str]:
    """Run a page and keep the files that it links to; return what is not as it is shown."""
    target = IMAGES if page == README else MADE / page.relative_to(DOCS).with_suffix("")
    if page != README:
        shutil.rmtree(target, ignore_errors=True)
    steps = steps_of(page)
    if not steps:
        return []
    with working_folder() as place:
        wrong = run_steps(steps, place, lambda command, place: (run_shell(command, place),))
        for name in made_files(page):
            if not (place / name).is_file():
                wrong.append(f"no command of the page writes {name}")
                continue
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / name, target / name)
    return wrong


def write(page: Path) -> list[str]:
    """Let a page show what its commands print, where it leaves nothing out; return no complaint."""
    texts: list[str] = []

    def printed(command: str, place: Path) -> tuple[str, ...]:
        texts.append(run_shell(command, place))
        return (texts[-1],)

    steps = steps_of(page)
    with working_folder() as place:
        run_steps(steps, place, printed)
    text = page.read_text(encoding="utf-8")
    for step in steps:
        if step.kind == "console":
            new = texts.pop(0)
            if "..." not in step.output and not matches(step.output, new):
                shown = f"$ {step.source}\n{step.output}"
                text = text.replace(shown, f"$ {step.source}\n{new}", 1)
    page.write_text(text, encoding="utf-8")
    return []


def made_files(page: Path) -> list[str]:
    """Return the files that a page shows and its own commands make, as they name them."""
    own = page.relative_to(ROOT).with_suffix("")
    # What the README shows is kept, for who reads it where nothing is built.
    folder = "docs/images" if page == README else f"made/{own.relative_to('docs').as_posix()}"
    text = page.read_text(encoding="utf-8")
    return list(dict.fromkeys(re.findall(rf"{folder}/([^)\s`]+)", text)))


def make_all(chosen: list[Path], what: Callable[[Path], list[str]] = make) -> dict[Path, list[str]]:
    """Run pages, as many at once as there are cores; return what is wrong with each."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        return dict(zip(chosen, pool.map(what, chosen), strict=True))


def main(*words: str) -> int:
    """Run pages, or write them; return whether one is wrong."""
    chosen = [Path(word).resolve() for word in words if word != "--write"] or pages()
    if "--write" in words:
        make_all(chosen, write)
    found = make_all(chosen)
    for page, wrong in found.items():
        for text in wrong:
            print(f"{page.relative_to(ROOT)}: {text}")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
