"""What real Keras is asked to compute: the settings, inputs and weights of every golden case.

Values are small multiples of 1/8, so that sums of products are exact in float32 and a difference
between two backends is a difference of meaning, not of rounding; they also compress well.
"""

from itertools import product
from typing import Any

import numpy as np
from goldens import layer_table
from goldens.layer_table import Arrays, Case, eighths

LayerList = list[tuple[str, Case]]

BOTH = ["jax", "tensorflow"]
PADDINGS = ("valid", "same")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
ACTIVATIONS = (
    *("linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh"),
    *("softmax", "softplus", "swish", "silu", "gelu"),
    *("relu6", "selu", "celu", "exponential", "hard_sigmoid", "hard_silu", "hard_swish"),
    *("hard_tanh", "hard_shrink", "log_sigmoid", "log_softmax", "mish", "soft_shrink"),
    *("softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink"),
)


def upsampling() -> tuple[list[Case], Arrays]:
    """List UpSampling2D: every method, factors 1 to 8 on each axis, maps narrower than a kernel."""
    bytes_ = np.random.default_rng(5).integers(0, 256, (1, 3, 4, 3)).astype(np.uint8)
    bytes_[0, 0, :2, 0] = 0, 255  # bicubic and Lanczos overshoot here, and must saturate
    arrays: Arrays = {
        "map": eighths(1, 1, 3, 4, 2),
        "batch": eighths(2, 2, 2, 2, 3),
        "dot": eighths(3, 1, 1, 1, 1),
        "row": eighths(4, 1, 1, 12, 1),
        "column": eighths(5, 1, 12, 1, 1),
        "bytes": bytes_,
    }
    mixed = [[n, n] for n in range(1, 9)]
    mixed += [[1, 8], [8, 1], [2, 3], [3, 2], [4, 7], [5, 4], [6, 5], [7, 6]]
    sizes = {
        "map": mixed,
        "batch": [[2, 2], [3, 1]],
        "dot": [[n, 9 - n] for n in range(1, 9)],
        "row": [[2, n] for n in range(1, 9)],
        "column": [[n, 2] for n in range(1, 9)],
        "bytes": mixed,
    }
    cases = []
    for name, interpolation in product(sizes, INTERPOLATIONS):
        for size in sizes[name]:
            # TensorFlow reads bicubic weights from a table of 1024 steps: exact at powers of two.
            exact = interpolation != "bicubic" or all(n in (1, 2, 4, 8) for n in size)
            settings = {"size": size, "interpolation": interpolation}
            backends = BOTH if exact else ["jax"]
            cases.append(
                {"layer": "UpSampling2D", "config": settings, "input": name, "backends": backends}
            )
    return cases, arrays


def transposed_config(rows: Case, columns: Case, padding: str, *, use_bias: bool) -> Case:
    """Return Keras' arguments, rows first, out of one axis' {k, s, d, p} and the other's."""
    padded = rows["p"] is not None
    return {
        "filters": 3,
        "kernel_size": [rows["k"], columns["k"]],
        "strides": [rows["s"], columns["s"]],
        "padding": padding,
        "output_padding": [rows["p"], columns["p"]] if padded else None,
        "dilation_rate": [rows["d"], columns["d"]],
        "use_bias": use_bias,
    }


def transposed_axes() -> list[tuple[Case, Case]]:
    """Pair axis settings: each kernel with each stride, output padding or dilation."""
    pairs: list[tuple[Case, Case]] = []
    for k, s in product(range(1, 8), range(1, 6)):
        other = {"k": 1 + (3 * k + s) % 7, "s": 1 + (2 * s + k) % 5, "d": 1, "p": None}
        pairs.append(({"k": k, "s": s, "d": 1, "p": None}, other))
    for k, s, p in product(range(1, 8), (2, 3), (0, 1)):
        other = {"k": 1 + (2 * k + s) % 7, "s": 5 - s, "d": 1, "p": 1 - p}
        pairs.append(({"k": k, "s": s, "d": 1, "p": p}, other))
    for k, d in product(range(1, 6), (2, 3)):
        pairs.append(
            ({"k": k, "s": 1, "d": d, "p": None}, {"k": 6 - k, "s": 1, "d": 4 - d, "p": None})
        )
    for k, d in product(range(1, 5), (1, 2)):
        pairs.append(({"k": k, "s": 1, "d": d, "p": 0},) * 2)
    squares = [(2, 2), (3, 2), (4, 2), (5, 2), (6, 3), (4, 4)]
    pairs += [({"k": k, "s": s, "d": 1, "p": None},) * 2 for k, s in squares]
    return pairs


