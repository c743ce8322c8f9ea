"""Models whose layers are called in many ways, made of any Keras: `CASES`, by name.

Run as a program, it saves all of them with tf_keras, with inputs and outputs beside them.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

# A case takes Keras, and returns a model.
CASES: dict[str, Callable[[Any], Any]] = {}


def case(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add a case under its function's name."""
    CASES[make.__name__] = make
    return make


def inner(k: Any, name: str = "g") -> Any:
    """Return a small model to be called in others; it keeps the shape (4, 4, 2)."""
    x = k.Input((4, 4, 2))
    y = k.layers.Conv2D(2, 3, padding="same")(x)
    return k.Model(x, k.layers.BatchNormalization()(y), name=name)


def chain(k: Any, *, shape: bool = True) -> Any:
    """Return a Sequential to be called in others."""
    layers = [k.layers.Conv2D(2, 3, padding="same"), k.layers.ReLU()]
    return k.Sequential([k.Input((4, 4, 2)), *layers] if shape else layers, name="s")


@case
def nested_output(k: Any) -> Any:
    """A model as the output."""
    x = k.Input((4, 4, 2))
    return k.Model(x, inner(k)(x))


@case
def nested_twice(k: Any) -> Any:
    """A model called on its own output, all calls given."""
    x, model = k.Input((4, 4, 2)), inner(k)
    a = model(x)
    b = model(a)
    return k.Model(x, [b, a, k.layers.Add()([model(b), a])])


@case
def nested_used_outside(k: Any) -> Any:
    """A model that was called elsewhere before."""
    x, model = k.Input((4, 4, 2)), inner(k)
    model(k.Input((4, 4, 2)))
    model(x)
    a = model(x)
    return k.Model(x, [model(a), a])


@case
def nested_deep(k: Any) -> Any:
    """Models in models, each called twice."""
    model = inner(k, "a")
    for name in "bc":
        x = k.Input((4, 4, 2))
        model = k.Model(x, model(model(x)), name=name)
    return model


@case
def layer_shared(k: Any) -> Any:
    """A layer that is called several times, and elsewhere."""
    x, layer = k.Input((4, 4, 2)), k.layers.Conv2D(2, 3, padding="same")
    layer(k.Input((4, 4, 2)))
    a = layer(x)
    b = layer(a)
    return k.Model(x, [layer(b), a, b])


@case
def chain_twice(k: Any) -> Any:
    """A Sequential as the output, called twice."""
    x, model = k.Input((4, 4, 2)), chain(k)
    a = model(x)
    return k.Model(x, [model(a), a])


@case
def chain_without_shape(k: Any) -> Any:
    """A Sequential that learns its shape when it is called."""
    x, model = k.Input((4, 4, 2)), chain(k, shape=False)
    a = model(x)
    return k.Model(x, [model(a), a])


@case
def chain_in_model_in_model(k: Any) -> Any:
    """A Sequential as the output of a model, in a model."""
    x, model = k.Input((4, 4, 2)), chain(k)
    between = k.Model(x, model(model(x)), name="m")
    y = k.Input((4, 4, 2))
    return k.Model(y, between(between(y)))


@case
def several_outputs_nested(k: Any) -> Any:
    """Outputs of a model of two, called twice."""
    x = k.Input((4,))
    model = k.Model(x, [k.layers.Dense(4)(x), k.layers.Dense(2)(x)], name="two")
    y = k.Input((4,))
    a, b = model(y)
    c, d = model(a)
    return k.Model(y, [d, b, c, a])


@case
def several_inputs_nested(k: Any) -> Any:
    """Inputs in another order than those of the model within."""
    a, b = k.Input((4,)), k.Input((3,))
    model = k.Model([a, b], k.layers.Concatenate()([k.layers.Dense(2)(b), a]), name="two")
    x, y = k.Input((4,)), k.Input((3,))
    return k.Model([y, x], model([x, y]))


@case
def outputs_in_dictionary(k: Any) -> Any:
    """Outputs by name, with lists and dictionaries among them."""
    x = k.Input((4,))
    a, b, c = (k.layers.Dense(n + 2)(x) for n in range(3))
    return k.Model(x, {"z": [a, c], "y": {"k": b, "j": x}})


@case
def outputs_nested(k: Any) -> Any:
    """Outputs in lists."""
    x = k.Input((4,))
    a, b, c = (k.layers.Dense(n + 2)(x) for n in range(3))
    return k.Model(x, [[a, b], c])


@case
def inputs_in_dictionary(k: Any) -> Any:
    """Inputs by keys that are not the names of their layers."""
    inputs = {"q": k.Input((4,), name="zz"), "b": k.Input((4,), name="aa")}
    return k.Model(inputs, k.layers.Subtract()([inputs["q"], k.layers.ReLU()(inputs["b"])]))


@case
def inputs_in_dictionary_nested(k: Any) -> Any:
    """A model of a dictionary, in a model."""
    inputs = {"q": k.Input((4,), name="zz"), "b": k.Input((4,), name="aa")}
    outputs = {"o2": k.layers.Dense(2)(inputs["q"]), "o1": k.layers.Dense(3)(inputs["b"])}
    model = k.Model(inputs, outputs, name="di")
    x, y = k.Input((4,), name="x"), k.Input((4,), name="y")
    given = model({"q": x, "b": y})
    return k.Model([x, y], [given["o2"], given["o1"]])


