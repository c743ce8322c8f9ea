"""Audits of what real Keras saves: nothing of its own is a reason, and its Lambda is one."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import keras
import pytest
from effort import sample
from hostile.attacks import ATTACKS

from upsamp.models.audit.allowed import CLASSES, FUNCTIONS, HOMES, OPERATION_FUNCTIONS, OPERATIONS
from upsamp.models.audit.audit import audit_model
from upsamp.models.audit.config_objects import LOADING

model_zoo: Any = importlib.import_module("goldens.model_zoo")
# Keras and JAX cause it themselves, where they make arrays of their own.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("shared_reader"),
]
ROOMS = (
    *("layers", "initializers", "regularizers", "constraints", "optimizers", "losses", "metrics"),
    *("optimizers.schedules", "dtype_policies", "quantizers"),
)
# What a name is looked up by, or what has rules of its own.
NOT_NAMED = {"deserialize", "get", "serialize"}
# Models of the zoo that have code of their own.
HELD_AGAINST = {"with_lambda", "with_custom_layer"}
# Attacks that Keras of today refuses before it reads any weights, each by its own check.
REFUSED = ("lambda_bytecode", "module", "get_file", "unsafe_mode", "saved_model_layer", "loss")


@pytest.mark.parametrize("room", ROOMS)
def test_every_class_of_keras_is_allowed(room: str) -> None:
    module = importlib.import_module(f"keras.{room}")
    names = {
        found.__name__
        for name, found in vars(module).items()
        if inspect.isclass(found) and not name.startswith("_")
    }
    assert names - {"Lambda", *LOADING} <= CLASSES
    assert HOMES.fullmatch(module.__name__)


@pytest.mark.parametrize("room", ["activations", "losses", "metrics"])
def test_every_function_of_keras_is_allowed(room: str) -> None:
    module = importlib.import_module(f"keras.{room}")
    functions = {name for name, found in vars(module).items() if inspect.isfunction(found)}
    assert functions - NOT_NAMED <= FUNCTIONS


def test_every_operation_of_keras_is_allowed() -> None:
    functions = {name for name, found in vars(keras.ops).items() if inspect.isfunction(found)}
    assert functions <= OPERATION_FUNCTIONS
    home = importlib.import_module("keras.src.ops")
    kind = importlib.import_module("keras.src.ops.operation").Operation
    for found in pkgutil.iter_modules(home.__path__, "keras.src.ops."):
        if found.name.endswith("_test"):
            continue
        module = importlib.import_module(found.name)
        classes = [one for one in vars(module).values() if inspect.isclass(one)]
        names = {one.__name__ for one in classes if issubclass(one, kind)}
        assert names <= CLASSES | OPERATIONS | {"KerasVariable", "Operation"}


@pytest.mark.parametrize("name", sample(sorted(set(model_zoo.ZOO) - HELD_AGAINST), 4))
def test_what_keras_saves_has_no_reason(name: str, tmp_path: Path) -> None:
    model = model_zoo.ZOO[name](keras)
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    model.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "model.json").write_text(model.to_json())
    for path in sorted(tmp_path.iterdir()):
        assert audit_model(str(path)).reasons == []


def test_a_lambda_that_keras_saved_is_a_reason(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x)])
    for suffix in (".keras", ".h5"):
        path = tmp_path / f"model{suffix}"
        model.save(path)
        rules = {reason.rule for reason in audit_model(str(path)).reasons}
        assert rules == {"lambda", "marshalled-code"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_attacked_older_versions_is_refused_by_this_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "attack.keras"
    path.write_bytes(ATTACKS[name].content())
    with pytest.raises((TypeError, ValueError), match=r"deseriali|Could not locate"):
        keras.saving.load_model(path)
    assert audit_model(str(path)).reasons