def transposed_convolution() -> tuple[list[Case], Arrays]:
    """List Conv2DTranspose: the kernel of a case is kernel[:kh, :kw] of the one stored."""
    arrays: Arrays = {
        "map": eighths(11, 2, 2, 3, 2),
        "kernel": eighths(12, 7, 7, 3, 2),
        "bias": eighths(13, 3),
    }
    cases = []
    for index, ((rows, columns), padding) in enumerate(product(transposed_axes(), PADDINGS)):
        # With an even kernel, "same" and output_padding 0, TensorFlow on a CPU ends the process.
        fatal = padding == "same" and any(
            axis["p"] == 0 and ((axis["k"] - 1) * axis["d"] + 1) % 2 == 0
            for axis in (rows, columns)
        )
        config = transposed_config(rows, columns, padding, use_bias=index % 3 != 0)
        backends = ["jax"] if fatal else BOTH
        # On this one XLA ends the process as well ("Window dimensions do not match RHS shape"), so
        # that no backend is left to run it.
        if fatal and config["kernel_size"] == [6, 2]:
            continue
        cases.append(
            {"layer": "Conv2DTranspose", "config": config, "input": "map", "backends": backends}
        )
    return cases, arrays


def convolution() -> tuple[list[Case], Arrays]:
    """List Conv2D: the kernel of a case is kernel_<groups>[:kh, :kw], its bias bias_<groups>."""
    arrays: Arrays = {
        "map_1": eighths(21, 2, 5, 6, 2),
        "map_2": eighths(22, 2, 5, 6, 4),
        "wide_1": eighths(23, 1, 10, 10, 2),
        "kernel_1": eighths(24, 5, 5, 2, 3),
        "kernel_2": eighths(25, 5, 5, 2, 6),
        "bias_1": eighths(26, 3),
        "bias_2": eighths(27, 6),
    }
    plans = [
        ("map_1", [k, 1 + (k + s) % 5], [s, 1 + (s + k) % 3], [1, 1], 1)
        for k, s in product(range(1, 6), (1, 2, 3))
    ]
    plans += [
        ("wide_1", [k, 5 - k], [1, 1], [d, 4 - d], 1) for k, d in product(range(1, 5), (1, 2, 3))
    ]
    plans += [("map_2", [k, 4 - k], [s, s], [1, 1], 2) for k, s in product((1, 2, 3), (1, 2))]
    plans += [("map_2", [2, 3], [1, 1], [2, 2], 2)]
    cases = []
    for index, (plan, padding) in enumerate(product(plans, PADDINGS)):
        name, kernel_size, strides, dilation_rate, groups = plan
        config = {
            "filters": 3 * groups,
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "dilation_rate": dilation_rate,
            "groups": groups,
            "use_bias": index % 3 != 0,
        }
        cases.append({"layer": "Conv2D", "config": config, "input": name, "backends": BOTH})
    return cases, arrays


