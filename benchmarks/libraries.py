"""The libraries that we are compared with, each with as many threads as we have."""

import os
from functools import cache
from importlib import import_module
from typing import Any

from upsamp.core.threads import thread_count

__all__ = [
    "THREADS",
    "TORCH_LAYOUTS",
    "keras_on_tensorflow",
    "limited_kornia",
    "limited_tensorflow",
    "limited_torch",
]

THREADS = thread_count()
# PyTorch's names of the orders in which it keeps an image; which is faster differs by case.
TORCH_LAYOUTS = ("contiguous_format", "channels_last")


@cache
def limited_torch() -> Any:
    """Return PyTorch."""
    torch = import_module("torch")
    torch.set_num_threads(THREADS)
    return torch


@cache
def limited_kornia() -> Any:
    """Return kornia-rs, which reads how many threads it has when it first needs some."""
    os.environ["RAYON_NUM_THREADS"] = str(THREADS)
    return import_module("kornia_rs")


@cache
def limited_tensorflow() -> Any:
    """Return TensorFlow, which can be told how many threads it has only before it begins."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = import_module("tensorflow")
    tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
    tensorflow.config.threading.set_inter_op_parallelism_threads(THREADS)
    return tensorflow


@cache
def keras_on_tensorflow() -> Any:
    """Return Keras, which picks its backend when it is imported."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    limited_tensorflow()
    return import_module("keras")
