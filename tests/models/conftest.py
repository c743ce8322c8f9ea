"""What the tests of models share."""

import pytest


@pytest.fixture(autouse=True)
def _one_process(shared_reader: object) -> None:
    """Let the files of all tests be read by one process."""
