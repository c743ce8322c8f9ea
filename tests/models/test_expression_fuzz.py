"""Any text, any tokens and any arguments end in a layer, or in an error that can be shown."""

from typing import Any

from effort import choose
from hypothesis import given, settings
from hypothesis import strategies as st

from upsamp.errors import ExpressionError
from upsamp.layers import (
    LAYERS,
)
from upsamp.models.expression import parse_layer


def parses_or_refuses(text: str) -> None:
    """Assert that text ends in a layer or in an error of ours, whose text can be shown."""
    message = ""
    result: object = None
    try:
        result = parse_layer(text).get_config()
    except ExpressionError as error:
        message = str(error)
    assert result or message


@given(st.text(max_size=60))
def test_any_text_ends_in_a_layer_or_in_an_error(text: str) -> None:
    parses_or_refuses(text)
    parses_or_refuses(f"Dense({text})")


TOKENS = [
    *("(", ")", "[", "]", "{", "}", ",", "=", ".", ":", "*", "**", "-", "+", "/", "//", "%", "~"),
    *(
        "0",
        "1",
        "2",
        "63",
        "0.5",
        "1e999",
        "None",
        "True",
        "'same'",
        '"f4"',
        "f'{a}'",
        "b''",
        "...",
    ),
    *("a", "model", "add", "lambda", "not", "if", "else", "for", "in", ":=", "#", "\n", " ", "\\"),
    *(*LAYERS, "Input", "units", "strides", "padding", "name", "dtype", "axis", "shape"),
]


@settings(max_examples=choose(50, 2000))
@given(st.lists(st.sampled_from(TOKENS), max_size=14))
def test_any_row_of_tokens_ends_in_a_layer_or_in_an_error(tokens: list[str]) -> None:
    text = " ".join(tokens)
    parses_or_refuses(text)
    parses_or_refuses(f"Dense(3, {text})")


VALUES_OF_ARGUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.sampled_from(["same", "relu", "bilinear", "channels_first", "float16", "zeros", ",", ""])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=6,
)
KEYWORDS = [
    *("units", "filters", "kernel_size", "strides", "padding", "output_padding", "data_format"),
    *("dilation_rate", "groups", "activation", "use_bias", "kernel_initializer", "size", "axis"),
    *("interpolation", "target_shape", "rate", "noise_shape", "seed", "epsilon", "momentum"),
    *("cropping", "upscale_factor", "order", "height", "width", "antialias", "fill_mode"),
    *("negative_slope", "alpha", "max_value", "threshold", "shape", "batch_shape", "batch_size"),
    *("name", "dtype", "trainable", "input_shape", "input_dim", "batch_input_shape", "scale"),
]


@settings(max_examples=choose(50, 2000))
@given(
    st.sampled_from([*LAYERS, "Input"]),
    st.lists(VALUES_OF_ARGUMENTS, max_size=3),
    st.dictionaries(st.sampled_from(KEYWORDS), VALUES_OF_ARGUMENTS, max_size=3),
)
def test_any_arguments_make_a_layer_or_an_error(
    name: str, positional: list[Any], named: dict[str, Any]
) -> None:
    arguments = [*map(repr, positional), *(f"{key}={value!r}" for key, value in named.items())]
    parses_or_refuses(f"{name}({', '.join(arguments)})")
