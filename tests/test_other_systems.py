"""The main job, and the core's tests, without what only POSIX or only Linux has."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copy

import numpy as np
import other_systems
import pytest
from bulk_files import contents
from effort import choose
from golden_files import model_file
from PIL import Image

import upsamp

TESTS = Path(__file__).parent
SAMPLES = TESTS.parent / "sample_images"
# Of the core, what is computed, by threads and by BLAS.
QUICK = ("core/test_core_goldens.py", "core/test_in_place.py", "core/test_threads.py")

Run = Callable[..., bytes]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs Python as on another system, which must end well."""
    for name in ("lake.png", "sprite.png"):
        copy(SAMPLES / name, tmp_path)
    (tmp_path / "start").mkdir()
    environment = other_systems.environment(tmp_path / "start")

    def run(*words: object, stdin: bytes = b"", seconds: float = 60) -> bytes:
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
        assert b"Traceback" not in done.stderr
        return done.stdout

    return run


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


PROBE = """
import os, signal
for name in ("fcntl", "resource", "termios", "pwd"):
    try:
        __import__(name)
    except ImportError:
        print(name)
print(hasattr(os, "fork"), hasattr(os, "sched_getaffinity"), hasattr(signal, "SIGKILL"))
print(os.path.exists("/proc/self"))
with open("mine", "wb") as stream:
    try:
        os.replace("mine", "yours")
    except PermissionError:
        print("open")
"""


def test_what_is_hidden_is_hidden_from_what_is_started_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    hidden = b"fcntl\nresource\ntermios\npwd\nFalse False False\nFalse\nopen\n"
    assert run("probe.py") == hidden
    again = "import subprocess, sys; subprocess.run([sys.executable, 'probe.py'])"
    assert run("-c", again) == hidden


def test_an_image_is_enlarged_and_takes_the_place_of_another(run: Run, tmp_path: Path) -> None:
    expected = upsamp.upsample(pixels(SAMPLES / "lake.png"), 3, "bicubic")
    by_strips = ("--force", "--max-memory", "100MB")
    for options in choose(((), by_strips), ((), ("--force",), by_strips)):
        words = ("lake.png", "--size", "3", "--interp", "bicubic", "-o", "out.png")
        run("-m", "upsamp", "upsample", *words, *options)
        np.testing.assert_array_equal(pixels(tmp_path / "out.png"), expected, strict=True)
    assert [*tmp_path.glob(".*")] == []


def test_many_files_are_enlarged_by_many_processes(run: Run, tmp_path: Path) -> None:
    words = ("lake.png", "sprite.png", "--out-dir", "out", "--jobs", "2", "--report", "r.json")
    run("-m", "upsamp", "upsample", *words)
    assert sorted(contents(tmp_path / "out")) == [
        "lake_2x2_nearest.png",
        "sprite_2x2_nearest.png",
    ]
    np.testing.assert_array_equal(
        pixels(tmp_path / "out" / "lake_2x2_nearest.png"),
        upsamp.upsample(pixels(SAMPLES / "lake.png"), 2),
    )


def test_matrices_flow_through_pipes(run: Run) -> None:
    assert run("-m", "upsamp", "upsample", "-", stdin=b"1 2") == b"1 1 2 2\n1 1 2 2\n"
    words = ("transpose-conv", "1 2; 3 4", "--weights", "ones", "--kernel", "2", "--stride", "2")
    assert run("-m", "upsamp", *words) == b"1 1 2 2\n1 1 2 2\n3 3 4 4\n3 3 4 4\n"


def test_models_are_listed_and_run(run: Run, tmp_path: Path) -> None:
    shown = run("-m", "upsamp", "summary", model_file("keras/dcgan.h5"))
    assert b"conv2d_transpose" in shown
    run("-m", "upsamp", "generator", "--samples", "2", "-o", "g.png")
    assert pixels(tmp_path / "g.png").size
    model = ("--model", model_file("keras/dcgan.keras"), "--samples-out", "s.npy")
    run("-m", "upsamp", "generator", *model, "--samples", "2")
    assert np.load(tmp_path / "s.npy").shape[0] == 2


@pytest.mark.timeout(choose(120, 1200))
def test_the_tests_of_the_core_pass(run: Run) -> None:
    files = [TESTS / file for file in choose(QUICK, ("core", "layers"))]
    # What starts processes of its own takes long; and pytest has no folders there for what builds.
    but = "not test_build and not test_library and not one_record and not fork"
    but += choose(" and not program", "")
    options = ("--quiet", "-p", "no:cacheprovider", "-p", "pytest_timeout", "-k", but)
    shown = run("-m", "pytest", *options, *files, seconds=1200)
    assert b" passed" in shown
