"""Which layer of a model to change, and to what, so that its images get another size."""

import inspect
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from typing import Any, TypeAlias

from upsamp.core.arguments import Padding, Pair, PairLike, normalize_pair
from upsamp.core.geometry.size_solver import LayerSetting, solve_kept
from upsamp.errors import ShapeError
from upsamp.layers import Conv2D, Conv2DTranspose, Dense, Layer, Reshape, UpSampling2D
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape
from upsamp.models.length_search import Box, box_before, nearest_multiples
from upsamp.models.sequential import Sequential

# The positions of the layers that change, with the arguments that they get.
Change: TypeAlias = dict[int, dict[str, Any]]
# How small a change is: the layers, the arguments, and the parameters that it is about.
Extent: TypeAlias = tuple[int, int, int]
# The bounds within which a Conv2DTranspose is looked for, where its own settings are not beyond.
MAX_KERNEL, MAX_STRIDE = 7, 8


@dataclass(frozen=True)
class Advice:
    """A change of one layer, or of a Dense and its Reshape, that gives a model's images a size.

    names: of the layers that change. now, then: their Keras code, one layer a line, as
    `parse_layers` reads it. layer_output: (rows, columns) that the changed layer then gives.
    output: (rows, columns) that the model then gives. No names and no code: nothing is to change.
    """

    names: tuple[str, ...]
    now: str
    then: str
    layer_output: Pair
    output: Pair


def advise(model: Sequential, target: PairLike) -> list[Advice]:
    """Return the changes of a single layer, each of which gives the model's images `target`'s size.

    model: built, with an output of rank 4. target: one integer or (rows, columns). Tried are every
    Conv2DTranspose (with each setting of `solve_layer` that leaves no holes), the size of every
    UpSampling2D, the padding of every Conv2D, and the base grid: a Reshape with the Dense before
    it. All other layers stay as they are; those of a nested model count like the model's own.

    The smallest change first: fewer layers, then fewer arguments, then fewer parameters more or
    less, then the earlier layer. A Conv2DTranspose may come twice: with the fewest arguments
    changed, and with the setting that `solve_layer` puts first. An empty list: no single layer
    helps. A model that gives the target already gets one advice, without names and code.

    Raises `ArgumentError` where the target is no size or the model is not built, and `ShapeError`
    where its output is not images of known rows and columns.

    >>> model = Sequential([Conv2DTranspose(1, 3, 2, padding="same", input_shape=(7, 7, 8))])
    >>> advise(model, 28)[0].then
    'Conv2DTranspose(1, (4, 4), strides=(4, 4), padding="same", input_shape=(7, 7, 8))'
    """
    wanted = normalize_pair(target, "target")
    search = _Search(model, wanted)
    if search.grid(model.output_shape) == wanted:
        return [Advice((), "", "", wanted, wanted)]
    found = [
        search.advice(change, grid)
        for position in range(len(search.layers))
        for grid, change in search.changes(position)
    ]
    # Sorting keeps the order of those that weigh the same: the earlier layer stays first.
    return [advice for _, advice in sorted(found, key=itemgetter(0))]


