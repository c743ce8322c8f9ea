"""What the programs of several libraries have in common: inputs, functions, and interpolation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.upsampling.methods import METHODS
from upsamp.layers.embedding import Embedding
from upsamp.layers.layer import Shape
from upsamp.layers.operation import OPTIONS, Operation
from upsamp.models.export.program import Function, Program, Step, Value
from upsamp.models.export.source_text import Nested, literal
from upsamp.models.model import Model
from upsamp.translate.settings import Upsampling
from upsamp.translate.weights import weights_function

# The length of an axis of an input that the model leaves open, where one is drawn.
UNKNOWN_LENGTH = 32
# How many numbers of one setting a program shows.
MAX_NUMBERS = 64
# How long the text of an array among the operands of an operation may be.
MAX_SHOWN = 40

Combine: TypeAlias = Callable[[str, str], str]
# The arguments that records of layers look at.
WINDOW: tuple[str, ...] = ("filters", "kernel_size", "strides", "padding", "data_format")
WINDOW = (*WINDOW, "dilation_rate", "activation", "use_bias")
MOMENTS = ("epsilon", "center", "scale", "axis")
POOLING = ("pool_size", "strides", "padding", "data_format")
RESIZING: tuple[str, ...] = ("height", "width", "data_format", "interpolation", "fill_mode")
RESIZING = (*RESIZING, "fill_value", "antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio")


def resize_functions(body: str) -> Mapping[str, str]:
    """Return functions that resize by each method that has weights, by their names.

    body: what follows the weights, in which `rows` and `columns` are functions' calls.
    """
    return {
        f"resize_{name}{end}": "\n".join(
            weights_function(
                Upsampling.of((1, 2, 2, 1), (5, 5), name),
                f"{name}{end}_weights",
                antialias=end != "",
            )
        )
        + body.format(name=f"{name}{end}")
        for name, method in METHODS.items()
        for end in ("", "_antialiased")
        if not method.only_copies
    }


def bound_options(step: Step, layer: Operation) -> dict[str, float]:
    """Return the options of an operation, of which TensorFlow's has some as operands."""
    more = layer.operands[1:]
    if None in more:
        step.refuse("its bounds are no numbers")
    names = OPTIONS.get(layer.function, ())
    return {
        **dict(zip(names, [one for one in more if one is not None], strict=False)),
        **layer.options,
    }


