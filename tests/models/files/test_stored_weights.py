"""Weights of files put into models, whichever way the file names them."""

import warnings
from typing import Any

import numpy as np
import pytest
from config_entries import Entry, called, entry, functional, image, sequential, tensor
from effort import in_one_test

from upsamp.errors import FormatError
from upsamp.io.stored_arrays import StoredArray, StoredArrays
from upsamp.models.files.loading import model_from_config
from upsamp.models.files.stored_weights import put_weights
from upsamp.models.model import Model

KERNEL, BIAS = np.arange(4.0).reshape(2, 2), np.array([0.5, -0.5])


def stored(arrays: dict[str, Any], attributes: Any = None) -> StoredArrays:
    """Return arrays as a file has them."""
    held = {name: np.asarray(value) for name, value in arrays.items()}
    return StoredArrays(
        {name: StoredArray(one.shape, one.dtype.name, one) for name, one in held.items()},
        attributes or {},
    )


def dense(*names: str, **config: Any) -> Model:
    """Return a chain of Dense layers of two units."""
    layers = [entry("Dense", name, units=2, **config) for name in names]
    return model_from_config(sequential(image(shape=(None, 2)), *layers))


def by_layer(**groups: dict[str, Any]) -> StoredArrays:
    """Return weights in groups by layer, as Keras 2 writes them."""
    arrays = {f"{group}/{key}": one for group, held in groups.items() for key, one in held.items()}
    texts: Any = {group: {"weight_names": list(held)} for group, held in groups.items()}
    return stored(arrays, {"": {"layer_names": list(groups)}, **texts})


def check(model: Model, *expected: Any) -> None:
    """Check all weights of a model."""
    for actual, one in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(actual, one)


# --- the ways of naming


def test_the_tree_of_keras_3_goes_by_class_and_not_by_name() -> None:
    model = dense("second", "first")
    arrays = {"dense/vars/0": KERNEL, "dense/vars/1": BIAS}
    arrays |= {"dense_1/vars/0": KERNEL + 1, "dense_1/vars/1": BIAS + 1}
    put_weights(model, stored({f"layers/{name}": one for name, one in arrays.items()}))
    check(model, KERNEL, BIAS, KERNEL + 1, BIAS + 1)


@in_one_test("slash", ["/", "\\"])
@in_one_test("group", ["layers", "_layer_checkpoint_dependencies"])
def test_the_trees_of_older_keras_and_of_windows_are_the_same(group: str, slash: str) -> None:
    inner = sequential(image(shape=(None, 2)), entry("Dense", "d", units=2), name="in")
    model = model_from_config(sequential(image(shape=(None, 2)), inner))
    path = slash.join((group, "sequential", group, "dense", "vars"))
    put_weights(model, stored({f"{path}/0": KERNEL, f"{path}/1": BIAS}))
    check(model, KERNEL, BIAS)


def test_what_a_layer_keeps_for_training_is_passed_over() -> None:
    layers = [entry("Dropout", "a", rate=0.5), entry("Dense", "b", units=2)]
    model = model_from_config(sequential(image(shape=(None, 2)), *layers))
    seed = np.zeros(2, np.uint32)
    arrays = {"layers/dropout/seed_generator/vars/0": seed, "optimizer/vars/0": np.int64(3)}
    arrays |= {"layers/dense/vars/0": KERNEL, "layers/dense/vars/1": BIAS, "vars/0": seed}
    put_weights(model, stored(arrays))
    check(model, KERNEL, BIAS)


def test_numbers_are_sorted_as_numbers() -> None:
    config = functional(image(shape=(None, 2)), entry("Mine", "a", [tensor("x")]))
    model = model_from_config(config)
    arrays = {f"layers/mine/vars/{number}": np.full(1, number) for number in (10, 9, 1, 0, 2)}
    put_weights(model, stored(arrays))
    check(model, [0], [1], [2], [9], [10])


