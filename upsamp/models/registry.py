"""The classes of models by Keras' names, for a config that says of which class a model is."""

from importlib import import_module

from upsamp.layers import Layer

# With the module of each. No other class of models is read from a file, or written as such.
MODELS = {"Sequential": "sequential", "Functional": "functional"}


def model_class(name: str) -> type[Layer]:
    """Return the class of that name, loaded when it is first asked for.

    >>> model_class("Sequential")
    <class 'upsamp.models.sequential.Sequential'>
    """
    found: type[Layer] = getattr(import_module(f"upsamp.models.{MODELS[name]}"), name)
    return found


def model_name(layer: Layer) -> str | None:
    """Return which of `MODELS` a layer is, if any; a subclass is what it is made from."""
    return next((name for name in MODELS if isinstance(layer, model_class(name))), None)
