"""Programs that make an ONNX model and run it in ONNX Runtime.

What ConvTranspose of ONNX Runtime lacks: an `output_padding` of the stride or more. What Resize
lacks: area, lanczos, mitchellcubic and gaussian.
"""

from typing import NamedTuple

from upsamp.core.arguments import Shape4
from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.core.upsampling.methods import METHODS
from upsamp.translate.crop_and_pad import Remainder, adds_zeros, finish
from upsamp.translate.settings import TransposedConvolution, Upsampling
from upsamp.translate.source import Data, call, comment, listing, write_program
from upsamp.translate.weights import floats_find_the_nearest, indices, weights

IMPORTS = (
    "import numpy as np",
    "import onnxruntime",
    "from onnx import TensorProto, helper, numpy_helper",
)
COPY = METHODS["nearest"].onnx


class _Fit(NamedTuple):
    """How ONNX Runtime comes nearest to an axis."""

    begin: int
    end: int
    output_padding: int
    remainder: Remainder


def transposed_convolution(settings: TransposedConvolution, data: Data) -> str:
    """Return a program for ONNX' ConvTranspose."""
    rows, columns = (_fit(axis) for axis in settings.axes)
    left = rows.remainder, columns.remainder
    bias_at_once = settings.bias and not adds_zeros(left)
    steps = []
    if not all(axis.is_nothing for axis in left):
        steps.append(
            comment(
                "ONNX Runtime takes no output_padding of the stride or more, nor pads that leave "
                "nothing: the rest is done below."
            )
        )
    arguments = [
        '"ConvTranspose"',
        '["x", "kernel", "bias"]' if bias_at_once else '["x", "kernel"]',
    ]
    arguments.append('["y"]')
    pads = [rows.begin, columns.begin, rows.end, columns.end]
    for name, value, default in (
        ("strides", [*settings.strides], [1, 1]),
        ("pads", pads, [0, 0, 0, 0]),
        ("output_padding", [rows.output_padding, columns.output_padding], [0, 0]),
        ("dilations", [*settings.dilation_rate], [1, 1]),
    ):
        if value != default:
            arguments.append(f"{name}={value}")
    if settings.groups != 1:
        arguments.append(f"group={settings.groups}")
    constants = ['numpy_helper.from_array(kernel.transpose(3, 2, 0, 1).copy(), "kernel")']
    if bias_at_once:
        constants.append('numpy_helper.from_array(bias, "bias")')
    size = left[0].length, left[1].length
    result: Shape4 = (settings.input_shape[0], *size, settings.filters)
    steps += [
        call("node = helper.make_node", arguments),
        *_run("[node]", constants, settings.input_shape, result),
        *finish(left, bias=settings.bias and not bias_at_once),
    ]
    title = f"Transposed convolution of {settings.input_shape} to {settings.result_shape} in ONNX"
    return write_program(title, IMPORTS, data, steps)


def _fit(axis: TransposedAxis) -> _Fit:
    """Crop by pads, and add what is missing by output_padding as far as that may go."""
    begin, end = axis.before, max(0, axis.after)
    extra = min(max(0, -axis.after), axis.stride - 1)
    if axis.full - begin - end + extra < 1:
        begin = end = 0
    length = axis.full - begin - end + extra
    return _Fit(begin, end, extra, Remainder.of(axis, begin, length))


def _run(nodes: str, constants: list[str], given: Shape4, result: Shape4) -> list[str]:
    """Return the lines that make a model of the nodes, run it on `x` and set `y`, (N, H, W, C)."""
    tensors = (("x", given), ("y", result))
    inputs, outputs = (
        f'[helper.make_tensor_value_info("{name}", TensorProto.FLOAT, {[n, c, h, w]})]'
        for name, (n, h, w, c) in tensors
    )
    return [
        listing("constants = ", constants),
        call("graph = helper.make_graph", [nodes, '"graph"', inputs, outputs, "constants"]),
        'opset = helper.make_opsetid("", 18)',
        "model = helper.make_model(graph, opset_imports=[opset], ir_version=10)",
        call(
            "session = onnxruntime.InferenceSession",
            ["model.SerializeToString()", 'providers=["CPUExecutionProvider"]'],
        ),
        "images = np.ascontiguousarray(x.transpose(0, 3, 1, 2))  # (N, C, H, W)",
        '(y,) = session.run(None, {"x": images})',
        "y = y.transpose(0, 2, 3, 1)",
    ]


def upsampling(settings: Upsampling, data: Data) -> str:
    """Return a program for ONNX' Resize, or for what does the same."""
    attributes = _resize(settings)
    if attributes is not None:
        n, rows, columns, c = settings.result_shape
        arguments = ['"Resize"', '["x", "", "", "sizes"]', '["y"]', *attributes]
        constants = [
            f'numpy_helper.from_array(np.array({[n, c, rows, columns]}, np.int64), "sizes")'
        ]
        steps = [call("node = helper.make_node", arguments)]
        nodes = "[node]"
    else:
        steps, constants = _two_nodes(settings)
        nodes = "[tall, wide]"
    steps += _run(nodes, constants, settings.input_shape, settings.result_shape)
    title = (
        f"Upsampling of {settings.input_shape} to {settings.result_shape} in ONNX: "
        f"{settings.interpolation}"
    )
    return write_program(title, IMPORTS, data, steps)


def _two_nodes(settings: Upsampling) -> tuple[list[str], list[str]]:
    """Return the lines for one node that makes the rows and one for the columns, and constants."""
    if settings.copies:
        steps = indices(settings, "ONNX Runtime")
        tall = '"Gather", ["x", "rows"], ["tall"], axis=2'
        wide = '"Gather", ["tall", "columns"], ["y"], axis=3'
        columns = "columns"
    else:
        why = f"ONNX' Resize has no {settings.interpolation}: its weights are written out."
        steps = [comment(why), *weights(settings)]
        tall = '"MatMul", ["rows", "x"], ["tall"]'
        wide = '"MatMul", ["tall", "columns"], ["y"]'
        columns = "columns.T.copy()"
    steps += [f"tall = helper.make_node({tall})", f"wide = helper.make_node({wide})"]
    constants = [
        'numpy_helper.from_array(rows, "rows")',
        f'numpy_helper.from_array({columns}, "columns")',
    ]
    return steps, constants


def _resize(settings: Upsampling) -> list[str] | None:
    """Return the attributes of the Resize that computes this, or None where there is none."""
    own = settings.method.onnx.get(settings.convention)
    half_pixel = "align_corners" if settings.align_corners else "half_pixel"
    place = f'coordinate_transformation_mode="{half_pixel}"'
    if settings.copies:
        if not floats_find_the_nearest(settings):
            return None
        if settings.convention == "torch":
            place = 'coordinate_transformation_mode="asymmetric"'
        own = COPY.get(settings.convention)
    return [f'mode="{own.name}"', place, *own.options] if own else None
