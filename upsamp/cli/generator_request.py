"""What the options of `upsamp generator` ask for, as one value that all its parts take."""

from typing import TYPE_CHECKING, Literal

import click

from upsamp.cli import shared_options
from upsamp.cli.option_types import ChoiceType, CountType, FileType, NumbersType, PairType
from upsamp.cli.options import Options, argument, completed, option, wrong_command
from upsamp.cli.shared_options import check_digits
from upsamp.core.arguments import Pair
from upsamp.core.latent import PATHS
from upsamp.core.text import printable
from upsamp.io.atomic import check_target
from upsamp.io.read import names_file
from upsamp.io.streams import STANDARD_STREAM, is_open
from upsamp.models.files.saving import check_suffix
from upsamp.models.generator import GENERATORS
from upsamp.models.sampling.image_inputs import FITS, Fit
from upsamp.models.sampling.value_ranges import NAMED_RANGES

if TYPE_CHECKING:
    from upsamp.views.palette import Theme

STEPS = 8
DEFAULT_SAMPLES = 16
# Names that are meant for the model, and not for a picture.
MODEL_SUFFIXES = (".keras", ".h5", ".json")
# Of the weights of a program.
WEIGHTS_SUFFIX = ".safetensors"


class Request(Options):
    """The options of one call."""

    file: str | None = argument(metavar="[FILE]", type=FileType(), required=False)
    model_option: str | None = option(
        "--model",
        type=FileType(),
        help="A saved model, as FILE is: .keras, its folder, .h5, or JSON; '-' is standard input.",
    )
    weights: str | None = shared_options.weights_option
    max_size: int = shared_options.max_size_option
    kind: str | None = option(
        "--kind",
        type=ChoiceType(tuple(GENERATORS)),
        help="Without --model: the tutorial's two, or a DCGAN for 28x28.  [default: upsampling]",
    )
    latent: int | None = option(
        "--latent", type=CountType(), help="Of --kind: length of the latent vector.  [default: 100]"
    )
    size: Pair | None = option(
        "--size",
        type=PairType(),
        help="Of --kind: rows and columns of the base grid.  [default: 5, of dcgan 7]",
    )
    channels: int | None = option(
        "--channels",
        type=CountType(1, 4),
        help="Of --kind: channels of the images, 1 grey, 3 colour.  [default: 1]",
    )
    samples: int | None = option(
        "--samples",
        type=CountType(),
        metavar="N",
        help="How many samples are drawn.  [default: 16, of --layer 1, of a file all its rows]",
    )
    seed: int = shared_options.seed_option
    latent_file: str | None = option(
        "--latent-file",
        type=FileType(),
        help="Points of the latent space, a row each, as .npy, .csv or text; or .npz with an array "
        "for each input, by name.",
    )
    images: tuple[str, ...] = option(
        "--image",
        multiple=True,
        type=FileType(),
        help="A picture for a model that takes images; may be given several times.",
    )
    fit: Fit | None = option(
        "--fit",
        type=ChoiceType(FITS),
        help="How an --image gets the model's size: resize changes its shape, pad adds black, "
        "crop keeps the middle.  [default: resize]",
    )
    max_pixels: int = shared_options.max_pixels_option
    depth: Literal[8] | None = shared_options.depth_option
    labels: tuple[int, ...] | None = option(
        "--label",
        type=NumbersType(1000, "N[,N...]", "labels counted from 0, as in 3 or 0,1,2", minimum=0),
        help="Labels that the samples get in turn; an input of vectors gets them one-hot.  "
        "[default: all of them]",
    )
    interpolate: Pair | None = option(
        "--interpolate",
        type=CountType(0),
        nargs=2,
        metavar="A B",
        help="Draw the way from sample A to sample B, counted from 0 as they lie in the grid.",
    )
    steps: int | None = option(
        "--steps",
        type=CountType(2),
        metavar="N",
        help=f"Samples on the way, both ends included.  [default: {STEPS}]",
    )
    path: str | None = option(
        "--path",
        type=ChoiceType(PATHS),
        help="The way: along a sphere, where such points lie, or straight.  [default: spherical]",
    )
    layer: str | None = option(
        "--layer",
        metavar="NAME",
        shell_complete=completed("complete_layer"),
        help="Draw the feature maps of this layer; OUTER/INNER is a layer of a nested model.",
    )
    trace: str | None = option(
        "--trace",
        type=FileType(output=True),
        help="Draw what every layer makes of one sample, from the inputs to the output, with its "
        "shape and range, as a picture; '-' is standard output, as PNG.",
    )
    theme: "Theme | None" = option(
        "--theme",
        type=ChoiceType(("light", "dark")),
        help="Of --trace: the colours of the paper and the words.  [default: light]",
    )
    output: str | None = option(
        "-o",
        "--output",
        type=FileType(output=True),
        help="Write the samples as one tiled picture; '-' is standard output, as PNG.",
    )
    samples_out: str | None = option(
        "--samples-out",
        type=FileType(output=True),
        help="Write the samples themselves, (N, rows, columns, channels), as .npy, .npz or .json.",
    )
    checkerboard: str | None = option(
        "--checkerboard",
        is_flag=False,
        flag_value="",
        metavar="[SPECTRUM]",
        type=FileType(output=True),
        help="Write no samples; measure their checkerboards: the energy of their spectrum at the "
        "frequencies of each layer that upsamples, over that beside them. SPECTRUM is a picture of "
        "the mean spectrum, such as spectrum.png.",
    )
    format_name: str | None = option(
        "--format",
        type=ChoiceType(("table", "json")),
        help="How --checkerboard is shown.  [default: table]",
    )
    digits: int | None = shared_options.digits_option
    save: str | None = option(
        "--save",
        type=FileType(output=True),
        help="Write the generator as .keras, which Keras 3 loads, or as .onnx; or its weights "
        "alone, as .weights.h5, .npz or .safetensors.",
    )
    html: str | None = shared_options.html_option
    library: str | None = shared_options.code_option
    grid: Pair | None = option(
        "--grid",
        type=PairType(),
        metavar="ROWSxCOLUMNS",
        help="Tiles of the picture, row by row.  [default: near to a square]",
    )
    value_range: str = option(
        "--range",
        type=ChoiceType((*NAMED_RANGES, "auto")),
        default="auto",
        help="Black and white: -1 and 1, 0 and 1, 0 and 255, or as the last activation says, else "
        "as the pixels of --image went in, or the least and the greatest value.",
    )
    zoom: int = option(
        "--zoom", type=CountType(), default=1, help="Enlarge the picture by this factor."
    )
    batch: int = option(
        "--batch",
        type=CountType(),
        default=32,
        metavar="N",
        help="Samples computed at a time, which bounds the memory.",
    )
    compression: int | None = shared_options.compress_option
    quiet: bool = shared_options.quiet_option
    force: bool = shared_options.force_option

    @property
    def model(self) -> str | None:
        """The file of the model, where it is read from one."""
        return self.file if self.model_option is None else self.model_option

    @property
    def writes(self) -> bool:
        """Whether samples are wanted at all."""
        written = self.output, self.samples_out, self.trace, self.html
        return any(one is not None for one in written)

    @property
    def draws(self) -> bool:
        """Whether samples are wanted as a picture."""
        return self.output is not None or self.html is not None

    @property
    def runs(self) -> bool:
        """Whether samples are computed, to be written or to be measured."""
        return self.writes or self.checkerboard is not None

    @property
    def takes_standard_output(self) -> bool:
        """Whether standard output is that of the samples, and nothing else may be printed."""
        written = self.output, self.samples_out, self.save, self.trace, self.html
        return STANDARD_STREAM in written

    @property
    def shows_summary(self) -> bool:
        """Whether the summary of the model is shown, as nothing takes its place."""
        made = self.writes or self.save is not None
        quiet = (self.quiet and made) or self.html is not None
        return not (self.takes_standard_output or quiet or (self.model and self.writes))

    def check(self) -> None:
        """Raise where options contradict each other, or would be passed over."""
        self._check_model()
        for name in self.given("--steps", "--path"):
            if self.interpolate is None:
                _refuse(f"{name} is for the way between two points. Give --interpolate A B")
        files = (self.latent_file, *self.images)
        points = self.samples or DEFAULT_SAMPLES
        if self.interpolate is not None and not any(files) and max(self.interpolate) >= points:
            _refuse(
                f"The points to interpolate must be among the {points:,} samples, counted from 0. "
                f"Received: {max(self.interpolate)}. Use --samples {max(self.interpolate) + 1} or "
                "more, or other points"
            )
        self._check_use()
        self._check_trace()
        self._check_measured()
        self._check_program()
        if self.save is not None:
            with wrong_command():
                check_suffix(self.save)
            check_target(self.save, overwrite=self.force)
        same = self.latent_file is not None and self.latent_file == self.samples_out
        if same and not is_open(str(self.samples_out)):
            _refuse("--latent-file and --samples-out must be two files")

    def _check_model(self) -> None:
        """Raise where it is not said, or said twice, which model there is to be."""
        given = self.given("--kind", "--latent", "--size", "--channels")
        if self.file == "":
            _refuse("FILE must be a saved model. Received: '', which is empty")
        if self.file is not None and self.model_option is not None:
            _refuse("FILE and --model both name the model. Leave one out")
        if self.file in GENERATORS and not names_file(str(self.file)):
            _refuse(f"FILE must be a saved model. Received: {self.file}. Use --kind {self.file}")
        if self.model is not None and given:
            _refuse(f"--model has an architecture of its own. Leave out {', '.join(given)}")
        if self.model is None and self.weights is not None:
            _refuse("--weights must have a model to go into. Give --model FILE")

    def _check_program(self) -> None:
        """Raise where a program is wanted beside what it does not go with."""
        drawn = self.given("-o", "--samples-out", "--html")
        if self.library is None:
            return
        if drawn:
            _refuse(f"--code prints a program, and draws no samples. Leave out {drawn[0]}")
        if self.save is not None and not self.save.lower().endswith(WEIGHTS_SUFFIX):
            _refuse(
                f"--code must have its weights in a {WEIGHTS_SUFFIX} file. "
                f"Received: --save {printable(self.save)}"
            )

    def _check_trace(self) -> None:
        """Raise where the way of one sample is drawn beside what it does not go with."""
        if self.trace is None:
            if self.theme is not None:
                _refuse("--theme is for --trace. Give --trace FILE.png")
            return
        others = self.given("-o", "--samples-out", "--layer", "--interpolate", "--save", "--code")
        others += self.given("--html")
        others += self.set_by_user("--grid", "--zoom", "--batch")
        others += ["--samples"] * (self.samples not in (None, 1))
        if others:
            _refuse(f"--trace draws all layers of one sample. Leave {others[0]} out")

    def _check_use(self) -> None:
        """Raise where an option is given for what is not drawn."""
        if self.compression is not None and not (self.output or self.checkerboard):
            _refuse("--compress is for the picture. Give -o FILE.png")
        picture = self.given("--grid") + ["--zoom"] * (self.zoom != 1)
        picture += ["--range"] * (self.value_range != "auto" and not self.images)
        if picture and not self.draws and self.trace is None:
            _refuse(f"{picture[0]} is for the picture. Give -o FILE.png")
        names = "--samples", "--latent-file", "--image", "--label", "--interpolate", "--layer"
        samples = self.given(*names)
        for name in self.given("--fit", "--depth"):
            if not self.images:
                _refuse(f"{name} is for pictures that a model takes. Give --image FILE")
        drawn = self.runs or self.trace is not None
        made = self.save is not None and self.model is None
        idle = self.set_by_user("--batch", *([] if made else ["--seed"]))
        if idle and not drawn:
            _refuse(f"{idle[0]} is for samples. Give -o FILE.png or --samples-out FILE")
        if samples and not self.runs:
            _refuse(f"{samples[0]} is for samples. Give -o FILE.png or --samples-out FILE")

    def _check_measured(self) -> None:
        """Raise where samples are measured, and more is asked for; or what goes with that alone."""
        if self.checkerboard is None:
            for name in self.given("--format", "--digits"):
                _refuse(f"{name} goes with --checkerboard. Give it, or leave {name} out")
            return
        given = self.given("-o", "--samples-out", "--save", "--code", "--trace", "--html")
        if given:
            _refuse(f"--checkerboard measures samples, and writes none. Leave {given[0]} out")
        if str(self.checkerboard).lower().endswith(MODEL_SUFFIXES):
            _refuse(
                "--checkerboard takes the name of a picture, such as spectrum.png. Received: "
                f"{printable(str(self.checkerboard))}. Give the model before it"
            )
        check_digits(self.digits, self.format_name, ())


def _refuse(rule: str) -> None:
    raise click.UsageError(f"{rule}.")
