"""Paths with a protocol: what is found, read and written, and what storage says that fails."""

from collections.abc import Callable, Iterator
from typing import Any

import fsspec
import pytest
from bulk_files import settings
from effort import in_one_test
from fsspec.implementations.memory import MemoryFileSystem

from upsamp.bulk.clashes import Survey, survey
from upsamp.bulk.inputs import Inputs, kind_of
from upsamp.bulk.names import Naming
from upsamp.bulk.run import Plan
from upsamp.bulk.tasks import Task
from upsamp.errors import FileError, MissingExtraError, UpsampError
from upsamp.io.remote_paths import (
    Listings,
    check_remote,
    list_remote,
    make_remote_folder,
    read_remote,
    remote_kind,
    write_remote,
)
from upsamp.resizing.file_to_file import enlarge_file


class StorageError(Exception):
    """An error as the packages of storage have them, which is none of Python's own."""


class Box(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Storage with folders, where a file is seen while it is written, and which can fail."""

    protocol = "box"
    store: dict[str, Any] = {}  # noqa: RUF012 - as in the class above
    pseudo_dirs = [""]  # noqa: RUF012 - as in the class above
    fault: Exception | None = None
    calls: list[str] = []  # noqa: RUF012 - as in the class above

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = super()._strip_protocol(path.replace("box://", "memory://"))
        return stripped

    def pipe_file(self, path: str, value: bytes, **kwargs: Any) -> None:
        self.calls.append(f"write {path.rpartition('/')[0]}")
        super().pipe_file(path, value[:3] if self.fault else value, **kwargs)
        if self.fault:
            raise self.fault

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().info(path, **kwargs)
        return found | ({"size": None} if "unknown" in path else {})


@pytest.fixture(params=["memory", "box"])
def protocol(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the name of a storage that is empty: of whole objects, and one that has folders."""
    kind: type[MemoryFileSystem] = Box if request.param == "box" else MemoryFileSystem
    fsspec.register_implementation("box", Box, clobber=True)
    kind.store.clear()
    Box.calls.clear()
    yield request.param
    kind.store.clear()
    kind.pseudo_dirs[:] = [""]


def put(protocol: str, *names: str) -> None:
    files = fsspec.filesystem(protocol)
    for name in names:
        with files.open(name, "wb") as stream:
            stream.write(name.encode())


def found_by(*words: str, **options: Any) -> list[str]:
    inputs = Inputs(words, **options)
    return [found.error or found.path for group in inputs.groups() for found in group]


# --- what is found


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("p", ["p/a.png", "p/b.JPG"]),
        ("p/", ["p/a.png", "p/b.JPG"]),
        ("p/*.png", ["p/a.png"]),
        ("p/**/*.png", ["p/a.png", "p/below/deep/d.png"]),
        ("p/*/*/d.*", ["p/below/deep/d.png"]),
        ("p/*/deep/d.png", ["p/below/deep/d.png"]),
        ("p/*", ["p/a.png", "p/b.JPG"]),
        ("*.png", ["top.png"]),
        ("p/notes.txt", ["p/notes.txt"]),
    ],
)
def test_images_are_found_as_here(protocol: str, word: str, expected: list[str]) -> None:
    put(protocol, "/top.png", "/p/a.png", "/p/b.JPG", "/p/.h.png", "/p/notes.txt")
    put(protocol, "/p/below/deep/d.png", "/p/.hidden/e.png")
    assert kind_of(f"{protocol}://{word}") == "remote"
    assert found_by(f"{protocol}://{word}") == [f"{protocol}://{name}" for name in expected]


def test_folders_below_are_searched_but_for_that_of_the_results(protocol: str) -> None:
    put(protocol, "/p/a.png", "/p/below/b.png", "/p/large/a_2x2_nearest.png", "/p/notes.txt")
    words = f"{protocol}://p"
    inputs = Inputs([words], recursive=True, leave_out=f"{protocol}://p/large/")
    found = [found for group in inputs.groups() for found in group]
    assert [(item.path, item.below) for item in found] == [
        (f"{protocol}://p/a.png", "a.png"),
        (f"{protocol}://p/below/b.png", "below/b.png"),
    ]
    assert inputs.passed_over == 1
    naming = Naming("2x2", "nearest", out_dir="here")
    assert [naming.target_of(item) for item in found] == [
        "here/a_2x2_nearest.png",
        "here/below/b_2x2_nearest.png",
    ]
    assert Naming("2x2", "nearest").target_of(found[0]) == f"{protocol}://p/a_2x2_nearest.png"


def test_what_is_not_there_is_told(protocol: str) -> None:
    for word in ("no.png", "no/*.png", "no/"):
        path = f"{protocol}://{word}"
        assert found_by(path) == [f"There is no file '{path}'."]


def test_names_that_lead_elsewhere_are_left_out(protocol: str) -> None:
    files = fsspec.filesystem(protocol)
    kind = type(files)
    put(protocol, "/p/a.png")
    for name in ("/p/../../x.png", "/p/./y.png", "/p/nul\0.png"):
        kind.store[name] = kind.store["/p/a.png"]
    assert [entry.name for entry in list_remote(f"{protocol}://p")] == ["a.png"]
    assert found_by(f"{protocol}://p", recursive=True) == [f"{protocol}://p/a.png"]