def test_groups_by_layer_go_by_name() -> None:
    model = dense("b", "a")
    for suffix in ("", ":0"):
        groups = {
            "a": {f"a/kernel{suffix}": KERNEL, f"a/bias{suffix}": BIAS},
            "b": {f"b/kernel{suffix}": KERNEL + 1, f"b/bias{suffix}": BIAS + 1},
        }
        put_weights(model, by_layer(**groups))
        check(model, KERNEL + 1, BIAS + 1, KERNEL, BIAS)


def test_groups_with_other_names_go_by_place_as_in_keras() -> None:
    layers = [entry("Dense", "dense", units=2), entry("ReLU", "r"), entry("Dense", "e", units=2)]
    model = model_from_config(sequential(image(shape=(None, 2)), *layers))
    groups: dict[str, dict[str, Any]] = {
        "dense_7": {"dense_7/kernel:0": KERNEL, "dense_7/bias:0": BIAS},
        "re_lu_3": {},
        "dense_8": {"dense_8/kernel:0": KERNEL + 1, "dense_8/bias:0": BIAS + 1},
    }
    put_weights(model, by_layer(**groups))
    check(model, KERNEL, BIAS, KERNEL + 1, BIAS + 1)


def test_a_nested_model_has_what_is_trained_first() -> None:
    inner = sequential(
        image(shape=(None, 2)), entry("BatchNormalization", "n"), entry("Dense", "d", units=2)
    )
    model = model_from_config(sequential(image(shape=(None, 2)), inner))
    one, two, three = np.full(2, 1.0), np.full(2, 2.0), np.full(2, 3.0)
    held = {"n/gamma:0": one, "n/beta:0": two, "d/kernel:0": KERNEL, "d/bias:0": BIAS}
    held |= {"n/moving_mean:0": three, "n/moving_variance:0": one}
    put_weights(model, by_layer(s=held))
    check(model, one, two, three, one, KERNEL, BIAS)


@in_one_test("names", ["kernel bias vector_u", "kernel vector_u bias", "bias vector_u kernel"])
def test_weights_go_by_their_names_whatever_is_trained_first(names: str) -> None:
    wrapped = {"class_name": "Dense", "config": {"units": 2}}
    layer = entry("SpectralNormalization", "n", layer=wrapped)
    model = model_from_config(sequential(image(shape=(None, 2)), layer))
    values = {"kernel": KERNEL, "bias": BIAS, "vector_u": np.ones((1, 2))}
    put_weights(model, by_layer(n={f"n/dense/{name}:0": values[name] for name in names.split()}))
    check(model, KERNEL, np.ones((1, 2)), BIAS)


@in_one_test("nested", [False, True])
@in_one_test(("alpha", "factor"), [(None, 1.0), (6, 3.0)])
def test_the_product_of_two_small_kernels_is_added(
    alpha: float | None, factor: float, nested: bool
) -> None:
    layers = [entry("Dense", "d", units=2, lora_rank=2, lora_alpha=alpha)]
    chain = sequential(image(shape=(None, 2)), *layers, name="in")
    model = model_from_config(sequential(image(shape=(None, 2)), chain) if nested else chain)
    left, right = KERNEL + 1, KERNEL - 1
    names = {"bias": BIAS, "lora_kernel_a": left, "lora_kernel_b": right, "kernel": KERNEL}
    held = {f"s/d/{name}": one for name, one in names.items()}
    put_weights(model, by_layer(**{"in" if nested else "d": held}))
    check(model, KERNEL + factor * left @ right, BIAS)
    # In the tree of Keras 3 it was added already.
    group = "layers/sequential/layers/dense" if nested else "layers/dense"
    put_weights(model, stored({f"{group}/vars/0": KERNEL, f"{group}/vars/1": BIAS}))
    check(model, KERNEL, BIAS)


