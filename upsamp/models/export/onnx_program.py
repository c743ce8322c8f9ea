"""Models as programs that build the same graph as `model.save("model.onnx")`, and run it."""

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError
from upsamp.layers.input_layer import InputLayer
from upsamp.models.export.onnx_file import (
    IR_VERSION,
    OPSET,
    declared_shape,
    needed_nodes,
    trace,
)
from upsamp.models.export.onnx_nodes import Node, Nodes, Value
from upsamp.models.export.program import Function
from upsamp.models.export.program import Value as Variable
from upsamp.models.export.program_parts import array_names, draw_inputs
from upsamp.models.export.recorded_array import RecordedArray
from upsamp.models.export.source_text import WIDTH, Nested, call, literal, quote
from upsamp.models.model import Model
from upsamp.translate.settings import Upsampling
from upsamp.translate.weights import weights_function

TYPES: Mapping[str, str] = {
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "float16": "FLOAT16",
    "bool": "BOOL",
    **{name: name.upper() for name in ("int8", "int16", "int32", "int64")},
    **{name: name.upper() for name in ("uint8", "uint16", "uint32", "uint64")},
}
# How many numbers that are in no file of weights a program shows.
MAX_NUMBERS = 4096
# How many numbers are shown as a list; more are lines of text.
MAX_LISTED = 16
FUNCTIONS: Mapping[str, str] = {
    "node": '''
def node(operator, inputs, outputs, **attributes):
    """Add an operator to the graph, called as its first output."""
    nodes.append(helper.make_node(operator, inputs, outputs, outputs[0], **attributes))
''',
    "constant": '''
def constant(name, array):
    """Add an array of numbers to the graph."""
    constants.append(numpy_helper.from_array(array, name))
''',
    "weight": '''
def weight(name):
    """Return a weight as Keras has it."""
    return weights[name]
''',
}


def write_onnx_program(model: Model, weights: str) -> list[str]:
    """Return the lines of a program that builds, checks and runs a model as a graph of ONNX.

    weights: the file that they are loaded from, as `Model.save` writes it.
    """
    nodes, inputs, outputs = trace(model, recording=True)
    kept, constants = needed_nodes(nodes, outputs)
    graph = _graph_lines(nodes, kept, constants)
    has_weights = bool(model.weights)
    lines = ["import sys", "", "import numpy as np", "import onnx"]
    lines += ["from onnx import TensorProto, helper, numpy_helper"]
    lines += ["from safetensors.numpy import load_file"] * has_weights
    lines += ["", "nodes, constants = [], []"]
    lines += call("weights = load_file(", [quote(weights)]) if has_weights else []
    if any(weight.dtype == "bfloat16" for weight in model.weights):
        lines += ['weights = {name: one.astype("f4") for name, one in weights.items()}']
    for name in ("node", "constant", *["weight"] * has_weights):
        lines += ["", "", *FUNCTIONS[name].strip().splitlines()]
    for name in sorted(_functions(nodes.constants[one] for one in constants)):
        lines += ["", "", *_weights_function(name)]
    declared = _tensors(nodes, inputs), _tensors(nodes, outputs)
    lines += ["", *graph, "", "# the model"]
    lines += call(
        "graph = helper.make_graph(", ["nodes", quote(model.name), *declared, "constants"]
    )
    opset = Nested("opset_imports=[", (f'helper.make_opsetid("", {OPSET})',), "]")
    lines += call("model = helper.make_model(", ["graph", opset, f"ir_version={IR_VERSION}"])
    return [
        *lines,
        "onnx.checker.check_model(model, full_check=True)",
        *_run(model, nodes, inputs),
    ]


# --- the graph


def _graph_lines(nodes: Nodes, kept: Iterable[Node], constants: Iterable[str]) -> list[str]:
    """Return the lines that add the nodes, each behind the constants that it is the first to use.

    Those of a layer are behind a comment with its name, and read its weights.
    """
    lines: list[str] = []
    path, missing = None, set(constants)
    for one in kept:
        if one.path != path:
            path, variables, known = one.path, dict[str, str](), set[str]()
            lines += ["", f"# {quote(path)}"]
        own = [name for name in dict.fromkeys(one.inputs) if name in missing]
        missing.difference_update(own)
        for name in own:
            array = nodes.constants[name]
            if isinstance(array, RecordedArray) and array.text:
                lines += _read(array, known)
                lines += _computed(name, array, variables)
            else:
                lines += _written(name, array)
        lines += _node(one)
    return lines


def _read(array: RecordedArray, known: set[str]) -> list[str]:
    """Return the lines that read the weights of a constant; known: those that are read already."""
    lines = []
    for name, variable in array.weights.items():
        if name not in known:
            lines += call(f"{variable} = weight(", [quote(name)])
            known.add(name)
    return lines


