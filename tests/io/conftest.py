"""What the tests of saved models share."""

from pathlib import Path

import pytest

from upsamp.io.hdf5.reading import Hdf5Reader


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch, shared_reader: Hdf5Reader) -> Hdf5Reader:
    """Let every file be read by the same process, within one second."""
    monkeypatch.setattr(shared_reader, "time_limit", 1)
    return shared_reader


@pytest.fixture
def reader(lasting_reader: Hdf5Reader) -> Hdf5Reader:
    """Return a process for HDF5 files that hold at most 1 MB."""
    lasting_reader.max_size = 2**20
    return lasting_reader


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where a test puts its file."""
    return tmp_path / "model.h5"
