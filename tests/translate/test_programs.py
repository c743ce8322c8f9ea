"""What is printed for other libraries, and what is read of theirs; oracle_tests run the rest."""

import ast
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from upsamp.core.convolution import conv2d_transpose
from upsamp.core.interpolation import has_kernel, plan_axis
from upsamp.core.resample import resize
from upsamp.errors import ArgumentError, ExpressionError, ShapeError
from upsamp.translate import (
    LIBRARIES,
    TorchLayer,
    TransposedConvolution,
    Upsampling,
    array_source,
    parse_torch,
    transposed_convolution_program,
    upsampling_program,
)
from upsamp.translate.weights import floats_find_the_nearest, indices, weights

each_library = pytest.mark.parametrize("library", LIBRARIES)

SMALL = "np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)"


def convolution(library: str, shape: tuple[int, ...], *settings: Any, **named: Any) -> str:
    """Print a program for a kernel of this shape on 4 rows and 5 columns."""
    chosen = TransposedConvolution.of((1, 4, 5, shape[3]), shape, *settings, **named)
    bias = "np.load('bias.npy')" if chosen.bias else None
    return transposed_convolution_program(
        chosen, library, "np.load('x.npy')", "np.load('kernel.npy')", bias
    )


def upsampling(library: str, given: tuple[int, int], *settings: Any, **named: Any) -> str:
    """Print a program for one image of one channel."""
    return upsampling_program(
        Upsampling.of((1, *given, 1), *settings, **named), library, "np.load('x.npy')"
    )


def comments_of(program: str) -> str:
    """Give the comments of a program, on one line."""
    return " ".join(line[2:] for line in program.splitlines() if line.startswith("# "))


# --- the programs


@each_library
def test_every_program_is_python_that_defines_and_prints_y(library: str) -> None:
    programs = [
        convolution(library, (k, k + 1, 2, 4), s, padding, None, d, groups, bias=bias)
        for k, s, d, groups, bias, padding in itertools.product(
            (1, 2, 4), (1, 3), (1, 2), (1, 2), (True, False), ("valid", "same", ((0, 1), (1, 0)))
        )
        if (k, s) != (1, 1)
    ]
    programs += [
        upsampling(library, (3, 4), size, method, convention)
        for size, convention, method in itertools.product(
            ((6, 8), (7, 11), (3, 4)),
            ("keras", "torch"),
            ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "mitchellcubic"),
        )
        if has_kernel(method, convention)  # type: ignore[arg-type]  # they are names of methods
    ]
    for program in programs:
        tree = ast.parse(program)
        assert ast.unparse(tree.body[-1]) == "print(y)"
        stored = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        assert {"x", "y"} <= stored
        assert all(len(line) <= 100 for line in program.splitlines())
        assert program.endswith("print(y)\n")


def test_a_program_of_keras() -> None:
    settings = TransposedConvolution.of((1, 2, 2, 1), (3, 3, 1, 1), 2, "same", bias=True)
    assert transposed_convolution_program(
        settings, "keras", SMALL, "np.ones((3, 3, 1, 1))", "np.zeros(1)"
    ) == (
        "# Transposed convolution of (1, 2, 2, 1) to (1, 4, 4, 1) in Keras\n"
        "import keras\n"
        "import numpy as np\n"
        "\n"
        "x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1).astype(np.float32)\n"
        "kernel = np.ones((3, 3, 1, 1)).astype(np.float32)\n"
        "bias = np.zeros(1).astype(np.float32)\n"
        "\n"
        'layer = keras.layers.Conv2DTranspose(1, kernel_size=3, strides=2, padding="same")\n'
        "layer.build(x.shape)\n"
        "layer.set_weights([kernel, bias])\n"
        "y = keras.ops.convert_to_numpy(layer(x))\n"
        "print(y)\n"
    )


def test_a_program_of_pytorch_that_cuts() -> None:
    assert convolution("torch", (3, 3, 2, 4), 2, "same").partition("\n\nimages")[2] == (
        " = torch.tensor(x.transpose(0, 3, 1, 2))  # (N, C, H, W)\n"
        "weight = torch.tensor(kernel.transpose(3, 2, 0, 1))  # (channels, filters, rows, columns)"
        "\n# PyTorch's padding crops both ends alike, and its output_padding adds to the end less "
        "than the\n# stride or the dilation: the rest is done below.\n"
        "y = F.conv_transpose2d(images, weight, stride=2)\n"
        "y = y.numpy().transpose(0, 2, 3, 1)\n"
        "y = y[:, :8, :10]\n"
        "print(y)\n"
    )


