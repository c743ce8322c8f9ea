"""Which transposed convolutions take one size to another: single layers, and short chains."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import product
from math import prod
from operator import eq
from typing import TypeAlias

from upsamp.core.arguments import Padding, Pair, PairLike, normalize_count, normalize_pair
from upsamp.core.geometry.size_steps import (
    MOST_SETTINGS,
    Mode,
    Step,
    all_steps,
    normalize_bounds,
    steps_between,
    too_many,
    whole_steps,
)
from upsamp.errors import ArgumentError

# One length where rows and columns are alike, otherwise two.
Lengths: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class LayerSetting:
    """A transposed convolution as Keras spells it, and the rows and columns that it gives.

    even_overlap: away from the edges all outputs are sums of as many taps, as the kernel is a
    multiple of the stride on both axes, so nothing checkers; see A. Odena et al., "Deconvolution
    and Checkerboard Artifacts" (Distill, 2016). holes: no input reaches some outputs, as the kernel
    is smaller than the stride (harmless to a single row), or as zeros are added past the kernels.
    margins: what is cropped at both ends alike, of rows and columns, in the place of `padding`.
    """

    kernel: Pair
    strides: Pair
    padding: Padding
    output_padding: Pair | None
    output: Pair
    even_overlap: bool
    holes: bool
    margins: Pair | None = None


# Sizes times layers that are tried in the search for a chain, which takes about a second.
MOST_TRIED = 2**22
# The steps of a layer: one where rows and columns are alike, otherwise one for each.
Steps: TypeAlias = tuple[Step, ...]
# By the number of layers that are left: the least cost to the end from each length.
Costs: TypeAlias = list[dict[int, int]]


def solve_layer(
    size: PairLike, target: PairLike, *, max_kernel: int = 7, max_stride: int = 8
) -> list[LayerSetting]:
    """Return every setting of one transposed convolution that takes `size` to `target`.

    size, target: one integer or (rows, columns). Tried are kernels from 1 to `max_kernel`, strides
    from 1 to `max_stride`, both paddings, output_padding None and 0 to stride - 1, no dilation.
    From a square to a square settings are square; else the axes may differ, except in the padding.

    The order: without holes before with holes; even overlap on both axes, on one, on none;
    what TensorFlow runs on a CPU too (an even kernel with padding="same" and output_padding=0 it
    does not); output_padding None before given; "same" before "valid"; the smaller kernel (rows +
    columns); the smaller strides. An empty list: there is none; `nearest_targets` and `solve_chain`
    go on.

    Raises `ArgumentError` where a size is not positive or the target is the smaller one, and where
    the bounds allow more settings than can be listed.

    >>> best = solve_layer(7, 28)[0]
    >>> best.kernel, best.strides, best.padding, best.output_padding, best.even_overlap
    ((4, 4), (4, 4), 'same', None, True)
    """
    start, end = _normalize(size, target)
    bounds = normalize_bounds(max_kernel, max_stride)
    found = [
        steps_between(length, wanted, *bounds) for length, wanted in zip(start, end, strict=True)
    ]
    modes = [Counter(step.mode for step in steps) for steps in found]
    if sum(prod(count[mode] for count in modes) for mode in modes[0]) > MOST_SETTINGS:
        raise too_many(*bounds)
    return _settings(found, end)


def solve_kept(
    size: PairLike, target: PairLike, own: LayerSetting, *, max_kernel: int, max_stride: int
) -> list[LayerSetting]:
    """Return those settings of `solve_layer` without holes that are the best, or the nearest.

    own: the setting of the layer that changes. For each choice of its arguments that can stay as
    they are, the best of the other ones is given; the first is the best of all. All others, of
    which there may be any number, are left out.

    >>> own = LayerSetting((3, 3), (2, 2), "same", None, (14, 14), False, False)
    >>> [each.kernel[0] for each in solve_kept(7, 28, own, max_kernel=7, max_stride=8)]
    [4, 4, 4, 5]
    """
    start, end = _normalize(size, target)
    found = []
    for axis, (length, wanted) in enumerate(zip(start, end, strict=True)):
        extra = None if own.output_padding is None else own.output_padding[axis]
        mine = own.kernel[axis], own.strides[axis], extra
        best: dict[tuple[object, ...], Step] = {}
        for step in sorted(whole_steps(length, wanted, *mine[:2], max_kernel, max_stride)):
            kept = map(eq, mine, (step.kernel, step.stride, step.extra))
            best.setdefault((step.mode, *kept), step)
        found.append(list(best.values()))
    return _settings(found, end)


def solve_chain(
    size: PairLike,
    target: PairLike,
    *,
    max_kernel: int = 7,
    max_stride: int = 4,
    max_layers: int = 6,
    most: int = 10,
) -> list[tuple[LayerSetting, ...]]:
    """Return the chains of fewest transposed convolutions that take `size` to `target`.

    Every layer is the first of `solve_layer` between its sizes, so a chain is told by the sizes
    that it passes. One layer is a chain where it does; a smaller `max_stride` asks for more. Layers
    with holes are taken only where `max_layers` of the others do not reach the target.

    The order sums over the layers and axes what orders `solve_layer`: first the least uneven
    overlap, at last the smallest kernels. At most `most` are given; an empty list: there is none.

    Raises `ArgumentError` where a size is not positive or the target is the smaller one, and where
    the bounds allow more chains than can be tried.

    >>> [[layer.output for layer in chain] for chain in solve_chain(7, 28, max_stride=2)][0]
    [(14, 14), (28, 28)]
    """
    start, end = _normalize(size, target)
    normalize_count(max_layers, "max_layers")
    normalize_count(most, "most")
    best: dict[tuple[Mode, int, int], Step] = {}
    for step in all_steps(max_kernel, max_stride):
        # Of those that lead to the same sizes the first is the best.
        best.setdefault((step.mode, step.stride, step.reach), step)
    steps = list(best.values())
    for usable in ([step for step in steps if not step.holes], steps):
        ahead: list[Costs] = [[{length: 0}] for length in end]
        for layers in range(1, max_layers + 1):
            for axis, costs in enumerate(ahead):
                costs.append(_one_layer_back(costs[-1], usable, start[axis]))
            if all(length in costs[-1] for length, costs in zip(start, ahead, strict=True)):
                chains = _search(start, usable, ahead, layers, most)
                if chains:
                    return chains
    return []


def nearest_targets(
    size: PairLike, target: PairLike, *, max_kernel: int = 7, max_stride: int = 8
) -> list[Pair]:
    """Return the sizes nearest to `target` that one layer can give, one below and one above it.

    The smaller comes first; above there may be none. A target that can be reached stands alone.
    Nearness is in rows + columns. Sizes that leave holes count too.

    Raises `ArgumentError` where a size is not positive or the target is the smaller one.

    >>> nearest_targets(256, 300)
    [(262, 262), (510, 510)]
    """
    start, end = _normalize(size, target)
    steps = all_steps(max_kernel, max_stride)
    below: list[Lengths] = []
    above: list[Lengths] = []
    for mode in {step.mode for step in steps}:
        reached = [{step.after(n) for step in steps if step.mode == mode} for n in start]
        axes = list(zip(start, end, reached, strict=True))
        # A kernel of 1 with a stride of 1 keeps a length, so there is always one below.
        below.append(tuple(max(n for n in all_ if low <= n <= high) for low, high, all_ in axes))
        larger = [[n for n in all_ if n >= high] for _, high, all_ in axes]
        if all(larger):
            above.append(tuple(map(min, larger)))
    # Sorted first, so that of two sizes with one sum it is always the same that is given.
    nearest = {max(sorted(below), key=sum), *sorted(sorted(above), key=sum)[:1]}
    return [_pair(lengths) for lengths in sorted(nearest)]


def _normalize(size: object, target: object) -> tuple[Lengths, Lengths]:
    """Return the lengths of both: one each from a square to a square, else rows and columns."""
    start, end = normalize_pair(size, "size"), normalize_pair(target, "target")
    if any(wanted < length for length, wanted in zip(start, end, strict=True)):
        raise ArgumentError(
            "`target` must be at least `size` on each axis, as upsampling never shrinks. "
            f"Received: size={start}, target={end}. Ask for a larger target, or crop."
        )
    square = start[0] == start[1] and end[0] == end[1]
    return (start[:1], end[:1]) if square else (start, end)


def _pair(lengths: Sequence[int]) -> Pair:
    return lengths[0], lengths[-1]


def _layer_order(layer: Steps) -> tuple[int, list[int]]:
    return sum(step.cost for step in layer), [step.stride for step in layer]


def _settings(found: Sequence[Sequence[Step]], output: Lengths) -> list[LayerSetting]:
    """Return the layers of which each axis is one of the steps that are found, the best first."""
    layers = (layer for layer in product(*found) if len({step.mode for step in layer}) == 1)
    return [_setting(layer, output) for layer in sorted(layers, key=_layer_order)]


def _setting(layer: Steps, output: Lengths) -> LayerSetting:
    """Put the axes of a layer together; a single one is for both."""
    extras = [step.extra for step in layer if step.extra is not None]
    return LayerSetting(
        kernel=_pair([step.kernel for step in layer]),
        strides=_pair([step.stride for step in layer]),
        padding=layer[0].padding,
        output_padding=_pair(extras) if extras else None,
        output=_pair(output),
        even_overlap=all(step.even_overlap for step in layer),
        holes=any(step.holes for step in layer),
    )


def _one_layer_back(costs: Mapping[int, int], steps: Iterable[Step], least: int) -> dict[int, int]:
    """Return the lengths from which one layer leads to those of `costs`, with their costs."""
    prices: dict[Pair, int] = {}
    for step in steps:
        prices.setdefault((step.stride, step.reach), step.cost)
    if len(costs) * len(prices) > MOST_TRIED:
        raise ArgumentError(
            f"A chain must have few sizes to pass. Received: {len(costs):,} of them, from each of "
            f"which {len(prices):,} layers lead on. Use a smaller `max_kernel` or `max_stride`."
        )
    earlier: dict[int, int] = {}
    for length, ahead in costs.items():
        for (stride, reach), price in prices.items():
            whole, rest = divmod(length - reach, stride)
            if rest == 0 and least <= whole + 1 <= length:
                cost = ahead + price
                earlier[whole + 1] = min(cost, earlier.get(whole + 1, cost))
    return earlier


def _search(
    start: Lengths, steps: Sequence[Step], ahead: Sequence[Costs], layers: int, most: int
) -> list[tuple[LayerSetting, ...]]:
    """Return the best chains of this many layers, the best first.

    The search is A*: it goes on where what was spent and what is ahead are least together, so the
    chains come in their order, and few others are looked at. What is ahead is the sum of what each
    axis costs by itself, as if they need not share a mode: never too much.
    """

    def estimate(lengths: Lengths, left: int) -> int:
        return sum(costs[left][length] for length, costs in zip(lengths, ahead, strict=True))

    found: list[tuple[LayerSetting, ...]] = []
    visits: Counter[tuple[int, Lengths]] = Counter()
    # What is compared: the cost, then fewer layers left, then smaller sizes.
    queue: list[tuple[int, int, tuple[Lengths, ...], tuple[Steps, ...]]] = [
        (estimate(start, layers), layers, (start,), ())
    ]
    while queue and len(found) < most:
        total, left, passed, chain = heappop(queue)
        here = passed[-1]
        visits[left, here] += 1
        if left == 0:
            found.append(tuple(map(_setting, chain, passed[1:])))
        elif visits[left, here] <= most:
            spent = total - estimate(here, left)
            ends = [costs[left - 1] for costs in ahead]
            for lengths, layer in _next_layers(here, steps, ends).items():
                cost = spent + _layer_order(layer)[0] + estimate(lengths, left - 1)
                heappush(queue, (cost, left - 1, (*passed, lengths), (*chain, layer)))
    return found


def _next_layers(
    here: Lengths, steps: Sequence[Step], ends: Sequence[Mapping[int, int]]
) -> dict[Lengths, Steps]:
    """Return the best layer to each size of `ends`, by axis, to which there is one."""
    best: dict[Lengths, Steps] = {}
    for mode in {step.mode for step in steps}:
        alike = [step for step in reversed(steps) if step.mode == mode]
        # The best comes last, and so it stays.
        axes = [
            {after: step for step in alike if length <= (after := step.after(length)) in lengths}
            for length, lengths in zip(here, ends, strict=True)
        ]
        for moves in product(*(moves.items() for moves in axes)):
            size, layer = tuple(after for after, _ in moves), tuple(step for _, step in moves)
            if size not in best or _layer_order(layer) < _layer_order(best[size]):
                best[size] = layer
    return best
