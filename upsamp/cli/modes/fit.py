"""`upsamp transpose-conv --fit`: learn a kernel from images, and say what it is worth."""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import click
import numpy as np

from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_note, show_rows, wants_table
from upsamp.cli.transpose_request import Request
from upsamp.core.arguments import Array
from upsamp.core.text import json_text
from upsamp.errors import FileError, FormatError
from upsamp.io.atomic import check_target
from upsamp.io.formats import IMAGE_FORMATS, format_of_name
from upsamp.io.pictures import Picture
from upsamp.io.read import read_source
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import write_result
from upsamp.models.fitting import compare_inside, fit_inside, make_pair, mean_of

# Of a folder's images, every this many-th is held out: the kernel is judged on images it never saw.
HELD_OUT = 5


def learn_kernel(request: Request, target: str) -> None:
    """Fit a kernel to an image and its small version, or to a folder of large images; report it.

    target: the large image, or the folder.
    """
    kernel_size, strides = request.kernel or (3, 3), request.stride
    if kernel_size[0] < strides[0] or kernel_size[1] < strides[1]:
        raise click.UsageError(
            "--kernel must not be below --stride, as no tap would reach the outputs between. "
            f"Received: --kernel {kernel_size[0]} {kernel_size[1]}, "
            f"--stride {strides[0]} {strides[1]}. Use a larger kernel."
        )
    if request.save_weights is not None:
        _check_file(request.save_weights, overwrite=request.force)
    fit = partial(
        fit_inside,
        kernel_size=kernel_size,
        strides=strides,
        shared=not request.apart,
        ridge=request.ridge,
    )
    judged: Iterable[tuple[Array, Array]]
    if os.path.isdir(target):
        if request.source is not None:
            raise click.UsageError(
                "--fit with a folder makes the small images itself. Leave INPUT out."
            )
        names = _images_of(Path(target))
        held_out = names[::HELD_OUT]
        learnt = [name for name in names if name not in held_out]
        kernel = fit(_pairs(learnt, request))
        show_note(f"learnt from {len(learnt)} images; the table is of {len(held_out)} held out")
        judged = _pairs(held_out, request)
    elif request.source is None:
        raise click.UsageError("--fit with a large image needs its small version as INPUT.")
    else:
        judged = [(_pixels(request.source, request), _pixels(target, request))]
        kernel = fit(judged)
    measures = mean_of(
        compare_inside(small, large, kernel, strides, _peak(large)) for small, large in judged
    )
    if request.save_weights is not None:
        write_result(kernel, "npy", request.save_weights, overwrite=request.force)
    if request.format_name == "json":
        found = {"kernel_size": kernel_size, "stride": strides, "psnr": measures}
        print_text(json_text(found, indent=2))
        return
    written = ".2f" if request.digits is None else f".{request.digits}g"
    rows = [(name, f"{decibels:{written}}") for name, decibels in measures.items()]
    shown = f"kernel {kernel_size[0]} x {kernel_size[1]}, stride {strides[0]} x {strides[1]}"
    title = f"Fitted {shown}, away from the edges"
    as_table = wants_table(request.format_name)
    show_rows(title, ("Method", "PSNR (dB)"), rows, "<>", as_table=as_table)
    if request.save_weights is None:
        show_note("--save-weights FILE.npy keeps the kernel, for --weights FILE.npy")


def _check_file(name: str, *, overwrite: bool) -> None:
    """Raise where a kernel cannot be written to a file."""
    if name == STANDARD_STREAM:
        raise click.UsageError("--save-weights must be a file: standard output has the table.")
    if format_of_name(name) != "npy" and not is_stream(name):
        raise click.UsageError(f"--save-weights must name a .npy file. Received: {name}.")
    check_target(name, overwrite=overwrite)


def _images_of(folder: Path) -> list[str]:
    names = sorted(
        str(path)
        for path in folder.iterdir()
        if os.path.isfile(path) and format_of_name(path.name) in IMAGE_FORMATS
    )
    if len(names) < 2:
        raise FileError(
            f"'{folder}' must hold at least 2 images, one to learn from and one to judge by. "
            f"Received: {len(names)}."
        )
    return names


def _pairs(names: list[str], request: Request) -> Iterator[tuple[Array, Array]]:
    """Yield large images behind the small ones that are made of them."""
    for name in names:
        yield make_pair(_pixels(name, request), request.stride)


def _pixels(name: str, request: Request) -> Array:
    """Read an image's colours, or a matrix."""
    given = read_source(name, request.reading)
    if isinstance(given, Picture):
        return given.pixels[..., :-1] if given.has_alpha else given.pixels
    return given


def _peak(large: Array) -> float:
    """Return the largest value that there can be: of floats, the largest that there is."""
    peak = float(np.iinfo(large.dtype).max if large.dtype.kind in "iu" else large.max())
    if not peak > 0:
        raise FormatError(
            f"An image to learn from must have values above 0. Received: none above {peak:g}."
        )
    return peak