def helper_lines(
    program: Program, functions: Mapping[str, str], needs: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return the lines of the functions that a program uses, each after those that it uses."""
    names: dict[str, None] = {}
    for helper in program.helpers:
        names.update(dict.fromkeys((*needs.get(helper, ()), helper)))
    lines: list[str] = []
    for name in names:
        lines += ["", "", *functions[name].strip().splitlines()]
    return lines


def array_names(function: Function) -> list[str]:
    """Return the variables of the arrays that a model is called with."""
    return ["x", *(f"x_{place}" for place in range(2, len(function.inputs) + 1))]


def draw_inputs(function: Function) -> list[str]:
    """Return the lines that draw the inputs, or read the files that the command line names."""
    lines = ["random = np.random.default_rng(0)"]
    for place, (value, number) in enumerate(
        zip(function.inputs, function.model.input_calls, strict=True), 1
    ):
        shape = tuple(1 if axis is None else axis for axis in value.shape[:1])
        shape += tuple(UNKNOWN_LENGTH if axis is None else axis for axis in value.shape[1:])
        bound = _table_length(function.model, number)
        drawn = f"random.standard_normal({literal(shape)})"
        if bound is not None:
            drawn = f"random.integers(0, {bound}, {literal(shape)})"
        kind = "int64" if value.integers else "float32"
        x = array_names(function)[place - 1]
        lines += [
            f"{x} = {drawn}",
            f"if len(sys.argv) > {place}:",
            f"    {x} = np.load(sys.argv[{place}])",
            f"{x} = {x}.astype(np.{kind})",
        ]
    return lines


def _table_length(model: Model, number: int) -> int | None:
    """Return how many integers an input may be one of, as it is looked up; None: it is not."""
    for one in model.calls:
        if any(source.call == number for source in one.sources):
            if isinstance(one.layer, Embedding):
                return one.layer.input_dim
            if isinstance(one.layer, Model):
                place = [source.call for source in one.sources].index(number)
                found = _table_length(one.layer, one.layer.input_calls[place])
                if found is not None:
                    return found
    return None


# --- pieces of records


def time_distributed(merge: str, part: str) -> Callable[[Step, Any], None]:
    """Return what writes TimeDistributed, as `Step.tell_each` takes the texts."""
    return lambda step, layer: step.tell_each(layer.layer, merge, part)


def with_ratio(
    step: Step, layer: Any, value: Value, first: int, pad: str
) -> tuple[Value, list[int | None]]:
    """Write what gives images the ratio of a Resizing; return them with their rows and columns.

    first: the axis of the rows. pad: what pads {x} by {rows} and {columns} of {fill}.
    """
    rows, columns = sizes = lengths(layer, value.shape)
    if not (layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio):
        return value, [*sizes]
    if rows is None or columns is None:
        step.refuse("the sides of its images are not known, whose ratio it keeps")
    margins = layer.margins(rows, columns)
    if any(map(any, margins)):
        if layer.crop_to_aspect_ratio:
            slices = (f"{-begin or ''}:{end or ''}" for begin, end in margins)
            text = f"{{x}}[{':, ' * first}{', '.join(slices)}]"
        else:
            text = pad
        shown = dict(zip(("rows", "columns"), map(literal, margins), strict=True))
        made = text.format(x=value.text, fill=literal(layer.fill_value), **shown)
        step.give(made, moved=value.moved)
        value = step.result()
    return value, [rows + sum(margins[0]), columns + sum(margins[1])]


def resize_function(step: Step, layer: Any, sizes: Sequence[int | None]) -> str:
    """Return how the function of a Resizing is called that has weights, or "" for the library's.

    sizes: rows and columns of the images, as far as they are known.
    """
    pairs = [*zip(sizes, (layer.height, layer.width), strict=True)]
    shrinks = any(length is None or length > target for length, target in pairs)
    stays = any(length in (None, target) for length, target in pairs)
    if METHODS[layer.interpolation].copied == "never" and shrinks and stays:
        step.refuse(f"{layer.interpolation} smooths the axis, which may stay as it is")
    if layer.antialias and shrinks and layer.interpolation != "area":
        return f"resize_{layer.interpolation}_antialiased"
    return ""


def lengths(layer: Any, shape: Shape) -> tuple[int | None, int | None]:
    """Return the rows and columns of images, as far as they are known."""
    rows, columns = shape[1:3] if layer.data_format == "channels_last" else shape[2:4]
    return rows, columns


def same(step: Step) -> Value:
    """Return the input in the order of axes that it has."""
    return step.take(moved=step.value().moved)


def places_of(step: Step, value: Value, axis: int | Sequence[int]) -> tuple[int, ...]:
    """Return where axes of Keras are in a value."""
    axes = [axis] if isinstance(axis, int) else axis
    move = step.program.library.move if value.moved else range(len(value.shape))
    return tuple(list(move).index(one % len(value.shape)) for one in axes)


def merged(step: Step) -> list[Value]:
    """Return the inputs with their axes in one order."""
    ranks = {len(step.value(place).shape) for place in range(len(step.sources))}
    moved = ranks == {4} and any(step.value(place).moved for place in range(len(step.sources)))
    return [step.take(place, moved=moved) for place in range(len(step.sources))]


def aligned(values: list[Value]) -> list[str]:
    """Return the inputs as texts of one rank, as Keras broadcasts them."""
    rank = max(len(value.shape) for value in values)
    return [
        value.text
        if len(value.shape) == rank
        else f"{value.text}[:{', None' * (rank - len(value.shape))}]"
        for value in values
    ]


def fold(step: Step, texts: list[str], combine: Combine, moved: bool) -> None:
    """Combine inputs two by two, a line each."""
    if len(texts) == 1:
        step.pass_on(step.take(moved=moved))
        return
    # The target may be the variable of an input that is read later.
    first = texts[0]
    target = step.target
    rest = texts[1:]
    if any(text.split("[")[0] == target for text in rest[1:]):
        place = next(i for i, text in enumerate(rest) if text.split("[")[0] == target)
        rest[0], rest[place] = rest[place], rest[0]
    for other in rest:
        step.give(combine(first, other), moved=moved)
        first = target


def number_lists(step: Step, layer: Any, array: str) -> None:
    """Write Rescaling, by numbers or by one for each channel.

    array: what makes an array of a list.
    """
    plain = not isinstance(layer.scale, list) and not isinstance(layer.offset, list)
    value = same(step) if plain else step.take()
    text = value.text
    if layer.scale != 1:
        _give_numbers(step, f"{text} * ", layer.scale, array, value)
        text = step.target
    if layer.offset != 0:
        _give_numbers(step, f"{text} + ", layer.offset, array, value)
    elif layer.scale == 1:
        step.pass_on(value)


def given_moments(step: Step, layer: Any, array: str) -> None:
    """Write Normalization whose mean and variance are numbers of its config; see `number_lists`."""
    shape = step.value().shape
    axes = () if layer.axis is None else layer.axis
    if any(shape[axis] is None for axis in ([axes] if isinstance(axes, int) else axes)):
        step.refuse("the lengths of its axes are not known")
    mean, deviation = map(_listed, layer.moments(shape))
    plain = not isinstance(mean, list) and not isinstance(deviation, list)
    value = same(step) if plain else step.take()
    signs = (("*", deviation), ("+", mean)) if layer.invert else (("-", mean), ("/", deviation))
    text = value.text
    for sign, numbers in signs:
        _give_numbers(step, f"{text} {sign} ", numbers, array, value)
        text = step.target


def _listed(values: Array) -> object:
    """Return float32's values as the shortest lists, without axes of length 1 that come first."""
    shape = values.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    # As float32 is shown: its digits as a float64 are many.
    shown = [float(str(one)) for one in values.ravel()]
    return shown[0] if not shape else np.reshape(shown, shape).tolist()


def _give_numbers(step: Step, start: str, numbers: object, array: str, value: Value) -> None:
    """Write a product or a sum with numbers of a config."""
    if not isinstance(numbers, list):
        step.give(f"{start}{literal(numbers)}", moved=value.moved)
        return
    if any(isinstance(one, list) for one in numbers) or len(numbers) > MAX_NUMBERS:
        step.refuse("its numbers are more than a program can show")
    listed = Nested("[", tuple(map(literal, numbers)), "]")
    step.give_call(f"{start}{array}(", [listed], moved=value.moved)


def operands(step: Step, layer: Operation, array: str) -> tuple[list[str], bool]:
    """Return the operands of an operation as texts, and whether their axes are moved.

    array: what makes an array of a list of numbers, which is along Keras' last axis.
    """
    values = merged(step)
    lists = [one for one in layer.operands if isinstance(one, list)]
    if len({len(value.shape) for value in values}) > 1 or lists:
        values = [step.take(place) for place in range(len(values))]
    given = iter(values)
    texts = []
    for one in layer.operands:
        if one is None:
            texts.append(next(given).text)
        elif isinstance(one, int | float):
            texts.append(literal(float(one)))
        else:
            texts.append(shown_array(step, one, array))
    return texts, values[0].moved


def shown_array(step: Step, numbers: object, array: str) -> str:
    """Return the text of an operand that is an array; array: what makes one of a list."""
    if len(literal(numbers)) > MAX_SHOWN:
        step.refuse("its operand is an array that is too large to be shown")
    return f"{array}({literal(numbers)})"


def middle(step: Step, layer: Any, sizes: tuple[int | None, int | None]) -> tuple[str, str] | None:
    """Return the slices of the rows and columns that CenterCrop leaves; None: it enlarges."""
    rows, columns = sizes
    if rows is None or columns is None:
        step.refuse("whether its input is large enough is not known")
    if rows < layer.height or columns < layer.width:
        return None
    top, left = (rows - layer.height) // 2, (columns - layer.width) // 2
    return f"{top or ''}:{top + layer.height}", f"{left or ''}:{left + layer.width}"


def write_activation(
    step: Step,
    activation: Any,
    value: Value | None,
    texts: Mapping[str, str],
    functions: Mapping[str, Callable[..., None]],
) -> None:
    """Write an activation of what the step gave, or of another value.

    texts: by Keras' names, of a variable {x}; those of several values along the axis {axis}.
    functions: what writes a layer that stands for one, with its arguments.
    """
    value = step.result() if value is None else value
    if activation in (None, "linear"):
        step.pass_on(value)
    elif isinstance(activation, str):
        if activation == "sparsemax":
            step.use("sparsemax")
        (axis,) = places_of(step, value, -1)
        step.give(texts[activation].format(x=value.text, axis=axis), moved=value.moved)
    else:
        functions[activation["class_name"]](step, value, **activation["config"])
