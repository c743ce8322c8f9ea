"""Sequential: layers one after the other."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from upsamp.core.values import each, normalize_mapping, spelled
from upsamp.errors import ArgumentError, FormatError, ShapeError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.layer import Shape, normalize_shape
from upsamp.layers.symbolic import SymbolicTensor, input_of
from upsamp.models.config.layer_config import read_layer
from upsamp.models.config.layer_entries import write_layer
from upsamp.models.graph import Call, Source, connect
from upsamp.models.model import Model

__all__ = ["Sequential"]


class Sequential(Model):
    """Layers one after the other, as Keras' `Sequential`; itself a layer, so models nest.

    layers: the first layers, as if each were given to `add`. name: the model's name.
    seed: where the weights are drawn from; the same seed gives the same weights.

    >>> from upsamp.layers import UpSampling2D
    >>> model = Sequential([UpSampling2D(input_shape=(2, 2, 1))])
    >>> model.output_shape
    (None, 4, 4, 1)
    """

    def __init__(
        self,
        layers: Iterable[Layer | SymbolicTensor] | None = None,
        name: str | None = None,
        *,
        seed: int = 0,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, seed=seed, trainable=trainable)
        self._layers: list[Layer] = []
        self._head: InputLayer | None = None
        self._by_name: dict[str, Layer] = {}
        self._unnamed: Counter[str] = Counter()
        self._calls: list[Call] = []
        for layer in () if layers is None else each(layers, "layers", "must be layers"):
            self.add(layer)

    def add(self, layer: Layer | SymbolicTensor) -> None:
        """Add a layer at the end; it is built at once where the input's shape is known.

        layer: the first may be what `Input` returns.

        Raises `ArgumentError` where the model is built and a layer of another one.
        """
        if isinstance(layer, SymbolicTensor):
            layer = input_of(layer)
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"A model must be made of layers. Received: {spelled(layer)} of type "
                f"{type(layer).__name__}; put an activation function in Activation(name)."
            )
        if layer is self or self._by_name.get(layer.name) is layer:
            raise ArgumentError(
                f"Every layer of a model must be a layer of its own. Received: {layer!r} twice."
            )
        if self.placed and self.built:
            raise ArgumentError(
                f"A model that is a layer of another must stay as it is, as the other's shapes "
                f"depend on it. Received: {layer!r} for model '{self.name}'. Add it before, or use "
                f"a new model, Sequential([model, layer])."
            )
        if layer.placed:
            self._check_name(layer)
        else:
            # A layer that is in another model already keeps its name and its weights.
            self._name_layer(layer)
            layer.seed = (*self.seed, len(self._layers))
            layer.placed = True
            if isinstance(layer, Model):
                layer.reseed()
        if self.built and layer.batch_input_shape is not None:
            self._check_input_shape(layer)
        if self.built:
            self._shapes.append(connect(layer, self._shapes[-1][:1]))
            self._inferred.clear()
            self._executions.clear()
            self._symbols = []
        self._layers.append(layer)
        layer.home = self if layer.home is None else layer.home
        self._by_name[layer.name] = layer
        self._calls = []
        if len(self._layers) == 1 and layer.batch_input_shape is not None:
            self.batch_input_shape = layer.batch_input_shape
            self.build(layer.batch_input_shape)

    def _name_layer(self, layer: Layer) -> None:
        """Set the number of an automatic name as Keras does: the second of a kind ends in _1."""
        if layer.given_name is None:
            plain = layer.automatic_name
            number = self._unnamed[plain]
            self._unnamed[plain] += 1
            layer.automatic_name = f"{plain}_{number}" if number else plain
            while layer.name in self._by_name:
                number += 1
                layer.automatic_name = f"{plain}_{number}"
        self._check_name(layer)

    def _check_name(self, layer: Layer) -> None:
        if layer.name in self._by_name:
            raise ArgumentError(
                f"The layers of a model must have names of their own. Received: '{layer.name}' "
                "twice."
            )

    def _check_input_shape(self, layer: Layer) -> None:
        """Raise where a layer says another input than it gets."""
        given, said = self.output_shape, layer.batch_input_shape or ()
        if len(given) != len(said) or any(
            None not in pair and pair[0] != pair[1] for pair in zip(given, said, strict=True)
        ):
            raise ShapeError(
                f"Layer '{layer.name}' must get the input that it says, {said}. Received: {given}."
            )

    def reseed(self) -> None:
        """Hand this model's seed on to its layers, after it has become part of another model."""
        for position, layer in enumerate(self._layers):
            layer.seed = (*self.seed, position)
            if isinstance(layer, Model):
                layer.reseed()

    def _connect_all(self, input_shapes: Sequence[Shape]) -> None:
        """Build all layers, behind an input of their own where none of them is one."""
        if not isinstance(self._require_layers()[0], InputLayer):
            self._head = InputLayer(batch_shape=(None,) * len(input_shapes[0]))
        self._calls = []
        super()._connect_all(input_shapes)

    def require_built(self) -> None:
        """Raise where the model has no layers, or does not know the shape of its input yet."""
        self._require_layers()
        super().require_built()

    def _require_layers(self) -> list[Layer]:
        """Return the layers, with an InputLayer; raise where there are none, as Keras does."""
        if not self._layers:
            raise ArgumentError(
                f"Model '{self.name}' must have a layer. Received: none. Use add(layer)."
            )
        return self._layers

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of the layers, one on the other."""
        if not self._calls:
            layers = self._require_layers()
            layers = layers if self._head is None else [self._head, *layers]
            self._calls = [
                Call(layer, (Source(number - 1),) if number else ())
                for number, layer in enumerate(layers)
            ]
        return self._calls

    @property
    def input_calls(self) -> Sequence[int]:
        """The number of the first call."""
        return (0,)

    @property
    def output_sources(self) -> Sequence[Source]:
        """The output of the last layer."""
        return (Source(len(self._shapes) - 1),)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without an InputLayer, as Keras gives them."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def get_config(self) -> dict[str, Any]:
        """Return what makes this model again, as Keras 3 writes it."""
        layers = self._layers
        if self.built and self._head is not None:
            layers = [InputLayer(batch_shape=self.input_shape, name=self._input_name()), *layers]
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": [write_layer(layer) for layer in layers],
        }

    def _input_name(self) -> str:
        """Return a name for the input that no layer has."""
        name = "input_layer"
        while name in self._by_name:
            name += "_"
        return name

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a model from what `get_config` gave; its weights are newly drawn."""
        config = normalize_mapping(config, "config")
        entries = config.get("layers")
        if not isinstance(entries, list):
            raise FormatError("A model's config must have a list of layers. Received: none.")
        trainable = config.get("trainable", True) is not False
        model = cls(map(read_layer, entries), config.get("name"), trainable=trainable)
        shape = config.get("build_input_shape", config.get("batch_input_shape"))
        if not model.built and isinstance(shape, list) and shape:
            model.build(normalize_shape(shape, "build_input_shape"))
        return model
