"""The methods of interpolation, one record each: all that upsamp knows of a method stands here.

nearest and area have no kernel: their rules are `nearest_inputs` and `unbounded_taps` of
`interpolation`.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np

from upsamp.core.arguments import CONVENTIONS, Convention, Interpolation, Pair, normalize_choice
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError

# Steps between 0 and 1 of kernels that have no fractions.
FINE = 2**60


class Kernel(NamedTuple):
    """How the weight of an input falls off: to zero from `support` on, in input pixels.

    weight: of the distance t / unit, in a multiple that makes whole numbers of whole numbers, as
    weights are divided by their sum; t: a number, or an array of them. degree: to which power of
    the unit these are multiples; 0 of what is bounded anyway. zeros: where else the weight is zero,
    each as (numerator, denominator). source: the weight at `t` in programs, in any multiple; of two
    parts the first is up to 1.
    """

    support: float
    weight: Callable[..., Any]
    degree: int
    zeros: tuple[Pair, ...]
    source: tuple[str, ...]


class Spelling(NamedTuple):
    """How a library names a method.

    options: further arguments of the call. remark: why programs do without it, if they do.
    """

    name: str
    options: tuple[str, ...] = ()
    remark: str = ""


Spellings: TypeAlias = Mapping[Convention, Spelling]


class Method(NamedTuple):
    """A method of interpolation.

    kernels: by the conventions that have the method; None where it has a rule of its own.
    copied: at which sizes every output is a copy of one input.
    convex: whether no weight is negative, so that results lie between the inputs.
    align_corners: the conventions in which corners may be aligned.
    keras, torch, jax, onnx: how the library names what a convention computes, without aligned
    corners. tensorflow: its name of what Keras' convention computes. opencv, pillow: the name that
    their users would choose.
    """

    name: Interpolation
    kernels: Mapping[Convention, Kernel | None]
    copied: Literal["always", "at whole factors", "at the same size", "never"]
    convex: bool
    align_corners: tuple[Convention, ...]
    keras: Spellings
    tensorflow: Spelling | None
    torch: Spellings
    jax: Spellings
    onnx: Spellings
    opencv: Spelling | None
    pillow: Spelling | None

    @property
    def only_copies(self) -> bool:
        """Tell whether every output is a copy at any size."""
        return self.copied == "always"

    def copies(self, factors: Pair | None) -> bool:
        """Tell whether every output is a copy at these factors, None for those that are not whole.

        >>> METHODS["area"].copies((2, 2)), METHODS["area"].copies(None)
        (True, False)
        """
        if self.copied == "at whole factors":
            return factors is not None
        return self.only_copies or (self.copied == "at the same size" and factors == (1, 1))


def method_of(interpolation: object, convention: object = "keras") -> Method:
    """Return the method of a name, or raise `ArgumentError` where the convention has none.

    >>> method_of("Bicubic", "torch").name
    'bicubic'
    """
    method = METHODS[normalize_choice(interpolation, "interpolation", tuple(METHODS))]
    whose = cast("Convention", normalize_choice(convention, "convention", CONVENTIONS))
    if whose in method.kernels:
        return method
    has = [one for one in METHODS.values() if whose in one.kernels]
    # Those without a kernel first.
    names = [repr(one.name) for one in sorted(has, key=lambda one: one.kernels[whose] is not None)]
    raise ArgumentError(
        f"`interpolation` must be one that convention={whose!r} has: {', '.join(names)}. "
        f"Received: interpolation={spelled(interpolation)}."
    )


def kernel_of(interpolation: Interpolation, convention: Convention = "keras") -> Kernel:
    """Return the kernel of a method that has one.

    >>> kernel_of("bicubic").weight(0.5) / kernel_of("bicubic").weight(0.0)
    0.5625
    """
    return cast("Kernel", METHODS[interpolation].kernels[convention])


# --- weights


def _triangle(t: Any, unit: Any = 1) -> Any:
    return unit - t


def _keys(t: Any, unit: Any = 1) -> Any:
    """Return Keys' cubic with a = -0.5, times 2."""
    near = (3 * t - 5 * unit) * t * t + 2 * unit**3
    return _where(t <= unit, near, ((5 * unit - t) * t - 8 * unit**2) * t + 4 * unit**3)


