"""What the documents say of other libraries; `test_live_claims.py` measures it.

The libraries are imported where they are asked, so that the sentences are read without them. Keras
runs in processes of its own, one for each backend.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from claims import CONVENTIONS, EXACTNESS, MODELS, README, Claims
from page_examples import ROOT

import upsamp
from upsamp.core.arguments import Array

__all__ = ["LIBRARY_CLAIMS"]

LIBRARY_CLAIMS = Claims()
stated = LIBRARY_CLAIMS.stated

# The methods that Keras' UpSampling2D has, besides nearest, by JAX' names.
JAX = {
    "bilinear": "linear",
    "bicubic": "cubic",
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
    "area": "area",
}


def noise(*shape: int, seed: int = 0) -> Array:
    """Return numbers from 0 to 1."""
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def by_jax(x: Array, size: tuple[int, int], method: str) -> Array:
    """Interpolate (H, W) by JAX."""
    import jax

    return np.asarray(jax.image.resize(x, size, method, antialias=False))


def by_tensorflow(x: Array, size: tuple[int, int], method: str) -> Array:
    """Interpolate (H, W) or (H, W, C) by TensorFlow."""
    import tensorflow as tf

    images = x if x.ndim == 3 else x[..., np.newaxis]
    result: Array = tf.image.resize(images, size, method).numpy().reshape(*size, *x.shape[2:])
    return result


def far(one: Array, other: Array) -> float:
    """Return the largest difference."""
    return float(np.abs(one - other).max())


# --- what the README has beside others


@stated(
    README,
    "| bytes of `lake.png` off the exact result, bilinear by 2 | {}% | {}% | {}% | {}% | {}%, "
    "half a pixel off |",
)
def _bytes_off(*percents: float) -> None:
    import cv2
    import pyvips
    from PIL import Image

    image = Image.open(ROOT / "sample_images" / "lake.png")
    x = np.asarray(image)
    width, height = 2 * image.width, 2 * image.height
    exact = np.rint(upsamp.upsample(x.astype(np.float64), 2, "bilinear")).astype(np.uint8)
    results = (
        upsamp.upsample(x, 2, "bilinear"),
        by_tensorflow(x, (height, width), "bilinear").round(),
        np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)),
        cv2.resize(x, (width, height), interpolation=cv2.INTER_LINEAR),
        pyvips.Image.new_from_array(x).resize(2, kernel="linear").numpy(),
    )
    for result, percent in zip(results, percents, strict=True):
        assert abs(100 * float((result != exact).mean()) - percent) <= 1


# --- nearest and area, at every size


def sizes(most: int) -> Iterator[tuple[int, int]]:
    """Yield every length and target that does not shrink."""
    for length in range(1, most + 1):
        for target in range(length, most + 1):
            yield length, target


@cache
def other_than_the_formula(most: int) -> dict[str, int]:
    """Count the sizes at which a library does not compute the formula that is said of it."""
    import cv2
    import torch
    from PIL import Image

    counts: dict[str, int] = {}
    for length, target in sizes(most):
        row, values = np.arange(length, dtype=np.float32)[np.newaxis], noise(1, length, seed=length)
        keras = upsamp.resize(row, (1, target), "nearest")
        pytorch = upsamp.resize(row, (1, target), "nearest", convention="torch")
        area = upsamp.resize(values, (1, target), "area")
        image, tensor = Image.fromarray(row), torch.from_numpy(row)[np.newaxis]

        def pillows(method: Any, image: Any = image, target: int = target) -> Array:
            return np.asarray(image.resize((target, 1), method))

        def opencvs(x: Array, method: int, target: int = target) -> Array:
            return np.asarray(cv2.resize(x, (target, 1), interpolation=method)).reshape(1, -1)

        def torchs(mode: str, tensor: Any = tensor, target: int = target) -> Array:
            result: Array = torch.nn.functional.interpolate(tensor, size=target, mode=mode)[0]
            return np.asarray(result)

        for name, result, expected, limit in (
            ("NEAREST", pillows(Image.Resampling.NEAREST), keras, 0),
            ("INTER_NEAREST_EXACT", opencvs(row, cv2.INTER_NEAREST_EXACT), keras, 0),
            ("nearest-exact", torchs("nearest-exact"), keras, 0),
            ("BOX", pillows(Image.Resampling.BOX), keras, 0),
            ("nearest", torchs("nearest"), pytorch, 0),
            ("INTER_NEAREST", opencvs(row, cv2.INTER_NEAREST), pytorch, 0),
            ("INTER_AREA", opencvs(values, cv2.INTER_AREA), area, 1e-4),
        ):
            counts[name] = counts.get(name, 0) + (far(result, expected) > limit)
    return counts


def about(count: float, stated_count: float) -> None:
    """Assert that a count is as stated; another processor may round another way here and there."""
    assert abs(count - stated_count) <= 0.1 * stated_count, (count, stated_count)


@stated(
    CONVENTIONS,
    "Of the {} sizes of up to {} pixels that do not shrink, the result is not that of the formula "
    "in {} by Pillow's NEAREST and OpenCV's INTER_NEAREST_EXACT, {} by PyTorch's "
    "\"nearest-exact\", and {} by Pillow's BOX; in PyTorch's convention in {} by PyTorch and {} by "
    "OpenCV, whose INTER_AREA errs in {}, too.",
)
def _nearest(count: float, most: float, *stated_counts: float) -> None:
    assert count == sum(1 for _ in sizes(int(most)))
    found = other_than_the_formula(int(most))
    about(found["INTER_NEAREST_EXACT"], stated_counts[0])
    names = ("NEAREST", "nearest-exact", "BOX", "nearest", "INTER_NEAREST", "INTER_AREA")
    for name, stated_count in zip(names, stated_counts, strict=True):
        about(found[name], stated_count)


@stated(CONVENTIONS, "TensorFlow errs in {} of the {} of up to {} pixels.")
def _nearest_of_tensorflow(wrong: float, count: float, most: float) -> None:
    assert count == sum(1 for _ in sizes(int(most)))
    found = 0
    for length, target in sizes(int(most)):
        row = np.arange(length, dtype=np.float32)[np.newaxis]
        result = by_tensorflow(row, (1, target), "nearest")
        found += far(result, upsamp.resize(row, (1, target), "nearest")) > 0
    about(found, wrong)


@stated(CONVENTIONS, "as at {} to {} rows, takes the lower pixel")
def _nearest_of_jax(length: float, target: float) -> None:
    x = np.arange(length, dtype=np.float32)[:, np.newaxis]
    size = (int(target), 1)
    upper = upsamp.resize(x, size, "nearest")
    np.testing.assert_array_equal(by_tensorflow(x, size, "nearest"), upper)
    lower = by_jax(x, size, "nearest")
    assert np.all(lower <= upper)
    assert np.any(lower < upper)


# --- interpolation


@stated(EXACTNESS, "whose table of {} steps is off by up to {} of the range")
@stated(
    CONVENTIONS,
    "reads a table of {} steps: for factors that are no powers of two it is off by up to {}",
)
def _bicubic_of_tensorflow(steps: float, error: float) -> None:
    from tensorflow.python.ops import image_ops_impl

    assert steps == 1024  # of kTableSize in TensorFlow's resize_bicubic_op.cc
    assert image_ops_impl.ResizeMethod.BICUBIC == "bicubic"
    worst = 0.0
    for length, target in ((8, 273), (8, 101), (16, 50), (5, 83), (5, 7)):
        one = by_tensorflow_weights(length, target)
        exact = upsamp.resize(np.eye(length, dtype=np.float32), (target, length), "bicubic")
        difference = np.einsum("ri,sj->rsij", one, one) - np.einsum("ri,sj->rsij", exact, exact)
        worst = max(
            worst, *(np.maximum(sign * difference, 0).sum((2, 3)).max() for sign in (1, -1))
        )
    assert 0.75 * error < worst < error
    x = noise(9, 9)
    for factor in (2, 4, 8):
        size = (9 * factor, 9 * factor)
        assert far(by_tensorflow(x, size, "bicubic"), upsamp.resize(x, size, "bicubic")) < 2e-6


def by_tensorflow_weights(length: int, target: int) -> Array:
    """Return TensorFlow's weights of bicubic, (target, length)."""
    import tensorflow as tf

    columns = np.eye(length, dtype=np.float32)[:, :, np.newaxis, np.newaxis]
    result: Array = tf.image.resize(columns, (target, 1), "bicubic").numpy()[:, :, 0, 0].T
    return result