def test_a_program_of_jax() -> None:
    assert convolution("jax", (4, 4, 2, 4), 2, 1, bias=True).partition("\n\n")[2] == (
        "x = np.load('x.npy').astype(np.float32)\n"
        "kernel = np.load('kernel.npy').astype(np.float32)\n"
        "bias = np.load('bias.npy').astype(np.float32)\n"
        "\n"
        "# The padding counts the zeros around the spread inputs: the length that the kernel "
        "covers, less\n# 1, less what is cropped.\n"
        "y = jax.lax.conv_transpose(\n"
        "    x, kernel, strides=(2, 2), padding=[(2, 2), (2, 2)], transpose_kernel=True\n"
        ")\n"
        "y = np.asarray(y + bias)\n"
        "print(y)\n"
    )


def test_a_program_of_onnx() -> None:
    program = upsampling("onnx", (2, 3), (5, 6), "bicubic")
    assert (
        'node = helper.make_node(\n    "Resize",\n    ["x", "", "", "sizes"],\n    ["y"],\n'
        '    mode="cubic",\n    coordinate_transformation_mode="half_pixel",\n'
        "    cubic_coeff_a=-0.5,\n    exclude_outside=1,\n)\n"
        'constants = [numpy_helper.from_array(np.array([1, 1, 5, 6], np.int64), "sizes")]\n'
    ) in program


def test_what_pytorch_calls_padding_1_is_same_in_keras() -> None:
    program = convolution("keras", (4, 4, 2, 4), 2, 1)
    assert '    2, kernel_size=4, strides=2, padding="same", use_bias=False\n' in program
    assert "#" not in program.partition("\n")[2]


@pytest.mark.parametrize(
    ("library", "settings", "named", "text"),
    [
        ("keras", (2, "valid", None, 2), {}, "Keras takes no strides above 1 together with a"),
        ("keras", (1, "valid", None, 1, 2), {}, "Keras' Conv2DTranspose has no groups"),
        ("keras", (2, 0), {"output_shape": (9, 9)}, "Keras has no output_shape"),
        ("keras", (2, ((0, 2), (1, 0))), {}, "Keras has no padding in numbers"),
        ("keras", (2, "same", 0), {}, "TensorFlow refuses output_padding=0"),
        ("torch", (2, ((0, 2), (1, 0))), {}, "PyTorch's padding crops both ends alike"),
        ("onnx", (2, 0), {"output_shape": (19, 19)}, "ONNX Runtime takes no output_padding of"),
        ("onnx", (2, 0), {"output_shape": (19, 19)}, "No input reaches the end of the result"),
        ("jax", (1, "valid", None, 1, 2), {}, "lax.conv_transpose has no groups"),
    ],
)
def test_a_convolution_that_a_library_lacks_is_explained(
    library: str, settings: tuple[Any, ...], named: dict[str, Any], text: str
) -> None:
    program = convolution(library, (4, 4, 2, 4), *settings, **named)
    assert text in comments_of(program)


@pytest.mark.parametrize(
    ("library", "settings", "text"),
    [
        ("keras", ((6, 6), "area"), "By a whole factor, area copies each pixel."),
        ("keras", ((6, 6), "gaussian"), "Keras has no gaussian; TensorFlow has."),
        ("keras", ((3, 3), "gaussian"), "TensorFlow leaves an image alone whose size does not"),
        ("keras", ((9, 9), "bicubic"), "table of 1024 steps"),
        ("keras", ((6, 6), "bicubic", "torch"), "PyTorch with a = -0.75 and the edge repeated"),
        ("keras", ((7, 7), "area", "torch"), "Keras has no area, and TensorFlow's weights each"),
        ("torch", ((6, 6), "bicubic"), "PyTorch's bicubic has a = -0.75 and repeats edges"),
        ("torch", ((7, 7), "area"), "PyTorch's area counts every input that is touched wholly"),
        ("torch", ((6, 6), "lanczos3"), "PyTorch has lanczos3 only of late and on a CPU"),
        ("torch", ((6, 6), "mitchellcubic"), "PyTorch has no mitchellcubic"),
        ("onnx", ((6, 6), "lanczos5"), "ONNX' Resize has no lanczos5"),
        ("jax", ((6, 6), "area"), "By a whole factor, area copies each pixel."),
        ("jax", ((7, 7), "area"), "JAX has area since 0.10."),
        ("jax", ((7, 7), "area", "torch"), "JAX's area counts each input by how much of it"),
        ("jax", ((6, 6), "bicubic", "torch"), "its cubic-pytorch, new in 0.10, has a = -0.75"),
        ("jax", ((6, 6), "gaussian"), "JAX has no gaussian"),
    ],
)
def test_an_upsampling_that_a_library_lacks_is_explained(
    library: str, settings: tuple[Any, ...], text: str
) -> None:
    program = upsampling(library, (3, 3), *settings)
    assert text in comments_of(program)


