"""How a model becomes a program: its calls, one after the other, each told by its layer's record.

`write_functions` goes through a model and those in it; a library's module says how a layer is told.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, NamedTuple, NoReturn, TypeAlias

from upsamp.core.values import spelled
from upsamp.errors import UnknownLayerError
from upsamp.layers import LAYERS, Layer
from upsamp.layers.input_layer import InputLayer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.layers.operation import Operation
from upsamp.layers.options import TRAINING_OPTIONS
from upsamp.models.export.source_text import Nested, call, identifier
from upsamp.models.graph import Source, infer, output_of
from upsamp.models.model import Model

# What every layer's config has, and what says how weights are drawn or trained.
COMMON_OPTIONS = frozenset({"name", "trainable", "dtype", "batch_input_shape"}) | TRAINING_OPTIONS

# What the variables of a program are called.
VARIABLES = re.compile(r"(x|inputs)(_\d+)?")


@dataclass(frozen=True)
class Value:
    """An array of the program.

    text: its variable. shape: as Keras has it, the batch included. moved: whether its axes are in
    the order that the library has for images, which is not Keras'. integers: whether it holds such.
    """

    text: str
    shape: Shape
    moved: bool = False
    integers: bool = False


class Record(NamedTuple):
    """How a library tells a layer.

    tell: what writes its lines. options: the arguments of the layer that it looks at; with another
    one that is not at its default, the layer is refused. None: at all of them.
    """

    tell: Callable[["Step", Any], None]
    options: tuple[str, ...] | None = ()


Table: TypeAlias = Mapping[str, Record]


def _pass(step: "Step", _layer: Layer) -> None:
    """Write nothing: a prediction passes the input on."""
    step.pass_on(step.value())


# The layers that a prediction passes unchanged, and the arguments that they have for training.
UNCHANGED: Table = {
    "InputLayer": Record(_pass),
    "Identity": Record(_pass),
    "Dropout": Record(_pass, ("rate", "noise_shape", "seed")),
    "SpatialDropout2D": Record(_pass, ("rate", "seed", "data_format")),
    "GaussianDropout": Record(_pass, ("rate", "seed")),
    "GaussianNoise": Record(_pass, ("stddev", "seed")),
    "AlphaDropout": Record(_pass, ("rate", "noise_shape", "seed")),
    "ActivityRegularization": Record(_pass, ("l1", "l2")),
}


class Library(NamedTuple):
    """What the programs of a library have in common.

    name: as its users write it. records: of layers by their classes, and of operations. refused:
    the reason for each class that has no record. unchanged: the layers that are left out, as their
    output is the input. move: the places that Keras' four axes of images have in the library's own
    order. swaps: whether images come and go in that order. keeps_inputs: whether the variables of a
    model's inputs are read after all. indent: of the lines of a function. main: what the function
    of the whole model is called. permute, cast: how an array is given another order of its axes,
    and made one of floats. tell_model: the start of the call of a model within, and its first
    arguments. reserved: tells names that no part of a model may have.
    """

    name: str
    records: Table
    operations: Table
    refused: Mapping[str, str]
    unchanged: Table
    move: tuple[int, ...]
    swaps: bool
    keeps_inputs: bool
    indent: int
    main: str
    permute: str
    cast: str
    tell_model: Callable[["Step", Model], tuple[str, list[str]]]
    reserved: Callable[[str], bool]


@dataclass
class Function:
    """One model as a function, or as a class with one.

    inputs: its arguments. lines: those of its body. parts: of a class, those that make its parts.
    loads: where each weight goes: the part, the weight's name in the model, the axes' order.
    """

    name: str
    model: Model
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    loads: list[tuple[str, str, tuple[int, ...]]] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)


@dataclass
class Program:
    """The functions of a model and of those in it, innermost first, and what they use."""

    library: Library
    first: bool  # whether the model's images have their channels first
    functions: dict[int, Function] = field(default_factory=dict)
    begun: list[Function] = field(default_factory=list)
    helpers: dict[str, None] = field(default_factory=dict)
    shapes: dict[int, list[Shape]] = field(default_factory=dict)

    def new_name(self, name: str, parts: Iterable[str]) -> str:
        """Return an identifier for a name, which no function has, and none of these parts."""
        taken = {one.name for one in self.begun} | {*parts}
        return identifier(name, taken, self._is_reserved)

    def _is_reserved(self, name: str) -> bool:
        return VARIABLES.fullmatch(name) is not None or self.library.reserved(name)

    @property
    def moves(self) -> bool:
        """Whether images come and go in the library's own order of axes, which is another."""
        return self.library.swaps and not self.first


