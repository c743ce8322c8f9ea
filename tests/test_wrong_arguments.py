"""Wrong arguments of every public function: the outcome is a result, or an `UpsampError`."""

import pickle
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test
from public_calls import CALLBACKS, PublicCall, function_calls, layer_calls, model_calls
from wrong_arguments import WRONG

import upsamp
from upsamp import layers
from upsamp.core.text import printable
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError, DtypeError, ShapeError, UpsampError
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source


def check_outcome(call: PublicCall, parameter: str, kind: str) -> bool:
    """Make a call with one wrong argument; return whether it was refused."""
    wrong = WRONG[kind]()
    if parameter in CALLBACKS and callable(wrong):
        return False
    try:
        with warnings.catch_warnings():  # of what is lost by what is right after all
            warnings.simplefilter("ignore", UserWarning)
            call.function(**{**call.right, parameter: wrong})
    except UpsampError as error:
        message = str(error)
        assert len(message) <= 500
        assert message == printable(message)
        return True
    except Exception as error:  # which is raised again: the note names the case
        error.add_note(f"{call.name}: {parameter} is {kind}")
        raise
    return False


# All that there is to try takes minutes: a third of it is tried, cut into tests.
PARTS, STEP = choose(1, 5), 15
in_parts = pytest.mark.parametrize("part", range(PARTS))


def check_all(calls: Iterable[PublicCall], step: int, part: int) -> None:
    """Try one part of every kind for every parameter; by default every `step`-th of these pairs."""
    every = list(calls)
    tries = [
        (call, parameter, kind) for call in every for parameter in call.right for kind in WRONG
    ]
    chosen = tries[part :: choose(step, STEP)]
    refused = sum(check_outcome(*one) for one in chosen)
    assert refused > len(chosen) / 2
    for call in every:
        if not call.right:
            check_outcome(call._replace(function=lambda run=call.function, **_: run()), "x", "none")


# Steps without a divisor in common with the number of kinds meet each kind, and each parameter.
@in_parts
def test_functions_refuse_what_is_wrong(part: int) -> None:
    check_all(function_calls(), 59, part)


@in_parts
def test_models_refuse_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.chdir(tmp_path)  # some of the wrong paths can be written to
    check_all(model_calls(tmp_path), 83, part)


@in_parts
def test_layers_refuse_what_is_wrong(part: int) -> None:
    check_all(layer_calls(), 251, part)


def test_the_table_of_wrong_kinds_is_long() -> None:
    assert len(WRONG) >= 100
    assert not any(len(WRONG) % step == 0 for step in (59, 83, 251, 3, 5))


FIVE: Any = 5
TEXT: Any = "text"
NOTHING: Any = None


def dense() -> layers.Dense:
    """Return a layer that knows its weights."""
    layer = layers.Dense(2)
    layer.build((None, 3))
    return layer


@in_one_test(
    ("run", "error", "said"),
    [
        (lambda: upsamp.upsample([[10**400, 1.5]]), DtypeError, "`x` must hold real numbers"),
        (lambda: upsamp.upsample([[10**400, 1]]), DtypeError, "dtype object"),
        (lambda: upsamp.upsample(WRONG["tensor"]()), DtypeError, "`x` must be .* requires grad"),
        (lambda: upsamp.upsample(WRONG["tracer"]()), DtypeError, "`x` must be .*ndarray conversio"),
        (lambda: upsamp.upsample(range(10**12)), MemoryError, "`x` would be 1,000,000,000,000"),
        (lambda: upsamp.Sequential().predict([[1]]), ArgumentError, "must have a layer. Received:"),
        (lambda: upsamp.Sequential().summary(), ArgumentError, r"Use add\(layer\)"),
        (
            lambda: layers.Dense(2).call(np.ones((1, 3))),
            ArgumentError,
            r"^Layer 'dense' \(Dense\) must have the weight .*Call build\(\(None, ...",
        ),
        (lambda: dense().call(np.ones((1, 4))), ShapeError, "must have 3 inputs, as it was built"),
        (
            lambda: dense().call(TEXT),
            DtypeError,
            "Layer 'dense' .* `inputs` must hold real numbers",
        ),
        (lambda: dense().set_weights(FIVE), ArgumentError, "`weights` must be a list of 2 arrays"),
        (lambda: dense().set_weights([TEXT]), DtypeError, "`weights` must hold real numbers"),
        (lambda: dense().weight("mine"), ArgumentError, "must have the weight .* no 'mine'"),
        (
            lambda: upsamp.load_model(FIVE),
            ArgumentError,
            "`path` must be the path of a file.*path=5",
        ),
        (lambda: layers.Dense(2, use_bias=TEXT), ArgumentError, "`use_bias` must be True or False"),
        (
            lambda: layers.ELU(TEXT),
            ArgumentError,
            "`alpha` must be a number. Received: alpha='text'",
        ),
        (lambda: layers.Dense.from_config({}), ArgumentError, "a required argument: 'units'"),
        (lambda: layers.Dense.from_config(NOTHING), ArgumentError, "`config` must be a mapping"),
        (
            lambda: upsamp.Sequential(FIVE),
            ArgumentError,
            "`layers` must be layers. Received: layers=",
        ),
        (
            lambda: layers.ZeroPadding2D(2**70)(np.ones((1, 1, 1, 1))),
            MemoryError,
            "The output would",
        ),
        (lambda: layers.Permute(range(2**70)), ArgumentError, "`dims` must be the axes from 1"),
        (
            lambda: type("Bare", (upsamp.Model,), {})().predict([1]),
            NotImplementedError,
            "must define `",
        ),
    ],
)
def test_an_error_says_what_to_do(
    run: Callable[[], object], error: type[Exception], said: str
) -> None:
    with pytest.raises(UpsampError, match=said) as caught:
        run()
    assert isinstance(caught.value, error)


