"""`upsamp upsample`: enlarge an image or a matrix."""

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from upsamp.cli.bulk_options import BulkOptions, bulk_options
from upsamp.cli.command import Command, FactorType, TargetType
from upsamp.cli.options import (
    code_option,
    compress_option,
    depth_option,
    force_option,
    format_option,
    frame_option,
    inputs_argument,
    linear_option,
    max_memory_option,
    max_pixels_option,
    missing_option,
    orient_option,
    output_option,
    quality_option,
    range_option,
    strip_option,
)
from upsamp.cli.preview import look_options
from upsamp.cli.render.layers import show_layer
from upsamp.cli.render.matrices import show_matrix
from upsamp.cli.render.tables import show_note
from upsamp.cli.results import (
    Destination,
    choose_destination,
    deliver,
    deliver_strips,
    find_stored,
    plan_strips,
    read_input,
    report,
)
from upsamp.cli.upsample_request import Request
from upsamp.core.arguments import (
    CONVENTIONS,
    DATA_FORMATS,
    INTERPOLATIONS,
    Array,
    Pair,
)
from upsamp.core.layout import as_batch
from upsamp.core.memory import hold_memory, limit_memory, naming_enough
from upsamp.io.pictures import Picture, array_of
from upsamp.io.streams import STANDARD_STREAM, is_open, spooled_input
from upsamp.resizing.enlarging import Enlarging
from upsamp.resizing.file_to_file import Kept, copy_file
from upsamp.resizing.strip_jobs import EnlargedStrips, Source, StripJob

if TYPE_CHECKING:
    from upsamp.resizing.strip_run import StripRun

EXAMPLES = """
upsamp upsample photo.png --size 4 --interp lanczos3
upsamp upsample photo.png --size 2 3 --interp bilinear -o wide.png
upsamp upsample photo.png --to 1920x --interp bicubic
upsamp upsample '1 2; 3 4' --size 2
upsamp upsample photos/ 'more/*.jpg' --recursive --size 2 --interp bicubic --out-dir large
cat photo.png | upsamp upsample - --size 1.5 --interp bilinear > large.png
upsamp upsample '[[1,2],[3,4]]' --format json
upsamp upsample photo.png --size 3 --interp bicubic --preview
upsamp upsample photo.png --size 3 --sheet methods.png
upsamp upsample photo.png --size 3 --interp bicubic --compare
upsamp upsample '1 2; 3 4' --interp bicubic --code torch
"""


