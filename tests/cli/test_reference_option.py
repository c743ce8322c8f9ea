"""`upsamp upsample --reference`: how near results are to a larger picture."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from networks import bilinear_network
from numpy.typing import NDArray
from PIL import Image

import upsamp
from upsamp import Sequential
from upsamp.core.quality import compare_images
from upsamp.layers import Input, Rescaling, UpSampling2D

Invoke = Callable[..., Result]
Array = NDArray[Any]
METHODS = [
    *("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "mitchellcubic"),
    "gaussian",
]


def write_pair() -> tuple[Array, Array]:
    """Write a smooth picture as large.png and half of it as small.png, and return both."""
    y, x = np.mgrid[:32, :40]
    waves = [np.sin(x / 3) + np.cos(y / 2), np.sin(x / 5 + y / 4), np.cos(x / 2)]
    large = np.stack(waves, axis=2) * 50 + 128
    image = Image.fromarray(large.astype(np.uint8))
    image.save("large.png")
    small = image.resize((20, 16), Image.Resampling.BICUBIC)
    small.save("small.png")
    return np.asarray(small), np.asarray(image)


@pytest.fixture
def pair(invoke: Invoke) -> tuple[Array, Array]:  # noqa: ARG001 - which goes to a folder of its own
    return write_pair()


def asked(invoke: Invoke, *args: object) -> dict[str, Any]:
    result = invoke("upsample", *args, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def expected(x: Array, y: Array, top: float) -> dict[str, float | None]:
    """Return the measures of two planes (H, W, C) without a border of 2."""
    x, y = (one[2:-2, 2:-2].astype(float) for one in (x, y))
    psnr, ssim = compare_images(lambda some: (x[some], y[some]), len(x), top)
    return {"psnr": psnr, "ssim": ssim}


def luma(pixels: Array) -> Array:
    plane: Array = (pixels @ np.array([65.481, 128.553, 24.966]) / 255 + 16)[..., np.newaxis]
    return plane


def test_every_method_is_measured_beside_the_one_that_is_wanted(
    invoke: Invoke, pair: tuple[Array, Array], tmp_path: Path
) -> None:
    small, large = pair
    found = asked(invoke, "small.png", "--interp", "bicubic", "--reference", "large.png")
    assert found["reference"] == "large.png"
    assert found["convention"]["border"] == [2, 2]
    assert found["convention"]["data_range"] == 255
    names = [row["method"] for row in found["results"]]
    assert names == ["bicubic", *(name for name in METHODS if name != "bicubic")]
    for row in found["results"]:
        result = upsamp.upsample(small, 2, row["method"])
        for plane, of in (("RGB", np.asarray), ("Y", luma)):
            wanted = expected(of(large), of(result), 255)
            assert row[plane] == pytest.approx(wanted, rel=1e-9)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.png", "small.png"]


@pytest.mark.usefixtures("pair")
def test_the_table_says_the_convention(invoke: Invoke) -> None:
    args = ("small.png", "--interp", "bicubic", "--convention", "torch", "--reference", "large.png")
    lines = invoke("upsample", *args).stdout.splitlines()
    assert lines[0] == (
        "PSNR in dB and SSIM beside large.png, border of 2 cut, range 255, Y of BT.601 (16 to 235):"
    )
    assert lines[1].split("  ")[0] == "Method"
    first = [line.split()[0] for line in lines[2:]]
    assert first == ["bicubic_torch", *METHODS]
    rows = invoke("upsample", *args, "--format", "csv").stdout.splitlines()
    assert rows[0] == "method,psnr_RGB,ssim_RGB,psnr_Y,ssim_Y"
    assert [row.split(",")[0] for row in rows[1:]] == first


def test_the_result_is_written_where_it_is_asked_for(
    invoke: Invoke, pair: tuple[Array, Array]
) -> None:
    args = ("small.png", "--interp", "lanczos3", "--reference", "large.png")
    asked(invoke, *args, "-o", "made.png")
    made = np.asarray(Image.open("made.png"))
    np.testing.assert_array_equal(made, upsamp.upsample(pair[0], 2, "lanczos3"))


def test_16_bits_and_8_bits_are_measured_in_the_numbers_of_the_reference(invoke: Invoke) -> None:
    random = np.random.default_rng(8)
    small = random.integers(0, 65536, (16, 16)).astype(np.uint16)
    large = upsamp.upsample(small, 2, "bilinear")
    for name, pixels in (("small.png", small), ("large.png", large)):
        upsamp.write(name, pixels)
    Image.fromarray((large // 257).astype(np.uint8)).save("eight.png")
    found = asked(invoke, "small.png", "--interp", "bilinear", "--reference", "large.png")
    assert found["convention"]["data_range"] == 65535
    assert found["results"][0]["grey"] == {"psnr": math.inf, "ssim": 1.0}
    found = asked(invoke, "small.png", "--interp", "bilinear", "--reference", "eight.png")
    assert found["convention"]["data_range"] == 255
    wanted = expected((large // 257)[..., None], large[..., None] / 257, 255)
    assert found["results"][0]["grey"] == pytest.approx(wanted, rel=1e-9)


def test_alpha_is_measured_apart_and_weights_the_colours(invoke: Invoke) -> None:
    random = np.random.default_rng(9)
    large = random.integers(0, 256, (24, 24, 4)).astype(np.uint8)
    hidden = large.copy()
    large[:4, :, 3] = hidden[:4, :, 3] = 0
    hidden[:4, :, :3] = 7  # colours that nobody sees
    Image.fromarray(large).save("a.png")
    Image.fromarray(hidden).save("b.png")
    found = asked(invoke, "a.png", "--size", "1", "--reference", "b.png")
    assert found["convention"]["border"] == [1, 1]
    assert found["convention"]["colours_weighted_by_alpha"] is True
    row = found["results"][0]
    assert [row[plane] for plane in ("RGB", "Y", "alpha")] == [{"psnr": math.inf, "ssim": 1.0}] * 3


@pytest.mark.usefixtures("pair")
def test_a_palette_is_measured_by_its_colours(invoke: Invoke) -> None:
    Image.open("small.png").quantize(200).save("indexed.png")
    found = asked(invoke, "indexed.png", "--reference", "large.png")
    assert found["results"][0]["method"] == "nearest"
    assert found["results"][0]["RGB"]["psnr"] > 15


def test_matrices_are_measured_by_the_range_of_the_reference(invoke: Invoke) -> None:
    np.save("large.npy", np.arange(144.0).reshape(12, 12))
    found = asked(invoke, "1 2 3; 4 5 6; 7 8 9", "--to", "12x12", "--reference", "large.npy")
    assert found["convention"]["data_range"] == 143
    assert found["results"][0]["values"]["ssim"] is None


@in_one_test(
    ("args", "code", "rule"),
    [
        (("--size", "3"), 1, "must have the size of the result, 60x48. Received: 40x32. Use --to"),
        (("--compare",), 2, "--reference shows numbers of whole results. Leave --compare out."),
        (("-o", "-"), 2, "--reference shows its numbers on standard output. Use -o FILE."),
        (("--format", "png"), 2, "--reference shows its numbers as table, plain, json, csv."),
        (("--background", "white"), 2, "or with --reference use -o FILE."),
        (("large.png",), 2, "Leave out --reference"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    invoke: Invoke, args: tuple[str, ...], code: int, rule: str
) -> None:
    write_pair()
    result = invoke("upsample", "small.png", "--reference", "large.png", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert rule in result.stderr


def test_a_reference_of_other_numbers_or_smaller_than_the_input_is_refused(invoke: Invoke) -> None:
    write_pair()
    Image.new("F", (40, 32)).save("float.tif")
    for reference, rule in (
        ("float.tif", "must have numbers like those of the result, uint8. Received: float32."),
        ("small.png", "Received: 20x16. Use --to 20x16, or another reference."),
        ("1 2; 3 4", "Received: 2x2. Use another reference."),
    ):
        result = invoke("upsample", "small.png", "--reference", reference)
        assert (result.exit_code, result.stdout) == (1, "")
        assert rule in result.stderr


def test_no_other_size_is_proposed_for_a_network_that_has_one_scale(invoke: Invoke) -> None:
    write_pair()
    bilinear_network(3, 3).save("net.keras")
    result = invoke("upsample", "small.png", "--model", "net.keras", "--reference", "large.png")
    assert result.stderr == (
        "Error: The reference must have the size of the result, 60x48. Received: 40x32. "
        "Use another reference.\n"
    )


def test_the_range_of_a_network_is_taken(invoke: Invoke) -> None:
    write_pair()
    grey = Sequential([Input((None, None, 3)), UpSampling2D(2), Rescaling(0.0, 128.0)])
    grey.save("grey.keras")
    args = ("upsample", "small.png", "--model", "grey.keras", "--reference", "large.png")
    shown = [invoke(*args, "--range", 0, top).stdout.splitlines()[2].split() for top in (256, 512)]
    assert [line[0] for line in shown] == ["grey", "grey"]
    assert float(shown[0][1]) > float(shown[1][1])
    result = invoke(
        "upsample", "small.png", "--model", "grey.keras", "--range", 0, 256, "--sheet", "s.png"
    )
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_border_that_leaves_nothing_is_refused(invoke: Invoke) -> None:
    result = invoke("upsample", "1 2; 3 4", "--reference", "1 2 3 4; 1 2 3 4; 1 2 3 4; 1 2 3 4")
    assert result.exit_code == 1
    assert "must be larger than the border that is cut, 2 rows and 2 columns" in result.stderr
