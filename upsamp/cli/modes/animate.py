"""`--animate`: the steps of a computation as a moving picture, on the user's own numbers."""

from io import BytesIO

import click

from upsamp.cli import transpose_request, upsample_request
from upsamp.cli.modes.explain import convolution_input, enlarging_input, tell_first
from upsamp.cli.options import wrong_command
from upsamp.cli.output import choose_picture, deliver, read_input
from upsamp.cli.render.tables import show_report
from upsamp.core.arguments import Array
from upsamp.core.layout import as_batch
from upsamp.core.text import printable
from upsamp.errors import ArgumentError
from upsamp.explain.animation import Animation, check_frames
from upsamp.explain.explanation import check_values
from upsamp.explain.transposed_animation import animate_transposed
from upsamp.explain.upsampling_animation import animate_upsampling
from upsamp.io.pictures import Picture, array_of
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import Destination, check_place, copy_stream
from upsamp.models.transposed_convolution import Settings
from upsamp.views.animation_picture import draw_animation
from upsamp.views.animation_svg import animation_svg

FORMATS = (".gif", ".webp", ".png", ".apng", ".svg")


def animate_convolution(request: transpose_request.Request, settings: Settings) -> None:
    """Write the steps of a transposed convolution to the file of --animate."""
    destination = _choose(request)
    _deliver(animation_of_convolution(request, settings), request, destination)


def animate_enlarging(request: upsample_request.Request) -> None:
    """Write the steps of an upsampling to the file of --animate."""
    destination = _choose(request)
    _deliver(animation_of_enlarging(request), request, destination)


def animation_of_convolution(
    request: transpose_request.Request, settings: Settings, given: Picture | Array | None = None
) -> Animation:
    """Return the steps of a transposed convolution; given: the input, if it was read before.

    Raises `ShapeError` for what is too large to be looked at.
    """
    size = settings.kernel_size or (3, 3)
    rows, columns = size if settings.kernel is None else settings.kernel.shape[:2]
    given = read_input(request.source, request.reading) if given is None else given
    height, width = as_batch(array_of(given), settings.data_format).shape[1:3]
    # Before a kernel is made, and the input brought to its type.
    check_frames([(rows, columns), (height, width)])
    check_values((rows, columns, settings.filters or 1))
    batch, task = convolution_input(request, settings, given)
    with wrong_command(ArgumentError):
        made = animate_transposed(
            batch[0],
            task.kernel,
            task.bias,
            settings.arguments,
            settings.output_shape,
            view=request.view,
        )
    tell_first(batch, "channel" if task.apart else "image", "animated")
    tell_first(task.bias, "filter", "animated")
    return made


def animation_of_enlarging(
    request: upsample_request.Request, given: Picture | Array | None = None
) -> Animation:
    """Return the steps of an upsampling; given: the input, if it was read before.

    Raises `ShapeError` for what is too large to be looked at.
    """
    batch, size, rule = enlarging_input(request, "--animate", given)
    made = animate_upsampling(batch[0], size, rule, view=request.view)
    tell_first(batch, "image", "animated")
    tell_first(range(batch.shape[3]), "channel", "animated")
    return made


def _choose(request: transpose_request.Request | upsample_request.Request) -> Destination:
    """Return where an animation goes, or raise where it cannot, before any work is done."""
    name = str(request.animate)
    suffix = next((one for one in FORMATS if name.lower().endswith(one)), None)
    if suffix is None and not is_stream(name):
        raise click.UsageError(
            f"--animate must be a file in .gif, .webp, .png or .svg. Received: {printable(name)}."
        )
    if suffix != ".svg":
        return choose_picture(name, "--animate", request)
    for option in request.given("--compress", "--quality"):
        raise click.UsageError(f"{option} is for pixels, and an SVG has none. Leave it out.")
    check_place(name, overwrite=request.force)
    return Destination(name, "svg", overwrite=request.force)


def _deliver(
    animation: Animation,
    request: transpose_request.Request | upsample_request.Request,
    destination: Destination,
) -> None:
    """Draw an animation and write it; say what it is, unless it took standard output."""
    seconds = 1 / request.fps
    if destination.format == "svg":
        text = animation_svg(
            animation, seconds=seconds, cell=request.cell_pixels, theme=request.theme
        )
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        data = BytesIO(f"{head}{text}\n".encode())
        copy_stream(data, destination.name, overwrite=destination.overwrite)
    else:
        theme = request.theme or "light"
        picture = draw_animation(animation, seconds, request.cell_pixels, theme)
        deliver(picture, destination)
    if destination.name == STANDARD_STREAM or request.quiet:
        return
    total = seconds * sum(frame.steps for frame in animation.frames)
    rows = [
        ("File", destination.name),
        ("Frames", str(len(animation.frames))),
        ("Lasts", f"{total:.4g} s"),
    ]
    show_report("Animated", rows, ("", "Output"))
