"""Each option changes what a mode does, or is refused beside it: none is passed over in silence."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import click
import effort
import numpy as np
import pytest
from bulk_files import HereEngine
from click.testing import CliRunner
from PIL import Image
from small_models import small_model

from upsamp import Sequential
from upsamp.cli import COMMANDS, main
from upsamp.layers import UpSampling2D

# What holds in each mode, or says how something is done, and not what.
ANYWHERE = {"quiet", "force", "max_pixels", "max_memory", "max_size", "jobs", "dask", "batch"}
# What needs a file of its own, and is tried elsewhere; and what names what a mode reads.
ELSEWHERE = {"model", "tile", "model_option", "source_layer", "html", "checkerboard", "depth"}
ELSEWHERE |= {"skip_existing"}
# Values by the name of the field; another option gets its flag.
VALUES: Mapping[str, Sequence[str]] = {
    "factors": ["3"],
    "target": ["40x40"],
    "interpolation": ["bilinear", "bicubic"],
    "convention": ["torch"],
    "data_format": ["channels_first"],
    "missing": ["nan"],
    "cell": ["2x3"],
    "digits": ["2"],
    "compression": ["9"],
    "quality": ["20"],
    "value_range": ["0 1", "tanh"],
    "background": ["red"],
    "frame": ["1"],
    "depth": ["8"],
    "kernel": ["2"],
    "stride": ["2"],
    "padding": ["same"],
    "output_padding": ["1"],
    "output_shape": ["4x5"],
    "dilation": ["2"],
    "filters": ["2"],
    "groups": ["3"],
    "weights": ["icnr", "w.npz"],
    "kernel_layout": ["torch"],
    "bias": ["2"],
    "seed": ["5"],
    "ridge": ["5"],
    "save_weights": ["o.npy"],
    "output": ["o.png", "o.npy", "o.json"],
    "format_name": ["json", "csv", "png"],
    "template": ["z{suffix}"],
    "out_dir": ["other"],
    "report": ["r.json"],
    "columns": ["layer,kernel"],
    "input_shape": ["9"],
    "solve": ["32x32", "5 10"],
    "name": ["x"],
    "style": ["keras"],
    "width": ["50"],
    "kind": ["dcgan"],
    "latent": ["7"],
    "size": ["6"],
    "channels": ["3"],
    "samples": ["3"],
    "latent_file": ["z.npy"],
    "images": ["rgb.png"],
    "fit": ["crop", "large.png"],
    "labels": ["1"],
    "interpolate": ["0 1"],
    "steps": ["3"],
    "path": ["linear"],
    "layer": ["dense"],
    "samples_out": ["s.npy"],
    "save": ["q.keras"],
    "library": ["torch"],
    "grid": ["2x8"],
    "zoom": ["2"],
    "overlap": ["map.png"],
    "animate": ["an.svg"],
    "view": ["scatter"],
    "cell_pixels": ["30"],
    "fps": ["3"],
    "theme": ["dark"],
    "sheet": ["sh.png"],
    "reference": ["large.png"],
    "draw": ["d.svg"],
    "trace": ["t.png"],
}
ALL = ["rgba.png", "turned.jpg", "film.gif", "m.npy", "cube.npy", "na.csv"]
ARRAYS = ["m.npy", "cube.npy", "na.csv"]
# Lines of each mode, of which one at least shows what an option does.
MODES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "upsample": {
        "a result": [
            *(f"{one} -o {out}" for one in ALL for out in ("y.png", "y.jpg", "y.npy")),
            *ARRAYS,
            *("m.npy --convention torch --interp bilinear", "cube.npy --interp bicubic"),
        ],
        "--explain": [f"{one} --explain --interp bilinear" for one in ALL[1:]],
        "--compare": [f"{one} --compare --interp bilinear" for one in ("noise.jpg", *ALL[1:])],
        "--code": [f"{one} --code torch --interp bicubic" for one in ALL],
        "--reference": ["rgb.png --reference large.png", "turned.jpg --reference large.png"],
        "--reference -o": [
            *(f"{one} --reference large.png -o y.jpg" for one in ("rgb.png", "noise.jpg")),
            *(
                "rgba.png --reference clear.png -o y.png",
                "turned.jpg --reference tall.png -o y.png",
            ),
        ],
        "--sheet": [f"{one} --sheet {out}" for one in ALL for out in ("y.png", "y.jpg")],
        "--animate": [f"{one} --animate y.gif --interp bilinear" for one in ARRAYS],
        "many": [
            *("folder --out-dir out", "film.gif turned.jpg --out-dir out --interp bilinear"),
            "rgba.png rgb.png --out-dir out --format jpeg",
        ],
    },
    "transpose-conv": {
        "a result": [
            *(f"{one} -o {out}" for one in ("rgba.png", *ARRAYS) for out in ("y.png", "y.npy")),
            *("m.npy", "na.csv", "m.npy --weights random", "cube.npy --weights k.npy"),
            "m.npy --stride 2 --padding same",
        ],
        "--solve": ["--solve 5 10"],
        "--fit": ["--fit folder", "rgb.png --fit large.png --stride 2", "na.csv --fit m.npy"],
        "--explain": [
            *(f"{one} --explain" for one in ARRAYS),
            *("cube.npy --weights k.npy --explain", "m.npy --explain --weights random"),
            "m.npy --explain --stride 2 --padding same",
        ],
        "--overlap": [
            *(f"{one} --overlap --weights random" for one in ARRAYS),
            *("m.npy --overlap y.png --stride 2", "cube.npy --weights k.npy --overlap"),
            "m.npy --overlap --stride 2 --padding same",
        ],
        "--code": [
            *(f"{one} --code torch" for one in ("rgba.png", *ARRAYS)),
            *("m.npy --code torch --weights random --kernel 9", "m.npy --code torch -o y.npy"),
            *("cube.npy --weights k.npy --code torch", "m.npy --code torch --stride 2"),
        ],
        "--animate": [
            *(f"{one} --animate y.gif --weights random" for one in ARRAYS),
            *("m.npy --animate y.png", "cube.npy --weights k.npy --animate y.gif"),
            "m.npy --animate y.gif --stride 2",
        ],
        "--from": [
            *(f"{one} --from torch ConvTranspose2d(1,1,2,bias=True)" for one in ARRAYS[::2]),
            *(
                f"cube.npy --from torch ConvTranspose2d(3,1,2) {more}".strip()
                for more in ("", "-o y.npy")
            ),
            "cube.npy --from torch ConvTranspose2d(3,1,2) --weights random",
            *(
                "m.npy --from keras Conv2DTranspose(1,2)",
                "rgba.png -o y.png --from torch Upsample(scale_factor=2)",
            ),
            "cube.npy --from torch ConvTranspose2d(3,1,(3,2)) --weights k.npy",
        ],
        "--from without INPUT": [
            *("--from torch ConvTranspose2d(1,1,2)", "--from keras Conv2DTranspose(1,2)"),
            "--from torch Conv2d(1,1,2)",
        ],
    },
    "summary": {
        "a model": ["s.keras", "s.keras --format table", "nested.keras", "Dense(3,input_dim=2)"],
        "csv": ["nested.keras --format csv"],
        "dot": ["nested.keras --format dot"],
        "keras": ["nested.keras --style keras"],
        "two": ["s.keras nested.keras", "nested.keras changed.keras"],
        "--audit": ["s.keras --audit", "bad.keras --audit --format table"],
        "--draw": ["nested.keras --draw y.svg", "s.keras --draw y.svg"],
        "--solve": ["dcgan --solve 32x32", "nested.keras --solve 16x16"],
    },
    "generator": {
        "a kind": ["", "--kind dcgan -o y.png --samples 2"],
        "a file": ["s.keras", "s.keras --image rgb.png -o y.png"],
        "a picture": ["s.keras -o y.png", "s.keras -o y.png --interpolate 0 3"],
        "samples": ["s.keras --samples-out y.npy"],
        "--save": ["s.keras --save y.npz", "--save y.npz"],
        "--code": ["s.keras --code torch"],
        "--checkerboard": ["--checkerboard --kind dcgan --samples 2"],
        "--trace": ["s.keras --trace y.png"],
    },
}
# By default each option is tried in one of so many modes.
STEP = 29
CASES = [(command, mode) for command, modes in MODES.items() for mode in modes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """Work in a folder with small files; yields their names."""
    place, before = tmp_path_factory.mktemp("modes"), Path.cwd()
    os.chdir(place)
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (12, 16, 4), dtype=np.uint8)
    rgb = Image.fromarray(colours[::2, ::2, :3].copy())
    rgb.save("rgb.png")
    Image.fromarray(colours[:6, :8]).save("rgba.png")
    exif = Image.Exif()
    exif[0x010E] = "a description"
    rgb.save("noise.jpg", exif=exif)
    exif[0x0112] = 6
    rgb.save("turned.jpg", exif=exif)
    rgb.save("film.gif", save_all=True, append_images=[rgb.rotate(180)])
    Image.fromarray(colours[..., :3].copy()).save("large.png")
    Image.fromarray(colours).save("clear.png")
    Image.fromarray(colours[..., :3].swapaxes(0, 1).copy()).save("tall.png")
    Path("folder", "below").mkdir(parents=True)
    for name in ("a.png", "b.png", "below/c.png"):
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(f"folder/{name}")
    np.save("m.npy", random.random((3, 4)))
    np.save("cube.npy", random.random((3, 3, 3)))
    np.save("k.npy", random.random((3, 3, 3, 3)))
    Path("na.csv").write_text("1,NA\n3,4\n")
    small_model(name="small").save("s.keras")
    model = Sequential([small_model(name="inner"), UpSampling2D()], name="outer")
    model.save("nested.keras")
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save("changed.keras")
    Path("bad.keras").write_bytes(b"PK")
    try:
        yield {one.name for one in Path().iterdir()}
    finally:
        os.chdir(before)


def outcome(words: Sequence[str], names: set[str]) -> tuple[object, ...]:
    """Run a line; return its code, what it printed but for the time, and the files it made."""
    result = CliRunner().invoke(main, [*words])
    printed = re.sub(r"(?m)^seconds: .*", "", result.stdout) + result.stderr
    made: dict[str, bytes] = {}
    for name in sorted({one.name for one in Path().iterdir()} - names):
        path = Path(name)
        if path.is_dir():
            made |= {str(one): one.read_bytes() for one in path.rglob("*") if one.is_file()}
            shutil.rmtree(path)
        else:
            made[name] = path.read_bytes()
            path.unlink()
    return result.exit_code, printed, made


def tries_of(option: click.Option) -> list[list[str]]:
    """Return the words of an option, once for each of its values."""
    if option.is_flag:
        return [[(option.secondary_opts or option.opts)[0]]]
    return [[option.opts[0], *value.split()] for value in VALUES[str(option.name)]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "mode"), effort.sample(CASES, 9))
def test_an_option_changes_something_or_is_refused(
    folder: set[str], monkeypatch: pytest.MonkeyPatch, name: str, mode: str
) -> None:
    monkeypatch.setattr("upsamp.cli.modes.many_files.Processes", HereEngine)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    bases = [[name, *line.split()] for line in MODES[name][mode]]
    before = cache(lambda place: outcome(bases[place], folder))
    options = [one for one in command.params if isinstance(one, click.Option)]
    options = [one for one in options if one.name not in ANYWHERE | ELSEWHERE]
    offset = CASES.index((name, mode)) % effort.choose(STEP, 1)
    for option in options[offset :: effort.choose(STEP, 1)]:
        assert option.is_flag or option.name in VALUES, f"{option.name} has no value to try"
        assert any(
            set(option.opts) & {*base} or outcome([*base, *words], folder) != before(place)
            for (place, base), words in product(enumerate(bases), tries_of(option))
        ), f"{option.opts[0]} is passed over"
    assert any(before(place)[0] == 0 for place in range(len(bases)))


def test_each_command_and_each_value_is_tried() -> None:
    assert MODES.keys() == COMMANDS.keys()
    fields = {
        one.name
        for name in COMMANDS
        for one in (main.get_command(click.Context(main), name) or main).params
    }
    assert VALUES.keys() <= fields
