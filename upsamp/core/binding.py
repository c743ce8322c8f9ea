"""Arguments of a call that is read and never made, such as RandomNormal(0.0, 0.02)."""

from collections.abc import Mapping, Sequence

from upsamp.core.values import spelled
from upsamp.errors import ArgumentError


def bind_arguments(
    class_name: str,
    accepted: Sequence[str],
    positional: Sequence[object],
    named: Mapping[str, object],
) -> dict[str, object]:
    """Return the arguments of a call by name, or raise `ArgumentError` for one of no place.

    >>> bind_arguments("ELU", ["alpha"], [0.5], {})
    {'alpha': 0.5}
    """
    config = dict(zip(accepted, positional, strict=False))
    twice = [key for key in named if key in config or key not in accepted]
    if twice or len(positional) > len(accepted):
        given = ", ".join(
            [*map(spelled, positional), *(f"{key}={spelled(named[key])}" for key in named)]
        )
        takes = ", ".join(accepted) or "none"
        raise ArgumentError(
            f"{class_name} must be given the arguments that it has, each once: {takes}. "
            f"Received: {class_name}({given})."
        )
    return {**config, **named}
