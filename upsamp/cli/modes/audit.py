"""`--audit`: what speaks against loading a file."""

import sys

import click

from upsamp.cli.render.audits import FORMATS, show_audit
from upsamp.cli.summary_request import Request
from upsamp.io.read import names_file
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.audit.audit import audit_model
from upsamp.models.generator import GENERATORS

# Options that say how layers are read and shown.
NOT_FOR_AUDITS = (
    *("--columns", "--expand-nested", "--show-trainable", "--batch", "--input-shape", "--weights"),
    *("--compare-weights", "--solve", "--name", "--style", "--draw", "--force"),
    "--digits",
)


def audit_file(request: Request) -> None:
    """Show what speaks against loading a file, and exit with 1 where there is a reason."""
    given = request.given(*NOT_FOR_AUDITS)
    if given:
        raise click.UsageError(f"{given[0]} must be used without --audit.")
    if request.format_name not in (None, *FORMATS):
        raise click.UsageError(
            f"--audit must be shown as {', '.join(FORMATS)}. "
            f"Received: --format {request.format_name}."
        )
    if len(request.layers) != 1:
        raise click.UsageError(f"--audit must have one file. Received: {len(request.layers)}.")
    (path,) = request.layers
    if path != STANDARD_STREAM and not names_file(path) and ("(" in path or path in GENERATORS):
        raise click.UsageError(f"--audit must have a file. Received: {path}.")
    report = audit_model(path, max_size=request.max_size)
    show_audit(report, request.format_name, width=request.width)
    if report.reasons:
        sys.exit(1)
