"""Rows of numbers in text: which lines hold them, where a cell ends, and what it says."""

import csv
import math
import re
from array import array as number_array
from collections.abc import Iterator
from io import StringIO, TextIOWrapper
from itertools import islice, repeat
from operator import itemgetter

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.text import printable
from upsamp.errors import FormatError
from upsamp.io.cells import (
    EXACT,
    is_missing,
    no_number,
    not_exact,
    number_of,
    overflows,
    too_large,
    type_of_integers,
    whole_number,
)
from upsamp.io.picture_options import ReadOptions

# What parts numbers where no comma and no tab does. A no-break space does not: it groups digits.
BLANKS = re.compile(r"[ \t\v\f]+")
QUOTED = re.compile(r'"[^"]*"')
COMMENT = re.compile(r" *#( |$)")
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")


def read_rows(
    text: StringIO | TextIOWrapper, name: str, options: ReadOptions, *, inline: bool = False
) -> Array:
    """Return the matrix of a text that can be searched, whose rows are lines.

    In a single line rows are between semicolons. inline: whether the text was written in the
    command, where places are rows.
    """
    return _RowReader(text, name, options, inline=inline).read()


class _RowReader:
    """Reads the rows of one text, and keeps what its cells have in common."""

    def __init__(
        self, text: StringIO | TextIOWrapper, name: str, options: ReadOptions, *, inline: bool
    ) -> None:
        self._text = text
        self._name = name
        self._options = options
        self._inline = inline
        self._semicolons = False  # whether they are between the cells of a line
        self._marks: set[str] = set()  # of decimals, seen between semicolons
        self._low = self._high = 0  # of the integers beyond 2**53
        self._inexact: FormatError | None = None

    def read(self) -> Array:
        """Return the matrix."""
        values, width = self._read_floats()
        array = np.frombuffer(values).reshape(-1, width)
        if not self._low and not self._high:
            return array
        if not self._options.integers or any(number is None for number in self._integers()):
            if self._inexact:
                raise self._inexact
            return array
        low = min(self._low, -1 if array.min() < 0 else 0)
        dtype = type_of_integers(low, self._high, self._name)
        del array, values  # floats have lost digits, so the integers are read again
        return np.fromiter(self._integers(), dtype).reshape(-1, width)

    def _read_floats(self) -> tuple["number_array[float]", int]:
        """Return the numbers of all rows as floats, and how many a row has."""
        values = number_array("d")
        width, begin, leading = 0, "", 0
        for place, line in self._rows():
            if not line and width != 1:  # a blank line is an empty cell in a single column alone
                begin = begin or place
                leading += not width
                continue
            row = self._numbers(place, line)
            if not width:
                width = len(row)
                if leading and width == 1:
                    values.extend(repeat(self._numbers(begin, "")[0], leading))
                begin = place
            if len(row) != width:
                raise FormatError(
                    f"The rows of a matrix must be equally long. Received: {self._name}, {place} "
                    f"has {_count(len(row))} and {begin} has {_count(width)}."
                )
            values.extend(row)
        if not width:
            raise FormatError(f"{self._name} holds no numbers. A matrix is written as '1 2; 3 4'.")
        return values, width

    def _integers(self) -> Iterator[int | None]:
        for _, line in self._rows():
            if line:
                yield from map(whole_number, self._cells(line))

    def _rows(self) -> Iterator[tuple[str, str]]:
        """Yield the text of each row, after where it stands; blank lines between rows as ""."""
        ahead = list(islice(filter(itemgetter(1), _lines(self._text)), 2))
        if len(ahead) == 1 and ";" in ahead[0][1].rstrip(" ;"):
            yield from self._rows_of_line(*ahead[0])
            return
        if not any(line.strip("; ") for _, line in ahead):
            return
        self._semicolons = any(";" in line for _, line in ahead) and any(
            ";" in line.rstrip()[:-1] for _, line in _lines(self._text)
        )
        kind = "row" if self._inline and len(ahead) == 1 else "line"
        for number, line in _lines(self._text):
            if ";" in line and not self._semicolons and not self._inline:
                self._check_commas(number, line, [line.rstrip().removesuffix(";")])
            yield f"{kind} {number}", line

    def _rows_of_line(self, number: int, line: str) -> Iterator[tuple[str, str]]:
        """Yield the rows of the only line, which are between semicolons."""
        rows = line.strip(" ").removesuffix(";").split(";")
        if not self._inline:
            self._check_commas(number, line, rows)
        for index, row in enumerate(rows, 1):
            place = f"row {index}" if self._inline else f"line {number}, row {index}"
            yield place, row or " "

    def _check_commas(self, number: int, line: str, rows: list[str]) -> None:
        """Raise where what is before a semicolon may be two numbers, or one."""
        if any(map(DECIMAL_COMMA.fullmatch, rows)):
            raise FormatError(
                "Commas between semicolons must be told from decimal commas. Received: "
                f"{self._name}, line {number} has '{printable(line[:40])}'. Write decimals with a "
                "point, as in 1.5, or a blank after a comma that parts numbers."
            )

    def _cells(self, line: str) -> list[str]:
        if not self._semicolons and ";" in line:
            line = line.rstrip().removesuffix(";")
        bare = QUOTED.sub("", line) if '"' in line else line
        for delimiter in ";" if self._semicolons else ",\t":
            if delimiter in bare:
                return _parted(line, delimiter) if bare is not line else line.split(delimiter)
        if self._semicolons:  # a line without one is one cell, and its comma that of decimals
            return [line]
        words = line.split() if line.isascii() else BLANKS.split(line.strip())
        return words or [""]

    def _with_points(self, place: str, cells: list[str]) -> list[str]:
        """Return cells between semicolons, where a comma is that of decimals, with points."""
        for column, cell in enumerate(cells, 1):
            self._marks.update(mark for mark in ",." if mark in cell)
            if len(self._marks) > 1 or cell.count(",") > 1:
                raise no_number(
                    self._name, f"{place}, column {column}", cell, self._options.missing
                )
        return [cell.replace(",", ".") for cell in cells] if "," in self._marks else cells

    def _numbers(self, place: str, line: str) -> list[float]:
        cells = words = self._cells(line)
        if self._semicolons:
            words = self._with_points(place, cells)
        try:
            row = None if "_" in line else list(map(float, words))
        except ValueError:
            row = None
        if row is None:
            pairs = enumerate(zip(cells, words, strict=True), 1)
            row = [self._number(f"{place}, column {at}", *pair) for at, pair in pairs]
        if not (max(row) < EXACT and min(row) > -EXACT):
            self._look_at_large(place, words, row)
        return row

    def _number(self, place: str, cell: str, word: str) -> float:
        """Return the number of a cell, as which `word` is read."""
        value = number_of(word)
        if value is not None:
            return value
        if is_missing(cell, self._options.missing):
            return math.nan
        raise no_number(self._name, place, cell, self._options.missing)

    def _look_at_large(self, place: str, cells: list[str], row: list[float]) -> None:
        """Keep what there is to know of the integers of a row that are beyond 2**53."""
        for column, (cell, value) in enumerate(zip(cells, row, strict=True), 1):
            if -EXACT < value < EXACT or math.isnan(value):
                continue
            where = f"{place}, column {column}"
            number = whole_number(cell)
            if number is not None:
                self._low, self._high = min(self._low, number), max(self._high, number)
                if self._inexact is None and (math.isinf(value) or int(value) != number):
                    fault = too_large if math.isinf(value) else not_exact
                    self._inexact = fault(self._name, where, cell)
            elif overflows(value, cell):
                raise too_large(self._name, where, cell)


def _lines(text: StringIO | TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold rows, each with its number; blank ones before a row as "".

    A comment begins with a # and a space. Blank lines after comments at the beginning, and blank
    lines at the end, are not empty cells.
    """
    text.seek(0)
    blank, count, headed, begun = 0, 0, False, False
    for number, line in enumerate(text, 1):
        if "#" in line and COMMENT.match(line):
            headed = True
        elif line.isspace() and "\t" not in line:
            blank, count = blank if count else number, count + 1
        else:
            yield from repeat((blank, ""), 0 if headed and not begun else count)
            yield number, line.rstrip("\n")
            count, begun = 0, True


def _parted(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line of which some are quoted."""
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:  # of a cell without end
        return [line]


def _count(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"
