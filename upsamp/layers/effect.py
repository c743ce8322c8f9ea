"""What a layer is to those who compute many of them in a row: see `upsamp.models.execution`."""

from enum import Enum, auto


class Nature(Enum):
    """What is known of the output of a layer's `call`, whatever its values.

    OTHER: nothing. NEW: it shares no memory with the input, nor with anything that is kept. EACH:
    each value is a function of one value in its place. SCALED: each value is multiplied by a factor
    and increased by an offset, which belong to its place on one axis. VIEW: the values in their
    order, in another shape. SAME: the input itself.
    """

    OTHER = auto()
    NEW = auto()
    EACH = auto()
    SCALED = auto()
    VIEW = auto()
    SAME = auto()
