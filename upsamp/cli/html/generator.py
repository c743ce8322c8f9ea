"""The page of `upsamp generator`: samples, the model's layers, and programs that compute it."""

from collections.abc import Sequence

from upsamp.cli.html.page import write_page
from upsamp.cli.html.parts import code_section, facts
from upsamp.cli.html.summary import summary_section
from upsamp.cli.modes.checkerboard import (
    HEADINGS,
    SIDES,
    measured_rows,
    spectrum_picture,
    title_of,
    verdict_of,
)
from upsamp.core.arguments import Array
from upsamp.core.text import printable
from upsamp.models.export.programs import WRITERS, model_program
from upsamp.models.model import Model
from upsamp.models.sampling.checkerboard import MeanSpectrum
from upsamp.pages.content import Figure, Part, Section, Table, Text
from upsamp.pages.images import MIN_SIDE, image_of_pixels


def write_generator_page(
    model: Model,
    samples: Array | None,
    spectrum: MeanSpectrum | None,
    count: int,
    told: Sequence[tuple[str, str, str]],
    weights: str,
    name: str,
    *,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write the page of a generator.

    samples: the tiled picture, uint8. spectrum: of these `count` samples, if they are images.
    told: what happened, in rows of a label, what came in and what went out. weights: the file that
    the programs load.
    """
    rows = [(label, " -> ".join(filter(None, values))) for label, *values in told]
    shown = [row for row in rows if row[0] not in ("File", "Seconds")]
    caption = f"Samples of {printable(model.name)}"
    parts: list[Part] = [facts(shown)]
    if samples is not None:
        parts.append(Figure(image_of_pixels(samples, least=MIN_SIDE), caption, caption))
    code = code_section(lambda library: model_program(model, library, weights), tuple(WRITERS))
    loaded = Text(f"The programs load {weights}, which generator --save {weights} writes.")
    sections = [
        Section("samples", "Samples", tuple(parts)),
        *([] if spectrum is None else [_checkerboard_section(spectrum, count)]),
        summary_section(model.summarize()),
        Section(code.name, code.title, (*code.parts, loaded)),
    ]
    title = f"Samples of the generator {printable(model.name)}"
    write_page(name, title, sections, overwrite=overwrite, quiet=quiet)


def _checkerboard_section(spectrum: MeanSpectrum, count: int) -> Section:
    """Return what samples have at the frequencies of the strides of a model."""
    measured = spectrum.measure()
    parts: list[Part] = [Text(verdict_of(measured), strong=True)]
    if measured:
        rows = tuple(measured_rows(measured, None))
        parts.append(Table(title_of(count), HEADINGS, rows, SIDES))
    caption = f"Mean spectrum of {count} samples"
    picture = image_of_pixels(spectrum_picture(spectrum, measured, count))
    parts.append(Figure(picture, caption, caption, lettered=True))
    return Section("checkerboard", "Checkerboard", tuple(parts))
