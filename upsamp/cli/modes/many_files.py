"""A run over many files: what is asked of it, how far it is, and what became of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

import click

from upsamp.bulk.clashes import Survey, survey
from upsamp.bulk.inputs import Inputs
from upsamp.bulk.names import TEMPLATE, Naming
from upsamp.bulk.processes import Processes
from upsamp.bulk.report import Totals, may_replace, write_report
from upsamp.bulk.run import Plan, run
from upsamp.bulk.tasks import Engine, Outcome, Task
from upsamp.cli.options import wrong_command
from upsamp.cli.output import check_coding, show_planned
from upsamp.cli.render.progress import show_failures, show_progress
from upsamp.cli.render.tables import show_note, show_report
from upsamp.cli.upsample_request import Request
from upsamp.core.memory import MemoryLimit
from upsamp.core.text import printable
from upsamp.core.threads import thread_count
from upsamp.errors import EngineError, FileError, UpsampError
from upsamp.io.atomic import check_target
from upsamp.io.remote_paths import check_remote, is_remote
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.resizing.enlarging import Settings

# Bytes that this process takes of --max-memory itself, in all and for each file.
OWN_MEMORY, OWN_MEMORY_EACH = 2**23, 2**8
# What a process must have to enlarge a small image.
LEAST_SHARE = 3 * 2**24


def enlarge_many(request: Request) -> None:
    """Enlarge all images that the words name, and raise at the end where some failed."""
    _check(request)
    enlarging = request.enlarging
    with wrong_command():
        naming = Naming(
            enlarging.spell(),
            enlarging.method,
            request.template or TEMPLATE,
            request.format_name,
            request.out_dir,
        )
    inputs = Inputs(request.sources, recursive=request.recursive, leave_out=request.out_dir)
    plan = Plan(inputs, naming, skip_existing=request.skip_existing, overwrite=request.force)
    totals = Totals()
    gallery = None
    if request.html is not None:
        from upsamp.cli.html.gallery import GalleryRun  # few send a page

        gallery = GalleryRun(request)
    report = request.report if request.report and not is_stream(request.report) else None
    try:
        with show_progress("Looking for images", "files", wanted=not request.dry) as bar:
            found = survey(lambda: _counted(plan.tasks(), bar), report)
            _check_found(found, plan, request)
            bar(completed=0, total=found.files, description="Enlarging")
            keep = (lambda _: None) if gallery is None else gallery.add
            _run(plan, request, totals, found, bar, keep)
    except (KeyboardInterrupt, SystemExit):  # by Ctrl-C, or another signal
        if totals.done and not request.dry:
            with suppress(OSError):  # of a terminal that is closed
                show_note(
                    f"stopped after {_files(totals.done)}; --skip-existing goes on from there"
                )
        raise
    except UpsampError:
        _show_failed(request, totals)
        raise
    if gallery is not None and totals.done:
        gallery.write(str(request.html), totals)
    _show(plan, request, totals)


def _counted(tasks: Iterator[Task], bar: Callable[..., None]) -> Iterator[Task]:
    """Yield the tasks, and report their count now and then: to find millions takes a while."""
    for number, task in enumerate(tasks):
        if number % 1000 == 0:
            bar(completed=number)
        yield task


def _check(request: Request) -> None:
    """Raise where options contradict each other, or need what is not installed."""
    format_name = request.format_name
    for path in (*request.sources, request.out_dir or ""):
        if is_remote(path):
            check_remote(path)
    if request.dask is not None:
        from upsamp.bulk.dask.clusters import LOCAL, check_dask  # few have a cluster

        check_dask()
        if request.max_memory is not None and request.jobs is None and request.dask != LOCAL:
            raise click.UsageError(
                "--max-memory is shared by the tasks that a cluster has at a time, which --jobs "
                "says. Give --jobs, too."
            )
    if request.force and request.skip_existing:
        raise click.UsageError("--force overwrites what --skip-existing keeps. Give one of them.")
    if format_name in ("table", "plain"):
        raise click.UsageError(
            f"--format must be one of files, where there are several. Received: {format_name}."
        )
    if format_name is not None:
        check_coding(format_name, request.writing)
    if request.html is not None:
        from upsamp.cli.html.page import check_page  # few send a page

        check_page(request.html, overwrite=request.force)
    if request.report is not None:
        check_target(request.report, overwrite=_replaces_report(request))


def _replaces_report(request: Request) -> bool:
    """Tell whether the report may replace a file, or raise where that is none of its kind."""
    return may_replace(
        str(request.report), force=request.force, skip_existing=request.skip_existing
    )


def _check_found(found: Survey, plan: Plan, request: Request) -> None:
    """Raise where no file can be done beside the others, or the template names all alike.

    And where results are there already, and nobody said what is to become of them.
    """
    if found.clashes and (len(found.clashes) == found.files or not plan.naming.tells_images):
        raise FileError(next(iter(found.clashes.values())))
    earlier = plan.earlier_results
    if found.existing and not (request.force or request.skip_existing):
        left_out = f", and {_files(earlier)} of an earlier run, left out" if earlier else ""
        raise FileError(
            f"No result may exist already. Received: {found.existing:,} of {found.files:,}, as "
            f"'{found.example}'{left_out}. "
            "Use --skip-existing to keep them, or --force to overwrite them."
        )


def _run(
    plan: Plan,
    request: Request,
    totals: Totals,
    found: Survey,
    bar: Callable[..., None],
    keep: Callable[[Outcome], None],
) -> None:
    """Enlarge the files, and count, report, keep and show what becomes of each."""
    jobs, limit = _shares(request, found.files)
    settings = Settings(
        request.enlarging,
        request.reading,
        request.writing,
        request.format_name,
        overwrite=request.force,
        skip_existing=request.skip_existing,
        max_memory=limit,
        dry=request.dry,
        describe=True,
    )
    overwrite = request.report is not None and _replaces_report(request)
    told = _told_settings(plan.naming, settings)
    stopped: UpsampError | None = None
    with (
        write_report(request.report, told, totals, overwrite=overwrite) as report,
        _engine(request, settings, jobs, found.files) as engine,
    ):
        try:
            outcomes = run(plan, engine, found.clashes, dry=request.dry)
            for outcome in _listed(outcomes) if request.dry else outcomes:
                totals.add(outcome)
                report.add(outcome)
                keep(outcome)
                failed = totals.counts["failed"]
                bar(1, failed=f"{failed:,} failed" if failed else "")
        except (EngineError, FileError) as error:
            stopped = error
            totals.stopped = str(error)  # for the report, which tells what was done
    if stopped is not None:
        raise stopped


def _listed(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """Show what would become of each file, in their order, and hand the outcomes on."""
    waiting: dict[int, Outcome] = {}
    number = 1
    for outcome in outcomes:
        waiting[outcome.task.number] = outcome
        while number in waiting:
            first = waiting.pop(number)
            if first.status in ("written", "kept"):
                show_planned(first.task.source, first.task.target, first.after)
            number += 1
        yield outcome


def _shares(request: Request, files: int) -> tuple[int | None, MemoryLimit | None]:
    """Return how many processes there are to be, and what each of them may take of --max-memory.

    There are fewer where the shares would be too small for anything.
    """
    size = request.max_memory
    if size is None:
        return request.jobs, None
    beside = OWN_MEMORY + OWN_MEMORY_EACH * files
    wanted = min(request.jobs or thread_count(), files)
    jobs = max(1, min(wanted, (size - beside) // LEAST_SHARE))
    if jobs < wanted:
        show_note(f"--max-memory has room for {jobs} of {wanted} files at a time")
    return jobs, MemoryLimit.shared(size, jobs, beside, wanted)


def _engine(
    request: Request, settings: Settings, wanted: int | None, files: int
) -> AbstractContextManager[Engine]:
    """Return what does the work."""
    jobs = wanted or thread_count()
    if request.dask is None:
        return Processes(settings, jobs, files)
    from upsamp.bulk.dask.clusters import LOCAL  # few have a cluster
    from upsamp.bulk.dask.engine import DaskEngine

    return DaskEngine(settings, request.dask, jobs if request.dask == LOCAL else wanted)


def _told_settings(naming: Naming, settings: Settings) -> dict[str, Any]:
    """Return what the report tells of the run."""
    return {
        "size": naming.size,
        "interpolation": settings.enlarging.method_shown,
        "convention": settings.enlarging.convention,
        "format": settings.format_name,
        "out_dir": naming.out_dir,
        "name": naming.template,
    }


def _show(plan: Plan, request: Request, totals: Totals) -> None:
    """Show what became of all files; raise where some failed, or where there were none."""
    failed = totals.counts["failed"]
    passed_over = plan.inputs.passed_over
    if not totals.done:
        raise FileError(
            f"There must be an image to enlarge. Received: none among {_files(passed_over)}. "
            "Give others, or --recursive for the folders below."
        )
    try:
        if request.report != STANDARD_STREAM:
            _show_totals(plan, request, totals)
    except OSError:  # whose reader has gone; that files failed matters more
        if not failed:
            raise
    _show_failed(request, totals)
    if failed:
        raise FileError(f"{failed:,} of {_files(totals.done)} could not be enlarged.")


def _show_totals(plan: Plan, request: Request, totals: Totals) -> None:
    enlarging, done = request.enlarging, "To be enlarged" if request.dry else "Enlarged"
    for note, count in sorted(totals.notes.items()):
        show_note(f"{note} ({_files(count)})")
    passed_over = plan.inputs.passed_over
    counts = [
        (done, totals.counts["written"], ""),
        ("To be kept" if request.dry else "Kept", totals.counts["kept"], ""),
        ("Skipped", totals.counts["skipped"], ""),
        ("Failed", totals.counts["failed"], ""),
        ("Earlier results", plan.earlier_results, ""),
        ("Passed over", passed_over, " that is no image" if passed_over == 1 else " that are none"),
    ]
    rows = [(label, f"{count:,}{what}") for label, count, what in counts if count or label == done]
    rows.append(("Method", enlarging.method_shown))
    rows.append(("Size", enlarging.spell().replace("x", " x ").strip()))
    rows.append(("Seconds", f"{totals.seconds:.3f}"))
    show_report("Upsampled", rows, ("", "Files"))
    sys.stdout.flush()


def _show_failed(request: Request, totals: Totals) -> None:
    """Show which files failed, where any did."""
    if totals.counts["failed"]:
        failures = sorted(totals.failures, key=lambda outcome: outcome.task.number)
        told = [  # which does not name the file once more
            (one.task.source, one.error.removeprefix(f"'{printable(one.task.source)}' "))
            for one in failures
        ]
        with suppress(OSError):  # whose reader has gone: the exit code tells
            show_failures(told, totals.counts["failed"], request.report)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
