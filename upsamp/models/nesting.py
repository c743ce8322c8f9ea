"""What is asked of a model in a summary, so that models in models are known without their class."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers import Layer
from upsamp.layers.layer import MaybeShape, Shape, Weight
from upsamp.models.graph import Call, Source


class ModelLike(Protocol):
    """What every model has; see `upsamp.models.model.Model`."""

    trainable: bool

    @property
    def name(self) -> str:
        """The name of the model."""

    @property
    def type_name(self) -> str:
        """The name of the class."""

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, as Keras gives them."""

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of the layers, each after those that it depends on."""

    @property
    def input_calls(self) -> Sequence[int]:
        """The numbers of the calls that are inputs."""

    @property
    def output_sources(self) -> Sequence[Source]:
        """Where the outputs come from."""

    @property
    def input_names(self) -> list[str]:
        """What a dictionary names the inputs by."""

    @property
    def input_keys(self) -> tuple[str, ...]:
        """The keys of a dictionary that the model takes its inputs in, or none."""

    @property
    def input_structure(self) -> Any:
        """The numbers of the inputs in the lists that the model takes them in; 0 for one list."""

    @property
    def input_shapes(self) -> list[Shape]:
        """The shapes of all inputs."""

    @property
    def weights(self) -> list[Weight]:
        """What is known of the weights, each once."""

    def shapes_of(self, number: int) -> list[MaybeShape]:
        """Return the shapes of all outputs of one call."""

    def run(
        self, inputs: Sequence[Array], generator: np.random.Generator, *, training: bool
    ) -> list[Array]:
        """Compute all outputs."""

    @property
    def trainable_weights(self) -> list[Weight]:
        """Return the weights that training would change, each once."""


def is_model(layer: object) -> TypeGuard[ModelLike]:
    """Tell whether a layer is itself a model.

    >>> is_model(Layer())
    False
    """
    return hasattr(type(layer), "calls")


def layers_within(layer: Layer) -> list[Layer]:
    """Return the layers of a model and of those in it, or the one layer that is none.

    >>> layers_within(Layer(name="alone"))
    [<Layer name=alone, built=False>]
    """
    if not is_model(layer):
        return [layer]
    return [inner for one in layer.layers for inner in layers_within(one)]
