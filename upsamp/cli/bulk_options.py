"""The options of a run over several files, and when there is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from upsamp.bulk.inputs import kind_of, kind_there
from upsamp.bulk.names import TEMPLATE
from upsamp.cli.command import CountType, FileType
from upsamp.io.formats import format_of_name
from upsamp.io.remote_paths import local_path
from upsamp.io.streams import STANDARD_STREAM

OPTIONS = (
    click.option("-r", "--recursive", is_flag=True, help="Search the folders below folders, too."),
    click.option(
        "--out-dir",
        metavar="DIR",
        callback=lambda _context, _parameter, value: value and local_path(value),
        help="Write all results to this folder, which is made, with the folders below those given.",
    ),
    click.option(
        "--name",
        "template",
        metavar="TEMPLATE",
        help="How results are named, of {stem}, {size}, {interp}, {suffix}, {ext} (of the source) "
        f"and {{number}}.  [default: {TEMPLATE}]",
    ),
    click.option(
        "-j",
        "--jobs",
        type=CountType(),
        metavar="N",
        help="Number of worker processes.  [default: as many as there are cores]",
    ),
    click.option(
        "--dask",
        metavar="ADDRESS",
        help="Let a Dask cluster do it: its scheduler's address, as tcp://host:8786, or file; or "
        "local for one of --jobs workers on this machine.",
    ),
    click.option(
        "--skip-existing",
        is_flag=True,
        help="Skip images whose result exists, as after an interruption.",
    ),
    click.option(
        "--report",
        metavar="FILE",
        type=FileType(output=True),
        help="Write a report of all files to FILE, as JSON; '-' is standard output.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Show nothing but errors."),
)


@dataclass(frozen=True)
class BulkOptions:
    """What the options say, in their order."""

    recursive: bool
    out_dir: str | None
    template: str | None
    jobs: int | None
    dask: str | None
    skip_existing: bool
    report: str | None
    quiet: bool

    def apply_to(self, words: Sequence[str]) -> bool:
        """Tell whether these inputs are a run over files, and not one image or matrix.

        Raises `click.UsageError` where they can be neither.
        """
        given = [
            option
            for option, value in (
                ("--recursive", self.recursive),
                ("--out-dir", self.out_dir is not None),
                ("--name", self.template is not None),
                ("--jobs", self.jobs is not None),
                ("--dask", self.dask is not None),
                ("--skip-existing", self.skip_existing),
                ("--report", self.report is not None),
            )
            if value
        ]
        kinds = [kind_of(word) for word in words]
        if len(words) == 2 and not given and kinds[1] == "missing" != kinds[0]:
            _refuse_target(words[1])
        if len(words) < 2 and not given:
            kinds = [kind_there(word) for word in words]  # which asks where it is remote
            return bool({"folder", "pattern"} & {*kinds})
        if not words:
            raise click.UsageError(f"{given[0]} goes with files. Give files, folders or patterns.")
        for word, kind in zip(words, kinds, strict=True):
            if kind in ("stream", "matrix"):
                alone = f"be without {given[0]}" if len(words) < 2 else "be alone"
                what = "A pipe" if kind == "stream" else "A matrix"
                what = "Standard input, '-'," if word == STANDARD_STREAM else what
                quoted = "Put all of it in quotes, as '1 2; 3 4', or give files."
                remedy = quoted if what == "A matrix" and len(words) > 1 else "Give files."
                raise click.UsageError(f"{what} must {alone}. Received: '{word}'. {remedy}")
        return True


def _refuse_target(word: str) -> None:
    """Raise for the second of two inputs, which is not there: it is meant for the result."""
    rule = f"There is no file '{word}'. "
    if format_of_name(word) is not None:
        raise click.UsageError(f"{rule}To write the result to it, use -o {word}.")
    raise click.UsageError(f"{rule}To write all results to a folder, use --out-dir {word}.")


def bulk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add to a command the options of a run over several files, as keyword arguments."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
