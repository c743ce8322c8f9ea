"""Layers spelled wrongly: each refusal says what is wrong, and quotes no more than it must."""

import pytest
from effort import in_one_test

from upsamp.errors import ArgumentError, ExpressionError
from upsamp.models.expression import parse_layer

VALUES = r"arguments must be numbers, strings, True, False, None, tuples, lists or whole-number"


@in_one_test(
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
            r"A layer must be one that upsamp has\. Received: Xyz\. Use one of InputLayer, Dense,",
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


def test_errors_of_spelling_are_errors_of_an_argument() -> None:
    assert issubclass(ExpressionError, ArgumentError)
    assert issubclass(ExpressionError, ValueError)
