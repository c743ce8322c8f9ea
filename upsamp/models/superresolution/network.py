"""A trained network as a method of enlarging pictures: its scale, its range, and its tiles."""

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from upsamp.core.arguments import Pair
from upsamp.errors import ArgumentError, ShapeError
from upsamp.models.files.loading import load_model
from upsamp.models.model import Model
from upsamp.models.sampling.features import check_known, output_model
from upsamp.models.sampling.image_layout import channels_first, takes_channels_first
from upsamp.models.sampling.input_roles import input_roles
from upsamp.models.sampling.value_ranges import Range, image_ranges
from upsamp.models.superresolution.flat_graph import FlatGraph, flatten
from upsamp.models.superresolution.network_plan import NetworkPlan, plan_network

# How many channels a picture has: grey, colour, and colour with alpha.
CHANNELS = (1, 3, 4)


class Network:
    """A model that makes pictures larger, or better at their size.

    load: returns the model; called once in a process, so that other processes are told a path and
    not the weights. name: stands in names of files. value_range: what black and white are in the
    network; None is what its layers say. tile: the rows and columns of a tile; None is chosen.
    """

    def __init__(
        self,
        load: Callable[[], Model],
        name: str,
        value_range: Range | None = None,
        tile: int | None = None,
    ) -> None:
        self._load, self.name, self._value_range, self._tile = load, name, value_range, tile

    def __getstate__(self) -> tuple[Any, ...]:
        return self._load, self.name, self._value_range, self._tile

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._load, self.name, self._value_range, self._tile = state

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

    @property
    def keeps(self) -> bool:
        """Whether the result has the size of what goes in."""
        return set(self.scale) == {Fraction(1)}

    def plan(self, size: Pair, room: int | None = None) -> NetworkPlan:
        """Plan the tiles of a picture of so many rows and columns.

        room: the bytes that a tile and its band may take. Raises `ShapeError` where the network
        does not take such a picture, and `MemoryLimitError` where it cannot be cut into tiles that
        are small enough.
        """
        if self.own_size not in (None, size):
            rows, columns = self.own_size or size
            raise ShapeError(
                f"A picture for '{self.name}' must have {columns}x{rows} pixels. Received: "
                f"{size[1]}x{size[0]}. {self._reason}"
            )
        return plan_network(
            self.graph, self.scale, size, room, self._tile, free=self.own_size is None
        )


def network_of_file(
    path: str,
    weights: str | None,
    max_size: int,
    value_range: Range | None = None,
    tile: int | None = None,
) -> Network:
    """Return the network of a model that was saved, as `upsamp.load_model` reads it."""
    load = partial(_load_file, path, weights, max_size)
    return Network(load, Path(path).stem, value_range, tile)


def _load_file(path: str, weights: str | None, max_size: int) -> Model:
    """Read a model, or return the one that this process has read of the same files."""
    stamps = tuple(_stamp(file) for file in (path, weights) if file is not None)
    return _load_once(path, weights, max_size, stamps)


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
