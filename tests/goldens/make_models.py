"""Write models/ out of real Keras 3 and of tf_keras: files of trained-like models, and their runs.

    pip install "keras>=3.15" jax tensorflow-cpu tf_keras numpy
    cd tests && python -m goldens.make_models

This program starts itself once for each library: Keras on JAX ("keras"), Keras on TensorFlow
("keras_tensorflow", to compare; KEPT of its files) and tf_keras, which is Keras 2 ("tf_keras").
model_zoo.py has the architectures; every weight comes from a seed. tests/golden_files.py reads:

files.zip        every file as it was written, <library>/<model>.keras, .h5, .weights.h5 and, for
                 two models, .json (to_json); zipped because most of a small HDF5 file is empty.
                 A folder of Keras is an unzipped .keras.
predictions.npz  <library>/<model>/input/<name of the input>, .../output/<index>, some
                 .../layer/<name of the layer>, all at training=False; for a dtype policy, output is
                 what a float32 model of the stored weights gives, and .../as_is/<index> what Keras
                 gave. Models that upsamp does not run have none.
models.json      "versions", and "models", each with "library", "name", "files", "runs", "inputs"
                 and "outputs" (names of layers), "trainable" and "non_trainable" (numbers),
                 "totals", "rows" (nested models' below their own, with a "level"; "connected_to"
                 and "trainable" as Keras prints them, null for its "-"), "columns" (Keras 3),
                 "texts" (what model.summary() prints under "line_length", "expand_nested" and
                 "show_trainable", and "loaded" where it prints something else once the .keras was
                 saved and loaded), "fails" (files that their own library cannot load, and why) and
                 "differences" (the largest of another library's outputs, in ranges of an output).

Keras writes the date and addresses of objects into its files: only they differ between two runs.
"""

import argparse
import importlib
import importlib.metadata
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from golden_files import save_arrays
from goldens import model_zoo
from numpy.typing import NDArray

TARGET = Path(__file__).parent / "models"
LIBRARIES = {"keras": "jax", "keras_tensorflow": "tensorflow", "tf_keras": "tensorflow"}
KEPT = ("keras_tensorflow/dcgan.keras", "keras_tensorflow/shared.keras")
AS_JSON = ("dcgan", "shared")
TOLERANCE = 5e-6  # of the range of an output: more is a disagreement, not rounding
FORBIDDEN = (b"/work", b"/tmp", b"/opt", b"/root", b"/home", b"site-packages")
TAPPED = {
    "dcgan": ("leaky_re_lu", "conv2d_transpose_1"),
    "pix2pix": ("sequential_1", "concatenate"),
}
# Line length, expand_nested, show_trainable. All but the first are for some models alone.
TEXTS = ((None, False, False), (70, False, False), (100, False, True), (None, True, True))
TOLD_AT_LENGTH = (
    *("dcgan", "conditional_gan", "pix2pix", "nested", "shared"),
    *("frozen", "compiled", "operations", "with_custom_layer"),
)
Arrays = dict[str, NDArray[Any]]
Document = dict[str, Any]


def say(line: str) -> None:
    """Report one line."""
    sys.stdout.write(line + "\n")


def names_of(tensors: list[Any]) -> list[str]:
    """Name the layers that symbolic tensors come from."""
    return [tensor._keras_history[0].name for tensor in tensors]


def inputs_of(name: str, model: Any) -> Arrays:
    """Draw two examples of every input: labels, one-hot rows, bytes or multiples of 1/8."""
    random = np.random.default_rng(len(name))
    found = {}
    for tensor, key in zip(model.inputs, names_of(model.inputs), strict=True):
        dims = [size or free for size, free in zip(tensor.shape[1:], (5, 7, 0), strict=False)]
        if dims == [1]:
            values = np.array([[3], [7]])
        elif key == "one_hot":
            values = np.eye(10)[[2, 9]]
        elif None in tensor.shape[1:]:
            values = random.integers(0, 256, (2, *dims))
        else:
            values = random.integers(-16, 17, (2, *dims)) / 8
        kind = "int32" if "int32" in str(tensor.dtype) else "float32"
        found[key] = values.astype(kind)
    return found


