"""Whole models as programs of other libraries, which compute the same numbers.

A program is readable, loads its weights from a .safetensors file as `Model.save` writes it, runs by
itself, and leaves `y` as a NumPy array, or a list of them, of float32; a program of ONNX of the
types that the model has.
"""

from collections.abc import Callable, Mapping

import numpy as np

from upsamp.core.arguments import normalize_choice
from upsamp.models.export.jax_program import write_jax
from upsamp.models.export.keras_program import write_keras
from upsamp.models.export.onnx_program import write_onnx_program
from upsamp.models.export.program import layers_of
from upsamp.models.export.source_text import quote
from upsamp.models.export.torch_program import write_torch
from upsamp.models.model import Model

WRITERS: Mapping[str, tuple[str, Callable[[Model, str], list[str]]]] = {
    "torch": ("PyTorch", write_torch),
    "keras": ("Keras", write_keras),
    "jax": ("JAX", write_jax),
    "onnx": ("ONNX", write_onnx_program),
}


def model_program(model: Model, library: str, weights: str) -> str:
    """Return the text of a program that computes a model in a library.

    library: "torch", "keras", "jax" or "onnx". weights: the .safetensors file that it loads, which
    `model.save` writes; nothing is read or written here.

    Raises `UnknownLayerError` for a layer that the program cannot have, with the reason.

    >>> from upsamp import Sequential
    >>> from upsamp.layers import UpSampling2D
    >>> model = Sequential([UpSampling2D(input_shape=(2, 2, 1))], name="twice")
    >>> print(model_program(model, "jax", "twice.safetensors"))
    # Model "twice" in JAX: (None, 2, 2, 1) to (None, 4, 4, 1)
    # An input may be given as a file: python PROGRAM x.npy
    import sys
    <BLANKLINE>
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def predict(weights, x):
        x = x.repeat(2, axis=1).repeat(2, axis=2)
        return x
    <BLANKLINE>
    <BLANKLINE>
    weights = {}
    <BLANKLINE>
    random = np.random.default_rng(0)
    x = random.standard_normal((1, 2, 2, 1))
    if len(sys.argv) > 1:
        x = np.load(sys.argv[1])
    x = x.astype(np.float32)
    y = np.asarray(predict(weights, x))
    print(y)
    <BLANKLINE>
    """
    name, write = WRITERS[normalize_choice(library, "library", tuple(WRITERS))]
    body = write(model, weights)
    return "\n".join([*_head(model, name, weights), *body, ""])


def _head(model: Model, library: str, weights: str) -> list[str]:
    """Return the comments that say what the program is, and what it needs."""
    shapes = [
        " and ".join(map(str, shapes)) for shapes in (model.input_shapes, model.output_shapes)
    ]
    lines = [f"# Model {quote(model.name)} in {library}: {shapes[0]} to {shapes[1]}"]
    if model.weights:
        lines.append(f"# Its weights are in {quote(weights)}, which upsamp writes by --save.")
    if library != "ONNX" and any(layer.dtype != np.float32 for layer in layers_of(model)):
        lines.append("# Some of its layers compute in other types; the program does in float32.")
    one = len(model.input_layers) == 1
    what = "An input may be given as a file" if one else "Inputs may be given as files"
    names = "x.npy" if one else "x.npy x_2.npy ..."
    return [*lines, f"# {what}: python PROGRAM {names}"]
