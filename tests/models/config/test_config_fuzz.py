"""Configs of real models with something wrong in them end in a model, or in an error of upsamp."""

import json
import math
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from effort import choose
from golden_files import golden_models, model_file

from upsamp.errors import UpsampError
from upsamp.io.model_files import open_model
from upsamp.models.files.loading import model_from_config
from upsamp.models.model import Model

CHUNKS = choose(1, 44)
RUNS = 500  # of each chunk: 22,000 in all in an exhaustive run
# What may stand in the place of anything.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, -1, -2, 7, 10**9, 10**30, 10**400, -(10**400)),
    *(0.5, -1.5, 1e300, math.inf, math.nan, "", "x", "relu", "same", "valid", "Dense", "a/b"),
    *("\x1b[31m", "name\nname", "None", "x" * 2000, "float16", "channels_first", "Functional"),
    *([], [0], [1, 2], [None, 4], [None, 4, 4, 2], [[]], [[1, 2], [3, 4]], ["x", 0, 0]),
    *([["x", 0, 0]], ["x", -1, 0], ["x", 0, 10**9], ["x", 0.0, 0], {}, {"class_name": "Dense"}),
    *({"class_name": "Add", "config": {"name": "q"}}, {"config": {}}, [[[["x", 0, 0, {}]]]]),
)


@cache
def configs() -> list[tuple[str, str, str | None]]:
    """Return the configs of all golden files as text, each with its name and Keras' version."""
    found = []
    for model in golden_models():
        for file in model.files:
            if not file.endswith(".weights.h5"):
                saved = open_model(str(model_file(file)))
                version = saved.metadata.get("keras_version")
                found.append((file, json.dumps(saved.config), version))
    return found


def parts_of(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a config: what holds it, and its key there."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        held = waiting.pop()
        keys = list(held) if isinstance(held, dict) else range(len(held))
        for key in keys:
            found.append((held, key))
            if isinstance(held[key], dict | list):
                waiting.append(held[key])
    return found


def copy_of(value: Any) -> Any:
    """Return a copy of what is JSON."""
    if isinstance(value, dict):
        return {key: copy_of(part) for key, part in value.items()}
    return [copy_of(part) for part in value] if isinstance(value, list) else value


def spoil(config: Any, random: Random) -> None:
    """Change one thing: replace a value, delete it, double it, or take another's."""
    places = parts_of(config)
    if not places:
        return
    held, key = random.choice(places)
    how = random.randrange(5)
    if how == 0:
        del held[key]
    elif how == 1 and isinstance(held, list):
        held.insert(random.randrange(len(held) + 1), copy_of(held[key]))
    elif how == 2:
        other, there = random.choice(places)
        held[key], other[there] = copy_of(other[there]), copy_of(held[key])
    elif how == 3 and isinstance(held[key], int):
        held[key] += random.choice((-1, 1, 10**6))
    else:
        held[key] = copy_of(random.choice(VALUES))


def is_small(model: Model) -> bool:
    """Tell whether all arrays of a model are known to be small, where a free axis is 3."""
    shapes = [shape for call in range(len(model.calls)) for shape in model.shapes_of(call)]
    sizes = [math.prod(3 if n is None else n for n in shape) for shape in shapes if shape]
    return None not in shapes and max(sizes, default=0) <= 20_000


def run(model: Model) -> None:
    """List a model, and run it where that takes no time."""
    str(model.summarize())
    if is_small(model) and model.count_params() <= 100_000:
        shapes = [tuple(3 if n is None else n for n in shape[1:]) for shape in model.input_shapes]
        outputs = model.predict([np.ones((1, *shape), np.float32) for shape in shapes])
        for output in outputs if isinstance(outputs, list) else [outputs]:
            assert isinstance(output, np.ndarray)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_spoilt_config_ends_in_a_model_or_in_an_error_of_upsamp(chunk: int) -> None:
    random = Random(chunk)
    ended = {"run": 0, "refused": 0}
    for number in range(RUNS):
        file, text, version = random.choice(configs())
        config = json.loads(text)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            spoil(config, random)
        try:
            run(model_from_config(config, version))
            ended["run"] += 1
        except UpsampError:
            ended["refused"] += 1
        except Exception as error:
            error.add_note(f"{file}, chunk {chunk}, run {number}: {json.dumps(config)[:5000]}")
            raise
    assert min(ended.values()) > RUNS / 20
