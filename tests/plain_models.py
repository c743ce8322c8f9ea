"""The plain way to compute a model: each layer by itself, each output an array of its own."""

from collections.abc import Sequence

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers import BatchNormalization, Layer
from upsamp.models.graph import Source
from upsamp.models.model import Model

__all__ = ["compute_plainly", "set_statistics"]


def compute_plainly(model: Model, inputs: Sequence[Array]) -> list[Array]:
    """Compute all outputs of a model call by call, those of nested models alike."""
    given = dict(zip(model.input_calls, inputs, strict=True))
    values: dict[Source, Array] = {}
    for number, call in enumerate(model.calls):
        read = [given[number]] if number in given else [values[one] for one in call.sources]
        kept = [array.copy() for array in read]
        results = _compute(call.layer, read)
        for array, before in zip(read, kept, strict=True):
            np.testing.assert_array_equal(array, before)
        values.update({Source(number, output): one.copy() for output, one in enumerate(results)})
    return [values[source] for source in model.output_sources]


def _compute(layer: Layer, inputs: list[Array]) -> list[Array]:
    with np.errstate(all="ignore"):
        return compute_plainly(layer, inputs) if isinstance(layer, Model) else layer.compute(inputs)


def set_statistics(model: Model, seed: int = 0) -> None:
    """Set all weights: those of normalisations to values such as training gives them."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, Model):
            set_statistics(layer, seed + 1)
        elif isinstance(layer, BatchNormalization):
            signs = random.choice([-1.0, 1.0], layer.get_weights()[0].shape)
            values = {
                "gamma": random.uniform(0.2, 2, signs.shape) * signs,
                "beta": random.normal(0, 1, signs.shape),
                "moving_mean": random.normal(0, 1, signs.shape),
                "moving_variance": random.uniform(0.1, 3, signs.shape),
            }
            layer.set_weights([values[weight.name] for weight in layer.weights])
        else:
            layer.set_weights([random.normal(0, 0.5, w.shape) for w in layer.weights])
