"""Keras in a process of its own, which computes when it is told to, and answers with its seconds.

Keras has one backend a process; so those of several stand in turns with everything else.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from libraries import limited_tensorflow
from timing import turn_of

__all__ = ["keras_process"]

TOLERANCE = 1e-4


@contextmanager
def keras_process(
    backend: str, file: Path, expected: Any
) -> Iterator[Callable[[str], list[float]]]:
    """Return what asks a process with Keras for a turn; its results are compared first."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, __file__, str(file)]
    child: Any = subprocess.Popen(  # noqa: S603 - this very file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    )

    def ask(call: str) -> list[float]:
        child.stdin.write(f"{call}\n")
        child.stdin.flush()
        answer: list[float] = json.loads(child.stdout.readline())
        return answer

    with child:
        ask("ready")
        actual = np.load(file.with_name(f"{backend}.npy"))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)
        yield ask
        child.stdin.close()


def _answer(file: Path) -> None:
    """Be such a process: a line names a call, and the answer is the seconds of a turn of it."""
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        limited_tensorflow()
    import keras

    model = keras.models.load_model(file, compile=False)
    x = np.load(file.with_name("x.npy"))
    calls: dict[str, Callable[[], Any]] = {
        "predict": lambda: model.predict(x, batch_size=len(x), verbose=0),
        "predict_on_batch": lambda: model.predict_on_batch(x),
        "model(x)": lambda: keras.ops.convert_to_numpy(model(x, training=False)),
    }
    turns = {name: turn_of(call) for name, call in calls.items()}
    for line in sys.stdin:
        name = line.strip()
        if name == "ready":
            place = file.with_name(f"{os.environ['KERAS_BACKEND']}.npy")
            np.save(place, calls["predict_on_batch"]())
        print(json.dumps(turns[name]() if name in turns else []), flush=True)


if __name__ == "__main__":
    _answer(Path(sys.argv[1]))
