"""`generator --checkerboard`: what samples have at the frequencies of a model's strides."""

from collections.abc import Sequence

from upsamp.cli.generator_plan import Plan, choose_target, open_generator, plan_run
from upsamp.cli.generator_request import Request
from upsamp.cli.output import check_coding
from upsamp.cli.render.output import print_text
from upsamp.cli.render.progress import show_progress
from upsamp.cli.render.tables import show_note, show_rows
from upsamp.core.arguments import Array
from upsamp.core.text import json_text, printable
from upsamp.io.pictures import Picture
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.write import Destination, write_result
from upsamp.models.sampling.checkerboard import Frequencies, MeanSpectrum, upsampling_periods
from upsamp.models.sampling.sample_runs import draw_samples
from upsamp.views.spectrum import draw_spectrum

HEADINGS, SIDES = ("Period", "Layers", "Energy", "Neighbours", "Ratio", "Verdict"), "<<>>><"


def measure_samples(request: Request) -> None:
    """Measure the samples of a model, and draw their mean spectrum where that is asked."""
    wanted = request.checkerboard or None
    target = choose_target(wanted, request, pictures=True, option="--checkerboard")
    if target is not None:
        check_coding(target.format, target.options)
    model = open_generator(request)
    plan = plan_run(model, request)
    spectrum = spectrum_of(plan)
    for note in plan.notes:
        show_note(note)
    count = plan.run.feed.count
    several = count > plan.run.batch_size
    with show_progress("Samples", "samples", count, wanted=several) as advance:
        draw_samples(plan.run, writer=spectrum, advance=advance)
    measured = spectrum.measure()
    if target is not None:
        _draw(spectrum, measured, count, target)
    if target is None or target.name != STANDARD_STREAM:
        _show(measured, plan.run.shape, request)


def spectrum_of(plan: Plan) -> MeanSpectrum:
    """Return the spectrum of what a plan draws, which takes its samples.

    Raises `ShapeError` where they are no images.
    """
    shapes = [(1, *shape[1:]) for shape in plan.run.feed.shapes]
    periods = upsampling_periods(plan.run.model, shapes)
    return MeanSpectrum(plan.run.shape[1:], periods)


def _show(measured: list[Frequencies], shape: tuple[int, ...], request: Request) -> None:
    """Show what was measured, as a table or as JSON."""
    if request.format_name == "json":
        content = {
            "samples": shape[0],
            "shape": list(shape[1:]),
            "checkerboard": any(one.shows for one in measured),
            "periods": [one.to_dict() for one in measured],
        }
        print_text(json_text(content))
        return
    if not measured:
        print_text(verdict_of(measured))
        return
    rows = measured_rows(measured, request.digits)
    show_rows(title_of(shape[0]), HEADINGS, rows, SIDES)
    print_text(verdict_of(measured))


def title_of(count: int) -> str:
    """Return what is above the energies of this many samples."""
    return f"energy of {_counted(count)} at the frequencies of each period, and beside them"


def measured_rows(measured: Sequence[Frequencies], digits: int | None) -> list[tuple[str, ...]]:
    """Return a row for each period."""
    return [
        (
            _size(one.period),
            printable(", ".join(one.layers)),
            *(
                "-" if number is None else f"{number:.{digits or 3}g}"
                for number in (one.energy, one.neighbours, one.ratio)
            ),
            _verdict(one),
        )
        for one in measured
    ]


def verdict_of(measured: Sequence[Frequencies]) -> str:
    """Say whether samples have a checkerboard, and how wide it is."""
    if not measured:
        return "no checkerboard: no layer upsamples, so there is no stride to look for"
    shown = [_size(one.period) for one in measured if one.shows]
    return f"checkerboard, every {' and every '.join(shown)} pixels" if shown else "no checkerboard"


def _draw(
    spectrum: MeanSpectrum, measured: list[Frequencies], count: int, target: Destination
) -> None:
    """Write the picture of a spectrum."""
    place, format_name, options, overwrite = target
    picture = Picture(spectrum_picture(spectrum, measured, count), "RGB")
    for loss in write_result(picture, format_name, place, options, overwrite=overwrite):
        show_note(loss)


def spectrum_picture(spectrum: MeanSpectrum, measured: Sequence[Frequencies], count: int) -> Array:
    """Draw a spectrum, with the frequencies that were measured in frames, uint8 (H, W, 3)."""
    marks = {}
    for one in measured:
        ratio = "" if one.ratio is None else f"{one.ratio:.3g} times its neighbours, "
        text = f"every {_size(one.period)} pixels: {ratio}{_verdict(one)}"
        marks[text] = spectrum.places(one.period)
    return draw_spectrum(spectrum.power, f"mean spectrum of {_counted(count)}", marks)


def _counted(count: int) -> str:
    return f"{count:,} sample{'s' * (count != 1)}"


def _verdict(one: Frequencies) -> str:
    if one.shows is None:
        return "the samples are too small to tell"
    return "checkerboard" if one.shows else "no checkerboard"


def _size(period: tuple[int, int]) -> str:
    return f"{period[0]} x {period[1]}"
