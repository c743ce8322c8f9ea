"""Time whole commands on a saved model, beside programs of Keras that do the same.

    pip install '.[keras,oracle]'
    python benchmarks/model_files.py

Each command is a process of its own, from its start to its end, as a user waits for it. The
commands take turns, so that what else the machine does falls on all of them alike; the median of
the turns counts. The numbers are ratios: how many times longer Keras takes, on each backend that
is installed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from upsamp import make_generator

BACKENDS: Mapping[str, str] = {"jax": "jax", "tensorflow": "tensorflow", "torch": "torch"}
SUMMARY = "import keras; keras.models.load_model({model!r}).summary()"
SAMPLES = """
import keras, numpy as np
from PIL import Image
model = keras.models.load_model({model!r})
images = model.predict(np.random.default_rng(0).standard_normal((16, 100)), verbose=0)
grid = images.reshape(4, 4, 28, 28).transpose(0, 2, 1, 3).reshape(112, 112)
Image.fromarray(((grid + 1) * 127.5).round().astype(np.uint8)).save({picture!r})
"""


class Task(NamedTuple):
    """What is done, by a command of upsamp and by a program of Keras."""

    name: str
    arguments: tuple[str, ...]
    program: str


def seconds_of(command: list[str], backend: str) -> float:
    """Run a command to its end, and give how long that took."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = perf_counter()
    done = subprocess.run(  # noqa: S603 - the commands are those of this file
        command, capture_output=True, check=False, env=environment, text=True
    )
    taken = perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return taken


def measure(task: Task, backends: list[str], turns: int) -> dict[str, float]:
    """Give the median seconds of upsamp (under "") and of Keras on each backend."""
    commands = {"": [sys.executable, "-m", "upsamp", *task.arguments]}
    commands |= {backend: [sys.executable, "-c", task.program] for backend in backends}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            times[name].append(seconds_of(command, name or "numpy"))
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    """Make a model, run the tasks, and print a table."""
    parser = argparse.ArgumentParser(description="Time upsamp beside Keras on a saved model.")
    parser.add_argument("--turns", type=int, default=5, help="how often each command is run")
    turns = parser.parse_args().turns
    backends = [name for name, module in BACKENDS.items() if find_spec(module)]
    with tempfile.TemporaryDirectory() as scratch:
        model, picture = str(Path(scratch, "dcgan.keras")), str(Path(scratch, "grid.png"))
        make_generator("dcgan").save(model)
        tasks = [
            Task("summary of dcgan.keras", ("summary", model), SUMMARY.format(model=model)),
            Task(
                "16 samples of dcgan.keras as a picture",
                ("generator", "--model", model, "--samples", "16", "-o", picture, "--force"),
                SAMPLES.format(model=model, picture=picture),
            ),
        ]
        headings = ["", "upsamp", *(f"Keras on {name}" for name in backends)]
        print("| " + " | ".join(headings) + " |")
        print("|:--|" + "--:|" * (len(headings) - 1))
        for task in tasks:
            taken = measure(task, backends, turns)
            own = taken[""]
            cells = [f"{own:.2f} s", *(f"{taken[name] / own:.1f}x" for name in backends)]
            print(f"| {task.name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
