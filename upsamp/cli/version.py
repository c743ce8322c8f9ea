"""`--version`: what is installed, as a report of a fault needs it."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from upsamp.cli.render.output import print_text
from upsamp.core.native.library import describe_kernels

# The extras that somebody who uses upsamp may want.
EXTRAS = ("keras", "onnx", "deep", "dask", "html", "fast", "preview")
REQUIREMENT = re.compile(r"""([\w.-]+).*extra\s*==\s*["']([\w-]+)["']""")


def show_version() -> None:
    """Print the versions of upsamp, of what it is on and of the extras, and the kernels."""
    base = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pillow", "click", "rich"))
    lines = [
        f"upsamp {version('upsamp')}",
        f"kernels: {describe_kernels()}",
        f"Python {platform.python_version()}, {base}",
        *_extras(),
    ]
    print_text("\n".join(lines))


def _extras() -> Iterator[str]:
    """Yield a line for each extra: the versions of its packages, or how it is installed."""
    matches = [REQUIREMENT.match(one) for one in requires("upsamp") or ()]
    for extra in EXTRAS:
        packages = [match[1] for match in matches if match and match[2] == extra]
        found = [f"{name} {_version_of(name) or 'missing'}" for name in packages]
        if all(_version_of(name) for name in packages):
            yield f"{extra}: {', '.join(found)}"
        else:
            yield f"{extra}: {', '.join(found)}; pip install 'upsamp[{extra}]'"


def _version_of(package: str) -> str | None:
    """Return the version of a package, None where it is not installed; nothing is loaded."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
