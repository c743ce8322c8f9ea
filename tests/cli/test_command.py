"""Arguments in every spelling that a user may try, and what becomes of the wrong ones."""

import os
import re
from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click import Context
from click.testing import Result
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st

from upsamp.cli import COMMANDS
from upsamp.cli.option_types import FactorType, NumbersType, PairType
from upsamp.cli.transpose_conv import command as transpose_conv
from upsamp.cli.upsample import command as upsample
from upsamp.cli.upsample_request import Request

Invoke = Callable[..., Result]

ENLARGED = "1 1 1 2 2 2\n1 1 1 2 2 2\n"
SOFT = "-1 -1 2 2\n-1 -1 2 2\n"


# --- pairs


@in_one_test(
    ("text", "expected"),
    [
        ("2", (2, 2)),
        ("2x3", (2, 3)),
        ("2X3", (2, 3)),
        ("2,3", (2, 3)),
        ("2 3", (2, 3)),
        ("2  3", (2, 3)),
        (" 2 x 3 ", (2, 3)),
        ("2, 3", (2, 3)),
        ("(2, 3)", (2, 3)),
        ("[2,3]", (2, 3)),
        ("(2,)", (2, 2)),
        ("007", (7, 7)),
        ("0", ()),
        ("-1", ()),
        ("2x0", ()),
        ("2x-3", ()),
        ("", ()),
        ("x", ()),
        ("2x", ()),
        ("x2", ()),
        ("2xx3", ()),
        ("2x3x4", ()),
        ("2.5", ()),
        ("2.0", ()),
        ("1e3", ()),
        ("two", ()),
        ("+2", ()),
        ("0x10", ()),
        ("inf", ()),
    ],
)
def test_a_pair_is_one_positive_integer_or_two(text: str, expected: tuple[int, ...]) -> None:
    assert PairType().parse(text) == expected


def test_some_pairs_may_be_zero() -> None:
    assert PairType(minimum=0).parse("0") == (0, 0)
    assert PairType(minimum=0).parse("1x0") == (1, 0)
    assert PairType(minimum=0).parse("-1") == ()


def test_integers_may_be_fewer_than_the_most() -> None:
    kind = NumbersType(3, "N...", "some integers")
    assert kind.parse("100") == (100,)
    assert kind.parse("28x28x1") == (28, 28, 1)
    assert kind.parse("28, 28") == (28, 28)
    assert kind.parse("1x2x3x4") == ()


@in_one_test(
    ("text", "expected"),
    [
        ("1.5", (Fraction(3, 2), Fraction(3, 2))),
        ("2x1.1", (2, Fraction(11, 10))),
        ("1", (1, 1)),
        ("0.99", ()),
        ("-1.5", ()),
        ("1.", ()),
        (".5", ()),
        ("1e3", ()),
        ("nan", ()),
        ("3/2", ()),
    ],
)
def test_a_factor_is_exact_and_at_least_1(text: str, expected: tuple[Fraction, ...]) -> None:
    assert FactorType().parse(text) == expected


@pytest.mark.parametrize("kind", [PairType(), FactorType()], ids=["pair", "factor"])
@given(text=st.text(max_size=12) | st.text("0123456789xX., -()[]", max_size=12))
def test_any_text_is_two_numbers_in_range_or_none(kind: PairType, text: str) -> None:
    numbers = kind.parse(text)
    assert len(numbers) in (0, 2)
    assert all(number >= 1 for number in numbers)


# --- the arrangement of words


@in_one_test(
    ("args", "expected"),
    [
        ("--size|2|3|a", "--size|2x3|a"),
        ("--size|2|a", "--size|2|a"),
        ("--size|2x3|4", "--size|2x3|4"),
        ("--size|2,3|4", "--size|2,3|4"),
        ("--size=2|3", "--size|2x3"),
        ("a|--size|2|3", "a|--size|2x3"),
        ("--size|2|3|4", "--size|2x3|4"),
        ("--size|2|--force|3", "--size|2|--force|3"),
        ("--size|2|-3|a", "--size|2x-3|a"),
        ("--size|-1", "--size|-1"),
        ("--size|2|3.5", "--size|2x3.5"),
        ("--stride|2|3.5", "--stride|2|3.5"),
        ("--size|2|-1 2", "--size|2|--|-1 2"),
        ("-1 2|--size|2", "--size|2|--|-1 2"),
        ("-.5|--size|2", "--size|2|--|-.5"),
        ("-inf 1", "--|-inf 1"),
        ("-NaN", "--|-NaN"),
        ("-o|-1.txt|a", "-o|-1.txt|a"),
        ("-|--size|2", "-|--size|2"),
        ("--size|2|--|3", "--size|2|--|3"),
        ("--|--size", "--|--size"),
        ("--interp|nearest|2|3", "--interp|nearest|2|3"),
        ("--size", "--size"),
        ("", ""),
    ],
)
def test_words_are_brought_into_the_form_that_click_knows(args: str, expected: str) -> None:
    assert upsample.arrange(args.split("|")) == expected.split("|")


