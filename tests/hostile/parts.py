"""What hostile files are made of."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

__all__ = ["CONFIG", "MAX_SIZE", "VALUES", "Hostile", "h5_bytes", "replaced", "zip_bytes"]

CONFIG = b'{"class_name": "Sequential", "config": {"name": "small", "layers": []}}'
VALUES = np.arange(6, dtype=np.float32)
# The size that the tests allow files to unpack to.
MAX_SIZE = 2**27


@dataclass(frozen=True)
class Hostile:
    """A file: its bytes, and what its refusal says."""

    content: Callable[[], bytes]
    says: str


def h5_bytes(*fill: Callable[[Any], object], config: bytes = CONFIG) -> bytes:
    """Return an .h5 file as Keras 2 writes it, with more in it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["model_config"] = config.decode()
        file["model_weights/dense/dense/kernel:0"] = VALUES
        for action in fill:
            action(file)
    return buffer.getvalue()


def zip_bytes(
    *further: tuple[str | zipfile.ZipInfo, bytes], config: bytes | None = CONFIG
) -> bytes:
    """Return a .keras file with further members."""
    buffer = io.BytesIO()
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = [*further]
    if config is not None:
        members += [("config.json", config), ("model.weights.h5", h5_bytes())]
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in members:
            archive.writestr(member, data)
    return buffer.getvalue()


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace bytes that must be there."""
    assert old in data, old
    assert len(old) == len(new)
    return data.replace(old, new)
