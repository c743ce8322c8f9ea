"""Programs for Keras 3.

What Keras' Conv2DTranspose lacks: groups, explicit padding, the size of the output, and strides
above 1 together with a dilation_rate above 1. What its interpolation lacks: area, mitchellcubic and
gaussian, which TensorFlow has, and the convention of PyTorch.
"""

from upsamp.core.arguments import PADDINGS, Padding, Pair
from upsamp.core.geometry.sizes import transposed_axis
from upsamp.core.upsampling.methods import METHODS
from upsamp.translate.crop_and_pad import Remainder, adds_zeros, finish
from upsamp.translate.settings import TransposedConvolution, Upsampling
from upsamp.translate.source import Data, call, comment, pair, write_program
from upsamp.translate.weights import floats_find_the_nearest, indices, weights

TO_NUMPY = "keras.ops.convert_to_numpy"
COPY = METHODS["nearest"].keras["keras"].name
# What Keras has in place of the methods of PyTorch's convention.
INSTEAD = {
    "bicubic": "bicubic with a = -0.5 and without the inputs beyond the edge, PyTorch with a = "
    "-0.75 and the edge repeated",
    "area": "no area, and TensorFlow's weights each input by how much of it is covered",
}


def transposed_convolution(settings: TransposedConvolution, data: Data) -> str:
    """Return a program for `keras.layers.Conv2DTranspose`."""
    steps: list[str] = []
    left: list[Remainder] = []
    equal = _equal_padding(settings)
    if equal is None:
        steps.append(comment(_why_no_padding(settings)))
        left = _left_of_valid(settings)
    if _writes_dilation_out(settings):
        steps += _dilated_kernel(settings)
    bias_at_once = settings.bias and settings.groups == 1 and not adds_zeros(left)
    padding, extra = equal or ("valid", None)
    layer = _layer(settings, padding, extra, bias=bias_at_once)
    if settings.groups == 1:
        steps += [
            layer,
            "layer.build(x.shape)",
            f"layer.set_weights({'[kernel, bias]' if bias_at_once else '[kernel]'})",
            f"y = {TO_NUMPY}(layer(x))",
        ]
    else:
        steps += _groups(layer, settings.groups)
    steps += finish(left, bias=settings.bias and not bias_at_once)
    title = f"Transposed convolution of {settings.input_shape} to {settings.result_shape} in Keras"
    return write_program(title, ["import keras", "import numpy as np"], data, steps)


def _layer(
    settings: TransposedConvolution, padding: Padding, extra: Pair | None, *, bias: bool
) -> str:
    """Return the line that makes the layer, or that of one group."""
    kernel, dilation = settings.kernel, settings.dilation_rate
    if _writes_dilation_out(settings):
        kernel, dilation = settings.spans, (1, 1)
    arguments = [
        f"{settings.filters // settings.groups}",
        f"kernel_size={pair(kernel)}",
        f"strides={pair(settings.strides)}",
        f'padding="{padding}"',
    ]
    if extra is not None:
        arguments.append(f"output_padding={pair(extra)}")
    if dilation != (1, 1):
        arguments.append(f"dilation_rate={pair(dilation)}")
    if not bias:
        arguments.append("use_bias=False")
    return call("layer = keras.layers.Conv2DTranspose", arguments)


def _left_of_valid(settings: TransposedConvolution) -> list[Remainder]:
    """Return what is left to do on the result of "valid", which ends no earlier than a stride."""
    return [
        Remainder.of(axis, 0, axis.full + max(0, axis.stride - span))
        for axis, span in zip(settings.axes, settings.spans, strict=True)
    ]


def _writes_dilation_out(settings: TransposedConvolution) -> bool:
    return max(settings.strides) > 1 and max(settings.dilation_rate) > 1


def _equal_padding(settings: TransposedConvolution) -> tuple[Padding, Pair | None] | None:
    """Return a padding and output_padding of Keras that crop alike, or None if there are none."""
    given = settings.padding
    for padding in (given, *PADDINGS) if isinstance(given, str) else PADDINGS:
        choices = [_equal_output_paddings(settings, axis, padding) for axis in (0, 1)]
        if all(None in axis for axis in choices):
            return padding, None
        rows, columns = ([extra for extra in axis if extra is not None] for axis in choices)
        if rows and columns:
            return padding, (rows[0], columns[0])
    return None


def _equal_output_paddings(
    settings: TransposedConvolution, axis: int, padding: Padding
) -> list[int | None]:
    """Return every output_padding with which this padding crops an axis as the settings do."""
    wanted, length = settings.axes[axis], settings.input_shape[axis + 1]
    # TensorFlow refuses output_padding=0 with "same" where the kernel covers an even length.
    refused = padding == "same" and settings.spans[axis] % 2 == 0
    kernel, stride = settings.kernel[axis], settings.strides[axis]
    dilation = settings.dilation_rate[axis]
    extras: list[int | None] = [None]
    if refused < stride:
        # The output is one longer with each output_padding, so one at the most gives its length.
        longest = transposed_axis(length, kernel, stride, padding, stride - 1, dilation)
        fitting = stride - 1 - (longest.output - wanted.output)
        extras += [fitting] if refused <= fitting < stride else []
    return [
        extra
        for extra in extras
        if transposed_axis(length, kernel, stride, padding, extra, dilation) == wanted
    ]


