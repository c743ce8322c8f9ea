"""What lets Keras' own tests run on the layers and models of upsamp.

The installed package of Keras has its tests beside its modules. `load` reads one of them with
`keras.src.layers` and the like replaced, so that what it calls `layers.Conv2D` is upsamp's; the
values that it expects stay Keras' own, and so do `ops`, `backend` and `random`. Where such a test
calls `run_layer_test`, upsamp's layer is also held against Keras' layer with the same weights.
"""

import importlib.util
import inspect
import json
import sys
import unittest
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import keras
import keras.src.testing
import numpy as np
import pytest
from keras import src as source
from keras.src.legacy.saving import legacy_h5_format

import upsamp
from upsamp import layers
from upsamp.errors import UpsampError
from upsamp.layers.symbolic import SymbolicTensor
from upsamp.layers.weight import Weight
from upsamp.models.config.layer_entries import write_layer

PACKAGE = Path(inspect.getfile(source)).parent
# What run_layer_test is told of training, losses, masks and seeds, which upsamp has not.
NOT_ASKED = frozenset(
    {
        *("expected_num_losses", "expected_num_seed_generators", "supports_masking"),
        *("expected_num_non_trainable_variables", "run_training_check", "expected_output_dtype"),
        *("run_mixed_precision_check", "assert_built_after_instantiation", "expected_mask_shape"),
        *("custom_objects", "tpu_atol", "tpu_rtol", "input_sparse", "expected_output_sparse"),
        *("input_ragged", "expected_output_ragged"),
    }
)


class Instead:
    """A module of Keras, but for some names."""

    def __init__(self, module: ModuleType, **names: Any) -> None:
        vars(self).update(names)
        self.__module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__module, name)


class Marks:
    """pytest's marks, as unittest obeys them."""

    @staticmethod
    def skipif(condition: object, reason: str) -> Any:
        """Pass the test over where that is so."""
        return unittest.skipIf(condition, reason)

    def __getattr__(self, name: str) -> Any:
        return lambda test: test


# What tests import besides.
STUBS: dict[str, Any] = {
    "conftest": SimpleNamespace(skip_if_backend=lambda *_: lambda test: test),
    "grain": SimpleNamespace(),
    "pytest": Instead(pytest, mark=Marks()),
}


class Ops(Instead):
    """Keras' operations, which take our weights for their values."""

    def __getattr__(self, name: str) -> Any:
        function = super().__getattr__(name)

        def call(*values: Any, **named: Any) -> Any:
            plain = [one.numpy() if isinstance(one, Weight) else one for one in values]
            return function(*plain, **named)

        return call if callable(function) else function


class Layers(Instead):
    """upsamp's layers; those of Keras that it has not say so when they are made."""

    def __getattr__(self, name: str) -> Any:
        if hasattr(layers, name) or not hasattr(keras.layers, name):
            return getattr(layers, name)

        def absent(*_: Any, **__: Any) -> Any:
            raise AbsentLayerError(name)

        return absent


class AbsentLayerError(Exception):
    """A test wants a layer that upsamp has not."""


def symbolic_tensor(shape: Any, dtype: Any = "float32", **_: object) -> SymbolicTensor:
    """Return what `keras.KerasTensor` would be."""
    return SymbolicTensor(shape, dtype)


def structured(value: Any, change: Callable[[tuple[Any, ...]], Any]) -> Any:
    """Change a shape, or each of a list of shapes."""
    if all(one is None or isinstance(one, int) for one in value):
        return change(tuple(value))
    return [change(tuple(one)) for one in value]


