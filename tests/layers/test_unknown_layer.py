"""UnknownLayer: what stands for a layer of nobody knows."""

import numpy as np
import pytest

from upsamp.errors import ArgumentError, UnknownLayerError
from upsamp.layers import LAYERS, UnknownLayer

CONFIG = {"function": ["4wEAAA==", None, None], "name": "x"}


def unknown(reason: str = "it is code") -> UnknownLayer:
    """Return a Lambda of the name x."""
    return UnknownLayer("Lambda", "keras.layers", CONFIG, reason, name="x", trainable=False)


def test_it_is_listed_by_the_class_that_the_file_names() -> None:
    layer = unknown()
    assert (layer.type_name, layer.name, layer.module, layer.trainable) == (
        *("Lambda", "x", "keras.layers"),
        False,
    )
    assert repr(layer) == "<Lambda name=x, built=False>"
    assert "UnknownLayer" not in LAYERS
    assert UnknownLayer("MyBlock", None, {}, "").name == "my_block"


def test_its_config_is_given_back_as_it_was() -> None:
    config = unknown().get_config()
    assert config == CONFIG
    config["name"] = "y"
    assert unknown().get_config() == CONFIG


def test_nobody_knows_its_shape_its_reach_or_its_cost() -> None:
    layer = unknown()
    assert layer.connect([(None, 4), (None, 3)]) == [None]
    assert layer.built
    assert layer.reach(0, 4) is None
    assert layer.overlap() is None
    assert layer.multiply_adds((None, 4), (None, 4)) is None


def test_to_run_it_is_refused_with_the_reason() -> None:
    x = np.ones((1, 4))
    rule = (
        r"^Layer 'x' \(Lambda of keras\.layers\) must be known to be run\. Received: a class that "
        r"upsamp does not have \(it is code\)\. Nothing that a file names is ever run; put a layer"
    )
    layer = unknown()
    with pytest.raises(UnknownLayerError, match=rule):
        layer.compute([x])
    with pytest.raises(UnknownLayerError, match=rule):
        layer.call(x)
    with pytest.raises(UnknownLayerError, match=rule):
        layer(x)
    with pytest.raises(UnknownLayerError, match=rule):
        layer.compute_output_shape((None, 4))
    with pytest.raises(UnknownLayerError, match=r"\(A\) must be .* not have\. Nothing that"):
        UnknownLayer("A", None, {}, "").call(x)


def test_weights_of_any_shape_and_type_are_taken() -> None:
    layer = unknown()
    layer.adopt_weights({"kernel": np.ones((3, 4)), "seed": np.array([1, 2], np.uint32)})
    assert [(one.name, one.shape, one.dtype) for one in layer.weights] == [
        ("kernel", (3, 4), "float64"),
        ("seed", (2,), "uint32"),
    ]
    assert layer.count_params() == 14
    assert layer.count_trainable_params() == 0
    layer.trainable = True
    assert layer.count_trainable_params() == 12  # no integers
    kernel, seed = layer.get_weights()
    np.testing.assert_array_equal(kernel, np.ones((3, 4)))
    np.testing.assert_array_equal(seed, [1, 2])
    assert seed.dtype == np.uint32


def test_a_shape_alone_counts_and_has_no_values() -> None:
    layer = unknown()
    layer.adopt_weights({"kernel": (3, 4), "scale": ()})
    assert layer.count_params() == 13
    with pytest.raises(ArgumentError, match=r"The kernel of layer 'x' must have values.*\(3, 4\)"):
        layer.get_weights()
    with pytest.raises(ArgumentError, match=r"`kernel` must be a tuple of positive integers"):
        layer.adopt_weights({"kernel": 3})
    with pytest.raises(ArgumentError, match=r"`kernel` must be an integer of at least 1.*None"):
        layer.adopt_weights({"kernel": (3, None)})
