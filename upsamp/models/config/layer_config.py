"""Layers as Keras 3 writes them into the config of a model, and back. Nothing is ever imported."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from upsamp.core.literals import shorten
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError, FormatError, UpsampError
from upsamp.layers import LAYERS, Layer
from upsamp.layers.get_item import GetItem, Item
from upsamp.layers.operation import OPERATIONS, OPTIONS, Operation, is_number
from upsamp.layers.shape_operations import SHAPE_OPERATIONS
from upsamp.layers.shapes import Shape, normalize_shape, snake_case
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.registry import MODELS, model_class

# Where Keras' own classes come from; a class of the same name from elsewhere is not Keras'.
HOMES = ("keras", "tf_keras", "tensorflow", "keras_core", "upsamp")
# Layers that Keras has not, or had later, and where they come from.
OTHER_LAYERS = ("GroupNormalization", "InstanceNormalization")
OTHER_HOMES = ("keras_contrib", "tensorflow_addons")
# The argument of a wrapper that is a layer.
WRAPPED = "layer"
OPERATIONS_HOME = "keras.src.ops"
# Arrays that an operation is called with.
ARRAYS = ("__numpy__", "__tensor__")
TENSOR, SLICE, ELLIPSIS = "__keras_tensor__", "__slice__", "__ellipsis__"
# The classes of policies of types, by all their names; "infer" was float32 in what was saved.
POLICIES = (
    *("DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1", "QuantizedDTypePolicy"),
    *("Int4DTypePolicy", "GPTQDTypePolicy", "AWQDTypePolicy"),
)
# Names that layers have or had besides their own, in tf.keras.
OLD_NAMES: Mapping[object, str] = {
    "AvgPool2D": "AveragePooling2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "Convolution2D": "Conv2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Deconv2D": "Conv2DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "MaxPool2D": "MaxPooling2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "SyncBatchNormalization": "BatchNormalization",
}
CODE_ALONE = "a subclass of Model, whose layers its code alone knows"
# What the making of a layer raises for arguments that it does not take.
NOT_TAKEN = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, UpsampError)
# What an entry says of an input that has no meaning for values.
INPUT_OPTIONS = ("sparse", "ragged", "optional")


def read_layer(entry: object) -> Layer:
    """Return the layer that an entry of a config describes.

    entry: {"class_name", "config", ...}, possibly with "module", "registered_name", "build_config"
    and "inbound_nodes". A class that upsamp does not have, or cannot make with these arguments,
    becomes an `UnknownLayer`, which can be listed and not be run.

    >>> read_layer({"class_name": "Dense", "config": {"name": "first", "units": 3}})
    <Dense name=first, built=False>
    >>> read_layer({"class_name": "Dense", "module": "my.code", "config": {"units": 3}}).reason
    'it comes from my.code'
    """
    class_name, config = _parts(entry)
    name = config.get("name")
    module = entry.get("module") if isinstance(entry, dict) else None
    is_model = class_name in MODELS or class_name == "Model"
    try:
        if not is_model:
            layer = _known_layer(OLD_NAMES.get(class_name, class_name), config, entry)
            layer.unproven = True
        _check_arguments(entry, class_name)
        if is_model and class_name != "Sequential" and "input_layers" not in config:
            raise ArgumentError(CODE_ALONE)
    except NOT_TAKEN as error:
        reason = shorten(str(error).replace(".__init__()", "").removesuffix("."))
        shown = module if isinstance(module, str) and module.isprintable() else None
        trainable = config.get("trainable", True) is not False
        layer = UnknownLayer(class_name, shown, config, reason, name, trainable)
        layer.batch_input_shape = _first_shape(config)
    else:
        if is_model:
            kind = "Functional" if class_name == "Model" else class_name
            model: Layer = model_class(kind).from_config(config)
            return model
    layer.recorded_shapes = _recorded_shapes(entry)
    return layer


def _parts(entry: object) -> tuple[str, dict[str, Any]]:
    """Return the class name and the config of an entry, whose form is all right."""
    if not isinstance(entry, dict):
        raise FormatError(
            f"A layer of a config must be an object. Received: {spelled(entry)}.",
            rule="config-form",
        )
    class_name, config = entry.get("class_name"), entry.get("config")
    if not (isinstance(class_name, str) and class_name and class_name.isprintable()):
        raise FormatError(
            "A layer of a config must have a class name on one line. "
            f"Received: {spelled(class_name)}.",
            rule="config-form",
        )
    if not isinstance(config, dict):
        raise FormatError(
            f"A layer of a config must have a config, an object. Received: {class_name} with "
            f"{spelled(config)}.",
            rule="config-form",
        )
    return shorten(class_name), config


def _first_shape(config: Mapping[str, Any]) -> Shape | None:
    """Return the shape of the input that the config of a first layer tells, or None."""
    for key, batch in (("batch_input_shape", ()), ("batch_shape", ()), ("input_shape", (None,))):
        shape = config.get(key)
        if isinstance(shape, list):
            try:
                return (*batch, *normalize_shape(shape, key))
            except ArgumentError:
                return None
    return None


def _check_arguments(entry: object, class_name: str) -> None:
    """Raise where a layer is called with more than what it takes, and whether that is training."""
    nodes = entry.get("inbound_nodes") if isinstance(entry, dict) else None
    for node in nodes if isinstance(nodes, list) else ():
        args, kwargs = _call_arguments(node)
        more = {f"argument {number}": one for number, one in enumerate(args[1:], start=2)}
        named = {key: one for key, one in kwargs.items() if key != "training"}
        wrong = [key for key, one in {**more, **named}.items() if not _is_nothing(one)]
        if wrong[not args :] and not _is_operation(entry, class_name):  # layer(inputs=x) is plain
            raise ArgumentError(f"it is called with {shorten(wrong[-1])}")
        if kwargs.get("training") not in (None, False, True):
            raise ArgumentError("it is called with a value for training that is not known")


def _is_nothing(value: object) -> bool:
    """Tell whether an argument is None, or holds nothing else, as a mask of several inputs."""
    if isinstance(value, dict):
        return all(map(_is_nothing, value.values()))
    return value is None or (isinstance(value, list) and all(map(_is_nothing, value)))


def _call_arguments(node: object) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a call, by place and by name."""
    parts = node if isinstance(node, dict) else {}
    args, kwargs = parts.get("args"), parts.get("kwargs")
    return args if isinstance(args, list) else [], kwargs if isinstance(kwargs, dict) else {}


