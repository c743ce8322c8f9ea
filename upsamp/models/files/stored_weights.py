"""The weights of a file put into a model, whichever way the file names them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from upsamp.errors import FormatError
from upsamp.io.stored_arrays import NUMBERS, StoredArray, StoredArrays
from upsamp.layers import Conv2D, Conv2DTranspose, Layer
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.layers.weight import Weight
from upsamp.models.files.weight_names import named_layers, named_weights, tree_groups
from upsamp.models.model import Model, unknown_layers

NUMBERED = re.compile(r"arr_\d+")
# Random numbers of training, which are beside the weights in files of older Keras 3.
SEEDS = "seed_generator"
# What Keras 2.12 to 2.14 called the group of the layers.
OLD_LAYERS = "_layer_checkpoint_dependencies"


def put_weights(model: Model, stored: StoredArrays) -> None:
    """Put a file's arrays into the weights of a built model, in the place of what they were.

    Three ways of naming are known: the tree of Keras 3 ("layers/dense/vars/0"), the groups by
    layer of Keras 2, and flat names ("dense/kernel", or arr_0, arr_1, ... in the model's order).
    An array without a value gives its shape alone, which counts the weights of unknown layers.
    Raises `FormatError` where a weight is missing or has another shape.
    """
    if "model_weights" in stored.attributes:
        stored = stored.below("model_weights")
    if stored.texts("", "layer_names") is not None:
        _put_by_layer(model, stored)
        if stored.texts("", "backend") == ["theano"]:
            _flip_kernels(model)
    elif any(_in_tree(path).startswith("layers/") for path in (*stored.arrays, *stored.attributes)):
        _put_tree(model, {_in_tree(path): one for path, one in stored.arrays.items()})
    else:
        _put_flat(model, stored.arrays)


def _in_tree(path: str) -> str:
    r"""Return a path as Keras 3 writes it: Keras 2.12 to 2.14 had backslashes on Windows.

    >>> _in_tree("_layer_checkpoint_dependencies\\dense\\vars/0")
    'layers/dense/vars/0'
    """
    parts = path.replace("\\", "/").split("/")
    return "/".join("layers" if part == OLD_LAYERS else part for part in parts)


def _flip_kernels(model: Model) -> None:
    """Turn the kernels of Theano, which convolves, into those of correlation, as Keras 2 does.

    Those of DepthwiseConv2D and SeparableConv2D stay as they are there.
    """
    layers = {id(layer): getattr(layer, "layer", layer) for _, layer in named_layers(model)}
    for layer in layers.values():
        if isinstance(layer, Conv2D | Conv2DTranspose):
            kernel = layer.weights[0]
            if kernel.value is not None:
                kernel.put(kernel.value[::-1, ::-1])


def _put(layer: Layer, arrays: Mapping[str, StoredArray]) -> None:
    """Put arrays into one layer, in the order that they have."""
    if isinstance(layer, UnknownLayer) or not layer.built:
        layer.adopt_weights(
            {name: one.shape if one.value is None else one.value for name, one in arrays.items()}
        )
        return
    weights = layer.weights
    arrays = _in_order(weights, _merged(layer, arrays))
    if [weight.shape for weight in weights] != [one.shape for one in arrays.values()]:
        raise FormatError(
            f"The file must hold the weights of layer '{layer.name}' ({layer.type_name}), "
            f"{_shapes(weights)}. Received: {_shapes(arrays.values())}. Give the weights that "
            "belong to this model."
        )
    for weight, one in zip(weights, arrays.values(), strict=True):
        put_value(weight, one)


def _merged(layer: Layer, arrays: Mapping[str, StoredArray]) -> Mapping[str, StoredArray]:
    """Return arrays in which the kernel has the product of LoRA's added to it, as Keras saves it.

    Only .h5 files have them apart. Source: E. Hu et al., "LoRA" (arXiv 2106.09685).
    """
    last = {name.rpartition("/")[2].removesuffix(":0"): name for name in arrays}
    for kernel in ("kernel", "embeddings"):
        names = (kernel, f"lora_{kernel}_a", f"lora_{kernel}_b")
        if not set(names) <= set(last):
            continue
        base, left, right = (arrays[last[name]] for name in names)
        if len(right.shape) != 2 or base.shape != (*left.shape[:-1], right.shape[-1]):
            continue
        value = base.value
        if value is not None and left.value is not None and right.value is not None:
            rank = right.shape[0]
            scale = (rank if layer.lora_alpha is None else layer.lora_alpha) / rank
            value = value + value.dtype.type(scale) * (left.value @ right.value)
        merged = replace(base, value=value)
        rest = {
            key: one for key, one in arrays.items() if key not in (last[names[1]], last[names[2]])
        }
        return {**rest, last[kernel]: merged}
    return arrays


def _in_order(
    weights: Iterable[Weight], arrays: Mapping[str, StoredArray]
) -> Mapping[str, StoredArray]:
    """Return arrays in the order of the weights where they are called as these; else as they are.

    Keras writes what is trained first, whatever order a layer has made its weights in.
    """
    last = {name.rpartition("/")[2].removesuffix(":0"): name for name in arrays}
    names = [weight.name for weight in weights]
    if len(last) == len(arrays) and set(last) == set(names):
        return {last[name]: arrays[last[name]] for name in names}
    return arrays


def _shapes(arrays: Iterable[Weight | StoredArray]) -> str:
    return ", ".join(str(one.shape) for one in arrays) or "none"


def put_value(weight: Weight, stored: StoredArray) -> None:
    """Set a weight to the value of an array, in the type that it is computed in."""
    if stored.value is not None:
        weight.put(stored.value)
    elif stored.dtype not in NUMBERS:
        raise FormatError(
            f"The file must hold numbers for the weight '{weight.name}' of shape {weight.shape}. "
            f"Received: an array of type {stored.dtype}. Save the model again."
        )


# --- the tree of Keras 3


def _put_tree(model: Model, arrays: Mapping[str, StoredArray], prefix: str = "") -> None:
    for group, layer in tree_groups(model, prefix):
        if isinstance(layer, Model):
            _put_tree(layer, arrays, f"{group}/")
            continue
        found = [
            path for path in arrays if path.startswith(f"{group}/") and SEEDS not in path.split("/")
        ]
        if found and not layer.weights and layer.built and not isinstance(layer, UnknownLayer):
            continue  # what a layer keeps for training alone
        found.sort(key=_natural)
        known = [f"{group}/{path}" for path in layer.weight_paths]
        if known and set(known) <= set(found):
            found = known  # a wrapper's group holds the kernel of its layer twice
        _put(layer, {path.removeprefix(f"{group}/"): arrays[path] for path in found})


def _natural(path: str) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in a path as numbers, of however many digits.

    >>> sorted(["vars/10", "vars/9"], key=_natural)
    ['vars/9', 'vars/10']
    >>> _natural("vars/" + "9" * 5000)[1][0]
    5000
    """
    parts = re.split(r"(\d+)", path)
    digits = [part.lstrip("0") if part.isdecimal() else part for part in parts]
    return [(len(part) if part.isdecimal() else 0, part) for part in digits]


# --- the groups of Keras 2


def _put_by_layer(model: Model, stored: StoredArrays) -> None:
    """Put in what is in groups by layer; that of a nested model holds all of its weights."""
    groups = _groups(model, stored)
    for layer in model.layers:
        group = groups.get(layer.name, layer.name)
        names = stored.texts(group, "weight_names") or []
        missing = [name for name in names if f"{group}/{name}" not in stored.arrays]
        if missing:
            raise FormatError(
                f"The file must hold every weight that it lists. Received: none for '{missing[0]}'."
            )
        arrays = {name: stored.arrays[f"{group}/{name}"] for name in names}
        if isinstance(layer, Model):
            _put_nested(layer, arrays)
        else:
            _put(layer, arrays)


def _groups(model: Model, stored: StoredArrays) -> dict[str, str]:
    """Return the groups of layers that are not called as their groups are: by place, as in Keras.

    Automatic names count on in a session, so that the same layers may be called "conv2d_7" there.
    """
    listed = stored.texts("", "layer_names") or []
    groups = [name for name in listed if stored.texts(name, "weight_names")]
    layers = [layer.name for layer in model.layers if layer.weights]
    by_name = set(groups) <= {layer.name for layer in model.layers}
    if by_name or len(layers) != len(groups):
        return {}
    return dict(zip(layers, groups, strict=True))


def _put_nested(model: Model, arrays: Mapping[str, StoredArray]) -> None:
    """Put in the weights of a nested model: those that are trained, and then the others.

    What of an unknown layer is trained nobody knows; beside one or behind it, names tell, and
    where LoRA's are among them.
    """
    if unknown_layers(model) or not model.built or any("/lora_" in name for name in arrays):
        _put_by_names(model, arrays)
        return
    trained = model.trainable_weights
    known = {id(weight) for weight in trained}
    weights = [*trained, *(one for one in model.weights if id(one) not in known)]
    if [weight.shape for weight in weights] != [one.shape for one in arrays.values()]:
        raise FormatError(
            f"The file must hold the weights of model '{model.name}', {_shapes(weights)}. "
            f"Received: {_shapes(arrays.values())}. Give the weights that belong to this model."
        )
    for weight, one in zip(weights, arrays.values(), strict=True):
        put_value(weight, one)


def _put_by_names(model: Model, arrays: Mapping[str, StoredArray]) -> None:
    """Put in arrays whose names have the layer's name before the weight's."""
    for layer in model.layers:
        if isinstance(layer, Model):
            _put_by_names(layer, arrays)
            continue
        found = {key: one for key, one in arrays.items() if layer.name in key.split("/")[:-1]}
        _put(layer, found)


# --- flat names


def _put_flat(model: Model, arrays: Mapping[str, StoredArray]) -> None:
    weights = named_weights(model)
    if len(arrays) == len(weights) and all(map(NUMBERED.fullmatch, arrays)):
        ordered = sorted(arrays, key=_natural)
        given = dict(zip(weights, (arrays[name] for name in ordered), strict=True))
    else:
        given = {name.removesuffix(":0").replace(".", "/"): one for name, one in arrays.items()}
        _adopt_flat(model, arrays)
    for name, weight in weights.items():
        one = given.get(name.replace(".", "/")) or given.get(name)
        if one is None or one.shape != weight.shape:
            what = "none" if one is None else f"one of shape {one.shape}"
            raise FormatError(
                f"The file must hold an array '{name}' of shape {weight.shape}. Received: {what}. "
                "Give the weights that belong to this model."
            )
        put_value(weight, one)


def _adopt_flat(model: Model, arrays: Mapping[str, StoredArray]) -> None:
    """Hand unknown layers the arrays that are stored under their names."""
    for path, layer in named_layers(model):
        if isinstance(layer, UnknownLayer):
            start = f"{path}/"
            found = {key: one for key, one in arrays.items() if key.startswith(start)}
            _put(layer, {key.removeprefix(start): one for key, one in found.items()})
