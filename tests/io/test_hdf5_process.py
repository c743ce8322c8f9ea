"""HDF5 files are read in another process, whatever they do to it and whatever it answers."""

import json
import signal
import struct
import subprocess
import sys
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from effort import in_one_test
from hostile.hdf5_files import endless
from hostile.parts import h5_bytes
from stored_values import value_of

from upsamp.core import memory
from upsamp.errors import FileError, FormatError, MemoryLimitError, MissingExtraError
from upsamp.io import extras
from upsamp.io.hdf5 import reading
from upsamp.io.hdf5.answers import receive
from upsamp.io.hdf5.frames import FAULT, MAX_HEADER, AnswerError
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.hdf5.writing import format_hdf5
from upsamp.io.stored_arrays import StoredArrays

# --- the other process


def test_one_process_reads_many_files_and_ends_with_the_block(place: Path) -> None:
    place.write_bytes(h5_bytes())
    with Hdf5Reader() as own:
        own.read(str(place))
        process = own._process
        assert process is not None
        with pytest.raises(FormatError):
            own.read(str(place), 0, 100)
        own.read(str(place))
        assert own._process is process
        assert process.poll() is None
    assert process.poll() is not None


def test_a_file_that_hangs_the_library_costs_the_time_limit_and_no_more(place: Path) -> None:
    place.write_bytes(endless())
    good = place.with_name("good.h5")
    good.write_bytes(h5_bytes())
    with Hdf5Reader(time_limit=1) as own:
        own.read(str(good))
        process = own._process
        assert process is not None
        with pytest.raises(FormatError, match=r"must be read within 1 s\. Received: a file that"):
            own.read(str(place))
        assert process.poll() is not None
        assert own.read(str(good)).arrays


