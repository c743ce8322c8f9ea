"""Models as programs of PyTorch: a class that a user of PyTorch would write, and its weights.

Images are (N, C, H, W) within it. Axes are moved where Keras' order matters: to a Dense on images,
a Reshape or a Flatten.
"""

from collections.abc import Iterator, Mapping

from upsamp.models.export.arithmetic import chosen, clipped, concatenated, joined, leaky
from upsamp.models.export.array_operations import (
    array_operations,
    cast,
    gelu,
    rounded,
)
from upsamp.models.export.program import (
    UNCHANGED,
    Function,
    Library,
    Program,
    Record,
    Step,
    write_functions,
)
from upsamp.models.export.program_parts import (
    MOMENTS,
    POOLING,
    RESIZING,
    WINDOW,
    draw_inputs,
    helper_lines,
    time_distributed,
)
from upsamp.models.export.source_text import call, literal, quote
from upsamp.models.export.torch_activations import leaky_relu
from upsamp.models.export.torch_functions import FUNCTIONS, NEEDS
from upsamp.models.export.torch_images import (
    average_pooling,
    center_crop,
    cropping,
    flatten,
    global_pooling,
    max_pooling,
    permute,
    pixel_shuffle,
    pixel_unshuffle,
    repeat_vector,
    rescaling,
    reshape,
    resizing,
    upsampling,
    zero_padding,
)
from upsamp.models.export.torch_layers import (
    activation,
    batch_normalization,
    convolution,
    dense,
    depthwise,
    elu_layer,
    embedding,
    group_normalization,
    instance_normalization,
    layer_normalization,
    leaky_relu_layer,
    normalization,
    prelu,
    relu_layer,
    separable,
    softmax,
    spectral,
    thresholded_relu,
    transposed,
    unit_normalization,
)
from upsamp.models.export.torch_operations import SIGNS, WORDS, operation, torch_item
from upsamp.models.model import Model

# The public names of torch.nn.Module, which no layer may hide, and those of the program.
MODULE_NAMES = (
    "T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda "
    "double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter "
    "get_submodule half ipu load_state_dict modules mtia named_buffers named_children "
    "named_modules named_parameters parameters register_backward_hook register_buffer "
    "register_forward_hook register_forward_pre_hook register_full_backward_hook "
    "register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter "
    "register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state "
    "set_submodule share_memory state_dict to to_empty train training type xpu zero_grad"
)
OWN_NAMES = "np torch F sys load_file load_weights random model Model super len open zip max"
RESERVED = frozenset(f"{MODULE_NAMES} {OWN_NAMES}".split()) | frozenset(FUNCTIONS)


# --- the table

RECORDS: Mapping[str, Record] = {
    "Dense": Record(dense, ("units", "activation", "use_bias")),
    "Conv2D": Record(convolution, (*WINDOW, "groups")),
    "Conv2DTranspose": Record(transposed, (*WINDOW, "groups", "output_padding")),
    "DepthwiseConv2D": Record(depthwise, (*WINDOW, "depth_multiplier")),
    "SeparableConv2D": Record(separable, (*WINDOW, "depth_multiplier")),
    "Embedding": Record(embedding, ("input_dim", "output_dim", "mask_zero", "input_length")),
    "SpectralNormalization": Record(spectral, ("layer", "power_iterations")),
    "BatchNormalization": Record(batch_normalization, (*MOMENTS, "momentum")),
    "LayerNormalization": Record(layer_normalization, MOMENTS),
    "GroupNormalization": Record(group_normalization, (*MOMENTS, "groups")),
    "UnitNormalization": Record(unit_normalization, ("axis",)),
    "Activation": Record(activation, ("activation",)),
    "LeakyReLU": Record(leaky_relu_layer, ("negative_slope",)),
    "ReLU": Record(relu_layer, ("max_value", "negative_slope", "threshold")),
    "ThresholdedReLU": Record(thresholded_relu, ("theta",)),
    "ELU": Record(elu_layer, ("alpha",)),
    "Softmax": Record(softmax, ("axis",)),
    "PReLU": Record(prelu, ("shared_axes",)),
    "UpSampling2D": Record(upsampling, ("size", "data_format", "interpolation")),
    "Resizing": Record(resizing, RESIZING),
    "Cropping2D": Record(cropping, ("cropping", "data_format")),
    "ZeroPadding2D": Record(zero_padding, ("padding", "data_format")),
    "PixelShuffle": Record(pixel_shuffle, ("upscale_factor", "order", "data_format")),
    "MaxPooling2D": Record(max_pooling, POOLING),
    "AveragePooling2D": Record(average_pooling, POOLING),
    "GlobalAveragePooling2D": Record(global_pooling, ("data_format", "keepdims")),
    "GlobalMaxPooling2D": Record(global_pooling, ("data_format", "keepdims")),
    "Flatten": Record(flatten, ("data_format",)),
    "Reshape": Record(reshape, ("target_shape",)),
    "Permute": Record(permute, ("dims",)),
    "RepeatVector": Record(repeat_vector, ("n",)),
    "Rescaling": Record(rescaling, ("scale", "offset")),
    "CenterCrop": Record(center_crop, ("height", "width", "data_format")),
    "PixelUnshuffle": Record(pixel_unshuffle, ("downscale_factor", "order", "data_format")),
    "InstanceNormalization": Record(instance_normalization, (*MOMENTS, "groups")),
    "Normalization": Record(normalization, ("axis", "mean", "variance", "invert")),
    "TimeDistributed": Record(
        time_distributed("{x}.flatten(0, 1)", "{x}.reshape(-1, {steps}{rest})"), ("layer",)
    ),
    "Concatenate": concatenated("torch.cat", "dim"),
    "Add": joined("+"),
    "Subtract": joined("-"),
    "Multiply": joined("*"),
    "Average": joined("+"),
    "Maximum": chosen("torch.maximum"),
    "Minimum": chosen("torch.minimum"),
}
OPERATIONS: Mapping[str, Record] = {
    **dict.fromkeys(SIGNS, Record(operation)),
    "Clip": clipped("{x}.clamp({low}, {high})"),
    "LeakyRelu": leaky(leaky_relu),
    "Round": rounded("torch.round({x}, decimals={decimals})"),
    "Gelu": gelu("F.gelu({x})", 'F.gelu({x}, approximate="tanh")'),
    "Cast": cast("torch.trunc({x})", "({x} != 0).float()", "{x}.half().float()"),
    "GetItem": Record(torch_item),
    **array_operations(WORDS),
}