@click.command("upsample", cls=Command, examples=EXAMPLES)
@inputs_argument
@click.option(
    "--size",
    "factors",
    type=FactorType(),
    help="Factor of the rows and of the columns.  [default: 2]",
)
@click.option(
    "--to",
    "target",
    type=TargetType(),
    metavar="WIDTHxHEIGHT",
    help="Size of the result in pixels, in the place of --size; 1920x and x1080 keep the shape.",
)
@click.option(
    "--keep-larger",
    is_flag=True,
    help="With --to, let what is larger keep its size, where that is an error otherwise: a file is "
    "copied byte for byte, unless its format, --frame or --strip asks for another one.",
)
@click.option(
    "--interp",
    "--interpolation",
    "interpolation",
    type=click.Choice(INTERPOLATIONS, case_sensitive=False),
    default="nearest",
    show_default=True,
    help="How the values between the pixels are found.",
)
@click.option(
    "--convention",
    type=click.Choice(CONVENTIONS, case_sensitive=False),
    default="keras",
    show_default=True,
    help="Whose numbers: keras (also TensorFlow, JAX, Pillow's floats, and OpenCV's area) or torch "
    "(also OpenCV, but for area).",
)
@click.option("--align-corners", is_flag=True, help="Let the corner pixels' centres coincide.")
@linear_option
@click.option(
    "--data-format",
    type=click.Choice(DATA_FORMATS, case_sensitive=False),
    help="Where the channels of a matrix of rank 3 or 4 stand; by default they are last.",
)
@missing_option
@click.option(
    "--compare",
    is_flag=True,
    help="Write nothing; show how far other libraries' results lie from this one.",
)
@look_options
@code_option
@output_option
@bulk_options
@format_option
@compress_option
@quality_option
@range_option
@strip_option
@frame_option
@orient_option
@depth_option
@force_option
@max_pixels_option
@max_memory_option
def command(**options: Any) -> None:
    """Enlarge an image or a matrix, as Keras' UpSampling2D does; or many images.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json, also packed as
    .gz), one array of several as FILE.npz:NAME, '-' for standard input, or a matrix such as
    '1 2; 3 4'. An image is written beside its file; a matrix is shown, and
    through a pipe flows on as rows that '-' reads back without loss.

    Several INPUTs are image files, folders, and patterns such as 'photos/**/*.jpg'. Of folders and
    patterns the images are taken, by their suffix, but no hidden files; links to files are
    followed, links to folders are not, and pipes and devices are passed over. A file that fails is
    told at the end, with code 1, and the others go on.
    """
    bulk = BulkOptions(**{name: options.pop(name) for name in BulkOptions.__dataclass_fields__})
    request = Request(**options, bulk=bulk)
    request.check()
    if request.many:
        from upsamp.cli.bulk import enlarge_many  # one file needs no processes

        enlarge_many(request)
    elif request.shown_elsewhere:
        _show_elsewhere(request)
    elif request.sheet is not None:
        _draw_sheet(request, request.sheet)
    elif request.max_memory is None and not request.keep_larger:
        _enlarge_one(request)
    else:  # with an input that can be read again, as to copy it
        with limit_memory(request.max_memory), spooled_input():
            _enlarge_one(request)


def _enlarge_one(request: Request) -> None:
    """Read an image or a matrix, enlarge it, and write or show the result."""
    started = perf_counter()
    enlarging = request.enlarging
    plan = partial(_plan, request)
    with naming_enough(plan):
        source = _find(request)
    size = enlarging.size_of(enlarging.shape_of(source.given))
    enlarging.check(source.given, size)
    if _is_only_shown(request, source.given):
        request.looking.show(enlarging.apply(source.given, size), STANDARD_STREAM)
        return
    if request.keep_larger and _keep(request, source.given, started):
        return
    with naming_enough(plan, source):
        destination, run = plan(source)
    if run is None:
        given = _read(request) if source.stored else source.given
        # Frames that follow are read while the first one is held.
        held = source.array.nbytes
        with hold_memory(held):
            delivered = _enlarge_at_once(given, enlarging, size, destination, force=request.force)
    else:
        delivered = deliver_strips(run, force=request.force)
    if not request.bulk.quiet:
        spelled = enlarging.spell(size).replace("x", " x ")
        settings = [("Method", enlarging.interpolation), ("Size", spelled)]
        report("Upsampled", request.source, source.given, delivered, destination, settings, started)
    if run is None:
        request.looking.show(delivered, destination.name, enlarging.layout)
    elif request.preview:
        show_note("a result that is written strip by strip is not shown")


def _keep(request: Request, given: Picture | Array, started: float) -> bool:
    """Say what keeps its size, and tell whether it was copied, so that nothing is left to do."""
    enlarging, destination = request.enlarging, _choose(request, given)
    kept = Kept.of(given, enlarging, destination.format, request.frame, destination.options)
    if kept.frames:
        what = f"{kept.frames} of {kept.total} frames are" if kept.total > 1 else "the input is"
        show_note(f"{what} not smaller than --to {enlarging.spell()}, and kept in size")
    if kept.copied:
        name = destination.name
        copy_file(str(request.source), name, request.max_pixels, overwrite=request.force)
        if not request.bulk.quiet:
            report("Kept", request.source, given, given, destination, [], started)
        request.looking.show(given, name)
    return kept.copied


