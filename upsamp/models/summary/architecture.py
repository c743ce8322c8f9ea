"""The architecture of a model as data, for a drawing: blocks, and the links between them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.nesting import ModelLike, is_model
from upsamp.models.summary.unfolding import DrawnLayer, Frame, Step, Unfolding, infer_or_keep

__all__ = ["Architecture", "Block", "DrawnLayer", "Frame", "Link", "architecture_of"]

# What stands for an axis that is not known while a model is drawn: eight times divisible by 2.
STAND_IN = 256
# An axis may be any integer; a longer one is drawn as this.
LONGEST_AXIS = 2**60

# Rows, columns and channels of an image, or the length of a vector.
Sides: TypeAlias = tuple[int, int, int] | tuple[int]


@dataclass(frozen=True)
class Block:
    """An array that a layer gives, with the layers behind it that keep its shape.

    shapes: of all outputs, the batch included. sides: those of the first output as they are drawn;
    None where it is no vector and no image, or not known. assumed: whether a side is not known, and
    drawn for an input of `STAND_IN`. level: how many frames the block is in. output: whether the
    model gives it.
    """

    layers: tuple[DrawnLayer, ...]
    shapes: tuple[MaybeShape, ...]
    sides: Sides | None
    assumed: bool = False
    level: int = 0
    output: bool = False

    @property
    def kind(self) -> str:
        """The kind of its first layer, one of `upsamp.models.summary.layer_kinds.KINDS`."""
        return self.layers[0].kind


class Link(NamedTuple):
    """The numbers of two blocks, of which the second takes what the first gives."""

    source: int
    target: int


@dataclass(frozen=True)
class Architecture:
    """A model as blocks in the order of its calls, each after those that it takes."""

    name: str
    type: str
    params: int
    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    frames: tuple[Frame, ...] = ()

    @property
    def layers(self) -> list[DrawnLayer]:
        """All layers of all blocks."""
        return [layer for block in self.blocks for layer in block.layers]


def architecture_of(
    model: ModelLike,
    *,
    expand_nested: bool = False,
    input_shapes: Sequence[Shape] | None = None,
    counted: bool = False,
) -> Architecture:
    """Return the architecture of a model that is built.

    expand_nested, input_shapes, counted: as `upsamp.models.summary.summarizing.summarize` takes
    them. Activations, normalizations and the like that alone read an array, and keep its shape,
    are in its block. Raises `ArgumentError` for more layers or links than can be looked at.

    >>> from upsamp.models.generator import make_generator
    >>> found = architecture_of(make_generator("dcgan"))
    >>> [(block.kind, block.sides, len(block.layers)) for block in found.blocks][1:4]
    [('dense', (12544,), 3), ('reshaping', (7, 7, 256), 1), ('enlarging', (7, 7, 128), 3)]
    """
    walk = Unfolding(expand_nested=expand_nested, counted=counted, told=input_shapes is not None)
    shapes = list(input_shapes or model.input_shapes)
    assumed = [tuple(STAND_IN if axis is None else axis for axis in one[1:]) for one in shapes]
    ends = walk.through(model, [(None, *axes) for axes in assumed], [])
    _restore(model)
    for end in ends:
        walk.steps[end].output = True
    params = sum({id(weight): weight.size for weight in model.weights}.values())
    return _group(walk, Architecture(model.name, model.type_name, params, (), ()))


def _restore(model: ModelLike) -> None:
    """Let layers that merge remember the shapes that they have in the model itself."""
    for call in model.calls:
        if is_model(call.layer):
            _restore(call.layer)
    infer_or_keep(model, model.input_shapes)


def _group(walk: Unfolding, model: Architecture) -> Architecture:
    """Return the architecture with the steps in blocks."""
    steps = walk.steps
    uses = Counter(source for step in steps for source in step.sources)
    edges = {place for frame in walk.frames for place in (frame.first, frame.last + 1)}
    groups: list[list[Step]] = []
    homes: list[int] = []
    for number, step in enumerate(steps):
        alone = number in edges or not (number and _follows(steps, number, uses))
        if alone:
            groups.append([])
        groups[-1].append(step)
        homes.append(len(groups) - 1)
    links = {
        Link(homes[source], homes[number])
        for number, step in enumerate(steps)
        for source in step.sources
        if homes[source] != homes[number]
    }
    frames = [
        frame._replace(first=homes[frame.first], last=homes[frame.last]) for frame in walk.frames
    ]
    return Architecture(
        model.name,
        model.type,
        model.params,
        tuple(map(_block, groups)),
        tuple(sorted(links, key=lambda link: (link.target, link.source))),
        tuple(frames),
    )


def _follows(steps: Sequence[Step], number: int, uses: Counter[int]) -> bool:
    """Tell whether a step is in the block of the one before it."""
    step, before = steps[number], steps[number - 1]
    return (
        step.sources == [number - 1]
        and uses[number - 1] == 1
        and step.layer.kind == "pointwise"
        and before.layer.kind not in ("input", "model", "unknown")
        and not before.output
        and step.shapes == before.shapes
        and len(step.shapes) == 1
    )


def _block(steps: Sequence[Step]) -> Block:
    first = steps[0]
    sides = _sides(first.drawn, first.layout)
    unknown = any(axis is None for axis in (first.shapes[0] or ())[1:])
    return Block(
        tuple(step.layer for step in steps),
        tuple(first.shapes),
        sides,
        assumed=sides is not None and unknown,
        level=first.level,
        output=steps[-1].output,
    )


def _sides(shape: MaybeShape, layout: str) -> Sides | None:
    """Return the sides of a vector or an image; an array of rank 3 is an image of one channel."""
    axes = [min(axis, LONGEST_AXIS) for axis in (shape or ())[1:] if axis is not None]
    if shape is None or len(axes) < len(shape) - 1:
        return None
    if len(axes) == 3 and layout == "channels_first":
        axes = [*axes[1:], axes[0]]
    if len(axes) == 3:
        return axes[0], axes[1], axes[2]
    if len(axes) == 2:
        return axes[0], axes[1], 1
    if len(axes) < 2:  # a number a sample is a vector of one
        return (axes[0] if axes else 1,)
    return None
