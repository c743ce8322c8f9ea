"""`upsamp generator`: read a trained generator, or build one, and draw samples from it."""

from contextlib import nullcontext
from pathlib import Path
from shlex import quote
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import click

from upsamp.cli.command import Command
from upsamp.cli.generator_plan import DEFAULT_KIND, Plan, choose_target, open_generator, plan_run
from upsamp.cli.generator_request import WEIGHTS_SUFFIX, Request
from upsamp.cli.options import takes
from upsamp.cli.output import check_coding
from upsamp.cli.render.output import print_text
from upsamp.cli.render.progress import show_progress
from upsamp.cli.render.summaries import show_summary
from upsamp.cli.render.tables import show_note, show_report
from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.io.array_files import check_space, write_array_file
from upsamp.io.losses import check_sides
from upsamp.io.pictures import Picture
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.write import Destination, write_result
from upsamp.models.model import Model
from upsamp.models.sampling.sample_runs import Drawing, Writer, draw_samples
from upsamp.models.training import saving_notes

if TYPE_CHECKING:
    from upsamp.models.sampling.checkerboard import MeanSpectrum

EXAMPLES = """
upsamp generator generator.keras --samples 16 -o grid.png
upsamp generator generator.keras --interpolate 0 5 --steps 10 -o way.png
upsamp generator conditional.h5 --label 7 --samples 8 --grid 2x4 -o sevens.png
upsamp generator generator.keras --layer conv2d_transpose --zoom 4 -o maps.png
upsamp generator pix2pix.keras --image edges.png --fit crop -o photo.png
upsamp generator generator.keras --checkerboard spectrum.png
upsamp generator generator.keras --latent-file z.npy --samples-out samples.npy
upsamp generator generator.keras --trace layers.png
upsamp generator --kind dcgan --samples 16 --zoom 4 -o grid.png
upsamp generator generator.keras --html page.html
upsamp generator --kind dcgan --save dcgan.keras
upsamp generator --model generator.keras --code torch --save weights.safetensors
upsamp generator --model generator.keras --save generator.onnx
"""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@click.command("generator", cls=Command, examples=EXAMPLES)
@takes(Request)
def command(request: Request) -> None:
    """Build a generator, or read a trained one, and draw samples from it.

    A FILE's summary is shown where neither -o nor --samples-out is given. Without FILE, the
    generator is one of --kind, whose weights are random, drawn from --seed. Inputs of labels and
    images are found by their shapes, types and names.
    """
    request.check()
    if request.trace is not None:
        from upsamp.cli.modes.trace import draw_trace  # few samples are followed

        draw_trace(request, request.trace)
    elif request.checkerboard is not None:
        from upsamp.cli.modes.checkerboard import measure_samples  # few are measured

        measure_samples(request)
    else:
        _generate(request)


def _generate(request: Request) -> None:
    """Show or save a generator, and draw samples where that is asked."""
    started = perf_counter()
    picture = choose_target(request.output, request, pictures=True)
    if picture is not None:
        check_coding(picture.format, picture.options)
    array = choose_target(request.samples_out, request, pictures=False)
    _check_page(request)
    model = open_generator(request)
    plan = plan_run(model, request) if request.writes else None
    if picture is not None and plan is not None and plan.sample_grid is not None:
        check_sides(plan.sample_grid.shape, picture.format)
    _show_model(model, request)
    if request.save is not None:
        _save(model, request.save, overwrite=request.force)
    if plan is None:
        return
    for note in plan.notes:
        show_note(note)
    spectrum = _spectrum(plan, request)
    drawing = _draw(plan, array, spectrum)
    _show_values(plan, drawing, request)
    if picture is not None and drawing.canvas is not None:
        canvas, (place, format_name, options, overwrite) = drawing.canvas, picture
        shown = Picture(canvas, MODES[canvas.shape[2] if canvas.ndim == 3 else 1])
        for loss in write_result(shown, format_name, place, options, overwrite=overwrite):
            show_note(loss)
    told = _report(model.name, plan, drawing, request, started)
    if request.html is not None:
        _write_page(model, plan, drawing, spectrum, told, request)
    elif request.model is not None and not request.takes_standard_output:
        show_report("Samples", told)


def _write_page(
    model: Model,
    plan: Plan,
    drawing: Drawing,
    spectrum: "MeanSpectrum | None",
    told: list[tuple[str, str, str]],
    request: Request,
) -> None:
    """Write the page of a generator and its samples."""
    from upsamp.cli.html.generator import write_generator_page  # few send a page

    rows = [*told, *(("Note", "", note) for note in plan.notes)]
    write_generator_page(
        *(model, drawing.canvas, spectrum, plan.run.feed.count, rows),
        *(_weights_name(request), str(request.html)),
        overwrite=request.force,
        quiet=request.quiet or request.takes_standard_output,
    )