def test_aligned_corners_are_explained() -> None:
    named = {"align_corners": True}
    assert "# Keras has no align_corners" in upsampling(
        "keras", (2, 3), (4, 6), "bilinear", "torch", **named
    )
    assert "has no align_corners: this gives" in upsampling(
        "jax", (2, 3), (4, 6), "bilinear", "torch", **named
    )
    assert "no scale aligns those of one pixel" in upsampling(
        "jax", (1, 3), (4, 6), "bilinear", "torch", **named
    )


@each_library
def test_nearest_is_written_in_whole_numbers_where_floats_err(library: str) -> None:
    why = "has positions in floats, which round wrongly where pixels meet"
    for given, size, convention, errs in (
        ((10, 10), (25, 25), "keras", True),
        ((14, 14), (46, 46), "torch", True),
        ((10, 10), (20, 20), "keras", False),
        ((2, 2), (5, 5), "keras", False),
    ):
        program = upsampling(library, given, size, "nearest", convention)
        assert (why in comments_of(program)) == errs
    by_edge = comments_of(upsampling(library, (2, 2), (5, 5), "nearest", "torch"))
    assert ("that which holds its first edge" in by_edge) == (library in ("keras", "jax"))


def test_a_program_refuses_what_it_cannot_use() -> None:
    settings = TransposedConvolution.of((1, 2, 2, 1), (2, 2, 1, 1), bias=True)
    with pytest.raises(ArgumentError, match="`bias` must be given where the settings have one"):
        transposed_convolution_program(settings, "torch", "x", "kernel")
    with pytest.raises(ArgumentError, match="`library` must be one of 'keras', 'torch', 'onnx'"):
        transposed_convolution_program(settings, "caffe", "x", "kernel", "bias")
    with pytest.raises(ArgumentError, match="`library` must be one of"):
        upsampling_program(Upsampling.of((1, 2, 2, 1), (4, 4)), "caffe", "x")
    with pytest.raises(ArgumentError, match="`x` must be the source of an array, one Python"):
        upsampling_program(Upsampling.of((1, 2, 2, 1), (4, 4)), "torch", "import os")
    program = upsampling_program(Upsampling.of((1, 2, 2, 1), (4, 4)), "torch", "a + b")
    assert "x = np.asarray(a + b, np.float32)\n" in program


# --- the settings


def test_settings_say_the_shape_that_is_computed() -> None:
    x, kernel = np.ones((2, 4, 5, 4)), np.ones((3, 2, 3, 4))
    for arguments in (
        {"strides": 2, "padding": "same"},
        {"strides": (3, 1), "padding": ((0, 1), (1, 0)), "groups": 2},
        {"dilation_rate": 2, "output_shape": (9, 9)},
        {"strides": 3, "padding": 1, "output_padding": (1, 2)},
    ):
        settings = TransposedConvolution.of(x.shape, kernel.shape, **arguments)  # type: ignore[arg-type]  # they vary
        # the settings vary in type
        result = conv2d_transpose(x, kernel, **arguments)  # type: ignore[arg-type]
        assert settings.result_shape == result.shape


@pytest.mark.parametrize(
    ("shapes", "named", "text"),
    [
        (((1, 2, 2), (2, 2, 1, 1)), {}, "`input_shape` must have four dimensions"),
        (((1, 2, 2, 0), (2, 2, 1, 1)), {}, "`input_shape` must be an integer of at least 1"),
        (((1, 2, 2, 3), (2, 2, 1, 1)), {}, "`kernel_shape` must be .rows, columns, filters"),
        (((1, 2, 2, 3), (2, 2, 1, 3)), {"groups": 2}, "`groups` must divide C"),
        (
            ((1, 2, 2, 1), (2, 2, 1, 1)),
            {"output_shape": 4, "output_padding": 0},
            "`output_shape` must stand alone",
        ),
        (((1, 2, 2, 1), (2, 2, 1, 1)), {"padding": 9}, "The output must not be empty"),
        (((1, 2, 2, 1), (2, 2, 1, 1)), {"strides": 0}, "`strides` must be one positive integer"),
        (((1, 2, 2, 1), (2, 2, 1, 1)), {"padding": "full"}, "`padding` must be one of"),
    ],
)
def test_settings_that_make_no_convolution(
    shapes: tuple[Any, Any], named: dict[str, Any], text: str
) -> None:
    with pytest.raises(ArgumentError, match=text):
        TransposedConvolution.of(*shapes, **named)


