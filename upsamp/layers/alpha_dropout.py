"""AlphaDropout, as it acts in a prediction: not at all."""

from upsamp.layers.dropout import Dropout


class AlphaDropout(Dropout):
    """Pass the input on: values are dropped in training alone, which keeps mean and variance.

    >>> AlphaDropout(0.5)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """
