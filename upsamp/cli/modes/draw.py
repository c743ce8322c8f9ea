"""`upsamp summary --draw`: a model as a drawing to scale."""

from io import BytesIO
from pathlib import PurePath

import click

from upsamp.core.text import printable
from upsamp.io.streams import is_stream
from upsamp.io.write import check_place, copy_stream
from upsamp.models.summary.architecture import architecture_of
from upsamp.models.summary.listing import Listing
from upsamp.views.diagram_svg import diagram_svg


def draw_model(
    listing: Listing,
    name: str,
    *,
    expand_nested: bool,
    input_shape: tuple[int, ...] | None,
    overwrite: bool,
) -> None:
    """Write the drawing of a model to the file `name`, or to standard output for "-"."""
    architecture = architecture_of(
        listing.model,
        expand_nested=expand_nested,
        input_shapes=None if input_shape is None else [(None, *input_shape)],
        counted=listing.counted,
    )
    data = f"{diagram_svg(architecture)}\n".encode()
    copy_stream(BytesIO(data), name, overwrite=overwrite)


def check_drawing(name: str, *, overwrite: bool) -> None:
    """Raise where a drawing cannot be written to `name`, before anything is read."""
    suffix = PurePath(name).suffix.lower()
    if suffix != ".svg" and not (is_stream(name) and not suffix):
        raise click.UsageError(
            f"--draw must name an .svg file, such as model.svg. Received: {printable(name)}. "
            "A browser or rsvg-convert makes a PNG of it."
        )
    check_place(name, overwrite=overwrite)
