"""A transposed convolution as an animation, of which `transposed_frames` has the steps."""

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.convolution.setting import extent_of
from upsamp.core.geometry.sizes import TransposedAxis, effective_kernel
from upsamp.explain.animation import Animation, View, check_frames, finish_animation
from upsamp.explain.explanation import Explanation
from upsamp.explain.transposed import UNCROPPED, Arguments, explain_transposed, transposed_axes
from upsamp.explain.transposed_frames import (
    Setting,
    axis_cover,
    axis_reach,
    gather_frames,
    scatter_frames,
)

DESCRIPTIONS: dict[View, str] = {
    "gather": "Each value of the output is the sum of a window of the input, times the kernel "
    "turned round. Zeros that are inserted between the inputs, and those of the padding, add "
    "nothing.",
    "scatter": "Each input is multiplied by the whole kernel, and the products are added where it "
    "lies in the output. What is cropped is left out at the end.",
}


def animate_transposed(
    x: Array,
    kernel: Array,
    bias: Array,
    arguments: Arguments,
    output_shape: Pair | None = None,
    *,
    view: View = "gather",
) -> Animation:
    """Return the steps of a transposed convolution of one image, of the first filter.

    The arguments are those of `explain_transposed`. view: "gather" has a step for each value of
    the output, "scatter" one for each input. Raises `ShapeError` for what is too large to be
    looked at.

    >>> x, settings = np.eye(2)[..., None], ((2, 2), "same", None, (1, 1), 1)
    >>> made = animate_transposed(x, np.ones((3, 3, 1, 1)), np.zeros(1), settings)
    >>> len(made.frames), made.frames[0].text
    (17, ('output [0, 0] = 1 * 1 = 1',))
    """
    strides, padding, _, dilation, groups = arguments
    planned = transposed_setting(*arguments, output_shape)
    extent_of(planned, (1, *x.shape), kernel.shape)  # which checks them
    axes, channels = transposed_axes(planned, x.shape, kernel.shape), x.shape[2] // groups
    spans = tuple(map(effective_kernel, kernel.shape, dilation))
    _check(x, axes, (spans[0], spans[1]), channels, view)
    made = explain_transposed(x, kernel, bias, arguments, output_shape)
    setting = Setting(
        x[:, :, :channels],
        kernel[:, :, 0, :channels],
        axes,
        dilation,
        float(bias[0]),
        made.output if made.output.ndim == 2 else made.output[:, :, 0],
        _crop(made),
    )
    frames = [*(gather_frames(setting) if view == "gather" else scatter_frames(setting))]
    last = frames.pop()
    title = (
        f"transposed convolution of {_size(x.shape)}: kernel {_size(kernel.shape)}, stride "
        f"{_spelled(strides)}, padding {_spelled(padding)}{_more(dilation, groups)}, output "
        f"{_size(made.output.shape)}"
    )
    return finish_animation(title, DESCRIPTIONS[view], frames, last, _telling(made, view))


def _crop(made: Explanation) -> tuple[str, ...]:
    """Say how the output is cut out of the full result, and how its size follows."""
    crop = next(stage.note for stage in made.stages if stage.name == "output")
    lines = made.formula.split("; ")
    return tuple(lines) if crop == UNCROPPED else (f"full result: {crop}", *lines)


def _telling(made: Explanation, view: View) -> int:
    """Return the step that is about the cell that is explained."""
    widths: tuple[int, int] = made.given.shape[1], made.output.shape[1]
    if view == "gather":
        return made.cell.row * widths[1] + made.cell.column
    row, column, _ = [(0, 0, 0), *(term.place for term in made.cell.terms if term.place)][-1]
    return row * widths[0] + column


def _check(
    x: Array, axes: tuple[TransposedAxis, TransposedAxis], spans: Pair, channels: int, view: View
) -> None:
    """Raise `ShapeError` for what is too large, before anything is made."""
    size = axes[0].output, axes[1].output
    if view == "gather":
        drawn = tuple(
            stop - start
            for start, stop in (
                axis_reach(axis, span) for axis, span in zip(axes, spans, strict=True)
            )
        )
        shapes = [(drawn[0], drawn[1]), spans] * channels + [size]
        check_frames(shapes, size[0] * size[1])
        return
    covered = tuple(stop - start for start, stop in map(axis_cover, axes))
    shapes = [(x.shape[0], x.shape[1]), spans] * channels + [spans, (covered[0], covered[1])]
    check_frames(shapes, x.shape[0] * x.shape[1])


def _more(dilation: Pair, groups: int) -> str:
    rate = "" if dilation == (1, 1) else f", dilation {_spelled(dilation)}"
    return rate if groups == 1 else f"{rate}, first of {groups} groups"


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape[:2]))


def _spelled(numbers: object) -> str:
    """Return a word as it is, and numbers as one where all are alike.

    >>> _spelled("same"), _spelled((2, 2)), _spelled(((0, 1), (2, 2)))
    ('same', '2', '0 1 2 2')
    """
    parts = [str(one) for one in np.ravel(np.array(numbers))]
    return parts[0] if len({*parts}) == 1 else " ".join(parts)
