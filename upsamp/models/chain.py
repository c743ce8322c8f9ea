"""A layer and those after it that read its output alone: computed in one array.

A normalisation right after a kernel whose sums nobody else sees is put into the kernel and the
bias (B. Jacob et al., "Quantization and Training of Neural Networks", arXiv 1712.05877, section
3.2). What then follows value by value is done in place, on parts of the sums as they come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import is_not
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.in_place import Change, change_blocks
from upsamp.layers import BatchNormalization, Layer
from upsamp.layers.effect import Nature
from upsamp.layers.kernel_layer import KernelLayer, Mixture
from upsamp.layers.shapes import Shape
from upsamp.layers.window_layer import WindowLayer

# What a normalisation may be put into a kernel in: Keras rounds after every layer in the others.
WHOLE_POLICIES = ("float32", "float64")


def begins(layer: Layer, inputs: int) -> bool:
    """Tell whether the layer's output may be changed in place: it is new, and of one type.

    Float16 is computed in float32, and rounded after each layer, so its layers are alone.
    """
    # A merge of one array may be that very array.
    merged = inputs > 1 or not hasattr(layer, "merge")
    return layer.nature in (Nature.NEW, Nature.SCALED) and merged and layer.dtype != np.float16


def goes_on(head: Layer, layer: Layer) -> bool:
    """Tell whether a layer may do its work in the array that a chain from `head` has made."""
    fits = layer.nature in (Nature.EACH, Nature.SCALED, Nature.VIEW, Nature.SAME)
    return fits and layer.dtype == head.dtype


class _Link(NamedTuple):
    """A layer of a chain, and the shape of its input."""

    layer: Layer
    shape: Shape


class _Tail(NamedTuple):
    """What is done to the sums of a kernel as they come, and then to the output."""

    early: tuple[Change, ...]
    late: tuple[Callable[[Array], Array], ...]


@dataclass(frozen=True)
class _Changes:
    """Changes of blocks of runs of this many values."""

    length: int
    changes: tuple[Change, ...]

    def __call__(self, x: Array) -> Array:
        result = np.ascontiguousarray(x)
        change_blocks(result, self.length, self.changes)
        return result


class Chain:
    """Layers one after the other, each of which reads nothing but the output of the one before.

    layers: the first `begins`, and the others `goes_on`. shapes: those of their outputs.
    """

    def __init__(self, layers: Sequence[Layer], shapes: Sequence[Shape]) -> None:
        self._head, *others = layers
        pairs = zip(others, shapes[:-1], strict=True)
        links = [_Link(*pair) for pair in pairs if pair[0].nature is not Nature.SAME]
        self._plain = self._folded = _tail(self._head, links)
        self._norm = _foldable(self._head, links[0]) if links else None
        if self._norm is not None:
            self._folded = _tail(self._head, links[1:])
        self._kept: tuple[list[Array | None], Mixture | None] = [], None

    def __call__(self, inputs: Sequence[Array]) -> Array:
        """Compute the output of the last layer."""
        head, tail = self._head, self._plain
        if isinstance(head, KernelLayer):
            mixture = self._folded_mixture(head) if isinstance(head, WindowLayer) else None
            if mixture is None:
                mixture = head.mixture()
            else:
                tail = self._folded
            x = inputs[0].astype(head.dtype, copy=False)
            result = head.mix_and_change(x, mixture, tail.early)
        else:
            [result] = head.compute(inputs)
        for step in tail.late:
            result = step(result)
        return result

    def _folded_mixture(self, head: WindowLayer) -> Mixture | None:
        """Return kernel and bias with the normalisation in them, remade when a weight is set."""
        norm = self._norm
        if norm is None or not head.linear:
            return None
        scaling = norm.scaling()
        known, mixture = self._kept
        weights = head.weights
        if not known or any(map(is_not, (*(one.value for one in weights), *scaling), known)):
            mixture = head.scaled_mixture(*scaling)
            self._kept = [*(one.value for one in weights), *scaling], mixture
        return mixture


def _foldable(head: Layer, link: _Link) -> BatchNormalization | None:
    """Return the layer of the first link, if it is one that kernel and bias of the head may hold.

    The kernel of a Dense is used as it stands, and its outputs are few: there it would not pay.
    """
    layer = link.layer
    if not (isinstance(head, WindowLayer) and isinstance(layer, BatchNormalization)):
        return None
    policy = head.dtype_policy
    whole = policy == layer.dtype_policy and policy.name in WHOLE_POLICIES
    return layer if whole and _scaled_axis(link) == head.output_axis else None


def _scaled_axis(link: _Link) -> int:
    """Return the axis that a normalisation is along, or -1 for another layer."""
    layer = link.layer
    return layer.axis % len(link.shape) if isinstance(layer, BatchNormalization) else -1


def _tail(head: Layer, links: Sequence[_Link]) -> _Tail:
    """Part the links in what is done to the sums of a kernel, and what to the output."""
    early: list[Change] = []
    if isinstance(head, KernelLayer) and head.changes_sums:
        for link in links:
            outputs = head.output_axis % len(link.shape)
            if link.layer.nature is Nature.VIEW or _scaled_axis(link) not in (-1, outputs):
                break
            early.append(link.layer.change)
    late: list[Callable[[Array], Array]] = []
    for link in links[len(early) :]:
        axis = _scaled_axis(link)
        if link.layer.nature is Nature.VIEW or axis not in (-1, len(link.shape) - 1):
            late.append(link.layer.unchecked_call)
        else:
            late.append(_Changes((link.shape[-1] or 1) if axis > 0 else 1, (link.layer.change,)))
    return _Tail(tuple(early), tuple(late))
