"""Layers spelled as in PyTorch are read, explained where they cannot be, and never run."""

import pytest
from effort import in_one_test

from upsamp.errors import ExpressionError
from upsamp.translate import TorchLayer, parse_torch


def test_a_transposed_convolution_of_pytorch_is_read() -> None:
    assert parse_torch("ConvTranspose2d(64, 3, 4, stride=2, padding=1)") == TorchLayer(
        "conv2d_transpose",
        {
            "strides": (2, 2),
            "padding": ((1, 1), (1, 1)),
            "output_padding": (0, 0),
            "dilation_rate": (1, 1),
            "groups": 1,
        },
        channels=64,
        filters=3,
        kernel_size=(4, 4),
        bias=True,
    )


@pytest.mark.parametrize(
    "text",
    [
        "nn.ConvTranspose2d(8, 6, (3, 5), (2, 1), (0, 2), 1, 2, False, 3)",
        """torch.nn.ConvTranspose2d(
            out_channels=6, in_channels=2 * 4, kernel_size=[3, 5], stride=(2, 1), padding=(0, 2),
            output_padding=1, groups=2, bias=False, dilation=3,
        ),""",
        "  ConvTranspose2d(\n8, 6, (3, 5), (2, 1), (0, 2), 1, 2, False, 3, 'zeros', None, None)\n",
    ],
)
def test_the_arguments_have_pytorchs_names_and_order(text: str) -> None:
    layer = parse_torch(text)
    assert (layer.channels, layer.filters, layer.kernel_size) == (8, 6, (3, 5))
    assert not layer.bias
    assert layer.arguments == {
        "strides": (2, 1),
        "padding": ((0, 0), (2, 2)),
        "output_padding": (1, 1),
        "dilation_rate": (3, 3),
        "groups": 2,
    }


@pytest.mark.parametrize(
    ("text", "padding"),
    [
        ("nn.Conv2d(8, 6, (3, 5), 1, (1, 2), 3, 2, False)", ((1, 1), (2, 2))),
        ("Conv2d(8, 6, [3, 5], dilation=3, groups=2, bias=False, padding='same')", "same"),
        (
            """Conv2d(8, 6, (3, 5), padding='valid', dilation=(3, 3), groups=2, bias=False,
            device=torch.device('cuda'), dtype=torch.float16)""",
            "valid",
        ),
    ],
)
def test_a_convolution_of_pytorch_is_read(text: str, padding: object) -> None:
    layer = parse_torch(text)
    assert layer == TorchLayer(
        "conv2d",
        {"strides": (1, 1), "padding": padding, "dilation_rate": (3, 3), "groups": 2},
        channels=8,
        filters=6,
        kernel_size=(3, 5),
        bias=False,
    )
    assert layer.kernel_shape == (6, 4, 3, 5)
    assert parse_torch("ConvTranspose2d(8, 6, (3, 5), groups=2)").kernel_shape == (8, 3, 3, 5)


def test_a_rearrangement_of_pytorch_is_read() -> None:
    shuffle, back = parse_torch("nn.PixelShuffle(3)"), parse_torch("PixelUnshuffle(2)")
    assert shuffle == TorchLayer("depth_to_space", {"block_size": 3, "order": "crd"})
    assert back == TorchLayer("space_to_depth", {"block_size": 2, "order": "crd"})


