"""Folders whose files are not in them, and folders that Keras did not save."""

from collections.abc import Callable, Mapping
from pathlib import Path

from hostile.parts import CONFIG, h5_bytes

__all__ = ["FOLDERS"]


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make a folder with these files."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def linked(folder: Path, name: str) -> Path:
    """Make a folder one of whose files is a link to a file outside."""
    files = {"config.json": CONFIG, "model.weights.h5": h5_bytes()}
    outside = folder.with_name(f"outside_{name}")
    outside.write_bytes(files.pop(name))
    (write_folder(folder, files) / name).symlink_to(outside)
    return folder


def folder_as_file(folder: Path) -> Path:
    (write_folder(folder, {}) / "config.json").mkdir()
    return folder


ITSELF = "must hold its files itself. Received: "
FOLDERS: Mapping[str, tuple[Callable[[Path], Path], str]] = {
    "linked_config": (lambda folder: linked(folder, "config.json"), f"{ITSELF}'config.json'"),
    "linked_weights": (
        lambda folder: linked(folder, "model.weights.h5"),
        f"{ITSELF}'model.weights.h5'",
    ),
    "folder_as_file": (folder_as_file, f"{ITSELF}'config.json'"),
    "no_config": (
        lambda folder: write_folder(folder, {"a": b""}),
        "must be a folder that Keras saved. Received: one without config.json.",
    ),
    "no_weights": (
        lambda folder: write_folder(folder, {"config.json": CONFIG}),
        "must hold its weights in model.weights.h5. Received: none",
    ),
    "saved_model": (
        lambda folder: write_folder(folder, {"saved_model.pb": b""}),
        "Received: a TensorFlow SavedModel. Load it",
    ),
    "checkpoint": (
        lambda folder: write_folder(folder, {"model.index": b""}),
        "Received: a TensorFlow checkpoint. Load it",
    ),
}
