"""Packages that some files need and that are not always installed."""

from importlib.util import find_spec

from upsamp.errors import MissingExtraError

__all__ = ["check_extra", "has_extra"]


def check_extra(package: str, what: str) -> None:
    """Raise `MissingExtraError` when a package is not installed; nothing is loaded.

    what: what needs it, such as "Reading the weights of 'model.h5'".
    """
    if not has_extra(package):
        raise MissingExtraError(
            f"{what} needs {package}. Received: {package} is not installed. "
            "Install it with: pip install 'upsamp[keras]'."
        )


def has_extra(package: str) -> bool:
    """Tell whether a package is installed; nothing is loaded."""
    return find_spec(package) is not None
