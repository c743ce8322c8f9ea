"""What never ends is read as far as its bound, in memory of that size, and told in one line."""

import os
import socket
import subprocess
import sys
import tempfile
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from effort import sample

from upsamp.errors import FileError, FormatError
from upsamp.io import read
from upsamp.io.model_files import open_model
from upsamp.io.picture_options import ReadOptions
from upsamp.io.read import read_matrix, read_source
from upsamp.io.streams import check_length, open_input, read_within
from upsamp.io.weight_files import read_weights_file

MEBIBYTE = 2**20
# Runs a command and tells how much memory the largest of its children took, in KiB.
MEASURED = (
    "import resource, subprocess, sys\n"
    "code = subprocess.run(sys.argv[1:]).returncode\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    "sys.exit(code)\n"
)
UPSAMP = [sys.executable, "-m", "upsamp"]


def run(line: str, *arguments: str) -> tuple[str, int, int]:
    """Run upsamp behind what makes its input; return its errors, its code, and its KiB."""
    with subprocess.Popen(["bash", "-c", line], stdout=subprocess.PIPE) as maker:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *UPSAMP, *arguments],
            stdin=maker.stdout,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        maker.kill()
    return done.stderr, done.returncode, int(done.stdout.split()[-1])


@pytest.mark.parametrize(
    ("line", "arguments", "bound"),
    sample(
        [
            ("yes", ["summary", "-"], 2**18),
            ("yes '{'", ["summary", "-"], 64 * MEBIBYTE),
            (
                "printf 'PK\\3\\4'; cat /dev/zero",
                ["summary", "-", "--max-size", "90MB"],
                90 * MEBIBYTE,
            ),
            ("cat /dev/zero", ["summary", "-", "--max-size", "1MB"], 2**18),
            ("true", ["summary", "/dev/zero"], 2**18),
            # Of chance bytes the first ones say what they may be: here, nothing that is known.
            ("printf '\\001\\002'; cat /dev/urandom", ["summary", "-"], 2**18),
            ("true", ["generator", "--model", "/dev/zero"], 64 * MEBIBYTE),
            ("yes", ["upsample", "-"], 512 * MEBIBYTE),
            # On disk, where memory has no room for eight times as many.
            ("yes", ["upsample", "-", "--max-memory", "20MB"], 160 * MEBIBYTE),
            ("true", ["upsample", "/dev/zero", "--max-memory", "20MB"], 160 * MEBIBYTE),
            ("true", ["transpose-conv", "/dev/zero", "--max-memory", "20MB"], 160 * MEBIBYTE),
        ],
        3,
    ),
)
def test_a_command_stops_at_its_bound(line: str, arguments: list[str], bound: int) -> None:
    errors, code, memory = run(line, *arguments)
    assert code == 1
    assert errors.count("\n") == 1
    assert f"must have at most {bound:,} bytes. Received: more." in errors
    if "--max-size" in arguments and bound > 2**18:
        assert "--max-size" in errors
    # Python and NumPy take the rest.
    assert memory * 1024 < 1.15 * bound + 80 * MEBIBYTE


def test_what_names_no_length_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(read, "open_input", partial(open_input, limit=MEBIBYTE))
    for kind in ("png", "npy", "npz", "csv", "json", "txt", "gif", "tiff"):
        name = str(tmp_path / f"zeros.{kind}")
        Path(name).symlink_to("/dev/zero")
        with pytest.raises(FormatError, match="must have at most 1,048,576 bytes"):
            read_source(name, ReadOptions())
    for kind in ("keras", "h5", "json", "npz", "safetensors"):
        name = str(tmp_path / f"zero.{kind}")
        Path(name).symlink_to("/dev/zero")
        with pytest.raises(FormatError, match=r"must have at most 1,000,000 bytes.*--max-size"):
            open_model(name, max_size=1_000_000)
        with pytest.raises(FormatError, match=r"must have at most 1,000,000 bytes.*--max-size"):
            read_weights_file(name, max_size=1_000_000)


def test_a_pipe_that_never_ends_is_bounded(tmp_path: Path) -> None:
    name = str(tmp_path / "pipe")
    os.mkfifo(name)
    with subprocess.Popen(["bash", "-c", f"yes > {name}"], stderr=subprocess.DEVNULL) as writer:
        with (
            pytest.raises(FormatError, match="must have at most 4,096 bytes"),
            open_input(name, limit=4096),
        ):
            pass
        writer.kill()


def test_files_of_proc_tell_no_length_and_are_read() -> None:
    with open_input("/proc/self/status") as stream:
        assert stream.read(5) == b"Name:"
    with (
        pytest.raises(FormatError, match="at most 10 bytes"),
        open_input("/proc/meminfo", limit=10),
    ):
        pass


def test_folders_and_sockets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The name of a socket must be short.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(folder)
        listener.bind("s")
        for name in (folder, "s"):
            with pytest.raises(FileError, match="Cannot read"), open_input(name):
                pass


def test_a_bound_is_the_last_length_that_is_read() -> None:
    data = bytes(range(200))
    for head in (b"", data[:9]):
        rest = data[len(head) :]
        assert read_within(BytesIO(rest), "it", 200, head=head).read() == data
        with pytest.raises(
            FormatError, match=r"^it must have at most 199 bytes. Received: more. X$"
        ):
            read_within(BytesIO(rest), "it", 199, "X", head)
    with pytest.raises(FormatError, match="at most 3 bytes"):
        read_within(BytesIO(b""), "it", 3, head=data[:9])
    stream = BytesIO(data)
    check_length(stream, "it", 200)
    assert stream.tell() == 0
    with pytest.raises(FormatError, match=r"at most 199 bytes\. Received: more\. Give \.npy"):
        check_length(stream, "it", 199)


def test_a_pipe_that_does_not_block_is_an_error_and_no_end() -> None:
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    with (
        os.fdopen(ours, "rb") as stream,
        os.fdopen(theirs, "wb"),
        pytest.raises(FileError, match="it must wait for its bytes"),
    ):
        read_within(stream, "it", 10)


def test_a_file_of_text_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as stream:
        stream.truncate(2**36)
    with pytest.raises(FormatError, match="must have at most 1,073,741,824 bytes"):
        read_source(str(path), ReadOptions())
    with path.open("r+b") as stream:
        stream.truncate(2**30)  # no byte more than the first ones is read
    with pytest.raises(FormatError, match="is neither an image nor text"):
        read_source(str(path), ReadOptions())
    path.write_bytes("1 2\n3 4\n".encode("utf-16"))
    np.testing.assert_array_equal(read_matrix(str(path), "it"), [[1, 2], [3, 4]])
