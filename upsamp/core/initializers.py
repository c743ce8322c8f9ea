"""First values of weights, drawn from a seed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from upsamp.core.arguments import Array, normalize_choice
from upsamp.core.binding import bind_arguments
from upsamp.core.distributions import (
    Seed,
    constant,
    glorot_uniform,
    identity,
    ones,
    orthogonal,
    random_normal,
    random_uniform,
    truncated_normal,
    variance_scaling,
    zeros,
)
from upsamp.core.values import as_number, described, normalize_mapping, spelled
from upsamp.errors import ArgumentError

__all__ = [
    "INITIALIZERS",
    "INITIALIZER_CLASSES",
    "InitializerLike",
    "Seed",
    "get_initializer",
    "glorot_uniform",
    "initializer_mapping",
    "normalize_initializer",
]

Initializer: TypeAlias = Callable[[tuple[int, ...], Seed], Array]
# A name, or {"class_name": ..., "config": {...}} where the parameters are not the default.
InitializerLike: TypeAlias = str | Mapping[str, Any]


class Kind(NamedTuple):
    """An initializer: Keras' class, the defaults of its parameters, and what draws."""

    class_name: str
    parameters: Mapping[str, Any]
    draw: Callable[..., Array]


def _scaled(class_name: str, scale: float, mode: str, distribution: str) -> Kind:
    """Return a kind that is VarianceScaling with settings of its own."""

    def draw(shape: tuple[int, ...], seed: Seed) -> Array:
        return variance_scaling(shape, seed, scale, mode, distribution)

    return Kind(class_name, {}, draw)


INITIALIZERS: Mapping[str, Kind] = {
    "glorot_uniform": _scaled("GlorotUniform", 1.0, "fan_avg", "uniform"),
    "glorot_normal": _scaled("GlorotNormal", 1.0, "fan_avg", "truncated_normal"),
    "he_uniform": _scaled("HeUniform", 2.0, "fan_in", "uniform"),
    "he_normal": _scaled("HeNormal", 2.0, "fan_in", "truncated_normal"),
    "random_normal": Kind("RandomNormal", {"mean": 0.0, "stddev": 0.05}, random_normal),
    "random_uniform": Kind("RandomUniform", {"minval": -0.05, "maxval": 0.05}, random_uniform),
    "truncated_normal": Kind("TruncatedNormal", {"mean": 0.0, "stddev": 0.05}, truncated_normal),
    "zeros": Kind("Zeros", {}, zeros),
    "ones": Kind("Ones", {}, ones),
    "lecun_uniform": _scaled("LecunUniform", 1.0, "fan_in", "uniform"),
    "lecun_normal": _scaled("LecunNormal", 1.0, "fan_in", "truncated_normal"),
    "variance_scaling": Kind(
        "VarianceScaling",
        {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal"},
        variance_scaling,
    ),
    "constant": Kind("Constant", {"value": 0.0}, constant),
    "orthogonal": Kind("Orthogonal", {"gain": 1.0}, orthogonal),
    "identity": Kind("Identity", {"gain": 1.0}, identity),
}
# What code calls: Keras' classes, and their functions of the same names in snake case.
INITIALIZER_CLASSES: Mapping[str, str] = {
    kind.class_name: name for name, kind in INITIALIZERS.items()
} | {name: name for name in INITIALIZERS}
UNSEEDED = ("zeros", "ones", "constant", "identity")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "mode": ("fan_in", "fan_out", "fan_avg"),
    "distribution": ("uniform", "truncated_normal", "untruncated_normal", "normal"),
}
# Every spelling, in lower case and without underscores, and the name it stands for.
SPELLINGS: Mapping[str, str] = (
    {name.replace("_", ""): name for name in INITIALIZERS}
    | {"normal": "random_normal", "uniform": "random_uniform", "zero": "zeros", "one": "ones"}
    | {"identityinitializer": "identity", "orthogonalinitializer": "orthogonal"}
)


