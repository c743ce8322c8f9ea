"""Every program that upsamp prints is run in the library that it is for, and computes the same."""

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from resize_definition import METHODS

import upsamp
from upsamp.cli import main
from upsamp.core.arguments import Array
from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.upsampling.resample import resize
from upsamp.errors import ShapeError
from upsamp.layers import Conv2DTranspose
from upsamp.translate import (
    LIBRARIES,
    TransposedConvolution,
    Upsampling,
    parse_torch,
    transposed_convolution_program,
    upsampling_program,
)

TOLERANCE = 2e-5  # of the range of the result
IMAGE = (2, 3, 4, 4)

each_library = pytest.mark.parametrize("library", LIBRARIES)


def source_of(shape: tuple[int, ...], seed: int) -> str:
    """Return the source of an array of noise, the same wherever it is evaluated."""
    return f"np.random.default_rng({seed}).standard_normal({shape})"


def noise(shape: tuple[int, ...], seed: int) -> Array:
    """Return the array that `source_of` spells, in float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def run(program: str) -> Array:
    """Run a program; give its `y`, which it must have printed."""
    space: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(program, "program", "exec"), space)
    y = space["y"]
    assert isinstance(y, np.ndarray)
    assert y.dtype == np.float32
    assert printed.getvalue() == f"{y}\n"
    return y


def assert_near(actual: Array, expected: Array, program: str, tolerance: float = TOLERANCE) -> None:
    """Compare two arrays up to a part of the range of the second."""
    reach = tolerance * max(1.0, float(np.ptp(expected)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=reach, err_msg=program)


# --- transposed convolution


def kernel_shape_of(settings: TransposedConvolution) -> tuple[int, int, int, int]:
    """Return the shape of the kernel in Keras' layout."""
    return (*settings.kernel, settings.filters // settings.groups, settings.input_shape[3])


def convolution_program(settings: TransposedConvolution, library: str) -> str:
    """Print a program on noise."""
    return transposed_convolution_program(
        settings,
        library,
        source_of(settings.input_shape, 1),
        source_of(kernel_shape_of(settings), 2),
        source_of((settings.filters,), 3) if settings.bias else None,
    )


def convolved(settings: TransposedConvolution) -> Array:
    """Compute with upsamp what the program of these settings computes."""
    return conv2d_transpose(
        noise(settings.input_shape, 1),
        noise(kernel_shape_of(settings), 2),
        noise((settings.filters,), 3) if settings.bias else None,
        settings.strides,
        settings.padding,
        settings.output_padding,
        settings.dilation_rate,
        settings.groups,
        output_shape=settings.output_shape,
    )


def make_settings() -> list[TransposedConvolution]:
    """Return every kernel, stride, dilation and padding, with the rest varied among them."""
    found: dict[TransposedConvolution, None] = {}
    margins = [1, (0, 2), ((0, 1), (2, 0)), ((2, 0), (1, 3))]
    count = itertools.count()

    def add(kernel: Any, stride: Any, dilation: Any, padding: Any, **others: Any) -> None:
        number = next(count)
        groups = 2 if number % 4 == 1 else 1
        rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
        shape = (rows, columns, 3, IMAGE[3])
        bias = number % 3 != 0
        with contextlib.suppress(ShapeError):  # a padding can crop all there is
            settings = TransposedConvolution.of(
                IMAGE, shape, stride, padding, None, dilation, groups, bias=bias
            )
            if others:
                settings = TransposedConvolution.of(
                    IMAGE, shape, stride, padding, dilation_rate=dilation, groups=groups,
                    bias=bias, **others,
                )  # fmt: skip
            found[settings] = None

    for kernel, stride, dilation in itertools.product(range(1, 6), range(1, 5), range(1, 4)):
        for padding in ("valid", "same", margins[(kernel + stride + dilation) % len(margins)]):
            add(kernel, stride, dilation, padding)
            explicit = not isinstance(padding, str)
            limit = max(stride, dilation) if explicit else stride
            if (extra := (kernel + stride) % 2) < limit:
                add(kernel, stride, dilation, padding, output_padding=extra)
    pairs = [((2, 3), (2, 1), (1, 2)), ((3, 2), (1, 3), (2, 1)), ((4, 1), (3, 2), (1, 1))]
    pairs += [((1, 5), (4, 2), (1, 3)), ((5, 4), (2, 4), (1, 1)), ((2, 2), (1, 1), (1, 3))]
    for kernel, stride, dilation in pairs:
        for padding in ("valid", "same", *margins):
            add(kernel, stride, dilation, padding)
            add(kernel, stride, dilation, padding, output_padding=0)
            add(kernel, stride, dilation, padding, output_shape=(9, 7))
            add(kernel, stride, dilation, padding, output_shape=(4, 23))
    # What crops all that any input reaches, and so leaves zeros.
    add(2, 1, 1, ((9, 0), (0, 0)), output_shape=(3, 5))
    add(2, 10, 1, ((40, 0), (30, 0)), output_shape=(3, 5))
    return list(found)


SETTINGS = make_settings()


def test_there_are_hundreds_of_settings() -> None:
    assert len(SETTINGS) > 400


@each_library
@pytest.mark.parametrize("settings", SETTINGS, ids=[str(n) for n in range(len(SETTINGS))])
def test_a_convolution_computes_the_same(settings: TransposedConvolution, library: str) -> None:
    program = convolution_program(settings, library)
    assert_near(run(program), convolved(settings), program)


# --- upsampling

SIZES = [
    ((3, 4), (6, 8)),
    ((3, 4), (9, 20)),
    ((3, 4), (3, 4)),
    ((3, 4), (3, 8)),
    ((3, 4), (7, 11)),
    ((1, 3), (4, 5)),
    ((1, 1), (1, 3)),
    ((2, 5), (5, 7)),
    ((10, 14), (25, 46)),
]
UPSAMPLINGS = [
    Upsampling.of((2, *given, 3), size, method, convention=convention, align_corners=aligned)
    for (given, size), (method, convention, aligned) in itertools.product(SIZES, METHODS)
]


def resized(settings: Upsampling) -> Array:
    """Compute with upsamp what the program of these settings computes."""
    return resize(
        noise(settings.input_shape, 4),
        settings.size,
        settings.interpolation,
        convention=settings.convention,
        align_corners=settings.align_corners,
    )


def resizing_program(settings: Upsampling, library: str) -> str:
    """Print a program on noise."""
    return upsampling_program(settings, library, source_of(settings.input_shape, 4))


@each_library
@pytest.mark.parametrize("settings", UPSAMPLINGS, ids=[str(n) for n in range(len(UPSAMPLINGS))])
def test_an_upsampling_computes_the_same(settings: Upsampling, library: str) -> None:
    program = resizing_program(settings, library)
    assert_near(run(program), resized(settings), program)


@each_library
@pytest.mark.parametrize("convention", ["keras", "torch"])
def test_nearest_copies_the_exact_inputs_at_every_fraction(library: str, convention: str) -> None:
    for length in (10, 12, 14, 21, 25, 30, 36):
        for target in range(length, 3 * length, 7):
            settings = Upsampling.of(
                (1, length, 1, 1), (target, 1), "nearest", convention=convention
            )
            program = resizing_program(settings, library)
            np.testing.assert_array_equal(run(program), resized(settings), program)


# --- programs of the command line, on files


def write_inputs() -> None:
    """Write arrays and images of each kind into the working directory."""
    random = np.random.default_rng(14)
    feature = random.standard_normal((6, 7, 4)).astype(np.float32)
    np.save("feature.npy", feature)
    np.savez("w.npz", **{"ct/kernel": random.standard_normal((5, 5, 3, 4))})
    np.save("planes.npy", feature.transpose(2, 0, 1))
    np.save("whole.npy", random.integers(-2000, 2000, (9, 11)).astype(np.int16))
    np.savetxt("rows.csv", random.standard_normal((9, 8)), delimiter=",")
    layers = [Conv2DTranspose(3, 5, 2, "same", input_shape=(6, 7, 4), bias_initializer="ones")]
    layers += [
        Conv2DTranspose(4, 4, (2, 1), activation=kind, name=kind) for kind in ("tanh", "elu")
    ]
    upsamp.Sequential(layers).save("model.keras")
    np.save("three.npy", feature[..., :3])
    pixels = random.integers(0, 256, (9, 12, 4)).astype(np.uint8)
    pixels[:3, :, 3] = 0
    Image.fromarray(pixels).save("alpha.png")
    Image.fromarray(pixels[..., [0, 3]]).save("grey_alpha.png")
    Image.fromarray(pixels[..., 0]).save("grey.png")
    turned = Image.fromarray(pixels[..., :3])
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save("turned.png", exif=exif)
    turned.quantize(16).save("indexed.gif", transparency=3)
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save("deep.png")
    upsamp.write("colour16.tif", pixels[..., :3].astype(np.uint16) * 257)


COMMANDS = [
    *(
        f"upsample {name} --interp {method}"
        for name, method in itertools.product(
            ("alpha.png", "grey_alpha.png", "turned.png", "indexed.gif", "deep.png"),
            ("nearest", "bilinear --size 3 2", "bicubic --convention torch --size 1.5", "lanczos3"),
        )
    ),
    "upsample alpha.png --interp area --size 1.5",
    "upsample alpha.png --interp area --size 2",
    "upsample turned.png --interp bilinear --no-auto-orient",
    "upsample colour16.tif --interp bilinear",
    "upsample whole.npy --interp bicubic",
    "upsample rows.csv --interp gaussian --size 2 3",
    "upsample feature.npy --interp bilinear --convention torch --align-corners",
    "upsample planes.npy --data-format channels_first --interp bicubic",
    "transpose-conv feature.npy --weights w.npz:ct/kernel --bias 1,-1,.5 --stride 2 --padding same",
    "transpose-conv planes.npy --data-format channels_first --filters 2 --weights glorot",
    "transpose-conv feature.npy --weights random --kernel 9 --filters 6 --groups 2",
    *(
        f"transpose-conv {name} --weights bilinear --kernel 4 --stride 2 --padding same"
        for name in ("alpha.png", "grey_alpha.png", "turned.png", "grey.png", "indexed.gif")
    ),
    "transpose-conv feature.npy --from keras model.keras:conv2d_transpose",
    "transpose-conv three.npy --from keras model.keras:tanh",
    "transpose-conv feature.npy --from keras model.keras:elu",
    "transpose-conv turned.png --stride 2 --bias 3.25",
    "transpose-conv turned.png --filters 3 --weights random --bias -100",
]


# Pillow leaves a GIF open, for its other frames, until the program ends.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@each_library
@pytest.mark.parametrize("words", COMMANDS)
def test_a_program_does_to_a_file_what_the_command_does(
    words: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_inputs()
    command, name, *options = words.split()
    # What a transposed convolution makes of an image is rounded where it is written as one.
    drawn = command == "transpose-conv" and not name.endswith(".npy")
    suffix = ".tif" if drawn else ".npy"
    done = CliRunner().invoke(main, [command, name, *options, "-o", f"command{suffix}"])
    assert done.exit_code == 0, done.stderr
    printed = CliRunner().invoke(
        main, [command, name, *options, "-o", f"program{suffix}", "--code", library]
    )
    assert printed.exit_code == 0, printed.stderr
    program = printed.stdout
    space: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(program, "program", "exec"), space)
    expected, actual = (
        getattr(read, "pixels", read)
        for read in (upsamp.read(f"{stem}{suffix}") for stem in ("command", "program"))
    )
    assert actual.shape == expected.shape
    wide = expected.dtype.kind == "f"  # programs compute in float32
    assert actual.dtype == space["y"].dtype == (np.float32 if wide else expected.dtype)
    if expected.dtype.kind in "iu":
        # Sums of float32 that lie on the border between two numbers may fall on the other side.
        difference = np.abs(actual.astype(int) - expected.astype(int))
        assert difference.max() <= 1, program
        assert np.count_nonzero(difference) <= 0.05 * difference.size, program
    else:
        assert_near(actual, expected, program)


# --- Keras on TensorFlow and on PyTorch

RUNNER = """
import contextlib, io, json, sys
import numpy as np
results = {}
for name, program in json.load(open(sys.argv[1])).items():
    space = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(program, name, "exec"), space)
    results[name] = space["y"]
np.savez(sys.argv[2], **results)
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_keras_computes_the_same_on_its_other_backends(tmp_path: Path, backend: str) -> None:
    cases: dict[str, tuple[str, Array, float]] = {}
    for number, settings in enumerate(SETTINGS[::3]):
        program = convolution_program(settings, "keras")
        cases[f"convolution{number}"] = program, convolved(settings), TOLERANCE
    # On PyTorch Keras resizes by PyTorch's rules, which are tested by themselves.
    for number, upsampling in enumerate(UPSAMPLINGS if backend == "tensorflow" else ()):
        # TensorFlow reads the weights of bicubic from a table.
        inexact = upsampling.interpolation == "bicubic" and upsampling.convention == "keras"
        program = resizing_program(upsampling, "keras")
        expected = resized(upsampling)
        cases[f"upsampling{number}"] = program, expected, 4e-3 if inexact else TOLERANCE
    programs, results = tmp_path / "programs.json", tmp_path / "results.npz"
    programs.write_text(json.dumps({name: case[0] for name, case in cases.items()}))
    subprocess.run(
        [sys.executable, "-c", RUNNER, str(programs), str(results)],
        check=True,
        env={**os.environ, "KERAS_BACKEND": backend},
        timeout=300,
    )
    with np.load(results) as computed:
        for name, (program, expected, tolerance) in cases.items():
            assert_near(computed[name], expected, program, tolerance)


# --- layers of PyTorch

of_pytorch = pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")
SPELLED = [
    "ConvTranspose2d(4, 6, 4, stride=2, padding=1)",
    "nn.ConvTranspose2d(4, 6, 3, 2, 1, 1)",
    "ConvTranspose2d(4, 6, (3, 5), stride=(2, 1), padding=(0, 2), bias=False)",
    "ConvTranspose2d(4, 6, 2, groups=2, dilation=3, output_padding=2)",
    "Conv2d(4, 6, 3)",
    "nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), 1, 2, False)",
    "Conv2d(4, 2, (3, 2), padding='same', dilation=(1, 3))",
    "Conv2d(4, 2, (2, 4), padding='same')",
    "Conv2d(4, 8, 2, padding='valid', groups=4, stride=2, dtype=torch.float32)",
    "PixelShuffle(2)",
    "PixelShuffle(1)",
    "PixelUnshuffle(1)",
    "Upsample(scale_factor=2)",
    "Upsample(scale_factor=(2.0, 3))",
    "Upsample(scale_factor=2, mode='bicubic')",
    "Upsample(scale_factor=3, mode='nearest-exact')",
    "UpsamplingBilinear2d((9, 5))",
    "UpsamplingNearest2d(scale_factor=(2, 3))",
    "Upsample(size=(7, 9), mode='nearest-exact')",
    "Upsample(scale_factor=(2, 3), mode='bilinear')",
    "Upsample((7, 9), mode='bicubic', align_corners=True)",
    "UpsamplingBilinear2d(scale_factor=3)",
    "UpsamplingNearest2d(size=8)",
    "F.interpolate(x, size=(8, 11), mode='bicubic', antialias=True)",
    "F.interpolate(x, size=(8, 11), mode='bilinear', antialias=True)",
    "F.interpolate(x, size=(8, 11), mode='lanczos', antialias=True)",
    "F.interpolate(x, (8, 11), mode='area')",
]


@of_pytorch
@pytest.mark.parametrize("text", SPELLED)
def test_a_layer_of_pytorch_is_what_upsamp_reads(text: str) -> None:
    import torch

    x = noise(IMAGE, 5)
    images = torch.tensor(x.transpose(0, 3, 1, 2))
    names = {"nn": torch.nn, "F": torch.nn.functional, "torch": torch, "x": images}
    names |= vars(torch.nn)
    layer = eval(text, names)
    expected = layer if isinstance(layer, torch.Tensor) else layer(images)
    expected = expected.detach().numpy().transpose(0, 2, 3, 1)
    read = parse_torch(text)
    compute = getattr(upsamp, read.function)
    if read.channels:
        bias = layer.bias.detach().numpy() if read.bias else None
        kernel = layer.weight.detach().numpy()
        assert (layer.bias is not None) == read.bias
        assert kernel.shape == read.kernel_shape
        assert (layer.in_channels, layer.out_channels) == (read.channels, read.filters)
        actual = compute(x, kernel, bias, kernel_layout="torch", **read.arguments)
    else:
        actual = compute(x, **read.arguments)
    assert actual.shape == expected.shape
    assert_near(actual, expected, text)


def random_layers(count: int) -> list[str]:
    """Return convolutions of both kinds and rearrangements, spelled with random settings."""
    random = np.random.default_rng(9)
    found = []

    def pair(low: int, high: int) -> str:
        rows, columns = map(int, random.integers(low, high, 2))
        return str(random.choice([f"{rows}", f"({rows}, {columns})"]))

    for _ in range(count):
        kind = str(random.choice(["ConvTranspose2d", "Conv2d", "PixelShuffle", "PixelUnshuffle"]))
        if "Pixel" in kind:
            found.append(f"{kind}({random.integers(1, 4)})")
            continue
        padding = pair(0, 3)
        stride = pair(1, 4)
        if kind == "Conv2d" and random.integers(3) == 0:
            stride, padding = "1", str(random.choice(["'same'", "'valid'"]))
        found.append(
            f"{kind}(36, 72, {pair(1, 5)}, stride={stride}, padding={padding}, "
            f"dilation={pair(1, 4)}, groups={random.choice([1, 2, 9, 36])}, "
            f"bias={bool(random.integers(2))})"
        )
    return found


@of_pytorch
@pytest.mark.parametrize("text", sorted(set(random_layers(60))))
def test_a_random_layer_of_pytorch_is_what_the_command_computes(text: str, tmp_path: Path) -> None:
    import torch

    x = noise((2, 12, 18, 36), 6)
    layer = eval(text, vars(torch.nn).copy())
    expected = layer(torch.tensor(x.transpose(0, 3, 1, 2))).detach().numpy().transpose(0, 2, 3, 1)
    np.save(tmp_path / "x.npy", x)
    options = ["--from", "torch", text, "-o", str(tmp_path / "y.npy")]
    if "Conv" in text:
        np.save(tmp_path / "weight.npy", layer.weight.detach().numpy())
        options += ["--weights", str(tmp_path / "weight.npy")]
        if layer.bias is not None:
            options += ["--bias", " ".join(map(str, layer.bias.tolist()))]
    done = CliRunner().invoke(main, ["transpose-conv", str(tmp_path / "x.npy"), *options])
    assert done.exit_code == 0, done.stderr
    actual = np.load(tmp_path / "y.npy")
    assert actual.shape == expected.shape
    assert_near(actual, expected, text)


def test_settings_are_plain_data() -> None:
    assert TransposedConvolution(**asdict(SETTINGS[0])) == SETTINGS[0]