@case
def inputs_by_layer_names(k: Any) -> Any:
    """A model of a list, called on a dictionary."""
    a, b = k.Input((4,), name="zz"), k.Input((4,), name="aa")
    model = k.Model([a, b], k.layers.Subtract()([a, k.layers.ReLU()(b)]), name="di")
    x, y = k.Input((4,), name="x"), k.Input((4,), name="y")
    return k.Model([x, y], model({"aa": x, "zz": y}))


SLICES: dict[str, Any] = {
    "index": (slice(None), -1),
    "range": (slice(None), slice(1, 3)),
    "steps": (slice(None), slice(None, None, 2), slice(1, None)),
    "backwards": (slice(None), slice(None, None, -1), slice(None), slice(None, None, -1)),
    "ellipsis": (..., 0),
    "ellipsis_between": (slice(None), ..., slice(1, None), slice(None)),
    "new_axis": (slice(None), None, slice(None), 0),
    "ellipsis_and_new_axis": (..., None),
    "from_the_end": (slice(None), slice(-3, -1), slice(None, -1)),
}


def sliced(k: Any, items: Any) -> Any:
    """Return a model that slices what a layer gives."""
    x = k.Input((4, 4, 2))
    return k.Model(x, k.layers.ReLU()(k.layers.Conv2D(2, 3, padding="same")(x)[items]))


CASES |= {f"slice_{name}": partial(sliced, items=items) for name, items in SLICES.items()}


@case
def not_training(k: Any) -> Any:
    """training=False at calls."""
    x = k.Input((4,))
    y = k.layers.BatchNormalization()(x, training=False)
    return k.Model(x, k.layers.Dropout(0.5)(y, training=False))


@case
def training(k: Any) -> Any:
    """training=True at every normalisation, as in the generator of pix2pix."""
    x = k.Input((8, 8, 2))
    sizes = {"strides": 2, "padding": "same", "use_bias": False}
    down = k.layers.Conv2D(3, 4, **sizes)(x)
    down = k.layers.LeakyReLU()(k.layers.BatchNormalization()(down, training=True))
    deep = k.layers.Conv2D(4, 4, **sizes)(down)
    deep = k.layers.BatchNormalization(scale=False)(deep, training=True)
    up = k.layers.Conv2DTranspose(3, 4, **sizes)(deep)
    up = k.layers.ReLU()(k.layers.BatchNormalization(axis=1)(up, training=True))
    return k.Model(x, k.layers.Conv2DTranspose(1, 4, **sizes)(k.layers.Concatenate()([up, down])))


@case
def training_nested(k: Any) -> Any:
    """training at a model within, and inside it."""
    x = k.Input((4, 4, 2))
    y = k.layers.BatchNormalization()(x, training=False)
    model = k.Model(x, k.layers.BatchNormalization()(y), name="n")
    z = k.Input((4, 4, 2))
    other = k.Model(x, k.layers.BatchNormalization()(x, training=True), name="o")
    return k.Model(z, [model(z, training=True), other(z, training=False)])


@case
def training_frozen(k: Any) -> Any:
    """training=True at a normalisation that is not trained."""
    x, layer = k.Input((4, 4, 2)), k.layers.BatchNormalization()
    layer.trainable = False
    return k.Model(x, layer(x, training=True))


def fill(model: Any) -> Any:
    """Set all weights to numbers that tell."""
    random = np.random.default_rng(7)
    model.set_weights([random.uniform(0.5, 1.5, one.shape) for one in model.get_weights()])
    return model


def inputs_of(model: Any) -> list[Any]:
    """Return examples for all inputs of a model."""
    random = np.random.default_rng(5)
    return [random.normal(1, 2, (3, *one.shape[1:])).astype(np.float32) for one in model.inputs]


def flat(result: Any) -> list[Any]:
    """Return the arrays of a structure, dictionaries by their keys."""
    if isinstance(result, dict):
        return [one for key in sorted(result) for one in flat(result[key])]
    if isinstance(result, list | tuple):
        return [one for part in result for one in flat(part)]
    return [np.asarray(result)]


def given(name: str, inputs: list[Any]) -> Any:
    """Return the inputs of a case as Keras takes them."""
    if name == "inputs_in_dictionary":
        return dict(zip(("b", "q"), inputs, strict=True))
    return inputs if len(inputs) > 1 else inputs[0]


def save_all(k: Any, folder: Path) -> None:
    """Save the models of all cases in each form, with inputs and outputs beside them."""
    for name, make in CASES.items():
        model = fill(make(k))
        inputs = inputs_of(model)
        for suffix in ("h5", "keras", "json"):
            if suffix == "json":
                (folder / f"{name}.json").write_text(model.to_json(), encoding="utf-8")
            elif (suffix, k.__name__) != ("keras", "tf_keras") or "ellipsis" not in name:
                model.save(folder / f"{name}.{suffix}")  # tf_keras does not save those
        outputs = flat(model.predict(given(name, inputs), verbose=0))
        parts = {"x": inputs, "y": outputs}
        held = {f"{key}{n}": one for key, part in parts.items() for n, one in enumerate(part)}
        np.savez(folder / f"{name}.npz", **held)


if __name__ == "__main__":
    import tf_keras

    save_all(tf_keras, Path(sys.argv[1]))