def _why_no_padding(settings: TransposedConvolution) -> str:
    if settings.output_shape is not None:
        what = "no output_shape"
    elif isinstance(settings.padding, str):
        return (
            'TensorFlow refuses output_padding=0 with padding="same" where the kernel covers an '
            "even length: the result is cut from that of all inputs."
        )
    else:
        what = "no padding in numbers"
    return f"Keras has {what}: the result is cut from that of all inputs."


def _dilated_kernel(settings: TransposedConvolution) -> list[str]:
    rows, columns = settings.dilation_rate
    return [
        comment(
            "Keras takes no strides above 1 together with a dilation_rate above 1: the kernel is "
            "written out with zeros between its taps."
        ),
        f"dilated = np.zeros({settings.spans} + kernel.shape[2:], np.float32)",
        f"dilated[::{rows}, ::{columns}] = kernel",
        "kernel = dilated",
    ]


def _groups(layer: str, groups: int) -> list[str]:
    body = [
        layer,
        "layer.build(part.shape)",
        "layer.set_weights([taps])",
        f"parts.append({TO_NUMPY}(layer(part)))",
    ]
    return [
        comment("Keras' Conv2DTranspose has no groups: each has a layer of its own."),
        f"inputs, kernels = np.split(x, {groups}, axis=3), np.split(kernel, {groups}, axis=3)",
        "parts = []",
        "for part, taps in zip(inputs, kernels):",
        *(f"    {line}" for block in body for line in block.splitlines()),
        "y = np.concatenate(parts, axis=3)",
    ]


def upsampling(settings: Upsampling, data: Data) -> str:
    """Return a program for `keras.layers.UpSampling2D`, or for what else does the same."""
    imports = ["import keras", "import numpy as np"]
    method, factors = settings.method, settings.factors
    own = None if settings.align_corners else method.keras.get(settings.convention)
    tensorflow = method.tensorflow if settings.convention == "keras" else None
    unchanged = factors == (1, 1)
    if settings.copies and factors is not None:
        steps = _layer_of(factors, COPY)
        if not method.only_copies:
            steps.insert(0, comment(f"By a whole factor, {method.name} copies each pixel."))
    elif settings.copies and not (own and floats_find_the_nearest(settings)):
        steps = [
            *indices(settings, "Keras"),
            f"y = {TO_NUMPY}(keras.ops.take(keras.ops.take(x, rows, axis=1), columns, axis=2))",
        ]
    elif own:
        steps = _resized(settings, own.name)
    elif tensorflow and not unchanged:
        imports = ["import numpy as np", "import tensorflow as tf"]
        steps = [
            comment(f"Keras has no {method.name}; TensorFlow has."),
            f'y = tf.image.resize(x, {settings.size}, method="{tensorflow.name}").numpy()',
        ]
    else:
        steps = [
            comment(_why_weights(settings)),
            *weights(settings),
            call(f"y = {TO_NUMPY}", ['keras.ops.einsum("rh,nhwc,sw->nrsc", rows, x, columns)']),
        ]
    title = (
        f"Upsampling of {settings.input_shape} to {settings.result_shape} in Keras: {method.name}"
    )
    return write_program(title, imports, data, steps)


def _resized(settings: Upsampling, name: str) -> list[str]:
    """Return the lines for one of Keras' own methods that does not copy."""
    factors = settings.factors
    steps = []
    if settings.interpolation == "bicubic" and not (
        factors and all(f & (f - 1) == 0 for f in factors)
    ):
        steps.append(
            comment(
                "On TensorFlow, Keras reads the weights of bicubic from a table of 1024 steps, and "
                "is up to 0.4% of the range off at factors that are no powers of two; on JAX it is "
                "exact."
            )
        )
    if factors is not None:
        return [*steps, *_layer_of(factors, name)]
    resized = f'keras.ops.image.resize(x, {settings.size}, interpolation="{name}")'
    return [*steps, call(f"y = {TO_NUMPY}", [resized])]


def _layer_of(factors: Pair, name: str) -> list[str]:
    arguments = f'size={pair(factors)}, interpolation="{name}"'
    return [f"layer = keras.layers.UpSampling2D({arguments})", f"y = {TO_NUMPY}(layer(x))"]


def _why_weights(settings: Upsampling) -> str:
    name = settings.interpolation
    if settings.convention == "keras":
        tensorflow = "TensorFlow leaves an image alone whose size does not change, and "
        return (
            f"{tensorflow if settings.method.tensorflow else ''}Keras has no {name}: its weights "
            "are written out."
        )
    what = "no align_corners" if settings.align_corners else INSTEAD.get(name, f"no {name}")
    return f"Keras has {what}: the weights are written out."
