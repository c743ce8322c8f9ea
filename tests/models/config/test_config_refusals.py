"""Configs that describe no model: each is refused with its reason."""

from typing import Any

import pytest
from config_checks import refused, relu
from config_entries import Entry, called, entry, functional, image, sequential, tensor
from effort import in_one_test

from upsamp.errors import (
    ArgumentError,
    ShapeError,
)
from upsamp.models.files.loading import model_from_config


def test_cycles_are_refused() -> None:
    text = r"A layer must not depend on itself\. Received: layer 'a'\."
    refused(functional(image(), relu("a", [tensor("a")])), text)
    refused(functional(image(), relu("a", [tensor("b")]), relu("b", [tensor("a")])), text)
    refused(functional(image(), relu("a", [tensor("a", 1)], [tensor("a")])), text)


@pytest.mark.parametrize("missing", [tensor("none"), tensor("x", 1), tensor("x", 10**30)])
def test_outputs_that_there_are_not_are_refused(missing: Entry) -> None:
    refused(
        functional(image(), relu("a", [missing])),
        r"Layer 'a' must be called on outputs that there are\. Received: call \d+ of '\w+'\.",
    )


def test_outputs_of_a_layer_are_counted() -> None:
    text = r"An output must be one that the layer has\. Received: output 3 of a layer that has 1\."
    refused(functional(image(), relu("a", [tensor("x", 0, 3)])), text)
    refused(functional(image(), relu("a", [tensor("x")]), outputs=["a", 0, 3]), text)
    inner = called(
        functional(image(), relu("a", [tensor("x")]), outputs=["a", 0, 3], name="n"), [tensor("x")]
    )
    refused(functional(image(), inner), text)


@in_one_test(
    "history",
    [["x", -1, 0], ["x", 0, -1], ["x", 0.0, 0], ["x", "0", 0], ["x"], "x", None, [0, 0, 0], {}],
)
def test_an_output_is_a_name_and_two_numbers(history: Any) -> None:
    text = r"An output in a config must be a layer's name and two numbers\. Received: "
    one = {**tensor("x"), "config": {"keras_history": history}}
    refused(functional(image(), relu("a", [one])), text)
    refused(functional(image(), relu("a", [{**one, "config": history}])), text)


def test_a_model_within_a_model_is_called_on_as_many_inputs_as_it_has() -> None:
    add = entry("Add", "s", [[tensor("x"), tensor("z")]])
    ends = [["x", 0, 0], ["z", 0, 0]]
    inner = functional(image(), image("z"), add, inputs=ends, name="n")
    refused(
        functional(image(), called(inner, [[tensor("x")]])),
        r"must have 2 inputs\. Received: 1\.",
        ShapeError,
    )


def test_ends_must_be_those_of_the_layers() -> None:
    a = relu("a", [tensor("x")])
    text = r"The inputs and outputs of a model must be those of its layers\. Received: call "
    refused(functional(image(), a, outputs=["b", 0, 0]), rf"{text}0 of 'b'\.")
    refused(functional(image(), a, outputs=["a", 1, 0]), rf"{text}1 of 'a'\.")
    refused(functional(image(), a, inputs=["z", 0, 0]), rf"{text}0 of 'z'\.")
    refused(functional(image(), a, inputs=[]), r"A model's config must have input_layers\.")
    refused(functional(image(), a, outputs="a"), r"must have output_layers\. Received: 'a'\.")
    refused(
        functional(image(), a, inputs=["a", 0, 0]),
        r"The inputs of a model must be input layers\. Received: <ReLU name=a, built=False>\.",
    )
    both = [image(), image("z"), entry("Add", "s", [[tensor("x"), tensor("z")]])]
    refused(functional(*both), r"must be its input layers, .* <InputLayer name=z", ArgumentError)


def test_names_of_layers_come_once() -> None:
    text = r"The layers of a model must have names of their own\. Received: 'a' twice\."
    twice = [relu("a", [tensor("x")]), relu("a", [tensor("x")])]
    refused(functional(image(), *twice), text)
    refused(sequential(image(), *twice), text, ArgumentError)


@in_one_test("layers", [None, {}, [], "layers", 3])
def test_layers_are_a_list(layers: Any) -> None:
    text = r"A model's config must have a list of layers\. Received: none\."
    config = functional(image())
    refused({**config, "config": {**config["config"], "layers": layers}}, text)
    if layers != []:
        refused({"class_name": "Sequential", "config": {"layers": layers}}, text)


def test_entries_have_a_class_and_a_config() -> None:
    nothing: list[Any] = [None, 3, "Dense", []]
    for wrong in nothing:
        refused(sequential(image(), wrong), r"A layer of a config must be an object\. Received: ")
    for name in [*nothing[:2], "", "a\nb", "\x1b[31m", []]:
        refused(
            sequential(image(), {"class_name": name, "config": {}}),
            r"A layer of a config must have a class name on one line\. Received: ",
        )
    refused(
        sequential(image(), {"class_name": "Dense", "config": 3}),
        r"A layer of a config must have a config, an object\. Received: Dense with 3\.",
    )
    refused(
        {"class_name": "Model", "config": {"name": "mine"}},
        r"A model must be Sequential or functional to be read\. Received: a subclass of Model, "
        r"whose layers its code alone knows\.",
    )
    calls = {**relu("a"), "inbound_nodes": {"args": 3}}
    refused(functional(image(), calls), r"The calls of layer 'a' must be a list\. Received: \{")
    refused(
        functional(image(), relu("a", [])),
        r"Layer 'a' must be called on an output\. Received: a call on none\.",
    )


def test_an_input_has_a_batch() -> None:
    for layer in (relu("a", [tensor("x")]), entry("Flatten", "a", [tensor("x")])):
        refused(
            functional(image(shape=()), layer),
            r"Layer 'x' \(InputLayer\) must have an input with a batch\. Received: shape \(\)\.",
            ShapeError,
        )


@in_one_test("name", ["\x1b[31mred", "two\nlines", "", "x" * 2000, 3, ["a"], {}])
def test_names_that_cannot_be_shown_are_not_shown(name: Any) -> None:
    layer = {**relu("a", [tensor("x")]), "config": {"name": name}}
    model = functional(image(), relu("b", [tensor("x")]), outputs=["b", 0, 0], name=name)
    for config in (functional(image(), layer), sequential(image(), layer), model):
        with pytest.raises(
            ArgumentError, match=r"`name` must be text on one line of at most 1000 characters\."
        ) as caught:
            model_from_config(config)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400
