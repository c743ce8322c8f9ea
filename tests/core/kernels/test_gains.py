"""The unevenness of a kernel is what a transposed convolution of a constant shows."""

import numpy as np
import oracle
import pytest

from upsamp.core.kernels.gains import kernel_unevenness, unevenness


def test_it_is_the_unevenness_of_each_pair_weighted_by_its_energy() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        rows, columns, filters, channels = (int(n) for n in generator.integers(1, 5, 4))
        strides = int(generator.integers(1, 4)), int(generator.integers(1, 4))
        kernel = generator.standard_normal((rows, columns, filters, channels))
        shares, energies = [], []
        for filter_, channel in np.ndindex(filters, channels):
            one = kernel[:, :, [filter_], :][:, :, :, [channel]]
            made = oracle.conv2d_transpose(np.ones((9, 9, 1)), one, None, strides)[:, :, 0]
            down, along = (4 * stride for stride in strides)  # away from the edges
            phases = made[down:, along:][: strides[0], : strides[1]]
            shares.append((phases.max() - phases.min()) / abs(phases.mean()))
            assert unevenness(phases) == pytest.approx(shares[-1], abs=1e-9)
            energies.append(phases.mean() ** 2)
        expected = np.sqrt(np.average(np.square(shares), weights=energies))
        assert kernel_unevenness(kernel, strides) == pytest.approx(expected, abs=1e-9)


def test_kernels_without_a_mean_have_no_unevenness() -> None:
    assert kernel_unevenness(np.array([1.0, -1.0]).reshape(1, 2, 1, 1), (1, 2)) is None
    assert kernel_unevenness(np.zeros((3, 3, 1, 1)), (2, 2)) == 0
