"""Options of Keras' layers that change no prediction, told from those that nobody knows."""

from collections.abc import Mapping

from upsamp.core.values import described, spelled
from upsamp.errors import ArgumentError

# They act in training alone; they are kept for Keras, and have no effect on a prediction.
TRAINING_OPTIONS = frozenset(
    f"{part}_{kind}"
    for part in (
        *("kernel", "bias", "activity", "beta", "gamma"),
        *("depthwise", "pointwise", "embeddings", "alpha"),
    )
    for kind in ("regularizer", "constraint")
)
# Keras writes these into configs where they ask for nothing; only then are they taken.
IDLE_OPTIONS: Mapping[str, tuple[object, ...]] = {
    "lora_rank": (None,),
    "lora_alpha": (None,),
    "quantization_config": (None,),
    "dynamic": (None, False),
}
# Of layers whose kernel may have a product of two small ones added to it, which files of weights
# hold by themselves or added already.
LORA: Mapping[str, tuple[object, ...]] = {"lora_rank": (), "lora_alpha": ()}


def training_options(
    layer: str, options: Mapping[str, object], idle: Mapping[str, tuple[object, ...]]
) -> dict[str, object]:
    """Return those options that act in training alone, or raise `ArgumentError` for another.

    layer: the name of the class, for the error. idle: options with the values at which they ask
    for nothing; an empty tuple takes any value. None of these are kept.

    >>> training_options("Dense", {"kernel_regularizer": "l2", "lora_rank": None}, {})
    {'kernel_regularizer': 'l2'}
    """
    quiet = {**IDLE_OPTIONS, **idle}
    kept = {}
    for name, value in options.items():
        if name in TRAINING_OPTIONS:
            if value is not None:
                kept[name] = described(value)
        elif name not in quiet:
            raise ArgumentError(
                f"{layer} must be given options that it knows. Received: {name}={spelled(value)}."
            )
        elif quiet[name] and not any(value is at or _is_equal(value, at) for at in quiet[name]):
            allowed = " or ".join(repr(at) for at in quiet[name])
            raise ArgumentError(
                f"`{name}` of {layer} must be {allowed}, as upsamp does without it. "
                f"Received: {name}={spelled(value)}."
            )
    return kept


def _is_equal(value: object, at: object) -> bool:
    """Tell whether a value is one of Python's own that is equal to another; none else is asked."""
    return type(value) is type(at) and value == at