def _keys_torch(t: Any, unit: Any = 1) -> Any:
    """Return Keys' cubic with a = -0.75, times 4."""
    near = (5 * t - 9 * unit) * t * t + 4 * unit**3
    return _where(t <= unit, near, ((15 * unit - 3 * t) * t - 24 * unit**2) * t + 12 * unit**3)


def _mitchell(t: Any, unit: Any = 1) -> Any:
    """Return Mitchell and Netravali's cubic with B = C = 1/3, times 18."""
    near = (21 * t - 36 * unit) * t * t + 16 * unit**3
    return _where(t <= unit, near, ((36 * unit - 7 * t) * t - 60 * unit**2) * t + 32 * unit**3)


def _gaussian(t: Any, unit: Any = 1) -> Any:
    """Return TensorFlow's Gaussian, of deviation 0.5."""
    return _whole(FINE * _each(lambda ratio: math.exp(-2 * ratio**2), t / unit))


def _lanczos(lobes: int, t: Any, unit: Any = 1) -> Any:
    """Return sinc(t) sinc(t / lobes), with exact zeros at the other integers."""
    whole = t % unit == 0
    angle = math.pi * _where(whole, 0.5, t / unit)
    product = FINE * lobes * _each(math.sin, angle) * _each(math.sin, angle / lobes)
    return _where(whole, FINE * (t == 0), _whole(product / (angle * angle)))


def _whole(values: Any) -> Any:
    """Round half to even."""
    return np.rint(values).astype(np.int64) if isinstance(values, np.ndarray) else round(values)


def _where(condition: Any, one: Any, other: Any) -> Any:
    """Return one or the other, for each element of an array."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, one, other)
    return one if condition else other


def _each(function: Callable[[float], float], values: Any) -> Any:
    """Return what Python makes of a number or of each in an array; NumPy's last bits may differ."""
    if isinstance(values, np.ndarray):
        made = np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size)
        return made.reshape(values.shape)
    return function(values)


# --- the records

TRIANGLE = Kernel(1, _triangle, 1, (), ("np.maximum(1 - t, 0)",))
KEYS = Kernel(
    2, _keys, 3, ((1, 1),),
    ("1.5 * t**3 - 2.5 * t**2 + 1", "-0.5 * t**3 + 2.5 * t**2 - 4 * t + 2"),
)  # fmt: skip
KEYS_TORCH = Kernel(
    2, _keys_torch, 3, ((1, 1),),
    ("1.25 * t**3 - 2.25 * t**2 + 1", "-0.75 * t**3 + 3.75 * t**2 - 6 * t + 3"),
)  # fmt: skip
MITCHELL = Kernel(
    2, _mitchell, 3, ((8, 7),),
    ("(21 * t**3 - 36 * t**2 + 16) / 18", "(-7 * t**3 + 36 * t**2 - 60 * t + 32) / 18"),
)  # fmt: skip
GAUSSIAN = Kernel(1.5, _gaussian, 0, (), ("np.where(t < 1.5, np.exp(-2 * t**2), 0)",))


def _lanczos_kernel(lobes: int) -> Kernel:
    zeros = tuple((zero, 1) for zero in range(1, lobes))
    source = f"np.where(t < {lobes}, np.sinc(t) * np.sinc(t / {lobes}), 0)"
    return Kernel(lobes, partial(_lanczos, lobes), 0, zeros, (source,))


def _both(name: str) -> Spellings:
    return dict.fromkeys(CONVENTIONS, Spelling(name))


