"""What the config of a model names: every class, function, file and size in it, held to lists."""

import builtins
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from upsamp.models.audit.allowed import (
    CALLABLES,
    CLASSES,
    HOMES,
    KERAS,
    NAMED,
    SETTINGS,
    TENSORFLOW,
    TENSORFLOW_FUNCTIONS,
    TENSORFLOW_OPERATIONS,
    TEXT_FUNCTIONS,
    TYPE_SPECS,
    VALUES,
)
from upsamp.models.audit.embedded import encoded_kind
from upsamp.models.audit.report import Report, quoted

# Classes of Keras that load code or other files, with what they do.
LOADING: Mapping[str, str] = {
    "TFSMLayer": "loads a SavedModel",
    "TorchModuleWrapper": "unpickles a PyTorch module",
    "JaxLayer": "holds functions of JAX",
    "FlaxLayer": "holds functions of Flax",
}
# Classes of tf.keras that call a function of TensorFlow, by its name.
CALLING = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty")
# How tf.keras registers its own optimizers.
OWN_CUSTOM = "Custom>"
# Classes that have rules of their own.
SPECIAL = frozenset({"Lambda", "TensorFlowOpLayer", *CALLING, *LOADING})
# Arguments that name functions, where they are text; those below the second kind do so as well.
FUNCTION_KEY = re.compile(
    r"(?:\w+_)?(?:activation|initializer|regularizer|constraint)|fn|optimizer|standardize|split"
)
# Arguments that name modules, and the modules that stand for what is there already.
MODULE_KEY = re.compile(r"(?:\w+_)?module")
OWN_MODULES = ("", "builtins", "__main__")
FUNCTION_ROOMS = ("loss", "metrics", "weighted_metrics")
# Text that is a path or an address: absolute, of a drive or a share, or one that leads upwards.
PATH = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://|/\w|\\\\\w|~[\w.-]*/|[A-Za-z]:[\\/]|(?:.{0,500}[\\/])?\.\.[\\/]",
    re.DOTALL,
)
# Where any text may stand: names, and the words of a vocabulary.
FREE_KEYS = ("name", "vocabulary", "characters", "_name")
SIZE_KEYS = re.compile(
    r"units|filters|n|size|height|width|num_heads|key_dim|value_dim|depth_multiplier|num_tokens"
    r"|max_tokens|\w*(?:_dim|_shape|_size|padding|cropping)"
)
# Those that stand for rows and columns where they are one number.
PAIR_KEYS = ("size", "kernel_size", "pool_size", "padding")
# Values that a layer may declare on an axis, or in all of a shape.
MAX_SIZE = 2**34
OPERATION = re.compile(r'op:\s*"([^"]*)"|"op":\s*"([^"]*)"')


class Node(NamedTuple):
    """A value of a config, its path, and the argument that it belongs to."""

    value: Any
    path: str
    key: str


class Fault(NamedTuple):
    """A broken rule, what is said of it, and the path."""

    rule: str
    message: str
    path: str


def audit_config(config: object, report: Report, member: str, root: str = "") -> None:
    """Note what speaks against a config, whatever its form; root: its path in the member."""
    waiting = [Node(config, root, "")]
    while waiting:
        node = waiting.pop()
        for fault in _faults(node):
            report.add(fault.rule, fault.message, member, fault.path)
        if not isinstance(node.value, str):
            waiting += reversed(list(_children(node)))


def _children(node: Node) -> Iterator[Node]:
    value, path, key = node
    if isinstance(value, dict):
        names_class = "class_name" in value
        inherited = key if key in FUNCTION_ROOMS and not names_class else None
        for name, part in value.items():
            if part is None or isinstance(part, bool | float) or (names_class and name == "module"):
                continue
            inner = name if name.isidentifier() else f"[{quoted(name)}]"
            joined = f"{path}.{inner}" if path and inner is name else f"{path}{inner}"
            yield Node(part, joined, inherited or name)
    elif isinstance(value, list):
        kinds = list | dict if key in FREE_KEYS else list | dict | str
        for place, part in enumerate(value):
            if isinstance(part, kinds):
                yield Node(part, f"{path}[{place}]", key)


def _faults(node: Node) -> Iterator[Fault]:
    value, path, key = node
    if isinstance(value, str):
        yield from _text_faults(value, path, key)
    elif isinstance(value, dict):
        if isinstance(value.get("class_name"), str):
            yield from _object_faults(value, path)
    elif SIZE_KEYS.fullmatch(key):
        yield from _size_faults(value, path, 2 if key in PAIR_KEYS else 1)


# --- text and numbers


def _text_faults(text: str, path: str, key: str) -> Iterator[Fault]:
    kind = encoded_kind(text)
    if kind is not None:
        yield Fault(kind.rule, f"text in base64 holds {kind.what}", path)
    if key == "vocabulary" and not path.endswith("]") and text:
        yield Fault("vocabulary-file", f"the vocabulary is the file {quoted(text)}", path)
    elif key not in FREE_KEYS and PATH.match(text):
        yield Fault("config-path", f"the path or address {quoted(text)}", path)
    if MODULE_KEY.fullmatch(key) and not (text in OWN_MODULES or HOMES.fullmatch(text)):
        yield Fault("foreign-module", f"the module {quoted(text)}", path)
    if FUNCTION_KEY.fullmatch(key) or key in FUNCTION_ROOMS:
        yield from _name_faults("", text, path) if text else ()
    if key == "node_def":
        operation = OPERATION.search(text)
        name = next(filter(None, operation.groups()), "") if operation else ""
        if name not in TENSORFLOW_OPERATIONS:
            yield Fault("tensorflow-function", f"the operation {quoted(name)} of TensorFlow", path)


