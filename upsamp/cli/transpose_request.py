"""What the options of `upsamp transpose-conv` ask for, as one value that all its parts take."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import click

from upsamp.cli import animation_options, shared_options
from upsamp.cli.option_types import (
    MAX_SHOWN,
    AmountType,
    ChoiceType,
    CountType,
    FileType,
    PaddingType,
    PairType,
)
from upsamp.cli.options import Options, argument, completed, option, parsed, refuse_unused
from upsamp.core.arguments import (
    DATA_FORMATS,
    KERNEL_LAYOUTS,
    Array,
    DataFormat,
    KernelLayout,
    Margins,
    Padding,
    Pair,
)
from upsamp.core.kernels.presets import KERNEL_PRESETS
from upsamp.core.spelling import spelling_remedy
from upsamp.errors import ShapeError
from upsamp.io.matrices import parse_text
from upsamp.io.picture_options import Missing, ReadOptions, ValueRange, WriteOptions
from upsamp.io.read import looks_like_matrix, names_file, read_matrix, split_array_name
from upsamp.io.streams import is_open
from upsamp.models.transposed_convolution import Settings

if TYPE_CHECKING:
    from upsamp.explain.animation import View
    from upsamp.views.palette import Theme

# How --solve and --fit are shown.
LISTED = ("table", "plain", "json")
# What is meant for the name of a kernel, and for no file.
KERNEL_NAME = re.compile("(?!nan|inf)[A-Za-z][A-Za-z0-9_]*", re.IGNORECASE)

# What is known of the options of a mode: those that --solve and --fit use, and that others do not.
OF_SOLVE = frozenset({"solve", "format_name", "digits"})
OF_FIT = frozenset(
    {
        *("source", "fit", "kernel", "stride", "save_weights", "apart", "ridge", "format_name"),
        *("digits", "missing", "depth"),
    }
)
LEARNT = frozenset({"save_weights", "apart", "ridge"})
WRITTEN = frozenset({"compression", "value_range", "max_memory"})
# What is not used where a layer is shown as a call, as nothing is read and computed.
OF_READING = frozenset({"missing", "depth"})
OF_CALLS = OF_READING | {
    *("output", "format_name", "compression", "seed"),
    *("weights", "kernel_layout", "bias", "data_format"),
}
UNUSED: Mapping[str, frozenset[str]] = {
    "--explain": LEARNT | WRITTEN | {"output"},
    "--overlap": LEARNT | {"value_range", "max_memory", "output", "cell"},
    "--code": LEARNT | WRITTEN | {"format_name", "cell"},
    "--animate": LEARNT | WRITTEN - {"compression"} | {"digits", "format_name", "output", "cell"},
    "--html": LEARNT | {"max_memory"},
    "A result": LEARNT | {"cell"},
}


class Request(Options):
    """The options of one call."""

    source: str | None = argument(
        metavar="[INPUT]",
        type=FileType(),
        required=False,
        callback=parsed(lambda text: text or None),
    )
    kernel: Pair | None = option(
        "--kernel",
        "--kernel-size",
        type=PairType(),
        help="Rows and columns of the kernel.  [default: 3, or those of --weights]",
    )
    stride: Pair = option(
        "--stride",
        "--strides",
        type=PairType(),
        default="1",
        help="Distance in the output between neighbours of the input.",
    )
    padding: tuple[Padding] | Margins = option(
        "--padding",
        type=PaddingType(),
        default="valid",
        help="valid keeps the whole result; same crops it to input times stride; numbers crop each "
        "side, rows and columns, or TOP BOTTOM LEFT RIGHT, as in PyTorch and ONNX.",
    )
    output_padding: Pair | None = option(
        "--output-padding",
        type=PairType(minimum=0),
        help="Rows and columns that are added to the output; below the stride.",
    )
    output_shape: Pair | None = option(
        "--output-shape",
        type=PairType(),
        help="Rows and columns of the output, in the place of --output-padding.",
    )
    dilation: Pair = option(
        "--dilation",
        "--dilation-rate",
        type=PairType(),
        default="1",
        help="Distance between the elements of the kernel.",
    )
    filters: int | None = option(
        "--filters",
        type=CountType(),
        help="Channels of the output; every one is made from all channels of the input.",
    )
    groups: int = option(
        "--groups",
        type=CountType(),
        default=1,
        help="Parts of the channels that are convolved apart.",
    )
    weights: str = option(
        "--weights",
        metavar="NAME|FILE|MATRIX",
        shell_complete=completed("complete_kernel"),
        type=FileType(),
        default="ones",
        help=f"The kernel: {', '.join(KERNEL_PRESETS)}; or a matrix (rows, columns); or a .npy "
        "file of (rows, columns, filters, channels).",
    )
    kernel_layout: KernelLayout = option(
        "--kernel-layout",
        type=ChoiceType(KERNEL_LAYOUTS),
        default="keras",
        help="torch: --weights of rank 4 is (channels, filters, rows, columns).",
    )
    bias: str = option(
        "--bias",
        metavar="NUMBERS|FILE",
        type=FileType(),
        default="0",
        help="One, or one a filter: numbers, or a file of them.",
    )
    data_format: DataFormat = option(
        "--data-format",
        type=ChoiceType(DATA_FORMATS),
        default="channels_last",
        help="Where the channels of a matrix of rank 3 or 4 stand.",
    )
    missing: Missing = shared_options.missing_option
    solve: tuple[Pair, Pair] | None = option(
        "--solve",
        nargs=2,
        type=PairType(),
        metavar="SIZE SIZE",
        help="Compute nothing; list the layers that take one size to another, as 7 28, or 5x7 "
        "10x28.",
    )
    fit: str | None = option(
        "--fit",
        metavar="LARGE",
        type=FileType(),
        help="Compute nothing; learn the kernel that makes the image LARGE of INPUT, or that makes "
        "the images of the folder LARGE of their halves, thirds..., by --stride.",
    )
    save_weights: str | None = option(
        "--save-weights",
        type=FileType(output=True),
        help="Write the kernel that --fit learnt, as .npy.",
    )
    apart: bool = option("--apart", help="Let --fit learn a kernel for each channel.")
    ridge: float = option(
        "--ridge",
        type=AmountType(),
        default=1e-4,
        help="How strongly --fit keeps the kernel small.",
    )
    source_layer: tuple[str, str] | None = option(
        "--from",
        nargs=2,
        type=(ChoiceType(("torch", "keras")), str),
        metavar="torch|keras LAYER",
        shell_complete=completed("complete_source_layer"),
        help="Take all settings from a layer of PyTorch: ConvTranspose2d, Conv2d, Upsample, "
        "UpsamplingNearest2d, UpsamplingBilinear2d, F.interpolate, PixelShuffle or PixelUnshuffle, "
        "as 'ConvTranspose2d(64, 3, 4, stride=2)'; or of Keras, as 'Conv2DTranspose(3, 4)', or as "
        "model.keras:NAME with its weights. Without INPUT it is shown as a call of upsamp.",
    )
    library: str | None = shared_options.code_option
    explain: bool = shared_options.explain_option
    cell: Pair | None = shared_options.cell_option
    digits: int | None = shared_options.digits_option
    overlap: str | None = option(
        "--overlap",
        is_flag=False,
        flag_value="",
        metavar="[MAP]",
        type=FileType(output=True),
        help="Write no result; show how kernels overlap in each value of the output, what a "
        "constant becomes in each phase, and what lessens a checkerboard. MAP is a picture of it, "
        "such as map.png.",
    )
    animate: str | None = animation_options.animate_option
    view: "View" = animation_options.view_option
    cell_pixels: int | None = animation_options.cell_pixels_option
    fps: float = animation_options.fps_option
    theme: "Theme | None" = animation_options.theme_option
    html: str | None = shared_options.html_option
    seed: int = shared_options.seed_option
    output: str | None = shared_options.output_option
    format_name: str | None = shared_options.format_option
    compression: int | None = shared_options.compress_option
    value_range: ValueRange | None = shared_options.range_option
    depth: Literal[8] | None = shared_options.depth_option
    quiet: bool = shared_options.quiet_option
    force: bool = shared_options.force_option
    max_pixels: int = shared_options.max_pixels_option
    max_memory: int | None = shared_options.max_memory_option

    @property
    def reading(self) -> ReadOptions:
        """How the input is read."""
        return ReadOptions(
            max_pixels=self.max_pixels, depth=self.depth, integers=False, missing=self.missing
        )

    @property
    def settings(self) -> Settings:
        """The settings of the layer, whose kernel is still to be read."""
        return Settings(
            kernel=None,
            preset=self.weights,
            bias=_read_bias(self.bias),
            kernel_size=self.kernel,
            filters=self.filters,
            strides=self.stride,
            padding=self.padding[0] if isinstance(self.padding[0], str) else self.padding,
            output_padding=self.output_padding,
            output_shape=self.output_shape,
            dilation=self.dilation,
            groups=self.groups,
            seed=self.seed,
            data_format=self.data_format,
        )

    @property
    def writing(self) -> WriteOptions:
        """How the result is written."""
        return WriteOptions(self.compression, value_range=self.value_range)

    def check(self) -> None:
        """Raise where options are given that would be passed over."""
        animation_options.check_animated(self, self.animate, self.source, self.html)
        shared_options.check_explained(self.explain, self.format_name)
        if self.explain and self.source is None and self.source_layer is not None:
            raise click.UsageError("--explain of a layer needs INPUT, such as '1 2; 3 4'.")
        if self.overlap is not None:
            shared_options.check_shown("--overlap", self.format_name, ("table", "json"))
        given = self.given("--solve", "--fit", "--code", "--explain", "--overlap", "--html")
        if len(given) > 1:
            raise click.UsageError(f"{' and '.join(given)} each compute nothing else. Give one.")
        call = ["--from"] * (self.source_layer is not None and self.source is None)
        call *= self.overlap is None
        others = [*self.given("--solve", "--code"), *call]
        shared_options.check_digits(self.digits, self.format_name, others)
        written = self.given("--max-memory", "--range")
        if written and given:
            raise click.UsageError(f"{written[0]} is for a result. Leave {given[0]} out.")
        if self.html is not None:
            shared_options.check_html(self.source, (), WRITTEN)
        self._check_mode()

    def _check_mode(self) -> None:
        """Raise where an option is given that the mode of the call passes over."""
        if self.fit is None and self.set_by_user("--save-weights", "--apart", "--ridge"):
            raise click.UsageError("--save-weights, --apart and --ridge go with --fit. Give it.")
        modes = self.given(
            *("--solve", "--fit", "--code", "--explain", "--overlap", "--animate", "--html")
        )
        mode = modes[0] if modes else "A result"
        known = {"--solve": OF_SOLVE, "--fit": OF_FIT}.get(mode)
        fields = type(self).__annotations__.keys()
        if self.source_layer is not None and self.source is None:
            shown = mode == "A result"  # as a call
            refuse_unused("--from without INPUT", OF_CALLS if shown else OF_READING)
        refuse_unused(mode, UNUSED[mode] if known is None else fields - known)
        if self.source is None and self.source_layer is None and known is None:
            shared_options.check_demo(self.format_name)
        if mode in ("--solve", "--fit") and self.format_name not in (None, *LISTED):
            raise click.UsageError(
                f"--format of {mode} must be one of {', '.join(LISTED)}. "
                f"Received: {self.format_name}."
            )


def _read_bias(text: str) -> Array:
    """Read the numbers of `--bias`, or those of the file that it names."""
    if looks_like_matrix(text):
        return parse_text(text, "--bias", ReadOptions(integers=False)).ravel()
    if not (is_open(text) or names_file(text) or split_array_name(text) is not None):
        raise click.UsageError(
            "--bias must be numbers, as 0.5 or '1 2 3', or a file of them. "
            f"Received: {text[:MAX_SHOWN]}, which is neither."
        )
    return read_matrix(text, "--bias", vectors=True).ravel()


def read_kernel(
    weights: str, kernel_size: Pair | None, filters: int | None, groups: int, layout: KernelLayout
) -> Array | None:
    """Read the kernel that `--weights` names, or return None where that is a preset.

    Returns (rows, columns, filters / groups, channels); a matrix is the window of one channel.
    """
    if weights in KERNEL_PRESETS:
        return None
    if KERNEL_NAME.fullmatch(weights) and not (is_open(weights) or names_file(weights)):
        remedy = spelling_remedy(weights, KERNEL_PRESETS, "Name one of these.")
        raise click.UsageError(
            f"--weights must be {', '.join(KERNEL_PRESETS)}, a matrix or a file. "
            f"Received: {weights[:MAX_SHOWN]}. {remedy}"
        )
    kernel = read_matrix(weights, "--weights")
    if kernel.ndim == 3:
        raise ShapeError(
            "--weights must be (rows, columns) or (rows, columns, filters, channels). "
            f"Received: shape {kernel.shape}."
        )
    if kernel.ndim == 2:
        kernel = kernel[:, :, None, None]
    elif layout == "torch":
        kernel = kernel.transpose(2, 3, 1, 0)
    held = kernel.shape[2] * groups
    for name, wanted, has in (
        ("--kernel", kernel_size, kernel.shape[:2]),
        ("--filters", filters, held),
    ):
        if wanted not in (None, has):
            raise ShapeError(
                f"{name} must agree with --weights, of shape {kernel.shape}. "
                f"Received: {name} {wanted}. Leave {name} out."
            )
    return kernel
