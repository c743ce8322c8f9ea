"""Operations that make arrays of other shapes, as programs write them: all along Keras' axes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from upsamp.models.export.program import Record, Step
from upsamp.models.export.program_parts import same, shown_array
from upsamp.models.export.source_text import literal

# More outputs of one call would be a line that nobody reads.
MAX_OUTPUTS = 8


class Words(NamedTuple):
    """How a library spells these operations, of {x}.

    reductions: along {axes}, with {keep}, which `keepdims` spells. tile: {counts}. repeat: {count}
    along {axis}. flip: {axes}. pad: {pairs} of all axes, by {value}. mirror: {pairs}, and {mode}.
    stack, unstack, split: the beginning of a call, and what its axis is called. at: whether a split
    is told by places; else by lengths. matmul: the beginning of a product, and its last arguments.
    array: what makes an array of a list.
    """

    reductions: Mapping[str, str]
    keepdims: str
    tile: str
    repeat: str
    flip: str
    pad: str
    mirror: str
    stack: tuple[str, str]
    unstack: tuple[str, str]
    split: tuple[str, str]
    at: bool
    matmul: tuple[str, tuple[str, ...]]
    array: str

    def tell_matmul(self, step: Step, layer: Any) -> None:
        """Write Matmul."""
        given = iter(range(len(step.sources)))
        texts = [
            step.take(next(given)).text if one is None else shown_array(step, one, self.array)
            for one in layer.operands
        ]
        step.give_call(self.matmul[0], [*texts, *self.matmul[1]])

    def tell_reduction(self, step: Step, layer: Any) -> None:
        """Write a sum or the like."""
        value = step.take()
        axes = literal(_places(step, layer.options.get("axis"), len(value.shape)))
        keep = self.keepdims if layer.options.get("keepdims") else ""
        text = self.reductions[layer.function].format(x=value.text, axes=axes, keep=keep)
        step.give(text)

    def tell_tile(self, step: Step, layer: Any) -> None:
        """Write Tile."""
        value = step.take()
        repeats = layer.options["repeats"]
        several = [repeats] if isinstance(repeats, int) else list(repeats)
        counts = (*[1] * (len(value.shape) - len(several)), *several)
        step.give(self.tile.format(x=value.text, counts=literal(counts)))

    def tell_repeat(self, step: Step, layer: Any) -> None:
        """Write Repeat."""
        value = step.take()
        (axis,) = _places(step, layer.options["axis"], len(value.shape))
        text = self.repeat.format(x=value.text, count=layer.options["repeats"], axis=axis)
        step.give(text)

    def tell_flip(self, step: Step, layer: Any) -> None:
        """Write Flip."""
        value = step.take()
        axes = _places(step, layer.options["axis"], len(value.shape))
        step.give(self.flip.format(x=value.text, axes=literal(axes)))

    def tell_pad(self, step: Step, layer: Any) -> None:
        """Write Pad."""
        value = step.take()
        width = layer.options["pad_width"]
        pairs = [[width] * 2] * len(value.shape) if isinstance(width, int) else width
        shown = literal(tuple(map(tuple, pairs)))
        mode = layer.options.get("mode", "constant")
        if mode == "constant":
            number = literal(float(layer.options.get("constant_values") or 0))
            backwards = literal(tuple(side for pair in reversed(pairs) for side in pair))
            text = self.pad.format(x=value.text, pairs=shown, backwards=backwards, value=number)
        else:
            if "mirror" in self.mirror:
                step.use("mirror")
            text = self.mirror.format(x=value.text, pairs=shown, mode=literal(mode))
        step.give(text)

    def tell_stack(self, step: Step, layer: Any) -> None:
        """Write Stack."""
        values = [step.take(place) for place in range(len(step.sources))]
        start, axis = self.stack
        listed = ", ".join(value.text for value in values)
        place = _places(step, layer.options["axis"], len(values[0].shape) + 1)[0]
        step.give_call(start, [f"[{listed}]", f"{axis}={place}"])

    def tell_unstack(self, step: Step, layer: Any) -> None:
        """Write Unstack."""
        value = step.take()
        start, axis = self.unstack
        place = _places(step, layer.options.get("axis", 0), len(value.shape))[0]
        step.give_several(start, [value.text, f"{axis}={place}"], MAX_OUTPUTS)

    def tell_split(self, step: Step, layer: Any) -> None:
        """Write Split."""
        value = step.take()
        start, axis = self.split
        place = _places(step, layer.options.get("axis", 0), len(value.shape))[0]
        parts: Any = layer.options["indices_or_sections"]
        if not self.at:
            lengths = [step.output_shape(i)[place] for i in range(step.output_count)]
            if None in lengths:
                step.refuse("the lengths of its parts are not known")
            parts = lengths
        step.give_several(start, [value.text, literal(parts), f"{axis}={place}"], MAX_OUTPUTS)


def array_operations(words: Words) -> Mapping[str, Record]:
    """Return the records of these operations."""
    return {
        **dict.fromkeys(words.reductions, Record(words.tell_reduction)),
        "Tile": Record(words.tell_tile),
        "Repeat": Record(words.tell_repeat),
        "Flip": Record(words.tell_flip),
        "Pad": Record(words.tell_pad),
        "Matmul": Record(words.tell_matmul),
        "Stack": Record(words.tell_stack),
        "Unstack": Record(words.tell_unstack),
        "Split": Record(words.tell_split),
        "Squeeze": Record(squeeze),
        "ExpandDims": Record(expand),
    }


def _places(step: Step, axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Return axes counted from the start."""
    if axis is None:
        step.refuse("it is along all axes, the batch too")
    return tuple(one % rank for one in ([axis] if isinstance(axis, int) else axis))


