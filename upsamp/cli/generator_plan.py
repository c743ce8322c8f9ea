"""What `upsamp generator` works with: a model, its inputs, and where samples go."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import click
import numpy as np

from upsamp.cli.generator_request import DEFAULT_SAMPLES, STEPS, Request
from upsamp.cli.options import as_options, wrong_command
from upsamp.cli.output import refuse_on_terminal
from upsamp.core.arguments import Array
from upsamp.core.text import printable
from upsamp.errors import ArgumentError, ShapeError
from upsamp.io.array_files import read_named_arrays
from upsamp.io.atomic import check_target
from upsamp.io.formats import format_of_name, is_image_format
from upsamp.io.picture_options import ReadOptions, WriteOptions, check_result
from upsamp.io.pictures import Picture
from upsamp.io.read import read_source
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import Destination
from upsamp.models.files.loading import load_model
from upsamp.models.generator import make_generator
from upsamp.models.model import Model
from upsamp.models.sampling.features import check_known, feature_model, output_model
from upsamp.models.sampling.image_inputs import image_rows
from upsamp.models.sampling.image_layout import image_shape, takes_channels_first
from upsamp.models.sampling.input_roles import InputRole, input_roles
from upsamp.models.sampling.sample_grid import COLOURS, SampleGrid, plan_sample_grid
from upsamp.models.sampling.sample_runs import SampleRun
from upsamp.models.sampling.sampled_inputs import (
    Feed,
    Interpolation,
    interpolate_feed,
    name_inputs,
    plan_feed,
)
from upsamp.models.sampling.value_ranges import NAMED_RANGES, Range, image_ranges, output_range
from upsamp.models.training import training_notes

ARRAY_FORMATS = ("npy", "npz", "json")
DEFAULT_KIND = "upsampling"


# --- where samples go


def choose_target(
    name: str | None, request: Request, *, pictures: bool, option: str = "-o"
) -> Destination | None:
    """Return where what `option` names goes, and check that it can be written, before the work."""
    default = "png" if pictures else "npy"
    if name is None:
        return None
    if name == STANDARD_STREAM:
        refuse_on_terminal(default)
    format_name = format_of_name(name) or (default if is_stream(name) else "")
    fits = is_image_format(format_name) if pictures else format_name in ARRAY_FORMATS
    if not (format_name and fits):
        rule = f"{option} must name an image, such as grid.png"
        rule = rule if pictures else "--samples-out must name .npy, .npz or .json"
        raise click.UsageError(f"{rule}. Received: {printable(name)}.")
    check_target(name, overwrite=request.force)
    return Destination(name, format_name, WriteOptions(request.compression), request.force)


# --- the model


def open_generator(request: Request) -> Model:
    """Return the model that is read from a file, or the generator that is made."""
    if request.model is not None:
        return load_model(request.model, request.weights, max_size=request.max_size)
    return make_generator(
        request.kind or DEFAULT_KIND,
        request.latent or 100,
        request.size,
        request.channels or 1,
        request.seed,
    )


# --- what is drawn


class Plan(NamedTuple):
    """What is run, how it is shown, and what the user is told of it."""

    run: SampleRun
    sample_grid: SampleGrid | None
    value_range: Range | None
    notes: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """The bytes of all samples."""
        return math.prod(self.run.shape) * self.run.model.dtype.itemsize


def plan_run(model: Model, request: Request) -> Plan:
    """Decide what is run and how it is shown, with everything read and checked."""
    try:
        part = output_model(model) if request.layer is None else feature_model(model, request.layer)
    except ArgumentError as error:
        raise ArgumentError(as_options(str(error), name="--layer")) from error
    check_known(part)
    part.seed_noise(request.seed)
    roles = input_roles(model, labelled=bool(request.labels))
    given, notes = _read_inputs(model, roles, request)
    if roles != input_roles(model):
        [labels] = [one for one in roles if one.role == "one_hot"]
        notes.append(f"the labels go to input {labels}, as rows with a 1 at the label's place")
    feed = _plan_feed(roles, given, request)
    run = SampleRun(part, feed, request.batch)
    rows, columns = (*run.shape[1:-1], 1, 1)[:2]
    check_result(rows, columns, request.max_pixels, math.prod(run.shape[:-1]))
    sample_grid = _plan_sample_grid(run, request) if request.draws else None
    shown_range = NAMED_RANGES.get(request.value_range)
    if shown_range is None and request.layer is None:
        shown_range = _shown_range(part, roles, request)
    notes += [*training_notes(part), *feed.notes, *_shown_notes(model, sample_grid, request)]
    if sample_grid is not None and len(run.shape) == 2 and sample_grid.tile[0] > 1:
        values, columns = run.shape[1], sample_grid.tile[1]
        notes.append(f"the {values:,} values of a sample are folded into rows of {columns:,}")
    if any(weight.value is None for weight in model.weights):  # as no file had them
        notes.append(
            "the weights are random, so the generator is untrained and its samples are noise"
        )
    return Plan(run, sample_grid, shown_range, tuple(notes))


def _shown_range(part: Model, roles: Sequence[InputRole], request: Request) -> Range | None:
    """Return what is black and white: of images that become images, as the pixels went in."""
    shape = part.output_shapes[0]
    if not request.images or shape is None or len(shape) != 4:
        return output_range(part)
    return image_ranges(part, _image_place(roles))[1]


def _plan_feed(roles: Sequence[InputRole], given: Mapping[str, Array], request: Request) -> Feed:
    """Decide what the inputs are given."""
    labels = request.labels or ()
    one = request.trace is not None or request.layer is not None
    several = request.interpolate is not None or request.checkerboard is not None
    feed = plan_feed(
        roles,
        given,
        samples=request.samples,
        default=1 if one and not several else DEFAULT_SAMPLES,
        seed=request.seed,
        labels=labels,
    )
    if request.interpolate is None:
        return feed
    way = Interpolation(*request.interpolate, request.steps or STEPS, request.path or "spherical")
    return interpolate_feed(feed, roles, way, labels)


def _plan_sample_grid(run: SampleRun, request: Request) -> SampleGrid:
    """Decide how the samples lie in the picture."""
    grid = request.grid
    count = run.feed.count
    shape = image_shape(run.shape)
    split = request.layer is not None and len(run.shape) == 4
    if grid is None and len(run.shape) == 2 and shape[1] == 1:
        grid = (count, 1)
    elif grid is None and request.interpolate is not None and not split and shape[3] in COLOURS:
        grid = (1, count)
    with wrong_command():
        sample_grid = plan_sample_grid(shape, grid, request.zoom, split=split)
    check_result(sample_grid.shape[0], sample_grid.shape[1], request.max_pixels)
    return sample_grid


def _shown_notes(model: Model, sample_grid: SampleGrid | None, request: Request) -> list[str]:
    """Say what the user could not guess of what is drawn."""
    notes = []
    if request.layer is None and len(model.output_sources) > 1:
        name = model.calls[model.output_sources[0].call].layer.name
        notes.append(
            f"the model has {len(model.output_sources)} outputs, and the first, '{name}', "
            "is drawn; --layer NAME draws another"
        )
    if sample_grid is not None and sample_grid.planes > 1 and request.layer is None:
        notes.append(
            f"{sample_grid.planes} channels are no colours, so each is a picture in grey beside "
            "the others"
        )
    return notes


# --- what the inputs are given


def _read_inputs(
    model: Model, roles: Sequence[InputRole], request: Request
) -> tuple[dict[str, Array], list[str]]:
    """Read what files give to the inputs, by their names, and notes of what was lost."""
    given: dict[str, Array] = {}
    notes: list[str] = []
    if request.latent_file is not None:
        arrays = read_named_arrays(request.latent_file, "--latent-file")
        given |= name_inputs(roles, arrays, f"'{request.latent_file}'")
    if request.images:
        place = _image_place(roles)
        given[roles[place].name], notes = _read_images(model, roles[place], place, request)
    return given, notes


def _image_place(roles: Sequence[InputRole]) -> int:
    """Return the number of the one input of images."""
    places = [place for place, one in enumerate(roles) if one.role == "image"]
    if len(places) != 1:
        raise ArgumentError(
            "--image must be for a model with one input of images. "
            f"Received: {', '.join(map(str, roles))}. Use --latent-file with arrays by name."
        )
    return places[0]


def _read_images(
    model: Model, one: InputRole, place: int, request: Request
) -> tuple[Array, list[str]]:
    """Read pictures as rows of an input, in its range of values."""
    wanted = NAMED_RANGES.get(request.value_range)
    notes: list[str] = []
    if wanted is None:
        wanted, _, told = image_ranges(model, place)
        if not told:
            notes.append(
                "pixels are given to the model as 0 to 1; --range tanh gives them as -1 to 1"
            )
    rows = []
    for name in request.images:
        picture = read_source(name, ReadOptions(max_pixels=request.max_pixels, depth=request.depth))
        if not isinstance(picture, Picture):
            raise ArgumentError(
                f"--image must name a picture. Received: the matrix '{name}'. Use --latent-file."
            )
        first = takes_channels_first(model, place)
        row, lost = image_rows(picture, name, one, wanted, first=first, fit=request.fit or "resize")
        rows.append(row)
        notes += [f"{name}: {note}" for note in picture.notes] + list(lost)
    if len({row.shape for row in rows}) > 1:
        raise ShapeError(
            "All pictures must be of one size for a model that takes any. "
            f"Received: shapes {sorted({row.shape[1:] for row in rows})}. Give them one by one."
        )
    return np.concatenate(rows), notes
