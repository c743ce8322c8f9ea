"""Networks: their scale, what they take, and their tiles where memory is bounded."""

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from networks import fsrcnn, with_values

from upsamp import Sequential
from upsamp.core.memory import limit_memory
from upsamp.errors import ArgumentError, MemoryLimitError, ShapeError
from upsamp.layers import (
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    Flatten,
    GroupNormalization,
    Input,
    Layer,
    MaxPooling2D,
    PReLU,
    Reshape,
    Resizing,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.models.model import Model
from upsamp.models.superresolution.network import Network


def network(model: Model, **options: Any) -> Network:
    return Network(model, **options)


def of_layers(*layers: Layer, size: Any = (None, None), channels: int = 1) -> Network:
    return network(Sequential([Input((*size, channels)), *layers], name="it"))


@in_one_test(
    ("layers", "expected"),
    [
        ((UpSampling2D(2),), (2, 2)),
        ((UpSampling2D((2, 3)),), (2, 3)),
        ((Conv2D(1, 9),), (1, 1)),
        ((Conv2DTranspose(1, 9, strides=4),), (4, 4)),
        ((Conv2DTranspose(1, 9, strides=3, padding="same"),), (3, 3)),
        ((UpSampling2D(3), MaxPooling2D(2)), (Fraction(3, 2), Fraction(3, 2))),
        ((MaxPooling2D(4), UpSampling2D(4)), (1, 1)),
        ((MaxPooling2D(97, padding="same"), UpSampling2D(2 * 97)), (2, 2)),
        ((*(MaxPooling2D(2) for _ in range(9)), UpSampling2D(2**9)), (1, 1)),
    ],
)
def test_the_scale_is_that_of_the_shapes(layers: tuple[Layer, ...], expected: Any) -> None:
    assert of_layers(*layers).scale == expected
    assert of_layers(*layers).keeps == (expected == (1, 1))


def test_the_scale_of_a_network_of_one_size_is_that_of_its_shapes() -> None:
    assert of_layers(Conv2D(1, 3), UpSampling2D(2), size=(8, 9)).scale[0] == 2
    assert of_layers(Resizing(24, 18), size=(8, 9)).scale[1] == 2
    dense = of_layers(Flatten(), Dense(4 * 12), Reshape((6, 8, 1)), size=(3, 4))
    assert [*map(int, dense.scale)] == [2, 2]
    assert dense.own_size == (3, 4)


@in_one_test(
    ("layers", "size", "channels", "text"),
    [
        ((Conv2D(1, 3, strides=2),), (None, None), 1, "larger, or keep their size. Received: 'it'"),
        ((Conv2D(3, 3),), (None, None), 1, "as many channels: 1, 3 or 4"),
        ((UpSampling2D(2),), (None, None), 2, "as many channels: 1, 3 or 4"),
        ((Flatten(), Dense(3)), (4, 4), 1, "as many channels: 1, 3 or 4"),
    ],
)
def test_what_enlarges_no_pictures_is_refused(
    layers: tuple[Layer, ...], size: Any, channels: int, text: str
) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=text):
        _ = of_layers(*layers, size=size, channels=channels).scale


def test_what_takes_no_picture_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"one input of pictures\. Received: 'input_layer'"):
        _ = network(Sequential([Input((100,)), Dense(3)])).scale


def test_a_picture_of_another_size_than_the_network_takes_is_refused_with_the_reason() -> None:
    own = of_layers(PReLU(), UpSampling2D(2), size=(8, 6))
    assert own.plan((8, 6)).target == (16, 12)
    with pytest.raises(ShapeError, match=r"must have 6x8 pixels. Received: 9x7. Layer 'p_re_lu'"):
        own.plan((7, 9))


