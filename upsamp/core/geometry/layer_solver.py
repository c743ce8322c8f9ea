"""Layers as PyTorch has them, which crop both ends alike, and chains of one layer repeated."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from upsamp.core.arguments import Pair
from upsamp.core.geometry.size_solver import LayerSetting
from upsamp.core.geometry.size_steps import all_steps
from upsamp.core.geometry.sizes import TransposedAxis, transposed_axis
from upsamp.errors import ShapeError

# No chain has more layers: each but a few doubles the size.
MAX_LAYERS = 16


class _Crop(NamedTuple):
    """One axis of a layer of PyTorch."""

    kernel: int
    stride: int
    padding: int
    extra: int

    @property
    def reach(self) -> int:
        """What one input becomes; n inputs become (n - 1) * stride + reach."""
        return self.kernel + self.extra - 2 * self.padding


def axes_of(setting: LayerSetting, size: Pair) -> tuple[TransposedAxis, TransposedAxis]:
    """Return the plans of the rows and of the columns of a layer on an input of `size`."""
    rows, columns = (
        transposed_axis(
            size[axis],
            setting.kernel[axis],
            setting.strides[axis],
            setting.padding if setting.margins is None else (setting.margins[axis],) * 2,
            None if setting.output_padding is None else setting.output_padding[axis],
            1,
        )
        for axis in (0, 1)
    )
    return rows, columns


def distinct(settings: list[LayerSetting], size: Pair) -> list[LayerSetting]:
    """Return the layers that differ in what they compute, of those alike the first.

    >>> from upsamp.core.geometry.size_solver import solve_layer
    >>> found = solve_layer(7, 14, max_kernel=2)
    >>> [each.padding for each in found], [each.padding for each in distinct(found, (7, 7))]
    (['same', 'valid', 'valid', 'same', 'valid', 'same', 'valid'], ['same', 'same'])
    """
    found: dict[object, LayerSetting] = {}
    for setting in settings:
        crops = [(axis.before, axis.after) for axis in axes_of(setting, size)]
        found.setdefault((setting.kernel, setting.strides, *crops), setting)
    return [*found.values()]


def solve_cropped(
    size: Pair, target: Pair, *, max_kernel: int = 7, max_stride: int = 8
) -> list[LayerSetting]:
    """Return the layers that crop both ends alike, by at most half the kernel, as PyTorch's do.

    Those with holes, between the kernels or past the last one, are left out. The order is that of
    `solve_layer`. From a square to a square they are square.

    >>> [each.margins for each in solve_cropped((7, 7), (14, 14), max_kernel=3)]
    [(0, 0), (1, 1)]
    """
    square = size[0] == size[1] and target[0] == target[1]
    axes = [
        [one for one in _crops(max_kernel, max_stride) if (n - 1) * one.stride + one.reach == m]
        for n, m in zip(size, target, strict=True)
    ]
    rows, columns = axes
    layers = ((one, one) for one in rows) if square else product(rows, columns)
    return [_setting(*both, target) for both in sorted(layers, key=_order)]


def solve_repeated(
    size: Pair, target: Pair, *, max_kernel: int = 7, max_stride: int = 2, most: int = 8
) -> list[tuple[LayerSetting, ...]]:
    """Return chains of one layer, twice or more often, that take `size` to `target`.

    From a single pixel the first may be the same kernel without strides, as in DCGAN: 1 to 4 to 8
    to 16. Layers with holes are left out; those of even overlap come first, then fewer layers, then
    small kernels.

    >>> [[layer.kernel for layer in chain] for chain in solve_repeated((7, 7), (28, 28), most=2)]
    [[(2, 2), (2, 2)], [(4, 4), (4, 4)]]
    """
    single = [
        LayerSetting(
            (step.kernel, step.kernel),
            (step.stride, step.stride),
            step.padding,
            None if step.extra is None else (step.extra, step.extra),
            (0, 0),
            step.even_overlap,
            step.holes,
        )
        for step in all_steps(max_kernel, max_stride)
    ]
    single += [_setting(one, one, (0, 0)) for one in _crops(max_kernel, max_stride)]
    chains = []
    for layer in distinct([one for one in single if not one.holes], (9, 9)):
        if layer.strides == (1, 1):
            continue
        if chain := _repeated(layer, size, target):
            chains.append(chain)
        first = replace(layer, strides=(1, 1), padding="valid", output_padding=None, margins=None)
        if size == (1, 1) and (chain := _repeated(layer, layer.kernel, target)):
            chains.append((replace(first, output=layer.kernel), *chain))
    chains = [chain for chain in chains if len(chain) > 1]
    return sorted(chains, key=lambda chain: (not chain[-1].even_overlap, len(chain)))[:most]


def _repeated(layer: LayerSetting, size: Pair, target: Pair) -> tuple[LayerSetting, ...]:
    """Return the layer as often as it takes to the target; an empty chain where it does not."""
    chain: list[LayerSetting] = []
    while size != target and len(chain) < MAX_LAYERS:
        try:
            rows, columns = (axis.output for axis in axes_of(layer, size))
        except ShapeError:  # the output of a single pixel may be empty
            return ()
        if not (size[0] < rows <= target[0] and size[1] < columns <= target[1]):
            return ()
        size = rows, columns
        chain.append(replace(layer, output=size))
    return tuple(chain) if size == target else ()


def _crops(max_kernel: int, max_stride: int) -> Iterator[_Crop]:
    for kernel in range(1, max_kernel + 1):
        for stride in range(1, min(kernel, max_stride) + 1):
            for padding in range(kernel // 2 + 1):
                for extra in range(min(stride, padding + 1)):
                    if kernel + extra > 2 * padding:
                        yield _Crop(kernel, stride, padding, extra)


def _order(layer: tuple[_Crop, _Crop]) -> tuple[int, ...]:
    return (
        sum(one.kernel % one.stride > 0 for one in layer),
        sum(one.extra for one in layer),
        sum(one.kernel for one in layer),
        sum(one.stride for one in layer),
    )


def _setting(rows: _Crop, columns: _Crop, output: Pair) -> LayerSetting:
    both = rows, columns
    return LayerSetting(
        kernel=(rows.kernel, columns.kernel),
        strides=(rows.stride, columns.stride),
        padding="valid",
        output_padding=(rows.extra, columns.extra) if any(one.extra for one in both) else None,
        output=output,
        even_overlap=all(one.kernel % one.stride == 0 for one in both),
        holes=False,
        margins=(rows.padding, columns.padding),
    )