def test_settings_that_make_no_upsampling() -> None:
    shape = (1, 4, 4, 1)
    with pytest.raises(ArgumentError, match="`size` must not be below the size of the input"):
        Upsampling.of(shape, (8, 3))
    with pytest.raises(ArgumentError, match="`interpolation` must be one that convention='torch'"):
        Upsampling.of(shape, 8, "lanczos3", "torch")
    with pytest.raises(ArgumentError, match="`align_corners=True` must go with"):
        Upsampling.of(shape, 8, "bilinear", align_corners=True)
    with pytest.raises(ShapeError, match="`input_shape` must have four dimensions"):
        Upsampling.of((4, 4), 8)


def test_settings_know_whole_factors() -> None:
    whole, other = Upsampling.of((1, 2, 3, 1), (4, 9), "area"), Upsampling.of((1, 2, 3, 1), (4, 4))
    assert (whole.factors, whole.copies, whole.result_shape) == ((2, 3), True, (1, 4, 9, 1))
    assert (other.factors, other.copies) == (None, True)
    assert not Upsampling.of((1, 2, 3, 1), (4, 4), "area").copies


# --- weights and copies written out


def run(lines: list[str]) -> dict[str, Any]:
    """Run the lines of a program that need NumPy alone."""
    space: dict[str, Any] = {"np": np}
    exec("\n".join(lines), space)
    return space


@pytest.mark.parametrize("sizes", [((3, 4), (6, 8)), ((3, 4), (7, 11)), ((1, 2), (3, 5))])
@pytest.mark.parametrize(
    ("method", "convention", "aligned"),
    [
        *((m, "keras", False) for m in ("bilinear", "bicubic", "lanczos3", "lanczos5")),
        *((m, "keras", False) for m in ("area", "mitchellcubic", "gaussian")),
        *((m, "torch", False) for m in ("area", "bicubic")),
        *((m, "torch", True) for m in ("bilinear", "bicubic")),
    ],
)
def test_weights_written_out_are_those_of_the_core(
    sizes: tuple[tuple[int, int], tuple[int, int]], method: str, convention: str, aligned: bool
) -> None:
    given, size = sizes
    settings = Upsampling.of((1, *given, 1), size, method, convention, align_corners=aligned)
    x = np.random.default_rng(0).standard_normal(given)
    space = run(weights(settings))
    np.testing.assert_allclose(
        space["rows"] @ x @ space["columns"].T,
        resize(x, size, method, convention, align_corners=aligned),
        atol=2e-6,
    )
    plan = plan_axis(given[0], size[0], "bilinear")
    assert space["rows"].shape == (len(plan.first), given[0])


@pytest.mark.parametrize("convention", ["keras", "torch"])
def test_copies_written_out_are_those_of_the_core(convention: str) -> None:
    settings = Upsampling.of((1, 10, 14, 1), (25, 46), "nearest", convention)
    x = np.arange(140).reshape(10, 14)
    space = run(indices(settings, "JAX"))
    np.testing.assert_array_equal(
        x[space["rows"]][:, space["columns"]], resize(x, (25, 46), "nearest", convention)
    )
    assert not floats_find_the_nearest(settings)


# --- arrays written out


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, 1 / 3, -1e-45, 3.4e38, 16777217.0], np.float32),
        np.array([[0.1, 1 / 3], [5e-324, 1.7e308]]),
        np.array([65504.0, 0.1, 6e-8], np.float16),
        np.array([[1, -2], [3, 2**62]]),
        np.array([[0, 255]], np.uint8),
        np.array([True, False]),
        np.array([np.nan, np.inf, -np.inf, -0.0]),
        np.linspace(-1, 1, 64).reshape(4, 16),
    ],
)
def test_a_small_array_is_written_exactly(array: npt.NDArray[Any]) -> None:
    shape = (1, array.size, 1, 1)
    space = run([f"array = {array_source(array, shape)}"])
    written = space["array"].astype(array.dtype)
    np.testing.assert_array_equal(written, array.reshape(shape))
    np.testing.assert_array_equal(np.signbit(written), np.signbit(array.reshape(shape)))


def test_a_large_array_is_read_from_a_file() -> None:
    assert array_source(np.ones((5, 13)), (1, 5, 13, 1), "in.npy") == (
        "np.load('in.npy').reshape(1, 5, 13, 1)"
    )
    assert array_source(np.ones((1, 5, 13, 1)), (1, 5, 13, 1)) == "np.load('x.npy')"


# --- layers of PyTorch


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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be spelled as in PyTorch code"),
        ("ConvTranspose2d(64, 3, 4", "was never closed"),
        ("ConvTranspose2d", "Did you mean ConvTranspose2d"),
        ("ConvTranspose2D(64, 3, 4)", "Did you mean ConvTranspose2d"),
        ("Conv2d(64, 3, 4)", "Did you mean ConvTranspose2d"),
        ("xyz(1)", "Known: ConvTranspose2d, Upsample"),
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


@pytest.mark.parametrize(
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
