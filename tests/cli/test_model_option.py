"""`upsamp upsample --model`: a trained network in the place of an interpolation."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from networks import bilinear_network, fsrcnn, with_values
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from upsamp import Sequential
from upsamp.layers import Conv2D, Input, UpSampling2D

Invoke = Callable[..., Result]


@pytest.fixture
def network(invoke: Invoke) -> str:  # noqa: ARG001 - its folder
    """Write a network that doubles pictures of one channel, and pictures."""
    bilinear_network(2).save("net.keras")
    # Neither method goes beyond black and white.
    pixels = np.random.default_rng(0).integers(80, 160, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).save("a.png")
    Image.fromarray(pixels[..., 0]).save("b.png")
    return str(Path("net.keras").absolute())


def pixels_of(path: str | Path) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.array(image)


def test_a_picture_is_enlarged_by_the_scale_of_the_network(invoke: Invoke, network: str) -> None:
    result = invoke("upsample", "a.png", "--model", network)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "file: a.png -> a_2x2_net.png"
    assert lines[-5:-1] == [
        "method: net",
        "size: 2 x 2",
        "range: 0 to 1",
        "network: Y is made by the network, Cb and Cr by bicubic",
    ]
    invoke("upsample", "a.png", "--interp", "bicubic", "-o", "bicubic.png")
    difference = pixels_of("a_2x2_net.png").astype(int) - pixels_of("bicubic.png")
    # Red, green and blue differ by the luma alone.
    assert np.ptp(difference, axis=2)[4:-4, 4:-4].max() <= 2


@in_one_test(
    ("args", "text"),
    [
        (("--interp", "bicubic"), "Leave out --interp, or --model."),
        (("--interp", "nearest"), "Leave out --interp, or --model."),
        (("--linear", "--code", "torch"), "Leave out --linear and --code, or --model."),
        (("--compare",), "Leave out --compare, or --model."),
        (("--convention", "keras"), "Leave out --convention, or --model."),
        (("--align-corners",), "Leave out --align-corners, or --model."),
        (("--size", "3"), "which enlarges by 2x2. Leave it out, and enlarge the result"),
        (("--to", "64x"), "which enlarges by 2x2. Leave it out, and enlarge the result"),
        (("--range", "auto"), "Received: auto. Use LOW HIGH, as in 0 1."),
        (("--model", "-", "--out-dir", "o"), "--model, which must be a file. Received: '-'."),
        (("--model", "/dev/fd/9", "--jobs", 2), "which must be a file. Received: '/dev/fd/9'."),
    ],
)
def test_what_contradicts_a_network_is_a_wrong_command(
    invoke: Invoke, network: str, args: tuple[str, ...], text: str
) -> None:
    result = invoke("upsample", "a.png", "--model", network, *args)
    assert result.exit_code == 2
    assert text in result.stderr
    assert [*Path().glob("a_*")] == []


@in_one_test("option", ["--tile", "--weights", "--max-size"])
def test_what_is_for_a_network_needs_one(invoke: Invoke, network: str, option: str) -> None:
    result = invoke("upsample", "a.png", option, "9" if option != "--weights" else network)
    assert (result.exit_code, f"{option} is for a network. Give --model" in result.stderr) == (
        2,
        True,
    )


def test_a_network_comes_through_a_pipe(invoke: Invoke, network: str) -> None:
    for name, data in (("-", Path(network).read_bytes()), (network, None)):
        result = invoke("upsample", "a.png", "--model", name, "-o", "o.png", "--force", stdin=data)
        assert (result.exit_code, result.stderr) == (0, "")
        assert f"method: {'network' if data else 'net'}" in result.stdout


def test_its_own_scale_may_be_said(invoke: Invoke, network: str) -> None:
    result = invoke("upsample", "a.png", "--model", network, "--size", 2, "-o", "o.png", "-q")
    assert (result.exit_code, result.output) == (0, "")


def test_one_that_keeps_the_size_takes_a_size(invoke: Invoke, network: str) -> None:  # noqa: ARG001
    layer = Conv2D(1, 1, use_bias=False)
    model = Sequential([Input((None, None, 1)), layer])
    layer.set_weights([np.ones((1, 1, 1, 1))])
    model.save("keep.keras")
    for size in (("--size", "1.5", "2"), ("--to", "40x18"), ()):
        args = ("upsample", "a.png", *size, "--force", "-q", "-o")
        for end in (("made.png", "--model", "keep.keras"), ("bicubic.png", "--interp", "bicubic")):
            assert invoke(*args, *end).exit_code == 0
        difference = pixels_of("made.png").astype(int) - pixels_of("bicubic.png")
        assert np.abs(difference).max() <= 1


def test_tiles_and_a_bound_on_memory_change_nothing(invoke: Invoke, network: str) -> None:  # noqa: ARG001
    with_values(fsrcnn()).save("fsrcnn.keras")
    args = ("upsample", "b.png", "--model", "fsrcnn.keras", "-q", "-o")
    for end in (("whole.png",), ("tiles.png", "--tile", "14"), ("m.png", "--max-memory", "60MB")):
        assert invoke(*args, *end).exit_code == 0
    for name in ("tiles.png", "m.png"):
        np.testing.assert_array_equal(pixels_of(name), pixels_of("whole.png"))
    result = invoke(*args, "x.png", "--tile", 3)
    assert result.exit_code == 1
    assert "--tile must be larger than what a pixel of the result depends on" in result.stderr


def test_a_matrix_is_shown_as_numbers(invoke: Invoke, network: str) -> None:
    result = invoke("upsample", "1 2; 3 4", "--model", network)
    expected = bilinear_network(2)(np.array([[1, 2], [3, 4]], np.float32).reshape(1, 2, 2, 1))
    shown = [[float(cell) for cell in line.split()] for line in result.stdout.splitlines()]
    np.testing.assert_allclose(shown, expected[0, ..., 0], rtol=1e-5)
    result = invoke("upsample", "1 2; 3 4", "--model", network, "-o", "m.npy")
    assert np.load("m.npy").dtype == np.float32
    result = invoke("upsample", "1 2; 3 4", "--model", network, "--range", "0 4", "-o", "m.png")
    assert (result.exit_code, "numbers go through as they are" in result.stderr) == (2, True)


@pytest.mark.usefixtures("here_engine")
def test_many_pictures_are_named_by_the_network(invoke: Invoke, network: str) -> None:
    args = ("upsample", "a.png", "b.png", "--model", network, "--out-dir", "out")
    name = ("--name", "{stem}-{interp}{suffix}")
    result = invoke(*args, *name, "--dry-run")
    assert result.stdout.splitlines()[:2] == [
        "a.png -> out/a-net.png: 32x24",
        "b.png -> out/b-net.png: 32x24",
    ]
    result = invoke(*args, *name, "--report", "r.json")
    assert (result.exit_code, "method: net" in result.stdout) == (0, True)
    assert "Note: Y is made by the network, Cb and Cr by bicubic (1 file)." in result.stderr
    told = json.loads(Path("r.json").read_text())
    assert told["settings"]["interpolation"] == "net"
    assert told["files"][0]["notes"] == ["Y is made by the network, Cb and Cr by bicubic"]
    invoke("upsample", "a.png", "--model", network, "-o", "one.png")
    np.testing.assert_array_equal(pixels_of("out/a-net.png"), pixels_of("one.png"))
    result = invoke(*args, *name, "--skip-existing")
    assert "skipped: 2" in result.stdout


def test_processes_read_the_network_from_its_file(invoke: Invoke, network: str) -> None:
    args = ("upsample", "a.png", "b.png", "--model", network, "--jobs", 1, "-q")
    assert invoke(*args).exit_code == 0
    assert pixels_of("b_2x2_net.png").shape == (24, 32)
    # Results of an earlier run are no inputs.
    result = invoke("upsample", ".", "--model", network, "--skip-existing")
    assert "earlier results: 2" in result.stdout
    Path(network).rename("other.keras")
    result = invoke("upsample", ".", "--model", "other.keras", "--dry-run")
    assert "earlier results: 2" in result.stdout
    assert result.stdout.splitlines()[0] == "./a.png -> ./a_2x2_other.png: 32x24"


def test_the_sheet_has_the_network_beside_the_methods(invoke: Invoke, network: str) -> None:
    args = ("upsample", "a.png", "-q", "--sheet")
    assert invoke(*args, "with.png", "--model", network).exit_code == 0
    assert invoke(*args, "without.png").exit_code == 0
    assert pixels_of("with.png").shape[1] > pixels_of("without.png").shape[1]


def test_frames_each_go_through_the_network(invoke: Invoke, network: str) -> None:  # noqa: ARG001
    Sequential([Input((None, None, 3)), UpSampling2D(3)], name="up").save("up.keras")
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    frames[0].save("f.gif", save_all=True, append_images=frames[1:])
    assert invoke("upsample", "f.gif", "--model", "up.keras", "-o", "o.gif", "-q").exit_code == 0
    with Image.open("o.gif") as image:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(image)]
    shown = [(frame.size, frame.getpixel((0, 0))) for frame in frames]
    assert shown == [((12, 9), (255, 0, 0)), ((12, 9), (0, 0, 255))]


def test_what_is_no_network_of_pictures_is_an_error_and_leaves_nothing(
    invoke: Invoke,
    network: str,  # noqa: ARG001
) -> None:
    Sequential([Input((None, None, 1)), Conv2D(3, 3)], name="odd").save("odd.keras")
    for model, text in (
        ("odd.keras", "pictures of as many channels"),
        ("none.keras", "there is no such file"),
        ("a.png", "must be a saved model"),
    ):
        result = invoke("upsample", "a.png", "--model", model)
        assert (result.exit_code, text in result.stderr) == (1, True)
    assert [*Path().glob("a_*")] == []


def test_inks_go_through_a_network_as_light(invoke: Invoke, network: str) -> None:
    with Image.open("a.png") as image:
        image.convert("CMYK").save("inks.tif")
    result = invoke("upsample", "inks.tif", "--model", network, "-o", "large.png")
    assert result.exit_code == 0
    assert "no colour profile, so it is converted to RGB without" in result.stderr
    invoke("upsample", "inks.tif", "--size", "1", "-o", "light.png")
    invoke("upsample", "light.png", "--model", network, "-o", "expected.png")
    np.testing.assert_array_equal(pixels_of("large.png"), pixels_of("expected.png"))


@in_one_test(("dtype", "white"), [(np.float32, 0.5), (np.int32, 70_000)])
def test_numbers_go_through_a_network_by_their_range(
    invoke: Invoke, network: str, dtype: type, white: float
) -> None:
    values: NDArray[Any] = np.linspace(0, white, 12 * 16).reshape(12, 16).astype(dtype)
    Image.fromarray(values).save("values.tif")
    words = ("upsample", "values.tif", "--model", network, "-o", "large.png")
    result = invoke(*words)
    assert result.exit_code == 1
    assert "Give --range LOW HIGH, the values of black and white" in result.stderr
    result = invoke(*words, "--range", "0", f"{white}")
    assert result.exit_code == 0, result.stderr
    assert "became pixels of 8 bits, black and white at 0 and" in result.stderr
    result = invoke(
        *("upsample", "values.tif", "--interp", "bilinear", "--range", "0", f"{white}"),
        *("-o", "bilinear.png"),
    )
    assert result.exit_code == 0, result.stderr
    inside = (slice(4, -4), slice(4, -4))
    difference = pixels_of("large.png")[inside].astype(int) - pixels_of("bilinear.png")[inside]
    assert np.abs(difference).max() <= 1


def test_values_without_data_go_through_no_network(invoke: Invoke, network: str) -> None:
    values = np.full((4, 4), np.nan, np.float32)
    Image.fromarray(values).save("values.tif")
    result = invoke("upsample", "values.tif", "--model", network, "--range", "0", "1")
    assert result.exit_code == 1
    assert "pixels all hold data. Received: 16 without." in result.stderr