def run(model: Any, inputs: Arrays) -> list[NDArray[np.float32]]:
    """Return all outputs of a model, not training."""
    by_name = isinstance(
        getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", 0)), dict
    )
    values = list(inputs.values())
    given: Any = inputs if by_name else values if len(values) > 1 else values[0]
    outputs = model(given, training=False)
    several = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [np.asarray(output).astype(np.float32) for output in several]


def text_of(model: Any, line_length: int | None, expand: bool, trainable: bool) -> str:
    """Catch what model.summary() would print."""
    printed: list[str] = []

    def keep(text: str, **_: Any) -> None:
        printed.append(text)

    model.summary(
        line_length=line_length, expand_nested=expand, show_trainable=trainable, print_fn=keep
    )
    return "\n".join(printed)


def texts_of(name: str, model: Any, loaded: Any) -> Iterator[Document]:
    """Yield the summary's texts under several settings."""
    nested = any(hasattr(layer, "layers") for layer in model.layers)
    for line_length, expand, trainable in TEXTS if name in TOLD_AT_LENGTH else TEXTS[:1]:
        settings = (line_length, expand and nested, trainable)
        text = text_of(model, *settings)
        found: Document = {"line_length": line_length, "expand_nested": settings[1]}
        found |= {"show_trainable": trainable, "text": text}
        again = text if loaded is None else text_of(loaded, *settings)
        yield found if again == text else found | {"loaded": again}


def connections_of(layer: Any, nodes: list[Any]) -> str | None:
    """Name what a layer is called on, as Keras' summary does."""
    found = []
    for node in layer._inbound_nodes:
        if node not in nodes:
            continue
        if hasattr(node, "iterate_inbound"):  # Keras 2
            histories = [tuple(inbound)[:3] for inbound in node.iterate_inbound()]
        else:
            histories = [tuple(tensor._keras_history) for tensor in node.input_tensors]
        found += [f"{inbound.name}[{node}][{tensor}]" for inbound, node, tensor in histories]
    return ", ".join(found) or None


def shape_of(layer: Any) -> Any:
    """Return the shape of a layer's output, or the shapes of several."""
    if hasattr(layer, "output_shape"):  # Keras 2
        shapes = layer.output_shape
        shapes = shapes if isinstance(shapes, list) else [shapes]
    else:
        shapes = [tensor.shape for tensor in layer._inbound_nodes[-1].output_tensors]
    lists = [list(shape) for shape in shapes]
    return lists[0] if len(lists) == 1 else lists


def rows_of(model: Any, nodes: list[Any], level: int = 0) -> Iterator[Document]:
    """Yield the rows of Keras' summary, those of nested models below their model's."""
    top = level == 0 and type(model).__name__ == "Functional"
    for layer in getattr(model, "_operations", model.layers) if top else model.layers:
        weighted = bool(getattr(layer, "weights", ()))
        yield {
            "level": level,
            "name": layer.name,
            "type": type(layer).__name__,
            "output_shape": shape_of(layer),
            "params": layer.count_params() if weighted else 0,
            "connected_to": connections_of(layer, nodes),
            "trainable": ("N", "Y")[bool(layer.trainable)] if weighted else None,
        }
        if getattr(layer, "layers", None):
            yield from rows_of(layer, nodes, level + 1)


def describe(name: str, model: Any, loaded: Any) -> Document:
    """Return everything that a summary of a model says."""
    functional = type(model).__name__ == "Functional"
    nodes = [n for level in model._nodes_by_depth.values() for n in level] if functional else []
    rows = list(rows_of(model, nodes))
    texts = list(texts_of(name, model, loaded))
    lines = texts[0]["text"].splitlines()
    header = next(line for line in lines if "Param #" in line)
    columns = [cell.strip() for cell in header.strip("┃").split("┃")]
    if "┃" in header and columns[:3] != ["Layer (type)", "Output Shape", "Param #"]:
        sys.exit(f"{model.name}: a column of the summary is lost: {header}")
    return {
        "inputs": names_of(model.inputs),
        "outputs": names_of(model.outputs),
        "rows": rows,
        "totals": [line.strip() for line in lines if " params: " in f" {line}"],
        "trainable": count(model.trainable_weights),
        "non_trainable": count(model.non_trainable_weights),
        "columns": columns if "┃" in header else None,
        "texts": texts,
    }


