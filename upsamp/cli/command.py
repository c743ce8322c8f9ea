"""What all commands do alike: help that begins with examples, and arguments spelled freely."""

import math
import os
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import click

from upsamp.core.arguments import PADDINGS
from upsamp.errors import ArgumentError
from upsamp.io.descriptors import descriptor_of
from upsamp.io.remote_paths import is_remote, local_path, remote_place
from upsamp.io.streams import STANDARD_STREAM, is_stream

if TYPE_CHECKING:
    FileBase: TypeAlias = click.ParamType[str]
    NumbersBase: TypeAlias = click.ParamType[tuple[Any, ...]]
else:  # older releases of click, which do as well, have it plain
    FileBase = NumbersBase = click.ParamType

# What an integer looks like on a command line; a negative one is taken, to be refused by name.
INTEGER = re.compile(r"-?\d{1,99}")
# A matrix may begin with a negative number, which is no option.
NEGATIVE_NUMBER = re.compile(r"-(\d|\.\d|inf\b|nan\b)", re.IGNORECASE)


# Where a context keeps the words that a command was called with.
WORDS = "upsamp.words"

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
        name = local_path(str(value))
        return STANDARD_STREAM if descriptor_of(name) == self.output else name


class CountType(click.IntRange):
    """An integer from `minimum` to `most`, of which help tells the minimum alone."""

    def __init__(self, minimum: int = 1, most: int = MAX_SIZE) -> None:
        super().__init__(min=minimum)
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the integer."""
        count: int = super().convert(value, param, ctx)
        if count > self.most:
            self.fail(f"must be at most {self.most:,}. Received: {str(value)[:60]}.", param, ctx)
        return count


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
            self.fail(f"must be {self.rule}. Received: {str(value)[:60]}.", param, ctx)
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


def command_line() -> str:
    """Return the command line that runs, as a shell takes it."""
    context = click.get_current_context()
    return f"upsamp {context.info_name} {shlex.join(context.meta[WORDS])}"


def _is_word(text: str) -> bool:
    """Tell whether a system could have handed text over: it has no NUL, and no half characters."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _twice(one: str, other: str, name: str, *, output: bool) -> str:
    """Say that two options name one stream, or one file to write."""
    if output:
        return f"{one} and {other} must not both be '{name}'. Name another file for one of them."
    stream = "standard input" if name == STANDARD_STREAM else f"'{name}'"
    return f"Only one input can be read from {stream}. Name files for the others."


class Command(click.Command):
    """A command whose help begins with `examples`, and whose numbers may stand as words."""

    allow_extra_args = True  # which `parse_args` refuses

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
        for word in args:
            if not _is_word(word):
                raise ArgumentError(
                    f"An argument must be text that can be a name. Received: {word[:60]!r}."
                )
        ctx.meta[WORDS] = tuple(args)
        try:
            rest = super().parse_args(ctx, self.arrange(args))
            self._check_rest(rest)
            self._check_streams(ctx)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # so that the help is named that tells more
            raise
        return rest

    def _check_rest(self, words: Sequence[str]) -> None:
        """Raise for words that are too many; the first is meant for the result, where one is."""
        if not words:
            return
        several = "s" if len(words) > 1 else ""
        told = f"Got unexpected extra argument{several} ({' '.join(words)})."
        if any("-o" in parameter.opts for parameter in self.params):
            told += f" To write the result to a file, use -o {words[0]}."
        raise click.UsageError(told)

    def _check_streams(self, ctx: click.Context) -> None:
        """Raise where a stream is to be read or written twice, or a file written twice."""
        given: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        for parameter in self.params:
            if isinstance(parameter.type, FileType):
                value = ctx.params[str(parameter.name)]
                names = value if isinstance(value, tuple) else (value,)
                option = parameter.opts[0]
                given[parameter.type.output] += [(option, name) for name in names if name]
        for output, files in given.items():
            options: dict[int | str, str] = {}
            for option, name in files:
                place: int | str | None
                place = int(output) if name == STANDARD_STREAM else descriptor_of(name)
                if place is None and output and not is_stream(name):
                    place = remote_place(name) if is_remote(name) else os.path.realpath(name)
                if place in options:
                    raise click.UsageError(_twice(options[place], option, name, output=output))
                if place is not None:
                    options[place] = option

    def arrange(self, args: Sequence[str]) -> list[str]:
        """Join the numbers of one option, and move negative numbers behind the options.

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
            name, equals, joined = word.partition("=")
            if equals and name in options and isinstance(options[name].type, NumbersType):
                word, waiting = name, [joined, *waiting]
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
            if option.nargs > 1:  # a negative number among them is refused by name, too
                arranged += waiting[: option.nargs]
                del waiting[: option.nargs]
                continue
            value = [waiting.pop(0)]
            kind = option.type
            while (
                isinstance(kind, NumbersType)
                and waiting
                and len(value) < kind.most
                and all(map(kind.word.fullmatch, (*value, waiting[0])))
            ):
                value.append(waiting.pop(0))
            arranged.append("x".join(value))
        return [*arranged, "--", *positional] if positional else arranged
