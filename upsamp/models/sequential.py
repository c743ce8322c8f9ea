"""Sequential: layers one after the other."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from upsamp.core.arguments import Array, normalize_array, normalize_count
from upsamp.core.layout import own
from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import LAYERS, InputLayer, Layer
from upsamp.layers.layer import Shape, Weight, normalize_shape, snake_case
from upsamp.models.summary import Summary, layer_row

__all__ = ["Sequential"]


class Sequential(Layer):
    """Layers one after the other, as Keras' `Sequential`; itself a layer, so models nest.

    layers: the first layers, as if each were given to `add`. name: the model's name.
    seed: where the weights are drawn from; the same seed gives the same weights.

    >>> from upsamp.layers import UpSampling2D
    >>> model = Sequential([UpSampling2D(input_shape=(2, 2, 1))])
    >>> model.output_shape
    (None, 4, 4, 1)
    """

    def __init__(
        self, layers: Iterable[Layer] | None = None, name: str | None = None, *, seed: int = 0
    ) -> None:
        super().__init__(name=name)
        self.seed = (normalize_count(seed, "seed", minimum=0),)
        self._layers: list[Layer] = []
        self._shapes: list[Shape] = []
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Add a layer at the end; it is built at once where the input's shape is known."""
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"A model must be made of layers. Received: {layer!r} of type "
                f"{type(layer).__name__}; put an activation function in Activation(name)."
            )
        if any(layer is known for known in (self, *self._layers)):
            raise ArgumentError(
                f"Every layer of a model must be a layer of its own. Received: {layer!r} twice."
            )
        if layer.placed:
            self._check_name(layer)
        else:
            # A layer that stands in another model already keeps its name and its weights.
            self._name_layer(layer)
            layer.seed = (*self.seed, len(self._layers))
            layer.placed = True
            if isinstance(layer, Sequential):
                layer.reseed()
        if self.built and layer.batch_input_shape is not None:
            self._check_input_shape(layer)
        if self.built:
            layer.build(self._shapes[-1])
            self._shapes.append(layer.compute_output_shape(self._shapes[-1]))
        self._layers.append(layer)
        if len(self._layers) == 1 and layer.batch_input_shape is not None:
            self.batch_input_shape = layer.batch_input_shape
            self.build(layer.batch_input_shape)

    def _name_layer(self, layer: Layer) -> None:
        """Give an automatic name its number, as Keras does: the second of a kind ends in _1."""
        if layer.given_name is None:
            names = {known.name for known in self._layers}
            plain = snake_case(type(layer).__name__)
            number = sum(
                type(known) is type(layer) and known.given_name is None for known in self._layers
            )
            layer.automatic_name = f"{plain}_{number}" if number else plain
            while layer.name in names:
                number += 1
                layer.automatic_name = f"{plain}_{number}"
        self._check_name(layer)

    def _check_name(self, layer: Layer) -> None:
        if any(layer.name == known.name for known in self._layers):
            raise ArgumentError(
                f"The layers of a model must have names of their own. Received: '{layer.name}' "
                "twice."
            )

    def _check_input_shape(self, layer: Layer) -> None:
        """Raise where a layer says another input than it gets."""
        given, said = self._shapes[-1], layer.batch_input_shape or ()
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
            if isinstance(layer, Sequential):
                layer.reseed()

    def build(self, input_shape: Shape) -> None:
        """Build all layers for inputs of this shape, the batch included."""
        shapes = [normalize_shape(input_shape, "input_shape")]
        for layer in self._layers:
            layer.build(shapes[-1])
            shapes.append(layer.compute_output_shape(shapes[-1]))
        self._shapes = shapes
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, without an InputLayer, as Keras gives them."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @property
    def input_shape(self) -> Shape:
        """The shape of the input, the batch included as None."""
        self._require_built()
        return self._shapes[0]

    @property
    def output_shape(self) -> Shape:
        """The shape of the output, the batch included as None."""
        self._require_built()
        return self._shapes[-1]

    def _require_built(self) -> None:
        if not self.built:
            raise ArgumentError(
                f"Model '{self.name}' must know the shape of its input. Received: no layer with "
                "`input_shape`. Give it to the first layer, or call `build((None, ...))`."
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Give the shape of the output for inputs of this shape."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, x: Array) -> Array:
        """Compute the output of the last layer."""
        # What becomes of infinities is what the formulas say; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for layer in self._layers:
                x = layer.call(x)
        return x

    def __call__(self, x: object) -> Array:
        """Compute the output for all of `x` at once."""
        array = self._check_input(x)
        self.compute_output_shape(array.shape)
        return own(self.call(array), x)

    def predict(
        self,
        x: object,
        batch_size: int | None = 32,
        verbose: object = "auto",  # noqa: ARG002 - Keras has it
    ) -> Array:
        """Compute the output in batches, so that memory is bounded by the batch.

        x: (N, ...) of the model's input shape. batch_size: None is 32, as in Keras.
        verbose: taken as Keras takes it; nothing is printed. Returns float32 of shape (N, ...).

        >>> from upsamp.layers import UpSampling2D
        >>> model = Sequential([UpSampling2D(input_shape=(2, 2, 1))])
        >>> model.predict(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)).reshape(4, 4)
        array([[1., 1., 2., 2.],
               [1., 1., 2., 2.],
               [3., 3., 4., 4.],
               [3., 3., 4., 4.]], dtype=float32)
        """
        size = normalize_count(32 if batch_size is None else batch_size, "batch_size")
        array = self._check_input(x)
        shape = tuple(axis for axis in self.compute_output_shape(array.shape) if axis is not None)
        check_memory(shape, self.dtype, "The output")
        result = np.empty(shape, self.dtype)
        for start in range(0, len(array), size):
            result[start : start + size] = self.call(array[start : start + size])
        return result

    def _check_input(self, x: object) -> Array:
        """Give `x` as an array of the model's dtype that fits its input shape."""
        array = normalize_array(x, "x", tuple(range(1, 33)))
        if not self.built:
            self.build((None, *array.shape[1:]))
        expected = (None, *self.input_shape[1:])
        fits = len(array.shape) == len(expected) and all(
            wanted in (None, length) for wanted, length in zip(expected, array.shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"The input of model '{self.name}' must have shape {expected}. "
                f"Received: shape {array.shape}."
            )
        return array.astype(self.dtype, copy=False)

    @property
    def weights(self) -> list[Weight]:
        """What is known of the weights of all layers, in their order."""
        return [weight for layer in self._layers for weight in layer.weights]

    def count_params(self) -> int:
        """Count the values of all weights; none are drawn for that."""
        self._require_built()
        return super().count_params()

    def count_trainable_params(self) -> int:
        """Count the values that training would change: none of a layer that is not trainable."""
        return sum(layer.count_trainable_params() for layer in self._layers if self.trainable)

    def get_weights(self) -> list[Array]:
        """Give copies of the weights of all layers, in their order."""
        return [values for layer in self._layers for values in layer.get_weights()]

    def get_config(self) -> dict[str, Any]:
        """Give what makes this model again: each layer's class name and config."""
        return {
            "name": self.name,
            "layers": [
                {"class_name": type(layer).__name__, "config": layer.get_config()}
                for layer in self._layers
            ],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a model from what `get_config` gave; its weights are drawn anew."""
        known: dict[str, type[Layer]] = {**LAYERS, "Sequential": Sequential}
        return cls(
            (known[layer["class_name"]].from_config(layer["config"]) for layer in config["layers"]),
            config["name"],
        )

    def summarize(self) -> Summary:
        """Give the model's summary as data."""
        self._require_built()
        rows = tuple(
            layer_row(layer, shape)
            for layer, shape in zip(self._layers, self._shapes[1:], strict=True)
            if not isinstance(layer, InputLayer)
        )
        trainable = self.count_trainable_params()
        fixed = self.count_params() - trainable
        return Summary(self.name, rows, trainable, fixed, self.dtype.itemsize)

    def summary(self) -> None:
        """Print the model's layers, their output shapes and their parameters."""
        print(self.summarize())