@in_one_test(
    ("layers", "size", "padded", "target"),
    [
        ((Conv2D(1, 9), Conv2D(1, 5)), (7, 5), (19, 17), (7, 5)),
        ((UpSampling2D(2), Conv2D(1, 4)), (7, 5), (9, 7), (14, 10)),
        ((MaxPooling2D(4), UpSampling2D(4)), (7, 5), (8, 8), (7, 5)),
        ((MaxPooling2D(4, padding="same"), UpSampling2D(4)), (7, 5), (7, 5), (7, 5)),
        ((Conv2DTranspose(1, 5, strides=2),), (7, 5), (7, 5), (14, 10)),
        # Pictures of even sides alone lack a row and a column.
        (
            (UpSampling2D(3), MaxPooling2D(2, padding="same"), MaxPooling2D(2, 1)),
            *((7, 5), (7, 5), (10, 7)),
        ),
    ],
)
def test_edges_are_repeated_where_a_network_gives_less_than_its_scale(
    layers: tuple[Layer, ...], size: Any, padded: Any, target: Any
) -> None:
    it = of_layers(*layers)
    plan = it.plan(size)
    assert (plan.padded, plan.target) == (padded, target)
    assert bool(plan.notes) == (padded != size)
    image = np.random.default_rng(0).random((*size, 1)).astype(np.float32)
    bands = [*plan.bands(lambda rows: image[rows])]
    made = np.concatenate([band for _, band in bands])
    assert made.shape == (*target, 1)
    # What does not depend on the edges is what the network gives without them.
    before = plan.before
    around = np.pad(
        image[..., 0],
        [(b, p - b - s) for b, p, s in zip(before, padded, size, strict=True)],
        mode="edge",
    )
    whole = it.graph.run(around[..., np.newaxis])
    rows, columns = (slice(c, c + t) for c, t in zip(plan.crop, target, strict=True))
    np.testing.assert_array_equal(made, whole[rows, columns])


def test_tiles_become_smaller_with_the_memory_and_give_the_same() -> None:
    it = network(with_values(fsrcnn()))
    image = np.random.default_rng(0).random((90, 70, 1)).astype(np.float32)
    plans = [it.plan((90, 70), room) for room in (None, 2**18, 2**17)]
    sides = [(plan.rows[0].stop, plan.columns[0].stop) for plan in plans]
    assert sides[0] == (90, 70)
    assert sides[0] > sides[1] > sides[2]
    whole, *others = (
        np.concatenate([band for _, band in plan.bands(lambda rows: image[rows])]) for plan in plans
    )
    for made in others:
        np.testing.assert_allclose(made, whole, rtol=0, atol=2e-6 * np.ptp(whole))


def test_what_reads_all_of_a_picture_is_refused_where_it_does_not_fit() -> None:
    model = Sequential(
        [
            Input((None, None, 1)),
            Conv2D(4, 3),
            GroupNormalization(2, name="all"),
            Conv2D(1, 1),
        ]
    )
    whole = network(model)
    assert len(whole.plan((300, 300)).rows) == 1
    with limit_memory(2**20), pytest.raises(MemoryLimitError, match=r"layer 'all' .* reads all"):
        whole.plan((300, 300), 2**19)
    with pytest.raises(ArgumentError, match="--tile must be for networks that take tiles"):
        network(model, tile=32).plan((300, 300))


def test_a_tile_smaller_than_what_a_pixel_depends_on_is_refused_and_enough_is_named() -> None:
    it = network(fsrcnn(), tile=4)
    with pytest.raises(ArgumentError, match=r"Received: 4. Use --tile \d+ or more") as caught:
        it.plan((99, 99))
    enough = int(str(caught.value).split()[-3])
    assert len(network(fsrcnn(), tile=enough).plan((99, 99)).rows) > 1


@in_one_test(
    "layers",
    [
        (UpSampling2D(10**7), MaxPooling2D(10**7)),
        (ZeroPadding2D(10**9), Cropping2D(10**9)),
        (Conv2D(1, 3, dilation_rate=10**8),),
        (Cropping2D(10**9),),
    ],
)
def test_what_would_take_all_memory_is_refused_before_it_is_taken(
    layers: tuple[Layer, ...],
) -> None:
    with pytest.raises((MemoryLimitError, ShapeError)):
        of_layers(*layers).plan((50, 60))


def test_other_processes_are_told_the_path_and_not_the_weights(tmp_path: Path) -> None:
    path = str(tmp_path / "fsrcnn.keras")
    fsrcnn(wide=32).save(path)
    sent = pickle.dumps(Network(path, value_range=(0, 255), tile=40))
    assert len(sent) < 1000
    there = pickle.loads(sent)
    assert (there.name, there.scale, there.ranges[0]) == ("fsrcnn", (2, 2), (0.0, 255.0))
    assert pickle.loads(sent).graph.calls[1].layer is there.graph.calls[1].layer


def test_a_model_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "it.keras")
    scales: list[int] = []
    for factor in (2, 3):
        Sequential([Input((None, None, 1)), UpSampling2D(factor)]).save(path, overwrite=True)
        scales += map(int, Network(path).scale)
    assert scales == [2, 2, 3, 3]
