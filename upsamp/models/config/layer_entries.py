"""Layers as entries of a config that Keras 3 reads: the writing side of `layer_config`."""

from collections.abc import Mapping
from typing import Any

from upsamp.core.upsampling.methods import METHODS
from upsamp.core.values import spelled
from upsamp.layers import LAYERS, InputLayer, Layer
from upsamp.layers.operation import Operation
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.layers.wrapper_layer import WrapperLayer
from upsamp.models.config.layer_config import OPERATIONS_HOME
from upsamp.models.registry import model_name

# Layers that Keras 3 does not have.
NOT_IN_KERAS = ("InstanceNormalization", "PixelShuffle", "PixelUnshuffle", "ThresholdedReLU")
# Values of arguments that Keras has not.
NOT_TAKEN: Mapping[str, tuple[str, ...]] = {
    "interpolation": tuple(one.name for one in METHODS.values() if "keras" not in one.keras),
    "activation": ("hard_sigmoid_keras2",),
}
# Where the classes of objects in arguments come from, by the end of the argument's name.
OBJECT_HOMES: Mapping[str, str] = {
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "activation": "keras.layers",
}
# The classes of Keras in arguments; what is none of them is left to Keras' default.
OBJECTS: Mapping[str, frozenset[str]] = {
    "keras.initializers": frozenset(
        f"{kind}{distribution}"
        for kind in ("Glorot", "He", "Lecun", "Random")
        for distribution in ("Normal", "Uniform")
    )
    | {"TruncatedNormal", "VarianceScaling", "Constant", "Zeros", "Ones", "Identity"}
    | {"Orthogonal", "STFT"},
    "keras.regularizers": frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"}),
    "keras.constraints": frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}),
    "keras.layers": frozenset({"LeakyReLU", "ReLU", "ELU", "Softmax"}),
}
LEFT_OUT = object()
# Arguments that layers of Keras do not take, though ours have them.
LEFT_OUT_OF: Mapping[str, tuple[str, ...]] = {
    "Conv2DTranspose": ("groups",),
    "SpatialDropout2D": ("trainable",),
}
OPERATION_MODULES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("Relu", "LeakyRelu", "Sigmoid", "Gelu", "Silu", "Selu", "Relu6", "Softplus"),
            *("Softsign", "HardSigmoid", "HardSilu", "LogSigmoid", "Celu", "HardTanh"),
            *("TanhShrink", "SoftShrink", "HardShrink", "Squareplus", "SparsePlus"),
            *("SparseSigmoid", "Sparsemax", "Softmax", "LogSoftmax", "Elu", "Normalize", "MaxPool"),
            *("AveragePool", "DepthToSpace", "SpaceToDepth"),
        ),
        f"{OPERATIONS_HOME}.nn",
    ),
    **dict.fromkeys(("Cast", "Unstack", "StopGradient"), f"{OPERATIONS_HOME}.core"),
    "Rsqrt": f"{OPERATIONS_HOME}.math",
    "Resize": f"{OPERATIONS_HOME}.image",
}
# Options that Keras' operations are called with, and not made with.
CALL_OPTIONS = ("constant_values",)


def keras_name(layer: Layer) -> str:
    """Return the name that a layer has in Keras 3, which takes no slash in it."""
    return layer.name.replace("/", "_")


def foreign(layer: Layer) -> str | None:
    """Say why a layer cannot be Keras 3's, or return None where it can.

    >>> from upsamp.layers import Flatten, PixelShuffle
    >>> foreign(Flatten()), foreign(PixelShuffle(2))
    (None, 'Keras has no PixelShuffle')
    """
    if isinstance(layer, UnknownLayer):
        return f"upsamp does not have {layer.type_name}"
    if hasattr(type(layer), "calls") and model_name(layer) is None:
        return f"{layer.type_name} is neither Sequential nor Functional"
    if LAYERS.get(layer.type_name) is not type(layer):
        return None  # Keras asks its user for such a class
    if layer.type_name in NOT_IN_KERAS and layer.operation is None:
        return f"Keras has no {layer.type_name}"
    if isinstance(layer, WrapperLayer):
        return foreign(layer.layer)
    config = {} if layer.operation is not None else layer.get_config()
    wrong = [
        f"Keras has no {name}={spelled(config[name])}"
        for name, refused in NOT_TAKEN.items()
        if config.get(name) in refused
    ]
    if "kernel_size" in config and not isinstance(config["padding"], str):
        wrong.append("Keras has no padding by margins")
    if layer.type_name == "Conv2DTranspose" and config["groups"] != 1:
        wrong.append("Keras has no groups of a Conv2DTranspose")
    return wrong[0] if wrong else None


