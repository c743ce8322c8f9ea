"""Layers spelled as in Keras code: what is read, and that nothing is ever evaluated."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upsamp.errors import ArgumentError, ExpressionError
from upsamp.layers import (
    LAYERS,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    InputLayer,
    Layer,
    LeakyReLU,
    Reshape,
    UpSampling2D,
)
from upsamp.models.expression import parse_layer, parse_layers, parse_shape


def config_of(text: str) -> dict[str, Any]:
    """Give what a spelled layer was made with."""
    layer = parse_layer(text)
    return {"class": type(layer), **layer.get_config()}


def same(layer: Layer) -> dict[str, Any]:
    """Give what a layer was made with."""
    return {"class": type(layer), **layer.get_config()}


NORMAL = {"class_name": "RandomNormal", "config": {"stddev": 0.02}}
LEAKY = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.2}}
SPELLED: list[tuple[str, Layer]] = [
    # the examples of the tutorial and of the command
    ("Dense(128 * 5 * 5, input_dim=100)", Dense(3200, input_dim=100)),
    ("Reshape((5, 5, 128))", Reshape((5, 5, 128))),
    ("UpSampling2D()", UpSampling2D()),
    ("Conv2D(1, (3,3), padding='same')", Conv2D(1, (3, 3), padding="same")),
    (
        'Conv2DTranspose(1, (3,3), strides=2, padding="same")',
        Conv2DTranspose(1, 3, strides=2, padding="same"),
    ),
    ("UpSampling2D(size=(2, 3), interpolation='bilinear')", UpSampling2D((2, 3), None, "bilinear")),
    # paths and lines of a program
    ("keras.layers.Dense(3)", Dense(3)),
    ("tf.keras.layers.Dense(3)", Dense(3)),
    ("layers.Dense(units=3)", Dense(3)),
    ("model.add(Dense(3))", Dense(3)),
    ("model.add(keras.layers.Dense(3))", Dense(3)),
    ("  self.model.add( Dense( 3 ) )  ", Dense(3)),
    ("keras.Input(shape=(28, 28, 1))", InputLayer((28, 28, 1))),
    ("Input((100,), 5)", InputLayer((100,), 5)),
    ("InputLayer(shape=(None, None, 3))", InputLayer((None, None, 3))),
    # commas, comments and white space
    ("Dense(3),", Dense(3)),
    ("Dense(3,),", Dense(3)),
    ("Dense(3) ,", Dense(3)),
    ("Dense(3)  # the head", Dense(3)),
    ("Dense(3),  # the head", Dense(3)),
    ("model.add(Dense(3))  # the head, (of it)", Dense(3)),
    ("Dense(3, name='a # b'),  # 'c'", Dense(3, name="a # b")),
    ("Conv2D(1,\n    (3, 3),  # the kernel\n    padding='same')", Conv2D(1, 3, padding="same")),
    # values
    ("Dense(+3)", Dense(3)),
    ("Reshape((5, -1))", Reshape((5, -1))),
    ("Reshape([5, 2 * -1 + 1, ])", Reshape([5, -1])),
    ("Dense(2 ** 5 + 100 // 3 - 7 % 4)", Dense(62)),
    ("Dense(-(-3))", Dense(3)),
    ("Dense((1 + 2) * 4)", Dense(12)),
    ("Dense(0x10)", Dense(16)),
    ("Dense(1_000)", Dense(1000)),
    ("Dense(2**62 + (2**62 - 1))", Dense(2**63 - 1)),
    ("LeakyReLU(2e-1)", LeakyReLU(0.2)),
    ("LeakyReLU(negative_slope=.2)", LeakyReLU(0.2)),
    ("Dropout(0.5, seed=None)", Dropout(0.5)),
    ("Dense(3, use_bias=False, activation=None)", Dense(3, use_bias=False)),
    ("Dense(3, name='gr\\u00fc\\u00df')", Dense(3, name="gr\u00fc\u00df")),
    ("Dense(3, kernel_regularizer='l2')", Dense(3, kernel_regularizer="l2")),
    # initializers and activations with arguments
    ("Dense(3, kernel_initializer=RandomNormal(0.0, 0.02))", Dense(3, kernel_initializer=NORMAL)),
    (
        "Dense(3, kernel_initializer=keras.initializers.RandomNormal(stddev=2e-2, seed=None))",
        Dense(3, kernel_initializer=NORMAL),
    ),
    ("Dense(3, kernel_initializer=tf.initializers.GlorotUniform())", Dense(3)),
    ("Dense(3, kernel_initializer=GlorotUniform(seed=None))", Dense(3)),
    ("Dense(3, activation=LeakyReLU(0.2))", Dense(3, activation=LEAKY)),
    ("Dense(3, LeakyReLU(alpha=0.2))", Dense(3, activation=LEAKY)),
    ("Dense(3, tf.keras.layers.LeakyReLU(negative_slope=0.2))", Dense(3, activation=LEAKY)),
]


@pytest.mark.parametrize(("text", "layer"), SPELLED)
def test_a_layer_is_read_as_keras_code_means_it(text: str, layer: Layer) -> None:
    assert config_of(text) == same(layer)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_can_be_spelled(name: str) -> None:
    arguments = {
        "InputLayer": "(3,)",
        "Dense": "3",
        "Reshape": "(3,)",
        "Conv2D": "1, 3",
        "Conv2DTranspose": "1, 3",
        "Activation": "'tanh'",
        "Dropout": "0.5",
        "PixelShuffle": "2",
        "Resizing": "4, 4",
        "DepthwiseConv2D": "3",
        "SeparableConv2D": "1, 3",
        "SpectralNormalization": "Dense(3)",
        "AveragePooling2D": "2",
        "Embedding": "10, 3",
        "Rescaling": "1",
        "Permute": "(2, 1)",
        "RepeatVector": "3",
        **dict.fromkeys(("SpatialDropout2D", "GaussianDropout", "AlphaDropout"), "0.5"),
        "GaussianNoise": "0.5",
    }
    assert type(parse_layer(f"{name}({arguments.get(name, '')})")) is LAYERS[name]


def test_lines_are_read_one_a_layer_past_blanks_and_comments() -> None:
    text = (
        "# a generator\n"
        "\n"
        "model.add(Dense(8, input_dim=4))  # grows\r\n"
        "    Reshape((2, 2, 2)),\n"
        "\t# UpSampling2D()\n"
        "UpSampling2D()"
    )
    layers = parse_layers(text)
    assert [type(layer).__name__ for layer in layers] == ["Dense", "Reshape", "UpSampling2D"]
    assert parse_layers("") == parse_layers("\n# nothing\n") == []


def test_a_line_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"^Line 3: A layer must be one that upsamp has\. Re"):
        parse_layers("Dense(3)\n\nDensity(3)\nDense(4)\n")


# --- shapes


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("100", (100,)),
        ("28,28,1", (28, 28, 1)),
        ("(28, 28, 1)", (28, 28, 1)),
        ("[28, 28, 1]", (28, 28, 1)),
        ("28x28x1", (28, 28, 1)),
        (" 28 X 28 ", (28, 28)),
        ("(100,)", (100,)),
    ],
)
def test_shapes_are_read_in_every_spelling(text: str, shape: tuple[int, ...]) -> None:
    assert parse_shape(text) == shape


@pytest.mark.parametrize(
    "text", ["", "x", "()", "0", "28,-1", "2.5", "a", "28,,1", "2**3", "9" * 5000]
)
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(
        ExpressionError, match=r"A shape must be positive integers, as in 28,28,1 .*Received: '"
    ):
        parse_shape(text)


# --- refusals, each by its text

VALUES = r"arguments must be numbers, strings, True, False, None, tuples, lists or whole-number"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", r"A layer must be spelled as in Keras code, .*Received: ''"),
        ("Dense(3", r"A layer must be spelled as in Keras code, .*'Dense\(3' \('\(' was never"),
        ("Dense 3", r"A layer must be spelled as in Keras code, .*\(invalid syntax"),
        ("Dense(3) Dense(4)", r"A layer must be spelled as in Keras code, .*\(invalid syntax"),
        ("model = Dense(3)", r"A layer must be spelled as in Keras code, "),
        ("import os", r"A layer must be spelled as in Keras code, .*\(invalid syntax"),
        ("3", r"A layer must be spelled as in Keras code, .*Received: '3'"),
        ("'Dense(3)'", r"A layer must be spelled as in Keras code, "),
        ("[Dense(3)]", r"A layer must be spelled as in Keras code, "),
        ("Dense(3), Dense(4)", r"A layer must be spelled as in Keras code, "),
        ("Dense(3)(x)", r"A layer must be spelled as in Keras code, "),
        ("lambda: Dense(3)", r"A layer must be spelled as in Keras code, "),
        ("model.add(*layers)", r"A layer must be spelled as in Keras code, "),
        (
            "Dense",
            r"A layer must be spelled with its arguments\. .*'Dense'\. Write Dense\(\.\.\.\)",
        ),
        ("layers.Dense", r"A layer must be spelled with its arguments\. .*Write Dense\(\.\.\.\)\."),
        ("Input", r"A layer must be spelled with its arguments\."),
        ("Conv2d(1, 3)", r"A layer must be one that upsamp has\. .*Conv2d\. Did you mean Conv2D\?"),
        (
            "Xyz()",
            r"A layer must be one that upsamp has\. Received: Xyz\. Known: InputLayer, Dense,",
        ),
        ("model.summary()", r"A layer must be one that upsamp has\. Received: summary\."),
        ("model.add(Dense(3), 4)", r"A layer must be one that upsamp has\. Received: add\."),
        ("Dense(**{'units': 3})", r"arguments must be written out, without \*\*\."),
        ("Dense(units=3, units=4)", r"(?i)keyword argument repeated|more than once|twice"),
        ("Dense()", r"'Dense\(\)': .*missing.*'units'"),
        ("Dense(3, unit=4)", r"Dense must be given options that it knows\. Received: unit=4"),
        ("Dense(1, 2, 3, 4, 5, 6, 7)", r"Dense.* takes .* positional arguments"),
        ("Dense(3, self=4)", r"'Dense\(3, self=4\)': .*'self'"),
        ("Dense(0)", r"'Dense\(0\)': `units` must be an integer of at least 1\. Received: units=0"),
        (
            "Dense(3, kernel_initializer=RandomNormal(sigma=1))",
            r"RandomNormal must be given the arguments .*mean, stddev, seed\. .*\(sigma=1\)",
        ),
        (
            "Dense(3, kernel_initializer=Zeros(1))",
            r"Zeros must be given the arguments that it has, each once: none\. ",
        ),
        (
            "Dense(3, activation=LeakyReLU(0.1, negative_slope=0.2))",
            r"LeakyReLU must be given the arguments that it has, each once: negative_slope",
        ),
        ("Dense(3, activation=LeakyReLU(-1))", r"`negative_slope` must not be negative"),
        ("Dense(3, activation=PReLU())", r"`activation` must be one of 'linear', "),
        ("Dense(3, activation=Softmax('a'))", r"`axis` must be an integer\. Received: axis='a'"),
        ("Dense(3, kernel_initializer=RandomNormal(0)(1))", VALUES),
        ("Dense(3, kernel_initializer=custom.Normal(0))", VALUES),
        ("Dense(2.0 * 3)", r"arithmetic must be on whole numbers\. Received: 2\.0 \* 3\."),
        ("Dense(True + 1)", r"arithmetic must be on whole numbers\. Received: True \+ 1\."),
        (
            "Dense('a' * 10**9)",
            r"arithmetic must be on whole numbers\. Received: 'a' \* 10 \*\* 9\.",
        ),
        ("Reshape([1] * 10**9)", r"arithmetic must be on whole numbers\. Received: \[1\] \* "),
        ("Dense(6 / 2)", rf"{VALUES} arithmetic\. Received: 6 / 2\."),
        ("Dense(1 << 60)", rf"{VALUES} arithmetic\. Received: 1 << 60\."),
        ("Dense(1 @ 2)", VALUES),
        ("Dense(~1)", VALUES),
        ("Dense(-'a')", VALUES),
        ("Dense(-(1, 2))", VALUES),
        ("Dense(b'3')", VALUES),
        ("Dense(3j)", VALUES),
        ("Dense(...)", VALUES),
        ("Dense(2 ** 64)", r"an exponent must be from 0 to 63\. Received: 64\."),
        ("Dense(2 ** -1)", r"an exponent must be from 0 to 63\. Received: -1\."),
        ("Dense(2 ** 62 * 3)", r"a size must be below 2\*\*63\. Received: 2 \*\* 62 \* 3\."),
        ("Dense(1 // 0)", r"a division by zero has no value\. Received: 1 // 0\."),
        ("Dense(1 % (2 - 2))", r"a division by zero has no value\. Received: 1 % \(2 - 2\)\."),
        ("Dense(" + "-" * 150 + "3)", r"arguments must not be nested without end\."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(text: str, rule: str) -> None:
    with pytest.raises(ExpressionError, match=rule):
        parse_layer(text)


def test_the_text_is_quoted_in_part_when_it_is_long() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_layer(f"Dense(0, name='{'a' * 5000}')")
    assert len(str(caught.value)) < 300
    assert "aaa...'" in str(caught.value) or 'aaa..."' in str(caught.value)


# --- hostile text: `{}` is code that would leave a file, were it ever run

ATTACKS = [
    "__import__('os').system({command})",
    "__import__('pathlib').Path({path}).touch()",
    "Dense(__import__('os').system({command}))",
    "Dense(open({path}, 'w'))",
    "Dense(open({path}, 'w').write('x'))",
    "Dense(units=exec({code}))",
    "Dense(3, name=eval({code}))",
    "Dense(3, activation=lambda x: open({path}, 'w'))",
    "Dense((lambda: open({path}, 'w'))())",
    "Dense([open({path}, 'w') for _ in (1,)])",
    "Dense({{open({path}, 'w') for _ in (1,)}})",
    "Dense(list(open({path}, 'w') for _ in (1,)))",
    "Dense({{'a': open({path}, 'w')}})",
    "Dense(f'{{open({path}, chr(119))}}')",
    "Dense(3, name=f'a{{open({path}, chr(119))!r}}')",
    "Dense(x := open({path}, 'w'))",
    "(x := Dense)(open({path}, 'w'))",
    "Dense(**{{'units': open({path}, 'w')}})",
    "Dense(*[open({path}, 'w')])",
    "Dense(3 if open({path}, 'w') else 4)",
    "Dense(open({path}, 'w') or 3)",
    "Dense(not open({path}, 'w'))",
    "Dense(-open({path}, 'w'))",
    "Dense(1 + open({path}, 'w'))",
    "Dense([1, 2][open({path}, 'w')])",
    "Dense((yield open({path}, 'w')))",
    "Dense(await open({path}, 'w'))",
    "Dense(1 < open({path}, 'w') < 3)",
    "open({path}, 'w').Dense(3)",
    "[open({path}, 'w')][0].Dense(3)",
    "(lambda: open({path}, 'w'))().Dense(3)",
    "open({path}, 'w').add(Dense(3))",
    "model.add(open({path}, 'w'))",
    "model.add(Dense(open({path}, 'w')))",
    "().__class__.__base__.__subclasses__()",
    "Dense(().__class__.__mro__)",
    "Dense.__init__.__globals__['sys']",
    "Dense.__class__(3)",
    "Dense(units)",
    "Dense(np.random.rand())",
    "Dense(__builtins__)",
    "Layer()",
    "getattr(Dense, '__init__')(3)",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_code_is_refused_and_never_run(attack: str, tmp_path: Path) -> None:
    target = tmp_path / "evidence"
    text = attack.format(
        path=repr(str(target)),
        command=repr(f"echo > {target}"),
        code=repr(f"open({str(target)!r}, 'w')"),
    )
    with pytest.raises(ExpressionError) as caught:
        parse_layer(text)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# Texts that would take memory, stack or time without end, made when they are wanted.
BOMBS: dict[str, Callable[[], str]] = {
    "brackets": lambda: f"Dense({'(' * 10_000}1{')' * 10_000})",
    "lists": lambda: f"Dense({'[' * 10_000}1{']' * 10_000})",
    "lists within the parser's limit": lambda: f"Dense({'[' * 150}1{']' * 150})",
    "open brackets": lambda: "(" * 10_000,
    "calls": lambda: f"Dense(f{'()' * 2000})",
    "subscripts": lambda: f"Dense(f{'[0]' * 2000})",
    "attributes": lambda: f"Dense(a{'.b' * 2000})",
    "few attributes": lambda: f"Dense(a{'.b' * 600})",
    "nots": lambda: f"Dense({'not ' * 2000}1)",
    "minuses": lambda: f"Dense({'-' * 2000}1)",
    "tildes": lambda: f"Dense({'~' * 2000}1)",
    "sum": lambda: f"Dense({'1+' * 2500}1)",
    "quotients": lambda: f"Dense({'1/' * 2500}1)",
    "lambdas": lambda: f"Dense({'lambda:' * 1500}1)",
    "conditions": lambda: f"Dense({'1 if 1 else ' * 1500}1)",
    "adds": lambda: f"{'m.add(' * 150}Dense(3){')' * 150}",
    "tower of powers": lambda: "Dense(9**9**9)",
    "left tower of powers": lambda: "Dense((((9**63)**63)**63)**63)",
    "power": lambda: "Dense(2**10000)",
    "negative power": lambda: "Dense(2**-10000)",
    "product": lambda: "Dense(" + "*".join(["2**62"] * 50) + ")",
    "decimal literal past Python's limit": lambda: f"Dense({'9' * 5000})",
    "decimal literal": lambda: f"Dense({'9' * 4000})",
    "hexadecimal literal": lambda: f"Dense(0x{'f' * 100_000})",
    "negative hexadecimal literal": lambda: f"Dense(-0x{'f' * 100_000})",
    "hexadecimal literal in a sum": lambda: f"Dense(1 + 0x{'f' * 100_000})",
    "hexadecimal literal in a quotient": lambda: f"Dense(1 / 0x{'f' * 100_000})",
    "hexadecimal literal as a rate": lambda: f"Dropout(0x{'f' * 100_000})",
    "hexadecimal literal in a shape": lambda: f"Dense(3, input_shape=(0x{'f' * 100_000},))",
    "hexadecimal literal as a slope": lambda: f"LeakyReLU(-0x{'f' * 100_000})",
    "hexadecimal literal as an option": lambda: f"Dense(3, colour=0x{'f' * 100_000})",
    "hexadecimal exponent": lambda: f"Dense(2 ** 0x{'f' * 100_000})",
    "infinity": lambda: "Dense(1e999)",
    "many arguments": lambda: f"Dense({'1,' * 20_000})",
    "long name": lambda: f"{'D' * 100_000}(3)",
    "long keyword": lambda: f"Dense(3, {'a' * 100_000}=3)",
    "null byte": lambda: "Dense(3)\0",
    "null byte in a string": lambda: "Dense(3, activation='\0')",
    "surrogate": lambda: "Dense('\ud800')",
    "many lines": lambda: "\n" * 10_000 + "Dense(0,\n name='a')",
    "lines in a string": lambda: "Dense(0, name='''a\n\nb''')",
    "lines in an f-string": lambda: "Dense(f'''a\n\n{b}''')",
    "escaped lines": lambda: r"Dense(0, name='a\n\u2028b')",
    "lines in an activation": lambda: r"Dense(1, activation='a\nb')",
    "lines in a dtype": lambda: r"Dense(1, dtype='a\nb')",
    "code in a dtype": lambda: "Dense(1, dtype='f4,(')",
    "commas in a dtype": lambda: "Dense(1, dtype=',')",
    "a huge dtype": lambda: "Dense(1, dtype=[('a', 'f4', 9**18)])",
    "a dtype of fields": lambda: "Dense(1, dtype=[('a', 'f4'), ('a', 'f4')])",
    "a name that is a list": lambda: "Dense(1, name=[1])",
    "an axis that is text": lambda: "BatchNormalization(axis='x')",
    "a byte order mark": lambda: "\ufeffDense(0)",
    "division by zero": lambda: "Dense(1 // 0)",
    "remainder by zero": lambda: "Dense(1 % 0)",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_text_ends_at_once_in_one_line(name: str) -> None:
    text = BOMBS[name]()
    start = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse_layer(text)
    assert time.process_time() - start < 1
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 1000


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


@settings(max_examples=400)
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


@settings(max_examples=400)
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


def test_errors_of_spelling_are_errors_of_an_argument() -> None:
    assert issubclass(ExpressionError, ArgumentError)
    assert issubclass(ExpressionError, ValueError)
