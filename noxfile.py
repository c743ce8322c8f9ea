"""The checks, each in a fresh environment: `nox` runs them all, `nox --list` names them.

An interpreter that is not found is named and passed over; Python 3.11 must be there for `.ci/run`.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

PYTHONS = ("3.11", "3.12", "3.13")
OLDEST = PYTHONS[0]
README = Path(__file__).with_name("README.md")

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.stop_on_first_error = True
# What a dependency deprecates must not break a newcomer's tests: it is an error here alone.
PYTEST = ("pytest", "-n", "auto", "-W", "error")
# Where kernels cannot be built, a session ends, and a test that finds none fails; but for those
# that say otherwise.
os.environ["UPSAMP_BUILD_KERNELS"] = "1"
# What finds faults in them as they run, each of which ends the tests.
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all"


@contextmanager
def newcomers_clone(session: nox.Session, **environment: str) -> Iterator[str]:
    """Do what the first block of the README says in a clone; stay there, with its second block."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    install, test = blocks[:2]
    with TemporaryDirectory() as clone, session.chdir(clone):
        session.run("git", "clone", "--quiet", str(README.parent), ".", external=True)
        session.run("bash", "-ec", install, external=True, env=environment)
        session.run("test", "-s", "lake_large.png", external=True)
        yield test


@nox.session(python=PYTHONS)
def newcomer(session: nox.Session) -> None:
    """Run the first two blocks of the README in a clone, with the newest dependencies."""
    # All that there is to try, on one interpreter.
    options = ["-W error", *(["--exhaustive"] if session.python == OLDEST else [])]
    with newcomers_clone(session) as test:
        session.run("bash", "-ec", test, external=True, env={"PYTEST_ADDOPTS": " ".join(options)})


@nox.session(python=OLDEST)
def numpy(session: nox.Session) -> None:
    """Run the first block of the README without a compiler, and the tests of the core on NumPy."""
    without = {"UPSAMP_BUILD_KERNELS": "", "CC": "false"}
    with newcomers_clone(session, **without) as test:
        core = f"{test.rstrip()} -W error tests/core"
        session.run("bash", "-ec", core, external=True, env=without)
        said = ".venv/bin/upsamp --version | grep --line-regexp 'kernels: numpy'"
        session.run("bash", "-ec", said, external=True)


@nox.session(python=OLDEST)
def sanitizers(session: nox.Session) -> None:
    """Run the tests of the core on kernels that notice each wrong address and undefined step."""
    flags = {"CFLAGS": f"-O1 {SANITIZERS}", "LDFLAGS": SANITIZERS}
    session.install(".[test]", env=flags)
    library = session.run("cc", "-print-file-name=libasan.so", external=True, silent=True)
    # Python itself leaves memory behind at its end.
    options = {"LD_PRELOAD": str(library).strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    # The sanitizer takes memory of its own.
    tests = ("tests/core", "-k", "not account_of_the_system")
    session.run(*PYTEST, *tests, *session.posargs, env=options)


@nox.session(python=OLDEST)
def oldest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that are allowed."""
    session.install("--constraint", "tests/oldest.txt", ".[test]")
    session.run(*PYTEST, *session.posargs)


@nox.session(python=OLDEST)
def real_libraries(session: nox.Session) -> None:
    """Run the tests beside Keras, PyTorch and others, in the versions that were measured."""
    session.install("--constraint", "tests/real_libraries/versions.txt", ".[test,oracle]")
    session.run(*PYTEST, "tests/real_libraries", *session.posargs)


@nox.session(python=OLDEST)
def pages(session: nox.Session) -> None:
    """Run the tests of the pages of --html in a browser, where Chromium and its driver are."""
    programs = [*map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))]
    if not any(programs) or not shutil.which("chromedriver"):
        told = "There must be Chromium and chromedriver, as of Debian's package chromium-driver"
        if os.environ.get("CI"):
            session.error(told)
        session.skip(told)
    session.install(".[test]", "selenium>=4.20,<5")
    # Of which its script of axe is used alone.
    session.install("--no-deps", "axe-playwright-python>=0.1.8")
    session.run("pytest", "-n", "0", "-W", "error", "tests/browser", *session.posargs)


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Build the site, which runs the commands of all pages and checks what links where."""
    session.install(".[docs]")
    target = session.posargs or [session.create_tmp()]
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-n", "docs", *target)


@nox.session(python=OLDEST)
def check(session: nox.Session) -> None:
    """Run ruff and mypy, and ruff on what `--code` prints."""
    session.install(".[test,check]", env={"UPSAMP_BUILD_KERNELS": "0"})
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("pytest", "-n", "0", "-W", "error", "tests/formatted_programs.py")
    session.run("mypy")


@nox.session(python=PYTHONS[-1], default=False)
def prereleases(session: nox.Session) -> None:
    """Run the tests with what NumPy, Pillow and the others are about to release."""
    session.install("--pre", "--upgrade", ".[test]")
    session.run(*PYTEST, *session.posargs)


@nox.session(python=OLDEST, default=False)
def mutants(session: nox.Session) -> None:
    """Change the code in small ways, a tenth of mutmut's, and name what no test notices."""
    session.install("--editable", ".[test]", "mutmut>=3.8,<4")
    # It forks, which threads do not survive.
    session.run("mutmut", "run", *(session.posargs or ["*mutmut_*7"]), env={"UPSAMP_THREADS": "1"})
    session.run("mutmut", "results")
