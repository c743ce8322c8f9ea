"""What is to be translated: the settings of a transposed convolution and of an upsampling."""

from collections.abc import Sequence
from dataclasses import dataclass

from upsamp.core.arguments import (
    Convention,
    Interpolation,
    Margins,
    Padding,
    PaddingLike,
    Pair,
    PairLike,
    Shape4,
    normalize_count,
    normalize_output_padding,
    normalize_padding,
    normalize_pair,
    normalize_shape4,
)
from upsamp.core.geometry.sizes import TransposedAxis, effective_kernel, transposed_axis
from upsamp.core.upsampling.methods import METHODS, Method
from upsamp.core.upsampling.request import normalize_rule
from upsamp.core.values import normalize_flag, spelled
from upsamp.errors import ArgumentError, ShapeError


@dataclass(frozen=True)
class TransposedConvolution:
    """A transposed convolution of `upsamp.conv2d_transpose`, each setting in its normal form.

    input_shape: (N, H, W, C). kernel: its rows and columns. filters: the channels of the result.
    padding: "valid", "same", or ((top, bottom), (left, right)). bias: whether there is one. `of`
    makes it from the forms that users write, and checks them.
    """

    input_shape: Shape4
    kernel: Pair
    filters: int
    strides: Pair = (1, 1)
    padding: Padding | Margins = "valid"
    output_padding: Pair | None = None
    output_shape: Pair | None = None
    dilation_rate: Pair = (1, 1)
    groups: int = 1
    bias: bool = False

    @classmethod
    def of(
        cls,
        input_shape: Sequence[int],
        kernel_shape: Sequence[int],
        strides: PairLike = 1,
        padding: PaddingLike = "valid",
        output_padding: PairLike | None = None,
        dilation_rate: PairLike = 1,
        groups: int = 1,
        *,
        output_shape: PairLike | None = None,
        bias: bool = False,
    ) -> "TransposedConvolution":
        """Return the settings that `upsamp.conv2d_transpose` takes under the same names.

        input_shape: (N, H, W, C). kernel_shape: (rows, columns, filters / groups, C).

        Raises `ArgumentError` and `ShapeError`.

        >>> TransposedConvolution.of((1, 7, 7, 8), (4, 4, 6, 8), 2, "same").result_shape
        (1, 14, 14, 6)
        """
        shape = normalize_shape4(input_shape, "input_shape")
        rows, columns, inner, channels = normalize_shape4(kernel_shape, "kernel_shape")
        count = normalize_count(groups, "groups")
        if channels != shape[3] or channels % count:
            raise ShapeError(
                "`kernel_shape` must be (rows, columns, filters / groups, C), and `groups` must "
                f"divide C. Received: kernel_shape={(rows, columns, inner, channels)} "
                f"with groups={count} for input_shape={shape}."
            )
        if output_padding is not None and output_shape is not None:
            raise ArgumentError(
                "`output_shape` must stand alone, as it says all of the size. "
                f"Received: output_shape={spelled(output_shape)} and "
                f"output_padding={spelled(output_padding)}."
            )
        steps = normalize_pair(strides, "strides")
        dilation = normalize_pair(dilation_rate, "dilation_rate")
        crop = normalize_padding(padding)
        explicit = not isinstance(crop, str)
        settings = cls(
            input_shape=shape,
            kernel=(rows, columns),
            filters=inner * count,
            strides=steps,
            padding=crop,
            output_padding=normalize_output_padding(
                output_padding, steps, dilation, explicit=explicit
            ),
            output_shape=None
            if output_shape is None
            else normalize_pair(output_shape, "output_shape"),
            dilation_rate=dilation,
            groups=count,
            bias=normalize_flag(bias, "bias"),
        )
        _ = settings.axes  # an empty result is an error now, and not when it is asked for
        return settings

    @property
    def spans(self) -> Pair:
        """The rows and columns that the dilated kernel covers."""
        (rows, columns), (row_dilation, column_dilation) = self.kernel, self.dilation_rate
        return effective_kernel(rows, row_dilation), effective_kernel(columns, column_dilation)

    @property
    def axes(self) -> tuple[TransposedAxis, TransposedAxis]:
        """The plan of the rows and that of the columns."""
        rows, columns = (self._axis(axis) for axis in (0, 1))
        return rows, columns

    def _axis(self, axis: int) -> TransposedAxis:
        padding = self.padding
        return transposed_axis(
            self.input_shape[axis + 1],
            self.kernel[axis],
            self.strides[axis],
            padding if isinstance(padding, str) else padding[axis],
            None if self.output_padding is None else self.output_padding[axis],
            self.dilation_rate[axis],
            None if self.output_shape is None else self.output_shape[axis],
        )

    @property
    def result_shape(self) -> Shape4:
        """The shape (N, rows, columns, filters) of the result."""
        rows, columns = self.axes
        return self.input_shape[0], rows.output, columns.output, self.filters


@dataclass(frozen=True)
class Upsampling:
    """An upsampling of `upsamp.upsample` or `upsamp.resize`, each setting in its normal form.

    input_shape: (N, H, W, C). size: the rows and columns of the result. `of` makes it from the
    forms that users write, and checks them.
    """

    input_shape: Shape4
    size: Pair
    interpolation: Interpolation = "nearest"
    convention: Convention = "keras"
    align_corners: bool = False

    @classmethod
    def of(
        cls,
        input_shape: Sequence[int],
        size: PairLike,
        interpolation: str = "nearest",
        *,
        convention: str = "keras",
        align_corners: bool = False,
    ) -> "Upsampling":
        """Return the settings that `upsamp.resize` takes under the same names.

        input_shape: (N, H, W, C). size: the rows and columns of the result.

        Raises `ArgumentError` and `ShapeError`.

        >>> Upsampling.of((1, 3, 4, 1), (6, 12), "bilinear").factors
        (2, 3)
        """
        shape = normalize_shape4(input_shape, "input_shape")
        target = normalize_pair(size, "size")
        if target[0] < shape[1] or target[1] < shape[2]:
            raise ArgumentError(
                "`size` must not be below the size of the input, as this is upsampling. "
                f"Received: size={target} for {shape[1:3]}."
            )
        rule = normalize_rule(interpolation, convention, align_corners=align_corners, alpha=False)
        return cls(shape, target, rule.method, rule.convention, rule.align_corners)

    @property
    def method(self) -> Method:
        """The record of the method."""
        return METHODS[self.interpolation]

    @property
    def factors(self) -> Pair | None:
        """The whole factors of the rows and of the columns, or None where one is not whole."""
        _, height, width, _ = self.input_shape
        rows, columns = self.size
        if rows % height or columns % width:
            return None
        return rows // height, columns // width

    @property
    def copies(self) -> bool:
        """Whether every output is a copy of one input, by a method that has no kernel."""
        method = self.method
        return method.kernels[self.convention] is None and method.copies(self.factors)

    @property
    def result_shape(self) -> Shape4:
        """The shape (N, rows, columns, C) of the result."""
        return self.input_shape[0], *self.size, self.input_shape[3]
