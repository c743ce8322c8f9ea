"""The page of a run over many files: what became of them, and thumbnails of the first ones."""

from dataclasses import dataclass, field

from upsamp.bulk.report import Totals
from upsamp.bulk.tasks import Outcome
from upsamp.cli.html.page import write_page
from upsamp.cli.html.parts import facts, sides_text
from upsamp.cli.upsample_request import Request
from upsamp.errors import UpsampError
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.io.read import read_source
from upsamp.io.remote_paths import is_remote
from upsamp.io.streams import STANDARD_STREAM
from upsamp.pages.content import Entry, Gallery, Image, Part, Section, Text
from upsamp.pages.images import image_of
from upsamp.views.view import view_of

# Files that are shown, the pixels of a thumbnail's longer side, and of what is read for one.
MAX_FILES, THUMBNAIL, MAX_READ = 60, 160, 2**26


@dataclass
class GalleryRun:
    """What a page of a run keeps of it: the outcomes of the first files, in any order."""

    request: Request
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome, if it is one of the first."""
        if outcome.task.number <= MAX_FILES:
            self.outcomes.append(outcome)

    def write(self, name: str, totals: Totals) -> None:
        """Write the page, with thumbnails of the sources and of their results."""
        request, enlarging = self.request, self.request.enlarging
        counts = [(status.capitalize(), f"{count:,}") for status, count in totals.counts.items()]
        parts: list[Part] = [
            facts(
                [
                    ("Files", f"{totals.done:,}"),
                    *counts,
                    ("Method", enlarging.method_shown),
                    ("Size", enlarging.spell().replace("x", " x ").strip()),
                ]
            )
        ]
        shown = sorted(self.outcomes, key=lambda outcome: outcome.task.number)
        parts.append(Gallery(tuple(map(self._entry, shown))))
        if totals.done > len(shown):
            parts.append(
                Text(
                    f"{totals.done - len(shown):,} more files are left out; --report FILE has all."
                )
            )
        title = f"{totals.done:,} files enlarged by {enlarging.method_shown}"
        quiet = request.quiet or STANDARD_STREAM in (request.report, name)
        sections = [Section("files", "Files", tuple(parts))]
        write_page(name, title, sections, overwrite=request.force, quiet=quiet)

    def _entry(self, outcome: Outcome) -> Entry:
        """Return a file of the gallery."""
        task = outcome.task
        told: list[str] = [outcome.status]
        if outcome.before:
            told.append(f"{sides_text(outcome.before)} -> {sides_text(outcome.after)}")
        told += [outcome.error] if outcome.error else outcome.notes
        after = None if outcome.status == "failed" else _thumbnail(task.target)
        return Entry(task.source, "; ".join(told), _thumbnail(task.source), after)


def _thumbnail(path: str) -> Image | None:
    """Return a small picture of a file; None of one that is elsewhere, too large or unreadable."""
    if is_remote(path):
        return None
    try:
        picture = read_source(path, ReadOptions(max_pixels=MAX_READ, every_frame=False))
    except UpsampError:
        return None
    return image_of(view_of(picture), THUMBNAIL, 1) if isinstance(picture, Picture) else None
