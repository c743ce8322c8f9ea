"""Files that attack whoever loads them in Keras, rebuilt from reports; what they run is harmless.

Each has the name that the file must have, and the rules that an audit must name, with the place.
"""

import base64
import io
import json
import marshal
import pickle
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from hostile.parts import h5_bytes, zip_bytes

__all__ = ["ATTACKS", "CLEAN", "Attack", "layer", "model"]

Entry = dict[str, Any]


@dataclass(frozen=True)
class Attack:
    """A file: its suffix, its bytes, and the reasons that must be found: rule and place."""

    suffix: str
    content: Callable[[], bytes]
    reasons: tuple[tuple[str, str], ...]


def layer(class_name: str, module: str | None = "keras.layers", /, **config: Any) -> Entry:
    """Return a layer as Keras 3 writes it."""
    entry = {"module": module, "class_name": class_name, "config": config}
    return {**entry, "registered_name": None}


def model(*layers: Entry, **further: Any) -> Entry:
    """Return a Sequential model of these layers after an input and a Dense layer."""
    first = layer("InputLayer", batch_shape=[None, 4], dtype="float32", name="first")
    dense = layer("Dense", units=1, activation="relu", name="dense")
    config = {"name": "model", "layers": [first, dense, *layers]}
    return {**layer("Sequential", "keras", **config), **further}


def function(module: str | None, name: str) -> Entry:
    """Return a function as Keras 3 writes it."""
    entry = {"module": module, "class_name": "function", "config": name}
    return {**entry, "registered_name": name}


def keras(*layers: Entry, **further: Any) -> Callable[[], bytes]:
    config = json.dumps(model(*layers, **further)).encode()
    return lambda: zip_bytes(config=config)


def h5(*layers: Entry) -> Callable[[], bytes]:
    config = json.dumps(model(*layers)).encode()
    return lambda: h5_bytes(config=config)


def code() -> str:
    """Return the bytecode of a function that returns its argument, as Keras writes it."""
    return base64.b64encode(marshal.dumps((lambda x: x).__code__)).decode()


def npz_of_objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, kernel=np.array([{}], object))
    return buffer.getvalue()


