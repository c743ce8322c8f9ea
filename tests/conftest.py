"""Settings that every test shares; pytest puts this directory on the import path."""

import pytest
from effort import is_exhaustive, set_exhaustive
from hypothesis import settings

# The same examples at every run: a failure must come back when it is run again.
settings.register_profile("sample", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("exhaustive", settings.get_profile("sample"), max_examples=600)


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the exhaustive tests, unless they are asked for."""
    if is_exhaustive():
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]