class Step:
    """One call of a layer, which its record writes; trains: whether it acts as in training."""

    def __init__(
        self,
        scope: "_Scope",
        layer: Layer,
        sources: Sequence[Source],
        target: str,
        number: int,
        *,
        trains: bool = False,
    ) -> None:
        self._scope = scope
        self.trains = trains
        self.layer = layer
        self.sources = sources
        self.target = target
        self.number = number
        self.path = layer.name
        self.program = scope.program
        self.function = scope.function

    @property
    def part(self) -> str:
        """The identifier of the layer."""
        return self._scope.part_name(self.layer)

    def value(self, place: int = 0) -> Value:
        """Return an input as it is."""
        return self._scope.values[self.sources[place]]

    def take(self, place: int = 0, *, moved: bool = False, integers: bool = False) -> Value:
        """Return an input whose axes are in the order that is wanted, a variable of the program."""
        return self._scope.convert(self.sources[place], moved=moved, integers=integers)

    def output_shape(self, output: int = 0) -> Shape:
        """Return the shape of an output as Keras has it."""
        shape = self._scope.shapes[self.number][output]
        if shape is None:
            self.refuse("its output has a shape that is not known")
        return shape

    def line(self, text: str) -> None:
        """Add a line to the function."""
        self._scope.line(text)

    def give(self, text: str, *, moved: bool = False, output: int = 0) -> None:
        """Set the target to an expression."""
        self.give_call(text, None, moved=moved, output=output)

    def give_call(
        self,
        start: str,
        arguments: Sequence[str | Nested] | None,
        end: str = ")",
        *,
        moved: bool = False,
        output: int = 0,
    ) -> None:
        """Set the target to a call, of which `start` has the bracket."""
        if arguments is None:
            self.line(f"{self.target} = {start}")
        else:
            indent = self.program.library.indent
            self.function.lines += call(f"{self.target} = {start}", arguments, indent, end)
        value = Value(self.target, self.output_shape(output), moved)
        self._scope.values[Source(self.number, output)] = value

    @property
    def output_count(self) -> int:
        """How many outputs there are."""
        return len(self._scope.shapes[self.number])

    def give_several(self, start: str, arguments: Sequence[str], most: int) -> None:
        """Set a variable for each output to what a call gives."""
        count = self.output_count
        if count > most:
            self.refuse(f"its {count} outputs are more than a program can show")
        names = [self.target, *(self._scope.new_variable() for _ in range(count - 1))]
        indent = self.program.library.indent
        comma = "," if count == 1 else ""
        self.function.lines += call(f"{', '.join(names)}{comma} = {start}", arguments, indent)
        for output, name in enumerate(names):
            value = Value(name, self.output_shape(output))
            self._scope.values[Source(self.number, output)] = value

    def pass_on(self, value: Value) -> None:
        """Let the output be a value that there is."""
        if value.text != self.target:
            self.line(f"{self.target} = {value.text}")
        kept = Value(self.target, self.output_shape(), value.moved, value.integers)
        self._scope.values[Source(self.number)] = kept

    def result(self) -> Value:
        """Return what was given by now."""
        return self._scope.values[Source(self.number)]

    def use(self, helper: str) -> str:
        """Return the name of a function that the program defines before the model."""
        self.program.helpers[helper] = None
        return helper

    def load(self, part: str, weight: str, axes: tuple[int, ...]) -> None:
        """Say which weight goes into a part, its axes in this order."""
        entry = (part, f"{self.path}/{weight}", axes)
        if entry not in self.function.loads:
            self.function.loads.append(entry)

    def make(self, lines: list[str]) -> bool:
        """Make a part of the class, once however often it is called; tell whether it is new."""
        if lines[0] in self.function.parts:
            return False
        self.function.parts += lines
        return True

    def tell_within(self, layer: Layer) -> None:
        """Write a layer that this one wraps, whose weights have this one's name."""
        record = record_of(layer, self.program.library)
        self.function.names[id(layer)] = self.part
        inner = copy(self)
        inner.layer = layer
        record.tell(inner, layer)

    def tell_each(self, layer: Layer, merge: str, part: str) -> None:
        """Write a layer that this one calls on each step of its input, the second axis.

        merge: how {x} is spelled with the steps as parts of the batch. part: how its axis of the
        batch is parted again, into {steps}.
        """
        value, shape = self.take(), self.output_shape()
        if shape[1] is None:
            self.refuse("how many steps there are is not known")
        number = self._scope.add_value(
            Value(self.target, (None, *value.shape[2:])), (None, *shape[2:])
        )
        self.line(f"{self.target} = {merge.format(x=value.text)}")
        inner = copy(self)
        inner.sources, inner.number = [Source(number - 1)], number
        inner.tell_within(layer)
        result = self._scope.convert(Source(number), moved=False)
        rest = "".join(f", {length}" for length in shape[2:])
        if None in shape[2:]:
            rest = f", *{result.text}.shape[1:]"
        self.give(part.format(x=result.text, steps=shape[1], rest=rest))

    def refuse(self, reason: str) -> NoReturn:
        """Raise `UnknownLayerError`, which names the layer."""
        refuse(self.layer, self.program.library, reason)


