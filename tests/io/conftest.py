"""What the tests of saved models share."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from upsamp.io import model_sources
from upsamp.io.hdf5.reading import Hdf5Reader


@pytest.fixture(scope="session")
def lasting_reader() -> Iterator[Hdf5Reader]:
    """Return one process for the files of all tests: to start one takes longer than to read."""
    with Hdf5Reader() as reader:
        yield reader


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch, lasting_reader: Hdf5Reader) -> Hdf5Reader:
    """Let every file be read by the same process, within one second."""

    def open_reader(*, max_size: int) -> AbstractContextManager[Hdf5Reader]:
        lasting_reader.max_size = max_size
        return nullcontext(lasting_reader)

    monkeypatch.setattr(lasting_reader, "time_limit", 1)
    monkeypatch.setattr(model_sources, "Hdf5Reader", open_reader)
    return lasting_reader


@pytest.fixture(scope="module")
def reader() -> Iterator[Hdf5Reader]:
    """Return one process for the HDF5 files of a module's tests, which hold at most 1 MB."""
    with Hdf5Reader(max_size=2**20) as shared:
        yield shared


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where a test puts its file."""
    return tmp_path / "model.h5"
