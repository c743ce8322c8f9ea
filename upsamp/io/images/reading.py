"""Reading an image file: what it declares is looked at before its pixels are."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image, UnidentifiedImageError

from upsamp.errors import FormatError, MemoryLimitError
from upsamp.io.extras import has_extra
from upsamp.io.formats import MODES
from upsamp.io.images.animation import Animation
from upsamp.io.images.damage import check_image
from upsamp.io.images.declared import Route, declared_by, route_of
from upsamp.io.images.decoding import decode, oriented
from upsamp.io.images.frame_files import AnimatedGif, AnimatedPng, SubFrame
from upsamp.io.images.frames import (
    FirstPage,
    frame_count,
    icon_sizes,
    is_tiff,
    tiff_frames,
    tiff_mask,
)
from upsamp.io.images.memory import UNREAD, check_deep_reading, check_opening, check_reading
from upsamp.io.images.metadata import orientation_of
from upsamp.io.images.modes import masked, natural_mode
from upsamp.io.images.pillow import open_image, pillow_at_work
from upsamp.io.metadata.keeping import counted, upright_metadata, with_first_page
from upsamp.io.metadata.scale import upright
from upsamp.io.metadata.tiff_tags import metadata_of_tiff
from upsamp.io.picture_options import (
    ReadOptions,
    check_size,
    check_total,
    most_frames,
    too_many_frames,
)
from upsamp.io.pictures import Frames, Picture
from upsamp.io.sniffing import diagnosis

# A file's bytes, opened once more.
Reopen = Callable[[], AbstractContextManager[BinaryIO]]

# Animations whose frames Pillow composes.
COMPOSED = ("WEBP", "AVIF")
FAULT = "cannot be decoded"
# Those of a TIFF that not every libtiff of Pillow has.
OPTIONAL_COMPRESSIONS = ("webp", "zstd")
WITHOUT_END = "the GIF has no end, so frames may be missing"


def read_picture(
    stream: BinaryIO, name: str, options: ReadOptions, reopen: Reopen | None = None
) -> Picture:
    """Read a frame of an image, by default the first, upright as its EXIF orientation says.

    name: for errors. reopen: opens the same bytes once more, for the frames that follow; without
    it they are kept in memory as the file has them.
    """
    numeric = _read_numeric(stream, name, options)
    if numeric is not None:
        return numeric
    file = _ImageFile(stream, name, options)
    count = file.count() if file.all_wanted else 1
    try:
        picture = file.read(options.frame or 0)
    except MemoryLimitError as error:
        if count > 1 and isinstance(error.declared, Picture):
            error.declared = replace(error.declared, rest=UNREAD)
        raise
    picture = counted(replace(picture, notes=(*picture.notes, *file.notes)), pages=count)
    if options.frame is not None or not file.has_several:
        return picture
    if not options.every_frame:
        what = "image, not its animation," if file.has_hidden else "first frame"
        return replace(picture, notes=(*picture.notes, f"only the {what} is read"))
    if reopen is None:
        stream.seek(0)
        data = stream.read()
        reopen = lambda: nullcontext(BytesIO(data))  # noqa: E731 - one line says it all
    rest = partial(_following, reopen, name, options, count)
    return replace(picture, rest=Frames(count - 1, rest))


def _read_numeric(stream: BinaryIO, name: str, options: ReadOptions) -> Picture | None:
    """Read what is read without Pillow; None where it is something else."""
    stream.seek(0)
    head = stream.read(16)
    if re.match(rb"SIMPLE *=", head):
        from upsamp.io.images.fits import read_fits  # each format is loaded for itself

        picture = read_fits(stream, name, options)
    elif re.match(rb"PF\s", head):
        from upsamp.io.images.ppm import read_colour_floats

        picture = read_colour_floats(stream, name, options)
    else:
        return None
    if options.frame:
        raise _no_frame(name, 1, options.frame)
    return picture


def _told_of_sizes(image: Image.Image | None, count: int) -> tuple[str, ...]:
    """Return what is to be told of an icon, of which `--frame` picks one of this many sizes."""
    if image is not None and image.format == "ICNS" and len(image.info["sizes"]) > 1:
        return (f"the largest of {len(image.info['sizes'])} sizes is read",)
    if count < 2:
        return ()
    return (f"the largest of {count} sizes is read; --frame 1 to {count - 1} are smaller",)


def _no_frame(name: str, count: int, number: int) -> FormatError:
    return FormatError(
        f"--frame must name one of the frames of {name}, 0 to {count - 1}. Received: {number}."
    )


def _following(reopen: Reopen, name: str, options: ReadOptions, count: int) -> Iterator[Picture]:
    """Read the frames after the first, one at a time."""
    total = 0
    with reopen() as stream:
        file = _ImageFile(stream, name, options)
        for number in range(1, count):
            picture = counted(file.read(number))
            height, width = picture.pixels.shape[:2]
            total += height * width  # of pages, each has a size of its own
            check_total(total, name, options.max_pixels)
            yield picture


class _ImageFile:
    """An opened image file, whose frames are read by their numbers, fastest in their order.

    has_several: whether it has more than one. all_wanted: whether it has, and all are to be read.
    notes: what is to be told of the file, as far as its frames were looked for.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, stream: BinaryIO, name: str, options: ReadOptions) -> None:
        self._stream, self._name, self._options = stream, name, options
        self._image = None if is_tiff(stream) else self._open(stream)
        size = (1, 1) if self._image is None else self._image.size  # each page has its own
        check_size(*size, name, options.max_pixels)
        self._animation = self._opened_animation(self._image)
        self._declared = 0 if self._animation is None else self._animation.file.declared
        self._orientation: int | None = None  # of an animation
        self._decoded = 0  # pixels of its frames so far
        # An icon is the same in each of its sizes.
        self._sizes = [] if self._image is None else icon_sizes(self._image)
        if options.frame is None:
            self.notes = _told_of_sizes(self._image, len(self._sizes))
        self._frames = self._all_places()
        self._places: list[Any] = []  # of pages; the frames of an animation
        self._find(1)
        self.has_several = len(self._places) > 1 and not self._sizes
        self.all_wanted = self.has_several and options.every_frame and options.frame is None
        # A page costs the same wherever it is; a frame is made of those before it.
        apart = self._image is None and not self.all_wanted
        self._most = sys.maxsize - 1 if apart else most_frames(*size, options.max_pixels)

    def _at_work(self) -> AbstractContextManager[None]:
        return pillow_at_work(self._name, FAULT, self._options.max_pixels)

    def _open(self, stream: BinaryIO) -> Image.Image:
        check_opening(stream, self._name)
        with self._at_work():
            try:
                return open_image(stream)
            except UnidentifiedImageError as error:
                raise FormatError(f"{self._name} is {diagnosis(stream)}.") from error

    def _opened_animation(self, image: Image.Image | None) -> Animation | None:
        """Return what composes the frames of a GIF, or of a PNG if it is animated."""
        if image is None or image.format not in ("GIF", "PNG"):
            return None
        with self._at_work():
            place = self._stream.tell()  # from where Pillow goes on
            kind = AnimatedGif if image.format == "GIF" else AnimatedPng
            file = kind(self._stream)
            self._stream.seek(place)
        if isinstance(file, AnimatedPng) and not file.declared:
            return None
        # They are composed before they are turned.
        options = replace(self._options, expand=True, orient=False)
        return Animation(file, image.size, partial(self._read_stored, options))

    def _all_places(self) -> Iterator[int | SubFrame]:
        """Yield the places of all pages, or all frames; those asked for by number are all shown."""
        if self._image is None:
            self.notes = yield from tiff_frames(self._stream)
        elif self._animation is None:
            yield from range(frame_count(self._image))
        else:
            frames = self._animation.file.frames()
            try:
                while True:
                    frame = next(frames)
                    if frame.shown or self._options.frame is None:
                        yield frame
            except StopIteration as end:
                self.notes = () if end.value else (WITHOUT_END,)

    def _find(self, number: int) -> None:
        """Find the places of the frames up to that number, as far as there are any."""
        place = self._stream.tell() if self._animation else 0  # from where Pillow goes on
        with self._at_work():
            missing = number + 1 - len(self._places)
            self._places.extend(islice(self._frames, max(0, missing)))
        if self._animation:
            self._stream.seek(place)

    def count(self) -> int:
        """Return how many frames there are; raise `FormatError` for more than may be read."""
        if self._declared <= self._most:
            self._find(self._most)
        if max(self._declared, len(self._places)) > self._most:
            raise too_many_frames(self._name, self._options.max_pixels)
        return len(self._places)

    @property
    def has_hidden(self) -> bool:
        """Whether the first image is no part of the animation."""
        return self._animation is not None and not self._places[0].shown

    def read(self, number: int) -> Picture:
        """Read a frame."""
        if number < self._most and number <= (self._declared or number):
            self._find(number)
        if number >= min(len(self._places), self._most):
            raise _no_frame(self._name, self.count(), number)
        if self._image is None:
            place = self._places[number]
            picture = self._with_mask(self._read_page(self._page_at(place)), place)
            return self._with_first_page(picture) if number else picture
        if self._is_painted:
            return self._read_frame(cast("Animation", self._animation), number)
        if self._sizes:
            self._image.size = self._sizes[number]  # type: ignore[misc]  # an icon's is set
        with self._at_work():
            if number and not self._sizes:
                self._image.seek(number)
        return self._read_image(self._image, self._stream, self._options)

    def _read_frame(self, animation: Animation, number: int) -> Picture:
        """Read a frame of a GIF or an animated PNG, as it is seen."""
        if self.all_wanted:
            self.count()  # whether any has alpha is said by all
        self._check_reading(cast("Image.Image", self._image), self._stream)
        frame: SubFrame = self._places[number]
        if number == 0 and not self.all_wanted and frame.covers(animation.size):
            # As it is stored, so that a palette may stay.
            picture = self._read_stored(self._options, frame, whole=True)
            return replace(picture, metadata={**picture.metadata, **animation.timing_of(frame)})
        picture = animation.read(self._places, number)
        return oriented(picture, self._orientation, orient=self._options.orient)

    def _read_stored(self, options: ReadOptions, frame: SubFrame, *, whole: bool) -> Picture:
        """Read a frame of an animation as it is stored, whole: with all that is said of it."""
        check_size(frame.width, frame.height, self._name, options.max_pixels)
        self._decoded += frame.width * frame.height  # of a GIF they may be larger than its canvas
        check_total(self._decoded, self._name, options.max_pixels)
        animation = cast("Animation", self._animation)
        with self._at_work():
            stream = BytesIO(animation.file.file(frame, whole=whole))
            try:
                image = open_image(stream, ("GIF", "PNG"))
            except UnidentifiedImageError as error:
                raise OSError("a frame is damaged") from error
        picture = self._read_image(image, stream, options)
        self._orientation = self._orientation or orientation_of(image)
        return picture

    def _mode_together(self, image: Image.Image) -> str | None:
        """Return the mode that all frames are to have; None where each has its own."""
        if self.all_wanted and image.format in COMPOSED:
            return "RGBA"
        if image is not self._image or self._animation is None or not self._is_painted:
            return None
        clear = "transparency" in image.info
        first = natural_mode(image.mode, expand=True, transparent=clear)
        return self._animation.mode(self._places, first if first in MODES else "L")

    @property
    def _is_animated(self) -> bool:
        """Whether frames are painted on those before them, or on a canvas that is larger."""
        return self._is_painted or (self.has_several and self._image is not None)

    @property
    def _is_painted(self) -> bool:
        """Whether that is done by ours."""
        if self._animation is None or self._declared or self.has_several:
            return self._animation is not None
        return not self._places[0].covers(self._animation.size)

    def _check_reading(self, image: Image.Image, stream: BinaryIO) -> Route:
        """Return how an image is read; raise where that is not whole, or there is no room for it.

        Another reader than Pillow asks for room itself.
        """
        with self._at_work():
            numbers = declared_by(image, stream)
            route = route_of(image, numbers, self._name, self._options)
            if not route.by_pillow and numbers is not None and self._is_animated:
                check_deep_reading(image, stream, self._name, 4, np.dtype(np.uint16), animated=True)
            if route.by_pillow:
                check_reading(
                    image,
                    stream,
                    self._name,
                    expand=self._options.expand,
                    together=self._mode_together(image),
                    animated=self._is_animated,
                )
        return route

    def _page_at(self, place: int) -> BinaryIO:
        return cast("BinaryIO", FirstPage(self._stream, place))

    def _with_first_page(self, picture: Picture) -> Picture:
        """Return a page that follows, with what the first one says of all."""
        with self._at_work():
            first, orientation = metadata_of_tiff(self._page_at(self._places[0]))
        if self._options.orient:
            first = upright_metadata(first, orientation, picture.pixels.shape)
        alone = self._options.frame is not None
        return replace(picture, metadata=with_first_page(picture.metadata, first, alone=alone))

    def _with_mask(self, picture: Picture, place: int) -> Picture:
        """Return a page with the alpha that the mask of it says, where it has one."""
        with self._at_work():
            page = tiff_mask(self._stream, place)
        if page is None:
            return picture
        from upsamp.io.images.deep import read_deep_tiff

        mask = read_deep_tiff(
            self._page_at(page.place), self._name, replace(self._options, orient=False)
        )
        turned = page.orientation if self._options.orient else None
        return masked(picture, upright(mask.pixels, turned), self._name)

    def _read_page(self, page: BinaryIO) -> Picture:
        """Read a page of a TIFF, by tifffile where Pillow does not know its kind of pixels."""
        with self._at_work():
            try:
                image = open_image(page, ("TIFF",))
            except UnidentifiedImageError:
                image = None
        if image is not None:
            try:
                return self._read_image(image, page, self._options)
            except FormatError:
                compression = image.info.get("compression")
                if compression not in OPTIONAL_COMPRESSIONS or not has_extra("tifffile"):
                    raise
        from upsamp.io.images.deep import read_deep_tiff

        return read_deep_tiff(page, self._name, self._options)

    def _read_image(self, image: Image.Image, stream: BinaryIO, options: ReadOptions) -> Picture:
        """Read the frame that an opened image is at."""
        name = self._name
        check_size(*image.size, name, options.max_pixels)
        route = self._check_reading(image, stream)
        deep = route.numbers is not None and not route.by_pillow
        if not deep or image.format != "TIFF":  # whose page is proven after more is known
            with self._at_work():
                check_image(image, stream, name, options.max_pixels)
        if route.numbers is not None and deep:
            from upsamp.io.images.deep import read_deep  # its packages are loaded for it alone

            animated = self.has_several and self._animation is None
            return read_deep(image, stream, name, options, numbers=route.numbers, animated=animated)
        with self._at_work():
            picture, orientation = decode(
                image, stream, expand=options.expand, numbers=route.numbers
            )
            if not self._is_animated:
                # Its memory may be needed to turn the pixels; close() would close the stream, too.
                image.im = Image.new("1", (1, 1)).im
        # A fault in what follows is ours, and not the file's.
        return replace(oriented(picture, orientation, orient=options.orient), notes=route.notes)
