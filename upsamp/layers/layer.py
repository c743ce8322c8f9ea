"""What every layer is: a name, a contract on shapes, and weights that are drawn when needed."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from inspect import signature
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from upsamp.core.arguments import (
    Array,
    normalize_array,
    normalize_count,
)
from upsamp.core.dtypes import compute_dtype
from upsamp.core.geometry.reach import same_positions
from upsamp.core.initializers import InitializerLike, get_initializer
from upsamp.core.layout import own
from upsamp.core.literals import shorten
from upsamp.core.memory import check_memory
from upsamp.core.policies import Policy, normalize_policy
from upsamp.core.text import first_line
from upsamp.core.values import (
    as_list,
    normalize_flag,
    normalize_mapping,
    normalize_number,
    spelled,
)
from upsamp.errors import ArgumentError, DtypeError, ShapeError, UnknownLayerError
from upsamp.layers.effect import Nature
from upsamp.layers.options import training_options
from upsamp.layers.shapes import MaybeShape, Shape, normalize_shape, snake_case
from upsamp.layers.symbolic import SymbolicTensor, call_layer, symbols_of
from upsamp.layers.weight import Weight

__all__ = [
    "RANKS",
    "Layer",
    "MaybeShape",
    "Shape",
    "Weight",
    "normalize_config",
    "normalize_shape",
    "snake_case",
]

LONGEST_NAME = 1000
# What weights are called that training does not change, in files of Keras 2.
NOT_TRAINED = {
    *("moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev"),
    *("sn_u", "u", "vector_u", "seed_generator_state"),
}
_made = count()
# Those of an input, whose first axis is the batch.
RANKS = tuple(range(1, 33))


def normalize_config(config: object, layer: Callable[..., object]) -> dict[str, Any]:
    """Return the arguments that make a layer of that class; none of them is looked at.

    >>> normalize_config({"name": "first"}, Layer)
    {'name': 'first'}
    """
    arguments = normalize_mapping(config, "config")
    try:
        _signature(layer).bind(**arguments)
    except TypeError as error:
        raise ArgumentError(
            f"`config` must have the arguments of {layer.__name__}. Received: {first_line(error)}."
        ) from None
    return arguments


_signature = cache(signature)


def _checked(compute: Callable[[Any, Any], Array]) -> Callable[[Any, Any], Array]:
    """Return `call` as others may call it: on anything, of which it takes what fits."""

    @wraps(compute)
    def call(self: Layer, x: object) -> Array:
        # What becomes of infinities is what the formulas say; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            taken = self.take_input(x)
            with self.named():
                return self.rounded(compute(self, taken))

    return call


class Layer:
    """The root of all layers.

    name: how the layer is called in a summary; by default its class in snake case, numbered in a
    model. dtype: the float type that inputs and weights have, or one of Keras' policies, such as
    "mixed_bfloat16"; see `upsamp.core.policies`. trainable: whether training would change its
    weights. input_shape (without the batch), batch_input_shape (with it) or input_dim
    (one axis): the shape of the input, given to the first layer of a model. Options of Keras that
    act in training alone, such as `kernel_regularizer`, are taken and have no effect.

    A subclass gives `output_shape_for` and `call`, and `create_weights` where it has weights.
    """

    rank: ClassVar[int | None] = None
    # What is known of the output of `call`: a class with a `call` of its own says it again.
    nature: Nature = Nature.OTHER
    # Whether kernels may be whole numbers of 8 bits.
    takes_int8: ClassVar[bool] = False
    # Options of Keras with the values at which they ask for nothing; () takes any value.
    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = {}
    # Weights that an option leaves out; Keras has None in their place.
    optional_weights: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "nature" not in vars(cls) and {"call", "compute", "merge"} & vars(cls).keys():
            cls.nature = Nature.OTHER
        if "call" in vars(cls):
            # Whoever has checked the input already, as a model has, goes round the check.
            cls.unchecked_call = cls.call
            cls.call = _checked(cls.call)  # type: ignore[method-assign,assignment]

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        **more: object,
    ) -> None:
        self.training_options = training_options(type(self).__name__, more, self.idle_options)
        if name is not None and not (
            isinstance(name, str) and name and name.isprintable() and len(name) <= LONGEST_NAME
        ):
            raise ArgumentError(
                f"`name` must be text on one line of at most {LONGEST_NAME} characters. "
                f"Received: name={spelled(name)}."
            )
        self.given_name = name
        # In which order layers were made, by which Keras numbers automatic names.
        self.made = next(_made)
        self.automatic_name = snake_case(type(self).__name__)
        self.dtype_policy: Policy = normalize_policy(dtype)
        if self.dtype_policy.quantized and not self.takes_int8:
            raise ArgumentError(
                f"`dtype` of {type(self).__name__} must be a float type. Received: "
                f"dtype={self.dtype_policy.name!r}."
            )
        # By what the product of two small kernels is multiplied that is added to the kernel, over
        # their rank; None for the rank itself.
        alpha = more.get("lora_alpha")
        self.lora_alpha = None if alpha is None else normalize_number(alpha, "lora_alpha")
        self.trainable = normalize_flag(trainable, "trainable")
        self.built = False
        self.seed: tuple[int, ...] = (0,)
        self.placed = False
        # Its calls on symbolic tensors, as inputs and outputs; and the model that it is first in.
        self.nodes: list[tuple[Sequence[SymbolicTensor], list[SymbolicTensor]]] = []
        self.home: Layer | None = None
        # The shapes of the inputs as a file tells them, for where they cannot be computed.
        self.recorded_shapes: tuple[Shape, ...] = ()
        # Of a layer from a file: whether it is not known yet that it takes its input, and if it
        # does not, why it cannot be run.
        self.unproven = False
        self.refusal = ""
        # What Keras calls the operation that this layer stands for in a model, if it does, and
        # the arguments that it has there.
        self.operation: str | None = None
        self.operation_options: Mapping[str, Any] = {}
        self._weights: list[Weight] = []
        self.batch_input_shape: Shape | None = None
        if input_dim is not None:
            self.batch_input_shape = (None, normalize_count(input_dim, "input_dim"))
        elif input_shape is not None:
            self.batch_input_shape = (None, *normalize_shape(input_shape, "input_shape"))
        elif batch_input_shape is not None:
            self.batch_input_shape = normalize_shape(batch_input_shape, "batch_input_shape")

    def __repr__(self) -> str:
        return f"<{self.type_name} name={self.name}, built={self.built}>"

    @property
    def name(self) -> str:
        """The name that was given, or the automatic one."""
        return self.automatic_name if self.given_name is None else self.given_name

    @property
    def type_name(self) -> str:
        """The name of the class, as Keras has it."""
        return type(self).__name__

    @property
    def layers(self) -> list["Layer"]:
        """The layers within: those of a model; any other layer has none."""
        return []

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The float type of inputs, weights and outputs; float16 is computed in float32."""
        return self.dtype_policy.compute

    # --- the contract of a subclass; a refusal begins with "must", as the name comes before it

    def create_weights(self, input_shape: Shape) -> None:
        """Say which weights there are for inputs of this shape, the batch included."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of this shape, the batch included."""
        return input_shape

    def call(self, x: Array) -> Array:
        """Compute the output for an array of a checked shape, of the type that is computed in.

        A caller may hand over any array of a shape that fits the layer as it was built.
        """
        raise UnknownLayerError(f"{type(self).__name__} must define `call`.")

    unchecked_call = call

    # What a summary asks; a subclass answers where its kernel or its geometry says otherwise.

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count the products of kernels with values that one sample takes.

        Both shapes include the batch. Layers without kernels count nothing: not normalisations,
        activations, interpolations or sums. None: an axis that the count depends on is unknown.

        >>> Layer().multiply_adds((None, 7, 7, 8), (None, 7, 7, 8))
        0
        """
        return 0

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the first and the last input position that each output position depends on.

        axis: 0 for the rows of images, 1 for their columns. length: the positions of the input
        there. An output that depends on no input has a first that is larger than its last.
        None: the output has no positions, or the layer is not known to keep them.

        >>> [positions.tolist() for positions in Layer().reach(0, 3)]
        [[0, 1, 2], [0, 1, 2]]
        """
        return same_positions(length)

    def overlap(self) -> str | None:
        """Tell how the kernels of a transposed convolution overlap away from the edges.

        "even": every output is a sum of as many products; "uneven": not so, which shows as a
        checkerboard; "holes": some outputs are no sum at all. None: this is another layer.
        """
        return None

    def checkerboard(self) -> float | None:
        """Return how unevenly the weights of a layer that upsamples treat the phases of its stride.

        It is what `kernel_unevenness` tells of the kernel: 0 where a constant stays one. None: the
        layer is another one; not a number: it has no weights yet, or nothing becomes of a constant.
        """
        return None

    # --- what all layers do alike

    @property
    def input(self) -> Any:
        """The symbolic input of the first call, or a list of several, as Keras has it."""
        return _one_or_several(self._node()[0])

    @property
    def output(self) -> Any:
        """The symbolic output of the first call, or a list of several, as Keras has it."""
        return _one_or_several(self._node()[1])

    def _node(self) -> tuple[Sequence[SymbolicTensor], Sequence[SymbolicTensor]]:
        """Return inputs and outputs of the first symbolic call, or of that in a model."""
        if self.nodes:
            return self.nodes[0]
        if self.home is None:
            raise ArgumentError(
                "A layer must be called, or be in a model, to have an output. "
                f"Received: layer '{self.name}' ({self.type_name})."
            )
        return self.home.node_of(self)

    def node_of(self, layer: "Layer") -> tuple[Sequence[SymbolicTensor], Sequence[SymbolicTensor]]:
        """Return inputs and outputs of the first call of a layer; a model has such."""
        raise UnknownLayerError(f"{type(self).__name__} must define `node_of`.")

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: symbolic tensors, which lead to all others, are made again."""
        return {**vars(self), "nodes": []}

    @contextmanager
    def named(self) -> Iterator[None]:
        """Say in an error which layer it comes from."""
        try:
            yield
        except (ArgumentError, DtypeError) as error:
            who = f"Layer '{self.name}' ({self.type_name})"
            if str(error).startswith(who):  # which was said within
                raise
            joint = " " if str(error).startswith("must ") else ": "
            raise type(error)(f"{who}{joint}{error}") from error

    def build(self, input_shape: Shape) -> None:
        """Settle the weights for inputs of this shape, the batch included; only the first time."""
        if self.built:
            return
        shape = self._normalize_shape(input_shape)
        with self.named():
            self.check_rank(shape)
            self.output_shape_for(shape)
            self.create_weights(shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of this shape, the batch included."""
        return self._output_shape(self._normalize_shape(input_shape))

    def _normalize_shape(self, input_shape: object) -> Shape:
        """Return a shape of inputs, which has the batch at least."""
        with self.named():
            shape = normalize_shape(input_shape, "input_shape")
            if not shape:
                raise ShapeError("must have an input with a batch. Received: shape ().")
            return shape

    def _output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of a shape in its normal form."""
        with self.named():
            self.check_rank(input_shape)
            return self.output_shape_for(input_shape)

    # What a model asks of its layers, which may have several inputs and outputs.

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Build the layer for inputs of these shapes, and return the shapes of its outputs."""
        with self.named():
            self.check_single(input_shapes)
        self.build(input_shapes[0])
        return [self._output_shape(input_shapes[0])]

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Compute the outputs for arrays of shapes that `connect` took."""
        return [self.rounded(self.unchecked_call(self.widened(inputs[0])))]

    def widened(self, x: Array) -> Array:
        """Return an input in the layer's dtype, as it is computed with: float16 in float32."""
        return x.astype(self.dtype, copy=False).astype(compute_dtype(self.dtype), copy=False)

    def rounded(self, result: Array) -> Array:
        """Return what was computed in the layer's dtype: what float16 does not hold is infinite."""
        return result.astype(self.dtype, copy=False)

    def change(self, block: Array) -> None:
        """Compute the output in place of the input, where each value depends on itself alone."""
        block[...] = self.unchecked_call(block)

    def refuse(self, error: Exception) -> None:
        """Keep a layer of a file to be listed alone: this input it does not take."""
        text = first_line(error)
        who = f"Layer '{self.name}' ({self.type_name})"
        self.refusal = shorten(text.removeprefix(who).lstrip(": ").removesuffix("."))

    def check_runs(self) -> None:
        """Raise `UnknownLayerError` for a layer of a file that cannot be run."""
        if self.refusal:
            raise UnknownLayerError(
                f"Layer '{self.name}' ({self.type_name}) must take its input to be run. Received: "
                f"one that it does not take ({self.refusal}). Run the model in Keras."
            )

    def check_single(self, inputs: Sequence[object]) -> None:
        """Raise `ShapeError` where a layer of one input gets several."""
        if len(inputs) != 1:
            raise ShapeError(f"must have one input. Received: {len(inputs)} inputs.")

    def __call__(self, inputs: object, *, training: bool | None = None) -> Any:
        """Compute the output: the layer is built for the shape of the inputs when it is not yet.

        inputs: an array; or a symbolic tensor, such as `Input` returns, for which a symbolic tensor
        is returned. training: whether the layer acts as in training; no weight is changed, and what
        is random is drawn from the layer's seed.
        """
        with self.named():
            trains = self.acts_in_training(training)
            symbols = symbols_of(inputs)
            if symbols is not None:
                return call_layer(self, symbols, training)
            array = normalize_array(inputs, "inputs", RANKS)
            self.check_rank(array.shape)
        self.build((None, *array.shape[1:]))
        if not trains:
            return own(self.call(array), inputs)
        with self.named(), np.errstate(invalid="ignore", over="ignore"):
            generator = np.random.default_rng(self.seed)
            return own(self.train([self.take_input(array)], generator)[0], inputs)

    def acts_in_training(self, training: object) -> bool:
        """Tell whether `training` asks for other outputs than those of a prediction.

        Raises `ArgumentError` where these would come with other weights.
        """
        asked = training is not None and normalize_flag(training, "training")
        if asked and self.training_effect == "weights":
            raise ArgumentError(
                "`training` must be False, as training would change the weights. "
                "Received: training=True."
            )
        return asked and self.training_effect != ""

    @property
    def training_effect(self) -> str:
        """What training changes: "random" values, the "batch", the "weights", or "" for nothing."""
        return ""

    def train(self, inputs: Sequence[Array], generator: np.random.Generator) -> list[Array]:
        """Compute the outputs as in training, where that differs: see `training_effect`.

        generator: what random values are drawn from.
        """
        return self.compute(inputs)

    def take_input(self, x: object) -> Any:
        """Return what `call` computes with: an array of a shape that fits, widened."""
        with self.named():
            array = normalize_array(x, "inputs", RANKS)
        shape = self._output_shape(array.shape)
        check_memory([axis or 1 for axis in shape], self.dtype, "The output")
        return self.widened(array)

    def check_rank(self, input_shape: Shape) -> None:
        """Raise `ShapeError` where the layer takes inputs of another rank."""
        if self.rank is not None and len(input_shape) != self.rank:
            raise ShapeError(
                f"must have an input of rank {self.rank}, the batch included. "
                f"Received: shape {input_shape}."
            )

    def check_axis(self, input_shape: Shape, axis: int) -> int:
        """Return the length of an axis that the weights depend on, which so must be known."""
        length = input_shape[axis]
        if length is None:
            raise ShapeError(
                f"must know axis {axis} of its input to size its weights. "
                f"Received: shape {input_shape}."
            )
        return length

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: InitializerLike,
        *,
        trainable: bool = True,
    ) -> Weight:
        """Say that there is a weight; its values are drawn when they are first wanted."""
        stored = self.dtype_policy.variable
        weight = Weight(name, shape, initializer, trainable, stored, draw=self._draw)
        self._weights.append(weight)
        return weight

    def adopt_weights(self, weights: Mapping[str, object]) -> None:
        """Take weights of any names and shapes, each as an array, or as a shape alone.

        That is for a layer whose own weights are not known, as its input's shape is not.

        >>> layer = Layer()
        >>> layer.adopt_weights({"kernel": np.ones((3, 4)), "bias": (4,)})
        >>> layer.count_params()
        16
        """
        self._weights = []
        for place, (name, value) in enumerate(weights.items()):
            trained = self.trains_weight(name, place - len(weights))
            if isinstance(value, np.ndarray):
                dtype = value.dtype.name
                trained = trained and value.dtype.kind == "f"
                self._weights.append(Weight(name, value.shape, "zeros", trained, dtype, value))
                continue
            lengths = tuple(normalize_count(axis, name) for axis in normalize_shape(value, name))
            self._weights.append(Weight(name, lengths, "zeros", trained, draw=self._draw))

    def trains_weight(self, name: str, place: int) -> bool:
        """Tell whether training changes a weight that a file has for a layer that is not built.

        place: among the weights of the layer, from the end: -1 is the last one.
        """
        return re.sub(r"(_\d+)?(:\d+)?$", "", name.rpartition("/")[2]) not in NOT_TRAINED

    if not TYPE_CHECKING:  # the weights of a class are declared in it

        def __getattr__(self, name: str) -> Weight | None:
            """Return a weight by Keras' name: None where an option leaves it out."""
            # What is asked of a copy comes before anything is in it.
            state = vars(self)
            for weight in state.get("_weights", ()):
                if weight.name == name:
                    return weight
            if name in type(self).optional_weights and state.get("built"):
                return None
            raise AttributeError(
                f"'{type(self).__name__}' has no attribute '{name}'. "
                "Weights are there after build((None, ...)), or after the first call."
            )

    def __setattr__(self, name: str, value: object) -> None:
        weights = () if isinstance(value, Weight) else vars(self).get("_weights", ())
        if any(weight.name == name for weight in weights):
            raise AttributeError(
                f"A weight must be changed by assign. Received: {name} = ... of layer "
                f"'{self.name}' ({self.type_name}). Use layer.{name}.assign(values)."
            )
        super().__setattr__(name, value)

    @property
    def weights(self) -> list[Weight]:
        """What is known of the weights, in Keras' order."""
        return list(self._weights)

    @property
    def variables(self) -> list[Weight]:
        """The weights: a prediction has no other variables."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Weight]:
        """What training would change: nothing while `trainable` is False."""
        return [one for one in self.weights if one.trainable and self.trainable]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """What training would not change."""
        trained = set(map(id, self.trainable_weights))
        return [one for one in self.weights if id(one) not in trained]

    @property
    def weight_paths(self) -> list[str]:
        """Where Keras 3 keeps each of the weights, below the layer's group of a file."""
        return [f"vars/{number}" for number in range(len(self._weights))]

    def stored_weights(self) -> dict[str, Array]:
        """Return the values by where Keras 3 keeps them."""
        return dict(zip(self.weight_paths, self.get_weights(), strict=True))

    def weight(self, name: str) -> Array:
        """Return the values of one weight, read-only, drawn now if they were not wanted before."""
        names = [weight.name for weight in self._weights]
        if isinstance(name, str) and name in names:
            return self._values(names.index(name))
        raise ArgumentError(
            f"Layer '{self.name}' ({self.type_name}) must have the weight to compute with it. "
            f"Received: no {spelled(name)}. Call build((None, ...)) first, or the layer itself."
        )

    def _draw(self, weight: Weight) -> Array:
        """Return the values of one of the weights, drawn now."""
        return self._values([one is weight for one in self._weights].index(True))

    def _values(self, index: int) -> Array:
        weight = self._weights[index]
        if weight.value is None:
            check_memory(weight.shape, self.dtype, f"The {weight.name} of layer '{self.name}'")
            # A seed for each weight: its values do not depend on what was drawn before.
            values = get_initializer(weight.initializer)(weight.shape, (*self.seed, index))
            weight.put(values)
        return cast("Array", weight.value)

    def get_weights(self) -> list[Array]:
        """Return copies of the weights, in Keras' order."""
        return [self._values(index).copy() for index in range(len(self._weights))]

    def set_weights(self, weights: Sequence[object]) -> None:
        """Set all weights, given in Keras' order and shapes."""
        known = self.weights
        given = as_list(weights, most=len(known))
        if given is None:
            raise ArgumentError(
                f"`weights` must be a list of {len(known)} arrays. "
                f"Received: weights={spelled(weights)}."
            )
        arrays = [normalize_array(value, "weights", tuple(range(33))) for value in given]
        shapes = [weight.shape for weight in known]
        if [array.shape for array in arrays] != shapes:
            raise ShapeError(
                f"The weights of '{self.name}' must be arrays of the shapes {shapes}. "
                f"Received: arrays of the shapes {[array.shape for array in arrays]}."
            )
        for weight, array in zip(known, arrays, strict=True):
            weight.put(array)

    def count_params(self) -> int:
        """Count the values of all weights; none are drawn for that."""
        return sum(weight.size for weight in self.weights)

    def count_trainable_params(self) -> int:
        """Count the values that training would change."""
        return sum(weight.size for weight in self.trainable_weights)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again, as Keras names them."""
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype_policy.name,
            **self.training_options,
        }
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = self.batch_input_shape
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` gave."""
        return cls(**normalize_config(config, cls))


def _one_or_several(tensors: Sequence[SymbolicTensor]) -> Any:
    return tensors[0] if len(tensors) == 1 else [*tensors]
