"""Keras' own tests of layers and of saved models, from the installed package, on upsamp."""

from fnmatch import fnmatch

import pytest
from keras_tests import (
    AbsentLayerError,
    cases_of,
    error_of,
    load_layer_tests,
    load_saving_tests,
)

from upsamp.errors import UnknownLayerError

# Keras and JAX cause them themselves.
pytestmark = pytest.mark.filterwarnings("ignore")

TRAINING = "training"
MASKS = "masks of sequences"
OF_CODE = "code of the user makes the model"
LISTED = "what is refused when it is run can be listed"
SPARSE = "sparse and ragged tensors"
LORA = "LoRA is trained"
# What is passed over by module and the name of the test, and why. Each must fail today.
PASSED_OVER: dict[str, dict[str, str]] = {
    "reshaping/up_sampling2d": {},
    "reshaping/zero_padding2d": {},
    "reshaping/cropping2d": {},
    "reshaping/reshape": {"test_reshape_model_fit_*": TRAINING},
    "reshaping/flatten": {
        "test_flatten_sparse*": SPARSE,
        "test_flatten_with_dynamic_batch_size_and_dynamic_dimenstions": "generators of batches",
    },
    "reshaping/permute": {"test_permute_sparse*": SPARSE},
    "reshaping/repeat_vector": {},
    "convolutional/conv": {
        "test_conv_constraints": TRAINING,
        "test_*lora*": LORA,
    },
    "convolutional/conv_transpose": {},
    "convolutional/depthwise_conv": {},
    "convolutional/separable_conv": {},
    "pooling/max_pooling": {},
    "pooling/average_pooling": {},
    "pooling/global_max_pooling": {},
    "pooling/global_average_pooling": {},
    "normalization/batch_normalization": {
        "test_correctness*": "training moves the statistics",
        "test_input_fully_masked*": MASKS,
        "test_masked_broadcast_normalization": MASKS,
        "test_renorm_*": TRAINING,
        "test_serialization": TRAINING,
    },
    "normalization/layer_normalization": {
        "test_ln_basics": "rms_scaling, which Keras deprecates",
        "test_output_with_rms_scaling": "rms_scaling, which Keras deprecates",
    },
    "normalization/group_normalization": {},
    "normalization/unit_normalization": {},
    "normalization/spectral_normalization": {
        "test_apply_layer": TRAINING,
        "test_end_to_end": TRAINING,
    },
    "activations/prelu": {},
    "activations/relu": {},
    "activations/elu": {},
    "activations/leaky_relu": {},
    "activations/softmax": {"test_softmax_mask*": MASKS, "test_softmax_*_with_mask": MASKS},
    "regularization/dropout": {},
    "regularization/alpha_dropout": {},
    "regularization/gaussian_dropout": {},
    "regularization/gaussian_noise": {},
    "merging/merging": {
        "test_correctness_*": MASKS,
        "test_errors_*": MASKS,
        "test_sparse_*": SPARSE,
    },
}
# Layers that Keras has and upsamp has not; a test that comes to one is passed over.
ABSENT = {
    "*1D*": "one dimension",
    "*3D*": "three dimensions",
    "Masking": MASKS,
    "Dot": "no layer of pictures",
}


SAVING: dict[str, dict[str, str]] = {
    "saving/saving_lib": {
        "test_compile_*": TRAINING,
        "test_inference_after_instantiation_custom_*": OF_CODE,
        "test_inference_after_instantiation_subclassed*": OF_CODE,
        "test_saving_custom_assets_and_variables": OF_CODE,
        "test_saving_preserve_unbuilt_state": OF_CODE,
        "test_*_container_*": OF_CODE,
        "test_custom_object_without_from_config": LISTED,
        "test_complex_model_without_explicit_deserialization": LISTED,
        "test_safe_mode": LISTED,
        "test_load_model_exception_raised_*": "functions of Keras' loader are made to fail",
        "test_load_model_rejects_extraction_bomb": "assets are not unpacked",
        "test_save_to_fileobj": "a model is read from a file",
        "test_nested_*functional_model_saving": "inputs in lists of lists",
    },
    "legacy/saving/legacy_h5_format": {
        "test_custom_*_registered_no_scope": OF_CODE,
        "test_saving_lambda": LISTED,
        "test_directory_creation_on_save": "to_json leaves out what has no effect",
    },
}
# Not run at all: they start processes, or ask the network.
LEFT_OUT = ("test_load_model_concurrently", "test_weights_sharding_*")


@pytest.mark.parametrize("module", PASSED_OVER)
def test_layers_hold_keras_own_tests(module: str) -> None:
    held, failed, due = 0, {}, set(PASSED_OVER[module])
    for test in cases_of(load_layer_tests(f"{module}_test")):
        name, error = test.id().rpartition(".")[2], error_of(test)
        reasons = {pattern for pattern in PASSED_OVER[module] if fnmatch(name, pattern)}
        if isinstance(error, AbsentLayerError):
            assert any(fnmatch(str(error), pattern) for pattern in ABSENT), error
        elif error is None:
            held += 1
        elif reasons:
            due -= reasons
        else:
            failed[name] = f"{type(error).__name__}: {error}"
    assert failed == {}
    assert held
    assert due == set()  # what holds needs no reason any more


@pytest.mark.parametrize("module", SAVING)
def test_saved_models_hold_keras_own_tests(module: str) -> None:
    loaded: list[str] = []
    held, failed, due = 0, {}, set(SAVING[module])
    for test in cases_of(load_saving_tests(f"{module}_test", loaded)):
        name = test.id().rpartition(".")[2]
        if any(fnmatch(name, pattern) for pattern in LEFT_OUT):
            continue
        loaded.clear()
        error = error_of(test)
        reasons = {pattern for pattern in SAVING[module] if fnmatch(name, pattern)}
        if not loaded or isinstance(error, UnknownLayerError):
            continue  # it asks Keras alone, or has a layer that upsamp has not
        if error is None:
            held += 1
        elif reasons:
            due -= reasons
        else:
            failed[name] = f"{type(error).__name__}: {error}"
    assert failed == {}
    assert held
    assert due == set()