def _is_operation(entry: object, class_name: str) -> bool:
    """Tell whether an entry is that of an operation and no layer."""
    home, config = (
        (entry.get("module"), entry.get("config")) if isinstance(entry, dict) else (None, None)
    )
    if isinstance(home, str) and home:
        return home.startswith(OPERATIONS_HOME)
    arguments = set(config) if isinstance(config, dict) else set()
    is_layer = class_name in LAYERS and {"trainable", "dtype"} & arguments
    return not is_layer and class_name in {*OPERATIONS, *LIKE_LAYERS, "GetItem"}


def _known_layer(class_name: str, config: dict[str, Any], entry: object) -> Layer:
    """Return a layer of Keras; raise where it is none that upsamp has."""
    _check_home(entry, class_name)
    if _is_operation(entry, class_name):
        return _operation(class_name, config, entry)
    class_name = class_name.removeprefix("Addons>")
    if class_name not in LAYERS:
        raise ArgumentError(f"there is no {class_name} in upsamp")
    arguments = {
        key: read_layer(value) if key == WRAPPED and not _is_model(value) else _plain(value)
        for key, value in config.items()
    }
    if class_name == "InputLayer":
        return _input_layer({k: v for k, v in arguments.items() if k not in INPUT_OPTIONS})
    return LAYERS[class_name].from_config(arguments)


def _input_layer(arguments: dict[str, Any]) -> Layer:
    """Return an input; one of what is no number, such as text, can be listed alone."""
    try:
        return LAYERS["InputLayer"].from_config(arguments)
    except ArgumentError as error:
        layer = LAYERS["InputLayer"].from_config({**arguments, "dtype": None})
        layer.refuse(error)
        return layer


def _is_model(value: object) -> bool:
    return isinstance(value, dict) and value.get("class_name") in MODELS


def _check_home(entry: object, class_name: str) -> None:
    """Raise where a class is not Keras' own, whatever it is called."""
    module = entry.get("module") if isinstance(entry, dict) else None
    registered = entry.get("registered_name") if isinstance(entry, dict) else None
    own = class_name.removeprefix("Addons>")
    homes = (*HOMES, *OTHER_HOMES) if own in OTHER_LAYERS else HOMES
    names = (None, own, f"Addons>{own}") if own in OTHER_LAYERS else (None, class_name)
    if class_name != own and own not in OTHER_LAYERS:
        raise ArgumentError("it comes from TensorFlow Addons")
    if isinstance(module, str) and module and module.split(".")[0] not in homes:
        raise ArgumentError(f"it comes from {shorten(module)}")
    if OLD_NAMES.get(registered, registered) not in names:
        raise ArgumentError(f"it is registered as {shorten(str(registered))}")


