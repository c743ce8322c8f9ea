"""An animation as a picture of several frames, in pixels."""

from collections.abc import Iterator

from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.explain.animation import Animation, Frame
from upsamp.io.pictures import Frames, Picture
from upsamp.views.animation_layout import RADIUS, Box, Layout, plan_layout, shapes_of
from upsamp.views.canvas import Canvas
from upsamp.views.palette import PALETTES, Palette, Theme, channels

# Of an ink on a cell; with these a frame has less than the 256 colours of a GIF.
SHADES = 6
# Pixels of a side, which WebP bounds, and of a frame at most.
MAX_SIDE, MAX_PIXELS = 16_383, 2**21
OUTLINE = 3


def draw_animation(
    animation: Animation, seconds: float = 1.0, cell: int | None = None, theme: Theme = "light"
) -> Picture:
    """Return an animation as a picture, each frame of which is drawn when it is asked for.

    seconds: how long a step is shown. cell: its side in pixels; None for what fits. Raises
    `ShapeError` for frames of too many pixels.
    """
    layout = plan_layout(animation, animation.frames, cell)
    width, height = layout.width, layout.height
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ShapeError(
            f"A frame has at most {MAX_SIDE:,} pixels a side, and {MAX_PIXELS:,} together. "
            f"Received: {width:,} x {height:,}. Use smaller cells, a smaller example, or .svg."
        )
    palette = PALETTES[theme]

    def draw(frame: Frame) -> Picture:
        timing = {"duration": 1000 * seconds * frame.steps, "plays": 0}
        return Picture(draw_frame(frame, layout, palette), "RGB", metadata=timing)

    def rest() -> Iterator[Picture]:
        return map(draw, animation.frames[1:])

    first = draw(animation.frames[0])
    return Picture(
        first.pixels,
        first.mode,
        metadata=first.metadata,
        rest=Frames(len(animation.frames) - 1, rest),
    )


def draw_frame(frame: Frame, layout: Layout, palette: Palette) -> Array:
    """Draw a frame, uint8 (H, W, 3)."""
    inks = {role: channels(colour) for role, colour in palette.items()}
    canvas = Canvas(layout.height, layout.width, inks["paper"], shades=SHADES)
    for shape in sorted(shapes_of(frame, layout), key=lambda one: one.layer):
        ink = inks[shape.role]
        if isinstance(shape, Box):
            _draw_box(canvas, shape, ink, inks["border"])
        else:
            size = max(1, round(shape.size))
            top = round(shape.base) - size
            canvas.write(shape.text, top, shape.left, size, ink, centred=shape.centred)
    return canvas.pixels


def _draw_box(
    canvas: Canvas, box: Box, ink: tuple[int, int, int], border: tuple[int, int, int]
) -> None:
    """Draw a cell with its border, an outline or a ring."""
    top, left = round(box.top), round(box.left)
    if box.role == "point":
        canvas.ring(box.top, box.left, RADIUS + 1, ink)
        return
    rows, columns = round(box.top + box.height) - top, round(box.left + box.width) - left
    if box.role == "window":
        canvas.frame(top + 1, left + 1, rows - 1, columns - 1, ink, OUTLINE)
        return
    # Neighbours share their border.
    canvas.fill(top, left, rows + 1, columns + 1, border)
    canvas.fill(top + 1, left + 1, rows - 1, columns - 1, ink)