def _computed(name: str, array: RecordedArray, variables: dict[str, str]) -> list[str]:
    """Return the lines that compute a constant from weights.

    variables: of the layer, by what they stand for; a computation of several steps gets one.
    """
    text, steps, lines = array.text, array.steps, []
    if steps:
        variable = name.rpartition("/")[2]
        text = text.replace(array.unshaped, variable)
        for source, other in variables.items():
            steps = steps.replace(source, other)
        lines = [f"{variable} = {steps}"]
        variables[array.unshaped] = variable
    return [*lines, *call("constant(", [quote(name), text])]


def _written(name: str, array: Array) -> list[str]:
    """Return the lines that write out a constant, by its numbers."""
    if array.size > MAX_NUMBERS:
        raise ArgumentError(
            f"A program must show at most {MAX_NUMBERS:,} numbers that are in no file of weights. "
            f"Received: {array.size:,}, for {name!r}. Save the model as .onnx."
        )
    text = _numbers(array)
    if text:
        return call("constant(", [quote(name), text])
    rows = textwrap.wrap(" ".join(map(str, array.ravel())), WIDTH, break_long_words=False)
    shape = "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})"
    made = f"np.array(numbers, np.{array.dtype}){shape}"
    return ['numbers = """', *rows, '""".split()', *call("constant(", [quote(name), made])]


def _node(node: Node) -> list[str]:
    attributes = [_attribute(name, value) for name, value in node.attributes.items()]
    names = (_listed("", node.inputs), _listed("", node.outputs))
    return call("node(", [quote(node.operator), *names, *attributes])


def _listed(start: str, names: Iterable[str]) -> Nested:
    return Nested(f"{start}[", tuple(map(quote, names)), "]")


def _attribute(name: str, value: Any) -> str | Nested:
    if isinstance(value, np.dtype):
        return f"{name}=TensorProto.{TYPES[value.name]}"
    if isinstance(value, np.ndarray):
        return f"{name}=numpy_helper.from_array({_numbers(value)})"
    return f"{name}={literal(value)}"


def _numbers(array: Array) -> str:
    """Return the source of a few numbers, each the shortest that reads back; "" for many."""
    kind, values = f"np.{array.dtype}", array.ravel()
    if array.ndim == 0:
        return f"np.array({_number(values[0])}, {kind})"
    shape = "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})"
    if array.size <= MAX_LISTED:
        text = f"np.array([{', '.join(map(_number, values))}], {kind}){shape}"
        return text if len(text) < WIDTH - 10 else ""
    steps = np.unique(np.diff(values)) if kind == "np.int64" else values
    if len(steps) == 1 and steps[0] > 0:
        return f"np.arange({values[0]}, {values[-1] + 1}, {steps[0]}, np.int64){shape}"
    return ""


def _number(value: Any) -> str:
    text = str(value)
    return f'float("{text}")' if re.fullmatch("-?(inf|nan)", text) else text


def _functions(arrays: Iterable[Array]) -> set[str]:
    return {name for one in arrays if isinstance(one, RecordedArray) for name in one.functions}


def _weights_function(name: str) -> list[str]:
    """Return the lines of a function that makes the weights of an interpolation."""
    method = name.removesuffix("_weights").removesuffix("_antialiased")
    (known,) = (one for one in METHODS if one == method)
    settings = Upsampling.of((1, 2, 2, 1), (5, 5), known)
    return weights_function(settings, name, antialias="_antialiased" in name, exact=True)


# --- what runs it


def _tensors(nodes: Nodes, values: Iterable[Value]) -> Nested:
    """Return the declarations of inputs or outputs."""
    declared = [
        Nested(
            "helper.make_tensor_value_info(",
            (
                quote(value.name),
                f"TensorProto.{TYPES[nodes.dtypes[value.name].name]}",
                Nested("[", tuple(map(literal, declared_shape(value))), "]"),
            ),
        )
        for value in values
    ]
    return Nested("[", tuple(declared), "]")


def _run(model: Model, nodes: Nodes, inputs: Iterable[Value]) -> list[str]:
    """Return the lines that compute and print `y`, where ONNX Runtime is installed."""
    function = Function("", model)
    layers = [model.calls[number].layer for number in model.input_calls]
    for value, layer in zip(inputs, layers, strict=True):
        integers = isinstance(layer, InputLayer) and layer.input_dtype.kind != "f"
        function.inputs.append(Variable(value.name, value.shape, integers=integers))
    lines = ["", "try:", "    import onnxruntime", "except ImportError:"]
    lines += ['    sys.exit("The model is as it must be. To run it: pip install onnxruntime")']
    lines += ["", *draw_inputs(function)]
    arguments = ["model.SerializeToString()", 'providers=["CPUExecutionProvider"]']
    lines += call("session = onnxruntime.InferenceSession(", arguments)
    feed = []
    for variable, name in zip(function.inputs, array_names(function), strict=True):
        kind = nodes.dtypes[variable.text].name
        drawn = "int64" if variable.integers else "float32"
        array = name if kind == drawn else f"{name}.astype(np.{kind})"
        feed.append(f"{quote(variable.text)}: {array}")
    several = len(model.output_sources) > 1
    start = "y = session.run(" if several else "(y,) = session.run("
    return [*lines, *call(start, ["None", Nested("{", tuple(feed), "}")]), "print(y)"]
