"""Whatever goes wrong while a result is written: no half file, no lost input, one line."""

import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import one_of_each
from PIL import Image
from terminals import SCRIPT

from upsamp.core.upsampling.resample import resize
from upsamp.io import atomic, write
from upsamp.resizing import enlarging

Invoke = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[bytes]]

FORMATS = ("png", "tif", "jpg", "webp", "bmp", "gif", "jp2", "npy", "npz", "json")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return noise, which no format makes small."""
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 256, (60, 70, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Assert that no file of a folder comes, goes or becomes another."""

    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    before = contents()
    yield
    assert contents() == before


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let no file of this process become longer, which fails as a full disk does."""
    # Python (before 3.14) takes what it could write of a compiled module for the whole.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = writes


def check_refused(done: Result, message: str) -> None:
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.startswith("Error: Cannot write '")
    assert done.stderr.count("\n") == 1


# --- disks that are full


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("place", ["new", "other", "itself"])
def test_a_disk_that_is_full_leaves_all_as_it_was(
    invoke: Invoke, photo: Path, suffix: str, place: str
) -> None:
    source, target = photo, photo.with_name(f"result.{suffix}")
    if place == "other":
        target.write_bytes(b"somebody's")
    if place == "itself":
        assert invoke("upsample", photo, "--size", "1", "-o", target).exit_code == 0
        source = target
    options = ("--force", "--size", "2")
    with unchanged(photo.parent), no_file_longer_than(1000):
        done = invoke("upsample", source, "-o", target, *options)
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1 + done.stderr.count("Note: ")
        assert f"Error: Cannot write '{target}': file too large." in done.stderr


@pytest.mark.parametrize(
    ("format_name", "arguments"),
    one_of_each(("png", "bmp", "npy", "json"), ("-o /dev/full", "-o - --format png > /dev/full")),
)
def test_a_device_that_is_full_is_told(
    shell: Shell, invoke: Invoke, photo: Path, arguments: str, format_name: str
) -> None:
    line = f"upsample {photo} --format {format_name} {arguments.replace('png', format_name)}"
    with unchanged(photo.parent):
        if ">" in line:
            done = shell(f"upsamp {line}")
            ended, errors = done.returncode, done.stderr.decode()
        else:
            result = invoke(*line.split())
            ended, errors = result.exit_code, result.stderr
        assert ended == 1
        assert "no space left on device" in errors
        assert errors.count("\n") == 1


@pytest.mark.parametrize("options", [(), ("--sheet", "sheet.png")])
def test_other_files_of_a_command_are_written_as_carefully(
    shell: Shell, photo: Path, options: tuple[str, ...]
) -> None:
    words = " ".join(options) or "-o result.png"
    with unchanged(photo.parent):
        done = shell(
            f"ulimit -f 1; upsamp upsample {photo} --size 2 {words}", PYTHONDONTWRITEBYTECODE="1"
        )
        assert done.returncode == 1
        assert b"file too large" in done.stderr


# --- places that vanish, or were never there


def test_a_folder_that_vanishes_meanwhile_is_told(
    invoke: Invoke, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()

    def vanish(*arguments: Any, **options: Any) -> Any:
        shutil.rmtree(folder)
        return resize(*arguments, **options)

    monkeypatch.setattr(enlarging, "resize", vanish)
    with unchanged(tmp_path):
        done = invoke("upsample", photo, "-o", "results/large.png")
    check_refused(done, "Cannot write 'results/large.png': ")
    assert not folder.exists()


def test_a_folder_that_vanishes_while_it_is_written_to_is_told(
    invoke: Invoke, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    encode = write._encode

    def vanish(*arguments: Any, **options: Any) -> None:
        encode(*arguments, **options)
        shutil.rmtree(folder)

    monkeypatch.setattr(write, "_encode", vanish)
    with unchanged(tmp_path):
        done = invoke("upsample", photo, "-o", "results/large.png")
    check_refused(done, "Cannot write 'results/large.png': ")


def test_an_input_that_vanishes_meanwhile_is_no_matter(
    invoke: Invoke, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(*arguments: Any, **options: Any) -> Any:
        photo.unlink()
        return resize(*arguments, **options)

    monkeypatch.setattr(enlarging, "resize", vanish)
    done = invoke("upsample", photo, "-o", "large.png")
    assert (done.exit_code, done.stderr) == (0, "")
    assert Path("large.png").is_file()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (OSError(30, "Read-only file system"), "read-only file system"),
        (OSError(122, "Disk quota exceeded"), "disk quota exceeded"),
    ],
)
def test_a_place_that_may_not_be_written_to_is_told(
    invoke: Invoke, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    error: OSError, message: str,
) -> None:  # fmt: skip
    # For root all places may be, so the system's answer is put in its mouth.
    def refuse(_folder: Path) -> Any:
        raise error

    monkeypatch.setattr(atomic, "open_part", refuse)
    with unchanged(tmp_path):
        check_refused(invoke("upsample", photo), f": {message}.")


# --- what is no plain file


def test_a_socket_is_no_place(invoke: Invoke, photo: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.png"))
        done = invoke("upsample", photo, "-o", "s.png", "--force")
        check_refused(done, "Cannot write 's.png': no such device or address.")
        assert stat.S_ISSOCK((tmp_path / "s.png").stat().st_mode)


@pytest.mark.parametrize("format_name", ["png", "jpeg", "tiff", "npy", "npz", "json"])
def test_a_named_pipe_is_written_to(
    invoke: Invoke, photo: Path, tmp_path: Path, format_name: str
) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    done = invoke("upsample", photo, "-o", fifo, "--format", format_name)
    reader.join()
    assert (done.exit_code, done.stderr) == (0, "")
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert invoke("upsample", photo, "-o", "plain", "--format", format_name).exit_code == 0
    assert read == [Path("plain").read_bytes()]


def test_a_reader_that_leaves_a_named_pipe_is_told(
    invoke: Invoke, photo: Path, tmp_path: Path
) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)

    def leave() -> None:
        with fifo.open("rb") as stream:
            stream.read(10)

    reader = threading.Thread(target=leave)
    reader.start()
    done = invoke("upsample", photo, "--size", "8", "-o", fifo, "--format", "npy")
    reader.join()
    check_refused(done, f"Cannot write '{fifo}': broken pipe.")


def test_a_link_into_the_void_is_followed(invoke: Invoke, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.png").symlink_to("elsewhere/real.png")
    assert invoke("upsample", photo, "-o", "link.png").exit_code == 0
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "elsewhere" / "real.png").is_file()
    (tmp_path / "lost.png").symlink_to("nowhere/real.png")
    done = invoke("upsample", photo, "-o", "lost.png")
    check_refused(done, "Cannot write 'lost.png': its directory does not exist.")


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_link_that_leads_to_itself_is_no_place(
    invoke: Invoke, photo: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")
    done = invoke("upsample", photo, "-o", "loop.png", *options)
    check_refused(done, "Cannot write 'loop.png': too many levels of symbolic links.")
    done = invoke("upsample", "loop.png")
    assert done.exit_code == 1
    assert done.stderr == "Error: Cannot read 'loop.png': too many levels of symbolic links.\n"


# --- the input in the place of the result


def test_an_image_takes_its_own_place_only_when_that_is_wanted(
    invoke: Invoke, photo: Path, tmp_path: Path
) -> None:
    with unchanged(tmp_path):
        assert invoke("upsample", photo, "-o", photo).exit_code == 1
    assert invoke("upsample", photo, "-o", photo, "--force").exit_code == 0
    with Image.open(photo) as image:
        assert image.size == (140, 120)


@pytest.mark.parametrize("link", ["soft", "hard"])
def test_another_name_of_the_input_is_the_input(
    invoke: Invoke, photo: Path, tmp_path: Path, link: str
) -> None:
    other = tmp_path / "other.png"
    if link == "soft":
        other.symlink_to(photo.name)
    else:
        other.hardlink_to(photo)
    with unchanged(tmp_path):
        assert invoke("upsample", photo, "-o", other).exit_code == 1
    assert invoke("upsample", photo, "-o", other, "--force").exit_code == 0
    with Image.open(other) as image:
        assert image.size == (140, 120)


# --- interruptions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_half_file(photo: Path, number: signal.Signals) -> None:
    with unchanged(photo.parent):
        options = ["--size", "60", "--compress", "9", "-o", "large.png"]
        command = [str(SCRIPT), "upsample", str(photo), *options]
        with subprocess.Popen(
            command, cwd=photo.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and process.poll() is None:
                parts = list(photo.parent.glob(".*.part"))
                if parts and parts[0].stat().st_size:
                    break
                time.sleep(0.005)
            assert process.poll() is None, "it ended before it was interrupted"
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 128 + number
        assert errors.strip() == b""
