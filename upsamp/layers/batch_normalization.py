"""BatchNormalization: with its moving statistics, or in training with those of the batch."""

from collections.abc import Mapping, Sequence
from operator import is_not
from typing import Any, ClassVar

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.axes import normalize_axis
from upsamp.core.dtypes import compute_dtype
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.core.layout import read_only
from upsamp.core.values import normalize_flag, normalize_number, normalize_positive
from upsamp.errors import ShapeError
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer, Shape, Weight


class BatchNormalization(Layer):
    """Compute gamma * (x - moving_mean) / sqrt(moving_variance + epsilon) + beta along an axis.

    Weights gamma (where `scale`), beta (where `center`), moving_mean and moving_variance, each of
    the length of `axis`; the last two are not trainable.

    Source: S. Ioffe and C. Szegedy, "Batch Normalization" (arXiv 1502.03167).

    >>> layer = BatchNormalization()
    >>> layer.build((None, 7, 7, 256))
    >>> layer.count_params()
    1024
    """

    nature = Nature.SCALED
    optional_weights: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    gamma: Weight | None
    beta: Weight | None
    moving_mean: Weight
    moving_variance: Weight

    # Keras' other ways to gather the statistics in training; `renorm` has weights of its own.
    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "renorm": (None, False),
        "renorm_clipping": (),
        "renorm_momentum": (),
        "synchronized": (),
        "fused": (),
        "virtual_batch_size": (None,),
    }

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros",
        moving_variance_initializer: InitializerLike = "ones",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis = normalize_axis(axis)
        self.momentum = normalize_number(momentum, "momentum")
        self.epsilon = normalize_positive(epsilon, "epsilon")
        self._scaling: tuple[list[object], Array, Array] | None = None
        self.center = normalize_flag(center, "center")
        self.scale = normalize_flag(scale, "scale")
        self.beta_initializer = normalize_initializer(beta_initializer, "beta_initializer")
        self.gamma_initializer = normalize_initializer(gamma_initializer, "gamma_initializer")
        self.moving_mean_initializer = normalize_initializer(
            moving_mean_initializer, "moving_mean_initializer"
        )
        self.moving_variance_initializer = normalize_initializer(
            moving_variance_initializer, "moving_variance_initializer"
        )

    def create_weights(self, input_shape: Shape) -> None:
        """Size the weights by the axis that is normalised."""
        length = (self.check_axis(input_shape, self.axis),)
        if self.scale:
            self.add_weight("gamma", length, self.gamma_initializer)
        if self.center:
            self.add_weight("beta", length, self.beta_initializer)
        self.add_weight("moving_mean", length, self.moving_mean_initializer, trainable=False)
        self.add_weight(
            "moving_variance", length, self.moving_variance_initializer, trainable=False
        )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ShapeError(
                f"must have an input with axis {self.axis}. Received: shape {input_shape}."
            )
        if self.built and input_shape[self.axis] not in (None, *self._weights[-1].shape):
            raise ShapeError(
                f"must have {self._weights[-1].shape[0]} "
                f"values on axis {self.axis}, as it was built. Received: shape {input_shape}."
            )
        return input_shape

    def trains_weight(self, name: str, place: int) -> bool:
        """Tell whether training changes a weight: all but the last two, the statistics."""
        return place < -2

    def scaling(self) -> tuple[Array, Array]:
        """Return factor and offset along the axis, read-only, kept until a weight is set."""
        values = [self._values(index) for index in range(len(self._weights))]
        sources = [self.epsilon, self.scale, self.center, *values]
        if self._scaling is None or any(map(is_not, sources, self._scaling[0])):
            factor, offset = self.find_scaling()
            self._scaling = sources, read_only(factor), read_only(offset)
        return self._scaling[1:]

    def find_scaling(self) -> tuple[Array, Array]:
        """Return factor and offset along the axis, computed from the weights now."""
        wide = compute_dtype(self.dtype)
        variance = self.weight("moving_variance").astype(wide, copy=False)
        factor = 1 / np.sqrt(variance + wide.type(self.epsilon))
        if self.scale:
            factor = factor * self.weight("gamma")
        offset = -self.weight("moving_mean") * factor
        if self.center:
            offset = offset + self.weight("beta")
        return factor, offset

    def call(self, x: Array) -> Array:
        """Normalise: one product and one sum."""
        along = [1] * x.ndim
        along[self.axis] = -1
        factor, offset = (values.reshape(along) for values in self.scaling())
        result: Array = x * factor
        result += offset
        return result

    @property
    def training_effect(self) -> str:
        """What training changes: the statistics are those of the batch, unless frozen."""
        return "batch" if self.trainable else ""

    def train(self, inputs: Sequence[Array], generator: np.random.Generator) -> list[Array]:
        """Normalise with the mean and the variance of the batch."""
        x = self.widened(inputs[0])
        axes = tuple(axis for axis in range(x.ndim) if axis != self.axis % x.ndim)
        mean = x.mean(axes, np.float64, keepdims=True)
        result = x - mean.astype(x.dtype)
        variance = np.square(result).mean(axes, np.float64, keepdims=True)
        along = [1] * x.ndim
        along[self.axis] = -1
        factor = 1 / np.sqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * self.weight("gamma").reshape(along)
        result *= factor.astype(x.dtype)
        if self.center:
            result += self.weight("beta").reshape(along)
        return [self.rounded(result)]

    def change(self, block: Array) -> None:
        """Normalise along the last axis, in place."""
        factor, offset = self.scaling()
        block *= factor
        block += offset

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": self.beta_initializer,
            "gamma_initializer": self.gamma_initializer,
            "moving_mean_initializer": self.moving_mean_initializer,
            "moving_variance_initializer": self.moving_variance_initializer,
        }