@in_one_test(
    ("text", "function", "size", "method", "convention", "aligned"),
    [
        ("Upsample(scale_factor=2)", "upsample", (2, 2), "nearest", "torch", False),
        ("nn.Upsample(None, (2, 3.0))", "upsample", (2, 3), "nearest", "torch", False),
        ("Upsample(size=7, mode='nearest-exact')", "resize", (7, 7), "nearest", "keras", False),
        (
            'Upsample(scale_factor=2, mode="bilinear", align_corners=True)',
            "upsample",
            (2, 2),
            "bilinear",
            "torch",
            True,
        ),
        ("UpsamplingBilinear2d((3, 5))", "resize", (3, 5), "bilinear", "torch", True),
        ("UpsamplingNearest2d(scale_factor=2)", "upsample", (2, 2), "nearest", "torch", False),
        ("F.interpolate(x, (3, 5), mode='bicubic')", "resize", (3, 5), "bicubic", "torch", False),
        ("interpolate(input=x[0], size=3, mode='area')", "resize", (3, 3), "area", "torch", False),
        (
            "torch.nn.functional.interpolate(f(x), 3, None, 'bicubic', antialias=True)",
            "resize",
            (3, 3),
            "bicubic",
            "keras",
            False,
        ),
        ("F.interpolate(x, 3, mode='lanczos', antialias=True)", "resize", (3, 3), "lanczos3",
         "keras", False),
    ],
)  # fmt: skip
def test_an_upsampling_of_pytorch_is_read(
    text: str,
    function: str,
    size: tuple[int, int],
    method: str,
    convention: str,
    aligned: bool,
) -> None:
    layer = parse_torch(text)
    assert layer.function == function
    assert layer.arguments == {
        "size": size,
        "interpolation": method,
        "convention": convention,
        "align_corners": aligned,
    }
    assert (layer.channels, layer.filters, layer.kernel_size) == (None, None, None)


@in_one_test(
    ("text", "reason"),
    [
        ("", "must be spelled as in PyTorch code"),
        ("ConvTranspose2d(64, 3, 4", "was never closed"),
        ("ConvTranspose2d", "Did you mean ConvTranspose2d"),
        ("ConvTranspose2D(64, 3, 4)", "Did you mean ConvTranspose2d"),
        ("Conv2D(64, 3, 4)", "Did you mean Conv2d"),
        ("xyz(1)", "Use one of ConvTranspose2d, Conv2d, Upsample"),
        ("Conv2d(64, 3)", "needs kernel_size, which is not given"),
        ("Conv2d(64, 3, 4, output_padding=1)", "Received: output_padding"),
        ("Conv2d(64, 3, 4, padding='full')", "`padding` must be integers, 'valid', or with"),
        ("Conv2d(64, 3, 4, 2, padding='same')", "`padding` must be integers, 'valid', or with"),
        ("Conv2d(64, 3, 4, padding_mode='circular')", "`padding_mode` must be 'zeros', as upsamp"),
        ("Conv2d(64, 3, 4, groups=2)", "`groups` must divide in_channels and out"),
        ("PixelShuffle()", "needs upscale_factor, which is not given"),
        ("PixelShuffle(0)", "`upscale_factor` must be an integer of at least 1"),
        ("PixelShuffle((2, 2))", "`upscale_factor` must be an integer of at least 1"),
        ("PixelUnshuffle(-1)", "`downscale_factor` must be an integer of at least 1"),
        ("ConvTranspose2d(64, 3, 4)(x)", "must be spelled as in PyTorch code"),
        ("f().ConvTranspose2d(64, 3, 4)", "must be spelled as in PyTorch code"),
        ("ConvTranspose2d(64, 3)", "needs kernel_size, which is not given"),
        ("ConvTranspose2d(64, 3, 4, strides=2)", "Received: strides"),
        ("ConvTranspose2d(64, 3, 4, kernel_size=4)", "Received: kernel_size twice"),
        ("ConvTranspose2d(64, 3, 4, stride=2, stride=2)", "Received: stride twice"),
        ("ConvTranspose2d(1, 2, 3, 4, 0, 0, 1, True, 1, 'zeros', None, None, 1)", "at most 12"),
        ("ConvTranspose2d(64, 3, 0)", "`kernel_size` must be one positive integer"),
        ("ConvTranspose2d(64, 3, 4, 2.0)", "`stride` must be one positive integer"),
        ("ConvTranspose2d(64, 3, 4, padding=-1)", "`padding` must be one integer of at least 0"),
        ("ConvTranspose2d(64, 3, 4, padding='same')", "`padding` must be one integer of at least"),
        ("ConvTranspose2d(64, 3, 4, 2, output_padding=2)", "`output_padding` must be smaller"),
        ("ConvTranspose2d(64, 3, 4, groups=2)", "`groups` must divide in_channels and out"),
        ("ConvTranspose2d(64, 3, 4, padding_mode='reflect')", "`padding_mode` must be 'zeros'"),
        ("ConvTranspose2d(64, 3, 4, bias=1)", "`bias` must be True or False"),
        ("ConvTranspose2d(True, 3, 4)", "`in_channels` must be an integer"),
        ("Upsample()", "Either `size` or `scale_factor` must be given"),
        ("Upsample(4, 2)", "Either `size` or `scale_factor` must be given"),
        ("Upsample(scale_factor=1.5)", "`scale_factor` must be whole"),
        ("Upsample(scale_factor=(2, 2, 2))", "`scale_factor` must be one positive integer"),
        ("Upsample(scale_factor=2, mode='trilinear')", "`mode` must be one of 'nearest'"),
        ("Upsample(scale_factor=2, mode=[1])", "`mode` must be one of 'nearest'"),
        ("Upsample(scale_factor=2, align_corners=False)", "`align_corners` must go with"),
        ("Upsample(scale_factor=2, antialias=True)", "Received: antialias"),
        ("F.interpolate(x, 4, antialias=True)", "`antialias=True` must go with"),
        ("F.interpolate(x, 4, mode='lanczos')", "`mode='lanczos'` must go with antialias=True"),
    ],
)
def test_a_layer_that_cannot_be_read_is_explained(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason.replace("(", r"\(")):
        parse_torch(text)


