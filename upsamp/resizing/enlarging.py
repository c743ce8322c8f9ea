"""Enlarging: what is to be done to an image or a matrix, as data that another process takes."""

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from upsamp.core.arguments import Array, Convention, DataFormat, Interpolation, Pair
from upsamp.core.layout import as_batch
from upsamp.core.memory import MemoryLimit, check_limit
from upsamp.core.upsampling.light import resize_light
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.resample import resize
from upsamp.errors import ArgumentError
from upsamp.io.picture_options import MAX_PIXELS, ReadOptions, WriteOptions, check_result
from upsamp.io.pictures import Frames, Picture, array_of, check_light
from upsamp.resizing.nodata import resize_data, value_without_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from upsamp.resizing.network import Network

    Factor: TypeAlias = int | Fraction

# What is taken for each value of a result of pixels of which some hold no data.
DATA_BYTES = 40


@dataclass(frozen=True)
class Enlarging:
    """How an image or a matrix is enlarged, whichever it is.

    factors: of the rows and of the columns, each at least 1. target: the width and the height in
    pixels, in the place of factors; the side that is None keeps the shape. The rest is as
    `upsamp.core.upsampling.resample.resize` has it; data_format None is that of images. linear:
    whether amounts of light are interpolated, of images. max_pixels: of an image; a result may have
    a multiple of them. keep_larger: whether what is larger than the target in a side keeps its
    size, which is an error otherwise. network: makes the result in the place of an interpolation.

    >>> Enlarging(target=(6, None)).size_of((3, 2))
    (9, 6)
    """

    factors: "tuple[Factor, Factor]" = (2, 2)
    target: tuple[int | None, int | None] | None = None
    interpolation: Interpolation = "nearest"
    convention: Convention = "keras"
    align_corners: bool = False
    data_format: DataFormat | None = None
    linear: bool = False
    max_pixels: int = MAX_PIXELS
    keep_larger: bool = False
    network: "Network | None" = None

    @property
    def layout(self) -> DataFormat:
        """Where the channels stand."""
        return self.data_format or "channels_last"

    @property
    def method(self) -> str:
        """The method as it is in the names of files: with the convention, where not Keras'."""
        if self.network is not None:
            return self.network.name
        named = self.convention != "keras"
        return f"{self.interpolation}_{self.convention}" if named else self.interpolation

    @property
    def method_shown(self) -> str:
        """The interpolation, or the name of the network, as users are told."""
        return self.interpolation if self.network is None else self.network.name

    def shape_of(self, given: Picture | Array) -> Pair:
        """Return the rows and columns of an image or a matrix."""
        height, width = as_batch(array_of(given), self.layout).shape[1:3]
        return height, width

    def size_of(self, shape: Pair) -> Pair:
        """Return the rows and columns of the result of an image of this shape.

        Raises `ArgumentError` where the target is smaller than the image.
        """
        if self.target is None:
            return int(shape[0] * self.factors[0]), int(shape[1] * self.factors[1])
        width, height = self.target
        # The side that was left out keeps the shape, rounded half up.
        rows = height or (2 * shape[0] * cast("int", width) + shape[1]) // (2 * shape[1])
        columns = width or (2 * shape[1] * cast("int", height) + shape[0]) // (2 * shape[0])
        if rows < shape[0] or columns < shape[1]:
            if self.keep_larger:
                return shape
            raise ArgumentError(
                f"The result must be at least as large as the input, {shape[1]}x{shape[0]}, as "
                f"this is upsampling. Received: {self.spell()}. Use a larger size, or "
                "--keep-larger."
            )
        return rows, columns

    def keeps(self, given: Picture | Array) -> bool:
        """Tell whether an image or a matrix is as large as is wanted, and is to stay as it is.

        Of frames that follow an image nothing is said.
        """
        shape = self.shape_of(given)
        return self.keep_larger and self.size_of(shape) == shape

    def rule_for(self, given: Picture | Array) -> "Enlarging":
        """Return how an image or a matrix is enlarged: what is kept is copied by any method."""
        if not self.keeps(given):
            return self
        return replace(
            self,
            interpolation="nearest",
            convention="keras",
            align_corners=False,
            linear=False,
            network=None,
        )

    def spell(self, size: Pair | None = None) -> str:
        """Write the size as it is in names: factors by rows first, pixels by width first.

        size: the rows and columns of a result; without it, a side that was left out stays so.

        >>> Enlarging((2, 3)).spell(), Enlarging(target=(1920, None)).spell()
        ('2x3', '1920x')
        """
        if self.target is None:
            rows, columns = self.factors
            return f"{float(rows):g}x{float(columns):g}"
        if size is not None:
            return f"{size[1]}x{size[0]}"
        return "x".join(str(side or "") for side in self.target)

    def result_size(self, given: Picture | Array) -> Pair:
        """Return the rows and columns of the result of an image or a matrix.

        Raises `ArgumentError` where it would be smaller, or have more pixels than may be.
        """
        size = self.size_of(self.shape_of(given))
        images = 1 if isinstance(given, Picture) else len(as_batch(given, self.layout))
        check_result(*size, self.max_pixels, images * math.prod(size))
        return size

    def apply(
        self,
        given: Picture | Array,
        size: Pair,
        advance: "Callable[[int], object] | None" = None,
    ) -> Picture | Array:
        """Return the image or matrix enlarged to `size`, (rows, columns), as `result_size` has it.

        The frames that follow an image are each enlarged when they are read, by their own size.
        advance: is told of the rows that a network makes.
        """
        if isinstance(given, Picture):
            large = self._apply_to_frame(replace(given, rest=None), size, advance)
            rest = given.rest
            return replace(
                large, rest=rest and Frames(rest.count, lambda: self._apply_to_rest(rest, size))
            )
        if self.keeps(given):
            return given
        if self.network is not None:
            from upsamp.resizing.network import apply_to_array  # few have a network

            return apply_to_array(self.network, given, size, self.layout, advance)
        return resize(given, size, data_format=self.layout, **self._rule)

    def _apply_to_rest(self, rest: Frames, first: Pair) -> "Iterator[Picture]":
        """Yield the frames that follow, enlarged, as long as all have few enough pixels."""
        total = math.prod(first)
        for frame in rest.read():
            size = self.size_of(self.shape_of(frame))
            total += math.prod(size)
            check_result(*size, self.max_pixels, total)
            yield self._apply_to_frame(frame, size)

    def _apply_to_frame(
        self, frame: Picture, size: Pair, advance: "Callable[[int], object] | None" = None
    ) -> Picture:
        if self.keeps(frame):
            return frame
        enlarge: Callable[..., Array] = resize
        made = math.prod(size) * (frame.pixels.nbytes // math.prod(frame.pixels.shape[:2]))
        check_limit(frame.pixels.nbytes + made, f"a result of {size[1]:,} x {size[0]:,} pixels")
        if self.network is not None:
            from upsamp.resizing.network import apply_network  # few have a network

            return apply_network(self.network, frame, size, advance)
        if self.linear:
            check_light(frame)
            enlarge = resize_light
        copied = METHODS[self.interpolation].only_copies
        missing = None if copied else value_without_data(frame)
        if missing is not None:
            return frame.with_pixels(self._apply_to_data(frame, size, missing))
        make = partial(enlarge, size=size, **self._rule)
        if not (frame.has_alpha and frame.extra):
            return frame.with_pixels(make(frame.pixels, alpha=frame.has_alpha))
        # What is no colour is not weighed by alpha.
        extra = slice(-1 - frame.extra, -1)
        shown = make(np.delete(frame.pixels, extra, axis=2), alpha=True)
        others = make(frame.pixels[..., extra], alpha=False)
        return frame.with_pixels(np.dstack([shown[..., :-1], others, shown[..., -1:]]))

    def _apply_to_data(self, frame: Picture, size: Pair, missing: object) -> Array:
        """Return the pixels enlarged without those that hold no data."""
        if self.linear:
            raise ArgumentError(
                "Linear light is for images whose pixels all hold data. Received: some with the "
                f"value for none, {missing}. Leave --linear out."
            )
        values = math.prod(size) * (frame.pixels.size // math.prod(frame.pixels.shape[:2]))
        check_limit(DATA_BYTES * values, f"a result of {size[1]:,} x {size[0]:,} pixels, some none")

        def enlarge(x: Array, size: Pair, interpolation: Interpolation) -> Array:
            return resize(x, size, **{**self._rule, "interpolation": interpolation})

        return resize_data(frame.pixels, size, self.interpolation, enlarge, missing)

    @property
    def _rule(self) -> dict[str, Any]:
        return {
            "interpolation": self.interpolation,
            "convention": self.convention,
            "align_corners": self.align_corners,
        }


@dataclass(frozen=True)
class Settings:
    """All that the work on a file must know besides its names, as on each of many files.

    format_name: of all results; without it each keeps the format that its image has, or that its
    new suffix tells. overwrite: whether what is there is replaced; skip_existing: whether it is
    taken for done, also where somebody else has put it there meanwhile. max_memory: what each
    process may take. matrices: whether files of numbers are enlarged, too, and not images alone.
    dry: whether all is planned, and nothing made. describe: whether notes say how a network makes a
    result, besides what is lost.
    """

    enlarging: Enlarging = Enlarging()
    reading: ReadOptions = field(default_factory=ReadOptions)
    writing: WriteOptions = field(default_factory=WriteOptions)
    format_name: str | None = None
    overwrite: bool = False
    skip_existing: bool = False
    max_memory: MemoryLimit | None = None
    matrices: bool = False
    dry: bool = False
    describe: bool = False