def test_what_an_iterator_of_the_caller_raises_is_the_cause() -> None:
    with pytest.raises(ArgumentError, match="which raised ZeroDivisionError") as caught:
        upsamp.Sequential(layers.Dense(1 // number) for number in (1, 0))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_layer_computes_the_same_when_its_call_is_called() -> None:
    layer = dense()
    x = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(layer.call(x), layer(x))
    model = upsamp.Sequential([layers.Dense(2, dtype="float64", input_shape=(3,))])
    assert model.call(x).dtype == np.float64
    np.testing.assert_array_equal(model.call(x), model(x))


def test_a_model_of_several_outputs_gives_them_all_when_its_call_is_called() -> None:
    heads = [Call(layers.Dense(units), (Source(0),)) for units in (2, 4)]
    model = Functional.from_calls(
        [Call(layers.InputLayer((3,)), ()), *heads], [0], [Source(1), Source(2)]
    )
    x = np.array([[1, 2, 3]])
    for called, given in zip(model.call(x), model(x), strict=True):
        np.testing.assert_array_equal(called, given)


# --- messages


@in_one_test("letter", ["a", "\x1b", "\ud800", "\U0001f600", "\n"])
@in_one_test("length", [0, 1, 499, 500, 501, 10_000_000])
def test_a_message_is_one_visible_line_that_keeps_its_ends(letter: str, length: int) -> None:
    text = f"The rule. Received: {letter * length}. The remedy."
    error = UpsampError(text)
    message = str(error)
    assert len(message) <= 500
    assert message == printable(message)
    assert message.startswith("The rule. Received: ")
    assert message.endswith(". The remedy.")
    assert (len(printable(text[:1000])) > 500) == ("..." in message)
    assert str(pickle.loads(pickle.dumps(error))) == message


@in_one_test("kind", WRONG)
def test_every_value_is_spelled_on_one_short_line(kind: str) -> None:
    text = spelled([WRONG[kind]()])
    assert len(text) < 300
    assert text == printable(text)


@in_one_test(
    ("value", "expected"),
    [
        ((2, 3), "(2, 3)"),
        ([[1, 2], [3]], "[[1, 2], [3]]"),
        ({"a": 1.5}, "{'a': 1.5}"),
        (10**100, str(10**100)),
        (-(10**400), "a number too large to show"),
        (np.ones((2, 2)), "array([[1., 1.], [1., 1.]])"),
        (["a\n\x1b"], r"['a\n\x1b']"),
        (10**199, str(10**199)),
        (10**201, "a number too large to show"),
        *((kind(range(10)), str(kind(range(10)))) for kind in (list, tuple, set, frozenset)),
        ([*range(11)], "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]"),
        (tuple(range(11)), "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...)"),
        (set(range(11)), "{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...}"),
        (frozenset(range(11)), "frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...})"),
        (dict.fromkeys(range(10)), str(dict.fromkeys(range(10)))),
        (dict.fromkeys(range(11)), f"{str(dict.fromkeys(range(10)))[:-1]}, ...}}"),
        ([[[[[1]]]]], "[[[[[1]]]]]"),
        ([[[[[[1]]]]]], "[[[[[[...]]]]]]"),
        ("a" * 98, repr("a" * 98)),
        ("a" * 99, f"'{'a' * 47}...{'a' * 48}'"),
    ],
)
def test_short_values_are_spelled_as_code(value: Any, expected: str) -> None:
    assert spelled(value) == expected