def count(weights: list[Any]) -> int:
    """Count numbers."""
    return sum(int(np.prod(weight.shape)) for weight in weights)


def save(model: Any, stem: Path) -> Iterator[Path]:
    """Write every file of a model."""
    for suffix in (".keras", ".h5", ".weights.h5"):
        path = stem.with_name(stem.name + suffix)
        (model.save_weights if suffix == ".weights.h5" else model.save)(str(path))
        yield path
    if stem.name in AS_JSON:
        path = stem.with_name(stem.name + ".json")
        path.write_text(model.to_json(), encoding="utf-8")
        yield path


def reload(keras: Any, paths: list[Path]) -> tuple[dict[str, Any], dict[str, str]]:
    """Load the files that hold a whole model; give those that load, and why others do not."""
    loaded, fails = {}, {}
    for path in paths[:2]:
        try:
            loaded[path.name] = keras.models.load_model(str(path), safe_mode=False)
        except (TypeError, ValueError) as error:
            fails[path.name] = str(error).split(". ")[0]
    return loaded, fails


def predict(keras: Any, name: str, model: Any) -> Arrays:
    """Run a model, and the layers of it that are tapped."""
    inputs = inputs_of(name, model)
    found = {f"input/{key}": value for key, value in inputs.items()}
    full = model
    if name in model_zoo.POLICIES:
        found |= {f"as_is/{index}": value for index, value in enumerate(run(model, inputs))}
        full = model_zoo.small_generator(keras)
        full.set_weights([np.asarray(value).astype(np.float32) for value in model.get_weights()])
    found |= {f"output/{index}": value for index, value in enumerate(run(full, inputs))}
    for layer in TAPPED.get(name, ()):
        node = model.get_layer(layer)._inbound_nodes[-1]
        output = node.outputs if hasattr(node, "outputs") else node.output_tensors[0]
        tapped = keras.Model(model.inputs, output)
        found[f"layer/{layer}"] = run(tapped, inputs)[0]
    return found


def record(keras: Any, name: str, directory: Path) -> tuple[Document, Arrays]:
    """Make one model and write its files; give its entry of models.json and its predictions."""
    keras.backend.clear_session()  # so that automatic names start without a number
    keras.utils.set_random_seed(0)
    model = model_zoo.fill(model_zoo.ZOO[name](keras))
    paths = list(save(model, directory / name))
    loaded, fails = reload(keras, paths)
    runs = name not in model_zoo.UNKNOWN
    arrays = predict(keras, name, model) if runs else {}
    for file, other in loaded.items() if runs else ():
        inputs = {key[6:]: value for key, value in arrays.items() if key.startswith("input/")}
        for was, now in zip(run(model, inputs), run(other, inputs), strict=True):
            np.testing.assert_array_equal(was, now, err_msg=file)
    entry = {"library": directory.name, "name": name, "runs": runs}
    entry |= {"files": [f"{directory.name}/{path.name}" for path in paths], "fails": fails}
    entry |= describe(name, model, loaded.get(f"{name}.keras"))
    return entry, {f"{directory.name}/{name}/{key}": value for key, value in arrays.items()}


def work(directory: Path) -> None:
    """Record every model with one library, beside the directory of its files."""
    warnings.simplefilter("ignore")
    old = directory.name == "tf_keras"
    keras: Any = importlib.import_module("tf_keras" if old else "keras")
    entries: list[Document] = []
    arrays: Arrays = {}
    for name in model_zoo.OF_KERAS_2 if old else model_zoo.ZOO:
        entry, predictions = record(keras, name, directory)
        entries.append(entry)
        arrays |= predictions
    directory.with_suffix(".json").write_text(json.dumps(entries), encoding="utf-8")
    save_arrays(directory.with_suffix(".npz"), arrays, small=False)