def test_the_product_of_an_embedding_is_added() -> None:
    table = entry("Embedding", "e", input_dim=2, output_dim=2, lora_rank=1)
    model = model_from_config(sequential(image(shape=(None, 2)), table))
    left, right = np.ones((2, 1)), np.array([[1.0, 2.0]])
    names = {"embeddings": KERNEL, "lora_embeddings_a": left, "lora_embeddings_b": right}
    put_weights(model, by_layer(e={f"e/{name}": one for name, one in names.items()}))
    check(model, KERNEL + np.array([1.0, 2.0]))


@in_one_test("rounded", [False, True])
@in_one_test("use_bias", [False, True])
def test_kernels_of_8_bits_are_counted_and_computed_as_in_keras(
    rounded: bool, use_bias: bool
) -> None:
    policy = {"mode": "int8", "source_name": "float32"}
    rounding = {"class_name": "AbsMaxQuantizer", "config": {"output_dtype": "int8"}}
    quantization = {"activation_quantizer": rounding if rounded else None}
    layer = entry(
        "Dense",
        "d",
        units=2,
        use_bias=use_bias,
        dtype={"class_name": "QuantizedDTypePolicy", "config": policy},
        quantization_config={"class_name": "Int8QuantizationConfig", "config": quantization},
    )
    model = model_from_config(sequential(image(shape=(None, 2)), layer))
    kernel, scale = np.array([[127, -64], [3, 100]], np.int8), np.array([50.0, 20.0])
    held = [kernel, *([BIAS] if use_bias else []), scale]
    put_weights(model, stored({f"layers/dense/vars/{i}": one for i, one in enumerate(held)}))
    assert model.count_params() == 4 + 2 + 2 * use_bias
    assert model.count_trainable_params() == 2 * use_bias
    x = np.array([[1.0, -0.333], [0.26, 0.5]])
    taken = x
    if rounded:
        steps = 127 / np.abs(x).max(1, keepdims=True)
        taken = np.round(x * steps) / steps
    expected = taken @ (kernel / scale) + (BIAS if use_bias else 0)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5)
    names = {"kernel": kernel, "bias": BIAS, "kernel_scale": scale}
    put_weights(
        model, by_layer(d={f"s/d/{k}": v for k, v in names.items() if use_bias or k != "bias"})
    )
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5)


@in_one_test("backend", ["theano", "tensorflow", "cntk"])
def test_kernels_of_theano_are_turned_as_keras_2_does(backend: str) -> None:
    sizes = {"filters": 2, "kernel_size": 2, "use_bias": False}
    names = ("Conv2D", "Conv2DTranspose", "SeparableConv2D")
    inner = sequential(image(), *(entry(name, name, **sizes) for name in names), name="in")
    model = model_from_config(functional(image(), called(inner, [tensor("x")], [tensor("x")])))
    kernels = [np.arange(16.0).reshape(2, 2, 2, 2), np.arange(8.0).reshape(2, 2, 2, 1)]
    shapes = [kernels[0], kernels[0] + 1, kernels[1], np.ones((1, 1, 2, 2))]
    held = by_layer(**{"in": {f"{place}:0": one for place, one in enumerate(shapes)}})
    held.attributes[""]["backend"] = backend  # type: ignore[index]
    put_weights(model, held)
    turn = 1 if backend != "theano" else -1
    turned = [one[::turn, ::turn] for one in shapes[:2]]
    check(model, *turned, *shapes[2:])


def test_flat_names_are_paths_or_numbers() -> None:
    inner = sequential(image(shape=(None, 2)), entry("Dense", "d", units=2), name="in")
    layers = sequential(image(shape=(None, 2)), inner, entry("Dense", "e.f", units=2))
    values = (KERNEL, BIAS, KERNEL + 1, BIAS + 1)
    for names in (
        ("in/d/kernel", "in/d/bias", "e.f/kernel", "e.f/bias"),
        ("in/d/kernel:0", "in/d/bias:0", "e.f/kernel:0", "e.f/bias:0"),
        ("in.d.kernel", "in.d.bias", "e.f.kernel", "e.f.bias"),
        ("arr_0", "arr_1", "arr_2", "arr_3"),
    ):
        model = model_from_config(layers)
        put_weights(model, stored(dict(zip(names, values, strict=True))))
        check(model, *values)


