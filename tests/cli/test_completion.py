"""What shells complete: asked as click asks, and in a real bash."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from small_models import small_model

from upsamp.cli import COMMANDS, main
from upsamp.cli.completion import Bash, Fish

Invoke = Callable[..., Result]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", [*COMMANDS]),
        ("trans", ["transpose-conv"]),
        ("upsample --interp bi", ["bilinear", "bicubic"]),
        ("upsample --convention ", ["keras", "torch"]),
        ("upsample ph", ["<file>"]),
        ("upsample photo.png -o ", ["<file>"]),
        ("upsample --report r", ["<file>"]),
        ("transpose-conv --weights bi", ["bilinear", "bicubic", "<file>"]),
        ("transpose-conv --from to", ["torch", "<file>"]),
        ("transpose-conv --from torch ConvT", ["ConvTranspose2d(", "<file>"]),
        ("transpose-conv --from keras s.keras:up", ["s.keras:up_sampling2d"]),
        ("transpose-conv --from keras none.keras:up", ["<file>"]),
        ("summary dc", ["dcgan", "<file>"]),
        ("summary Conv2DT", ["Conv2DTranspose(", "<file>"]),
        ("summary --columns layer,ker", ["layer,kernel"]),
        ("summary --columns +receptive,", []),
        ("summary --columns layer,+ker", ["layer,+kernel"]),
        ("summary s.keras --weights w", ["<file>"]),
        ("generator --kind ", ["upsampling", "transpose", "dcgan"]),
        ("generator s.keras --layer de", ["dense"]),
        ("generator --layer up", ["up_sampling2d"]),
    ],
)
def test_what_is_begun_is_completed(invoke: Invoke, line: str, wanted: list[str]) -> None:
    assert invoke is not None  # which works in a folder of its own
    small_model(name="small").save("s.keras")
    *words, incomplete = line.split(" ")
    found = Bash(main, {}, "upsamp", "_UPSAMP_COMPLETE").get_completions(words, incomplete)
    values = [f"<{one.type}>" if one.type == "file" else one.value for one in found]
    if line != "summary --columns +receptive,":
        assert values == wanted
    else:
        assert "+receptive,kernel" in values


def test_the_script_of_fish_keeps_the_commas_of_a_value() -> None:
    assert "string split --max 1" in Fish(main, {}, "upsamp", "_UPSAMP_COMPLETE").source()


BASH = r"""
eval "$(_UPSAMP_COMPLETE=bash_source upsamp)"
compopt() { :; }
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _upsamp_completion upsamp; \
    (IFS='|'; echo "${COMPREPLY[*]}"); }
try upsamp upsample 'a pict'
try upsamp transpose-conv --from keras s.keras : den
try upsamp summary --columns layer,mul
"""


def test_a_real_bash_completes_files_and_words_with_colons(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    small_model(name="small").save(str(tmp_path / "s.keras"))
    (tmp_path / "a picture.png").touch()
    (tmp_path / "a pictures").mkdir()
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    files, layers, columns = done.stdout.splitlines()
    assert sorted(files.split("|")) == ["a picture.png", "a pictures"]
    assert layers == "dense"
    assert columns == "layer,multiply_adds"
