"""`--code` and `--from`: programs on standard output, and layers of PyTorch as settings."""

import ast
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from golden_files import save_arrays
from numpy.typing import NDArray
from PIL import Image

import upsamp
from upsamp.core.kernels.presets import make_kernel

Invoke = Callable[..., Result]
Array = NDArray[Any]

LIBRARIES = ("keras", "torch", "onnx", "jax")
# What a program of each library imports, besides NumPy; what Keras lacks, TensorFlow has.
MODULES = {
    "keras": {"keras", "tensorflow"},
    "torch": {"torch"},
    "onnx": {"onnx", "onnxruntime"},
    "jax": {"jax"},
}
LAYER = "ConvTranspose2d(64, 3, 4, stride=2, padding=1)"

each_library = in_one_test("library", LIBRARIES)


def assert_program(text: str, library: str) -> None:
    """Assert that this is a program of the library, and nothing else."""
    tree = ast.parse(text)
    imported = {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported & MODULES[library]
    assert "numpy" in imported
    assert text.endswith("print(y)\n")


def numbers_in(program: str, name: str) -> str:
    """Return what a program assigns to a name, as source."""
    for node in ast.parse(program).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.unparse(node.value)
    raise AssertionError(program)


@each_library
@pytest.mark.parametrize("stride", [10**9, 10**50])
def test_a_stride_of_any_size_is_told_at_once(invoke: Invoke, library: str, stride: int) -> None:
    words = ("--stride", str(stride), "--padding", "same", "--kernel", "4")
    result = invoke("transpose-conv", "1 2; 3 4", *words, "--code", library)
    assert_program(result.stdout, library)
    assert str(stride) in result.stdout


@each_library
@pytest.mark.parametrize(
    "words",
    [
        ("upsample", "--interp", "nearest"),
        ("upsample", "--interp", "bicubic", "--to", "5x7"),
        ("upsample", "--interp", "bicubic", "--convention", "torch", "--size", "1.5"),
        ("upsample", "--interp", "bilinear", "--convention", "torch", "--align-corners"),
        ("upsample", "--interp", "gaussian"),
        ("upsample", "--interp", "area", "--to", "3x"),
        ("transpose-conv",),
        ("transpose-conv", "--kernel", "3", "--stride", "2", "--padding", "same"),
        ("transpose-conv", "--kernel", "3", "--stride", "2", "--dilation", "2"),
        ("transpose-conv", "--padding", "0", "1", "2", "0", "--kernel", "4", "--stride", "2"),
        ("transpose-conv", "--weights", "glorot", "--filters", "3", "--bias", "1 2 3"),
        ("transpose-conv", "--weights", "bilinear", "--kernel", "4", "--stride", "2"),
        ("transpose-conv", "--stride", "2", "--output-shape", "6"),
    ],
)
def test_a_program_goes_to_standard_output_alone(
    invoke: Invoke, words: tuple[str, ...], library: str
) -> None:
    result = invoke(*words, "1 2; 3 4", "--code", library)
    assert (result.exit_code, result.stderr) == (0, "")
    assert_program(result.stdout, library)
    assert list(Path().iterdir()) == []
    before = invoke(words[0], "--code", library.upper(), *words[1:], "1 2; 3 4")
    assert before.stdout == result.stdout


@each_library
@pytest.mark.parametrize("command", ["upsample", "transpose-conv"])
def test_the_program_holds_the_input_and_tells_where_none_was_given(
    invoke: Invoke, command: str, library: str
) -> None:
    result = invoke(command, "--code", library)
    assert result.exit_code == 0
    assert_program(result.stdout, library)
    assert result.stderr.startswith("Note: no input was given")
    source = numbers_in(result.stdout, "x")
    value = eval(source, {"np": np})
    np.testing.assert_array_equal(value, np.array([[1, 2], [3, 4]], "f4").reshape(1, 2, 2, 1))


@each_library
def test_the_program_holds_the_kernel_and_the_bias(invoke: Invoke, library: str) -> None:
    kernel = np.random.default_rng(50).random((3, 2, 2, 1))
    np.save("kernel.npy", kernel)
    options = ("--weights", "kernel.npy", "--bias", "0.5 -1", "--code", library)
    result = invoke("transpose-conv", "1 2; 3 4", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    for name, expected in (("kernel", kernel), ("bias", [0.5, -1])):
        source = numbers_in(result.stdout, name)
        value = eval(source, {"np": np})
        np.testing.assert_array_equal(value, np.asarray(expected, "f4"))


def loaded(program: str, name: str) -> Array:
    """Return the array that a program reads, as it reads it."""
    lines = program.splitlines()
    imports = [
        line for line in lines if re.match(r"(import numpy|import upsamp|from PIL|from upsa)", line)
    ]
    space: dict[str, Any] = {}
    exec("\n".join(imports), space)
    array: Array = eval(numbers_in(program, name), space)
    return array


def write_inputs() -> dict[str, Array]:
    """Write arrays and images of each kind, and return what they hold, as (N, H, W, C)."""
    random = np.random.default_rng(51)
    feature = random.random((1, 9, 10, 3))
    rows = np.round(random.random((9, 10)), 3)
    np.save("a.npy", feature)
    save_arrays("two.npz", {"c/t": feature, "other": rows}, small=True)
    np.savez("one.npz", feature)
    np.savetxt("rows.txt", rows, fmt="%.3f")
    np.savetxt("rows.csv", rows, fmt="%.3f", delimiter=",")
    np.savetxt("headed.csv", rows, fmt="%.3f", delimiter=",", header="a,b", comments="")
    Path("rows.json").write_text(json.dumps(rows.tolist()))
    with gzip.open("packed.npy.gz", "wb") as stream:
        np.save(stream, feature)
    pixels = random.integers(0, 256, (9, 10, 4)).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.save("alpha.png")
    turned = Image.fromarray(pixels[..., :3])
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save("turned.png", exif=exif)
    indexed = turned.quantize(16)
    indexed.save("indexed.png", transparency=3)
    upsamp.write("deep.png", pixels[..., 0].astype(np.uint16) * 256)
    Image.fromarray(pixels[..., 0].astype(np.float32) / 7).save("float.tif")
    Path("deep.pgm").write_bytes(b"P5 10 9 65535\n" + pixels[..., 0].astype(">u2").tobytes())
    matrix = rows.reshape(1, 9, 10, 1)
    upright = np.asarray(turned.transpose(Image.Transpose.ROTATE_270))
    return {
        **dict.fromkeys(("a.npy", "two.npz:c/t", "one.npz", "packed.npy.gz"), feature),
        **dict.fromkeys(("rows.txt", "rows.csv", "rows.json"), matrix),
        "alpha.png": pixels[np.newaxis],
        "turned.png": upright[np.newaxis],
        "indexed.png": np.asarray(Image.open("indexed.png").convert("RGBA"))[np.newaxis],
        "deep.png": pixels[np.newaxis, ..., :1] * 256.0,
        "deep.pgm": pixels[np.newaxis, ..., :1] * 1.0,
        "float.tif": (pixels[np.newaxis, ..., :1].astype(np.float32) / 7),
    }


def test_a_program_reads_the_file_that_was_given_as_the_command_does(invoke: Invoke) -> None:
    # What NumPy and Pillow read alike is left to them; the rest is read by upsamp.
    own = ("packed.npy.gz", "rows.json", "deep.pgm")
    for name, expected in write_inputs().items():
        result = invoke("upsample", name, "--interp", "bilinear", "--code", "torch")
        assert (result.exit_code, result.stderr) == (0, ""), name
        assert ("upsamp.read(" in result.stdout) == (name in own), name
        np.testing.assert_array_equal(loaded(result.stdout, "x"), expected.astype("f4"), name)


def test_the_layout_and_the_frame_are_those_of_the_command(invoke: Invoke) -> None:
    planes = np.random.default_rng(52).random((3, 9, 10))
    np.save("planes.npy", planes)
    for name, expected in (("planes.npy", planes[np.newaxis]), ("batch.npy", planes[np.newaxis])):
        np.save("batch.npy", planes[np.newaxis])
        result = invoke("upsample", name, "--data-format", "channels_first", "--code", "jax")
        wanted = expected.transpose(0, 2, 3, 1).astype("f4")
        np.testing.assert_array_equal(loaded(result.stdout, "x"), wanted)
    frames = [Image.new("RGB", (9, 9), (shade, 0, 0)) for shade in (10, 250)]
    frames[0].save("two.gif", save_all=True, append_images=frames[1:])
    for number, shade in ((0, 10), (1, 250)):
        result = invoke("upsample", "two.gif", "--frame", number, "--code", "jax")
        assert loaded(result.stdout, "x")[0, 0, 0, 0] == shade


def test_what_comes_through_a_pipe_is_written_out_or_refused(invoke: Invoke) -> None:
    result = invoke("upsample", "-", "--code", "jax", stdin="1 2 3\n4 5 6\n")
    assert loaded(result.stdout, "x").ravel().tolist() == [1, 2, 3, 4, 5, 6]
    result = invoke("upsample", "-", "--code", "jax", stdin="1 2 3\n" * 40)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "writes out 64 numbers that come through a pipe" in result.stderr
    for option in ("--weights", "--bias"):
        more = ("--filters", "70") if option == "--bias" else ()
        options = ("--weights", "random", *more, option, "-", "--code", "jax")
        result = invoke("transpose-conv", "1 2", *options, stdin="1 2 3 4 5 6 7\n" * 10)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "that come through a pipe, and no program reads them again" in result.stderr
    many = "; ".join(["1.5 2 3"] * 40)
    result = invoke("upsample", many, "--code", "jax")
    assert loaded(result.stdout, "x").shape == (1, 40, 3, 1)


def test_kernels_are_read_again_or_made_by_their_name(invoke: Invoke) -> None:
    kernel = np.random.default_rng(53).random((3, 5, 4, 6)).astype("f4")
    np.save("x.npy", np.zeros((4, 5, 6)))
    np.save("kernel.npy", kernel)
    np.save("torch.npy", kernel.transpose(3, 2, 0, 1))
    np.savetxt("window.txt", kernel[..., 0, 0].repeat(5, axis=0), fmt="%.8f")
    window = np.loadtxt("window.txt")[:, :, np.newaxis, np.newaxis]
    for words, expected in (
        (("kernel.npy",), kernel),
        (("torch.npy", "--kernel-layout", "torch"), kernel),
        (("torch.npy", "--from", "torch", "ConvTranspose2d(6, 4, (3, 5))"), kernel),
        (("random", "--kernel", "9", "--seed", "3"), make_kernel("random", (9, 9, 1, 6), seed=3)),
        (
            ("glorot", "--filters", "4", "--groups", "2"),
            np.tile(make_kernel("glorot", (3, 3, 2, 3)), (1, 1, 1, 2)),
        ),
    ):
        result = invoke("transpose-conv", "x.npy", "--weights", *words, "--code", "torch")
        assert result.exit_code == 0, result.stderr
        np.testing.assert_array_equal(loaded(result.stdout, "kernel"), expected.astype("f4"))
    result = invoke("transpose-conv", "1 2", "--weights", "window.txt", "--code", "torch")
    np.testing.assert_array_equal(loaded(result.stdout, "kernel"), window.astype("f4"))


def test_the_result_is_written_where_the_command_would(invoke: Invoke, samples: Path) -> None:
    lake = str(samples / "lake.png")
    for words, line in (
        ((lake, "-o", "y.png"), "Image.fromarray(y[0]).save('y.png')"),
        ((lake, "-o", "y.npy"), "np.save('y.npy', y[0])"),
        (
            (lake, "-o", "y.jpg"),
            "upsamp.write('y.jpg', upsamp.Picture(y[0], 'RGB'), overwrite=True)",
        ),
        ((lake,), "# y is the result, (N, H, W, C); with -o FILE the program writes it."),
        (("1 2; 3 4", "-o", "y.csv"), "upsamp.write('y.csv', y[0, :, :, 0], overwrite=True)"),
    ):
        result = invoke("upsample", *words, "--code", "torch")
        assert result.stdout.splitlines()[-2:] == [line, "print(y)"]
    result = invoke("upsample", "1 2; 3 4", "--code", "torch")
    assert "-o FILE" not in result.stdout


@each_library
def test_an_image_is_translated_channel_by_channel(
    invoke: Invoke, samples: Path, tmp_path: Path, library: str
) -> None:
    copy(samples / "lake.png", tmp_path)
    result = invoke("transpose-conv", "lake.png", "--stride", "2", "--code", library)
    assert (result.exit_code, result.stderr) == (0, "")
    assert_program(result.stdout, library)
    assert "of (3, 160, 240, 1) to (3, 321, 481, 1)" in result.stdout
    assert loaded(result.stdout, "x").shape == (3, 160, 240, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["lake.png"]


def test_what_pytorch_cannot_say_is_done_around_it_and_a_comment_tells_why(
    invoke: Invoke,
) -> None:
    options = ("--kernel", "3", "--stride", "2", "--padding", "same", "--code", "torch")
    result = invoke("transpose-conv", "1 2; 3 4", *options)
    assert result.exit_code == 0
    comments = " ".join(
        line.removeprefix("# ") for line in result.stdout.splitlines() if line.startswith("#")
    )
    assert "PyTorch's padding crops both ends alike" in comments
    assert "y = y[:, :4, :4]" in result.stdout


def test_stride_with_dilation_is_translated_with_the_reason_why_keras_cannot(
    invoke: Invoke,
) -> None:
    options = ("--stride", "2", "--dilation", "2", "--code", "keras")
    result = invoke("transpose-conv", "1 2; 3 4", *options)
    assert result.exit_code == 0
    assert_program(result.stdout, "keras")
    assert re.search(r"# .*Keras.*dilat", " ".join(result.stdout.splitlines()))


def test_an_unknown_library_is_an_error_of_the_command_line(invoke: Invoke) -> None:
    for command in ("upsample", "transpose-conv"):
        result = invoke(command, "1 2; 3 4", "--code", "caffe")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--code must be one of keras, torch, onnx, jax. Received: caffe." in result.stderr


@in_one_test(
    ("words", "code"),
    [
        (("upsample", "--to", "1x1"), 1),
        (("upsample", "--interp", "gaussian", "--convention", "torch"), 2),
        (("upsample", "--align-corners"), 2),
        (("transpose-conv", "--padding", "9"), 1),
        (("transpose-conv", "--groups", "2"), 1),
        (("transpose-conv", "--bias", "1 2"), 1),
    ],
)
def test_what_cannot_be_computed_has_no_program(
    invoke: Invoke, words: tuple[str, ...], code: int
) -> None:
    result = invoke(*words, "1 2; 3 4", "--code", "torch")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


# --- from PyTorch


def test_a_layer_of_pytorch_alone_is_shown_as_a_call(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "--from", "torch", LAYER)
    assert result.exit_code == 0
    call, comment = result.stdout.splitlines()
    tree = ast.parse(result.stdout).body[0]
    assert isinstance(tree, ast.Expr)
    assert isinstance(tree.value, ast.Call)
    given = {item.arg: ast.literal_eval(item.value) for item in tree.value.keywords}
    assert call.startswith("upsamp.conv2d_transpose(x, kernel, bias, ")
    assert given == {
        "strides": (2, 2),
        "padding": ((1, 1), (1, 1)),
        "output_padding": (0, 0),
        "dilation_rate": (1, 1),
        "groups": 1,
        "kernel_layout": "torch",
    }
    assert comment == "# x: (N, H, W, 64); kernel: PyTorch's weight, (64, 3, 4, 4)"
    assert result.stderr.startswith("Note: ")


@each_library
def test_a_layer_of_pytorch_is_translated_to_any_library(invoke: Invoke, library: str) -> None:
    result = invoke("transpose-conv", "--from", "torch", LAYER, "--code", library)
    assert result.exit_code == 0
    assert_program(result.stdout, library)
    assert "(1, 8, 8, 64) to (1, 16, 16, 3)" in result.stdout
    assert result.stderr.startswith("Note: no input was given, so the program takes a random one")
    if library == "keras":
        assert 'padding="same"' in result.stdout


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (
            "nn.ConvTranspose2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0))",
            {"strides": (2, 1), "padding": (1, 0)},
        ),
        (
            "torch.nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2, bias=False)",
            {"strides": 2, "padding": 1, "output_padding": 1, "groups": 2},
        ),
        ("ConvTranspose2d(4, 6, kernel_size=2, dilation=3)", {"padding": 0, "dilation_rate": 3}),
    ],
)
def test_a_layer_of_pytorch_is_computed_with_its_own_weights(
    invoke: Invoke, text: str, settings: dict[str, Any]
) -> None:
    generator = np.random.default_rng(52)
    x = generator.random((2, 5, 6, 4))
    taps = {"nn.": (3, 2), "tor": (3, 3), "Con": (2, 2)}[text[:3]]
    groups = 2 if "groups=2" in text else 1
    weight = generator.standard_normal((4, 6 // groups, *taps))
    np.save("x.npy", x)
    np.save("weight.npy", weight)
    options = ("--from", "torch", text, "--weights", "weight.npy", "-o", "y.npy")
    result = invoke("transpose-conv", "x.npy", *options)
    assert result.exit_code == 0
    expected = upsamp.conv2d_transpose(x, weight, kernel_layout="torch", **settings)
    np.testing.assert_array_equal(np.load("y.npy"), expected, strict=True)


@in_one_test(
    ("text", "message"),
    [
        ("", "must be spelled as in PyTorch code"),
        ("ConvTranspose2d(", "was never closed"),
        ("ConvTranspose2d(64, 3)", "needs kernel_size"),
        ("ConvTranspose2d(64, 3, 0)", "kernel_size"),
        ("ConvTranspose2d(64, 3, 4, stride=0)", "stride"),
        ("ConvTranspose2d(64, 3, 4, strides=2)", "Received: strides"),
        ("ConvTranspose2d(64, 3, 4, padding=-1)", "padding"),
        ("ConvTranspose2d(64, 3, 4, groups=5)", "`groups` must divide"),
        ("ConvTranspose2d(4, 3, 4, output_padding=3)", "output_padding"),
        ("ConvTranspose2d(4, 3, 4, padding_mode='reflect')", "padding_mode"),
        ("ConvTranspose2d(4, 3, x)", "ConvTranspose2d(4, 3, x)"),
        ("ConvTranspose2d(4, 3, 4, **{})", "ConvTranspose2d"),
        ("Upsample(scale_factor=2, mode='linear')", "`mode` must be one of"),
        ("Conv2d(4, 3, 3, padding_mode='reflect')", "`padding_mode` must be 'zeros'"),
        ("PixelShuffle(2.5)", "`upscale_factor` must be an integer"),
        ("Dense(3)", "Use one of ConvTranspose2d"),
        ("ConvTransposed2d(64, 3, 4)", "Did you mean ConvTranspose2d(...)?"),
        ("__import__('os').system('touch hacked')", "must be spelled as in PyTorch code"),
        ("ConvTranspose2d(open('hacked', 'w'), 3, 4)", "ConvTranspose2d"),
        ("ConvTranspose2d(9**9**9, 3, 4)", "ConvTranspose2d"),
        (f"ConvTranspose2d({'(' * 500}1{')' * 500}, 3, 4)", "ConvTranspose2d"),
        ("ConvTranspose2d(1, 1, 1)" + " " * 3000, "characters"),
        ("ConvTranspose2d(4,\n3,\nfoo)", "foo"),
    ],
)
@in_one_test("more", [(), ("--code", "torch"), ("1 2; 3 4",)])
def test_bad_or_hostile_text_ends_in_one_line(
    invoke: Invoke, text: str, message: str, more: tuple[str, ...]
) -> None:
    result = invoke("transpose-conv", "--from", "torch", text, *more)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("text", "call", "words"),
    [
        (
            "nn.Upsample(scale_factor=2, mode='bicubic')",
            (
                "upsamp.upsample(x, size=(2, 2), interpolation='bicubic', convention='torch', "
                "align_corners=False)"
            ),
            ("--size", "2", "--interp", "bicubic", "--convention", "torch"),
        ),
        (
            "UpsamplingBilinear2d((5, 9))",
            (
                "upsamp.resize(x, size=(5, 9), interpolation='bilinear', convention='torch', "
                "align_corners=True)"
            ),
            ("--to", "9x5", "--interp", "bilinear", "--convention", "torch", "--align-corners"),
        ),
        (
            "UpsamplingNearest2d(scale_factor=(2, 3))",
            (
                "upsamp.upsample(x, size=(2, 3), interpolation='nearest', convention='torch', "
                "align_corners=False)"
            ),
            ("--size", "2", "3", "--convention", "torch"),
        ),
    ],
)
def test_an_upsampling_of_pytorch_is_shown_and_is_what_upsample_does(
    invoke: Invoke, samples: Path, text: str, call: str, words: tuple[str, ...]
) -> None:
    layer = ("transpose-conv", "--from", "torch", text)
    assert invoke(*layer).stdout == f"{call}\n# x: (N, H, W, channels)\n"
    for given in (("1 2; 3 4",), ("1 2; 3 4", "--code", "torch"), ("--code", "jax")):
        result, direct = invoke(*layer, *given), invoke("upsample", *words, *given)
        assert (result.exit_code, result.stdout) == (0, direct.stdout)
    picture = str(samples / "sprite.png")
    if "--size" in words:
        invoke(*layer, picture, "-o", "a.png")
        invoke("upsample", picture, *words, "-o", "b.png")
        assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_a_convolution_of_pytorch_is_shown_and_computed_with_its_weights(invoke: Invoke) -> None:
    text = "Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2)"
    layer = ("transpose-conv", "--from", "torch", text)
    call, comment = invoke(*layer).stdout.splitlines()
    assert call == (
        "upsamp.conv2d(x, kernel, bias, strides=(2, 1), padding=((1, 1), (0, 0)), "
        "dilation_rate=(1, 1), groups=2, kernel_layout='torch')"
    )
    assert comment == "# x: (N, H, W, 4); kernel: PyTorch's weight, (6, 2, 3, 2)"
    generator = np.random.default_rng(53)
    x, weight = generator.random((2, 5, 6, 4)), generator.standard_normal((6, 2, 3, 2))
    np.save("x.npy", x)
    np.save("weight.npy", weight)
    np.save("keras.npy", weight.transpose(2, 3, 1, 0))
    expected = upsamp.conv2d(
        x, weight, np.full(6, 0.5), (2, 1), (1, 0), groups=2, kernel_layout="torch"
    )
    for stored in (("weight.npy",), ("keras.npy", "--kernel-layout", "keras")):
        options = ("--weights", *stored, "--bias", "0.5", "-o", "y.npy", "--force")
        result = invoke(*layer, "x.npy", *options)
        assert (result.exit_code, result.stderr) == (
            0,
            "conv2d (Conv2D): output shape (None, 3, 5, 6), 78 parameters\n",
        )
        np.testing.assert_array_equal(np.load("y.npy"), expected, strict=True)
    for weights, message in (
        ("keras.npy", "the layer's kernel, (6, 2, 3, 2). Received: (3, 2, 2, 6)"),
        ("bicubic", "--weights of a Conv2d must be a file or one of ones, random, glorot"),
    ):
        refused = invoke(*layer, "x.npy", "--weights", weights)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert message in refused.stderr


def test_a_matrix_is_one_channel_of_a_layer_of_pytorch(invoke: Invoke) -> None:
    for text, shown in (
        ("Conv2d(1, 1, 2, padding='same')", "10 6\n7 4\n"),
        ("PixelUnshuffle(2)", "[[[1, 2, 3, 4]]]\n"),
        ("PixelShuffle(1)", "1 2\n3 4\n"),
    ):
        assert invoke("transpose-conv", "1 2; 3 4", "--from", "torch", text).stdout == shown
    np.save("x.npy", np.arange(8, dtype=np.int16).reshape(8, 1, 1))
    options = ("--data-format", "channels_first", "-o", "y.npy")
    result = invoke("transpose-conv", "x.npy", "--from", "torch", "PixelShuffle(2)", *options)
    assert result.exit_code == 0
    expected = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    np.testing.assert_array_equal(np.load("y.npy"), expected, strict=True)


def test_another_library_is_an_error_of_the_command_line(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "--from", "caffe", LAYER)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--from must be" in result.stderr


def test_an_input_of_other_channels_than_the_layer_is_refused(invoke: Invoke) -> None:
    layer = ("--from", "torch", "ConvTranspose2d(64, 3, 4, stride=2)")
    for more in ((), ("--code", "keras")):
        result = invoke("transpose-conv", "1 2; 3 4", *layer, *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "must have the channels of the layer, 64. Received: 1" in result.stderr


def test_options_that_would_be_passed_over_are_refused(invoke: Invoke) -> None:
    for args in (
        ("transpose-conv", "--solve", "7", "28", "--code", "torch"),
        ("transpose-conv", "1 2", "--save-weights", "k.npy"),
        ("transpose-conv", "--from", "torch", "ConvTranspose2d(1, 1, 2)", "--kernel", "3"),
        ("transpose-conv", "1 2", "--from", "torch", "ConvTranspose2d(1, 1, 2)", "--stride", "3"),
        ("transpose-conv", "1 2", "--from", "torch", "ConvTranspose2d(1, 1, 2)", "--groups", "1"),
        ("transpose-conv", "1", "--from", "torch", "Conv2d(1, 1, 1, bias=False)", "--bias", "3"),
        ("transpose-conv", "1 2", "--from", "torch", "Conv2d(1, 1, 1)", "--code", "torch"),
        ("transpose-conv", "1 2", "--from", "torch", "PixelShuffle(1)", "--seed", "3"),
        ("transpose-conv", "1 2", "--from", "torch", "PixelShuffle(1)", "--max-memory", "1GB"),
        ("transpose-conv", "1 2", "--from", "torch", "Upsample(size=9)", "--weights", "ones"),
        ("upsample", "1 2", "--compare", "--code", "torch"),
        ("upsample", "1 2", "--to", "00x"),
    ):
        result = invoke(*args)
        assert (result.exit_code, result.stdout) == (2, ""), args


def test_only_the_option_that_was_given_is_named(invoke: Invoke) -> None:
    shuffle = ("transpose-conv", "1 2", "--from", "torch", "PixelShuffle(1)")
    for option, value in (("--code", "keras"), ("--max-memory", "1GB")):
        message = f"Error: {option} is for transposed convolutions and interpolation. Leave it out."
        assert message in invoke(*shuffle, option, value).stderr