def refuse(layer: Layer, library: Library, reason: str) -> NoReturn:
    """Raise `UnknownLayerError` for a layer that a library's programs cannot have."""
    raise UnknownLayerError(
        f"Every layer must be one that a program of {library.name} can have. "
        f"Received: '{layer.name}' ({layer.type_name}): {reason}."
    )


def record_of(layer: Layer, library: Library) -> Record:
    """Return the record of a layer, or raise `UnknownLayerError` with the reason."""
    name = layer.type_name
    ours = type(layer).__module__.startswith("upsamp.layers.")
    if isinstance(layer, Operation) or (ours and name == "GetItem"):
        if name in library.operations:
            return library.operations[name]
        refuse(layer, library, "the operation is not written for it")
    if name not in LAYERS or type(layer) is not LAYERS[name]:
        refuse(layer, library, "upsamp does not have that layer")
    record = library.unchanged.get(name) or library.records.get(name)
    if record is None:
        refuse(layer, library, library.refused.get(name, "the layer is not written for it"))
    if getattr(layer.dtype_policy, "quantized", False):
        refuse(layer, library, "its kernel is quantized")
    if record.options is not None:
        check_options(layer, library, record.options)
    return record


def check_options(layer: Layer, library: Library, options: Sequence[str]) -> None:
    """Raise where a layer has an option that its record passes over."""
    defaults = signature(type(layer).__init__).parameters
    for name, value in layer.get_config().items():
        if name in COMMON_OPTIONS or name in options or name.endswith("_initializer"):
            continue
        if name not in defaults or value != defaults[name].default:
            refuse(layer, library, f"{name}={spelled(value)} is not written for it")


def layers_of(model: Layer) -> Iterator[Layer]:
    """Yield all layers of a model, those of nested models instead of the models."""
    for layer in model.layers:
        if isinstance(layer, Model):
            yield from layers_of(layer)
        else:
            yield getattr(layer, "layer", layer)


def write_functions(model: Model, library: Library) -> Program:
    """Return a model, and those in it, as functions of a library.

    Raises `UnknownLayerError` where a layer cannot be told in it.
    """
    model.require_built()
    first = any(getattr(layer, "data_format", "") == "channels_first" for layer in layers_of(model))
    program = Program(library, first)
    _gather_shapes(program, model, model.input_shapes)
    _write(program, model, library.main)
    return program


def _gather_shapes(program: Program, model: Model, input_shapes: Sequence[Shape]) -> None:
    """Keep the shapes of each model's inputs: None for what differs between its calls."""
    known = program.shapes.get(id(model))
    given = list(map(tuple, input_shapes))
    if known is not None:
        given = [
            tuple(a if a == b else None for a, b in zip(one, other, strict=True))
            for one, other in zip(known, given, strict=True)
        ]
        if given == known:
            return
    program.shapes[id(model)] = given
    shapes = infer(model.calls, dict(zip(model.input_calls, given, strict=True)))
    for one in model.calls:
        if isinstance(one.layer, Model):
            inner = [output_of(shapes, source) for source in one.sources]
            if None not in inner:
                _gather_shapes(program, one.layer, [shape or () for shape in inner])


def _write(program: Program, model: Model, name: str) -> Function:
    """Write one model, after those in it."""
    if id(model) not in program.functions:
        function = Function(name, model)
        program.begun.append(function)
        _Scope(program, function).write()
        program.functions[id(model)] = function
    return program.functions[id(model)]


