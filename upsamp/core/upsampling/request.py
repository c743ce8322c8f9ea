"""What a whole result is: its input, its size and its rule, to which every part of it is made."""

from typing import Any, NamedTuple, cast

import numpy as np

from upsamp.core.arguments import CONVENTIONS, Convention, Interpolation, Pair, normalize_choice
from upsamp.core.upsampling.interpolation import AxisPlan, nearest_input, plan_axis
from upsamp.core.upsampling.methods import METHODS, method_of
from upsamp.core.values import normalize_flag
from upsamp.errors import ArgumentError, ShapeError


class Rule(NamedTuple):
    """How the pixels between those of the input are made."""

    method: Interpolation
    convention: Convention
    align_corners: bool
    alpha: bool


class Place(NamedTuple):
    """Some rows and columns of the result."""

    rows: slice
    columns: slice

    def is_multiple(self, factors: Pair) -> bool:
        """Tell whether both begin and end where a block of this many does."""
        return not any(
            outputs.start % factor or outputs.stop % factor
            for outputs, factor in zip(self, factors, strict=True)
        )


class Whole(NamedTuple):
    """Images that become larger ones.

    shape: of the input, (N, H, W, C). size: the rows and columns of the result.
    """

    shape: tuple[int, ...]
    size: Pair
    dtype: np.dtype[Any]
    rule: Rule

    @property
    def everything(self) -> Place:
        """Return all rows and columns of the result."""
        return Place(slice(0, self.size[0]), slice(0, self.size[1]))

    @property
    def factors(self) -> Pair | None:
        """Return the factors of the rows and of the columns, where both are whole numbers."""
        (height, width), (rows, columns) = self.shape[1:3], self.size
        if rows % height or columns % width:
            return None
        return rows // height, columns // width

    @property
    def copies(self) -> bool:
        """Tell whether every pixel of the result is a copy of one."""
        return METHODS[self.rule.method].copies(self.factors)

    @property
    def plans(self) -> tuple[AxisPlan, AxisPlan]:
        """Return the plans of both axes, where the result is no copy."""
        method, convention, align_corners, _ = self.rule
        (height, width), (rows, columns) = self.shape[1:3], self.size
        return (
            plan_axis(height, rows, method, convention, align_corners=align_corners),
            plan_axis(width, columns, method, convention, align_corners=align_corners),
        )

    def inputs(self, axis: int, outputs: slice) -> slice:
        """Return the input rows (axis 0) or columns (axis 1) that some of the result's read.

        >>> rule = Rule("bilinear", "keras", align_corners=False, alpha=False)
        >>> Whole((1, 8, 8, 3), (16, 16), np.dtype("uint8"), rule).inputs(0, slice(4, 8))
        slice(1, 5, None)
        """
        if not self.copies:
            return self.plans[axis].reach(outputs)
        length, target = self.shape[1 + axis], self.size[axis]
        first, last = (
            nearest_input(length, target, self.rule.convention, end)
            for end in (outputs.start, outputs.stop - 1)
        )
        return slice(first, last + 1)


def normalize_rule(
    interpolation: str, convention: str, *, align_corners: bool, alpha: bool
) -> Rule:
    """Return the rule, where the convention has such a method, and the method such a setting."""
    method = method_of(interpolation, convention)
    whose = cast("Convention", normalize_choice(convention, "convention", CONVENTIONS))
    aligned = normalize_flag(align_corners, "align_corners")
    if aligned and whose not in method.align_corners:
        names = " or ".join(one.name for one in METHODS.values() if one.align_corners)
        raise ArgumentError(
            f"`align_corners=True` must go with convention='torch' and {names}. "
            f"Received: convention={whose!r}, interpolation={method.name!r}."
        )
    return Rule(method.name, whose, aligned, normalize_flag(alpha, "alpha"))


def check_alpha(rule: Rule, channels: int, shape: tuple[int, ...]) -> None:
    """Raise `ShapeError` where one of so many channels cannot be alpha; `shape` is what is told."""
    if rule.alpha and channels < 2:
        raise ShapeError(
            "`alpha=True` needs colour before the alpha channel, so at least 2 channels. "
            f"Received: shape {shape}."
        )
