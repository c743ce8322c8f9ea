"""Hostile text in place of a layer: no code in it is ever run, and no size in it takes long."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from effort import in_one_test

from upsamp.errors import ExpressionError
from upsamp.models.expression import parse_layer

# `{}` is code that would leave a file, were it ever run.
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


@in_one_test("attack", ATTACKS)
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


@in_one_test("name", BOMBS)
def test_hostile_text_ends_at_once_in_one_line(name: str) -> None:
    text = BOMBS[name]()
    start = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse_layer(text)
    assert time.process_time() - start < 1
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 1000