class TestCase(source.testing.TestCase):
    """Keras' TestCase, whose `run_layer_test` asks of a layer what upsamp has."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(keras.backend.set_image_data_format, "channels_last")

    def run_layer_test(
        self,
        layer_cls: type[layers.Layer],
        init_kwargs: dict[str, Any],
        input_shape: Any = None,
        input_dtype: Any = None,
        input_data: Any = None,
        call_kwargs: Mapping[str, Any] | None = None,
        expected_output_shape: Any = None,
        expected_output: Any = None,
        expected_num_trainable_weights: int | None = None,
        expected_num_non_trainable_weights: int | None = None,
        **rest: object,
    ) -> None:
        """Check config, weights, symbolic calls, and values beside those of Keras' layer."""
        assert rest.keys() <= NOT_ASKED, rest
        assert (call_kwargs or {}).keys() <= {"training"}  # a prediction is asked for all the same
        layer = layer_cls(**init_kwargs)
        check_config(layer)
        random = np.random.default_rng(3)
        if input_data is None:
            assert input_shape is not None
            dtypes = input_dtype or "float32"
            input_data = structured(
                input_shape, lambda shape: (3 * random.random(shape)).astype(dtypes)
            )
        several = isinstance(input_data, list | tuple)
        shapes = [one.shape for one in input_data] if several else input_data.shape
        if not several:
            layer.build(shapes)
            self.check_counts(
                layer, expected_num_trainable_weights, expected_num_non_trainable_weights
            )
        layer = layer_cls(**init_kwargs)
        symbolic = layer(structured(shapes, lambda shape: symbolic_tensor((None, *shape[1:]))))
        exact = layer(structured(shapes, symbolic_tensor))
        assert layer.built
        self.check_counts(layer, expected_num_trainable_weights, expected_num_non_trainable_weights)
        output = layer(input_data)
        assert exact.shape == output.shape
        assert all(
            known in (None, length)
            for known, length in zip(symbolic.shape, output.shape, strict=True)
        )
        if expected_output_shape is not None:
            assert all(
                known in (None, length)
                for known, length in zip(expected_output_shape, output.shape, strict=True)
            )
        if expected_output is not None:
            self.assertAllClose(output, expected_output)
        theirs = keras.layers.deserialize(write_layer(layer))
        theirs(input_data)
        values = [
            random.uniform(0.25, 1, one.shape).astype(np.float32) for one in layer.get_weights()
        ]
        layer.set_weights(values)
        theirs.set_weights(values)
        expected = np.asarray(theirs(input_data), np.float32)
        scale = float(np.abs(expected).max(initial=1e-6))
        np.testing.assert_allclose(layer(input_data), expected, rtol=1e-5, atol=2e-6 * scale)
        half = layer_cls(**{**init_kwargs, "dtype": "mixed_float16"})
        half(input_data)
        assert all(one.dtype == "float32" for one in half.weights)

    def check_counts(
        self, layer: layers.Layer, trainable: int | None, non_trainable: int | None
    ) -> None:
        """Check how many weights there are of each kind."""
        assert trainable in (None, len(layer.trainable_weights))
        assert non_trainable in (None, len(layer.non_trainable_weights))

    # What the two libraries say differs, and the class of the error may: that it is one is asked.

    def assertRaises(self, expected: Any, *rest: Any, **named: Any) -> Any:  # noqa: N802
        """Expect the error, or one of upsamp's own."""
        classes = expected if isinstance(expected, tuple) else (expected,)
        return super().assertRaises((*classes, UpsampError), *rest, **named)  # noqa: PT027

    def assertRaisesRegex(self, expected: Any, _: Any, *rest: Any, **named: Any) -> Any:  # noqa: N802
        """Expect an error, whatever it says."""
        return self.assertRaises(expected, *rest, **named)  # noqa: PT027

    def run_class_serialization_test(self, instance: layers.Layer, **_: object) -> layers.Layer:
        """Check that a config makes the layer again."""
        return check_config(instance)


def check_config(layer: layers.Layer) -> layers.Layer:
    """Return the layer that the config makes, whose config is the same."""
    config = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(config)))
    assert json.dumps(again.get_config()) == json.dumps(config)
    return again


def of_upsamp(value: Any) -> Any:
    """Return what stands for a module or class of Keras' layers; anything else as it is."""
    if isinstance(value, ModuleType) and value.__name__.startswith("keras.src.layers."):
        return SimpleNamespace(**{name: of_upsamp(one) for name, one in vars(value).items()})
    if inspect.isclass(value) and value.__module__.startswith("keras.src.layers."):
        return layers.LAYERS.get(value.__name__, value)
    return value


