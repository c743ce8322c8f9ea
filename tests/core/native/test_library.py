"""The library of kernels: which is used, and which is refused."""

from pathlib import Path

import pytest

from upsamp.core.native import library
from upsamp.core.native.library import VARIABLE, describe_kernels, kernels, load_kernels
from upsamp.core.native.sources import LIBRARY
from upsamp.errors import ArgumentError


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    library._kept_kernels.cache_clear()


def test_numpy_computes_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "numpy")
    assert (kernels(), describe_kernels()) == (None, "numpy")


def test_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "fast")
    with pytest.raises(ArgumentError, match=r"must be one of native, numpy\. Received: 'fast'"):
        kernels()


def test_an_installation_without_kernels_is_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "kernels.so")
    monkeypatch.delenv(VARIABLE, raising=False)
    assert describe_kernels() == "numpy"
    monkeypatch.setenv(VARIABLE, "native")
    with pytest.raises(ArgumentError, match="UPSAMP_KERNELS=native needs kernels"):
        kernels()


def test_a_library_that_cannot_be_loaded_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "kernels.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(library, "LIBRARY", broken)
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.warns(
        RuntimeWarning, match="The native kernels are not used, as they cannot"
    ) as told:
        assert kernels() is kernels() is None
    assert len(told) == 1


@pytest.mark.skipif(not LIBRARY.exists(), reason="no compiler was there")
def test_a_library_of_other_sources_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = load_kernels(LIBRARY)
    assert loaded.instruction_set in {name for _, _, name in library.SETS}
    monkeypatch.setattr(library, "checksum", lambda: 1)
    with pytest.raises(OSError, match="is of another version"):
        load_kernels(LIBRARY)