def test_more_than_ten_numbered_arrays_go_in_order() -> None:
    model = dense(*(f"d{number}" for number in range(6)))
    values = [KERNEL + n if n % 2 == 0 else BIAS + n for n in range(12)]
    put_weights(model, stored({f"arr_{number}": values[number] for number in reversed(range(12))}))
    check(model, *values)


# --- unknown layers


def around_mine(inner: Entry) -> Model:
    """Return a model with a layer of nobody knows, and one behind it."""
    mine = entry("Mine", "mine", [tensor("x")])
    return model_from_config(functional(image(shape=(None, 2)), mine, inner))


def test_an_unknown_layer_and_what_is_behind_it_take_what_there_is() -> None:
    behind = entry("Dense", "d", [tensor("mine")], units=2)
    held = {"mine/scale": np.ones(3), "d/kernel": KERNEL, "d/bias": BIAS}
    tree = {"layers/mine/vars/0": np.ones(3), "layers/dense/vars/0": KERNEL}
    for arrays in (
        by_layer(mine={"mine/scale": np.ones(3)}, d={"d/kernel": KERNEL, "d/bias": BIAS}),
        stored({**tree, "layers/dense/vars/1": BIAS}),
    ):
        model = around_mine(behind)
        put_weights(model, arrays)
        assert model.count_params() == 9
        check(model, np.ones(3), KERNEL, BIAS)
    known = entry("Dense", "d", [tensor("x")], units=2)
    model = model_from_config(
        functional(image(shape=(None, 2)), entry("Mine", "mine", [tensor("x")]), known)
    )
    put_weights(model, stored(held))
    check(model, np.ones(3), KERNEL, BIAS)


def test_a_nested_model_behind_an_unknown_layer_goes_by_names() -> None:
    inner = called(sequential(entry("Dense", "d", units=2)), [tensor("mine")])
    model = around_mine(inner)
    put_weights(model, by_layer(mine={}, s={"s/d/kernel:0": KERNEL, "s/d/bias:0": BIAS}))
    assert model.count_params() == 6
    assert [row.params for row in model.summarize().rows] == [0, None, 6]


def test_shapes_alone_count_and_have_no_values() -> None:
    model = around_mine(entry("Dense", "d", [tensor("mine")], units=2))
    arrays = {"layers/mine/vars/0": StoredArray((10**9, 10**9), "float32")}
    arrays["layers/dense/vars/0"] = StoredArray((2, 2), "float32")
    put_weights(model, StoredArrays(arrays))
    assert model.count_params() == 10**18 + 4
    with pytest.raises(ValueError, match=r"must have values to be read\. Received: its shape"):
        model.get_weights()


# --- types


@in_one_test(
    ("policy", "kept"),
    [
        *(("float32", "float32"), ("mixed_float16", "float32"), ("bfloat16", "float32")),
        *(("float16", "float16"), ("float64", "float64")),
    ],
)
def test_weights_are_kept_in_the_type_of_the_policy(policy: str, kept: str) -> None:
    for given in ("float16", "float32", "float64", "int8"):
        model = dense("d", dtype={"class_name": "DTypePolicy", "config": {"name": policy}})
        arrays = {"kernel": KERNEL.astype(given), "bias": np.ones(2, given)}
        put_weights(model, stored({f"d/{name}": one for name, one in arrays.items()}))
        assert [one.dtype for one in model.get_weights()] == [np.dtype(kept)] * 2
        check(model, KERNEL, np.ones(2))