def _plain(value: object) -> object:
    """Return an argument without Keras' wrapping: a name, a shape, or a class with its config."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and not is_number(value):
        raise ArgumentError("it holds a number that is larger than any float")
    if not isinstance(value, dict) or "class_name" not in value:
        return value
    class_name, config = value["class_name"], value.get("config")
    # Of a function Keras writes the name; a name that is not known is refused where it is used.
    if class_name == "function" or not isinstance(config, dict):
        return config
    if class_name in POLICIES:
        name = config.get("name", f"{config.get('mode')}_from_{config.get('source_name')}")
        return None if isinstance(name, str) and name.startswith("infer") else name
    if class_name in MODELS:
        raise ArgumentError(f"it holds a model, {class_name}, in an argument")
    kept = {key: _plain(part) for key, part in config.items()}
    if class_name in LAYERS:
        _check_home(value, class_name)
    if class_name in LAYERS and not _is_setting(kept):
        return read_layer(value)
    return {"class_name": class_name, "config": _settings(kept)}


def _is_setting(config: Mapping[str, object]) -> bool:
    """Tell whether a layer in an argument is an activation: it has no sizes of its own."""
    return not {"units", "filters", "kernel_size"} & set(config)


def _settings(config: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments of a layer without those that all layers have."""
    return {k: v for k, v in config.items() if k not in ("name", "trainable", "dtype")}


# --- operations


