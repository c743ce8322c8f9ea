"""`upsamp generator`: build a GAN's generator, show it, and draw samples from it."""

import click

from upsamp.cli.command import Command, PairType
from upsamp.cli.options import force_option, seed_option
from upsamp.cli.render import show_note, show_summary
from upsamp.cli.results import refuse_on_terminal
from upsamp.core.arguments import Pair
from upsamp.core.resample import upsample
from upsamp.io.formats import format_to_write, is_image_format
from upsamp.io.sinks import write_result
from upsamp.io.streams import STANDARD_STREAM, check_target
from upsamp.models.generator import (
    GENERATORS,
    make_generator,
    output_range,
    sample_latent,
    tile_samples,
)

EXAMPLES = """
upsamp generator --kind upsampling
upsamp generator --kind dcgan --samples 16 --zoom 4 -o grid.png
upsamp generator --kind transpose --samples 8 --seed 7 --samples-out samples.npy
upsamp generator --kind dcgan --latent 64 --size 4 --channels 3
"""


@click.command("generator", cls=Command, examples=EXAMPLES)
@click.option(
    "--kind",
    type=click.Choice(tuple(GENERATORS), case_sensitive=False),
    default="upsampling",
    show_default=True,
    help="The tutorial's two, or a DCGAN for 28x28 images.",
)
@click.option(
    "--latent",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Length of the latent vector.",
)
@click.option(
    "--size",
    type=PairType(),
    help="Rows and columns of the base grid.  [default: 5, of dcgan 7]",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 4),
    default=1,
    show_default=True,
    help="Channels of the images: 1 grey, 3 colour.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="N",
    help="How many samples -o and --samples-out get.",
)
@seed_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write the samples as one tiled picture; '-' is standard output, as PNG.",
)
@click.option(
    "--samples-out",
    metavar="FILE",
    help="Write the samples themselves, (N, rows, columns, channels), as .npy, .npz or .json.",
)
@click.option(
    "--zoom",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Enlarge the picture by this factor.",
)
@force_option
def command(
    kind: str,
    latent: int,
    size: Pair | None,
    channels: int,
    samples: int,
    seed: int,
    output: str | None,
    samples_out: str | None,
    zoom: int,
    force: bool,
) -> None:
    """Build a GAN's generator, show its summary, and draw samples from it.

    The weights are random, drawn from --seed: the generator is untrained. The picture's black and
    white are the ends of the last activation's range, or of the samples where it has none.
    """
    model = make_generator(kind, latent, size, channels, seed)
    to_pipe = output == STANDARD_STREAM
    picture_format = _format(output, "png", pictures=True, force=force)
    samples_format = _format(samples_out, "npy", pictures=False, force=force)
    if not (to_pipe or samples_out == STANDARD_STREAM):
        show_summary(model.summarize(), None)
    if output is None and samples_out is None:
        return
    show_note("the weights are random, so the generator is untrained and its samples are noise")
    images = model.predict(sample_latent(model, samples, seed))
    if samples_out is not None:
        write_result(images, samples_format, samples_out, overwrite=force)
    if output is not None:
        grid = tile_samples(images, output_range(model, images))
        write_result(upsample(grid, zoom), picture_format, output, overwrite=force)


def _format(name: str | None, default: str, *, pictures: bool, force: bool) -> str:
    """Give the format that a file is to have, and see that it can be written, before the work."""
    if name == STANDARD_STREAM:
        refuse_on_terminal(default)
    if name is None or name == STANDARD_STREAM:
        return default
    format_name = format_to_write(name)
    fits = is_image_format(format_name) if pictures else format_name in ("npy", "npz", "json")
    if not fits:
        option, kinds = ("-o", "an image") if pictures else ("--samples-out", ".npy, .npz or .json")
        raise click.UsageError(f"{option} must name {kinds}. Received: {name}.")
    check_target(name, overwrite=force)
    return format_name