def _plan(
    request: Request, found: Source | Picture | Array
) -> "tuple[Destination, StripRun | None]":
    """Return where the result goes, and what makes it by strips; None where it is made at once."""
    source = found if isinstance(found, Source) else Source(found)
    enlarging = request.enlarging
    size = enlarging.size_of(enlarging.shape_of(source.given))
    enlarging.check(source.given, size)
    destination = _choose(request, source.given)
    work = EnlargedStrips(source.given, enlarging, size)
    job = StripJob(source, work, destination.format, destination.name)
    return destination, plan_strips(job, destination)


def _choose(request: Request, given: Picture | Array) -> Destination:
    """Return where the result goes."""
    enlarging = request.enlarging
    size = enlarging.size_of(enlarging.shape_of(given))
    return choose_destination(
        request.source,
        given,
        request.output,
        request.format_name,
        f"{enlarging.spell(size)}_{enlarging.method}",
        force=request.force,
        compression=request.compression,
        quality=request.quality,
        strip=request.strip,
        value_range=request.value_range,
    )


def _is_only_shown(request: Request, given: Picture | Array) -> bool:
    """Tell whether a result has no place but the terminal: one of an image from a pipe."""
    piped = request.source is not None and is_open(request.source) and request.output is None
    return request.preview and piped and isinstance(given, Picture)


def _draw_sheet(request: Request, name: str) -> None:
    """Read an image or a matrix, and draw what every method makes of it."""
    from upsamp.cli.sheets import choose_sheet, draw  # to enlarge needs no letters

    started = perf_counter()
    destination = choose_sheet(name, request)
    given = _read(request)
    sheet = draw(given, request)
    deliver(sheet, destination, force=request.force)
    if not request.bulk.quiet:
        report("Sheet", request.source, given, sheet, destination, [], started)
    request.looking.show(sheet, name)


def _enlarge_at_once(
    given: Picture | Array,
    enlarging: Enlarging,
    size: Pair,
    destination: Destination,
    *,
    force: bool,
) -> Picture | Array:
    """Enlarge what is in memory, and write or show the result; give what has become of it."""
    result = enlarging.apply(given, size)
    matrix = None if isinstance(given, Picture) or destination.format != "table" else given
    if matrix is not None:
        show_matrix("Input", matrix)
    delivered = deliver(result, destination, force=force)
    if matrix is not None:
        from upsamp.models.upsampling_layer import upsampling_row  # only tables show the layer

        batch_shape = (None, *matrix.shape, 1) if matrix.ndim == 2 else (None, *matrix.shape[-3:])
        shape, method = enlarging.shape_of(given), enlarging.interpolation
        row = upsampling_row(batch_shape, shape, size, method, enlarging.layout)
        show_layer(row, as_table=True)
    return delivered


def _find(request: Request) -> Source:
    """Read the input, or of what can be read by its rows the head alone."""
    return find_stored(request.source) or Source(_read(request))


def _read(request: Request) -> Picture | Array:
    return read_input(request.source, request.reading)


def _show_elsewhere(request: Request) -> None:
    """Show the program of another library, or without one what all of them compute."""
    given, enlarging = _read(request), request.enlarging
    array = array_of(given)
    size = enlarging.size_of(enlarging.shape_of(given))
    batch = as_batch(array, enlarging.layout)
    if request.library is None:
        from upsamp.cli.comparing import show_comparison  # libraries are asked for here alone

        if len(batch) > 1:
            raise click.UsageError("--compare is for one image; the array holds several.")
        enlarging.check(given, size)
        show_comparison(batch[0], size, enlarging)
        return
    from upsamp.cli.translating import show_upsampling_program  # to compute needs no program

    show_upsampling_program(
        request.library,
        batch,
        size,
        enlarging.interpolation,
        enlarging.convention,
        align_corners=enlarging.align_corners,
    )
