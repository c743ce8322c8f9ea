"""The kinds of values that options have: names of files, counts, pairs, factors, ranges, sizes."""

import math
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import click

from upsamp.core.arguments import PADDINGS
from upsamp.core.spelling import nearest_name
from upsamp.io.descriptors import descriptor_of
from upsamp.io.remote_paths import local_path
from upsamp.io.streams import STANDARD_STREAM

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    FileBase: TypeAlias = click.ParamType[str]
    NumbersBase: TypeAlias = click.ParamType[tuple[Any, ...]]
else:  # older releases of click, which do as well, have it plain
    FileBase = NumbersBase = click.ParamType

# What an integer looks like on a command line; a negative one is taken, to be refused by name.
INTEGER = re.compile(r"-?\d{1,99}")
# As much of a wrong value is repeated.
MAX_SHOWN = 60
# The digits of an integer that is read.
MAX_DIGITS = 999
# What NumPy and the system take as a size.
MAX_SIZE = 2**63 - 1


class FileType(FileBase):
    """The name of a file; file:///a.png is /a.png.

    /dev/stdin as an input, and /dev/stdout as an output, is "-".
    """

    name = "file"

    def __init__(self, *, output: bool = False) -> None:
        self.output = output

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        if value == "" and self.is_filled(param):
            self.fail("must name a file. Received: '', which is empty.", param, ctx)
        name = local_path(str(value))
        return STANDARD_STREAM if descriptor_of(name) == self.output else name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list["CompletionItem"]:
        """Let the shell complete the names of files."""
        from click.shell_completion import CompletionItem  # asked by shells alone

        return [CompletionItem(incomplete, type="file")]

    @staticmethod
    def is_filled(param: click.Parameter | None) -> bool:
        """Tell whether an option must have a name: one with a flag may be "", and so may INPUT."""
        return isinstance(param, click.Option) and param.flag_value != ""


class ChoiceType(click.Choice[str]):
    """One of some names, in any case."""

    def __init__(self, choices: Iterable[str]) -> None:
        super().__init__([*choices], case_sensitive=False)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return the rule, and which name was meant."""
        near = nearest_name(str(value), self.choices)
        remedy = f" Did you mean {near}?" if near else ""
        shown = str(value)[:MAX_SHOWN]
        rule = f"one of {', '.join(self.choices)}" if len(self.choices) > 1 else self.choices[0]
        return f"must be {rule}. Received: {shown}.{remedy}"


class CountType(click.IntRange):
    """An integer from `minimum` to `most`; None for no bound."""

    def __init__(self, minimum: int = 1, most: int | None = MAX_SIZE) -> None:
        super().__init__(min=minimum, max=None if most == MAX_SIZE else most)
        self.least = minimum
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the integer."""
        text = str(value).strip()
        # Python reads no longer ones; cut, it is as much too large.
        count = int(text[:MAX_DIGITS]) if re.fullmatch("[+-]?[0-9]+", text) else None
        rule = f"an integer, {self.least} or more"
        if count is not None and self.most is not None and count > self.most:
            rule = f"at most {self.most:,}"
        elif count is not None and count >= self.least and len(text) <= MAX_DIGITS:
            return count
        return self.fail(f"must be {rule}. Received: {str(value)[:MAX_SHOWN]}.", param, ctx)


class AmountType(click.FloatRange):
    """A finite number from `least` to `most`."""

    def __init__(self, least: float = 0, most: float | None = None) -> None:
        super().__init__(least, most)
        self.bounds = least, sys.float_info.max if most is None else most
        self.rule = f"{least:g} or more" if most is None else f"{least:g} to {most:g}"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        try:
            amount = float(value)
        except ValueError:
            amount = math.nan
        if not self.bounds[0] <= amount <= self.bounds[1]:
            shown = str(value)[:MAX_SHOWN]
            self.fail(f"must be a number, {self.rule}. Received: {shown}.", param, ctx)
        return amount


