"""Packages that some files need and that are not always installed."""

from importlib.util import find_spec

from upsamp.errors import MissingExtraError

# The extra of this package that each belongs to.
EXTRAS = {
    "h5py": "keras",
    "safetensors": "keras",
    "imagecodecs": "deep",
    "tifffile": "deep",
    "distributed": "dask",
    "fsspec": "dask",
    "onnx": "onnx",
    "jinja2": "html",
}


def check_extra(package: str, what: str, remedy: str = "") -> None:
    """Raise `MissingExtraError` when a package is not installed; nothing is loaded.

    what: what needs it, such as "Reading the weights of 'model.h5'". remedy: another way out, as
    a sentence.
    """
    if not has_extra(package):
        raise MissingExtraError(
            f"{what} needs {package}. Received: {package} is not installed. "
            f"Install it with: pip install 'upsamp[{EXTRAS[package]}]'.{remedy and f' {remedy}'}"
        )


def has_extra(package: str) -> bool:
    """Tell whether a package is installed; nothing is loaded."""
    return find_spec(package) is not None
