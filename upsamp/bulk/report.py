"""The report of a run: JSON with a line for each file, written whole or not at all."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO, get_args

from upsamp.bulk.tasks import Outcome, Status
from upsamp.core.text import json_text
from upsamp.errors import FileError
from upsamp.io.atomic import open_output, remove_dead_parts
from upsamp.io.streams import is_stream, open_input, reason, size_of

# How a report begins and ends, whatever is in it; and how far that is looked for.
BEGIN, FILES, END = b'{"settings": {', b'},\n"files": [\n', b'\n],\n"totals": {"files": '
MAX_ENDS = 2**16

# Of more failures and kinds of notes than this the report alone has each.
KEPT_FAILURES = 50
KEPT_NOTES = 5
OTHER_NOTES = "other notes, which --report FILE has"


@dataclass
class Totals:
    """What became of all files; the first failures, and how often each note was given.

    stopped: why the run ended before all was done, where it did.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=perf_counter)
    stopped: str = ""

    @property
    def done(self) -> int:
        """How many files there were until now."""
        return sum(self.counts.values())

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return perf_counter() - self.started

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[outcome.status] += 1
        for note in outcome.notes:
            kept = note in self.notes or len(self.notes) < KEPT_NOTES
            self.notes[note if kept else OTHER_NOTES] += 1
        if outcome.status == "failed" and len(self.failures) < KEPT_FAILURES:
            self.failures.append(outcome)

    def to_dict(self) -> dict[str, Any]:
        """Return the totals as the report has them."""
        return {
            "files": self.done,
            **{status: self.counts[status] for status in get_args(Status)},
            "seconds": round(self.seconds, 3),
            **({"stopped": self.stopped} if self.stopped else {}),
        }


class Report:
    """Takes outcomes, and writes each on its line.

    Names are written as Python has them: what is not ASCII is escaped, and a byte of a name that is
    no UTF-8 becomes one of U+DC80 to U+DCFF, of which `os.fsencode` makes the byte again.
    """

    def __init__(self, stream: BinaryIO | None) -> None:
        self._stream = stream
        self._first = True
        self.error: OSError | None = None

    def write(self, text: str) -> None:
        """Write text, unless nothing could be written before: files matter more than their list."""
        if self._stream is None or self.error is not None:
            return
        try:
            self._stream.write(text.encode("ascii"))
        except OSError as error:
            self.error = error

    def add(self, outcome: Outcome) -> None:
        """Write the line of a file."""
        if self._stream is not None:
            task = outcome.task
            entry = {
                "number": task.number,
                "source": task.source,
                "target": task.target or None,
                "status": outcome.status,
                "shape": outcome.before or None,
                "result_shape": outcome.after or None,
                "seconds": round(outcome.seconds, 6),
                "error": outcome.error or None,
                "notes": outcome.notes,
            }
            self.write(("" if self._first else ",\n") + json_text(entry))
            self._first = False


def may_replace(name: str, *, force: bool, skip_existing: bool) -> bool:
    """Tell whether a report may take the place of a file: with `skip_existing` of a report alone.

    Raises `FileError` for another one, which --skip-existing would not be expected to touch.
    """
    if force or not skip_existing or not os.path.isfile(name) or is_stream(name):
        return force
    with open_input(name) as stream:
        head = stream.read(MAX_ENDS)
        stream.seek(max(0, size_of(stream) - MAX_ENDS))
        tail = stream.read(MAX_ENDS)
    if head.startswith(BEGIN) and FILES in head and END in tail:
        return True
    raise FileError(
        f"--report must name a new file or, with --skip-existing, an earlier report. "
        f"Received: '{name}', which is another file. Name another."
    )


@contextmanager
def write_report(
    name: str | None, settings: Mapping[str, Any], totals: Totals, *, overwrite: bool
) -> Iterator[Report]:
    """Open the file `name` for the report, which comes into place when all went well.

    settings: what the run was asked for. totals: what has become of all when the block ends.
    Without a name nothing is written.
    """
    if name is None:
        yield Report(None)
        return
    if not is_stream(name):
        remove_dead_parts(Path(os.path.realpath(name)).parent)
    with open_output(name, overwrite=overwrite) as stream:
        report = Report(stream)
        report.write(f'{{"settings": {json_text(settings)},\n"files": [\n')
        yield report
        report.write(f'\n],\n"totals": {json_text(totals.to_dict())}}}\n')
        if report.error is not None:
            raise FileError(f"Cannot write '{name}': {reason(report.error)}.")
