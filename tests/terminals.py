"""Terminals that the tests read as a screen would, and that answer when they are asked."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SCRIPT = Path(sys.executable).with_name("upsamp")
SECONDS = 20
HALF = "\N{UPPER HALF BLOCK}"
# A terminal answers those whom it controls.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(1, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)


def run_on_terminal(
    command: list[Any],
    folder: Path,
    variables: Mapping[str, str],
    answers: Mapping[bytes, bytes] | None = None,
) -> tuple[str, str, int]:
    """Run a command on a terminal that answers questions, by the bytes that they are asked with."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 80, 800, 600))
    unwanted = ("COLUMNS", "LINES", "NO_COLOR", "PYTHONIOENCODING", "COLORFGBG")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    with subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, *map(str, command)],
        cwd=folder,
        env={**kept, **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        waiting = dict(answers or {})
        deadline, shown = time.monotonic() + SECONDS, b""
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 0.2)
            try:
                part = os.read(ours, 2**16) if ready else None
            except OSError:  # its other end is closed
                break
            shown += part or b""
            for question in [question for question in waiting if re.search(question, shown)]:
                os.write(ours, waiting.pop(question))
        else:
            process.kill()
        assert process.stderr is not None
        errors = process.stderr.read()
    os.close(ours)
    return shown.decode(errors="replace").replace("\r\n", "\n"), errors.decode(), process.returncode


def sixels(text: str) -> Array:
    """Return the pixels of the one sixel image in a text."""
    (data,) = re.findall(r"\x1bP[0-9;]*q(.*?)\x1b\\", text, re.DOTALL)
    ((width, height),) = [map(int, size) for size in re.findall(r'^"\d+;\d+;(\d+);(\d+)', data)]
    pixels = np.zeros((height + 6, width, 3), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    row = column = colour = 0
    for define, parts, repeat, character, control in re.findall(
        r"#(\d+)(;2;\d+;\d+;\d+)?|(?:!(\d+))?([?-~])|([$-])", re.sub(r'^"[\d;]*', "", data)
    ):
        if define:
            colour = int(define)
            if parts:
                colours[colour] = tuple(
                    round(int(part) * 255 / 100) for part in parts.split(";")[2:]
                )
        elif character:
            count = int(repeat or 1)
            for bit in range(6):
                if ord(character) - 63 >> bit & 1:
                    pixels[row + bit, column : column + count] = colours[colour]
            column += count
        else:
            column, row = 0, row + 6 * (control == "-")
    return pixels[:height]


def as_terminal(lines: Iterable[str]) -> list[list[tuple[str, object, object]]]:
    """Return each cell that a terminal would show: its character, its colour and its ground."""
    cells: list[list[tuple[str, object, object]]] = []
    colour: object = None
    ground: object = None
    for line in lines:
        cells.append([])
        for code, character in re.findall(r"\x1b\[([0-9;]*)m|(.)", line):
            if character:
                cells[-1].append((character, colour, ground))
                continue
            words = list(map(int, code.split(";")))
            while words:
                word = words.pop(0)
                if word in (38, 48):
                    kind = words.pop(0)
                    count = {2: 3, 5: 1}[kind]
                    value = tuple(words[:count]) if kind == 2 else words[0]
                    words = words[count:]
                    colour, ground = (value, ground) if word == 38 else (colour, value)
                else:
                    assert word in (0, 49)
                    colour, ground = (None if word == 0 else colour), None
        # The line that follows it is printed as before.
        assert (colour, ground) == (None, None)
    return cells
