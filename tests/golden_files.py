"""Read the golden files that tests/goldens/make_goldens.py wrote out of real Keras."""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIRECTORY = Path(__file__).parent / "goldens"


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
        """Give the name, for pytest's list of cases."""
        return self.name


@cache
def arrays_of(collection: str) -> dict[str, NDArray[Any]]:
    """Give the arrays of one .npz file, by name."""
    with np.load(DIRECTORY / f"{collection}.npz") as archive:
        return dict(archive)


def weights_of(case: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Give the weights of a case: named ones, or the corner of its file's one large kernel."""
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
