"""Whole models as programs of other libraries, which tests/real_libraries run."""

import ast
from pathlib import Path
from typing import Any

import pytest
from effort import in_one_test
from golden_files import GoldenModel, golden_models, model_file

from upsamp import Sequential, load_model, make_generator
from upsamp.core.activations import ACTIVATIONS
from upsamp.errors import UnknownLayerError
from upsamp.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    InputLayer,
    Layer,
    Rescaling,
    Resizing,
    UnknownLayer,
)
from upsamp.layers.operation import OPERATIONS
from upsamp.models.export import jax_layers, torch_activations
from upsamp.models.export.jax_program import JAX
from upsamp.models.export.keras_program import KERAS
from upsamp.models.export.onnx_file import trace
from upsamp.models.export.program import Library
from upsamp.models.export.programs import WRITERS, model_program
from upsamp.models.export.source_text import WIDTH, call, identifier, quote
from upsamp.models.export.torch_program import PYTORCH
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source

each_library = pytest.mark.parametrize("library", WRITERS)
each_table = in_one_test("library", [PYTORCH, KERAS, JAX])


@each_table
def test_every_layer_has_a_record_or_a_reason(library: Library) -> None:
    told = {*library.records, *library.unchanged}
    assert not told & set(library.refused)
    assert told | set(library.refused) == set(LAYERS)
    assert set(library.operations) == {*OPERATIONS, "GetItem"}
    assert all(library.refused.values())


def test_every_activation_is_written_in_every_library() -> None:
    for table in (torch_activations.ACTIVATIONS, jax_layers.ACTIVATIONS):
        assert {*table, "linear"} == set(ACTIVATIONS)


@each_library
def test_a_program_of_every_golden_model_is_python_that_prints_y(library: str) -> None:
    models: list[GoldenModel] = [one for one in golden_models() if one.runs]
    for golden in models[::7]:
        program = model_program(load_model(model_file(golden.files[0])), library, "w.safetensors")
        tree = ast.parse(program)
        assert ast.unparse(tree.body[-1]) == "print(y)"
        assert 'load_file("w.safetensors")' in program or 'model, "w.safetensors"' in program
        code = [line for line in program.splitlines() if not line.startswith("#")]
        assert [line for line in code if len(line) > WIDTH] == []


# --- names of a file, which may be anything

EVIL = (
    *('"', "'", "\\", '"""', "'''", "\\'\"", "a\\", "#", "{x}", "{0}", "%s", "$(id)", "`id`"),
    *('")\nimport os'.replace("\n", ";"), '"+__import__("os").system("id")+"', "x); print(1"),
    *("class", "match", "None", "forward", "train", "load_state_dict", "__class__", "__init__"),
    *("self", "torch", "np", "F", "x", "y", "model", "Model", "weights", "predict", "jax", "keras"),
    *("1", "слой", "層", "é", "-", "a/b", "a b", "a-b", "a_b", "a.b", "_", "dense", "add_bias"),
    *("x_2", "inputs", "inputs_2", "layer"),
    "n" * 1000,
)


def named_model(names: list[str], inner_name: str, name: str) -> Functional:
    """Return a model whose layers, one of them a model, have these names."""
    first, *others = names
    inner = Sequential([InputLayer((3,)), *(Dense(3, name=one) for one in others)], name=inner_name)
    image = InputLayer((3,), name=first)
    calls = [Call(image), Call(inner, (Source(0),)), Call(Dense(2), (Source(1),))]
    return Functional.from_calls(calls, [0], [Source(2)], name)


def skeleton(program: str) -> tuple[str, set[str]]:
    """Return what a program does, whatever it calls things, and the names that it does not set."""
    tree = ast.parse(program)
    nodes = [*ast.walk(tree)]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    kept = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    kept |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    free = {node.id for node in names} - kept
    for node in nodes:
        for field in {"id", "attr", "name"} & set(node._fields):
            setattr(node, field, "name")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "text"
    return ast.dump(tree), free


@each_library
def test_names_of_a_file_are_strings_and_identifiers_alone(library: str) -> None:
    plain = [f"layer{number}" for number in range(len(EVIL))]
    expected = skeleton(model_program(named_model(plain, "inner", "outer"), library, "w"))
    for inner, name in (('"""', "\\"), ("class", '"; import os'), ("Model", "predict")):
        # Layers with a slash have other names in Keras, which the program says.
        names = [one for one in EVIL if "/" not in one or library != "keras"]
        model = named_model([*names, *plain[len(names) :]], inner, name)
        program = model_program(model, library, "w")
        assert skeleton(program) == expected
        strings = {
            node.value for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Constant)
        }
        assert library != "keras" or {*names, inner} <= strings


@pytest.mark.parametrize("library", ["torch", "keras", "jax"])
def test_models_of_one_name_in_each_other_have_names_of_their_own(library: str) -> None:
    model = Sequential([InputLayer((3,)), Dense(3, name="same")], name="same")
    for name in ("same", "x_2", "s-ame"):
        model = Sequential([InputLayer((3,)), model, Dense(3, name="other")], name=name)
    tree = ast.parse(model_program(model, library, "w"))
    nodes = [*ast.walk(tree)]
    names = [one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.ClassDef)]
    calls = [one.targets[0].id for one in tree.body
             if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
             and "Sequential" in ast.unparse(one)]  # fmt: skip
    own = [name for name in (*names, *calls) if name not in ("forward", "__init__")]
    assert len(set(own)) == len(own)
    assert {"same", "same_2", "x_2_layer"} <= set(own)


