"""Functional: a model whose layers are called on each other's outputs in any way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Self

from upsamp.core.arguments import LARGEST
from upsamp.core.values import as_integer, each, normalize_mapping, spelled
from upsamp.errors import ArgumentError
from upsamp.layers import InputLayer, Layer
from upsamp.models.config.graph_config import Graph, Structure, pack, read_graph, write_graph
from upsamp.models.graph import Call, Source, infer, normalize_sources, number_calls
from upsamp.models.model import Model
from upsamp.models.symbolic_graph import trace

__all__ = ["Functional"]


class Functional(Model):
    """A graph of layers, as Keras' `Model(inputs, outputs)` makes it and its files hold it.

    inputs: a symbolic tensor, or a list of them, which may hold lists. outputs: those that were
    computed from the inputs by calling layers; those of a model are its `inputs` and `outputs`, and
    those of its layers `output`. An input that was computed itself begins the model again, as in
    Keras.

    >>> from upsamp.layers import Dense, Input, LeakyReLU
    >>> noise = Input((100,))
    >>> features = Dense(49)(noise)
    >>> model = Functional(noise, LeakyReLU()(features) + features, name="small")
    >>> model.output_shape, model.count_params()
    ((None, 49), 4949)
    """

    def __init__(
        self,
        inputs: object,
        outputs: object,
        name: str | None = None,
        *,
        seed: int = 0,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, seed=seed, trainable=trainable)
        self._settle(trace(inputs, outputs))

    @classmethod
    def from_calls(
        cls,
        calls: Sequence[Call],
        inputs: Sequence[int],
        outputs: Sequence[Source],
        name: str | None = None,
        *,
        layers: Sequence[Layer] | None = None,
        seed: int = 0,
        trainable: bool = True,
    ) -> Self:
        """Make a model of calls, each after those that it depends on.

        inputs: the numbers of the calls of an InputLayer that are given arrays, in their order.
        outputs: where the model's outputs come from. layers: the layers of the calls in another
        order than that of their first calls.

        >>> from upsamp.layers import Add, InputLayer, UpSampling2D
        >>> image, large = InputLayer((2, 2, 1)), UpSampling2D()
        >>> calls = [Call(image), Call(large, (Source(0),)), Call(Add(), (Source(1), Source(1)))]
        >>> Functional.from_calls(calls, [0], [Source(2)]).output_shape
        (None, 4, 4, 1)
        """
        model = cls.__new__(cls)
        super(Functional, model).__init__(name=name, seed=seed, trainable=trainable)
        rule = "must be the numbers of the calls of input layers"
        numbered = number_calls(calls)
        places = tuple(
            cls._normalize_number(number, rule)
            for number in islice(each(inputs, "inputs", rule), len(numbered) + 1)
        )
        known = tuple({id(call.layer): call.layer for call in numbered}.values())
        order = known if layers is None else _in_order(layers, known)
        graph = Graph(numbered, places, normalize_sources(outputs, "outputs"), order)
        model._settle(graph)  # noqa: SLF001 - it is of this class
        return model

    def _settle(self, graph: Graph) -> None:
        """Take the calls, name the layers, and compute all shapes."""
        self._calls, self._layers = graph.calls, graph.layers
        self._inputs, self._outputs = graph.inputs, graph.outputs
        # Where a file has the inputs in a dictionary, its keys; and the numbers of the outputs in
        # lists and dictionaries, where they are in any but one list.
        self._input_keys, self._structure = graph.input_keys, graph.structure
        self._input_structure = graph.input_structure
        self._check_ends()
        fresh = [not layer.placed for layer in self._layers]
        self._name_layers()
        self._seed_layers(fresh)
        given = {
            number: call.layer.batch_input_shape or ()
            for number, call in enumerate(self._calls)
            if isinstance(call.layer, InputLayer)
        }
        self._shapes = infer(self._calls, given)
        self.built = True
        for source in self._outputs:
            self.shape_of(source)  # which there must be

    @staticmethod
    def _normalize_number(value: object, rule: str) -> int:
        """Return the number of a call, which there need not be."""
        number = as_integer(value)
        if number is None or abs(number) >= LARGEST:
            raise ArgumentError(f"`inputs` {rule}. Received: {spelled(value)}.")
        return number

    def _check_ends(self) -> None:
        """Raise where the inputs are not those that the outputs are computed from."""
        count = len(self._calls)
        places = (*self._inputs, *(source.call for source in self._outputs))
        exist = [0 <= one < count for one in places]
        exist += [source.output >= 0 for source in self._outputs]
        if not (self._inputs and self._outputs and all(exist)):
            raise ArgumentError(
                f"A model must have inputs and outputs among its {count} calls. "
                f"Received: inputs={list(self._inputs)}, outputs={list(map(tuple, self._outputs))}."
            )
        given = set(self._inputs)
        for number, call in enumerate(self._calls):
            if not (isinstance(call.layer, InputLayer) == (not call.sources) == (number in given)):
                raise ArgumentError(
                    "The inputs of a model must be its input layers, and all other layers must be "
                    f"called on something. Received: {call.layer!r} as call {number}, "
                    f"inputs={list(self._inputs)}."
                )

    def _name_layers(self) -> None:
        """Set the number of an automatic name as Keras does: the second of a kind ends in _1."""
        kept = [one.name for one in self._layers if one.placed or one.given_name is not None]
        unnamed: Counter[str] = Counter()
        names = set(kept)
        for layer in sorted(self._layers, key=lambda one: one.made):
            if not layer.placed and layer.given_name is None:
                plain = layer.automatic_name
                while layer.name in names:
                    unnamed[plain] += 1
                    layer.automatic_name = f"{plain}_{unnamed[plain]}"
                names.add(layer.name)
            layer.placed = True
        if len(set(kept)) < len(kept):
            twice = next(name for name, count in Counter(kept).items() if count > 1)
            raise ArgumentError(
                f"The layers of a model must have names of their own. Received: '{twice}' twice."
            )

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of the layers, each after those that it depends on."""
        return self._calls

    @property
    def input_calls(self) -> Sequence[int]:
        """The numbers of the calls that are the model's inputs, in their order."""
        return self._inputs

    @property
    def output_sources(self) -> Sequence[Source]:
        """Where the model's outputs come from."""
        return self._outputs

    @property
    def input_keys(self) -> tuple[str, ...]:
        """The keys of a dictionary that the model takes its inputs in, or none."""
        return self._input_keys

    def arranged(self, results: list[Any]) -> Any:
        """Return the outputs in the structure that the model gives them in."""
        return pack(self._structure, results) if self._structure else super().arranged(results)

    @property
    def all_layers(self) -> list[Layer]:
        """The layers with every input, each once."""
        return list(self._layers)

    @property
    def input_structure(self) -> Structure:
        """The numbers of the inputs in the lists that the model takes them in; 0 for one list."""
        return self._input_structure

    def reseed(self) -> None:
        """Hand this model's seed on to its layers."""
        self._seed_layers([True] * len(self._layers))

    def _seed_layers(self, fresh: Sequence[bool]) -> None:
        """Hand the seed on to layers; one of another model keeps its seed, and so its weights."""
        for position, (layer, own) in enumerate(zip(self._layers, fresh, strict=True)):
            layer.home = self if layer.home is None else layer.home
            if not own:
                continue
            layer.seed = (*self.seed, position)
            if isinstance(layer, Model):
                layer.reseed()

    def get_config(self) -> dict[str, Any]:
        """Return what makes this model again, as Keras 3 writes it."""
        ends = self._inputs, self._outputs
        graph = Graph(
            self._calls,
            *ends,
            self._layers,
            self._input_keys,
            self._structure,
            self._input_structure,
        )
        return {
            "name": self.name,
            "trainable": self.trainable,
            **write_graph(graph, self._shapes),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a model from what `get_config`, or a file of Keras 3, holds."""
        config = normalize_mapping(config, "config")
        calls, inputs, outputs, layers, keys, structure, input_structure = read_graph(config)
        trainable = config.get("trainable", True) is not False
        name = config.get("name")
        model = cls.from_calls(calls, inputs, outputs, name, layers=layers, trainable=trainable)
        model._input_keys, model._structure = keys, structure  # noqa: SLF001 - of this class
        model._input_structure = input_structure  # noqa: SLF001
        return model


def _in_order(layers: object, known: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers of the calls in the order in which they are given."""
    rule = "must be the layers of the calls, in another order"
    given = tuple(islice(each(layers, "layers", rule), len(known) + 1))
    if set(map(id, given)) != set(map(id, known)):
        raise ArgumentError(f"`layers` {rule}. Received: layers={spelled(layers)}.")
    return given
