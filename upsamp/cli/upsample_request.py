"""What the options of `upsamp upsample` ask for, as one value that all its parts take."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from upsamp.bulk.inputs import kind_of, kind_there
from upsamp.bulk.names import TEMPLATE
from upsamp.cli import animation_options, shared_options
from upsamp.cli.option_types import ChoiceType, CountType, FactorType, FileType, TargetType
from upsamp.cli.options import Options, argument, option, parsed, refuse_unused, wrong_command
from upsamp.cli.shared_options import check_demo, check_digits, check_explained, check_html
from upsamp.core.arguments import (
    CONVENTIONS,
    DATA_FORMATS,
    Convention,
    DataFormat,
    Interpolation,
    Pair,
)
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import normalize_rule
from upsamp.io.formats import IMAGE_FORMATS, MATRIX_FORMATS, format_of_name
from upsamp.io.picture_options import (
    Background,
    Missing,
    Quality,
    ReadOptions,
    ValueRange,
    WriteOptions,
)
from upsamp.io.remote_paths import local_path
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.resizing.enlarging import Enlarging

if TYPE_CHECKING:
    from fractions import Fraction

    from upsamp.explain.animation import View
    from upsamp.resizing.network import Network
    from upsamp.views.palette import Theme


# What the options of a written result are; and those that a mode does not use.
WRITTEN = frozenset({"compression", "quality", "strip", "background", "value_range"})
UNUSED: Mapping[str, frozenset[str]] = {
    "--explain": WRITTEN | {"output"},
    "--compare": WRITTEN | {"output", "cell"},
    "--code": WRITTEN | {"format_name", "cell"},
    "--sheet": frozenset({"interpolation", "strip", "value_range"}),
    "--animate": frozenset({"digits"}),
}
# How --reference shows its numbers.
MEASURED = ("table", "plain", "json", "csv")


class Request(Options):
    """The options of one call."""

    sources: tuple[str, ...] = argument(
        metavar="[INPUT]...",
        type=FileType(),
        nargs=-1,
        callback=lambda _context, _option, value: () if value == ("",) else value,
    )
    factors: "tuple[Fraction, Fraction] | None" = option(
        "--size", type=FactorType(), help="Factor of the rows and of the columns.  [default: 2]"
    )
    target: tuple[int | None, int | None] | None = option(
        "--to",
        type=TargetType(),
        help="Size of the result in pixels, in the place of --size; 1920x and x1080 keep the "
        "shape.",
    )
    keep_larger: bool = option(
        "--keep-larger",
        help="With --to, let what is larger keep its size, where that is an error otherwise: a "
        "file is copied byte for byte, unless --format, --frame, --strip, --range or --background "
        "asks for another one.",
    )
    interpolation: Interpolation = option(
        "--interp",
        "--interpolation",
        type=ChoiceType(tuple(METHODS)),
        default="nearest",
        help="How the values between the pixels are found.",
    )
    model: str | None = option(
        "--model",
        type=FileType(),
        help="Let a trained network make the result in the place of --interp: .keras, .h5, or JSON "
        "with --weights. Its scale is found from its shapes; one that keeps the size, as SRCNN, is "
        "given the bicubic enlargement. The pixels go in and come out in the range that its layers "
        "say, or that --range says; those of floats or of 32 bits must have a --range.",
    )
    weights: str | None = shared_options.weights_option
    tile: int | None = option(
        "--tile",
        type=CountType(),
        metavar="N",
        help="Of --model: run it on tiles of NxN pixels, which gives what the whole would.  "
        "[default: what is fast, and fits --max-memory]",
    )
    max_size: int = shared_options.max_size_option
    convention: Convention = option(
        "--convention",
        type=ChoiceType(CONVENTIONS),
        default="keras",
        help="Whose numbers: keras (also TensorFlow, JAX, Pillow's floats, and OpenCV's area) or "
        "torch (also OpenCV, but for area).",
    )
    align_corners: bool = option("--align-corners", help="Let the corner pixels' centres coincide.")
    linear: bool = shared_options.linear_option
    data_format: DataFormat | None = option(
        "--data-format",
        type=ChoiceType(DATA_FORMATS),
        help="Where the channels of a matrix of rank 3 or 4 stand; by default they are last.",
    )
    missing: Missing = shared_options.missing_option
    compare: bool = option(
        "--compare", help="Write nothing; show how far other libraries' results lie from this one."
    )
    sheet: str | None = option(
        "--sheet",
        type=FileType(output=True),
        help="In place of the result, write a picture of every method on the parts where they "
        "differ most.",
    )
    reference: str | None = option(
        "--reference",
        type=FileType(),
        help="Show PSNR and SSIM of the result, and of those of all methods, beside this larger "
        "picture, as a table or by --format json or csv; the result is written where -o says.",
    )
    preview: bool = option(
        "--preview",
        help="Show the result on the terminal, besides writing it; one of '-' is only shown.",
    )
    explain: bool = shared_options.explain_option
    cell: Pair | None = shared_options.cell_option
    html: str | None = shared_options.html_option
    digits: int | None = shared_options.digits_option
    animate: str | None = animation_options.animate_option
    view: "View" = animation_options.view_option
    cell_pixels: int | None = animation_options.cell_pixels_option
    fps: float = animation_options.fps_option
    theme: "Theme | None" = animation_options.theme_option
    library: str | None = shared_options.code_option
    output: str | None = shared_options.output_option
    recursive: bool = option("-r", "--recursive", help="Search the folders below folders, too.")
    out_dir: str | None = option(
        "--out-dir",
        metavar="DIR",
        callback=parsed(local_path),
        help="Write all results to this folder, which is made, with the folders below those given.",
    )
    template: str | None = option(
        "--name",
        metavar="TEMPLATE",
        help="How results are named, of {stem}, {size}, {interp}, {suffix}, {ext} (of the source) "
        f"and {{number}}.  [default: {TEMPLATE}]",
    )
    jobs: int | None = option(
        "-j",
        "--jobs",
        type=CountType(),
        metavar="N",
        help="Number of worker processes.  [default: as many as there are cores]",
    )
    dask: str | None = option(
        "--dask",
        metavar="ADDRESS",
        help="Let a Dask cluster do it: its scheduler's address, as tcp://host:8786, or file; or "
        "local for one of --jobs workers on this machine.",
    )
    skip_existing: bool = option(
        "--skip-existing", help="Skip images whose result exists, as after an interruption."
    )
    report: str | None = option(
        "--report",
        type=FileType(output=True),
        help="Write a report of all files to FILE, as JSON; '-' is standard output.",
    )
    quiet: bool = shared_options.quiet_option
    format_name: str | None = shared_options.format_option
    compression: int | None = shared_options.compress_option
    quality: Quality = shared_options.quality_option
    value_range: ValueRange | None = shared_options.range_option
    strip: bool = shared_options.strip_option
    background: Background | None = shared_options.background_option
    frame: int | None = shared_options.frame_option
    auto_orient: bool = shared_options.orient_option
    depth: Literal[8] | None = shared_options.depth_option
    force: bool = shared_options.force_option
    dry: bool = option(
        "--dry-run",
        help="Write nothing; list each source, its result and the result's WIDTHxHEIGHT.",
    )
    max_pixels: int = shared_options.max_pixels_option
    max_memory: int | None = shared_options.max_memory_option

    @property
    def source(self) -> str | None:
        """The one input, where there is one."""
        return self.sources[0] if self.sources else None

    @cached_property
    def many(self) -> bool:
        """Whether the inputs are a run over files, which is searched for once."""
        named = "--recursive", "--out-dir", "--name", "--jobs", "--dask", "--skip-existing"
        return _is_run(self.sources, self.given(*named, "--report"))

    @property
    def shown_elsewhere(self) -> bool:
        """Whether what is wanted is how it is computed, what other libraries do, or a program."""
        drawn = self.animate is not None
        return self.compare or self.explain or drawn or self.library is not None

    @cached_property
    def enlarging(self) -> Enlarging:
        """What is done to an image or a matrix."""
        network = self._network
        factors: tuple[int | Fraction, int | Fraction] = self.factors or (2, 2)
        if network is not None and not network.keeps:
            self._check_scale(network)
            factors = network.scale
        return Enlarging(
            factors,
            self.target,
            self.interpolation if network is None else "bicubic",
            self.convention,
            self.align_corners,
            self.data_format,
            self.linear,
            self.max_pixels,
            self.keep_larger,
            network,
        )

    @cached_property
    def _network(self) -> "Network | None":
        """The network that makes the result, if that is asked for."""
        if self.model is None:
            return None
        from upsamp.models.superresolution.network import Network  # few have a network

        value_range = self.value_range
        if value_range == "auto":
            _refuse(
                "--range must be the values of black and white in the network, with --model. "
                "Received: auto. Use LOW HIGH, as in 0 1."
            )
        model, weights = self.model, self.weights
        if self.dask is not None:  # whose workers may be elsewhere
            model = str(Path(model).absolute())
            weights = weights and str(Path(weights).absolute())
        return Network(
            model, weights, value_range=value_range, tile=self.tile, max_size=self.max_size
        )

    def _check_scale(self, network: "Network") -> None:
        """Raise where another size is asked for than the network makes."""
        rows, columns = network.scale
        if self.target is not None or self.factors not in (None, network.scale):
            option = "--size" if self.target is None else "--to"
            _refuse(
                f"{option} is for networks that keep the size. Received: {option} for "
                f"'{self.model}', which enlarges by {float(rows):g}x{float(columns):g}. Leave it "
                "out, and enlarge the result with --interp."
            )

    @property
    def copied(self) -> str | None:
        """The input, if it may be copied as it is; another frame, or less of it, is no copy."""
        changed = self.frame is not None or self.writing.changes
        return self.source if self.keep_larger and not changed else None

    @cached_property
    def reading(self) -> ReadOptions:
        """How images are read."""
        output = None if self.many else self.output
        copied = METHODS[self.interpolation].only_copies and self.model is None
        return ReadOptions(
            not copied
            or self.sheet is not None
            or (self.html is not None and not self.many)
            or self.reference is not None
            or self.shown_elsewhere
            or self.value_range is not None
            or _wants_matrix(output, self.format_name),
            self.max_pixels,
            self.depth,
            self.auto_orient,
            self.frame,
            every_frame=not self._unwritten,
            # Integers would round what lies between them.
            integers=copied and (self.sheet or self.reference or self.html) is None,
            missing=self.missing,
            plain=self.model is not None,
            ends=self.value_range if self.model and self.value_range != "auto" else None,
        )

    @cached_property
    def writing(self) -> WriteOptions:
        """How images are written."""
        # Of a network it is the range of what goes in and comes out.
        value_range = self.value_range if self.model is None else None
        return WriteOptions(
            self.compression, self.quality, self.strip, self.background, value_range
        )

    def check(self) -> None:
        """Raise where options contradict each other, or would be passed over."""
        animation_options.check_animated(self, self.animate, self.source, self.html)
        self._check_network()
        with wrong_command():
            # A sheet shows each method, and aligns the corners of those that can.
            method = self.interpolation if self.sheet is None else "bilinear"
            normalize_rule(method, self.convention, align_corners=self.align_corners, alpha=False)
        if self.target is not None and self.factors is not None:
            _refuse("--size and --to both say the size of the result. Give one of them.")
        self._check_elsewhere()
        if self.strip and not self.auto_orient:
            _refuse("--strip drops the orientation that --no-auto-orient leaves.")
        self._check_written()
        if self.preview or self.sheet is not None:
            self._check_look()
        if self.background is not None and self._unwritten:
            _refuse(
                "--background is for a result that is written. Leave --sheet, --compare, --code "
                "and --explain out, or with --reference use -o FILE."
            )
        if self.reference is not None:
            self._check_measured()
        if self.sheet is not None and (self.output is not None or self.format_name is not None):
            _refuse("--sheet is written in the place of a result. Leave out -o and --format.")
        if self.many:
            self._check_many()
        self._check_mode()
        if self.model is not None:
            _ = self.enlarging  # which reads it, so that what is wrong is told before any work

    def _check_mode(self) -> None:
        """Raise where an option is given that the mode of the call passes over."""
        # A network takes and gives the range, whatever its result is for.
        used = {"value_range"} if self.model is not None else set()
        for mode in self.given(*UNUSED):
            refuse_unused(mode, UNUSED[mode] - used)
        if self.reference is not None and self.output is None:
            refuse_unused("--reference without -o", WRITTEN - used)
        if self.source is None:
            check_demo(self.format_name)

    def _check_elsewhere(self) -> None:
        """Raise where options do not go with what other libraries compute, or with the steps."""
        check_explained(self.explain, self.format_name)
        others = self.given("--code", "--sheet", "--dry-run", "--preview", "--report")
        measured = ("plain",) * (self.reference is not None)
        check_digits(self.digits, self.format_name, others, *measured)
        given = self.given("--compare", "--code", "--explain")
        if len(given) > 1:
            _refuse(f"{' and '.join(given)} each compute nothing else. Give one of them.")
        if self.html is not None and self.many:
            self._check_gallery()
        elif self.html is not None:
            kept = ["--max-memory"] * (self.max_memory is not None)
            kept += self.given("--sheet", "--preview", "--reference", "--dry-run", "--keep-larger")
            ranged = {"value_range"} if self.model else set()
            check_html(self.source, [*given, *kept], WRITTEN - ranged)
        if self.linear and given:
            _refuse(f"--linear is in no other library, nor explained. Leave {given[0]} out.")

    def _check_gallery(self) -> None:
        """Raise where options do not go with a page of many files."""
        given = [*self.given("--dry-run", "--cell"), *self.set_by_user(*animation_options.OPTIONS)]
        if given:
            _refuse(f"--html of several files shows what is written. Leave {given[0]} out.")

    def _check_many(self) -> None:
        """Raise where options are for one file."""
        named = "-o", "--compare", "--code", "--explain", "--animate", "--data-format", "--digits"
        given = self.given(*named, "--reference")
        given += ["--missing"] * (self.missing == "nan")
        if given:
            _refuse(
                "Of several files each has its result: --out-dir DIR says where. "
                f"Leave out {' and '.join(given)}."
            )

    def _check_network(self) -> None:
        """Raise where options are for a network, and there is none; or for an interpolation."""
        if self.model is None:
            for name in self.set_by_user("--weights", "--tile", "--max-size"):
                _refuse(f"{name} is for a network. Give --model FILE.")
            return
        kinds = "--interp", "--convention", "--align-corners", "--linear"
        given = self.set_by_user(*kinds, "--compare", "--code", "--explain")
        if given:
            _refuse(
                "--model makes the result in the place of an interpolation. "
                f"Leave out {' and '.join(given)}, or --model."
            )
        if is_stream(self.model) and (self.many or self.dask is not None):
            _refuse(
                "Of several files each process reads --model, which must be a file. "
                f"Received: '{self.model}'. Save it first."
            )

    @property
    def _unwritten(self) -> bool:
        measured = self.reference is not None and self.output is None
        return self.shown_elsewhere or self.sheet is not None or measured

    def _check_measured(self) -> None:
        """Raise where options do not go with the numbers that --reference shows."""
        if self.format_name not in (None, *MEASURED):
            _refuse(
                f"--reference shows its numbers as {', '.join(MEASURED)}. "
                f"Received: --format {self.format_name}. Use one of these."
            )
        given = self.given(
            "--compare", "--code", "--explain", "--sheet", "--preview", "--max-memory"
        )
        if given:
            _refuse(f"--reference shows numbers of whole results. Leave {given[0]} out.")
        if self.output == STANDARD_STREAM:
            _refuse("--reference shows its numbers on standard output. Use -o FILE.")

    def _check_written(self) -> None:
        """Raise where options are for a result that is written, and there is none."""
        shown = self._unwritten or self.preview
        if self.max_memory is not None and shown:
            _refuse(
                "--max-memory bounds results that are written, and --preview, --sheet, --compare, "
                "--code and --explain hold theirs whole. Leave one of them out."
            )
        if self.dry and (shown or self.report or self.reference):
            _refuse(
                "--dry-run makes nothing, and --preview, --sheet, --compare, --code, --reference "
                "and --report show what was made. Leave one of them out."
            )
        if self.keep_larger and (self.target is None or self._unwritten):
            _refuse("--keep-larger goes with --to, and with what is written. Leave it out.")
        if self.value_range is not None and self.model is None and self._unwritten:
            _refuse("--range is for an image that is written. Leave it out.")

    def _check_look(self) -> None:
        """Raise where there would be nothing to look at, before any work is done."""
        if self.many:
            _refuse("--preview and --sheet are for one image. Give one alone.")
        if self.shown_elsewhere:
            _refuse(
                "--compare, --code and --explain make no result that --preview or --sheet could "
                "show. "
                "Leave one of them out."
            )
        if self.preview:
            from upsamp.cli.render.preview import check_preview  # few look at what they make

            check_preview()


def _refuse(rule: str) -> NoReturn:
    raise click.UsageError(rule)


def _wants_matrix(output: str | None, format_name: str | None) -> bool:
    """Tell whether the result is to be a matrix, in which the numbers of a palette mean nothing."""
    if format_name is None:
        return output is not None and format_of_name(output) in MATRIX_FORMATS
    return format_name not in IMAGE_FORMATS


# --- when inputs are a run over several files, and not one image or matrix


def _is_run(words: Sequence[str], given: Sequence[str]) -> bool:
    """Tell whether these inputs are a run over files; `given` are the options of one.

    Raises `click.UsageError` where they can be neither.
    """
    kinds = [kind_of(word) for word in words]
    if len(words) == 2 and not given and kinds[1] == "missing" != kinds[0]:
        _refuse_target(words[1])
    if len(words) < 2 and not given:
        kinds = [kind_there(word) for word in words]  # which asks where it is remote
        return bool({"folder", "pattern"} & {*kinds})
    if not words:
        raise click.UsageError(f"{given[0]} goes with files. Give files, folders or patterns.")
    for word, kind in zip(words, kinds, strict=True):
        if kind in ("stream", "matrix"):
            alone = f"be without {given[0]}" if len(words) < 2 else "be alone"
            what = "A pipe" if kind == "stream" else "A matrix"
            what = "Standard input, '-'," if word == STANDARD_STREAM else what
            quoted = "Put all of it in quotes, as '1 2; 3 4', or give files."
            remedy = quoted if what == "A matrix" and len(words) > 1 else "Give files."
            raise click.UsageError(f"{what} must {alone}. Received: '{word}'. {remedy}")
    return True


def _refuse_target(word: str) -> None:
    """Raise for the second of two inputs, which is not there: it is meant for the result."""
    remedy = f"To write all results to a folder, use --out-dir {word}."
    if format_of_name(word) is not None:
        remedy = f"To write the result to it, use -o {word}."
    _refuse(f"There is no file '{word}'. {remedy}")