@in_one_test(
    ("args", "expected"),
    [
        ("--bias|-1|--seed|3", "--bias|-1|--seed|3"),
        ("--seed|3|4", "--seed|3|4"),
        ("--weights|-1 2|-3 4", "--weights|-1 2|--|-3 4"),
        ("--kernel|3|5|--stride|2|1|-1 2", "--kernel|3x5|--stride|2x1|--|-1 2"),
        ("--strides|2|1", "--strides|2x1"),
        ("--output-padding|0|1", "--output-padding|0x1"),
    ],
)
def test_an_option_of_one_word_takes_one_word(args: str, expected: str) -> None:
    assert transpose_conv.arrange(args.split("|")) == expected.split("|")


# --- through the whole command


@in_one_test(
    "args",
    [
        ("--size", "2", "3", "1 2"),
        ("1 2", "--size", "2", "3"),
        ("--size", "2x3", "1 2"),
        ("--size=2x3", "1 2"),
        ("1 2", "--size=2,3"),
        ("--size", "2,3", "1 2"),
        ("--size", "2 3", "1 2"),
        ("--size", "(2, 3)", "1 2"),
        ("--interp", "nearest", "--size", "2", "3", "--", "1 2"),
        ("--interp", "NEAREST", "1 2", "--size", "2", "3"),
        ("--size", "7", "1 2", "--size", "2", "3"),
    ],
)
def test_a_size_is_spelled_freely(invoke: Invoke, args: tuple[str, ...]) -> None:
    result = invoke("upsample", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (0, ENLARGED, "")


@in_one_test(
    "args",
    [
        ("-1 2", "--size", "2"),
        ("--size", "2", "-1 2"),
        ("--size", "2", "--", "-1 2"),
        ("-1,2",),
        ("-1.0 2e0",),
        ("--size=2", "-1 2", "--format", "plain"),
    ],
)
def test_a_matrix_may_begin_with_a_negative_number(invoke: Invoke, args: tuple[str, ...]) -> None:
    result = invoke("upsample", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (0, SOFT, "")


@pytest.mark.parametrize(("text", "cell"), [("-inf", "-inf"), ("-nan", "nan"), ("-.5", "-0.5")])
def test_words_for_negative_numbers_are_matrices_too(invoke: Invoke, text: str, cell: str) -> None:
    result = invoke("upsample", text, "--size", "1", "2")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{cell} {cell}\n", "")


@pytest.mark.parametrize("bias", [("--bias", "-1"), ("--bias=-1",), ("--bias", "-1.0")])
def test_the_value_of_an_option_may_be_a_negative_number(
    invoke: Invoke, bias: tuple[str, ...]
) -> None:
    result = invoke("transpose-conv", "-1 2", "--kernel", "1", *bias, "--seed", "3")
    assert (result.exit_code, result.stdout) == (0, "-2 1\n")


@in_one_test(
    "size",
    [
        ("0",),
        ("-1",),
        ("2", "0"),
        ("2", "-3"),
        ("2x0",),
        ("2x3x4",),
        ("two",),
        ("0.5",),
        ("",),
        ("9" * 5000,),
        ("nan",),
    ],
)
@in_one_test("option", ["--size", "--kernel", "--stride", "--dilation"])
def test_what_is_no_pair_is_refused_as_a_wrong_spelling(
    invoke: Invoke, option: str, size: tuple[str, ...]
) -> None:
    name = "upsample" if option == "--size" else "transpose-conv"
    result = invoke(name, "1 2", option, *size)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {option} must")
    assert re.search(r"--\w+ must be one .*, or two for rows and columns", result.stderr)
    assert f"Try 'upsamp {name} --help'." in result.stderr
    assert result.stderr.count("\n") == 1


@in_one_test(
    ("args", "message"),
    [
        (["upsample", "--interp", "cubic"], "nearest.*bilinear.*bicubic.*lanczos3.*lanczos5"),
        (["upsample", "--nothing"], "There is no option '--nothing'"),
        (["transpose-conv", "a", "b"], "unexpected extra argument.*b"),
        (["upsample", "1 2", "--size"], "--size.*requires an argument"),
        (["upsample", "1 2", "--max-pixels", "0"], "--max-pixels"),
        (["upsample", "1 2", "--format", "doc"], "png.*npy|npy.*png"),
        (["upsample", "1 2", "--data-format", "NCHW"], "channels_last.*channels_first"),
        (["transpose-conv", "--padding", "full"], "valid.*same"),
        (["transpose-conv", "--output-padding", "-1"], "--output-padding.*non-negative"),
        (["transpose-conv", "--filters", "0"], "--filters"),
        (["transpose-conv", "--seed", "-1"], "--seed"),
        (["summary"], "LAYER"),
        (["summary", "Dense(1)", "--input-shape", "0"], "--input-shape.*positive integers"),
        (["summary", "Dense(1)", "--input-shape", "1x2x3x4"], "--input-shape.*positive integers"),
        (["summary", "Dense(1)", "--format", "xml"], "table.*plain.*json.*csv.*markdown"),
        (["generator", "--kind", "vae"], "upsampling.*transpose.*dcgan"),
        (["generator", "--samples", "0"], "--samples"),
        (["generator", "--channels", "5"], "--channels"),
        (["generator", "--size", "5x"], "--size"),
        (["enlarge"], "There is no command 'enlarge'"),
        (["--nothing"], "There is no option '--nothing'"),
    ],
)
def test_a_wrong_spelling_is_one_line_and_code_2(
    invoke: Invoke, args: list[str], message: str
) -> None:
    result = invoke(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.search(f"^Error: .*({message})", result.stderr)
    assert result.stderr.count("\n") == 1


# What the words alone tell is a wrong command, 2; what files, matrices and layers hold is data, 1.
# No input is there: a wrong command is refused before one is read.
CODES = (
    (2, "upsample in.png --align-corners", "--align-corners must go with --convention torch and"),
    (2, "upsample in.png --align-corners --convention torch", "--interp nearest."),
    (2, "upsample in.png --convention torch --interp lanczos3", "Received: --interp lanczos3."),
    (2, "upsample in.png in.jpg --convention torch --interp lanczos5", "--interp must be one that"),
    (2, "upsample in.png --convention torch --interp lanczos3 --code torch", "--interp must be"),
    (2, "upsample in.png --align-corners --interp bicubic --compare", "--convention keras"),
    (2, "upsample in.png in.jpg --name {foo}.png", "--name must have fields that there are."),
    (2, "upsample in.png in.jpg --name {stem", "--name must close each brace"),
    (2, "upsample in.png in.jpg --name a/b.png", "--name must be the name of a file"),
    (2, "upsample in.png in.jpg --name x", "--name must end in {suffix}"),
    (2, "upsample in.png --sheet s.txt", "--sheet must be a picture"),
    (2, "upsample 1 -o out", "Cannot tell the format of 'out'"),
    (1, "upsample in.png", "There is no file 'in.png'"),
    (1, "upsample 1;2,3", "row 2 has 2 numbers"),
    (1, "upsample 1 -o none/out.png", "its directory does not exist"),
    (1, "upsample 1,2 --to 1x1", "must be at least as large as the input, 2x1, as"),
    (1, "upsample 1 --size 99999", "--max-pixels"),
    (
        2,
        "transpose-conv in.npy --stride 2 --output-padding 2",
        "Received: --output-padding 2 2,",
    ),
    (2, "transpose-conv in.npy --output-padding 3 --code jax", "must be smaller than --stride on"),
    (
        2,
        "transpose-conv in.npy --stride 2 --output-shape 9 --output-padding 1",
        "--output-shape",
    ),
    (2, "transpose-conv in.npy --groups 2 --filters 3", "--groups must divide --filters."),
    (
        2,
        "transpose-conv in.npy --fit 1,2 --kernel 1 --stride 2",
        "--kernel must not be below",
    ),
    (2, "transpose-conv in.npy --fit 1,2 --ridge nan", "--ridge must be a number, 0 or more."),
    (2, "transpose-conv in.npy --fit 1,2 --save-weights k.txt", "--save-weights must name a .npy"),
    (2, "transpose-conv --solve 28 7", "Received: 28x28 and 7x7."),
    (1, "transpose-conv --solve 7 99999", "There must be a layer"),
    (1, "transpose-conv 1 --groups 2", "The groups must divide"),
    (
        2,
        "transpose-conv 1 --weights onez",
        "a file. Received: onez. Did you mean ones?",
    ),
    (2, "transpose-conv 1 --bias b.npy", "--bias must be numbers, as 0.5"),
    (2, "transpose-conv 1 --bias one", "--bias must be numbers"),
    (1, "transpose-conv --from torch Dense(3)", "must be spelled as in PyTorch"),
    (2, "summary in.keras --columns foo", "--columns must name columns, or be all. "),
    (2, "summary dcgan --style keras --width 9", "Give a larger --width."),
    (2, "summary dcgan dcgan dcgan", "Two models can be compared"),
    (2, "summary dcgan --weights in.npz", "--weights must belong to a model from a file."),
    (1, "summary in.keras", "Cannot read 'in.keras'"),
    (1, "summary Foo(3)", "A layer must be one that upsamp has."),
    (1, "summary dcgan --solve 1x1", "One layer must do"),
    (2, "generator --model in.keras --save g.txt", "The name of a file must say how"),
    (2, "generator --model in.keras -o g.txt", "-o must name an image"),
    (2, "generator --grid 1x1 -o g.png", "--grid must hold 16 tiles"),
    (2, "generator --model in.keras --interpolate 0 16 -o g.png", "must be among the 16 samples"),
    (2, "generator --samples 4 --interpolate 4 0 -o g.png", "Use --samples 5 or more"),
    (1, "generator --model in.keras", "Cannot read 'in.keras'"),
    (1, "generator --label 3 -o g.png", "Labels must be for an input that takes some"),
    (1, "generator --layer nothing -o g.png", "must be that of a layer"),
)


@in_one_test(("code", "line", "message"), CODES)
def test_the_code_tells_a_wrong_command_from_wrong_data(
    invoke: Invoke, code: int, line: str, message: str
) -> None:
    result = invoke(*line.split(" "))
    assert result.exit_code == code
    error = result.stderr.splitlines()[-1]
    assert error.startswith("Error: ")
    assert message in error
    assert (f"Try 'upsamp {line.split(maxsplit=1)[0]} --help'." in error) == (code == 2)
    assert list(Path().iterdir()) == []


# --- help


@in_one_test("name", ["", *COMMANDS])
def test_help_begins_with_examples_that_are_spelled_right(invoke: Invoke, name: str) -> None:
    result = invoke(*name.split(), "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "Examples:"
    examples = lines[1 : lines.index("")]
    assert len(examples) >= 2
    assert all("upsamp " in line and line.startswith("  ") for line in examples)
    assert "Usage: upsamp" in result.stdout
    assert "Options:" in result.stdout


def test_the_command_alone_shows_its_overview(invoke: Invoke) -> None:
    result = invoke()
    assert (result.exit_code, result.stdout) == (2, "")
    assert all(name in result.stderr for name in ("Examples:", *COMMANDS))


# --- what a command is asked for


@in_one_test("name", COMMANDS)
def test_the_fields_of_a_request_are_the_options_in_their_order_and_each_must_be_given(
    name: str,
) -> None:
    module = import_module(f"upsamp.cli.{name.replace('-', '_')}")
    fields = list(module.Request.__annotations__)
    assert [parameter.name for parameter in module.command.params] == fields
    with pytest.raises(TypeError, match=f"missing {len(fields)} required positional arguments"):
        module.Request()
    request = module.Request(**dict.fromkeys(fields))
    with pytest.raises(AttributeError, match="cannot assign to field"):
        setattr(request, fields[0], "another")


def test_what_is_given_is_neither_none_nor_false_nor_empty_but_may_be_0() -> None:
    fields: dict[str, Any] = dict.fromkeys(Request.__annotations__)
    request = Request(**fields | {"frame": 0, "sources": (), "strip": False, "output": "-"})
    with Context(upsample):
        given = request.given("--frame", "--strip", "-o", "--jobs", "--max-memory")
    assert given == ["--frame", "-o"]


@pytest.mark.parametrize(("wanted", "kept"), [(None, "20"), ("26", "26")])
def test_threads_of_blas_soon_sleep_unless_the_user_says_how_long_they_wait(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, wanted: str | None, kept: str
) -> None:
    name = "OPENBLAS_THREAD_TIMEOUT"
    monkeypatch.setenv(name, wanted or "")
    if wanted is None:
        monkeypatch.delenv(name)
    assert invoke("upsample", "1 2").exit_code == 0
    assert os.environ[name] == kept
