"""What the weights of a model are called in files."""

import re
from collections import Counter
from collections.abc import Iterator

from upsamp.layers import Layer
from upsamp.layers.operation import Operation
from upsamp.layers.shapes import snake_case
from upsamp.layers.weight import Weight
from upsamp.models.registry import model_name


def tree_groups(model: Layer, prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield the group that each layer of a model has in the tree of Keras 3.

    A group is named by the layer's class, counted within its model: what the layer is called does
    not matter. An operation has none, nor has the input of a Sequential.

    >>> from upsamp import make_generator
    >>> [group for group, _ in tree_groups(make_generator("transpose"))]
    ['layers/dense', 'layers/reshape', 'layers/conv2d_transpose']
    """
    seen: Counter[str] = Counter()
    for layer in model.layers:
        if isinstance(layer, Operation):
            continue
        kind = model_name(layer) or layer.type_name.rpartition(">")[2]
        name = snake_case(re.sub(r"\W", "", kind))
        number = seen[name]
        seen[name] += 1
        yield f"{prefix}layers/{name}{f'_{number}' if number else ''}", layer


def named_weights(model: Layer) -> dict[str, Weight]:
    """Return all weights of a model by name: the layer's, and its own.

    >>> from upsamp import make_generator
    >>> list(named_weights(make_generator("transpose")))[:2]
    ['dense/kernel', 'dense/bias']
    """
    return {
        f"{path}/{one.name}": one for path, layer in named_layers(model) for one in layer.weights
    }


def named_layers(model: Layer, prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield the layers that are no models, by name: those in a nested model behind its name."""
    for layer in model.layers:
        if layer.layers:
            yield from named_layers(layer, f"{prefix}{layer.name}/")
        else:
            yield f"{prefix}{layer.name}", layer
