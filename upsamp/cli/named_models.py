"""The models that arguments name: saved ones by content or suffix, generators, and layers."""

import os

import click

from upsamp.cli.render.tables import show_note
from upsamp.core.spelling import spelling_remedy
from upsamp.core.text import decode_text
from upsamp.errors import ArgumentError, ExpressionError, FileError, FormatError
from upsamp.io.read import names_file
from upsamp.io.streams import STANDARD_STREAM, is_stream, look_into, open_input, read_within
from upsamp.layers import LAYERS, InputLayer, Layer
from upsamp.models.expression import parse_layer, parse_layers
from upsamp.models.generator import GENERATORS, make_generator
from upsamp.models.model import Model
from upsamp.models.sequential import Sequential
from upsamp.models.summary.listing import Listing, read_listing

# Bytes that the text of layers may have, which people write.
MAX_LAYERS = 2**18
# How many bytes tell what a file is.
HEAD = 16
# How saved models and weights begin, besides JSON: HDF5, zip.
MAGIC = (b"\x89HDF", b"PK\x03\x04")
SUFFIXES = (
    *(".keras", ".h5", ".hdf5", ".json"),
    # These are refused, and the reader says what they are.
    *(".npz", ".safetensors", ".pt", ".pth", ".onnx", ".tflite", ".pb", ".ckpt"),
)


def names_model(text: str) -> bool:
    """Tell whether an argument names a saved model or a generator, and no layers."""
    if is_stream(text):
        return _begins_like_model(look_into(text, HEAD))
    if not names_file(text):
        return text in GENERATORS or ("(" not in text and _has_suffix(text))
    if os.path.isdir(text) or _has_suffix(text):
        return True
    try:
        return _begins_like_model(look_into(text, HEAD))
    except FileError:
        return False


def _has_suffix(text: str) -> bool:
    return text.lower().endswith(SUFFIXES)


def _begins_like_model(head: bytes) -> bool:
    return head.startswith(MAGIC) or decode_text(head, "ignore").lstrip().startswith("{")


def open_named(
    text: str, weights: str | None = None, *, values: bool = False, max_size: int
) -> Listing:
    """Return the model that an argument names, and tell what there is to say of it."""
    if text in GENERATORS and not names_file(text):
        if weights is not None:
            raise click.UsageError(
                f"--weights must belong to a model from a file. Received: the generator {text}."
            )
        return Listing(make_generator(text))
    listing = read_listing(text, weights, values=values, max_size=max_size)
    for remark in listing.remarks:
        show_note(remark)
    return listing


# --- layers


def read_arguments(
    layers: tuple[str, ...],
    name: str,
    input_shape: tuple[int, ...] | None,
    weights: str | None,
    max_size: int,
    *,
    values: bool = False,
) -> Listing:
    """Return the model that arguments make: a saved one or a generator, layers, or both.

    values: whether the values of weights are read, too.
    """
    listing = Listing(Sequential(name=name))
    if names_model(layers[0]):
        listing = open_named(layers[0], weights, values=values, max_size=max_size)
        layers = layers[1:]
    elif weights is not None:
        raise click.UsageError("--weights must belong to a model from a file. Received: layers.")
    model = listing.model
    _add_layers(model, layers, input_shape)
    if not model.built:
        raise ExpressionError(
            "A model must know the shape of its input. Received: a first layer without it. "
            "Use --input-shape, or write input_shape=(rows, columns, channels) in that layer."
        )
    return listing


def _add_layers(model: Model, layers: tuple[str, ...], input_shape: tuple[int, ...] | None) -> None:
    if not isinstance(model, Sequential):
        if layers:
            raise ArgumentError(
                f"Layers must be added to a Sequential model. Received: {len(layers)} more "
                f"arguments after a {model.type_name} model."
            )
        return
    if input_shape is not None and not model.built:
        if model.layers:
            model.build((None, *input_shape))
        else:
            model.add(InputLayer(input_shape))
    for text in layers:
        for layer in _read_layers(text):
            model.add(layer)
    if not model.layers:
        raise ExpressionError("A model must have a layer. Received: text that holds none.")


def _read_layers(text: str) -> list[Layer]:
    """Return the layers that one argument names."""
    if names_model(text):
        raise click.UsageError(
            f"Two models can be compared, and layers added to one. Received: '{text}' among others."
        )
    if text != STANDARD_STREAM and ("(" in text or not names_file(text)):
        stem, point, name = text.rpartition(".")
        if "(" not in text and name not in LAYERS and (point or os.sep in text):
            otherwise = "Name a file of layers, or spell a layer as Dense(3)."
            raise FileError(f"There is no file '{stem}{point}{name}'. {otherwise}")
        known = spelling_remedy(text, GENERATORS, "")
        if "(" not in text and name not in LAYERS and known:
            raise FileError(f"There is no file or generator '{text}'. {known}")
        return [parse_layer(text)]
    name = "standard input" if text == STANDARD_STREAM else f"'{text}'"
    with open_input(text, limit=MAX_LAYERS) as stream:
        data = read_within(stream, name, MAX_LAYERS, "Save the model as .keras.").getvalue()
    try:
        return parse_layers(decode_text(data))
    except UnicodeDecodeError:
        raise FormatError(
            f"{name} must be text with one layer a line. Received: bytes that are no text."
        ) from None
