"""When inputs are a run over several files, and not one image or matrix."""

from collections.abc import Sequence

import click

from upsamp.bulk.inputs import kind_of, kind_there
from upsamp.io.formats import format_of_name
from upsamp.io.streams import STANDARD_STREAM


def is_run(words: Sequence[str], given: Sequence[str]) -> bool:
    """Tell whether these inputs are a run over files; `given` are the options of one.

    Raises `click.UsageError` where they can be neither.
    """
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