def tar() -> bytes:
    """Return a tar archive one of whose members leads outside."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    return buffer.getvalue()


def member(name: str, data: bytes, **settings: Any) -> Callable[[], bytes]:
    """Return an archive of a harmless model with one more member."""
    info = zipfile.ZipInfo(name)
    for key, value in settings.items():
        setattr(info, key, value)
    return lambda: zip_bytes((info, data), config=HARMLESS)


def weights(fill: Callable[[Any], object]) -> Callable[[], bytes]:
    """Return an archive of a harmless model whose weights have more in them."""
    return lambda: zip_bytes(
        ("config.json", HARMLESS), ("model.weights.h5", h5_bytes(fill)), config=None
    )


def external_storage(file: Any) -> None:
    file.create_dataset("layers/kernel", (8,), "u1", external=[("/etc/hostname", 0, 8)])


def external_link(file: Any) -> None:
    file["layers"] = h5py.ExternalLink("/srv/other.h5", "/model_weights")


def opaque_pickle(file: Any) -> None:
    file["kernel"] = np.void(pickle.dumps([1]))


def shape_bomb(file: Any) -> None:
    plan = {"chunks": (2**10, 2**10), "compression": "gzip"}
    file.create_dataset("layers/kernel", (2**20, 2**20), "f4", **plan)


def tampered_name() -> bytes:
    """Return an archive one of whose members has another name in the header before it."""
    data = zip_bytes(("assets/one.txt", b"text"), config=HARMLESS)
    at = data.index(b"assets/one.txt")
    return data[:at] + b"assets/two.txt" + data[at + 14 :]


HARMLESS = json.dumps(model()).encode()
AT = "config.layers[2]"
LINK = (stat.S_IFLNK | 0o777) << 16
ATTACKS: Mapping[str, Attack] = {
    # A Lambda layer whose bytecode runs when it is loaded or called: CVE-2024-3660.
    "lambda_bytecode": Attack(
        ".keras",
        keras(layer("Lambda", function=layer("__lambda__", None, code=code(), defaults=None))),
        (
            ("lambda", f"config.json: {AT}"),
            ("lambda", f"config.json: {AT}.config.function"),
            ("marshalled-code", f"config.json: {AT}.config.function.config.code"),
        ),
    ),
    # The same in .h5, where no safe mode is asked: CVE-2025-9905.
    "h5_lambda": Attack(
        ".h5",
        h5(layer("Lambda", None, function=[code(), None, None], function_type="lambda")),
        (
            ("lambda", f"model_config.{AT}"),
            ("marshalled-code", f"model_config.{AT}.config.function[0]"),
        ),
    ),
    # Any function of any module: CVE-2025-1550.
    "module": Attack(
        ".keras",
        keras(layer("Dense", units=1, activation=function("os", "getcwd"))),
        (("foreign-module", f"config.json: {AT}.config.activation"),),
    ),
    "module_of_a_class": Attack(
        ".json",
        lambda: json.dumps(model(layer("Popen", "subprocess", args=["true"]))).encode(),
        (("foreign-module", AT),),
    ),
    "builtin_function": Attack(
        ".keras",
        keras(layer("Dense", units=1, kernel_initializer=function("builtins", "exec"))),
        (("foreign-module", f"config.json: {AT}.config.kernel_initializer"),),
    ),
    # Functions of Keras itself: CVE-2025-8747 (get_file), CVE-2025-9906 (safe mode off, then load).
    "get_file": Attack(
        ".keras",
        keras(
            layer(
                "Lambda",
                function=function("keras.utils", "get_file"),
                arguments={"origin": "https://example.org/a", "cache_dir": "/srv/a"},
            )
        ),
        (
            ("lambda", f"config.json: {AT}"),
            ("keras-callable", f"config.json: {AT}.config.function"),
            ("config-path", f"config.json: {AT}.config.arguments.origin"),
            ("config-path", f"config.json: {AT}.config.arguments.cache_dir"),
        ),
    ),
    "unsafe_mode": Attack(
        ".keras",
        keras(
            layer("Lambda", function=function("keras.config", "enable_unsafe_deserialization")),
            layer("load_model", "keras.models", filepath="other.keras"),
            layer("layers.Lambda", "keras", function=function("keras", "saving.load_model")),
        ),
        (
            ("keras-callable", f"config.json: {AT}.config.function"),
            ("keras-callable", "config.json: config.layers[3]"),
            ("lambda", "config.json: config.layers[4]"),
            ("keras-callable", "config.json: config.layers[4].config.function"),
        ),
    ),
    "loss": Attack(
        ".keras",
        keras(compile_config={"loss": [function("shutil", "rmtree")], "metrics": ["my_metric"]}),
        (
            ("foreign-module", "config.json: compile_config.loss[0]"),
            ("custom-function", "config.json: compile_config.metrics[0]"),
        ),
    ),
    "module_of_an_argument": Attack(
        ".keras",
        keras(layer("Dense", units=1, hook={"fn_module": "subprocess", "fn": "run"})),
        (
            ("foreign-module", f"config.json: {AT}.config.hook.fn_module"),
            ("custom-function", f"config.json: {AT}.config.hook.fn"),
        ),
    ),
    "names_alone": Attack(
        ".h5",
        h5(
            layer("Dense", None, units=1, activation="get_file", bias_initializer="os.getcwd"),
            layer("os.system", None),
            layer("get_file", None),
        ),
        (
            ("keras-callable", f"model_config.{AT}.config.activation"),
            ("foreign-module", f"model_config.{AT}.config.bias_initializer"),
            ("foreign-module", "model_config.config.layers[3]"),
            ("keras-callable", "model_config.config.layers[4]"),
        ),
    ),
    "nested": Attack(
        ".keras",
        keras(layer("TimeDistributed", layer=model(layer("Lambda", function=function(None, "f"))))),
        (("lambda", f"config.json: {AT}.config.layer.config.layers[2]"),),
    ),
    # Layers that load another model or unpickle: CVE-2026-1462, CVE-2025-49655.
    "saved_model_layer": Attack(
        ".keras",
        keras(layer("TFSMLayer", filepath="../evil")),
        (
            ("loading-class", f"config.json: {AT}"),
            ("config-path", f"config.json: {AT}.config.filepath"),
        ),
    ),
    "torch_wrapper": Attack(
        ".keras",
        keras(
            layer(
                "TorchModuleWrapper",
                "keras.src.utils.torch_utils",
                module=base64.b64encode(pickle.dumps([b"harmless" * 4])).decode(),
            )
        ),
        (
            ("loading-class", f"config.json: {AT}"),
            ("pickle", f"config.json: {AT}.config.module"),
        ),
    ),
    # A vocabulary that is a file or an address: CVE-2025-12058.
    "vocabulary": Attack(
        ".keras",
        keras(layer("StringLookup", vocabulary="/etc/hostname")),
        (("vocabulary-file", f"config.json: {AT}.config.vocabulary"),),
    ),
    "vocabulary_address": Attack(
        ".h5",
        h5(layer("TextVectorization", vocabulary="http://169.254.169.254/latest")),
        (("vocabulary-file", f"model_config.{AT}.config.vocabulary"),),
    ),
    "custom_class": Attack(
        ".keras",
        keras({**layer("MyLayer", None), "registered_name": "Mine>MyLayer"}),
        (("custom-class", f"config.json: {AT}"),),
    ),
    "other_registered_name": Attack(
        ".keras",
        keras({**layer("Dense", units=1), "registered_name": "Mine>Dense"}),
        (("registered-name", f"config.json: {AT}"),),
    ),
    "tensorflow_function": Attack(
        ".h5",
        h5(layer("TFOpLambda", None, function="io.write_file")),
        (("tensorflow-function", f"model_config.{AT}.config.function"),),
    ),
    "tensorflow_operation": Attack(
        ".h5",
        h5(layer("TensorFlowOpLayer", None, node_def='name: "a" op: "ReadFile" input: "b"')),
        (("tensorflow-function", f"model_config.{AT}.config.node_def"),),
    ),
    "declared_size": Attack(
        ".keras",
        keras(layer("Embedding", input_dim=2**40, output_dim=1)),
        (("declared-size", f"config.json: {AT}.config.input_dim"),),
    ),
    "declared_on_both_axes": Attack(
        ".keras",
        keras(layer("UpSampling2D", size=10**6)),
        (("declared-size", f"config.json: {AT}.config.size"),),
    ),
    "declared_together": Attack(
        ".json",
        lambda: json.dumps(model(*(layer("Dense", units=10**6) for _ in "ab"))).encode(),
        (("declared-size", "the file"),),
    ),
    "key_twice": Attack(
        ".json",
        lambda: HARMLESS[:-1] + b', "config": ' + json.dumps(layer("Lambda")).encode() + b"}",
        (("json-duplicate-key", "the file"), ("lambda", "['config (4)']")),
    ),
    # HDF5 that reads other files, or declares what is not there: CVE-2026-1669, CVE-2026-0897.
    "external_storage": Attack(
        ".keras",
        weights(external_storage),
        (("hdf5-external", "model.weights.h5: layers/kernel"),),
    ),
    "external_link": Attack(
        ".keras", weights(external_link), (("hdf5-link", "model.weights.h5: layers"),)
    ),
    "model_weights_link": Attack(
        ".weights.h5",
        lambda: h5_bytes(lambda file: file.move("model_weights", "a"), external_link),
        (("hdf5-link", "layers"),),
    ),
    "pickle_in_hdf5": Attack(
        ".h5",
        lambda: h5_bytes(opaque_pickle, config=HARMLESS),
        (("hdf5-values", "kernel"),),
    ),
    "shape_bomb": Attack(
        ".keras", weights(shape_bomb), (("hdf5-declared", "model.weights.h5: layers/kernel"),)
    ),
    # Archives: paths, links, names, pickles, other archives, bytes of no member.
    "tar_in_assets": Attack(
        ".keras",
        member("assets/vocabulary.txt", tar()),
        (("embedded-archive", "assets/vocabulary.txt: byte 0"),),
    ),
    "outside": Attack(".keras", member("assets/../../a", b""), (("zip-path", "assets/../../a"),)),
    "link": Attack(
        ".keras",
        member("assets/vocabulary.txt", b"/etc/hostname", external_attr=LINK),
        (("zip-link", "assets/vocabulary.txt"),),
    ),
    "other_case": Attack(
        ".keras", member("Config.JSON", HARMLESS), (("zip-names", "config.json"),)
    ),
    "file_and_folder": Attack(
        ".keras", member("config.json/a", b""), (("zip-names", "config.json/a"),)
    ),
    "second_name": Attack(
        ".keras",
        member("assets/a", b"", extra=struct.pack("<HHBI", 0x7075, 8, 1, 0) + b"b.x"),
        (("zip-headers", "assets/a: byte 0"),),
    ),
    "full_folder": Attack(
        ".keras", member("assets/", b"hidden"), (("hidden-data", "assets/: byte 0"),)
    ),
    "two_headers": Attack(".keras", tampered_name, (("zip-headers", "assets/one.txt: byte 0"),)),
    "pickled_npz_weights": Attack(
        ".keras",
        member("model.weights.npz", npz_of_objects()),
        (("pickle", "model.weights.npz: kernel.npy"),),
    ),
    "pickle_as_npz": Attack(
        ".keras",
        member("model.weights.npz", pickle.dumps([1, 2, 3])),
        (("pickle", "model.weights.npz: byte 0"),),
    ),
    "old_pickle": Attack(
        ".keras", member("assets/a", pickle.dumps(len, 0)), (("pickle", "assets/a: byte 0"),)
    ),
    "program": Attack(
        ".keras",
        member("assets/a.txt", b"\x7fELF" + bytes(60)),
        (("embedded-program", "assets/a.txt: byte 0"),),
    ),
    "saved_model_in_assets": Attack(
        ".keras",
        member("assets/evil/saved_model.pb", b"\x08\x01\x12"),
        (("tensorflow-graph", "assets/evil/saved_model.pb"),),
    ),
    "script_before": Attack(
        ".keras",
        lambda: b"#!/bin/sh\nexit\n" + zip_bytes(config=HARMLESS),
        (("hidden-data", "byte 0"), ("embedded-program", "byte 0")),
    ),
    "after": Attack(
        ".keras",
        lambda: zip_bytes(config=HARMLESS) + b"more",
        (("hidden-data", "byte 9,"),),
    ),
    "zip_after_hdf5": Attack(
        ".h5",
        lambda: h5_bytes(config=HARMLESS) + zip_bytes(config=HARMLESS),
        (("hidden-data", "byte 0"),),
    ),
    "late_hdf5": Attack(
        ".h5", lambda: bytes(512) + h5_bytes(config=HARMLESS), (("hidden-data", "byte 512"),)
    ),
    "shards": Attack(
        ".weights.json",
        lambda: json.dumps(
            {"metadata": {}, "weight_map": {"/a/vars": ["../b.weights.h5"]}}
        ).encode(),
        (("shard-path", "weight_map./a/vars"),),
    ),
    "objects": Attack(".npz", npz_of_objects, (("pickle", "kernel.npy"),)),
    "torch": Attack(
        ".pt",
        lambda: zip_bytes(("archive/data.pkl", pickle.dumps([1])), config=None),
        (("pickle", "archive/data.pkl: byte 0"),),
    ),
}


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((2, 3)))
    return buffer.getvalue()


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, kernel=np.zeros((2, 3)), bias=np.zeros(3))
    return buffer.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


LOOKUP = layer("StringLookup", vocabulary=["/etc/hostname", "../a", "http://b"], mask_token=None)
COMPILED = {
    "optimizer": layer("Adam", "keras.optimizers", learning_rate=0.1),
    "loss": {"out": "binary_crossentropy"},
    "metrics": [["accuracy", function("builtins", "mean_absolute_error")]],
}
# Files that harm nobody, by name.
CLEAN: Mapping[str, Callable[[], bytes]] = {
    "plain.keras": keras(),
    "lookup.keras": lambda: zip_bytes(
        ("assets/string_lookup/vocabulary.txt", b"cat\ndog\n/etc\n#! \nMZ\n"),
        config=json.dumps(model(LOOKUP)).encode(),
    ),
    "compiled.keras": keras(compile_config=COMPILED),
    "plain.h5": h5(),
    "tensorflow.h5": h5(layer("TFOpLambda", None, function="math.multiply")),
    "tokens.keras": member("assets/tokens.json", b'{"merges": ["/ a", "/home", "http://b"]}'),
    "plain.json": lambda: HARMLESS,
    "plain.weights.h5": h5_bytes,
    "shards.weights.json": lambda: b'{"metadata": {}, "weight_map": {"/a/vars": ["a.weights.h5"]}}',
    "plain.npy": npy,
    "plain.npz": npz,
    "plain.safetensors": safetensors,
}
