"""What a library leaves to be done, where its own settings cannot give the result's size."""

from collections.abc import Sequence
from dataclasses import dataclass

from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.translate.source import comment


@dataclass(frozen=True)
class Remainder:
    """One axis: of the `length` elements of a library's result, those from `start` to `stop`.

    What lies past `length` is zeros.
    """

    length: int
    start: int
    stop: int

    @classmethod
    def of(cls, axis: TransposedAxis, cropped: int, length: int) -> "Remainder":
        """Return what is left of an axis, of which a library crops so much at the start.

        >>> from upsamp.core.geometry.sizes import transposed_axis
        >>> Remainder.of(transposed_axis(2, 3, 2, "same", None, 1), 0, 5)
        Remainder(length=5, start=0, stop=4)
        """
        start = axis.before - cropped
        return cls(length, start, start + axis.output)

    @property
    def zeros(self) -> int:
        """How many zeros must be added at the end, before the slice is taken."""
        return max(0, self.stop - self.length)

    @property
    def part(self) -> str:
        """The slice that must be taken after the zeros are added; ":" where that is all."""
        stop = "" if self.stop == self.length + self.zeros else self.stop
        return f"{self.start or ''}:{stop}"

    @property
    def is_nothing(self) -> bool:
        """Whether the library's result is already what is wanted."""
        return self.zeros == 0 and self.part == ":"


def adds_zeros(axes: Sequence[Remainder]) -> bool:
    """Tell whether zeros are added, so that the bias must come after them."""
    return any(axis.zeros for axis in axes)


def finish(axes: Sequence[Remainder], *, bias: bool) -> list[str]:
    """Return the lines that bring `y`, an array (N, H, W, C), to its size, and then add the bias.

    axes: what is left of the rows and of the columns; none where nothing is.
    """
    lines = []
    if axes:
        lines += _cut(*axes)
    if bias:
        lines.append("y = y + bias")
    return lines


def _cut(rows: Remainder, columns: Remainder) -> list[str]:
    lines = []
    if adds_zeros((rows, columns)):
        lines.append(comment("No input reaches the end of the result: it is zeros."))
        lines.append(
            f"y = np.pad(y, ((0, 0), (0, {rows.zeros}), (0, {columns.zeros}), (0, 0)))",
        )
    if rows.part != ":" or columns.part != ":":
        lines.append(f"y = y[:, {rows.part}, {columns.part}]")
    return lines