def squeeze(step: Step, layer: Any) -> None:
    """Write Squeeze, by an index in each axis that goes."""
    value = step.take()
    axis = layer.options.get("axis")
    if axis is None:
        ones = [place for place, length in enumerate(value.shape) if place and length == 1]
    else:
        ones = list(_places(step, axis, len(value.shape)))
    items = ["0" if place in ones else ":" for place in range(len(value.shape))]
    step.give(f"{value.text}[{', '.join(items)}]")


def expand(step: Step, layer: Any) -> None:
    """Write ExpandDims, by None for each new axis."""
    value = step.take()
    axis = layer.options.get("axis", -1)
    rank = len(value.shape) + (1 if isinstance(axis, int) else len(axis))
    new = _places(step, axis, rank)
    items = ["None" if place in new else ":" for place in range(rank)]
    step.give(f"{value.text}[{', '.join(items)}]")


def item_text(items: Sequence[object]) -> str:
    """Return the items of a slice as they are written.

    >>> item_text([slice(None), slice(1, None, 2), ..., None, 0])
    ':, 1::2, ..., None, 0'
    """
    return ", ".join(map(_item, items))


def _item(item: object) -> str:
    if item is ...:
        return "..."
    if not isinstance(item, slice):
        return str(item)
    start, stop = ("" if one is None else str(one) for one in (item.start, item.stop))
    return f"{start}:{stop}" if item.step in (None, 1) else f"{start}:{stop}:{item.step}"


def get_item(step: Step, layer: Any) -> None:
    """Write a slice."""
    step.give(f"{step.take().text}[{item_text(layer.items)}]")


# --- functions of each value that have options


def rounded(text: str) -> Record:
    """Return the record of Round, which a library spells so, of {x} and {decimals}."""

    def tell(step: Step, layer: Any) -> None:
        value = same(step)
        decimals = layer.options.get("decimals", 0)
        step.give(text.format(x=value.text, decimals=decimals), moved=value.moved)

    return Record(tell)


def gelu(exact: str, approximate: str) -> Record:
    """Return the record of Gelu, which is approximate where nothing is said."""

    def tell(step: Step, layer: Any) -> None:
        value = same(step)
        text = approximate if layer.options.get("approximate", True) else exact
        step.give(text.format(x=value.text), moved=value.moved)

    return Record(tell)


def cast(whole: str, truth: str, half: str) -> Record:
    """Return the record of Cast: to whole numbers, to whether they are zero, to float16."""

    def tell(step: Step, layer: Any) -> None:
        value = same(step)
        dtype = layer.options["dtype"]
        texts = {"bool": truth, "float16": half, "float32": "{x}", "float64": "{x}"}
        text = texts.get(dtype, whole).format(x=value.text)
        if text == value.text:
            step.pass_on(value)
        else:
            step.give(text, moved=value.moved)

    return Record(tell)