def _called_with(entry: object, class_name: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the operands of an operation at all its calls, None for a layer's, and its options."""
    nodes = entry.get("inbound_nodes") if isinstance(entry, dict) else None
    calls = [_call_of(node, class_name) for node in (nodes if isinstance(nodes, list) else [])]
    if any(call != calls[0] for call in calls):
        raise ArgumentError("it is called with other numbers each time")
    return calls[0] if calls else ([], {})


def _call_of(node: object, class_name: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the operands of one call in their order, and the options that are named in it."""
    args, kwargs = _call_arguments(node)
    named = {name: one for name, one in kwargs.items() if one is not None}
    if class_name in SHAPE_OPERATIONS and SHAPE_OPERATIONS[class_name].several:
        args = [one for arg in args for one in (arg if isinstance(arg, list) else [arg])]
    known = OPTIONS.get(class_name, {})
    operands = [*args, *(one for name, one in named.items() if name not in known)]
    options = {name: one for name, one in named.items() if name in known}
    return [None if is_tensor(one) else _constant(one) for one in operands], options


def _constant(value: object) -> object:
    """Return an operand that a file holds, without Keras' wrapping of arrays."""
    if isinstance(value, dict) and value.get("class_name") in ARRAYS:
        config = value.get("config")
        return config.get("value") if isinstance(config, dict) else value
    return value


def _operation(class_name: str, config: dict[str, Any], entry: object) -> Layer:
    """Return the operation of a functional model, with the numbers that it is called with."""
    options = {key: value for key, value in config.items() if key != "name"}
    name = config.get("name")
    if class_name in LIKE_LAYERS:
        kind, arguments = LIKE_LAYERS[class_name](options)
        layer = LAYERS[kind].from_config({**arguments, "name": name})
        layer.operation, layer.operation_options = class_name, options
        return layer
    if class_name == "GetItem":
        return GetItem(_items(_called_with(entry, class_name)[0]), name=name)
    if class_name not in OPERATIONS:
        raise ArgumentError(f"there is no operation {class_name} in upsamp")
    operands, named = _called_with(entry, class_name)
    return Operation(class_name, operands, {**options, **named}, name=name)


def _items(operands: list[Any]) -> list[Item]:
    """Return what an array is sliced by, as `GetItem` takes it."""
    if len(operands) != 2 or operands[0] is not None:
        raise ArgumentError("it is not called on one output and one index")
    items = operands[1] if isinstance(operands[1], list) else [operands[1]]
    return [_item(one) for one in items]


def _item(value: object) -> Item:
    """Return an index, a slice, None for a new axis, or ... for the axes between."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, dict) and value.get("class_name") == ELLIPSIS:
        return ...
    config = value.get("config") if isinstance(value, dict) else None
    if isinstance(config, dict) and set(config) == {"start", "stop", "step"}:
        return slice(*(config[part] for part in ("start", "stop", "step")))
    raise ArgumentError("it is sliced by more than indices and slices")


def _permute(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the layer that transposes like an operation, which must leave the batch first."""
    if options["axes"][0] != 0:
        raise ArgumentError("it moves the batch")
    return "Permute", {"dims": options["axes"][1:]}


def _resizing(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the layer that resizes like an operation."""
    others = {key: value for key, value in options.items() if key != "size"}
    return "Resizing", {"height": options["size"][0], "width": options["size"][1], **others}


def _reshape(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the layer that reshapes like an operation, which must leave the batch first."""
    batch, *rest = options["newshape"]
    if batch not in (-1, None) and -1 in rest:
        raise ArgumentError("it moves the batch")
    return "Reshape", {"target_shape": rest}


def _shuffle(kind: str, factor: str) -> Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]:
    """Return what makes the layer that moves pixels into channels, or back, as TensorFlow does."""
    return lambda options: (
        kind,
        {
            factor: options["block_size"],
            "order": "dcr",
            "data_format": options.get("data_format"),
        },
    )


def _normalize(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the layer that scales vectors to length 1."""
    if options.get("order", 2) != 2 or options.get("epsilon") is not None:
        raise ArgumentError("it has another norm")
    return "UnitNormalization", {"axis": options.get("axis", -1)}


def _log_softmax(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the layer of the logarithm of a softmax along the last axis."""
    if options.get("axis", -1) != -1:
        raise ArgumentError("it has another axis than the last")
    return "Activation", {"activation": "log_softmax"}


def _activation(name: str) -> Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]:
    return lambda options: ("Activation", {"activation": name, **options})


# The operations that are as a layer is, with the layer and its arguments.
LIKE_LAYERS: Mapping[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "Concatenate": lambda options: ("Concatenate", {"axis": options.get("axis", -1)}),
    "Reshape": _reshape,
    "Transpose": _permute,
    "Resize": _resizing,
    "DepthToSpace": _shuffle("PixelShuffle", "upscale_factor"),
    "SpaceToDepth": _shuffle("PixelUnshuffle", "downscale_factor"),
    "Softmax": lambda options: ("Softmax", options),
    "LogSoftmax": _log_softmax,
    "Elu": lambda options: ("ELU", options),
    "Normalize": _normalize,
    "MaxPool": lambda options: ("MaxPooling2D", options),
    "AveragePool": lambda options: ("AveragePooling2D", options),
    "StopGradient": lambda options: ("Identity", options),
    **{
        name: _activation(snake_case(name))
        for name in (
            *("Silu", "Selu", "Relu6", "Softplus", "Softsign", "HardSigmoid", "HardSilu"),
            *("LogSigmoid", "Celu", "HardTanh", "TanhShrink", "SoftShrink", "HardShrink"),
            *("Squareplus", "SparsePlus", "SparseSigmoid", "Sparsemax"),
        )
    },
}


def is_tensor(value: object) -> bool:
    """Tell whether a value in a call stands for the output of a layer."""
    return isinstance(value, dict) and value.get("class_name") == TENSOR


def tensors_of(value: object) -> list[tuple[str, int, int]]:
    """Return the outputs that a call takes, in order: layer's name, number of call, output.

    >>> tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 1]}}
    >>> tensors_of({"args": [[tensor]], "kwargs": {"training": False}})
    [('a', 0, 1)]
    """
    return [history(config.get("keras_history")) for config in _tensor_configs(value)]


def _tensor_configs(node: object) -> list[dict[str, Any]]:
    """Return what is said of each output that a call takes, in their order."""
    args, kwargs = _call_arguments(node)
    return [config for one in (*args, *kwargs.values()) for config in _configs_within(one)]


def _configs_within(value: object) -> list[dict[str, Any]]:
    """Return what is said of each output in an argument; dictionaries go by their keys."""
    if is_tensor(value):
        config = value.get("config") if isinstance(value, dict) else None
        return [config if isinstance(config, dict) else {}]
    parts: Sequence[object] = ()
    if isinstance(value, dict):
        parts = [value[key] for key in sorted(value)]
    elif isinstance(value, list):
        parts = value
    return [config for part in parts for config in _configs_within(part)]


def history(value: object) -> tuple[str, int, int]:
    """Return an output as a file names it: its layer, the number of the call, the output's."""
    if isinstance(value, list | tuple) and len(value) >= 3:
        name, node, output = value[:3]
        numbers = isinstance(node, int) and isinstance(output, int)
        if isinstance(name, str) and numbers and node >= 0 and output >= 0:
            return name, node, output
    raise FormatError(
        f"An output in a config must be a layer's name and two numbers. Received: {spelled(value)}."
    )


def _recorded_shapes(entry: object) -> tuple[Shape, ...]:
    """Return the shapes of the inputs as the entry tells them, or none."""
    built = entry.get("build_config") if isinstance(entry, dict) else None
    shape = built.get("input_shape") if isinstance(built, dict) else None
    shapes = shape if isinstance(shape, list) and shape and isinstance(shape[0], list) else [shape]
    if not isinstance(shape, list):
        nodes = entry.get("inbound_nodes") if isinstance(entry, dict) else None
        last = nodes[-1] if isinstance(nodes, list) and nodes else None
        shapes = [config.get("shape") for config in _tensor_configs(last)]
    try:
        return tuple(normalize_shape(one, "build_config") for one in shapes if one)
    except ArgumentError:
        return ()
