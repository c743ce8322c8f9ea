"""The command line: a group that loads a command when it is asked for.

Here, and nowhere else, errors become exit codes: 0, 1 with one line for what is wrong with data
or files, 2 for a command that is spelled wrong.
"""

import _thread
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from io import TextIOWrapper
from types import FrameType
from typing import Any, NoReturn

import click

from upsamp.cli.render.output import print_text
from upsamp.core.text import printable
from upsamp.errors import EngineError, UpsampError
from upsamp.io.descriptors import prepare_standard_streams
from upsamp.io.streams import reason

__all__ = ["main"]

# Each command with the line that it has in the overview, so that the overview loads none of them.
COMMANDS: Mapping[str, str] = {
    "upsample": "Enlarge an image or a matrix.",
    "transpose-conv": "Run a transposed convolution and show what it does.",
    "summary": "Show the layers, output shapes and parameters of a model.",
    "generator": "Build a GAN's generator, show it, and draw samples from it.",
}

# The variable in which a shell asks for completions.
COMPLETE = "_UPSAMP_COMPLETE"
# What asks for help.
HELP_NAMES = ["-h", "--help"]

# Python takes as much with NumPy and Pillow, whatever it does.
LEAST_ADDRESS_SPACE = 160 * 2**20
# Seconds between a signal and its repetition.
INTERVAL = 0.02
# The signals that came during an import, and are to be heard after it.
_held: set[int] = set()
EXAMPLES = """\
  upsamp upsample photo.png --size 4 --interp lanczos3
  upsamp transpose-conv '1 2; 3 4' --kernel 3 --stride 2 --padding same
  upsamp summary model.keras
  upsamp generator generator.keras --samples 16 -o grid.png
"""


class Group(click.Group):
    """The commands, each imported when it is wanted, and the end of every error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"upsamp.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for; for a misspelled one name the nearest."""
        word = args[0]
        if word not in COMMANDS and not word.startswith("-") and not ctx.resilient_parsing:
            from upsamp.cli.usage_errors import no_such

            raise click.UsageError(no_such("command", word, COMMANDS), ctx)
        return super().resolve_command(ctx, args)

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
        _prepare_streams()
        _check_address_space()
        _prepare_environment()
        _prepare_signals()
        if COMPLETE in os.environ:
            import upsamp.cli.completion  # noqa: F401 - which tells click of its own for bash
        try:
            self._run(*args, **options)
        except click.exceptions.NoArgsIsHelpError as error:
            print_text(error.format_message(), err=True)
            sys.exit(2)
        except click.UsageError as error:
            from upsamp.cli.usage_errors import usage_text  # most command lines are right

            _fail(usage_text(error), 2)
        except UpsampError as error:
            _fail(error, 1)
        except MemoryError:
            _fail("There is not enough memory. Use a smaller size or input.", 1)
        except OSError as error:
            _abandon_output()
            # A reader of a pipe that has gone had what it wanted: that is no error.
            if not isinstance(error, BrokenPipeError):
                _fail(_told(error), 1)
        except (KeyboardInterrupt, click.Abort):
            sys.exit(130)
        sys.exit(0)

    def _run(self, *args: Any, **options: Any) -> None:
        """Let click run the command, and write out what is still buffered."""
        stdout = sys.stdout
        try:
            super().main(*args, **{"prog_name": "upsamp", **options, "standalone_mode": False})
        except SystemExit:
            # When the reader of a pipe has gone, click puts another stream in the place of
            # standard output, and ends with code 1.
            if sys.stdout is not stdout:
                raise BrokenPipeError from None
            raise
        except click.Abort as error:
            # click takes the end of any file for that of what somebody types; here it is a bug.
            raise error.__cause__ or error from None
        except ImportError as error:
            if not isinstance(error, UpsampError) and (fault := _fault_of_loader(error)):
                raise EngineError(
                    f"A library cannot be loaded: {fault}. Allow more memory, or install it again."
                ) from error
            raise
        sys.stdout.flush()


