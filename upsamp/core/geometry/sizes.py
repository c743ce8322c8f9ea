"""Sizes, pads and crops of convolutions and transposed convolutions, in integers only.

The symbols of the formulas, per axis: n input length, k kernel, s stride, d dilation,
ek = (k - 1) * d + 1 effective kernel, op output padding.
"""

from dataclasses import dataclass

from upsamp.core.arguments import Padding, Pair
from upsamp.core.values import spelled
from upsamp.errors import ShapeError


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
        """Return the outputs that read an input through this tap, and those inputs."""
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

    @property
    def after(self) -> int:
        """How many elements of `full` are cropped at its end; negative where zeros are added."""
        return self.full - self.before - self.output

    def tap(self, tap: int) -> tuple[slice, slice]:
        """Return the outputs that this tap of the kernel scatters into, and the inputs it reads."""
        inputs, outputs = _meet(
            self.length, self.output, self.stride, tap * self.dilation - self.before
        )
        return outputs, inputs


def _meet(count: int, length: int, stride: int, shift: int) -> tuple[slice, slice]:
    """Return those steps i < count for which i * stride + shift lies within length, and where."""
    first = max(0, -(shift // stride))
    last = max(first, min(count, -((shift - length) // stride)))
    begin = first * stride + shift
    return slice(first, last), slice(begin, begin + (last - first) * stride, stride)


def effective_kernel(kernel: int, dilation: int) -> int:
    """Return the length that a dilated kernel covers: (k - 1) * d + 1.

    >>> effective_kernel(3, 1), effective_kernel(3, 2)
    (3, 5)
    """
    return (kernel - 1) * dilation + 1


def convolution_axis(
    length: int, kernel: int, stride: int, padding: Padding | Pair, dilation: int
) -> ConvolutionAxis:
    """Plan one axis of a convolution, as TensorFlow and Keras pad it.

    "valid": floor((n - ek) / s) + 1; "same": ceil(n / s), with the odd zero after the input;
    (before, after): floor((n + before + after - ek) / s) + 1, as PyTorch and ONNX have it.

    >>> convolution_axis(5, 3, 2, "same", 1).output, convolution_axis(5, 3, 2, "valid", 1).output
    (3, 2)
    """
    span = effective_kernel(kernel, dilation)
    if padding == "same":
        output = -(-length // stride)
        zeros = max((output - 1) * stride + span - length, 0)
        return ConvolutionAxis(length, stride, dilation, output, zeros // 2, zeros - zeros // 2)
    before, after = (0, 0) if isinstance(padding, str) else padding
    padded = length + before + after
    if span > padded:
        raise ShapeError(
            f"A kernel that covers {span} does not fit into an input of length {padded} with "
            f"padding={spelled(padding)}. Use padding='same', a smaller kernel or a smaller "
            "dilation."
        )
    return ConvolutionAxis(length, stride, dilation, (padded - span) // stride + 1, before, after)


def transposed_axis(
    length: int,
    kernel: int,
    stride: int,
    padding: Padding | Pair,
    output_padding: int | None,
    dilation: int,
    output_length: int | None = None,
) -> TransposedAxis:
    """Plan one axis of a transposed convolution, as Keras, PyTorch or ONNX size and crop it.

    "valid": (n - 1) * s + max(ek, s), or (n - 1) * s + ek + op where op is given;
    "same": n * s, or (n - 1) * s + ek - 2 * (ek // 2) + op where op is given;
    (before, after): (n - 1) * s + ek - before - after + op, with op = 0 where it is not given.
    An `output_length` is taken as it is: "same" crops the half before, the others what they say.

    >>> transposed_axis(2, 3, 2, "valid", None, 1).output
    5
    >>> transposed_axis(2, 3, 2, "same", None, 1).output
    4
    >>> transposed_axis(7, 4, 2, (1, 1), None, 1).output
    14
    """
    span = effective_kernel(kernel, dilation)
    full = (length - 1) * stride + span
    before = 0
    if isinstance(padding, tuple):
        before, after = padding
        output = full - before - after + (output_padding or 0)
    elif padding == "valid":
        output = full + (max(0, stride - span) if output_padding is None else output_padding)
    elif output_padding is None:
        output = length * stride
    else:
        output = full - 2 * (span // 2) + output_padding
    if output_length is not None:
        output = output_length
    if output < 1:
        formula, numbers = transposed_formula(length, span, stride, padding, output_padding)
        raise ShapeError(
            f"The output must not be empty. Received: {formula} = {numbers} = {output}. "
            "Use a smaller padding, or a larger `output_padding`."
        )
    if padding == "same":
        before = max(full - output, 0) // 2
    return TransposedAxis(length, stride, dilation, full, output, before)


def transposed_formula(
    length: int, span: int, stride: int, padding: Padding | Pair, output_padding: int | None
) -> tuple[str, str]:
    """Return how `transposed_axis` finds the length of the output, in symbols and in numbers.

    >>> transposed_formula(2, 3, 2, "same", None)
    ('n * s', '2 * 2')
    """
    full, numbers = "(n - 1) * s + ek", f"({length} - 1) * {stride} + {span}"
    if isinstance(padding, tuple):
        before, after = padding
        return (
            f"{full} - before - after + op",
            f"{numbers} - {before} - {after} + {output_padding or 0}",
        )
    if output_padding is not None:
        half, halves = (
            ("", "") if padding == "valid" else (" - 2 * (ek // 2)", f" - 2 * ({span} // 2)")
        )
        return f"{full}{half} + op", f"{numbers}{halves} + {output_padding}"
    if padding == "same":
        return "n * s", f"{length} * {stride}"
    return "(n - 1) * s + max(ek, s)", f"({length} - 1) * {stride} + max({span}, {stride})"
