"""Streams that others opened: whole reads and writes, and the names that stand for them."""

import os
import subprocess
import sys
import threading
import time
from io import BufferedReader, BufferedWriter, TextIOWrapper, UnsupportedOperation
from pathlib import Path
from typing import Any

import pytest
from effort import in_one_test

from upsamp.io.descriptors import WholeFile, descriptor_of, prepare_standard_streams


def test_a_write_is_whole_also_where_the_other_end_lets_the_pipe_not_block() -> None:
    data = bytes(range(256)) * 4096
    ours, theirs = os.pipe()
    received = bytearray()

    def read() -> None:
        while len(received) < len(data):
            os.set_blocking(theirs, False)
            received.extend(os.read(ours, 100_000))

    with WholeFile(theirs, "wb") as stream, os.fdopen(ours):
        os.set_blocking(theirs, False)
        reader = threading.Thread(target=read)
        reader.start()
        assert stream.write(memoryview(data).cast("I")) == len(data)
        assert not stream.seekable()
        with pytest.raises(UnsupportedOperation, match="tell"):
            stream.tell()
        with pytest.raises(UnsupportedOperation, match="seek"):
            stream.seek(0)
        reader.join()
    assert received == data


def test_a_read_waits_until_the_buffer_is_full_or_the_stream_has_ended() -> None:
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)

    def write() -> None:
        for part in (b"abc", b"d", b"efgh"):
            time.sleep(0.05)
            os.write(theirs, part)
        os.close(theirs)

    with WholeFile(ours) as stream:
        writer = threading.Thread(target=write)
        writer.start()
        buffer = bytearray(5)
        assert [stream.readinto(buffer), bytes(buffer)] == [5, b"abcde"]
        assert [stream.readinto(buffer), bytes(buffer[:3])] == [3, b"fgh"]
        assert stream.readinto(buffer) == 0
        writer.join()


def test_a_disk_that_takes_less_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"), WholeFile("/dev/full", "wb") as stream:
        stream.write(b"1")


@in_one_test(
    ("name", "number"),
    [
        ("/dev/stdin", 0),
        ("/dev/stdout", 1),
        ("/dev/stderr", 2),
        ("/dev/fd/63", 63),
        ("/dev//fd/./63", 63),
        ("/proc/self/fd/4", 4),
        ("/proc/{own}/fd/4", 4),
        ("/dev/fd", None),
        ("/dev/fd/x", None),
        ("/dev/fd/\u0663", None),
        ("/dev/fd/" + "9" * 5000, None),
        ("/dev/fd/1234567890", None),
        ("/dev/null", None),
        ("/proc/1/fd/4", None),
        ("1", None),
        ("-", None),
        ("", None),
        ("a\0b", None),
        ("1 2; 3 4", None),
    ],
)
def test_names_of_descriptors_are_known(name: str, number: int | None) -> None:
    assert descriptor_of(name.replace("{own}", str(os.getpid()))) == number


def test_links_to_descriptors_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log").symlink_to("/dev/stderr")
    Path("far").symlink_to("log")
    Path("loop").symlink_to("loop")
    Path("1").touch()
    Path("file").symlink_to("1")
    assert [descriptor_of(name) for name in ("far", "loop", "file", "1")] == [2, None, None, None]
    monkeypatch.chdir("/dev/fd")
    assert descriptor_of("1") == 1


@pytest.mark.parametrize(("number", "name"), [(0, "stdin"), (1, "stdout"), (2, "stderr")])
def test_a_standard_stream_is_made_anew_around_its_descriptor(
    number: int,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    for other in ("stdin", "stdout", "stderr"):  # as that of a caller, which is left as it is
        monkeypatch.setattr(sys, other, object())
    others = [sys.stdin, sys.stdout, sys.stderr]
    mode = "w" if number else "r"
    with (
        open(number, mode, 1, "latin-1", closefd=False) as given,
        monkeypatch.context() as patch,  # what reports on tests must not meet it when it is closed
    ):
        monkeypatch.setattr(sys, name, given)
        patch.setattr(sys, f"__{name}__", given)
        os.set_blocking(number, False)
        prepare_standard_streams()
        stream = getattr(sys, name)
        assert os.get_blocking(number)
    others[number] = stream
    assert [sys.stdin, sys.stdout, sys.stderr] == others
    assert type(stream) is TextIOWrapper
    assert type(stream.buffer) is (BufferedReader, BufferedWriter, WholeFile)[number]
    raw: Any = getattr(stream.buffer, "raw", stream.buffer)
    assert [type(raw), raw.fileno(), raw.closefd] == [WholeFile, number, False]
    assert [stream.encoding, stream.errors] == ["latin-1", "backslashreplace"]
    assert [stream.line_buffering, stream.write_through] == [True, number == 2]
    if number:
        stream.write("\xe4\u2192\n")
        assert capfdbinary.readouterr()[number - 1] == b"\xe4\\u2192\n"


def test_a_standard_stream_that_is_closed_costs_no_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    before = len([*Path("/dev/fd").iterdir()])
    prepare_standard_streams()
    assert len([*Path("/dev/fd").iterdir()]) == before
    assert sys.stdin is sys.stdout is sys.stderr is None


def test_no_file_takes_the_place_of_a_closed_standard_stream(tmp_path: Path) -> None:
    code = (
        "import sys; from upsamp.io.descriptors import prepare_standard_streams as prepare;"
        "prepare(); file = open('file', 'w'); file.write(str(file.fileno()));"
        "assert sys.stdin is sys.stderr is None"
    )
    subprocess.run(
        ["bash", "-c", '"$0" -c "$1" <&- 2>&-', sys.executable, code], cwd=tmp_path, check=True
    )
    assert int((tmp_path / "file").read_text()) > 2
