"""What the layers have in common that multiply with a kernel, add a bias and apply an activation.

A model's execution may put a normalisation that follows into the kernel and the bias, and hand on
what is done in place to the outputs while they are at hand: see `upsamp.models.execution`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from upsamp.core.activations import (
    ActivationLike,
    get_activation,
    is_pointwise,
    normalize_activation,
)
from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Kernel, PackedKernel
from upsamp.core.in_place import Change
from upsamp.errors import UnknownLayerError
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer, Weight


class Mixture(NamedTuple):
    """What a layer mixes its inputs with: the kernel, mostly a packed one, and the bias or None."""

    kernel: Kernel
    bias: Array | None


class KernelLayer(Layer):
    """A layer with a kernel, a bias and an activation; a subclass gives `mix`."""

    nature = Nature.NEW

    kernel_name: ClassVar[str] = "kernel"
    optional_weights: ClassVar[tuple[str, ...]] = ("bias",)
    use_bias: bool
    bias: Weight | None

    def __init__(self, activation: ActivationLike, **options: Any) -> None:
        super().__init__(**options)
        self.activation = normalize_activation(activation)
        self.activate = get_activation(self.activation)
        self._packed: dict[str, tuple[Array, PackedKernel]] = {}

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Return the sums with their bias, new in memory, after `changes` in place.

        The changes are called with blocks (n, outputs of the kernel).
        """
        raise UnknownLayerError(f"{self.type_name} must define `mix`.")

    def arranged(self, name: str, kernel: Array) -> Array:
        """Return the kernel of that name in the shape that it is used in."""
        return kernel

    @property
    def output_axis(self) -> int:
        """The axis of the output that the kernel's outputs are on."""
        return -1

    @property
    def linear(self) -> bool:
        """Whether the outputs are the sums themselves."""
        return self.activation in (None, "linear")

    @property
    def changes_sums(self) -> bool:
        """Whether what is done to sums in place is what would be done to outputs."""
        return is_pointwise(self.activation)

    def packed(self, name: str) -> PackedKernel:
        """Return a kernel with what is made of it for speed, made again when it is set again."""
        kernel = self.weight(name)
        known, packed = self._packed.get(name, (None, None))
        if packed is None or known is not kernel:
            packed = PackedKernel(self.arranged(name, kernel))
            self._packed[name] = kernel, packed
        return packed

    def bias_values(self) -> Array | None:
        """Return the values of the bias, or None where there is none."""
        return self.weight("bias") if self.use_bias else None

    def mixture(self) -> Mixture:
        """Return the kernel and the bias."""
        return Mixture(self.packed(self.kernel_name), self.bias_values())

    def call(self, x: Array) -> Array:
        """Mix the inputs, and apply the activation."""
        return self.mix_and_change(x, self.mixture(), ())

    def mix_and_change(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Compute the outputs with that kernel and bias, and change them in place.

        changes: what follows the activation; only where `changes_sums`.
        """
        if self.linear:
            return self.mix(x, mixture, changes)
        if self.changes_sums:
            return self.mix(x, mixture, (self.activate_in_place, *changes))
        return self.activate(self.mix(x, mixture, ()))

    def activate_in_place(self, block: Array) -> None:
        """Apply the activation to values in place."""
        block[...] = self.activate(block)
