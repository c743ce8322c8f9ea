"""Operations, as programs of PyTorch write them."""

from typing import Any

from upsamp.layers.operation import Operation
from upsamp.models.export.arithmetic import signs
from upsamp.models.export.array_operations import Words, get_item
from upsamp.models.export.program import Step
from upsamp.models.export.program_parts import operands

SIGNS = signs("torch", "({}).float()", {"Power": "torch.pow({}, {})", "Relu": "F.relu({})"})
WORDS = Words(
    reductions={
        **{name: f"{{x}}.{name.lower()}({{axes}}{{keep}})" for name in ("Mean", "Sum")},
        **{
            name: f"{{x}}.{name.lower()}({{axes}}, correction=0{{keep}})" for name in ("Var", "Std")
        },
        **dict.fromkeys(("Max", "Amax"), "{x}.amax({axes}{keep})"),
        **dict.fromkeys(("Min", "Amin"), "{x}.amin({axes}{keep})"),
    },
    keepdims=", keepdim=True",
    tile="{x}.tile({counts})",
    repeat="{x}.repeat_interleave({count}, {axis})",
    flip="{x}.flip({axes})",
    pad="F.pad({x}, {backwards}, value={value})",
    mirror="mirror({x}, {pairs}, {mode})",
    stack=("torch.stack(", "dim"),
    unstack=("torch.unbind(", "dim"),
    split=("torch.split(", "dim"),
    at=False,
    matmul=("torch.matmul(", ()),
    array="torch.tensor",
)
# Those whose operands must both be tensors.
OF_TENSORS = ("Maximum", "Minimum")


def operation(step: Step, layer: Operation) -> None:
    """Write arithmetic on inputs and numbers."""
    texts, moved = operands(step, layer, "torch.tensor")
    if layer.function in OF_TENSORS:
        numbers = [isinstance(one, int | float) for one in layer.operands]
        pairs = zip(texts, numbers, strict=True)
        texts = [f"torch.tensor({text})" if number else text for text, number in pairs]
    step.give(SIGNS[layer.function].format(*texts), moved=moved)


def torch_item(step: Step, layer: Any) -> None:
    """Write a slice; PyTorch has none that runs backwards."""
    if any(isinstance(one, slice) and (one.step or 1) < 0 for one in layer.items):
        step.refuse("PyTorch has no slice that runs backwards")
    get_item(step, layer)
