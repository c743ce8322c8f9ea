"""What all commands do alike: help that begins with examples, and arguments spelled freely."""

import os
import re
import shlex
from collections.abc import Sequence
from typing import Any

import click

from upsamp.cli.option_types import FileType, NumbersType
from upsamp.errors import ArgumentError
from upsamp.io.descriptors import descriptor_of
from upsamp.io.remote_paths import is_remote, remote_place
from upsamp.io.streams import STANDARD_STREAM, is_stream

# A matrix may begin with a negative number, which is no option.
NEGATIVE_NUMBER = re.compile(r"-(\d|\.\d|inf\b|nan\b)", re.IGNORECASE)


# Where a context keeps the command line, which a command that runs another hands on.
LINE = "upsamp.line"


def command_line() -> str:
    """Return the command line that runs, as a shell takes it."""
    line: str = click.get_current_context().meta[LINE]
    return line


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
        try:
            ctx.meta[LINE] = shlex.join(["upsamp", str(ctx.info_name), *args])
            rest = super().parse_args(ctx, self.arrange(args))
            if ctx.resilient_parsing:  # as for completion, where the line is not done
                return rest
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
