"""Read the golden files that make_goldens.py and make_models.py of tests/goldens wrote."""

import atexit
import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIRECTORY = Path(__file__).parent / "goldens"
# What the folder with the files of all models is called.
GOLDENS = "upsamp-goldens-"


def save_arrays(target: Path | str, arrays: Mapping[str, NDArray[Any]], *, small: bool) -> None:
    """Write an .npz; small: whether it is compressed.

    A dictionary is written item by item, as NumPy's types take a name in it for an option.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED) as npz:
        for name, array in arrays.items():
            with npz.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


@dataclass(frozen=True)
class Golden:
    """One answer of Keras: a layer with its arguments, what it was given and what it gave.

    `weights` are in the order of Keras' get_weights().
    """

    name: str
    layer: str
    config: dict[str, Any]
    x: NDArray[Any]
    weights: list[NDArray[Any]]
    output: NDArray[Any]

    def __str__(self) -> str:
        """Return the name, for pytest's list of cases."""
        return self.name


@cache
def arrays_of(collection: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one .npz file, by name."""
    with np.load(DIRECTORY / f"{collection}.npz") as archive:
        return dict(archive)


def weights_of(case: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the weights of a case: named ones, or the corner of its file's one large kernel."""
    if "weights" in case:
        return [arrays[name] for name in case["weights"]]
    config = case["config"]
    if "kernel_size" not in config:
        return []
    suffix = f"_{config['groups']}" if "groups" in config else ""
    rows, columns = config["kernel_size"]
    kernel = arrays[f"kernel{suffix}"][:rows, :columns]
    return [kernel, arrays[f"bias{suffix}"]] if config["use_bias"] else [kernel]


def goldens_of(collection: str) -> list[Golden]:
    """Read every case of "upsampling", "transposed_convolution", "convolution" or "layers"."""
    arrays = arrays_of(collection)
    flat = {"float32": arrays["outputs"], "uint8": arrays.get("byte_outputs")}
    found = []
    for case in json.loads(str(arrays["cases"])):
        shape, start = case["shape"], case["start"]
        results = flat[case["dtype"]]
        assert results is not None
        settings = " ".join(f"{key}={value}" for key, value in case["config"].items())
        found.append(
            Golden(
                name=f"{case['layer']} {settings} of {case['input']}",
                layer=case["layer"],
                config=case["config"],
                x=arrays[case["input"]],
                weights=weights_of(case, arrays),
                output=results[start : start + math.prod(shape)].reshape(shape),
            )
        )
    return found


def document(name: str) -> dict[str, Any]:
    """Read summaries.json or tutorial.json, by its stem."""
    content: dict[str, Any] = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    return content


@dataclass(frozen=True)
class GoldenModel:
    """One model of goldens/models: the names of its files, what Keras says of it, and its runs.

    `said` is its entry of models.json: make_models.py tells what is in it. `inputs` are by name,
    `layers` by the name of the layer that gave them, and `as_is` is what Keras gave in fewer bits.
    """

    library: str
    name: str
    files: tuple[str, ...]
    runs: bool
    said: dict[str, Any]
    inputs: dict[str, NDArray[Any]]
    outputs: list[NDArray[np.float32]]
    layers: dict[str, NDArray[np.float32]]
    as_is: list[NDArray[np.float32]]

    def __str__(self) -> str:
        """Return the name, for pytest's list of cases."""
        return f"{self.library}/{self.name}"


@cache
def golden_models() -> list[GoldenModel]:
    """Read every model of goldens/models."""
    arrays = arrays_of("models/predictions")
    found = []
    for said in document("models/models")["models"]:
        prefix = f"{said['library']}/{said['name']}/"
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for key in (key for key in arrays if key.startswith(prefix)):
            part, _, name = key.removeprefix(prefix).partition("/")
            parts.setdefault(part, {})[name] = arrays[key]
        found.append(
            GoldenModel(
                library=said["library"],
                name=said["name"],
                files=tuple(said["files"]),
                runs=said["runs"],
                said=said,
                inputs=parts.get("input", {}),
                outputs=list(parts.get("output", {}).values()),
                layers=parts.get("layer", {}),
                as_is=list(parts.get("as_is", {}).values()),
            )
        )
    return found


def golden_model(library: str, name: str) -> GoldenModel:
    """Return one model: library is "keras" or "tf_keras"."""
    [found] = [m for m in golden_models() if (m.library, m.name) == (library, name)]
    return found


@cache
def model_directory() -> Path:
    """Unzip the files of all models, for as long as this process runs."""
    directory = Path(tempfile.mkdtemp(prefix=GOLDENS))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    with zipfile.ZipFile(DIRECTORY / "models" / "files.zip") as archive:
        archive.extractall(directory)
    return directory


def model_file(name: str) -> Path:
    """Return the path of one file of a model, such as "tf_keras/dcgan.h5"."""
    return model_directory() / name


def model_folder(name: str, directory: Path) -> Path:
    """Unzip a .keras file into a directory, which is then the folder that Keras reads as well."""
    with zipfile.ZipFile(model_file(name)) as archive:
        archive.extractall(directory)
    return directory


def checkered_model(name: str, folder: Path) -> Path:
    """Return a generator of checkerboards.zip, which is put into a folder."""
    with zipfile.ZipFile(DIRECTORY / "checkerboards.zip") as archive:
        return Path(archive.extract(f"{name}.keras", folder))