def normalize_initializer(value: object, argument: str) -> InitializerLike:
    """Return an initializer's name where its parameters are the default, else a mapping of all.

    value: a name, such as "glorot_uniform" or "GlorotUniform", {"class_name": ..., "config": {...}}
    as in Keras' files, or an object of Keras. argument: what the caller calls it. The mapping of a
    class that is not known is given back, as a layer whose weights come from a file never draws
    from it.

    >>> normalize_initializer("Zeros", "bias_initializer")
    'zeros'
    >>> drawn = {"class_name": "RandomNormal", "config": {"stddev": 0.02, "seed": None}}
    >>> normalize_initializer(drawn, "kernel_initializer")
    {'class_name': 'RandomNormal', 'config': {'mean': 0.0, 'stddev': 0.02, 'seed': None}}
    """
    value = described(value)
    if not isinstance(value, Mapping):
        plain = value.lower().replace("_", "") if isinstance(value, str) else value
        known = SPELLINGS.get(plain) if isinstance(plain, str) else None
        return known or normalize_choice(value, argument, tuple(INITIALIZERS))
    given = normalize_mapping(value, argument)
    name, config = _known_name(given), given.get("config")
    config = {} if config is None else config
    if name is None or not isinstance(config, Mapping):
        return given
    kind = INITIALIZERS[name]
    config = normalize_mapping(config, f"{argument}.config")
    others = [key for key in config if key not in {*kind.parameters, "seed", "dtype"}]
    if any(config[key] is not None for key in others):
        return given
    parameters = {
        key: _parameter(config.get(key, default), key, argument)
        for key, default in kind.parameters.items()
    }
    seed = config.get("seed")
    if parameters == kind.parameters and seed is None:
        return name
    if name not in UNSEEDED:
        parameters["seed"] = seed
    return {"class_name": kind.class_name, "config": parameters}


def initializer_mapping(
    name: str, positional: Sequence[object], named: Mapping[str, object]
) -> Mapping[str, Any] | None:
    """Return the mapping that a call such as RandomNormal(0.0, 0.02) means; None: no such class.

    >>> initializer_mapping("RandomNormal", [0.0, 0.02], {})
    {'class_name': 'RandomNormal', 'config': {'mean': 0.0, 'stddev': 0.02}}
    """
    if name not in INITIALIZER_CLASSES:
        return None
    known = INITIALIZER_CLASSES[name]
    kind = INITIALIZERS[known]
    accepted = [*kind.parameters, *([] if known in UNSEEDED else ["seed"])]
    config = bind_arguments(kind.class_name, accepted, positional, named)
    return {"class_name": kind.class_name, "config": config}


def get_initializer(value: object) -> Initializer:
    """Return what draws the values: a function of a shape and a seed.

    A seed of the initializer's own goes before that of the call, as in Keras.

    >>> get_initializer("ones")((2,), 0)
    array([1., 1.], dtype=float32)
    """
    normal = normalize_initializer(value, "initializer")
    if isinstance(normal, str):
        return cast("Initializer", INITIALIZERS[normal].draw)
    name = _known_name(normal)
    given = normal.get("config")
    config = dict(given) if isinstance(given, Mapping) else {}
    own_seed = config.pop("seed", None)
    if name is None or set(config) != set(INITIALIZERS[name].parameters):
        raise ArgumentError(
            "An initializer must be one that upsamp has to draw values. "
            f"Received: {spelled(normal.get('class_name'))} with {spelled(given)}. "
            f"Set the weights instead, or use one of {', '.join(INITIALIZERS)}."
        )
    kind = INITIALIZERS[name]

    def draw(shape: tuple[int, ...], seed: Seed) -> Array:
        fixed = isinstance(own_seed, int) and own_seed >= 0
        return kind.draw(shape, own_seed if fixed else seed, **config)

    return draw


def _known_name(value: Mapping[str, Any]) -> str | None:
    """Return the name of the initializer that a mapping stands for, where it is Keras' own."""
    class_name, module = value.get("class_name"), value.get("module")
    if not isinstance(class_name, str) or "keras" not in str(module or "keras"):
        return None
    return SPELLINGS.get(class_name.lower().replace("_", ""))


def _parameter(value: object, key: str, argument: str) -> object:
    """Return one parameter, checked; `value` of Constant may be an array."""
    if key in CHOICES:
        choice = normalize_choice(value, f"{argument}.{key}", CHOICES[key])
        return "truncated_normal" if choice == "normal" else choice
    number = value if key == "value" else as_number(value)
    if number is not None:
        return number
    raise ArgumentError(
        f"`{argument}` must have numbers for its parameters. Received: {key}={spelled(value)}."
    )