def _check_page(request: Request) -> None:
    """Raise where no page can be written that is asked for."""
    if request.html is not None:
        from upsamp.cli.html.page import check_page  # few send a page

        check_page(request.html, overwrite=request.force)


def _show_model(model: Model, request: Request) -> None:
    """Print the model as a program, or its summary where no samples take its place."""
    if request.library is not None:
        _print_program(model, request.library, request)
    elif request.shows_summary:
        show_summary(model.summarize(), None)


def _print_program(model: Model, library: str, request: Request) -> None:
    """Print a program of another library, and tell which file it loads."""
    from upsamp.models.export.programs import model_program  # most commands print none

    weights = _weights_name(request)
    print_text(model_program(model, library, weights).removesuffix("\n"))
    if request.save is None and model.weights:
        show_note(f"the program loads {weights}, which --save {quote(weights)} writes")


def _weights_name(request: Request) -> str:
    """Return the file of weights that a program loads."""
    return request.save or f"{_stem(request)}{WEIGHTS_SUFFIX}"


def _stem(request: Request) -> str:
    """Return the name of the file that the model is from, without its suffix."""
    if request.model == STANDARD_STREAM:
        return "model"
    return Path(request.model).stem if request.model else request.kind or DEFAULT_KIND


def _save(model: Model, name: str, *, overwrite: bool) -> None:
    """Save the model, and tell what Keras makes of it."""
    model.save(name, overwrite=overwrite)
    for note in saving_notes(model, name):
        show_note(note)


def _spectrum(plan: Plan, request: Request) -> "MeanSpectrum | None":
    """Return what measures the samples of a page, if they are images."""
    if request.html is None:
        return None
    from upsamp.cli.modes.checkerboard import spectrum_of  # few send a page

    try:
        return spectrum_of(plan)
    except ShapeError:
        return None


class Writers(NamedTuple):
    """Several that take samples."""

    each: tuple[Writer, ...]

    def write(self, batch: Array) -> None:
        """Take the next samples."""
        for writer in self.each:
            writer.write(batch)


def _draw(plan: Plan, array: Destination | None, spectrum: "MeanSpectrum | None") -> Drawing:
    """Draw the samples, onto the picture and into the file that are wanted, and measure them."""
    count = plan.run.feed.count
    if array is not None:
        check_space(array.name, plan.nbytes if array.format == "npy" else 0)
    writing = (
        nullcontext()
        if array is None
        else write_array_file(array.name, array.format, count, overwrite=array.overwrite)
    )
    several = count > plan.run.batch_size
    with writing as writer, show_progress("Samples", "samples", count, wanted=several) as advance:
        writers = Writers(tuple(one for one in (writer, spectrum) if one is not None))
        return draw_samples(plan.run, plan.sample_grid, plan.value_range, writers, advance)


def _show_values(plan: Plan, drawing: Drawing, request: Request) -> None:
    """Tell of values that the picture cannot show, and what black and white are."""
    if drawing.not_finite:
        what = "is black" if plan.sample_grid else "stands in the samples"
        show_note(f"{drawing.not_finite:,} values are not finite; what is not a number {what}")
    if plan.sample_grid is None:
        return
    low, high = drawing.value_range
    if request.layer is not None and plan.value_range is None:
        show_note(f"all maps of '{request.layer}' are black at {low:.4g} and white at {high:.4g}")
    if request.value_range != "auto" and drawing.outside:
        show_note(f"{drawing.outside:,} values lie outside of {low:g} to {high:g} and are cut")


def _report(
    name: str, plan: Plan, drawing: Drawing, request: Request, started: float
) -> list[tuple[str, str, str]]:
    """Return what happened, as rows of a label, what came in and what went out."""
    source = "standard input" if request.model == STANDARD_STREAM else str(request.model)
    written = [file for file in (request.output, request.samples_out) if file is not None]
    inputs = ", ".join(_sides(shape[1:]) for shape in plan.run.feed.shapes)
    low, high = drawing.value_range
    rows = [
        ("File", source, ", ".join(written)),
        ("Model", "", name),
        ("Samples", "", f"{plan.run.feed.count:,}"),
        ("Shape", inputs, _sides(plan.run.shape[1:])),
        ("Range", "", f"{low:g} to {high:g}"),
    ]
    if plan.sample_grid is not None:
        rows.append(
            ("Picture", "", f"{plan.sample_grid.shape[1]}x{plan.sample_grid.shape[0]} pixels")
        )
    return [*rows, ("Seconds", "", f"{perf_counter() - started:.3f}")]


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
