"""Transposed convolutions beside PyTorch, and the cases of ONNX' own backend tests."""

import warnings
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx.backend.test.case.node import collect_testcases

import upsamp


def settings(count: int) -> list[dict[str, Any]]:
    """Return random settings of all that PyTorch knows."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(count):
        groups = int(random.choice([1, 1, 2, 3]))
        strides, dilation = (tuple(map(int, random.integers(1, 5, 2))) for _ in range(2))
        extra = tuple(
            int(random.integers(0, max(pair))) for pair in zip(strides, dilation, strict=True)
        )
        found.append(
            {
                "size": tuple(map(int, random.integers(3, 8, 2))),
                "channels": groups * int(random.integers(1, 3)),
                "filters": groups * int(random.integers(1, 3)),
                "kernel": tuple(map(int, random.integers(1, 6, 2))),
                "strides": strides,
                "padding": tuple(map(int, random.integers(0, 2, 2))),
                "output_padding": extra,
                "dilation_rate": dilation,
                "groups": groups,
            }
        )
    return found


@pytest.mark.parametrize("setting", settings(300), ids=str)
def test_pytorch_gives_the_same_transposed_convolution(setting: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((2, *setting["size"], setting["channels"])).astype(np.float32)
    inner = setting["filters"] // setting["groups"]
    kernel = random.standard_normal((setting["channels"], inner, *setting["kernel"]))
    kernel = kernel.astype(np.float32)
    bias = random.standard_normal(setting["filters"]).astype(np.float32)
    expected = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(x.transpose(0, 3, 1, 2).copy()),
        torch.from_numpy(kernel),
        torch.from_numpy(bias),
        setting["strides"],
        setting["padding"],
        setting["output_padding"],
        setting["groups"],
        setting["dilation_rate"],
    ).numpy()
    names = ("strides", "padding", "output_padding", "dilation_rate", "groups")
    actual = upsamp.conv2d_transpose(
        x, kernel, bias, **{name: setting[name] for name in names}, kernel_layout="torch"
    )
    limit = 2e-5 * float(np.abs(expected).max())
    np.testing.assert_allclose(actual, expected.transpose(0, 2, 3, 1), rtol=0, atol=limit)


# --- ONNX' backend cases


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the cases that overflow on purpose
    CASES = collect_testcases("")  # once: a second call finds none


def node_cases(operator: str) -> dict[str, Any]:
    """Return ONNX' own cases of one node of that operator, by name."""
    return {
        case.name: case
        for case in CASES
        if case.model is not None and [node.op_type for node in case.model.graph.node] == [operator]
    }


def values(case: Any) -> tuple[list[Any], Any, dict[str, Any]]:
    """Return the inputs, the output and the attributes of a case."""
    inputs, outputs = case.data_sets[0]
    (node,) = case.model.graph.node
    attributes = {
        attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute
    }
    held = dict(zip((item.name for item in case.model.graph.input), inputs, strict=True))
    return [held.get(name) for name in node.input], outputs[0], attributes


TRANSPOSED = node_cases("ConvTranspose")


def of_two_axes(cases: dict[str, Any]) -> list[str]:
    """Return the names of the cases on images; upsamp has no others."""
    return [name for name, case in cases.items() if values(case)[0][0].ndim == 4]


def pads_of(attributes: dict[str, Any]) -> Any:
    """Return ONNX' pads as margins, or its automatic padding."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    return ((top, bottom), (left, right))


def total_margins(shape: Any, kernel: Any, attributes: dict[str, Any], target: Any) -> Any:
    """Return ONNX' margins for an output shape: the odd one at the end or beginning."""
    strides = attributes.get("strides", (1, 1))
    extra = attributes.get("output_padding", (0, 0))
    dilations = attributes.get("dilations", (1, 1))
    margins = []
    for axis in (0, 1):
        span = (kernel[axis] - 1) * dilations[axis] + 1
        total = max(0, strides[axis] * (shape[axis] - 1) + extra[axis] + span - target[axis])
        half = total // 2
        upper = attributes.get("auto_pad", b"") == b"SAME_UPPER"
        margins.append((half, total - half) if upper else (total - half, half))
    return tuple(margins)


