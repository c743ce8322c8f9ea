"""Arrays written batch by batch and read by name, and batches kept for later."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.errors import FileError, FormatError
from upsamp.io import array_files
from upsamp.io.array_files import BatchSpool, check_space, read_named_arrays, write_array_file
from upsamp.io.matrices import format_matrix

Array = NDArray[Any]


def written(path: Path, array: Array, size: int) -> bytes:
    name, kind = str(path), path.suffix[1:]
    with write_array_file(name, kind, len(array), overwrite=True) as writer:
        for start in range(0, len(array), size):
            writer.write(array[start : start + size])
    return path.read_bytes()


@in_one_test("size", [1, 2, 5, 9])
@in_one_test("dtype", ["float32", "float16", "float64"])
@in_one_test("shape", [(5, 2, 3, 1), (5, 4), (5,)])
def test_batches_make_the_file_that_the_whole_makes(
    tmp_path: Path, size: int, dtype: str, shape: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    data = written(tmp_path / "a.npy", array, size)
    assert data == format_matrix(array, "npy")
    written(tmp_path / "a.npz", array, size)
    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files == ["array"]
        np.testing.assert_array_equal(archive["array"], array, strict=True)
    text = written(tmp_path / "a.json", array, size)
    np.testing.assert_array_equal(np.array(json.loads(text), dtype), array)
    if size == 9:
        assert text == format_matrix(array, "json")


def test_a_layout_of_another_order_is_written_in_rows(tmp_path: Path) -> None:
    array = np.moveaxis(np.arange(24.0).reshape(2, 3, 4), 1, 2)
    written(tmp_path / "a.npy", array, 1)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


@pytest.mark.parametrize("suffix", ["npy", "npz", "json"])
def test_an_error_on_the_way_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    name = str(tmp_path / f"a.{suffix}")

    def write_half(error: type[BaseException]) -> None:
        with write_array_file(name, suffix, 2) as writer:
            writer.write(np.zeros((1, 2)))
            raise error

    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error):
            write_half(error)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_told_of_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(tmp_path / "a.npy")
    check_space(name, 1000)

    class Usage:
        free = 999

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    with pytest.raises(FileError, match=r"it would have 1000\.00 B, and the disk has 999\.00 B"):
        check_space(name, 1000)


# --- reading


def test_arrays_are_read_by_name_and_a_single_one_has_none(tmp_path: Path) -> None:
    z, y = np.arange(8.0).reshape(2, 4), np.array([3, 4])
    np.savez(tmp_path / "a.npz", z=z, y=y)
    found = read_named_arrays(str(tmp_path / "a.npz"), "--latent-file")
    assert list(found) == ["z", "y"]
    np.testing.assert_array_equal(found["z"], z)
    np.testing.assert_array_equal(found["y"], y)
    one = read_named_arrays(f"{tmp_path}/a.npz:z", "--latent-file")
    np.testing.assert_array_equal(one[""], z)
    np.save(tmp_path / "z.npy", z)
    (tmp_path / "z.csv").write_text("0,1,2,3\n4,5,6,7\n")
    for text in (f"{tmp_path}/z.npy", f"{tmp_path}/z.csv", "0 1 2 3; 4 5 6 7"):
        np.testing.assert_array_equal(read_named_arrays(text, "--latent-file")[""], z)


def test_what_holds_no_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for arrays in ({"z": np.array(["text"])}, {"z": np.zeros((0, 3))}):
        np.savez(path, **arrays)
        with pytest.raises(FileError, match=r"--latent-file must be numbers\. Received: .*a\.npz"):
            read_named_arrays(str(path), "--latent-file")
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(FormatError, match="must be a whole zip archive"):
        read_named_arrays(str(path), "--latent-file")


# --- batches for later


@pytest.mark.parametrize("in_memory", [2**26, 1])
def test_batches_come_again_as_they_were(monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr(array_files, "IN_MEMORY", in_memory)
    random = np.random.default_rng(0)
    batches = [random.standard_normal((n, 3, 2)).astype(np.float32) for n in (4, 4, 1)]
    with BatchSpool() as kept:
        for batch in batches:
            kept.add(batch)
        for _ in range(2):
            for again, batch in zip(kept, batches, strict=True):
                np.testing.assert_array_equal(again, batch, strict=True)


def test_a_place_that_takes_no_more_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: object) -> None:
        raise OSError(28, "No space left on device")

    with BatchSpool() as kept:
        monkeypatch.setattr(kept._file, "write", write)
        with pytest.raises(FileError, match=r"no space left on device\. Make room there") as caught:
            kept.add(np.zeros((1, 2)))
    assert tempfile.gettempdir() in str(caught.value)
