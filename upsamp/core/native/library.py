"""The library of native kernels, where one was built: found, checked and chosen from.

NumPy is the definition of all that the kernels compute. They only make it fast, and everything
works without them. UPSAMP_KERNELS says which run: "native", or "numpy".
"""

import ctypes
import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from upsamp.core.native.sources import LIBRARY, checksum
from upsamp.core.text import first_line
from upsamp.errors import ArgumentError

if TYPE_CHECKING:
    from upsamp.core.arguments import Array  # which has NumPy

VARIABLE = "UPSAMP_KERNELS"
CHOICES = ("native", "numpy")
# The instruction sets by the level of x86-64 that they need, the widest first; how the names of
# their functions end, and what users call them.
SETS = ((4, "v4", "x86-64-v4"), (3, "v3", "x86-64-v3"), (0, "base", "baseline"))


class Kernels(NamedTuple):
    """A loaded library, and the instruction set that is used of it."""

    library: ctypes.CDLL
    suffix: str
    instruction_set: str

    def function(self, name: str, *types: Any, result: Any = None) -> Any:
        """Return a kernel as a function of arguments of these C types."""
        function = self.library[f"{name}_{self.suffix}"]
        function.argtypes, function.restype = types, result
        return function


def kernels() -> Kernels | None:
    """Return the kernels that are to be used; None where NumPy computes.

    Raises `ArgumentError` where UPSAMP_KERNELS has another value, or wants what there is not.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "numpy":
        return None
    if wanted not in ("", *CHOICES):
        raise ArgumentError(
            f"{VARIABLE} must be one of {', '.join(CHOICES)}. Received: {wanted[:40]!r}. "
            "Unset it to use the kernels where they were built."
        )
    found = _kept_kernels()
    if found is None and wanted == "native":
        raise ArgumentError(
            f"{VARIABLE}=native needs kernels that were built for this version and system. "
            "Received: an installation without them. Install with a C compiler and "
            "UPSAMP_BUILD_KERNELS=1, which tells what is missing, or unset the variable."
        )
    return found


def describe_kernels() -> str:
    """Return which kernels are used, for people: "native x86-64-v3", or "numpy"."""
    used = kernels()
    return f"native {used.instruction_set}" if used else "numpy"


def kernel_environment() -> dict[str, str]:
    """Return the variables for processes that are started here: they warn of nothing again."""
    return {VARIABLE: "native" if kernels() else "numpy"}


def load_kernels(path: Path, instruction_set: str | None = None) -> Kernels:
    """Load a library, for the widest instruction set that the processor has, or a given one.

    Raises `OSError` where it is no library, or was built of other sources than those beside this
    file, or for a processor of another kind.
    """
    library = ctypes.CDLL(str(path))
    if not (hasattr(library, "upsamp_sources") and hasattr(library, "upsamp_level")):
        raise OSError(f"{path.name} has no kernels of upsamp")
    library.upsamp_sources.restype = ctypes.c_uint32
    if library.upsamp_sources() != checksum():
        raise OSError(f"{path.name} is of another version")
    level = library.upsamp_level()
    for needed, suffix, name in SETS:
        present = needed <= level and hasattr(library, f"upsamp_set_{suffix}")
        if present and instruction_set in (None, name):
            return Kernels(library, suffix, name)
    raise OSError(f"{path.name} has no kernels for this processor")


def address(array: "Array") -> int:
    """Return where the elements of an array begin; the array must outlive the kernel's call."""
    data: int = array.__array_interface__["data"][0]
    return data


@lru_cache(maxsize=1)
def _kept_kernels() -> Kernels | None:
    """Return the kernels of this installation, loaded once; warn where they cannot be used."""
    if not LIBRARY.exists():
        return None
    try:
        return load_kernels(LIBRARY)
    except OSError as error:
        warnings.warn(
            f"The native kernels are not used, as they cannot be loaded: {first_line(error)}. "
            "NumPy computes in their place. Install upsamp again to build them anew.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