def layers() -> tuple[list[Case], Arrays]:
    """List all other layers; "weights" names the arrays in get_weights() order.

    A layer of several inputs has the others in "others".
    """
    arrays: Arrays = {
        "vectors": eighths(31, 4, 5),
        "wide": np.linspace(-90, 90, 48, dtype=np.float32).reshape(2, 2, 4, 3),
        "map": eighths(32, 2, 3, 4, 3),
        "kernel": eighths(33, 5, 6) / 2,
        "bias": eighths(34, 6) / 2,
        "gamma": eighths(35, 3),
        "beta": eighths(36, 3),
        "mean": eighths(37, 3),
        "variance": np.array([0.0, 0.625, 9.5], dtype=np.float32),
        "column_mean": eighths(38, 4),
        "column_variance": np.array([0.25, 1.0, 2.5, 100.0], dtype=np.float32),
    }
    moments = ["mean", "variance"]
    table: list[tuple[str, Case, str, list[str]]] = [
        ("Dense", {"units": 6, "use_bias": False}, "vectors", ["kernel"]),
        ("BatchNormalization", {}, "map", ["gamma", "beta", *moments]),
        ("BatchNormalization", {"epsilon": 0.25}, "map", ["gamma", "beta", *moments]),
        ("BatchNormalization", {"scale": False}, "map", ["beta", *moments]),
        ("BatchNormalization", {"center": False}, "map", ["gamma", *moments]),
        (
            "BatchNormalization",
            {"axis": 2, "scale": False, "center": False},
            "map",
            ["column_mean", "column_variance"],
        ),
        ("LeakyReLU", {}, "map", []),
        ("LeakyReLU", {"negative_slope": 0.0}, "map", []),
        ("LeakyReLU", {"negative_slope": 0.125}, "map", []),
        ("ReLU", {}, "map", []),
        ("ReLU", {"max_value": 1.5}, "map", []),
        ("ReLU", {"negative_slope": 0.25}, "map", []),
        ("ReLU", {"threshold": 1.0}, "map", []),
        ("ReLU", {"max_value": 2.0, "negative_slope": 0.5, "threshold": 0.75}, "map", []),
        ("Dropout", {"rate": 0.5}, "map", []),
        ("Flatten", {}, "map", []),
        ("Reshape", {"target_shape": [6, -1]}, "map", []),
    ]
    for name in ACTIVATIONS:
        dense = {"units": 6, "activation": name}
        table.append(("Dense", dense, "vectors", ["kernel", "bias"]))
        # The exponential of the wide values has no place in float32.
        values = "map" if name == "exponential" else "wide"
        table.append(("Activation", {"activation": name}, values, []))
    table += layer_table.plain_layers()
    cases = [
        {"layer": layer, "config": config, "input": name, "weights": weights, "backends": BOTH}
        for layer, config, name, weights in table
    ]
    cases += [
        {"layer": layer, "config": config, "input": first, "weights": [], "others": others}
        | {"backends": BOTH}
        for layer, config, (first, *others) in layer_table.merging_layers()
    ]
    return cases, arrays | layer_table.arrays()


COLLECTIONS = {
    "upsampling": upsampling,
    "transposed_convolution": transposed_convolution,
    "convolution": convolution,
    "layers": layers,
}


def transposed(filters: int, kernel: int, stride: int, **more: Any) -> tuple[str, Case]:
    """Spell one Conv2DTranspose with padding="same", as generators use it."""
    config = {"filters": filters, "kernel_size": kernel, "strides": stride, "padding": "same"}
    return "Conv2DTranspose", config | more


MODELS: dict[str, tuple[list[int], LayerList]] = {
    "upsampling_generator": (
        [100],
        [
            ("Dense", {"units": 128 * 5 * 5}),
            ("Reshape", {"target_shape": [5, 5, 128]}),
            ("UpSampling2D", {}),
            ("Conv2D", {"filters": 1, "kernel_size": [3, 3], "padding": "same"}),
        ],
    ),
    "transpose_generator": (
        [100],
        [
            ("Dense", {"units": 128 * 5 * 5}),
            ("Reshape", {"target_shape": [5, 5, 128]}),
            transposed(1, 3, 2),
        ],
    ),
    "dcgan": (
        [100],
        [
            ("Dense", {"units": 7 * 7 * 256, "use_bias": False}),
            ("BatchNormalization", {}),
            ("LeakyReLU", {}),
            ("Reshape", {"target_shape": [7, 7, 256]}),
            transposed(128, 5, 1, use_bias=False),
            ("BatchNormalization", {}),
            ("LeakyReLU", {}),
            transposed(64, 5, 2, use_bias=False),
            ("BatchNormalization", {}),
            ("LeakyReLU", {}),
            transposed(1, 5, 2, use_bias=False, activation="tanh"),
        ],
    ),
    "classifier": (
        [8, 8, 3],
        [
            ("Conv2D", {"filters": 16, "kernel_size": 3, "strides": 2, "padding": "same"}),
            ("ReLU", {}),
            ("Flatten", {}),
            ("Dropout", {"rate": 0.5}),
            ("Dense", {"units": 10}),
            ("Activation", {"activation": "softmax"}),
        ],
    ),
    "upsampling_alone": ([2, 2, 1], [("UpSampling2D", {})]),
}
