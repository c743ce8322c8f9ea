"""The command line: a group that loads a command when it is asked for.

Here, and nowhere else, errors become exit codes: 0, 1 with one line for what is wrong with data
or files, 2 for a command that is spelled wrong.
"""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NoReturn

import click

from upsamp.errors import UpsampError

__all__ = ["main"]

# Each command with the line that it has in the overview, so that the overview loads none of them.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "upsample": "Enlarge an image or a matrix by whole factors.",
        "transpose-conv": "Run a transposed convolution and show what it does.",
        "summary": "Show the layers, output shapes and parameters of a model.",
        "generator": "Build a GAN's generator, show it, and draw samples from it.",
    }
)

EXAMPLES = """\
  upsamp upsample photo.png --size 4 --interp lanczos3
  upsamp transpose-conv '1 2; 3 4' --kernel 3 --stride 2 --padding same
  upsamp summary 'Dense(3200, input_dim=100)' 'Reshape((5, 5, 128))' 'UpSampling2D()'
  upsamp generator --kind dcgan --samples 16 -o grid.png
"""


class Group(click.Group):
    """The commands, each imported when it is wanted, and the end of every error."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Give the names of the commands."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"upsamp.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview, examples first."""
        formatter.write(f"Examples:\n{EXAMPLES}\n")
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        options = [option.get_help_record(ctx) for option in self.get_params(ctx)]
        with formatter.section("Options"):
            formatter.write_dl([option for option in options if option is not None])

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command; every error that a user can cause ends in one line and a code."""
        try:
            super().main(*args, **{"prog_name": "upsamp", **options, "standalone_mode": False})
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "upsamp"
            _fail(f"{error.format_message()} Try '{command} --help'.", 2)
        except (UpsampError, click.ClickException) as error:
            _fail(error.format_message() if isinstance(error, click.ClickException) else error, 1)
        except MemoryError:
            _fail("There is not enough memory. Use a smaller size or input.", 1)
        except BrokenPipeError:
            # The reader has what it wanted. What is still buffered has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (KeyboardInterrupt, click.Abort):
            sys.exit(130)
        sys.exit(0)


def _fail(message: object, code: int) -> NoReturn:
    """Print one line on standard error and end."""
    line = " ".join(str(message).split())
    click.echo(f"Error: {line}", err=True)
    sys.exit(code)


@click.group(cls=Group)
@click.version_option(package_name="upsamp", message="upsamp %(version)s")
def main() -> None:
    """Upsample images and matrices, exactly as Keras' UpSampling2D and Conv2DTranspose do."""