@contextmanager
def stubbed() -> Iterator[None]:
    """Have the stubs stand for modules; what is imported meanwhile stays imported."""
    before = {name: sys.modules.get(name) for name in STUBS}
    sys.modules.update(STUBS)
    yield
    for name, module in before.items():
        del sys.modules[name]
        if module is not None:
            sys.modules[name] = module


def load_layer_tests(name: str) -> ModuleType:
    """Return Keras' test module of that path within `keras/src/layers`, on upsamp's layers."""
    models = {"Sequential": upsamp.Sequential, "Model": upsamp.Model}
    replaced = {
        **models,
        "models": Instead(source.models, **models, Functional=upsamp.Functional),
        "layers": Layers(layers),
        "ops": Ops(source.ops),
        "backend": Instead(
            source.backend,
            KerasTensor=symbolic_tensor,
            compute_output_spec=lambda function, *inputs: function(*inputs),
        ),
        "dtype_policies": Instead(source.dtype_policies, serialize=lambda policy: policy.name),
    }
    module = load(f"layers/{name}", **replaced)
    for attribute, value in list(vars(module).items()):
        ours = symbolic_tensor if attribute == "KerasTensor" else of_upsamp(value)
        setattr(module, attribute, ours)
    return module


def load_saving_tests(name: str, loaded: list[str]) -> ModuleType:
    """Return Keras' test module of that path: models stay Keras', and upsamp loads their files.

    loaded: takes the path of each file that upsamp loads.
    """

    def load_model(path: Any, **_: object) -> upsamp.Model:
        loaded.append(str(path))
        return upsamp.load_model(path)

    module: Any = load(name)
    saving = Instead(keras.saving, load_model=load_model)
    ours = {
        "keras": Instead(keras, saving=saving),
        "saving_lib": Instead(source.saving.saving_lib, load_model=load_model),
        "legacy_h5_format": Instead(legacy_h5_format, load_model_from_hdf5=load_model),
    }
    vars(module).update({key: value for key, value in ours.items() if hasattr(module, key)})
    return module


def load(name: str, **replaced: Any) -> ModuleType:
    """Return Keras' test module of that path within `keras/src`, with attributes of that replaced.

    What the classes of tests inherit is ours.
    """
    spec = importlib.util.spec_from_file_location(
        f"keras_on_upsamp_{name.replace('/', '_')}", PACKAGE / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    replaced["testing"] = Instead(source.testing, TestCase=TestCase)
    with ExitStack() as stack:
        for attribute, value in replaced.items():
            stack.enter_context(mock.patch.object(source, attribute, value))
        stack.enter_context(stubbed())
        spec.loader.exec_module(module)
    return module


def cases_of(module: ModuleType) -> Iterator[unittest.TestCase]:
    """Yield the tests of a module, each once."""
    for value in list(vars(module).values()):
        own = inspect.isclass(value) and value.__module__ == module.__name__
        if own and issubclass(value, unittest.TestCase):
            yield from map(value, unittest.defaultTestLoader.getTestCaseNames(value))


class Outcome(unittest.TestResult):
    """What became of one test: the error that it raised, or None."""

    error: BaseException | None = None

    def addError(self, test: Any, error: Any) -> None:  # noqa: N802
        """Keep what was raised, but where the test passes itself over."""
        super().addError(test, error)
        if not isinstance(error[1], pytest.skip.Exception):
            self.error = error[1]

    def addFailure(self, test: Any, error: Any) -> None:  # noqa: N802
        """Keep what does not hold."""
        super().addFailure(test, error)
        self.error = error[1]


def error_of(test: unittest.TestCase) -> BaseException | None:
    """Run a test, and return what it raises."""
    outcome = Outcome()
    unittest.TestSuite([test]).run(outcome)
    return outcome.error
