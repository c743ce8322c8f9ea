"""Settings that every test shares; pytest puts this directory on the import path."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy

import pytest
from child_processes import (
    adopt_orphans,
    children,
    end_at_failures,
    end_new_children,
    hear_signals,
)
from effort import is_exhaustive, set_exhaustive
from golden_files import GOLDENS
from hypothesis import settings

from upsamp.io import model_sources
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.stored_arrays import StoredArrays
from upsamp.models.audit import audit
from upsamp.models.files import loading
from upsamp.models.summary import listing

# The same examples at every run: a failure must come back when it is run again.
settings.register_profile("sample", deadline=None, derandomize=True, max_examples=15)
settings.register_profile("exhaustive", settings.get_profile("sample"), max_examples=400)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for what takes long."""
    parser.addoption(
        "--exhaustive",
        action="store_true",
        help="also run the tests marked `exhaustive`, and the others on all that there is to try",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell the test modules, before they are imported, how much to try."""
    set_exhaustive(config.getoption("exhaustive"))
    settings.load_profile("exhaustive" if is_exhaustive() else "sample")
    adopt_orphans()
    hear_signals()
    end_at_failures()
    # Where nothing is kept of what is compiled, each process that a test starts would compile all.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if config.getoption("numprocesses", None):
        # One core for each process: more threads of BLAS would only wait for each other.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files and long texts by their argument: a file made anew can hold the time."""
    is_a_name = not isinstance(val, bytes) and (not isinstance(val, str) or len(val) <= 100)
    return None if is_a_name else argname


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the exhaustive tests, unless they are asked for."""
    if is_exhaustive():
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


# The one process that outlives the test that it was started in, by what reads with it.
_lasting: list[Hdf5Reader] = []


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    """Fail a test that leaves a process behind, which is killed."""
    before = children()
    yield
    kept = [reader._process.pid for reader in _lasting if reader._process]
    left = end_new_children(before, kept)
    if left:
        pytest.fail(f"The test left processes behind: {'; '.join(left)}", pytrace=False)


class _GoldenReader(Hdf5Reader):
    """Reads each golden model once: they stay as they are, and hundreds of tests read them."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[tuple[bytes, str], StoredArrays | str] = {}

    def _ask(self, request: bytes, name: str, seconds: float, values: bool) -> StoredArrays | str:
        if GOLDENS not in request.decode():
            return super()._ask(request, name, seconds, values)
        if (request, name) not in self._answers:
            self._answers[request, name] = super()._ask(request, name, seconds, values)
        return deepcopy(self._answers[request, name])


@pytest.fixture(scope="session")
def lasting_reader() -> Iterator[Hdf5Reader]:
    """Return one process for the HDF5 files of all tests: to start one takes longest."""
    with _GoldenReader() as reader:
        _lasting.append(reader)
        yield reader


@pytest.fixture
def shared_reader(monkeypatch: pytest.MonkeyPatch, lasting_reader: Hdf5Reader) -> Hdf5Reader:
    """Let every HDF5 file that this process opens be read by the same other process."""

    def open_reader(*, max_size: int) -> AbstractContextManager[Hdf5Reader]:
        lasting_reader.max_size = max_size
        return nullcontext(lasting_reader)

    for module in (model_sources, loading, listing, audit):
        monkeypatch.setattr(module, "Hdf5Reader", open_reader)
    return lasting_reader
