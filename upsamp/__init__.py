"""Upsampling and transposed convolution, exactly as Keras computes them, on NumPy alone.

The names below are loaded when they are first used, so that a command imports only what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upsamp.core.convolution.convolve import conv2d, conv2d_transpose
    from upsamp.core.shuffle import depth_to_space, space_to_depth
    from upsamp.core.upsampling.resample import resize, upsample
    from upsamp.errors import UpsampError
    from upsamp.io.pictures import Picture
    from upsamp.models.files.loading import load_model
    from upsamp.models.functional import Functional
    from upsamp.models.generator import make_generator
    from upsamp.models.model import Model
    from upsamp.models.sequential import Sequential
    from upsamp.models.superresolution.network import Network
    from upsamp.resizing.files import enlarge_file, read, write

__all__ = [
    "Functional",
    "Model",
    "Network",
    "Picture",
    "Sequential",
    "UpsampError",
    "__version__",
    "conv2d",
    "conv2d_transpose",
    "depth_to_space",
    "enlarge_file",
    "load_model",
    "make_generator",
    "read",
    "resize",
    "space_to_depth",
    "upsample",
    "write",
]

_HOMES = {
    "conv2d": "upsamp.core.convolution.convolve",
    "conv2d_transpose": "upsamp.core.convolution.convolve",
    "resize": "upsamp.core.upsampling.resample",
    "upsample": "upsamp.core.upsampling.resample",
    "depth_to_space": "upsamp.core.shuffle",
    "space_to_depth": "upsamp.core.shuffle",
    "UpsampError": "upsamp.errors",
    "Picture": "upsamp.io.pictures",
    "enlarge_file": "upsamp.resizing.files",
    "read": "upsamp.resizing.files",
    "write": "upsamp.resizing.files",
    "Functional": "upsamp.models.functional",
    "load_model": "upsamp.models.files.loading",
    "make_generator": "upsamp.models.generator",
    "Model": "upsamp.models.model",
    "Network": "upsamp.models.superresolution.network",
    "Sequential": "upsamp.models.sequential",
}
_SUBPACKAGES = ("core", "errors", "io", "layers", "models", "translate")


def __getattr__(name: str) -> Any:
    """Load a public name, or a subpackage, when it is first asked for."""
    if name == "__version__":
        return import_module("importlib.metadata").version("upsamp")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _SUBPACKAGES:
        return import_module(f"upsamp.{name}")
    raise AttributeError(f"module 'upsamp' has no attribute {name!r}")


def __dir__() -> list[str]:
    hidden = {"Any", "TYPE_CHECKING", "import_module"}
    return sorted({*globals(), *__all__, *_SUBPACKAGES} - hidden)
