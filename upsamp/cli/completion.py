"""What a shell completes: names that options take, files, columns, and the layers of models.

It is loaded when a shell asks, and at no other time. click has the scripts for the shells; that of
bash is another one here, which shows files beside names, and knows that ":" parts words there; that
of fish keeps the commas of columns.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
)

from upsamp.errors import UpsampError

FILE = CompletionItem("", type="file")
SCRIPT = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value cur
    cur="${COMP_WORDS[COMP_CWORD]}"
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \\
        %(complete_var)s=bash_complete "$1")
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == file ]]; then
            compopt -o filenames
            IFS=$'\\n' COMPREPLY+=($(compgen -f -- "$cur"))
        elif [[ $type == begun ]]; then
            compopt -o nospace
            COMPREPLY+=("$value")
        else
            COMPREPLY+=("$value")
        fi
    done
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Completion in bash, which takes a word with a colon for three."""

    source_template = SCRIPT

    @staticmethod
    def _check_version() -> None:
        """Ask no other bash for its version, which takes a process."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and that one, whole."""
        args, incomplete = super().get_completion_args()
        words = [*args, incomplete]
        joined: list[str] = []
        for word in words:
            if joined and (word == ":" or joined[-1].endswith(":")):
                joined[-1] += word
            else:
                joined.append(word)
        return joined[:-1], joined[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line for the script; of a word with a colon what is behind it."""
        kind = "begun" if str(item.value).endswith(("/", ":", ",", "(", "=")) else item.type
        return f"{kind},{str(item.value).rpartition(':')[2] if kind == 'plain' else item.value}"


class Fish(FishComplete):
    """Completion in fish, whose script in click cuts a value at its first comma."""

    source_template = FishComplete.source_template.replace("split ", "split --max 1 ")


add_completion_class(Bash, "bash")
add_completion_class(Fish, "fish")


def names(known: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Return the known names that begin with what is typed."""
    return [CompletionItem(name) for name in known if name.startswith(incomplete)]


def complete_kernel(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete --weights of `transpose-conv`: a kernel's name, or a file."""
    from upsamp.core.kernels.presets import KERNEL_PRESETS

    return [*names(KERNEL_PRESETS, incomplete), FILE]


def complete_columns(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the last of the names of columns with commas between them."""
    from upsamp.models.summary.columns import COLUMNS

    head, comma, last = incomplete.rpartition(",")
    sign = "+" if last.startswith("+") else ""
    taken = {name.lstrip("+") for name in head.split(",")}
    known = ["all", *COLUMNS] if not (comma or sign) else COLUMNS
    return [
        CompletionItem(f"{head}{comma}{sign}{name}")
        for name in known
        if name.startswith(last.removeprefix("+")) and name not in taken
    ]


def complete_layer_of(path: str, incomplete: str) -> list[CompletionItem]:
    """Return the names of the layers of a saved model, none where it cannot be read."""
    from upsamp.models.files.loading import load_model

    with suppress(UpsampError, OSError):
        return names((layer.name for layer in load_model(path).all_layers), incomplete)
    return []


def complete_source_layer(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete --from: a library, then one of its layers, or FILE:NAME of a saved model."""
    from upsamp.layers import LAYERS
    from upsamp.translate.torch_layers import SIGNATURES

    path, colon, name = incomplete.rpartition(":")
    if colon and os.path.isfile(path):
        found = complete_layer_of(path, name)
        return [CompletionItem(f"{path}:{item.value}") for item in found]
    layers = [f"{layer}(" for layer in (*SIGNATURES, *LAYERS)]
    return [*names(("torch", "keras"), incomplete), *names(layers, incomplete), FILE]


def complete_model(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete what `summary` takes: generators, layers as in Keras code, and files."""
    from upsamp.layers import LAYERS
    from upsamp.models.generator import GENERATORS

    layers = [f"{layer}(" for layer in LAYERS]
    return [*names(GENERATORS, incomplete), *names(layers, incomplete or "-"), FILE]


def complete_layer(
    context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the names of the layers of the model that the command names."""
    from upsamp.models.generator import make_generator

    given = context.params
    path = given.get("model_option") or given.get("file")
    if path:
        return complete_layer_of(str(path), incomplete)
    model = make_generator(given.get("kind") or "upsampling")
    return names((layer.name for layer in model.all_layers), incomplete)
