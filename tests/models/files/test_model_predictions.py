"""Models that real Keras saved give what real Keras gave, from every kind of file."""

from pathlib import Path

import numpy as np
import pytest
from effort import in_one_test
from golden_files import GoldenModel, golden_models, model_file, model_folder

from upsamp.models.files.loading import load_model
from upsamp.models.model import Model

RUNNING = [golden for golden in golden_models() if golden.runs]
FILES = [pytest.param(golden, name, id=name) for golden in RUNNING for name in golden.files]
# Of the range of an output. A model that computes in float16 has its 11 bits alone.
TOLERANCE, HALF_TOLERANCE = 1e-5, 2e-3

every_model = in_one_test("golden", RUNNING)


def load(golden: GoldenModel, name: str) -> Model:
    """Read a model; weights alone go into the layers of its .keras file, and into its JSON."""
    if name.endswith(".weights.h5"):
        return load_model(model_file(f"{golden}.keras"), model_file(name))
    if name.endswith(".json"):
        return load_model(model_file(name), model_file(f"{golden}.weights.h5"))
    return load_model(model_file(name))


def check(golden: GoldenModel, model: Model, inputs: object) -> None:
    """Compare what a model gives with what Keras gave."""
    results = model.predict(inputs)
    several = results if isinstance(results, list) else [results]
    half = model.dtype_policy.name == "float16" or golden.name == "float16"
    tolerance = HALF_TOLERANCE if half else TOLERANCE
    for actual, expected in zip(several, golden.outputs, strict=True):
        assert actual.shape == expected.shape
        # Two numbers that lie together are of no range: there the last bits of float32 count.
        np.testing.assert_allclose(
            actual, expected, rtol=4e-7, atol=tolerance * float(np.ptp(expected))
        )


def test_there_is_every_kind_of_file_of_many_models() -> None:
    assert len(RUNNING) >= 30
    assert len(FILES) >= 95
    suffixes = {name.split("/")[1].split(".", 1)[1] for golden in RUNNING for name in golden.files}
    assert suffixes == {"keras", "h5", "weights.h5", "json"}
    assert {golden.library for golden in RUNNING} == {"keras", "tf_keras"}


@in_one_test(("golden", "name"), FILES)
def test_every_file_gives_what_keras_gave(golden: GoldenModel, name: str) -> None:
    check(golden, load(golden, name), golden.inputs)


@every_model
def test_a_folder_gives_what_its_file_gives(golden: GoldenModel, tmp_path: Path) -> None:
    check(golden, load_model(model_folder(f"{golden}.keras", tmp_path)), golden.inputs)


@every_model
def test_inputs_in_their_order_do_as_well_as_by_name(golden: GoldenModel) -> None:
    names = golden.said["inputs"]
    check(golden, load_model(model_file(f"{golden}.keras")), [golden.inputs[n] for n in names])


@in_one_test("golden", [m for m in RUNNING if m.as_is])
def test_fewer_bits_give_what_keras_gave_up_to_those_bits(golden: GoldenModel) -> None:
    actual = load_model(model_file(f"{golden}.keras")).predict(golden.inputs)
    [expected] = golden.as_is
    # bfloat16 has 8 bits, which Keras rounds to after every layer.
    tolerance = 5e-2 if "bfloat16" in golden.name else 5e-3
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * float(np.ptp(expected)))


def test_the_size_of_a_batch_changes_no_more_than_rounding() -> None:
    [golden] = [m for m in RUNNING if str(m) == "keras/conditional_gan"]
    model = load_model(model_file("keras/conditional_gan.keras"))
    random = np.random.default_rng(0)
    inputs = [random.standard_normal((9, 10)), random.integers(0, 10, (9, 1))]
    expected = model.predict(inputs)
    for size in (1, 2, 4, 9):
        np.testing.assert_allclose(model.predict(inputs, size), expected, rtol=0, atol=1e-6)
    assert expected.shape[1:] == golden.outputs[0].shape[1:]
