"""Configs that would take long, or much: they are refused or listed, and soon."""

import time
from typing import Any

import pytest
from config_checks import X, refused, relu
from config_entries import Entry, entry, functional, image, sequential, tensor
from effort import choose, in_one_test

from upsamp.errors import (
    MemoryLimitError,
)
from upsamp.models.files.loading import MAX_CALLS, model_from_config


def test_a_model_that_is_nested_without_end_is_refused() -> None:
    config: Any = relu("a")
    for _ in range(3000):
        config = sequential(config)
    refused(config, r"A model's layers must not be nested this deep\. Received: more levels than")


def within(seconds: float, config: Entry) -> None:
    """Check that a config with too many calls is refused, and soon."""
    start = time.process_time()
    refused(
        config,
        r"A model must not call its layers more than 100,000 times\. Received: more, those of "
        r"nested models counted at each call\. It is no model that one trains\.",
    )
    assert time.process_time() - start < seconds


def test_more_calls_than_are_allowed_are_refused() -> None:
    within(5, functional(image(), relu("a", *[[tensor("x")]] * choose(MAX_CALLS + 1, 1_000_000))))


def nested(levels: int, class_name: str, calls: int = 10, **config: Any) -> Entry:
    """Return a model that calls a model some times, and so on."""
    model = entry(class_name, "in", **config)
    for level in range(levels):
        inner = {**model, "name": "in", "inbound_nodes": []}
        for node in range(calls):
            taken = tensor("in", node - 1) if node else tensor("x")
            inner["inbound_nodes"].append({"args": [taken], "kwargs": {}})
        free = image(shape=(None, None, None, 2))
        last = calls if level else calls - 1  # Keras counts the calls of models from 1 here
        model = functional(free, inner, outputs=["in", last, 0], name="in")
    return model


def test_models_that_call_models_are_counted_before_they_are_read() -> None:
    within(1, nested(8, "ReLU"))
    within(1, nested(8, "ZeroPadding2D", padding=1))
    within(1, nested(60, "ReLU", calls=2))


def test_as_many_calls_as_are_allowed_are_read_soon() -> None:
    assert MAX_CALLS == 100_000
    start = time.process_time()
    for levels in (3, 4):
        model = model_from_config(nested(levels, "ReLU"))
        str(model.summarize())
    assert model.output_shape == (None, None, None, 2)
    # Each call makes the image larger, so that no two are alike.
    model = model_from_config(nested(2, "ZeroPadding2D", padding=1))
    assert model.predict(X).shape == (1, 204, 204, 2)
    assert time.process_time() - start < 10


def test_many_layers_are_listed_soon() -> None:
    start = time.process_time()
    model = model_from_config(sequential(image(), *(relu(f"a{one}") for one in range(5000))))
    assert len(model.summarize().rows) == 5000
    assert time.process_time() - start < 10


@in_one_test(
    ("class_name", "config"),
    [
        ("Dense", {"units": 10**15}),
        ("Dense", {"units": 10**300}),
        ("UpSampling2D", {"size": 10**9}),
        ("UpSampling2D", {"size": 10**300}),
        ("UpSampling2D", {"size": 10**9, "interpolation": "bilinear"}),
        ("ZeroPadding2D", {"padding": 10**12}),
        ("Conv2DTranspose", {"filters": 1, "kernel_size": 1, "strides": 10**9}),
        ("Conv2DTranspose", {"filters": 1, "kernel_size": 10**9}),
        ("Conv2D", {"filters": 1, "kernel_size": 10**9, "padding": "same"}),
        ("Conv2D", {"filters": 10**12, "kernel_size": 1}),
        ("Resizing", {"height": 10**10, "width": 10**10}),
    ],
)
def test_absurd_sizes_are_listed_and_not_run(class_name: str, config: Entry) -> None:
    # The size stands inside the model, and at its end.
    for layers in (
        [entry(class_name, "a", [tensor("x")], **config)],
        [
            entry(class_name, "a", [tensor("x")], **config),
            entry("GlobalAveragePooling2D", "b", [tensor("a")]),
        ],
    ):
        model = model_from_config(functional(image(), *layers))
        str(model.summarize())
        start = time.process_time()
        with pytest.raises(MemoryLimitError, match=r"would be .* memory are available"):
            model.predict(X)
        assert time.process_time() - start < 5
