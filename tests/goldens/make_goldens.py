"""Write the golden files of this directory out of real Keras.

    pip install "keras>=3.15" jax tensorflow-cpu numpy
    cd tests && python -m goldens.make_goldens

Keras chooses its backend when it is imported, so this program starts itself once for each, then
compares what they computed and stores one answer a case: that of the first backend that ran it.

Each .npz holds the named inputs and weights; "outputs", all results end to end in one flat array
(uint8 results in "byte_outputs"); "versions"; and "cases", JSON: for each case its layer, config
(Keras' arguments), input, "dtype", "shape" and "start" of its result in that flat array, and
"backends", {name: largest difference from what is stored}. summaries.json and tutorial.json read
as they stand.
"""

import argparse
import importlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from golden_files import save_arrays
from goldens import cases
from goldens.layer_table import Arrays, Case
from numpy.typing import NDArray

HERE = Path(__file__).parent
LINE_LENGTHS = (60, 80)
TOLERANCE = 1e-4  # of the range of a result: more is a disagreement between two backends
TUTORIAL_INPUT = [[1, 2], [3, 4]]
TUTORIAL: dict[str, tuple[str, Case]] = {
    "1_upsampling": ("UpSampling2D", {}),
    "2_upsampling_2x3": ("UpSampling2D", {"size": [2, 3]}),
    "2_upsampling_bilinear": ("UpSampling2D", {"interpolation": "bilinear"}),
    "4_transpose_stride_1": ("Conv2DTranspose", {"filters": 1, "kernel_size": 1, "strides": 1}),
    "4_transpose_stride_2": ("Conv2DTranspose", {"filters": 1, "kernel_size": 1, "strides": 2}),
}


def make_layer(keras: Any, name: str, config: Case) -> Any:
    """Make a Keras layer; JSON knows lists alone, and Keras wants tuples."""
    arguments: Case = {}
    for key, value in config.items():
        if isinstance(value, dict):  # a layer inside of the layer
            arguments[key] = make_layer(keras, value["class_name"], value["config"])
        else:
            arguments[key] = tuple(value) if isinstance(value, list) else value
    return getattr(keras.layers, name)(**arguments)


def weights_of(case: Case, arrays: Arrays) -> list[NDArray[Any]]:
    """Return the weights of a case, in the order of Keras' get_weights()."""
    if "weights" in case:
        return [arrays[name] for name in case["weights"]]
    config = case["config"]
    if "kernel_size" not in config:
        return []
    suffix = f"_{config['groups']}" if "groups" in config else ""
    rows, columns = config["kernel_size"]
    kernel = arrays[f"kernel{suffix}"][:rows, :columns]
    return [kernel, arrays[f"bias{suffix}"]] if config["use_bias"] else [kernel]


def run_case(keras: Any, case: Case, arrays: Arrays) -> NDArray[Any]:
    """Run one case in this backend of Keras, on one input or on a list."""
    layer = make_layer(keras, case["layer"], case["config"])
    x: Any = arrays[case["input"]]
    if "others" in case:
        x = [x, *(arrays[name] for name in case["others"])]
    layer.build([one.shape for one in x] if isinstance(x, list) else x.shape)
    weights = weights_of(case, arrays)
    if weights:
        layer.set_weights(weights)
    return np.asarray(keras.ops.convert_to_numpy(layer(x)))


def summary_text(model: Any, line_length: int) -> str:
    """Catch what model.summary() would print."""
    printed: list[str] = []

    def keep(text: str, **_: Any) -> None:
        printed.append(text)

    model.summary(line_length=line_length, print_fn=keep)
    return "\n".join(printed)


def summarise(keras: Any, input_shape: list[int], layers: cases.LayerList) -> dict[str, Any]:
    """Return Keras' summary of a model, as text and as data."""
    keras.utils.clear_session()  # so that automatic names start without a number
    stack = [make_layer(keras, name, config) for name, config in layers]
    model = keras.Sequential([keras.Input(tuple(input_shape)), *stack])
    texts = {str(length): summary_text(model, length) for length in LINE_LENGTHS}
    rows = [
        {
            "name": layer.name,
            "type": type(layer).__name__,
            "output_shape": list(layer.output.shape),
            "params": layer.count_params(),
        }
        for layer in model.layers
    ]
    totals = [line.strip() for line in texts["80"].splitlines() if " params: " in line]
    spelled = [{"layer": name, "config": config} for name, config in layers]
    return {
        "name": model.name,
        "input_shape": input_shape,
        "model": spelled,
        "rows": rows,
        "totals": totals,
        "texts": texts,
    }


def run_example(keras: Any, name: str, config: Case) -> dict[str, Any]:
    """Run one of the tutorial's examples, its weight set to 1 and its bias to 0."""
    model = keras.Sequential([keras.Input((2, 2, 1)), make_layer(keras, name, config)])
    if model.get_weights():
        model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    x = np.array(TUTORIAL_INPUT, dtype=np.float32).reshape(1, 2, 2, 1)
    output = model.predict(x, verbose=0)[0, :, :, 0]
    return {"layer": name, "config": config, "input": TUTORIAL_INPUT, "output": output.tolist()}


