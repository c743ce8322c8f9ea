"""Random convolutions of any kind by every algorithm, beside loops over their definition."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest
from core.convolution.algorithm_runs import FAST, compute, small_blocks
from effort import choose
from numpy.random import Generator
from numpy.typing import NDArray

from upsamp.errors import ShapeError

Array = NDArray[Any]
Pair = tuple[int, int]

PARTS, SETTINGS = choose((1, 80), (50, 400))
LENGTHS = (1, 2, 3, 4, 5, 7, 8, 11, 16, 23, 40)
LONG = 1500
TYPES = [
    *(("float16", "float16"), ("float32", "float32"), ("float64", "float64")),
    *(("uint8", "float32"), ("float16", "float64"), ("uint8", "uint8"), ("int64", "int16")),
]


class Setting(NamedTuple):
    """A convolution: its arrays, and its other arguments by name."""

    transposed: bool
    x: Array
    kernel: Array
    bias: Array | None
    arguments: dict[str, Any]


def draw(random: Generator) -> Setting:
    """Draw a setting; a few have no output."""
    transposed = bool(random.integers(2))
    length, width = (int(one) for one in random.choice(LENGTHS, 2))
    images = int(random.choice([1, 1, 2, 5]))
    if random.integers(12) == 0:
        images, length, width = 1, *(int(one) for one in random.permutation([LONG, 3]))
    groups = int(random.choice([1, 1, 1, 1, 1, 1, 2, 3]))
    channels, filters = (groups * int(one) for one in random.choice([1, 1, 2, 3, 5, 9, 17], 2))
    if random.integers(12) == 0:  # each channel by itself
        groups, filters = channels, channels * int(random.integers(1, 3))
    size = pair(random, 1, 6) if random.integers(6) else (1, 1)
    ends = (filters // groups, channels) if transposed else (channels // groups, filters)
    dtypes = TYPES[random.integers(len(TYPES))]
    return Setting(
        transposed,
        draw_values(random, dtypes[0], (images, length, width, channels)),
        draw_values(random, dtypes[1], (*size, *ends)),
        draw_values(random, dtypes[1], (filters,)) if random.integers(2) else None,
        {**draw_steps(random, transposed=transposed), "groups": groups},
    )


def draw_steps(random: Generator, *, transposed: bool) -> dict[str, Any]:
    """Draw strides, dilations, padding, and what is added to the output."""
    margins = pair(random, 0, 4), pair(random, 0, 4)
    steps: dict[str, Any] = {
        "strides": pair(random, 1, 5) if random.integers(3) else (1, 1),
        "dilation_rate": (1, 1) if random.integers(3) else pair(random, 1, 4),
        "padding": ("valid", "same", margins)[random.integers(3)],
    }
    if transposed and random.integers(3) == 0:
        steps["output_padding"] = tuple(int(random.integers(one)) for one in steps["strides"])
    return steps


def pair(random: Generator, low: int, end: int) -> Pair:
    """Draw two integers below `end`."""
    return int(random.integers(low, end)), int(random.integers(low, end))


def draw_values(random: Generator, dtype: str, shape: tuple[int, ...]) -> Array:
    """Draw integers, or floats of many sizes beside each other, and zeros."""
    if np.dtype(dtype).kind != "f":
        return random.integers(0 if dtype[0] == "u" else -99, 100, shape).astype(dtype)
    sizes = 10.0 ** random.integers(-2, 1 if dtype == "float16" else 5, shape)
    kept = random.random(shape) < random.choice([0.3, 1.0])
    values: Array = random.standard_normal(shape) * sizes * kept
    return values.astype(dtype)


def measure(setting: Setting, axis: int) -> tuple[int, int]:
    """Return the length of an output axis, and what is padded or cropped before it."""
    length, taps = setting.x.shape[1 + axis], setting.kernel.shape[axis]
    steps = setting.arguments
    stride, padding = steps["strides"][axis], steps["padding"]
    span = oracle.effective_kernel(taps, steps["dilation_rate"][axis])
    extra = steps.get("output_padding", (None, None))[axis]
    if isinstance(padding, str):
        if setting.transposed:
            return oracle.transposed_length(length, span, stride, padding, extra)
        return oracle.convolved_length(length, span, stride, padding)
    before, after = padding[axis]
    if setting.transposed:
        return (length - 1) * stride + span - before - after + (extra or 0), before
    return (length + before + after - span) // stride + 1, before


def meet(setting: Setting, axis: int, output: int, before: int) -> Iterator[tuple[list[int], ...]]:
    """Yield for each tap the outputs and the inputs that it joins."""
    stride, dilation = (setting.arguments[name][axis] for name in ("strides", "dilation_rate"))
    length = setting.x.shape[1 + axis]
    for tap in range(setting.kernel.shape[axis]):
        shift = tap * dilation - before
        if setting.transposed:
            joined = [(place * stride + shift, place) for place in range(length)]
        else:
            joined = [(place, place * stride + shift) for place in range(output)]
        inside = [(out, to) for out, to in joined if 0 <= out < output and 0 <= to < length]
        yield [out for out, _ in inside], [to for _, to in inside]


def define(setting: Setting) -> tuple[Array, Array] | None:
    """Return the sums of products, and those of their absolute values; None where none are.

    In extended precision where the machine has it, whose rounding is next to none here.
    """
    sizes = [measure(setting, axis) for axis in (0, 1)]
    if min(size for size, _ in sizes) < 1:
        return None
    groups = setting.arguments["groups"]
    x, kernel = setting.x.astype(np.longdouble), setting.kernel.astype(np.longdouble)
    x = x.reshape(*x.shape[:3], groups, -1)
    if setting.transposed:  # (rows, columns, filters of a group, groups, channels of a group)
        kernel = kernel.reshape(*kernel.shape[:3], groups, -1).transpose(0, 1, 3, 4, 2)
    else:
        kernel = kernel.reshape(*kernel.shape[:3], groups, -1).transpose(0, 1, 3, 2, 4)
    out = np.zeros((2, len(x), *(size for size, _ in sizes), groups, kernel.shape[4]), x.dtype)
    rows, columns = (meet(setting, axis, *sizes[axis]) for axis in (0, 1))
    taken = [*columns]
    for row, (tops, above) in enumerate(rows):
        for column, (lefts, beside) in enumerate(taken):
            part = x[:, above][:, :, beside]
            for total, values, weights in zip(
                out, (part, abs(part)), (kernel, abs(kernel)), strict=True
            ):
                sums = np.einsum("nhwgc,gcf->nhwgf", values, weights[row, column])
                total[:, np.array(tops, int)[:, np.newaxis], np.array(lefts, int)] += sums
    exact, spread = out.reshape(*out.shape[:4], -1)
    if setting.bias is None:
        return exact, spread
    return exact + setting.bias, spread + abs(setting.bias.astype(x.dtype))


@pytest.mark.parametrize("part", range(PARTS))
def test_any_setting_by_any_algorithm_is_what_the_loops_give(part: int) -> None:
    random = np.random.default_rng(part)
    worst: dict[tuple[str, str], float] = {}
    for number in range(SETTINGS):
        setting = draw(random)
        expected = define(setting)
        with small_blocks() if number % 2 else nullcontext():
            for name in ("plain", *FAST):
                error = check(name, setting, expected)
                if error is not None:
                    key = name, str(np.result_type(setting.x, setting.kernel))
                    worst[key] = max(worst.get(key, 0.0), error)
    assert {name for name, _ in worst} == {"plain", *FAST}
    told = (f"{name} {dtype}: {error:.3g}" for (name, dtype), error in sorted(worst.items()))
    print(*told, sep="\n")  # noqa: T201 - `pytest -rP` tells the worst errors


def check(name: str, setting: Setting, expected: tuple[Array, Array] | None) -> float | None:
    """Compare an algorithm; return the error as a multiple of epsilon and all it was summed of."""
    transposed, x, kernel, bias, arguments = setting
    if expected is None:
        with pytest.raises(ShapeError):
            compute(name, transposed, x, kernel, bias, **arguments)
        return None
    actual = compute(name, transposed, x, kernel, bias, **arguments)
    if actual is None:
        return None
    exact, spread = expected
    assert actual.shape == exact.shape
    note = f"{name} {transposed} {x.dtype} {x.shape} {kernel.dtype} {kernel.shape} {arguments}"
    if np.result_type(x, kernel).kind != "f":
        np.testing.assert_array_equal(actual, exact, note)
        return 0.0
    difference = np.abs(actual - exact)
    # Each of n products and sums is rounded, at most by half of epsilon; float16 once more.
    summed = kernel[..., 0].size if not transposed else kernel[:, :, 0].size // arguments["groups"]
    epsilon = float(np.finfo(np.promote_types(actual.dtype, np.float32)).eps)
    bound = (summed + 2) / 2 * epsilon * spread
    if actual.dtype == np.float16:
        bound = bound + np.abs(exact) * 2.0**-11 + 2.0**-25
    assert np.all(difference <= bound), note
    own = float(np.finfo(actual.dtype).eps)
    return float(np.max(difference / np.maximum(own * spread, np.finfo(actual.dtype).tiny)))
