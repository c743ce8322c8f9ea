"""UnknownLayer: the place of a layer that upsamp does not know, so that a model can be listed."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from upsamp.core.arguments import Array
from upsamp.core.values import normalize_mapping, normalize_text
from upsamp.errors import ArgumentError, UnknownLayerError
from upsamp.layers.layer import Layer, MaybeShape, Shape
from upsamp.layers.shapes import snake_case


class UnknownLayer(Layer):
    """Stand for a layer that upsamp does not know: it can be listed, and not be run.

    class_name, module: what a file calls it; module may be None. config: its arguments, given
    back as they are. reason: why it is not known, or "". name, trainable: as in any layer.

    >>> layer = UnknownLayer("Lambda", "keras.layers", {"function": "..."}, "it is code", name="x")
    >>> layer
    <Lambda name=x, built=False>
    >>> layer.connect([(None, 4)])
    [None]
    """

    def __init__(
        self,
        class_name: str,
        module: str | None,
        config: Mapping[str, Any],
        reason: str,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.class_name = normalize_text(class_name, "class_name")
        self.module = module
        self.config = normalize_mapping(config, "config")
        self.reason = reason
        nothing = isinstance(reason, str) and not reason
        self.refusal = "nothing is known of it" if nothing else reason
        self.automatic_name = snake_case(self.class_name)

    @property
    def type_name(self) -> str:
        """The class that the file names."""
        return self.class_name

    @property
    def weight_paths(self) -> list[str]:
        """Where the weights were, by which they are named."""
        return [weight.name for weight in self._weights]

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Return one output, of a shape that nobody knows."""
        self.built = True
        return [None]

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Raise `UnknownLayerError`."""
        self.check_runs()

    def call(self, x: Array) -> Array:
        """Raise `UnknownLayerError`."""
        self.check_runs()

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Raise `UnknownLayerError`."""
        self.check_runs()

    def check_runs(self) -> NoReturn:
        """Raise `UnknownLayerError`."""
        home = "" if self.module is None else f" of {self.module}"
        why = f" ({self.reason})" if self.reason else ""
        raise UnknownLayerError(
            f"Layer '{self.name}' ({self.class_name}{home}) must be known to be run. Received: a "
            f"class that upsamp does not have{why}. Nothing that a file names is ever run; put a "
            "layer of upsamp in its place, or run the model in Keras."
        )

    def _values(self, index: int) -> Array:
        """Return the values of a weight that has any: none are drawn for an unknown layer."""
        weight = self._weights[index]
        if weight.value is None:
            raise ArgumentError(
                f"The {weight.name} of layer '{self.name}' must have values to be read. "
                f"Received: its shape alone, {weight.shape}."
            )
        return weight.value

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Return None: nobody knows."""
        return None

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: nobody knows."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as they were received."""
        return dict(self.config)
