"""A trained network as a method of enlarging pictures: its scale, its range, and its tiles."""

import math
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsamp.core.arguments import Pair, normalize_count
from upsamp.core.values import as_list, as_number, normalize_path, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE
from upsamp.io.streams import is_stream
from upsamp.models.files.loading import load_model
from upsamp.models.model import Model
from upsamp.models.sampling.features import check_known, output_model
from upsamp.models.sampling.image_layout import channels_first, takes_channels_first
from upsamp.models.sampling.input_roles import input_roles
from upsamp.models.sampling.value_ranges import Range, image_ranges
from upsamp.models.superresolution.flat_graph import FlatGraph, flatten
from upsamp.models.superresolution.network_plan import NetworkPlan, plan_network
from upsamp.models.training import training_notes

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Network"]

# How many channels a picture has: grey, colour, and colour with alpha.
CHANNELS = (1, 3, 4)


class Network:
    """A model that makes pictures larger, or better at their size: for `upsamp.enlarge_file`.

    model: as `upsamp.load_model` returns it, or its file. weights, max_size: of a file, as there.
    value_range: what black and white are in the model, as (0, 255); None is what its layers say.
    tile: the rows and columns of the tiles that it is run on; None is what is fast, and fits
    max_memory.

    A file is read once in a process, and another process is told its path alone. Errors are raised
    where it is first needed: `ArgumentError` and `ShapeError` where it makes no pictures of
    pictures, and those of `upsamp.load_model`.

    >>> from upsamp.models.sequential import Sequential
    >>> from upsamp.layers import Input, UpSampling2D
    >>> network = Network(Sequential([Input((None, None, 3)), UpSampling2D(2)], name="twice"))
    >>> network, network.channels, network.ranges
    (<Network 'twice'>, 3, ((0.0, 1.0), (0.0, 1.0)))
    """

    def __init__(
        self,
        model: "Model | str | PathLike[str]",
        weights: "str | PathLike[str] | None" = None,
        *,
        value_range: Range | None = None,
        tile: int | None = None,
        max_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        self._given = model if isinstance(model, Model) else normalize_path(model, "model")
        self._weights = None if weights is None else normalize_path(weights, "weights")
        self._max_size = normalize_count(max_size, "max_size", minimum=0)
        self._tile = None if tile is None else normalize_count(tile, "tile")
        self._value_range = _normalize_range(value_range)
        given = self._given
        if isinstance(given, Model):
            self.name = given.name
        else:
            self.name = "network" if is_stream(given) else Path(given).stem

    def __getstate__(self) -> dict[str, Any]:
        """Return what was given; what was found out is left out."""
        own = ("_given", "_weights", "_max_size", "_tile", "_value_range", "name")
        return {name: vars(self)[name] for name in own}

    def __repr__(self) -> str:
        """Return the name; the model may not be read yet."""
        return f"<Network '{self.name}'>"

    def _load(self) -> Model:
        """Return the model, or the one that this process has read of the same files."""
        if isinstance(self._given, Model):
            return self._given
        files = [file for file in (self._given, self._weights) if file is not None]
        return _load_once(self._given, self._weights, self._max_size, tuple(map(_stamp, files)))

    @cached_property
    def _model(self) -> tuple[Model, int]:
        """The model of one output, and which input takes the picture."""
        model = output_model(self._load())
        check_known(model)
        roles = input_roles(model)
        if [one.role for one in roles] != ["image"]:
            raise ArgumentError(
                "--model must be of one input of pictures. "
                f"Received: {', '.join(map(str, roles))}. Use upsamp generator --model."
            )
        return model, 0

    @cached_property
    def graph(self) -> FlatGraph:
        """The calls of the layers."""
        model, place = self._model
        first = takes_channels_first(model, place), channels_first(model)
        if first[0] != first[1]:
            raise ArgumentError(
                "--model must have the channels of what goes in and comes out in one place. "
                f"Received: {model.input_shape} and {model.output_shape} of '{self.name}'."
            )
        graph = flatten(model, place, first)
        shape = model.output_shapes[0] or ()
        made = shape[1 if first[1] else -1] if len(shape) == 4 else None
        if graph.channels not in CHANNELS or made != graph.channels:
            raise ArgumentError(
                "--model must make pictures of pictures of as many channels: 1, 3 or 4. Received: "
                f"{model.input_shape} and {shape} of '{self.name}'. Use upsamp generator --model."
            )
        return graph

    @property
    def value_range(self) -> Range | None:
        """What black and white are, where it was told; pictures of floats are read so, too."""
        return self._value_range

    @property
    def channels(self) -> int:
        """The channels of the pictures that it takes and gives."""
        return self.graph.channels or 1

    @cached_property
    def ranges(self) -> tuple[Range, Range]:
        """What black and white are in a picture that goes in, and in one that comes out."""
        if self._value_range is not None:
            return self._value_range, self._value_range
        taken, given, _ = image_ranges(*self._model)
        return taken, given or taken

    @cached_property
    def own_size(self) -> Pair | None:
        """The rows and columns that it takes alone; None where it takes any."""
        model, place = self._model
        found = self.graph.lengths(model.input_shapes[place])
        if found is None or not self._reason:
            return None
        return found

    @cached_property
    def _reason(self) -> str:
        """Why it takes pictures of one size alone, or nothing where it takes any."""
        try:
            rates = self.graph.rates
        except ShapeError as error:
            return str(error).partition(" Received: ")[0]  # sizes that nobody gave
        model, place = self._model
        size = self.graph.lengths(model.input_shapes[place])
        rate = rates[self.graph.output.call]
        if size and (rate is None or 0 in rate):
            return "Its output has the same size whatever comes in."
        return ""

    @cached_property
    def scale(self) -> tuple[Fraction, Fraction]:
        """By how much it enlarges the rows and the columns; 1 for what keeps the size."""
        if self.own_size:
            made = self.graph.size_of(self.own_size)
            rows, columns = (Fraction(*pair) for pair in zip(made, self.own_size, strict=True))
        elif self._reason:
            raise ShapeError(f"'{self.name}' must take pictures of any size. {self._reason}")
        else:
            rows, columns = self.graph.rates[self.graph.output.call] or (Fraction(0), Fraction(0))
        if min(rows, columns) < 1:
            raise ShapeError(
                "--model must make pictures larger, or keep their size. "
                f"Received: '{self.name}', which makes them {float(rows):g}x{float(columns):g} as "
                "large. Use upsamp generator --model."
            )
        return rows, columns

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a user could not guess of the model."""
        notes, given = [], self._load()
        if len(given.output_sources) > 1:
            name = given.calls[given.output_sources[0].call].layer.name
            notes.append(
                f"of the {len(given.output_sources)} outputs the first, '{name}', is taken"
            )
        if any(weight.value is None for weight in self._model[0].weights):
            notes.append("the weights are random, as no file had them")
        return (*notes, *training_notes(given))

    @property
    def keeps(self) -> bool:
        """Whether the result has the size of what goes in."""
        return set(self.scale) == {Fraction(1)}

    def plan(self, size: Pair, room: int | None = None) -> NetworkPlan:
        """Plan the tiles of a picture of this many rows and columns.

        room: the bytes that a tile and its band may take. Raises `ShapeError` where the network
        does not take such a picture, and `MemoryLimitError` where it cannot be cut into tiles that
        are small enough.
        """
        if self.own_size not in (None, size):
            rows, columns = self.own_size or size
            raise ShapeError(
                f"A picture for '{self.name}' must have {columns}x{rows} pixels. Received: "
                f"{size[1]}x{size[0]}. {self._reason} Resize the picture first."
            )
        return plan_network(
            self.graph, self.scale, size, room, self._tile, free=self.own_size is None
        )


def _normalize_range(value: object) -> Range | None:
    """Return the lower and the higher end."""
    if value is None:
        return None
    numbers = [as_number(end) for end in as_list(value, 2) or ()]
    ends = [float(number) for number in numbers if number is not None]
    if not (len(numbers) == len(ends) == 2 and -math.inf < ends[0] < ends[1] < math.inf):
        raise ArgumentError(
            f"`value_range` must be (low, high). Received: value_range={spelled(value)}."
        )
    return ends[0], ends[1]


@lru_cache(maxsize=1)
def _load_once(path: str, weights: str | None, max_size: int, _stamps: object) -> Model:
    return load_model(path, weights, max_size=max_size)


def _stamp(path: str) -> tuple[int, int] | None:
    """Return what changes when a file does; None of what cannot be asked, which loading tells."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
