"""Models whose layers are called in many ways, saved by Keras 3 and tf_keras: the same numbers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from effort import sample
from real_libraries.graph_cases import CASES, flat, given, save_all

from upsamp import load_model
from upsamp.io.model_files import open_model
from upsamp.models.files.stored_weights import put_weights

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The structure of `inputs`:UserWarning"),
    pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning"),
]


@pytest.fixture(scope="module", params=["keras", "tf_keras"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the models of all cases."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "keras":
        save_all(keras, folder)
        return folder
    done = subprocess.run(
        [sys.executable, "-m", "real_libraries.graph_cases", str(folder)],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def check(result: Any, expected: list[Any]) -> None:
    """Check all outputs."""
    found = flat(result)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-5 * float(np.ptp(other)))


@pytest.mark.parametrize("name", sample(CASES, 3))
def test_the_same_numbers_come_out_of_each_form_and_go_back(
    name: str, saved: Path, tmp_path: Path
) -> None:
    with np.load(saved / f"{name}.npz") as held:
        arrays = dict(held)
    inputs, expected = ([arrays[key] for key in arrays if key[0] == part] for part in "xy")
    taken = given(name, inputs)
    files = [saved / f"{name}.{suffix}" for suffix in ("h5", "keras")]
    for file in filter(Path.exists, files):
        model = load_model(file)
        check(model.predict(taken), expected)
        model.save(tmp_path / "again.keras", overwrite=True)
        check(load_model(tmp_path / "again.keras").predict(taken), expected)
        theirs = keras.models.load_model(tmp_path / "again.keras")
        # Keras 3 goes by training=True where a model is called, and passes over it in predict().
        if name == "training" and "tf_keras" in saved.name:
            check(theirs(taken), expected)
        elif name != "training_nested" or "tf_keras" not in saved.name:
            check(theirs.predict(taken, verbose=0), expected)
    listed = load_model(saved / f"{name}.json")
    put_weights(listed, open_model(str(files[0])).weights())
    check(listed.predict(taken), expected)