def test_clashes_are_found_and_what_is_there_is_counted(protocol: str) -> None:
    put(protocol, "/p/a.png", "/p/A.png", "/large/a.png", "/large/b.png")
    plan = Plan(
        Inputs([f"{protocol}://p"]),
        Naming("2x2", "nearest", "{stem}{suffix}", out_dir=f"{protocol}://large"),
    )
    assert survey(plan.tasks) == Survey(2, 1, f"{protocol}://large/a.png")
    first, second = (Task(1, f"{protocol}://p/{name}.png", f"{protocol}://q.png") for name in "ab")
    clashes = survey(lambda: [first, second]).clashes
    assert [*clashes] == [second]
    assert clashes[second].startswith("Each result must be a file of its own")
    there = Listings()
    assert [there.has(f"{protocol}://{path}") for path in ("p/a.png", "p/c.png", "no/a.png")] == [
        True,
        False,
        False,
    ]
    # Many folders take no more memory than few.
    for number in range(50):
        assert not there.has(f"{protocol}://f{number}/a.png")
    assert len(there._names) == 16


# --- reading and writing


def test_a_file_is_written_once_and_replaced_when_that_is_wanted(protocol: str) -> None:
    path = f"{protocol}://out/below/a.bin"
    make_remote_folder(f"{protocol}://out/below")
    write_remote(path, b"first", overwrite=False)
    write_remote(path, b"first", overwrite=False)  # a second trial of the same
    with pytest.raises(FileError, match="exists already"):
        write_remote(path, b"other", overwrite=False)
    assert read_remote(path, 5) == b"first"
    write_remote(path, b"second", overwrite=True)
    assert read_remote(path, 100) == b"second"
    assert fsspec.filesystem(protocol).find("/") == ["/out/below/a.bin"]
    assert remote_kind("memory://out") == ("folder" if protocol == "memory" else "missing")


@pytest.mark.parametrize("name", ["a.bin", "unknown.bin"])
def test_what_is_too_large_is_not_read(protocol: str, name: str) -> None:
    path = f"{protocol}://{name}"
    put(protocol, f"/{name}")
    assert read_remote(path, len(name) + 1) == f"/{name}".encode()
    with pytest.raises(FileError, match=f"has more than {len(name):,} bytes, .* Use --max-pixels"):
        read_remote(path, len(name))


@pytest.mark.parametrize("protocol", ["box"], indirect=True)
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (StorageError("No credentials.\nMore."), "No credentials."),
        (OSError(28, "No space left on device"), "no space left on device."),
        (NotImplementedError(), "NotImplementedError."),
        (PermissionError("Access Denied"), "access denied."),
    ],
)
def test_a_write_that_fails_is_one_line_and_leaves_nothing(
    protocol: str, monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    monkeypatch.setattr(Box, "fault", fault)
    with pytest.raises(FileError) as raised:
        write_remote(f"{protocol}://out/a.png", b"123456", overwrite=False)
    assert str(raised.value) == f"Cannot write 'box://out/a.png': {told}"
    assert fsspec.filesystem("box").find("/") == []
    assert Box.calls == ["write /out"]


@pytest.mark.parametrize("protocol", ["box"], indirect=True)
def test_a_mistake_in_a_program_keeps_its_traceback(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Box, "fault", AttributeError("no such name"))
    with pytest.raises(AttributeError, match="no such name"):
        write_remote(f"{protocol}://a.png", b"123456", overwrite=False)


def test_what_is_no_image_and_what_is_missing_is_one_line(protocol: str) -> None:
    put(protocol, "/a.png")
    for name, told in (("a.png", "is no image that can be read"), ("b.png", "Cannot read")):
        with pytest.raises(UpsampError, match=told) as raised:
            enlarge_file(f"{protocol}://{name}", f"{protocol}://large.png", settings())
        assert "\n" not in str(raised.value)
        assert f"'{protocol}://{name}'" in str(raised.value)


@in_one_test(
    ("path", "error", "told"),
    [
        ("file:///photos/a.png", FileError, r"Leave out file://\."),
        ("foo://a.png", FileError, r"must be one that fsspec knows.* Received: 'foo://a\.png'\."),
        ("zip://a.png::memory://b", FileError, r"must have one protocol"),
        *(
            (f"{name}://a.png", FileError, rf"of a storage, as s3.* Received: '{name}://a\.png'\.")
            for name in ("dir", "generic", "reference", "zip", "tar", "blockcache", "data", "git")
        ),
    ],
)
def test_what_cannot_be_used_is_refused(path: str, error: type[UpsampError], told: str) -> None:
    with pytest.raises(error, match=told):
        check_remote(path)


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        (ModuleNotFoundError("No module named 'pyarrow'"), MissingExtraError, "needs a package"),
        (TypeError("missing 1 argument: 'org'"), FileError, "must say all .* fsspec: missing 1"),
        (AttributeError("'NoneType' object"), FileError, "must say all that its storage is found"),
        (OSError(111, "Connection refused"), FileError, "Cannot read .*: connection refused"),
        (ValueError("Port could not be cast"), FileError, "Cannot read .*: port could not"),
    ],
)
def test_a_storage_that_cannot_be_opened_is_one_line(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, error: type[UpsampError], told: str
) -> None:
    def url_to_fs(_path: str) -> None:
        raise fault

    monkeypatch.setattr("fsspec.core.url_to_fs", url_to_fs)
    with pytest.raises(error, match=told) as raised:
        remote_kind("memory://a.png")
    assert "\n" not in str(raised.value)
    assert "'memory://a.png'" in str(raised.value)


def test_the_package_that_a_protocol_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_protocol: str) -> None:
        raise ImportError("Install s3fs to access S3")

    get: Callable[..., object] = missing
    monkeypatch.setattr(fsspec, "get_filesystem_class", get)
    with pytest.raises(MissingExtraError) as raised:
        check_remote("s3://bucket/a.png")
    assert str(raised.value) == (
        "s3:// needs a package of its own. Received: 's3://bucket/a.png', and from fsspec: "
        "Install s3fs to access S3."
    )
