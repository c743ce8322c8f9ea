"""`--audit`: what speaks against loading a file."""

import sys

import click

from upsamp.cli.options import refuse_unused
from upsamp.cli.output import text_written
from upsamp.cli.render.audits import FORMATS, show_audit
from upsamp.cli.summary_request import Request
from upsamp.io.read import names_file
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.audit.audit import audit_model
from upsamp.models.generator import GENERATORS

# The fields of the options that an audit uses.
OF_AUDIT = frozenset({"layers", "audit", "format_name", "width", "output"})


def audit_file(request: Request) -> None:
    """Show what speaks against loading a file, and exit with 1 where there is a reason."""
    refuse_unused("--audit", type(request).__annotations__.keys() - OF_AUDIT)
    if request.shown_as not in (None, *FORMATS):
        raise click.UsageError(
            f"--audit must be shown as {', '.join(FORMATS)}. Received: --format {request.shown_as}."
        )
    if len(request.layers) != 1:
        raise click.UsageError(f"--audit must have one file. Received: {len(request.layers)}.")
    (path,) = request.layers
    if path != STANDARD_STREAM and not names_file(path) and ("(" in path or path in GENERATORS):
        raise click.UsageError(f"--audit must have a file. Received: {path}.")
    report = audit_model(path, max_size=request.max_size)
    with text_written(request.output, overwrite=request.force):
        show_audit(report, request.shown_as, width=request.width)
    if report.reasons:
        sys.exit(1)
