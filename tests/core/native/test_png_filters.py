"""The kernel of PNG's filters, for every instruction set, beside NumPy's bytes."""

import numpy as np
import pytest
from core.native.native_kernels import every_instruction_set
from effort import choose, in_one_test

from upsamp.core.native.library import Kernels
from upsamp.io.png import filters
from upsamp.io.png.filters import FAST_FILTERS, FILTERS, choose_filters, filter_rows, filter_strip

WIDTHS = (1, 2, 3, 5, 16, 31, 64, 100, 257, 1000)


@every_instruction_set
@in_one_test("step", [1, 2, 3, 4, 6, 8])
def test_rows_are_filtered_as_numpy_does(
    native: Kernels, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "kernels", lambda: native)
    generator = np.random.default_rng(step)
    for width in WIDTHS[:: choose(2, 1)]:
        noise = generator.integers(0, 256, (9, width * step))
        slopes = np.cumsum(generator.integers(-2, 3, (9, width * step)), axis=1)
        few = generator.integers(0, 2, (9, width * step)) * 255
        rows = np.concatenate([noise, slopes, few, np.zeros((2, width * step), int)])
        margined = np.pad(rows.astype(np.uint8), ((1, 0), (step, 0)))
        margined[0, step:] = generator.integers(0, 256, width * step)
        for kinds in (*((kind,) for kind in FILTERS), FAST_FILTERS, tuple(FILTERS), (1, 3)):
            for sampled in (False, True):
                chosen = choose_filters(margined, step, kinds, sampled=sampled)
                np.testing.assert_array_equal(
                    filter_strip(margined, step, kinds, sampled=sampled),
                    filter_rows(margined, step, chosen),
                    strict=True,
                )


@every_instruction_set
def test_rows_that_are_not_contiguous_are_filtered_alike(
    native: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "kernels", lambda: native)
    room = np.random.default_rng(0).integers(0, 256, (20, 90), dtype=np.uint8)
    np.testing.assert_array_equal(
        filter_strip(room[::2, ::3], 3, tuple(FILTERS)),
        filter_strip(room[::2, ::3].copy(), 3, tuple(FILTERS)),
    )
