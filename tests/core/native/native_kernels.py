"""The kernels of every instruction set that the library and this processor have."""

import os

import pytest

from upsamp.core.native.library import SETS, Kernels, load_kernels
from upsamp.core.native.sources import LIBRARY


def instruction_sets() -> list[Kernels]:
    """Return the kernels of each, the widest first; none where no compiler was."""
    if not LIBRARY.exists():
        return []
    names = [name for _, _, name in SETS]
    widest = load_kernels(LIBRARY).instruction_set
    return [load_kernels(LIBRARY, name) for name in names[names.index(widest) :]]


# Where kernels were demanded when they were built, a test that has none fails.
needs_kernels = pytest.mark.skipif(
    not LIBRARY.exists() and os.environ.get("UPSAMP_BUILD_KERNELS") != "1",
    reason="these kernels were not built, as without a compiler",
)
every_instruction_set = pytest.mark.parametrize(
    "native", instruction_sets(), ids=lambda native: native.instruction_set
)
