"""The programs of whole models are laid out as `ruff format` does; run where ruff is installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from golden_files import golden_models, model_file

from upsamp import Sequential, load_model
from upsamp.layers import Dense, InputLayer, ReLU
from upsamp.models.export.programs import WRITERS, model_program

NAMES = ("it's", 'say "a"', "\\'\"", "n" * 100, "m" * 1000, "слой")


@pytest.mark.parametrize("library", WRITERS)
def test_a_program_is_laid_out_as_ruff_does(library: str, tmp_path: Path) -> None:
    models = [load_model(model_file(one.files[0])) for one in golden_models() if one.runs]
    long = [Dense(3, activation="gelu", name=name) for name in NAMES]
    models.append(Sequential([InputLayer((3,)), *long, ReLU(1.5, 0.25, 0.125, name="o" * 90)]))
    for number, model in enumerate(models):
        weights = "w" * 10 ** (number % 3) + ".safetensors"
        text = model_program(model, library, weights)
        (tmp_path / f"{number}.py").write_text(text, encoding="utf-8")
    for width in ("88", "100"):
        command = ["ruff", "format", "--isolated", "--diff", "--line-length", width, "."]
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stdout.decode()
