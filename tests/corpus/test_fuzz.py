"""Damaged images of every kind end in a picture or an error of ours: soon, and in little memory."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.fuzz_images import check, damaged
from corpus.make_corpus import CorpusFile, corpus
from effort import choose, in_one_test
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import read
from numpy.random import default_rng

from upsamp.errors import UpsampError

FUZZ = Path(__file__).with_name("fuzz_images.py")
COUNT = choose(400, 2500)
# Kilobytes by which the process may grow: it reads files of a thousand bytes, and few pixels.
GROWTH = 64 * 1024


@pytest.mark.parametrize("seed", choose([1], [1, 2]))
def test_thousands_of_damaged_files_are_read_or_refused(seed: int) -> None:
    done = subprocess.run(
        [sys.executable, FUZZ, str(seed), str(COUNT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""  # no warning, and nothing that a library says on its own
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert sum(found["ends"].values()) == COUNT
    # The damage is neither too small to be seen nor so large that nothing is left to read.
    assert found["ends"]["read"] > COUNT / 10
    assert found["ends"]["refused"] > COUNT / 3
    assert {name.split()[0] for name in found["formats"]} == {file.format for file in corpus()}
    assert found["grown"] < GROWTH
    assert found["slowest"] < 2


@given(st.sampled_from(corpus()), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=choose(50, 1000))
def test_any_damage_of_any_file_is_read_or_refused(
    file: CorpusFile, seed: int, expand: bool
) -> None:
    assert check(damaged(file, default_rng(seed)), expand=expand) in ("read", "refused")


@given(
    st.sampled_from([file.data[:head] for file in corpus() for head in (4, 16, 40)]),
    st.binary(max_size=200),
)
@settings(max_examples=choose(50, 1000))
def test_anything_after_any_head_is_read_or_refused(head: bytes, rest: bytes) -> None:
    assert check(head + rest, expand=True) in ("read", "refused")


CUT = choose(corpus()[::5], corpus())


@in_one_test("file", CUT)
def test_a_file_that_is_cut_anywhere_shows_what_it_did_or_is_refused(file: CorpusFile) -> None:
    whole, _ = frames_of(file.data)
    assert whole
    # The last number of a text may have lost its last digits.
    end = len(file.data) - (6 if "text" in file.name else 0)
    cuts = {*range(0, end, len(file.data) // choose(25, 200) + 1), *range(end - 12, end)}
    shown = [frames_of(file.data[:cut]) for cut in sorted(cuts)]
    assert ([], ()) in shown
    for frames, notes in shown:
        told = any("frames may be missing" in note for note in notes)
        np.testing.assert_equal(frames, whole[: len(frames)] if told or not frames else whole)


def frames_of(data: bytes) -> tuple[list[Any], tuple[str, ...]]:
    """Return the pixels of all frames, none where the file is refused, and the notes on them."""
    try:
        picture = read(BytesIO(data), every_frame=True)
        return [frame.pixels for frame in picture.frames], picture.notes
    except UpsampError:
        return [], ()