class _Search:
    """A model laid out, and what becomes of its output when a layer changes."""

    def __init__(self, model: Sequential, wanted: Pair) -> None:
        self.wanted = wanted
        self.layers = list(_flatten(model))
        self.shapes = [model.input_shape]
        for layer in self.layers:
            self.shapes.append(layer.compute_output_shape(self.shapes[-1]))
        formats = [layer.data_format for layer in self.layers if isinstance(layer, ImageLayer)]
        self.rows = 2 if formats[-1:] == ["channels_first"] else 1
        if self.grid(self.shapes[-1]) is None:
            raise ShapeError(
                "`model` must give images of known rows and columns, (N, H, W, C). Received: "
                f"model '{model.name}' with output shape {self.shapes[-1]}. Give its first layer "
                "the rows and columns of its input."
            )
        self.boxes = self._boxes()

    def grid(self, shape: Shape) -> Pair | None:
        """Return the rows and columns of images, where the shape is such and they are known."""
        lengths = shape[self.rows : self.rows + 2] if len(shape) == 4 else ()
        rows, columns = lengths or (None, None)
        return None if rows is None or columns is None else (rows, columns)

    def shape(self, position: int, grid: Pair) -> Shape:
        """Return the shape of the layer's output with those rows and columns in it."""
        shape = self.shapes[position + 1]
        return (*shape[: self.rows], *grid, *shape[self.rows + 2 :])

    def _boxes(self) -> list[Box | None]:
        """Return for each layer the rows and columns from which the model's are those wanted."""
        boxes: list[Box | None] = [(_one(self.wanted[0]), _one(self.wanted[1]))]
        for position in range(len(self.layers) - 1, 0, -1):
            after = boxes[-1]
            boxes.append(None if after is None else self._box_before(position, after))
        return boxes[::-1]

    def _box_before(self, position: int, after: Box) -> Box | None:
        """Return the rows and columns that a layer takes to those of `after`."""
        now = self.grid(self.shapes[position])
        if now is None:
            return None

        def result(rows: int, columns: int) -> Pair:
            shape = self.shape(position - 1, (rows, columns))
            try:
                output = self.grid(self.layers[position].compute_output_shape(shape))
            except ShapeError:  # too small for the layer
                output = None
            return output or (0, 0)

        def turned(rows: int, columns: int) -> Pair:
            return result(rows, columns)[::-1]

        # Permute makes columns of rows.
        return box_before(result, now, after) or box_before(turned, now, after[::-1])

    def needed(self, position: int, steps: Pair = (1, 1)) -> list[Pair]:
        """Return the rows and columns of this layer from which the model's are those wanted.

        Of many the nearest to those that it has, in multiples of `steps`.
        """
        now, box = self.grid(self.shapes[position + 1]), self.boxes[position]
        if now is None or box is None:
            return []
        # Layers that follow may shrink their input, but hardly a generator's to an eighth.
        lengths = [
            range(axis.start, min(axis.stop, 8 * wanted + 8))
            for axis, wanted in zip(box, self.wanted, strict=True)
        ]
        if now[0] == now[1] and self.wanted[0] == self.wanted[1]:
            both = range(max(one.start for one in lengths), min(one.stop for one in lengths))
            return [(n, n) for n in nearest_multiples(both, now[0], math.lcm(*steps))]
        rows, columns = map(nearest_multiples, lengths, now, steps)
        return list(product(rows, columns))

    def changes(self, position: int) -> Iterator[tuple[Pair, Change]]:
        """Yield the changes of this layer, each with the rows and columns that it then has."""
        layer = self.layers[position]
        if isinstance(layer, Conv2D):
            yield from self._paddings(position, layer)
        elif isinstance(layer, Conv2DTranspose):
            yield from self._settings(position, layer)
        elif isinstance(layer, UpSampling2D):
            yield from self._factors(position, layer)
        elif isinstance(layer, Reshape):
            yield from self._base_grids(position, layer)

    def _paddings(self, position: int, layer: Conv2D) -> Iterator[tuple[Pair, Change]]:
        other = {"padding": "valid" if layer.padding == "same" else "same"}
        try:
            shape = _changed(layer, other).compute_output_shape(self.shapes[position])
        except ShapeError:
            return
        grid, box = self.grid(shape), self.boxes[position]
        if grid and box and grid[0] in box[0] and grid[1] in box[1]:
            yield grid, {position: other}

    def _factors(self, position: int, layer: UpSampling2D) -> Iterator[tuple[Pair, Change]]:
        before = self.grid(self.shapes[position]) or self.wanted
        for grid in self.needed(position, before):
            size = grid[0] // before[0], grid[1] // before[1]
            yield grid, {position: _other(layer, size=size)}

    def _settings(self, position: int, layer: Conv2DTranspose) -> Iterator[tuple[Pair, Change]]:
        before = self.grid(self.shapes[position]) or self.wanted
        grids = {*self.needed(position), *self.needed(position, before)}
        found = []
        for grid in sorted(grids):
            if grid[0] >= before[0] and grid[1] >= before[1]:
                found += [(grid, {position: other}) for other in _transposed(layer, before, grid)]
        if found:
            fewest = min(found, key=lambda pair: len(pair[1][position]))
            yield fewest
            if found[0] != fewest:
                yield found[0]

    def _base_grids(self, position: int, layer: Reshape) -> Iterator[tuple[Pair, Change]]:
        """Change what the Reshape makes of a Dense, where all between keeps its values apart."""
        dense = position - 1
        while dense >= 0 and not isinstance(self.layers[dense], Dense | Reshape):
            dense -= 1
        before = self.layers[dense] if dense >= 0 else None
        if not isinstance(before, Dense) or len(self.shapes[dense + 1]) != 2:
            return
        for grid in self.needed(position):
            shape = self.shape(position, grid)[1:]
            left = tuple(
                -1 if old == -1 else new for old, new in zip(layer.target_shape, shape, strict=True)
            )
            # A Dense knows its units, so every length is known here.
            change = {
                dense: _other(before, units=math.prod(length or 1 for length in shape)),
                position: _other(layer, target_shape=left),
            }
            yield grid, {place: others for place, others in change.items() if others}

    def advice(self, change: Change, grid: Pair) -> tuple[Extent, Advice]:
        """Say a change in Keras code, and how small it is."""
        old = [self.layers[position] for position in change]
        new = [_changed(self.layers[position], others) for position, others in change.items()]
        parameters = 0
        for position, before, after in zip(change, old, new, strict=True):
            if before.weights:
                after.build(self.shapes[position])
                parameters += abs(after.count_params() - before.count_params())
        extent = len(change), sum(map(len, change.values())), parameters
        names = tuple(layer.name for layer in old)
        now, then = ("\n".join(map(_spell, layers)) for layers in (old, new))
        return extent, Advice(names, now, then, grid, self.wanted)