def test_there_are_cases_of_onnx_to_run() -> None:
    assert len(of_two_axes(TRANSPOSED)) >= 8


@pytest.mark.parametrize("name", of_two_axes(TRANSPOSED))
def test_onnx_cases_of_transposed_convolution_pass(name: str) -> None:
    (x, kernel, *rest), expected, attributes = values(TRANSPOSED[name])
    padding, target = pads_of(attributes), attributes.get("output_shape")
    automatic = attributes.get("auto_pad", b"NOTSET")
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        strides = attributes.get("strides", (1, 1))
        target = [length * stride for length, stride in zip(x.shape[2:], strides, strict=True)]
    if target is not None:
        padding = total_margins(x.shape[2:], kernel.shape[2:], attributes, target)
    actual = upsamp.conv2d_transpose(
        x,
        kernel,
        rest[0] if rest else None,
        attributes.get("strides", (1, 1)),
        padding,
        None if target is not None else attributes.get("output_padding"),
        attributes.get("dilations", (1, 1)),
        attributes.get("group", 1),
        "channels_first",
        output_shape=target,
        kernel_layout="torch",
    )
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


RESIZES = node_cases("Resize")
METHODS = {
    (b"nearest", b"half_pixel"): ("nearest", "keras", False),
    (b"linear", b"half_pixel"): ("bilinear", "torch", False),
    (b"linear", b"align_corners"): ("bilinear", "torch", True),
    (b"cubic", b"half_pixel"): ("bicubic", "torch", False),
    (b"cubic", b"align_corners"): ("bicubic", "torch", True),
}


def resize_method(attributes: dict[str, Any]) -> Any:
    """Return upsamp's method for a case, or None where it is another computation."""
    mode = attributes.get("mode", b"nearest")
    transform = attributes.get("coordinate_transformation_mode", b"half_pixel")
    method = METHODS.get((mode, transform))
    if method is None or attributes.get("antialias") or attributes.get("axes"):
        return None
    if mode == b"nearest" and attributes.get("nearest_mode", b"round_prefer_floor") != (
        b"round_prefer_floor"
    ):
        return None
    if mode == b"cubic" and attributes.get("cubic_coeff_a", -0.75) != -0.75:
        exact = attributes.get("exclude_outside") == 1 and transform == b"half_pixel"
        return ("bicubic", "keras", False) if exact else None
    return None if attributes.get("exclude_outside") else method


def upsampling_cases() -> list[str]:
    """Return the cases of Resize that enlarge images by the rules of one of our conventions."""
    names = []
    for name, case in RESIZES.items():
        inputs, output, attributes = values(case)
        grows = inputs[0].ndim == 4 and all(
            large >= small for small, large in zip(inputs[0].shape, output.shape, strict=True)
        )
        method = resize_method(attributes)
        whole = all(
            large % small == 0 for small, large in zip(inputs[0].shape, output.shape, strict=True)
        )
        if method and method[0] == "nearest" and not whole:
            continue  # at a tie ONNX' default takes the lower pixel, Keras and TensorFlow the upper
        if grows and inputs[0].shape[:2] == output.shape[:2] and method:
            names.append(name)
    return names


def test_there_are_cases_of_resize_to_run() -> None:
    assert len(upsampling_cases()) >= 6


@pytest.mark.parametrize("name", upsampling_cases())
def test_onnx_cases_of_resize_pass(name: str) -> None:
    (x, *_), expected, attributes = values(RESIZES[name])
    method, convention, align = resize_method(attributes)
    actual = upsamp.resize(
        x, expected.shape[2:], method, "channels_first", convention=convention, align_corners=align
    )
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