def called_with(layer: Layer) -> dict[str, Any]:
    """Return the options that an operation is called with."""
    options = layer.options if isinstance(layer, Operation) else {}
    return {name: options[name] for name in CALL_OPTIONS if name in options}


def write_layer(layer: Layer) -> dict[str, Any]:
    """Return the entry of a layer, without its calls.

    A layer that Keras 3 does not have is written as one of upsamp, or as the file had it; that of
    a class of the user's own by the module of the class, for `custom_objects` of Keras.

    >>> from upsamp.layers import Flatten
    >>> entry = write_layer(Flatten(name="flat"))
    >>> entry["module"], entry["class_name"], entry["config"]["name"]
    ('keras.layers', 'Flatten', 'flat')
    """
    name = {"name": keras_name(layer)}
    model = model_name(layer)
    if model is not None:
        sequential = model == "Sequential"
        module = "keras" if sequential else "keras.src.models.functional"
        registered = None if sequential else model
        return _entry(module, model, {**layer.get_config(), **name}, registered)
    if isinstance(layer, Operation):
        options = {key: one for key, one in layer.options.items() if key not in CALL_OPTIONS}
        return _operation_entry(layer.function, {**options, **name})
    if layer.operation is not None:
        return _operation_entry(layer.operation, {**layer.operation_options, **name})
    kind, own = layer.type_name, LAYERS.get(layer.type_name) is type(layer)
    if foreign(layer) is not None:
        home = layer.module if isinstance(layer, UnknownLayer) else "upsamp.layers"
        return _entry(home, kind, {**layer.get_config(), **name})
    home, registered = ("keras.layers", None) if own else (type(layer).__module__, kind)
    return _entry(home, kind, {**_config(layer), **name}, registered)


def _operation_entry(operation: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "module": OPERATION_MODULES.get(operation, f"{OPERATIONS_HOME}.numpy"),
        "class_name": operation,
        "config": config,
        "registered_name": operation,
    }


def _entry(
    module: str | None, kind: str, config: Mapping[str, Any], registered: str | None = None
) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": registered,
    }


def _config(layer: Layer) -> dict[str, Any]:
    """Return a layer's arguments as Keras takes them."""
    config = layer.get_config()
    shape = config.pop("batch_input_shape", None)
    if isinstance(layer, InputLayer):
        return {"batch_shape": shape, "dtype": config["dtype"]}
    if isinstance(layer, WrapperLayer):
        config["layer"] = write_layer(layer.layer)
    for name in LEFT_OUT_OF.get(layer.type_name, ()):
        config.pop(name, None)
    written = {key: _value(key, value) for key, value in config.items()}
    return {key: value for key, value in written.items() if value is not LEFT_OUT}


def _value(name: str, value: object) -> object:
    """Return an argument as Keras writes it: an object with where its class comes from."""
    if name.endswith(("quantization_config", "_quantizer")) and isinstance(value, dict):
        inner = {key: _value(key, one) for key, one in value.get("config", {}).items()}
        return {**value, "config": inner, "module": "keras.quantizers", "registered_name": None}
    home = OBJECT_HOMES.get(name.rpartition("_")[2])
    if not isinstance(value, dict) or "class_name" not in value or home is None:
        return value
    if value["class_name"] not in OBJECTS[home]:
        return LEFT_OUT  # made by the user's code; what it is for is past, or only in training
    return {
        "module": home,
        "class_name": value["class_name"],
        "config": value.get("config", {}),
        "registered_name": None,
    }