def _flatten(model: Sequential) -> Iterator[Layer]:
    """Yield the layers of a model, and in the place of a model among them its layers."""
    for layer in model.layers:
        if isinstance(layer, Sequential):
            yield from _flatten(layer)
        else:
            yield layer


def _other(layer: Layer, **arguments: Any) -> dict[str, Any]:
    """Keep those arguments that the layer does not have already."""
    return {name: value for name, value in arguments.items() if getattr(layer, name) != value}


def _changed(layer: Layer, others: dict[str, Any]) -> Layer:
    """Return a new layer like this one, but for those arguments."""
    return type(layer).from_config({**layer.get_config(), "name": layer.given_name, **others})


def _transposed(layer: Conv2DTranspose, before: Pair, grid: Pair) -> Iterator[dict[str, Any]]:
    """Yield the arguments with which the layer takes `before` to `grid`, the best first."""
    padding: Padding = "same" if layer.padding == "same" else "valid"
    own = (layer.kernel_size, layer.strides, padding, layer.output_padding)
    for setting in solve_kept(
        before,
        grid,
        LayerSetting(*own, output=grid, even_overlap=False, holes=False),
        max_kernel=max(MAX_KERNEL, *layer.kernel_size),
        max_stride=max(MAX_STRIDE, *layer.strides),
    ):
        yield _other(
            layer,
            kernel_size=setting.kernel,
            strides=setting.strides,
            padding=setting.padding,
            output_padding=setting.output_padding,
            dilation_rate=(1, 1),
        )


def _one(length: int) -> range:
    return range(length, length + 1)


def _spell(layer: Layer) -> str:
    """Return a layer's Keras code: what it must be told, and what is not Keras' default.

    >>> _spell(UpSampling2D(2, interpolation="bilinear"))
    'UpSampling2D(size=(2, 2), interpolation="bilinear")'
    """
    parameters = inspect.signature(type(layer)).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    # What every layer takes comes last; and a data format is by default the one of the config.
    defaults |= {"data_format": "channels_last", "trainable": True, "dtype": "float32"}
    config = {**layer.get_config(), "name": layer.given_name}
    arguments = []
    for name, default in {**defaults, "name": None}.items():
        if default is inspect.Parameter.empty and name in config:
            arguments.append(_literal(config[name]))
        # The size of UpSampling2D is told always, as it is what the advice is about.
        elif name in config and (name == "size" or config[name] != default):
            arguments.append(f"{name}={_literal(config[name])}")
    if layer.batch_input_shape is not None:
        arguments.append(f"input_shape={layer.batch_input_shape[1:]}")
    return f"{type(layer).__name__}({', '.join(arguments)})"


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)
