"""A kernel learnt from images, and what it is worth beside the interpolations.

Near the edges a transposed convolution sees zeros where the interpolations see the image go on. So
kernels are fitted, and all methods compared, on what lies away from the edges.
"""

from collections.abc import Iterable, Iterator
from statistics import fmean

from upsamp.core.arguments import Array, Margins, Pair
from upsamp.core.kernels.fit import box_downsample, compare_methods, fit_kernel
from upsamp.errors import ShapeError

# The reach in input pixels of lanczos3, the widest method that is compared: nearer to the edge it
# reads beyond the image.
REACH = 3


def make_pair(large: Array, strides: Pair) -> tuple[Array, Array]:
    """Return a large image and the small one that it makes: the mean of each block of the strides.

    >>> import numpy as np
    >>> make_pair(np.array([[0, 2, 4, 6]]), (1, 2))[0]
    array([[1., 5.]])
    """
    small = box_downsample(large, strides)
    return small, large[: small.shape[0] * strides[0], : small.shape[1] * strides[1]]


def fit_inside(
    pairs: Iterable[tuple[Array, Array]],
    kernel_size: Pair,
    strides: Pair,
    *,
    shared: bool,
    ridge: float,
) -> Array:
    """Fit the kernel of a transposed convolution with padding="same", away from the edges.

    pairs: (small, large) of (H, W) or (H, W, C). Returns as `fit_kernel`.
    """
    margin = _margin(kernel_size, strides)
    padding: Margins = (
        _cropped(kernel_size[0], strides[0], margin[0]),
        _cropped(kernel_size[1], strides[1], margin[1]),
    )
    inside = ((small, _inside(large, margin)) for small, large in _checked(pairs, strides))
    return fit_kernel(inside, kernel_size, strides, padding=padding, shared=shared, ridge=ridge)


def compare_inside(
    small: Array, large: Array, kernel: Array, strides: Pair, peak: float
) -> dict[str, float]:
    """Return the PSNR in decibels of the fitted kernel and of its rivals, away from the edges.

    peak: the largest value that there can be; all results are clipped to 0..peak alike.
    """
    margin = _margin(kernel.shape[:2], strides)
    return compare_methods(small, large, kernel, strides, "same", peak, margin=margin)


def mean_of(measures: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each measure over several images."""
    collected = list(measures)
    return {name: fmean(measure[name] for measure in collected) for name in collected[0]}


def _checked(pairs: Iterable[tuple[Array, Array]], strides: Pair) -> Iterator[tuple[Array, Array]]:
    """Yield the pairs, after a look at their sizes in words that name the images."""
    for small, large in pairs:
        wanted = (small.shape[0] * strides[0], small.shape[1] * strides[1])
        if large.shape[:2] != wanted or large.shape[2:] != small.shape[2:]:
            raise ShapeError(
                "The large image must be the small one times the stride, with the same channels. "
                f"Received: {small.shape} and {large.shape} for a stride of {strides}."
            )
        yield small, large


def _margin(kernel_size: tuple[int, ...], strides: Pair) -> Pair:
    """Return how many output rows and columns the edges reach into, in whole strides."""
    rows, columns = (
        stride * max(REACH, -(-taps // stride))
        for taps, stride in zip(kernel_size, strides, strict=True)
    )
    return rows, columns


def _cropped(taps: int, stride: int, margin: int) -> Pair:
    """Return the padding of one axis that crops as "same" does, and the margin besides."""
    surplus = max(0, taps - stride)
    return surplus // 2 + margin, surplus - surplus // 2 + margin


def _inside(image: Array, margin: Pair) -> Array:
    """Return an image without its margin."""
    rows, columns = margin
    if image.shape[0] <= 2 * rows or image.shape[1] <= 2 * columns:
        raise ShapeError(
            f"An image to learn from must be larger than {2 * rows} x {2 * columns}, so that "
            f"something is left away from its edges. Received: {image.shape[:2]}."
        )
    return image[rows:-rows, columns:-columns]