def test_a_name_with_a_slash_is_told_to_keras_without_it() -> None:
    model = named_model(["in", "a/b"], "inner", "outer")
    program = model_program(model, "keras", "w")
    assert 'name="a_b"' in program
    assert '("inner/a_b/kernel", "inner/a/b/kernel")' in program


@pytest.mark.parametrize("text", EVIL)
def test_what_is_quoted_reads_back(text: str) -> None:
    assert ast.literal_eval(quote(text)) == text
    name = identifier(text, {"a_b"}, lambda one: one == "forward")
    assert name.isidentifier()
    assert name.isascii()
    assert name not in ("a_b", "forward", "class", "match", "None")
    assert not name.startswith("_")


def test_a_long_call_has_an_argument_a_line() -> None:
    lines = call("x = f(", ["a" * 50, "b" * 50], 4)
    assert lines == ["    x = f(", f"        {'a' * 50},", f"        {'b' * 50},", "    )"]


# --- what is refused


class Own(Layer):
    """A layer of a user."""

    def call(self, x: Any) -> Any:
        """Return the input."""
        return x


class OwnDense(Dense):
    """A layer of a user that is Dense but for what it computes."""


REFUSED: list[tuple[Layer, str]] = [
    (Own(name="mine"), "'mine' (Own): upsamp does not have that layer"),
    (OwnDense(3, name="mine"), "'mine' (OwnDense): upsamp does not have that layer"),
    (
        UnknownLayer("Lambda", "keras.layers", {}, "it is code", name="code"),
        "'code' (Lambda): upsamp does not have that layer",
    ),
]


@each_library
@pytest.mark.parametrize(("layer", "reason"), REFUSED, ids=lambda one: getattr(one, "name", ""))
def test_a_layer_without_a_record_is_refused_by_name(
    library: str, layer: Layer, reason: str
) -> None:
    model = Sequential([InputLayer((3,)), layer])
    with pytest.raises(UnknownLayerError) as caught:
        model_program(model, library, "w")
    if library == "onnx":  # which says what `save` does
        with pytest.raises(UnknownLayerError) as saved:
            trace(model)
        assert str(caught.value) == str(saved.value)
        assert reason.partition(" (")[0] in str(caught.value)
        return
    rule = f"Every layer must be one that a program of {WRITERS[library][0]} can"
    assert rule in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize("library", [PYTORCH, JAX], ids=lambda one: one.name)
def test_an_option_that_a_record_passes_over_is_refused(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from upsamp.models.export.program import record_of

    layer = Dense(3, name="stem")
    config = {**layer.get_config(), "rounds": True}
    monkeypatch.setattr(layer, "get_config", lambda: config)
    with pytest.raises(UnknownLayerError, match=r"'stem' \(Dense\): rounds=True is not written"):
        record_of(layer, library)


@each_library
def test_what_draws_random_values_is_refused(library: str) -> None:
    calls = [Call(InputLayer((3,))), Call(Dropout(0.5, name="b"), (Source(0),), 0, True)]
    model = Functional.from_calls(calls, [0], [Source(1)])
    with pytest.raises(UnknownLayerError, match=r"'b' \(Dropout\): it is called with training"):
        model_program(model, library, "w")
    again = [*calls[:1], Call(Dropout(0.5), (Source(0),), 0, True, honoured=False)]
    model_program(Functional.from_calls(again, [0], [Source(1)]), library, "w")


KERAS_REFUSED: list[tuple[Layer, str]] = [
    (Conv2D(2, 3, padding=1), "Keras has no padding by margins"),
    (Conv2DTranspose(2, 3, groups=2), "Keras has no groups of a Conv2DTranspose"),
    (Conv2DTranspose(2, 3, 2, dilation_rate=2), "no strides above 1 together with"),
    (Resizing(9, 9, "area"), "Keras has no interpolation='area'"),
]


@in_one_test("layer, reason", KERAS_REFUSED)
def test_what_keras_lacks_is_refused_with_the_reason(layer: Layer, reason: str) -> None:
    model = Sequential([InputLayer((4, 4, 2)), layer])
    with pytest.raises(UnknownLayerError) as caught:
        model_program(model, "keras", "w")
    assert reason in str(caught.value)


def test_numbers_that_a_program_cannot_show_are_refused() -> None:
    model = Sequential([InputLayer((4, 4, 100)), Rescaling([0.5] * 100)])
    with pytest.raises(UnknownLayerError, match="more than a program can show"):
        model_program(model, "jax", "w")


# --- what a program says


@each_library
def test_a_model_without_weights_loads_no_file(library: str) -> None:
    program = model_program(Sequential([InputLayer((3,)), Activation("tanh")]), library, "w")
    assert "safetensors" not in program


@each_library
def test_a_program_says_that_it_computes_in_float32(library: str) -> None:
    remark = "compute in other types; the program does in float32."
    for dtype, said in (("float16", True), ("float32", False), ("mixed_float16", False)):
        model = Sequential([InputLayer((3,)), Dense(2, dtype=dtype)])
        assert (remark in model_program(model, library, "w")) == (said and library != "onnx")


def test_layers_for_training_stay_in_the_code_of_keras_alone() -> None:
    model = Sequential([InputLayer((3,)), Dropout(0.25), BatchNormalization()])
    assert "keras.layers.Dropout(0.25, " in model_program(model, "keras", "w")
    assert "rop" not in model_program(model, "torch", "w").replace("PROGRAM", "")


def test_a_program_is_the_same_each_time_and_asks_for_no_file(tmp_path: Path) -> None:
    model = make_generator("dcgan")
    programs = {model_program(model, "torch", str(tmp_path / "w.safetensors")) for _ in range(2)}
    assert len(programs) == 1
    assert list(tmp_path.iterdir()) == []
