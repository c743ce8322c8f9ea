"""Programs for JAX.

What `jax.lax.conv_transpose` lacks: groups, which `jax.lax.conv_general_dilated` has. What
`jax.image.resize` lacks: mitchellcubic, gaussian, and PyTorch's nearest and area.
"""

from upsamp.core.upsampling.methods import METHODS
from upsamp.translate.settings import TransposedConvolution, Upsampling
from upsamp.translate.source import Data, call, comment, write_program
from upsamp.translate.weights import floats_find_the_nearest, indices, weights

COPY = METHODS["nearest"].jax["keras"].name
# What is to be said of JAX's methods.
NOTES = {
    "area": "JAX has area since 0.10.",
    "cubic-pytorch": "JAX's cubic has a = -0.5 and leaves out what lies beyond the edges; its "
    "cubic-pytorch, new in 0.10, has a = -0.75 and repeats them.",
}


def transposed_convolution(settings: TransposedConvolution, data: Data) -> str:
    """Return a program for `jax.lax.conv_transpose`."""
    padding = [
        (span - 1 - axis.before, span - 1 - axis.after)
        for axis, span in zip(settings.axes, settings.spans, strict=True)
    ]
    steps = [] if settings.groups == 1 else _turned_kernel(settings)
    steps.append(
        comment(
            "The padding counts the zeros around the spread inputs: the length that the kernel "
            "covers, less 1, less what is cropped."
        )
    )
    dilation = settings.dilation_rate
    dilations = [f"rhs_dilation={dilation}"] if dilation != (1, 1) else []
    if settings.groups == 1:
        arguments = ["x", "kernel", f"strides={settings.strides}", f"padding={padding}"]
        arguments += [*dilations, "transpose_kernel=True"]
        steps.append(call("y = jax.lax.conv_transpose", arguments))
    else:
        arguments = ["x", "turned", "window_strides=(1, 1)", f"padding={padding}"]
        arguments += [f"lhs_dilation={settings.strides}", *dilations]
        arguments += ['dimension_numbers=("NHWC", "HWIO", "NHWC")']
        arguments += [f"feature_group_count={settings.groups}"]
        steps.append(call("y = jax.lax.conv_general_dilated", arguments))
    steps.append(f"y = np.asarray({'y + bias' if settings.bias else 'y'})")
    title = f"Transposed convolution of {settings.input_shape} to {settings.result_shape} in JAX"
    return write_program(title, ["import jax", "import numpy as np"], data, steps)


def _turned_kernel(settings: TransposedConvolution) -> list[str]:
    rows, columns = settings.kernel
    groups, channels, filters = settings.groups, settings.input_shape[3], settings.filters
    inner, outer = filters // groups, channels // groups
    return [
        comment(
            "lax.conv_transpose has no groups: this convolves the spread inputs with the kernel "
            "turned around, as (rows, columns, channels of a group, filters)."
        ),
        f"turned = kernel[::-1, ::-1].reshape({rows}, {columns}, {inner}, {groups}, {outer})",
        f"turned = turned.transpose(0, 1, 4, 3, 2).reshape({rows}, {columns}, {outer}, {filters})",
    ]


def upsampling(settings: Upsampling, data: Data) -> str:
    """Return a program for `jax.image.resize`, or for what does the same."""
    imports = ["import jax", "import numpy as np"]
    name = _method(settings)
    result = f"{settings.result_shape}"
    if name is not None and settings.align_corners:
        steps = _aligned(settings, name)
    elif name is not None:
        steps = [
            *_notes(settings, name),
            call("y = jax.image.resize", ["x", result, f'"{name}"', "antialias=False"]),
        ]
    elif settings.copies:
        steps = [*indices(settings, "JAX"), "y = jax.numpy.asarray(x)[:, rows][:, :, columns]"]
    else:
        steps = [
            comment(_why_weights(settings)),
            *weights(settings),
            call(
                "y = jax.numpy.einsum",
                ['"rh,nhwc,sw->nrsc"', "rows", "x", "columns", 'precision="highest"'],
            ),
        ]
    title = (
        f"Upsampling of {settings.input_shape} to {settings.result_shape} in JAX: "
        f"{settings.interpolation}"
    )
    return write_program(title, imports, data, [*steps, "y = np.asarray(y)"])


def _method(settings: Upsampling) -> str | None:
    """Return the method of JAX that computes this, or None where it has none."""
    if settings.copies:
        alike = settings.convention == "keras" or settings.factors is not None
        return COPY if alike and floats_find_the_nearest(settings) else None
    if settings.align_corners and 1 in settings.input_shape[1:3]:
        return None
    own = settings.method.jax.get(settings.convention)
    return own.name if own else None


def _notes(settings: Upsampling, name: str) -> list[str]:
    if settings.copies and not settings.method.only_copies:
        return [comment(f"By a whole factor, {settings.interpolation} copies each pixel.")]
    return [comment(NOTES[name])] if name in NOTES else []


def _aligned(settings: Upsampling, name: str) -> list[str]:
    rows, columns = settings.size
    _, height, width, _ = settings.input_shape
    return [
        *_notes(settings, name),
        comment("jax.image.resize has no align_corners: this gives the place of the corners."),
        f"scale = np.array([{rows - 1} / {height - 1}, {columns - 1} / {width - 1}])",
        call(
            "y = jax.image.scale_and_translate",
            [
                "x",
                f"{settings.result_shape}",
                "(1, 2)",
                "scale",
                "0.5 * (1 - scale)",
                f'"{name}"',
                "antialias=False",
            ],
        ),
    ]


def _why_weights(settings: Upsampling) -> str:
    if settings.align_corners and settings.convention in settings.method.jax:
        return "JAX has no align_corners, and no scale aligns those of one pixel."
    if settings.interpolation == "area":
        return (
            "JAX's area counts each input by how much of it is covered, PyTorch's every input that "
            "is touched wholly: those weights are written out."
        )
    return f"JAX has no {settings.interpolation}: its weights are written out."
