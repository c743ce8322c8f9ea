"""What is misspelled is told with what was meant: commands, options, values, columns and layers."""

from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner, Result

from upsamp.cli import COMMANDS, main
from upsamp.cli.option_types import ChoiceType, CountType
from upsamp.core.spelling import MAX_LENGTH, nearest_name

Invoke = Callable[..., Result]


@pytest.mark.parametrize(
    ("line", "code", "meant"),
    [
        ("upsamle", 2, "upsample"),
        ("transpose_conv", 2, "transpose-conv"),
        ("summery", 2, "summary"),
        ("upsample --interpolate cubic", 2, "--interpolation"),
        ("upsample 1 --interp cubic", 2, "bicubic"),
        ("upsample 1 --interp linear", 2, "bilinear"),
        ("upsample 1 --convention pytorch", 2, "torch"),
        ("transpose-conv 1 --code pytorch", 2, "torch"),
        ("transpose-conv 1 --from pytorch Conv2d(1,1,1)", 2, "torch"),
        ("transpose-conv 1 --from keras conv2dtranspose(1,1)", 1, "Conv2DTranspose"),
        ("transpose-conv 1 --weights onez", 2, "ones"),
        ("generator --kind dcgn", 2, "dcgan"),
        ("generator --kind dcgan --layer conv2dtranspose -o g.png", 1, "conv2d_transpose"),
        ("summary dcgan --columns +kernl", 2, "kernel"),
        ("summary dcgn", 1, "dcgan"),
        ("summary upsampling2d(2)", 1, "UpSampling2D"),
    ],
)
def test_what_was_meant_is_named(invoke: Invoke, line: str, code: int, meant: str) -> None:
    result = invoke(*line.split())
    assert (result.exit_code, result.stdout) == (code, "")
    assert f" Did you mean {meant}?" in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_near_to_nothing_names_all(invoke: Invoke) -> None:
    assert (
        "keras, torch, onnx, jax. Received: caffe. Try"
        in invoke(*["transpose-conv", "1", "--code", "caffe"]).stderr
    )
    assert nearest_name("x" * MAX_LENGTH * 100, ["upsample"]) is None


def test_every_option_of_names_or_numbers_speaks_the_words_of_the_project() -> None:
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        for option in command.params:
            kinds = option.type.types if isinstance(option.type, click.Tuple) else [option.type]
            for kind in kinds:
                assert not isinstance(kind, click.Choice) or type(kind).__module__ != "click.types"
                assert not isinstance(kind, click.IntRange) or isinstance(kind, CountType)
    assert isinstance(ChoiceType(["a"]), click.Choice)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_a_letter_asks_for_help_too(command: list[str]) -> None:
    runner = CliRunner()
    short, long = (runner.invoke(main, [*command, name]) for name in ("-h", "--help"))
    assert short.exit_code == 0
    assert short.stdout == long.stdout
    assert short.stdout.startswith("Examples:")