@in_one_test(
    "text",
    [
        "ConvTranspose2d(__import__('os').system('touch hacked'), 3, 4)",
        "ConvTranspose2d(*[1, 2, 3])",
        "ConvTranspose2d(**{'in_channels': 1})",
        "ConvTranspose2d(lambda: 1, 3, 4)",
        "ConvTranspose2d([i for i in range(9)], 3, 4)",
        "ConvTranspose2d((x := 4), 3, 4)",
        "ConvTranspose2d(9 ** 9 ** 9 ** 9, 3, 4)",
        "ConvTranspose2d(9 << 999999999, 3, 4)",
        "ConvTranspose2d(1 // 0, 3, 4)",
        "ConvTranspose2d('a' * 999999999, 3, 4)",
        "ConvTranspose2d((1,) * 999999999, 3, 4)",
        f"ConvTranspose2d({'9' * 1900}, 3, 4)",
        f"ConvTranspose2d(0x{'f' * 1900}, 3, 4)",
        "ConvTranspose2d(1e999, 3, 4)",
        "ConvTranspose2d(2 ** 62 * 4, 3, 4)",
        "ConvTranspose2d(2j, 3, 4)",
        "ConvTranspose2d(b'1', 3, 4)",
        "ConvTranspose2d(f'{1}', 3, 4)",
        "ConvTranspose2d(..., 3, 4)",
        f"ConvTranspose2d({'(' * 900}1{')' * 900}, 3, 4)",
        f"ConvTranspose2d({'-' * 1900}1, 3, 4)",
        f"ConvTranspose2d({'1+' * 950}1, 3, 4)",
        f"ConvTranspose2d({'[' * 150}{']' * 150}, 3, 4)",
        "ConvTranspose2d(1 if 1else 2, 3, 4)",
        "ConvTranspose2d(64, 3, 4)\0",
        "ConvTranspose2d(64, 3, 4); import os",
        "import os",
        "\udc80ConvTranspose2d(64, 3, 4)",
        "ConvTranspose2d(64, 3, 4" + ", 1" * 5000 + ")",
    ],
)
def test_hostile_text_is_an_error_and_is_never_run(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_torch(text)
    assert len(str(caught.value)) < 500
