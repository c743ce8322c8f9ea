"""What all commands do alike: help that begins with examples, and arguments spelled freely."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    IntegersBase: TypeAlias = click.ParamType[tuple[int, ...]]
else:
    IntegersBase = click.ParamType  # older releases of click, which do as well, have it plain

__all__ = ["Command", "IntegersType", "PairType"]

# What an integer looks like on a command line; a negative one is taken, to be refused by name.
INTEGER = re.compile(r"-?\d+")
# A matrix may begin with a negative number, which is no option.
NEGATIVE_NUMBER = re.compile(r"-(\d|\.\d|inf\b|nan\b)", re.IGNORECASE)


class IntegersType(IntegersBase):
    """Some integers: as many words as there are, up to `most`, or one, as in "2x3" or "2,3"."""

    name = "integers"

    def __init__(self, most: int, metavar: str, minimum: int = 1) -> None:
        self.most = most
        self.metavar = metavar
        self.minimum = minimum

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002 - click's signature
        ctx: click.Context,  # noqa: ARG002 - click's signature
    ) -> str:
        """Name the integers, in brackets those that may be left out."""
        return self.metavar

    def rule(self) -> str:
        """Say what the option must be."""
        kind = "positive" if self.minimum == 1 else "non-negative"
        return f"must be {kind} integers, {self.most} at the most, as in 28x28x1"

    def parse(self, text: str) -> tuple[int, ...]:
        """Give the integers that are written, or none where they break the rule."""
        parts = re.split(r"\s*[x,\s]\s*", text.strip().strip("()[]").lower().rstrip(","))
        if len(parts) > self.most or not all(INTEGER.fullmatch(part) for part in parts):
            return ()
        numbers = tuple(int(part) for part in parts)
        return numbers if min(numbers) >= self.minimum else ()

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Give the integers."""
        if isinstance(value, tuple):
            return value
        numbers = self.parse(str(value))
        if not numbers:
            self.fail(f"{self.rule()}. Received: {value}.", param, ctx)
        return numbers


class PairType(IntegersType):
    """One integer for rows and columns, or two: "2", "2 3", "2x3", "2,3"."""

    def __init__(self, minimum: int = 1) -> None:
        super().__init__(2, "ROWS [COLUMNS]", minimum)

    def rule(self) -> str:
        """Say what the option must be."""
        kind = "positive" if self.minimum == 1 else "non-negative"
        return f"must be one {kind} integer, or two for rows and columns, as in 2 or 2 3"

    def parse(self, text: str) -> tuple[int, ...]:
        """Give (rows, columns), or none where they break the rule."""
        numbers = super().parse(text)
        return numbers * 2 if len(numbers) == 1 else numbers


class Command(click.Command):
    """A command whose help begins with `examples`, and whose integers may stand as words."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then what click writes."""
        lines = "".join(f"  {line.strip()}\n" for line in self.examples.strip().splitlines())
        formatter.write(f"Examples:\n{lines}\n")
        super().format_help(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments after they were brought into the form that click knows."""
        return super().parse_args(ctx, self.arrange(args))

    def arrange(self, args: Sequence[str]) -> list[str]:
        """Join the integers of one option, and move negative numbers behind the options.

        ["--size", "2", "3", "-1 2"] becomes ["--size", "2x3", "--", "-1 2"].
        """
        options = {
            spelling: parameter
            for parameter in self.params
            if isinstance(parameter, click.Option)
            for spelling in parameter.opts
        }
        waiting = list(args)
        arranged: list[str] = []
        positional: list[str] = []
        while waiting:
            word = waiting.pop(0)
            if word == "--":
                positional += waiting
                break
            option = options.get(word)
            if option is None and NEGATIVE_NUMBER.match(word):
                positional.append(word)
                continue
            arranged.append(word)
            if option is None or option.is_flag or not waiting:
                continue
            value = [waiting.pop(0)]
            most = option.type.most if isinstance(option.type, IntegersType) else 1
            while (
                len(value) < most and waiting and all(map(INTEGER.fullmatch, (*value, waiting[0])))
            ):
                value.append(waiting.pop(0))
            arranged.append("x".join(value))
        return [*arranged, "--", *positional] if positional else arranged
