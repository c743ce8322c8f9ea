"""Files that change while they are read: two versions are never taken for one whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from upsamp.cli import main
from upsamp.core.arguments import Array
from upsamp.errors import FileError, FormatError
from upsamp.io import read
from upsamp.io.model_sources import find_source
from upsamp.io.picture_options import ReadOptions
from upsamp.io.read import read_source
from upsamp.io.streams import open_input
from upsamp.io.strips.rows import StoredRows
from upsamp.resizing import file_to_file
from upsamp.resizing.enlarging import Settings
from upsamp.resizing.file_to_file import enlarge_file

CHANGED = "was changed while it was read. Try again when it is complete."


def rewrite(path: Path) -> None:
    """Write other bytes to the file, as many as there were."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))  # two writes may fall on one beat of the system's clock


def shrink(path: Path) -> None:
    os.truncate(path, 10)


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def read_while(path: Path, change: Callable[[Path], object], fault: str = "") -> bytes:
    """Read a file that becomes another meanwhile; with a fault that a decoder finds in it."""
    with open_input(str(path)) as stream:
        begin = stream.read(1)
        change(path)
        if fault:
            raise FormatError(fault)
        return begin + stream.read()


@pytest.mark.parametrize("change", [rewrite, shrink, grow])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(bytes(100_000))
    with pytest.raises(FileError) as caught:
        read_while(path, change)
    assert str(caught.value) == f"'{path}' {CHANGED}"


def test_what_a_decoder_says_of_it_is_not_what_matters(tmp_path: Path) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(bytes(100))
    with pytest.raises(FileError, match="was changed while it was read"):
        read_while(path, shrink, "It is cut off.")
    with pytest.raises(FormatError, match="It is cut off"):
        read_while(path, Path.exists, "It is cut off.")


@pytest.mark.parametrize("change", [replace, Path.unlink])
def test_a_file_that_gives_way_to_another_is_read_to_its_end(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(b"1 2; 3 4")
    assert read_while(path, change) == b"1 2; 3 4"


@pytest.mark.parametrize("name", ["in.png", "in.csv", "in.npy", "in.npz"])
def test_each_kind_of_input_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    if name.endswith("png"):
        Image.fromarray(array).save(path)
    elif name.endswith("csv"):
        np.savetxt(path, array, delimiter=",")
    else:
        (np.save if name.endswith("npy") else np.savez)(path, array)
    original = read.read_stream

    def read_slowly(stream: BinaryIO, *arguments: object) -> object:
        result = original(stream, *arguments)  # type: ignore[arg-type]  # what it was called with
        rewrite(path)
        return result

    monkeypatch.setattr(read, "read_stream", read_slowly)
    with pytest.raises(FileError, match=CHANGED):
        read_source(str(path), ReadOptions())


@pytest.mark.parametrize("change", [rewrite, replace, shrink, Path.unlink])
def test_frames_that_are_read_later_are_of_the_same_file(
    tmp_path: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target = tmp_path / "in.gif", tmp_path / "out.gif"
    frames = [Image.fromarray(np.full((4, 4), level, np.uint8)) for level in (0, 100, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    original = read.read_source

    def read_and_change(*arguments: object) -> object:
        result = original(*arguments)  # type: ignore[arg-type]  # what it was called with
        change(path)
        return result

    monkeypatch.setattr(file_to_file, "read_source", read_and_change)
    with pytest.raises(FileError, match=r"was changed|Cannot read"):
        enlarge_file(str(path), str(target), Settings(reading=ReadOptions(every_frame=True)))
    assert not target.exists()
    assert [*tmp_path.glob(".*")] == []


def test_rows_that_are_read_one_after_the_other_are_of_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target = tmp_path / "in.npy", tmp_path / "out.npy"
    np.save(path, np.zeros((3000, 1000), np.uint8))
    command = ["upsample", str(path), "-o", str(target), "--max-memory", "40MB"]
    read = StoredRows._read

    def read_and_rewrite(rows: StoredRows, begin: int, memory: Array) -> None:
        read(rows, begin, memory)
        rewrite(path)

    with monkeypatch.context() as patch:
        patch.setattr(StoredRows, "_read", read_and_rewrite)
        done = CliRunner().invoke(main, command)
    assert (done.exit_code, done.stderr) == (1, f"Error: '{path}' {CHANGED}\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.npy"]
    assert CliRunner().invoke(main, command).exit_code == 0


def test_a_model_is_watched_too(tmp_path: Path) -> None:
    path = tmp_path / "in.npz"
    np.savez(path, kernel=np.ones((2, 2)))
    source = find_source(str(path), 10**6)
    with pytest.raises(FileError, match=CHANGED), source.open():
        rewrite(path)
