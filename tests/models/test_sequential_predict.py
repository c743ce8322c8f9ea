"""Sequential: what predict and a call give, in batches of any size, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from small_models import latent, small_model

from upsamp import Sequential, upsample
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError
from upsamp.layers import (
    Activation,
    Dropout,
    Flatten,
    InputLayer,
    Reshape,
    UpSampling2D,
)


@in_one_test("batch_size", [1, 3, 7, 32, 1000])
def test_predictions_are_the_same_in_batches_of_any_size(batch_size: int) -> None:
    model = small_model()
    x = latent(7)
    result = model.predict(x, batch_size=batch_size)
    assert result.shape == (7, 4, 4, 2)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, model(x))


def test_a_model_does_what_its_layers_do_one_after_the_other() -> None:
    model = small_model()
    x = expected = latent(3)
    for layer in model.layers:
        expected = layer(expected)
    np.testing.assert_array_equal(model.predict(x), expected)
    assert np.ptp(expected) > 0


def test_predict_prints_nothing_whatever_verbose_is(capsys: pytest.CaptureFixture[str]) -> None:
    model = small_model()
    for verbose in ("auto", 0, 1, 2):
        np.testing.assert_array_equal(model.predict(latent(2), verbose=verbose), model(latent(2)))
    assert capsys.readouterr() == ("", "")


def test_predict_and_call_take_lists_and_never_change_an_array() -> None:
    model = small_model()
    x = latent(4)
    before = x.copy()
    x.flags.writeable = False
    np.testing.assert_array_equal(model.predict(x.tolist()), model.predict(x))
    np.testing.assert_array_equal(model(x.astype(int)), model(x))
    np.testing.assert_array_equal(x, before)


def test_images_of_any_size_go_through_a_model_that_takes_them() -> None:
    model = Sequential([UpSampling2D(2, input_shape=(None, None, 1))])
    assert model.output_shape == (None, None, None, 1)
    for rows, columns in ((1, 2), (3, 5)):
        x = np.arange(rows * columns, dtype=np.float32).reshape(1, rows, columns, 1)
        np.testing.assert_array_equal(model.predict(x), upsample(x, 2))


def test_nan_and_infinities_go_through_a_model() -> None:
    model = Sequential([UpSampling2D(input_shape=(1, 3, 1)), Activation("relu"), Dropout(0.5)])
    result = model.predict(np.array([np.nan, np.inf, -np.inf]).reshape(1, 1, 3, 1))
    row = [np.nan, np.nan, np.inf, np.inf, 0, 0]
    np.testing.assert_array_equal(result[0, :, :, 0], [row, row])


@in_one_test("shape", [(4,), (2, 4), (2, 3, 1), (3,)])
def test_inputs_of_another_shape_are_refused_with_the_name_of_the_model(
    shape: tuple[int, ...],
) -> None:
    model = small_model(name="mine")
    for call in (Sequential.__call__, Sequential.predict):
        with pytest.raises(
            ShapeError,
            match=r"The input of model 'mine' must have shape \(None, 3\)\. Received: shape \(",
        ):
            call(model, np.ones(shape))


def test_an_axis_of_any_length_is_checked_when_its_length_is_known() -> None:
    model = Sequential([InputLayer((None,)), Reshape((5, 5))])
    assert model.predict(np.ones((2, 25))).shape == (2, 5, 5)
    for call in (Sequential.__call__, Sequential.predict):
        with pytest.raises(ShapeError, match=r"'reshape' \(Reshape\) must keep the number of val"):
            call(model, np.ones((2, 24)))


@in_one_test("batch_size", [0, -1, 1.5, True])
def test_a_batch_size_that_is_no_positive_integer_is_refused(batch_size: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`batch_size` must be an integer of at least 1"):
        small_model().predict(latent(2), batch_size=batch_size)


def test_no_batch_size_is_the_default_one_as_in_keras() -> None:
    options: dict[str, Any] = {"batch_size": None}
    model = small_model()
    np.testing.assert_array_equal(model.predict(latent(2), **options), model(latent(2)))


def test_text_and_ragged_rows_are_refused() -> None:
    with pytest.raises(DtypeError, match=r"`x` must hold real numbers"):
        small_model().predict([["a", "b", "c"]])
    with pytest.raises(ShapeError, match=r"`x` must be a rectangular array"):
        small_model().predict([[1, 2, 3], [1]])


def test_an_output_that_would_not_fit_in_memory_is_refused_before_it_is_tried() -> None:
    model = Sequential([UpSampling2D(10**6, input_shape=(10, 10, 1))])
    with pytest.raises(MemoryLimitError, match=r"The output would be 1 x 10,000,000 x 10,000,000"):
        model.predict(np.ones((1, 10, 10, 1)))


def test_no_result_shares_memory_with_the_input() -> None:
    x = np.ones((1, 2), np.float32)
    model = Sequential([Dropout(0.5), Flatten()])
    for result in (model(x), model.predict(x), Dropout(0.5)(x)):
        assert not np.shares_memory(result, x)
