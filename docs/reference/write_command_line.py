"""Write command-line.md from what `--help` prints; with --check, say whether it is so."""

import sys
from pathlib import Path

import click

from upsamp.cli import COMMANDS, HELP_NAMES, main

PAGE = Path(__file__).with_name("command-line.md")


def help_text(*path: str) -> str:
    """Return what `upsamp PATH --help` prints on 88 columns."""
    context = click.Context(
        main, info_name="upsamp", terminal_width=88, help_option_names=HELP_NAMES
    )
    command: click.Command = main
    for name in path:
        command = main.get_command(context, name) or main
        context = click.Context(command, context, info_name=name, terminal_width=88)
    return command.get_help(context)


def page() -> str:
    """Return the whole page."""
    parts = ["# The command line\n\nWritten by `write_command_line.py` from `--help`.\n"]
    for path in ((), *((name,) for name in COMMANDS)):
        title = " ".join(("upsamp", *path))
        parts.append(f"## {title}\n\n```text\n{help_text(*path)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
