"""Layers spelled as in PyTorch code, read from Python's syntax tree: nothing is ever evaluated."""

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from upsamp.core.arguments import (
    PADDINGS,
    Convention,
    Pair,
    normalize_count,
    normalize_margins,
    normalize_output_padding,
    normalize_pair,
)
from upsamp.core.literals import excerpt, shorten, value_of
from upsamp.core.spelling import nearest_name
from upsamp.core.upsampling.methods import METHODS, Method
from upsamp.core.values import normalize_text
from upsamp.errors import ArgumentError, ExpressionError

# No layer is longer.
LONGEST = 2000
EXAMPLE = "ConvTranspose2d(64, 3, 4, stride=2, padding=1)"

# The arguments of each layer in PyTorch's order, with their defaults; ... is for one without.
CONVOLUTION = {
    "in_channels": ...,
    "out_channels": ...,
    "kernel_size": ...,
    "stride": 1,
    "padding": 0,
}
PLACE = {"padding_mode": "zeros", "device": None, "dtype": None}
UPSAMPLE = {
    "size": None,
    "scale_factor": None,
    "mode": "nearest",
    "align_corners": None,
    "recompute_scale_factor": None,
}
SIGNATURES: Mapping[str, Mapping[str, Any]] = {
    "ConvTranspose2d": {
        **CONVOLUTION,
        "output_padding": 0,
        "groups": 1,
        "bias": True,
        "dilation": 1,
        **PLACE,
    },
    "Conv2d": {**CONVOLUTION, "dilation": 1, "groups": 1, "bias": True, **PLACE},
    "Upsample": UPSAMPLE,
    "UpsamplingNearest2d": {"size": None, "scale_factor": None},
    "UpsamplingBilinear2d": {"size": None, "scale_factor": None},
    "PixelShuffle": {"upscale_factor": ...},
    "PixelUnshuffle": {"downscale_factor": ...},
    "interpolate": {**UPSAMPLE, "antialias": False},
}


def _modes() -> Mapping[str, tuple[Method, Convention]]:
    """Return PyTorch's modes: the method, and the convention, its own where it computes both."""
    modes: dict[str, tuple[Method, Convention]] = {}
    conventions: tuple[Convention, ...] = ("torch", "keras")
    for method, convention in product(METHODS.values(), conventions):
        if convention in method.torch:
            modes.setdefault(method.torch[convention].name, (method, convention))
    return modes


MODES = _modes()


