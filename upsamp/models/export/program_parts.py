"""What the programs of several libraries have in common: inputs, functions, and interpolation."""

from collections.abc import Mapping

from upsamp.core.upsampling.methods import METHODS
from upsamp.layers.embedding import Embedding
from upsamp.layers.operation import OPTIONS, Operation
from upsamp.models.export.program import Function, Program, Step
from upsamp.models.export.source_text import literal
from upsamp.models.model import Model
from upsamp.translate.settings import Upsampling
from upsamp.translate.weights import weights_function

# The length of an axis of an input that the model leaves open, where one is drawn.
UNKNOWN_LENGTH = 32


def resize_functions(body: str) -> Mapping[str, str]:
    """Return functions that resize by each method that has weights, by their names.

    body: what follows the weights, in which `rows` and `columns` are functions' calls.
    """
    return {
        f"resize_{name}": "\n".join(weights_function(Upsampling.of((1, 2, 2, 1), (5, 5), name)))
        .replace("def weights(", f"def {name}_weights(")
        + body.format(name=name)
        for name, method in METHODS.items()
        if not method.only_copies
    }


def bound_options(step: Step, layer: Operation) -> dict[str, float]:
    """Return the options of an operation, of which TensorFlow's has some as operands."""
    more = layer.operands[1:]
    if None in more:
        step.refuse("its bounds are no numbers")
    names = OPTIONS.get(layer.function, ())
    return {**dict(zip(names, [one for one in more if one is not None], strict=False)), **layer.options}


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


def draw_inputs(function: Function) -> list[str]:
    """Return the lines that draw the inputs, or read them from files that the command line names."""
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
        lines += [
            f"{value.text} = {drawn}",
            f"if len(sys.argv) > {place}:",
            f"    {value.text} = np.load(sys.argv[{place}])",
            f"{value.text} = {value.text}.astype(np.{kind})",
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