class _Scope:
    """The variables of a function while it is written."""

    def __init__(self, program: Program, function: Function) -> None:
        self.program = program
        self.function = function
        self.values: dict[Source, Value] = {}
        self.model = function.model
        given = program.shapes[id(self.model)]
        self.inputs = dict(zip(self.model.input_calls, given, strict=True))
        self.shapes: list[list[MaybeShape]] = infer(self.model.calls, self.inputs)
        self._roots = self._find_roots()
        self._uses = self._count_uses()
        self._variables = 0

    def _find_roots(self) -> dict[Source, Source]:
        """Return for each array that is another one, passed on, which that is."""
        roots: dict[Source, Source] = {}
        for number, one in enumerate(self.model.calls):
            if one.trains(False) and one.layer.training_effect:
                continue
            if number not in self.inputs and one.layer.type_name in self.program.library.unchanged:
                record_of(one.layer, self.program.library)
                roots[Source(number)] = roots.get(one.sources[0], one.sources[0])
        return roots

    def _root(self, source: Source) -> Source:
        return self._roots.get(source, source)

    def _count_uses(self) -> Counter[Source]:
        calls = self.model.calls
        uses = Counter(
            self._root(source)
            for number, one in enumerate(calls)
            if Source(number) not in self._roots
            for source in one.sources
        )
        uses.update(map(self._root, self.model.output_sources))
        return uses

    def line(self, text: str) -> None:
        """Add a line to the function."""
        self.function.lines.append(f"{' ' * self.program.library.indent}{text}")

    def new_variable(self) -> str:
        """Return the name of a variable that there is not yet."""
        self._variables += 1
        return "x" if self._variables == 1 else f"x_{self._variables}"

    def add_value(self, value: Value, output_shape: Shape) -> int:
        """Keep a value that no call gives, and return a number for what is made of it."""
        self.shapes += [[value.shape], [output_shape]]
        number = len(self.shapes) - 1
        self.values[Source(number - 1)] = value
        return number

    def part_name(self, layer: Layer) -> str:
        """Return the identifier of a layer in this function."""
        names = self.function.names
        if id(layer) not in names:
            names[id(layer)] = self.program.new_name(layer.name, names.values())
        return names[id(layer)]

    def write(self) -> None:
        """Write the function."""
        calls = self.model.calls
        for number in self.model.input_calls:
            layer = calls[number].layer
            shape = self.inputs[number]
            integers = isinstance(layer, InputLayer) and layer.input_dtype.kind != "f"
            moved = self.program.moves and len(shape) == 4
            if self.program.library.keeps_inputs:
                # Another reader, so that no layer takes the variable over.
                self._uses[Source(number)] += 1
                name = f"inputs_{len(self.function.inputs) + 1}".removesuffix("_1")
            else:
                name = self.new_variable()
            value = Value(name, shape, moved, integers)
            self.values[Source(number)] = value
            self.function.inputs.append(value)
        for number in range(len(calls)):
            if number not in self.inputs and Source(number) not in self._roots:
                self._tell(number)
        for source in map(self._root, self.model.output_sources):
            value = self.values[source]
            moved = self.program.moves and len(value.shape) == 4
            self.function.outputs.append(self.convert(source, moved=moved))

    def _tell(self, number: int) -> None:
        """Write one call."""
        one = self.model.calls[number]
        sources = [self._root(source) for source in one.sources]
        known = [source for source in sources if source not in self.values]
        if known:
            refuse(one.layer, self.program.library, "its input is no array that is known")
        trains = one.trains(False)
        if trains and (isinstance(one.layer, Model) or one.layer.training_effect == "random"):
            what = "is a model" if isinstance(one.layer, Model) else "draws random values"
            refuse(one.layer, self.program.library, f"it is called with training=True, and {what}")
        self._uses.subtract(sources)
        free = [source for source in sources if not self._uses[source]]
        target = self.values[free[0]].text if free else self.new_variable()
        step = Step(self, one.layer, sources, target, number, trains=trains)
        if isinstance(one.layer, Model):
            self._tell_model(step, one.layer)
        else:
            record_of(one.layer, self.program.library).tell(step, one.layer)

    def _tell_model(self, step: Step, model: Model) -> None:
        """Write the call of a model."""
        library = self.program.library
        parts = [name for one in self.program.begun for name in one.names.values()]
        name = self.program.new_name(model.name, parts)
        inner = _write(self.program, model, name)
        arguments = []
        for place, value in enumerate(inner.inputs):
            moved = self.program.moves and len(value.shape) == 4
            integers = value.integers and step.value(place).integers
            arguments.append(step.take(place, moved=moved, integers=integers).text)
        start, first = library.tell_model(step, model)
        targets = [step.target]
        while len(targets) < len(model.output_sources):
            targets.append(self.new_variable())
        arguments = [*first, *arguments]
        end = "])" if start.endswith("[") else ")"
        begin = f"{', '.join(targets)} = {start}"
        self.function.lines += call(begin, arguments, library.indent, end)
        for output, (target, value) in enumerate(zip(targets, inner.outputs, strict=True)):
            shape = self.shapes[step.number][output] or value.shape
            self.values[Source(step.number, output)] = Value(target, shape, value.moved)

    def convert(self, source: Source, *, moved: bool, integers: bool = False) -> Value:
        """Return an array in another order of its axes, which it then has for all who read it."""
        value = self.values[source]
        if value.integers and not integers:
            keeps = self.program.library.keeps_inputs and value in self.function.inputs
            name = self.new_variable() if keeps else value.text
            self.line(f"{name} = {self.program.library.cast.format(value.text)}")
            value = Value(name, value.shape, value.moved)
        if value.moved != moved and len(value.shape) == 4:
            order = self.program.library.move
            if not moved:
                order = tuple(order.index(axis) for axis in range(4))
            text = self.program.library.permute.format(value.text, order)
            self.line(f"{value.text} = {text}")
            value = Value(value.text, value.shape, moved)
        self.values[source] = value
        return value
