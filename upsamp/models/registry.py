"""The classes of models by Keras' names, for a config that says of which class a model is."""

from upsamp.layers import Layer

# Each class of models puts itself in when it is defined.
MODELS: dict[str, type[Layer]] = {}
