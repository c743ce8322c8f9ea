"""`upsamp transpose-conv --fit`: learn a kernel from images, and say what it is worth."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from upsamp.cli.render.tables import show_note, show_rows
from upsamp.core.arguments import Array, Pair
from upsamp.errors import FileError, FormatError
from upsamp.io.atomic import check_target
from upsamp.io.formats import IMAGE_FORMATS, format_of_name
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.io.read import read_source
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import write_result
from upsamp.models.fitting import compare_inside, fit_inside, make_pair, mean_of

# Of a folder's images, every so many-th is held out: the kernel is judged on images it never saw.
HELD_OUT = 5


def learn_kernel(
    source: str | None,
    target: str,
    kernel_size: Pair,
    strides: Pair,
    save_weights: str | None,
    *,
    apart: bool,
    ridge: float,
    force: bool,
    reading: ReadOptions,
) -> None:
    """Fit a kernel to an image and its small version, or to a folder of large images; report it.

    source: the small image, None for a folder. target: the large image, or the folder.
    """
    if kernel_size[0] < strides[0] or kernel_size[1] < strides[1]:
        raise click.UsageError(
            "--kernel must not be below --stride, as no tap would reach the outputs between. "
            f"Received: --kernel {kernel_size[0]} {kernel_size[1]}, "
            f"--stride {strides[0]} {strides[1]}. Use a larger kernel."
        )
    if not math.isfinite(ridge):
        raise click.UsageError(f"--ridge must be a finite number. Received: {ridge}.")
    if save_weights == STANDARD_STREAM:
        raise click.UsageError("--save-weights must be a file: standard output has the table.")
    if save_weights is not None and not (
        format_of_name(save_weights) == "npy" or is_stream(save_weights)
    ):
        raise click.UsageError(f"--save-weights must name a .npy file. Received: {save_weights}.")
    if save_weights is not None:
        check_target(save_weights, overwrite=force)
    if os.path.isdir(target):
        if source is not None:
            raise click.UsageError(
                "--fit with a folder makes the small images itself. Leave INPUT out."
            )
        kernel, measures = _learn_from_folder(
            Path(target), kernel_size, strides, apart=apart, ridge=ridge, reading=reading
        )
    elif source is None:
        raise click.UsageError("--fit with a large image needs its small version as INPUT.")
    else:
        small, large = (_pixels(name, reading) for name in (source, target))
        kernel = fit_inside([(small, large)], kernel_size, strides, shared=not apart, ridge=ridge)
        measures = compare_inside(small, large, kernel, strides, _peak(large))
    rows = [(name, f"{decibels:.2f}") for name, decibels in measures.items()]
    shown = f"kernel {kernel_size[0]} x {kernel_size[1]}, stride {strides[0]} x {strides[1]}"
    show_rows(f"Fitted {shown}, away from the edges", ("Method", "PSNR (dB)"), rows, "<>")
    if save_weights is None:
        show_note("--save-weights FILE.npy keeps the kernel, for --weights FILE.npy")
    else:
        write_result(kernel, "npy", save_weights, overwrite=force)


def _learn_from_folder(
    folder: Path,
    kernel_size: Pair,
    strides: Pair,
    *,
    apart: bool,
    ridge: float,
    reading: ReadOptions,
) -> tuple[Array, dict[str, float]]:
    """Return the kernel that most of the images teach, and its worth on those held out."""
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
    held_out = names[::HELD_OUT]
    learnt = [name for name in names if name not in held_out]

    def pairs(chosen: list[str]) -> Iterator[tuple[Array, Array]]:
        for name in chosen:
            yield make_pair(_pixels(name, reading), strides)

    kernel = fit_inside(pairs(learnt), kernel_size, strides, shared=not apart, ridge=ridge)
    show_note(f"learnt from {len(learnt)} images; the table is of {len(held_out)} held out")
    return kernel, mean_of(
        compare_inside(small, large, kernel, strides, _peak(large))
        for small, large in pairs(held_out)
    )


def _pixels(name: str, reading: ReadOptions) -> Array:
    """Read an image's colours, or a matrix."""
    given = read_source(name, reading)
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
