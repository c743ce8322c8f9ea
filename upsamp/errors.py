"""Every error that upsamp raises on purpose; catch `UpsampError` for all of them.

A message states the rule, then what was received, then the remedy. Where Python has a built-in
exception for the same fault, the class is that one too, so `except ValueError` goes on working.
It is one line of at most `MAX_MESSAGE` visible characters, whatever was received.
"""

__all__ = [
    "ArgumentError",
    "DtypeError",
    "EngineError",
    "ExpressionError",
    "FileError",
    "FormatError",
    "MemoryLimitError",
    "MissingExtraError",
    "ShapeError",
    "UnknownLayerError",
    "UpsampError",
    "printable",
]

MAX_MESSAGE = 500
# The rule comes first, and the remedy last: what is left out of a long message was received.
BEGINNING = 300
# The joiner of the parts of one emoji, and a blank at which no line breaks: they move nothing.
KEPT = ("\N{ZERO WIDTH JOINER}", "\N{NO-BREAK SPACE}")


def printable(text: str) -> str:
    r"""Return text in which everything that is no visible character is spelled out.

    These are control characters (a terminal obeys them), marks that turn the direction of text,
    ends of lines of every kind, halves of characters, and what Unicode has not assigned.

    >>> print(printable("a" + chr(10) + "b" + chr(27) + "[31m" + chr(0x202E) + "gnp.exe"))
    a\nb\x1b[31m\u202egnp.exe
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in KEPT else ascii(letter)[1:-1] for letter in text
    )


def _bounded(text: str) -> str:
    """Return text without its middle, where it is longer than a message may be."""
    if len(text) <= MAX_MESSAGE:
        return text
    return f"{text[:BEGINNING]}...{text[BEGINNING + 3 - MAX_MESSAGE :]}"


class UpsampError(Exception):
    """The root of all errors that upsamp raises on purpose."""

    def __init__(self, message: str) -> None:
        # The text is cut twice: each character that is spelled out becomes several.
        super().__init__(_bounded(printable(_bounded(message))))


class ArgumentError(UpsampError, ValueError):
    """An argument breaks its rule."""


class ShapeError(ArgumentError):
    """The shape of an array does not fit what is to be done with it."""


class DtypeError(UpsampError, TypeError):
    """An array does not hold real numbers."""


class ExpressionError(ArgumentError):
    """A layer is spelled in a way that cannot be read."""


class MemoryLimitError(UpsampError, MemoryError):
    """A result would not fit in this machine's memory, or in what `--max-memory` allows.

    needed: the bytes that `--max-memory` must allow, 0 where it is not given; what: for what.
    declared: the picture or array that was not read, in no memory; None where it is not known.
    """

    needed: int = 0
    what: str = ""
    declared: object = None


class UnknownLayerError(UpsampError, NotImplementedError):
    """A model has a layer whose mathematics upsamp does not have, so it cannot be run."""


class MissingExtraError(UpsampError, ImportError):
    """A file needs a package that is not installed."""


class FileError(UpsampError):
    """A file or stream cannot be read or written."""


class EngineError(UpsampError):
    """What was to do the work cannot be reached, does not fit, or has gone."""


class FormatError(FileError, ValueError):
    """The content of a file or stream is not what its format demands.

    rule: the name of what is broken, as audits list it; place: where in the file, as the name of a
    member. Both may be empty.
    """

    def __init__(self, message: str, *, rule: str = "", place: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.place = place
