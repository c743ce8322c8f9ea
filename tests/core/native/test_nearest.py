"""The kernel that copies pixels, for every instruction set, beside NumPy's indices."""

import itertools

import numpy as np
import pytest
from core.native.native_kernels import every_instruction_set
from effort import sample

from upsamp.core.arguments import Array, Convention
from upsamp.core.native.library import Kernels
from upsamp.core.upsampling import nearest
from upsamp.core.upsampling.nearest import NearestAxis, copy_nearest

GUARD = 64


@pytest.fixture
def _kernels(native: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernels of one instruction set copy all, also the smallest."""
    monkeypatch.setattr(nearest, "SMALL_BYTES", 0)
    monkeypatch.setattr(nearest, "kernels", lambda: native)


def check(source: Array, axes: tuple[NearestAxis, NearestAxis], target: Array) -> None:
    """Assert that every pixel of the target becomes the right one."""
    rows, columns = (
        axis.inputs(slice(0, length)) for axis, length in zip(axes, target.shape[1:3], strict=True)
    )
    copy_nearest(source, target, axes, 1)
    np.testing.assert_array_equal(target, source[:, rows[:, np.newaxis], columns])


def guarded(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return bytes of a shape, and the memory that they lie in the middle of."""
    memory = np.full(int(np.prod(shape)) + 2 * GUARD, 0xA5, np.uint8)
    return memory[GUARD:-GUARD].reshape(shape), memory


@every_instruction_set
@pytest.mark.usefixtures("_kernels")
def test_every_small_size_of_pixel_and_width_and_factor() -> None:
    generator = np.random.default_rng(0)
    sizes = (*range(1, 18), 24, 40)
    widths = (1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33)
    targets = (lambda n: n, lambda n: 2 * n, lambda n: 3 * n, lambda n: 4 * n, lambda n: 5 * n)
    ratios = (lambda n: -(-3 * n // 2), lambda n: 2 * n + 1, lambda n: -(-n // 2))
    cases = itertools.product(sizes, widths, (*targets, *ratios))
    for size, width, lengthen in sample(cases, 7):
        source = generator.integers(0, 256, (2, 3, width, size), dtype=np.uint8)
        target, memory = guarded((2, lengthen(3), lengthen(width), size))
        axes = NearestAxis(3, lengthen(3)), NearestAxis(width, lengthen(width))
        check(source, axes, target)
        np.testing.assert_array_equal(memory[:GUARD], 0xA5)
        np.testing.assert_array_equal(memory[-GUARD:], 0xA5)


@every_instruction_set
@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("convention", ["keras", "torch"])
@pytest.mark.parametrize("row_bytes", [16, 2**16])
def test_parts_of_rows_of_any_ratio(
    convention: Convention, row_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "ROW_BYTES", row_bytes)
    generator = np.random.default_rng(1)
    for length, target_length, size in sample(
        itertools.product((5, 8, 21), (5, 7, 16, 40, 63, 64), (1, 2, 3, 5, 8, 12)), 5
    ):
        source = generator.integers(0, 256, (1, 9, length, size), dtype=np.uint8)
        whole = NearestAxis(length, target_length, convention)
        for begin, end in ((0, target_length), (1, target_length), (2, target_length - 1)):
            inputs, part = whole.part(slice(begin, end))
            target, memory = guarded((1, 13, end - begin, size))
            check(source[:, :, inputs], (NearestAxis(9, 13, convention), part), target)
            np.testing.assert_array_equal(memory[:GUARD], 0xA5)
            np.testing.assert_array_equal(memory[-GUARD:], 0xA5)


@every_instruction_set
@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex128"])
def test_arrays_of_any_strides(dtype: str) -> None:
    room = np.random.default_rng(2).integers(0, 256, (4, 12, 40, 6)).astype(dtype)
    sources = (
        room[:, ::2, ::3, :3],
        room[::-1, ::-1, ::-1],
        room[..., ::-1],
        room[..., ::2],
        room.transpose(3, 2, 1, 0),
        np.broadcast_to(room[:1, :1, :1], (2, 3, 5, 6)),
        room[:, :, 7:8, 1:2],
    )
    for source, (rows, columns) in itertools.product(sources, ((2, 3), (1, 1), (4, 2))):
        count, height, width, channels = source.shape
        axes = NearestAxis(height, height * rows), NearestAxis(width, width * columns)
        shape = count, height * rows, width * columns, channels
        around = np.zeros((count + 1, *(2 * length + 2 for length in shape[1:])), dtype)
        for target in (
            np.empty(shape, dtype),
            np.empty(shape, dtype, order="F"),
            around[1:, 1::2, 1::2, 1::2][:, : shape[1], : shape[2], : shape[3]],
            around[:count, shape[1] : 0 : -1, shape[2] : 0 : -1, : shape[3]],
        ):
            check(source, axes, target)
        # Beside the last two, nothing is written.
        assert not around[0, 0].any()
        assert not around[1:, ::2, ::2, shape[3] + 1 :: 2].any()


@every_instruction_set
@pytest.mark.usefixtures("_kernels")
def test_threads_share_rows_and_parts_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "THREAD_BYTES", 0)
    monkeypatch.setattr(nearest, "ROW_BYTES", 64)
    source = np.random.default_rng(3).integers(0, 256, (2, 5, 37, 3), dtype=np.uint8)
    for size in ((10, 74), (7, 111), (5, 40)):
        axes = NearestAxis(5, size[0]), NearestAxis(37, size[1])
        one, three = (np.empty((2, *size, 3), np.uint8) for _ in range(2))
        check(source, axes, one)
        copy_nearest(source, three, axes, 3)
        np.testing.assert_array_equal(three, one)


@every_instruction_set
@pytest.mark.usefixtures("_kernels")
def test_inputs_that_are_not_there_are_not_read() -> None:
    source = np.zeros((1, 4, 4, 1), np.uint8)
    for axes in (
        (NearestAxis(4, 8), NearestAxis(5, 10)),
        (NearestAxis(5, 10), NearestAxis(4, 8)),
    ):
        with pytest.raises(IndexError):
            copy_nearest(
                source, np.empty((1, *(axis.target for axis in axes), 1), np.uint8), axes, 1
            )