def start(library: str, scratch: Path) -> tuple[list[Document], Arrays]:
    """Run this program again with one library and read what it saved."""
    directory = scratch / library
    directory.mkdir()
    environment = os.environ | {"KERAS_BACKEND": LIBRARIES[library], "COLUMNS": "300"}
    command = [sys.executable, "-m", "goldens.make_models", "--work", str(directory)]
    done = subprocess.run(
        command, cwd=TARGET.parents[1], env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr + done.stdout)
    entries = json.loads(directory.with_suffix(".json").read_text(encoding="utf-8"))
    with np.load(directory.with_suffix(".npz")) as saved:
        return entries, dict(saved)


def compare(entry: Document, kept: Arrays, other: Arrays) -> float:
    """Return the largest difference of another backend's outputs, in ranges of an output."""
    prefix = f"{entry['library']}/{entry['name']}/output/"
    found = [0.0]
    for key in (key for key in kept if key.startswith(prefix)):
        again = other[key.replace("keras/", "keras_tensorflow/", 1)]
        found.append(float(np.max(np.abs(kept[key] - again)) / max(1.0, np.ptp(kept[key]))))
    if not max(found) <= TOLERANCE:
        say(f"{entry['name']}: TensorFlow differs by {max(found):.3g} of the range")
    return max(found)


def archive(scratch: Path, names: list[str]) -> bytes:
    """Zip the files, with a fixed date; none may tell of the machine that made it."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as written:
        for name in sorted(names):
            content = (scratch / name).read_bytes()
            if any(word in content for word in FORBIDDEN):
                sys.exit(f"{name} holds a path of this machine.")
            member = zipfile.ZipInfo(name)  # dated 1980
            member.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(member, content)
    return memory.getvalue()


def versions() -> dict[str, str]:
    """Tell what made these files."""
    # The module tensorflow comes in distributions of several names.
    installed = importlib.metadata.packages_distributions()
    names = ("keras", "tf_keras", "jax", "tensorflow", "numpy", "h5py", "rich")
    found = {name: importlib.metadata.version(installed[name][0]) for name in names}
    return found | {"python": platform.python_version()}


def write(scratch: Path) -> None:
    """Run every library and write what they say."""
    runs = {library: start(library, scratch) for library in LIBRARIES}
    entries, arrays = runs["keras"]
    others, other_arrays = runs["keras_tensorflow"]
    for entry, other in zip(entries, others, strict=True):
        for part in ("inputs", "outputs", "rows", "totals", "texts"):
            if entry[part] != other[part]:
                sys.exit(f"{entry['name']}: the backends disagree on {part}.")
        entry["differences"] = {"keras_tensorflow": compare(entry, arrays, other_arrays)}
        entry["files"] += [name for name in other["files"] if name in KEPT]
    entries += runs["tf_keras"][0]
    arrays |= runs["tf_keras"][1]
    names = [name for entry in entries for name in entry["files"]]
    TARGET.mkdir(exist_ok=True)
    (TARGET / "files.zip").write_bytes(archive(scratch, names))
    text = json.dumps({"versions": versions(), "models": entries}, indent=1, ensure_ascii=False)
    (TARGET / "models.json").write_text(text + "\n", encoding="utf-8")
    save_arrays(TARGET / "predictions.npz", arrays, small=True)
    sizes = {path.name: path.stat().st_size for path in sorted(TARGET.iterdir())}
    say(f"{len(entries)} models, {len(names)} files: {sizes}")


def main() -> None:
    """Make every file, or, inside one library, only what it says."""
    parser = argparse.ArgumentParser(description="Write models/ out of real Keras.")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    directory = parser.parse_args().work
    if directory is not None:
        work(directory)
        return
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch))


if __name__ == "__main__":
    main()
