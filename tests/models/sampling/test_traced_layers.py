"""What each layer gives for one sample, beside the model cut off behind that layer."""

import numpy as np
import pytest
from effort import in_one_test, sample
from golden_files import GoldenModel, golden_models, model_file
from numpy.typing import NDArray

from upsamp import Sequential, load_model
from upsamp.core.memory import limit_memory
from upsamp.errors import ArgumentError, MemoryLimitError
from upsamp.layers import (
    Conv2D,
    Conv2DTranspose,
    Dropout,
    InputLayer,
    LeakyReLU,
    Permute,
    UpSampling2D,
)
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model
from upsamp.models.sampling.features import feature_model, output_model
from upsamp.models.sampling.layer_values import MAX_LAYERS, trace_sample

RUN = [golden for golden in golden_models() if golden.runs and golden.inputs]
PAIRS = sample([(golden, golden.files[0]) for golden in RUN], 5)


def first_rows(golden: GoldenModel, model: Model) -> list[NDArray[np.float32]]:
    return [np.asarray(golden.inputs[name])[:1] for name in model.input_names]


@in_one_test(("golden", "file"), PAIRS)
def test_the_values_are_those_of_the_model_cut_off_there(golden: GoldenModel, file: str) -> None:
    model = load_model(str(model_file(file)))
    inputs = first_rows(golden, model)
    found = trace_sample(output_model(model), inputs)
    names = [one.name for one in found]
    for one in found[len(inputs) :]:
        name, _, call = one.name.partition(" (call ")
        later = f"{name} (call {int(call.rstrip(')') or 1) + 1})"
        if later in names or name.endswith("]"):
            continue  # the cut model gives the last call, and the first output
        expected = np.asarray(feature_model(model, name)(inputs))[0]
        assert one.shape == expected.shape
        image = expected.reshape(*expected.shape, 1) if expected.ndim == 2 else expected
        kept = image[:, :, : one.values.shape[2]] if image.ndim == 3 else image.reshape(-1)
        tolerance = 1e-5 * float(np.abs(expected).max())
        np.testing.assert_allclose(one.values, kept, rtol=0, atol=tolerance)
        ends = [expected.min(), expected.max()]
        np.testing.assert_allclose([one.low, one.high], ends, rtol=0, atol=tolerance)
    # And those that Keras computed itself.
    by_name = {one.name: one for one in found}
    for name in golden.layers.keys() & by_name.keys():
        said = golden.layers[name][0]
        seen = by_name[name].values.reshape(-1) if said.ndim < 3 else by_name[name].values
        kept = said.reshape(-1) if said.ndim < 3 else said[:, :, : seen.shape[2]]
        np.testing.assert_allclose(seen, kept, rtol=0, atol=1e-5 * float(np.abs(said).max()))


def test_a_layer_that_is_called_again_has_its_number() -> None:
    calls = [
        Call(InputLayer((2, 2, 1), name="x")),
        Call(UpSampling2D(name="u"), (Source(0),)),
    ]
    calls.append(Call(calls[1].layer, (Source(1),), node=1))
    model = Functional.from_calls(calls, [0], [Source(2)])
    found = trace_sample(model, [np.ones((1, 2, 2, 1), np.float32)])
    assert [(one.name, one.shape) for one in found[1:]] == [
        ("u", (4, 4, 1)),
        ("u (call 2)", (8, 8, 1)),
    ]
    assert found[2].takes == ("u",)


def test_names_and_takes_are_those_of_the_graph() -> None:
    model = load_model(str(model_file("keras/pix2pix.keras")))
    found = trace_sample(model, [np.zeros((1, 16, 16, 3), np.float32)])
    by_name = {one.name: one for one in found}
    assert by_name["sequential/conv2d"].takes == ("input_layer",)
    assert by_name["sequential_1/conv2d_1"].takes == ("sequential/leaky_re_lu",)
    assert by_name["concatenate"].takes == ("sequential_4/re_lu", "sequential_2/leaky_re_lu_2")
    assert found[-1].name == model.layers[-1].name


def test_few_maps_of_many_are_kept_and_the_range_is_that_of_all() -> None:
    model = Sequential([Conv2DTranspose(40, 3, input_shape=(4, 4, 2))])
    x = np.random.default_rng(0).standard_normal((1, 4, 4, 2), dtype=np.float32)
    layer = trace_sample(model, [x])[-1]
    everything = np.asarray(model(x))[0]
    assert layer.values.shape == (6, 6, 16)
    assert layer.shape == (6, 6, 40)
    np.testing.assert_array_equal([layer.low, layer.high], [everything.min(), everything.max()])


def test_channels_first_come_last() -> None:
    conv = Conv2D(3, 3, data_format="channels_first", input_shape=(2, 8, 9))
    model = Sequential([conv, LeakyReLU(), Permute((2, 3, 1))])
    x = np.random.default_rng(0).standard_normal((1, 2, 8, 9), dtype=np.float32)
    image, convolved, active, turned = trace_sample(model, [x])
    np.testing.assert_array_equal(image.values, np.moveaxis(x[0], 0, 2))
    assert convolved.shape == active.shape == turned.shape == (6, 7, 3)
    np.testing.assert_array_equal(active.values, turned.values)


def test_what_is_not_finite_is_counted() -> None:
    model = Sequential([UpSampling2D(input_shape=(2, 2, 1))])
    x = np.array([[np.nan, 1], [-2, np.inf]], np.float32).reshape(1, 2, 2, 1)
    last = trace_sample(model, [x])[-1]
    assert (last.low, last.high, last.not_finite) == (-2.0, 1.0, 8)
    assert trace_sample(model, [np.full_like(x, np.nan)])[-1].high == 0.0


def test_more_layers_than_can_be_looked_at_are_refused() -> None:
    model = Sequential([Dropout(0.5, input_shape=(4,))])
    for _ in range(MAX_LAYERS):
        model.add(Dropout(0.5))
    with pytest.raises(ArgumentError, match=f"at most {MAX_LAYERS}. Received: more"):
        trace_sample(model, [np.zeros((1, 4), np.float32)])


def test_memory_is_bounded() -> None:
    model = Sequential([UpSampling2D(16, input_shape=(8, 8, 16))])
    x = np.zeros((1, 8, 8, 16), np.float32)
    with limit_memory(2**20), pytest.raises(MemoryLimitError, match="all layers"):
        trace_sample(model, [x])
    assert trace_sample(model, [x])[-1].values.shape == (128, 128, 16)
