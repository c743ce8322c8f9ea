"""Every error that upsamp raises on purpose; catch `UpsampError` for all of them.

A message states the rule, then what was received, then the remedy. Where Python has a built-in
exception for the same fault, the class is that one too, so `except ValueError` goes on working.
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
]


class UpsampError(Exception):
    """The root of all errors that upsamp raises on purpose."""


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
    """The content of a file or stream is not what its format demands."""