class NumbersType(NumbersBase):
    """Some numbers: as many words as there are, up to `most`, or one, as in "2x3" or "2,3"."""

    name = "numbers"
    word: ClassVar[re.Pattern[str]] = INTEGER

    def __init__(self, most: int, metavar: str, rule: str, minimum: int = 1) -> None:
        self.most = most
        self.metavar = metavar
        self.rule = rule
        self.minimum = minimum

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Name the numbers, in brackets those that may be left out."""
        return self.metavar

    def parse(self, text: str) -> Any:
        """Return the numbers that are written, or none where they break the rule."""
        parts = re.split(r"\s*[x,\s]\s*", text.strip().strip("()[]").lower().rstrip(","))
        if len(parts) > self.most or not all(self.word.fullmatch(part) for part in parts):
            return ()
        numbers = tuple(self.number(part) for part in parts)
        return numbers if min(numbers) >= self.minimum else ()

    def number(self, text: str) -> Any:
        """Return one number."""
        return int(text)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        numbers = self.parse(str(value))
        if not numbers:
            self.fail(f"must be {self.rule}. Received: {str(value)[:MAX_SHOWN]}.", param, ctx)
        return numbers


class PairType(NumbersType):
    """One integer for rows and columns, or two: "2", "2 3", "2x3", "2,3"."""

    def __init__(self, minimum: int = 1) -> None:
        kind = "positive" if minimum == 1 else "non-negative"
        rule = f"one {kind} integer, or two for rows and columns, as in 2 or 2 3"
        super().__init__(2, "ROWS [COLUMNS]", rule, minimum)

    def parse(self, text: str) -> Any:
        """Return (rows, columns), or none where they break the rule."""
        numbers = super().parse(text)
        return numbers * 2 if len(numbers) == 1 else numbers


class PaddingType(NumbersType):
    """valid, same, or how much is cropped: "1", "1 2" (rows, columns), "0 1 2 3" (the sides)."""

    def __init__(self) -> None:
        rule = (
            "valid, same, or 1, 2 or 4 non-negative integers: 1, or 0 2, or TOP BOTTOM LEFT RIGHT"
        )
        super().__init__(4, "same|valid|N...", rule, minimum=0)

    def parse(self, text: str) -> Any:
        """Return ("same",), ("valid",), or ((top, bottom), (left, right))."""
        if text.lower() in PADDINGS:
            return (text.lower(),)
        numbers = super().parse(text)
        if len(numbers) not in (1, 2, 4):
            return ()
        rows, columns = numbers[0], numbers[-1]
        return (numbers[:2], numbers[2:]) if len(numbers) == 4 else ((rows,) * 2, (columns,) * 2)


class FactorType(PairType):
    """One factor for rows and columns, or two, each at least 1: "2", "1.5", "2 3"."""

    word = re.compile(r"-?\d{1,99}(\.\d{1,99})?")

    def __init__(self) -> None:
        super().__init__()
        self.rule = "one factor of at least 1, or two for rows and columns, as in 2 or 1.5 or 2 3"

    def number(self, text: str) -> Any:
        """Return one factor, exactly."""
        from fractions import Fraction  # few factors have a point

        return Fraction(text) if "." in text else int(text)


class RangeType(NumbersType):
    """Two numbers, of which the first is the lower: "0 1", "-1 1"; or "auto"."""

    word = re.compile(r"[+-]?(\d{1,99}\.?\d{0,99}|\.\d{1,99})(e[+-]?\d{1,3})?", re.IGNORECASE)

    def __init__(self) -> None:
        super().__init__(2, "LOW HIGH|auto", "LOW HIGH, of which LOW is less, as in 0 1, or auto")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return (low, high), or "auto"."""
        # Words that stand apart come with an x between, as they do for sizes.
        written = value.replace("x", " ") if isinstance(value, str) else value
        return super().convert(written, param, ctx)

    def parse(self, text: str) -> Any:
        """Return (low, high), or "auto"; none where they break the rule."""
        if text.lower() == "auto":
            return "auto"
        parts = re.split(r"[x,\s]+", text.strip().lower())
        if len(parts) != 2 or not all(map(self.word.fullmatch, parts)):
            return ()
        low, high = map(float, parts)
        return (low, high) if 0 < 255 * (high - low) < math.inf else ()


class TargetType(NumbersType):
    """A size in pixels, WIDTHxHEIGHT, of which one may be left out: "1920x1080", "1920x"."""

    def __init__(self) -> None:
        rule = "WIDTHxHEIGHT in pixels, as in 1920x1080, 1920x or x1080"
        super().__init__(1, "WIDTHxHEIGHT", rule)

    def parse(self, text: str) -> Any:
        """Return (width, height), with None for what is to follow from the other."""
        match = re.fullmatch(r"(\d{0,99})x(\d{0,99})", text.lower())
        sides = [int(part) if part else None for part in match.groups()] if match else []
        return tuple(sides) if any(sides) and 0 not in sides else ()
