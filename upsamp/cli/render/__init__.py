"""What is shown: rich tables on a terminal, plain text elsewhere; rich is known here alone."""

from upsamp.cli.render.differences import show_difference
from upsamp.cli.render.matrices import show_matrix
from upsamp.cli.render.summaries import FORMATS, show_layer, show_summary
from upsamp.cli.render.tables import on_terminal, show_note, show_report, show_rows

__all__ = [
    "FORMATS",
    "on_terminal",
    "show_difference",
    "show_layer",
    "show_matrix",
    "show_note",
    "show_report",
    "show_rows",
    "show_summary",
]