def _size_faults(value: object, path: str, axes: int) -> Iterator[Fault]:
    sides = value if isinstance(value, list) else [value] * axes
    product = 1
    for side in sides:
        if type(side) is int and side > 1 and product <= MAX_SIZE:
            product *= side
    if product > MAX_SIZE:
        yield Fault("declared-size", f"the size {quoted(repr(value))}", path)


# --- classes and functions


def _object_faults(entry: dict[str, Any], path: str) -> Iterator[Fault]:
    """Yield what is wrong with an entry that names a class or a function."""
    class_name, module = entry["class_name"], _module(entry)
    if class_name in VALUES:
        return
    if class_name == "__lambda__":
        yield Fault("lambda", "a function of Python, as bytecode", path)
        return
    if class_name == "function":  # of whose names Keras takes either
        names = {str(entry.get(key)) for key in ("config", "registered_name") if entry.get(key)}
        for name in sorted(names - {"function"}) or [""]:
            yield from _name_faults(module, name, path)
        return
    if class_name == "__typespec__":
        class_name = str(entry.get("spec_name"))
        if class_name in TYPE_SPECS and TENSORFLOW.match(module):
            return
    module, class_name = _split(module, class_name)
    bare = class_name.rpartition(">")[2]
    if bare in LOADING:
        yield Fault("loading-class", f"{quoted(class_name)} {LOADING[bare]}", path)
    elif bare == "Lambda":
        yield Fault("lambda", _lambda_function(entry), path)
    yield from _class_faults(entry, class_name, module, path)
    yield from _tensorflow_faults(entry, class_name, path)


def _split(module: str, name: str) -> tuple[str, str]:
    """Return a module and a bare name, where a part of the module may be before the name."""
    home, _, bare = (f"{module}.{name}" if module else name).rpartition(".")
    return home, bare


def _module(entry: Mapping[str, Any]) -> str:
    module = entry.get("module")
    return module if isinstance(module, str) else ""


def _lambda_function(entry: Mapping[str, Any]) -> str:
    """Say what function a Lambda layer holds."""
    config = entry.get("config")
    function = config.get("function") if isinstance(config, dict) else None
    if isinstance(function, dict):
        function = function.get("config") if function.get("class_name") == "function" else None
    named = isinstance(function, str) and encoded_kind(function) is None
    return f"the function {quoted(function)}" if named else "its own bytecode"


def _class_faults(
    entry: Mapping[str, Any], class_name: str, module: str, path: str
) -> Iterator[Fault]:
    """Yield what is wrong with where a class comes from."""
    full = f"{module}.{class_name}" if module else class_name
    if class_name.removeprefix(OWN_CUSTOM) in SETTINGS:  # tf.keras' own optimizers
        class_name = class_name.removeprefix(OWN_CUSTOM)
    special = class_name in SPECIAL
    if module and not HOMES.fullmatch(module):
        if not (special and KERAS.match(module)):
            yield _elsewhere(full, module, path)
    elif class_name not in CLASSES and not special:
        if class_name in CALLABLES or (module and class_name[:1].islower()):
            yield Fault("keras-callable", quoted(full), path)
        else:
            yield Fault("custom-class", f"the class {quoted(full)}", path)
    registered = entry.get("registered_name")
    if class_name in CLASSES and registered not in (None, "", class_name, OWN_CUSTOM + class_name):
        yield Fault("registered-name", f"{quoted(class_name)} as {quoted(registered)}", path)


def _elsewhere(full: str, module: str, path: str) -> Fault:
    rule = "keras-callable" if KERAS.match(module) else "foreign-module"
    return Fault(rule, quoted(full), path)


def _name_faults(module: str, name: str, path: str) -> Iterator[Fault]:
    """Yield what is wrong with a function that is named, with a module or without."""
    module, bare = _split(module, name)
    full = f"{module}.{bare}" if module else bare
    if module not in ("", "builtins"):
        if not HOMES.fullmatch(module):
            yield _elsewhere(full, module, path)
        elif bare not in NAMED | CLASSES:
            yield Fault("keras-callable", quoted(full), path)
    elif not {bare, bare.lower()} & NAMED and bare not in TEXT_FUNCTIONS:
        if bare in CALLABLES:
            yield Fault("keras-callable", quoted(full), path)
        elif module and hasattr(builtins, bare):
            yield Fault("foreign-module", quoted(full), path)
        else:
            yield Fault("custom-function", f"the function {quoted(bare)}", path)


def _tensorflow_faults(entry: Mapping[str, Any], class_name: str, path: str) -> Iterator[Fault]:
    """Yield what is wrong with the function of TensorFlow that a layer calls."""
    config = entry.get("config")
    if class_name not in CALLING or class_name == "InstanceProperty":
        return
    function = config.get("function") if isinstance(config, dict) else None
    if not (isinstance(function, str) and TENSORFLOW_FUNCTIONS.fullmatch(function)):
        told = f"the function {quoted(function)} of TensorFlow"
        yield Fault("tensorflow-function", told, f"{path}.config.function".removeprefix("."))
