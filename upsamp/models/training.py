"""What a file says of training at the calls of its layers, and what a prediction makes of it."""

from collections.abc import Iterator, Mapping

from upsamp.layers import Layer
from upsamp.models.nesting import ModelLike, is_model

# What is told of layers that act as in training, by what their outputs then depend on besides.
FOLLOWED: Mapping[str, str] = {
    "random": "so random values are drawn, from --seed of upsamp generator",
    "batch": "so the mean and the variance are those of the batch: samples depend on each other",
    "weights": "which would change its weights; that is left out",
}
PASSED_OVER = "which is left out, as Keras 3 leaves it out of predict()"


def training_notes(model: ModelLike) -> list[str]:
    """Return what a reader should know of the layers that are called with training=True."""
    told: dict[str, dict[str, None]] = {}
    for layer, words in _acting(model):
        told.setdefault(words, {})[f"'{layer.name}' ({layer.type_name})"] = None
    return [_note(list(layers), words) for words, layers in told.items()]


def saving_notes(model: ModelLike, name: str) -> list[str]:
    """Return what Keras 3 makes of training=True in a model that is saved to a file."""
    if not name.lower().endswith(".keras") or not any(
        words in FOLLOWED.values() for _, words in _acting(model)
    ):
        return []
    return [
        "predict() of Keras 3 passes over training=True of calls in a model; model(x) goes by it"
    ]


def _acting(
    model: ModelLike, around: bool = False, over: bool = False
) -> Iterator[tuple[Layer, str]]:
    """Yield the layers that training=True concerns, each with what is told of it.

    around: whether the model acts as in training. over: whether that is passed over.
    """
    for call in model.calls:
        trains = call.trains(around)
        passed_over = over or (call.training is True and not call.honoured)
        if is_model(call.layer):
            yield from _acting(call.layer, trains, passed_over)
        elif call.layer.training_effect and trains:
            yield call.layer, FOLLOWED[call.layer.training_effect]
        elif call.layer.training_effect and passed_over:
            yield call.layer, PASSED_OVER


def _note(layers: list[str], words: str) -> str:
    """Return one note of layers, of which three are named."""
    named = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
    start = f"layer {named} is" if len(layers) == 1 else f"layers {named} are"
    return f"{start} called with training=True, {words}"
