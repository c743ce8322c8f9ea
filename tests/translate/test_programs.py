"""The programs printed for other libraries, which tests/real_libraries run, and their notes."""

import ast
import itertools
from typing import Any

import pytest
from effort import in_one_test

from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError
from upsamp.translate import (
    LIBRARIES,
    TransposedConvolution,
    Upsampling,
    transposed_convolution_program,
    upsampling_program,
)

each_library = in_one_test("library", LIBRARIES)

SMALL = "np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)"


def convolution(library: str, shape: tuple[int, ...], *settings: Any, **named: Any) -> str:
    """Print a program for a kernel of this shape on 4 rows and 5 columns."""
    chosen = TransposedConvolution.of((1, 4, 5, shape[3]), shape, *settings, **named)
    bias = "np.load('bias.npy')" if chosen.bias else None
    return transposed_convolution_program(
        chosen, library, "np.load('x.npy')", "np.load('kernel.npy')", bias
    )


def upsampling(
    library: str,
    given: tuple[int, int],
    size: tuple[int, int],
    method: str,
    convention: str = "keras",
    **named: Any,
) -> str:
    """Print a program for one image of one channel."""
    settings = Upsampling.of((1, *given, 1), size, method, convention=convention, **named)
    return upsampling_program(settings, library, "np.load('x.npy')")


def comments_of(program: str) -> str:
    """Return the comments of a program, on one line."""
    return " ".join(line[2:] for line in program.splitlines() if line.startswith("# "))


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
        for size, method in itertools.product(((6, 8), (7, 11), (3, 4)), METHODS)
        for convention in METHODS[method].kernels
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


@in_one_test(
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


@in_one_test(
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
