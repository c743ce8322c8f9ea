"""Sizes, pads and crops of convolutions and transposed convolutions, in integers alone.

The symbols of the formulas, per axis: n input length, k kernel, s stride, d dilation,
ek = (k - 1) * d + 1 effective kernel, op output padding.
"""

from dataclasses import dataclass

from upsamp.core.arguments import Padding
from upsamp.errors import ShapeError

__all__ = [
    "ConvolutionAxis",
    "TransposedAxis",
    "convolution_axis",
    "effective_kernel",
    "transposed_axis",
]


@dataclass(frozen=True)
class ConvolutionAxis:
    """One axis of a convolution: output o reads input o * stride + tap * dilation - before.

    `before` and `after` count the zeros around the `length` inputs.
    """

    length: int
    stride: int
    dilation: int
    output: int
    before: int
    after: int

    def tap(self, tap: int) -> tuple[slice, slice]:
        """Give the outputs that read an input through this tap of the kernel, and those inputs."""
        return _meet(self.output, self.length, self.stride, tap * self.dilation - self.before)


@dataclass(frozen=True)
class TransposedAxis:
    """One axis of a transposed convolution: input i scatters to i * stride + tap * dilation.

    `full` is the length that the scattered kernels cover, `output` the length that is kept, and
    `before` how many elements of `full` are cropped at its start. What lies past `full` is zeros.
    """

    length: int
    stride: int
    dilation: int
    full: int
    output: int
    before: int

    def tap(self, tap: int) -> tuple[slice, slice]:
        """Give the outputs that this tap of the kernel scatters into, and the inputs it reads."""
        inputs, outputs = _meet(
            self.length, self.output, self.stride, tap * self.dilation - self.before
        )
        return outputs, inputs


def _meet(count: int, length: int, stride: int, shift: int) -> tuple[slice, slice]:
    """Give those steps i < count for which i * stride + shift lies within length, and where."""
    first = max(0, -(shift // stride))
    last = max(first, min(count, -((shift - length) // stride)))
    begin = first * stride + shift
    return slice(first, last), slice(begin, begin + (last - first) * stride, stride)


def effective_kernel(kernel: int, dilation: int) -> int:
    """Give the length that a dilated kernel covers: (k - 1) * d + 1.

    >>> effective_kernel(3, 1), effective_kernel(3, 2)
    (3, 5)
    """
    return (kernel - 1) * dilation + 1


def convolution_axis(
    length: int, kernel: int, stride: int, padding: Padding, dilation: int
) -> ConvolutionAxis:
    """Plan one axis of a convolution, as TensorFlow and Keras pad it.

    "valid": floor((n - ek) / s) + 1; "same": ceil(n / s), with the odd zero after the input.

    >>> convolution_axis(5, 3, 2, "same", 1).output, convolution_axis(5, 3, 2, "valid", 1).output
    (3, 2)
    """
    span = effective_kernel(kernel, dilation)
    if padding == "valid":
        if span > length:
            raise ShapeError(
                f"A kernel that covers {span} does not fit into an input of length {length} with "
                f"padding='valid'. Use padding='same', a smaller kernel or a smaller dilation."
            )
        return ConvolutionAxis(length, stride, dilation, (length - span) // stride + 1, 0, 0)
    output = -(-length // stride)
    zeros = max((output - 1) * stride + span - length, 0)
    return ConvolutionAxis(length, stride, dilation, output, zeros // 2, zeros - zeros // 2)


def transposed_axis(
    length: int,
    kernel: int,
    stride: int,
    padding: Padding,
    output_padding: int | None,
    dilation: int,
) -> TransposedAxis:
    """Plan one axis of a transposed convolution, as Keras sizes and crops it.

    "valid": (n - 1) * s + max(ek, s), or (n - 1) * s + ek + op where op is given;
    "same": n * s, or (n - 1) * s + ek - 2 * (ek // 2) + op where op is given.

    >>> transposed_axis(2, 3, 2, "valid", None, 1).output
    5
    >>> transposed_axis(2, 3, 2, "same", None, 1).output
    4
    """
    span = effective_kernel(kernel, dilation)
    full = (length - 1) * stride + span
    if padding == "valid":
        output = full + (max(0, stride - span) if output_padding is None else output_padding)
        return TransposedAxis(length, stride, dilation, full, output, 0)
    output = length * stride if output_padding is None else full - 2 * (span // 2) + output_padding
    if output < 1:
        raise ShapeError(
            "The output must not be empty. Received: (n - 1) * s + ek - 2 * (ek // 2) + op = "
            f"({length} - 1) * {stride} + {span} - 2 * ({span} // 2) + {output_padding} = "
            f"{output}. "
            "Leave `output_padding` out, or make it larger."
        )
    return TransposedAxis(length, stride, dilation, full, output, max(full - output, 0) // 2)
