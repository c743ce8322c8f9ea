"""What is wrong with a command line, in one line: the rule, what was received, the remedy."""

from collections.abc import Iterable

import click

from upsamp.core.spelling import spelling_remedy
from upsamp.core.text import printable

# As much of what is misspelled is repeated.
MAX_SHOWN = 60


def usage_text(error: click.UsageError) -> str:
    """Return what a usage error says, and which help says more."""
    command = error.ctx.command_path if error.ctx else "upsamp"
    lines = _sentence(error).split("\n")  # click breaks some of its lines
    line = " ".join(part.strip("\t") for part in lines)
    return f"{line} Try '{command} --help'."


def no_such(what: str, word: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that there is not, with the nearest that there is.

    >>> no_such("option", "--siz", ["--size", "--interp"])
    "There is no option '--siz'. Did you mean --size?"
    """
    remedy = spelling_remedy(word, known, otherwise="")
    return f"There is no {what} '{printable(word[:MAX_SHOWN])}'. {remedy}".strip()


def _sentence(error: click.UsageError) -> str:
    """Return the rule, what was received and the remedy; the types of options say them."""
    if isinstance(error, click.NoSuchOption):
        parameters = error.ctx.command.params if error.ctx else []
        known = [name for one in parameters if isinstance(one, click.Option) for name in one.opts]
        return no_such("option", error.option_name, known)
    if isinstance(error, click.BadParameter) and error.message.startswith("must "):
        option = error.param
        if isinstance(option, click.Option):
            return f"{option.opts[0]} {error.message}"
    return error.format_message()