@stated(
    CONVENTIONS, "at a distance of exactly {} or not as rounding has it, as at {} to {} columns"
)
def _gaussian_of_tensorflow(distance: float, length: float, target: float) -> None:
    places = (2 * np.arange(target) + 1) * length / (2 * target) - 0.5
    steps = np.abs(places[:, np.newaxis] - np.arange(length))
    assert np.any(np.isclose(steps, distance))
    x, size = noise(1, int(length)), (1, int(target))
    result, ours = by_tensorflow(x, size, "gaussian"), upsamp.resize(x, size, "gaussian")
    others = ~np.any(np.isclose(steps, distance), axis=1)
    assert far(result, ours) > 1e-3
    assert far(result[:, others], ours[:, others]) < 1e-6


@stated(EXACTNESS, "float32 agrees with Keras to {} of the range for up to {} inputs on an axis")
def _agreement(tolerance: float, inputs: float) -> None:
    most = int(inputs)
    for length in (3, 17, most):
        x = noise(length, length // 2 + 1)
        for rows in (length + 1, 2 * length + 3, 7 * length + 5):
            size = (rows, rows // 2 + 7)
            for method in list(JAX)[:-1]:
                ours = upsamp.resize(x, size, method)
                assert far(by_jax(x, size, JAX[method]), ours) < tolerance, method
                if method != "bicubic":
                    assert far(by_tensorflow(x, size, method), ours) < tolerance, method


@stated(EXACTNESS, "err: by up to {} at {} inputs")
@stated(
    CONVENTIONS,
    "{} inputs on an axis their bilinear and lanczos are off by up to {} of the range, and area by "
    "up to {}.",
)
def _positions_in_float32(*figures: float) -> None:
    length, error = figures[:2] if len(figures) == 3 else figures[::-1]
    x, worst = noise(1, int(length)), {"smooth": 0.0, "area": 0.0}
    for target in (5001, 12000):
        for method, name in JAX.items():
            exact = upsamp.resize(x.astype(np.float64), (1, target), method)
            kind = "area" if method == "area" else "smooth"
            worst[kind] = max(worst[kind], far(by_jax(x, (1, target), name), exact))
            if method != "bicubic":
                result = by_tensorflow(x, (1, target), method)
                worst[kind] = max(worst[kind], far(result, exact))
    assert 0.75 * error < worst["smooth"] < error
    for of_area in figures[2:]:
        assert 0.75 * of_area < worst["area"] < of_area


@stated(CONVENTIONS, 'it equals convention "keras" to {} of the range, but for nearest')
def _pillow(tolerance: float) -> None:
    from PIL import Image

    filters = Image.Resampling
    methods = {
        "bilinear": filters.BILINEAR,
        "bicubic": filters.BICUBIC,
        "lanczos3": filters.LANCZOS,
    }
    for length in range(2, 40, 3):
        x = noise(length, length + 1, seed=length)
        for rows in (length, length + 1, 2 * length, 5 * length + 2, 9 * length - 4):
            size = (rows, rows + 2)
            for method, of_pillow in methods.items():
                result = np.asarray(Image.fromarray(x).resize(size[::-1], of_pillow))
                assert far(result, upsamp.resize(x, size, method)) < tolerance


@stated(
    CONVENTIONS, "Pillow's BOX is no area: where images grow, it copies pixels, as nearest does."
)
def _box() -> None:
    from PIL import Image

    x = np.array([[0, 10, 100]], np.float32)
    result = np.asarray(Image.fromarray(x).resize((5, 1), Image.Resampling.BOX))
    np.testing.assert_array_equal(result, upsamp.resize(x, (1, 5), "nearest"))
    for convention in ("keras", "torch"):
        assert far(result, upsamp.resize(x, (1, 5), "area", convention=convention)) > 1


@stated(CONVENTIONS, "even a size of one changes the image, in TensorFlow and here")
def _smoothing() -> None:
    x = noise(6, 6)
    for method in ("mitchellcubic", "gaussian"):
        ours, theirs = upsamp.resize(x, (6, 6), method), by_tensorflow(x, (6, 6), method)
        assert far(ours, x) > 0.01
        assert far(ours, theirs) < 1e-5


# --- Keras, on each backend

KERAS = """
import json, sys
import keras, numpy as np
found = {"integers": {}, "bytes": {}, "lanczos": True}
def grown(x, size, method, dtype):
    layer = keras.layers.UpSampling2D(size, interpolation=method, dtype=dtype)
    return keras.ops.convert_to_numpy(layer(x))
for dtype in ("uint8", "int16", "uint16", "int32"):
    limits = np.iinfo(dtype)
    x = np.array([[limits.min, limits.min, limits.max, limits.max]] * 2, dtype)
    y = grown(x[np.newaxis, :, :, np.newaxis], (1, 2), "bicubic", dtype)
    found["integers"][dtype] = [str(y.dtype), y[0, 0, :, 0].tolist()]
x = np.random.default_rng(0).integers(0, 256, (2, 7, 9, 3)).astype("uint8")
for method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
    try:
        found["bytes"][method] = grown(x, (2, 3), method, "uint8").tolist()
    except Exception:
        pass
def refused(**settings):
    try:
        keras.layers.Conv2DTranspose(1, **settings)(np.ones((1, 4, 4, 1), "float32"))
    except Exception as error:
        return type(error).__name__
found["stride and dilation"] = refused(kernel_size=3, strides=2, dilation_rate=2)
found["output_padding"] = refused(kernel_size=3, strides=2, output_padding=2)
found["even kernel"] = refused(kernel_size=4, strides=2, padding="same", output_padding=0)
print(json.dumps(found))
"""


def run_keras(program: str, backend: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a program in a process whose Keras has that backend."""
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    words = [sys.executable, "-c", program]
    return subprocess.run(words, env=environment, check=False, capture_output=True, timeout=110)


@cache
def keras_on(backend: str) -> dict[str, Any]:
    """Return what Keras computes on a backend, and what it refuses."""
    finished = run_keras(KERAS, backend)
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answer


@stated(
    CONVENTIONS,
    "Integers: upsamp rounds half to even and saturates. So does Keras on JAX; on TensorFlow what "
    "exceeds int32 becomes its least number; on PyTorch uint8 alone saturates, int16 and int32 "
    "wrap around, and uint16 becomes int32.",
)
def _integers() -> None:
    for backend in ("jax", "tensorflow", "torch"):
        for dtype, (given, row) in keras_on(backend)["integers"].items():
            limits = np.iinfo(dtype)
            saturates = given == dtype and (min(row), max(row)) == (limits.min, limits.max)
            saturates &= row[:3] == [limits.min] * 3 and row[-3:] == [limits.max] * 3
            fails = {"tensorflow": ["int32"], "torch": ["int16", "uint16", "int32"]}
            assert saturates == (dtype not in fails.get(backend, ())), (backend, dtype, row)
    assert keras_on("tensorflow")["integers"]["int32"][1][-1] == np.iinfo(np.int32).min
    assert keras_on("torch")["integers"]["uint16"][0] == "int32"


@stated(EXACTNESS, "a byte can differ by one from ours where the exact result is near a tie")
def _bytes() -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, 7, 9, 3)).astype(np.uint8)
    differs = False
    for backend in ("jax", "tensorflow"):
        for method, values in keras_on(backend)["bytes"].items():
            ours = upsamp.upsample(x, (2, 3), method).astype(int)
            exact = upsamp.upsample(x.astype(np.float64), (2, 3), method)
            different = np.asarray(values) != ours
            differs |= bool(different.any())
            assert np.abs(np.asarray(values) - ours).max() <= 1
            # As near as TensorFlow's table, elsewhere as float32 comes to it.
            reach = 0.3 if (backend, method) == ("tensorflow", "bicubic") else 1e-4
            assert np.all(np.abs(exact % 1 - 0.5)[different] < reach)
    assert differs


@stated(CONVENTIONS, "Keras on PyTorch has PyTorch's bicubic, with a = -0.75, and no lanczos3 or")
def _keras_on_pytorch() -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, 7, 9, 3)).astype(np.uint8)
    found = keras_on("torch")["bytes"]
    assert set(found) == {"nearest", "bilinear", "bicubic"}
    values = np.asarray(found["bicubic"])
    assert np.abs(values - upsamp.upsample(x, (2, 3), "bicubic").astype(int)).max() > 5
    pytorch = upsamp.upsample(x, (2, 3), "bicubic", convention="torch").astype(int)
    assert np.abs(values - pytorch).max() <= 1


@stated(CONVENTIONS, '| Keras | "valid", "same" | < stride | no | no |')
def _keras_transposed() -> None:
    for backend in ("jax", "tensorflow", "torch"):
        found = keras_on(backend)
        assert found["stride and dilation"] == found["output_padding"] == "ValueError"


@stated(CONVENTIONS, "Keras on TensorFlow raises an error on a CPU for an even kernel")
def _even_kernel() -> None:
    assert keras_on("tensorflow")["even kernel"] is not None
    assert keras_on("jax")["even kernel"] is None


@stated(
    CONVENTIONS,
    'for an input of {} rows and kernel ({}, {}), strides ({}, {}), "same" and '
    "`output_padding=({}, {})`",
)
def _keras_on_jax(rows: float, *pairs: float) -> None:
    kernel, strides, extra = (tuple(map(int, pairs[at : at + 2])) for at in (0, 2, 4))
    program = f"""
import keras, numpy as np
layer = keras.layers.Conv2DTranspose(3, {kernel}, {strides}, "same", output_padding={extra})
layer(np.ones((2, {int(rows)}, 3, 2), "float32"))
"""
    assert run_keras(program, "jax").returncode < 0


# --- transposed convolution in the others


@stated(
    CONVENTIONS, "| PyTorch | one number an axis, for both ends | < max(stride, dilation) | yes |"
)
def _pytorch_transposed() -> None:
    import torch

    def legal(extra: int, stride: int, dilation: int) -> bool:
        images, weight = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
        settings = {"stride": stride, "output_padding": extra, "dilation": dilation}
        try:
            torch.nn.functional.conv_transpose2d(images, weight, **settings)
        except RuntimeError:
            return False
        return True

    for stride in range(1, 4):
        for dilation in range(1, 4):
            for extra in range(4):
                assert legal(extra, stride, dilation) == (extra < max(stride, dilation))


@stated(CONVENTIONS, "| < stride in ONNX Runtime | yes |")
def _onnx_runtime_transposed() -> None:
    import onnxruntime
    from onnx import TensorProto, helper

    def legal(extra: int, stride: int, dilation: int) -> bool:
        node = helper.make_node(
            "ConvTranspose", ["x", "w"], ["y"], strides=[stride] * 2, dilations=[dilation] * 2,
            output_padding=[extra] * 2,
        )  # fmt: skip
        shapes = {"x": [1, 1, 4, 4], "w": [1, 1, 3, 3]}
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ]
        result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph([node], "graph", inputs, [result])
        version = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=version, ir_version=8)
        onnxruntime.set_default_logger_severity(4)
        session = onnxruntime.InferenceSession(model.SerializeToString())
        ones = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
        try:
            session.run(None, ones)
        except Exception:  # noqa: BLE001 - it has no class of its own
            return False
        return True

    for extra, stride, dilation in ((0, 1, 1), (1, 2, 1), (1, 2, 3), (1, 1, 1), (2, 2, 3)):
        assert legal(extra, stride, dilation) == (extra < stride)


@stated(CONVENTIONS, "no; `lax.conv_general_dilated` has `feature_group_count`")
def _groups_of_jax() -> None:
    import inspect

    import jax

    assert "feature_group_count" not in inspect.signature(jax.lax.conv_transpose).parameters
    assert "feature_group_count" in inspect.signature(jax.lax.conv_general_dilated).parameters


# --- models


@stated(MODELS, "They are those of Keras to {} of the range.")
def _samples(tolerance: float) -> None:
    from real_libraries.test_live_models import TOLERANCE

    assert tolerance == TOLERANCE
