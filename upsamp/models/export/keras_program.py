"""Models as programs of Keras 3: the code of their layers, and the weights loaded by name."""

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any

from upsamp.layers import InputLayer, Layer
from upsamp.models.config.layer_entries import foreign, keras_name, write_layer
from upsamp.models.export.arithmetic import arithmetic, clipped, leaky, signs
from upsamp.models.export.array_operations import (
    Words,
    array_operations,
    cast,
    gelu,
    get_item,
    rounded,
)
from upsamp.models.export.program import (
    UNCHANGED,
    Function,
    Library,
    Program,
    Record,
    Step,
    Value,
    layers_of,
    write_functions,
)
from upsamp.models.export.program_parts import MOMENTS, array_names, draw_inputs
from upsamp.models.export.source_text import Nested, call, literal, quote
from upsamp.models.model import Model
from upsamp.models.sequential import Sequential

# The layers that Keras has by the same name and with the same arguments.
SAME = (
    *("Dense", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Embedding"),
    *("SpectralNormalization", "BatchNormalization", "LayerNormalization", "GroupNormalization"),
    *("UnitNormalization", "Activation", "LeakyReLU", "ReLU", "ELU", "Softmax", "PReLU"),
    *("UpSampling2D", "Resizing", "Cropping2D", "ZeroPadding2D", "MaxPooling2D"),
    *("AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten", "Reshape"),
    *("Permute", "RepeatVector", "Rescaling", "Concatenate", "Add", "Subtract", "Multiply"),
    *("Average", "Maximum", "Minimum", "CenterCrop", "Normalization", "TimeDistributed"),
    # What acts in training alone.
    *(name for name in UNCHANGED if name != "InputLayer"),
)
# The layers that are operations in Keras.
OPERATIONS_ALONE = ("PixelShuffle", "PixelUnshuffle", "GetItem", "InstanceNormalization")
# What says how weights are drawn or trained, and what the program does in float32.
LEFT_OUT = ("initializer", "regularizer", "constraint")
NOT_SAID = ("name", "trainable", "dtype", "batch_input_shape")
# Pairs that may be one number, and what Keras takes where nothing is said.
PAIRS = ("kernel_size", "strides", "dilation_rate", "pool_size", "size", "output_padding")
USUAL = {"data_format": "channels_last", "activation": "linear"}
OWN_NAMES = (
    "keras np sys load_file load_weights weights random model inputs x y hard_sigmoid_keras2 "
    "BatchStatistics InstanceNormalization"
)
RESERVED = frozenset(OWN_NAMES.split())
BICUBIC = (
    "# On TensorFlow, Keras reads the weights of bicubic from a table, and is up to 0.4% of\n"
    "# the range off at factors that are no powers of two; on JAX it is exact."
)
# A BatchNormalization that is called with training=True, which a model of Keras 3 passes over.
OF_BATCH = "BatchStatistics"
BATCH_STATISTICS = [
    f"class {OF_BATCH}(keras.layers.BatchNormalization):",
    '    """Normalise by the statistics of the batch, as in training."""',
    "",
    "    def call(self, x, training=None, mask=None):",
    "        return super().call(x, training=True, mask=mask)",
]
# Of which Keras has that with epsilon beside the variance alone, under another name.
INSTANCES = "InstanceNormalization"
INSTANCE_NORMALIZATION = '''\
class InstanceNormalization(keras.layers.Layer):
    """Normalise each channel of each sample; axis=None: all of its values together."""

    def __init__(self, axis, epsilon, center, scale, by_deviation, name):
        super().__init__(name=name)
        self.axis, self.epsilon, self.by_deviation = axis, epsilon, by_deviation
        self.center, self.scale = center, scale

    def build(self, shape):
        length = 1 if self.axis is None else shape[self.axis]
        if self.scale:
            self.gamma = self.add_weight(shape=(length,), name="gamma")
        if self.center:
            self.beta = self.add_weight(shape=(length,), name="beta")

    def call(self, x):
        kept = None if self.axis is None else self.axis % x.ndim
        axes = [axis for axis in range(1, x.ndim) if axis != kept]
        mean, variance = keras.ops.moments(x, axes, keepdims=True)
        if self.by_deviation:
            x = (x - mean) / (keras.ops.sqrt(variance) + self.epsilon)
        else:
            x = (x - mean) / keras.ops.sqrt(variance + self.epsilon)
        along = [-1 if axis == kept else 1 for axis in range(x.ndim)]
        if self.scale:
            x = x * keras.ops.reshape(self.gamma, along)
        if self.center:
            x = x + keras.ops.reshape(self.beta, along)
        return x
'''.splitlines()
HARD_SIGMOID = [
    "def hard_sigmoid_keras2(x):",
    '    """Return what Keras 2 calls hard_sigmoid."""',
    "    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)",
]


def layer_text(layer: Any) -> Nested:
    """Return the code that makes a layer of Keras."""
    if layer.type_name == "ThresholdedReLU":
        options = [f"threshold={literal(layer.get_config()['theta'])}"]
        return Nested("keras.layers.ReLU(", (*options, f"name={quote(keras_name(layer))}"))
    config = write_layer(layer)["config"]
    if layer.operation is not None:
        # It was called as an operation of Keras, of which the config has the arguments.
        config = layer.get_config()
    needed: list[str | Nested] = []
    more: list[str | Nested] = []
    for name, parameter in signature(type(layer).__init__).parameters.items():
        if name not in config or name in NOT_SAID or name.endswith(LEFT_OUT):
            continue
        value = _short(config[name]) if name in PAIRS else config[name]
        if name == "layer":
            needed.append(layer_text(layer.layer))
        elif parameter.default is parameter.empty:
            needed.append(_argument("", value))
        elif value not in (_short(parameter.default), USUAL.get(name, parameter.default)):
            more.append(_argument(f"{name}=", value))
    arguments = [*needed, *more, f"name={quote(keras_name(layer))}"]
    return Nested(f"keras.layers.{layer.type_name}(", tuple(arguments))


def _short(value: Any) -> Any:
    """Return one number for a pair of equal ones."""
    pair = isinstance(value, tuple | list) and len(value) == 2 and value[0] == value[1]
    return value[0] if pair else value


def _argument(start: str, value: object) -> str | Nested:
    """Return the code of an argument: a value, or a layer within."""
    if isinstance(value, Mapping):
        config = value["config"].items()
        inner = tuple(_argument(f"{name}=", one) for name, one in config if name not in NOT_SAID)
        return Nested(f"{start}keras.layers.{value['class_name']}(", inner)
    if value == "hard_sigmoid_keras2":
        return f"{start}hard_sigmoid_keras2"
    if isinstance(value, list) and value and not isinstance(value[0], list):
        return Nested(f"{start}[", tuple(map(literal, value)), "]")
    return f"{start}{literal(value)}"


# --- records


def same_layer(step: Step, layer: Any) -> None:
    """Write a layer that Keras has, called on its inputs."""
    _check(step, layer)
    integers = layer.type_name == "Embedding"
    inputs = [step.take(place, integers=integers).text for place in range(len(step.sources))]
    several = hasattr(layer, "merge")
    given = f"[{', '.join(inputs)}]" if several else inputs[0]
    text = layer_text(layer)
    if step.trains and layer.training_effect == "batch":
        text = _of_batch(step, layer, text)
    _call_layer(step, layer, text, given)


def _call_layer(step: Step, layer: Layer, text: Nested, given: str) -> None:
    """Write the call of a layer, made before where it is called again."""
    if _times_called(step, layer) > 1:
        if step.make([f"# {step.part}"]):
            step.function.lines += call(f"{step.part} = {text.start}", text.arguments)
        step.give(f"{step.part}({given})")
    else:
        step.give_call(text.start, list(text.arguments), f")({given})")


def _of_batch(step: Step, layer: Any, text: Nested) -> Nested:
    """Return the code of a layer that always normalises by the statistics of the batch."""
    calls = step.function.model.calls
    if layer.type_name != "BatchNormalization" or not all(
        one.trains(False) for one in calls if one.layer is layer
    ):
        step.refuse("it is called with training=True, and without, or within another layer")
    return Nested(f"{step.use(OF_BATCH)}(", text.arguments)


def _check(step: Step, layer: Any) -> None:
    """Raise where Keras has no such layer, or refuses its settings."""
    inner = getattr(layer, "layer", layer)
    reason = foreign(inner)
    if reason is not None and not _is_written(inner):
        step.refuse(reason)
    settings = inner.get_config()
    both = max(settings.get("strides", (1,))), max(settings.get("dilation_rate", (1,)))
    if inner.type_name == "Conv2DTranspose" and min(both) > 1:
        step.refuse("Keras takes no strides above 1 together with a dilation_rate above 1")


def _is_written(layer: Any) -> bool:
    """Tell whether what Keras lacks in a layer is written out in the program."""
    config = layer.get_config()
    plain = layer.type_name != "Conv2DTranspose" or config["groups"] == 1
    margins = "kernel_size" in config and not isinstance(config["padding"], str)
    return config.get("activation") == "hard_sigmoid_keras2" and plain and not margins


def _times_called(step: Step, layer: Layer) -> int:
    return sum(one.layer is layer for one in step.function.model.calls)


def thresholded(step: Step, layer: Layer) -> None:
    """Write ThresholdedReLU, which Keras 3 has as a ReLU."""
    text = layer_text(layer)
    step.give_call(text.start, list(text.arguments), f")({step.take().text})")


def instance_normalization(step: Step, layer: Any) -> None:
    """Write InstanceNormalization, as a layer of the program's own."""
    options = (
        *(f"{name}={literal(getattr(layer, name))}" for name in ("axis", *MOMENTS[:3])),
        f"by_deviation={layer.groups is None}",
        f"name={quote(keras_name(layer))}",
    )
    _call_layer(step, layer, Nested(f"{step.use(INSTANCES)}(", options), step.take().text)


def pixel_shuffle(step: Step, layer: Any) -> None:
    """Write PixelShuffle by depth_to_space, which Keras has since 3.15."""
    x, block = step.take().text, layer.upscale_factor
    first = layer.data_format == "channels_first"
    if first:
        step.line("# With channels first, backends of Keras disagree on what channels number.")
        step.give(f"keras.ops.transpose({x}, (0, 2, 3, 1))")
        x = step.target
    channels = step.value().shape[layer.channel_axis]
    if layer.order == "crd":
        if channels is None:
            step.refuse("its channels are not known")
        order = f"np.arange({channels}).reshape(-1, {block**2}).T.ravel()"
        step.line("# Keras numbers the place in a block before the channel.")
        step.give_call("keras.ops.take(", [x, order, "axis=3"])
        x = step.target
    step.give(f"keras.ops.nn.depth_to_space({x}, {block})")
    if first:
        step.give(f"keras.ops.transpose({step.target}, (0, 3, 1, 2))")


def pixel_unshuffle(step: Step, layer: Any) -> None:
    """Write PixelUnshuffle by space_to_depth, which Keras has since 3.15."""
    x, block = step.take().text, layer.downscale_factor
    first = layer.data_format == "channels_first"
    if first:
        step.line("# With channels first, backends of Keras disagree on what channels number.")
        step.give(f"keras.ops.transpose({x}, (0, 2, 3, 1))")
        x = step.target
    channels = step.output_shape()[layer.channel_axis]
    step.give(f"keras.ops.nn.space_to_depth({x}, {block})")
    x = step.target
    if layer.order == "crd":
        if channels is None:
            step.refuse("its channels are not known")
        order = f"np.arange({channels}).reshape({block**2}, -1).T.ravel()"
        step.line("# Keras numbers the place in a block before the channel.")
        step.give_call("keras.ops.take(", [x, order, "axis=3"])
    if first:
        step.give(f"keras.ops.transpose({step.target}, (0, 3, 1, 2))")


SIGNS = signs(
    "keras.ops",
    'keras.ops.cast({}, "float32")',
    {
        "FloorDivide": "keras.ops.floor_divide({}, {})",
        "Mod": "keras.ops.mod({}, {})",
        "Reciprocal": "keras.ops.reciprocal({})",
    },
)
WORDS = Words(
    reductions={
        name: f"keras.ops.{name.lower()}({{x}}, {{axes}}{{keep}})"
        for name in ("Mean", "Sum", "Var", "Std", "Max", "Min", "Amax", "Amin")
    },
    keepdims=", keepdims=True",
    tile="keras.ops.tile({x}, {counts})",
    repeat="keras.ops.repeat({x}, {count}, axis={axis})",
    flip="keras.ops.flip({x}, {axes})",
    pad="keras.ops.pad({x}, {pairs}, constant_values={value})",
    mirror="keras.ops.pad({x}, {pairs}, mode={mode})",
    stack=("keras.ops.stack(", "axis"),
    unstack=("keras.ops.unstack(", "axis"),
    split=("keras.ops.split(", "axis"),
    at=True,
    matmul=("keras.ops.matmul(", ()),
    array="np.array",
)


def leaky_relu(step: Step, value: Value, slope: float) -> None:
    """Write LeakyRelu."""
    step.give(f"keras.ops.leaky_relu({value.text}, negative_slope={literal(slope)})")


RECORDS: Mapping[str, Record] = {
    **{name: Record(same_layer, None) for name in SAME},
    "ThresholdedReLU": Record(thresholded, ("theta",)),
    "InstanceNormalization": Record(instance_normalization, (*MOMENTS, "groups")),
    "PixelShuffle": Record(pixel_shuffle, ("upscale_factor", "order", "data_format")),
    "PixelUnshuffle": Record(pixel_unshuffle, ("downscale_factor", "order", "data_format")),
}
OPERATIONS: Mapping[str, Record] = {
    **dict.fromkeys(SIGNS, arithmetic(SIGNS, "np.array")),
    "Clip": clipped("keras.ops.clip({x}, {low}, {high})"),
    "LeakyRelu": leaky(leaky_relu),
    "Round": rounded("keras.ops.round({x}, {decimals})"),
    "Gelu": gelu("keras.ops.gelu({x}, approximate=False)", "keras.ops.gelu({x})"),
    "Cast": cast(
        'keras.ops.cast(keras.ops.cast({x}, "int32"), "float32")',
        'keras.ops.cast(keras.ops.cast({x}, "bool"), "float32")',
        'keras.ops.cast(keras.ops.cast({x}, "float16"), "float32")',
    ),
    "GetItem": Record(get_item),
    **array_operations(WORDS),
}


def _tell_model(step: Step, model: Model) -> tuple[str, list[str]]:
    """Return the start of the call of a nested model, which takes several inputs as a list."""
    several = len(model.input_layers) > 1
    return f"{step.program.functions[id(model)].name}({'[' if several else ''}", []


KERAS = Library(
    name="Keras",
    records=RECORDS,
    operations=OPERATIONS,
    refused={
        "InputLayer": "Keras has it at the beginning of a model alone",
    },
    unchanged={},
    move=(0, 1, 2, 3),
    swaps=False,
    keeps_inputs=True,
    indent=0,
    main="model",
    permute="{}",
    cast='keras.ops.cast({}, "float32")',
    tell_model=_tell_model,
    reserved=RESERVED.__contains__,
)


def write_keras(model: Model, weights: str) -> list[str]:
    """Return the lines of a program of Keras 3 that computes a model.

    weights: the file that they are loaded from, as `Model.save` writes it.
    """
    program = write_functions(model, KERAS)
    function = program.functions[id(model)]
    layers = [*layers_of(model)]
    lines = ["import sys", "", "import keras", "import numpy as np"]
    if model.weights:
        lines += ["from safetensors.numpy import load_file"]
    if any(layer.get_config().get("activation") == "hard_sigmoid_keras2" for layer in layers):
        lines += ["", "", *HARD_SIGMOID]
    if OF_BATCH in program.helpers:
        lines += ["", "", *BATCH_STATISTICS]
    if INSTANCES in program.helpers:
        lines += ["", "", *INSTANCE_NORMALIZATION]
    if model.weights:
        lines += ["", "", *LOAD]
        lines += FINALIZE * any(layer.type_name == "Normalization" for layer in layers)
        lines += [""]
    lines += [""]
    if any(layer.get_config().get("interpolation") == "bicubic" for layer in layers):
        lines += BICUBIC.splitlines()
    for one in program.functions.values():
        lines += _model_lines(program, one)
    if model.weights:
        lines += call("weights = load_file(", [quote(weights)])
        lines += _renamed(model)
        lines += ["load_weights(model, weights)"]
    lines += ["", *draw_inputs(function)]
    names = array_names(function)
    given = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    lines += [f"y = model({given})"]
    if len(function.outputs) > 1:
        return [*lines, "y = [keras.ops.convert_to_numpy(one) for one in y]", "print(y)"]
    return [*lines, "y = keras.ops.convert_to_numpy(y)", "print(y)"]


LOAD = [
    'def load_weights(model, weights, path=""):',
    '    """Put weights into the layers of a model, by their names."""',
    "    for layer in model.layers:",
    "        if isinstance(layer, keras.Model):",
    '            load_weights(layer, weights, f"{path}{layer.name}/")',
    "        elif layer.weights:",
    '            names = [f"{path}{layer.name}/{one.name}" for one in layer.weights]',
    "            layer.set_weights([weights[name] for name in names])",
]
# What Normalization makes of its weights.
FINALIZE = [
    "            if isinstance(layer, keras.layers.Normalization):",
    "                layer.finalize_state()",
]


def _model_lines(program: Program, function: Function) -> list[str]:
    """Return the lines that make one model."""
    model = function.model
    end = [f"name={quote(keras_name(model))}"]
    if isinstance(model, Sequential) and _is_plain(model):
        layers: list[str | Nested] = [
            _input(model.input_shapes[0], model.input_layers[0], named=False)
        ]
        for layer in model.layers:
            inner = program.functions.get(id(layer))
            if inner is not None:
                layers.append(inner.name)
            elif not isinstance(layer, InputLayer):
                layers.append(layer_text(layer))
        listed = Nested("[", tuple(layers), "]")
        return call(f"{function.name} = keras.Sequential(", [listed, *end])
    lines: list[str] = []
    for value, layer in zip(function.inputs, model.input_layers, strict=True):
        made = _input(value.shape, layer, named=not isinstance(model, Sequential))
        lines += call(f"{value.text} = {made.start}", made.arguments)
    lines += function.lines
    inputs, outputs = (
        _one_or_list([value.text for value in values])
        for values in (function.inputs, function.outputs)
    )
    return [*lines, *call(f"{function.name} = keras.Model(", [inputs, outputs, *end])]


def _is_plain(model: Model) -> bool:
    return all(layer.type_name not in OPERATIONS_ALONE for layer in model.layers)


def _one_or_list(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _input(shape: Any, layer: Layer, *, named: bool) -> Nested:
    """Return the code of an input."""
    arguments = [literal(tuple(shape[1:]))]
    if isinstance(layer, InputLayer) and layer.input_dtype.kind != "f":
        arguments.append(f"dtype={quote(layer.input_dtype.name)}")
    if named:
        arguments.append(f"name={quote(keras_name(layer))}")
    return Nested("keras.Input(", tuple(arguments))


def _renamed(model: Model) -> list[str]:
    """Return the lines that give weights the names that Keras has for layers with a slash."""
    pairs = [(new, old) for new, old in _names(model, "", "") if new != old]
    if not pairs:
        return []
    rows: list[str] = []
    for new, old in pairs:
        rows += call("(", [quote(new), quote(old)], 4, "),")
    return ["for new, old in [", *rows, "]:", "    weights[new] = weights[old]"]


def _names(model: Layer, new: str, old: str) -> Iterator[tuple[str, str]]:
    """Yield the names of all weights as Keras has them, and as the file has them."""
    for layer in model.layers:
        paths = f"{new}{keras_name(layer)}/", f"{old}{layer.name}/"
        if layer.layers:
            yield from _names(layer, *paths)
        else:
            yield from ((f"{paths[0]}{one.name}", f"{paths[1]}{one.name}") for one in layer.weights)