def test_what_is_too_large_is_infinite_without_a_warning() -> None:
    model = dense("d")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        put_weights(model, stored({"d/kernel": np.full((2, 2), 1e300), "d/bias": BIAS}))
    check(model, np.full((2, 2), np.inf), BIAS)


# --- what does not fit


def test_weights_that_are_missing_or_of_other_shapes_are_refused() -> None:
    text = r"The file must hold the weights of layer 'd' \(Dense\), \(2, 2\), \(2,\)\. Received: "
    for arrays, received in (
        (stored({"layers/dense/vars/0": KERNEL}), r"\(2, 2\)"),
        (stored({"layers/dense/vars/0": BIAS, "layers/dense/vars/1": KERNEL}), r"\(2,\), \(2, 2\)"),
        (stored({"layers/conv2d/vars/0": KERNEL}), "none"),
        (by_layer(d={"d/kernel": KERNEL}), r"\(2, 2\)"),
        (by_layer(other={}), "none"),
    ):
        with pytest.raises(FormatError, match=rf"{text}{received}\. Give the weights that belong"):
            put_weights(dense("d"), arrays)
    with pytest.raises(
        FormatError,
        match=r"The file must hold an array 'd/bias' of shape \(2,\)\. Received: none\. Give the ",
    ):
        put_weights(dense("d"), stored({"d/kernel": KERNEL}))
    with pytest.raises(
        FormatError,
        match=r"an array 'd/kernel' of shape \(2, 2\)\. Received: one of shape \(2,\)\.",
    ):
        put_weights(dense("d"), stored({"d/kernel": BIAS, "d/bias": BIAS}))
    inner = sequential(image(shape=(None, 2)), entry("Dense", "d", units=2))
    model = model_from_config(sequential(image(shape=(None, 2)), inner))
    with pytest.raises(
        FormatError,
        match=r"The file must hold the weights of model 's', \(2, 2\), \(2,\)\. Received: none\.",
    ):
        put_weights(model, by_layer(s={}))


def test_a_weight_that_is_listed_must_be_there() -> None:
    texts = {"": {"layer_names": ["d"]}, "d": {"weight_names": ["d/kernel"]}}
    with pytest.raises(
        FormatError,
        match=r"The file must hold every weight that it lists\. Received: none for 'd/kernel'\.",
    ):
        put_weights(dense("d"), StoredArrays({}, texts))


def test_weights_must_be_numbers() -> None:
    arrays = {"layers/dense/vars/0": StoredArray((2, 2), "str")}
    arrays["layers/dense/vars/1"] = StoredArray((2,), "float32", BIAS)
    with pytest.raises(
        FormatError,
        match=r"The file must hold numbers for the weight 'kernel' of shape \(2, 2\)\. Received: "
        r"an array of type str\.",
    ):
        put_weights(dense("d"), StoredArrays(arrays))


@in_one_test(
    "options", [{}, {"scale": False}, {"center": False}, {"scale": False, "center": False}]
)
def test_statistics_behind_an_unknown_layer_are_not_trained(options: Entry) -> None:
    count = 4 - len(options)
    names = ["gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"][-count:]
    config = sequential(
        image(shape=(None, 2)), entry("Mine", "m"), entry("BatchNormalization", "b", **options)
    )
    arrays = {f"b/{name}": np.ones(2) for name in names}
    tree = {f"layers/batch_normalization/vars/{n}": np.ones(2) for n in range(count)}
    mine = {"m/moving_mean:0": np.ones(3), "m/w:0": np.ones(5)}
    for held in (by_layer(m=mine, b=arrays), stored(tree)):
        model = model_from_config(config)
        put_weights(model, held)
        trained = sum(one.size for one in model.trainable_weights)
        inner = 5 if held.attributes else 0
        assert trained == 2 * (count - 2) + inner
        assert sum(one.size for one in model.weights) - trained == (7 if inner else 4)
