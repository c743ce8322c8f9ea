"""How much Keras' optimizers keep for each weight, which its summary counts with the model."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from upsamp.layers.layer import Weight

Config: TypeAlias = Mapping[str, Any]


def _momentum(config: Config) -> int:
    return int(bool(config.get("momentum")))


# How many arrays of a weight's shape an optimizer keeps for each.
SLOTS: Mapping[str, Callable[[Config], int]] = {
    "Adam": lambda config: 2 + bool(config.get("amsgrad")),
    "AdamW": lambda config: 2 + bool(config.get("amsgrad")),
    "Adamax": lambda _: 2,
    "Nadam": lambda _: 2,
    "Adagrad": lambda _: 1,
    "Adadelta": lambda _: 2,
    "Lion": lambda _: 1,
    "Ftrl": lambda _: 2,
    "SGD": _momentum,
    "RMSprop": lambda config: 1 + _momentum(config) + bool(config.get("centered")),
}
# Of each optimizer's numbers besides the count of steps and the rate of learning.
MORE_NUMBERS: Mapping[str, int] = {"Nadam": 1}


def optimizer_size(compiled: object, weights: Sequence[Weight]) -> tuple[int, int] | None:
    """Return the number of values that an optimizer keeps for weights, and their bytes.

    compiled: the "compile_config" of a `.keras` file. None: the model was not compiled, or with an
    optimizer that is not known here.

    >>> adam = {"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.001}}}
    >>> optimizer_size(adam, [Weight("kernel", (3, 4), "zeros", True)])
    (26, 104)
    """
    entry = compiled.get("optimizer") if isinstance(compiled, Mapping) else None
    name = entry.get("class_name") if isinstance(entry, Mapping) else None
    config = entry.get("config") if isinstance(entry, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(name, str) or name not in SLOTS:
        return None
    slots = SLOTS[name](config) + bool(config.get("use_ema"))
    slots += config.get("gradient_accumulation_steps") is not None
    # A rate that follows a schedule is no variable; the count of steps always is one.
    numbers = 1 + (not isinstance(config.get("learning_rate"), Mapping))
    numbers += MORE_NUMBERS.get(name, 0)
    kept = slots * sum(math.prod(weight.shape) for weight in weights)
    return kept + numbers, slots * sum(weight.nbytes for weight in weights) + 4 * numbers
