"""`upsamp generator --trace`: one sample's way through all layers, as a picture."""

from time import perf_counter

from upsamp.cli.generator_plan import choose_target, open_generator, plan_run
from upsamp.cli.generator_request import Request
from upsamp.cli.output import check_coding
from upsamp.cli.render.tables import show_note, show_report
from upsamp.io.losses import check_sides
from upsamp.io.pictures import Picture
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.write import write_result
from upsamp.models.sampling.input_roles import input_roles
from upsamp.models.sampling.layer_values import trace_sample
from upsamp.models.sampling.value_ranges import NAMED_RANGES, image_ranges
from upsamp.views.feature_strip import draw_strip


def draw_trace(request: Request, name: str) -> None:
    """Draw what each layer gives for the first sample that is asked for."""
    started = perf_counter()
    destination = choose_target(name, request, pictures=True, option="--trace")
    if destination is None:  # it has a name
        return
    check_coding(destination.format, destination.options)
    model = open_generator(request)
    plan = plan_run(model, request)
    part, feed = plan.run.model, plan.run.feed
    wanted = NAMED_RANGES.get(request.value_range)
    layers = trace_sample(
        part,
        next(iter(feed.batches(1))),
        request.seed,
        input_ranges={
            number: wanted or image_ranges(part, number)[0]
            for number, role in enumerate(input_roles(model))
            if role.role == "image"
        },
        output_range=plan.value_range,
    )
    picture = draw_strip(layers, request.theme or "light")
    check_sides(picture.shape, destination.format)
    for note in plan.notes:
        show_note(note)
    if feed.count > 1:
        show_note(f"the first of {feed.count:,} samples is drawn")
    place, format_name, options, overwrite = destination
    shown = Picture(picture, "RGB")
    for loss in write_result(shown, format_name, place, options, overwrite=overwrite):
        show_note(loss)
    if name != STANDARD_STREAM:
        source = "standard input" if request.model == STANDARD_STREAM else request.model or ""
        rows = [
            ("File", source, name),
            ("Model", "", model.name),
            ("Layers", "", f"{len(layers):,}"),
            ("Picture", "", f"{picture.shape[1]}x{picture.shape[0]} pixels"),
            ("Seconds", "", f"{perf_counter() - started:.3f}"),
        ]
        show_report("Traced", rows)