def work(target: Path) -> None:
    """Run, inside one backend, what it can run, and save the raw results."""
    keras: Any = importlib.import_module("keras")
    backend = keras.backend.backend()
    results: dict[str, NDArray[Any]] = {}
    for collection, make in cases.COLLECTIONS.items():
        table, arrays = make()
        for index, case in enumerate(table):
            if backend in case["backends"]:
                results[f"{collection}_{index}"] = run_case(keras, case, arrays)
    documents = {
        "models": {name: summarise(keras, *model) for name, model in cases.MODELS.items()},
        "examples": {name: run_example(keras, *example) for name, example in TUTORIAL.items()},
    }
    save_arrays(target, {"documents": np.array(json.dumps(documents)), **results}, small=False)


def start(backend: str, target: Path) -> dict[str, NDArray[Any]]:
    """Run this program again with another backend and read what it saved."""
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-m", "goldens.make_goldens", "--work", str(target)]
    subprocess.run(command, cwd=HERE.parent, env=environment, check=True)
    with np.load(target) as saved:
        return dict(saved)


def versions() -> dict[str, str]:
    """Tell what made these files."""
    # The module tensorflow comes in distributions of several names.
    installed = importlib.metadata.packages_distributions()
    names = ("keras", "jax", "jaxlib", "tensorflow", "numpy")
    found = {name: importlib.metadata.version(installed[name][0]) for name in names}
    return found | {"python": platform.python_version()}


def say(line: str) -> None:
    """Report one line."""
    sys.stdout.write(line + "\n")


def compare(label: str, results: dict[str, NDArray[Any]]) -> dict[str, float]:
    """Return each backend's largest difference from the first; print it if more than rounding."""
    kept, *_ = results.values()
    wide = kept.astype(np.float64)
    allowed = 0.0 if kept.dtype == np.uint8 else TOLERANCE * max(1.0, float(np.ptp(wide)))
    differences = {}
    for backend, result in results.items():
        if result.shape != kept.shape or result.dtype != kept.dtype:
            sys.exit(f"{label}: {backend} gives {result.dtype} {result.shape}")
        differences[backend] = float(np.max(np.abs(result - wide)))
        if not differences[backend] <= allowed:
            count = int(np.sum(result != kept))
            say(f"{label}: {backend} differs by {differences[backend]:.3g} in {count} places")
    return differences


def write_collection(name: str, runs: dict[str, dict[str, NDArray[Any]]], made_by: str) -> None:
    """Merge the backends' results of one collection into its .npz file."""
    table, arrays = cases.COLLECTIONS[name]()
    flat: dict[str, list[NDArray[Any]]] = {"float32": [], "uint8": []}
    for index, case in enumerate(table):
        key = f"{name}_{index}"
        results = {backend: runs[backend][key] for backend in case["backends"]}
        label = f"{key} {case['layer']} {case['config']} of {case['input']}"
        case["backends"] = compare(label, results)
        kept = next(iter(results.values()))
        case["dtype"] = str(kept.dtype)
        case["shape"] = list(kept.shape)
        case["start"] = sum(part.size for part in flat[case["dtype"]])
        flat[case["dtype"]].append(kept.ravel())
    arrays["outputs"] = np.concatenate(flat["float32"])
    if flat["uint8"]:
        arrays["byte_outputs"] = np.concatenate(flat["uint8"])
    arrays |= {"cases": np.array(json.dumps(table)), "versions": np.array(made_by)}
    save_arrays(HERE / f"{name}.npz", arrays, small=True)


def write_documents(runs: dict[str, dict[str, NDArray[Any]]], made_by: dict[str, str]) -> None:
    """Write summaries.json and tutorial.json, once every backend says the same."""
    first, *others = (json.loads(str(run["documents"])) for run in runs.values())
    if any(other != first for other in others):
        sys.exit("The backends disagree on a summary or on an example of the tutorial.")
    for name, part in (("summaries", "models"), ("tutorial", "examples")):
        text = json.dumps({"versions": made_by, part: first[part]}, indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Make every file, or, inside a backend, only its raw results."""
    parser = argparse.ArgumentParser(description="Write the golden files out of real Keras.")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    target = parser.parse_args().work
    if target is not None:
        work(target)
        return
    with tempfile.TemporaryDirectory() as scratch:
        runs = {name: start(name, Path(scratch, f"{name}.npz")) for name in cases.BOTH}
    made_by = versions()
    for name in cases.COLLECTIONS:
        write_collection(name, runs, json.dumps(made_by))
    write_documents(runs, made_by)
    total = sum(path.stat().st_size for path in HERE.iterdir() if path.suffix in (".npz", ".json"))
    say(f"{math.ceil(total / 1000)} kB in all")


if __name__ == "__main__":
    main()
