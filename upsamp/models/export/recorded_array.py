"""Arrays that know how they were computed, so that a program can compute them again."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers import Layer
from upsamp.layers.wrapper_layer import WrapperLayer

# The signs of Python, and how loosely they bind.
SIGNS = {"add": ("+", 3), "subtract": ("-", 3), "multiply": ("*", 2), "divide": ("/", 2)}
NEGATIVE, WHOLE = 1, 0


class RecordedArray(np.ndarray[Any, Any]):
    """An array with the Python that computes it: of arithmetic, and of other shapes and types.

    text: an expression; "" where it is not known, as after anything else that NumPy can do.
    level: how loosely the text binds, by which it gets brackets. weights: the weights that it
    reads, their variables by their names in a file. functions: those that it calls. unshaped: the
    text before the array got another shape, of which `steps` is what the brackets hold, if any.
    """

    text: str
    level: int
    weights: Mapping[str, str]
    functions: frozenset[str]
    unshaped: str
    steps: str

    def __array_finalize__(self, source: object) -> None:
        self.text, self.level, self.unshaped, self.steps = "", WHOLE, "", ""
        self.weights, self.functions = {}, frozenset()

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any
    ) -> Any:  # what NumPy gives
        plain = [_plain(one) for one in inputs]
        options = {
            key: tuple(map(_plain, one)) if key == "out" else one for key, one in options.items()
        }
        result = getattr(ufunc, method)(*plain, **options)
        if method != "__call__" or options or not all(_text(one, WHOLE) for one in inputs):
            return result
        if ufunc.__name__ in SIGNS:
            sign, level = SIGNS[ufunc.__name__]
            text = f"{_text(inputs[0], level)} {sign} {_text(inputs[1], level - 1)}"
        elif ufunc is np.negative:
            text, level = f"-{_text(inputs[0], NEGATIVE)}", NEGATIVE
        else:
            given = ", ".join(_text(one, 3) for one in inputs)
            text, level = f"np.{ufunc.__name__}({given})", WHOLE
        return _recorded(result, text, inputs, level)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.broadcast_to:
            x, shape = args
            result = np.broadcast_to(_plain(x), shape)
            text = f"np.broadcast_to({x.text}, {tuple(shape)})"
            if result.shape == x.shape:
                return x
            return _recorded(result, text, [x])
        return super().__array_function__(function, types, args, kwargs)

    def astype(self, dtype: Any, *_arguments: Any, **_options: Any) -> Any:
        """Return the array in another type."""
        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        return _recorded(
            _plain(self).astype(wanted), f"{_text(self, WHOLE)}.astype(np.{wanted})", [self]
        )

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """Return the array in another shape."""
        result = _plain(self).reshape(*shape, **options)
        if result.shape == self.shape:
            return self
        base = self.unshaped or _text(self, WHOLE)
        lengths = list(result.shape)
        if max(lengths, default=0) == self.size:  # of one axis only, however long it is
            lengths[lengths.index(self.size)] = -1
        found = _recorded(result, f"{base}.reshape({', '.join(map(str, lengths))})", [self])
        found.unshaped, found.steps = base, self.text if self.level else self.steps
        return found

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes in another order."""
        result = _plain(self).transpose(*axes)
        order = axes[0] if len(axes) == 1 else axes
        if [*order] == sorted(order):
            return self
        if max(result.shape, default=0) == self.size:
            return self.reshape(result.shape)
        places = ", ".join(map(str, order))
        return _recorded(result, f"{_text(self, WHOLE)}.transpose({places})", [self])


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, RecordedArray) else value


def _text(value: Any, level: int) -> str:
    """Return an operand as it is written where that much binds; "" where it is not known."""
    if isinstance(value, RecordedArray):
        return f"({value.text})" if value.level > level else value.text
    return str(value) if isinstance(value, int | float | np.number) else ""


def _recorded(array: Array, text: str, sources: Sequence[Any], level: int = WHOLE) -> RecordedArray:
    found = np.asarray(array).view(RecordedArray)
    known = [one for one in sources if isinstance(one, RecordedArray)]
    if all(one.text for one in known):
        found.text, found.level = text, level
        found.weights = {path: name for one in known for path, name in one.weights.items()}
        found.functions = frozenset().union(*(one.functions for one in known))
    return found


def record_call(array: Array, function: str, arguments: str) -> RecordedArray:
    """Return what a function gave, which a program has too."""
    found = _recorded(array, f"{function}({arguments})", [])
    found.functions = frozenset([function])
    return found


def record_weights(layer: Layer, path: str) -> Layer:
    """Return a layer whose weights know where they are from; the layer itself is not changed.

    path: the layer's name in the file of the weights.

    >>> from upsamp.layers import Dense
    >>> layer = Dense(2)
    >>> layer.build((None, 3))
    >>> kernel = record_weights(layer, "first").weight("kernel")
    >>> (1 / np.exp(kernel + 0.5)).transpose(1, 0).text
    '(1 / np.exp(kernel + 0.5)).transpose(1, 0)'
    >>> dict(kernel.weights)
    {'first/kernel': 'kernel'}
    """
    found = copy(layer)
    read: Callable[[str], Array] = layer.weight

    def weight(name: str) -> Array:
        array = _recorded(read(name), name, [])
        array.weights = {f"{path}/{name}": name}
        return array

    vars(found)["weight"] = weight
    if isinstance(found, WrapperLayer):
        found.layer = record_weights(found.layer, path)
    return found