def _prepare_streams() -> None:
    """See that there is a standard output, that it takes any name, and no library prints raw."""
    prepare_standard_streams()
    if sys.stdout is None:
        _fail("Standard output is closed. Leave it open, or send it to a file.", 1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = _format_warning


def _format_warning(message: Warning | str, *_: Any, **_named: Any) -> str:
    """Return what a library warns of as one line."""
    return f"Warning: {printable(str(message))}\n"


def _check_address_space() -> None:
    """See that Python, NumPy and Pillow can be loaded, which else end in many ways, or crash."""
    try:
        import resource
    except ImportError:  # a system without that bound
        return
    bound = resource.getrlimit(resource.RLIMIT_AS)[0]
    if bound != resource.RLIM_INFINITY and bound < LEAST_ADDRESS_SPACE:
        least = LEAST_ADDRESS_SPACE // 1024
        _fail(
            f"There must be {least:,} KB of address space. Received: {bound // 1024:,} KB. "
            f"Use ulimit -v {least} or more.",
            1,
        )


def _fault_of_loader(error: ImportError) -> str | None:
    """Return what the system says of a compiled module that it cannot load; None of other errors.

    NumPy raises an error of its own for that, with many lines.
    """
    if isinstance(error.__cause__, ImportError):
        return _fault_of_loader(error.__cause__)
    is_compiled = str(error.path).endswith(tuple(EXTENSION_SUFFIXES))
    return str(error).splitlines()[0] if is_compiled else None


def _prepare_environment() -> None:
    """Forget a size of the terminal that is no number; rich takes "²" and 5,000 digits for one.

    Threads of BLAS spin for 2^26 ticks before they sleep, at the start, too: two fifths of what a
    small command costs. Between the products of a network they wait for less than 2^20.
    """
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch("[0-9]{1,5}", os.environ.get(name, "0")):
            del os.environ[name]
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")


def _prepare_signals() -> None:
    """Let what ends a command from outside be an exception, so that it leaves nothing behind."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # not every system has both
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the command at Ctrl-C: at once, or as soon as the import that goes on has ended.

    A module that is compiled, as those of numpy.random, may drop what is raised while it loads, and
    the command would go on as if nothing had been asked.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            if number not in _held:
                _hold(number)
            return
        frame = frame.f_back
    _held.discard(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    signal.signal(number, signal.SIG_IGN)  # nothing disturbs the end
    sys.exit(128 + number)


def _hold(number: int) -> None:
    """Let a thread repeat a signal until it is heard."""
    _held.add(number)
    try:
        _thread.start_new_thread(_repeat, (_thread.get_ident(), number))
    except RuntimeError as error:  # OpenBLAS, too, interrupts where there is no room
        _held.discard(number)
        raise MemoryError from error


def _repeat(main_thread: int, number: int) -> None:
    """Send a signal until it is heard: one that comes just before a wait for input does not end it.

    Python notes it, and waits. A thread often comes at that moment, when the wait lets it run.
    """
    time.sleep(INTERVAL)
    while number in _held:
        if hasattr(signal, "pthread_kill"):  # which wakes the thread from waiting for input, too
            signal.pthread_kill(main_thread, number)
        else:
            _thread.interrupt_main(signal.Signals(number))
        time.sleep(INTERVAL)


def _told(error: OSError) -> str:
    """Say what the system refused, where no reader or writer of files has said it better."""
    if error.filename is not None:
        return f"Cannot use '{error.filename}': {reason(error)}."
    if isinstance(error, FileNotFoundError):  # what os.getcwd raises, and no write
        return "The working directory is no longer there. Change to another one."
    return f"Cannot write to standard output: {reason(error)}."


def _abandon_output() -> None:
    """Send what is still buffered nowhere: its reader has gone, or its place is full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _fail(message: object, code: int) -> NoReturn:
    """Print one line on standard error and end; what a name has in it is spelled out."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # whose reader has gone, which changes nothing
        _abandon_output()
    with suppress(OSError):  # as of a terminal that is closed
        print_text(f"Error: {printable(str(message))}", err=True)
    sys.exit(code)


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """Print what is installed, and end."""
    if wanted:
        from upsamp.cli.version import show_version  # which few ask for

        show_version()
        context.exit()


@click.group(cls=Group, context_settings={"help_option_names": HELP_NAMES})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of upsamp and its extras, and which kernels compute.",
)
def main() -> None:
    """Upsample images and matrices, exactly as Keras' UpSampling2D and Conv2DTranspose do."""
