"""Tests against the real libraries, which `pip install '.[oracle]'` brings."""

import os

# Keras reads this when it is first imported. On JAX its bicubic is exact; TensorFlow has its own
# tests, in a process of its own.
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