def test_a_process_whose_parent_has_gone_ends_by_itself(place: Path) -> None:
    place.write_bytes(endless())
    request = {
        "path": str(place),
        "offset": 0,
        "size": place.stat().st_size,
        "max_size": None,
        "values": False,
        "seconds": -1.5,
    }
    command = [sys.executable, "-c", reading.PROGRAM, reading.PACKAGES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        try:
            # Its clock, and no process, sends the signal; input that ends would not be seen.
            assert process.wait(30) == -signal.SIGALRM
        finally:
            process.kill()


def test_a_file_has_20_seconds_and_its_numbers_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def note(_self: Hdf5Reader, request: bytes, *_: object) -> StoredArrays:
        asked.append(json.loads(request)["seconds"])
        return StoredArrays({})

    monkeypatch.setattr(Hdf5Reader, "_ask", note)
    own = Hdf5Reader(max_size=2**26)
    for size, values in ((10, False), (2**60, False), (2**25, True), (2**60, True)):
        own.read("/dev/null", 0, size, values=values)
    assert asked == [20, 20, 21, 22]


def test_a_process_that_dies_is_told_and_replaced(place: Path) -> None:
    place.write_bytes(h5_bytes())
    with Hdf5Reader() as own:
        own.read(str(place))
        process = own._process
        assert process is not None
        process.kill()
        process.wait()
        with pytest.raises(
            FormatError,
            match=r"must be readable as HDF5\. Received: a file that ends the process that reads",
        ):
            own.read(str(place))
        assert own.read(str(place)).arrays


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()])
def test_no_process_is_left_behind(
    place: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    place.write_bytes(h5_bytes())
    started: list[subprocess.Popen[bytes]] = []

    def fail(*_: object) -> None:
        started.append(cast("subprocess.Popen[bytes]", own._process))
        raise error

    own = Hdf5Reader()
    monkeypatch.setattr(reading, "receive", fail)
    with pytest.raises(type(error)):
        own.read(str(place))
    assert started[0].poll() is not None
    assert own._process is None


def test_a_package_that_is_missing_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write_bytes(h5_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(extras, "find_spec", lambda _: None)
        with pytest.raises(
            MissingExtraError,
            match=r"^Reading the weights of '.*' needs h5py\. Received: h5py is not installed\. "
            r"Install it with: pip install 'upsamp\[keras\]'\.$",
        ):
            Hdf5Reader().read(str(place))
        with pytest.raises(MissingExtraError, match=r"^Writing weights as Keras does needs h5py"):
            format_hdf5({})
    monkeypatch.setattr(reading, "PROGRAM", "import a_package_that_there_is_not")
    with pytest.raises(MissingExtraError, match=r"Received: an h5py that does not start\. Install"):
        Hdf5Reader().read(str(place))
    monkeypatch.setattr(sys, "executable", str(place / "python"))
    with pytest.raises(FileError, match=r"needs a second Python\. Received: '.*' cannot be start"):
        Hdf5Reader().read(str(place))


def test_numbers_that_memory_does_not_hold_are_not_asked_for(
    reader: Hdf5Reader, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_bytes(h5_bytes())
    monkeypatch.setattr(memory, "available_memory", lambda: 10)
    monkeypatch.setattr(memory, "GRANTED", 0)
    with pytest.raises(MemoryLimitError, match=r"^The weights of '.*' would be 48 uint8 values"):
        reader.read(str(place))
    reader.read(str(place), values=False)


# --- answers that make no sense


HEADER = {"attributes": {"": {}}, "arrays": [{"path": "a", "shape": [2], "dtype": "float32"}]}


def answer(*frames: object) -> BufferedReader:
    data = b""
    for frame in frames:
        if isinstance(frame, int):
            data += struct.pack("<Q", frame)
            continue
        content = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        data += struct.pack("<Q", len(content)) + content
    return cast("BufferedReader", BytesIO(data))


def test_a_whole_answer_is_taken() -> None:
    found = receive(answer(HEADER, bytes(8)), "it", 8, True)
    assert isinstance(found, StoredArrays)
    np.testing.assert_array_equal(value_of(found, "a"), np.zeros(2, np.float32), strict=True)
    assert receive(answer(FAULT, {"refused": "is \x1b bad."}), "it", 8, True) == "it is ? bad."
    told = receive(answer(HEADER, FAULT, {"damaged": "no\nway"}), "it", 8, True)
    assert isinstance(told, str)
    assert told.startswith("it must be a whole HDF5 file. Received: 'no\\nway'. Save the model")


@in_one_test(
    "frames",
    [
        [],
        [b""],
        [100],
        [MAX_HEADER + 1],
        [[]],
        [{}],
        [{"attributes": {}, "arrays": {}}],
        [{"attributes": {"": []}, "arrays": []}],
        [{"attributes": {"": {"a": 5}}, "arrays": []}],
        [{"attributes": {"": {"a": [5]}}, "arrays": []}],
        [{"attributes": {}, "arrays": [5]}],
        [{"attributes": {}, "arrays": [{"path": 5, "shape": [2], "dtype": "float32"}]}],
        [{"attributes": {}, "arrays": [{"path": "a", "shape": [2], "dtype": 5}]}],
        [{"attributes": {}, "arrays": [{"path": "a", "shape": [-2], "dtype": "float32"}]}],
        [{"attributes": {}, "arrays": [{"path": "a", "shape": [True], "dtype": "float32"}]}],
        [{"attributes": {}, "arrays": [{"path": "a", "shape": [1] * 33, "dtype": "float32"}]}],
        [{"attributes": {}, "arrays": [{"path": "a", "shape": [2**60], "dtype": "float32"}]}],
        [{"attributes": {}, "arrays": [{"path": "a", "shape": [0, 2**60], "dtype": "float32"}]}],
        [HEADER],
        [HEADER, bytes(7)],
        [HEADER, bytes(9)],
        [HEADER, 8],
        [HEADER, FAULT],
        [FAULT, []],
    ],
)
def test_any_other_answer_is_an_error(frames: list[object]) -> None:
    with pytest.raises((AnswerError, FormatError)):
        receive(answer(*frames), "it", 8, True)


def test_a_process_that_began_early_is_the_one_that_reads(place: Path) -> None:
    place.write_bytes(h5_bytes())
    with Hdf5Reader() as own:
        own.begin()
        begun = own._process
        assert begun is not None
        own.begin()
        assert own._process is begun
        assert own.read(str(place)).arrays
        assert own._process is begun
    assert begun.poll() is not None


def test_what_keeps_a_process_from_beginning_is_told_when_it_reads(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_bytes(h5_bytes())
    monkeypatch.setattr(sys, "executable", str(place / "python"))
    with Hdf5Reader() as own:
        own.begin()
        with pytest.raises(FileError, match=r"needs a second Python"):
            own.read(str(place))
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with Hdf5Reader() as own:
        own.begin()
        assert own._process is None
