"""Every setting of a layer as plain tuples, and the order that the solver documents."""

from collections.abc import Iterator
from itertools import product

from upsamp.core.arguments import PADDINGS, Padding, Pair
from upsamp.core.geometry.size_solver import LayerSetting
from upsamp.core.geometry.sizes import transposed_axis
from upsamp.errors import ShapeError

AxisSetting = tuple[int, int, Padding, int | None]
Setting = tuple[Pair, Pair, Padding, Pair | None]
Order = tuple[int, ...]


def axis_settings(max_kernel: int, max_stride: int) -> Iterator[AxisSetting]:
    """Yield every setting of one axis: kernel, stride, padding, output_padding."""
    for kernel, stride in product(range(1, max_kernel + 1), range(1, max_stride + 1)):
        for padding in PADDINGS:
            for extra in (None, *range(stride)):
                yield kernel, stride, padding, extra


def length_after(length: int, setting: AxisSetting) -> int:
    """Return the output's length as the geometry has it, and 0 where that is empty."""
    try:
        return transposed_axis(length, *setting, 1).output
    except ShapeError:
        return 0


def key(setting: LayerSetting) -> Setting:
    return setting.kernel, setting.strides, setting.padding, setting.output_padding


def order(setting: LayerSetting) -> Order:
    """Return what `solve_layer` says that it orders by, the strides left out; it counts axes."""
    extras = setting.output_padding or (None, None)
    axes = list(zip(setting.kernel, setting.strides, extras, strict=True))
    past = [
        length_after(9, (kernel, stride, setting.padding, extra)) > 8 * stride + kernel
        for kernel, stride, extra in axes
    ]
    return (
        sum(
            kernel < stride or beyond
            for (kernel, stride, _), beyond in zip(axes, past, strict=True)
        ),
        sum(kernel % stride > 0 for kernel, stride, _ in axes),
        sum(
            kernel % 2 == 0 and setting.padding == "same" and extra == 0
            for kernel, _, extra in axes
        ),
        2 * (setting.output_padding is not None),
        2 * (setting.padding == "valid"),
        sum(setting.kernel),
    )
