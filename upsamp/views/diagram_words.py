"""The words of a model's drawing: what is beside its blocks, and what is told of them."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from upsamp.core.text import printable
from upsamp.models.summary.architecture import Architecture, Block, DrawnLayer

MaybeShape: TypeAlias = tuple[int | None, ...] | None

# Characters of a name that are shown; its title has some more.
SHOWN, TOLD = 40, 200
# Outputs whose shapes are listed, and blocks that are named as what another takes.
LISTED, NAMED = 3, 20


class Row(NamedTuple):
    """A line of text beside a block: what is bold, what is not, and the kind of a layer or ""."""

    name: str
    text: str
    kind: str = ""


def cut(text: str, most: int = SHOWN) -> str:
    """Return visible text of no more than this many characters."""
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def rows_of(block: Block) -> list[Row]:
    """Return the lines beside a block."""
    first, *others = block.layers
    output = ", output" if block.output else ""
    facts = [_shapes(block.shapes) + output, params_of(first)]
    return [
        Row(cut(first.name), _type(first)),
        Row("", ", ".join(filter(None, facts))),
        *(
            Row(cut(one.name), ", ".join(filter(None, [_type(one), params_of(one)])), one.kind)
            for one in others
        ),
    ]


def _type(layer: DrawnLayer) -> str:
    return f"{cut(layer.type)} {cut(layer.settings)}".rstrip()


def _shapes(shapes: Sequence[MaybeShape]) -> str:
    texts = [_shape(shape) for shape in shapes[:LISTED]]
    more = [f"and {len(shapes) - LISTED} more"] if len(shapes) > LISTED else []
    return "; ".join(texts + more)


def _shape(shape: MaybeShape) -> str:
    """Return a shape without the batch as text."""
    if shape is None:
        return "shape not known"
    axes = ["?" if axis is None else cut(f"{axis:,}", 20) for axis in shape[1:]]
    return f"{axes[0]} values" if len(axes) == 1 else " x ".join(axes) or "1 value"


def params_of(layer: DrawnLayer) -> str:
    """Return the parameters as text, "" for none; those of a second call are counted before."""
    number, calls = layer.call
    if number > 1:
        return f"call {number} of {calls}" + ", the same weights" * bool(layer.params)
    if layer.params is None:
        return "parameters not counted"
    return f"{layer.params:,} parameters" if layer.params else ""


def totals_of(architecture: Architecture) -> str:
    """Return the line below the name: the class, and how much there is of all."""
    count = sum(layer.kind != "input" for layer in architecture.layers)
    named = f"{printable(architecture.type)}, {count:,} layer{'s' * (count != 1)}"
    text = f"{named}, {architecture.params:,} parameters"
    return f"{text} without those not counted" if _uncounted(architecture) else text


def _uncounted(architecture: Architecture) -> bool:
    return any(layer.params is None for layer in architecture.layers)


def description_of(architecture: Architecture) -> str:
    """Return what a reader who sees nothing is told first."""
    unknown = sum(layer.kind == "unknown" for layer in architecture.layers)
    told = (
        f"{totals_of(architecture)}. Each block is drawn to scale: its front has the rows and "
        "columns of what its first layer gives, its depth the channels; a bar is a vector."
    )
    return f"{told} {unknown} layers are not known to upsamp." if unknown else told


def told_of(block: Block, sources: Sequence[Block]) -> str:
    """Return the words for a block: its layers, what it gives, and what it takes."""
    words = []
    for layer in block.layers:
        facts = ", ".join(
            filter(None, [cut(layer.type, TOLD), cut(layer.settings, TOLD), params_of(layer)])
        )
        words.append(f"{cut(layer.name, TOLD)} ({facts})")
    words.append(_shapes(block.shapes))
    if sources:
        names = ", ".join(cut(one.layers[-1].name) for one in sources[:NAMED])
        more = f" and {len(sources) - NAMED} more" if len(sources) > NAMED else ""
        words.append(f"takes {names}{more}")
    return "; ".join(words)
