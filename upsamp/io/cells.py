"""What a number is in text, which type holds numbers without loss, and what else is said of."""

import math
import re
from typing import Any

import numpy as np

from upsamp.core.text import printable
from upsamp.errors import FormatError
from upsamp.io.picture_options import Missing

# Integers up to here are float64 values; of larger ones float64 holds some.
EXACT = 2**53
INTEGER = re.compile(r"[+-]?\d+")
# An exponent of double precision, as Fortran writes it.
DOUBLE = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))[dD]([+-]?\d+)")
# What is written for a value that is not there. nan is a number.
MISSING = ("", "na", "n/a", "#n/a", "<na>", "null", "none")
# Digits in groups, or with a decimal comma, or with a point among decimal commas.
GROUPED = re.compile(r"[+-]?\d[\d.]*(?:[,'_\s]+[\d.]+)*(?:[eE][+-]?\d+)?")
# Numbers with blanks between them, and no digits in groups of three.
SEVERAL = re.compile(r"(?!\d{1,3}( \d{3})+$)[+-]?[\d.]+( +[+-]?[\d.]+)+")
MINUS = "\N{MINUS SIGN}"


def _plain(cell: str) -> str:
    """Return a cell without blanks and quotation marks around it, and with a minus of ASCII."""
    text = cell.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text.replace(MINUS, "-")


def number_of(cell: str) -> float | None:
    """Return the number in a cell, or None where it is none.

    >>> number_of("1.5D+02"), number_of('"-2"'), number_of("1_000")
    (150.0, -2.0, None)
    """
    text = _plain(cell)
    double = DOUBLE.fullmatch(text)
    if double:
        text = f"{double[1]}e{double[2]}"
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def whole_number(cell: str) -> int | None:
    """Return an integer that is written without a point; None for a float.

    A negative zero is a float, or its sign would go, and so is what has thousands of digits.
    """
    text = _plain(cell)
    try:
        value = int(text) if INTEGER.fullmatch(text) else None
    except ValueError:  # Python converts no more digits
        return None
    return None if value == 0 and text.startswith("-") else value


def is_missing(cell: str, missing: Missing | None) -> bool:
    """Tell whether a cell says that there is no value, and the user asked for nan there."""
    return missing == "nan" and _plain(cell).lower() in MISSING


def type_of_integers(low: int, high: int, name: str) -> np.dtype[Any]:
    """Return the type that holds all integers from `low` to `high`: float64 where it does."""
    if max(-low, high) <= EXACT:
        return np.dtype(np.float64)
    for dtype in (np.dtype(np.int64), np.dtype(np.uint64)):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return dtype
    raise FormatError(f"The integers of {name} must fit in 64 bits. Write them with a point.")


def _shown(cell: str) -> str:
    text = cell.strip()
    return printable(text if len(text) <= 40 else f"{text[:37]}...")


def no_number(name: str, place: str, cell: str, missing: Missing | None) -> FormatError:
    """Return the error for a cell that is no number. missing: None where no option reads it."""
    text = _plain(cell)
    received = f"'{_shown(cell)}'" if text else "nothing"
    if text.lower() in MISSING:
        option = "" if missing is None else "use --missing nan to read it as "
        remedy = f"Write a number, or {option}nan."
    elif "..." in text:
        remedy = "Print all numbers, or save them with numpy.save."
    elif SEVERAL.fullmatch(text) and place.endswith("column 1"):
        remedy = "Part rows by ';' or lines, and all numbers alike, as in '1 2; 3 4'."
    elif GROUPED.fullmatch(text):
        remedy = "Write 1234.5 for 1,234.5 and for 1.234,5, and part all numbers alike."
    elif text.startswith("#"):
        remedy = "Write a number; a comment begins with '# '."
    elif any(map(str.isdigit, text)):
        remedy = "Write numbers plainly, as 1234.5; put '# ' before headings."
    else:
        remedy = "Write numbers alone, and '# ' before a heading."
    return FormatError(
        f"A matrix must hold numbers. Received: {name}, {place} has {received} in place of "
        f"a number. {remedy}"
    )


def too_large(name: str, place: str, cell: str) -> FormatError:
    """Return the error for digits of a number that float64 does not reach."""
    return FormatError(
        f"A number must be within float64, up to 1.8e308. Received: {name}, {place} has "
        f"'{_shown(cell)}'. Write inf if that is meant."
    )


def not_exact(name: str, place: str, cell: str) -> FormatError:
    """Return the error for an integer that would be rounded without a word."""
    return FormatError(
        "Integers beyond 2**53 must be float64 values, unless all numbers are integers that are "
        f"only copied. Received: {name}, {place} has '{_shown(cell)}'. "
        "Write it with a point to have it rounded."
    )


def overflows(value: float, cell: str) -> bool:
    """Tell whether digits became an infinity.

    >>> overflows(float("1e999"), "1e999"), overflows(float("inf"), "inf")
    (True, False)
    """
    return math.isinf(value) and any(map(str.isdigit, cell))
