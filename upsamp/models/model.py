"""What every model is: layers called on each other, which predict, count and are found by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from os import PathLike
from typing import Any, Self, cast

import numpy as np

from upsamp.core.arguments import Array, normalize_count
from upsamp.core.layout import own
from upsamp.core.memory import check_memory
from upsamp.core.spelling import spelling_remedy
from upsamp.core.values import as_integer, ask, each, normalize_flag, normalize_path, spelled
from upsamp.errors import ArgumentError, ShapeError, UnknownLayerError
from upsamp.layers import Layer
from upsamp.layers.layer import MaybeShape, Shape, Weight, normalize_shape
from upsamp.layers.symbolic import SymbolicTensor, call_layer, symbols_of
from upsamp.models.config.graph_config import Structure, unpack
from upsamp.models.execution import Execution
from upsamp.models.graph import Call, Source, infer, output_of
from upsamp.models.inputs import arrange_inputs, check_inputs, gather_inputs
from upsamp.models.registry import model_class
from upsamp.models.summary.summarizing import summarize
from upsamp.models.summary.summary import Summary
from upsamp.models.symbolic_graph import symbols_of_calls

__all__ = ["Model", "unknown_layers"]


class Model(Layer):
    """A graph of layers; itself a layer, so models nest.

    Model(inputs, outputs) makes a `Functional` of symbolic tensors, as in Keras. A model is read
    from a file by `upsamp.load_model`. It takes one array or several, and gives one or several;
    see `predict`.
    """

    def __new__(cls, *_: object, **__: object) -> Self:
        """Return a `Functional` for Model(inputs, outputs), as Keras does."""
        return super().__new__(
            cast("type[Self]", model_class("Functional")) if cls is Model else cls
        )

    def __init__(
        self,
        inputs: object = None,  # noqa: ARG002 - these two are for Functional, see above
        outputs: object = None,  # noqa: ARG002
        name: str | None = None,
        *,
        seed: int = 0,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.seed = (normalize_count(seed, "seed", minimum=0),)
        self._shapes: list[list[MaybeShape]] = []
        self._inferred: dict[tuple[Shape, ...], list[MaybeShape]] = {}
        self._executions: dict[bool, Execution] = {}
        self._symbols: list[list[SymbolicTensor]] = []
        self._generator: np.random.Generator | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: symbolic tensors are made again."""
        return {**super().__getstate__(), "_symbols": []}

    # --- what a kind of model says of itself

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of the layers, each after those that it depends on."""
        raise UnknownLayerError(f"{type(self).__name__} must define `calls`.")

    @property
    def input_calls(self) -> Sequence[int]:
        """The numbers of the calls that are the model's inputs, in their order."""
        raise UnknownLayerError(f"{type(self).__name__} must define `input_calls`.")

    @property
    def output_sources(self) -> Sequence[Source]:
        """Where the model's outputs come from."""
        raise UnknownLayerError(f"{type(self).__name__} must define `output_sources`.")

    @property
    def all_layers(self) -> list[Layer]:
        """The layers with every input, each once."""
        return list({id(call.layer): call.layer for call in self.calls}.values())

    def reseed(self) -> None:
        """Hand this model's seed on to its layers, after it has become part of another model."""
        raise UnknownLayerError(f"{type(self).__name__} must define `reseed`.")

    # --- layers and shapes

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once."""
        return self.all_layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of that name, or of that place among `layers`.

        "outer/inner" names a layer of a nested model.

        >>> from upsamp import make_generator
        >>> make_generator("transpose").get_layer("dense").count_params()
        323200
        """
        if index is not None:
            place = as_integer(index)
            if place is None or not -len(self.layers) <= place < len(self.layers):
                raise ArgumentError(
                    f"`index` must be less than the {len(self.layers)} layers of model "
                    f"'{self.name}'. Received: index={spelled(index)}."
                )
            return self.layers[place]
        head, _, rest = (name if isinstance(name, str) else "").partition("/")
        found = next((layer for layer in self.all_layers if layer.name == head), None)
        if found is not None and rest and isinstance(found, Model):
            return found.get_layer(rest)
        if found is None or rest:
            remedy = spelling_remedy(
                name if isinstance(name, str) else "", [layer.name for layer in self.all_layers]
            )
            raise ArgumentError(
                f"`name` must be that of a layer of model '{self.name}'. "
                f"Received: name={spelled(name)}. {remedy}"
            )
        return found

    @property
    def input_layers(self) -> list[Layer]:
        """The layers that the model's inputs are given to."""
        return [self.calls[number].layer for number in self.input_calls]

    def symbolic_outputs(self) -> list[list[SymbolicTensor]]:
        """Return the outputs of every call as symbolic tensors, made when they are first wanted."""
        self.require_built()
        if not self._symbols:
            self._symbols = symbols_of_calls(self.calls, self._shapes)
        return self._symbols

    def node_of(self, layer: Layer) -> tuple[Sequence[SymbolicTensor], Sequence[SymbolicTensor]]:
        """Return the symbolic inputs and outputs of the first call of a layer."""
        found = self.symbolic_outputs()
        number = next(i for i, call in enumerate(self.calls) if call.layer is layer)
        sources = self.calls[number].sources
        return [found[one.call][one.output] for one in sources], found[number]

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The inputs as symbolic tensors, of which other models can be made.

        >>> from upsamp.models.generator import make_generator
        >>> base = make_generator("transpose")
        >>> Model(base.inputs, base.get_layer("reshape").output).output_shape
        (None, 5, 5, 128)
        """
        found = self.symbolic_outputs()
        return [found[number][0] for number in self.input_calls]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The outputs as symbolic tensors, of which other models can be made."""
        found = self.symbolic_outputs()
        return [found[source.call][source.output] for source in self.output_sources]

    @property
    def input(self) -> Any:
        """The input as a symbolic tensor, or a list of several."""
        return self.inputs if len(self.inputs) > 1 else self.inputs[0]

    @property
    def output(self) -> Any:
        """The output as a symbolic tensor, or several in the model's structure."""
        return self.arranged([*self.outputs])

    @property
    def input_keys(self) -> tuple[str, ...]:
        """The keys of a dictionary that the model takes its inputs in, or none."""
        return ()

    @property
    def input_structure(self) -> Structure:
        """The numbers of the inputs in the lists that the model takes them in; 0 for one list."""
        return 0

    @property
    def input_names(self) -> list[str]:
        """What a dictionary names the inputs by."""
        return list(self.input_keys) or [layer.name for layer in self.input_layers]

    @property
    def input_shapes(self) -> list[Shape]:
        """The shapes of all inputs, the batch included as None."""
        self.require_built()
        return [
            # Of text, which no array holds here, the shape is as the layer says it.
            shape or self.calls[number].layer.batch_input_shape or ()
            for number in self.input_calls
            for shape in self._shapes[number]
        ]

    @property
    def output_shapes(self) -> list[MaybeShape]:
        """The shapes of all outputs, the batch included as None; None where one is not known."""
        self.require_built()
        return [self.shape_of(source) for source in self.output_sources]

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input, the batch included as None."""
        return self.input_shapes[0]

    @property
    def output_shape(self) -> Shape:
        """The shape of the first output, the batch included as None."""
        shape = self.output_shapes[0]
        if shape is None:
            raise ShapeError(
                f"Model '{self.name}' must be of known layers for its output shape to be known. "
                "Received: a layer that upsamp does not have."
            )
        return shape

    def shape_of(self, source: Source) -> MaybeShape:
        """Return the shape of one output of one call, or None where it cannot be known."""
        return output_of(self._shapes, source)

    def shapes_of(self, number: int) -> list[MaybeShape]:
        """Return the shapes of all outputs of one call; [None] while the model is not built."""
        return list(self._shapes[number]) if self.built else [None]

    def require_built(self) -> None:
        """Raise where the model does not know the shape of its input yet."""
        if not self.built:
            raise ArgumentError(
                f"Model '{self.name}' must know the shape of its input. Received: no layer with "
                "`input_shape`. Give it to the first layer, or call `build((None, ...))`."
            )

    def build(self, input_shape: Shape) -> None:
        """Build all layers for inputs of this shape, the batch included."""
        self._connect_all([normalize_shape(input_shape, "input_shape")])

    def _connect_all(self, input_shapes: Sequence[Shape]) -> None:
        given = dict(zip(self.input_calls, input_shapes, strict=True))
        self._shapes = infer(self.calls, given)
        self._inferred.clear()
        self._executions.clear()
        self._symbols = []
        self.built = True

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Return the shapes of the outputs for inputs of these shapes; built if it is not yet."""
        with self.named():
            if len(input_shapes) != len(self.input_calls):
                raise ShapeError(
                    f"must have {len(self.input_calls)} inputs. Received: {len(input_shapes)}."
                )
        if not self.built:
            self._connect_all([(None, *shape[1:]) for shape in input_shapes])
        key = tuple(input_shapes)
        if key not in self._inferred:
            # Models within models are called often: what was computed once is kept.
            shapes = infer(self.calls, dict(zip(self.input_calls, key, strict=True)))
            self._inferred[key] = [output_of(shapes, source) for source in self.output_sources]
        return [*self._inferred[key]]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the first output for an input of this shape."""
        return self.connect([normalize_shape(input_shape, "input_shape")])[0] or self.output_shape

    # --- values

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Compute all outputs for arrays of shapes that `connect` took."""
        return self.run(inputs, self._noise())

    def run(
        self, inputs: Sequence[Array], generator: np.random.Generator, *, training: bool = False
    ) -> list[Array]:
        """Compute all outputs; training: as in training, where calls within do not say.

        generator: what is drawn from that layers add in training.
        """
        if training not in self._executions:
            shapes = [array.shape for array in inputs]
            self._executions[training] = Execution(
                self.calls, self.input_calls, self.output_sources, shapes, training=training
            )
        return self._executions[training].run(inputs, generator)

    def _noise(self) -> np.random.Generator:
        if self._generator is None:
            self.seed_noise(self.seed[0])
        return cast("np.random.Generator", self._generator)

    def seed_noise(self, seed: int) -> None:
        """Draw what layers add in training from this seed on; by default it is the model's."""
        self._generator = np.random.default_rng(normalize_count(seed, "seed", minimum=0))

    def __call__(self, inputs: object, *, training: bool | None = None) -> Any:
        """Compute the output for all samples at once; a list where there are several outputs.

        inputs: as `predict` takes them, or symbolic tensors. training: whether its layers act as in
        training; no weight is changed.
        """
        with self.named():
            trains = training is not None and normalize_flag(training, "training")
            inputs = unpack(self.input_structure, inputs)
            symbols = symbols_of(inputs)
        if symbols is not None:
            given = arrange_inputs(inputs, self.input_names, self.name, None)
            return call_layer(self, given, training)
        arrays = self.take_inputs(inputs)
        self.connect([array.shape for array in arrays])
        return self.arranged(self._compute_owned(arrays, training=trains))

    def call(self, x: Any) -> Any:
        """Compute the output for all of `x` at once, as the model itself does when it is called."""
        return self(x)

    def take_input(self, x: object) -> Any:
        """Return the input as it is: to call the model checks it."""
        return x

    def rounded(self, result: Any) -> Any:
        """Return one output or several as they are: the layers have rounded them."""
        return result

    def _compute_owned(self, arrays: Sequence[Array], *, training: bool = False) -> list[Array]:
        """Compute all outputs, which share no memory with the inputs."""
        # What becomes of infinities is what the formulas say; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            results = self.run(arrays, self._noise(), training=training)
        for array in arrays:
            results = [own(result, array) for result in results]
        return results

    def arranged(self, results: list[Any]) -> Any:
        """Return the one output, or the list of several."""
        return results if len(self.output_sources) > 1 else results[0]

    def predict(
        self,
        x: object,
        batch_size: int | None = 32,
        verbose: object = "auto",  # noqa: ARG002 - Keras has it
    ) -> Any:
        """Compute the output in batches, so that memory is bounded by the batch.

        x: (N, ...) of the model's input shape; of a model of several inputs a list of them, or a
        dictionary by the names of its input layers. batch_size: None is 32, as in Keras.
        verbose: taken as Keras takes it; nothing is printed. Returns float32 of shape (N, ...), or
        a list of such arrays where the model has several outputs.

        >>> from upsamp import Sequential
        >>> from upsamp.layers import UpSampling2D
        >>> model = Sequential([UpSampling2D(input_shape=(2, 2, 1))])
        >>> model.predict(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)).reshape(4, 4)
        array([[1., 1., 2., 2.],
               [1., 1., 2., 2.],
               [3., 3., 4., 4.],
               [3., 3., 4., 4.]], dtype=float32)
        """
        arrays = self.take_inputs(x)
        size = normalize_count(32 if batch_size is None else batch_size, "batch_size")
        for shape in self.connect([array.shape for array in arrays]):
            known = tuple(axis for axis in shape or () if axis is not None)
            check_memory(known, self.dtype, "The output")
        if len(arrays[0]) <= size:
            return self.arranged(self._compute_owned(arrays))
        results: list[Array] = []
        start = 0
        for part in self._batches(arrays, size):
            if not results:
                results = [np.empty((len(arrays[0]), *one.shape[1:]), one.dtype) for one in part]
            for result, one in zip(results, part, strict=True):
                result[start : start + len(one)] = one
            start += len(part[0])
        return self.arranged(results)

    def predict_batches(self, x: object, batch_size: int | None = 32) -> Iterator[list[Array]]:
        """Compute the outputs batch by batch, for what is more than memory holds."""
        size = normalize_count(32 if batch_size is None else batch_size, "batch_size")
        arrays = self.take_inputs(x)
        self.connect([array.shape for array in arrays])
        yield from self._batches(arrays, size)

    def _batches(self, arrays: Sequence[Array], size: int) -> Iterator[list[Array]]:
        """Compute the outputs for this many samples at a time."""
        for start in range(0, len(arrays[0]), size):
            with np.errstate(invalid="ignore", over="ignore"):
                yield self.compute([array[start : start + size] for array in arrays])

    def take_inputs(self, x: object) -> list[Array]:
        """Return the arrays of all inputs, checked, from one array, a list or a dictionary."""
        rank = len(self.input_shape) if self.built else None
        names = self.input_names
        layers = [layer.name for layer in self.input_layers]
        x = unpack(self.input_structure, x)
        given = ask(lambda: set(x)) if isinstance(x, Mapping) else None
        if given is not None and not given <= set(names) and given <= set(layers):
            names = layers
        arrays = gather_inputs(x, names, self.name, rank)
        if not self.built:
            self.build((None, *arrays[0].shape[1:]))
        check_inputs(arrays, self.input_shapes, self.name)
        return arrays

    # --- weights

    @property
    def weights(self) -> list[Weight]:
        """What is known of the weights of all layers, each once, in their order."""
        found = {id(weight): weight for layer in self.layers for weight in layer.weights}
        return list(found.values())

    def get_weights(self) -> list[Array]:
        """Return copies of the weights of all layers, in their order."""
        found = {
            id(weight): values
            for layer in self.layers
            for weight, values in zip(layer.weights, layer.get_weights(), strict=True)
        }
        return list(found.values())

    def count_params(self) -> int:
        """Count the values of all weights; none are drawn for that."""
        self.require_built()
        return super().count_params()

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training would change, each once: none of a layer not trainable."""
        if not self.trainable:
            return []
        found = {id(one): one for layer in self.layers for one in layer.trainable_weights}
        return list(found.values())

    # --- files

    def to_json(self) -> str:
        """Return the architecture as JSON that Keras 3 and `upsamp.load_model` read.

        >>> from upsamp import make_generator
        >>> make_generator("transpose").to_json()[:43]
        '{"module": "keras", "class_name": "Sequenti'
        """
        from upsamp.models.files.saving import format_json  # most models are not saved

        return format_json(self)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the model as `.keras`, which Keras 3 loads, or as ONNX; or its weights only.

        path: its suffix says the format: `.keras` or `.onnx` for the model, `.weights.h5`, `.npz`
        or `.safetensors` for the weights. A file that exists is kept, unless `overwrite` is True.
        ONNX has inputs and outputs of the model's shapes, dtypes and names; axes of unknown length
        stay open.

        Raises `ArgumentError` for another suffix, `UnknownLayerError` where Keras or ONNX has no
        layer of that kind, and `MissingExtraError` where h5py, safetensors or onnx is needed and
        not installed.
        """
        self.require_built()
        from upsamp.models.files.saving import save_model  # most models are not saved

        save_model(
            self,
            normalize_path(path, "path"),
            overwrite=normalize_flag(overwrite, "overwrite"),
        )

    # --- the summary

    def summarize(
        self,
        columns: Sequence[str] | None = None,
        *,
        expand_nested: bool = False,
        show_trainable: bool = False,
        batch: int | None = None,
        input_shapes: Sequence[Shape] | None = None,
        counted: bool = False,
    ) -> Summary:
        """Return the model's summary as data.

        columns: names in `upsamp.models.summary.columns`, by default those that Keras shows.
        expand_nested: give the layers of nested models a row each. show_trainable: add that column
        to the default ones. batch: the number of samples that shapes and measures are for.
        input_shapes: of all inputs, the batch included, instead of those that the model was built
        for. counted: whether a layer that upsamp does not have, and that has no weights here, is
        known to have none; otherwise it has an unknown number of parameters.
        """
        self.require_built()
        return summarize(
            self,
            columns,
            expand_nested=normalize_flag(expand_nested, "expand_nested"),
            show_trainable=normalize_flag(show_trainable, "show_trainable"),
            batch=batch,
            input_shapes=None if input_shapes is None else self._normalize_shapes(input_shapes),
            counted=normalize_flag(counted, "counted"),
        )

    def _normalize_shapes(self, input_shapes: object) -> list[Shape]:
        """Return the shapes of all inputs, checked."""
        rule = f"must be the shapes of the {len(self.input_calls)} inputs, the batch included"
        shapes = [
            normalize_shape(shape, "input_shapes")
            for shape in islice(each(input_shapes, "input_shapes", rule), len(self.input_calls) + 1)
        ]
        if len(shapes) != len(self.input_calls):
            raise ShapeError(f"`input_shapes` {rule}. Received: {spelled(input_shapes)}.")
        return shapes

    def summary(
        self,
        line_length: int | None = None,  # noqa: ARG002 - Keras has it; lines are as long as they are
        expand_nested: bool = False,
        show_trainable: bool = False,
        print_fn: Callable[[str], object] | None = None,
    ) -> None:
        """Print the model's layers, their output shapes and their parameters.

        line_length: taken as Keras takes it; lines are as long as their content, as none is cut.
        expand_nested, show_trainable: as in `summarize`. print_fn: what is called with the text
        instead of `print`.
        """
        if not (print_fn is None or callable(print_fn)):
            raise ArgumentError(
                "`print_fn` must be a function that takes text. "
                f"Received: print_fn={spelled(print_fn)}."
            )
        text = str(self.summarize(expand_nested=expand_nested, show_trainable=show_trainable))
        (print if print_fn is None else print_fn)(text)


def unknown_layers(model: Model) -> list[Layer]:
    """Return the layers that are listed alone, those of nested models too."""
    found: list[Layer] = []
    for layer in model.layers:
        if isinstance(layer, Model):
            found += unknown_layers(layer)
        elif layer.refusal:
            found.append(layer)
    return found
