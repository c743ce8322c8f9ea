"""What the inputs of a generator are: points of its latent space, labels, or images."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from upsamp.layers import Embedding
from upsamp.layers.layer import Shape
from upsamp.models.graph import Source
from upsamp.models.model import Model

Role: TypeAlias = Literal["latent", "label", "one_hot", "image", "unknown"]

# How people name an input that takes a class, and so is no latent vector.
LABEL_NAME = re.compile(r"label|class|one_?hot", re.IGNORECASE)
# How people name the latent vector.
LATENT_NAME = re.compile(r"noise|latent|random|seed|^z(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class InputRole:
    """One input of a model, and what it is.

    shape: with the batch. classes: how many labels there are, as far as the model tells.
    """

    name: str
    role: Role
    shape: Shape
    dtype: np.dtype[Any]
    classes: int | None = None

    def __str__(self) -> str:
        return f"'{self.name}' {self.shape}"


def input_roles(model: Model, *, labelled: bool = False) -> list[InputRole]:
    """Decide what each input of a model is, in the order of the inputs.

    label: one number a sample that an `Embedding` looks up, or of an integer type, or a single
    float that is named as labels are. one_hot: a float vector that is named so, beside another
    vector. latent: the one float vector that is left; one that is at a single pixel, such as
    (1, 1, 100), is one too. image: of rank 4. Of what is left, and where several inputs could be
    the latent vector or the label, nothing is known: "unknown".

    labelled: whether there are labels to give, which tells that an input takes some: where no other
    does, the one vector that is named so, or the shortest of several inputs that is not named
    as latent points are, is one_hot.

    >>> from upsamp.models.generator import make_generator
    >>> [(one.name, one.role) for one in input_roles(make_generator("dcgan"))]
    [('input_layer', 'latent')]
    """
    model.require_built()
    found = [
        _own_role(model, number, shape)
        for number, shape in zip(model.input_calls, model.input_shapes, strict=True)
    ]
    named = [one for one in found if one.role == "latent" and LABEL_NAME.search(one.name)]
    if any(one.role == "latent" for one in found if one not in named):
        found = [_named_role(one) if one in named else one for one in found]
    for group in (("latent",), ("label", "one_hot")):
        alike = [one for one in found if one.role in group]
        if len(alike) > 1:
            found = [_with_role(one, "unknown") if one in alike else one for one in found]
    if labelled and not any(one.role in ("label", "one_hot") for one in found):
        return _with_one_hot(found)
    return found


def _with_one_hot(found: list[InputRole]) -> list[InputRole]:
    """Return the roles where one input of vectors takes labels, if it is plain which."""
    vectors = [
        one
        for one in found
        if one.role in ("latent", "unknown") and len(one.shape) == 2 and (one.shape[1] or 0) > 1
    ]
    candidates = [one for one in vectors if LABEL_NAME.search(one.name)]
    if not candidates and len(found) > 1:
        candidates = [one for one in vectors if not LATENT_NAME.search(one.name)] or vectors
    shortest = min((one.shape[1] or 0 for one in candidates), default=0)
    labels = [one for one in candidates if one.shape[1] == shortest]
    if len(labels) != 1:
        return found
    points = [one for one in vectors if one not in labels and one.dtype.kind == "f"]
    roles: dict[str, Role] = {labels[0].name: "one_hot"}
    roles |= {one.name: "latent" for one in points if len(points) == 1}
    return [
        _with_role(one, roles.get(one.name, one.role), shortest if one in labels else None)
        for one in found
    ]


def _own_role(model: Model, number: int, shape: Shape) -> InputRole:
    """Return the role of an input as its own shape, type and use tell it."""
    layer = model.calls[number].layer
    dtype = np.dtype(getattr(layer, "input_dtype", layer.dtype))
    classes = _looked_up(model, Source(number))
    role: Role = "unknown"
    single = shape[1:] in ((), (1,))
    if single and (classes or dtype.kind != "f"):
        role = "label"
    elif len(shape) == 4 and not _is_pixel(shape):
        role = "image"
    elif dtype.kind == "f" and (len(shape) == 2 or _is_pixel(shape)) and None not in shape[1:]:
        role = "latent"
    return InputRole(layer.name, role, shape, dtype, classes)


def _named_role(one: InputRole) -> InputRole:
    """Return the role of a vector that is named as labels are."""
    length = one.shape[-1]
    return _with_role(one, "label") if length == 1 else _with_role(one, "one_hot", length)


def _with_role(one: InputRole, role: Role, classes: int | None = None) -> InputRole:
    return InputRole(one.name, role, one.shape, one.dtype, classes or one.classes)


def _is_pixel(shape: Shape) -> bool:
    """Tell whether a shape is that of a vector at a single pixel."""
    lengths = [length for length in shape[1:] if length != 1]
    return len(shape) == 4 and len(lengths) == 1 and None not in lengths


def _looked_up(model: Model, source: Source) -> int | None:
    """Return how many rows the embeddings have that an array is looked up in, if there are any."""
    found: list[int | None] = []
    for call in model.calls:
        for place in _places(call.sources, source):
            if isinstance(call.layer, Embedding):
                found.append(call.layer.input_dim)
            elif isinstance(call.layer, Model):
                inner = call.layer.input_calls[place]
                found.append(_looked_up(call.layer, Source(inner)))
    return min((classes for classes in found if classes is not None), default=None)


def _places(sources: Sequence[Source], source: Source) -> list[int]:
    return [place for place, one in enumerate(sources) if one == source]
