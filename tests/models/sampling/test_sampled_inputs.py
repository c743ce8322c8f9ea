"""What a generator is given: drawn points, labels in turn, rows of files, and ways between."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import make_generator
from upsamp.core.latent import interpolate_points
from upsamp.errors import ArgumentError, ShapeError, UpsampError
from upsamp.models.sampling.input_roles import InputRole, Role
from upsamp.models.sampling.sampled_inputs import (
    Feed,
    Interpolation,
    interpolate_feed,
    name_inputs,
    plan_feed,
    sample_latent,
)

Array = NDArray[Any]
FLOAT, INTEGER = np.dtype(np.float32), np.dtype(np.int32)


def role(name: str, role: Role, *lengths: int | None, classes: int | None = None) -> InputRole:
    return InputRole(name, role, (None, *lengths), FLOAT, classes)


LATENT = role("z", "latent", 4)
LABEL = role("y", "label", 1, classes=3)
ONE_HOT = role("c", "one_hot", 3, classes=3)
IMAGE = role("photo", "image", 2, None, 3)
UNKNOWN = role("what", "unknown", 5)


def all_of(feed: Feed, size: int = 32) -> list[Array]:
    """Put the batches of all inputs together."""
    return [np.concatenate(parts) for parts in zip(*feed.batches(size), strict=True)]


@in_one_test("size", [1, 2, 5, 7, 100])
def test_batches_are_parts_of_the_same_points_and_labels(size: int) -> None:
    feed = plan_feed([LATENT, LABEL, ONE_HOT], {}, samples=7, seed=5, labels=(2, 0))
    points, labels, vectors = all_of(feed, size)
    expected = np.random.default_rng(5).standard_normal((7, 4), dtype=np.float32)
    np.testing.assert_array_equal(points, expected)
    np.testing.assert_array_equal(labels, [[2], [0], [2], [0], [2], [0], [2]])
    np.testing.assert_array_equal(vectors, np.eye(3)[[2, 0, 2, 0, 2, 0, 2]])
    assert vectors.dtype == np.float32
    assert feed.shapes == [(7, 4), (7, 1), (7, 3)]
    assert max(len(batch[0]) for batch in feed.batches(size)) == min(size, 7)


def test_the_first_points_are_those_that_sample_latent_gives() -> None:
    model = make_generator("transpose", latent=4, size=1)
    few, many = (all_of(plan_feed([LATENT], {}, samples=n, seed=3))[0] for n in (3, 40))
    np.testing.assert_array_equal(few, many[:3])
    np.testing.assert_array_equal(many, sample_latent(model, 40, 3))


def test_without_labels_all_of_them_come_in_turn_and_the_user_is_told() -> None:
    feed = plan_feed([LATENT, LABEL], {}, samples=5)
    np.testing.assert_array_equal(all_of(feed)[1][:, 0], [0, 1, 2, 0, 1])
    assert feed.notes == ("the labels run from 0 to 2 and again; choose some by --label",)
    assert plan_feed([LATENT, LABEL], {}, labels=(1,)).notes == ()


def test_labels_have_the_shape_of_their_input() -> None:
    for lengths in ((), (1,)):
        one = role("y", "label", *lengths, classes=3)
        assert all_of(plan_feed([one], {}, samples=4))[0].shape == (4, *lengths)


def test_given_rows_say_how_many_samples_there_are() -> None:
    rows = np.arange(12.0).reshape(3, 4)
    assert plan_feed([LATENT], {"z": rows}).count == 3
    assert plan_feed([LATENT], {}, default=2).count == 2
    few = plan_feed([LATENT, LABEL], {"z": rows}, samples=2)
    np.testing.assert_array_equal(all_of(few, 1)[0], rows[:2])


@in_one_test(
    ("one", "shape"),
    [
        (role("z", "latent", 1, 1, 4), (3, 4)),
        (LABEL, (3,)),
        (IMAGE, (3, 2, 9, 3)),
        (UNKNOWN, (3, 5)),
    ],
)
def test_rows_are_brought_into_the_shape_of_their_input(
    one: InputRole, shape: tuple[int, ...]
) -> None:
    values = np.arange(float(np.prod(shape))).reshape(shape)
    feed = plan_feed([one], {one.name: values})
    assert len(feed.shapes[0]) == len(one.shape)
    np.testing.assert_array_equal(all_of(feed)[0].ravel(), values.ravel())


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_a_way_leads_from_one_sample_to_another_and_keeps_the_first_label(path: str) -> None:
    roles = [LATENT, LABEL, ONE_HOT]
    feed = plan_feed(roles, {}, samples=8, seed=1)
    before = all_of(feed)
    way = interpolate_feed(feed, roles, Interpolation(4, 7, 5, path))
    points, labels, vectors = all_of(way, 2)
    np.testing.assert_array_equal(points, interpolate_points(before[0][4], before[0][7], 5, path))
    np.testing.assert_array_equal(labels, np.full((5, 1), 1))
    np.testing.assert_array_equal(vectors, np.eye(3)[[1] * 5])
    assert way.count == 5
    wanted = plan_feed(roles, {}, samples=8, seed=1, labels=(2,))
    way = interpolate_feed(wanted, roles, Interpolation(4, 7, 5, path), (2,))
    np.testing.assert_array_equal(all_of(way)[1], np.full((5, 1), 2))


def test_a_way_leads_between_rows_of_a_file_too() -> None:
    rows = np.random.default_rng(0).standard_normal((3, 4))
    feed = interpolate_feed(
        plan_feed([LATENT], {"z": rows}), [LATENT], Interpolation(2, 0, 3, "linear")
    )
    np.testing.assert_allclose(all_of(feed)[0], [rows[2], (rows[0] + rows[2]) / 2, rows[0]])


@in_one_test(
    ("roles", "arrays", "expected"),
    [
        ([LATENT, LABEL], {"": 0}, {"z": 0}),
        ([LATENT, LABEL], {"array": 0}, {"z": 0}),
        ([UNKNOWN], {"": 0}, {"what": 0}),
        ([IMAGE], {"": 0}, {"photo": 0}),
        ([LATENT, LABEL], {"y": 0}, {"y": 0}),
        ([LATENT, LABEL], {"y": 0, "z": 1}, {"y": 0, "z": 1}),
    ],
)
def test_arrays_go_to_the_inputs_of_their_names(
    roles: Sequence[InputRole], arrays: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    assert name_inputs(roles, arrays, "'x.npz'") == expected


FIVE = np.zeros((3, 5))


@in_one_test(
    ("roles", "given", "options", "rule"),
    [
        ([LATENT], {"z": FIVE}, {}, r"'z' must be rows of shape \(4\)\. Received: .*\(3, 5\)"),
        ([IMAGE], {"photo": FIVE}, {}, r"must be rows of shape \(2, any, 3\)"),
        ([IMAGE], {}, {}, r"must be given an image for its input 'photo' .*Use --image FILE"),
        ([UNKNOWN], {}, {}, r"nothing tells what 'what' is to be\. Give all inputs by their names"),
        ([LATENT, IMAGE, IMAGE], {}, {}, r"nothing tells what 'photo' is to be\. Give all"),
        ([LATENT], {}, {"labels": (1,)}, r"Labels must be for an input .*Leave --label out"),
        ([LABEL], {}, {"labels": (0, 3)}, r"'y' must be from 0 to 2\. Received: 3"),
        ([role("y", "label", 1)], {}, {}, r"as nothing in the model tells .* Use --label N"),
        ([UNKNOWN], {"what": FIVE}, {"samples": 4}, r"at most the 3 that are given\. Received: 4"),
        (
            [UNKNOWN, LATENT],
            {"what": FIVE, "z": np.zeros((2, 4))},
            {},
            r"must have as many rows\. Received: 3 of 'what', 2 of 'z'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    roles: Sequence[InputRole], given: Mapping[str, Array], options: Mapping[str, Any], rule: str
) -> None:
    with pytest.raises(UpsampError, match=rule):
        plan_feed(roles, given, **options)


def test_a_label_without_known_classes_may_be_any() -> None:
    one = role("y", "label", 1)
    np.testing.assert_array_equal(
        all_of(plan_feed([one], {}, samples=2, labels=(99,)))[0], [[99]] * 2
    )


def test_ways_that_lead_nowhere_are_refused() -> None:
    feed = plan_feed([LATENT], {}, samples=3)
    with pytest.raises(ArgumentError, match=r"among the 3 samples.*Received: 3\. Use --samples 4"):
        interpolate_feed(feed, [LATENT], Interpolation(0, 3, 5))
    images = plan_feed([IMAGE], {"photo": np.zeros((2, 2, 2, 3))})
    with pytest.raises(ArgumentError, match=r"must have a latent vector.*Leave --interpolate out"):
        interpolate_feed(images, [IMAGE], Interpolation(0, 1, 5))


def test_arrays_that_are_for_no_input_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"'a\.npz' must hold arrays .*'z' \(None, 4\).*'x'"):
        name_inputs([LATENT], {"x": FIVE, "z": FIVE}, "'a.npz'")
    with pytest.raises(ArgumentError, match=r"must say which input it is for.*Received: one array"):
        name_inputs([UNKNOWN, IMAGE], {"": FIVE}, "'a.npy'")


def test_points_that_memory_cannot_hold_are_refused() -> None:
    huge = role("z", "latent", 10**14)
    with pytest.raises(UpsampError, match="The points of the latent space would be"):
        all_of(plan_feed([huge], {}))
    with pytest.raises(ShapeError, match="must be rows"):
        plan_feed([LATENT], {"z": np.zeros((2, 2, 4))})
