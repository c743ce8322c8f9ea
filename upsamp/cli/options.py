"""What a command is asked for, as one value, whose fields are its options."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, TypeVar, dataclass_transform

import click

from upsamp.errors import ArgumentError, ExpressionError, UpsampError

DEFAULT = click.core.ParameterSource.DEFAULT
COMMANDLINE = click.core.ParameterSource.COMMANDLINE
# An argument in a message, `strides`, with its value, strides=(2, 2), or both.
ARGUMENT = re.compile(r"`(\w+)`|(`?)(\w+)=(\([^()]*\)|'[^']*'|[\w.-]+)\2")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Options:
    """The options of one call of a command: each field is an `option`, or an `argument`.

    A class of this kind is a frozen dataclass; its fields are in the order of the help.
    """

    parameters: ClassVar[list[Callable[..., Any]]]

    def __init_subclass__(cls) -> None:
        cls.parameters = [vars(cls)[name](name, kind) for name, kind in cls.__annotations__.items()]
        for name in cls.__annotations__:
            delattr(cls, name)  # no option is the value of its field
        dataclass(frozen=True)(cls)

    def given(self, *spellings: str) -> list[str]:
        """Return those of these options that the command has, not as None, False or empty."""
        values = {
            spelling: getattr(self, str(parameter.name))
            for parameter in click.get_current_context().command.params
            for spelling in parameter.opts
        }
        found = [(one, values.get(one)) for one in spellings]
        return [one for one, value in found if value not in (None, ()) and value is not False]

    def set_by_user(self, *spellings: str) -> list[str]:
        """Return those of these options that the user gave, whatever their values are."""
        context = click.get_current_context()
        names = {one: str(each.name) for each in context.command.params for one in each.opts}
        given = [one for one in spellings if context.get_parameter_source(names[one]) is not None]
        return [one for one in given if context.get_parameter_source(names[one]) is not DEFAULT]


OptionsT = TypeVar("OptionsT", bound=Options)


def option(*spellings: str, **settings: Any) -> Any:
    """Return an option for a field of `Options`; the settings are those of `click.option`.

    Its help shows the default that it is given; a field of type bool is a flag.
    """
    shown = "default" in settings

    def make(name: str, kind: object) -> Callable[..., Any]:
        flag = {"is_flag": True} if kind is bool else {}
        return click.option(*spellings, name, show_default=shown, **flag | settings)

    return make


def argument(**settings: Any) -> Any:
    """Return an argument for a field of `Options`; the settings are those of `click.argument`."""
    return lambda name, _kind: click.argument(name, **settings)


def takes(kind: type[OptionsT]) -> Callable[[Callable[[OptionsT], None]], Callable[..., None]]:
    """Let a command have these options, and be called with one value that has them all."""

    def decorate(function: Callable[[OptionsT], None]) -> Callable[..., None]:
        @wraps(function)
        def callback(**values: Any) -> None:
            function(kind(**values))

        for parameter in reversed(kind.parameters):
            parameter(callback)
        return callback

    return decorate


def completed(name: str) -> Callable[..., Any]:
    """Return a callback of click that completes a value as that function of `completion` does."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> Any:
        from upsamp.cli import completion  # asked by shells alone

        return getattr(completion, name)(context, parameter, incomplete)

    return complete


def parsed(parse: Callable[[str], Any]) -> Callable[..., Any]:
    """Return a callback of click that parses the text of an option, where it is given."""
    return lambda _context, _parameter, value: None if value is None else parse(value)


@contextmanager
def wrong_command(kind: type[UpsampError] = UpsampError) -> Iterator[None]:
    """Let errors of a kind in the block, which follow from the command's words, be usage errors.

    Arguments are spelled as the options that they come from. Matrices and layers, which may be
    written in a command, are data.
    """
    try:
        yield
    except kind as error:
        raise click.UsageError(as_options(str(error))) from error


@contextmanager
def spelled_as_options() -> Iterator[None]:
    """Let errors of the block name options where they name arguments, as `output_padding`.

    What is wrong with a layer in a text names that layer's arguments, and is left as it is.
    """
    try:
        yield
    except ExpressionError:
        raise
    except ArgumentError as error:
        text = as_options(str(error))
        if text == str(error):
            raise
        raise type(error)(text) from error


def as_options(text: str, **words: str) -> str:
    """Return a message with its arguments spelled as the options of the command that runs.

    words: more arguments, each with the option that it comes from.
    """
    options = words | {
        spelling.lstrip("-").replace("-", "_"): parameter.opts[0]
        for parameter in click.get_current_context().command.params
        for spelling in parameter.opts
    }

    def as_option(match: re.Match[str]) -> str:
        option = options.get(match[1] or match[3])
        if option is None:
            return match[0]
        value = re.sub("[(),']", "", match[4] or "")
        return option if value in ("", "True") else f"{option} {value}"

    return ARGUMENT.sub(as_option, text)


# Permissions and bounds, which hold in each mode.
ANYWHERE = frozenset({"quiet", "force", "max_pixels", "max_size"})


def refuse_unused(mode: str, unused: Iterable[str]) -> None:
    """Raise where the user gives an option that a mode passes over.

    unused: the fields of such options; those that hold in each mode are left out.
    """
    context = click.get_current_context()
    fields = {*unused} - ANYWHERE
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in fields and context.get_parameter_source(name) is COMMANDLINE:
            option = parameter.opts[0] if isinstance(parameter, click.Option) else "INPUT"
            raise click.UsageError(f"{mode} does not use {option}. Leave one of them out.")
