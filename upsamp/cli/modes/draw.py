"""`--draw`: a model as a drawing to scale."""

from io import BytesIO

from upsamp.cli.summary_request import Request
from upsamp.io.write import copy_stream
from upsamp.models.summary.architecture import architecture_of
from upsamp.models.summary.listing import Listing
from upsamp.views.diagram_svg import diagram_svg


def draw_model(listing: Listing, request: Request) -> None:
    """Write the drawing of a model to the file of --draw, or to standard output for "-"."""
    data = f"{drawing_of(listing, request)}\n".encode()
    copy_stream(BytesIO(data), str(request.draw), overwrite=request.force)


def drawing_of(listing: Listing, request: Request) -> str:
    """Return the drawing of a model, as SVG."""
    shape = request.input_shape
    architecture = architecture_of(
        listing.model,
        expand_nested=request.expand_nested,
        input_shapes=None if shape is None else [(None, *shape)],
        counted=listing.counted,
    )
    return diagram_svg(architecture)
