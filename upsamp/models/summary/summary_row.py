"""One layer of a model as data, from which every column of a summary is made."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # as a row is shown by commands that need no layer
    from upsamp.layers.layer import Layer, MaybeShape
    from upsamp.models.summary.receptive_field import FieldSize


class Connection(NamedTuple):
    """What a layer is called on: a layer, its call (counted from 0), and the output of that."""

    layer: str
    node: int = 0
    output: int = 0

    def __str__(self) -> str:
        return f"{self.layer}[{self.node}][{self.output}]"


@dataclass(frozen=True)
class Measure:
    """What all calls of a layer together take for one sample; None is what nobody knows.

    activation_bytes: of the outputs. receptive_field: of the last call.
    """

    multiply_adds: int | None = None
    activation_bytes: int | None = None
    receptive_field: "FieldSize | None" = None


@dataclass(frozen=True)
class SummaryRow:
    """One layer of a model. output_shape has None for the batch; remark is for a reader.

    output_shape: of the first output of the last call; None where it is not known. params: None
    where the weights of a layer that upsamp does not have are not counted. level: how many models
    the layer is in, without the outermost. trainable: None without weights. layer: what the row is
    about, for the columns beyond Keras' ones. operation: whether Keras has it as no layer.
    """

    name: str
    type: str
    output_shape: "MaybeShape"
    params: int | None
    remark: str = ""
    level: int = 0
    more_output_shapes: "tuple[MaybeShape, ...]" = ()
    input_shapes: "tuple[MaybeShape, ...]" = ()
    connected_to: tuple[Connection, ...] = ()
    trainable: bool | None = None
    operation: bool = False
    measure: Measure = Measure()
    layer: "Layer | None" = field(default=None, compare=False, repr=False)

    @property
    def output_shapes(self) -> "tuple[MaybeShape, ...]":
        """The shapes of all outputs."""
        return (self.output_shape, *self.more_output_shapes)

    @property
    def label(self) -> str:
        """The layer with its class, indented below the model that it is in."""
        prefix = "   " * self.level + "└ " if self.level else ""
        return f"{prefix}{self.name} ({self.type})"

    def cells(self) -> tuple[str, str, str]:
        """Return the row as Keras prints it: layer (type), output shape, parameters."""
        return (
            self.label,
            format_shapes(self.output_shapes),
            "?" if self.params is None else f"{self.params:,}",
        )


def format_shape(shape: "MaybeShape") -> str:
    """Write a shape as Keras does; one that is not known is "?".

    >>> format_shape((None, 28)), format_shape((None,)), format_shape(None)
    ('(None, 28)', '(None)', '?')
    """
    return "?" if shape is None else f"({', '.join(map(str, shape))})"


def format_shapes(shapes: "tuple[MaybeShape, ...]") -> str:
    """Write the shape of one output, or the list of several."""
    texts = [format_shape(shape) for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def type_of(layer: "Layer") -> str:
    """Return what Keras calls a layer's class, without its package; or the operation that it is."""
    return layer.operation or layer.type_name.rpartition(">")[2]


def layer_row(layer: "Layer", output_shape: "MaybeShape") -> SummaryRow:
    """Return the row of one layer only, whose output has this shape."""
    batch_free = None if output_shape is None else (None, *output_shape[1:])
    return SummaryRow(layer.name, type(layer).__name__, batch_free, layer.count_params())
