"""Where the boxes and arrows of a model's drawing lie, with sides that follow the shapes.

An array of rows, columns and channels is a box: its front has its rows and columns, its depth the
channels. A vector is a bar. There is a scale for each of the three, the same for all boxes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from upsamp.models.summary.architecture import Architecture, Block, Frame, Link, Sides

# All in pixels: the longest front, depth and bar, and what one row, channel or value has at most.
LONGEST_SIDE, LONGEST_DEPTH, LONGEST_BAR = 120.0, 130.0, 190.0
LARGEST_UNIT = 10.0
BAR_HEIGHT = 9.0
# A model of more blocks has smaller boxes, down to half as large.
MANY_BLOCKS = 30
# Of a box whose sides are not known.
PLAIN = (64.0, 24.0)
# Where a depth of one pixel leads to: right and up.
SLANT = (0.8, 0.45)
MARGIN, HEAD, GAP, LINE = 20.0, 64.0, 28.0, 17.0
FRAME_HEAD, FRAME_FOOT, FRAME_INSET = 24.0, 12.0, 5.0
LANE, LANES = 10.0, 120.0
TEXT_GAP = 22.0


class Scale(NamedTuple):
    """The pixels of a row or column, of a channel, and of a value of a vector; 0 for none."""

    side: float
    channel: float
    value: float


class Box(NamedTuple):
    """The front of a box, its depth, and whether the sides are those of the shape."""

    left: float
    top: float
    width: float
    height: float
    depth: float = 0.0
    to_scale: bool = True

    @property
    def right(self) -> float:
        """Where the box ends on the right, depth included."""
        return self.left + self.width + self.depth * SLANT[0]

    @property
    def summit(self) -> float:
        """Where the box ends above, depth included."""
        return self.top - self.depth * SLANT[1]

    @property
    def bottom(self) -> float:
        """Where the front ends below."""
        return self.top + self.height


Point = tuple[float, float]


class Arrow(NamedTuple):
    """A link as points from the first block to the second."""

    link: Link
    points: tuple[Point, ...]


class PlacedFrame(NamedTuple):
    """A rectangle around blocks: left, top, width, height; text: where its name begins."""

    frame: Frame
    text: float
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """All that is drawn, in pixels.

    boxes: of the blocks in their order; texts: where the lines beside them begin, (left, top).
    """

    width: float
    height: float
    scale: Scale
    boxes: tuple[Box, ...]
    texts: tuple[Point, ...]
    arrows: tuple[Arrow, ...]
    frames: tuple[PlacedFrame, ...]


def lay_out(architecture: Architecture, text_width: float) -> Layout:
    """Return the places of all blocks below each other, with the words at their right.

    Where a block takes what the one above it gives, the arrow is straight; all others go through
    lanes on the left, one for each block that they come from.
    """
    blocks = architecture.blocks
    scale = _scale([block.sides for block in blocks])
    sizes = [_box(block.sides, scale) for block in blocks]
    lanes = _lanes(architecture.links)
    lane = min(LANE, LANES / max(1, max(lanes.values(), default=0)))
    depth = 1 + max((frame.level for frame in architecture.frames), default=-1)
    begin = MARGIN + depth * FRAME_INSET + (lane * (max(lanes.values()) + 1) + 8 if lanes else 0)
    axis = begin + max(box.width for box in sizes) / 2
    text = axis + max(box.width / 2 + box.depth * SLANT[0] for box in sizes) + TEXT_GAP
    width = text + text_width + depth * FRAME_INSET + MARGIN
    boxes, texts, edges = _rows(architecture, sizes, axis, text)
    frames = tuple(
        PlacedFrame(
            frame,
            text,
            MARGIN / 2 + frame.level * FRAME_INSET,
            edges[number][0],
            width - MARGIN - 2 * frame.level * FRAME_INSET,
            edges[number][1] - edges[number][0],
        )
        for number, frame in enumerate(architecture.frames)
    )
    arrows = tuple(
        Arrow(link, _straight(boxes[link.source], boxes[link.target]))
        if link.target == link.source + 1
        else Arrow(
            link,
            _around(boxes[link.source], boxes[link.target], begin - 8 - lane * lanes[link.source]),
        )
        for link in architecture.links
    )
    ends = [box.bottom for box in boxes] + [frame.top + frame.height for frame in frames]
    ends += [top + LINE * lines_of(block) for (_, top), block in zip(texts, blocks, strict=True)]
    return Layout(width, max(ends) + GAP, scale, tuple(boxes), tuple(texts), arrows, frames)


def lines_of(block: Block) -> int:
    """Return the lines of text beside a block: its first layer has two, the others one each."""
    return 1 + len(block.layers)


def _scale(every: Sequence[Sides | None]) -> Scale:
    """Return the scale at which the largest of each fills its room."""
    images = [sides for sides in every if sides is not None and len(sides) == 3]
    vectors = [sides for sides in every if sides is not None and len(sides) == 1]
    side = max((max(sides[:2]) for sides in images), default=0)
    channel = max((sides[2] for sides in images), default=0)
    value = max((sides[0] for sides in vectors), default=0)
    share = max(0.5, min(1.0, MANY_BLOCKS / len(every)))
    return Scale(
        min(LARGEST_UNIT, share * LONGEST_SIDE / max(1, side)) * bool(images),
        min(LARGEST_UNIT, share * LONGEST_DEPTH / max(1, channel)) * bool(images),
        min(LARGEST_UNIT, share * LONGEST_BAR / max(1, value)) * bool(vectors),
    )


def _box(sides: Sides | None, scale: Scale) -> Box:
    """Return a box of that size at no place."""
    if sides is None:
        return Box(0, 0, *PLAIN, to_scale=False)
    if len(sides) == 1:
        return Box(0, 0, sides[0] * scale.value, BAR_HEIGHT)
    rows, columns, channels = sides
    return Box(0, 0, columns * scale.side, rows * scale.side, channels * scale.channel)


def _rows(
    architecture: Architecture, sizes: Sequence[Box], axis: float, text: float
) -> tuple[list[Box], list[Point], list[tuple[float, float]]]:
    """Return the boxes and texts in their rows, and where each frame begins and ends."""
    opened, closed = defaultdict(list), defaultdict(list)
    for number, frame in enumerate(architecture.frames):
        opened[frame.first].append(number)
        closed[frame.last].append(number)
    begins: dict[int, float] = {}
    ends: dict[int, float] = {}
    boxes, texts = [], []
    top = HEAD
    for number, (block, size) in enumerate(zip(architecture.blocks, sizes, strict=True)):
        for one in opened[number]:  # an outer one before those in it
            begins[one] = top
            top += FRAME_HEAD
        rise = size.depth * SLANT[1]
        tall = max(size.height + rise, lines_of(block) * LINE)
        above = top + (tall - size.height - rise) / 2
        boxes.append(size._replace(left=axis - size.width / 2, top=above + rise))
        texts.append((text, top + (tall - lines_of(block) * LINE) / 2))
        top += tall
        for one in reversed(closed[number]):
            top += FRAME_FOOT
            ends[one] = top
        top += GAP
    return boxes, texts, [(begins[one], ends[one]) for one in range(len(begins))]


def _lanes(links: Sequence[Link]) -> dict[int, int]:
    """Return a lane for each block that has a link which goes around; near ones take the first.

    >>> _lanes([Link(0, 1), Link(0, 5), Link(1, 4), Link(5, 7)])
    {5: 0, 1: 0, 0: 1}
    """
    last: dict[int, int] = {}
    for link in links:
        if link.target > link.source + 1:
            last[link.source] = max(last.get(link.source, 0), link.target)
    taken: list[list[tuple[int, int]]] = []
    lanes = {}
    for source, end in sorted(last.items(), key=lambda one: (one[1] - one[0], one[0])):
        free = (
            number
            for number, spans in enumerate(taken)
            if all(end <= first or until <= source for first, until in spans)
        )
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((source, end))
        lanes[source] = lane
    return lanes


def _straight(source: Box, target: Box) -> tuple[Point, ...]:
    """Return the way from the bottom of a front to what is seen of the top below it."""
    middle = target.left + target.width / 2
    right, up = target.depth * SLANT[0], target.depth * SLANT[1]
    # On the slanting edge, or on the edge behind where the depth is short.
    rise = up * min(1.0, target.width / 2 / right) if right else 0.0
    return (middle, source.bottom), (middle, target.top - rise)


def _around(source: Box, target: Box, lane: float) -> tuple[Point, ...]:
    """Return the way through a lane: out below the middle of a left side, and in above it."""
    leaving = source.top + source.height * 0.7
    arriving = target.top + target.height * 0.3
    return (source.left, leaving), (lane, leaving), (lane, arriving), (target.left, arriving)
