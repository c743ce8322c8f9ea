"""Any model is answered soon and in little memory, whatever the sizes in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from effort import choose
from hostile.sizes import CASES

pytest.importorskip("resource", reason="the system measures no memory")

# What has no answer that can be written down is refused, and says so.
REFUSED = ("twenty upsamplings by 10**300",)
FIELDS = {
    "a stride of a thousand": "1x1",
    "a dilation of 10**30": "1x1",
    "a stride that leaves one of any": "2x2",
    "a pool of 10**9": "all",
    "an interpolation of many phases": "10x10",
    "10**300 zeros cut off again": "None",
    "2**60 paths": "1x1",
    "2**60 channels": "1x1",
    "2**30 calls": "all",
    "2**30 calls that move": "0x1",
    "500 layers of any to all": "None",
    "1,000 transposed layers": "all",
    "1,500 layers on any image": "all",
}
# Of many layers there are two more.
LONG = ("1,000 layers on a large image", "1,500 layers on any image")
NAMES = choose([name for name in CASES if name not in LONG], [*CASES])


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """Return what a process of its own answers to all."""
    tests = Path(__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-m", "hostile.sizes", *NAMES],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_answered_or_refused_in_one_line(name: str, answered: dict[str, Any]) -> None:
    answer = answered["answers"][name]
    assert answer["seconds"] < 2
    assert (name in REFUSED) == ("must give fewer than 2**2000 values" in answer["error"])
    assert bool(answer["error"]) == (name in REFUSED)
    assert "\n" not in answer["error"]
    if name in FIELDS:
        assert answer["found"] == FIELDS[name]


def test_all_of_them_together_take_little_memory(answered: dict[str, Any]) -> None:
    assert answered["grown"] < 200e6