@dataclass(frozen=True)
class TorchLayer:
    """A layer of PyTorch in upsamp's names.

    function: the function of upsamp that computes it. arguments: its arguments by keyword, besides
    the arrays. channels, filters, kernel_size, bias: those of a convolution; else None and False.
    """

    function: Literal[
        "conv2d_transpose", "conv2d", "upsample", "resize", "depth_to_space", "space_to_depth"
    ]
    arguments: Mapping[str, Any]
    channels: int | None = None
    filters: int | None = None
    kernel_size: Pair | None = None
    bias: bool = False

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """The shape of the kernel of a convolution as PyTorch has it: kernel_layout="torch"."""
        groups = self.arguments["groups"]
        channels, filters = self.channels or 0, self.filters or 0
        if self.function == "conv2d_transpose":
            return (channels, filters // groups, *(self.kernel_size or (0, 0)))
        return (filters, channels // groups, *(self.kernel_size or (0, 0)))


def parse_torch(text: str) -> TorchLayer:
    """Return the layer of PyTorch that is spelled in `text`, in upsamp's names.

    ConvTranspose2d, Conv2d, Upsample, UpsamplingNearest2d, UpsamplingBilinear2d, PixelShuffle,
    PixelUnshuffle, or a call of F.interpolate, whose input is passed over; a path before the name,
    as in `torch.nn.ConvTranspose2d(...)`, is taken. Arguments are literals, tuples, lists, and
    whole-number arithmetic; `device` and `dtype` are passed over.

    Raises `ExpressionError`.

    >>> parse_torch("nn.ConvTranspose2d(64, 3, 4, stride=2, padding=1)").arguments["padding"]
    ((1, 1), (1, 1))
    >>> parse_torch("Upsample(scale_factor=2, mode='bilinear')").arguments
    {'size': (2, 2), 'interpolation': 'bilinear', 'convention': 'torch', 'align_corners': False}
    """
    call, name = _call(text)
    try:
        values = _bind(call, name)
        if name in ("ConvTranspose2d", "Conv2d"):
            return _convolution(values)
        if name in ("PixelShuffle", "PixelUnshuffle"):
            return _shuffle(values)
        if name == "UpsamplingBilinear2d":
            values |= {"mode": "bilinear", "align_corners": True}
        return _upsampling({**UPSAMPLE, "antialias": False, **values})
    except ArgumentError as error:
        raise ExpressionError(f"{excerpt(text)}: {shorten(str(error), 400)}") from error


# --- the call and its arguments


def _call(text: str) -> tuple[ast.Call, str]:
    """Return the call that is spelled in `text`, and the name of its layer."""
    text = normalize_text(text, "text")
    rule = f"A layer must be spelled as in PyTorch code, such as {EXAMPLE}."
    if len(text) > LONGEST:
        raise ExpressionError(
            f"{rule} Received: {len(text)} characters, where {LONGEST} are enough for any."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd spellings that Python reads all the same
            tree = ast.parse(text.strip().rstrip(","), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise ExpressionError(f"{rule} Received: {excerpt(text)} ({reason}).") from error
    name = _name(tree.func if isinstance(tree, ast.Call) else tree)
    if isinstance(tree, ast.Call) and name in SIGNATURES:
        return tree, name
    near = nearest_name(name, SIGNATURES)
    remedy = f"Did you mean {near}(...)?" if near else f"Use one of {', '.join(SIGNATURES)}."
    raise ExpressionError(f"{rule} Received: {excerpt(text)}. {remedy}")


def _name(function: ast.expr) -> str:
    """Return the last of plain names with dots between them, or "" where it is no such path."""
    name = function.attr if isinstance(function, ast.Attribute) else ""
    while isinstance(function, ast.Attribute):
        function = function.value
    if not isinstance(function, ast.Name):
        return ""
    return name or function.id


def _bind(call: ast.Call, name: str) -> dict[str, Any]:
    """Return the value of every argument by its name, as PyTorch's signature has it."""
    signature = SIGNATURES[name]
    positional, keywords = call.args, call.keywords
    if name == "interpolate":
        positional = positional[1:]
        keywords = [keyword for keyword in keywords if keyword.arg != "input"]
    if len(positional) > len(signature):
        raise ExpressionError(
            f"{name} takes at most {len(signature)} arguments. Received: {len(positional)}."
        )
    given = list(zip(signature, positional, strict=False))
    for keyword in keywords:
        if keyword.arg is None:
            raise ExpressionError("arguments must be written out, without **.")
        given.append((keyword.arg, keyword.value))
    values: dict[str, Any] = {}
    for argument, node in given:
        if argument not in signature:
            raise ExpressionError(
                f"an argument must be one of {', '.join(signature)}. Received: {argument}."
            )
        if argument in values:
            raise ExpressionError(f"an argument must be given once. Received: {argument} twice.")
        # Where the layer is kept and in which type, which may be any code, changes no setting.
        values[argument] = None if argument in ("device", "dtype") else value_of(node)
    missing = [key for key, default in signature.items() if default is ... and key not in values]
    if missing:
        raise ExpressionError(f"{name} needs {', '.join(missing)}, which is not given.")
    return {**signature, **values}


# --- PyTorch's meaning in upsamp's names


def _convolution(values: Mapping[str, Any]) -> TorchLayer:
    """Return a convolution, or a transposed one, which alone has `output_padding`."""
    transposed = "output_padding" in values
    channels = normalize_count(values["in_channels"], "in_channels")
    filters = normalize_count(values["out_channels"], "out_channels")
    groups = normalize_count(values["groups"], "groups")
    if channels % groups or filters % groups:
        raise ArgumentError(
            "`groups` must divide in_channels and out_channels. "
            f"Received: groups={groups}, in_channels={channels}, out_channels={filters}."
        )
    mode = values["padding_mode"]
    if mode != "zeros":
        why = "PyTorch has no other for ConvTranspose2d" if transposed else "upsamp pads with zeros"
        raise ArgumentError(
            f"`padding_mode` must be 'zeros', as {why}. Received: padding_mode={mode!r}."
        )
    strides = normalize_pair(values["stride"], "stride")
    dilation = normalize_pair(values["dilation"], "dilation")
    padding = values["padding"]
    if transposed or not isinstance(padding, str):
        padding = normalize_margins(normalize_pair(padding, "padding", minimum=0), "padding")
    elif padding not in PADDINGS or (padding == "same" and strides != (1, 1)):
        raise ArgumentError(
            "`padding` must be integers, 'valid', or with stride=1 'same'. "
            f"Received: padding={padding!r}, stride={strides}."
        )
    arguments = {"strides": strides, "padding": padding}
    if transposed:
        arguments["output_padding"] = normalize_output_padding(
            values["output_padding"], strides, dilation, explicit=True
        )
    return TorchLayer(
        "conv2d_transpose" if transposed else "conv2d",
        {**arguments, "dilation_rate": dilation, "groups": groups},
        channels,
        filters,
        normalize_pair(values["kernel_size"], "kernel_size"),
        _flag(values["bias"], "bias"),
    )


def _shuffle(values: Mapping[str, Any]) -> TorchLayer:
    """Return a rearrangement, in which PyTorch numbers the new channel before rows and columns."""
    ((name, factor),) = values.items()
    function: Literal["depth_to_space", "space_to_depth"] = (
        "depth_to_space" if name == "upscale_factor" else "space_to_depth"
    )
    return TorchLayer(function, {"block_size": normalize_count(factor, name), "order": "crd"})


def _upsampling(values: Mapping[str, Any]) -> TorchLayer:
    size, factor, mode = values["size"], values["scale_factor"], values["mode"]
    if (size is None) == (factor is None):
        raise ArgumentError(
            "Either `size` or `scale_factor` must be given. "
            f"Received: size={size!r}, scale_factor={factor!r}."
        )
    if mode not in MODES:
        raise ArgumentError(
            f"`mode` must be one of {', '.join(map(repr, MODES))} for images. "
            f"Received: mode={mode!r}."
        )
    method, convention = MODES[mode]
    aligned = values["align_corners"]
    smooth = _flag(values["antialias"], "antialias")
    if aligned is not None and method.kernels[convention] is None:
        raise ArgumentError(
            "`align_corners` must go with bilinear or bicubic. "
            f"Received: align_corners={aligned!r}, mode={mode!r}."
        )
    if method.torch[convention].options and not smooth:
        raise ArgumentError(
            f"`mode={mode!r}` must go with antialias=True in PyTorch. Received: antialias=False."
        )
    if smooth:
        convention = _antialiased(mode, aligned)
    align_corners = aligned is not None and _flag(aligned, "align_corners")
    settings = {
        "interpolation": method.name,
        "convention": convention,
        "align_corners": align_corners,
    }
    if size is not None:
        return TorchLayer("resize", {"size": normalize_pair(size, "size"), **settings})
    return TorchLayer("upsample", {"size": _whole_factors(factor), **settings})


def _antialiased(mode: str, aligned: object) -> Convention:
    """Return the convention with antialias=True, which takes Pillow's kernels.

    These smooth nothing where images grow, but bicubic has a = -0.5 then, and no edge is repeated.
    """
    method, convention = MODES[mode]
    if method.kernels[convention] is None or aligned:
        raise ArgumentError(
            "`antialias=True` must go with bilinear, bicubic or lanczos, without align_corners. "
            f"Received: mode={mode!r}, align_corners={aligned!r}."
        )
    return "keras"


def _whole_factors(factor: object) -> Pair:
    """Return whole factors, also where they are written as 2.0."""
    parts = factor if isinstance(factor, tuple) else (factor, factor)
    whole = tuple(
        int(part) if isinstance(part, float) and part.is_integer() else part for part in parts
    )
    if any(isinstance(part, float) for part in whole):
        raise ArgumentError(
            "`scale_factor` must be whole: of a fractional one PyTorch rounds the size, but reads "
            f"at the factor as it is. Received: scale_factor={factor!r}. Use size=(rows, columns)."
        )
    return normalize_pair(whole, "scale_factor")


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ArgumentError(f"`{name}` must be True or False. Received: {name}={value!r}.")
    return value
