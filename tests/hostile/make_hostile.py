"""Files that are made to harm or mislead whoever reads them, each with the refusal that it meets.

`cd tests && python -m hostile.make_hostile FOLDER` makes them all in a folder. None of them is in
the repository.
"""

import sys
from pathlib import Path

from hostile.archives import ZIPS
from hostile.folders import FOLDERS
from hostile.hdf5_files import HDF5
from hostile.headers import HEADERS
from hostile.parts import Hostile
from hostile.texts import JSON, OTHERS

__all__ = ["FILES", "FOLDERS", "WEIGHTS", "main"]

# The files that are given for models, and those that are given for weights, by name.
FILES: dict[str, Hostile] = {
    **{f"{name}.h5": hostile for name, hostile in HDF5.items()},
    **{f"{name}.keras": hostile for name, hostile in ZIPS.items()},
    **{f"{name}.json": hostile for name, hostile in JSON.items()},
    **OTHERS,
}
WEIGHTS: dict[str, Hostile] = {**HEADERS}


def main(folder: Path) -> None:
    """Make all of them."""
    for name, hostile in (FILES | WEIGHTS).items():
        (folder / name).write_bytes(hostile.content())
    for name, (make, _) in FOLDERS.items():
        make(folder / f"folder_{name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
