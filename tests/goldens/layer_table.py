"""The settings of the layers that have no collection of their own, for `goldens.cases`."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Case = dict[str, Any]
Arrays = dict[str, NDArray[Any]]
Row = tuple[str, Case, str, list[str]]


def eighths(seed: int, *shape: int) -> NDArray[np.float32]:
    """Return random multiples of 1/8 from -4 to 4."""
    return (np.random.default_rng(seed).integers(-32, 33, shape) / 8).astype(np.float32)


def arrays() -> Arrays:
    """Return the inputs and weights that the tables below name."""
    return {
        "deep": eighths(41, 2, 6, 7, 4),
        "tokens": np.array([[0, 4], [3, 1], [1, 1]], np.int32),
        "labels": np.array([0.0, 3.0, 4.0], np.float32),
        "other": eighths(42, 2, 3, 4, 3),
        "row": eighths(43, 2, 1, 4, 3),
        "flat": eighths(44, 2, 3),
        "thin": eighths(45, 2, 3, 4, 1),
        "depth_kernel_1": eighths(46, 3, 2, 4, 1),
        "depth_kernel_2": eighths(47, 3, 2, 4, 2),
        "depth_bias_1": eighths(48, 4),
        "depth_bias_2": eighths(49, 8),
        "point_kernel_1": eighths(50, 1, 1, 4, 3),
        "point_kernel_2": eighths(51, 1, 1, 8, 3),
        "plane_gamma": eighths(52, 3, 4),
        "plane_beta": eighths(53, 3, 4),
        "turned_gamma": eighths(54, 3, 3),
        "turned_beta": eighths(55, 3, 3),
        "rows_gamma": eighths(56, 6),
        "rows_beta": eighths(57, 6),
        "alpha": eighths(58, 3, 4, 3),
        "alpha_channel": eighths(59, 1, 1, 3),
        "alpha_column": eighths(60, 1, 4, 3),
        "vector_u": eighths(61, 1, 6),
    }


def plain_layers() -> list[Row]:
    """List layers of one input."""
    return [*depthwise(), *poolings(), *normalisations(), *activations(), *rearranging()]


def depthwise() -> list[Row]:
    """List both layers whose kernels mix no channels; TensorFlow has one stride for both axes."""
    rows: list[Row] = []
    steps = [([1, 1], [1, 1]), ([2, 2], [1, 1]), ([1, 1], [2, 2])]
    for (strides, dilation), padding, depth in product(steps, ("valid", "same"), (1, 2)):
        config = {
            "kernel_size": [3, 2],
            "strides": strides,
            "padding": padding,
            "dilation_rate": dilation,
            "depth_multiplier": depth,
        }
        kernel, bias = f"depth_kernel_{depth}", f"depth_bias_{depth}"
        rows.append(("DepthwiseConv2D", config, "deep", [kernel, bias]))
        if padding == "same" and strides == [2, 2]:
            bare = config | {"use_bias": False, "activation": "relu"}
            rows.append(("DepthwiseConv2D", bare, "deep", [kernel]))
        weights = [kernel, f"point_kernel_{depth}", "beta"]
        rows.append(("SeparableConv2D", config | {"filters": 3}, "deep", weights))
    return rows


def poolings() -> list[Row]:
    """List what makes one value of a window, or of an image."""
    rows: list[Row] = []
    windows: list[Case] = [
        {"pool_size": [2, 2]},
        {"pool_size": [3, 2], "strides": [2, 1]},
        {"pool_size": [2, 3], "strides": [3, 2]},
        {"pool_size": [3, 3], "strides": [1, 1]},
    ]
    for name, window, padding in product(
        ("MaxPooling2D", "AveragePooling2D"), windows, ("valid", "same")
    ):
        rows.append((name, window | {"padding": padding}, "map", []))
    for name, keepdims in product(("GlobalAveragePooling2D", "GlobalMaxPooling2D"), (False, True)):
        rows.append((name, {"keepdims": keepdims}, "map", []))
    return rows


def normalisations() -> list[Row]:
    """List what normalises by the values themselves, and SpectralNormalization."""
    channels = ["gamma", "beta"]
    dense = {"class_name": "Dense", "config": {"units": 6}}
    return [
        ("LayerNormalization", {}, "map", channels),
        ("LayerNormalization", {"epsilon": 0.25}, "map", channels),
        ("LayerNormalization", {"scale": False}, "map", ["beta"]),
        ("LayerNormalization", {"center": False}, "map", ["gamma"]),
        ("LayerNormalization", {"axis": [1, 2]}, "map", ["plane_gamma", "plane_beta"]),
        ("LayerNormalization", {"axis": [-1, 1]}, "map", ["turned_gamma", "turned_beta"]),
        ("LayerNormalization", {"axis": [1, 2, 3], "center": False}, "map", ["alpha"]),
        ("GroupNormalization", {"groups": 2}, "deep", ["depth_bias_1", "column_mean"]),
        ("GroupNormalization", {"groups": -1}, "deep", ["depth_bias_1", "column_mean"]),
        ("GroupNormalization", {"groups": 1, "scale": False}, "deep", ["column_mean"]),
        ("GroupNormalization", {"groups": 4, "center": False}, "deep", ["column_mean"]),
        ("GroupNormalization", {"groups": 3, "axis": 1}, "deep", ["rows_gamma", "rows_beta"]),
        (
            "GroupNormalization",
            {"groups": 2, "scale": False, "center": False, "epsilon": 0.5},
            "deep",
            [],
        ),
        ("UnitNormalization", {}, "map", []),
        ("UnitNormalization", {"axis": [1, 2]}, "map", []),
        ("SpectralNormalization", {"layer": dense}, "vectors", ["kernel", "vector_u", "bias"]),
    ]


def activations() -> list[Row]:
    """List the layers that are functions of a value, or of an axis."""
    return [
        ("PReLU", {}, "map", ["alpha"]),
        ("PReLU", {"shared_axes": [1, 2]}, "map", ["alpha_channel"]),
        ("PReLU", {"shared_axes": [1]}, "map", ["alpha_column"]),
        ("ELU", {}, "map", []),
        ("ELU", {"alpha": 0.5}, "map", []),
        ("Softmax", {}, "map", []),
        ("Softmax", {"axis": 1}, "map", []),
        ("Softmax", {"axis": [1, 2]}, "map", []),
        ("Rescaling", {"scale": 0.5}, "map", []),
        ("Rescaling", {"scale": 0.25, "offset": -1.0}, "map", []),
        ("Rescaling", {"scale": [1.0, 2.0, 0.5], "offset": [0.0, -1.0, 1.0]}, "map", []),
    ]


def rearranging() -> list[Row]:
    """List what looks up, moves, repeats or passes values."""
    return [
        ("Embedding", {"input_dim": 5, "output_dim": 6}, "tokens", ["kernel"]),
        ("Embedding", {"input_dim": 5, "output_dim": 6}, "labels", ["kernel"]),
        ("Permute", {"dims": [3, 1, 2]}, "map", []),
        ("RepeatVector", {"n": 3}, "vectors", []),
        ("ZeroPadding2D", {"padding": [1, 2]}, "map", []),
        ("Cropping2D", {"cropping": [1, 1]}, "map", []),
        ("GaussianNoise", {"stddev": 0.5}, "map", []),
        ("GaussianDropout", {"rate": 0.5}, "map", []),
        ("AlphaDropout", {"rate": 0.5}, "map", []),
        ("SpatialDropout2D", {"rate": 0.5}, "map", []),
        ("ActivityRegularization", {"l1": 0.5, "l2": 0.25}, "map", []),
        ("Identity", {}, "map", []),
    ]


def merging_layers() -> list[tuple[str, Case, list[str]]]:
    """List layers of several inputs."""
    rows: list[tuple[str, Case, list[str]]] = []
    for name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
        rows += [(name, {}, ["map", "other"]), (name, {}, ["row", "map", "thin"])]
    rows += [("Add", {}, ["map", "flat"]), ("Multiply", {}, ["flat", "map"])]
    rows += [("Subtract", {}, ["map", "other"]), ("Subtract", {}, ["row", "map"])]
    rows += [("Concatenate", {}, ["map", "other", "thin"])]
    rows += [("Concatenate", {"axis": 1}, ["map", "row"])]
    rows += [("Concatenate", {"axis": -2}, ["map", "other"])]
    return rows
