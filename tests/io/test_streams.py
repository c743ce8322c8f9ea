"""Files are written wholly or not at all, and whatever cannot be opened is told in plain words."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from effort import in_one_test

from upsamp.errors import FileError, FormatError
from upsamp.io.atomic import check_target, replace_file
from upsamp.io.streams import open_input


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "result.txt"


def write(path: Path | str, data: bytes = b"new", *, overwrite: bool = False) -> None:
    with replace_file(str(path), overwrite=overwrite) as stream:
        stream.write(data)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@contextmanager
def nothing_changes(folder: Path) -> Iterator[None]:
    """Assert that the block leaves every file of the folder as it was."""

    def contents() -> dict[str, tuple[int, bytes]]:
        return {
            path.name: (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in folder.iterdir()
        }

    before = contents()
    yield
    assert contents() == before


# --- what appears, and when


def test_a_new_file_appears_at_the_end_alone(place: Path) -> None:
    with replace_file(str(place), overwrite=False) as stream:
        stream.write(b"half")
        stream.flush()
        assert not place.exists()
    assert place.read_bytes() == b"half"
    assert names_in(place.parent) == ["result.txt"]


@pytest.mark.parametrize("error", [FormatError("no"), ValueError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_appears_when_the_writing_fails(
    place: Path, overwrite: bool, error: BaseException
) -> None:
    if overwrite:
        place.write_bytes(b"old")

    def write_half() -> None:
        with replace_file(str(place), overwrite=overwrite) as stream:
            stream.write(b"half")
            raise error

    with nothing_changes(place.parent), pytest.raises(type(error)):
        write_half()


def test_an_error_of_the_system_while_writing_names_the_file(place: Path) -> None:
    with (
        nothing_changes(place.parent),
        pytest.raises(FileError, match=rf"^Cannot write '{place}': no space left on device\.$"),
        replace_file(str(place), overwrite=False),
    ):
        raise OSError(28, "No space left on device")


def test_a_file_that_exists_is_replaced_only_when_that_is_wanted(place: Path) -> None:
    place.write_bytes(b"old")
    with nothing_changes(place.parent), pytest.raises(FileError, match=r"exists already.*--force"):
        write(place)
    write(place, overwrite=True)
    assert place.read_bytes() == b"new"
    assert names_in(place.parent) == ["result.txt"]


def test_a_file_that_appears_in_between_is_not_overwritten(place: Path) -> None:
    def write_too_late() -> None:
        with replace_file(str(place), overwrite=False) as stream:
            stream.write(b"new")
            place.write_bytes(b"somebody else's")

    with pytest.raises(FileError, match=r"exists already.*--force"):
        write_too_late()
    assert place.read_bytes() == b"somebody else's"
    assert names_in(place.parent) == ["result.txt"]


# --- modes, links and names


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_the_umask(place: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write(place)
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_an_overwritten_file_keeps_its_mode(place: Path, mode: int) -> None:
    place.write_bytes(b"old")
    place.chmod(mode)
    write(place, overwrite=True)
    assert place.read_bytes() == b"new"
    assert stat.S_IMODE(place.stat().st_mode) == mode


@pytest.mark.parametrize("relative", [False, True])
def test_a_symbolic_link_is_followed_and_stays_one(tmp_path: Path, relative: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "real.txt"
    link = tmp_path / "link.txt"
    link.symlink_to("elsewhere/real.txt" if relative else real)
    write(link, b"first")
    with pytest.raises(FileError, match=r"exists already"):
        write(link)
    write(link, b"second", overwrite=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"second"
    assert names_in(tmp_path / "elsewhere") == ["real.txt"]


def test_a_hard_link_does_not_show_half_of_a_file(tmp_path: Path, place: Path) -> None:
    place.write_bytes(b"old")
    (tmp_path / "other.txt").hardlink_to(place)
    write(place, overwrite=True)
    assert (tmp_path / "other.txt").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["a" * 251 + ".txt", "ü" * 125 + ".txt", "🙂" * 62 + ".txt"])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    write(tmp_path / name, b"again", overwrite=True)
    assert (tmp_path / name).read_bytes() == b"again"


# --- places that cannot be written


@in_one_test(
    ("name", "message"),
    [
        ("missing/result.txt", r"its directory does not exist"),
        ("file/result.txt", r"its directory does not exist"),
        (".", r"it is a directory"),
        ("a" * 300, r"file name too long\. Give a shorter one with -o, or with --name"),
        ("loop", r"too many levels of symbolic links"),
    ],
)
@in_one_test("overwrite", [False, True])
def test_a_place_that_cannot_be_written_is_refused(
    tmp_path: Path, name: str, message: str, overwrite: bool
) -> None:
    (tmp_path / "file").write_bytes(b"a file")
    (tmp_path / "loop").symlink_to("loop")
    target = str(tmp_path / name)
    for attempt in (check_target, write):
        with (
            nothing_changes(tmp_path),
            pytest.raises(FileError, match=rf"^Cannot write '.*': {message}"),
        ):
            attempt(target, overwrite=overwrite)


def test_a_directory_named_with_a_slash_is_no_file(tmp_path: Path) -> None:
    with nothing_changes(tmp_path), pytest.raises(FileError, match=r"^Cannot write '.*new/'"):
        write(f"{tmp_path}/new/")


# --- devices and pipes


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_device_is_written_to_and_stays_one(tmp_path: Path, overwrite: bool) -> None:
    before = Path(os.devnull).stat()
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    write(os.devnull, overwrite=overwrite)
    write(link, overwrite=overwrite)
    after = Path(os.devnull).stat()
    assert stat.S_ISCHR(after.st_mode)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert link.is_symlink()


def test_a_full_device_is_an_error() -> None:
    with pytest.raises(FileError, match=r"^Cannot write '/dev/full': no space left on device\.$"):
        write("/dev/full", b"x" * 100_000)


def test_a_named_pipe_is_written_to_and_read_from(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = bytes(range(256)) * 1000
    writer = threading.Thread(target=write, args=(fifo, data))
    writer.start()
    with open_input(str(fifo)) as stream:
        assert stream.seekable()
        assert stream.read() == data
        stream.seek(0)
        assert stream.read(3) == b"\0\1\2"
    writer.join()
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_an_open_pipe_is_written_to_by_its_name() -> None:
    reader, writer = os.pipe()
    try:
        write(f"/dev/fd/{writer}", b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
        os.close(writer)


# --- inputs


@in_one_test(
    ("name", "message"),
    [
        ("missing.txt", "there is no such file or directory"),
        ("file/below.txt", "not a directory"),
        (".", "is a directory"),
        ("loop", "too many levels of symbolic links"),
        ("dangling", "there is no such file or directory"),
    ],
)
def test_what_cannot_be_read_is_told_in_plain_words(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "file").write_bytes(b"a file")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    with (
        pytest.raises(FileError, match=rf"^Cannot read '.*': {message}\.$"),
        open_input(str(tmp_path / name)),
    ):
        pytest.fail("it was opened")


def test_an_open_pipe_is_read_by_its_name() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"1 2")
    os.close(writer)
    try:
        with open_input(f"/dev/fd/{reader}") as stream:
            assert stream.read() == b"1 2"
            assert stream.seek(0) == 0
    finally:
        os.close(reader)


def test_an_error_of_ours_passes_through_an_open_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a file")
    with pytest.raises(FormatError, match=r"^ours$"), open_input(str(tmp_path / "file")):
        raise FormatError("ours")