def _tell_model(step: Step, model: Model) -> tuple[str, list[str]]:
    """Make a part of a nested model's class, and return the start of its call."""
    step.make([f"        self.{step.part} = {step.program.functions[id(model)].name}()"])
    return f"self.{step.part}(", []


PYTORCH = Library(
    name="PyTorch",
    records=RECORDS,
    operations=OPERATIONS,
    refused={},
    unchanged=UNCHANGED,
    move=(0, 3, 1, 2),
    swaps=True,
    keeps_inputs=False,
    indent=8,
    main="Model",
    permute="{}.permute{}",
    cast="{}.float()",
    tell_model=_tell_model,
    reserved=RESERVED.__contains__,
)


def write_torch(model: Model, weights: str) -> list[str]:
    """Return the lines of a program of PyTorch that computes a model.

    weights: the file that they are loaded from, as `Model.save` writes it.
    """
    program = write_functions(model, PYTORCH)
    lines = ["import sys", "", "import numpy as np", "import torch"]
    body = [line for one in program.functions.values() for line in _class(one)]
    helpers = helper_lines(program, FUNCTIONS, NEEDS)
    loads = list(_loads(program, program.functions[id(model)], "model", ""))
    text = "\n".join([*body, *helpers])
    if "F." in text:
        lines.append("import torch.nn.functional as F")
    if loads:
        lines.append("from safetensors.torch import load_file")
    lines += [*helpers, *body]
    if loads:
        lines += ["", "", *_load_function(loads)]
    lines += ["", "", "model = Model().eval()"]
    if loads:
        lines += call("load_weights(", ["model", quote(weights)])
    lines += ["", *draw_inputs(program.functions[id(model)])]
    return [*lines, *_run(program.functions[id(model)])]


def _class(function: Function) -> list[str]:
    """Return the lines of the class of one model."""
    names = ", ".join(value.text for value in function.inputs)
    lines = ["", "", f"class {function.name}(torch.nn.Module):"]
    if function.parts:
        lines += ["    def __init__(self):", "        super().__init__()", *function.parts, ""]
    outputs = ", ".join(value.text for value in function.outputs)
    return [
        *lines,
        f"    def forward(self, {names}):",
        *function.lines,
        f"        return {outputs}",
    ]


def _loads(
    program: Program, function: Function, part: str, path: str
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield where each weight goes, those of nested models too."""
    for own, name, axes in function.loads:
        yield f"{part}.{own}", f"{path}{name}", axes
    for layer in function.model.layers:
        inner = program.functions.get(id(layer))
        if inner is not None:
            own = function.names[id(layer)]
            yield from _loads(program, inner, f"{part}.{own}", f"{path}{layer.name}/")


def _load_function(loads: list[tuple[str, str, tuple[int, ...]]]) -> list[str]:
    """Return the lines of the function that loads the weights."""
    rows: list[str] = []
    for part, name, axes in loads:
        rows += call("(", [part, quote(name), literal(axes)], 8, "),")
    return [
        "@torch.no_grad()",
        "def load_weights(model, file):",
        '    """Put the weights of Keras, whose axes are in another order, into the model."""',
        "    weights = load_file(file)",
        "    for part, name, axes in [",
        *rows,
        "    ]:",
        "        part.copy_(weights[name].permute(axes).reshape(part.shape))",
    ]


def _run(function: Function) -> list[str]:
    """Return the lines that compute and print `y`."""
    arguments = [
        f"torch.from_numpy({value.text})" + (".permute(0, 3, 1, 2)" if value.moved else "")
        for value in function.inputs
    ]
    lines = ["with torch.no_grad():", *call("y = model(", arguments, 4)]
    if len(function.outputs) > 1:
        return [*lines, *_several(function)]
    back = ".permute(0, 2, 3, 1)" if function.outputs[0].moved else ""
    return [*lines, f"y = y{back}.numpy()", "print(y)"]


def _several(function: Function) -> list[str]:
    """Return the lines that make arrays of several outputs."""
    if not any(value.moved for value in function.outputs):
        return ["y = [one.numpy() for one in y]", "print(y)"]
    if all(value.moved for value in function.outputs):
        return ["y = [one.permute(0, 2, 3, 1).numpy() for one in y]", "print(y)"]
    return [
        "# Images are given back as Keras has them.",
        "y = [one.permute(0, 2, 3, 1) if one.ndim == 4 else one for one in y]",
        "y = [one.numpy() for one in y]",
        "print(y)",
    ]