_RECORDS = (
    Method(
        "nearest", dict.fromkeys(CONVENTIONS), copied="always", convex=True, align_corners=(),
        keras={"keras": Spelling("nearest")},
        tensorflow=Spelling("nearest"),
        torch={"keras": Spelling("nearest-exact"), "torch": Spelling("nearest")},
        jax={"keras": Spelling("nearest")},
        onnx={
            "keras": Spelling("nearest", ('nearest_mode="round_prefer_ceil"',)),
            "torch": Spelling("nearest", ('nearest_mode="floor"',)),
        },
        opencv=Spelling("INTER_NEAREST"), pillow=Spelling("NEAREST"),
    ),
    Method(
        "bilinear", dict.fromkeys(CONVENTIONS, TRIANGLE), copied="at the same size", convex=True,
        align_corners=("torch",),
        keras=_both("bilinear"), tensorflow=Spelling("bilinear"), torch=_both("bilinear"),
        jax=_both("bilinear"), onnx=_both("linear"),
        opencv=Spelling("INTER_LINEAR"), pillow=Spelling("BILINEAR"),
    ),
    Method(
        "bicubic", {"keras": KEYS, "torch": KEYS_TORCH}, copied="at the same size", convex=False,
        align_corners=("torch",),
        keras={"keras": Spelling("bicubic")},
        tensorflow=Spelling("bicubic"),
        torch={"keras": Spelling("bicubic", ("antialias=True",)), "torch": Spelling("bicubic")},
        jax={"keras": Spelling("bicubic"), "torch": Spelling("cubic-pytorch")},
        onnx={
            "keras": Spelling("cubic", ("cubic_coeff_a=-0.5", "exclude_outside=1")),
            "torch": Spelling("cubic", ("cubic_coeff_a=-0.75",)),
        },
        opencv=Spelling("INTER_CUBIC"), pillow=Spelling("BICUBIC"),
    ),
    Method(
        "lanczos3", {"keras": _lanczos_kernel(3)}, copied="at the same size", convex=False,
        align_corners=(),
        keras={"keras": Spelling("lanczos3")},
        tensorflow=Spelling("lanczos3"),
        torch={"keras": Spelling("lanczos", ("antialias=True",), "only of late and on a CPU")},
        jax={"keras": Spelling("lanczos3")}, onnx={},
        opencv=Spelling("INTER_LANCZOS4", remark="its Lanczos has 4 lobes"),
        pillow=Spelling("LANCZOS"),
    ),
    Method(
        "lanczos5", {"keras": _lanczos_kernel(5)}, copied="at the same size", convex=False,
        align_corners=(),
        keras={"keras": Spelling("lanczos5")}, tensorflow=Spelling("lanczos5"), torch={},
        jax={"keras": Spelling("lanczos5")}, onnx={}, opencv=None, pillow=None,
    ),
    Method(
        "area", dict.fromkeys(CONVENTIONS), copied="at whole factors", convex=True,
        align_corners=(),
        keras={}, tensorflow=Spelling("area"), torch={"torch": Spelling("area")},
        jax={"keras": Spelling("area")}, onnx={}, opencv=Spelling("INTER_AREA"),
        pillow=Spelling("BOX", remark="its BOX copies pixels where images grow"),
    ),
    Method(
        "mitchellcubic", {"keras": MITCHELL}, copied="never", convex=False, align_corners=(),
        keras={}, tensorflow=Spelling("mitchellcubic"), torch={}, jax={}, onnx={},
        opencv=None, pillow=None,
    ),
    Method(
        "gaussian", {"keras": GAUSSIAN}, copied="never", convex=True, align_corners=(),
        keras={}, tensorflow=Spelling("gaussian"), torch={}, jax={}, onnx={},
        opencv=None, pillow=None,
    ),
)  # fmt: skip
METHODS: dict[Interpolation, Method] = {method.name: method for method in _RECORDS}
